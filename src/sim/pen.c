/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pen of pen.h. Each piece, wider by the beam, is cut with the rings that it
 * touches; a ring collects what the line covers of it, and is marked when the
 * line is at its end.
 */
#include "sim/pen.h"

#include <stdlib.h>

#include "base/num.h"

bool pen_init(struct pen *pen, struct canvas *canvas)
{
	*pen = (struct pen){.canvas = canvas};
	pen->covers = calloc(canvas->ring_count, sizeof *pen->covers);
	canvas->failed |= pen->covers == NULL;
	return pen->covers != NULL;
}

void pen_finish(struct pen *pen)
{
	free(pen->covers);
	free(pen->stops);
	*pen = (struct pen){0};
}

void pen_to(struct pen *pen, struct point at, double half_mm)
{
	if (pen->count == pen->room) {
		size_t room = pen->room ? pen->room * 2 : 256;
		struct pen_stop *stops = reallocarray(pen->stops, room, sizeof *stops);
		if (!stops) {
			pen->canvas->failed = true;
			return;
		}
		pen->stops = stops;
		pen->room = room;
	}
	pen->stops[pen->count++] = (struct pen_stop){at, half_mm};
}

/* A line in progress on one layer. */
struct line {
	struct pen *pen;
	unsigned layer;
	double ref;          /* angle of its beginning: decides which turns belong to a ring */
	unsigned first, end; /* rings with a cover */
	const struct ink *ink;
};

static void flush(struct line *line, unsigned ring)
{
	struct pen_cover *cover = &line->pen->covers[ring];
	for (unsigned i = 0; i < cover->count; i++)
		canvas_mark(line->pen->canvas, line->layer, ring, line->ref,
			    line->ref - 0.5 + (cover->low[i] + cover->high[i]) / 2,
			    (cover->high[i] - cover->low[i]) / 2, line->ink);
	cover->count = 0;
}

static void cover_remove(struct pen_cover *cover, unsigned i)
{
	cover->count--;
	cover->low[i] = cover->low[cover->count];
	cover->high[i] = cover->high[cover->count];
}

/* How far a piece of a cover lies from low .. high; below 0: they touch. */
static double cover_gap(const struct pen_cover *cover, unsigned i, double low, double high)
{
	return low > cover->high[i] ? low - cover->high[i] : cover->low[i] - high;
}

static void cover_add(struct pen_cover *cover, double low, double high)
{
	for (;;) {
		unsigned near = 0;
		for (unsigned i = 1; i < cover->count; i++)
			if (cover_gap(cover, i, low, high) < cover_gap(cover, near, low, high))
				near = i;
		if (!cover->count || (cover_gap(cover, near, low, high) > 0 && cover->count < PEN_COVERS))
			break;
		low = cover->low[near] < low ? cover->low[near] : low;
		high = cover->high[near] > high ? cover->high[near] : high;
		cover_remove(cover, near);
	}
	cover->low[cover->count] = low;
	cover->high[cover->count++] = high;
}

/* low .. high, in turns: what goes beyond the end of the ring's turn is put at its beginning. */
static void cover_ring(struct line *line, unsigned ring, double low, double high)
{
	struct pen_cover *cover = &line->pen->covers[ring];
	double start = line->ref - 0.5, length = high - low;
	low -= start;
	low -= num_floor(low);
	if (length >= 1) {
		cover_add(cover, 0, 1);
		return;
	}
	cover_add(cover, low, low + length < 1 ? low + length : 1);
	if (low + length > 1)
		cover_add(cover, 0, low + length - 1);
}

/* A piece seen from its middle: x along the track, y outwards. */
struct piece {
	double x[2], y[2], half;
};

/* Where a line at height y leaves the hull of two equal circles: their own chords, and the two straight sides. */
static bool cut(const struct piece *piece, double y, double *low, double *high)
{
	double dx = piece->x[1] - piece->x[0], dy = piece->y[1] - piece->y[0];
	double length = num_sqrt(dx * dx + dy * dy), h = piece->half;
	*low = 1e9;
	*high = -1e9;
	for (int i = 0; i < 2; i++) {
		double off = y - piece->y[i];
		if (off > h || off < -h)
			continue;
		double reach = num_sqrt(h * h - off * off);
		*low = piece->x[i] - reach < *low ? piece->x[i] - reach : *low;
		*high = piece->x[i] + reach > *high ? piece->x[i] + reach : *high;
	}
	for (int side = -1; length > 0 && side <= 1; side += 2) {
		double sx = piece->x[0] - side * h * dy / length, sy = piece->y[0] + side * h * dx / length;
		if (!((y > sy && y < sy + dy) || (y < sy && y > sy + dy)))
			continue;
		double x = sx + (y - sy) * dx / dy;
		*low = x < *low ? x : *low;
		*high = x > *high ? x : *high;
	}
	return *low < *high;
}

static void draw_piece(struct line *line, const struct pen_stop *from, const struct pen_stop *to, double beam)
{
	struct canvas *canvas = line->pen->canvas;
	struct point middle = {(from->at.x + to->at.x) / 2, (from->at.y + to->at.y) / 2};
	double r, angle;
	canvas_polar(canvas, line->layer, middle, &r, &angle);
	if (r < 1)
		return; /* the hole */
	double c = num_cos_turn(angle), s = num_sin_turn(angle);
	double dx = (to->at.x - from->at.x) / 2, dy = (to->at.y - from->at.y) / 2;
	double along = dy * c - dx * s, out = dx * c + dy * s;
	struct piece piece = {{-along, along}, {-out, out}, (from->half_mm + to->half_mm) / 2 + beam};
	double reach = (out < 0 ? -out : out) + piece.half;
	unsigned ring, end;
	canvas_span(canvas, r - reach, r + reach, &ring, &end);
	if (ring < end && ring < line->first)
		line->first = ring;
	line->end = ring < end && end > line->end ? end : line->end;
	for (; ring < end; ring++) {
		double at = canvas_ring(canvas, line->layer, ring)->r_mm, low, high;
		if (cut(&piece, at - r, &low, &high))
			cover_ring(line, ring, angle + low / (2 * NUM_PI * at),
				   angle + high / (2 * NUM_PI * at));
	}
}

static void draw_layer(struct pen *pen, unsigned layer, double beam, const struct ink *ink)
{
	struct line line = {.pen = pen, .layer = layer, .first = pen->canvas->ring_count, .ink = ink};
	double r;
	canvas_polar(pen->canvas, layer, pen->stops[0].at, &r, &line.ref);
	for (size_t i = 0; i + 1 < pen->count; i++)
		draw_piece(&line, &pen->stops[i], &pen->stops[i + 1], beam);
	for (unsigned i = line.first; i < line.end; i++)
		flush(&line, i);
}

void pen_draw(struct pen *pen, const struct shape *shape, const struct ink *ink)
{
	for (unsigned i = 0; pen->count > 1 && i < pen->canvas->spiral->layer_count; i++)
		if (canvas_has(shape, i))
			draw_layer(pen, i, pen->canvas->beam_mm, ink);
	pen->count = 0;
}
