/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status map: which unit is in which status, from 0 to a fixed total. A
 * B+-tree of runs; changing, finding and cutting cost O(log n), counting O(1).
 * It does not know files, bytes or discs, and it is not thread-safe.
 */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <stdbool.h>

#include <respin/map.h>
#include <respin/types.h>

#define MASK(status) (1u << (status))
#define MASK_ALL 0x1fu
#define MASK_UNFINISHED (MASK_ALL & ~MASK(RESPIN_FINISHED))
#define MASK_RETRYABLE (MASK(RESPIN_NON_TRIMMED) | MASK(RESPIN_NON_SCRAPED))

/* A map of `total` units, all of one status. NULL: no memory. total may be 0. */
struct respin_map *map_create(uint64_t total, enum respin_status status);
struct respin_map *map_copy(const struct respin_map *map);
void map_destroy(struct respin_map *map);
static inline void map_cleanup(struct respin_map **map)
{
	map_destroy(*map);
}
#define _cleanup_map_ __attribute__((cleanup(map_cleanup)))

/* 0, or RESPIN_E_NOMEM with the map as it was. The range must lie in the map. */
int map_set(struct respin_map *map, struct respin_range range, enum respin_status status);

/*
 * Folds one decided span. Asserts what must always hold: '+' goes back only by
 * a retract span. 0 or RESPIN_E_NOMEM with the map as it was.
 */
int map_apply(struct respin_map *map, const struct respin_span *span);

uint64_t map_total(const struct respin_map *map);
uint64_t map_count(const struct respin_map *map, enum respin_status status); /* units, O(1) */
uint64_t map_areas(const struct respin_map *map, enum respin_status status); /* runs, O(1) */
uint64_t map_extents(const struct respin_map *map);
size_t map_memory_bytes(const struct respin_map *map);

enum respin_status map_at(const struct respin_map *map, uint64_t pos);

/*
 * The first run at or after `from` whose status is in `mask`, cut at `from`;
 * the last run before `before`, cut there. False: none. O(log n).
 */
bool map_find(const struct respin_map *map, uint64_t from, unsigned mask, struct respin_extent *extent);
bool map_find_back(const struct respin_map *map, uint64_t before, unsigned mask,
		   struct respin_extent *extent);

/*
 * All runs from `from` on, the first one cut there, up to `max` of them; how
 * many. For walking the whole map: a step costs O(1), not O(log n).
 */
size_t map_runs(const struct respin_map *map, uint64_t from, struct respin_extent *runs, size_t max);

/* What a mapfile's status line said; zero for a map that was not read from one. */
struct respin_map_position *map_position(struct respin_map *map);

/* The part of the map that its file speaks of; the whole map if it was not read. */
struct respin_range map_span(const struct respin_map *map);
void map_set_span(struct respin_map *map, struct respin_range span);

#endif
