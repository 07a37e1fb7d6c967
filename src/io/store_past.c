/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembering the last committed group, and making sure of it after a failed sync. Syncs nothing itself. */
#include "io/store_past.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "io/store.h"

void past_finish(struct past *past)
{
	free(past->writes);
	free(past->hashes);
	*past = (struct past){0};
}

static bool make_room(void **array, size_t *cap, size_t count, size_t each)
{
	if (*cap >= count)
		return true;
	void *larger = reallocarray(*array, count, each);
	if (!larger)
		return false;
	*array = larger;
	*cap = count;
	return true;
}

static size_t unit_len(const struct store *store, uint64_t unit)
{
	return (size_t)(layout_pos(&store->layout, unit + 1) - layout_pos(&store->layout, unit));
}

void past_take(struct store *store)
{
	struct past *past = &store->past;
	const struct group *group = &store->group;
	size_t units = 0;
	if (!store->retain || !group->write_count)
		return; /* no sync, so nothing was confirmed since either */
	for (size_t i = 0; i < group->write_count; i++)
		units += group->writes[i].range.count;
	/* What was written once more beside this group hangs on the same sync, and on the next one's word. */
	if (past->repaired == store->repaired)
		past->count = past->hash_count = 0;
	past->repaired = store->repaired;
	if (!make_room((void **)&past->writes, &past->write_cap, past->count + group->write_count,
		       sizeof *past->writes) ||
	    !make_room((void **)&past->hashes, &past->hash_cap, past->hash_count + units,
		       sizeof *past->hashes))
		return;
	for (size_t i = 0; i < group->write_count; i++) {
		const struct respin_range range = group->writes[i].range;
		const unsigned char *data = group->writes[i].data;
		past->writes[past->count++] = (struct past_write){range, past->hash_count};
		for (uint64_t unit = range.start; unit < range.start + range.count; unit++) {
			past->hashes[past->hash_count++] = hash_bytes(data, unit_len(store, unit), 0);
			data += unit_len(store, unit);
		}
	}
}

static int take_back(struct store *store, uint64_t unit)
{
	store->past.doubted++;
	return map_set(store->map, (struct respin_range){unit, 1}, RESPIN_NON_TRIMMED) < 0 ? -ENOMEM : 0;
}

static int check_unit(struct store *store, uint64_t unit, uint64_t hash, bool rewrite, unsigned char *bytes)
{
	size_t len = unit_len(store, unit);
	uint64_t pos = layout_pos(&store->layout, unit);
	if (map_at(store->map, unit) != RESPIN_FINISHED)
		return 0;
	int rc = files_read(&store->io, store->image, bytes, len, pos);
	if (rc)
		return rc; /* says nothing against its own sync; and a disk that is gone is asked no more */
	if (hash_bytes(bytes, len, 0) != hash)
		return take_back(store, unit);
	/* A hole cannot be lost; with blocks in it, it could show what these held before. */
	if (holes_have(&store->holes, pos, len))
		rewrite = false;
	return rewrite ? files_write(&store->io, store->image, bytes, len, pos) : 0;
}

/* From the last write to the first: of what was written twice, only the newer bytes can be there. */
int past_check(struct store *store, bool rewrite)
{
	const struct past *past = &store->past;
	if (!past->count)
		return 0;
	_cleanup_free_ unsigned char *bytes = malloc(store->layout.unit_bytes);
	_cleanup_map_ struct respin_map *seen = map_create(store->layout.units, RESPIN_NON_TRIED);
	uint64_t doubted = past->doubted;
	int rc = bytes && seen ? 0 : -ENOMEM;
	for (size_t i = past->count; !rc && i-- > 0;) {
		const struct respin_range range = past->writes[i].range;
		const uint64_t *hashes = past->hashes + past->writes[i].first;
		uint64_t pos = layout_pos(&store->layout, range.start);
		uint64_t end = layout_pos(&store->layout, range.start + range.count);
		if (!rewrite)
			store->io.ops->drop_cache(store->io.self, store->image, pos, end - pos);
		for (uint64_t k = 0; !rc && k < range.count; k++)
			if (map_at(seen, range.start + k) != RESPIN_FINISHED)
				rc = check_unit(store, range.start + k, hashes[k], rewrite, bytes);
		if (!rc && map_set(seen, range, RESPIN_FINISHED) < 0)
			rc = -ENOMEM;
	}
	if (past->doubted > doubted)
		store_say(store,
			  "%s: the disk lost what it had called safe: %llu sectors are to be read again",
			  store->image_at->path, (unsigned long long)(past->doubted - doubted));
	return rc;
}
