/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a sector lies: sector <-> layer, radius, turns along the spiral.
 * Archimedean, in zones, so that velocity and pitch may drift along it. Pure
 * geometry: no damage, no time, no drive.
 */
#ifndef CORE_SPIRAL_H
#define CORE_SPIRAL_H

#include "core/medium.h"

#define SPIRAL_LAYERS_MAX 4u
#define SPIRAL_ZONES 64u /* a drift is smooth over the disc: 64 straight pieces follow it */

struct spiral_params {
	const struct medium *medium;
	uint64_t
		sectors; /* on the disc; 0: medium->sectors / scale. Layers are filled evenly, in ECC blocks */
	double velocity;     /* linear velocity over nominal, 1.0; sectors get longer with it */
	double pitch;        /* track pitch over nominal, 1.0 */
	double r0_shift_mm;  /* where the program area starts, over nominal */
	double stretch;      /* track per LBA over nominal, 1.0; fixed packets: 39/32 */
	double drift;        /* velocity wanders by +- this share inside the disc */
	double pitch_walk;   /* the pitch, too */
	double scale;        /* one turn stands for this many: the pitch grows, the radii stay; 1.0 */
	double eccentric_mm; /* the spiral's centre beside the hole's, each layer its own direction */
	double decentre_mm;  /* of the second and later layers beside the first */
	uint64_t seed;       /* of angles, drifts and directions */
};

struct spiral_zone {
	double first;      /* sector within the layer */
	double r_mm, turn; /* where it begins */
	double sector_mm, pitch_mm;
	double area; /* r^2 grows by this with each sector: sector_mm * pitch_mm / pi */
};

struct spiral_layer {
	uint64_t first, count; /* sectors of the disc */
	bool inward;
	double angle; /* turns: where on the disc turn 0 lies. The angles of a disc are counted from layer 0's */
	double x_mm, y_mm; /* centre of the spiral */
};

struct spiral {
	const struct medium *medium;
	uint64_t sectors;
	unsigned layer_count;
	struct spiral_layer layers[SPIRAL_LAYERS_MAX];
	struct spiral_zone zones[SPIRAL_ZONES]; /* of every layer, counted from the inside */
	unsigned zone_count;
	double zones_per_sector;
	double turns; /* of the first layer, which no other exceeds */
};

/* `turn` grows along the track from the layer's first sector on; its fraction, plus layer.angle, is the angle. */
struct spiral_place {
	unsigned layer;
	double r_mm; /* from the spiral's centre */
	double turn;
};

void spiral_init(struct spiral *spiral, const struct spiral_params *params);

/* `sector` may have a fraction and may equal spiral->sectors. */
void spiral_place(const struct spiral *spiral, double sector, struct spiral_place *place);

/* The inverse, with a fraction: sector at a radius, at a turn of a layer. Outside the layer: its nearest end. */
double spiral_at_radius(const struct spiral *spiral, unsigned layer, double r_mm);
double spiral_at_turn(const struct spiral *spiral, unsigned layer, double turn);

/* As the disc lies in the hand: radius from the hole's centre and angle (turns, 0..1). */
void spiral_surface(const struct spiral *spiral, const struct spiral_place *place, double *r_mm,
		    double *angle);

double spiral_sectors_per_turn(const struct spiral *spiral, const struct spiral_place *place);

#endif
