/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map on the disc that it most likely is: guesses the medium, lays the map's
 * extents on its spiral, and has the page made. See <respin/map.h>.
 */
#include <respin/map.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "report/lay.h"
#include "report/svg.h"

static const char nominal_angles[] =
	"Clockwise from the mark on a nominal disc, from which a real one departs within a hundred turns.";

struct drawing {
	uint32_t sector_bytes;
	struct rings rings;
	struct svg_page page;
};

static void add_stretch(void *arg, uint64_t from, uint64_t to, enum rings_kind kind)
{
	struct drawing *drawing = arg;
	double bytes = drawing->sector_bytes;
	drawing->page.bytes[kind] += to - from;
	rings_add(&drawing->rings, (double)from / bytes, (double)to / bytes, kind);
}

static uint32_t sector_bytes(const struct respin_svg_options *options)
{
	return options->sector_bytes ? options->sector_bytes : 2048;
}

/* A map of sectors was laid, and the page tells bytes. */
static void count_bytes(struct drawing *drawing)
{
	struct svg_page *page = &drawing->page;
	for (unsigned kind = 0; kind < RINGS_KINDS && page->sector_bytes != drawing->sector_bytes; kind++)
		page->bytes[kind] = page->bytes[kind] / drawing->sector_bytes * page->sector_bytes;
}

bool svg_map(const struct respin_map *map, const struct respin_svg_options *options,
	     const struct spiral *spiral, const struct svg_page *words, char **svg)
{
	struct drawing drawing = {
		.sector_bytes = sector_bytes(options),
		.page = *words,
	};
	struct buf out = {0};
	uint64_t whole = spiral->sectors * drawing.sector_bytes, known = lay_end(map, options->end_bytes);
	drawing.page.title = options->title;
	drawing.page.rings = &drawing.rings;
	if (!words->sector_bytes)
		drawing.page.sector_bytes = drawing.sector_bytes;
	bool room = svg_rings_init(&drawing.rings, spiral);
	if (room) {
		lay_map(map, options->domain, known < whole ? known : whole, add_stretch, &drawing);
		count_bytes(&drawing);
		svg_page_add(&out, &drawing.page);
		buf_add(&out, "", 1);
	}
	rings_finish(&drawing.rings);
	if (!room || out.failed) {
		buf_finish(&out);
		return false;
	}
	*svg = out.data;
	return true;
}

int respin_map_svg(const struct respin_map *map, const struct respin_svg_options *given, char **svg,
		   struct respin_error *error)
{
	struct respin_svg_options options = {.size = sizeof options};
	if (given)
		memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
	*svg = NULL;
	uint64_t end = lay_end(map, options.end_bytes);
	uint64_t sectors = end / sector_bytes(&options) + (end % sector_bytes(&options) != 0);
	if (!sectors)
		return error_set(error, RESPIN_E_INVALID, 0, "the map says nothing yet that could be drawn");
	const struct medium *medium = NULL;
	int code = lay_medium(options.medium, options.profile, sectors, &medium, error);
	if (code)
		return code;
	struct spiral spiral;
	char kind[100];
	lay_wind(&spiral, medium, sectors);
	(void)snprintf(kind, sizeof kind, "%s%s", medium->title, options.medium ? "" : " (a guess)");
	const struct svg_page words = {.medium = kind, .angles = nominal_angles};
	if (!svg_map(map, &options, &spiral, &words, svg))
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a picture");
	return 0;
}
