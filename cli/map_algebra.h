/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps from maps: types changed, two maps combined or compared, all of it
 * shifted. Reads and prints nothing. Codes are the library's.
 */
#ifndef CLI_MAP_ALGEBRA_H
#define CLI_MAP_ALGEBRA_H

#include "map_domain.h"

/* Each status in the domain becomes what `change` has for it. */
int map_change(struct respin_map *map, const struct map_domain *domain,
	       const uint8_t change[RESPIN_STATUSES]);

/* What of the map in the domain lies in the other map, too: 'x', 'y' or 'z' of what is finished in both. */
int map_combine(struct respin_map *map, const struct map_domain *domain, const struct respin_map *other,
		char operation);

/* A map of everything below `end_bytes` (0: no end), moved from one position to another; one of them is 0. */
int map_shift(const struct respin_map *map, uint64_t from_bytes, uint64_t to_bytes, uint64_t end_bytes,
	      struct respin_map **shifted, struct respin_error *error);

/* The map from byte 0 on; what it does not speak of before its first block gets a status. */
int map_complete(const struct respin_map *map, enum respin_status status, struct respin_map **whole,
		 struct respin_error *error);

/* In the domain, the same types everywhere; or, for 'P', the same parts finished. */
bool map_equal(const struct respin_map *a, const struct respin_map *b, const struct map_domain *domain,
	       char operation);

#endif
