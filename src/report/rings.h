/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disc cut into rings and each ring into angles: how much track of which kind
 * lies in each cell. Sums only; it draws nothing.
 */
#ifndef REPORT_RINGS_H
#define REPORT_RINGS_H

#include "core/spiral.h"

enum rings_kind {
	RINGS_SKIPPED, /* not asked for */
	RINGS_SAVED,
	RINGS_UNTRIED,
	RINGS_HOPE, /* tried in vain, still hoped for */
	RINGS_LOST,
	RINGS_KINDS,
};

/* Track in one cell, in turns. Nothing at all where the disc is not recorded. */
struct rings_cell {
	double turns[RINGS_KINDS];
};

struct rings {
	const struct spiral *spiral; /* borrowed */
	unsigned ring_count;         /* of a layer, from the inside */
	unsigned cell_count;         /* of a ring; angles of the layer, without its layer.angle */
	double r_mm, ring_mm;        /* where the rings begin, and the width of one */
	struct rings_cell *cells;    /* by layer, ring and angle */
	double *borders;             /* the turn where each ring of each layer begins, and the last ends */
};

/* False: no memory. rings_finish in any case. */
bool rings_init(struct rings *rings, const struct spiral *spiral, unsigned ring_count, unsigned cell_count);
void rings_finish(struct rings *rings);

/* The track of sectors first .. end is of this kind; what lies beyond the disc is left out. */
void rings_add(struct rings *rings, double first, double end, enum rings_kind kind);

/* Calls `fn` for every cell that the track of these sectors crosses: its number in `cells`, and how much of it. */
void rings_visit(const struct rings *rings, double first, double end,
		 void (*fn)(void *arg, size_t cell, double turns), void *arg);

static inline const struct rings_cell *rings_cells(const struct rings *rings, unsigned layer, unsigned ring)
{
	return &rings->cells[(size_t)(layer * rings->ring_count + ring) * rings->cell_count];
}

#endif
