/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures that are kept, see art.h. How they are drawn is picture.c's. */
#include "art.h"

#include <time.h>

#include "amounts.h"

/* Of all time, drawing takes one part in so many at most: a quarter of a percent. */
#define PART 400

/* CPU time of this thread: what others do meanwhile is not our cost. */
static uint64_t clock_of(clockid_t which)
{
	struct timespec now;
	(void)clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* False: they are of the right size already. */
static bool make(struct art *art, const struct screen *screen, unsigned cells, unsigned rows, uint64_t units)
{
	if (art->cells == cells && art->rows == rows && art->bar.total == units)
		return false;
	art_finish(art);
	if (!picture_bar(&art->bar, units, cells))
		picture_finish(&art->bar);
	if (rows && !picture_round(&art->disc, units, rows, screen))
		picture_finish(&art->disc);
	art->cells = cells;
	art->rows = rows;
	return true;
}

void art_look(struct art *art, const struct screen *screen, unsigned cells, unsigned rows,
	      const struct respin_source_info *info, const struct respin_map *domain,
	      const struct respin_snapshot *snapshot)
{
	uint64_t now_ns = clock_of(CLOCK_MONOTONIC);
	bool fresh = make(art, screen, cells, rows, info->units);
	if (!fresh && now_ns - art->drawn_ns < art->cost_ns * PART)
		return;
	uint64_t begun_ns = clock_of(CLOCK_THREAD_CPUTIME_ID);
	struct picture *pictures[] = {&art->bar, &art->disc};
	for (unsigned i = 0; i < 2; i++) {
		picture_clear(pictures[i]);
		if (pictures[i]->count)
			amounts_picture(pictures[i], info, domain, snapshot);
	}
	art->drawn_ns = now_ns;
	art->cost_ns = clock_of(CLOCK_THREAD_CPUTIME_ID) - begun_ns;
}

void art_finish(struct art *art)
{
	picture_finish(&art->bar);
	picture_finish(&art->disc);
	*art = (struct art){0};
}
