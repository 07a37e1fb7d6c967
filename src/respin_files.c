/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of an image: a walker of src/fs below, the image and its map
 * beside it. Writes nothing; the bytes are judged by the map alone.
 */
#include <respin/files.h>

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

struct respin_files {
	int image;
	uint64_t image_bytes;
	struct respin_map *map; /* of bytes; NULL: all of the image is there */
	struct fs_tree *tree;
	uint64_t first; /* the first entry's node: not the root, and FS_LOST only if something hangs there */
	uint64_t *begins; /* of each extent: the place in its file */
	char *path;       /* of the entry that was asked for last: all of them could be gigabytes */
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
	if (!is_there(files, pos, len))
		return -ENODATA;
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
	if (node->incomplete)
		return RESPIN_FILE_UNKNOWN;
	if (node->kind != FS_FILE || file->have_bytes == file->size_bytes)
		return RESPIN_FILE_WHOLE;
	return file->have_bytes || file->lost_bytes ? RESPIN_FILE_HIT : RESPIN_FILE_UNTOUCHED;
}

static void fill_entry(const struct respin_files *files, uint32_t index)
{
	const struct fs_node *node = &files->tree->nodes[index];
	struct respin_file *file = &files->entries[index];
	struct respin_extent part;
	*file = (struct respin_file){.target = node->target,
				     .size_bytes = node->size_bytes,
				     .modified_s = node->modified_s,
				     .kind = node->kind,
				     .orphan = node->parent == FS_LOST,
				     .broken = node->broken};
	for (uint64_t pos = 0; node->kind == FS_FILE && step(files, node, pos, &part);
	     pos += part.range.count)
		*(part.status == RESPIN_FINISHED ? &file->have_bytes
		  : part.status == RESPIN_BAD    ? &file->lost_bytes
						 : &file->hoped_bytes) += part.range.count;
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

static int walk(struct respin_files *files, const struct respin_files_options *options, const char *path,
		struct respin_error *error)
{
	struct respin_range span = files->map ? respin_map_span(files->map) : (struct respin_range){0, 0};
	uint64_t end =
		span.start + span.count > files->image_bytes ? span.start + span.count : files->image_bytes;
	const struct fs_reader reader = {files, end / FS_SECTOR, read_sectors};
	const struct fs_options how = {options ? options->session_lba : 0, options && options->plain};
	struct respin_error why = {0};
	int code = fs_read(&reader, &how, &files->tree, &why);
	if (code < 0)
		return error_set(error, code, why.sys_errno, "%.300s: %s", path, why.text);
	files->entries = calloc(files->tree->node_count, sizeof *files->entries);
	bool room = index_tree(files) && files->entries;
	for (size_t i = 0; room && i < files->tree->node_count; i++)
		fill_entry(files, (uint32_t)i);
	return room ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for the files");
}

void respin_files_destroy(struct respin_files *files)
{
	if (!files)
		return;
	free(files->path);
	free(files->entries);
	free(files->begins);
	fs_tree_destroy(files->tree);
	map_destroy(files->map);
	if (files->image >= 0)
		(void)close(files->image);
	free(files);
}

CLEANUP_DEFINE(files, struct respin_files, respin_files_destroy)

int respin_files_open(const char *image, const char *map, const struct respin_files_options *options,
		      struct respin_files **result, struct respin_error *error)
{
	*result = NULL;
	_cleanup_(cleanup_files) struct respin_files *files = calloc(1, sizeof *files);
	if (!files)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for the files");
	files->image = -1;
	int code = map ? respin_map_load(map, NULL, &files->map, error) : 0;
	if (code == 0)
		code = open_image(files, image, error);
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
					.cut = tree->cut};
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
