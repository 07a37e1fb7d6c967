/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last words of a rescue, see closing.h. */
#include "closing.h"

#include "commands.h"
#include "escape.h"
#include "frame.h"
#include "prose.h"
#include "quantity.h"
#include "telling.h"

/* Lines longer than this are hard to read, however wide the terminal is. */
#define PROSE_COLUMNS 79

static void headline(const struct view *view, int code)
{
	const char *command = view->options->command;
	char image[ESCAPE_ROOM(1024)];
	(void)escape_text(image, sizeof image, view->options->image);
	screen_ink(&view->screen, view->out, INK_STRONG);
	if (code == 0)
		(void)fprintf(view->out, "Everything is saved in %s.", image);
	else if (code == RESPIN_E_CANCELLED)
		(void)fprintf(view->out, "Stopped. Everything read so far is saved in %s.", image);
	else
		(void)fprintf(view->out, "The %s %s; %s is not complete.", command,
			      code > 0 ? "has ended" : "broke off", image);
	screen_ink(&view->screen, view->out, INK_PLAIN);
	(void)fputs("\n\n", view->out);
}

/* A count of sectors and, where it is known, of the areas they lie in. */
static struct quantity sectors(uint64_t count)
{
	return quantity_count(count, "sector");
}

/* Of a run that was not broken off: whoever counts them has looked once more. */
static void files(const struct view *view)
{
	char text[192];
	if (!view->files.known)
		return;
	telling_files(&view->files, text, sizeof text);
	(void)fprintf(view->out, "%-*s%s\n", FRAME_LABEL_COLUMNS, "files", text);
}

static void after_end(const struct view *view, const struct respin_stats *stats, unsigned columns)
{
	struct quantity areas = quantity_count(stats->bad_areas, "area");
	if (stats->bad) {
		prose(view->out, columns, "Lost: %s in %s, which failed at every try.",
		      sectors(stats->bad).text, areas.text);
		prose(view->out, columns,
		      "Next: run the same command again, for reads are a matter of luck; clean the disc; or go on "
		      "in another drive. What is saved is kept and not read again.");
	} else if (stats->retryable) {
		prose(view->out, columns, "Failed so far: %s in %s; they may still be saved.",
		      sectors(stats->retryable).text, areas.text);
		prose(view->out, columns,
		      "Next, with the same SOURCE and IMAGE: 'respin patch' tries them once more, 'respin rescue' "
		      "goes on to the end.");
	}
	if (stats->non_tried) {
		prose(view->out, columns, "Never tried: %s.", sectors(stats->non_tried).text);
		if (!stats->bad && !stats->retryable)
			prose(view->out, columns,
			      "Next: 'respin rescue' with the same SOURCE and IMAGE does what is left.");
	}
}

static void after_failure(const struct view *view, int code, unsigned columns)
{
	switch (respin_exit_status(code)) {
	case STATUS_STOPPED:
		prose(view->out, columns, "Next: the same command goes on from here.");
		break;
	case STATUS_SOURCE:
		prose(view->out, columns,
		      "Next: see to the drive, its cable and the disc; the same command then goes on from here.");
		break;
	case STATUS_OUTPUT:
		prose(view->out, columns,
		      "What the map on disk calls finished is safely in the image; 'respin show' tells how much "
		      "that is. Next: see to the output; the same command goes on from there.");
		break;
	case STATUS_REFUSED:
		prose(view->out, columns,
		      code == RESPIN_E_OTHER_DISC
			      ? "Next: put the right disc in, or name another image; --force takes this disc for the "
				"right one."
			      : "Next: see what has changed the files; the same command goes on from what the map "
				"says now.");
		break;
	default:
		break;
	}
}

void closing_words(const struct view *view, const struct respin_snapshot *snapshot, int code)
{
	unsigned columns = view->screen.columns - 1;
	if (view->options->quiet)
		return;
	headline(view, code);
	/* After a failed output the snapshot knows more than the disk does: no figures then. */
	if (respin_exit_status(code) != STATUS_OUTPUT) {
		frame_bar(view, snapshot, view->out);
		frame_amounts(view, snapshot, view->screen.columns, view->out);
		(void)fputc('\n', view->out);
		if (code >= 0)
			files(view);
		(void)fputs(code ? "\n" : "", view->out);
	}
	if (columns > PROSE_COLUMNS)
		columns = PROSE_COLUMNS;
	if (code > 0)
		after_end(view, &snapshot->stats, columns);
	else if (code < 0)
		after_failure(view, code, columns);
}
