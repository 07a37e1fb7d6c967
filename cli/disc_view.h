/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disc on the screen: round beside the words where there is room for that, as
 * a bar below, and what the signs mean. What is drawn and said comes from the
 * caller; maps are not known here.
 */
#ifndef CLI_DISC_VIEW_H
#define CLI_DISC_VIEW_H

#include "picture.h"

/* The words fit into this many columns; narrower would cut the amounts. */
#define DISC_VIEW_WORDS 46

struct disc_view {
	uint64_t total;           /* positions; 0: there is nothing to draw */
	const char *end;          /* what stands at the far end of the bar */
	const char *const *names; /* by enum kind, for the legend; NULL: as a rescue calls them */
	void (*fill)(void *arg, struct picture *picture);
	void (*words)(void *arg, const struct screen *screen, unsigned columns, FILE *out);
	void *arg;
};

/* To standard output. Returns the exit status, after a message. */
int disc_view_print(const struct disc_view *view);
/* The bar and the legend alone: `words` does not matter. */
void disc_view_print_bar(const struct disc_view *view, const struct screen *screen);

#endif
