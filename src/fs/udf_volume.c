/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDF's volume: anchors, descriptors, and the partitions of home discs beside
 * the plain one: virtual (a VAT, on packet-written CD-R and camcorder DVD-R),
 * sparable (CD-RW), metadata with its mirror (Blu-ray). From an address in the
 * volume to a sector of the disc. Knows no file but those it needs for that.
 */
#include "fs/udf.h"

#include <stdlib.h>
#include <string.h>

#include "fs/le.h"

#define ANCHOR_AT 256u
#define ANCHOR_EARLY 512u /* on discs that are not closed, UDF 2.2.3 */
#define DESCRIPTORS_MAX 256u
/* How far before the end of the disc the VAT's ICB may lie: link and run-out blocks of a session, and some more. */
#define VAT_SEARCH 512u
#define RUN_OUT 7u /* blocks that nobody wrote and no drive reads, behind what was written last */
#define VAT_NONE 0xffffffffu
#define TYPE_VAT 248u /* of a file, from 2.00 on */
#define TABLE_BYTES_MAX (16u << 20)

/* What a sequence says while it is read. The highest volume descriptor sequence number wins. */
struct sequence {
	uint8_t volume[FS_SECTOR];
	uint32_t volume_number;
	bool has_volume;
	struct {
		uint32_t number;
		uint16_t partition;
		uint32_t start, blocks;
	} parts[UDF_PARTS_MAX];
	unsigned part_count;
};

static void take_partition(struct sequence *sequence, const uint8_t *sector)
{
	uint16_t partition = le16(sector + 22);
	uint32_t number = le32(sector + 16);
	unsigned i = 0;
	while (i < sequence->part_count && sequence->parts[i].partition != partition)
		i++;
	if (i == UDF_PARTS_MAX || (i < sequence->part_count && sequence->parts[i].number > number))
		return;
	sequence->part_count += i == sequence->part_count;
	sequence->parts[i].number = number;
	sequence->parts[i].partition = partition;
	sequence->parts[i].start = le32(sector + 188);
	sequence->parts[i].blocks = le32(sector + 192);
}

/* One extent of descriptors; pointers lead on to others. */
static void read_sequence(struct udf *udf, struct sequence *sequence, uint32_t lba, uint32_t bytes)
{
	uint8_t sector[FS_SECTOR];
	uint32_t left = bytes / FS_SECTOR;
	for (unsigned i = 0; i < DESCRIPTORS_MAX && left > 0 && fs_build_goes_on(&udf->build);
	     i++, lba++, left--) {
		if (!fs_build_read(&udf->build, lba, 1, sector))
			continue;
		if (udf_is(sector, sizeof sector, UDF_TERMINATOR))
			return;
		if (udf_is(sector, sizeof sector, UDF_PARTITION))
			take_partition(sequence, sector);
		if (udf_is(sector, sizeof sector, UDF_LOGICAL_VOLUME) &&
		    (!sequence->has_volume || le32(sector + 16) >= sequence->volume_number)) {
			sequence->has_volume = true;
			sequence->volume_number = le32(sector + 16);
			memcpy(sequence->volume, sector, sizeof sector);
		}
		if (udf_is(sector, sizeof sector, UDF_POINTER)) {
			left = le32(sector + 20) / FS_SECTOR + 1;
			lba = le32(sector + 24) - 1;
		}
	}
}

static bool complete(const struct sequence *sequence)
{
	return sequence->has_volume && sequence->part_count > 0;
}

/* Without any anchor: descriptors stand near the beginning of the disc, in whatever order they are met. */
#define SEQUENCE_SEARCH 1024u

static void search_descriptors(struct udf *udf, struct sequence *sequence)
{
	uint8_t sector[FS_SECTOR];
	if (!fs_build_may_search(&udf->build))
		return;
	for (uint64_t lba = 16; lba < SEQUENCE_SEARCH && !complete(sequence); lba++)
		if (fs_build_peek(&udf->build, lba, sector) &&
		    (udf_is(sector, sizeof sector, UDF_PARTITION) ||
		     udf_is(sector, sizeof sector, UDF_LOGICAL_VOLUME)))
			read_sequence(udf, sequence, (uint32_t)lba, DESCRIPTORS_MAX * FS_SECTOR);
}

/* Any anchor will do, and of each the main sequence or, where that is damaged, the reserve. */
static void read_anchors(struct udf *udf, struct sequence *sequence)
{
	uint64_t end = udf->build.reader->sectors, first = udf->session_lba + ANCHOR_AT;
	const uint64_t places[] = {first < end ? first : end, /* UDF 6.10: each session may have its own */
				   ANCHOR_AT,
				   end - 1,
				   end > 257 ? end - 257 : end,
				   ANCHOR_EARLY,
				   end > 151 ? end - 151 : end,
				   end > 153 ? end - 153 : end};
	uint8_t sector[FS_SECTOR];
	for (size_t i = 0; i < sizeof places / sizeof *places && !complete(sequence); i++) {
		if (places[i] >= end || !fs_build_read(&udf->build, places[i], 1, sector) ||
		    !udf_is(sector, sizeof sector, UDF_ANCHOR))
			continue;
		read_sequence(udf, sequence, le32(sector + 20), le32(sector + 16));
		if (!complete(sequence))
			read_sequence(udf, sequence, le32(sector + 28), le32(sector + 24));
		if (i == 0 && complete(sequence))
			udf->anchored = true;
	}
	if (!complete(sequence))
		search_descriptors(udf, sequence);
}

static struct udf_part *plain_part(struct udf *udf, uint16_t number)
{
	for (unsigned i = 0; i < udf->part_count; i++)
		if (udf->parts[i].kind == PART_PLAIN && udf->parts[i].number == number)
			return &udf->parts[i];
	return NULL;
}

/* UDF 2.2.8 to 2.2.10. */
static void take_second_type(struct udf_part *part, const uint8_t *map)
{
	const char *name = (const char *)map + 5;
	part->number = le16(map + 38);
	if (!strncmp(name, "*UDF Virtual Partition", 22))
		part->kind = PART_VIRTUAL;
	if (!strncmp(name, "*UDF Sparable Partition", 23)) {
		part->kind = PART_SPARABLE;
		part->packet_blocks = le16(map + 40);
		part->sparing_count = map[42] <= 4 ? map[42] : 4;
		part->sparing_bytes = le32(map + 44);
		memcpy(part->sparing_tables, map + 48, sizeof part->sparing_tables);
	}
	if (!strncmp(name, "*UDF Metadata Partition", 23)) {
		part->kind = PART_METADATA;
		part->main_at = le32(map + 40);
		part->mirror_at = le32(map + 44);
	}
}

static void take_maps(struct udf *udf, const struct sequence *sequence)
{
	const uint8_t *volume = sequence->volume;
	size_t len = le32(volume + 264), pos = 440;
	unsigned count = le32(volume + 268);
	if (len > FS_SECTOR - 440)
		len = FS_SECTOR - 440;
	for (size_t end = 440 + len;
	     udf->part_count < count && udf->part_count < UDF_PARTS_MAX && pos + 6 <= end;) {
		const uint8_t *map = volume + pos;
		struct udf_part *part = &udf->parts[udf->part_count];
		*part = (struct udf_part){.kind = PART_PLAIN};
		if (map[1] < 6 || pos + map[1] > end)
			return;
		if (map[0] == 1)
			part->number = le16(map + 4);
		else if (map[0] == 2 && map[1] == 64)
			take_second_type(part, map);
		for (unsigned i = 0; i < sequence->part_count; i++)
			if (sequence->parts[i].partition == part->number) {
				part->found = true;
				part->start = sequence->parts[i].start;
				part->blocks = sequence->parts[i].blocks;
			}
		udf->part_count++;
		pos += map[1];
	}
}

/* ---- what the partitions need ---- */

/* The whole of a small file. NULL: not all of it is there. */
static uint8_t *load(struct udf *udf, const struct udf_file *file, size_t *len)
{
	*len = (size_t)file->size_bytes;
	if (!file->size_bytes || file->size_bytes > TABLE_BYTES_MAX)
		return NULL;
	uint64_t sectors = (file->size_bytes + FS_SECTOR - 1) / FS_SECTOR;
	uint8_t *bytes = calloc((size_t)sectors, FS_SECTOR);
	if (!bytes)
		udf->build.failure = RESPIN_E_NOMEM;
	for (uint64_t i = 0; bytes && i < sectors; i++)
		if (!udf_file_sector(udf, file, i, bytes + i * FS_SECTOR)) {
			free(bytes);
			return NULL;
		}
	return bytes;
}

/* UDF 2.2.11: in 1.50 the table stands first and a name after it; from 2.00 on there is a header. */
static bool take_vat(struct udf_part *part, const struct udf_file *file, const uint8_t *bytes, size_t len)
{
	size_t first = 0, end = len;
	if (file->type == TYPE_VAT) {
		first = len >= 152 ? le16(bytes) : len;
	} else if (file->type == 0 && len >= 36 && !memcmp(bytes + len - 35, "*UDF Virtual Alloc Tbl", 22)) {
		end = len - 36;
	} else {
		return false;
	}
	if (first > end)
		return false;
	part->table_count = (end - first) / 4;
	part->table = calloc(part->table_count + 1, sizeof *part->table);
	for (size_t i = 0; part->table && i < part->table_count; i++)
		part->table[i] = le32(bytes + first + 4 * i);
	return part->table != NULL;
}

bool udf_is_vat(const uint8_t *sector)
{
	unsigned type = sector[27]; /* of a file; the older style has no type of its own */
	return (udf_is(sector, FS_SECTOR, UDF_FILE) || udf_is(sector, FS_SECTOR, UDF_EXTENDED_FILE)) &&
	       (type == TYPE_VAT || type == 0);
}

/* Is the VAT there whose ICB lies at this sector? */
static bool vat_at(struct udf *udf, struct udf_part *part, const struct udf_part *below, uint64_t lba)
{
	struct udf_at at = {(uint32_t)(lba - below->start), (uint16_t)(below - udf->parts)};
	struct udf_file file = {0};
	size_t len;
	if (lba < below->start || !udf_file_read(udf, at, &file))
		return false;
	uint8_t *bytes = load(udf, &file, &len);
	bool taken = bytes && take_vat(part, &file, bytes, len);
	free(bytes);
	udf_file_finish(&file);
	if (taken)
		udf->vat_lba = lba;
	return taken;
}

/* Was anything written behind this sector? Then a newer VAT was there, or was to be. */
static bool goes_on_behind(struct udf *udf, uint64_t lba)
{
	static const uint8_t zeros[FS_SECTOR];
	uint8_t sector[FS_SECTOR];
	uint64_t missing = 0;
	while (++lba < udf->build.reader->sectors && fs_build_goes_on(&udf->build)) {
		if (!fs_build_peek(&udf->build, lba, sector))
			missing++;
		else if (memcmp(sector, zeros, sizeof sector) != 0)
			return true;
	}
	return missing > RUN_OUT;
}

/*
 * The VAT's ICB is the last sector that was written, or lies not far before
 * the end that the drive tells. Where it cannot be read, one that was written
 * before tells how the disc was then.
 */
static bool find_vat(struct udf *udf, unsigned index)
{
	struct udf_part *part = &udf->parts[index];
	const struct udf_part *below = plain_part(udf, part->number);
	uint64_t end = udf->build.reader->sectors, back = 1;
	bool taken = false;
	if (!below || below->start >= end)
		return false;
	if (udf->session_lba)
		return vat_at(udf, part, below, udf->session_lba);
	for (; !taken && back <= VAT_SEARCH && back <= end - below->start; back++)
		taken = vat_at(udf, part, below, end - back);
	for (; !taken && back <= end - below->start && fs_build_may_search(&udf->build); back++) {
		uint8_t sector[FS_SECTOR];
		taken = fs_build_peek(&udf->build, end - back, sector) && udf_is_vat(sector) &&
			vat_at(udf, part, below, end - back);
	}
	if (taken && goes_on_behind(udf, udf->vat_lba))
		udf->doubt = FS_OLDER;
	return taken;
}

static int by_packet(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static bool take_sparing(struct udf_part *part, const uint8_t *bytes, size_t len)
{
	if (!udf_is(bytes, len, UDF_SPARING) || memcmp(bytes + 17, "*UDF Sparing Table", 18) != 0)
		return false;
	size_t count = le16(bytes + 48);
	if (count > (len - 56) / 8)
		count = (len - 56) / 8;
	part->table = calloc(2 * count + 1, sizeof *part->table);
	part->table_count = part->table ? 2 * count : 0;
	for (size_t i = 0; i < part->table_count; i++)
		part->table[i] = le32(bytes + 56 + 4 * i);
	/* 2.2.12 wants them sorted; on a damaged disc, who knows. */
	if (part->table)
		qsort(part->table, part->table_count / 2, 2 * sizeof *part->table, by_packet);
	return part->table != NULL;
}

/* UDF 2.2.12: several copies, the first that reads will do. */
static bool find_sparing(struct udf *udf, struct udf_part *part)
{
	uint32_t sectors = (part->sparing_bytes + FS_SECTOR - 1) / FS_SECTOR;
	if (!sectors || part->sparing_bytes > TABLE_BYTES_MAX || part->sparing_bytes < 56 ||
	    !part->packet_blocks)
		return false;
	uint8_t *bytes = calloc(sectors, FS_SECTOR);
	bool taken = false;
	for (unsigned i = 0; bytes && !taken && i < part->sparing_count; i++)
		taken = fs_build_read(&udf->build, le32(part->sparing_tables + (size_t)4 * i), sectors,
				      bytes) &&
			take_sparing(part, bytes, part->sparing_bytes);
	free(bytes);
	return taken;
}

/* UDF 2.2.13: the metadata file maps the partition; its mirror says the same, elsewhere. */
static bool find_metadata(struct udf *udf, struct udf_part *part)
{
	const struct udf_part *below = plain_part(udf, part->number);
	uint16_t plain = below ? (uint16_t)(below - udf->parts) : 0;
	if (!below)
		return false;
	bool found = false;
	for (unsigned i = 0; i < 2; i++) {
		struct udf_file *file = i ? &part->mirror : &part->file;
		if (udf_file_read(udf, (struct udf_at){i ? part->mirror_at : part->main_at, plain}, file) &&
		    !file->broken && !file->embedded)
			found = true;
		else
			udf_file_finish(file);
	}
	return found;
}

/* Packets are sorted: the first pair whose packet is not below this one. */
static size_t pair_for(const struct udf_part *part, uint64_t packet)
{
	size_t low = 0, high = part->table_count / 2;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (part->table[2 * middle] < packet)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t plain_run(const struct udf *udf, const struct udf_part *part, uint64_t block, uint64_t most,
			  uint64_t *lba)
{
	uint64_t end = udf->build.reader->sectors;
	*lba = part->start + block;
	return block < part->blocks && *lba < end ? least(most, least(part->blocks - block, end - *lba)) : 0;
}

static uint64_t sparable_run(const struct udf *udf, const struct udf_part *part, uint64_t block,
			     uint64_t most, uint64_t *lba)
{
	uint64_t end = udf->build.reader->sectors;
	if (!part->table_count) /* also where no packet has a length */
		return plain_run(udf, part, block, most, lba);
	uint64_t in = block % part->packet_blocks, packet = block - in;
	size_t pair = pair_for(part, packet);
	most = least(most, part->packet_blocks - in);
	if (pair == part->table_count / 2 || part->table[2 * pair] != packet)
		return plain_run(udf, part, block, most, lba);
	*lba = part->table[2 * pair + 1] + in;
	return *lba < end ? least(most, end - *lba) : 0;
}

static uint64_t metadata_run(const struct udf *udf, const struct udf_file *file, uint64_t block,
			     uint64_t most, uint64_t *lba)
{
	uint64_t pos = block * FS_SECTOR;
	const struct udf_extent *extent = udf_extent_at(file, pos);
	/* In a partition of its own kind it could go round for ever. */
	if (!extent || extent->hole || extent->at.part >= udf->part_count ||
	    udf->parts[extent->at.part].kind == PART_METADATA)
		return 0;
	uint64_t in = pos - extent->begin_bytes, left = (extent->len_bytes - in + FS_SECTOR - 1) / FS_SECTOR;
	struct udf_at at = {extent->at.block + (uint32_t)(in / FS_SECTOR), extent->at.part};
	return udf_run(udf, at, least(most, left), lba);
}

uint64_t udf_run(const struct udf *udf, struct udf_at at, uint64_t most, uint64_t *lba)
{
	if (at.part >= udf->part_count || !udf->parts[at.part].found || !most)
		return 0;
	const struct udf_part *part = &udf->parts[at.part];
	switch (part->kind) {
	case PART_PLAIN:
		return plain_run(udf, part, at.block, most, lba);
	case PART_SPARABLE:
		return sparable_run(udf, part, at.block, most, lba);
	case PART_METADATA:
		return metadata_run(udf, part->file.extents ? &part->file : &part->mirror, at.block, most,
				    lba);
	case PART_VIRTUAL:
		break;
	}
	if (at.block >= part->table_count || part->table[at.block] == VAT_NONE)
		return 0;
	*lba = part->start + part->table[at.block];
	return *lba < udf->build.reader->sectors;
}

bool udf_lba(const struct udf *udf, struct udf_at at, uint64_t *lba)
{
	return udf_run(udf, at, 1, lba) > 0;
}

bool udf_block(struct udf *udf, struct udf_at at, unsigned which, uint8_t *data, uint64_t *lba)
{
	uint64_t first = 0;
	bool placed = udf_run(udf, at, 1, &first);
	*lba = first;
	if (!which)
		return placed && fs_build_read(&udf->build, first, 1, data);
	const struct udf_part *part = at.part < udf->part_count ? &udf->parts[at.part] : NULL;
	bool untried = placed && udf->build.untried;
	if (!part || part->kind != PART_METADATA || !metadata_run(udf, &part->mirror, at.block, 1, lba) ||
	    *lba == first)
		return false;
	/* The mirror is far away: it is not asked for while the first may still come. */
	return fs_build_peek(&udf->build, *lba, data) ||
	       (!untried && fs_build_read(&udf->build, *lba, 1, data));
}

bool udf_open(struct udf *udf)
{
	struct sequence *sequence = calloc(1, sizeof *sequence);
	if (!sequence) {
		udf->build.failure = RESPIN_E_NOMEM;
		return false;
	}
	if (udf->build.reader->sectors > 0)
		read_anchors(udf, sequence);
	/* 2.2.4.2: on optical discs a block is a sector. */
	udf->found = complete(sequence) && le32(sequence->volume + 212) == FS_SECTOR;
	if (udf->found) {
		udf->revision = le16(sequence->volume + 240);
		udf->file_set = (struct udf_at){le32(sequence->volume + 252), le16(sequence->volume + 256)};
		memcpy(udf->volume, sequence->volume + 84, sizeof udf->volume);
		take_maps(udf, sequence);
	}
	free(sequence);
	bool chosen = !udf->session_lba || udf->anchored;
	for (unsigned i = 0; i < udf->part_count; i++) {
		struct udf_part *part = &udf->parts[i];
		if (part->kind == PART_VIRTUAL)
			chosen = (part->found = find_vat(udf, i) && part->found) || chosen;
		if (part->kind == PART_SPARABLE && !find_sparing(udf, part))
			udf->doubt = FS_UNMOVED; /* without it only what was moved is wrong */
		if (part->kind == PART_METADATA)
			part->found = find_metadata(udf, part) && part->found;
	}
	return udf->found = udf->found && chosen;
}

void udf_close(struct udf *udf)
{
	for (unsigned i = 0; i < udf->part_count; i++) {
		free(udf->parts[i].table);
		udf_file_finish(&udf->parts[i].file);
		udf_file_finish(&udf->parts[i].mirror);
	}
}
