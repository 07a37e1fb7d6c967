/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes saved over the drive's time, as a small drawing and as a sentence that
 * says the same. From the ledger's gains; what an older image brought along is
 * where the line begins.
 */
#include "report/html.h"

#include <inttypes.h>

#include "report/amount.h"

/* The drawing's own measure; the page scales it. */
#define WIDTH 640u
#define HEIGHT 180u
#define LEFT 8u
#define TOP 10u

#define SECOND UINT64_C(1000000000)

static unsigned scaled(uint64_t part, uint64_t whole, unsigned length)
{
	if (part >= whole)
		return length;
	return (unsigned)((unsigned __int128)part * length / whole);
}

/* What was there before the ledger's first attempt. */
static uint64_t brought_along(const struct html *html)
{
	uint64_t gained = html->history.gained_units * html->sector_bytes;
	return html->bytes[RINGS_SAVED] > gained ? html->bytes[RINGS_SAVED] - gained : 0;
}

static void add_line(struct buf *out, const struct html *html)
{
	const struct html_history *history = &html->history;
	uint64_t saved = brought_along(html), total = html_total(html);
	buf_addf(out, "M%u %u", LEFT, TOP + HEIGHT - scaled(saved, total, HEIGHT));
	for (unsigned i = 0; i < TIMELINE_BINS && i * history->bin_ns < history->drive_ns; i++) {
		uint64_t end = (i + 1) * history->bin_ns;
		saved += history->gained[i] * html->sector_bytes;
		buf_addf(out, "L%u %u", LEFT + scaled(end, history->drive_ns, WIDTH),
			 TOP + HEIGHT - scaled(saved, total, HEIGHT));
	}
}

static void add_sentence(struct buf *out, const struct html *html)
{
	const struct html_history *history = &html->history;
	uint64_t half = 0, sum = 0;
	for (unsigned i = 0; i < TIMELINE_BINS && sum * 2 < history->gained_units; i++) {
		sum += history->gained[i];
		half = (i + 1) * history->bin_ns;
	}
	amount_add_bytes(out, history->gained_units * html->sector_bytes);
	buf_add_str(out, " saved in ");
	html_add_duration(out, history->drive_ns / SECOND);
	buf_add_str(out, " of the drive\u2019s time, in ");
	html_add_count(out, history->attempts, "attempt");
	if (history->gained_units) {
		buf_add_str(out, "; half of it within ");
		html_add_duration(out, half / SECOND);
		buf_add_str(out, ", the last of it after ");
		html_add_duration(out, history->last_gain_ns / SECOND);
	}
	buf_add_str(out, ".");
}

void html_chart_add(struct buf *out, const struct html *html)
{
	const struct html_history *history = &html->history;
	if (!history->attempts || !history->drive_ns || !html_total(html))
		return;
	buf_addf(
		out,
		"<figure class=\"chart\"><svg viewBox=\"0 0 %u %u\" role=\"img\" aria-labelledby=\"chart-words\">"
		"<path class=\"goal\" d=\"M%u %uh%u\"/><path class=\"area\" d=\"",
		WIDTH + 2 * LEFT, HEIGHT + 2 * TOP + 24, LEFT, TOP, WIDTH);
	add_line(out, html);
	buf_addf(out, "V%uH%uz\"/><path class=\"line\" d=\"", TOP + HEIGHT, LEFT);
	add_line(out, html);
	buf_addf(
		out,
		"\"/><path class=\"axis\" d=\"M%u %uh%u\"/><text x=\"%u\" y=\"%u\">0</text><text x=\"%u\" y=\"%u\" "
		"text-anchor=\"end\">",
		LEFT, TOP + HEIGHT, WIDTH, LEFT, TOP + HEIGHT + 20, LEFT + WIDTH, TOP + HEIGHT + 20);
	html_add_duration(out, history->drive_ns / SECOND);
	buf_addf(out, "</text><text x=\"%u\" y=\"%u\">", LEFT + 6, TOP + 16);
	amount_add_bytes(out, html_total(html));
	buf_add_str(out, "</text></svg><figcaption id=\"chart-words\">");
	add_sentence(out, html);
	buf_add_str(out, "</figcaption></figure>\n");
}
