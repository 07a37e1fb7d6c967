/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counting inside the domain in O(1): what the domain held at the start, plus
 * how the whole map's counts have moved since. Right because nothing outside
 * the domain ever changes. Areas are cut by the domain's borders, so with one
 * they are counted by walking. Also the walk over map and domain together.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include <respin/sink.h>

#include "core/map.h"

struct tally {
	const struct respin_map *domain; /* borrowed; NULL: everything counts */
	uint64_t inside[RESPIN_STATUSES];
	uint64_t whole[RESPIN_STATUSES];
};

/* domain may be NULL: everything counts. O(n). */
void tally_init(struct tally *tally, const struct respin_map *map, const struct respin_map *domain);
/* Of one status, in O(1). */
uint64_t tally_units(const struct tally *tally, const struct respin_map *map, enum respin_status status);
void tally_stats(const struct tally *tally, const struct respin_map *map, struct respin_stats *stats);

/* map_find and map_find_back, but only where the domain is '+'. */
bool domain_find(const struct respin_map *map, const struct respin_map *domain, uint64_t from, unsigned mask,
		 struct respin_extent *extent);
bool domain_find_back(const struct respin_map *map, const struct respin_map *domain, uint64_t before,
		      unsigned mask, struct respin_extent *extent);

#endif
