/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status map: runs of one status from 0 to a fixed total, counted as they
 * change. Neighbouring runs always differ. Does not know what is being
 * rescued.
 */
#include "core/map.h"

#include <assert.h>
#include <stdlib.h>

#include "core/map_tree.h"

/* Runs that are fetched at once: a page of the stack. */
#define COPY_RUNS 128

struct respin_map {
	uint64_t total;
	struct tree tree;
	uint64_t count[RESPIN_STATUSES];
	uint64_t areas[RESPIN_STATUSES];
	struct respin_map_position position;
	struct respin_range span;
};

static uint8_t bit_of(enum respin_status status)
{
	return (uint8_t)(1u << status);
}

static enum respin_status status_of(uint8_t bit)
{
	return (enum respin_status)__builtin_ctz(bit);
}

char respin_status_char(enum respin_status status)
{
	assert((unsigned)status < RESPIN_STATUSES);
	return "?*/-+"[status];
}

struct respin_map *map_create(uint64_t total, enum respin_status status)
{
	struct respin_map *map = calloc(1, sizeof *map);
	if (!map || !tree_init(&map->tree, 0, bit_of(status))) {
		free(map);
		return NULL;
	}
	map->total = total;
	map->count[status] = total;
	map->areas[status] = total > 0;
	map->span = (struct respin_range){0, total};
	return map;
}

void map_destroy(struct respin_map *map)
{
	if (!map)
		return;
	tree_finish(&map->tree);
	free(map);
}

struct respin_map *map_copy(const struct respin_map *map)
{
	struct respin_extent runs[COPY_RUNS];
	size_t n = map_runs(map, 0, runs, COPY_RUNS);
	if (n == 0)
		return map_create(0, RESPIN_NON_TRIED);
	_cleanup_map_ struct respin_map *copy = map_create(map->total, runs[0].status);
	if (!copy)
		return NULL;
	while (n > 0) {
		/* Each run is laid over the whole rest, so the tree only ever grows at its end. */
		for (size_t i = 0; i < n; i++) {
			struct respin_range rest = {runs[i].range.start, map->total - runs[i].range.start};
			if (map_set(copy, rest, (enum respin_status)runs[i].status) < 0)
				return NULL;
		}
		n = map_runs(map, runs[n - 1].range.start + runs[n - 1].range.count, runs, COPY_RUNS);
	}
	copy->position = map->position;
	copy->span = map->span;
	struct respin_map *result = copy;
	copy = NULL;
	return result;
}

static void extent_at(const struct respin_map *map, const struct path *path, struct respin_extent *extent)
{
	uint64_t start = path_leaf(path)->start[path_slot(path)];
	extent->range.start = start;
	extent->range.count = tree_following(path, map->total) - start;
	extent->status = (uint8_t)status_of(path_leaf(path)->bit[path_slot(path)]);
}

static bool path_matches(const struct path *path, unsigned mask)
{
	return path_leaf(path)->bit[path_slot(path)] & mask;
}

bool map_find(const struct respin_map *map, uint64_t from, unsigned mask, struct respin_extent *extent)
{
	if (from >= map->total)
		return false;
	struct path path;
	tree_seek(&map->tree, from, &path);
	if (!path_matches(&path, mask) && !tree_next(&path, (uint8_t)mask))
		return false;
	extent_at(map, &path, extent);
	if (extent->range.start < from) {
		extent->range.count -= from - extent->range.start;
		extent->range.start = from;
	}
	return true;
}

bool map_find_back(const struct respin_map *map, uint64_t before, unsigned mask, struct respin_extent *extent)
{
	if (before > map->total)
		before = map->total;
	if (before == 0)
		return false;
	struct path path;
	tree_seek(&map->tree, before - 1, &path);
	if (!path_matches(&path, mask) && !tree_prev(&path, (uint8_t)mask))
		return false;
	extent_at(map, &path, extent);
	if (extent->range.start + extent->range.count > before)
		extent->range.count = before - extent->range.start;
	return true;
}

size_t map_runs(const struct respin_map *map, uint64_t from, struct respin_extent *runs, size_t max)
{
	size_t n = 0;
	if (from >= map->total || max == 0)
		return 0;
	struct path path;
	tree_seek(&map->tree, from, &path);
	const struct node *leaf = path_leaf(&path);
	unsigned slot = path_slot(&path);
	while (leaf && n < max) {
		struct respin_extent *run = &runs[n++];
		run->range.start = from;
		run->status = (uint8_t)status_of(leaf->bit[slot]);
		if (++slot == leaf->count) {
			leaf = leaf->next;
			slot = 0;
		}
		uint64_t end = leaf ? leaf->start[slot] : map->total;
		run->range.count = end - from;
		from = end;
	}
	return n;
}

enum respin_status map_at(const struct respin_map *map, uint64_t pos)
{
	assert(pos < map->total);
	struct path path;
	tree_seek(&map->tree, pos, &path);
	return status_of(path_leaf(&path)->bit[path_slot(&path)]);
}

static void insert(struct respin_map *map, uint64_t start, enum respin_status status)
{
	tree_insert(&map->tree, start, bit_of(status));
	map->areas[status]++;
}

/*
 * Takes the boundaries in (start, end] away and the units of [start, end) out
 * of the counts. Returns the status that holds from `end` on, which is without
 * a boundary of its own now; `none` at the map's end.
 */
static enum respin_status clear(struct respin_map *map, uint64_t start, uint64_t end, struct path *path,
				enum respin_status none)
{
	uint64_t pos = start;
	for (;;) {
		struct respin_extent extent;
		extent_at(map, path, &extent);
		uint64_t next = extent.range.start + extent.range.count;
		map->count[extent.status] -= (next < end ? next : end) - pos;
		if (extent.range.start > start) {
			map->areas[extent.status]--;
			tree_erase(&map->tree, extent.range.start);
		}
		if (next > end)
			return (enum respin_status)extent.status;
		if (next == map->total)
			return none;
		tree_seek(&map->tree, next, path);
		pos = next;
		if (next == end) {
			enum respin_status after = status_of(path_leaf(path)->bit[path_slot(path)]);
			map->areas[after]--;
			tree_erase(&map->tree, end);
			return after;
		}
	}
}

/* Lays the run of `status` from `start` on, which so far belongs to what lies before it. */
static void lay(struct respin_map *map, uint64_t start, enum respin_status status)
{
	struct path path;
	tree_seek(&map->tree, start, &path);
	uint64_t boundary = path_leaf(&path)->start[path_slot(&path)];
	enum respin_status old = status_of(path_leaf(&path)->bit[path_slot(&path)]);
	if (boundary < start) {
		if (old != status)
			insert(map, start, status);
		return;
	}
	map->areas[old]--;
	if (start > 0 && map_at(map, start - 1) == status) {
		tree_erase(&map->tree, start);
		return;
	}
	map->areas[status]++;
	tree_set_bit(&path, bit_of(status));
}

int map_set(struct respin_map *map, struct respin_range range, enum respin_status status)
{
	assert(range.start <= map->total && range.count <= map->total - range.start);
	if (range.count == 0)
		return 0;
	uint64_t end = range.start + range.count;
	struct path path;
	struct respin_extent extent;
	tree_seek(&map->tree, range.start, &path);
	extent_at(map, &path, &extent);
	if (extent.status == status && extent.range.start + extent.range.count >= end)
		return 0;
	if (!tree_reserve(&map->tree, 2))
		return RESPIN_E_NOMEM;

	enum respin_status after = clear(map, range.start, end, &path, status);
	lay(map, range.start, status);
	if (after != status)
		insert(map, end, after);
	map->count[status] += range.count;
	return 0;
}

/* None may be, unless bytes came or evidence did. */
static bool has_finished(const struct respin_map *map, struct respin_range range)
{
	struct respin_extent extent;
	return map_find(map, range.start, MASK(RESPIN_FINISHED), &extent) &&
	       extent.range.start < range.start + range.count;
}

int map_apply(struct respin_map *map, const struct respin_span *span)
{
	switch ((enum respin_span_kind)span->kind) {
	case RESPIN_SPAN_RECOVERED:
		assert(span->status == RESPIN_FINISHED);
		break;
	case RESPIN_SPAN_PROVISIONAL:
	case RESPIN_SPAN_RETRY:
		assert(span->status < RESPIN_BAD && !has_finished(map, span->range));
		break;
	case RESPIN_SPAN_UNREADABLE:
		assert(span->status == RESPIN_BAD && !has_finished(map, span->range));
		break;
	case RESPIN_SPAN_RETRACT:
		assert(span->status == RESPIN_NON_TRIMMED);
		break;
	}
	return map_set(map, span->range, (enum respin_status)span->status);
}

uint64_t map_total(const struct respin_map *map)
{
	return map->total;
}

uint64_t map_count(const struct respin_map *map, enum respin_status status)
{
	return map->count[status];
}

uint64_t map_areas(const struct respin_map *map, enum respin_status status)
{
	return map->areas[status];
}

uint64_t map_extents(const struct respin_map *map)
{
	return map->total ? map->tree.boundaries : 0;
}

size_t map_memory_bytes(const struct respin_map *map)
{
	return sizeof *map + map->tree.nodes * sizeof(struct node);
}

struct respin_map_position *map_position(struct respin_map *map)
{
	return &map->position;
}

struct respin_range map_span(const struct respin_map *map)
{
	return map->span;
}

void map_set_span(struct respin_map *map, struct respin_range span)
{
	map->span = span;
}
