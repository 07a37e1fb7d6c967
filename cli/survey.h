/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a map comes to, once through: amounts, areas and the largest area of
 * each kind, within the domain if there is one. Everything is counted as the
 * map counts: a mapfile in bytes, a simulated disc in sectors.
 */
#ifndef CLI_SURVEY_H
#define CLI_SURVEY_H

#include <stdbool.h>

#include <respin/map.h>

#include "picture.h"

struct survey {
	const struct respin_map *map, *domain; /* domain NULL: everything counts */
	uint64_t end;                          /* where the disc ends, or what is known of it */
	bool end_unknown;                      /* the map was begun before anyone knew the size */
	uint64_t total;
	struct survey_kind {
		uint64_t count, areas;
		struct respin_range largest;
	} kinds[KIND_LOST + 1];
};

void survey_make(struct survey *survey, const struct respin_map *map, const struct respin_map *domain);

/* Calls `fn` for every piece of the map that counts, in order. */
void survey_walk(const struct survey *survey,
		 void (*fn)(void *arg, struct respin_range range, enum kind kind), void *arg);

#endif
