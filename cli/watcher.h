/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at the files of an image while it is being rescued, in a process of its
 * own: what a disc says of itself is foreign, and who reads it must not hold the
 * output. It counts files, and it tells what comes first. The rescue never
 * depends on it: a watcher that is slow, wrong or dead costs its answers alone.
 */
#ifndef CLI_WATCHER_H
#define CLI_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/session.h>

enum order {
	ORDER_PLAIN, /* none: as the disc lies */
	ORDER_FILES_FIRST,
	ORDER_USED_ONLY,
	ORDER_PATTERN,
};

/* How a pattern is meant, here and in "respin files": of the whole path, or of the name. */
bool watcher_matches(const char *pattern, const char *path);

/* What was found when somebody looked last. */
struct watcher_counts {
	bool known;                              /* there was a file system to count in */
	uint64_t whole, hit, untouched, unknown; /* all regular files; hit: something in it failed */
	uint64_t incomplete_directories;
	uint64_t doubts;               /* not 0: the list of files may not be all, or not the newest */
	uint64_t beyond_bytes;         /* of the image, behind the end of the file system */
	uint64_t wanted, wanted_whole; /* those that were asked for */
	uint64_t wanted_bytes, wanted_missing_bytes;
};

struct watcher_job {
	const char *image, *map;
	enum order order;
	const char *pattern; /* ORDER_PATTERN */
	/* What is worth telling. From the thread that called; may be called by any. */
	void (*tell)(void *arg, const char *text);
	void *arg;
};

struct watcher;

/* Starts the process; before any thread. The texts of the job must stay. NULL: it cannot be started. */
struct watcher *watcher_start(const struct watcher_job *job);
void watcher_end(struct watcher *watcher); /* NULL is accepted; waits for nobody */

/* Asks now and then, waits for nothing. True: *counts is news. */
bool watcher_look(struct watcher *watcher, struct watcher_counts *counts);

/* Asks, and waits for the answer, but not long. False: there is none. */
bool watcher_last_look(struct watcher *watcher, struct watcher_counts *counts);

/* As callbacks.focus. */
enum respin_focus watcher_focus(struct watcher *watcher, unsigned stage, struct respin_map **map);

/* The run was to end with what was wished for, and did. */
bool watcher_said_enough(struct watcher *watcher);
/* Then: is all of that whole, so far as the disc tells what it is? */
bool watcher_satisfied(struct watcher *watcher, struct watcher_counts *counts);

#endif
