/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which blocks, and what they say, see condition.h. Each ring is asked as often
 * as every other one, at places that spread evenly within it (Weyl's sequence
 * of the golden ratio), so the share that fails is an estimate of the disc's and
 * not of where somebody looked.
 */
#include "condition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull
/* Beyond any seek, and below any retry of a drive: xorriso's figure for a slow read, too. */
#define SLOW_NS SECOND_NS
#define Z2 6.635 /* the square of 2.576: 99 of a hundred such intervals hold what they say */
#define GOLDEN 0x9e3779b97f4a7c15ull /* 2^64 over the golden ratio */
/* A disc where nothing failed is weak from here on, and from there on it is ruined. */
#define HARD_SHARE 0.02
#define RUINED_SHARE 0.10
#define ENOUGH_PROBES 24u /* fewer say nothing about a disc */

static uint64_t mix(uint64_t x) /* splitmix64's finaliser */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void condition_init(struct condition *condition, const struct respin_source_info *info, uint64_t seed)
{
	uint32_t ecc = info->ecc_block ? info->ecc_block : 1;
	memset(condition, 0, sizeof *condition);
	condition->units = info->units;
	condition->ecc_block = ecc < info->max_request_units ? ecc : info->max_request_units;
	condition->unit_bytes = info->unit_bytes;
	condition->blocks = info->units / condition->ecc_block + (info->units % condition->ecc_block != 0);
	condition->seed = seed;
}

static uint64_t ring_first(const struct condition *condition, unsigned ring)
{
	return (uint64_t)((__uint128_t)condition->blocks * ring / CONDITION_RINGS);
}

/* The first round leaps about, so that an end after a few reads has still seen all of the disc. */
static unsigned leap(unsigned step)
{
	return step * 19 % CONDITION_RINGS; /* 19 is prime to 48, and 19/48 near to the golden section */
}

bool condition_next(const struct condition *condition, uint64_t *block, unsigned *ring)
{
	unsigned round = condition->count / CONDITION_RINGS, step = condition->count % CONDITION_RINGS;
	if (round >= CONDITION_ROUNDS || condition->blocks < CONDITION_RINGS)
		return false;
	/* Then out and in again by turns: short ways for the head. */
	*ring = round == 0 ? leap(step) : round % 2 ? step : CONDITION_RINGS - 1 - step;
	uint64_t first = ring_first(condition, *ring), count = ring_first(condition, *ring + 1) - first;
	uint64_t place = mix(condition->seed + *ring * GOLDEN) + round * GOLDEN;
	*block = first + (uint64_t)((__uint128_t)place * count >> 64);
	return true;
}

struct respin_range condition_block(const struct condition *condition, uint64_t block)
{
	struct respin_range range = {block * condition->ecc_block, condition->ecc_block};
	if (range.count > condition->units - range.start)
		range.count = condition->units - range.start;
	return range;
}

static void count_read(struct condition_ring *ring, enum asker_answer answer, uint64_t latency_ns)
{
	ring->good++;
	ring->recovered += answer == ASKER_RECOVERED;
	ring->slow += latency_ns >= SLOW_NS;
	ring->latency_ns += latency_ns;
	if (latency_ns > ring->worst_ns)
		ring->worst_ns = latency_ns;
}

void condition_fold(struct condition *condition, unsigned ring, uint64_t block, enum asker_answer answer,
		    uint64_t latency_ns)
{
	struct condition_ring *counts[] = {&condition->rings[ring], &condition->all};
	assert(condition->count < CONDITION_PROBES_MAX);
	for (unsigned i = 0; i < 2; i++) {
		counts[i]->probes++;
		if (answer == ASKER_GOOD || answer == ASKER_RECOVERED)
			count_read(counts[i], answer, latency_ns);
		else if (answer == ASKER_NOT_RECORDED)
			counts[i]->blank++;
		else if (answer == ASKER_LOCKED)
			counts[i]->locked++;
		else if (answer == ASKER_BEYOND)
			counts[i]->beyond++;
		else
			counts[i]->failed++;
	}
	if (answer == ASKER_GOOD || answer == ASKER_RECOVERED) {
		condition->latencies_ns[condition->latency_count++] = latency_ns;
		condition->known[ring] = block + 1;
	} else if (answer == ASKER_FAILED || answer == ASKER_HUNG) {
		condition->failed_blocks[condition->failed_count++] = block;
		condition->failed_ns += latency_ns;
		condition->hung += answer == ASKER_HUNG;
		if (latency_ns > condition->failed_worst_ns)
			condition->failed_worst_ns = latency_ns;
	}
	condition->count++;
}

void condition_unfold(struct condition *condition, unsigned ring)
{
	if (!condition->rings[ring].failed || !condition->failed_count)
		return;
	condition->rings[ring].failed--;
	condition->rings[ring].probes--;
	condition->all.failed--;
	condition->all.probes--;
	condition->failed_ns -= condition->failed_ns / condition->failed_count--;
}

/* ---- what it comes to ---- */

static double root(double x) /* no libm for one square root of a number from 0 to 1 */
{
	double r = x > 1 ? x : 1;
	for (unsigned i = 0; i < 60; i++)
		r = (r + x / r) / 2;
	return x > 0 ? r : 0;
}

/* Wilson's interval around a share that was seen in n tries. */
static void interval(double p, double n, double *least, double *most)
{
	double middle = (p + Z2 / (2 * n)) / (1 + Z2 / n);
	double half = root(Z2 * (p * (1 - p) / n + Z2 / (4 * n * n))) / (1 + Z2 / n);
	*least = middle > half && p > 0 ? middle - half : 0;
	*most = middle + half < 1 && p < 1 ? middle + half : 1;
}

static unsigned recorded(const struct condition_ring *ring)
{
	return ring->probes - ring->blank - ring->locked - ring->beyond;
}

/* The mean of the rings, each of the same weight, whether it was asked once more often or not. */
static void estimate(const struct condition *condition, struct condition_verdict *verdict)
{
	double failed = 0, absent = 0;
	unsigned rings = 0, asked = 0;
	for (unsigned i = 0; i < CONDITION_RINGS; i++) {
		const struct condition_ring *ring = &condition->rings[i];
		if (ring->probes > ring->beyond) {
			unsigned there = ring->probes - ring->beyond;
			absent += (double)(there - ring->good) / there;
			asked++;
		}
		if (recorded(ring)) {
			failed += (double)ring->failed / recorded(ring);
			rings++;
		}
		if (ring->failed && verdict->first_damaged < 0)
			verdict->first_damaged = (int)i;
		if (ring->failed)
			verdict->last_damaged = (int)i;
	}
	verdict->most = verdict->absent_most = 1;
	if (rings) {
		verdict->share = failed / rings;
		interval(verdict->share, recorded(&condition->all), &verdict->least, &verdict->most);
	}
	if (asked) {
		verdict->absent = absent / asked;
		interval(verdict->absent, condition->all.probes - condition->all.beyond,
			 &verdict->absent_least, &verdict->absent_most);
	}
}

static int compare_times(const void *left, const void *right)
{
	uint64_t one = *(const uint64_t *)left, two = *(const uint64_t *)right;
	return one < two ? -1 : one > two;
}

static uint64_t median_ns(const struct condition *condition)
{
	uint64_t sorted[CONDITION_PROBES_MAX];
	if (!condition->latency_count)
		return 0;
	memcpy(sorted, condition->latencies_ns, condition->latency_count * sizeof *sorted);
	qsort(sorted, condition->latency_count, sizeof *sorted, compare_times);
	return sorted[condition->latency_count / 2];
}

/* The rate at the places where it was measured, straight lines between them. Each stretch counts with its harmonic mean. */
static double clean_s(const struct condition *condition)
{
	double total = 0, last = 0;
	uint64_t from = 0;
	for (unsigned i = 0; i < CONDITION_RATES; i++) {
		const struct condition_rate *rate = &condition->rates[i];
		if (rate->bytes_s <= 0)
			continue;
		double mean = last > 0 ? (last + rate->bytes_s) / 2 : rate->bytes_s;
		total += (double)(rate->unit - from) * condition->unit_bytes / mean;
		from = rate->unit;
		last = rate->bytes_s;
	}
	return last > 0 ? total + (double)(condition->units - from) * condition->unit_bytes / last : 0;
}

/*
 * What damage adds. A sweep leaps over it and comes back, so nine tenths of what can be read are there early; retrying
 * then costs every failing block a few tries. The factors, in blocks times what a failure takes, are the least and the
 * most that whole rescues of the simulator's scenarios took (tests/interop/condition.sh holds them to it).
 */
#define BULK_MOST 1.0
#define WHOLE_LEAST 0.3
#define WHOLE_MOST 5.0
#define SLOWER 1.5 /* drives slow down after failures, and find their speed again late or never */
#define UNSEEN_FAILURE_S 5.0

/* At the best rate that was seen. */
static double best_s(const struct condition *condition)
{
	double best = 0;
	for (unsigned i = 0; i < CONDITION_RATES; i++)
		if (condition->rates[i].bytes_s > best)
			best = condition->rates[i].bytes_s;
	return best > 0 ? (double)condition->units * condition->unit_bytes / best : 0;
}

static void foresee(const struct condition *condition, struct condition_verdict *verdict)
{
	double failure_s =
		condition->failed_count ? (double)verdict->failure_ns / (double)SECOND_NS : UNSEEN_FAILURE_S;
	double least = verdict->least * (double)condition->blocks * failure_s;
	double most = verdict->most * (double)condition->blocks * failure_s;
	verdict->clean_s = clean_s(condition);
	if (verdict->clean_s <= 0)
		return;
	verdict->bytes_s = (double)condition->units * condition->unit_bytes / verdict->clean_s;
	verdict->bulk_least_s = 0.9 * best_s(condition);
	verdict->bulk_most_s = SLOWER * verdict->clean_s + BULK_MOST * most;
	verdict->whole_least_s = best_s(condition) + WHOLE_LEAST * least;
	verdict->whole_most_s = SLOWER * verdict->clean_s + WHOLE_MOST * most;
}

static enum condition_grade grade(const struct condition *condition, const struct condition_verdict *verdict)
{
	const struct condition_ring *all = &condition->all;
	if (all->probes < ENOUGH_PROBES || !recorded(all))
		return CONDITION_UNKNOWN;
	if (verdict->share >= RUINED_SHARE)
		return CONDITION_RUINED;
	if (all->failed)
		return CONDITION_DAMAGED;
	return verdict->hard >= HARD_SHARE ? CONDITION_WEAK : CONDITION_SOUND;
}

void condition_judge(const struct condition *condition, struct condition_verdict *verdict)
{
	const struct condition_ring *all = &condition->all;
	*verdict = (struct condition_verdict){.first_damaged = -1, .last_damaged = -1};
	estimate(condition, verdict);
	unsigned hard = all->slow > all->recovered ? all->slow : all->recovered;
	verdict->hard = all->good ? (double)hard / all->good : 0;
	verdict->typical_ns = median_ns(condition);
	verdict->failure_ns = condition->failed_count ? condition->failed_ns / condition->failed_count : 0;
	verdict->grade = grade(condition, verdict);
	foresee(condition, verdict);
}
