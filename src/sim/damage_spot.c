/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spots: fingerprints on the surface, which can be wiped off, and holes in the
 * data layer, which cannot and which the beam does not blur.
 */
#include "sim/damage.h"

#include "base/num.h"
#include "sim/draw.h"

#define RIDGE_MM 0.45      /* ridges of a fingerprint stand 0.4 to 0.5 mm apart */
#define RIDGE_CONTRAST 0.8 /* of weight between them, for a beam much finer (estimate) */
#define RIDGE_SAMPLES 48   /* along one chord: two for each ridge of 10 mm */

/* What a wipe leaves of a smudge, and where it takes a little of it: outwards, as one should (estimates). */
#define CLEAN_LEFT 0.2
#define CLEAN_MOVED 0.1
#define CLEAN_MOVED_MM 6.0
#define CLEAN_SMEAR 1.5 /* what was moved is spread over this much more length */

#define HOLE_SIGMA 0.7 /* spread of the holes' widths, log-normal (estimate) */
#define PARENTS 12     /* clusters (estimate) */

enum spot_draw {
	SPOT_R,
	SPOT_ANGLE,
	SPOT_TURN,
	SPOT_WHORL,
	SPOT_MOVED,
	SPOT_ASIDE,
	SPOT_PARENT,
	SPOT_HOLE,
	SPOT_X,
	SPOT_Y,
	SPOT_WIDTH,
	SPOT_LAYER,
	SPOT_SERVO,
};

/* An ellipse in the plane that a layer's radius and angle span: nobody's fingertip is more exact. */
struct smudge {
	double r, angle; /* the hand's */
	double a, b;     /* half axes, mm */
	double turn;     /* of axis a, from outwards */
	double whorl;    /* mm: where the ridges' centre lies beside the ellipse's */
	double weight;
};

/* Mean weight along one chord at height u from v0 to v1: stripes around the whorl, as far as the beam sees them. */
static double ridges(const struct canvas *canvas, const struct smudge *s, double u, double v0, double v1)
{
	double blur = 2 * canvas->beam_mm / RIDGE_MM;
	double contrast = RIDGE_CONTRAST * num_exp(-2 * blur * blur), sum = 0;
	for (int i = 0; i < RIDGE_SAMPLES; i++) {
		double v = v0 + (v1 - v0) * (i + 0.5) / RIDGE_SAMPLES, w = u - s->whorl;
		sum += num_cos_turn(num_sqrt(v * v + w * w) / RIDGE_MM);
	}
	double weight = s->weight * (1 + contrast * sum / RIDGE_SAMPLES);
	return weight < 1 ? weight : 1;
}

/* The chord of the ellipse at height u (mm outwards from its centre). */
static bool chord(const struct canvas *canvas, const struct smudge *s, double u, double *v0, double *v1)
{
	double a = s->a + canvas->beam_mm, b = s->b + canvas->beam_mm;
	double c = num_cos_turn(s->turn), n = num_sin_turn(s->turn);
	/* ((u c + v n) / a)^2 + ((v c - u n) / b)^2 = 1, for v */
	double p = n * n / (a * a) + c * c / (b * b), q = u * c * n * (1 / (a * a) - 1 / (b * b));
	double d = q * q - p * (u * u * (c * c / (a * a) + n * n / (b * b)) - 1);
	if (d <= 0)
		return false;
	double root = num_sqrt(d);
	*v0 = (-q - root) / p;
	*v1 = (-q + root) / p;
	return true;
}

static void smudge_mark(struct canvas *canvas, const struct smudge *s, unsigned layer, double alpha)
{
	double r, angle, reach = (s->a > s->b ? s->a : s->b) + canvas->beam_mm;
	unsigned ring, end;
	canvas_polar(canvas, layer, canvas_point(s->r, s->angle), &r, &angle);
	canvas_span(canvas, r - reach, r + reach, &ring, &end);
	for (; ring < end; ring++) {
		double at = canvas_ring(canvas, layer, ring)->r_mm, v0, v1;
		if (!chord(canvas, s, at - r, &v0, &v1))
			continue;
		struct ink ink = {.weight = ridges(canvas, s, at - r, v0, v1), .alpha = alpha};
		double turns = 1 / (2 * NUM_PI * at), half = (v1 - v0) / 2 * turns;
		canvas_mark(canvas, layer, ring, angle, angle + (v0 + v1) / 2 * turns,
			    half < 0.5 ? half : 0.5, &ink);
	}
}

static void smudge_all(struct canvas *canvas, const struct shape *shape, const struct smudge *s)
{
	for (unsigned layer = 0; layer < canvas->spiral->layer_count; layer++)
		if (canvas_has(shape, layer))
			smudge_mark(canvas, s, layer, shape->alpha);
}

static double angle_of(const struct shape *shape, uint64_t key)
{
	return shape->angle >= 0 ? shape->angle : num_uniform(draw(key, 0, SPOT_ANGLE));
}

static double radius_of(const struct shape *shape, uint64_t key)
{
	return shape->r.from + (shape->r.to - shape->r.from) * num_uniform(draw(key, 0, SPOT_R));
}

void damage_smudge(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	for (uint64_t i = 0; i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_SMUDGE);
		struct smudge s = {
			.r = radius_of(shape, own),
			.angle = angle_of(shape, own),
			.a = shape->length / 2,
			.b = shape->width / 2,
			.turn = num_uniform(draw(own, 0, SPOT_TURN)),
			.weight = shape->weight,
		};
		s.whorl = s.a * (num_uniform(draw(own, 0, SPOT_WHORL)) - 0.5);
		/* Each wipe moves some of what it found. */
		for (unsigned wipe = 0; wipe < canvas->disc->cleanings; wipe++) {
			struct smudge moved = s;
			moved.weight *= CLEAN_MOVED;
			moved.r += CLEAN_MOVED_MM * (0.5 + num_uniform(draw(own, wipe, SPOT_MOVED)));
			moved.angle += 0.02 * num_normal(draw(own, wipe, SPOT_ASIDE));
			moved.a *= CLEAN_SMEAR;
			moved.turn = 0;
			smudge_all(canvas, shape, &moved);
			s.weight *= CLEAN_LEFT;
		}
		smudge_all(canvas, shape, &s);
	}
}

/* A round hole on one layer. |P - C|^2 = (r - rc)^2 + 4 r rc sin^2(half the angle between them). */
static void hole_mark(struct canvas *canvas, unsigned layer, struct point at, double radius,
		      const struct ink *ink)
{
	double r, angle;
	unsigned ring, end;
	canvas_polar(canvas, layer, at, &r, &angle);
	canvas_span(canvas, r - radius, r + radius, &ring, &end);
	for (; ring < end; ring++) {
		double there = canvas_ring(canvas, layer, ring)->r_mm, off = there - r;
		double square = (radius * radius - off * off) / (4 * there * r);
		if (square <= 0)
			continue;
		double sine = num_sqrt(square);
		canvas_mark(canvas, layer, ring, angle, angle, 2 * sine * (1 + square / 6) / (2 * NUM_PI),
			    ink);
	}
}

/* Thomas process: clusters anywhere, holes around their middles, each in one layer of the disc. */
void damage_pinholes(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct ink ink = {.weight = shape->weight, .alpha = shape->alpha};
	double from = shape->r.from * shape->r.from, to = shape->r.to * shape->r.to;
	for (uint64_t i = 0; i < shape->count; i++) {
		uint64_t own = draw(key, i, SPOT_HOLE);
		uint64_t parent = draw(key, draw(own, 0, SPOT_PARENT) % PARENTS, SPOT_PARENT);
		struct point at =
			canvas_point(num_sqrt(from + (to - from) * num_uniform(draw(parent, 0, SPOT_R))),
				     num_uniform(draw(parent, 0, SPOT_ANGLE)));
		at.x += shape->spread * num_normal(draw(own, 0, SPOT_X));
		at.y += shape->spread * num_normal(draw(own, 0, SPOT_Y));
		unsigned layer = (unsigned)(draw(own, 0, SPOT_LAYER) % canvas->spiral->layer_count);
		layer = shape->layer ? (unsigned)shape->layer - 1 : layer;
		if (layer < canvas->spiral->layer_count)
			hole_mark(canvas, layer, at,
				  num_lognormal(draw(own, 0, SPOT_WIDTH), shape->width, HOLE_SIGMA) / 2,
				  &ink);
	}
}

void damage_puncture(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	for (uint64_t i = 0; i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_PUNCTURE);
		struct point at = canvas_point(radius_of(shape, own), angle_of(shape, own));
		struct ink ink = {.weight = shape->weight,
				  .alpha = shape->alpha,
				  .servo = shape->servo,
				  .servo_p = shape->servo_p,
				  .key = draw(own, 0, SPOT_SERVO)};
		for (unsigned layer = 0; layer < canvas->spiral->layer_count; layer++)
			if (canvas_has(shape, layer))
				hole_mark(canvas, layer, at, shape->width / 2, &ink);
	}
}
