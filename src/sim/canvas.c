/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The canvas of canvas.h. A ring knows its piece of the spiral as a parabola,
 * so that a turn costs a few multiplications and no search.
 */
#include "sim/canvas.h"

#include <stdlib.h>

#include "base/num.h"
#include "sim/draw.h"

/* CIRC spreads the bytes of a sector over 109 frames more than its own 98 (IEC 60908 16). */
#define CIRC_TAIL (109.0 / 98)

/* Obstructed longer than this share of the burst limit, the servo may lose the track (estimate). */
#define SERVO_SHARE 0.5
/* What it then costs a block that lies there whole: lost, but for a lucky session (estimate). */
#define SERVO_X 1.2

/* Just within the layer, so that its end is not taken for the next one's beginning. */
#define END_SECTORS 1e-3

static double turn_at(const struct spiral *spiral, unsigned layer, double r_mm)
{
	double end = (double)(spiral->layers[layer].first + spiral->layers[layer].count) - END_SECTORS;
	double sector = spiral_at_radius(spiral, layer, r_mm);
	struct spiral_place place;
	spiral_place(spiral, sector < end ? sector : end, &place);
	return place.turn;
}

/* The parabola through the ring's two ends and its middle; within one zone of the spiral it is exact. */
static void fill_ring(const struct spiral *spiral, unsigned layer, struct canvas_ring *ring)
{
	double d = ring->turn1 - ring->turn0;
	double s0 = spiral_at_turn(spiral, layer, ring->turn0),
	       s1 = spiral_at_turn(spiral, layer, ring->turn1);
	ring->sector = s0;
	if (d < 1e-6) {
		ring->turn1 = ring->turn0;
		return;
	}
	double middle = spiral_at_turn(spiral, layer, ring->turn0 + d / 2);
	ring->bend = 2 * (s1 - 2 * middle + s0) / (d * d);
	ring->slope = (s1 - s0) / d - ring->bend * d;
}

static double zone_end(const struct canvas *canvas, unsigned zone)
{
	const struct spiral *spiral = canvas->spiral;
	return zone + 1 < spiral->zone_count ? spiral->zones[zone + 1].r_mm : canvas->end_mm;
}

/* How many rings each zone has, and so where it begins. */
static void count_rings(struct canvas *canvas)
{
	const struct spiral *spiral = canvas->spiral;
	for (unsigned zone = 0; zone < spiral->zone_count; zone++) {
		double width = zone_end(canvas, zone) - spiral->zones[zone].r_mm;
		canvas->zone_rings[zone] = canvas->ring_count;
		canvas->ring_count += (unsigned)(width / CANVAS_STEP_MM) + 1;
	}
	canvas->zone_rings[spiral->zone_count] = canvas->ring_count;
}

static void fill_layer(struct canvas *canvas, unsigned layer)
{
	const struct spiral *spiral = canvas->spiral;
	struct canvas_ring *ring = &canvas->rings[(size_t)layer * canvas->ring_count];
	double inner = turn_at(spiral, layer, spiral->zones[0].r_mm);
	for (unsigned zone = 0; zone < spiral->zone_count; zone++) {
		unsigned rings = canvas->zone_rings[zone + 1] - canvas->zone_rings[zone];
		double from = spiral->zones[zone].r_mm, step = (zone_end(canvas, zone) - from) / rings;
		for (unsigned i = 0; i < rings; i++, ring++) {
			double outer = turn_at(spiral, layer, from + (i + 1) * step);
			ring->r_mm = from + (i + 0.5) * step;
			ring->turn0 = inner < outer ? inner : outer;
			ring->turn1 = inner < outer ? outer : inner;
			fill_ring(spiral, layer, ring);
			inner = outer;
		}
	}
}

bool canvas_init(struct canvas *canvas, struct disc *disc)
{
	const struct spiral *spiral = &disc->spiral;
	const struct medium *medium = spiral->medium;
	*canvas = (struct canvas){.disc = disc, .spiral = spiral};
	if (!disc->has_geometry)
		return true;
	struct spiral_place end;
	spiral_place(spiral, (double)spiral->layers[0].count - END_SECTORS, &end);
	canvas->beam_mm = medium->beam_mm / 2;
	canvas->end_mm = end.r_mm;
	canvas->tail = medium->family == FAMILY_CD ? CIRC_TAIL : 0;
	canvas->loss = medium->sector_mm * disc->scenario->disc.stretch / medium->burst_mm;
	count_rings(canvas);
	canvas->rings = calloc((size_t)canvas->ring_count * spiral->layer_count, sizeof *canvas->rings);
	for (unsigned i = 0; canvas->rings && i < spiral->layer_count; i++)
		fill_layer(canvas, i);
	return canvas->rings != NULL;
}

void canvas_finish(struct canvas *canvas)
{
	free(canvas->rings);
	*canvas = (struct canvas){0};
}

/* The ring that a radius lies in, 0 if it is further in; ring_count: it is further out. */
static unsigned ring_at(const struct canvas *canvas, double r_mm)
{
	const struct spiral *spiral = canvas->spiral;
	unsigned low = 0, high = spiral->zone_count;
	if (r_mm >= canvas->end_mm)
		return canvas->ring_count;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		if (spiral->zones[middle].r_mm <= r_mm)
			low = middle;
		else
			high = middle;
	}
	double from = spiral->zones[low].r_mm, to = zone_end(canvas, low);
	unsigned first = canvas->zone_rings[low], rings = canvas->zone_rings[low + 1] - first;
	double at = (r_mm - from) / (to - from) * rings;
	unsigned i = at > 0 ? (unsigned)at : 0;
	return first + (i < rings ? i : rings - 1);
}

void canvas_span(const struct canvas *canvas, double from, double to, unsigned *first, unsigned *end)
{
	*first = ring_at(canvas, from);
	*end = to < canvas->spiral->zones[0].r_mm ? *first : ring_at(canvas, to) + 1;
	*end = *end < canvas->ring_count ? *end : canvas->ring_count;
}

void canvas_add(struct canvas *canvas, uint64_t block, double x, double alpha)
{
	/* Until damage_build has seen everything, alpha is the sum of x * alpha. */
	struct disc_block *b = &canvas->disc->blocks[block];
	b->x += (float)x;
	b->alpha += (float)(x * alpha);
}

/* Obstructs a piece of the track; `loss` is the x of one sector. */
static void obstruct(struct canvas *canvas, unsigned layer, double from, double to, double loss,
		     const struct ink *ink)
{
	const struct spiral_layer *l = &canvas->spiral->layers[layer];
	double first = (double)l->first, end = (double)(l->first + l->count);
	from = from > first ? from : first;
	to = to < end ? to : end;
	if (!(from < to))
		return;
	double size = canvas->disc->ecc_block, tail = canvas->tail;
	uint64_t block = from > tail ? (uint64_t)((from - tail) / size) : 0;
	uint64_t last = (uint64_t)(to / size);
	last = last < canvas->disc->block_count ? last : canvas->disc->block_count - 1;
	for (; block <= last; block++) {
		double begin = (double)block * size, stop = begin + size + tail;
		double low = from > begin ? from : begin, high = to < stop ? to : stop;
		double x = (high - low) * loss;
		if (x <= 0)
			continue;
		canvas_add(canvas, block, ink->cap > 0 && x > ink->cap ? ink->cap : x, ink->alpha);
	}
}

/* The servo lost the track behind a crossing at `turn`: the next turns are gone, too. */
static void lose_track(struct canvas *canvas, unsigned layer, double turn, double from, const struct ink *ink)
{
	uint64_t key = draw(ink->key, layer, (uint64_t)(int64_t)turn);
	if (num_uniform(key) >= ink->servo_p)
		return;
	double to = spiral_at_turn(canvas->spiral, layer, turn + ink->servo);
	double loss = SERVO_X / (canvas->disc->ecc_block + canvas->tail);
	obstruct(canvas, layer, from, to, loss, &(struct ink){.alpha = ink->alpha});
}

void canvas_mark(struct canvas *canvas, unsigned layer, unsigned ring, double ref, double angle, double half,
		 const struct ink *ink)
{
	const struct canvas_ring *r = canvas_ring(canvas, layer, ring);
	double base = ref - canvas->spiral->layers[layer].angle;
	double loss = canvas->loss * ink->weight;
	double k = -num_floor(base - r->turn0); /* rounded up */
	/* NOLINTNEXTLINE(cert-flp30-c): whole turns, exact */
	for (; k + base < r->turn1; k += 1) {
		double low = k + base + (angle - ref) - half - r->turn0, high = low + 2 * half;
		double from = r->sector + (r->slope + r->bend * low) * low;
		double to = r->sector + (r->slope + r->bend * high) * high;
		obstruct(canvas, layer, from, to, loss, ink);
		if (ink->servo > 0 && (to - from) * loss >= SERVO_SHARE)
			lose_track(canvas, layer, high + r->turn0, to, ink);
	}
}

struct point canvas_point(double r_mm, double angle)
{
	return (struct point){r_mm * num_cos_turn(angle), r_mm * num_sin_turn(angle)};
}

/* The direction of (x, y) in turns, 0..1: a guess within 5 degrees, then an arc sine, which multiplies the digits by five. */
static double direction(double x, double y, double r)
{
	double ax = x < 0 ? -x : x, ay = y < 0 ? -y : y;
	double turn = ay <= ax ? 0.125 * ay / (ax > 0 ? ax : 1) : 0.25 - 0.125 * ax / ay;
	turn = x < 0 ? 0.5 - turn : turn;
	turn = y < 0 ? 1 - turn : turn;
	for (int i = 0; i < 2; i++) {
		double across = (y * num_cos_turn(turn) - x * num_sin_turn(turn)) / r;
		turn += across * (1 + across * across / 6) / (2 * NUM_PI);
	}
	return turn - num_floor(turn);
}

void canvas_unpoint(struct point at, double *r_mm, double *angle)
{
	*r_mm = num_sqrt(at.x * at.x + at.y * at.y);
	*angle = *r_mm > 0 ? direction(at.x, at.y, *r_mm) : 0;
}

void canvas_polar(const struct canvas *canvas, unsigned layer, struct point at, double *r_mm, double *angle)
{
	const struct spiral_layer *l = &canvas->spiral->layers[layer];
	canvas_unpoint((struct point){at.x - l->x_mm, at.y - l->y_mm}, r_mm, angle);
}

double canvas_hand_radius(const struct canvas *canvas, unsigned layer, double r_mm, double angle)
{
	const struct spiral_layer *l = &canvas->spiral->layers[layer];
	return r_mm + l->x_mm * num_cos_turn(angle) + l->y_mm * num_sin_turn(angle);
}

double canvas_layer_angle(const struct canvas *canvas, unsigned layer, double r_mm, double angle)
{
	const struct spiral_layer *l = &canvas->spiral->layers[layer];
	double across = l->y_mm * num_cos_turn(angle) - l->x_mm * num_sin_turn(angle);
	return angle - across / (2 * NUM_PI * r_mm);
}

double canvas_offset(const struct canvas *canvas)
{
	double most = 0;
	for (unsigned i = 0; i < canvas->spiral->layer_count; i++) {
		const struct spiral_layer *l = &canvas->spiral->layers[i];
		double square = l->x_mm * l->x_mm + l->y_mm * l->y_mm;
		most = square > most ? square : most;
	}
	return num_sqrt(most);
}
