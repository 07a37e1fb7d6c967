/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Durability: the order of sync, fold and replace, and what is done when a sync
 * fails. Everything here is proved by crashing at every step (tests/unit).
 */
#include "io/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

#define READBACK_BYTES (1u << 20)

static int sync_once(struct store *store, bool last)
{
	return last ? files_sync(&store->io, store->image) : files_datasync(&store->io, store->image);
}

int store_rewrite(struct store *store)
{
	for (size_t i = 0; i < store->group.write_count; i++) {
		const struct store_write *write = &store->group.writes[i];
		uint64_t pos = layout_pos(&store->layout, write->range.start);
		uint64_t end = layout_pos(&store->layout, write->range.start + write->range.count);
		int rc = holes_write(&store->holes, &store->io, store->image, write->data,
				     (size_t)(end - pos), pos);
		if (rc)
			return rc;
		if (end > store->written_end) /* it may have been shorter than we thought (store_reopen) */
			store->written_end = end;
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
 * handle, and read back; what was committed last as well, because the failure
 * may have been its own.
 */
static int repair(struct store *store, bool last)
{
	if (!store->retain || (!store->group.write_count && !store->past.count))
		return -EIO; /* nothing at hand with which to make it good */
	uint64_t doubted = store->past.doubted;
	int rc = past_check(store, true);
	/* The repairing sync may make last what is wrong: the map must have let go of it before. */
	if (!rc && store->past.doubted > doubted && store_save_map(store, NULL))
		rc = -EIO;
	if (!rc)
		rc = store_rewrite(store);
	if (!rc)
		rc = sync_once(store, last);
	if (!rc)
		rc = compare_group(store);
	if (!rc)
		rc = past_check(store, false);
	if (!rc)
		store->repaired++;
	return rc;
}

/* The sync failed. 0: it was made good. Otherwise what it failed with, and store->rewrite if that may pass. */
static int mend(struct store *store, bool last, int failure)
{
	if (failure == -ESTALE && store_reopen(store))
		return failure;
	int again = repair(store, last);
	if (!again) {
		store_say(store, "%s: a sync failed (%s), all of it was written once more: see to that disk",
			  store->image_at->path, strerrordesc_np(-failure));
		return 0;
	}
	store->rewrite = store->retain && store->group.write_count && store_lacks_room(again);
	if (!store->rewrite)
		(void)past_check(store, false); /* before the last map is saved */
	return store->rewrite ? again : failure;
}

static int sync_image(struct store *store, bool last, struct respin_error *error)
{
	if (!store->group.write_count && !last)
		return 0;
	/* Where the last one failed for want of room, asking again would mean nothing. */
	int failure = store->rewrite ? -ENOSPC : sync_once(store, last);
	store->rewrite = false;
	if (!failure)
		return 0;
	if (store->image_kind == RESPIN_IO_OTHER) {
		store->sync_ignored = true;
		return 0;
	}
	failure = mend(store, last, failure);
	return failure ? store_error(error, failure, store->image_at->path, "cannot be synced") : 0;
}

static int refuse_other(struct respin_error *error, const char *path)
{
	return error_set(error, RESPIN_E_OTHER_FILE, 0,
			 "%s: was replaced, removed or changed by another program: stopped, left as it is",
			 path);
}

static int check_image(struct store *store, struct respin_error *error)
{
	struct respin_io_stat now, open;
	if (store->image_kind != RESPIN_IO_REGULAR)
		return 0;
	int rc = store_stat_image(store, &open);
	if (rc)
		return store_error(error, rc, store->image_at->path, "cannot be asked");
	rc = store_stat_at(store, store->image_at, &now);
	if (!open.links || open.size_bytes < store->written_end || rc == -ENOENT ||
	    (!rc && (now.dev != open.dev || now.ino != open.ino)))
		return refuse_other(error, store->image_at->path);
	return rc ? store_error(error, rc, store->image_at->path, "cannot be asked") : 0;
}

/*
 * GNU ddrescue writes its map in place: the same inode, often the same length.
 * The time tells; where it moves without a reason (SMB sets it at close, FAT
 * rounds it) the text does.
 */
static bool map_is_ours(struct store *store, const struct respin_io_stat *now)
{
	if (!files_same(now, &store->map_id))
		return false;
	if (now->modified_ns == store->map_id.modified_ns)
		return true;
	struct buf text = {0};
	int rc = files_load(&store->io, store->map_at->dir, store->map_at->name, RESPIN_IO_NOFOLLOW,
			    (size_t)now->size_bytes, &text, NULL);
	bool same = !rc && hash_bytes(text.data, text.len, 0) == store->map_hash;
	buf_finish(&text);
	store->map_id.modified_ns = now->modified_ns;
	return same;
}

/* Are image and map still the files that we work on? */
static int check_identity(struct store *store, struct respin_error *error)
{
	int rc = check_image(store, error);
	if (rc)
		return rc;
	struct respin_io_stat now;
	rc = store_stat_at(store, store->map_at, &now);
	bool there = !rc;
	store->map_gone = rc == -ENOENT ? 0 : rc;
	if (store->map_gone && store->emergency)
		return 0; /* the image is another matter, and the map has somewhere to go */
	if (store->map_gone)
		return store_error(error, rc, store->map_at->path, "cannot be asked");
	if (there != store->has_map || (there && !map_is_ours(store, &now)))
		return refuse_other(error, store->map_at->path);
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

static int fold(struct store *store, struct respin_error *error)
{
	for (size_t i = 0; i < store->group.span_count; i++)
		if (map_apply(store->map, &store->group.spans[i]) < 0)
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");
	group_clear(&store->group);
	return 0;
}

/* The image is safe; now the map. What cannot be waited for goes where the person said. */
static int save(struct store *store, struct respin_error *error)
{
	struct respin_error why = {0};
	int rc = store->map_gone ? store_error(&why, store->map_gone, store->map_at->path, "cannot be asked")
				 : store_save_map(store, &why);
	store->unsaved = rc && store_lacks_room(-why.sys_errno);
	if (rc && !store->unsaved)
		store_save_elsewhere(store, &why);
	if (rc && error)
		*error = why;
	return rc;
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
		if (!store->rewrite)
			store_give_up(store, error);
		return rc;
	}
	drop_behind(store);
	past_take(store);
	rc = fold(store, error);
	if (rc)
		return rc;
	rc = save(store, error);
	store->reopened = store->reopened && rc;
	store->commits += !rc;
	store->committed_ns += store->io.ops->now_ns(store->io.self) - begun;
	return rc;
}

void store_give_up(struct store *store, struct respin_error *error)
{
	if (store->unsaved)
		store_save_elsewhere(store, error);
	store->unsaved = store->rewrite = false;
	if (!store->group.span_count)
		return;
	group_clear(&store->group);
	if (!store->map_gone)
		(void)store_save_map(store, NULL);
}
