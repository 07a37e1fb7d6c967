/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands where in the live view. How the words are found is telling.c's; when and onto what, view.c's. */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include "view.h"

/* Every line begins with its label. */
#define FRAME_LABEL_COLUMNS 11

/* All that a picture shows, at one moment. */
struct frame_now {
	const struct view *view;
	const struct respin_snapshot *snapshot;
	struct view_drive drive;
	struct why why;
	struct file_counts files;
	uint64_t clock_ns; /* the host's */
	uint64_t busy_ns;  /* how long the drive has been in its command */
};

/* One picture: lines that fit the screen, with '\n' between them. */
void frame_draw(const struct frame_now *now, struct art *art, FILE *out);

/* The same in one line, for where there is no terminal. */
void frame_line(const struct frame_now *now, char *line, size_t cap);

/* For the closing words too: the bar (and what is below it), and the three amounts. */
void frame_bar(const struct view *view, const struct respin_snapshot *snapshot, FILE *out);
void frame_amounts(const struct view *view, const struct respin_snapshot *snapshot, unsigned columns,
		   FILE *out);

#endif
