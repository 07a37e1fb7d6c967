/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin sim run: rescues of a simulated disc in virtual time, and how they
 * went. Writes no image; the map of what was found, where asked to.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <respin/sim.h>

#include "commands.h"
#include "options.h"
#include "page.h"
#include "quantity.h"
#include "say.h"
#include "sim.h"
#include "sim_trial.h"

#define NS_PER_S 1e9
#define NS_PER_H 3600e9
#define LIMIT_MOST_H 1e6   /* 114 years; in nanoseconds it fits well */
#define SEEDS_MOST 100000u /* more are a typing error */

struct wish {
	const char *word, *policy, *map;
	char *address;
	uint64_t limit_ns, first_seed, last_seed;
	bool seeds, json, force;
};

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

static int write_map(const struct wish *wish, const struct sim_trial *trial)
{
	const char *const spared[] = {wish->word, NULL}; /* which may be FILE.sim */
	struct respin_error error = {0};
	char *text;
	int code = respin_map_text(trial->map, SIM_SECTOR_BYTES, &text, &error);
	if (code < 0)
		return say_failure(code, &error);
	int status = page_write(wish->map, text, wish->force, spared);
	free(text);
	return status;
}

/* What can be known before anything runs. */
static int trial_prepare(const struct wish *wish, const char *address, struct sim_trial *trial)
{
	*trial = (struct sim_trial){.word = wish->word,
				    .address = address,
				    .policy = wish->policy,
				    .limit_ns = wish->limit_ns,
				    .is_model = sim_address_is_model(address),
				    .scenario = {.size = sizeof trial->scenario},
				    .result = {.size = sizeof trial->result}};
	if (trial->is_model)
		return STATUS_WHOLE;
	int code = respin_sim_truth(address, NULL, &trial->scenario, &trial->error);
	return code < 0 ? say_failure(code, &trial->error) : STATUS_WHOLE;
}

/* With trial->map, which is the caller's, it ran, and there is something to tell. */
static int trial_run(struct sim_trial *trial)
{
	const struct respin_sim_options options = {
		.size = sizeof options, .policy = trial->policy, .limit_ns = trial->limit_ns};
	double began_s = now_s();
	int code = respin_sim_run(trial->address, &options, &trial->result, &trial->map, &trial->error);
	if (code < 0)
		return say_failure(code, &trial->error);
	trial->wall_s = now_s() - began_s;
	return sim_trial_missing(trial) ? STATUS_MISSING : STATUS_WHOLE;
}

static int run_one(const struct wish *wish, const char *address)
{
	struct sim_trial trial;
	int status = trial_prepare(wish, address, &trial);
	if (status == STATUS_WHOLE)
		status = trial_run(&trial);
	if (!trial.map)
		return status;
	int written = wish->map ? write_map(wish, &trial) : STATUS_WHOLE;
	if (wish->json) {
		sim_trial_print_json(&trial);
	} else if (!wish->map || strcmp(wish->map, "-") != 0) {
		sim_trial_print_head(&trial);
		sim_trial_print(&trial);
	}
	respin_map_destroy(trial.map);
	return written ? written : status;
}

/* One of many seeds. */
static int run_seed(const struct wish *wish, uint64_t seed, struct sim_row *row)
{
	char pair[32];
	struct sim_trial trial;
	(void)snprintf(pair, sizeof pair, "seed=%llu", (unsigned long long)seed);
	char *address = sim_address_with(wish->address, pair, false);
	int status = address ? trial_prepare(wish, address, &trial) : STATUS_OUTPUT;
	if (status == STATUS_WHOLE)
		status = trial_run(&trial);
	bool ran = status <= STATUS_MISSING;
	if (ran && wish->json)
		sim_trial_print_json(&trial);
	if (ran && !wish->json) {
		if (seed == wish->first_seed) {
			sim_trial_print_head(&trial);
			sim_row_print_head();
		}
		*row = sim_row_print(&trial);
	}
	if (ran)
		respin_map_destroy(trial.map);
	free(address);
	return status;
}

/* Each seed is a disc, a drive and luck of its own. Ends at the first that cannot be run. */
static int run_seeds(const struct wish *wish)
{
	size_t count = (size_t)(wish->last_seed - wish->first_seed) + 1, done = 0;
	int worst = STATUS_WHOLE;
	struct sim_row *rows = calloc(count, sizeof *rows);
	if (!rows) {
		say("no memory for a table");
		return STATUS_OUTPUT;
	}
	for (; done < count && worst <= STATUS_MISSING; done++) {
		int status = run_seed(wish, wish->first_seed + done, &rows[done]);
		worst = status > worst ? status : worst;
	}
	if (worst <= STATUS_MISSING && !wish->json)
		sim_row_print_sum(rows, done);
	free(rows);
	return worst;
}

/* A-B, or one number. */
static bool parse_seeds(struct wish *wish, const char *text)
{
	char first[24];
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	wish->seeds = true;
	if (len >= sizeof first)
		return false;
	memcpy(first, text, len);
	first[len] = '\0';
	return quantity_parse(first, 0, INT64_MAX, &wish->first_seed) &&
	       quantity_parse(dash ? dash + 1 : first, wish->first_seed, INT64_MAX, &wish->last_seed) &&
	       wish->last_seed - wish->first_seed < SEEDS_MOST;
}

/* "30" or "0.5". */
static bool parse_hours(const char *text, uint64_t *ns)
{
	char *end;
	if (!*text || text[strspn(text, "0123456789.")])
		return false;
	double hours = strtod(text, &end); /* the program never leaves the C locale's numbers */
	if (*end || !(hours > 0) || hours > LIMIT_MOST_H)
		return false;
	*ns = (uint64_t)(hours * NS_PER_H);
	return *ns > 0;
}

static int parse_option(struct wish *wish, int found, char **argv)
{
	switch (found) {
	case 'p':
		wish->policy = optarg;
		return OPTIONS_GO_ON;
	case 'm':
		wish->map = optarg;
		return OPTIONS_GO_ON;
	case 'j':
		wish->json = true;
		return OPTIONS_GO_ON;
	case 'f':
		wish->force = true;
		return OPTIONS_GO_ON;
	case 'l':
		return parse_hours(optarg, &wish->limit_ns)
			       ? OPTIONS_GO_ON
			       : say_usage("sim",
					   "run: --limit takes hours of the drive's time, as 30 or 0.5");
	case 's':
		return parse_seeds(wish, optarg)
			       ? OPTIONS_GO_ON
			       : say_usage("sim", "run: --seeds takes numbers as 1-5, at most %u of them",
					   SEEDS_MOST);
	case 'h':
		return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
	default:
		return options_refuse("sim", found, argv);
	}
}

static int check(const struct wish *wish, int count, char **words)
{
	if (count == 0)
		return say_usage("sim", "run: the name of a scenario is missing");
	if (count > 1)
		return say_usage("sim", "run: one word too many: %s", words[1]);
	if (wish->map && wish->seeds && wish->first_seed != wish->last_seed)
		return say_usage("sim", "run: --map goes with one seed");
	if (wish->map && wish->json && strcmp(wish->map, "-") == 0)
		return say_usage("sim", "run: --json and the map cannot both go to standard output");
	if (wish->force && !wish->map)
		return say_usage("sim", "run: --force goes with --map");
	return OPTIONS_GO_ON;
}

static int run(struct wish *wish)
{
	char *named = sim_address(wish->word);
	bool is_model = named && sim_address_is_model(named);
	if (is_model && wish->seeds) {
		free(named);
		return say_usage("sim", "run: --seeds: a model of somebody else's has its own luck");
	}
	/* Time and outcomes are what counts, and are the same without bytes; who wants these says payload=1. */
	wish->address = named && !is_model ? sim_address_with(named, "payload=0", true) : named;
	if (!is_model)
		free(named);
	int status = STATUS_OUTPUT;
	if (wish->address)
		status = wish->seeds ? run_seeds(wish) : run_one(wish, wish->address);
	free(wish->address);
	return status;
}

int sim_run(int argc, char **argv)
{
	static const struct option known[] = {
		{"policy", required_argument, NULL, 'p'}, {"limit", required_argument, NULL, 'l'},
		{"map", required_argument, NULL, 'm'},    {"seeds", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},         {"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},         {0},
	};
	struct wish wish = {.policy = "respin"};
	int status = OPTIONS_GO_ON;
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		status = parse_option(&wish, found, argv);
		if (status != OPTIONS_GO_ON)
			return status;
	}
	status = check(&wish, argc - optind, argv + optind);
	if (status != OPTIONS_GO_ON)
		return status;
	wish.word = argv[optind];
	return run(&wish);
}
