/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the person sees while a rescue runs, and the keys: on a terminal one
 * calm picture, redrawn in place; elsewhere a line every few seconds. What is
 * drawn leaves nothing to be undone; how the keys are given back is keyboard.h's.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <respin/map.h>
#include <respin/session.h>

#include "art.h"
#include "options.h"
#include "paint.h"
#include "picture.h"
#include "rate.h"
#include "screen.h"
#include "steer.h"
#include "why.h"

#define NEWS_HELD 16

/* What the drive does, as its requests and outcomes tell. */
struct view_drive {
	bool asked; /* at least once */
	bool busy;  /* in a command, since (host clock) */
	uint64_t since_ns;
	struct respin_request request;
	bool in_trouble;
	struct respin_outcome trouble; /* the last one that did not go well */
};

/* What became of the files, by whoever looks after them. */
struct file_counts {
	bool watched; /* somebody does: they have their line */
	bool known;   /* the figures are */
	uint64_t whole, hit, untouched, unknown;
};

struct view {
	struct screen screen;
	FILE *out;
	const struct options *options;
	struct respin_source_info info;
	struct respin_map *domain; /* owned; NULL: everything counts */
	struct rate rate;
	uint64_t line_ns;   /* when the last line was printed */
	struct paint paint; /* what stands on the screen */
	bool wipe;          /* that is not known any more */
	struct art art;
	struct steer steer;

	pthread_mutex_t lock; /* for what follows: it comes from other threads */
	struct view_drive drive;
	struct why why;
	struct file_counts files;
	char news[NEWS_HELD][256];
	unsigned news_count, news_lost;
};

void view_init(struct view *view, FILE *out, const struct options *options,
	       const struct respin_source_info *info);
void view_finish(struct view *view);

/* Do terminal and stderr take words without making their writer wait? Asked for at most so long for each. */
bool view_has_room(const struct view *view, int wait_ms);

/* What is worth a line of its own above the picture. From any thread; shown by the next view_show. */
void view_news(struct view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the drive was asked and what came of it. From any thread. */
void view_event(struct view *view, const struct respin_event *event);

/* How many files are safe. From any thread. */
void view_files(struct view *view, const struct file_counts *counts);

/* From here on the keys steer this session; NULL: nobody any more, and the terminal is as it was. */
void view_steer(struct view *view, struct respin_session *session);

/* Heeds the keys and draws. From the thread that runs the session. */
void view_show(struct view *view, const struct respin_snapshot *snapshot);

/* If Ctrl-Z was pressed: leaves the picture to the shell, and comes back when the process goes on. */
void view_suspend(struct view *view);

/* Takes the picture off the screen and prints the news that are left. */
void view_clear(struct view *view);

#endif
