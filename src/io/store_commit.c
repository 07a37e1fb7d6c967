/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Durability: the order of sync, fold and replace, and what is done when a sync
 * fails. Everything here is proved by crashing at every step (tests/unit).
 */
#include "io/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/block.h"
#include "base/cleanup.h"
#include "base/error.h"

#define READBACK_BYTES (1u << 20)
/* Room for the last map of some 150,000 extents when the disk is full. */
#define RESERVE_BYTES (4u << 20)

static int sync_once(struct store *store, bool last)
{
	return last ? files_sync(&store->io, store->image) : files_datasync(&store->io, store->image);
}

static int rewrite_group(struct store *store)
{
	for (size_t i = 0; i < store->group.write_count; i++) {
		const struct store_write *write = &store->group.writes[i];
		uint64_t pos = layout_pos(&store->layout, write->range.start);
		uint64_t end = layout_pos(&store->layout, write->range.start + write->range.count);
		int rc = files_write(&store->io, store->image, write->data, (size_t)(end - pos), pos);
		if (rc)
			return rc;
	}
	return 0;
}

static int compare_range(struct store *store, const struct store_write *write, struct respin_range range,
			 unsigned char *scratch)
{
	uint64_t base = layout_pos(&store->layout, write->range.start);
	uint64_t pos = layout_pos(&store->layout, range.start);
	uint64_t end = layout_pos(&store->layout, range.start + range.count);
	store->io.ops->drop_cache(store->io.self, store->image, pos, end - pos);
	while (pos < end) {
		size_t len = (size_t)(end - pos < READBACK_BYTES ? end - pos : READBACK_BYTES);
		int rc = files_read(&store->io, store->image, scratch, len, pos);
		if (rc)
			return rc;
		if (memcmp(scratch, write->data + (pos - base), len) != 0)
			return -EIO;
		pos += len;
	}
	return 0;
}

/* From the last write to the first: of what was written twice, only the newer bytes must be there. */
static int compare_group(struct store *store)
{
	_cleanup_map_ struct respin_map *seen = map_create(store->layout.units, RESPIN_NON_TRIED);
	unsigned char *scratch = block_alloc(READBACK_BYTES);
	int rc = seen && scratch ? 0 : -ENOMEM;
	for (size_t i = store->group.write_count; !rc && i-- > 0;) {
		const struct store_write *write = &store->group.writes[i];
		uint64_t end = write->range.start + write->range.count;
		struct respin_extent part;
		for (uint64_t at = write->range.start;
		     !rc && map_find(seen, at, MASK_UNFINISHED, &part) && part.range.start < end;
		     at = part.range.start + part.range.count) {
			if (part.range.count > end - part.range.start)
				part.range.count = end - part.range.start;
			rc = compare_range(store, write, part.range, scratch);
		}
		if (!rc && map_set(seen, write->range, RESPIN_FINISHED) < 0)
			rc = -ENOMEM;
	}
	respin_block_free(scratch);
	return rc;
}

/*
 * After a failed sync the kernel takes the pages for clean: syncing again would
 * succeed and mean nothing. Everything is written once more, through the same
 * handle, and read back.
 */
static int repair(struct store *store, bool last)
{
	if (!store->retain || !store->group.write_count)
		return -EIO; /* nothing at hand with which to make it good */
	int rc = rewrite_group(store);
	if (!rc)
		rc = sync_once(store, last);
	if (!rc)
		rc = compare_group(store);
	if (!rc)
		store->repaired++;
	return rc;
}

static int sync_image(struct store *store, bool last, struct respin_error *error)
{
	if (!store->group.write_count && !last)
		return 0;
	int failure = sync_once(store, last);
	if (!failure)
		return 0;
	if (store->image_kind == RESPIN_IO_OTHER) {
		store->sync_ignored = true;
		return 0;
	}
	if (!repair(store, last))
		return 0;
	return files_error(error, failure, store->image_at->path, "cannot be synced");
}

static int refuse_other(struct respin_error *error, const char *path)
{
	return error_set(error, RESPIN_E_OTHER_FILE, 0,
			 "%s: was replaced, removed or changed by another program: stopped, left as it is",
			 path);
}

/* Are image and map still the files that we work on? */
static int check_identity(const struct store *store, struct respin_error *error)
{
	const struct respin_io *io = &store->io;
	struct respin_io_stat now, open;
	if (store->image_kind == RESPIN_IO_REGULAR) {
		int rc = io->ops->stat(io->self, store->image, &open);
		if (rc)
			return files_error(error, rc, store->image_at->path, "cannot be asked");
		rc = io->ops->stat_at(io->self, store->image_at->dir, store->image_at->name, &now);
		if (!open.links || open.size_bytes < store->written_end || rc == -ENOENT || (!rc && (now.dev != open.dev || now.ino != open.ino)))
			return refuse_other(error, store->image_at->path);
		if (rc)
			return files_error(error, rc, store->image_at->path, "cannot be asked");
	}
	int rc = io->ops->stat_at(io->self, store->map_at->dir, store->map_at->name, &now);
	bool there = !rc;
	if (rc && rc != -ENOENT)
		return files_error(error, rc, store->map_at->path, "cannot be asked");
	if (there != store->has_map || (there && !files_same(&now, &store->map_id)))
		return refuse_other(error, store->map_at->path);
	return 0;
}

static void format_time(const struct store *store, char *text, size_t cap)
{
	time_t now = store->io.ops->wall_s(store->io.self);
	struct tm tm;
	if (!localtime_r(&now, &tm) || !strftime(text, cap, "%Y-%m-%d %H:%M:%S", &tm))
		*text = '\0';
}

static int save_once(struct store *store)
{
	struct respin_io_stat made = {0};
	int rc = files_replace(&store->io, store->map_at->dir, store->map_at->name, &store->text,
			       store->has_like ? &store->like : NULL, &made);
	if (made.links) { /* renamed, even if the directory's sync then failed */
		store->map_id = made;
		store->has_map = true;
	}
	return rc;
}

/* The map that this run found stays as .bak (or .damaged), from its first save on. */
static int keep_found_map(struct store *store, struct respin_error *error)
{
	if (!store->keep_name)
		return 0;
	int rc = files_replace(&store->io, store->map_at->dir, store->keep_name, &store->keep_text,
			       store->has_like ? &store->like : NULL, NULL);
	if (rc)
		return files_error(error, rc, store->keep_name, "the old map cannot be kept");
	store->keep_name = NULL;
	buf_finish(&store->keep_text);
	return 0;
}

int store_save_map(struct store *store, struct respin_error *error)
{
	uint64_t begun = store->io.ops->now_ns(store->io.self);
	int kept = keep_found_map(store, error);
	if (kept)
		return kept;
	format_time(store, store->current_time, sizeof store->current_time);
	if (!*store->start_time)
		memcpy(store->start_time, store->current_time, sizeof store->start_time);
	store->head.start_time = store->start_time;
	store->head.current_time = store->current_time;
	store->head.trailer.generation++;
	buf_clear(&store->text);
	mapfile_render(store->map, store->layout.unit_bytes, store->layout.tail_bytes, &store->head,
		       &store->text);
	if (store->text.failed)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");

	/* A second try writes everything anew: that is no repeated sync. */
	int failure = save_once(store);
	if (failure) {
		store_free_reserve(store);
		if (save_once(store))
			return files_error(error, failure, store->map_at->path, "cannot be saved");
	}
	store->last_save_ns = store->io.ops->now_ns(store->io.self) - begun;
	return 0;
}

/* Written back and synced: nothing of it need stay in the cache. Neighbours are dropped as one. */
static void drop_behind(struct store *store)
{
	const struct respin_io *io = &store->io;
	if (!store->retain)
		return;
	uint64_t start = 0, end = 0;
	for (size_t i = 0; i < store->group.write_count; i++) {
		struct respin_range range = store->group.writes[i].range;
		uint64_t pos = layout_pos(&store->layout, range.start);
		if (pos != end) {
			if (end > start)
				io->ops->drop_cache(io->self, store->image, start, end - start);
			start = pos;
		}
		end = layout_pos(&store->layout, range.start + range.count);
	}
	if (end > start)
		io->ops->drop_cache(io->self, store->image, start, end - start);
}

int store_commit(struct store *store, bool last, struct respin_error *error)
{
	if (!store_is_dirty(store) && !(last && store->touched))
		return 0;
	uint64_t begun = store->io.ops->now_ns(store->io.self);
	int rc = check_identity(store, error);
	if (rc)
		return rc;
	rc = sync_image(store, last, error);
	if (rc) {
		group_clear(&store->group);
		(void)store_save_map(store, NULL);
		return rc;
	}
	drop_behind(store);
	for (size_t i = 0; i < store->group.span_count; i++)
		if (map_apply(store->map, &store->group.spans[i]) < 0)
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");
	group_clear(&store->group);
	rc = store_save_map(store, error);
	store->commits += !rc;
	store->committed_ns += store->io.ops->now_ns(store->io.self) - begun;
	return rc;
}

void store_hold_reserve(struct store *store)
{
	const struct respin_io *io = &store->io;
	int dir = store->map_at->dir;
	_cleanup_free_ char *hidden = files_name(".", store->map_at->name);
	_cleanup_free_ char *name = hidden ? files_name(hidden, ".reserve") : NULL;
	_cleanup_free_ void *zeros = calloc(1, RESERVE_BYTES);
	if (!name || !zeros)
		return;
	(void)io->ops->unlink(io->self, dir, name); /* a power cut may leave it behind */
	unsigned flags = RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_EXCLUSIVE | RESPIN_IO_NOFOLLOW;
	store->reserve = files_open(io, dir, name, flags, 0600);
	if (store->reserve < 0)
		return;
	/* Without a name it goes with the process, however that ends. */
	if (io->ops->unlink(io->self, dir, name) || files_write(io, store->reserve, zeros, RESERVE_BYTES, 0))
		store_free_reserve(store);
}

void store_free_reserve(struct store *store)
{
	if (store->reserve >= 0)
		(void)store->io.ops->close(store->io.self, store->reserve);
	store->reserve = -1;
}
