/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mapfile counted, see survey.h. */
#include "survey.h"

#define ALL_STATUSES ((1u << RESPIN_STATUSES) - 1)
#define FINISHED_ONLY (1u << RESPIN_FINISHED)
/* ddrescue's largest position: a map that ends there was made for a source of unknown size. */
#define POSITION_MOST INT64_MAX

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

/* The next piece at or after `from` that lies in the domain and before the end. */
static bool next_piece(const struct survey *survey, uint64_t from, struct respin_extent *piece)
{
	struct respin_extent wanted = {.range = {from, survey->end - from}};
	if (from >= survey->end)
		return false;
	if (survey->domain && !respin_map_next(survey->domain, from, FINISHED_ONLY, &wanted))
		return false;
	if (!respin_map_next(survey->map, wanted.range.start, ALL_STATUSES, piece))
		return false;
	uint64_t end = end_of(wanted.range) < survey->end ? end_of(wanted.range) : survey->end;
	if (piece->range.start >= end)
		return false;
	if (end_of(piece->range) > end)
		piece->range.count = end - piece->range.start;
	return true;
}

void survey_walk(const struct survey *survey,
		 void (*fn)(void *arg, struct respin_range range, enum kind kind), void *arg)
{
	struct respin_extent piece;
	struct respin_range span = respin_map_span(survey->map);
	for (uint64_t from = span.start; next_piece(survey, from, &piece); from = end_of(piece.range))
		fn(arg, piece.range, kind_of((enum respin_status)piece.status));
}

struct counting {
	struct survey *survey;
	struct respin_range open; /* the area that may still grow */
	enum kind kind;
};

static void close_area(struct counting *counting)
{
	struct survey_kind *count = &counting->survey->kinds[counting->kind];
	if (!counting->open.count)
		return;
	count->areas++;
	if (counting->open.count > count->largest.count)
		count->largest = counting->open;
}

static void count_piece(void *arg, struct respin_range range, enum kind kind)
{
	struct counting *counting = arg;
	counting->survey->total += range.count;
	counting->survey->kinds[kind].count += range.count;
	if (counting->kind == kind && end_of(counting->open) == range.start) {
		counting->open.count += range.count; /* '*' beside '/': one area to a person */
		return;
	}
	close_area(counting);
	counting->open = range;
	counting->kind = kind;
}

void survey_make(struct survey *survey, const struct respin_map *map, const struct respin_map *domain)
{
	*survey = (struct survey){.map = map, .domain = domain};
	survey->end = end_of(respin_map_span(map));
	struct respin_extent last = {0}, one;
	for (uint64_t from = respin_map_span(map).start;
	     survey->end >= POSITION_MOST && respin_map_next(map, from, ALL_STATUSES, &one);
	     from = end_of(one.range))
		last = one;
	if (survey->end >= POSITION_MOST && last.status == RESPIN_NON_TRIED) {
		survey->end_unknown = true;
		survey->end = last.range.start;
	}
	struct counting counting = {.survey = survey};
	survey_walk(survey, count_piece, &counting);
	close_area(&counting);
}
