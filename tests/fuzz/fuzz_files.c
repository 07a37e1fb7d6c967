/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walkers of src/fs on a disc that the input describes: pieces of sectors,
 * zeros elsewhere, some missing. UDF's checksums are repaired first, or nothing
 * behind them would ever be reached. What the walkers say must hold together,
 * and they must end within their budgets.
 *
 * The input: flags, sectors (16 bits), how many stretches are missing, each 16
 * bits and a length; then pieces: 16 bits of LBA, 16 of length, their bytes.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/tree.h"

#define SECTORS_MAX 4096u
#define TAG_BYTES 16u

struct disc {
	uint64_t sectors, reads;
	bool searched;
	uint64_t broken; /* the host's fault: reading it ends the walk */
	uint8_t missing[SECTORS_MAX], used[SECTORS_MAX];
	uint8_t bytes[SECTORS_MAX][FS_SECTOR];
};

static int read_sectors(void *self, uint64_t lba, uint32_t count, void *data)
{
	struct disc *disc = self;
	MUST(count > 0 && lba < disc->sectors && count <= disc->sectors - lba);
	disc->reads += count;
	for (uint32_t i = 0; i < count; i++) {
		if (lba + i == disc->broken)
			return -EIO;
		if (disc->missing[lba + i])
			return lba % 2 ? -ENODATA : -EBADMSG;
	}
	memcpy(data, disc->bytes[lba], (size_t)count * FS_SECTOR);
	return 0;
}

/* ---- the disc ---- */

static void put(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static unsigned get(const uint8_t *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

/* ECMA-167 3/7.2, bit by bit: not as the walker does it. */
static void repair(uint8_t *tag, size_t room)
{
	unsigned crc = 0, covered = get(tag + 10);
	if (covered > room - TAG_BYTES)
		covered = (unsigned)(room - TAG_BYTES);
	for (unsigned i = 0; i < covered; i++) {
		crc ^= (unsigned)tag[TAG_BYTES + i] << 8;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
	}
	put(tag + 8, crc);
	put(tag + 10, covered);
	tag[4] = 0;
	unsigned sum = 0;
	for (unsigned i = 0; i < TAG_BYTES; i++)
		sum += tag[i];
	tag[4] = (uint8_t)sum;
}

/* Identifiers first: they may lie in an ICB, and its CRC covers them. */
static void repair_sector(struct disc *disc, size_t lba)
{
	const size_t end = SECTORS_MAX * FS_SECTOR, least = 38;
	uint8_t *sector = disc->bytes[lba], *all = disc->bytes[0];
	for (size_t at = lba * FS_SECTOR; at < (lba + 1) * FS_SECTOR && at + least <= end; at += 4) {
		size_t len = (least + all[at + 19] + get(all + at + 36) + 3) & ~(size_t)3;
		if (get(all + at) == 257)
			repair(all + at, len < end - at ? len : end - at);
	}
	unsigned tag = get(sector);
	bool sparing = tag == 0 && !memcmp(sector + 17, "*UDF Sparing", 12);
	if (sparing || (tag >= 1 && tag <= 9) || (tag >= 256 && tag <= 266 && tag != 257))
		repair(sector, FS_SECTOR);
}

static void draw_disc(struct fuzz_in *in, struct disc *disc, bool repaired)
{
	for (size_t i = 0; i < SECTORS_MAX; i++)
		if (disc->used[i])
			memset(disc->bytes[i], 0, FS_SECTOR);
	memset(disc->used, 0, sizeof disc->used);
	memset(disc->missing, 0, sizeof disc->missing);
	disc->reads = 0;
	disc->sectors = 1 + fuzz_u16(in) % SECTORS_MAX;
	for (unsigned left = fuzz_u8(in) % 8; left > 0; left--) {
		size_t lba = fuzz_u16(in) % SECTORS_MAX, count = fuzz_u8(in);
		for (size_t i = lba; i < lba + count && i < SECTORS_MAX; i++)
			disc->missing[i] = 1;
	}
	while (fuzz_left(in) > 4) {
		size_t lba = fuzz_u16(in) % SECTORS_MAX, len = fuzz_u16(in) % (FS_SECTOR + 1);
		disc->used[lba] = 1;
		(void)fuzz_bytes(in, disc->bytes[lba], len);
	}
	/* Backwards: what an identifier reaches behind its sector is whole by then. */
	for (size_t i = SECTORS_MAX; repaired && i-- > 0;)
		if (disc->used[i]) {
			repair_sector(disc, i);
			disc->used[i + 1 < SECTORS_MAX ? i + 1 : i] = 1;
		}
}

/* ---- what must hold ---- */

static void check_ranges(const struct respin_range *list, size_t count, uint64_t sectors)
{
	for (size_t i = 0; i < count; i++) {
		MUST(list[i].count > 0 && list[i].start < sectors &&
		     list[i].count <= sectors - list[i].start);
		MUST(i == 0 || list[i - 1].start + list[i - 1].count < list[i].start);
	}
}

static void check_lacking(const struct fs_tree *tree)
{
	size_t k = 0;
	for (size_t i = 0; i < tree->lacking_count && !tree->cut; i++) {
		const struct respin_range *lack = &tree->lacking[i], *read;
		for (; k < tree->metadata_count; k++)
			if (tree->metadata[k].start + tree->metadata[k].count > lack->start)
				break;
		MUST(k < tree->metadata_count);
		read = &tree->metadata[k];
		MUST(read->start <= lack->start && lack->start + lack->count <= read->start + read->count);
	}
}

static void check_extents(const struct fs_tree *tree, const struct fs_node *node)
{
	uint64_t sum = 0;
	MUST(node->extent_count <= tree->extent_count);
	MUST(node->first_extent <= tree->extent_count - node->extent_count);
	for (size_t i = 0; i < node->extent_count; i++) {
		const struct fs_extent *extent = &tree->extents[node->first_extent + i];
		MUST(extent->len_bytes > 0 && extent->len_bytes <= node->size_bytes - sum);
		MUST(extent->disc_bytes <= INT64_MAX - extent->len_bytes);
		MUST(!extent->hole || extent->disc_bytes == 0);
		sum += extent->len_bytes;
	}
}

static void check_path(const struct fs_tree *tree, uint32_t node)
{
	size_t len = 0, depth = 0;
	for (uint32_t at = node; at != FS_ROOT; at = tree->nodes[at].parent, depth++)
		len += strlen(tree->nodes[at].name) + 1;
	MUST(depth <= FS_DEPTH_MAX + 1);
	char *path = fs_tree_path(tree, node);
	MUST(path && strlen(path) == (len ? len - 1 : 0));
	free(path);
}

static void check_tree(const struct fs_tree *tree, uint64_t sectors)
{
	const size_t paths_max = 500;
	MUST(tree->node_count >= 2 && tree->node_count <= FS_NODES_MAX);
	for (size_t i = 0; i < tree->node_count; i++) {
		const struct fs_node *node = &tree->nodes[i];
		MUST(node->name && node->kind <= FS_OTHER);
		MUST(i <= FS_LOST || node->parent < i);
		MUST(tree->nodes[node->parent].kind == FS_DIRECTORY);
		MUST(node->kind != FS_DIRECTORY || node->extent_count == 0);
		check_extents(tree, node);
		if (i < paths_max)
			check_path(tree, (uint32_t)i);
	}
	check_ranges(tree->metadata, tree->metadata_count, sectors);
	check_ranges(tree->lacking, tree->lacking_count, sectors);
	check_lacking(tree);
	MUST(memchr(tree->format, 0, sizeof tree->format) && memchr(tree->volume, 0, sizeof tree->volume));
}

typedef int walker(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
		   struct respin_error *error);

static void walk(walker *how, unsigned trees, struct disc *disc, const struct fs_options *options)
{
	const struct fs_reader reader = {disc, disc->sectors, read_sectors,
					 disc->searched ? read_sectors : NULL};
	struct respin_error error = {0};
	struct fs_tree *tree;
	disc->reads = 0;
	int code = how(&reader, options, &tree, &error);
	/* Twice the disc, what is asked for again one by one where a long read failed, and what is searched for. */
	MUST(disc->reads <= trees * 8 * disc->sectors);
	MUST((code == 0) == (tree != NULL) && code <= 0);
	MUST(code == 0 || code == RESPIN_E_UNSUPPORTED || code == RESPIN_E_SOURCE);
	MUST(code != RESPIN_E_SOURCE || disc->broken < disc->sectors);
	if (tree)
		check_tree(tree, disc->sectors);
	fs_tree_destroy(tree);
}

static void list_sessions(struct disc *disc)
{
	const struct fs_reader reader = {disc, disc->sectors, read_sectors, read_sectors};
	struct fs_session list[16];
	const size_t most = sizeof list / sizeof *list;
	size_t count = fs_sessions(&reader, list, most);
	MUST(count <= most);
	for (size_t i = 0; i < count; i++)
		MUST(list[i].lba < disc->sectors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct disc disc;
	struct fuzz_in in = fuzz_in(data, size);
	unsigned flags = fuzz_u8(&in);
	struct fs_options options = {.plain = flags & 1};
	disc.broken = flags & 2 ? fuzz_u16(&in) % SECTORS_MAX : UINT64_MAX;
	options.session_lba = flags & 4 ? fuzz_u32(&in) : 0;
	options.first = flags & 64;
	disc.searched = flags & 32;
	draw_disc(&in, &disc, !(flags & 8));
	/* ISO 9660: the descriptors, and two trees. */
	walk(fs_udf, 1, &disc, &options);
	walk(fs_iso9660, 3, &disc, &options);
	if (flags & 16)
		walk(fs_read, 5, &disc, &options); /* and a look for newer sessions */
	if (flags & 128)
		list_sessions(&disc);
	return 0;
}
