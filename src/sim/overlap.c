/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two maps held against each other, run by run. */
#include "sim/overlap.h"

/* The next run with such a status, cut at `end`. */
static bool next(const struct respin_map *map, unsigned mask, uint64_t pos, uint64_t end, uint64_t *from,
		 uint64_t *to)
{
	struct respin_extent extent;
	if (pos >= end || !map_find(map, pos, mask, &extent) || extent.range.start >= end)
		return false;
	*from = extent.range.start;
	*to = *from + extent.range.count < end ? *from + extent.range.count : end;
	return true;
}

uint64_t overlap(const struct respin_map *map, unsigned mask, const struct respin_map *other,
		 unsigned other_mask, struct respin_range range)
{
	uint64_t end = range.start + range.count, pos = range.start, sum = 0, from, to, first, last;
	if (end > map_total(map))
		end = map_total(map);
	if (end > map_total(other))
		end = map_total(other);
	while (next(map, mask, pos, end, &from, &to) && next(other, other_mask, from, end, &first, &last)) {
		if (first < to)
			sum += (last < to ? last : to) - first;
		pos = last < to ? last : to;
		if (first > to)
			pos = first;
	}
	return sum;
}

int overlap_mark(struct respin_map *to, const struct respin_map *from, unsigned mask,
		 struct respin_range range, enum respin_status status)
{
	uint64_t end = range.start + range.count, first, last;
	int r = 0;
	if (end > map_total(from))
		end = map_total(from);
	for (uint64_t pos = range.start; r == 0 && next(from, mask, pos, end, &first, &last); pos = last)
		r = map_set(to, (struct respin_range){first, last - first}, status);
	return r;
}
