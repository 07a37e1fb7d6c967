/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapfile from a path or from standard input into memory, for those who only
 * look at it. What a rescue saves and takes up again is the store's business.
 */
#include <respin/map.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "core/mapfile.h"

#define CHUNK_BYTES (64u << 10)

static void close_file(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* One byte more than a map may have, so that the parser sees that it is too long. */
static int read_all(int fd, const char *name, struct buf *text, struct respin_error *error)
{
	while (text->len <= MAPFILE_MAX_BYTES) {
		char *room = buf_room(text, CHUNK_BYTES);
		if (!room)
			return error_set(error, RESPIN_E_NOMEM, 0, "%.300s: no memory for the map", name);
		ssize_t n = read(fd, room, CHUNK_BYTES);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, RESPIN_E_INVALID, errno, "%.300s: cannot be read: %s", name,
					 strerrordesc_np(errno));
		text->len += (size_t)n;
	}
	return 0;
}

int respin_map_load(const char *path, const struct respin_map_options *options, struct respin_map **map,
		    struct respin_error *error)
{
	bool from_stdin = strcmp(path, "-") == 0;
	const char *name = from_stdin ? "(stdin)" : path;
	if (options && (options->size < sizeof *options || options->gap_status >= RESPIN_STATUSES))
		return error_set(error, RESPIN_E_INVALID, 0, "%.300s: options that make no sense", name);

	_cleanup_(close_file) int fd = from_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
						  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set(error, RESPIN_E_INVALID, errno, "%.300s: cannot be opened: %s", name,
				 strerrordesc_np(errno));
	_cleanup_(buf_finish) struct buf text = {0};
	int code = read_all(fd, name, &text, error);
	if (code < 0)
		return code;
	return mapfile_parse(text.data, text.len, name, options, map, NULL, error);
}
