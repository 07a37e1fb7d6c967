/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What passes between a watcher and its process. The child's side is not to be
 * trusted: it has read what the disc says.
 */
#ifndef CLI_WATCHER_WIRE_H
#define CLI_WATCHER_WIRE_H

#include "watcher.h"

/* A walk of a million files from a slow disk; what takes longer is not worth waiting for. */
#ifndef WATCHER_LIMIT_S /* tests wait less */
#define WATCHER_LIMIT_S 120u
#endif
/* More ranges than these come with the next question: 16 MiB. */
#define WATCHER_RANGES_MAX (1u << 20)

enum watcher_verb {
	WATCHER_COUNT,
	WATCHER_STRUCTURE, /* and what the file system lacks */
	WATCHER_FILES,     /* and what the files lack that are wished for */
};

struct watcher_question {
	uint32_t serial;
	uint32_t verb;
};

/* Followed by so many struct respin_range, in bytes of the image. */
struct watcher_answer {
	uint32_t serial;
	int32_t code; /* RESPIN_OK, or why nothing could be found out */
	struct watcher_counts counts;
	uint64_t range_count;
	uint64_t took_ms;
};

/* The child's life: serves until its other end is closed. Does not return. */
void watcher_serve(const struct watcher_job *job, int socket, int lifeline) __attribute__((noreturn));

#endif
