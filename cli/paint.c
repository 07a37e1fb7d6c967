/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines in place, see paint.h. ECMA-48: CUU, CUP, EL, ED and nothing else; no state that would have to be undone. */
#include "paint.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000u
#define WIPE "\033[H\033[2J" /* 8.3.21 CUP, 8.3.39 ED: home, all gone */
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"

static unsigned count_lines(const char *text)
{
	unsigned count = 1;
	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* To line `to` of the picture from line `from`: down by line feeds, which scroll nothing that stands there. */
static void move(FILE *out, unsigned from, unsigned to)
{
	(void)fputc('\r', out);
	if (to < from)
		(void)fprintf(out, "\033[%uA", from - to);
	for (; from < to; from++)
		(void)fputc('\n', out);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* What turns `old` (of `count` lines, the cursor in the last one) into `text`. */
static void changes(const char *old, unsigned count, const char *text, FILE *out)
{
	unsigned cursor = count ? count - 1 : 0, lines = count_lines(text);
	for (unsigned i = 0; i < lines; i++, text = next_line(text)) {
		size_t len = strcspn(text, "\n");
		bool same = i < count && strcspn(old, "\n") == len && memcmp(old, text, len) == 0;
		old = i < count ? next_line(old) : old;
		if (same)
			continue;
		move(out, cursor, i);
		(void)fprintf(out, "%.*s%s", (int)len, text, REST_OF_LINE);
		cursor = i;
	}
	if (cursor != lines - 1)
		move(out, cursor, lines - 1);
	if (lines < count)
		(void)fputs("\n" REST_OF_SCREEN "\033[A", out);
}

static bool affordable(struct paint *paint, size_t len, uint64_t now_ns)
{
	uint64_t earned = (now_ns - paint->spent_ns) / (SECOND_NS / PAINT_RATE);
	uint64_t owed = paint->spent > earned ? paint->spent - earned : 0;
	if (owed && owed + len > PAINT_BURST)
		return false;
	paint->spent = owed + len;
	paint->spent_ns = now_ns;
	return true;
}

bool paint_lines(struct paint *paint, FILE *out, const char *text, bool clean, uint64_t now_ns)
{
	char *frame = NULL, *kept = strdup(text);
	size_t len = 0;
	FILE *buffer = kept ? open_memstream(&frame, &len) : NULL;
	if (buffer) {
		bool anew = clean || !paint->text;
		if (clean)
			(void)fputs(WIPE, buffer);
		changes(anew ? "" : paint->text, anew ? 0 : paint->count, text, buffer);
	}
	bool drawn = buffer && fclose(buffer) == 0 && affordable(paint, len, now_ns);
	if (drawn && len) {
		(void)fwrite(frame, 1, len, out);
		(void)fflush(out);
	}
	free(frame);
	if (drawn) {
		free(paint->text);
		paint->text = kept;
		paint->count = count_lines(text);
	} else {
		free(kept);
	}
	return drawn;
}

void paint_erase(struct paint *paint, FILE *out)
{
	if (paint->text) {
		move(out, paint->count - 1, 0);
		(void)fputs(REST_OF_SCREEN, out);
		(void)fflush(out);
	}
	paint_forget(paint);
}

void paint_forget(struct paint *paint)
{
	free(paint->text);
	paint->text = NULL;
	paint->count = 0;
}

void paint_finish(struct paint *paint)
{
	paint_forget(paint);
}
