/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DVD-Video's tables: which sectors of a title set play when, from the cells of
 * its program chains and, where there is one, the time map. Reads no stream.
 */
#include <string.h>

#include "base/be.h"
#include "fs/titles.h"
#include "fs/tree.h"

/* Places in VTSI_MAT and VMGI_MAT, of sectors of the same file. */
#define AT_PROGRAM_CHAINS 0xccu
#define AT_TIME_MAPS 0xd4u
#define AT_TITLES 0xc4u
/* Places in a program chain. */
#define CHAIN_BYTES 0xecu
#define CHAIN_CELLS 0x03u
#define CHAIN_PLAYBACK 0xe8u
#define CELL_BYTES 24u
#define TITLES_MAX 99u
#define CHAINS_MAX 9999u
#define DISCONTINUED 0x80000000u /* in a time map: another cell begins */

struct table {
	const uint8_t *bytes;
	size_t len;
};

/* The table whose sector stands there; its length 0: there is none. */
static struct table table_at(const uint8_t *bytes, size_t len, size_t place)
{
	size_t begin = (size_t)be32(bytes + place) * FS_SECTOR;
	if (!begin || begin >= len)
		return (struct table){NULL, 0};
	return (struct table){bytes + begin, len - begin};
}

static struct table table_from(struct table table, size_t begin)
{
	if (begin >= table.len)
		return (struct table){NULL, 0};
	return (struct table){table.bytes + begin, table.len - begin};
}

static unsigned bcd(uint8_t byte)
{
	return 10u * (byte >> 4) + (byte & 15u);
}

/* Hours, minutes, seconds, and frames with their rate: 25 or 30 in a second. */
static uint64_t time_ms(const uint8_t *at)
{
	unsigned rate = at[3] >> 6 == 1 ? 25 : 30;
	uint64_t seconds = (bcd(at[0]) * 60u + bcd(at[1])) * 60u + bcd(at[2]);
	return seconds * 1000 + bcd(at[3] & 0x3f) * 1000u / rate;
}

/* Points of the time map that lie in the cell make shorter stretches of it: bit rates vary. */
static void cut_cell(struct fs_titles *titles, struct fs_segment cell, uint64_t chain_ms, struct table map)
{
	unsigned unit_s = map.len >= 4 ? map.bytes[0] : 0, count = map.len >= 4 ? be16(map.bytes + 2) : 0;
	for (unsigned i = 0; unit_s && fs_titles_step(titles, 1) && i < count && 8 + 4 * (size_t)i <= map.len;
	     i++) {
		uint64_t bytes = (uint64_t)(be32(map.bytes + 4 + 4 * (size_t)i) & ~DISCONTINUED) * FS_SECTOR;
		uint64_t ms = chain_ms + (uint64_t)(i + 1) * unit_s * 1000;
		if (bytes <= cell.from_bytes || bytes >= cell.until_bytes || ms <= cell.from_ms ||
		    ms >= cell.until_ms)
			continue;
		struct fs_segment part = cell;
		part.until_bytes = cell.from_bytes = bytes;
		part.until_ms = cell.from_ms = ms;
		fs_titles_add(titles, part);
	}
	fs_titles_add(titles, cell);
}

/* One program chain, behind what the title has already. */
static void add_chain(struct fs_titles *titles, uint32_t set, struct table chain, struct table map,
		      uint64_t *now_ms)
{
	if (chain.len < CHAIN_BYTES)
		return;
	unsigned cells = chain.bytes[CHAIN_CELLS];
	struct table list = table_from(chain, be16(chain.bytes + CHAIN_PLAYBACK));
	uint64_t chain_ms = *now_ms, block_ms = *now_ms;
	for (unsigned i = 0; i < cells && (i + 1) * (size_t)CELL_BYTES <= list.len; i++) {
		const uint8_t *at = list.bytes + (size_t)i * CELL_BYTES;
		/* The angles of a block play at the same time. */
		bool angle = (at[0] >> 4 & 3) == 1 && at[0] >> 6 > 1;
		uint64_t from_ms = angle ? block_ms : *now_ms;
		struct fs_segment cell = {.stream = set,
					  .from_bytes = (uint64_t)be32(at + 8) * FS_SECTOR,
					  .until_bytes = ((uint64_t)be32(at + 20) + 1) * FS_SECTOR,
					  .from_ms = from_ms,
					  .until_ms = from_ms + time_ms(at + 4)};
		cut_cell(titles, cell, chain_ms, map);
		block_ms = from_ms;
		if (cell.until_ms > *now_ms)
			*now_ms = cell.until_ms;
	}
}

static struct table time_map(struct table maps, unsigned chain)
{
	size_t place = 8 + 4 * (size_t)chain;
	if (!maps.bytes || maps.len < place + 4 || chain >= be16(maps.bytes))
		return (struct table){NULL, 0};
	return table_from(maps, be32(maps.bytes + place));
}

bool dvd_set_read(struct fs_titles *titles, uint32_t set, const uint8_t *bytes, size_t len)
{
	if (len < FS_SECTOR || memcmp(bytes, "DVDVIDEO-VTS", 12) != 0)
		return false;
	struct table chains = table_at(bytes, len, AT_PROGRAM_CHAINS);
	struct table maps = table_at(bytes, len, AT_TIME_MAPS);
	unsigned count = chains.len >= 8 ? be16(chains.bytes) : 0;
	for (uint32_t title = 1; title <= TITLES_MAX; title++) {
		struct fs_title *made = NULL;
		uint64_t now_ms = 0;
		for (unsigned i = 0; i < count && i < CHAINS_MAX && 16 + 8 * (size_t)i <= chains.len; i++) {
			const uint8_t *at = chains.bytes + 8 + 8 * (size_t)i;
			if ((at[0] & 0x7fu) != title) /* the highest bit: one enters here */
				continue;
			if (!made && !(made = fs_titles_begin(titles, set, title)))
				return true;
			add_chain(titles, set, table_from(chains, be32(at + 4)), time_map(maps, i), &now_ms);
		}
	}
	return true;
}

bool dvd_numbers_read(struct fs_titles *titles, const uint8_t *bytes, size_t len)
{
	if (len < FS_SECTOR || memcmp(bytes, "DVDVIDEO-VMG", 12) != 0)
		return false;
	struct table list = table_at(bytes, len, AT_TITLES);
	unsigned count = list.len >= 8 ? be16(list.bytes) : 0;
	for (unsigned i = 0; i < count && i < TITLES_MAX && 20 + 12 * (size_t)i <= list.len; i++) {
		const uint8_t *at = list.bytes + 8 + 12 * (size_t)i;
		for (size_t k = 0; k < titles->count; k++)
			if (titles->list[k].set == at[6] && titles->list[k].in_set == at[7])
				titles->list[k].number = i + 1;
	}
	return true;
}
