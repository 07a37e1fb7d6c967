/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is missing, as places that a person could point at. A scratch hits one
 * block a turn for thousands of turns: what lies a tenth of a millimetre apart is
 * one place. The list is bounded: what does not fit is gathered more coarsely.
 */
#include "report/html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/amount.h"

#define APART_MM 0.1    /* across the track: what is closer, an eye does not tell apart */
#define GATHER_AT 8192u /* places in memory before they are gathered */

static double turn_sectors(const struct html *html, uint64_t sector)
{
	struct spiral_place place;
	spiral_place(&html->spiral, (double)sector, &place);
	return spiral_sectors_per_turn(&html->spiral, &place);
}

/* Is the gap between them so small that they are one? Places on two layers are two. */
static bool together(const struct html *html, const struct html_place *left, uint64_t first)
{
	double gap = (double)first - (double)left->end;
	for (unsigned i = 1; i < html->spiral.layer_count; i++)
		if (left->end <= html->spiral.layers[i].first && first >= html->spiral.layers[i].first)
			return false;
	return gap <= html->places.turns * turn_sectors(html, first);
}

static void join(struct html_place *left, const struct html_place *right)
{
	left->end = right->end > left->end ? right->end : left->end;
	left->areas += right->areas;
	for (unsigned kind = 0; kind < RINGS_KINDS; kind++)
		left->bytes[kind] += right->bytes[kind];
}

/* Twice as coarse. Places on different layers stay apart, so this need not shrink the list below their number. */
static void gather(struct html *html)
{
	struct html_places *places = &html->places;
	places->turns *= 2;
	size_t kept = 0;
	for (size_t i = 1; i < places->count; i++) {
		if (together(html, &places->at[kept], places->at[i].first))
			join(&places->at[kept], &places->at[i]);
		else
			places->at[++kept] = places->at[i];
	}
	places->count = places->count ? kept + 1 : 0;
}

static bool make_room(struct html *html)
{
	struct html_places *places = &html->places;
	if (!places->at) {
		places->turns = APART_MM / html->medium->pitch_mm;
		places->at = calloc(GATHER_AT, sizeof *places->at);
	}
	if (!places->at)
		return false;
	while (places->count == GATHER_AT)
		gather(html);
	return true;
}

void html_places_add(struct html *html, uint64_t from, uint64_t to, enum rings_kind kind)
{
	struct html_places *places = &html->places;
	struct html_place place = {.first = from / html->sector_bytes, .areas = 1};
	place.end = to / html->sector_bytes + (to % html->sector_bytes != 0);
	place.bytes[kind] = to - from;
	if (!make_room(html)) {
		places->failed = true;
		return;
	}
	assert(places->at);
	struct html_place *last = places->count ? &places->at[places->count - 1] : NULL;
	if (last && together(html, last, place.first))
		join(last, &place);
	else
		places->at[places->count++] = place;
}

void html_places_close(struct html *html)
{
	while (html->places.count > PLACES_SHOWN)
		gather(html);
}

struct html_place *html_places_find(struct html_places *places, uint64_t sector)
{
	size_t low = 0, high = places->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (places->at[middle].end <= sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low < places->count && places->at[low].first <= sector ? &places->at[low] : NULL;
}

static void add_radii(struct buf *out, const struct html *html, const struct html_place *place)
{
	struct spiral_place from, to;
	spiral_place(&html->spiral, (double)place->first, &from);
	spiral_place(&html->spiral, (double)place->end - 0.5, &to);
	unsigned low = (unsigned)(from.r_mm * 10 + 0.5), high = (unsigned)(to.r_mm * 10 + 0.5);
	if (low > high) {
		unsigned swap = low;
		low = high;
		high = swap;
	}
	buf_addf(out, "%u.%u", low / 10, low % 10);
	if (high > low)
		buf_addf(out, " to %u.%u", high / 10, high % 10);
	buf_add_str(out, " mm");
	if (html->spiral.layer_count > 1)
		buf_addf(out, ", layer %u", from.layer);
}

static void add_row(struct buf *out, const struct html *html, size_t i)
{
	const struct html_place *place = &html->places.at[i];
	static const struct {
		enum rings_kind kind;
		const char *words;
	} kinds[] = {{RINGS_LOST, "lost"}, {RINGS_HOPE, "failed so far"}, {RINGS_UNTRIED, "not tried yet"}};
	buf_addf(out,
		 "<tr><th scope=\"row\"><button type=\"button\" class=\"pick place\">%zu</button></th><td>",
		 i + 1);
	add_radii(out, html, place);
	buf_addf(out, "</td><td class=\"n\">%s</td><td>", amount_grouped(place->first).text);
	const char *comma = "";
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		if (!place->bytes[kinds[k].kind])
			continue;
		buf_add_str(out, comma);
		amount_add_bytes(out, place->bytes[kinds[k].kind]);
		buf_addf(out, " %s", kinds[k].words);
		comma = ", ";
	}
	if (place->areas > 1)
		buf_addf(out, " <span class=\"faint\">in %s areas</span>", amount_grouped(place->areas).text);
	buf_add_str(out, "</td>");
	if (html->files.given)
		buf_addf(out, "<td class=\"n\">%s</td>", amount_grouped(place->file_count).text);
	buf_add_str(out, "</tr>\n");
}

void html_places_add_rows(struct buf *out, const struct html *html)
{
	for (size_t i = 0; i < html->places.count; i++)
		add_row(out, html, i);
}

/* First sector, number of sectors, how many files, and the rows of the first few. */
void html_places_add_json(struct buf *out, const struct html *html)
{
	for (size_t i = 0; i < html->places.count; i++) {
		const struct html_place *place = &html->places.at[i];
		buf_addf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64, i ? "," : "", place->first,
			 place->end - place->first, place->file_count);
		for (unsigned f = 0; f < PLACE_FILES && f < place->file_count; f++)
			if (place->rows[f] != UINT32_MAX)
				buf_addf(out, ",%" PRIu32, place->rows[f]);
		buf_add_str(out, "]");
	}
}
