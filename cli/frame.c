/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content of the live view, see frame.h. Everything it knows comes in with the snapshot. */
#include "frame.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "amounts.h"
#include "escape.h"
#include "quantity.h"
#include "stop.h"
#include "words.h"

#define SECOND_NS 1000000000u
/* A drive may take its time; after this the person wants to know what is being waited for. */
#define WAITING_NS (3ull * SECOND_NS)
/* Screens lower than this get a shorter picture, or one line. */
#define ROWS_FULL 15
#define ROWS_SHORT 8
#define LABEL_COLUMNS 11
#define LINE_END "\033[K\n" /* ECMA-48 8.3.41, EL: what stood there before is gone */

struct frame {
	const struct frame_now *now;
	const struct view *view;
	const struct respin_snapshot *snapshot;
	FILE *out;
	unsigned lines;
};

static uint64_t elapsed_s(const struct respin_snapshot *snapshot)
{
	return (snapshot->now_ns - snapshot->started_ns) / SECOND_NS;
}

/* The sector being read; between commands, the last one. */
static uint64_t position(const struct frame_now *now)
{
	return now->drive.asked ? now->drive.request.range.start : now->snapshot->pos;
}

static int64_t lba_of(const struct frame_now *now, uint64_t unit)
{
	return now->view->info.first_lba + (int64_t)unit;
}

static enum respin_phase phase_of(const struct frame_now *now)
{
	return (enum respin_phase)(now->drive.asked ? now->drive.request.phase : now->snapshot->phase);
}

static void begin_line(struct frame *frame)
{
	if (frame->lines++)
		(void)fputs(LINE_END, frame->out);
}

/* A label and its text, cut where the line ends. */
static void put(struct frame *frame, enum ink ink, const char *label, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void put(struct frame *frame, enum ink ink, const char *label, const char *format, ...)
{
	char raw[512], line[ESCAPE_ROOM(sizeof raw)];
	va_list args;
	va_start(args, format);
	int used = snprintf(raw, sizeof raw, "%-*s", *label ? LABEL_COLUMNS : 0, label);
	(void)vsnprintf(raw + used, sizeof raw - (size_t)used, format, args);
	va_end(args);
	(void)escape_text(line, sizeof line, raw);
	line[escape_fit(line, frame->view->screen.columns - 1)] = '\0';
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
	struct quantity clock = quantity_clock(elapsed_s(frame->snapshot));
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
	size_t cell = picture_cell(bar, position(frame->now)), len = 0;
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

static bool make_bar(const struct view *view, const struct respin_snapshot *snapshot, struct picture *bar)
{
	if (!picture_bar(bar, view->info.units, view->screen.columns - 1))
		return 0;
	amounts_picture(bar, &view->info, view->domain, snapshot);
	return 1;
}

static void put_bar(struct frame *frame)
{
	struct picture bar;
	begin_line(frame);
	if (make_bar(frame->view, frame->snapshot, &bar)) {
		picture_draw_bar(&bar, &frame->view->screen, frame->out);
		begin_line(frame);
		put_below(frame, &bar);
	}
	picture_finish(&bar);
}

void frame_bar(const struct view *view, const struct respin_snapshot *snapshot, FILE *out)
{
	struct picture bar;
	if (make_bar(view, snapshot, &bar)) {
		picture_draw_bar(&bar, &view->screen, out);
		(void)fputc('\n', out);
		if (!view->screen.colour && view->screen.utf8 && picture_draw_marks(&bar, out))
			(void)fputc('\n', out);
	}
	picture_finish(&bar);
}

static void amount(const struct view *view, enum kind kind, const char *label, const struct amounts *amounts,
		   uint64_t bytes, const char *more, FILE *out)
{
	char line[256];
	(void)snprintf(line, sizeof line, "%15s bytes%9s%s%s", quantity_grouped(bytes).text,
		       quantity_percent(bytes, amounts->total_bytes).text, *more ? "  " : "", more);
	line[escape_fit(line, view->screen.columns - 1 - LABEL_COLUMNS)] = '\0';
	screen_ink(&view->screen, out, kind_ink(kind));
	(void)fprintf(out, "%-*s", LABEL_COLUMNS, label);
	screen_ink(&view->screen, out, INK_PLAIN);
	(void)fputs(line, out);
}

void frame_amounts(const struct view *view, const struct respin_snapshot *snapshot, const char *line_end,
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
	amount(view, KIND_SAVED, "saved", &amounts, amounts.bytes[KIND_SAVED], "", out);
	(void)fputs(line_end, out);
	amount(view, failed ? KIND_HOPE : KIND_UNTRIED, "hoped for", &amounts, untried + failed, more, out);
	(void)fputs(line_end, out);
	amount(view, KIND_LOST, "lost", &amounts, amounts.bytes[KIND_LOST], "", out);
}

static struct quantity speed(const struct frame_now *now, double units)
{
	return quantity_bytes((uint64_t)(units * now->view->info.unit_bytes));
}

/* "LBA 4711, 4.12 MB/s (3.90 MB/s on average)" */
static void where(const struct frame_now *now, char *text, size_t cap)
{
	const struct respin_snapshot *snapshot = now->snapshot;
	const char *what = now->view->info.plain ? "sector" : "LBA";
	int64_t lba = lba_of(now, position(now));
	if (now->busy_ns >= WAITING_NS)
		(void)snprintf(text, cap, "%s %" PRId64 ", waiting for the drive for %s", what, lba,
			       quantity_duration(now->busy_ns / SECOND_NS).text);
	else
		(void)snprintf(text, cap, "%s %" PRId64 ", %s/s (%s/s on average)", what, lba,
			       speed(now, rate_now(&now->view->rate, snapshot)).text,
			       speed(now, rate_average(snapshot)).text);
}

static void put_where(struct frame *frame)
{
	char text[256];
	uint64_t areas = frame->snapshot->stats.bad_areas;
	where(frame->now, text, sizeof text);
	put(frame, INK_PLAIN, "at", "%s%s%s", text, areas ? ", " : "",
	    areas ? quantity_count(areas, "damaged area").text : "");
}

static void put_trouble(struct frame *frame)
{
	const struct view_drive *drive = &frame->now->drive;
	const struct respin_reply *reply = &drive->trouble.reply;
	const struct respin_sense *sense = &reply->sense;
	if (!drive->in_trouble) {
		put(frame, INK_FAINT, "trouble", "none so far");
		return;
	}
	char codes[32] = "";
	if (sense->key || sense->asc)
		(void)snprintf(codes, sizeof codes, " (%02X/%02X/%02X)", sense->key, sense->asc, sense->ascq);
	put(frame, INK_FAINT, "trouble", "%s %" PRId64 ": %s%s", frame->view->info.plain ? "sector" : "LBA",
	    lba_of(frame->now, drive->trouble.request.range.start),
	    words_reason((enum respin_reason)reply->reason), codes);
}

static void put_doing(struct frame *frame)
{
	enum respin_phase phase = phase_of(frame->now);
	if (frame->now->drive.asked)
		put(frame, INK_PLAIN, words_phase(phase), "%s", words_doing(phase));
	else
		put(frame, INK_PLAIN, "starting", "nothing was read yet");
}

static void put_time_left(struct frame *frame)
{
	char text[160];
	rate_time_left(&frame->view->rate, frame->snapshot, frame->view->info.ecc_block, text, sizeof text);
	put(frame, INK_PLAIN, "time left", "%s", text);
}

/* What needs the person's eye. False: nothing does. */
static bool warning(const struct respin_snapshot *snapshot, char *text, size_t cap)
{
	if (snapshot->output_stuck_ms)
		(void)snprintf(text, cap,
			       "the output has taken nothing for %s: is its disk busy, full or gone?",
			       quantity_duration(snapshot->output_stuck_ms / 1000).text);
	else if (stop_wanted())
		(void)snprintf(text, cap, "stopping; everything is being saved; once more to leave at once");
	else
		return false;
	return true;
}

static void put_warning(struct frame *frame)
{
	char text[160];
	if (warning(frame->snapshot, text, sizeof text))
		put(frame, INK_LOST, "", "%s", text);
	else
		put(frame, INK_FAINT, "", "Ctrl-C stops and saves; the same command goes on from there");
}

unsigned frame_draw(const struct frame_now *now, FILE *out)
{
	const struct view *view = now->view;
	struct frame frame = {now, view, now->snapshot, out, 0};
	if (view->screen.rows < ROWS_SHORT) {
		char line[512];
		frame_line(now, line, sizeof line);
		put(&frame, INK_PLAIN, "", "%s", line);
		(void)fputs("\033[K", out);
		return frame.lines;
	}
	bool full = view->screen.rows >= ROWS_FULL;
	put_title(&frame);
	if (full)
		begin_line(&frame);
	put_bar(&frame);
	begin_line(&frame);
	frame_amounts(view, now->snapshot, LINE_END, out);
	frame.lines += 2;
	if (full) {
		begin_line(&frame);
		put_doing(&frame);
	}
	put_where(&frame);
	if (full) {
		put_trouble(&frame);
		put_time_left(&frame);
		begin_line(&frame);
		put_warning(&frame);
	}
	(void)fputs("\033[K", out);
	return frame.lines;
}

void frame_line(const struct frame_now *now, char *line, size_t cap)
{
	const struct view *view = now->view;
	struct amounts amounts = amounts_of(&view->info, view->domain, now->snapshot);
	char at[192], left[160];
	if (warning(now->snapshot, line, cap))
		return;
	where(now, at, sizeof at);
	rate_time_left(&view->rate, now->snapshot, view->info.ecc_block, left, sizeof left);
	(void)snprintf(line, cap, "%s %s: saved %s (%s), hoped for %s, lost %s; %s; time left: %s",
		       quantity_clock(elapsed_s(now->snapshot)).text, words_phase(phase_of(now)),
		       quantity_bytes(amounts.bytes[KIND_SAVED]).text,
		       quantity_percent(amounts.bytes[KIND_SAVED], amounts.total_bytes).text,
		       quantity_bytes(amounts.bytes[KIND_UNTRIED] + amounts.bytes[KIND_HOPE]).text,
		       quantity_bytes(amounts.bytes[KIND_LOST]).text, at, left);
}
