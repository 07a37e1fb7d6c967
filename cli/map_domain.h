/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "respin map" looks at: a stretch of the disc, and in it what another
 * map calls finished. Reads no file.
 */
#ifndef CLI_MAP_DOMAIN_H
#define CLI_MAP_DOMAIN_H

#include <stdbool.h>

#include <respin/map.h>

#define MAP_TYPES_ALL ((1u << RESPIN_STATUSES) - 1)

struct map_domain {
	struct respin_range base;      /* -i and -s */
	const struct respin_map *mask; /* -m; NULL: all of the base */
};

static inline uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

/* What both have; count 0: nothing. */
struct respin_range range_common(struct respin_range a, struct respin_range b);

/* The first stretch of the domain that reaches beyond `from`, cut there. */
bool map_domain_next(const struct map_domain *domain, uint64_t from, struct respin_range *range);

/* The first part of the map in the domain that reaches beyond `from` and has one of these types. */
bool map_domain_part(const struct map_domain *domain, const struct respin_map *map, uint64_t from,
		     unsigned types, struct respin_extent *part);

/* What map and domain share, from the first byte to the last; count 0: nothing to do. */
struct respin_range map_domain_span(const struct map_domain *domain, const struct respin_map *map);

#endif
