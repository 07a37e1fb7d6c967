/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page of HTML, put together: gathers what map, files and ledger say, and
 * fills the slots of page.html. See <respin/report.h>. What it looks like is the
 * business of page.css, what it does under a hand that of page.js.
 */
#include <respin/report.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/amount.h"
#include "report/html.h"
#include "report/lay.h"
#include "report/xml.h"

/* The outer rim that fingers touch, and the part by the hub. */
#define RIM_MM 6.0
#define HUB_MM 4.0
#define TITLE_MOST 160u

static void count_radii(struct html *html, uint64_t from, uint64_t to)
{
	struct spiral_place place;
	uint64_t sector = from / html->sector_bytes, sectors = (to - from) / html->sector_bytes + 1;
	spiral_place(&html->spiral, (double)sector + (double)sectors / 2, &place);
	double end = html->medium->r_out_mm, start = html->medium->r0_mm;
	html->missing_sectors += sectors;
	html->rim_sectors += place.r_mm > end - RIM_MM ? sectors : 0;
	html->hub_sectors += place.r_mm < start + HUB_MM ? sectors : 0;
}

static void take_stretch(void *arg, uint64_t from, uint64_t to, enum rings_kind kind)
{
	struct html *html = arg;
	double sector = html->sector_bytes;
	html->bytes[kind] += to - from;
	html->areas[kind]++;
	rings_add(&html->rings, (double)from / sector, (double)to / sector, kind);
	if (kind != RINGS_UNTRIED && kind != RINGS_HOPE && kind != RINGS_LOST)
		return;
	html_places_add(html, from, to, kind);
	if (kind != RINGS_UNTRIED)
		count_radii(html, from, to);
}

static int find_disc(struct html *html, struct respin_error *error)
{
	const struct respin_report_options *options = &html->options;
	html->sector_bytes = options->sector_bytes      ? options->sector_bytes
			     : html->history.unit_bytes ? html->history.unit_bytes
							: 2048;
	html->end_bytes = lay_end(options->map, options->end_bytes);
	uint64_t sectors = html->end_bytes / html->sector_bytes + (html->end_bytes % html->sector_bytes != 0);
	if (!sectors)
		return error_set(error, RESPIN_E_INVALID, 0, "the map says nothing yet that could be shown");
	uint16_t profile = options->profile ? options->profile : html->history.profile;
	int code = lay_medium(options->medium, profile, sectors, &html->medium, error);
	if (code == 0)
		lay_wind(&html->spiral, html->medium, sectors);
	return code;
}

/* 0 or a code; *error is filled. The order matters: the runs tell which disc it is, places come before files. */
static int gather(struct html *html, struct respin_error *error)
{
	bool room = html_history_begin(html);
	int code = room ? find_disc(html, error) : 0;
	if (code)
		return code;
	room = room && html_rings_init(html);
	if (room) {
		lay_map(html->options.map, html->options.domain, html->end_bytes, take_stretch, html);
		html_places_close(html);
		room = !html->places.failed && html_history_attempts(html) && html_files_gather(html);
	}
	return room ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for a page");
}

/* ---- the slots of page.html ---- */

static void add_title(struct buf *out, const struct html *html)
{
	xml_add_text(out, html->options.title ? html->options.title : "a disc", TITLE_MOST);
}

static void add_title_text(struct buf *out, const struct html *html)
{
	html_add_text(out, html->options.title ? html->options.title : "A disc", TITLE_MOST);
}

static void add_kind(struct buf *out, const struct html *html)
{
	buf_addf(out, "%s%s", html->medium->title, html->options.medium ? "" : " (a guess)");
}

static void add_data(struct buf *out, const struct html *html)
{
	buf_add_str(out, "{");
	html_grid_add_json(out, html);
	if (!html_blocks_add_json(out, html))
		out->failed = true;
	buf_add_str(out, ",\n\"places\":[");
	html_places_add_json(out, html);
	buf_add_str(out, "],\n\"files\":[");
	buf_add(out, html->files.runs.data, html->files.runs.len);
	buf_add_str(out, "]}");
}

static void add_discs(struct buf *out, const struct html *html)
{
	for (unsigned i = 0; i < html->spiral.layer_count; i++) {
		buf_add_str(out, "<div class=\"layer\"><canvas></canvas>");
		if (html->spiral.layer_count > 1)
			buf_addf(out, "<p>Layer %u, %s</p>", i,
				 html->spiral.layers[i].inward ? "from the outside in"
							       : "from the inside out");
		buf_add_str(out, "</div>");
	}
}

static void add_style(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(out, html_style);
}

static void add_script(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(out, html_script);
}

static void add_style_hash(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(out, html_style_hash);
}

static void add_script_hash(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(out, html_script_hash);
}

static void add_layers(struct buf *out, const struct html *html)
{
	buf_addf(out, "%u", html->spiral.layer_count);
}

static void add_places(struct buf *out, const struct html *html)
{
	if (!html->places.count) {
		buf_add_str(out, "<p>Nothing is missing.</p>\n");
		return;
	}
	buf_add_str(
		out,
		"<div class=\"list\" tabindex=\"0\" role=\"region\" aria-label=\"List of places\">"
		"<table id=\"place-table\"><thead><tr><th scope=\"col\">Place</th><th scope=\"col\">From the centre</th>"
		"<th scope=\"col\" class=\"n\">First sector</th><th scope=\"col\">What is missing</th>");
	if (html->files.given)
		buf_add_str(out, "<th scope=\"col\" class=\"n\">Files hit</th>");
	buf_add_str(out, "</tr></thead><tbody>\n");
	html_places_add_rows(out, html);
	buf_add_str(out, "</tbody></table></div>\n");
}

static const struct {
	const char *name;
	void (*add)(struct buf *out, const struct html *html);
} slots[] = {
	{"style_hash", add_style_hash},
	{"script_hash", add_script_hash},
	{"title", add_title},
	{"title_text", add_title_text},
	{"style", add_style},
	{"script", add_script},
	{"kind", add_kind},
	{"verdict", html_add_verdict},
	{"totals", html_add_totals},
	{"layers", add_layers},
	{"discs", add_discs},
	{"picture_words", html_add_picture_words},
	{"legends", html_blocks_add_legends},
	{"advice", html_add_advice},
	{"files", html_files_add},
	{"places", add_places},
	{"history", html_history_add},
	{"about", html_add_about},
	{"data", add_data},
};

static void fill_slot(struct buf *out, const struct html *html, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
		if (strlen(slots[i].name) == len && memcmp(slots[i].name, name, len) == 0)
			slots[i].add(out, html);
}

static void fill_page(struct buf *out, const struct html *html)
{
	const char *at = html_page;
	for (const char *open; (open = strstr(at, "{{"));) {
		const char *close = strstr(open, "}}");
		if (!close)
			break;
		buf_add(out, at, (size_t)(open - at));
		fill_slot(out, html, open + 2, (size_t)(close - open - 2));
		at = close + 2;
	}
	buf_add_str(out, at);
	buf_add(out, "", 1);
}

int respin_report_html(const struct respin_report_options *given, char **page, struct respin_error *error)
{
	struct html html = {.options = {.size = sizeof html.options}};
	struct buf out = {0};
	*page = NULL;
	if (given)
		memcpy(&html.options, given,
		       given->size < sizeof html.options ? given->size : sizeof html.options);
	if (!html.options.map)
		return error_set(error, RESPIN_E_INVALID, 0, "a page needs a map");
	int code = gather(&html, error);
	if (code == 0)
		fill_page(&out, &html);
	html_files_finish(&html.files);
	html_history_finish(&html.history);
	free(html.places.at);
	rings_finish(&html.rings);
	if (code == 0 && out.failed)
		code = error_set(error, RESPIN_E_NOMEM, 0, "no memory for a page");
	if (code) {
		buf_finish(&out);
		return code;
	}
	*page = out.data;
	return 0;
}
