/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of the live view, see frame.h. Lines are cut where the screen ends; nothing is remembered. */
#include "frame.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "amounts.h"
#include "escape.h"
#include "quantity.h"
#include "telling.h"
#include "words.h"

/*
 * What has room in how many rows: everything with air between; everything; the
 * bar, the amounts and two lines; the same without the keys. Below that one line.
 */
#define ROWS_AIRY 19
#define ROWS_DENSE 15
#define ROWS_SHORT 10
#define ROWS_LEAST 9
/* The round disc: beside words that are whole, neither so small that nothing can be seen nor a poster. */
#define WORDS_COLUMNS 66
#define WORDS_ROWS 14
#define ROUND_ROWS_LEAST 14
#define ROUND_ROWS_MOST 20
#define ROUND_GAP 3
#define ROWS_AROUND 8 /* the title, the bar, the keys and the air between them, and one row to spare */

struct frame {
	const struct frame_now *now;
	const struct view *view;
	const struct respin_snapshot *snapshot;
	FILE *out;
	unsigned columns; /* of this part of the screen, the last one left free */
	unsigned lines;
};

static void begin_line(struct frame *frame)
{
	if (frame->lines++)
		(void)fputc('\n', frame->out);
}

/* A label and its text, cut where the line ends. */
static void put(struct frame *frame, enum ink ink, const char *label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void put(struct frame *frame, enum ink ink, const char *label, const char *format, ...)
{
	char raw[512], line[ESCAPE_ROOM(sizeof raw)];
	va_list args;
	va_start(args, format);
	int used = snprintf(raw, sizeof raw, "%-*s", *label ? FRAME_LABEL_COLUMNS : 0, label);
	(void)vsnprintf(raw + used, sizeof raw - (size_t)used, format, args);
	va_end(args);
	(void)escape_text(line, sizeof line, raw);
	line[escape_fit(line, frame->columns - 1)] = '\0';
	begin_line(frame);
	screen_ink(&frame->view->screen, frame->out, ink);
	(void)fputs(line, frame->out);
	screen_ink(&frame->view->screen, frame->out, INK_PLAIN);
}

/* Escaped, and cut to `columns` with a sign that it was. */
static void shorten(const struct view *view, const char *text, size_t columns, char *out, size_t cap)
{
	const char *dots = view->screen.utf8 ? "…" : "...";
	(void)escape_text(out, cap, text);
	if (escape_columns(out) <= columns || columns < escape_columns(dots))
		return;
	size_t kept = escape_fit(out, columns - escape_columns(dots));
	(void)snprintf(out + kept, cap - kept, "%s", dots);
}

/* What goes where, and for how long already. A long source gives way to the image. */
static void put_title(struct frame *frame)
{
	const struct view *view = frame->view;
	const struct options *options = view->options;
	char image[512], source[512], title[1200];
	const char *arrow = view->screen.utf8 ? "→" : "->";
	struct quantity clock = quantity_clock(telling_elapsed_s(frame->snapshot));
	size_t room = view->screen.columns - 1 - strlen(clock.text) - 2;
	size_t words = strlen("respin   ") + strlen(options->command) + escape_columns(arrow) + 2;
	size_t names = room > words ? room - words : 0;
	shorten(view, options->image, names / 2, image, sizeof image);
	shorten(view, options->source, names - names / 2, source, sizeof source);
	if (escape_columns(image) < names / 2)
		shorten(view, options->source, names - escape_columns(image), source, sizeof source);
	int used =
		snprintf(title, sizeof title, "respin %s  %s %s %s", options->command, source, arrow, image);
	title[used < 0 ? 0 : escape_fit(title, room)] = '\0';
	begin_line(frame);
	screen_ink(&view->screen, frame->out, INK_STRONG);
	(void)fprintf(frame->out, "%s%*s", title,
		      (int)(room + strlen(clock.text) + 2 - escape_columns(title)), clock.text);
	screen_ink(&view->screen, frame->out, INK_PLAIN);
}

/* The line below the bar: where the drive is and, without colours, what is missing. */
static void put_below(struct frame *frame, const struct picture *bar)
{
	const struct view *view = frame->view;
	size_t cell = picture_cell(bar, telling_position(frame->now)), len = 0;
	char *marks = NULL;
	FILE *below = open_memstream(&marks, &len);
	if (!below)
		return;
	if (!view->screen.colour && view->screen.utf8)
		(void)picture_draw_marks(bar, below);
	if (fclose(below) == 0) {
		size_t before = len < cell ? len : cell;
		(void)fprintf(frame->out, "%.*s%*s%s%s", (int)before, marks, (int)(cell - before), "",
			      view->screen.utf8 ? "▲" : "^", len > cell + 1 ? marks + cell + 1 : "");
	}
	free(marks);
}

static void put_bar(struct frame *frame, const struct picture *bar)
{
	begin_line(frame);
	picture_draw_bar(bar, &frame->view->screen, frame->out);
	begin_line(frame);
	put_below(frame, bar);
}

void frame_bar(const struct view *view, const struct respin_snapshot *snapshot, FILE *out)
{
	struct picture bar;
	if (picture_bar(&bar, view->info.units, view->screen.columns - 1)) {
		amounts_picture(&bar, &view->info, view->domain, snapshot);
		picture_draw_bar(&bar, &view->screen, out);
		(void)fputc('\n', out);
		if (!view->screen.colour && view->screen.utf8 && picture_draw_marks(&bar, out))
			(void)fputc('\n', out);
	}
	picture_finish(&bar);
}

static void amount(const struct view *view, enum kind kind, const char *label, const struct amounts *amounts,
		   uint64_t bytes, const char *more, unsigned columns, FILE *out)
{
	char line[256];
	size_t room = columns - 1 - FRAME_LABEL_COLUMNS;
	int used = snprintf(line, sizeof line, "%15s bytes%9s", quantity_grouped(bytes).text,
			    quantity_percent(bytes, amounts->total_bytes).text);
	if (*more && (size_t)used + 2 + strlen(more) <= room)
		(void)snprintf(line + used, sizeof line - (size_t)used, "  %s", more);
	line[escape_fit(line, room)] = '\0';
	screen_ink(&view->screen, out, kind_ink(kind));
	(void)fprintf(out, "%-*s", FRAME_LABEL_COLUMNS, label);
	screen_ink(&view->screen, out, INK_PLAIN);
	(void)fputs(line, out);
}

void frame_amounts(const struct view *view, const struct respin_snapshot *snapshot, unsigned columns,
		   FILE *out)
{
	struct amounts amounts = amounts_of(&view->info, view->domain, snapshot);
	uint64_t untried = amounts.bytes[KIND_UNTRIED], failed = amounts.bytes[KIND_HOPE];
	char more[160] = "";
	if (failed && !untried)
		(void)snprintf(more, sizeof more, "all of it failed so far");
	else if (failed)
		(void)snprintf(more, sizeof more, "untried %s, failed %s", quantity_bytes(untried).text,
			       quantity_bytes(failed).text);
	amount(view, KIND_SAVED, "saved", &amounts, amounts.bytes[KIND_SAVED], "", columns, out);
	(void)fputc('\n', out);
	amount(view, failed ? KIND_HOPE : KIND_UNTRIED, "hoped for", &amounts, untried + failed, more,
	       columns, out);
	(void)fputc('\n', out);
	amount(view, KIND_LOST, "lost", &amounts, amounts.bytes[KIND_LOST], "", columns, out);
}

/* Saved, hoped for, lost: in bytes and, where somebody counts them, in files. */
static void put_amounts(struct frame *frame, bool files)
{
	begin_line(frame);
	frame_amounts(frame->view, frame->snapshot, frame->columns, frame->out);
	frame->lines += 2;
	char text[192], first[64] = "";
	uint64_t units = frame->snapshot->stage_units, gone = units - frame->snapshot->stage_left;
	if (!files || !frame->now->files.watched)
		return;
	telling_files(&frame->now->files, text, sizeof text);
	if (units)
		(void)snprintf(first, sizeof first, "; %s of what comes first",
			       quantity_percent(gone, units).text);
	put(frame, INK_PLAIN, "files", "%s%s", text, first);
}

static void put_doing(struct frame *frame)
{
	char text[192];
	const char *label = telling_doing(frame->now, text, sizeof text);
	put(frame, frame->snapshot->paused ? INK_HOPE : INK_STRONG, label, "%s", text);
}

static void put_line(struct frame *frame, const char *label,
		     void (*tell)(const struct frame_now *, char *, size_t))
{
	char text[256];
	enum respin_mood mood = (enum respin_mood)frame->snapshot->mood;
	tell(frame->now, text, sizeof text);
	put(frame, tell == telling_drive && mood != RESPIN_MOOD_WELL ? INK_HOPE : INK_PLAIN, label, "%s",
	    text);
}

/* Six lines, as many as the list of keys that takes their place. */
static void put_now(struct frame *frame)
{
	const struct steer_help *help;
	if (frame->view->steer.help) {
		for (unsigned i = 0; (help = steer_list(i)); i++)
			put(frame, INK_PLAIN, help->keys, "%s", help->what);
		return;
	}
	put_doing(frame);
	put_line(frame, "at", telling_at);
	put_line(frame, "rate", telling_rate);
	put_line(frame, frame->view->info.plain ? "source" : "drive", telling_drive);
	put_line(frame, "trouble", telling_trouble);
	put_line(frame, "time left", telling_time_left);
}

/* What is most urgent: a warning, what the last key brought, the keys. */
static void put_bottom(struct frame *frame)
{
	char text[160];
	const struct steer *steer = &frame->view->steer;
	const char *said = steer_said(steer, frame->now->clock_ns);
	if (telling_warning(frame->snapshot, text, sizeof text))
		put(frame, INK_LOST, "", "%s", text);
	else if (said)
		put(frame, INK_STRONG, "", "%s", said);
	else
		put(frame, INK_FAINT, "", "%s", steer_hint(steer, frame->snapshot->paused, frame->columns));
}

static void put_short(struct frame *frame, const struct picture *bar)
{
	put_title(frame);
	put_bar(frame, bar);
	if (frame->view->steer.help && frame->view->screen.rows >= ROWS_SHORT) {
		put_now(frame);
		return;
	}
	put_amounts(frame, false);
	put_doing(frame);
	put_line(frame, "at", telling_where);
	if (frame->view->screen.rows >= ROWS_SHORT)
		put_bottom(frame);
}

static void put_full(struct frame *frame, const struct picture *bar)
{
	bool airy = frame->view->screen.rows >= ROWS_AIRY;
	put_title(frame);
	if (airy)
		begin_line(frame);
	put_bar(frame, bar);
	if (airy)
		begin_line(frame);
	put_amounts(frame, true);
	if (airy)
		begin_line(frame);
	put_now(frame);
	if (airy)
		begin_line(frame);
	put_bottom(frame);
}

/* The words beside the disc, as lines of their own; NULL: no memory. */
static char *words_beside(const struct frame *frame, unsigned columns)
{
	char *text = NULL;
	size_t len = 0;
	struct frame words = *frame;
	words.lines = 0;
	words.columns = columns;
	words.out = open_memstream(&text, &len);
	if (!words.out)
		return NULL;
	put_amounts(&words, true);
	begin_line(&words);
	put_now(&words);
	return fclose(words.out) == 0 ? text : NULL;
}

/* The disc on the left, the words on the right, in the middle of its height. */
static void put_disc(struct frame *frame, const struct art *art)
{
	unsigned rows = art->rows, above = (rows - WORDS_ROWS) / 2;
	unsigned beside = frame->columns - 2 * rows - ROUND_GAP;
	char *words = words_beside(frame, beside);
	const char *line = words ? words : "";
	for (unsigned row = 0; row < rows; row++) {
		begin_line(frame);
		picture_draw_round(&art->disc, &frame->view->screen, row, frame->out);
		if (row < above || !*line)
			continue;
		size_t len = strcspn(line, "\n");
		(void)fprintf(frame->out, "%*s%.*s", len ? ROUND_GAP : 0, "", (int)len, line);
		line += len + (line[len] == '\n');
	}
	free(words);
}

static void put_wide(struct frame *frame, const struct art *art)
{
	put_title(frame);
	begin_line(frame);
	put_disc(frame, art);
	begin_line(frame);
	put_bar(frame, &art->bar);
	begin_line(frame);
	put_bottom(frame);
}

/* Rows of a round disc that has room; 0: none has. */
static unsigned round_rows(const struct screen *screen)
{
	if (!screen->utf8 || screen->columns < WORDS_COLUMNS + ROUND_GAP || screen->rows < ROWS_AROUND)
		return 0;
	unsigned rows = (screen->columns - WORDS_COLUMNS - ROUND_GAP) / 2;
	if (rows + ROWS_AROUND > screen->rows)
		rows = screen->rows - ROWS_AROUND;
	return rows < ROUND_ROWS_LEAST ? 0 : rows > ROUND_ROWS_MOST ? ROUND_ROWS_MOST : rows;
}

void frame_draw(const struct frame_now *now, struct art *art, FILE *out)
{
	const struct view *view = now->view;
	const struct screen *screen = &view->screen;
	struct frame frame = {now, view, now->snapshot, out, screen->columns, 0};
	if (screen->rows < ROWS_LEAST) {
		char line[512];
		frame_line(now, line, sizeof line);
		put(&frame, INK_PLAIN, "", "%s", line);
		return;
	}
	unsigned rows = round_rows(screen);
	art_look(art, screen, screen->columns - 1, rows, &view->info, view->domain, now->snapshot);
	if (rows && art->disc.count) {
		picture_mark(&art->disc, telling_position(now));
		put_wide(&frame, art);
	} else if (screen->rows >= ROWS_DENSE) {
		put_full(&frame, &art->bar);
	} else {
		put_short(&frame, &art->bar);
	}
}

void frame_line(const struct frame_now *now, char *line, size_t cap)
{
	const struct view *view = now->view;
	struct amounts amounts = amounts_of(&view->info, view->domain, now->snapshot);
	char where[192], left[160], doing[192], files[224] = "";
	if (telling_warning(now->snapshot, line, cap))
		return;
	telling_where(now, where, sizeof where);
	telling_time_left(now, left, sizeof left);
	if (now->files.known) {
		(void)snprintf(files, sizeof files, "; files: ");
		telling_files(&now->files, files + strlen(files), sizeof files - strlen(files));
	}
	(void)snprintf(line, cap, "%s %s: saved %s (%s), hoped for %s, lost %s%s; %s; time left: %s",
		       quantity_clock(telling_elapsed_s(now->snapshot)).text,
		       telling_doing(now, doing, sizeof doing),
		       quantity_bytes(amounts.bytes[KIND_SAVED]).text,
		       quantity_percent(amounts.bytes[KIND_SAVED], amounts.total_bytes).text,
		       quantity_bytes(amounts.bytes[KIND_UNTRIED] + amounts.bytes[KIND_HOPE]).text,
		       quantity_bytes(amounts.bytes[KIND_LOST]).text, files, where, left);
}
