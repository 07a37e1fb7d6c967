/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in the live view. Draws and words only; when and where is view.c's. */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include "view.h"

/* All that a picture shows, at one moment. */
struct frame_now {
	const struct view *view;
	const struct respin_snapshot *snapshot;
	struct view_drive drive;
	uint64_t busy_ns; /* how long the drive has been in its command */
};

/*
 * One picture that fits the screen, every line erased to its end and with an
 * end only between lines. Returns the number of lines.
 */
unsigned frame_draw(const struct frame_now *now, FILE *out);

/* The same in one line, for where there is no terminal. */
void frame_line(const struct frame_now *now, char *line, size_t cap);

/* For the closing words too: the bar (and what is below it), and the three amounts. */
void frame_bar(const struct view *view, const struct respin_snapshot *snapshot, FILE *out);
void frame_amounts(const struct view *view, const struct respin_snapshot *snapshot, const char *line_end,
		   FILE *out);

#endif
