/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One rescue of "respin sim run", and the ways it is told: in words, as a row
 * of a table, as a line of JSON. Runs nothing.
 */
#ifndef CLI_SIM_TRIAL_H
#define CLI_SIM_TRIAL_H

#include <stdbool.h>

#include <respin/sim.h>

struct sim_trial {
	const char *word;    /* as typed */
	const char *address; /* as run */
	const char *policy;
	uint64_t limit_ns; /* 0: none */
	bool is_model;     /* somebody else's: there is no scenario, and nobody knows what is readable */
	struct respin_sim_scenario scenario;
	struct respin_sim_result result;
	struct respin_error error; /* where result.code is negative */
	struct respin_map *map;    /* in sectors */
	double wall_s;
};

/* Readable sectors that were not saved; of a model, all that were not. */
uint64_t sim_trial_missing(const struct sim_trial *trial);

/* What was run; and what came of it. */
void sim_trial_print_head(const struct sim_trial *trial);
void sim_trial_print(const struct sim_trial *trial);

/* Many seeds: a head, a row for each, and below them the middle and the worst of each column. */
enum { SIM_ROW_FIGURES = 8 };
struct sim_row {
	uint64_t figures[SIM_ROW_FIGURES]; /* UINT64_MAX: never */
};
void sim_row_print_head(void);
struct sim_row sim_row_print(const struct sim_trial *trial);
void sim_row_print_sum(const struct sim_row *rows, size_t count);

void sim_trial_print_json(const struct sim_trial *trial);
void sim_oracle_print_json(const char *address, const struct respin_sim_oracle *oracle);

/* 50, 90, 99, 99.9 and 100, as text: "99.9". */
extern const char *const sim_shares[RESPIN_SIM_SHARES];

#endif
