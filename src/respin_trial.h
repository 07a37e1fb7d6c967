/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trial: one policy on one scenario, from the first command to the end, in
 * virtual time. What happens from outside (the user stops, the output fills,
 * the link breaks) happens here as the scenario says, and the rescue is taken
 * up again as a person would. Keeps a map, and no bytes but through the
 * caller's sink.
 */
#ifndef RESPIN_TRIAL_H
#define RESPIN_TRIAL_H

#include <respin/session.h>

#include "core/map.h"
#include "engine/engine.h"
#include "sim/oracle.h"
#include "sim/transport_sim.h"

#define TRIAL_OURS "respin"

/* Where one sitting writes to, and what it goes on from. */
struct trial_output {
	struct respin_sink sink;
	const struct respin_map *map; /* copied */
	struct mapfile_resume resume;
	struct planner_sample samples[PLANNER_SAMPLES_MAX];
	unsigned sample_count;
};

struct trial_options {
	const char *policy; /* TRIAL_OURS or a rival's name; NULL: ours */
	uint64_t limit_ns;  /* of the drive's time; 0: none */
	uint64_t readable;  /* sectors that count as all, for reached_ns; 0: not wanted */
	/* Of oracle_truth: what it calls dead counts for nothing when luck saves it. NULL: everything counts. */
	const struct respin_map *truth;
	/* Of our policy only. */
	struct respin_callbacks callbacks;
	/* For each sitting; NULL: nothing is written. The sink lives until the next sitting, or the trial's end. */
	int (*output)(void *arg, const struct respin_source_info *info, struct trial_output *output,
		      struct respin_error *error);
	void (*done)(void *arg, const struct engine *engine, int code); /* a sitting has ended so */
	bool (*again)(void *arg,
		      int code); /* shall it be taken up after an end that the scenario did not make? */
	/* After everything that gained something. */
	void (*gained)(void *arg, uint64_t now_ns, uint64_t finished);
	void *arg;
};

struct trial {
	int code;          /* of the last sitting: 0, 1 or negative */
	unsigned sittings; /* times the rescue was begun or taken up */
	uint64_t virtual_ns;
	uint64_t reads, failed_reads; /* asked for by the policy */
	uint64_t history;
	struct respin_stats stats;
	struct respin_map *map; /* the caller's, to destroy */
	struct sim_counts counts;
	uint64_t reached_ns[ORACLE_SHARES]; /* UINT64_MAX: never */
	uint64_t saved;                     /* finished, and readable in truth */
	uint64_t wrong; /* finished, but last delivered with bytes that are not the disc's */
};

/* An address, or sim:exec:COMMAND. Codes of respin_source_open, RESPIN_E_INVALID for an unknown policy. */
int trial_run(const char *address, const struct trial_options *options, struct trial *trial,
	      struct respin_error *error);

#endif
