/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disc on the screen, see disc_view.h. Decides only what fits where. */
#include "disc_view.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "escape.h"
#include "say.h"

/* The round disc: not so small that nothing can be seen, not so large that it is a poster. */
#define ROUND_ROWS_LEAST 11
#define ROUND_ROWS_MOST 20
#define ROUND_GAP 3

#define LEGEND_GAP "   "

static const char *const rescue_names[] = {
	[KIND_NONE] = NULL,
	[KIND_SAVED] = "saved",
	[KIND_UNTRIED] = "never tried",
	[KIND_HOPE] = "failed so far",
	[KIND_LOST] = "lost",
};

/* Rows of a round disc that has room beside the words; 0: none has. */
static unsigned round_rows(const struct screen *screen)
{
	if (!screen->terminal || !screen->utf8 || screen->columns < DISC_VIEW_WORDS + ROUND_GAP + 1)
		return 0;
	unsigned rows = (screen->columns - 1 - DISC_VIEW_WORDS - ROUND_GAP) / 2;
	if (rows + 6 > screen->rows) /* the bar, its scale, the legend and the prompt stay in sight */
		rows = screen->rows > 6 ? screen->rows - 6 : 0;
	return rows < ROUND_ROWS_LEAST ? 0 : rows > ROUND_ROWS_MOST ? ROUND_ROWS_MOST : rows;
}

/* The disc on the left, the words on the right, each as long as it is. */
static void print_side_by_side(const struct screen *screen, const struct picture *disc, unsigned rows,
			       const char *words)
{
	for (unsigned row = 0; row < rows || *words; row++) {
		size_t len = strcspn(words, "\n");
		if (row < rows)
			picture_draw_round(disc, screen, row, stdout);
		else
			(void)printf("%*s", (int)(2 * rows), "");
		(void)printf("%*s%.*s\n", rows && len ? ROUND_GAP : 0, "", (int)len, words);
		words += len + (words[len] == '\n');
	}
}

static void print_swatch(const struct screen *screen, enum kind kind)
{
	static const char marks[] = ".+?*-";
	if (screen->utf8 && screen->colour) {
		screen_ink(screen, stdout, kind_ink(kind));
		(void)fputs("■", stdout);
		screen_ink(screen, stdout, INK_PLAIN);
	} else if (screen->utf8 && kind == KIND_SAVED) {
		(void)fputs("⣿", stdout);
	} else {
		(void)fputc(marks[kind], stdout);
	}
}

/* In one line, or in one each where that is too long. */
static void print_legend(const struct screen *screen, const char *const *names)
{
	size_t width = 0;
	for (enum kind kind = KIND_SAVED; kind <= KIND_LOST; kind++)
		width += (width ? strlen(LEGEND_GAP) : 0) + 2 + escape_columns(names[kind]);
	const char *between = width < screen->columns ? LEGEND_GAP : "\n";
	for (enum kind kind = KIND_SAVED; kind <= KIND_LOST; kind++) {
		(void)fputs(kind > KIND_SAVED ? between : "", stdout);
		print_swatch(screen, kind);
		(void)printf(" %s", names[kind]);
	}
	(void)fputc('\n', stdout);
}

void disc_view_print_bar(const struct disc_view *view, const struct screen *screen)
{
	struct picture bar;
	if (picture_bar(&bar, view->total, screen->columns - 1)) {
		view->fill(view->arg, &bar);
		picture_draw_bar(&bar, screen, stdout);
		(void)fputc('\n', stdout);
		if (!screen->colour && screen->utf8 && picture_draw_marks(&bar, stdout))
			(void)fputc('\n', stdout);
		(void)printf("0%*s\n", (int)screen->columns - 2, view->end);
	}
	picture_finish(&bar);
	print_legend(screen, view->names ? view->names : rescue_names);
}

int disc_view_print(const struct disc_view *view)
{
	struct screen screen;
	struct picture disc = {0};
	char *words = NULL;
	size_t len = 0;
	screen_look(&screen, stdout);
	unsigned rows = view->total ? round_rows(&screen) : 0;
	if (rows && picture_round(&disc, view->total, rows, &screen))
		view->fill(view->arg, &disc);
	else
		rows = 0;
	FILE *text = open_memstream(&words, &len);
	if (text)
		view->words(view->arg, &screen, rows ? DISC_VIEW_WORDS : screen.columns - 1, text);
	if (text && fclose(text) == 0) {
		print_side_by_side(&screen, &disc, rows, words);
		if (view->total) {
			(void)fputc('\n', stdout);
			disc_view_print_bar(view, &screen);
		}
	}
	free(words);
	picture_finish(&disc);
	if (!text)
		say("no memory for a picture");
	return text ? STATUS_WHOLE : STATUS_OUTPUT;
}
