/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the person sees while a rescue runs: on a terminal one calm picture,
 * redrawn in place; elsewhere a line every few seconds. It leaves nothing to be
 * undone: whatever kills the program, the terminal is as it was.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <respin/map.h>
#include <respin/session.h>

#include "options.h"
#include "picture.h"
#include "rate.h"
#include "screen.h"

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

struct view {
	struct screen screen;
	FILE *out;
	const struct options *options;
	struct respin_source_info info;
	struct respin_map *domain; /* owned; NULL: everything counts */
	struct rate rate;
	uint64_t line_ns; /* when the last line was printed */
	unsigned lines;   /* of the picture that stands on the screen, 0: none */

	pthread_mutex_t lock; /* for what follows: it comes from other threads */
	struct view_drive drive;
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

void view_show(struct view *view, const struct respin_snapshot *snapshot);

/* Takes the picture off the screen and prints the news that are left. */
void view_clear(struct view *view);

#endif
