/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mapfile of a rescue: rendered from the durable map, replaced as a whole,
 * with the map found kept beside it and room held back for the last one. When it
 * is saved, and that the image came before, is store_commit.c's business.
 */
#include "io/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"

/* Room for the last map of some 150,000 extents when the disk is full; more where it is longer. */
#define RESERVE_BYTES (4u << 20)
#define RESERVE_CHUNK (256u << 10)

static void format_time(const struct store *store, char *text, size_t cap)
{
	time_t now = store->io.ops->wall_s(store->io.self);
	struct tm tm;
	if (!localtime_r(&now, &tm) || !strftime(text, cap, "%Y-%m-%d %H:%M:%S", &tm))
		*text = '\0';
}

/* Beside the map, so that a rename that loses both names cannot lose the rescue. */
static int save_twin(struct store *store)
{
	if (!store->twin_name)
		return 0;
	store->has_twin = true;
	return files_replace(&store->io, store->map_at->dir, store->twin_name, &store->text,
			     store->has_like ? &store->like : NULL, NULL);
}

static int replace_map(struct store *store)
{
	struct respin_io_stat made = {0};
	int rc = files_replace(&store->io, store->map_at->dir, store->map_at->name, &store->text,
			       store->has_like ? &store->like : NULL, &made);
	if (made.links) { /* renamed, even if the directory's sync then failed */
		store->map_id = made;
		store->map_hash = hash_bytes(store->text.data, store->text.len, 0);
		store->has_map = true;
	}
	store->map_unsure = rc;
	return rc;
}

/* At every instant one of the two is whole under its name: where there is no certain map, the other one stands for it. */
static int save_once(struct store *store)
{
	bool map_first = !store->has_map || store->map_unsure;
	int rc = map_first ? replace_map(store) : save_twin(store);
	if (!rc)
		rc = map_first ? save_twin(store) : replace_map(store);
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
		return store_error(error, rc, store->keep_name, "the old map cannot be kept");
	store->keep_name = NULL;
	buf_finish(&store->keep_text);
	return 0;
}

bool store_render(struct store *store)
{
	format_time(store, store->current_time, sizeof store->current_time);
	if (!*store->start_time)
		memcpy(store->start_time, store->current_time, sizeof store->start_time);
	store->head.start_time = store->start_time;
	store->head.current_time = store->current_time;
	store->head.trailer.generation++;
	buf_clear(&store->text);
	mapfile_render(store->map, store->layout.unit_bytes, store->layout.tail_bytes, &store->head,
		       &store->text);
	return !store->text.failed;
}

/* The server forgot the directory. Under its path, is it still the one with our map in it? */
static bool found_again(struct store *store)
{
	struct respin_io_stat now;
	if (place_reopen(&store->io, store->map_at))
		return false;
	int rc = store->io.ops->stat_at(store->io.self, store->map_at->dir, store->map_at->name, &now);
	return store->has_map ? !rc && files_same(&now, &store->map_id) : rc == -ENOENT;
}

int store_save_map(struct store *store, struct respin_error *error)
{
	uint64_t begun = store->io.ops->now_ns(store->io.self);
	int kept = keep_found_map(store, error);
	if (kept && store->reserve >= 0) {
		store_free_reserve(store);
		kept = keep_found_map(store, error);
	}
	if (kept)
		return kept;
	if (!store_render(store))
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");

	/* A second try writes everything anew: that is no repeated sync. */
	int failure = save_once(store);
	if (failure) {
		store_free_reserve(store);
		if ((failure == -ESTALE && !found_again(store)) || save_once(store))
			return store_error(error, failure, store->map_at->path, "cannot be saved");
		if (!store_lacks_room(failure))
			store_say(
				store,
				"%s: a sync or write failed (%s), it was written once more: see to that disk",
				store->map_at->path, strerrordesc_np(-failure));
	}
	store->last_save_ns = store->io.ops->now_ns(store->io.self) - begun;
	if (store->reserve >= 0 && store->text.len > store->reserve_bytes)
		(void)store_hold_reserve(store);
	return 0;
}

void store_drop_twin(struct store *store)
{
	if (store->has_twin)
		(void)store->io.ops->unlink(store->io.self, store->map_at->dir, store->twin_name);
	store->has_twin = false;
}

/* Bytes that a compressing file system cannot make small. */
static int fill(const struct store *store, uint64_t len)
{
	_cleanup_free_ uint64_t *noise = malloc(RESERVE_CHUNK);
	if (!noise)
		return -ENOMEM;
	struct rng rng = {len};
	for (uint64_t at = 0; at < len; at += RESERVE_CHUNK) {
		for (size_t i = 0; i < RESERVE_CHUNK / sizeof *noise; i++)
			noise[i] = rng_next(&rng);
		int rc = files_write(&store->io, store->reserve, noise, RESERVE_CHUNK, at);
		if (rc)
			return rc;
	}
	return 0;
}

static int make_reserve(const struct store *store)
{
	const struct respin_io *io = &store->io;
	int dir = store->map_at->dir;
	_cleanup_free_ char *hidden = files_name(".", store->map_at->name);
	_cleanup_free_ char *name = hidden ? files_name(hidden, ".reserve") : NULL;
	if (!name)
		return -ENOMEM;
	(void)io->ops->unlink(io->self, dir, name); /* a power cut may leave it behind */
	unsigned flags = RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_EXCLUSIVE | RESPIN_IO_NOFOLLOW;
	int file = files_open(io, dir, name, flags, 0600);
	/* Without a name it goes with the process, however that ends. */
	int rc = file < 0 ? file : io->ops->unlink(io->self, dir, name);
	if (file >= 0 && rc)
		(void)io->ops->close(io->self, file);
	return rc ? rc : file;
}

bool store_hold_reserve(struct store *store)
{
	uint64_t wanted = RESERVE_BYTES + store->text.len / RESERVE_CHUNK * RESERVE_CHUNK;
	store->wants_reserve = true;
	if (store->reserve >= 0 && store->reserve_bytes >= wanted)
		return true;
	store_free_reserve(store);
	store->reserve = make_reserve(store);
	if (store->reserve >= 0 && fill(store, wanted)) {
		store_free_reserve(store);
		return false;
	}
	store->reserve_bytes = wanted;
	return true; /* where it cannot be made at all there is nothing to wait for */
}

void store_free_reserve(struct store *store)
{
	if (store->reserve >= 0)
		(void)store->io.ops->close(store->io.self, store->reserve);
	store->reserve = -1;
}
