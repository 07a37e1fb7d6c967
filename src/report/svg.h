/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disc as a page of SVG: its layers side by side, what is saved, untried,
 * hoped for and lost on each, a legend. Pure text from values; writes no file.
 */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include <respin/map.h>

#include "base/buf.h"
#include "report/rings.h"

/* A page stays below this whatever the map. */
#define SVG_BYTES_MAX 500000u

struct svg_page {
	const struct rings *rings; /* as svg_rings_init made them */
	const char *title;         /* foreign text; NULL: none */
	const char *medium;        /* what kind of disc it is, and how that is known */
	const char *angles;        /* one sentence: how far the angles can be trusted */
	const char *const *names;  /* RINGS_KINDS of them, for the legend; NULL: as a rescue calls them */
	uint32_t sector_bytes;     /* what a sector counts in the amounts */
	uint64_t bytes[RINGS_KINDS];
};

/* Rings as fine as the page can show them. False: no memory. rings_finish in any case. */
bool svg_rings_init(struct rings *rings, const struct spiral *spiral);

/* A failure stays in `out`. */
void svg_page_add(struct buf *out, const struct svg_page *page);

/*
 * respin_map_svg for a disc whose spiral is known, a simulated one say: medium
 * and profile of the options do not matter; `words` is a page of which only
 * medium, angles, names and sector_bytes count, the last where the map counts
 * sectors otherwise than in bytes (options->sector_bytes 1: a map of sectors).
 * *svg is free()d by the caller. False: no memory.
 */
bool svg_map(const struct respin_map *map, const struct respin_svg_options *options,
	     const struct spiral *spiral, const struct svg_page *words, char **svg);

#endif
