/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disc as numbers for the page's script: its geometry, and how much of each
 * ring and angle is saved, untried, hoped for and lost. The grid's size is
 * fixed, so a page costs the same whatever the map. Colours are the script's.
 */
#include "report/html.h"

#include <inttypes.h>

#include "base/num.h"

/*
 * Rings and angles by the number of layers. A disc is drawn 300 to 600 pixels
 * wide, so a cell is one to three pixels; all layers together have 48,000.
 */
static const struct {
	unsigned rings, cells;
} sizes[SPIRAL_LAYERS_MAX] = {{100, 480}, {76, 316}, {60, 266}, {52, 230}};

/* Shares of a cell in quarters: finer steps are not seen. */
#define LEVELS 4u
/* Two levels of 0 .. 4 make a letter, A to Y; Z is a cell in which nothing is recorded. */
#define PAIR(a, b) ((uint8_t)((a) * (LEVELS + 1) + (b)))
#define NOT_RECORDED 25u

bool html_rings_init(struct html *html)
{
	unsigned i = html->spiral.layer_count - 1;
	return rings_init(&html->rings, &html->spiral, sizes[i].rings, sizes[i].cells);
}

void html_add_cells(struct buf *out, const uint8_t *values, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && values[end] == values[i])
			end++;
		char letter = (char)('A' + values[i]);
		buf_add(out, &letter, 1);
		if (end - i > 1)
			buf_addf(out, "%zu", end - i);
		i = end;
	}
}

/* The share of `kind` and all graver ones. A single sector is seen, too. */
static unsigned level_of(const struct rings_cell *cell, enum rings_kind kind)
{
	double all = 0, part = 0;
	for (unsigned i = 0; i < RINGS_KINDS; i++) {
		all += cell->turns[i];
		part += i >= kind ? cell->turns[i] : 0;
	}
	if (!(part > 0))
		return 0;
	unsigned level = (unsigned)(part / all * LEVELS + 0.5);
	return level ? level : 1;
}

static bool recorded(const struct rings_cell *cell)
{
	double all = 0;
	for (unsigned i = 0; i < RINGS_KINDS; i++)
		all += cell->turns[i];
	return all > 0;
}

static void add_planes(struct buf *out, const struct rings *rings, size_t count)
{
	buf_add_str(out, "\"calm\":\"");
	struct buf plane = {0};
	uint8_t *values = (uint8_t *)buf_room(&plane, count);
	for (size_t i = 0; values && i < count; i++)
		values[i] = recorded(&rings->cells[i]) ? PAIR(level_of(&rings->cells[i], RINGS_SAVED),
							      level_of(&rings->cells[i], RINGS_UNTRIED))
						       : NOT_RECORDED;
	if (values)
		html_add_cells(out, values, count);
	buf_add_str(out, "\",\n\"grave\":\"");
	for (size_t i = 0; values && i < count; i++)
		values[i] =
			PAIR(level_of(&rings->cells[i], RINGS_HOPE), level_of(&rings->cells[i], RINGS_LOST));
	if (values)
		html_add_cells(out, values, count);
	buf_add_str(out, "\"");
	out->failed = out->failed || plane.failed;
	buf_finish(&plane);
}

/* No locale has a say in whole numbers. */
static void add_scaled(struct buf *out, double value, unsigned scale, bool first)
{
	buf_addf(out, "%s%" PRId64, first ? "" : ",", (int64_t)num_floor(value * scale + 0.5));
}

/*
 * A layer from the inside out, at the borders of its rings: hundredths of
 * sectors, thousandths of turns, micrometres. Between two of them the squares of
 * radii grow with the sectors, and turns with the radius.
 */
static void add_layer(struct buf *out, const struct html *html, unsigned i)
{
	const struct rings *rings = &html->rings;
	const struct spiral_layer *layer = &html->spiral.layers[i];
	double first = (double)layer->first, last = first + (double)layer->count - 1e-3;
	static const char *const names[] = {"sectors", "turns", "radii"};
	static const unsigned scales[] = {100, 1000, 1000};
	buf_addf(out, "%s{\"first\":%" PRIu64 ",\"count\":%" PRIu64 ",\"inward\":%d", i ? ",\n" : "",
		 layer->first, layer->count, layer->inward);
	for (unsigned what = 0; what < 3; what++) {
		buf_addf(out, ",\"%s\":[", names[what]);
		for (unsigned ring = 0; layer->count && ring <= rings->ring_count; ring++) {
			double r_mm = rings->r_mm + ring * rings->ring_mm;
			double sector = spiral_at_radius(&html->spiral, i, r_mm);
			struct spiral_place place;
			sector = sector < first ? first : sector > last ? last : sector;
			spiral_place(&html->spiral, sector, &place);
			const double values[] = {sector, place.turn, place.r_mm};
			add_scaled(out, values[what], scales[what], ring == 0);
		}
		buf_add_str(out, "]");
	}
	buf_add_str(out, "}");
}

void html_grid_add_json(struct buf *out, const struct html *html)
{
	const struct rings *rings = &html->rings;
	unsigned layers = html->spiral.layer_count;
	buf_addf(out, "\"sectorBytes\":%" PRIu32 ",\"rings\":%u,\"cells\":%u", html->sector_bytes,
		 rings->ring_count, rings->cell_count);
	buf_add_str(out, ",\"inner\":");
	add_scaled(out, rings->r_mm, 1000, true);
	buf_add_str(out, ",\"ring\":");
	add_scaled(out, rings->ring_mm, 1000, true);
	buf_add_str(out, ",\n\"layers\":[");
	for (unsigned i = 0; i < layers; i++)
		add_layer(out, html, i);
	buf_add_str(out, "],\n");
	add_planes(out, rings, (size_t)layers * rings->ring_count * rings->cell_count);
}
