/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The titles of a disc with moving pictures, and what of their playing time is
 * missing: by what respin_files_playing tells. A disc that plays nothing adds
 * nothing to the page.
 */
#include "report/html.h"

#include <inttypes.h>

/* The list's share of the page. */
#define PLAYING_BYTES 60000u

struct telling {
	struct buf *out;
	bool open;    /* a title's line is not ended yet */
	bool missing; /* something of it was told */
	bool cut;
};

static void add_clock(struct buf *out, uint64_t ms)
{
	uint64_t seconds = ms / 1000;
	buf_addf(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60,
		 seconds % 60);
}

static void add_name(struct buf *out, const struct respin_playing *playing)
{
	if (playing->kind == RESPIN_PLAYING_PLAYLIST)
		buf_addf(out, "Playlist %05" PRIu32, playing->number);
	else if (playing->number)
		buf_addf(out, "Title %" PRIu32, playing->number);
	else if (playing->in_set)
		buf_addf(out, "Title %" PRIu32 " of set %" PRIu32, playing->in_set, playing->set);
	else
		buf_addf(out, "Title set %" PRIu32, playing->set);
}

static void end_title(struct telling *telling)
{
	if (telling->open)
		buf_add_str(telling->out, telling->missing ? ".</li>\n" : "nothing is missing.</li>\n");
	telling->open = telling->missing = false;
}

static void tell(void *arg, const struct respin_playing *playing)
{
	struct telling *telling = arg;
	struct buf *out = telling->out;
	if (out->len > PLAYING_BYTES) {
		telling->cut = true;
		return;
	}
	if (playing->status == RESPIN_FINISHED) {
		end_title(telling);
		telling->open = true;
		buf_add_str(out, "<li>");
		add_name(out, playing);
		if (playing->unknown) {
			buf_add_str(out, ": its table cannot be read");
			telling->missing = true;
			return;
		}
		buf_add_str(out, ", ");
		add_clock(out, playing->length_ms);
		buf_add_str(out, ": ");
		return;
	}
	buf_add_str(out, telling->missing ? ", " : "missing ");
	telling->missing = true;
	add_clock(out, playing->from_ms);
	buf_add_str(out, " to ");
	add_clock(out, playing->until_ms);
	buf_add_str(out, playing->status == RESPIN_BAD ? " (lost)" : "");
}

bool html_playing_gather(struct html *html)
{
	struct telling telling = {.out = &html->files.playing};
	if (respin_files_playing(html->options.files, tell, &telling, NULL))
		return false;
	end_title(&telling);
	if (telling.cut)
		buf_add_str(telling.out, "<li>There are more; <code>respin files</code> lists all.</li>\n");
	return !telling.out->failed;
}

void html_playing_add(struct buf *out, const struct html *html)
{
	if (!html->files.playing.len)
		return;
	buf_add_str(out, "<h3>Playing time</h3>\n<ul class=\"notes\">\n");
	buf_add(out, html->files.playing.data, html->files.playing.len);
	buf_add_str(out, "</ul>\n");
}
