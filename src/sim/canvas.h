/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What damage is drawn on: the turns of the track, bundled in rings, behind
 * which lie the ECC blocks. A mark obstructs a piece of every turn of a ring; the
 * canvas knows which blocks that hits and how much of what they survive it is.
 * Points are given as the disc lies in the hand; eccentric and decentred layers
 * are the canvas's business. No reads, no shapes.
 */
#ifndef SIM_CANVAS_H
#define SIM_CANVAS_H

#include "sim/disc.h"

/*
 * Turns that lie this close together, or closer, see the same of any shape: a
 * sixth of the smallest beam, and 12 (CD) to 62 (BD) turns.
 */
#define CANVAS_STEP_MM 0.02

struct canvas_ring {
	double r_mm;                /* its middle, from the spiral's centre */
	double turn0, turn1;        /* of the layer, rising; equal: no track here */
	double sector, slope, bend; /* of turn t: sector + slope (t - turn0) + bend (t - turn0)^2 */
};

struct canvas {
	struct disc *disc;
	const struct spiral *spiral;
	double beam_mm;      /* radius of the beam on the surface; shapes in the data layer go without */
	double end_mm;       /* where the last ring ends */
	unsigned ring_count; /* of each layer */
	unsigned zone_rings[SPIRAL_ZONES +
			    1]; /* the first ring of each zone of the spiral, for none lies in two */
	struct canvas_ring *rings;
	double loss; /* x that a block has for each of its sectors that is obstructed */
	double tail; /* sectors behind a block over which its bytes are spread, too (CIRC) */
	bool failed; /* no memory */
};

/* How a mark acts. */
struct ink {
	double weight, alpha;
	double cap;            /* x that one mark may give one block; 0: no bound */
	double servo, servo_p; /* turns lost behind a long mark, and how often */
	uint64_t key;          /* of that lot */
};

struct point {
	double x, y; /* mm, from the hole's centre */
};

bool canvas_init(struct canvas *canvas, struct disc *disc); /* false: no memory */
void canvas_finish(struct canvas *canvas);

/* Does the shape's layer= mean this layer? */
static inline bool canvas_has(const struct shape *shape, unsigned layer)
{
	return !shape->layer || shape->layer == layer + 1;
}

static inline const struct canvas_ring *canvas_ring(const struct canvas *canvas, unsigned layer,
						    unsigned ring)
{
	return &canvas->rings[layer * canvas->ring_count + ring];
}

/* Rings that touch from .. to mm of a layer's own radius: first, and one behind the last. */
void canvas_span(const struct canvas *canvas, double from, double to, unsigned *first, unsigned *end);

/*
 * Obstructs angle - half .. angle + half (turns, of the layer's own centre) on
 * each turn of a ring. `ref` decides which turns belong to the ring: one angle
 * for all marks of a stroke, so that no turn is hit twice or never. half <= 0.5.
 */
void canvas_mark(struct canvas *canvas, unsigned layer, unsigned ring, double ref, double angle, double half,
		 const struct ink *ink);

/* Adds x to one block. */
void canvas_add(struct canvas *canvas, uint64_t block, double x, double alpha);

struct point canvas_point(double r_mm, double angle);
/* And back: angle 0..1. */
void canvas_unpoint(struct point at, double *r_mm, double *angle);
/* As a layer sees a point: radius and angle (0..1) from its own centre. */
void canvas_polar(const struct canvas *canvas, unsigned layer, struct point at, double *r_mm, double *angle);

/*
 * Seen the other way, for shapes that are functions of the radius: a layer's
 * radius to the hand's at a hand's angle, and that angle to the layer's.
 */
double canvas_hand_radius(const struct canvas *canvas, unsigned layer, double r_mm, double angle);
double canvas_layer_angle(const struct canvas *canvas, unsigned layer, double r_mm, double angle);

/* How far any layer's centre lies from the hole's. */
double canvas_offset(const struct canvas *canvas);

#endif
