/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps on nominal discs, see lay.h. */
#include "report/lay.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "core/map.h"

/* ddrescue's largest position: a map that ends there was made for a source of unknown size. */
#define POSITION_MOST INT64_MAX
/* So much more than the table's figure a disc of a kind may hold, as in medium_guess. */
#define OVERFULL 1.02

static const enum rings_kind kind_of[RESPIN_STATUSES] = {
	[RESPIN_NON_TRIED] = RINGS_UNTRIED, [RESPIN_NON_TRIMMED] = RINGS_HOPE,
	[RESPIN_NON_SCRAPED] = RINGS_HOPE,  [RESPIN_BAD] = RINGS_LOST,
	[RESPIN_FINISHED] = RINGS_SAVED,
};

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

struct laying {
	const struct respin_map *map;
	void (*fn)(void *arg, uint64_t from, uint64_t to, enum rings_kind kind);
	void *arg;
};

static void lay(const struct laying *laying, uint64_t from, uint64_t to, enum rings_kind kind)
{
	if (to > from)
		laying->fn(laying->arg, from, to, kind);
}

/* The map's runs between two positions that count. */
static void lay_runs(const struct laying *laying, uint64_t from, uint64_t to)
{
	struct respin_extent run;
	while (from < to && respin_map_next(laying->map, from, MASK_ALL, &run) && run.range.start < to) {
		uint64_t end = end_of(run.range) < to ? end_of(run.range) : to;
		lay(laying, from, run.range.start, RINGS_SKIPPED);
		lay(laying, run.range.start, end, kind_of[run.status]);
		from = end;
	}
	lay(laying, from, to, RINGS_SKIPPED);
}

void lay_map(const struct respin_map *map, const struct respin_map *domain, uint64_t end,
	     void (*fn)(void *arg, uint64_t from, uint64_t to, enum rings_kind kind), void *arg)
{
	const struct laying laying = {map, fn, arg};
	struct respin_extent wanted = {.range = {0, end}};
	for (uint64_t from = 0; from < end; from = end_of(wanted.range)) {
		bool found = !domain || respin_map_next(domain, from, MASK(RESPIN_FINISHED), &wanted);
		if (!found || wanted.range.start >= end) {
			lay(&laying, from, end, RINGS_SKIPPED);
			return;
		}
		if (end_of(wanted.range) > end)
			wanted.range.count = end - wanted.range.start;
		lay(&laying, from, wanted.range.start, RINGS_SKIPPED);
		lay_runs(&laying, wanted.range.start, end_of(wanted.range));
	}
}

uint64_t lay_end(const struct respin_map *map, uint64_t told)
{
	struct respin_extent last;
	uint64_t end = told ? told : end_of(respin_map_span(map));
	if (end < POSITION_MOST)
		return end;
	bool any = map_find_back(map, end, MASK_ALL & ~MASK(RESPIN_NON_TRIED), &last);
	return any ? end_of(last.range) : 0;
}

int lay_medium(const char *name, uint16_t profile, uint64_t sectors, const struct medium **medium,
	       struct respin_error *error)
{
	if (!name) {
		*medium = medium_guess(profile, sectors);
		return 0;
	}
	*medium = medium_find(name);
	if (!*medium) {
		char names[200] = "";
		for (size_t i = 0, used = 0; i < media_count && used < sizeof names; i++)
			used += (size_t)snprintf(names + used, sizeof names - used, " %s", media[i].name);
		return error_set(error, RESPIN_E_INVALID, 0, "there is no medium %s; there are%s", name,
				 names);
	}
	if ((double)sectors > (double)(*medium)->sectors * OVERFULL)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "the map has %" PRIu64 " sectors, and a %s holds %" PRIu64, sectors, name,
				 (*medium)->sectors);
	return 0;
}

void lay_wind(struct spiral *spiral, const struct medium *medium, uint64_t sectors)
{
	struct spiral_params params = {
		.medium = medium, .sectors = sectors, .velocity = 1, .pitch = 1, .stretch = 1, .scale = 1};
	if (sectors > medium->sectors)
		params.pitch = (double)medium->sectors / (double)sectors;
	spiral_init(spiral, &params);
	for (unsigned i = 0; i < spiral->layer_count; i++)
		spiral->layers[i].angle = 0; /* which nobody knows: each is drawn from the top */
}
