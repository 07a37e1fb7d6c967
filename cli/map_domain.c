/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stretches in stretches, see map_domain.h. */
#include "map_domain.h"

struct respin_range range_common(struct respin_range a, struct respin_range b)
{
	uint64_t start = a.start > b.start ? a.start : b.start;
	uint64_t end = range_end(a) < range_end(b) ? range_end(a) : range_end(b);
	return (struct respin_range){start, end > start ? end - start : 0};
}

bool map_domain_next(const struct map_domain *domain, uint64_t from, struct respin_range *range)
{
	struct respin_range rest = range_common(domain->base, (struct respin_range){from, INT64_MAX - from});
	struct respin_extent finished;
	if (from > INT64_MAX)
		return false;
	if (rest.count && domain->mask) {
		if (!respin_map_next(domain->mask, rest.start, 1u << RESPIN_FINISHED, &finished))
			return false;
		rest = range_common(rest, finished.range);
	}
	*range = rest;
	return rest.count > 0;
}

bool map_domain_part(const struct map_domain *domain, const struct respin_map *map, uint64_t from,
		     unsigned types, struct respin_extent *part)
{
	struct respin_range stretch;
	while (map_domain_next(domain, from, &stretch)) {
		if (!respin_map_next(map, stretch.start, types, part))
			return false;
		from = part->range.start;
		part->range = range_common(part->range, stretch);
		if (part->range.count)
			return true;
	}
	return false;
}

struct respin_range map_domain_span(const struct map_domain *domain, const struct respin_map *map)
{
	struct respin_range span = {0, 0};
	struct respin_extent part;
	for (uint64_t pos = 0; map_domain_part(domain, map, pos, MAP_TYPES_ALL, &part);
	     pos = range_end(part.range)) {
		if (!span.count)
			span.start = part.range.start;
		span.count = range_end(part.range) - span.start;
	}
	return span;
}
