/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image and its map, read only, see partial.h. Decides nothing about what to believe. */
#include "io/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "io/files.h"

#define UNIT_BYTES 2048u
#define RAW_UNIT_BYTES 2352u /* a CD's whole sector */
#define UNIT_BYTES_MAX 4096u

void partial_close(struct partial *partial)
{
	if (partial->image >= 0)
		(void)close(partial->image);
	map_destroy(partial->map);
	free(partial->image_path);
	free(partial->map_path);
	*partial = (struct partial){.image = -1};
}

static int no_memory(struct respin_error *error)
{
	return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for an image's map");
}

/* "IMAGE,MAPFILE", "IMAGE", or a name that holds a comma itself. */
static int take_address(struct partial *partial, const char *address, bool whole, struct respin_error *error)
{
	const char *comma = whole || access(address, F_OK) == 0 ? NULL : strrchr(address, ',');
	partial->image_path = comma ? strndup(address, (size_t)(comma - address)) : strdup(address);
	if (!partial->image_path)
		return no_memory(error);
	if (!*partial->image_path || (comma && !comma[1]))
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%s: an image is named as IMAGE or IMAGE,MAPFILE", address);
	if (whole)
		return 0;
	partial->map_path = comma ? strdup(comma + 1) : files_name(address, ".map");
	return partial->map_path ? 0 : no_memory(error);
}

static int open_failed(const char *path, int err, struct respin_error *error)
{
	return error_set(error, err == EACCES || err == EPERM ? RESPIN_E_PERMISSION : RESPIN_E_SOURCE, err,
			 "%s: %s", path, strerrordesc_np(err));
}

int partial_open_image(const char *path, struct respin_io_stat *id, struct respin_error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file < 0)
		return open_failed(path, errno, error);
	struct stat st;
	off_t end = fstat(file, &st) < 0 ? -1 : lseek(file, 0, SEEK_END);
	int rc = 0;
	if (end < 0)
		rc = open_failed(path, errno, error);
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		rc = error_set(error, RESPIN_E_SOURCE, 0, "%s: an image is a file or a block device", path);
	if (rc < 0) {
		(void)close(file);
		return rc;
	}
	*id = (struct respin_io_stat){
		.dev = st.st_dev, .ino = st.st_ino, .rdev = st.st_rdev, .size_bytes = (uint64_t)end};
	(void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
	return file;
}

static int load_map(struct partial *partial, struct buf *text, struct respin_map **bytes,
		    struct mapfile_info *info, struct respin_error *error)
{
	const struct respin_io io = respin_io_real();
	const char *path = partial->map_path;
	struct place at = {.dir = -1};
	int rc = place_open(&io, path, &at, error);
	if (rc == 0) {
		rc = files_load(&io, at.dir, at.name, 0, MAPFILE_MAX_BYTES, text, &partial->map_id);
		if (rc == -ENOENT)
			rc = error_set(error, RESPIN_E_IMAGE_NO_MAP, ENOENT,
				       "%s: there is no map %s: name it as IMAGE,MAPFILE",
				       partial->image_path, path);
		else if (rc == -EFBIG)
			rc = error_set(error, RESPIN_E_MAP_DAMAGED, EFBIG, "%s: too large for a mapfile",
				       path);
		else if (rc < 0)
			rc = open_failed(path, -rc, error);
	}
	place_close(&io, &at);
	if (rc == 0)
		rc = mapfile_parse(text->data ? text->data : "", text->len, path, NULL, bytes, info, error);
	if (rc == 0 && info->torn)
		rc = error_set(error, RESPIN_E_MAP_DAMAGED, 0,
			       "%s: was cut short: its backup %s.bak may be whole", path, path);
	return rc;
}

static uint64_t disc_bytes(struct partial *partial, const struct respin_map *bytes)
{
	struct respin_range span = map_span(bytes);
	uint64_t end = span.start + span.count;
	partial->sized = true;
	if (partial->trailer.present && partial->trailer.image_size_bytes)
		return partial->trailer.image_size_bytes;
	if (span.count && end < MAPFILE_MAX_POS)
		return end;
	partial->sized = false; /* "as far as the disc may go": the image's length is all there is */
	return partial->image_id.size_bytes;
}

static uint32_t guess_unit(uint64_t size_bytes)
{
	return size_bytes % UNIT_BYTES && size_bytes % RAW_UNIT_BYTES == 0 ? RAW_UNIT_BYTES : UNIT_BYTES;
}

static void lay_out(struct partial *partial, uint64_t size_bytes, uint32_t unit_bytes)
{
	partial->unit_known = unit_bytes != 0;
	if (!unit_bytes)
		unit_bytes = guess_unit(size_bytes);
	partial->layout = (struct layout){(size_bytes + unit_bytes - 1) / unit_bytes, unit_bytes,
					  (uint32_t)(size_bytes % unit_bytes)};
}

/* The image must hold what its map calls finished. */
static int check_length(const struct partial *partial, struct respin_error *error)
{
	struct respin_extent last;
	if (!map_find_back(partial->map, partial->layout.units, MASK(RESPIN_FINISHED), &last))
		return 0;
	uint64_t end = layout_pos(&partial->layout, last.range.start + last.range.count);
	if (end <= partial->image_id.size_bytes)
		return 0;
	return error_set(error, RESPIN_E_IMAGE_SHORT, 0,
			 "%s: has %llu bytes, its map claims data up to byte %llu: is it the right map?",
			 partial->image_path, (unsigned long long)partial->image_id.size_bytes,
			 (unsigned long long)end);
}

/* A whole image's map is one run; `layout` NULL: as the map and the image have it. */
static int fit(struct partial *partial, const struct layout *layout, struct respin_error *error)
{
	_cleanup_(buf_finish) struct buf text = {0};
	_cleanup_map_ struct respin_map *bytes = NULL;
	struct mapfile_info info = {0};
	if (partial->map_path) {
		int rc = load_map(partial, &text, &bytes, &info, error);
		if (rc < 0)
			return rc;
		if (info.keep_bytes > UNIT_BYTES_MAX)
			return error_set(error, RESPIN_E_MAP_DAMAGED, 0,
					 "%s: no disc has sectors of %u bytes", partial->map_path,
					 info.keep_bytes);
		partial->trailer = info.trailer;
		partial->map_hash = hash_bytes(text.data, text.len, 0) | 1;
	}
	if (layout)
		partial->layout = *layout;
	else if (bytes)
		lay_out(partial, disc_bytes(partial, bytes), info.keep_bytes);
	else
		lay_out(partial, partial->image_id.size_bytes, 0);
	if (!bytes)
		partial->sized = true;
	if (partial->layout.units == 0)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: it is empty", partial->image_path);
	map_destroy(take(partial->map));
	if (bytes)
		return mapfile_import(bytes, partial->layout.units, partial->layout.unit_bytes,
				      partial->layout.tail_bytes, partial->map_path, &partial->map, error);
	partial->map = map_create(partial->layout.units, RESPIN_NON_TRIED);
	uint64_t have = partial->image_id.size_bytes / partial->layout.unit_bytes;
	if (partial->image_id.size_bytes >= layout_pos(&partial->layout, partial->layout.units))
		have = partial->layout.units;
	if (!partial->map || map_set(partial->map, (struct respin_range){0, have}, RESPIN_FINISHED) < 0)
		return no_memory(error);
	return 0;
}

int partial_refit(struct partial *partial, const struct layout *layout, struct respin_error *error)
{
	int rc = fit(partial, layout, error);
	return rc < 0 ? rc : check_length(partial, error);
}

int partial_open(const char *address, bool whole, struct partial *partial, struct respin_error *error)
{
	*partial = (struct partial){.image = -1};
	int rc = take_address(partial, address, whole, error);
	if (rc == 0) {
		partial->image = partial_open_image(partial->image_path, &partial->image_id, error);
		rc = partial->image < 0 ? partial->image : 0;
	}
	if (rc == 0)
		rc = partial_refit(partial, NULL, error);
	if (rc < 0)
		partial_close(partial);
	return rc;
}

int partial_read(const struct partial *partial, struct respin_range range, void *data)
{
	uint64_t pos = layout_pos(&partial->layout, range.start);
	size_t len = partial_bytes(&partial->layout, range);
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(partial->image, (char *)data + done, len - done, (off_t)(pos + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		done += (size_t)n;
	}
	return 0;
}
