/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damage without an outline: rot and fading, which grow towards the rim, and
 * warp. It is asked for at two points of each block, and their mean counts.
 */
#include "sim/damage.h"

#include "base/num.h"
#include "sim/draw.h"

#define LEAST_X 0.01 /* less than this is not drawn at all */
#define MOST_X 100.0

/* Tilt at which a block is at its edge, degrees (estimates around the standards' limits for a disc). */
#define TILT_EDGE 0.5
#define TILT_EDGE_CD 1.2

static double angle_of(const struct shape *shape, uint64_t key)
{
	return shape->angle >= 0 ? shape->angle : num_uniform(draw(key, 0, 0));
}

/* The blocks of a layer from a radius outwards. */
static void layer_blocks(const struct canvas *canvas, unsigned layer, double from_mm, uint64_t *first,
			 uint64_t *end)
{
	const struct spiral_layer *l = &canvas->spiral->layers[layer];
	uint64_t size = canvas->disc->ecc_block;
	double at = spiral_at_radius(canvas->spiral, layer, from_mm);
	*first = (l->inward ? l->first : (uint64_t)at) / size;
	*end = ((l->inward ? (uint64_t)at + 1 : l->first + l->count) + size - 1) / size;
	*end = *end < canvas->disc->block_count ? *end : canvas->disc->block_count;
}

/* A block's radius, and its angle (the layer's own) a quarter of its length behind its beginning and before its end. */
struct where {
	double r_mm, angle[2];
};

static bool block_where(const struct canvas *canvas, unsigned layer, uint64_t block, struct where *where)
{
	double size = canvas->disc->ecc_block;
	struct spiral_place place;
	spiral_place(canvas->spiral, ((double)block + 0.5) * size, &place);
	if (place.layer != layer)
		return false;
	double quarter = canvas->spiral->medium->sector_mm * size / (2 * NUM_PI * place.r_mm) / 4;
	double angle = place.turn + canvas->spiral->layers[layer].angle;
	where->r_mm = place.r_mm;
	where->angle[0] = angle - quarter;
	where->angle[1] = angle + quarter;
	return true;
}

/* x = depth * e^((r - edge + swing cos(angle - worst)) / softness), r and angle from the layer's own centre. */
struct growth {
	double depth, edge, softness, alpha;
	double swing, worst;
};

static void growth_layer(struct canvas *canvas, unsigned layer, const struct growth *g)
{
	uint64_t block, end;
	double shallow = num_log2(g->depth / LEAST_X) * 0.6931471805599453 * g->softness;
	layer_blocks(canvas, layer, g->edge - shallow - g->swing, &block, &end);
	double inverse = 1 / g->softness, swing = g->swing / g->softness;
	for (; block < end; block++) {
		struct where at;
		if (!block_where(canvas, layer, block, &at))
			continue;
		double x = g->depth * num_exp((at.r_mm - g->edge) * inverse);
		if (swing > 0)
			x *= (num_exp(swing * num_cos_turn(at.angle[0] - g->worst)) +
			      num_exp(swing * num_cos_turn(at.angle[1] - g->worst))) /
			     2;
		if (x >= LEAST_X)
			canvas_add(canvas, block, x < MOST_X ? x : MOST_X, g->alpha);
	}
}

static void growth_draw(struct canvas *canvas, const struct shape *shape, double edge, double angle)
{
	struct point swing = canvas_point(shape->crescent, angle);
	for (unsigned layer = 0; layer < canvas->spiral->layer_count; layer++) {
		/* A layer beside the middle sees the edge swing by that, too. */
		const struct spiral_layer *l = &canvas->spiral->layers[layer];
		struct point there = {swing.x + l->x_mm, swing.y + l->y_mm};
		struct growth g = {.depth = shape->depth,
				   .edge = edge,
				   .softness = shape->softness,
				   .alpha = shape->alpha};
		canvas_unpoint(there, &g.swing, &g.worst);
		if (canvas_has(shape, layer) && g.depth > LEAST_X)
			growth_layer(canvas, layer, &g);
	}
}

void damage_rot(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	double edge = canvas->spiral->medium->r_out_mm - shape->width;
	growth_draw(canvas, shape, edge, angle_of(shape, key));
}

void damage_fade(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	growth_draw(canvas, shape, canvas->spiral->medium->r_out_mm, angle_of(shape, key));
}

/* The tilt goes with the radius and turns over twice a turn; a spot out of focus grows with its square. */
void damage_warp(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	const struct medium *medium = canvas->spiral->medium;
	double worst = angle_of(shape, key), edge = medium->family == FAMILY_CD ? TILT_EDGE_CD : TILT_EDGE;
	for (unsigned layer = 0; layer < canvas->spiral->layer_count; layer++) {
		uint64_t block, end;
		layer_blocks(canvas, layer, 0, &block, &end);
		for (; canvas_has(shape, layer) && block < end; block++) {
			struct where at;
			if (!block_where(canvas, layer, block, &at))
				continue;
			double tilt = shape->tilt * at.r_mm / medium->r_out_mm / edge;
			double x = tilt * tilt *
				   (2 + num_cos_turn(2 * (at.angle[0] - worst)) +
				    num_cos_turn(2 * (at.angle[1] - worst))) /
				   4;
			if (x >= LEAST_X)
				canvas_add(canvas, block, x < MOST_X ? x : MOST_X, shape->alpha);
		}
	}
}
