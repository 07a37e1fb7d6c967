/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDF 1.02 to 2.60 (ECMA-167, OSTA UDF) as far as it can be read: the file
 * set, directories, and where the files' bytes lie. A directory with missing
 * sectors is incomplete; what follows the gap is found by its tags.
 */
#include "fs/udf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fs/le.h"

/* File types, 4/14.6.6. */
#define TYPE_DIRECTORY 4u
#define TYPE_FILE 5u
#define TYPE_LINK 12u
#define TYPE_REALTIME 249u
/* Characteristics of a file identifier, 4/14.4.3. */
#define DELETED 0x04u
#define PARENT 0x08u
#define NAME_BYTES_MAX 1024u
#define DIRECTORY_BYTES_MAX (32u << 20)
#define GAP_STEPS 16u /* of each four bytes that begin no identifier */

struct waiting {
	uint32_t node;
	struct udf_at icb;
};

struct walk {
	struct udf udf;
	struct waiting *queue;
	size_t first, count, cap;
	uint64_t *met; /* directories' ICBs + 1, in the order of a hash */
	size_t met_count, met_cap;
};

/* False: it was met before, or the walk is over. */
static bool meet(struct walk *walk, struct udf_at icb)
{
	uint64_t key = ((uint64_t)icb.part << 32 | icb.block) + 1;
	if (2 * walk->met_count >= walk->met_cap) {
		size_t cap = walk->met_cap ? 2 * walk->met_cap : 256;
		uint64_t *larger = calloc(cap, sizeof *larger);
		if (!larger) {
			walk->udf.build.failure = RESPIN_E_NOMEM;
			return false;
		}
		for (size_t i = 0; i < walk->met_cap; i++)
			for (size_t at = (size_t)(walk->met[i] * 0x9e3779b97f4a7c15u >> 32); walk->met[i];
			     at++)
				if (!larger[at & (cap - 1)]) {
					larger[at & (cap - 1)] = walk->met[i];
					break;
				}
		free(walk->met);
		walk->met = larger;
		walk->met_cap = cap;
	}
	for (size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 32);; at++) {
		uint64_t *place = &walk->met[at & (walk->met_cap - 1)];
		if (*place == key)
			return false;
		if (*place)
			continue;
		*place = key;
		walk->met_count++;
		return true;
	}
}

static void wait_for(struct walk *walk, struct waiting waiting)
{
	struct fs_node *node = &walk->udf.build.tree->nodes[waiting.node];
	if (fs_tree_too_deep(walk->udf.build.tree, waiting.node) || !meet(walk, waiting.icb)) {
		node->broken = node->incomplete = 1;
		return;
	}
	if (walk->count == walk->cap) {
		size_t cap = walk->cap ? 2 * walk->cap : 64;
		struct waiting *larger = reallocarray(walk->queue, cap, sizeof *larger);
		if (!larger) {
			walk->udf.build.failure = RESPIN_E_NOMEM;
			return;
		}
		walk->queue = larger;
		walk->cap = cap;
	}
	walk->queue[walk->count++] = waiting;
}

/*
 * Neighbouring stretches become one. Where a block cannot be placed, the rest
 * of its extent is put behind the disc's end: what follows keeps its place.
 */
static void add_extent(struct walk *walk, uint32_t node, const struct udf_extent *extent, uint64_t left)
{
	struct fs_build *build = &walk->udf.build;
	struct fs_extent whole = {0};
	struct udf_at at = extent->at;
	while (left && fs_build_step(build, 1)) {
		uint64_t lba, most = (left + FS_SECTOR - 1) / FS_SECTOR;
		uint64_t run = udf_run(&walk->udf, at, most, &lba);
		if (!run) {
			build->tree->nodes[node].broken = 1;
			lba = build->reader->sectors;
			run = most;
		}
		uint64_t len = run * FS_SECTOR < left ? run * FS_SECTOR : left;
		if (!whole.len_bytes || lba * FS_SECTOR != whole.disc_bytes + whole.len_bytes) {
			fs_build_extent(build, node, whole);
			whole = (struct fs_extent){lba * FS_SECTOR, 0, 0};
		}
		whole.len_bytes += len;
		left -= len;
		at.block += (uint32_t)run;
	}
	fs_build_extent(build, node, whole);
}

static void add_extents(struct walk *walk, uint32_t node, const struct udf_file *file)
{
	struct fs_build *build = &walk->udf.build;
	uint64_t left = file->size_bytes;
	if (file->embedded) {
		uint64_t len = file->embedded_len < left ? file->embedded_len : left;
		fs_build_extent(build, node, (struct fs_extent){file->embedded_bytes, len, 0});
		return;
	}
	for (size_t i = 0; i < file->extent_count && left && fs_build_goes_on(build); i++) {
		const struct udf_extent *extent = &file->extents[i];
		uint64_t in = extent->len_bytes < left ? extent->len_bytes : left;
		left -= in;
		if (extent->hole)
			fs_build_extent(build, node, (struct fs_extent){0, in, 1});
		else
			add_extent(walk, node, extent, in);
	}
}

/* 4/14.16: components of a path. */
static void add_target(struct walk *walk, uint32_t node, const struct udf_file *file)
{
	uint8_t sector[FS_SECTOR];
	char target[FS_SECTOR * 2] = "", part[NAME_BYTES_MAX];
	size_t len = file->size_bytes < FS_SECTOR ? (size_t)file->size_bytes : FS_SECTOR, used = 0;
	if (!udf_file_sector(&walk->udf, file, 0, sector)) {
		walk->udf.build.tree->nodes[node].incomplete = 1;
		return;
	}
	for (size_t pos = 0; pos + 4 <= len;) {
		unsigned type = sector[pos], n = sector[pos + 1];
		if (pos + 4 + n > len)
			break;
		part[0] = '\0';
		if (type == 5)
			udf_text(sector + pos + 4, n, part, sizeof part);
		const char *word = type == 3 ? ".." : type == 4 ? "." : type <= 2 ? "" : part;
		int wrote = snprintf(target + used, sizeof target - used, "%s%s", pos ? "/" : "", word);
		if (wrote < 0 || (size_t)wrote >= sizeof target - used)
			break;
		used += (size_t)wrote;
		pos += 4 + n;
	}
	fs_build_target(&walk->udf.build, node, target);
}

static enum fs_kind kind_of(uint8_t type)
{
	switch (type) {
	case TYPE_DIRECTORY:
		return FS_DIRECTORY;
	case TYPE_FILE:
	case TYPE_REALTIME:
	case 0:
		return FS_FILE;
	case TYPE_LINK:
		return FS_SYMLINK;
	default:
		return FS_OTHER;
	}
}

/* A file identifier, 4/14.4: a name and where the file's ICB lies. */
static void take_identifier(struct walk *walk, const struct waiting *dir, const uint8_t *at)
{
	struct fs_build *build = &walk->udf.build;
	unsigned characteristics = at[18], name_len = at[19], use_len = le16(at + 36);
	struct udf_at icb = {le32(at + 24), le16(at + 28)};
	char name[NAME_BYTES_MAX];
	struct udf_file file = {0};
	if (characteristics & (DELETED | PARENT))
		return;
	udf_text(at + 38 + use_len, name_len, name, sizeof name);
	bool is_dir = characteristics & 0x02;
	bool known = udf_file_read(&walk->udf, icb, &file);
	uint32_t node = fs_build_node(build, dir->node,
				      is_dir  ? FS_DIRECTORY
				      : known ? kind_of(file.type)
					      : FS_FILE,
				      name);
	if (node != UINT32_MAX) {
		struct fs_node *made = &build->tree->nodes[node];
		made->incomplete = !known; /* a name is all that is left of it */
		made->broken = file.broken;
		made->modified_s = known ? file.modified_s : INT64_MIN;
		made->size_bytes = is_dir ? 0 : file.size_bytes;
		if (is_dir && known)
			wait_for(walk, (struct waiting){node, icb});
		else if (known && made->kind == FS_SYMLINK)
			add_target(walk, node, &file);
		else if (known && made->kind == FS_FILE)
			add_extents(walk, node, &file);
	}
	udf_file_finish(&file);
}

/* The length of the identifier that begins here; 0: none does. */
static size_t identifier_len(const uint8_t *at, size_t left)
{
	if (left < 38 || le16(at) != UDF_IDENTIFIER)
		return 0;
	size_t len = (38u + at[19] + le16(at + 36) + 3u) & ~(size_t)3;
	return len <= left && udf_is(at, len, UDF_IDENTIFIER) ? len : 0;
}

static void read_directory(struct walk *walk, const struct waiting *dir)
{
	struct fs_build *build = &walk->udf.build;
	struct udf_file file = {0};
	uint8_t *bytes = NULL;
	bool known = udf_file_read(&walk->udf, dir->icb, &file);
	uint64_t size = known && file.size_bytes <= DIRECTORY_BYTES_MAX ? file.size_bytes : 0;
	uint64_t sectors = (size + FS_SECTOR - 1) / FS_SECTOR;
	bool lacks = !known || file.broken || size != file.size_bytes;
	if (sectors && !(bytes = calloc((size_t)sectors, FS_SECTOR)))
		build->failure = RESPIN_E_NOMEM;
	for (uint64_t i = 0; bytes && i < sectors && fs_build_goes_on(build); i++)
		if (!udf_file_sector(&walk->udf, &file, i, bytes + i * FS_SECTOR))
			lacks = true;
	build->tree->nodes[dir->node].incomplete |= lacks;
	for (size_t at = 0; bytes && at < size && fs_build_goes_on(build);) {
		size_t len = identifier_len(bytes + at, (size_t)size - at);
		if (len)
			take_identifier(walk, dir, bytes + at);
		else
			build->tree->nodes[dir->node].incomplete = 1;
		/* Behind a gap the next one is where a tag stands: they lie at multiples of four. */
		at += len ? len : 4;
		/* A gap of megabytes was made on purpose. */
		(void)fs_build_step(build, len ? 1 : GAP_STEPS);
	}
	free(bytes);
	udf_file_finish(&file);
}

static void walk_files(struct walk *walk)
{
	struct udf *udf = &walk->udf;
	struct fs_tree *tree = udf->build.tree;
	uint8_t sector[FS_SECTOR];
	uint64_t lba;
	(void)snprintf(tree->format, sizeof tree->format, "UDF %x.%02x", udf->revision >> 8,
		       udf->revision & 0xff);
	udf_dstring(udf->volume, sizeof udf->volume, tree->volume, sizeof tree->volume);
	for (unsigned i = 0; i < udf->part_count; i++)
		if (udf->parts[i].start + udf->parts[i].blocks > tree->claimed_sectors)
			tree->claimed_sectors = udf->parts[i].start + udf->parts[i].blocks;
	bool there = udf_lba(udf, udf->file_set, &lba) && fs_build_read(&udf->build, lba, 1, sector) &&
		     udf_is(sector, sizeof sector, UDF_FILE_SET);
	tree->nodes[FS_ROOT].incomplete = !there;
	if (!there)
		return;
	wait_for(walk, (struct waiting){FS_ROOT, {le32(sector + 404), le16(sector + 408)}});
	while (walk->first < walk->count && fs_build_goes_on(&udf->build)) {
		struct waiting dir = walk->queue[walk->first++]; /* the queue may move */
		read_directory(walk, &dir);
	}
}

int fs_udf(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	   struct respin_error *error)
{
	struct walk walk = {0};
	(void)options; /* sessions are a matter of the VAT, and there is one kind of names */
	*tree = NULL;
	int code = fs_build_init(&walk.udf.build, reader);
	if (code < 0)
		return error_set(error, code, 0, "no memory for the files");
	bool found = udf_open(&walk.udf);
	if (found)
		walk_files(&walk);
	code = walk.udf.build.failure;
	int sys_errno = walk.udf.build.sys_errno;
	if (code == 0 && found)
		*tree = fs_build_finish(&walk.udf.build);
	else
		fs_build_drop(&walk.udf.build);
	udf_close(&walk.udf);
	free(walk.queue);
	free(walk.met);
	if (*tree)
		return 0;
	return code < 0 ? error_set(error, code, sys_errno, "the files cannot be read")
			: error_set(error, RESPIN_E_UNSUPPORTED, 0, "no UDF file system can be read there");
}
