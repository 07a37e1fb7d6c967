/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Laying ranges of sectors on rings and angles, see rings.h. A range costs two
 * places on the spiral and as many cells as it touches, whatever its length.
 */
#include "report/rings.h"

#include <assert.h>
#include <stdlib.h>

#include "base/num.h"

/* A layer ends where the next begins, which is another place: the end is looked at from just before. */
#define BEFORE_END 1e-3 /* sectors */

static double layer_end(const struct spiral_layer *layer)
{
	return (double)layer->first + (double)layer->count;
}

static struct spiral_place place_within(const struct rings *rings, const struct spiral_layer *layer,
					double sector)
{
	struct spiral_place place;
	double last = layer_end(layer) - BEFORE_END;
	spiral_place(rings->spiral, sector < last ? sector : last, &place);
	return place;
}

static void lay_borders(struct rings *rings)
{
	const struct spiral *spiral = rings->spiral;
	double *border = rings->borders;
	for (unsigned i = 0; i < spiral->layer_count; i++)
		for (unsigned ring = 0; ring <= rings->ring_count; ring++, border++) {
			const struct spiral_layer *layer = &spiral->layers[i];
			double sector = spiral_at_radius(spiral, i, rings->r_mm + ring * rings->ring_mm);
			if (layer->count)
				*border = place_within(rings, layer, sector).turn;
		}
}

bool rings_init(struct rings *rings, const struct spiral *spiral, unsigned ring_count, unsigned cell_count)
{
	const struct spiral_layer *layer = &spiral->layers[0];
	*rings = (struct rings){
		.spiral = spiral,
		.ring_count = ring_count,
		.cell_count = cell_count,
		.r_mm = spiral->zones[0].r_mm,
	};
	double end = place_within(rings, layer, layer_end(layer)).r_mm;
	double r_out = spiral->medium->r_out_mm > end ? spiral->medium->r_out_mm : end;
	rings->ring_mm = (r_out - rings->r_mm) / ring_count;
	rings->cells = calloc((size_t)spiral->layer_count * ring_count * cell_count, sizeof *rings->cells);
	rings->borders = calloc((size_t)spiral->layer_count * (ring_count + 1), sizeof *rings->borders);
	if (!rings->cells || !rings->borders)
		return false;
	lay_borders(rings);
	return true;
}

void rings_finish(struct rings *rings)
{
	free(rings->cells);
	free(rings->borders);
	*rings = (struct rings){0};
}

struct visit {
	void (*fn)(void *arg, size_t cell, double turns);
	void *arg;
};

/* From turn to turn along one ring: whole turns evenly, the rest cell by cell. */
static void visit_arc(const struct rings *rings, size_t row, double from, double to,
		      const struct visit *visit)
{
	assert(rings->cell_count > 0);
	double cell = 1.0 / rings->cell_count, whole = num_floor(to - from);
	if (!(to > from))
		return;
	for (unsigned i = 0; whole > 0 && i < rings->cell_count; i++)
		visit->fn(visit->arg, row + i, whole * cell);
	double at = (from - num_floor(from)) * rings->cell_count;
	double end = at + (to - from - whole) * rings->cell_count;
	while (at < end) {
		unsigned i = (unsigned)at;
		double next = i + 1 < end ? i + 1 : end;
		visit->fn(visit->arg, row + i % rings->cell_count, (next - at) * cell);
		at = next;
	}
}

static unsigned ring_of(const struct rings *rings, double r_mm)
{
	double ring = (r_mm - rings->r_mm) / rings->ring_mm;
	if (!(ring > 0))
		return 0;
	return ring < rings->ring_count ? (unsigned)ring : rings->ring_count - 1;
}

static void visit_layer(const struct rings *rings, unsigned i, double first, double end,
			const struct visit *visit)
{
	const struct spiral_layer *layer = &rings->spiral->layers[i];
	const double *borders = &rings->borders[(size_t)i * (rings->ring_count + 1)];
	struct spiral_place from = place_within(rings, layer, first), to = place_within(rings, layer, end);
	unsigned ring = ring_of(rings, from.r_mm), last = ring_of(rings, to.r_mm);
	double turn = from.turn;
	if (layer->inward ? last > ring : last < ring)
		last = ring; /* a range of nothing, on a border */
	for (;; ring = layer->inward ? ring - 1 : ring + 1) {
		size_t row = (size_t)(i * rings->ring_count + ring) * rings->cell_count;
		double stop = ring == last ? to.turn : borders[layer->inward ? ring : ring + 1];
		visit_arc(rings, row, turn, stop, visit);
		if (ring == last)
			return;
		turn = stop > turn ? stop : turn;
	}
}

void rings_visit(const struct rings *rings, double first, double end,
		 void (*fn)(void *arg, size_t cell, double turns), void *arg)
{
	const struct visit visit = {fn, arg};
	for (unsigned i = 0; i < rings->spiral->layer_count; i++) {
		const struct spiral_layer *layer = &rings->spiral->layers[i];
		double from = first > (double)layer->first ? first : (double)layer->first;
		double to = end < layer_end(layer) ? end : layer_end(layer);
		if (to > from)
			visit_layer(rings, i, from, to, &visit);
	}
}

struct adding {
	struct rings_cell *cells;
	enum rings_kind kind;
};

static void add_turns(void *arg, size_t cell, double turns)
{
	const struct adding *adding = arg;
	adding->cells[cell].turns[adding->kind] += turns;
}

void rings_add(struct rings *rings, double first, double end, enum rings_kind kind)
{
	struct adding adding = {rings->cells, kind};
	rings_visit(rings, first, end, add_turns, &adding);
}
