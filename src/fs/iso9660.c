/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ISO 9660 (ECMA-119) with Joliet and Rock Ridge, as far as it can be read. A
 * directory whose sectors are missing is incomplete, not an end; the path
 * table tells of directories that nothing else leads to any more. Trusts no
 * number on the disc; reads no file's bytes.
 */
#include "fs/iso9660.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "fs/le.h"

#define DESCRIPTOR_FIRST 16u /* 6.2.1 */
#define DESCRIPTORS_MAX 64u
#define PRIMARY 1u
#define SUPPLEMENTARY 2u
#define TERMINATOR 255u
#define NAME_BYTES_MAX 1024u
#define MODE_TYPE 0170000u
#define MODE_LINK 0120000u
#define MODE_FILE 0100000u
#define MODE_DIRECTORY 0040000u

/* What a volume descriptor (8.4, 8.5) says. */
struct volume {
	bool found, joliet;
	uint32_t block_bytes;
	uint64_t blocks;
	uint32_t path_lba, path_big_lba, path_bytes;
	uint8_t root[34];
	uint8_t id[32];
};

/* A directory that waits to be read. */
struct waiting {
	uint32_t node;
	uint64_t lba;
	uint32_t size_bytes;
};

/* Where directories begin: to meet each once, and to find their nodes. */
struct place_of {
	uint64_t lba; /* + 1; 0: free */
	uint32_t node;
};

struct walk {
	struct fs_build build;
	struct volume volume;
	int skip; /* of Rock Ridge; -1: none */
	struct waiting *queue;
	size_t first, count, cap;
	struct place_of *places;
	size_t place_count, place_cap; /* a power of two */
};

static void read_descriptor(const uint8_t *sector, struct volume *volume)
{
	volume->found = true;
	volume->block_bytes = le16(sector + 128);
	volume->blocks = le32(sector + 80);
	volume->path_bytes = le32(sector + 132);
	volume->path_lba = le32(sector + 140);
	volume->path_big_lba = be32(sector + 148);
	memcpy(volume->root, sector + 156, sizeof volume->root);
	memcpy(volume->id, sector + 40, sizeof volume->id);
}

/* Joliet's escape sequences: UCS-2 levels 1 to 3. */
static bool is_joliet(const uint8_t *sector)
{
	const uint8_t *escape = sector + 88;
	return escape[0] == '%' && escape[1] == '/' &&
	       (escape[2] == '@' || escape[2] == 'C' || escape[2] == 'E');
}

static void find_volumes(struct fs_build *build, uint64_t session_lba, struct volume *primary,
			 struct volume *joliet)
{
	uint8_t sector[FS_SECTOR];
	for (unsigned i = 0; i < DESCRIPTORS_MAX && fs_build_goes_on(build); i++) {
		if (!fs_build_read(build, session_lba + DESCRIPTOR_FIRST + i, 1, sector)) {
			/* The first of them may be gone, and the second still tell it all. */
			if (session_lba + DESCRIPTOR_FIRST + i >= build->reader->sectors || i > 2)
				return;
			continue;
		}
		if (memcmp(sector + 1, "CD001", 5) != 0 || sector[0] == TERMINATOR)
			return;
		if (sector[0] == PRIMARY && !primary->found)
			read_descriptor(sector, primary);
		if (sector[0] == SUPPLEMENTARY && is_joliet(sector) && !joliet->found) {
			read_descriptor(sector, joliet);
			joliet->joliet = true;
		}
	}
}

/* ---- directories that were met ---- */

static struct place_of *place_for(struct walk *walk, uint64_t lba)
{
	size_t at = (size_t)(lba * 0x9e3779b97f4a7c15u >> 32);
	for (;; at++) {
		struct place_of *place = &walk->places[at & (walk->place_cap - 1)];
		if (!place->lba || place->lba == lba + 1)
			return place;
	}
}

static bool places_grow(struct walk *walk)
{
	struct place_of *old = walk->places;
	size_t cap = walk->place_cap;
	struct place_of *larger = calloc(cap ? 2 * cap : 256, sizeof *larger);
	if (!larger) {
		walk->build.failure = RESPIN_E_NOMEM;
		return false;
	}
	walk->places = larger;
	walk->place_cap = cap ? 2 * cap : 256;
	for (size_t i = 0; i < cap; i++)
		if (old[i].lba)
			*place_for(walk, old[i].lba - 1) = old[i];
	free(old);
	return true;
}

/* False: it was met before, or the walk is over. */
static bool meet(struct walk *walk, uint64_t lba, uint32_t node)
{
	if (2 * walk->place_count >= walk->place_cap && !places_grow(walk))
		return false;
	struct place_of *place = place_for(walk, lba);
	if (place->lba)
		return false;
	*place = (struct place_of){lba + 1, node};
	walk->place_count++;
	return true;
}

static uint32_t node_at(struct walk *walk, uint64_t lba)
{
	const struct place_of *place = walk->place_cap ? place_for(walk, lba) : NULL;
	return place && place->lba ? place->node : UINT32_MAX;
}

static void wait_for(struct walk *walk, struct waiting waiting)
{
	struct fs_node *node = &walk->build.tree->nodes[waiting.node];
	if (fs_tree_too_deep(walk->build.tree, waiting.node) || !meet(walk, waiting.lba, waiting.node)) {
		node->broken = node->incomplete = 1; /* a circle, or as good as one */
		return;
	}
	if (walk->count == walk->cap) {
		size_t cap = walk->cap ? 2 * walk->cap : 64;
		struct waiting *larger = reallocarray(walk->queue, cap, sizeof *larger);
		if (!larger) {
			walk->build.failure = RESPIN_E_NOMEM;
			return;
		}
		walk->queue = larger;
		walk->cap = cap;
	}
	walk->queue[walk->count++] = waiting;
}

/* ---- records ---- */

bool iso_record_take(const uint8_t *at, size_t left, struct iso_record *record)
{
	size_t len = left ? at[0] : 0;
	if (len < 34 || len > left || at[32] > len - 33)
		return false;
	size_t name_len = at[32], used = 33 + name_len + !(name_len & 1);
	*record = (struct iso_record){.lba = (uint64_t)le32(at + 2) + at[1],
				      .size_bytes = le32(at + 10),
				      .date = at + 18,
				      .flags = at[25],
				      .unit_blocks = at[26],
				      .gap_blocks = at[27],
				      .name = at + 33,
				      .name_len = name_len,
				      .system_use = at + used,
				      .system_len = used < len ? len - used : 0};
	return true;
}

/* 7.5.1: ";1" and a dot with nothing behind it are no part of the name. */
static size_t without_version(const uint8_t *name, size_t len, size_t each)
{
	size_t end = len;
	for (size_t i = 0; i + each <= len; i += each)
		if (name[i + each - 1] == ';' && (each == 1 || name[i] == 0))
			end = i;
	if (end >= 2 * each && name[end - 1] == '.' && (each == 1 || name[end - 2] == 0) && end < len)
		end -= each;
	return end;
}

static void plain_name(const struct walk *walk, const uint8_t *name, size_t len, char *out, size_t cap)
{
	size_t end = without_version(name, len, walk->volume.joliet ? 2 : 1);
	if (walk->volume.joliet)
		fs_utf8_from_utf16be(name, end, out, cap);
	else
		fs_utf8_from_bytes(name, end, out, cap);
}

static void add_extents(struct walk *walk, uint32_t node, const struct iso_record *record)
{
	uint64_t block = walk->volume.block_bytes, at = record->lba * block, left = record->size_bytes;
	uint64_t unit = record->unit_blocks ? record->unit_blocks * block : left;
	uint64_t disc = walk->build.reader->sectors * FS_SECTOR;
	if (!record->gap_blocks)
		unit = left;
	for (; left && fs_build_goes_on(&walk->build); at += unit + record->gap_blocks * block) {
		/* Behind the disc's end it is all the same how the rest would lie. */
		uint64_t len = unit < left && at < disc ? unit : left;
		if (at > disc || len > disc - at)
			walk->build.tree->nodes[node].broken = 1;
		fs_build_extent(&walk->build, node, (struct fs_extent){at, len, 0});
		left -= len;
	}
}

static enum fs_kind kind_of(const struct iso_record *record, const struct rock_ridge *more)
{
	uint32_t type = more->mode & MODE_TYPE;
	if (record->flags & ISO_FLAG_DIRECTORY || more->child_lba)
		return FS_DIRECTORY;
	if (type == MODE_LINK || *more->target)
		return FS_SYMLINK;
	return type && type != MODE_FILE ? FS_OTHER : FS_FILE;
}

/* A directory of its own, or one that Rock Ridge has moved away from here because it lay too deep. */
static void enter_directory(struct walk *walk, uint32_t node, const struct iso_record *record,
			    const struct rock_ridge *more)
{
	struct waiting waiting = {node, record->lba, record->size_bytes};
	if (more->child_lba) {
		uint8_t sector[FS_SECTOR];
		struct iso_record own;
		waiting.lba = more->child_lba;
		/* How long it is, only its own record tells. */
		bool known = fs_build_read(&walk->build, waiting.lba, 1, sector) &&
			     iso_record_take(sector, sizeof sector, &own);
		waiting.size_bytes = known ? own.size_bytes : FS_SECTOR;
	}
	wait_for(walk, waiting);
}

/* `more_of`: the file that the record before it has begun, UINT32_MAX: none. Returns what the next one goes on with. */
static uint32_t add_record(struct walk *walk, const struct waiting *dir, const struct iso_record *record,
			   uint32_t more_of)
{
	struct fs_build *build = &walk->build;
	struct rock_ridge more = {.modified_s = INT64_MIN};
	char name[NAME_BYTES_MAX];
	bool goes_on = record->flags & ISO_FLAG_MULTI_EXTENT;
	if (more_of != UINT32_MAX) {
		build->tree->nodes[more_of].size_bytes += record->size_bytes;
		add_extents(walk, more_of, record);
		return goes_on ? more_of : UINT32_MAX;
	}
	if (record->flags & ISO_FLAG_ASSOCIATED || (record->name_len == 1 && record->name[0] <= 1))
		return UINT32_MAX;
	if (walk->skip >= 0)
		rock_ridge_read(build, record, (unsigned)walk->skip, &more);
	if (more.relocated)
		return UINT32_MAX;
	if (!*more.name)
		plain_name(walk, record->name, record->name_len, name, sizeof name);
	uint32_t node =
		fs_build_node(build, dir->node, kind_of(record, &more), *more.name ? more.name : name);
	if (node == UINT32_MAX)
		return node;
	struct fs_node *made = &build->tree->nodes[node];
	made->modified_s = more.modified_s != INT64_MIN ? more.modified_s : iso_date(record->date);
	made->broken = more.broken;
	if (made->kind == FS_SYMLINK)
		fs_build_target(build, node, more.target);
	if (made->kind == FS_DIRECTORY) {
		enter_directory(walk, node, record, &more);
		return UINT32_MAX;
	}
	made->size_bytes = record->size_bytes;
	add_extents(walk, node, record);
	return goes_on ? node : UINT32_MAX;
}

/* More of the file was to follow, and where that lies cannot be read: what is known of it is not all. */
static void cut_short(struct walk *walk, uint32_t node)
{
	if (node != UINT32_MAX)
		walk->build.tree->nodes[node].incomplete = 1;
}

/*
 * 6.8.1.1: no record crosses the border of a sector, so each sector tells its
 * part. 6.8.1.3: none of them is empty, and behind the last record come zeros;
 * where it is otherwise, other bytes stand where records were.
 */
static void read_directory(struct walk *walk, const struct waiting *dir)
{
	uint8_t sector[FS_SECTOR];
	uint64_t lba = dir->lba * walk->volume.block_bytes / FS_SECTOR;
	uint32_t sectors = dir->size_bytes / FS_SECTOR + (dir->size_bytes % FS_SECTOR != 0);
	uint32_t more_of = UINT32_MAX;
	for (uint32_t i = 0; i < sectors && fs_build_goes_on(&walk->build); i++) {
		if (!fs_build_read(&walk->build, lba + i, 1, sector)) {
			walk->build.tree->nodes[dir->node].incomplete = 1;
			cut_short(walk, more_of);
			more_of = UINT32_MAX;
			if (lba + i >= walk->build.reader->sectors)
				return;
			continue;
		}
		struct iso_record record;
		size_t at = 0;
		for (; at < sizeof sector && iso_record_take(sector + at, sizeof sector - at, &record);
		     at += sector[at])
			more_of = add_record(walk, dir, &record, more_of);
		if (at == 0 || (at < sizeof sector && sector[at]))
			walk->build.tree->nodes[dir->node].incomplete = 1;
	}
	cut_short(walk, more_of);
}

static void read_directories(struct walk *walk)
{
	while (walk->first < walk->count && fs_build_goes_on(&walk->build)) {
		struct waiting dir = walk->queue[walk->first++]; /* the queue may move */
		read_directory(walk, &dir);
	}
}

/* ---- the path table ---- */

struct table_entry {
	uint64_t lba;
	uint32_t parent; /* from 1 */
	const uint8_t *name;
	size_t name_len;
};

/* 9.4. The next entry; 0: the end, or nonsense. */
static size_t take_entry(const uint8_t *at, size_t left, bool big, struct table_entry *entry)
{
	if (left < 8 || !at[0] || (size_t)at[0] + 8 > left)
		return 0;
	uint32_t lba = big ? be32(at + 2) : le32(at + 2);
	*entry =
		(struct table_entry){(uint64_t)lba + at[1], big ? be16(at + 6) : le16(at + 6), at + 8, at[0]};
	return 8u + at[0] + (at[0] & 1);
}

/* What nothing leads to any more: its parent's records are missing. Its own tell how long it is. */
static void add_orphan(struct walk *walk, const struct table_entry *entry, uint32_t parent)
{
	struct fs_build *build = &walk->build;
	uint8_t sector[FS_SECTOR];
	struct iso_record own;
	char name[NAME_BYTES_MAX];
	plain_name(walk, entry->name, entry->name_len, name, sizeof name);
	uint32_t node = fs_build_node(build, parent, FS_DIRECTORY, name);
	if (node == UINT32_MAX)
		return;
	bool known = fs_build_read(build, entry->lba * walk->volume.block_bytes / FS_SECTOR, 1, sector) &&
		     iso_record_take(sector, sizeof sector, &own);
	build->tree->nodes[node].incomplete = !known;
	wait_for(walk, (struct waiting){node, entry->lba, known ? own.size_bytes : 0});
}

/* Its numbers have 16 bits, and no name more than 255 bytes. */
#define PATH_TABLE_SECTORS_MAX (65535u * (8 + 256) / FS_SECTOR + 1)

static bool anything_incomplete(const struct fs_tree *tree)
{
	for (size_t i = 0; i < tree->node_count; i++)
		if (tree->nodes[i].incomplete)
			return true;
	return false;
}

/* There are two, one for each order of bytes (8.4.15, 8.4.17). True: all of it was there. */
static bool load_table(struct walk *walk, uint32_t block, uint32_t sectors, uint8_t *table)
{
	uint64_t lba = (uint64_t)block * walk->volume.block_bytes / FS_SECTOR;
	bool whole = block != 0;
	for (uint32_t i = 0; block && i < sectors; i++)
		whole &= fs_build_read(&walk->build, lba + i, 1, table + (size_t)i * FS_SECTOR);
	return whole;
}

static void read_path_table(struct walk *walk)
{
	const struct volume *volume = &walk->volume;
	uint32_t sectors = volume->path_bytes / FS_SECTOR + (volume->path_bytes % FS_SECTOR != 0);
	if (!anything_incomplete(walk->build.tree) || !sectors || sectors > walk->build.reader->sectors ||
	    sectors > PATH_TABLE_SECTORS_MAX)
		return;
	uint8_t *table = calloc(sectors, FS_SECTOR);
	uint64_t *places = calloc(65536, sizeof *places); /* parents are numbered in 16 bits */
	if (!table || !places) {
		walk->build.failure = RESPIN_E_NOMEM;
		sectors = 0;
	}
	bool big = sectors && !load_table(walk, volume->path_lba, sectors, table) &&
		   load_table(walk, volume->path_big_lba, sectors, table);
	struct table_entry entry;
	uint32_t number = 0;
	for (size_t at = 0, n; sectors && at < volume->path_bytes && number < 65535 &&
			       (n = take_entry(table + at, volume->path_bytes - at, big, &entry));
	     at += n) {
		places[++number] = entry.lba + 1;
		if (number == 1 || node_at(walk, entry.lba) != UINT32_MAX)
			continue;
		uint64_t above = entry.parent < number ? places[entry.parent] : 0;
		uint32_t parent = above ? node_at(walk, above - 1) : UINT32_MAX;
		add_orphan(walk, &entry, parent == UINT32_MAX ? FS_LOST : parent);
		read_directories(walk);
	}
	free(table);
	free(places);
}

/* ---- the whole ---- */

static void walk_volume(struct walk *walk, const struct fs_options *options)
{
	struct fs_tree *tree = walk->build.tree;
	uint8_t sector[FS_SECTOR];
	struct iso_record root, own;
	const struct volume *volume = &walk->volume;
	walk->skip = -1;
	if (!iso_record_take(volume->root, sizeof volume->root, &root)) {
		tree->nodes[FS_ROOT].broken = tree->nodes[FS_ROOT].incomplete = 1;
		return;
	}
	if (!volume->joliet && !options->plain &&
	    fs_build_read(&walk->build, root.lba * volume->block_bytes / FS_SECTOR, 1, sector) &&
	    iso_record_take(sector, sizeof sector, &own))
		walk->skip = rock_ridge_skip(&own);
	wait_for(walk, (struct waiting){FS_ROOT, root.lba, root.size_bytes});
	read_directories(walk);
	read_path_table(walk);
	tree->session_lba = options->session_lba;
	tree->claimed_sectors = volume->blocks * volume->block_bytes / FS_SECTOR;
	const char *format = volume->joliet ? "Joliet" : walk->skip >= 0 ? "Rock Ridge" : "ISO 9660";
	memcpy(tree->format, format, strlen(format) + 1);
	size_t len = sizeof volume->id;
	const size_t each = volume->joliet ? 2 : 1;
	while (len >= each && volume->id[len - 1] == ' ')
		len -= each;
	plain_name(walk, volume->id, len, tree->volume, sizeof tree->volume);
}

static void walk_finish(struct walk *walk)
{
	free(walk->queue);
	free(walk->places);
}

static bool usable(const struct volume *volume)
{
	return volume->found && volume->block_bytes >= 512 && volume->block_bytes <= FS_SECTOR;
}

/* One volume's tree, or NULL with *code set. */
static struct fs_tree *tree_of(const struct fs_reader *reader, const struct volume *volume,
			       const struct fs_options *options, int *code)
{
	struct walk walk = {.volume = *volume};
	*code = fs_build_init(&walk.build, reader);
	if (*code < 0)
		return NULL;
	walk_volume(&walk, options);
	*code = walk.build.failure;
	struct fs_tree *tree = fs_build_finish(&walk.build);
	walk_finish(&walk);
	return tree;
}

/* Rock Ridge has more than Joliet, which has more than neither; the tree that was read more of wins. */
static struct fs_tree *better(const struct fs_reader *reader, const struct volume *primary,
			      const struct volume *joliet, const struct fs_options *options, int *code)
{
	struct fs_tree *first = usable(primary) ? tree_of(reader, primary, options, code) : NULL;
	/* Where the plain names cannot be read, others are better than none. */
	if (*code < 0 || (first && options->plain) || !usable(joliet))
		return first;
	if (first && !strcmp(first->format, "Rock Ridge") && !anything_incomplete(first))
		return first;
	struct fs_tree *second = tree_of(reader, joliet, options, code);
	if (!second) {
		fs_tree_destroy(first);
		return NULL;
	}
	bool take_second = !first || second->node_count >= first->node_count;
	fs_tree_destroy(take_second ? first : second);
	return take_second ? second : first;
}

/* The descriptors are gone, but not the root. What the volume is called, and how long it is, nothing else tells. */
static int volume_without_descriptor(const struct fs_reader *reader, uint64_t session_lba,
				     struct volume *volume)
{
	struct fs_build build;
	int code = fs_build_init(&build, reader);
	if (code < 0)
		return code;
	volume->found = iso_search_root(&build, session_lba, volume->root);
	volume->block_bytes = FS_SECTOR;
	memset(volume->id, ' ', sizeof volume->id);
	code = build.failure;
	fs_build_drop(&build);
	return code;
}

int fs_iso9660(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	       struct respin_error *error)
{
	static const struct fs_options none;
	struct volume primary = {0}, joliet = {0};
	struct fs_build build;
	bool lost = false;
	*tree = NULL;
	options = options ? options : &none;
	int code = fs_build_init(&build, reader);
	if (code == 0) {
		find_volumes(&build, options->session_lba, &primary, &joliet);
		code = build.failure;
		lost = fs_build_may_search(&build);
		fs_build_drop(&build);
	}
	if (code == 0 && lost && !usable(&primary) && !usable(&joliet))
		code = volume_without_descriptor(reader, options->session_lba, &primary);
	if (code == 0 && !usable(&primary) && !usable(&joliet))
		return error_set(error, RESPIN_E_UNSUPPORTED, 0, "no ISO 9660 file system can be read there");
	if (code == 0)
		*tree = better(reader, &primary, &joliet, options, &code);
	assert((code < 0) == !*tree); /* a tree, or why there is none */
	return code < 0 ? error_set(error, code, 0, "the files cannot be read (%s)", respin_code_name(code))
			: 0;
}
