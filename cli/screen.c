/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stream can show, see screen.h. Asks the system each time and keeps no state of its own. */
#include "screen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "escape.h"
#include "quantity.h"

/* What is drawn where nothing is known, and the bounds of what is believed. */
#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24
#define COLUMNS_LEAST 20
#define COLUMNS_MOST 1000

static unsigned within(unsigned n, unsigned least, unsigned most)
{
	return n < least ? least : n > most ? most : n;
}

bool screen_resize(struct screen *screen)
{
	struct winsize size;
	if (ioctl(screen->fd, TIOCGWINSZ, &size) != 0 || !size.ws_col || !size.ws_row)
		return false;
	unsigned columns = within(size.ws_col, COLUMNS_LEAST, COLUMNS_MOST);
	bool changed = columns != screen->columns || size.ws_row != screen->rows;
	screen->columns = columns;
	screen->rows = size.ws_row;
	return changed;
}

void screen_look(struct screen *screen, FILE *stream)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	const char *columns = getenv("COLUMNS");
	*screen = (struct screen){
		.fd = fileno(stream),
		.utf8 = escape_utf8(),
		.columns = COLUMNS_DEFAULT,
		.rows = ROWS_DEFAULT,
	};
	screen->terminal = isatty(screen->fd) && term && *term && strcmp(term, "dumb") != 0;
	screen->colour = screen->terminal && !(no_color && *no_color);
	(void)screen_resize(screen);
	uint64_t wanted;
	if (columns && quantity_parse(columns, COLUMNS_LEAST, COLUMNS_MOST, &wanted))
		screen->columns = (unsigned)wanted;
}

/* ECMA-48 8.3.117, SGR: the sixteen colours of every terminal, so that its owner's palette holds. */
static const char *const inks[] = {
	[INK_PLAIN] = "",   [INK_STRONG] = ";1",   [INK_FAINT] = ";2", [INK_SAVED] = ";36",
	[INK_HOPE] = ";33", [INK_UNTRIED] = ";90", [INK_LOST] = ";31",
};
static const char *const papers[] = {
	[INK_PLAIN] = "",   [INK_STRONG] = "",      [INK_FAINT] = "",   [INK_SAVED] = ";46",
	[INK_HOPE] = ";43", [INK_UNTRIED] = ";100", [INK_LOST] = ";41",
};

void screen_inks(const struct screen *screen, FILE *out, enum ink ink, enum ink paper)
{
	if (screen->colour)
		(void)fprintf(out, "\033[0%s%sm", inks[ink], papers[paper]);
}

void screen_ink(const struct screen *screen, FILE *out, enum ink ink)
{
	screen_inks(screen, out, ink, INK_PLAIN);
}
