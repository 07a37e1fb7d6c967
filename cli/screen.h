/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the stream that the person reads can show: a terminal or not, how wide,
 * colours, UTF-8. Plain ANSI, nothing that would have to be undone later.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

struct screen {
	int fd;
	bool terminal; /* can be drawn upon: a terminal, and not a dumb one */
	bool colour;   /* a terminal, and NO_COLOR is not set */
	bool utf8;
	unsigned columns, rows;
};

enum ink {
	INK_PLAIN,
	INK_STRONG,
	INK_FAINT,
	INK_SAVED,
	INK_UNTRIED,
	INK_HOPE,
	INK_LOST,
};

/* Looks at the stream and the environment: COLUMNS, then the terminal's size, then 80 by 24. */
void screen_look(struct screen *screen, FILE *stream);

/* The terminal's size now. True: it changed. */
bool screen_resize(struct screen *screen);

/* Switches the ink of what follows; nothing without colour. On paper of another ink: screen_inks. */
void screen_ink(const struct screen *screen, FILE *out, enum ink ink);
void screen_inks(const struct screen *screen, FILE *out, enum ink ink, enum ink paper);

#endif
