/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is left to do when the output itself is in trouble: open it anew once,
 * save the map in another place, say what happened. Never claims anything: a
 * group that went through here counts as unwritten until it was written again.
 */
#include "io/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Maps of other rescues that may lie in the emergency directory. */
#define EMERGENCY_NAMES 100u

bool store_lacks_room(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT;
}

static bool is_gone(int rc)
{
	return rc == -EROFS || rc == -ESTALE || rc == -ENODEV || rc == -ENXIO || rc == -ENOTCONN ||
	       rc == -EIO;
}

int store_error(struct respin_error *error, int rc, const char *path, const char *what)
{
	const char *advice = store_lacks_room(rc) ? "make room"
			     : is_gone(rc)        ? "when the disk is well again"
						  : NULL;
	int code = files_error(error, rc, path, what);
	size_t len = error && advice ? strlen(error->text) : 0;
	if (len)
		(void)snprintf(error->text + len, sizeof error->text - len,
			       ": what was saved is safe; %s, run the same command", advice);
	return code;
}

void store_say(struct store *store, const char *format, ...)
{
	size_t len = strlen(store->notice);
	if (len)
		len += (size_t)snprintf(store->notice + len, sizeof store->notice - len, "; ");
	if (len >= sizeof store->notice)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(store->notice + len, sizeof store->notice - len, format, args);
	va_end(args);
}

/* Is the file now open under the image's name the image? */
static int compare_image(struct store *store, int file)
{
	struct respin_io_stat now;
	struct respin_extent last;
	uint64_t end = 0;
	int rc = store->io.ops->stat(store->io.self, file, &now);
	if (rc)
		return rc;
	if (map_find_back(store->map, store->layout.units, MASK(RESPIN_FINISHED), &last))
		end = layout_pos(&store->layout, last.range.start + last.range.count);
	if (now.kind != RESPIN_IO_REGULAR || now.dev != store->image_id.dev ||
	    now.ino != store->image_id.ino || now.size_bytes < end)
		return -ESTALE;
	if (store->written_end > now.size_bytes)
		store->written_end = now.size_bytes; /* what went beyond was not durable */
	return witness_compare(&store->witness, &store->io, file, store->map);
}

int store_reopen(struct store *store)
{
	const struct respin_io *io = &store->io;
	if (store->reopened || store->image_kind != RESPIN_IO_REGULAR || !store->retain)
		return -ESTALE;
	store->reopened = true;
	int rc = place_reopen(io, store->image_at);
	if (rc)
		return rc;
	int file = files_open(io, store->image_at->dir, store->image_at->name,
			      RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_NOFOLLOW, 0);
	if (file < 0)
		return file;
	rc = compare_image(store, file);
	if (rc) {
		(void)io->ops->close(io->self, file);
		return rc;
	}
	(void)io->ops->close(io->self, store->image); /* and with it goes its lock */
	store->image = file;
	if (io->ops->lock(io->self, file) == -EAGAIN)
		return -ESTALE; /* somebody else was faster */
	(void)snprintf(
		store->notice, sizeof store->notice,
		"%s: the server had forgotten it: opened anew, what was not saved yet is written again",
		store->image_at->path);
	return store_rewrite(store);
}

int store_stat_image(struct store *store, struct respin_io_stat *stat)
{
	int rc = store->io.ops->stat(store->io.self, store->image, stat);
	if (rc == -ESTALE && !store_reopen(store))
		rc = store->io.ops->stat(store->io.self, store->image, stat);
	return rc;
}

int store_stat_at(struct store *store, struct place *place, struct respin_io_stat *stat)
{
	const struct respin_io *io = &store->io;
	int rc = io->ops->stat_at(io->self, place->dir, place->name, stat);
	if (rc == -ESTALE && !place_reopen(io, place))
		rc = io->ops->stat_at(io->self, place->dir, place->name, stat);
	return rc;
}

/* The map's own name, or the first one behind it that is free: it may be another rescue's. */
static int free_name(const struct store *store, char *name, size_t cap)
{
	const struct respin_io *io = &store->io;
	struct respin_io_stat there;
	int rc = 0;
	for (unsigned i = 0; i < EMERGENCY_NAMES && !rc; i++) {
		int len = i ? snprintf(name, cap, "%s.%u", store->map_at->name, i)
			    : snprintf(name, cap, "%s", store->map_at->name);
		if (len < 0 || (size_t)len >= cap)
			return -ENAMETOOLONG;
		rc = io->ops->stat_at(io->self, store->emergency->dir, name, &there);
	}
	return rc == -ENOENT ? 0 : rc ? rc : -EEXIST;
}

void store_save_elsewhere(struct store *store, struct respin_error *error)
{
	char name[256], where[sizeof error->text];
	if (!error || !store->emergency || !store_render(store) || free_name(store, name, sizeof name) ||
	    files_replace(&store->io, store->emergency->dir, name, &store->text, NULL, NULL))
		return;
	(void)snprintf(where, sizeof where,
		       "%s: cannot be saved: %s; the map of all that is safe lies in %s/%s: put it in the "
		       "old one's place before the next run",
		       store->map_at->path, strerrordesc_np(error->sys_errno), store->emergency->path, name);
	memcpy(error->text, where, sizeof where);
}
