/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two maps of one disc held against each other: how much both say. Changes neither. */
#ifndef SIM_OVERLAP_H
#define SIM_OVERLAP_H

#include "core/map.h"

/* Sectors of `range` with a status of `mask` in `map` and of `other_mask` in `other`; behind either's end are none. */
uint64_t overlap(const struct respin_map *map, unsigned mask, const struct respin_map *other,
		 unsigned other_mask, struct respin_range range);

/* Gives `status` in `to` to what has a status of `mask` in `from`, within `range`. 0 or RESPIN_E_NOMEM. */
int overlap_mark(struct respin_map *to, const struct respin_map *from, unsigned mask,
		 struct respin_range range, enum respin_status status);

#endif
