/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts and walks inside the domain. Does not know how the domain came to be. */
#include "core/stats.h"

void tally_init(struct tally *tally, const struct respin_map *map, const struct respin_map *domain)
{
	*tally = (struct tally){.domain = domain};
	for (int s = 0; s < RESPIN_STATUSES; s++)
		tally->whole[s] = map_count(map, (enum respin_status)s);
	struct respin_extent extent;
	for (uint64_t pos = 0; domain_find(map, domain, pos, MASK_ALL, &extent);) {
		tally->inside[extent.status] += extent.range.count;
		pos = extent.range.start + extent.range.count;
	}
}

uint64_t tally_units(const struct tally *tally, const struct respin_map *map, enum respin_status status)
{
	return tally->inside[status] + map_count(map, status) - tally->whole[status];
}

static uint64_t bad_areas(const struct tally *tally, const struct respin_map *map)
{
	const unsigned mask = MASK_RETRYABLE | MASK(RESPIN_BAD);
	if (!tally->domain)
		return map_areas(map, RESPIN_NON_TRIMMED) + map_areas(map, RESPIN_NON_SCRAPED) +
		       map_areas(map, RESPIN_BAD);
	struct respin_extent extent;
	uint64_t areas = 0;
	for (uint64_t pos = 0; domain_find(map, tally->domain, pos, mask, &extent); areas++)
		pos = extent.range.start + extent.range.count;
	return areas;
}

void tally_stats(const struct tally *tally, const struct respin_map *map, struct respin_stats *stats)
{
	stats->finished = tally_units(tally, map, RESPIN_FINISHED);
	stats->non_tried = tally_units(tally, map, RESPIN_NON_TRIED);
	stats->retryable = tally_units(tally, map, RESPIN_NON_TRIMMED) + tally_units(tally, map, RESPIN_NON_SCRAPED);
	stats->bad = tally_units(tally, map, RESPIN_BAD);
	stats->total = stats->finished + stats->non_tried + stats->retryable + stats->bad;
	stats->bad_areas = bad_areas(tally, map);
}

bool domain_find(const struct respin_map *map, const struct respin_map *domain, uint64_t from, unsigned mask,
		 struct respin_extent *extent)
{
	if (!domain)
		return map_find(map, from, mask, extent);
	struct respin_extent in;
	while (map_find(domain, from, MASK(RESPIN_FINISHED), &in)) {
		if (!map_find(map, in.range.start, mask, extent))
			return false;
		uint64_t in_end = in.range.start + in.range.count;
		if (extent->range.start < in_end) {
			if (extent->range.count > in_end - extent->range.start)
				extent->range.count = in_end - extent->range.start;
			return true;
		}
		from = extent->range.start;
	}
	return false;
}

bool domain_find_back(const struct respin_map *map, const struct respin_map *domain, uint64_t before,
		      unsigned mask, struct respin_extent *extent)
{
	if (!domain)
		return map_find_back(map, before, mask, extent);
	struct respin_extent in;
	while (map_find_back(domain, before, MASK(RESPIN_FINISHED), &in)) {
		uint64_t in_end = in.range.start + in.range.count;
		if (!map_find_back(map, in_end, mask, extent))
			return false;
		uint64_t end = extent->range.start + extent->range.count;
		if (end > in.range.start) {
			if (extent->range.start < in.range.start) {
				extent->range.start = in.range.start;
				extent->range.count = end - in.range.start;
			}
			return true;
		}
		before = end;
	}
	return false;
}
