/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trials [--seeds A-B] [--limit-h H] [--with key=value] POLICY[,POLICY]... SCENARIO...
 *
 * Runs policies on scenarios, each on the same seeds and so on the same luck,
 * and prints one JSON line a trial (bench/README.md names the fields). The
 * policy "oracle" is the lower bound. Fails where a policy was faster than LB0.
 * Judges nothing else: bench/table and bench/plot show it.
 */
#include <respin/sim.h>

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "respin_trial.h"
#include "respin_open.h"

#define NS_PER_S 1e9
#define NS_PER_H 3600e9
#define CURVE_POINTS 256u /* what a plot can show */
#define NAMES_MAX 64u

static const char *const share_names[ORACLE_SHARES] = {"t50", "t90", "t99", "t999", "t100"};

/* Bytes over time, thinned out as it grows: every other point goes when it is full. */
struct curve {
	double s[CURVE_POINTS];
	uint64_t finished[CURVE_POINTS];
	unsigned count, every, skipped;
	double last_s;
	uint64_t last;
};

static void curve_add(void *arg, uint64_t now_ns, uint64_t finished)
{
	struct curve *curve = arg;
	curve->last_s = (double)now_ns / NS_PER_S;
	curve->last = finished;
	if (++curve->skipped < curve->every)
		return;
	curve->skipped = 0;
	if (curve->count == CURVE_POINTS) {
		for (unsigned i = 0; i < CURVE_POINTS / 2; i++) {
			curve->s[i] = curve->s[2 * i + 1];
			curve->finished[i] = curve->finished[2 * i + 1];
		}
		curve->count = CURVE_POINTS / 2;
		curve->every *= 2;
	}
	curve->s[curve->count] = curve->last_s;
	curve->finished[curve->count++] = finished;
}

static json_t *curve_json(const struct curve *curve)
{
	json_t *points = json_array();
	for (unsigned i = 0; i < curve->count; i++)
		json_array_append_new(points,
				      json_pack("[f, I]", curve->s[i], (json_int_t)curve->finished[i]));
	json_array_append_new(points, json_pack("[f, I]", curve->last_s, (json_int_t)curve->last));
	return points;
}

static void line(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
	assert(text);
	puts(text);
	fflush(stdout);
	free(text);
	json_decref(object);
}

static void put_times(json_t *object, const uint64_t ns[ORACLE_SHARES])
{
	for (unsigned i = 0; i < ORACLE_SHARES; i++)
		json_object_set_new(object, share_names[i],
				    ns[i] == UINT64_MAX ? json_null() : json_real((double)ns[i] / NS_PER_S));
}

struct plan {
	const char *scenario, *with;
	uint64_t seed, limit_ns;
	struct respin_sim_oracle oracle;
	struct respin_map *truth; /* what the oracle calls readable, sector by sector */
	char address[256];
};

static bool oracle_line(struct plan *plan)
{
	struct respin_error error;
	struct respin_sim_scenario scenario = {.size = sizeof scenario};
	plan->oracle.size = sizeof plan->oracle;
	if (respin_sim_oracle(plan->address, &plan->oracle, &error) < 0 ||
	    respin_sim_truth(plan->address, &plan->truth, &scenario, &error) < 0) {
		fprintf(stderr, "%s: %s\n", plan->address, error.text);
		return false;
	}
	json_t *object =
		json_pack("{s:s, s:s, s:I, s:s, s:I, s:I}", "scenario", plan->scenario, "address",
			  plan->address, "seed", (json_int_t)plan->seed, "policy", "oracle", "readable",
			  (json_int_t)plan->oracle.readable, "dead", (json_int_t)plan->oracle.dead);
	put_times(object, plan->oracle.lb0_ns);
	for (unsigned i = 0; i < ORACLE_SHARES; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "lb1_%s", share_names[i] + 1);
		json_object_set_new(object, name, json_real((double)plan->oracle.lb1_ns[i] / NS_PER_S));
	}
	line(object);
	return true;
}

static double wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

/* Nobody beats who knows everything: else the bound, or the drive, is wrong. */
static bool above_the_bound(const struct plan *plan, const char *policy, const uint64_t ns[ORACLE_SHARES])
{
	bool good = true;
	for (unsigned i = 0; i < ORACLE_SHARES; i++)
		if (ns[i] < plan->oracle.lb0_ns[i]) {
			fprintf(stderr, "%s, %s: %s after %.3f s, but LB0 is %.3f s\n", plan->address, policy,
				share_names[i], (double)ns[i] / NS_PER_S,
				(double)plan->oracle.lb0_ns[i] / NS_PER_S);
			good = false;
		}
	return good;
}

static bool trial_line(const struct plan *plan, const char *policy)
{
	struct curve curve = {.every = 1};
	struct trial trial;
	struct respin_error error;
	const struct trial_options options = {.policy = policy,
					      .limit_ns = plan->limit_ns,
					      .readable = plan->oracle.readable,
					      .truth = plan->truth,
					      .gained = curve_add,
					      .arg = &curve};
	double began = wall_s();
	if (trial_run(plan->address, &options, &trial, &error) < 0) {
		fprintf(stderr, "%s, %s: %s\n", plan->address, policy, error.text);
		map_destroy(trial.map);
		return false;
	}
	char history[17];
	(void)snprintf(history, sizeof history, "%016llx", (unsigned long long)trial.history);
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:s, s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:I, s:s, s:f, s:o}",
		"scenario", plan->scenario, "address", plan->address, "seed", (json_int_t)plan->seed,
		"policy", policy, "code", trial.code, "virtual_s", (double)trial.virtual_ns / NS_PER_S,
		"reads", (json_int_t)trial.reads, "failed", (json_int_t)trial.failed_reads, "commands",
		(json_int_t)trial.counts.commands, "wedges", (json_int_t)trial.counts.wedges, "sessions",
		(json_int_t)trial.counts.sessions, "sittings", (int)trial.sittings, "finished",
		(json_int_t)trial.stats.finished, "saved", (json_int_t)trial.saved, "wrong",
		(json_int_t)trial.wrong, "total", (json_int_t)trial.stats.total, "readable",
		(json_int_t)plan->oracle.readable, "history", history, "wall_s", wall_s() - began, "curve",
		curve_json(&curve));
	put_times(object, trial.reached_ns);
	line(object);
	map_destroy(trial.map);
	return above_the_bound(plan, policy, trial.reached_ns);
}

static bool scenario_trials(struct plan *plan, char *const *policies, unsigned count)
{
	bool good = true;
	plan->truth = NULL;
	int n = snprintf(plan->address, sizeof plan->address, "sim:%s?seed=%llu&payload=0%s%s",
			 plan->scenario, (unsigned long long)plan->seed, *plan->with ? "&" : "", plan->with);
	if (n < 0 || (size_t)n >= sizeof plan->address) {
		fprintf(stderr, "%.40s...: an address of at most %zu characters is meant\n", plan->address,
			sizeof plan->address - 1);
		return false;
	}
	good = oracle_line(plan);
	for (unsigned i = 0; plan->truth && i < count; i++)
		if (strcmp(policies[i], "oracle"))
			good = trial_line(plan, policies[i]) && good;
	map_destroy(plan->truth);
	return good;
}

static void usage(void)
{
	fputs("usage: trials [--seeds A-B] [--limit-h H] [--with key=value] POLICY[,POLICY]... SCENARIO...\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct plan plan = {.with = ""};
	uint64_t first = 1, last = 1;
	char *policies[NAMES_MAX];
	unsigned policy_count = 0;
	int i = 1;
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		char *end = argv[i + 1];
		if (!strcmp(argv[i], "--seeds")) {
			first = last = strtoull(argv[i + 1], &end, 10);
			if (*end == '-')
				last = strtoull(end + 1, &end, 10);
		} else if (!strcmp(argv[i], "--limit-h")) {
			plan.limit_ns = (uint64_t)(strtod(argv[i + 1], &end) * NS_PER_H);
		} else if (!strcmp(argv[i], "--with")) {
			plan.with = argv[i + 1];
			end = "";
		}
		if (*end || last < first)
			usage();
	}
	if (argc - i < 2)
		usage();
	char *rest = NULL;
	for (char *name = strtok_r(argv[i], ",", &rest); name && policy_count < NAMES_MAX;
	     name = strtok_r(NULL, ",", &rest))
		policies[policy_count++] = name;
	bool good = true;
	for (i++; i < argc; i++)
		for (uint64_t seed = first; seed <= last; seed++) {
			plan.scenario = argv[i];
			plan.seed = seed;
			good = scenario_trials(&plan, policies, policy_count) && good;
		}
	return good ? 0 : 1;
}
