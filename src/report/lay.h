/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map on the disc that it most likely is: where it ends, which kind of disc,
 * its nominal spiral, and the map's stretches in order. Draws nothing.
 */
#ifndef REPORT_LAY_H
#define REPORT_LAY_H

#include <respin/map.h>

#include "report/rings.h"

/* Where the disc ends: as told (not 0), as the map says, or as far as anything is known of it. Bytes. */
uint64_t lay_end(const struct respin_map *map, uint64_t told);

/*
 * Calls `fn` for every stretch from 0 to `end`, in order and without gaps;
 * what neither map nor domain (NULL: all) speak of is RINGS_SKIPPED.
 */
void lay_map(const struct respin_map *map, const struct respin_map *domain, uint64_t end,
	     void (*fn)(void *arg, uint64_t from, uint64_t to, enum rings_kind kind), void *arg);

/* By its name, or by profile (0: unknown) and size if `name` is NULL. 0 or RESPIN_E_INVALID. */
int lay_medium(const char *name, uint16_t profile, uint64_t sectors, const struct medium **medium,
	       struct respin_error *error);

/* A nominal disc; what is fuller than that has its turns closer together. */
void lay_wind(struct spiral *spiral, const struct medium *medium, uint64_t sectors);

#endif
