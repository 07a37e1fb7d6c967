/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates and the time left, see rate.h. All times are those in which reading was wanted. */
#include "rate.h"

#include <stdio.h>

#include "quantity.h"

#define SECOND_NS 1000000000u
#define WINDOW_NOW_NS (10ull * SECOND_NS)
#define WINDOW_LONG_NS (60ull * SECOND_NS)
/* Before this much was seen, any figure would be a guess. */
#define SEEN_LEAST_NS (3ull * SECOND_NS)
/* Beyond this, the upper end of a range says nothing any more. */
#define RANGE_MOST 4

static void run_clock(struct rate *rate, const struct respin_snapshot *snapshot)
{
	if (!rate->held)
		rate->active_ns = snapshot->now_ns - snapshot->started_ns;
	else if (!rate->paused && !snapshot->paused)
		rate->active_ns += snapshot->now_ns - rate->looked_ns;
	rate->looked_ns = snapshot->now_ns;
	rate->paused = snapshot->paused;
}

void rate_note(struct rate *rate, const struct respin_snapshot *snapshot)
{
	run_clock(rate, snapshot);
	struct rate_sample here = {rate->active_ns, snapshot->gained, snapshot->reads};
	if (!rate->held || rate->phase != snapshot->phase) {
		rate->phase = snapshot->phase;
		rate->phase_start = here;
	}
	const struct rate_sample *last = &rate->samples[(rate->next + RATE_SAMPLES - 1) % RATE_SAMPLES];
	if (rate->held && here.ns < last->ns + SECOND_NS)
		return;
	rate->samples[rate->next] = here;
	rate->next = (rate->next + 1) % RATE_SAMPLES;
	if (rate->held < RATE_SAMPLES)
		rate->held++;
}

/* The oldest sample that is at most `window_ns` old; NULL: none. */
static const struct rate_sample *sample_since(const struct rate *rate, uint64_t window_ns)
{
	uint64_t now_ns = rate->active_ns;
	for (unsigned age = rate->held; age > 0; age--) {
		const struct rate_sample *s =
			&rate->samples[(rate->next + RATE_SAMPLES - age) % RATE_SAMPLES];
		if (now_ns - s->ns <= window_ns)
			return now_ns > s->ns ? s : NULL;
	}
	return NULL;
}

static double rate_window(const struct rate *rate, const struct respin_snapshot *snapshot, uint64_t window_ns)
{
	const struct rate_sample *s = sample_since(rate, window_ns);
	/* Nothing noted for a whole window: the drive has been silent that long. */
	if (!s)
		return 0;
	return (double)(snapshot->gained - s->gained) * SECOND_NS / (double)(rate->active_ns - s->ns);
}

double rate_now(const struct rate *rate, const struct respin_snapshot *snapshot)
{
	return rate_window(rate, snapshot, WINDOW_NOW_NS);
}

double rate_average(const struct rate *rate, const struct respin_snapshot *snapshot)
{
	uint64_t ns = rate->active_ns;
	return ns ? (double)snapshot->gained * SECOND_NS / (double)ns : 0;
}

/* Finer figures would claim a precision that nobody has. */
static uint64_t rounded(double seconds)
{
	uint64_t whole = (uint64_t)(seconds + 0.5);
	uint64_t step = whole < 60 ? 1 : whole < 600 ? 10 : 60;
	return (whole + step / 2) / step * step;
}

/* How long one read takes in this phase, lately; 0: nobody knows yet. */
static double seconds_a_try(const struct rate *rate, const struct respin_snapshot *snapshot)
{
	const struct rate_sample *s = sample_since(rate, WINDOW_LONG_NS);
	if (!s || s->ns < rate->phase_start.ns)
		s = &rate->phase_start;
	if (snapshot->reads <= s->reads || rate->active_ns <= s->ns)
		return 0;
	return (double)(rate->active_ns - s->ns) / SECOND_NS / (double)(snapshot->reads - s->reads);
}

struct guess {
	double least_s, most_s; /* most 0: no upper end */
};

/* At the fastest and at the slowest of the rates that were seen. */
static struct guess guess_copying(const struct rate *rate, const struct respin_snapshot *snapshot)
{
	const double rates[] = {
		rate_now(rate, snapshot),
		rate_window(rate, snapshot, WINDOW_LONG_NS),
		rate_average(rate, snapshot),
	};
	double slow = rates[0], fast = rates[0], left = (double)snapshot->stats.non_tried;
	for (size_t i = 1; i < sizeof rates / sizeof *rates; i++) {
		slow = rates[i] < slow ? rates[i] : slow;
		fast = rates[i] > fast ? rates[i] : fast;
	}
	if (fast <= 0)
		return (struct guess){0, 0};
	return (struct guess){left / fast, slow * RANGE_MOST < fast ? 0 : left / slow};
}

/* What was jumped over lies beside damage: at best it all reads, at worst every block fails. */
static struct guess guess_sweeping(const struct rate *rate, const struct respin_snapshot *snapshot,
				   uint32_t ecc_block)
{
	struct guess guess = guess_copying(rate, snapshot);
	double blocks = (double)snapshot->stats.non_tried / (ecc_block ? ecc_block : 1) + 1;
	double most = blocks * seconds_a_try(rate, snapshot);
	guess.most_s = most > guess.least_s ? most : 0;
	return guess;
}

static int reading_left(struct guess guess, uint64_t seen_ns, char *text, size_t cap)
{
	if (seen_ns < SEEN_LEAST_NS || (guess.least_s <= 0 && guess.most_s <= 0))
		return snprintf(text, cap, "not known yet");
	uint64_t least = rounded(guess.least_s), most = rounded(guess.most_s);
	if (guess.most_s <= 0)
		return snprintf(text, cap, "at least %s", quantity_duration(least).text);
	if (!most)
		return snprintf(text, cap, "less than a second");
	if (least == most)
		return snprintf(text, cap, "about %s", quantity_duration(least).text);
	if (!least)
		return snprintf(text, cap, "up to %s", quantity_duration(most).text);
	return snprintf(text, cap, "%s to %s", quantity_duration(least).text, quantity_duration(most).text);
}

/* Whole blocks are tried until scraping begins; from then on sectors. */
static struct quantity tries_left(const struct respin_snapshot *snapshot, uint32_t ecc_block)
{
	uint64_t sectors = snapshot->stats.retryable;
	if (snapshot->phase >= RESPIN_PHASE_SCRAPING || ecc_block <= 1)
		return quantity_count(sectors, "sector");
	return quantity_count((sectors + ecc_block - 1) / ecc_block, "block");
}

static void trying_left(const struct rate *rate, const struct respin_snapshot *snapshot, uint32_t ecc_block,
			char *text, size_t cap)
{
	double each = seconds_a_try(rate, snapshot);
	struct quantity left = tries_left(snapshot, ecc_block);
	if (each >= 0.1)
		(void)snprintf(text, cap, "unknown: depends on %s; a try takes %.*f s now", left.text,
			       each < 10, each);
	else
		(void)snprintf(text, cap, "unknown: depends on %s", left.text);
}

void rate_time_left(const struct rate *rate, const struct respin_snapshot *snapshot, uint32_t ecc_block,
		    char *text, size_t cap)
{
	uint8_t phase = snapshot->phase;
	if (phase >= RESPIN_PHASE_CLOSING) {
		(void)snprintf(text, cap, "none");
		return;
	}
	if (phase > RESPIN_PHASE_SWEEPING || !snapshot->stats.non_tried) {
		trying_left(rate, snapshot, ecc_block, text, cap);
		return;
	}
	struct guess guess = phase == RESPIN_PHASE_SWEEPING ? guess_sweeping(rate, snapshot, ecc_block)
							    : guess_copying(rate, snapshot);
	int used = reading_left(guess, rate->active_ns, text, cap);
	if (snapshot->stats.retryable && used > 0 && (size_t)used < cap)
		(void)snprintf(text + used, cap - (size_t)used, ", then %s that failed: unknown",
			       tries_left(snapshot, ecc_block).text);
}
