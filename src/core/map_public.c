/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public face of a map of bytes: the same tree, seen only as far as its
 * span reaches. Inside the library map.h is used directly.
 */
#include <respin/map.h>

#include <assert.h>

#include "base/error.h"
#include "core/mapfile.h"

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

int respin_map_create(struct respin_range span, struct respin_map **map, struct respin_error *error)
{
	*map = NULL;
	if (!span.count || span.start >= MAPFILE_MAX_POS || span.count > MAPFILE_MAX_POS - span.start)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "a map of nothing, or beyond what a mapfile counts");
	*map = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	if (!*map)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
	*map_position(*map) = (struct respin_map_position){.pass = 1, .status = '?'};
	map_set_span(*map, span);
	return 0;
}

int respin_map_set(struct respin_map *map, struct respin_range range, enum respin_status status)
{
	struct respin_range span = map_span(map);
	assert((unsigned)status < RESPIN_STATUSES);
	if (range.start < span.start || range.start > end_of(span) ||
	    range.count > end_of(span) - range.start)
		return RESPIN_E_INVALID;
	return range.count ? map_set(map, range, status) : 0;
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
