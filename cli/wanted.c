/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last words of a rescue of some files, see wanted.h. It judges nothing: that was done before. */
#include "wanted.h"

#include <inttypes.h>

#include "escape.h"
#include "frame.h"
#include "prose.h"
#include "quantity.h"

/* As much as programs append, and drives cannot read: no disc is worth a word for that. */
#define BEYOND_BYTES (UINT64_C(1) << 20)
/* Lines longer than this are hard to read, however wide the terminal is. */
#define PROSE_COLUMNS 79

static void headline(const struct view *view, const struct watcher_counts *counts)
{
	char image[ESCAPE_ROOM(1024)];
	(void)escape_text(image, sizeof image, view->options->image);
	screen_ink(&view->screen, view->out, INK_STRONG);
	if (!counts->known)
		(void)fprintf(view->out, "No file system that is known here can be read in %s.", image);
	else if (!counts->wanted)
		(void)fprintf(view->out, "No file that was asked for was found in %s.", image);
	else if (counts->wanted == 1)
		(void)fprintf(view->out, "The one file that was asked for is %s in %s.",
			      counts->wanted_whole ? "whole" : "not whole", image);
	else if (counts->wanted == counts->wanted_whole)
		(void)fprintf(view->out, "All %s that were asked for are whole in %s.",
			      quantity_count(counts->wanted, "file").text, image);
	else
		(void)fprintf(view->out, "%" PRIu64 " of %s that were asked for are whole in %s.",
			      counts->wanted_whole, quantity_count(counts->wanted, "file").text, image);
	screen_ink(&view->screen, view->out, INK_PLAIN);
	(void)fputs("\n\n", view->out);
}

void wanted_words(const struct view *view, const struct respin_snapshot *snapshot,
		  const struct watcher_counts *counts, bool whole)
{
	unsigned columns = view->screen.columns - 1;
	if (view->options->quiet)
		return;
	if (columns > PROSE_COLUMNS)
		columns = PROSE_COLUMNS;
	headline(view, counts);
	frame_bar(view, snapshot, view->out);
	(void)fputc('\n', view->out);
	if (counts->wanted != counts->wanted_whole)
		prose(view->out, columns, "Missing: %s; 'respin files --missing' tells where.",
		      quantity_bytes(counts->wanted_missing_bytes).text);
	if (counts->incomplete_directories)
		prose(view->out, columns,
		      "%" PRIu64
		      " of the directories cannot be read as a whole: there may be files that nobody "
		      "knows of.",
		      counts->incomplete_directories);
	if (counts->doubts)
		prose(view->out, columns,
		      "What the disc says of its files may not be all: 'respin files' tells why.");
	if (counts->known && counts->beyond_bytes > BEYOND_BYTES)
		prose(view->out, columns,
		      "The disc goes on for %s behind the end of this file system: there may be another session.",
		      quantity_bytes(counts->beyond_bytes).text);
	if (whole)
		prose(view->out, columns,
		      "Next: 'respin files --extract DIR' copies them out. Without --%s the same command reads "
		      "the rest of the disc.",
		      view->options->order == ORDER_PATTERN ? "only" : "used-only");
	else if (counts->known && !counts->wanted && !counts->incomplete_directories && !counts->doubts)
		prose(view->out, columns, "Next: 'respin files' lists the names that are there.");
	else
		prose(view->out, columns,
		      "Next: run the same command again, for reads are a matter of luck; or the same without "
		      "--%s, which reads everything.",
		      view->options->order == ORDER_PATTERN ? "only" : "used-only");
}
