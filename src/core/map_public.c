/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public face of a map that was read from a mapfile: the same tree, seen
 * only as far as its blocks reach. Inside the library map.h is used directly.
 */
#include <respin/map.h>

#include <assert.h>

#include "core/map.h"

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

void respin_map_destroy(struct respin_map *map)
{
	map_destroy(map);
}

struct respin_range respin_map_span(const struct respin_map *map)
{
	return map_span(map);
}

void respin_map_position(const struct respin_map *map, struct respin_map_position *position)
{
	*position = *map_position((struct respin_map *)map);
}

int respin_map_next(const struct respin_map *map, uint64_t from, unsigned mask, struct respin_extent *extent)
{
	struct respin_range span = map_span(map);
	if (from < span.start)
		from = span.start;
	if (from >= end_of(span) || !map_find(map, from, mask, extent) || extent->range.start >= end_of(span))
		return 0;
	if (end_of(extent->range) > end_of(span))
		extent->range.count = end_of(span) - extent->range.start;
	return 1;
}

/* Outside its span a map is '?', and that is what these two take back. */
uint64_t respin_map_total(const struct respin_map *map, enum respin_status status)
{
	assert((unsigned)status < RESPIN_STATUSES);
	uint64_t total = map_count(map, status);
	return status == RESPIN_NON_TRIED ? total - (map_total(map) - map_span(map).count) : total;
}

uint64_t respin_map_areas(const struct respin_map *map, enum respin_status status)
{
	assert((unsigned)status < RESPIN_STATUSES);
	struct respin_range span = map_span(map);
	uint64_t areas = map_areas(map, status);
	if (span.count == 0)
		return 0;
	if (status != RESPIN_NON_TRIED)
		return areas;
	bool head = span.start > 0, tail = end_of(span) < map_total(map);
	areas -= head && map_at(map, span.start) != RESPIN_NON_TRIED;
	areas -= tail && map_at(map, end_of(span) - 1) != RESPIN_NON_TRIED;
	return areas;
}
