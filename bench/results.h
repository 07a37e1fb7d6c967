/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What trials and peers printed, read back: one entry a scenario and policy,
 * its figures over the seeds. For the table and the plots; measures nothing.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define RESULTS_SEEDS_MAX 64u

struct results_entry {
	const char *scenario, *policy; /* of the first line's JSON */
	json_t *lines[RESULTS_SEEDS_MAX]; /* one a seed */
	unsigned count;
};

struct results {
	json_t *all; /* an array, owner of everything */
	struct results_entry *entries;
	size_t count;
	const char **scenarios; /* in the order of their first line */
	size_t scenario_count;
};

/* Reads lines of JSON from a file; false: told on standard error. */
bool results_load(struct results *results, const char *path);
void results_finish(struct results *results);

const struct results_entry *results_find(const struct results *results, const char *scenario, const char *policy);

/* A figure over the seeds. `never` counts the seeds without it (JSON null): they are worse than any. */
struct results_figure {
	double median, worst; /* HUGE_VAL: never */
	bool known;           /* false: no line has the field */
};
struct results_figure results_figure(const struct results_entry *entry, const char *field);

#endif
