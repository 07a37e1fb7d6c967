/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines on a terminal, drawn again in place: only those that changed, in one
 * write, and never more bytes than a slow line to far away can carry. What the
 * lines say is not known here.
 */
#ifndef CLI_PAINT_H
#define CLI_PAINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * At most BURST bytes at once and RATE more each second: together 30 kB in any one
 * second, which the slowest line that people still work over carries.
 */
#define PAINT_RATE 14000
#define PAINT_BURST 16000

struct paint {
	char *text;     /* the lines that stand there, one after the other; NULL: none */
	unsigned count; /* of lines; the cursor is in the last one */
	uint64_t spent; /* bytes of the burst that are not earned again yet */
	uint64_t spent_ns;
};

/*
 * `text`: lines with '\n' between them, none wider than the terminal, fewer than
 * it has rows. `clean`: the screen is wiped first, for nobody knows what it
 * shows. False: too much was written lately, and nothing has been drawn.
 */
bool paint_lines(struct paint *paint, FILE *out, const char *text, bool clean, uint64_t now_ns);

/* Takes the lines off the screen. */
void paint_erase(struct paint *paint, FILE *out);

/* Somebody else has written below: the next lines begin where the cursor is. */
void paint_forget(struct paint *paint);

void paint_finish(struct paint *paint);

#endif
