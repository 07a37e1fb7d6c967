/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rival POLICY ADDRESS LIMIT_S: one in-tree policy on one simulated drive, as
 * the bench runs it; its counts as a line of JSON in the words of the preloaded
 * library, so that a policy and the program it stands for can be held against
 * each other. It does not compare them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "respin_trial.h"

#define NS_PER_S 1000000000ull

int main(int argc, char **argv)
{
	struct respin_error error = {0};
	struct trial trial;
	if (argc != 4) {
		(void)fprintf(stderr, "usage: rival POLICY ADDRESS LIMIT_S\n");
		return 2;
	}
	const struct trial_options options = {.policy = argv[1],
					      .limit_ns = strtoull(argv[3], NULL, 10) * NS_PER_S};
	if (trial_run(argv[2], &options, &trial, &error) < 0) {
		(void)fprintf(stderr, "rival: %s: %s\n", argv[2], error.text);
		return 1;
	}
	printf("{\"policy\": \"%s\", \"address\": \"%s\", \"virtual_s\": %.3f, \"reads\": %" PRIu64
	       ", \"commands\": %" PRIu64 ", \"read_commands\": %" PRIu64 ", \"failed_commands\": %" PRIu64
	       ", \"finished\": %" PRIu64 ", \"sittings\": %u}\n",
	       argv[1], argv[2], (double)trial.virtual_ns / 1e9, trial.reads, trial.counts.commands,
	       trial.counts.reads, trial.counts.failed_reads, trial.stats.finished, trial.sittings);
	map_destroy(trial.map);
	return 0;
}
