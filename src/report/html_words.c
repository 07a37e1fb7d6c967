/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sentences of the page: the verdict, the totals, the picture in words, what
 * the disc is. Nothing is called lost before it was given up.
 */
#include "report/html.h"

#include <inttypes.h>
#include <string.h>

#include "report/amount.h"
#include "report/xml.h"

void html_add_text(struct buf *out, const char *text, size_t most)
{
	buf_add_str(out, "<bdi>");
	xml_add_text(out, text, most);
	buf_add_str(out, "</bdi>");
}

void html_add_count(struct buf *out, uint64_t number, const char *noun)
{
	size_t len = strlen(noun);
	bool ies = number != 1 && len && noun[len - 1] == 'y';
	buf_addf(out, "%s %.*s%s", amount_grouped(number).text, (int)(len - ies), noun,
		 ies           ? "ies"
		 : number == 1 ? ""
			       : "s");
}

void html_add_duration(struct buf *out, uint64_t seconds)
{
	if (seconds < 60)
		buf_addf(out, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		buf_addf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else
		buf_addf(out, "%s h %" PRIu64 " min", amount_grouped(seconds / 3600).text,
			 seconds % 3600 / 60);
}

/* Days since the epoch as a date of the Gregorian calendar; years begin in March, so that leap days end them. */
void html_add_time(struct buf *out, int64_t time_s)
{
	if (time_s <= 0 || time_s > INT64_C(253402300799)) { /* the end of 9999 */
		buf_add_str(out, "at an unknown time");
		return;
	}
	int64_t days = time_s / 86400 + 719468, second = time_s % 86400;
	int64_t era = days / 146097, of_era = days % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	int64_t day = of_year - (153 * month + 2) / 5 + 1;
	year += era * 400 + (month >= 10);
	month += month < 10 ? 3 : -9;
	buf_addf(out,
		 "<time datetime=\"%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
		 "Z\">%04" PRId64 "-%02" PRId64 "-%02" PRId64 " %02" PRId64 ":%02" PRId64 " UTC</time>",
		 year, month, day, second / 3600, second % 3600 / 60, year, month, day, second / 3600,
		 second % 3600 / 60);
}

bool html_files_whole(const struct html_files *files)
{
	return files->given && files->whole == files->regular && !files->info.incomplete_directories &&
	       !files->info.cut && !files->info.doubt;
}

bool html_too_short(const struct html *html)
{
	return !html_missing(html) && (html->files.lossy || html->files.hopeful);
}

static void add_file_verdict(struct buf *out, const struct html *html)
{
	const struct html_files *files = &html->files;
	if (!files->given || !files->regular)
		return;
	if (html_files_whole(files)) {
		buf_addf(out, " %s.", files->regular == 1 ? "Its one file is whole" : "Every file is whole");
		return;
	}
	buf_addf(out, " Of ");
	html_add_count(out, files->regular, "file");
	buf_addf(out, "%s, %s %s whole.", files->whole == files->regular ? " that are known" : "",
		 amount_grouped(files->whole).text, files->whole == 1 ? "is" : "are");
}

void html_add_verdict(struct buf *out, const struct html *html)
{
	if (!html_missing(html)) {
		buf_add_str(out, html_too_short(html) ? "The image is shorter than its file system says."
						      : "Everything is in the image.");
	} else {
		amount_add_percent(out, html->bytes[RINGS_SAVED], html_total(html));
		buf_add_str(out, " of the disc is saved, ");
		amount_add_bytes(out, html_missing(html));
		buf_add_str(out,
			    html->bytes[RINGS_LOST] == html_missing(html) ? " are lost." : " are missing.");
	}
	add_file_verdict(out, html);
}

static void begin_tile(struct buf *out, const struct html *html, const char *class, const char *name,
		       uint64_t bytes)
{
	buf_addf(out, "<div class=\"tile %s\"><h3>%s</h3><p class=\"big\">", class, name);
	amount_add_bytes(out, bytes);
	buf_add_str(out, "</p><p class=\"faint\">");
	amount_add_percent(out, bytes, html_total(html));
	buf_addf(out, " \u00b7 %s bytes</p><p>", amount_grouped(bytes).text);
}

static void add_file_words(struct buf *out, const struct html *html, uint64_t count, const char *words)
{
	if (!html->files.given)
		return;
	html_add_count(out, count, "file");
	buf_addf(out, " %s", words);
}

void html_add_totals(struct buf *out, const struct html *html)
{
	const struct html_files *files = &html->files;
	begin_tile(out, html, "saved", "Saved", html->bytes[RINGS_SAVED]);
	add_file_words(out, html, files->whole, "whole");
	buf_add_str(out, "</p></div>\n");
	begin_tile(out, html, "hope", "Still hoped for",
		   html->bytes[RINGS_HOPE] + html->bytes[RINGS_UNTRIED]);
	add_file_words(out, html, files->hopeful, html->files.hopeful == 1 ? "waits for it" : "wait for it");
	if (html->bytes[RINGS_UNTRIED] && html->bytes[RINGS_HOPE]) {
		buf_add_str(out, files->given ? "; " : "");
		amount_add_bytes(out, html->bytes[RINGS_UNTRIED]);
		buf_add_str(out, " of it were never tried");
	} else if (html->bytes[RINGS_UNTRIED]) {
		buf_add_str(out, files->given ? "; " : "");
		buf_add_str(out, "none of it was tried yet");
	}
	buf_add_str(out, "</p></div>\n");
	begin_tile(out, html, "lost", "Lost", html->bytes[RINGS_LOST]);
	add_file_words(out, html, files->lossy, "with losses");
	buf_add_str(out, "</p></div>\n");
}

void html_add_picture_words(struct buf *out, const struct html *html)
{
	unsigned layers = html->spiral.layer_count;
	buf_addf(out, "%s, seen from the side that is read%s. ", html->medium->title,
		 html->options.medium ? "" : "; its kind is a guess from its size");
	if (layers > 1)
		buf_addf(out, "Its %u layers lie side by side%s. ", layers,
			 html->medium->opposite ? "; every other one runs from the outside in" : "");
	if (!html_missing(html)) {
		buf_add_str(out, "Nothing is missing on it.");
		return;
	}
	buf_add_str(out, "Missing are ");
	html_add_count(out, html->areas[RINGS_LOST] + html->areas[RINGS_HOPE] + html->areas[RINGS_UNTRIED],
		       "area");
	buf_add_str(out, " in ");
	html_add_count(out, html->places.count, "place");
	buf_add_str(out, ", which the table below lists.");
	if (html->missing_sectors && html->rim_sectors * 2 > html->missing_sectors)
		buf_add_str(out, " Most of what failed lies at the outer rim.");
	else if (html->missing_sectors && html->hub_sectors * 2 > html->missing_sectors)
		buf_add_str(out, " Most of what failed lies near the hub.");
}

static void add_fact(struct buf *out, const char *name, const char *value, size_t most)
{
	if (!value || !*value)
		return;
	buf_addf(out, "<dt>%s</dt><dd>", name);
	html_add_text(out, value, most);
	buf_add_str(out, "</dd>\n");
}

void html_add_about(struct buf *out, const struct html *html)
{
	const struct respin_report_options *options = &html->options;
	uint64_t sectors = html->spiral.sectors;
	add_fact(out, "Image", options->image, 400);
	buf_addf(out, "<dt>Disc</dt><dd>%s%s, %s sectors of %" PRIu32 " bytes</dd>\n", html->medium->title,
		 options->medium ? "" : " (a guess)", amount_grouped(sectors).text, html->sector_bytes);
	if (html->files.given) {
		add_fact(out, "File system", html->files.info.format, 40);
		add_fact(out, "Volume", html->files.info.volume, 128);
	}
	if (options->domain) {
		buf_add_str(out, "<dt>Domain</dt><dd>only ");
		amount_add_bytes(out, html_total(html));
		buf_add_str(out, " of the disc count; the rest was not asked for</dd>\n");
	}
	add_fact(out, "SHA-256 of the image", options->sha256, 100);
	add_fact(out, "Page made by respin", options->version, 60);
	if (options->made_s > 0) {
		buf_add_str(out, "<dt>Page made</dt><dd>");
		html_add_time(out, options->made_s);
		buf_add_str(out, "</dd>\n");
	}
}
