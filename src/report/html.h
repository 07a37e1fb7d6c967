/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the page of HTML and what they share: each part gathers its
 * figures once, then adds text to the page. Nothing here is public, and nothing
 * here reads a file or a clock.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <respin/report.h>

#include "base/buf.h"
#include "report/rings.h"

/* A page stays below this; the parts have their shares of it where they are bounded. */
#define HTML_BYTES_MAX 2000000u

/* ---- where something is missing ---- */

#define PLACES_SHOWN 150u /* more nobody steps through */
#define PLACE_FILES 3u    /* named for each */

/* Missing sectors that lie together on the disc: at most so many turns apart, see html_places.c. */
struct html_place {
	uint64_t first, end; /* sectors */
	uint64_t bytes[RINGS_KINDS];
	uint64_t areas;
	uint64_t file_count;        /* files that lack something here */
	uint64_t last_file;         /* the one that was counted last, from 1 */
	uint32_t rows[PLACE_FILES]; /* their rows in the list */
};

struct html_places {
	struct html_place *at;
	size_t count, cap;
	double turns; /* what lies further apart is another place */
	bool failed;  /* no memory */
};

/* ---- the files ---- */

struct html_files {
	struct respin_files_info info;
	uint64_t regular, whole;
	uint64_t lossy, hopeful; /* lack what was given up; lack only what is hoped for */
	uint64_t unknown;
	uint64_t lost_bytes, hoped_bytes;
	uint64_t shown, left_out;
	struct buf rows, runs; /* of the table; where each lies, as JSON */
	struct buf playing;    /* titles, and what of them is missing */
	bool given;
};

/* ---- the ledger ---- */

enum html_overlay { OVERLAY_ATTEMPTS, OVERLAY_LATENCY, OVERLAY_SPEED, OVERLAY_SENSE, HTML_OVERLAYS };

#define TIMELINE_BINS 256u

struct html_history {
	uint64_t runs, attempts;
	unsigned drives; /* different ones, as far as they can be told apart */
	bool given, damaged, gone, locked;
	uint32_t unit_bytes; /* of the last run's source */
	uint16_t profile;
	uint64_t drive_ns; /* all runs together */
	uint64_t gained[TIMELINE_BINS], bin_ns, gained_units, last_gain_ns;
	struct buf rows, notes; /* of the tables */
	/* What is known of each stretch of `block` sectors. */
	struct html_block *blocks;
	size_t block_count;
	uint64_t block;
};

/* ---- all of it ---- */

struct html {
	struct respin_report_options options;
	const struct medium *medium;
	struct spiral spiral;
	struct rings rings;
	uint32_t sector_bytes;
	uint64_t end_bytes;
	uint64_t bytes[RINGS_KINDS];
	uint64_t areas[RINGS_KINDS];
	uint64_t rim_sectors, hub_sectors, missing_sectors; /* where the missing ones lie */
	struct html_places places;
	struct html_files files;
	struct html_history history;
};

static inline uint64_t html_missing(const struct html *html)
{
	return html->bytes[RINGS_UNTRIED] + html->bytes[RINGS_HOPE] + html->bytes[RINGS_LOST];
}

static inline uint64_t html_total(const struct html *html)
{
	return html_missing(html) + html->bytes[RINGS_SAVED];
}

/* html_places.c */
void html_places_add(struct html *html, uint64_t from, uint64_t to,
		     enum rings_kind kind); /* bytes, in order */
void html_places_close(struct html *html);
struct html_place *html_places_find(struct html_places *places, uint64_t sector); /* NULL: not in any */
void html_places_add_rows(struct buf *out, const struct html *html);
void html_places_add_json(struct buf *out, const struct html *html);

/* html_files.c. False: no memory. */
bool html_files_gather(struct html *html);
void html_files_finish(struct html_files *files);
void html_files_add(struct buf *out, const struct html *html);

/* html_playing.c. False: no memory. */
bool html_playing_gather(struct html *html);
void html_playing_add(struct buf *out, const struct html *html);

/* html_history.c, html_blocks.c, html_chart.c. False: no memory. */
bool html_history_begin(struct html *html);    /* the runs and notes: which medium it was */
bool html_history_attempts(struct html *html); /* once the disc is known */
void html_history_finish(struct html_history *history);
void html_history_add(struct buf *out, const struct html *html);
void html_chart_add(struct buf *out, const struct html *html);

bool html_blocks_begin(struct html *html);
void html_blocks_attempt(struct html *html, const struct respin_attempt *attempt);
bool html_blocks_add_json(struct buf *out, const struct html *html);
void html_blocks_add_legends(struct buf *out, const struct html *html);

/* html_grid.c */
bool html_rings_init(struct html *html);
void html_grid_add_json(struct buf *out, const struct html *html);
/* Values 0.. of cells as text: a letter from 'A' on, and how often if more than once. */
void html_add_cells(struct buf *out, const uint8_t *values, size_t count);

/* html_words.c */
/* Every file, and nothing speaks against there being more, or against what is told of them. */
bool html_files_whole(const struct html_files *files);
/* Files lack what the map does not: the image is shorter than its file system says. */
bool html_too_short(const struct html *html);
void html_add_verdict(struct buf *out, const struct html *html);
void html_add_totals(struct buf *out, const struct html *html);
void html_add_picture_words(struct buf *out, const struct html *html);
void html_add_about(struct buf *out, const struct html *html);
void html_add_text(struct buf *out, const char *text,
		   size_t most);                     /* foreign, isolated from what is around it */
void html_add_time(struct buf *out, int64_t time_s); /* UTC */
void html_add_duration(struct buf *out, uint64_t seconds);
void html_add_count(struct buf *out, uint64_t number, const char *noun);

/* html_advice.c */
void html_add_advice(struct buf *out, const struct html *html);

/* Made from page.html, page.css and page.js when respin is built. */
extern const char html_page[], html_style[], html_script[];
extern const char html_style_hash[], html_script_hash[]; /* for the content security policy: "sha256-..." */

#endif
