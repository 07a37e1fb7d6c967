/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a workload once and looks, before each call that changes the world, at the
 * states that a power cut there may leave; from each class of them it resumes,
 * with power cuts in the resume as well, to a depth of three. Counts a state once.
 */
#ifndef TESTS_CRASH_EXPLORE_H
#define TESTS_CRASH_EXPLORE_H

#include <stdio.h>

#include "check.h"

#define EXPLORE_DEPTH 3u /* power cuts one after the other, at most */
#define CASE_TEXT_MAX 4096u

/* One run: a workload on a file system with a fault. */
struct crash_case {
	const struct workload *workload;
	const struct mode *mode;
	struct crash_fault fault;
};

struct tally_of_mode {
	uint64_t states, at_depth[EXPLORE_DEPTH + 1], repeated, points, runs, resumes, violations;
};

/* How to look at a moment: every listed subset, or so many drawn ones. */
struct manner {
	unsigned draws; /* 0: every listed one */
	unsigned resumes_max;
	unsigned depth; /* so many power cuts one after the other, at most EXPLORE_DEPTH */
	uint64_t skip;  /* moments before this call belong to another run */
	uint64_t seed;
};

struct snapshot;
struct keys;

struct explorer {
	struct tally_of_mode tallies[MODES];
	struct checker checker;
	bool stop_at_first, unsynced;
	bool show_each, shown; /* a REPLAY line for each run that has a violation */

	/* the run at hand */
	struct crash_case at;
	struct manner manner;
	struct scene scene;
	struct state state;
	struct rng rng;
	uint64_t op, skip_until, pending;
	uint64_t told;
	unsigned depth;
	const char *path; /* how the run's beginning came about: "" or "OP@SUBSET,..." */
	struct keys *states, *classes;
	struct snapshot *first, *last;
	unsigned resumes;

	char letters[CRASH_UNITS_MAX + 1]; /* the end of an undisturbed rescue */
	size_t image_len;
};

struct explorer *explorer_create(void);
void explorer_destroy(struct explorer *explorer);

/* Another workload, or the same one with names of another kind: an undisturbed rescue to compare with. */
void explorer_begin(struct explorer *explorer, const struct workload *workload, const struct mode *mode);
/* The calls that change the world in an undisturbed run; how many. */
size_t explorer_calls(struct explorer *explorer, const struct crash_case *at, enum memio_op *ops, size_t max);
void explorer_run(struct explorer *explorer, const struct crash_case *at, const struct manner *manner);

/* "WORKLOAD/MODE/FAULT/PATH" */
void case_print(const struct crash_case *at, const char *path, char text[CASE_TEXT_MAX]);
bool case_parse(const char *text, struct crash_case *at, const char **path);

/* Does exactly what the path says and writes the log of each run. 0: nothing wrong was found; 1; 2: no such case. */
int explorer_replay(struct explorer *explorer, const char *text, FILE *out);

/* The one line from which the run at hand can be made again, up to the place that `path` names. */
void explorer_replay_line(const struct explorer *explorer, const char *path);

/* draw.c: a workload, a mode and a fault by lot. Valid until the next draw. */
void crash_draw(uint64_t seed, struct crash_case *at);

#endif
