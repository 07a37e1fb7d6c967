/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of an image: a walker of src/fs below, the image and its map
 * beside it. Writes nothing; the bytes are judged by the map alone.
 */
#include <respin/files.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "core/map.h"
#include "fs/tree.h"

/* What there is of the disc up to a place where its status changes: many files may be as long as the disc. */
struct tally {
	uint64_t pos, have, lost;
};

struct respin_files {
	int image;
	uint64_t image_bytes;
	struct respin_map *map; /* of bytes; NULL: all of the image is there */
	struct fs_tree *tree;
	uint64_t first; /* the first entry's node: not the root, and FS_LOST only if something hangs there */
	uint64_t *begins;      /* of each extent: the place in its file */
	struct tally *tallies; /* of the disc, in order */
	size_t tally_count;
	char *path; /* of the entry that was asked for last: all of them could be gigabytes */
	struct respin_file *entries; /* without size and path */
};

/* Once: a disc may have a million files, and a file as many extents. */
static bool index_tree(struct respin_files *files)
{
	const struct fs_tree *tree = files->tree;
	files->first = FS_LOST + 1;
	files->begins = calloc(tree->extent_count + 1, sizeof *files->begins);
	for (size_t i = 0; files->begins && i < tree->node_count; i++) {
		const struct fs_node *node = &tree->nodes[i];
		uint64_t begin = 0;
		for (size_t k = 0; k < node->extent_count; k++) {
			files->begins[node->first_extent + k] = begin;
			begin += tree->extents[node->first_extent + k].len_bytes;
		}
		if (i > FS_LOST && node->parent == FS_LOST)
			files->first = FS_LOST;
	}
	return files->begins;
}

/* ---- the image ---- */

static bool is_there(const struct respin_files *files, uint64_t pos, uint64_t len)
{
	struct respin_extent part;
	if (pos > files->image_bytes || len > files->image_bytes - pos)
		return false;
	if (!files->map)
		return true;
	return respin_map_next(files->map, pos, MASK(RESPIN_FINISHED), &part) && part.range.start == pos &&
	       part.range.count >= len;
}

static int read_image(const struct respin_files *files, void *data, size_t len, uint64_t pos)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(files->image, (char *)data + done, len - done, (off_t)(pos + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

static int read_sectors(void *self, uint64_t lba, uint32_t count, void *data)
{
	const struct respin_files *files = self;
	uint64_t pos = lba * FS_SECTOR, len = (uint64_t)count * FS_SECTOR;
	struct respin_extent part;
	if (!is_there(files, pos, len))
		return files->map && respin_map_next(files->map, pos, MASK(RESPIN_NON_TRIED), &part) &&
				       part.range.start < pos + len
			       ? -ENODATA
			       : -EBADMSG;
	return read_image(files, data, (size_t)len, pos);
}

/* ---- what a rescue has of a file ---- */

/* The status of the disc at `pos`, and how far it goes, `len` at most. */
static struct respin_extent look(const struct respin_files *files, uint64_t pos, uint64_t len)
{
	struct respin_extent part = {{pos, len}, RESPIN_BAD};
	if (pos < files->image_bytes && !files->map) {
		part.status = RESPIN_FINISHED;
		if (len > files->image_bytes - pos)
			part.range.count = files->image_bytes - pos;
		return part;
	}
	struct respin_extent found;
	if (!files->map || !respin_map_next(files->map, pos, MASK_ALL, &found))
		return part; /* beyond everything that was ever there */
	if (found.range.start > pos) {
		part.range.count = found.range.start - pos < len ? found.range.start - pos : len;
		return part;
	}
	if (found.range.count > len)
		found.range.count = len;
	/* What the map calls finished, but the image does not reach. */
	if (found.status == RESPIN_FINISHED && pos >= files->image_bytes)
		found.status = RESPIN_BAD;
	else if (found.status == RESPIN_FINISHED && found.range.count > files->image_bytes - pos)
		found.range.count = files->image_bytes - pos;
	return found;
}

/* The stretch of the file that byte `from`, of those that it has, lies in: on the disc, or in a hole. False: in none. */
static bool stretch_at(const struct respin_files *files, const struct fs_node *node, uint64_t from,
		       struct fs_extent *stretch)
{
	size_t low = node->first_extent, high = low + node->extent_count;
	if (!node->extent_count)
		return false;
	while (high - low > 1) { /* the last one that does not begin behind `from` */
		size_t middle = low + (high - low) / 2;
		*(files->begins[middle] <= from ? &low : &high) = middle;
	}
	const struct fs_extent *extent = &files->tree->extents[low];
	uint64_t in = from - files->begins[low];
	if (in >= extent->len_bytes)
		return false;
	*stretch = (struct fs_extent){extent->hole ? 0 : extent->disc_bytes + in, extent->len_bytes - in,
				      extent->hole};
	if (stretch->len_bytes > node->size_bytes - from)
		stretch->len_bytes = node->size_bytes - from;
	return true;
}

/* One step through the file's bytes: how long it is, and what it is. False: the end. */
static bool step(const struct respin_files *files, const struct fs_node *node, uint64_t from,
		 struct respin_extent *part)
{
	struct fs_extent stretch;
	if (from >= node->size_bytes)
		return false;
	if (!stretch_at(files, node, from, &stretch)) {
		/* The file system names more bytes than it places. */
		*part = (struct respin_extent){{from, node->size_bytes - from}, RESPIN_BAD};
		return true;
	}
	struct respin_extent found = {{0, stretch.len_bytes}, RESPIN_FINISHED};
	if (!stretch.hole)
		found = look(files, stretch.disc_bytes, stretch.len_bytes);
	*part = (struct respin_extent){{from, found.range.count}, found.status};
	return true;
}

static enum respin_file_state judge(const struct fs_node *node, const struct respin_file *file)
{
	if (node->incomplete) /* of a file, parts may be known all the same */
		return node->kind == FS_FILE && node->extent_count ? RESPIN_FILE_HIT : RESPIN_FILE_UNKNOWN;
	if (node->kind != FS_FILE || file->have_bytes == file->size_bytes)
		return RESPIN_FILE_WHOLE;
	return file->have_bytes || file->lost_bytes ? RESPIN_FILE_HIT : RESPIN_FILE_UNTOUCHED;
}

/* The last of them is the end of everything that was ever there. */
static bool tally_disc(struct respin_files *files)
{
	struct respin_range span = files->map ? respin_map_span(files->map) : (struct respin_range){0, 0};
	uint64_t end = span.start + span.count;
	struct tally now = {0};
	if (end < files->image_bytes)
		end = files->image_bytes;
	for (size_t cap = 0;;) {
		if (files->tally_count == cap) {
			cap = cap ? 2 * cap : 64;
			struct tally *larger = reallocarray(files->tallies, cap, sizeof *larger);
			if (!larger)
				return false;
			files->tallies = larger;
		}
		files->tallies[files->tally_count++] = now;
		if (now.pos >= end)
			return true;
		struct respin_extent part = look(files, now.pos, end - now.pos);
		now.have += part.status == RESPIN_FINISHED ? part.range.count : 0;
		now.lost += part.status == RESPIN_BAD ? part.range.count : 0;
		now.pos += part.range.count;
	}
}

static struct tally tally_at(const struct respin_files *files, uint64_t pos)
{
	size_t low = 0, high = files->tally_count;
	while (high - low > 1) { /* the last one that is not behind `pos` */
		size_t middle = low + (high - low) / 2;
		*(files->tallies[middle].pos <= pos ? &low : &high) = middle;
	}
	struct tally at = files->tallies[low], *next = &files->tallies[low + 1];
	bool behind = low + 1 == files->tally_count;
	at.have += !behind && next->have > at.have ? pos - at.pos : 0;
	at.lost += behind || next->lost > at.lost ? pos - at.pos : 0;
	return at;
}

static void count_bytes(const struct respin_files *files, const struct fs_node *node,
			struct respin_file *file)
{
	uint64_t placed = 0;
	for (size_t i = 0; i < node->extent_count && placed < node->size_bytes; i++) {
		const struct fs_extent *extent = &files->tree->extents[node->first_extent + i];
		uint64_t left = node->size_bytes - placed;
		uint64_t len = extent->len_bytes < left ? extent->len_bytes : left;
		struct tally from = tally_at(files, extent->disc_bytes);
		struct tally until = tally_at(files, extent->disc_bytes + len);
		placed += len;
		file->have_bytes += extent->hole ? len : until.have - from.have;
		file->lost_bytes += extent->hole ? 0 : until.lost - from.lost;
	}
	file->lost_bytes += node->size_bytes - placed; /* the file system names more bytes than it places */
	file->hoped_bytes = node->size_bytes - file->have_bytes - file->lost_bytes;
}

static void fill_entry(const struct respin_files *files, uint32_t index)
{
	const struct fs_node *node = &files->tree->nodes[index];
	struct respin_file *file = &files->entries[index];
	*file = (struct respin_file){.target = node->target,
				     .size_bytes = node->size_bytes,
				     .modified_s = node->modified_s,
				     .kind = node->kind,
				     .orphan = node->parent == FS_LOST,
				     .broken = node->broken};
	if (node->kind == FS_FILE)
		count_bytes(files, node, file);
	file->state = (uint8_t)judge(node, file);
}

/* ---- opening ---- */

static int open_image(struct respin_files *files, const char *path, struct respin_error *error)
{
	files->image = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	off_t end = files->image < 0 ? -1 : lseek(files->image, 0, SEEK_END);
	if (end < 0)
		return error_set(error, RESPIN_E_INVALID, errno, "%.300s: cannot be read: %s", path,
				 strerrordesc_np(errno));
	files->image_bytes = (uint64_t)end;
	return 0;
}

static struct fs_reader reader_of(struct respin_files *files)
{
	assert(files);
	struct respin_range span = files->map ? respin_map_span(files->map) : (struct respin_range){0, 0};
	uint64_t end = fs_disc_end(span.start + span.count, files->image_bytes);
	return (struct fs_reader){files, end / FS_SECTOR, read_sectors, read_sectors};
}

/* Callers of another version know fewer options. */
static struct fs_options options_of(const struct respin_files_options *options)
{
	struct respin_files_options own = {0};
	if (options)
		memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
	return (struct fs_options){.session_lba = own.session_lba, .first = own.first, .plain = own.plain};
}

static int walk(struct respin_files *files, const struct respin_files_options *options, const char *path,
		struct respin_error *error)
{
	const struct fs_reader reader = reader_of(files);
	const struct fs_options how = options_of(options);
	struct respin_error why = {0};
	int code = fs_read(&reader, &how, &files->tree, &why);
	if (code < 0)
		return error_set(error, code, why.sys_errno, "%.300s: %s", path, why.text);
	files->entries = calloc(files->tree->node_count, sizeof *files->entries);
	bool room = index_tree(files) && files->entries && tally_disc(files);
	for (size_t i = 0; room && i < files->tree->node_count; i++)
		fill_entry(files, (uint32_t)i);
	return room ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for the files");
}

void respin_files_destroy(struct respin_files *files)
{
	if (!files)
		return;
	free(files->path);
	free(files->tallies);
	free(files->entries);
	free(files->begins);
	fs_tree_destroy(files->tree);
	map_destroy(files->map);
	if (files->image >= 0)
		(void)close(files->image);
	free(files);
}

CLEANUP_DEFINE(files, struct respin_files, respin_files_destroy)

/* The image and its map; nothing is looked at yet. */
static int open_both(const char *image, const char *map, struct respin_files **result,
		     struct respin_error *error)
{
	_cleanup_(cleanup_files) struct respin_files *files = calloc(1, sizeof *files);
	if (!files)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for the files");
	files->image = -1;
	int code = map ? respin_map_load(map, NULL, &files->map, error) : 0;
	if (code == 0)
		code = open_image(files, image, error);
	if (code == 0)
		*result = take(files);
	return code;
}

int respin_files_sessions(const char *image, const char *map, struct respin_files_session *list, size_t most,
			  struct respin_error *error)
{
	_cleanup_(cleanup_files) struct respin_files *files = NULL;
	int code = open_both(image, map, &files, error);
	if (code < 0)
		return code;
	if (most > RESPIN_SESSIONS_MAX)
		most = RESPIN_SESSIONS_MAX;
	struct fs_session *found = calloc(most + 1, sizeof *found);
	if (!found)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for the sessions");
	const struct fs_reader reader = reader_of(files);
	size_t count = fs_sessions(&reader, found, most);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct respin_files_session){found[i].lba, found[i].udf};
	free(found);
	return (int)count;
}

int respin_files_open(const char *image, const char *map, const struct respin_files_options *options,
		      struct respin_files **result, struct respin_error *error)
{
	*result = NULL;
	_cleanup_(cleanup_files) struct respin_files *files = NULL;
	int code = open_both(image, map, &files, error);
	if (code == 0)
		code = walk(files, options, image, error);
	if (code < 0)
		return code;
	*result = take(files);
	return 0;
}

/* ---- what is asked ---- */

void respin_files_info(const struct respin_files *files, struct respin_files_info *info)
{
	const struct fs_tree *tree = files->tree;
	uint64_t first = files->first;
	size_t size = info->size < sizeof *info ? info->size : sizeof *info;
	struct respin_files_info own = {.size = size,
					.count = tree->node_count - first,
					.image_bytes = files->image_bytes,
					.volume_bytes = tree->claimed_sectors * FS_SECTOR,
					.cut = tree->cut,
					.doubt = (uint8_t)tree->doubt,
					.session_lba = tree->session_lba};
	memcpy(own.format, tree->format, sizeof own.format);
	memcpy(own.volume, tree->volume, sizeof own.volume);
	own.incomplete_directories = tree->nodes[FS_ROOT].incomplete;
	for (size_t i = first; i < tree->node_count; i++) {
		own.directories += tree->nodes[i].kind == FS_DIRECTORY;
		own.incomplete_directories +=
			tree->nodes[i].kind == FS_DIRECTORY && tree->nodes[i].incomplete;
		own.states[files->entries[i].state] += tree->nodes[i].kind == FS_FILE;
	}
	memcpy(info, &own, size);
}

int respin_files_at(struct respin_files *files, uint64_t index, struct respin_file *file)
{
	uint64_t first = files->first;
	if (index >= files->tree->node_count - first)
		return 0;
	struct respin_file own = files->entries[first + index];
	own.size = file->size < sizeof own ? file->size : sizeof own;
	free(files->path);
	own.path = files->path = fs_tree_path(files->tree, (uint32_t)(first + index));
	if (!own.path)
		return RESPIN_E_NOMEM;
	memcpy(file, &own, own.size);
	return 1;
}

static const struct fs_node *node_of(const struct respin_files *files, uint64_t index)
{
	uint64_t first = files->first;
	return index < files->tree->node_count - first ? &files->tree->nodes[first + index] : NULL;
}

int respin_files_missing(const struct respin_files *files, uint64_t index, uint64_t from,
			 struct respin_extent *stretch)
{
	const struct fs_node *node = node_of(files, index);
	struct respin_extent part;
	bool found = false;
	for (uint64_t pos = from; node && node->kind == FS_FILE && step(files, node, pos, &part);
	     pos += part.range.count) {
		if (!found && part.status == RESPIN_FINISHED)
			continue;
		if (found && (part.status != stretch->status))
			break;
		if (found)
			stretch->range.count += part.range.count;
		else
			*stretch = part;
		found = true;
	}
	return found;
}

int respin_files_run(const struct respin_files *files, uint64_t index, uint64_t from,
		     struct respin_file_run *run)
{
	const struct fs_node *node = node_of(files, index);
	struct respin_extent part;
	if (!node || node->kind != FS_FILE || !step(files, node, from, &part))
		return 0;
	struct fs_extent stretch = {0};
	struct respin_file_run own = {.file_bytes = from,
				      .len_bytes = part.range.count,
				      .status = part.status,
				      .placed = stretch_at(files, node, from, &stretch)};
	own.hole = stretch.hole;
	own.disc_bytes = stretch.disc_bytes;
	own.size = run->size < sizeof own ? run->size : sizeof own;
	memcpy(run, &own, own.size);
	return 1;
}

int64_t respin_files_read(struct respin_files *files, uint64_t index, void *data, size_t len,
			  uint64_t pos_bytes)
{
	const struct fs_node *node = node_of(files, index);
	struct respin_extent part;
	size_t done = 0;
	if (!node || node->kind != FS_FILE || pos_bytes >= node->size_bytes)
		return 0;
	if (len > node->size_bytes - pos_bytes)
		len = (size_t)(node->size_bytes - pos_bytes);
	while (done < len && step(files, node, pos_bytes + done, &part)) {
		struct fs_extent stretch = {.hole = 1};
		size_t n = part.range.count < len - done ? (size_t)part.range.count : len - done;
		bool placed = stretch_at(files, node, pos_bytes + done, &stretch);
		if (part.status != RESPIN_FINISHED || !placed || stretch.hole)
			memset((char *)data + done, 0, n);
		else if (read_image(files, (char *)data + done, n, stretch.disc_bytes))
			return RESPIN_E_INVALID;
		done += n;
	}
	return (int64_t)done;
}
