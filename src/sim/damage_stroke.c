/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scratches that have a direction with respect to the track: radial and
 * diagonal gouges, arcs, and scratches that wind along with the spiral.
 */
#include "sim/damage.h"

#include "base/num.h"
#include "sim/draw.h"
#include "sim/pen.h"

/* What is drawn where a key says nothing; all of these are estimates. */
#define RADIAL_LENGTH_MM 8.0
#define RADIAL_LENGTH_SIGMA 0.8
#define RADIAL_WIDTH_MM 0.5
#define RADIAL_WIDTH_SIGMA 0.9
#define RADIAL_SLOPE_SIGMA (0.05 / (2 * NUM_PI)) /* turns per mm */
#define ROUGH_MM 0.5                             /* a width wanders over this length */
#define ARC_LENGTH_MM 15.0
#define ARC_LENGTH_SIGMA 0.8
#define ARC_WIDTH_MIN_MM 0.05
#define ARC_WIDTH_MAX_MM 0.7

enum stroke_draw {
	STROKE_R,
	STROKE_ANGLE,
	STROKE_SLOPE,
	STROKE_LENGTH,
	STROKE_WIDTH,
	STROKE_ROUGH,
	STROKE_SERVO
};

static struct ink stroke_ink(const struct shape *shape, uint64_t key)
{
	return (struct ink){
		.weight = shape->weight,
		.alpha = shape->alpha,
		.servo = shape->servo,
		.servo_p = shape->servo_p,
		.key = draw(key, 0, STROKE_SERVO),
	};
}

static double angle_of(const struct shape *shape, uint64_t key)
{
	return shape->angle >= 0 ? shape->angle : num_uniform(draw(key, 0, STROKE_ANGLE));
}

static double radius_of(const struct shape *shape, uint64_t key)
{
	return shape->r.from + (shape->r.to - shape->r.from) * num_uniform(draw(key, 0, STROKE_R));
}

/* One gouge: at radius r its middle is at angle + slope (r - from), its width goes along the track. */
struct gouge {
	double from, to; /* mm */
	double angle, slope, width;
	double taper, rough;
	uint64_t key;
};

static struct gouge gouge_draw(const struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct gouge g = {.from = shape->r.from, .to = shape->r.to, .angle = angle_of(shape, key)};
	double length = shape->length;
	if (length < 0)
		length = num_lognormal(draw(key, 0, STROKE_LENGTH), RADIAL_LENGTH_MM, RADIAL_LENGTH_SIGMA);
	if (length > 0) {
		g.from = radius_of(shape, key);
		g.to = g.from + length;
	}
	double rim = canvas->spiral->medium->r_out_mm + 1;
	g.to = g.to < rim ? g.to : rim;
	g.slope = shape->slope;
	if (g.slope > 1)
		g.slope = RADIAL_SLOPE_SIGMA * num_normal(draw(key, 0, STROKE_SLOPE));
	g.width = shape->width;
	if (g.width <= 0)
		g.width = num_lognormal(draw(key, 0, STROKE_WIDTH), RADIAL_WIDTH_MM, RADIAL_WIDTH_SIGMA);
	g.taper = shape->taper;
	g.rough = shape->rough;
	g.key = key;
	return g;
}

static double gouge_width(const struct gouge *g, double r)
{
	double length = g->to - g->from, along = length > 0 ? (r - g->from) / length : 0;
	double width = g->width * (1 - g->taper * along);
	if (g->rough <= 0)
		return width;
	double at = (r - g->from) / ROUGH_MM, knot = num_floor(at), part = at - knot;
	double low = num_normal(draw(g->key, (uint64_t)knot, STROKE_ROUGH));
	double high = num_normal(draw(g->key, (uint64_t)knot + 1, STROKE_ROUGH));
	return width * num_exp(g->rough * (low + (high - low) * part));
}

static double within(double low, double x, double high)
{
	return x < low ? low : x > high ? high : x;
}

/*
 * What of the ring at a layer's radius r it obstructs: the middle (hand's angle)
 * and half the length, mm. The beam reaches it at every height u over the ring
 * where it is, so a sloping edge is felt where slope * u + sqrt(beam^2 - u^2) is
 * largest, and an end only from one side.
 */
static bool gouge_cut(const struct canvas *canvas, const struct gouge *g, unsigned layer, double r,
		      double *angle, double *half)
{
	double hand = canvas_hand_radius(canvas, layer, r, g->angle + g->slope * (r - g->from));
	double beam = canvas->beam_mm, down = g->from - hand, up = g->to - hand;
	down = down > -beam ? down : -beam;
	up = up < beam ? up : beam;
	if (down > up)
		return false;
	double slope = 2 * NUM_PI * hand * g->slope, best = beam * slope / num_sqrt(1 + slope * slope);
	double over = within(down, best, up), under = within(down, -best, up);
	double high = slope * over + num_sqrt(beam * beam - over * over);
	double low = slope * under - num_sqrt(beam * beam - under * under);
	double width = gouge_width(g, within(g->from, hand, g->to));
	*angle = g->angle + g->slope * (hand - g->from) + (high + low) / 2 / (2 * NUM_PI * hand);
	*half = width / 2 + (high - low) / 2;
	return width > 0;
}

static void gouge_mark(struct canvas *canvas, const struct gouge *g, unsigned layer, const struct ink *ink)
{
	double reach = canvas->beam_mm + canvas_offset(canvas);
	unsigned ring, end;
	canvas_span(canvas, g->from - reach, g->to + reach, &ring, &end);
	for (; ring < end; ring++) {
		double r = canvas_ring(canvas, layer, ring)->r_mm, angle, half;
		if (!gouge_cut(canvas, g, layer, r, &angle, &half))
			continue;
		half /= 2 * NUM_PI * r;
		canvas_mark(canvas, layer, ring, g->angle, canvas_layer_angle(canvas, layer, r, angle),
			    half < 0.5 ? half : 0.5, ink);
	}
}

void damage_radial(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	for (uint64_t i = 0; i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_RADIAL);
		struct gouge g = gouge_draw(canvas, shape, own);
		struct ink ink = stroke_ink(shape, own);
		for (unsigned layer = 0; layer < canvas->spiral->layer_count; layer++)
			if (canvas_has(shape, layer))
				gouge_mark(canvas, &g, layer, &ink);
	}
}

/*
 * A line that goes around the hole's centre, from one radius to another, for
 * `length` mm; its width goes outwards. It tapers from its middle to both ends
 * (arc) or to the last one.
 */
struct winding {
	double from, to, angle, length, width, taper;
	bool both;
};

static void winding_draw(struct pen *pen, const struct winding *w)
{
	double pieces = num_floor(w->length / PEN_PIECE_MM) + 1, step = w->length / pieces, angle = w->angle;
	for (unsigned i = 0; i <= pieces; i++) {
		double part = i / pieces, off = 2 * part - 1, end = w->both ? (off < 0 ? -off : off) : part;
		double r = w->from + (w->to - w->from) * part;
		pen_to(pen, canvas_point(r, angle), w->width * (1 - w->taper * end) / 2);
		angle += step / (2 * NUM_PI * r);
	}
}

void damage_arc(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct pen pen;
	bool ready = pen_init(&pen, canvas);
	for (uint64_t i = 0; ready && i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_ARC);
		struct ink ink = stroke_ink(shape, own);
		struct winding w = {.length = shape->length, .width = shape->width, .taper = shape->taper};
		if (w.length <= 0)
			w.length =
				num_lognormal(draw(own, 0, STROKE_LENGTH), ARC_LENGTH_MM, ARC_LENGTH_SIGMA);
		if (w.width <= 0)
			w.width = ARC_WIDTH_MIN_MM + (ARC_WIDTH_MAX_MM - ARC_WIDTH_MIN_MM) *
							     num_uniform(draw(own, 0, STROKE_WIDTH));
		w.from = w.to = radius_of(shape, own);
		w.angle = angle_of(shape, own) - w.length / 2 / (2 * NUM_PI * w.from);
		w.both = true;
		/* The pen's round ends are part of the arc, not beyond it. */
		w.length = w.length > w.width ? w.length - w.width : PEN_PIECE_MM / 100;
		w.angle += w.width / 2 / (2 * NUM_PI * w.from);
		winding_draw(&pen, &w);
		pen_draw(&pen, shape, &ink);
	}
	pen_finish(&pen);
}

void damage_spiral(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	struct pen pen;
	bool ready = pen_init(&pen, canvas);
	for (uint64_t i = 0; ready && i < shape->count; i++) {
		uint64_t own = draw(key, i, SHAPE_SPIRAL);
		struct ink ink = stroke_ink(shape, own);
		winding_draw(&pen, &(struct winding){.from = shape->r.from,
						     .to = shape->r.to,
						     .angle = angle_of(shape, own),
						     .length = shape->length,
						     .width = shape->width,
						     .taper = shape->taper});
		pen_draw(&pen, shape, &ink);
	}
	pen_finish(&pen);
}
