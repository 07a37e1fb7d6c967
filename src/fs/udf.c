/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDF 1.02 to 2.60 (ECMA-167, OSTA UDF) as far as it can be read: the file
 * set, directories, and where the files' bytes lie. A directory with missing
 * sectors is incomplete; what follows the gap is found by its tags.
 */
#include "fs/udf.h"

#include <errno.h>
#include <inttypes.h>
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
#define HIDDEN 0x01u
#define DELETED 0x04u
#define PARENT 0x08u
#define NAME_BYTES_MAX 1024u
#define DIRECTORY_BYTES_MAX (32u << 20)
#define GAP_STEPS 16u /* of each four bytes that begin no identifier */

struct waiting {
	uint32_t node;
	struct udf_at icb;
};

/* An ICB that was met, and the node of what it describes. */
struct met {
	uint64_t key; /* + 1; 0: free */
	uint32_t node;
};

struct walk {
	struct udf udf;
	struct waiting *queue;
	size_t first, count, cap;
	struct met *met; /* in the order of a hash */
	size_t met_count, met_cap;
};

static struct met *met_place(struct met *table, size_t cap, uint64_t key)
{
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 32);
	while (table[at & (cap - 1)].key && table[at & (cap - 1)].key != key)
		at++;
	return &table[at & (cap - 1)];
}

static uint64_t key_of(struct udf_at icb)
{
	return ((uint64_t)icb.part << 32 | icb.block) + 1;
}

/* NULL: not met. */
static const struct met *met_before(const struct walk *walk, struct udf_at icb)
{
	const struct met *place = walk->met_cap ? met_place(walk->met, walk->met_cap, key_of(icb)) : NULL;
	return place && place->key ? place : NULL;
}

/* False: it was met before, or the walk is over. */
static bool meet(struct walk *walk, struct udf_at icb, uint32_t node)
{
	if (2 * walk->met_count >= walk->met_cap) {
		size_t cap = walk->met_cap ? 2 * walk->met_cap : 256;
		struct met *larger = calloc(cap, sizeof *larger);
		if (!larger) {
			walk->udf.build.failure = RESPIN_E_NOMEM;
			return false;
		}
		for (size_t i = 0; i < walk->met_cap; i++)
			if (walk->met[i].key)
				*met_place(larger, cap, walk->met[i].key) = walk->met[i];
		free(walk->met);
		walk->met = larger;
		walk->met_cap = cap;
	}
	struct met *place = met_place(walk->met, walk->met_cap, key_of(icb));
	if (place->key)
		return false;
	*place = (struct met){key_of(icb), node};
	walk->met_count++;
	return true;
}

static void wait_for(struct walk *walk, struct waiting waiting)
{
	struct fs_node *node = &walk->udf.build.tree->nodes[waiting.node];
	if (fs_tree_too_deep(walk->udf.build.tree, waiting.node) || !meet(walk, waiting.icb, waiting.node)) {
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

/* A file, directory or link whose ICB says `file`; not `known`: a name is all that is left of it. */
static uint32_t add_file(struct walk *walk, uint32_t parent, const char *name, struct udf_at icb, bool is_dir,
			 bool known, const struct udf_file *file)
{
	struct fs_build *build = &walk->udf.build;
	enum fs_kind kind = is_dir ? FS_DIRECTORY : known ? kind_of(file->type) : FS_FILE;
	uint32_t node = fs_build_node(build, parent, kind, name);
	if (node == UINT32_MAX)
		return node;
	struct fs_node *made = &build->tree->nodes[node];
	made->incomplete = !known;
	made->broken = file->broken;
	made->modified_s = known ? file->modified_s : INT64_MIN;
	made->size_bytes = is_dir ? 0 : file->size_bytes;
	if (is_dir && known) {
		wait_for(walk, (struct waiting){node, icb});
		return node;
	}
	(void)meet(walk, icb, node); /* a file may have several names */
	if (known && kind == FS_SYMLINK)
		add_target(walk, node, file);
	else if (known && kind == FS_FILE)
		add_extents(walk, node, file);
	return node;
}

/* A file identifier, 4/14.4: a name and where the file's ICB lies. */
static void take_identifier(struct walk *walk, const struct waiting *dir, const uint8_t *at)
{
	unsigned characteristics = at[18], name_len = at[19], use_len = le16(at + 36);
	struct udf_at icb = {le32(at + 24), le16(at + 28)};
	char name[NAME_BYTES_MAX];
	struct udf_file file = {0};
	if (characteristics & (DELETED | PARENT))
		return;
	udf_text(at + 38 + use_len, name_len, name, sizeof name);
	if ((characteristics & HIDDEN) && !strcmp(name, "Non-Allocatable Space"))
		return; /* UDF 2.3.7.2: no file, but the places where none may be */
	bool is_dir = characteristics & 0x02;
	bool known = udf_file_read(&walk->udf, icb, &file);
	(void)add_file(walk, dir->node, name, icb, is_dir, known, &file);
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

/* Without a file set descriptor: the root is the directory that is its own parent, and lies near the beginning. */
#define ROOT_SEARCH 4096u

/* 4/8.6: the first identifier in a directory leads to its parent. */
static bool parent_of(struct walk *walk, const struct udf_file *dir, struct udf_at *parent)
{
	uint8_t sector[FS_SECTOR];
	if (dir->size_bytes < 38 || !udf_file_sector(&walk->udf, dir, 0, sector) ||
	    le16(sector) != UDF_IDENTIFIER || !(sector[18] & PARENT))
		return false;
	*parent = (struct udf_at){le32(sector + 24), le16(sector + 28)};
	return true;
}

static bool is_root(struct walk *walk, struct udf_at at)
{
	struct udf_file file = {0};
	struct udf_at parent;
	bool found = udf_file_read(&walk->udf, at, &file) && parent_of(walk, &file, &parent) &&
		     key_of(parent) == key_of(at);
	udf_file_finish(&file);
	return found;
}

static bool search_root(struct walk *walk, struct udf_at *root)
{
	struct fs_build *build = &walk->udf.build;
	uint8_t sector[FS_SECTOR];
	uint64_t lba;
	*root = (struct udf_at){0, walk->udf.file_set.part};
	if (!fs_build_may_search(build))
		return false;
	for (; root->block < ROOT_SEARCH && fs_build_step(build, 1); root->block++)
		if (udf_lba(&walk->udf, *root, &lba) && fs_build_peek(build, lba, sector) &&
		    (le16(sector) == UDF_FILE || le16(sector) == UDF_EXTENDED_FILE) &&
		    sector[27] == TYPE_DIRECTORY && is_root(walk, *root))
			return true;
	return false;
}

static void read_directories(struct walk *walk)
{
	while (walk->first < walk->count && fs_build_goes_on(&walk->udf.build)) {
		struct waiting dir = walk->queue[walk->first++]; /* the queue may move */
		read_directory(walk, &dir);
	}
}

static bool names_are_missing(const struct fs_tree *tree)
{
	for (size_t i = 0; i < tree->node_count; i++)
		if (tree->nodes[i].incomplete && tree->nodes[i].kind == FS_DIRECTORY)
			return true;
	return false;
}

/* ---- what nothing leads to any more, because names are missing ---- */

#define LOST_SEARCH (1u << 19) /* blocks: a whole CD, the first gigabyte of what is larger */

/* Is a directory's or a file's ICB there that nobody has met? Those of deleted files have no links (4/14.9.6). */
static bool is_lost(struct walk *walk, struct udf_at at, bool wants_dir)
{
	uint8_t sector[FS_SECTOR];
	uint64_t lba;
	if (met_before(walk, at) || !udf_lba(&walk->udf, at, &lba) ||
	    !fs_build_peek(&walk->udf.build, lba, sector) || le16(sector + 48) == 0 ||
	    !(udf_is(sector, sizeof sector, UDF_FILE) || udf_is(sector, sizeof sector, UDF_EXTENDED_FILE)))
		return false;
	return wants_dir ? sector[27] == TYPE_DIRECTORY
			 : sector[27] == TYPE_FILE || sector[27] == TYPE_REALTIME;
}

static void add_lost(struct walk *walk, struct udf_at at, bool is_dir)
{
	struct udf_file file = {0};
	struct udf_at above;
	char name[16]; /* the true one is gone */
	(void)snprintf(name, sizeof name, "#%" PRIu32, at.block);
	if (udf_file_read(&walk->udf, at, &file)) {
		const struct met *parent =
			is_dir && parent_of(walk, &file, &above) ? met_before(walk, above) : NULL;
		bool hangs = parent && walk->udf.build.tree->nodes[parent->node].kind == FS_DIRECTORY;
		(void)add_file(walk, hangs ? parent->node : FS_LOST, name, at, is_dir, true, &file);
	}
	udf_file_finish(&file);
}

/* Directories first: they have names for files. */
static void search_lost(struct walk *walk)
{
	struct fs_build *build = &walk->udf.build;
	const unsigned index = walk->udf.file_set.part;
	if (!fs_build_may_search(build) || index >= walk->udf.part_count)
		return;
	const struct udf_part *part = &walk->udf.parts[index];
	uint64_t blocks = part->kind == PART_VIRTUAL ? part->table_count : part->blocks;
	if (blocks > LOST_SEARCH)
		blocks = LOST_SEARCH;
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t block = 0; block < blocks && fs_build_step(build, 1); block++) {
			struct udf_at at = {block, (uint16_t)index};
			if (!is_lost(walk, at, round == 0))
				continue;
			add_lost(walk, at, round == 0);
			read_directories(walk);
		}
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
	tree->doubt = udf->doubt;
	tree->session_lba = udf->vat_lba ? udf->vat_lba : udf->session_lba;
	struct udf_at root;
	bool there = false;
	for (unsigned which = 0; which < 2 && !there; which++)
		there = udf_block(udf, udf->file_set, which, sector, &lba) &&
			udf_is(sector, sizeof sector, UDF_FILE_SET);
	if (there)
		root = (struct udf_at){le32(sector + 404), le16(sector + 408)};
	else if (!search_root(walk, &root)) {
		tree->nodes[FS_ROOT].incomplete = 1;
		return;
	}
	wait_for(walk, (struct waiting){FS_ROOT, root});
	read_directories(walk);
	if (names_are_missing(tree))
		search_lost(walk);
}

int fs_udf(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	   struct respin_error *error)
{
	struct walk walk = {0};
	*tree = NULL;
	walk.udf.session_lba = options ? options->session_lba : 0;
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
