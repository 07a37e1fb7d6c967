/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pictures of the live view, kept from frame to frame: a map of a hundred
 * thousand pieces costs milliseconds to draw, and nobody sees that much change
 * four times a second.
 */
#ifndef CLI_ART_H
#define CLI_ART_H

#include <respin/map.h>
#include <respin/session.h>

#include "picture.h"

struct art {
	struct picture bar, disc;
	unsigned cells, rows; /* for which they were made; 0: there is none */
	uint64_t drawn_ns;    /* when, and how long it took */
	uint64_t cost_ns;
};

/*
 * Brings them up to date if it pays: a bar of `cells`, a round disc of `rows`
 * (0: none). What cannot be had, for want of memory, has no fragments.
 */
void art_look(struct art *art, const struct screen *screen, unsigned cells, unsigned rows,
	      const struct respin_source_info *info, const struct respin_map *domain,
	      const struct respin_snapshot *snapshot);

void art_finish(struct art *art);

#endif
