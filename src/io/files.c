/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole reads and writes, and the durable replacement. Knows neither images nor maps. */
#include "io/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define NEW_FILE_MODE 0666u /* the umask takes away what its owner does not want */
/* Most files that are loaded are small; a long one is read in ever larger pieces. */
#define LOAD_FIRST (4u << 10)
#define LOAD_CHUNK (256u << 10)
/* A call that a signal interrupted is repeated. So many in a row are no signals but a file system gone wrong. */
#define INTERRUPTIONS_MAX 100u

static bool again(int64_t rc, unsigned *interruptions)
{
	return rc == -EINTR && ++*interruptions < INTERRUPTIONS_MAX;
}

/* What comes before the last slash, for open_dir. NULL: no memory. */
static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

int place_open(const struct respin_io *io, const char *path, struct place *place, struct respin_error *error)
{
	*place = (struct place){.dir = -1};
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return error_set(error, RESPIN_E_INVALID, 0, "\"%s\": not the name of a file", path);

	_cleanup_free_ char *dir = dir_of(path);
	place->name = strdup(name);
	place->path = strdup(path);
	if (!dir || !place->name || !place->path)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	place->dir = io->ops->open_dir(io->self, dir);
	if (place->dir < 0)
		return files_error(error, place->dir, dir, "cannot open the directory");
	return 0;
}

int place_reopen(const struct respin_io *io, struct place *place)
{
	_cleanup_free_ char *path = dir_of(place->path);
	int dir = path ? io->ops->open_dir(io->self, path) : -ENOMEM;
	if (dir < 0)
		return dir;
	(void)io->ops->close(io->self, place->dir);
	place->dir = dir;
	return 0;
}

void place_close(const struct respin_io *io, struct place *place)
{
	if (place->path && place->dir >= 0)
		(void)io->ops->close(io->self, place->dir);
	free(place->name);
	free(place->path);
	*place = (struct place){.dir = -1};
}

char *files_name(const char *name, const char *suffix)
{
	size_t len = strlen(name), more = strlen(suffix);
	char *whole = malloc(len + more + 1);
	if (!whole)
		return NULL;
	memcpy(whole, name, len);
	memcpy(whole + len, suffix, more + 1);
	return whole;
}

int files_code(int rc)
{
	switch (-rc) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return RESPIN_E_FULL;
	case ENOMEM:
		return RESPIN_E_NOMEM;
	default:
		return RESPIN_E_OUTPUT;
	}
}

int files_error(struct respin_error *error, int rc, const char *path, const char *what)
{
	const char *reason = strerrordesc_np(-rc);
	return error_set(error, files_code(rc), -rc, "%s: %s: %s", path, what,
			 reason ? reason : "unknown error");
}

int files_open(const struct respin_io *io, int dir, const char *name, unsigned flags, unsigned mode)
{
	unsigned interruptions = 0;
	int file;
	do
		file = io->ops->open(io->self, dir, name, flags, mode);
	while (again(file, &interruptions));
	return file;
}

int files_write(const struct respin_io *io, int file, const void *data, size_t len, uint64_t pos_bytes)
{
	const unsigned char *p = data;
	unsigned interruptions = 0;
	while (len) {
		int64_t n = io->ops->pwrite(io->self, file, p, len, pos_bytes);
		if (again(n, &interruptions))
			continue;
		if (n <= 0)
			return n ? (int)n : -ENOSPC; /* a write that takes nothing: no room */
		interruptions = 0;
		p += n;
		len -= (size_t)n;
		pos_bytes += (uint64_t)n;
	}
	return 0;
}

int files_stream(const struct respin_io *io, int file, const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned interruptions = 0;
	while (len) {
		int64_t n = io->ops->write(io->self, file, p, len);
		if (again(n, &interruptions))
			continue;
		if (n <= 0)
			return n ? (int)n : -ENOSPC;
		interruptions = 0;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int files_read(const struct respin_io *io, int file, void *data, size_t len, uint64_t pos_bytes)
{
	unsigned char *p = data;
	unsigned interruptions = 0;
	while (len) {
		int64_t n = io->ops->pread(io->self, file, p, len, pos_bytes);
		if (again(n, &interruptions))
			continue;
		if (n <= 0)
			return n ? (int)n : -ENODATA;
		interruptions = 0;
		p += n;
		len -= (size_t)n;
		pos_bytes += (uint64_t)n;
	}
	return 0;
}

int files_truncate(const struct respin_io *io, int file, uint64_t size_bytes)
{
	unsigned interruptions = 0;
	int rc;
	do
		rc = io->ops->truncate(io->self, file, size_bytes);
	while (again(rc, &interruptions));
	return rc;
}

int files_datasync(const struct respin_io *io, int file)
{
	unsigned interruptions = 0;
	int rc;
	do
		rc = io->ops->datasync(io->self, file);
	while (again(rc, &interruptions));
	return rc;
}

int files_sync(const struct respin_io *io, int file)
{
	unsigned interruptions = 0;
	int rc;
	do
		rc = io->ops->sync(io->self, file);
	while (again(rc, &interruptions));
	return rc;
}

int files_sync_dir(const struct respin_io *io, int dir)
{
	unsigned interruptions = 0;
	int rc;
	do
		rc = io->ops->sync_dir(io->self, dir);
	while (again(rc, &interruptions));
	return rc == -EINVAL || rc == -EOPNOTSUPP ? 0 : rc;
}

static int load_open(const struct respin_io *io, int file, size_t max, struct buf *out)
{
	unsigned interruptions = 0;
	size_t chunk = LOAD_FIRST;
	for (;;) {
		char *room = buf_room(out, chunk);
		if (!room)
			return -ENOMEM;
		int64_t n = io->ops->pread(io->self, file, room, chunk, out->len);
		if (again(n, &interruptions))
			continue;
		if (n <= 0)
			return (int)n;
		interruptions = 0;
		out->len += (size_t)n;
		if (out->len > max)
			return -EFBIG;
		if (chunk < LOAD_CHUNK)
			chunk *= 2;
	}
}

/* A pipe without a writer would hold up the open for ever, a device may do anything at it. */
static int look_first(const struct respin_io *io, int dir, const char *name)
{
	struct respin_io_stat stat;
	int rc = io->ops->stat_at(io->self, dir, name, &stat);
	return rc ? rc : stat.kind == RESPIN_IO_REGULAR ? 0 : -EINVAL;
}

int files_load(const struct respin_io *io, int dir, const char *name, unsigned flags, size_t max,
	       struct buf *out, struct respin_io_stat *stat)
{
	int looked = flags & RESPIN_IO_NOFOLLOW ? look_first(io, dir, name) : 0;
	if (looked)
		return looked;
	int file = files_open(io, dir, name, RESPIN_IO_READ | flags, 0);
	if (file < 0)
		return file;
	int rc = stat ? io->ops->stat(io->self, file, stat) : 0;
	if (!rc && stat && stat->kind == RESPIN_IO_REGULAR && stat->size_bytes > max)
		rc = -EFBIG; /* without reading a gigabyte of it */
	if (!rc)
		rc = load_open(io, file, max, out);
	/* An end that comes too early would make a whole file look torn. */
	if (!rc && stat && stat->kind == RESPIN_IO_REGULAR && out->len < stat->size_bytes)
		rc = -EIO;
	(void)io->ops->close(io->self, file);
	return rc;
}

static int create_tmp(const struct respin_io *io, int dir, const char *tmp)
{
	unsigned flags = RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_EXCLUSIVE |
			 RESPIN_IO_NOFOLLOW;
	int file = files_open(io, dir, tmp, flags, NEW_FILE_MODE);
	if (file != -EEXIST)
		return file;
	int rc = io->ops->unlink(io->self, dir, tmp);
	return rc < 0 ? rc : files_open(io, dir, tmp, flags, NEW_FILE_MODE);
}

static int fill_tmp(const struct respin_io *io, int file, const struct buf *text,
		    const struct respin_io_stat *like, struct respin_io_stat *made)
{
	if (like)
		io->ops->adopt(io->self, file, like);
	int rc = files_write(io, file, text->data, text->len, 0);
	if (!rc)
		rc = files_sync(io, file);
	if (!rc)
		rc = io->ops->stat(io->self, file, made);
	int closed = io->ops->close(io->self, file); /* never repeated: the handle is gone either way */
	return rc ? rc : closed;
}

int files_replace(const struct respin_io *io, int dir, const char *name, const struct buf *text,
		  const struct respin_io_stat *like, struct respin_io_stat *made)
{
	_cleanup_free_ char *hidden = files_name(".", name);
	_cleanup_free_ char *tmp = hidden ? files_name(hidden, ".tmp") : NULL;
	if (!tmp || text->failed)
		return -ENOMEM;
	int file = create_tmp(io, dir, tmp);
	if (file < 0)
		return file;
	struct respin_io_stat new;
	int rc = fill_tmp(io, file, text, like, &new);
	if (!rc)
		rc = io->ops->rename(io->self, dir, tmp, name);
	if (rc) {
		(void)io->ops->unlink(io->self, dir, tmp);
		return rc;
	}
	if (made)
		*made = new;
	return files_sync_dir(io, dir);
}

bool files_same(const struct respin_io_stat *a, const struct respin_io_stat *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size_bytes == b->size_bytes;
}
