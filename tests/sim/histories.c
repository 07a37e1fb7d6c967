/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs every policy on a spread of the built-in scenarios and prints a line a
 * trial: its history, what it counted, the drive's time. The lines must be the
 * same in every build: same.sh compares them. Judges no policy.
 *
 * RESPIN_TIMES=N: one scenario N times instead, and N equal histories.
 */
#include <respin/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "respin_trial.h"
#include "sim/rival.h"

#define LIMIT_NS (400ull * 3600 * 1000000000) /* of the drive's time: cuts off who never ends */

/*
 * CD, DVD and BD; gouges, rings, fades and lists; with what comes from outside. All scaled down, so that the
 * sanitizers can follow; those with payload show that the bytes are the same, too.
 */
static const char *const addresses[] = {
	"sim:cd-radial?scale=8&payload=0",      "sim:cd-speckle?scale=20&payload=0",
	"sim:cd-unplug?scale=12&payload=0",     "sim:cd-wedge?scale=12&payload=0",
	"sim:dvd-arc?scale=60&payload=0",       "sim:dvd-fade?scale=60&payload=0",
	"sim:dvd-hairlines?scale=80&payload=0", "sim:dvd-cancel?scale=60&payload=0",
	"sim:dvd9-swap?scale=120&payload=0",    "sim:bd-radial?scale=200&payload=0",
	"sim:bd-mixed?scale=300&payload=0",     "sim:bd-output?scale=200&payload=0",
	"sim:uhd-radial?scale=600&payload=0",   "sim:cd-field?scale=20&payload=1",
	"sim:dvd-liar?scale=20&payload=1",
};
#define ADDRESSES (sizeof addresses / sizeof *addresses)
/* Repeated a hundred times: unplugged twice, and with bytes. */
#define REPEATED "sim:cd-unplug?scale=20&payload=1"

/* ---- the bytes, as one number ---- */

static int hash_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	uint64_t *hash = self;
	(void)error;
	for (uint32_t i = 0; outcome->bytes && i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		uint64_t from = (span->range.start - outcome->request.range.start) * DISC_SECTOR;
		if (span->kind == RESPIN_SPAN_RECOVERED)
			*hash = hash_bytes(outcome->bytes + from, span->range.count * DISC_SECTOR, *hash);
	}
	respin_block_free(outcome->bytes);
	return RESPIN_PUT_CONTINUE;
}

static int hash_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	(void)self, (void)why, (void)error;
	return 0;
}

static int hash_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	(void)self, (void)summary, (void)error;
	return 0;
}

static void hash_destroy(void *self)
{
	(void)self;
}

static const struct respin_sink_ops hash_sink = {.size = sizeof hash_sink,
						 .put = hash_put,
						 .flush = hash_flush,
						 .close = hash_close,
						 .destroy = hash_destroy};

static int hashing(void *arg, const struct respin_source_info *info, struct trial_output *output,
		   struct respin_error *error)
{
	(void)info, (void)error;
	output->sink = (struct respin_sink){&hash_sink, arg};
	return 0;
}

/* ---- the trials ---- */

struct shown {
	char line[512];
	uint64_t history;
};

static bool show(const char *address, const char *policy, struct shown *shown)
{
	struct trial trial;
	struct respin_error error = {.text = ""};
	uint64_t bytes = 0;
	const struct trial_options options = {
		.policy = policy, .limit_ns = LIMIT_NS, .output = hashing, .arg = &bytes};
	int code = trial_run(address, &options, &trial, &error);
	bool ran = trial.map;
	const struct sim_counts *counts = &trial.counts;
	(void)snprintf(
		shown->line, sizeof shown->line,
		"%s %s code=%d,%d sittings=%u reads=%llu failed=%llu commands=%llu seeks=%llu sessions=%llu "
		"wedges=%llu lies=%llu saved=%llu/%llu areas=%llu bytes=%016llx ns=%llu history=%016llx",
		address, policy, code, trial.code, trial.sittings, (unsigned long long)trial.reads,
		(unsigned long long)trial.failed_reads, (unsigned long long)counts->commands,
		(unsigned long long)counts->seeks, (unsigned long long)counts->sessions,
		(unsigned long long)counts->wedges, (unsigned long long)counts->lies,
		(unsigned long long)trial.stats.finished, (unsigned long long)trial.stats.total,
		(unsigned long long)trial.stats.bad_areas, (unsigned long long)bytes,
		(unsigned long long)trial.virtual_ns, (unsigned long long)trial.history);
	shown->history = trial.history;
	map_destroy(trial.map);
	if (!ran)
		printf("%s %s did not run: %s\n", address, policy, error.text);
	return ran;
}

static bool spread(void)
{
	bool good = true;
	struct shown shown;
	for (size_t a = 0; a < ADDRESSES; a++)
		for (size_t p = 0; p <= rival_count; p++) {
			if (show(addresses[a], p ? rivals[p - 1].name : TRIAL_OURS, &shown))
				puts(shown.line);
			else
				good = false;
		}
	return good;
}

static bool repeat(unsigned long times)
{
	struct shown first, shown;
	unsigned long equal = 0;
	for (unsigned long i = 0; i < times; i++) {
		if (!show(REPEATED, TRIAL_OURS, &shown))
			return false;
		if (i == 0)
			first = shown;
		if (!strcmp(first.line, shown.line))
			equal++;
		else
			printf("%lu: %s\n", i + 1, shown.line);
	}
	/* Or a history that hashes nothing would pass. */
	bool other = show(REPEATED "&seed=4711", TRIAL_OURS, &shown) && shown.history != first.history;
	printf("%s\n%lu of %lu have the history %016llx; another seed has %s\n", first.line, equal, times,
	       (unsigned long long)first.history, other ? "another" : "the same");
	return equal == times && other;
}

int main(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* what ran before an abort is told */
	const char *times = getenv("RESPIN_TIMES");
	return (times && *times ? repeat(strtoul(times, NULL, 10)) : spread()) ? 0 : 1;
}
