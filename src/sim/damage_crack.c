/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines that have no regard for the track: the arms of a star crack, and fields
 * of hairlines, each too fine to matter alone. All figures are estimates.
 */
#include "sim/damage.h"

#include "base/num.h"
#include "sim/draw.h"
#include "sim/luck.h"
#include "sim/pen.h"

#define ARM_LENGTH_SIGMA 0.3 /* arms differ in length, ... */
#define ARM_TURN_SIGMA 0.3   /* ... and in direction, by this share of the even spacing */

#define HAIR_LENGTH_SIGMA 0.5
#define HAIR_CURVE_SIGMA 0.02 /* 1/mm: most strokes bend with a radius of more than 25 mm */
#define HAIR_WIDTH_SIGMA 0.6
#define HAIR_MIN_MM 0.01
#define HAIR_MAX_MM 0.1
#define HAIR_SHARE                                                                                           \
	(4 / NUM_PI) /* of its width over the beam's is what a stroke across the middle takes of the light */
/*
 * A hairline crosses a turn at most twice. Half of what always reads, each time:
 * so one alone fails nothing, even where it runs along the track.
 */
#define HAIR_CAP (LUCK_SAFE_X / 2 - 0.001)

enum crack_draw {
	CRACK_R,
	CRACK_ANGLE,
	CRACK_LENGTH,
	CRACK_TURN,
	CRACK_X,
	CRACK_Y,
	CRACK_WIDTH,
	CRACK_CURVE,
	CRACK_SERVO
};

static struct point centre_of(const struct shape *shape, uint64_t key)
{
	double part = num_uniform(draw(key, 0, CRACK_R));
	double angle = shape->angle >= 0 ? shape->angle : num_uniform(draw(key, 0, CRACK_ANGLE));
	return canvas_point(shape->r.from + (shape->r.to - shape->r.from) * part, angle);
}

/* A line from a point into a direction that turns by `curve` with each mm. */
struct line {
	struct point at;
	double turn, length, curve;
	double width, taper;
};

static void line_walk(struct pen *pen, const struct line *line)
{
	double pieces = num_floor(line->length / PEN_PIECE_MM) + 1, step = line->length / pieces;
	double bend = line->curve * step / (2 * NUM_PI);
	double c = num_cos_turn(line->turn), s = num_sin_turn(line->turn);
	double cb = num_cos_turn(bend), sb = num_sin_turn(bend);
	struct point at = line->at;
	for (unsigned i = 0; i <= pieces; i++) {
		pen_to(pen, at, line->width * (1 - line->taper * i / pieces) / 2);
		at.x += step * c;
		at.y += step * s;
		double turned = c * cb - s * sb;
		s = s * cb + c * sb;
		c = turned;
	}
}

void damage_star(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct point centre = centre_of(shape, key);
	struct ink ink = {.weight = shape->weight,
			  .alpha = shape->alpha,
			  .servo = shape->servo,
			  .servo_p = shape->servo_p};
	struct pen pen;
	bool ready = pen_init(&pen, canvas);
	double first = num_uniform(draw(key, 0, CRACK_TURN));
	for (uint64_t i = 0; ready && i < shape->count; i++) {
		double off = ARM_TURN_SIGMA * num_normal(draw(key, i + 1, CRACK_TURN));
		line_walk(&pen, &(struct line){.at = centre,
					       .turn = first + ((double)i + off) / (double)shape->count,
					       .length = num_lognormal(draw(key, i, CRACK_LENGTH),
								       shape->length, ARM_LENGTH_SIGMA),
					       .width = shape->width,
					       .taper = shape->taper});
		ink.key = draw(key, i, CRACK_SERVO);
		pen_draw(&pen, shape, &ink);
	}
	pen_finish(&pen);
}

/* Where a stroke begins: around the field's middle, or anywhere on the disc. */
static struct point hair_start(const struct canvas *canvas, const struct shape *shape, struct point centre,
			       uint64_t key)
{
	if (shape->spread > 0)
		return (struct point){centre.x + shape->spread * num_normal(draw(key, 0, CRACK_X)),
				      centre.y + shape->spread * num_normal(draw(key, 0, CRACK_Y))};
	double inner = canvas->spiral->zones[0].r_mm, outer = canvas->spiral->medium->r_out_mm;
	double square = inner * inner + (outer * outer - inner * inner) * num_uniform(draw(key, 0, CRACK_X));
	return canvas_point(num_sqrt(square), num_uniform(draw(key, 0, CRACK_Y)));
}

void damage_hairlines(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct point centre = centre_of(shape, key);
	struct ink ink = {.alpha = shape->alpha, .cap = HAIR_CAP};
	struct pen pen;
	bool ready = pen_init(&pen, canvas);
	for (uint64_t i = 0; ready && i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_HAIRLINES);
		double width = num_lognormal(draw(own, 0, CRACK_WIDTH), shape->width, HAIR_WIDTH_SIGMA);
		width = width < HAIR_MIN_MM ? HAIR_MIN_MM : width > HAIR_MAX_MM ? HAIR_MAX_MM : width;
		double share = HAIR_SHARE * width / (2 * canvas->beam_mm);
		ink.weight = shape->weight * (share < 1 ? share : 1);
		line_walk(&pen,
			  &(struct line){.at = hair_start(canvas, shape, centre, own),
					 .turn = num_uniform(draw(own, 0, CRACK_TURN)),
					 .length = num_lognormal(draw(own, 0, CRACK_LENGTH), shape->length,
								 HAIR_LENGTH_SIGMA),
					 .curve = HAIR_CURVE_SIGMA * num_normal(draw(own, 0, CRACK_CURVE)),
					 .width = width});
		pen_draw(&pen, shape, &ink);
	}
	pen_finish(&pen);
}
