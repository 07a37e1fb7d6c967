/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * READ DISC STRUCTURE, MMC-6 6.22: the physical format of a DVD (ECMA-267,
 * ECMA-279, ECMA-349), the disc information of a BD, and the list of what can be
 * asked. Keys, copyright and manufacturer's blocks are refused: nothing reads them.
 */
#include "sim/drive_answer.h"

#include <string.h>

#include "base/be.h"

#define HEADER 4u
#define DVD_STRUCTURE 2048u
#define BD_STRUCTURE 4096u

enum structure_media { MEDIA_DVD, MEDIA_BD };
enum structure_format { FORMAT_PHYSICAL = 0x00, FORMAT_LIST = 0xff };

/* 05/30/02: cannot read medium, incompatible format: the structure of another kind of disc. */
static void wrong_medium(struct answering *a)
{
	answer_fail(a->answer, SENSE_ILLEGAL_REQUEST, 0x30, 0x02);
}

static unsigned layer_count(const struct drive *drive)
{
	return drive->disc.has_geometry ? drive->disc.spiral.layer_count : 1;
}

static uint64_t layer_sectors(const struct drive *drive, unsigned layer)
{
	return drive->disc.has_geometry ? drive->disc.spiral.layers[layer].count : drive->disc.sectors;
}

static void structure_reply(struct answering *a, unsigned char *bytes, size_t len)
{
	be16_put(bytes, (uint16_t)(len - 2));
	answer_reply(a, bytes, len, be16(a->cdb + 8));
}

/* Book type in the upper half, part version in the lower. */
static uint8_t book(uint16_t profile)
{
	switch (profile) {
	case 0x0011:
	case 0x0015:
	case 0x0016:
		return 0x25; /* DVD-R 2.0 */
	case 0x0012:
		return 0x16; /* DVD-RAM 2.1 */
	case 0x0013:
	case 0x0014:
	case 0x0017:
		return 0x32; /* DVD-RW 1.1 */
	case 0x001a:
		return 0x92; /* DVD+RW */
	case 0x001b:
		return 0xa1; /* DVD+R */
	case 0x002a:
		return 0xd1; /* DVD+RW DL */
	case 0x002b:
		return 0xe1; /* DVD+R DL */
	default:
		return 0x01; /* DVD-ROM */
	}
}

#define DVD_FIRST_PSN 0x030000u
#define DVD_FIRST_PSN_RAM 0x031000u
#define PSN_MASK 0xffffffu
enum layer_type { LAYER_EMBOSSED = 1, LAYER_RECORDABLE = 2, LAYER_REWRITABLE = 4 };

/* Table 417. On opposite tracks the second layer counts in the complement of the first one's numbers. */
static void dvd_physical(struct answering *a)
{
	const struct drive *drive = a->drive;
	uint16_t profile = drive->layout.profile;
	unsigned layers = layer_count(drive);
	bool opposite = layers > 1 && drive->disc.spiral.medium->opposite;
	unsigned char b[HEADER + DVD_STRUCTURE] = {0};
	unsigned char *d = b + HEADER;
	if (a->cdb[6] >= layers) {
		answer_bad_field(a->answer);
		return;
	}
	uint32_t first = profile == 0x0012 ? DVD_FIRST_PSN_RAM : DVD_FIRST_PSN;
	uint32_t end0 = first + (uint32_t)layer_sectors(drive, 0) - 1;
	uint32_t end = end0;
	if (opposite)
		end = (~end0 & PSN_MASK) + (uint32_t)layer_sectors(drive, 1) - 1;
	else if (a->cdb[6])
		end = first + (uint32_t)layer_sectors(drive, a->cdb[6]) - 1;
	d[0] = book(profile);
	d[1] = 0x02; /* 120 mm; 10.08 Mbit/s */
	d[2] = (uint8_t)((layers - 1) << 5 | (opposite ? 0x10 : 0));
	d[2] |= layout_is_write_once(profile)   ? LAYER_RECORDABLE
		: layout_is_rewritable(profile) ? LAYER_REWRITABLE
						: LAYER_EMBOSSED;
	d[3] = layers > 1 ? 0x10 : 0x00; /* 0.293 or 0.267 um a bit; 0.74 um a track */
	be24_put(d + 5, first);
	be24_put(d + 9, end & PSN_MASK);
	be24_put(d + 13, opposite ? end0 : 0);
	structure_reply(a, b, sizeof b);
}

#define BD_FIRST_PSN 0x100000u
#define BD_LAYER_PAIR 0x2000000u /* layers 0 and 1 share so many numbers, 2 and 3 the next as many */
#define DI_UNIT 112u             /* of a recordable disc; 64 of a pressed one */
#define DI_UNIT_ROM 64u
#define DI_USED 98u
#define DI_FORMAT 1u

/* Sectors between the first and the last address of a layer's data zone: spare areas count. */
static uint64_t bd_zone(const struct drive *drive, unsigned layer)
{
	const struct medium *medium = drive->scenario.disc.medium;
	bool written =
		layout_is_write_once(drive->layout.profile) || layout_is_rewritable(drive->layout.profile);
	return written && medium ? medium->sectors / medium->layers : layer_sectors(drive, layer);
}

/* Where a layer's addresses begin: upwards from 100000h, on the way back the mirrored numbers. */
static uint32_t bd_first(const struct drive *drive, unsigned layer)
{
	uint32_t pair = layer / 2 * BD_LAYER_PAIR;
	if (layer % 2 == 0)
		return pair + BD_FIRST_PSN;
	return pair + BD_LAYER_PAIR - BD_FIRST_PSN - (uint32_t)bd_zone(drive, layer);
}

/* One unit tells of one layer. Address units are counted in pairs of sectors: the last one begins two before the end. */
static void di_unit(const struct drive *drive, unsigned layer, unsigned layers, unsigned char *u)
{
	uint16_t profile = drive->layout.profile;
	bool pressed = !layout_is_write_once(profile) && !layout_is_rewritable(profile);
	uint32_t first = bd_first(drive, layer);
	uint32_t end = bd_first(drive, layers - 1) + (uint32_t)bd_zone(drive, layers - 1);
	memcpy(u, "DI", 2);
	u[2] = DI_FORMAT;
	u[3] = (uint8_t)(layers << 3 | layer);
	u[5] = (uint8_t)layer; /* sequence number */
	u[6] = pressed ? DI_UNIT_ROM : DI_USED;
	memcpy(u + 8, pressed ? "BDO" : layout_is_write_once(profile) ? "BDR" : "BDW", 3);
	u[11] = 0x01; /* 120 mm, class 0, version 1 */
	u[12] = (uint8_t)(layers << 4 | (pressed ? 1 : layout_is_write_once(profile) ? 2 : 4));
	u[13] = 0x01; /* no DVD or CD layer; 74.5 nm: BDXL has its own format, which nothing asks for */
	be32_put(u + 20, end - 1);
	be32_put(u + 24, first);
	be32_put(u + 28, first + (uint32_t)bd_zone(drive, layer) - 2);
	if (!pressed) {
		memcpy(u + 100, "RESPIN", 6);
		memcpy(u + 106, "SIM", 3);
	}
}

static void bd_information(struct answering *a)
{
	const struct drive *drive = a->drive;
	uint16_t profile = drive->layout.profile;
	bool pressed = !layout_is_write_once(profile) && !layout_is_rewritable(profile);
	unsigned layers = layer_count(drive);
	unsigned char b[HEADER + BD_STRUCTURE] = {0};
	if (a->cdb[6] >= layers) {
		answer_bad_field(a->answer);
		return;
	}
	for (unsigned i = 0; i < layers; i++)
		di_unit(drive, i, layers, b + HEADER + (size_t)i * (pressed ? DI_UNIT_ROM : DI_UNIT));
	structure_reply(a, b, sizeof b);
}

/* 6.22.3.1.8: format, RDS bit, length, of all that can be asked. */
static void structure_list(struct answering *a, size_t physical)
{
	unsigned char b[HEADER + 2 * 4] = {0};
	b[4] = FORMAT_PHYSICAL;
	b[5] = 0x40;
	be16_put(b + 6, (uint16_t)(physical + 2));
	b[8] = FORMAT_LIST;
	b[9] = 0x40;
	be16_put(b + 10, sizeof b - 2);
	structure_reply(a, b, sizeof b);
}

void answer_structure(struct answering *a)
{
	enum medium_family family = a->drive->layout.family;
	uint8_t kind = a->cdb[1] & 0x0f, format = a->cdb[7];
	if (kind > MEDIA_BD) {
		answer_bad_field(a->answer);
		return;
	}
	if (family != (kind == MEDIA_BD ? FAMILY_BD : FAMILY_DVD)) {
		wrong_medium(a);
		return;
	}
	if (format == FORMAT_LIST)
		structure_list(a, kind == MEDIA_BD ? BD_STRUCTURE : DVD_STRUCTURE);
	else if (format != FORMAT_PHYSICAL)
		answer_bad_field(a->answer);
	else if (kind == MEDIA_BD)
		bd_information(a);
	else
		dvd_physical(a);
}
