/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reads behind a condition report: less than three minutes of the drive's
 * time, whatever the drive does. Gentle: a drive that fails often gets rests,
 * and one that fails at once is asked for a block that it has read before.
 */
#include "condition.h"

#include <string.h>

#define SECOND_NS 1000000000ull
#define MS_NS 1000000ull
/* The promise is 180 s; the drive's last word and the end of its process come on top. */
#define BUDGET_NS (172 * SECOND_NS)
/* The longest that a read may take: drives give a block up by themselves after 10 to 40 s. */
#define READ_MOST_NS (45 * SECOND_NS)
/* A read is begun only where the longest one so far, and a quarter more, would still fit. */
#define READ_LEAST_NS (2 * SECOND_NS)
/* Left for blocks that failed, to be asked once more. */
#define AGAIN_NS (35 * SECOND_NS)
/* For measuring the speed, at each place. */
#define RATE_NS (6 * SECOND_NS)
#define RATE_BYTES (3u << 20)
/* Where even the first round takes too long, so much is kept for that. */
#define RATES_NS (60 * SECOND_NS)
/*
 * Failures fill a drive's patience, and time empties it: seven failures in 6.5 s have wedged one (docs/drives.md). Four
 * are let through at once, then one every five seconds.
 */
#define HEAT_MAX 4.0
#define HEAT_NS (5 * SECOND_NS)
/* So many failures in a row, so quick, are no damage: real damage costs a drive a second and more. */
#define WEDGE_ROW 4u
#define WEDGE_FAST_NS (500 * MS_NS)
#define WEDGE_REST_NS (20 * SECOND_NS)

struct run {
	struct condition *condition;
	struct asker asker;
	uint64_t longest_ns;
	double heat;
	uint64_t heat_ns; /* when it was looked at */
	uint64_t known;   /* a block that was read; UINT64_MAX: none yet */
	unsigned quick;   /* failures in a row */
	unsigned quick_rings[WEDGE_ROW];
};

static bool fits(const struct run *run, uint64_t reserve_ns)
{
	uint64_t need = run->longest_ns + run->longest_ns / 4;
	if (need < READ_LEAST_NS)
		need = READ_LEAST_NS;
	return asker_left_ns(&run->asker) >= need + reserve_ns;
}

static void cool(struct run *run)
{
	uint64_t now = asker_now_ns(&run->asker);
	double gone = (double)(now - run->heat_ns) / (double)HEAT_NS;
	run->heat = run->heat > gone ? run->heat - gone : 0;
	run->heat_ns = now;
	if (run->heat < HEAT_MAX)
		return;
	asker_sleep(&run->asker, (uint64_t)((run->heat - HEAT_MAX + 1) * (double)HEAT_NS));
}

static enum asker_answer ask(struct run *run, struct respin_range range, unsigned flags)
{
	enum asker_answer answer = asker_read(&run->asker, range, flags, READ_MOST_NS);
	uint64_t took = run->asker.latency_ns;
	if (answer != ASKER_LATE && took > run->longest_ns)
		run->longest_ns = took;
	if (answer == ASKER_FAILED || answer == ASKER_HUNG)
		run->heat += answer == ASKER_HUNG ? 3 : 1;
	return answer;
}

/* False: the drive is of no more use, and why is noted. */
static bool goes_on(struct run *run, enum asker_answer answer)
{
	struct condition *condition = run->condition;
	condition->other_disc = condition->other_disc || answer == ASKER_OTHER_DISC;
	condition->lost = condition->lost || answer == ASKER_LOST;
	condition->stuck = condition->stuck ||
			   (answer == ASKER_LATE && run->asker.reply.reason == RESPIN_REASON_CANCELLED);
	return answer != ASKER_OTHER_DISC && answer != ASKER_LOST && answer != ASKER_LATE;
}

/* Quick failures in a row: does the drive still read what it has read before? If not they were the drive's. */
static bool still_reads(struct run *run)
{
	struct condition *condition = run->condition;
	if (run->quick < WEDGE_ROW || run->known == UINT64_MAX)
		return true;
	run->quick = 0;
	struct respin_range known = condition_block(condition, run->known);
	enum asker_answer answer = ask(run, known, RESPIN_READ_FUA | RESPIN_READ_SAMPLE);
	if (answer == ASKER_GOOD || answer == ASKER_RECOVERED)
		return true;
	for (unsigned i = 0; i < WEDGE_ROW; i++)
		condition_unfold(condition, run->quick_rings[i]);
	condition->wedged = true;
	asker_sleep(&run->asker, WEDGE_REST_NS);
	if (!fits(run, 0))
		return false;
	answer = ask(run, known, RESPIN_READ_FUA | RESPIN_READ_SAMPLE);
	return goes_on(run, answer) && (answer == ASKER_GOOD || answer == ASKER_RECOVERED);
}

static bool probe(struct run *run)
{
	struct condition *condition = run->condition;
	uint64_t block;
	unsigned ring;
	if (!condition_next(condition, &block, &ring))
		return false;
	cool(run);
	if (!fits(run, condition->failed_count ? AGAIN_NS : 0))
		return false;
	enum asker_answer answer = ask(run, condition_block(condition, block), RESPIN_READ_FUA);
	if (!goes_on(run, answer))
		return false;
	condition_fold(condition, ring, block, answer, run->asker.latency_ns);
	if (answer == ASKER_GOOD || answer == ASKER_RECOVERED)
		run->known = block;
	bool quick = answer == ASKER_FAILED && run->asker.latency_ns < WEDGE_FAST_NS;
	if (!quick)
		run->quick = 0;
	else
		run->quick_rings[run->quick++ % WEDGE_ROW] = ring;
	return still_reads(run);
}

/* What it reads in a row from there. The first request pays for the way, and is not counted. */
static bool measure(struct run *run, struct condition_rate *rate)
{
	struct condition *condition = run->condition;
	uint32_t at_once = run->asker.info.max_request_units;
	uint64_t unit = rate->unit, bytes = 0, began = 0;
	for (unsigned i = 0; bytes < RATE_BYTES && unit + at_once <= condition->units; i++, unit += at_once) {
		enum asker_answer answer = ask(run, (struct respin_range){unit, at_once}, 0);
		if (!goes_on(run, answer))
			return false;
		if (answer != ASKER_GOOD && answer != ASKER_RECOVERED)
			return true;
		if (i > 0)
			bytes += (uint64_t)at_once * condition->unit_bytes;
		else
			began = asker_now_ns(&run->asker);
		uint64_t took = asker_now_ns(&run->asker) - began;
		if (i > 0 && took > 0)
			rate->bytes_s = (double)bytes * (double)SECOND_NS / (double)took;
		if (took > RATE_NS)
			return true;
	}
	return true;
}

/* The ring nearest to `wish` that was read, and not taken yet; CONDITION_RINGS: none. */
static unsigned nearest_known(const struct condition *condition, unsigned wish)
{
	for (unsigned far = 0; far < CONDITION_RINGS / CONDITION_RATES; far++)
		for (unsigned side = 0; side < 2; side++) {
			unsigned ring = side ? wish + far : wish - far; /* wraps where there is none */
			if (ring < CONDITION_RINGS && condition->known[ring])
				return ring;
		}
	return CONDITION_RINGS;
}

static bool measure_all(struct run *run)
{
	struct condition *condition = run->condition;
	for (unsigned i = 0; i < CONDITION_RATES; i++) {
		struct condition_rate *rate = &condition->rates[i];
		unsigned ring =
			nearest_known(condition, (2 * i + 1) * CONDITION_RINGS / (2 * CONDITION_RATES));
		cool(run);
		if (ring == CONDITION_RINGS || !fits(run, 0))
			continue;
		rate->unit = (condition->known[ring] - 1) * condition->ecc_block;
		if (!measure(run, rate))
			return false;
	}
	return true;
}

/* Failures of different rings, once more: damage, or bad luck? */
static void ask_again(struct run *run)
{
	struct condition *condition = run->condition;
	unsigned most =
		condition->failed_count < CONDITION_AGAIN_MAX ? condition->failed_count : CONDITION_AGAIN_MAX;
	for (unsigned i = 0; i < most; i++) {
		uint64_t block = condition->failed_blocks[(uint64_t)i * condition->failed_count / most];
		cool(run);
		if (!fits(run, 0))
			return;
		enum asker_answer answer = ask(run, condition_block(condition, block), RESPIN_READ_FUA);
		if (!goes_on(run, answer))
			return;
		condition->again++;
		condition->again_good += answer == ASKER_GOOD || answer == ASKER_RECOVERED;
	}
}

int condition_run(struct condition *condition, const char *address, struct respin_source_info *info,
		  struct respin_error *error)
{
	struct run run = {.condition = condition, .known = UINT64_MAX};
	int code = asker_open(&run.asker, address, BUDGET_NS, error);
	if (code < 0)
		return code;
	*info = run.asker.info;
	condition_init(condition, info, info->identity);
	run.heat_ns = asker_now_ns(&run.asker);
	/* The first read pays for spinning up; whether it succeeds does not matter. */
	bool good =
		info->units && goes_on(&run, ask(&run, condition_block(condition, 1 % condition->blocks), 0));
	while (good && condition->count < CONDITION_RINGS && asker_left_ns(&run.asker) > RATES_NS)
		good = probe(&run);
	good = good && measure_all(&run);
	while (good)
		good = probe(&run);
	if (!condition->lost && !condition->other_disc && !condition->wedged)
		ask_again(&run);
	condition->spent_ns = asker_now_ns(&run.asker) - run.asker.begun_ns;
	asker_close(&run.asker);
	return 0;
}
