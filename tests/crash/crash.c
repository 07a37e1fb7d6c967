/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Crashes the shipped output in a file system in memory: the fixed workloads
 * completely, then workloads by lot. RESPIN_SEED: where the lot begins.
 * RESPIN_LONG: ten million distinct states instead of one. RESPIN_CASE: replays one
 * case and shows what became of each call. RESPIN_PLANT=image-unsynced: leaves a
 * sync out, to see that it is noticed. RESPIN_CRASH=first: ends at the first
 * violation; =each: shows one for each run that has any.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explore.h"
#include "oracle.h"

#define STATES 1000000u
#define STATES_LONG 10000000u
#define TEXTS_MAX 500u
#define DRAWS 48u /* states at each moment of a drawn workload */
#define DRAWN_RESUMES 24u
#define CALLS_MAX 400u
#define FOR_EVER 1000u
#define ALL_RESUMES UINT32_MAX

static double now_s(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t count_states(const struct explorer *explorer)
{
	uint64_t states = 0;
	for (unsigned i = 0; i < MODES; i++)
		states += explorer->tallies[i].states;
	return states;
}

static bool is_long(void)
{
	return getenv("RESPIN_LONG") != NULL;
}

/* Loose names have by far the most subsets: in the slice they are not followed to the bottom. */
static unsigned depth_of(const struct mode *mode, bool faulted)
{
	return is_long() ? EXPLORE_DEPTH : EXPLORE_DEPTH - mode->loose - faulted;
}

/* Up to the fault it is the run without it, whose states were counted. */
static void run_fault(struct explorer *explorer, struct crash_case *at, struct crash_fault fault,
		      unsigned call)
{
	const struct manner manner = {
		.resumes_max = ALL_RESUMES, .depth = depth_of(at->mode, true), .skip = call};
	at->fault = fault;
	explorer_run(explorer, at, &manner);
}

/* Only here does it matter which of the journalled file systems it is, and what becomes of a part. */
static void run_sync_faults(struct explorer *explorer, struct crash_case *at, unsigned call, int result)
{
	for (unsigned way = 0; way < 4; way++)
		run_fault(explorer, at,
			  (struct crash_fault){.nth = call,
					       .times = way & 1 ? FOR_EVER : 1,
					       .result = result,
					       .partial_seed = way & 2 ? call : 0},
			  call);
	run_fault(explorer, at, (struct crash_fault){.nth = call, .times = 1, .result = result, .lies = true},
		  call);
}

/* Every call fails, once and for ever; every write is cut short, too. */
static void run_faults(struct explorer *explorer, struct crash_case *at)
{
	static const int results[] = {-EIO, -ENOSPC};
	static enum memio_op ops[CALLS_MAX];
	unsigned calls = (unsigned)explorer_calls(explorer, at, ops, CALLS_MAX), writes = 0;
	for (unsigned call = 1; call <= calls; call++) {
		enum memio_op op = ops[call - 1];
		bool syncs = op == MEMIO_SYNC || op == MEMIO_DATASYNC;
		for (unsigned i = 0; i < (is_long() ? 2 : 1); i++) {
			if (syncs)
				run_sync_faults(explorer, at, call, results[i]);
			for (unsigned times = 1; !syncs && !at->mode->for_faults && times <= FOR_EVER;
			     times += FOR_EVER - 1)
				run_fault(explorer, at,
					  (struct crash_fault){
						  .nth = call, .times = times, .result = results[i]},
					  call);
		}
		if (op != MEMIO_PWRITE || at->mode->for_faults)
			continue;
		writes++; /* a short count is counted among writes */
		for (int shorter = 0; shorter <= 7; shorter += 7)
			run_fault(explorer, at,
				  (struct crash_fault){.nth = writes, .times = 1, .result = shorter}, call);
	}
	at->fault = (struct crash_fault){0};
}

static void run_fixed(struct explorer *explorer, const struct workload *workload)
{
	/* Modes of one kind of names follow each other: what was resumed from once need not be again. */
	for (unsigned i = 0; i < MODES; i++) {
		struct crash_case at = {workload, &crash_modes[i], {0}};
		if (i == 0 || at.mode->loose)
			explorer_begin(explorer, workload, at.mode);
		bool writeback_fails = strchr(workload->script, 'W') != NULL;
		const struct manner all = {.resumes_max = ALL_RESUMES, .depth = depth_of(at.mode, false)};
		if (!at.mode->for_faults || writeback_fails)
			explorer_run(explorer, &at, &all);
		run_faults(explorer, &at);
	}
}

/* Everything once without faults, not deep: most of what is wrong shows here, at once. */
static void glance(struct explorer *explorer)
{
	for (unsigned mode = 0; mode < MODES; mode++)
		for (size_t i = 0; i < crash_workload_count; i++) {
			const struct crash_case at = {&crash_workloads[i], &crash_modes[mode], {0}};
			if (at.mode->for_faults)
				continue;
			const struct manner shallow = {.resumes_max = ALL_RESUMES,
						       .depth = at.mode->loose ? 1 : 2};
			explorer_begin(explorer, at.workload, at.mode);
			explorer_run(explorer, &at, &shallow);
		}
}

static uint64_t run_drawn(struct explorer *explorer, uint64_t first, uint64_t until)
{
	uint64_t seed = first;
	for (; count_states(explorer) < until; seed++) {
		struct crash_case at;
		crash_draw(seed, &at);
		const struct manner manner = {
			.draws = DRAWS, .resumes_max = DRAWN_RESUMES, .depth = EXPLORE_DEPTH, .seed = seed};
		explorer_begin(explorer, at.workload, at.mode);
		explorer_run(explorer, &at, &manner);
	}
	return seed - first;
}

static uint64_t report(const struct explorer *explorer)
{
	uint64_t violations = 0;
	printf("%-11s %10s %10s %10s %10s %9s %8s %8s %s\n", "mode", "states", "1 deep", "2 deep", "3 deep",
	       "repeated", "runs", "resumes", "violations");
	for (unsigned i = 0; i < MODES; i++) {
		const struct tally_of_mode *tally = &explorer->tallies[i];
		printf("%-11s %10llu %10llu %10llu %10llu %9llu %8llu %8llu %llu\n", crash_modes[i].name,
		       (unsigned long long)tally->states, (unsigned long long)tally->at_depth[1],
		       (unsigned long long)tally->at_depth[2], (unsigned long long)tally->at_depth[3],
		       (unsigned long long)tally->repeated, (unsigned long long)tally->runs,
		       (unsigned long long)tally->resumes, (unsigned long long)tally->violations);
		violations += tally->violations;
	}
	return violations;
}

static int ask_oracle(struct oracle *oracle)
{
	size_t asked;
	int refused = oracle_ask(oracle, &asked);
	if (refused < 0)
		printf("ddrescuelog is not installed: its opinion is missing\n");
	else
		printf("ddrescuelog -t accepts %zu of %zu sampled maps\n", asked - (size_t)refused, asked);
	return refused > 0;
}

static struct explorer *at_work; /* the one at work, for the line of a run that dies */

static void died(int number)
{
	if (at_work->at.workload)
		explorer_replay_line(at_work, at_work->path ? at_work->path : "");
	signal(number, SIG_DFL);
	raise(number);
}

int main(void)
{
	static const int deaths[] = {SIGABRT, SIGFPE, SIGSEGV, SIGBUS};

	const char *one = getenv("RESPIN_CASE"), *plant = getenv("RESPIN_PLANT"),
		   *how = getenv("RESPIN_CRASH");
	struct explorer *explorer = at_work = explorer_create();
	explorer->unsynced = plant && !strcmp(plant, "image-unsynced");
	explorer->stop_at_first = how && !strcmp(how, "first");
	explorer->show_each = how && !strcmp(how, "each");
	if (one && *one) {
		int code = explorer_replay(explorer, one, stdout);
		explorer_destroy(explorer);
		if (code == 2)
			printf("no such case: %s\n", one);
		return code;
	}
	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++)
		signal(deaths[i], died);
	uint64_t seed = number_of("RESPIN_SEED", 1), wanted = is_long() ? STATES_LONG : STATES;
	printf("seed %llu\n", (unsigned long long)seed);
	struct oracle *oracle = oracle_create(TEXTS_MAX);
	explorer->checker.on_text = oracle_offer;
	explorer->checker.arg = oracle;
	double begun = now_s();
	if (explorer->stop_at_first)
		glance(explorer);
	for (size_t i = 0; i < crash_workload_count; i++)
		run_fixed(explorer, &crash_workloads[i]);
	uint64_t fixed = count_states(explorer);
	double fixed_s = now_s() - begun;
	uint64_t drawn = run_drawn(explorer, seed, fixed + wanted);
	double drawn_s = now_s() - begun - fixed_s;
	uint64_t violations = report(explorer);
	printf("%zu fixed workloads: %llu distinct states, %.1f s, %.0f a second\n", crash_workload_count,
	       (unsigned long long)fixed, fixed_s, (double)fixed / fixed_s);
	printf("%llu drawn workloads: %llu distinct states, %.1f s, %.0f a second\n",
	       (unsigned long long)drawn, (unsigned long long)(count_states(explorer) - fixed), drawn_s,
	       (double)(count_states(explorer) - fixed) / drawn_s);
	int code = ask_oracle(oracle) || violations;
	printf("%llu violations\n", (unsigned long long)violations);
	oracle_destroy(oracle);
	explorer_destroy(explorer);
	return code;
}
