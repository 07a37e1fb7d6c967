/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted lists of sectors ("100,200-215"): where a simulated disc has something wrong. */
#ifndef SIM_RANGES_H
#define SIM_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranges_item {
	uint64_t first, last; /* both included */
	uint64_t before;      /* sectors in the items before this one */
};

struct ranges {
	struct ranges_item *items; /* sorted, apart */
	size_t count;
	uint64_t sectors;
};

/* Adds what `text` lists. 0, RESPIN_E_INVALID (not a list) or RESPIN_E_NOMEM. */
int ranges_read(struct ranges *ranges, const char *text);
/* The same for who does not want to know why. */
bool ranges_parse(struct ranges *ranges, const char *text);
void ranges_finish(struct ranges *ranges);
/* After items were changed: sorts them and joins what touches. */
void ranges_settle(struct ranges *ranges);

/* The lowest sector of first..last that is in the list. */
bool ranges_find(const struct ranges *ranges, uint64_t first, uint64_t last, uint64_t *found);

/* The place of a sector that is in the list, from 0 to ranges->sectors - 1. */
uint64_t ranges_index(const struct ranges *ranges, uint64_t sector);

#endif
