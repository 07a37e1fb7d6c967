/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDF's tags, ICBs and allocation descriptors (ECMA-167 4/14.5 to 14.14): from
 * an ICB to a file's extents. Knows no directory.
 */
#include "fs/udf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fs/iso9660.h"
#include "fs/le.h"

/* ICBs that only point to the next one (strategy 4096), and extents of extents. */
#define CHAIN_MAX 64u
#define LENGTH_MASK 0x3fffffffu

enum { RECORDED, ALLOCATED, NOTHING, CONTINUED }; /* 4/14.14.1.1 */

static uint16_t crc_ccitt(const uint8_t *bytes, size_t len)
{
	/* Four bits at a time: each ICB of a disc comes this way. */
	static const uint16_t shifted[] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
					   0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
	uint16_t crc = 0;
	for (size_t i = 0; i < len; i++) {
		crc = (uint16_t)(crc << 4 ^ shifted[crc >> 12 ^ bytes[i] >> 4]);
		crc = (uint16_t)(crc << 4 ^ shifted[crc >> 12 ^ (bytes[i] & 15)]);
	}
	return crc;
}

bool udf_is(const uint8_t *bytes, size_t len, enum udf_tag tag)
{
	uint8_t sum = 0;
	if (len < 16 || le16(bytes) != tag)
		return false;
	for (unsigned i = 0; i < 16; i++)
		sum = (uint8_t)(sum + (i == 4 ? 0 : bytes[i]));
	size_t covered = le16(bytes + 10);
	return sum == bytes[4] && covered <= len - 16 && crc_ccitt(bytes + 16, covered) == le16(bytes + 8);
}

void udf_text(const uint8_t *bytes, size_t len, char *to, size_t cap)
{
	to[0] = '\0';
	if (len < 2)
		return;
	if (bytes[0] == 16 || bytes[0] == 255) {
		fs_utf8_from_utf16be(bytes + 1, len - 1, to, cap);
		return;
	}
	/* One byte a character, and the characters are Unicode's first 256. */
	uint8_t wide[512];
	size_t n = len - 1 < sizeof wide / 2 ? len - 1 : sizeof wide / 2;
	for (size_t i = 0; i < n; i++) {
		wide[2 * i] = 0;
		wide[2 * i + 1] = bytes[1 + i];
	}
	fs_utf8_from_utf16be(wide, 2 * n, to, cap);
}

void udf_dstring(const uint8_t *bytes, size_t field, char *to, size_t cap)
{
	size_t len = bytes[field - 1];
	udf_text(bytes, len < field ? len : field - 1, to, cap);
}

/* 1/7.3. The zone is in minutes; -2047: not said. */
int64_t udf_time(const uint8_t *stamp)
{
	int zone = le16(stamp) & 0xfff;
	if (zone & 0x800)
		zone -= 0x1000;
	int64_t local =
		fs_seconds((int16_t)le16(stamp + 2), stamp[4], stamp[5], stamp[6], stamp[7], stamp[8], 0);
	return local == INT64_MIN || zone == -2047 ? local : local - 60 * (int64_t)zone;
}

void udf_file_finish(struct udf_file *file)
{
	free(file->extents);
	*file = (struct udf_file){0};
}

static bool add_extent(struct udf *udf, struct udf_file *file, struct udf_extent extent)
{
	if (file->extent_count >= UDF_EXTENTS_MAX) {
		file->broken = true;
		return false;
	}
	if (file->extent_count == file->extent_cap) {
		size_t cap = file->extent_cap ? 2 * file->extent_cap : 8;
		struct udf_extent *larger = reallocarray(file->extents, cap, sizeof *larger);
		if (!larger) {
			udf->build.failure = RESPIN_E_NOMEM;
			return false;
		}
		file->extents = larger;
		file->extent_cap = cap;
	}
	const struct udf_extent *last = file->extent_count ? &file->extents[file->extent_count - 1] : NULL;
	extent.begin_bytes = last ? last->begin_bytes + last->len_bytes : 0;
	assert(file->extents);
	file->extents[file->extent_count++] = extent;
	return fs_build_step(&udf->build, 1);
}

/* A block that bears one of these tags; where it is missing or nonsense, its copy in the mirror. */
static bool read_tagged(struct udf *udf, struct udf_at at, const enum udf_tag *tags, size_t count,
			uint8_t *sector, uint64_t *lba)
{
	for (unsigned which = 0; which < 2; which++) {
		bool there = udf_block(udf, at, which, sector, lba);
		for (size_t i = 0; there && i < count; i++)
			if (udf_is(sector, FS_SECTOR, tags[i]))
				return true;
	}
	return false;
}

/* How the descriptors of one file look. */
struct form {
	unsigned kind; /* 0 short, 1 long, 2 extended */
	uint16_t part; /* of short ones: where the ICB lies */
};

static struct udf_extent take_descriptor(const struct form *form, const uint8_t *at)
{
	const size_t places[] = {4, 4, 12};
	const uint8_t *where = at + places[form->kind];
	return (struct udf_extent){
		.at = {le32(where), form->kind ? le16(where + 4) : form->part},
		.len_bytes = le32(at), /* with the type in its upper bits */
	};
}

/* Follows the descriptors, over their continuations, to the end. */
static void take_descriptors(struct udf *udf, struct udf_file *file, const struct form *form,
			     const uint8_t *at, size_t len)
{
	static const size_t sizes[] = {8, 16, 20};
	uint8_t sector[FS_SECTOR];
	size_t size = sizes[form->kind];
	uint64_t total = 0;
	for (unsigned chain = 0; len >= size;) {
		struct udf_extent extent = take_descriptor(form, at);
		unsigned type = extent.len_bytes >> 30;
		extent.len_bytes &= LENGTH_MASK;
		at += size;
		len -= size;
		if (!extent.len_bytes)
			return; /* 4/12.1: that is the end */
		if (type != CONTINUED) {
			extent.hole = type != RECORDED;
			total += extent.len_bytes;
			if (!add_extent(udf, file, extent) ||
			    (total >= file->size_bytes && total - file->size_bytes >= FS_SECTOR))
				return;
			continue;
		}
		static const enum udf_tag tags[] = {UDF_EXTENT};
		uint64_t lba;
		file->broken = ++chain > CHAIN_MAX || !read_tagged(udf, extent.at, tags, 1, sector, &lba);
		if (file->broken)
			return;
		at = sector + 24;
		len = le32(sector + 20);
		if (len > sizeof sector - 24)
			len = sizeof sector - 24;
	}
}

/* The file entry itself, plain or extended. */
static bool take_entry(struct udf *udf, struct udf_at at, uint64_t lba, const uint8_t *entry,
		       struct udf_file *file)
{
	bool extended = le16(entry) == UDF_EXTENDED_FILE;
	size_t head = extended ? 216 : 176;
	uint32_t attributes = le32(entry + head - 8), descriptors = le32(entry + head - 4);
	unsigned flags = le16(entry + 34);
	*file = (struct udf_file){.type = entry[27],
				  .size_bytes = le64(entry + 56),
				  .modified_s = udf_time(entry + (extended ? 92 : 84))};
	if (attributes > FS_SECTOR - head || descriptors > FS_SECTOR - head - attributes) {
		file->broken = true;
		return true;
	}
	const uint8_t *first = entry + head + attributes;
	struct form form = {flags & 7, at.part};
	if (form.kind == 3) {
		file->embedded = true;
		file->embedded_bytes = lba * FS_SECTOR + head + attributes;
		file->embedded_len = descriptors;
	} else if (form.kind < 3) {
		take_descriptors(udf, file, &form, first, descriptors);
	} else {
		file->broken = true;
	}
	return true;
}

bool udf_file_read(struct udf *udf, struct udf_at at, struct udf_file *file)
{
	static const enum udf_tag tags[] = {UDF_FILE, UDF_EXTENDED_FILE, UDF_INDIRECT};
	uint8_t sector[FS_SECTOR];
	uint64_t lba;
	for (unsigned chain = 0; chain < CHAIN_MAX; chain++) {
		if (!read_tagged(udf, at, tags, sizeof tags / sizeof *tags, sector, &lba))
			return false;
		if (le16(sector) != UDF_INDIRECT) {
			/* Strategy 4096: the next block may hold a later edition. */
			if (le16(sector + 20) != 4096)
				return take_entry(udf, at, lba, sector, file);
			struct udf_at next = {at.block + 1, at.part};
			uint8_t later[FS_SECTOR];
			uint64_t next_lba;
			if (!read_tagged(udf, next, tags + 2, 1, later, &next_lba) ||
			    !(le32(later + 36) & LENGTH_MASK))
				return take_entry(udf, at, lba, sector, file);
			at = (struct udf_at){le32(later + 40), le16(later + 44)};
			continue;
		}
		at = (struct udf_at){le32(sector + 40), le16(sector + 44)};
	}
	return false;
}

const struct udf_extent *udf_extent_at(const struct udf_file *file, uint64_t pos)
{
	size_t low = 0, high = file->extent_count;
	while (high - low > 1) { /* the last one that does not begin behind `pos` */
		size_t middle = low + (high - low) / 2;
		*(file->extents[middle].begin_bytes <= pos ? &low : &high) = middle;
	}
	const struct udf_extent *found = file->extent_count ? &file->extents[low] : NULL;
	return found && pos - found->begin_bytes < found->len_bytes ? found : NULL;
}

/* Filling a sector of a hole reads nothing, and takes as long as some dozens of other steps. */
#define SECTOR_STEPS 64u

bool udf_file_sector(struct udf *udf, const struct udf_file *file, uint64_t sector, uint8_t *data)
{
	uint64_t pos = sector * FS_SECTOR;
	memset(data, 0, FS_SECTOR);
	if (!fs_build_step(&udf->build, SECTOR_STEPS))
		return false;
	if (file->embedded) {
		uint8_t icb[FS_SECTOR];
		size_t offset = file->embedded_bytes % FS_SECTOR;
		if (sector || !fs_build_read(&udf->build, file->embedded_bytes / FS_SECTOR, 1, icb))
			return !sector ? false : true;
		memcpy(data, icb + offset, file->embedded_len);
		return true;
	}
	const struct udf_extent *extent = udf_extent_at(file, pos);
	if (!extent)
		return false;
	uint64_t in = (pos - extent->begin_bytes) / FS_SECTOR, lba;
	struct udf_at at = {extent->at.block + (uint32_t)in, extent->at.part};
	return extent->hole || udf_block(udf, at, 0, data, &lba) || udf_block(udf, at, 1, data, &lba);
}
