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
#include "core/map.h"
#include "report/svg.h"

/* ddrescue's largest position: a map that ends there was made for a source of unknown size. */
#define POSITION_MOST INT64_MAX
/* So much more than the table's figure a disc of a kind may hold, as in medium_guess. */
#define OVERFULL 1.02

static const char nominal_angles[] =
	"Clockwise from the mark on a nominal disc, from which a real one departs within a hundred turns.";

static const enum rings_kind kind_of[RESPIN_STATUSES] = {
	[RESPIN_NON_TRIED] = RINGS_UNTRIED, [RESPIN_NON_TRIMMED] = RINGS_HOPE,
	[RESPIN_NON_SCRAPED] = RINGS_HOPE,  [RESPIN_BAD] = RINGS_LOST,
	[RESPIN_FINISHED] = RINGS_SAVED,
};

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

struct drawing {
	const struct respin_map *map;
	const struct respin_map *domain; /* NULL: everything counts */
	uint64_t end;
	uint32_t sector_bytes;
	struct rings rings;
	struct svg_page page;
};

static void lay(struct drawing *drawing, uint64_t from, uint64_t to, enum rings_kind kind)
{
	double bytes = drawing->sector_bytes;
	if (to <= from)
		return;
	drawing->page.bytes[kind] += to - from;
	rings_add(&drawing->rings, (double)from / bytes, (double)to / bytes, kind);
}

/* The map's runs between two positions that count. */
static void lay_runs(struct drawing *drawing, uint64_t from, uint64_t to)
{
	struct respin_extent run;
	while (from < to && respin_map_next(drawing->map, from, MASK_ALL, &run) && run.range.start < to) {
		uint64_t end = end_of(run.range) < to ? end_of(run.range) : to;
		lay(drawing, from, run.range.start, RINGS_SKIPPED);
		lay(drawing, run.range.start, end, kind_of[run.status]);
		from = end;
	}
	lay(drawing, from, to, RINGS_SKIPPED);
}

static void lay_map(struct drawing *drawing)
{
	const struct respin_map *domain = drawing->domain;
	struct respin_extent wanted = {.range = {0, drawing->end}};
	for (uint64_t from = 0; from < drawing->end; from = end_of(wanted.range)) {
		bool found = !domain || respin_map_next(domain, from, MASK(RESPIN_FINISHED), &wanted);
		if (!found || wanted.range.start >= drawing->end) {
			lay(drawing, from, drawing->end, RINGS_SKIPPED);
			return;
		}
		if (end_of(wanted.range) > drawing->end)
			wanted.range.count = drawing->end - wanted.range.start;
		lay(drawing, from, wanted.range.start, RINGS_SKIPPED);
		lay_runs(drawing, wanted.range.start, end_of(wanted.range));
	}
}

static uint32_t sector_bytes(const struct respin_svg_options *options)
{
	return options->sector_bytes ? options->sector_bytes : 2048;
}

/* Where the disc ends: as told, as the map says, or as far as anything is known of it. */
static uint64_t find_end(const struct respin_map *map, uint64_t told)
{
	struct respin_extent last;
	uint64_t end = told ? told : end_of(respin_map_span(map));
	if (end < POSITION_MOST)
		return end;
	bool any = map_find_back(map, end, MASK_ALL & ~MASK(RESPIN_NON_TRIED), &last);
	return any ? end_of(last.range) : 0;
}

static int choose_medium(const struct respin_svg_options *options, uint64_t sectors,
			 const struct medium **medium, struct respin_error *error)
{
	if (!options->medium) {
		*medium = medium_guess(options->profile, sectors);
		return 0;
	}
	*medium = medium_find(options->medium);
	if (!*medium) {
		char names[200] = "";
		for (size_t i = 0, used = 0; i < media_count && used < sizeof names; i++)
			used += (size_t)snprintf(names + used, sizeof names - used, " %s", media[i].name);
		return error_set(error, RESPIN_E_INVALID, 0, "there is no medium %s; there are%s",
				 options->medium, names);
	}
	if ((double)sectors > (double)(*medium)->sectors * OVERFULL)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "the map has %" PRIu64 " sectors, and a %s holds %" PRIu64, sectors,
				 options->medium, (*medium)->sectors);
	return 0;
}

/* A nominal disc; what is fuller than that has its turns closer together. */
static void wind(struct spiral *spiral, const struct medium *medium, uint64_t sectors)
{
	struct spiral_params params = {
		.medium = medium, .sectors = sectors, .velocity = 1, .pitch = 1, .stretch = 1, .scale = 1};
	if (sectors > medium->sectors)
		params.pitch = (double)medium->sectors / (double)sectors;
	spiral_init(spiral, &params);
	for (unsigned i = 0; i < spiral->layer_count; i++)
		spiral->layers[i].angle = 0; /* which nobody knows: each is drawn from the top */
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
		.map = map,
		.domain = options->domain,
		.sector_bytes = sector_bytes(options),
		.page = *words,
	};
	struct buf out = {0};
	uint64_t whole = spiral->sectors * drawing.sector_bytes, known = find_end(map, options->end_bytes);
	drawing.end = known < whole ? known : whole;
	drawing.page.title = options->title;
	drawing.page.rings = &drawing.rings;
	if (!words->sector_bytes)
		drawing.page.sector_bytes = drawing.sector_bytes;
	bool room = svg_rings_init(&drawing.rings, spiral);
	if (room) {
		lay_map(&drawing);
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
	uint64_t end = find_end(map, options.end_bytes);
	uint64_t sectors = end / sector_bytes(&options) + (end % sector_bytes(&options) != 0);
	if (!sectors)
		return error_set(error, RESPIN_E_INVALID, 0, "the map says nothing yet that could be drawn");
	const struct medium *medium = NULL;
	int code = choose_medium(&options, sectors, &medium, error);
	if (code)
		return code;
	struct spiral spiral;
	char kind[100];
	wind(&spiral, medium, sectors);
	(void)snprintf(kind, sizeof kind, "%s%s", medium->title, options.medium ? "" : " (a guess)");
	const struct svg_page words = {.medium = kind, .angles = nominal_angles};
	if (!svg_map(map, &options, &spiral, &words, svg))
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a picture");
	return 0;
}
