/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pen: draws a line of any form and of changing width on the canvas, as a
 * chain of short straight pieces with round ends. What the chain covers twice
 * counts once. For gouges whose width is along the track see damage_radial.
 */
#ifndef SIM_PEN_H
#define SIM_PEN_H

#include "sim/canvas.h"

#define PEN_PIECE_MM 0.5 /* straight enough: it leaves a circle of 24 mm by 1.3 um */

struct pen_stop {
	struct point at;
	double half_mm; /* half the width there, the beam's not counted */
};

/*
 * What the line covers of a ring: pieces of the turn that begins half a turn
 * before the line does, 0..1, in no order, apart. A line that is no scrawl
 * comes to a ring two or three times; a fifth piece is joined to its neighbour.
 */
#define PEN_COVERS 4u
struct pen_cover {
	unsigned count;
	double low[PEN_COVERS], high[PEN_COVERS];
};

struct pen {
	struct canvas *canvas;
	struct pen_stop *stops;
	size_t count, room;
	struct pen_cover *covers; /* of each ring, as far as drawn */
};

bool pen_init(struct pen *pen, struct canvas *canvas);
void pen_finish(struct pen *pen);

/* One more stop of the line; stops are at most PEN_PIECE_MM apart. */
void pen_to(struct pen *pen, struct point at, double half_mm);
/* Draws the line on all layers that the shape has, and takes the pen off. */
void pen_draw(struct pen *pen, const struct shape *shape, const struct ink *ink);

#endif
