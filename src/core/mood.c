/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of moods and the two bounds behind them: slow and wedged. */
#include "core/mood.h"

#define SECOND_NS 1000000000ull

/*
 * One ECC block with all retries of a drive takes 10 s, of the slowest known 30
 * s. What is out for a minute, the least that a read is given before the host
 * gives it up, takes longer than any read.
 */
#define WEDGED_NS (60 * SECOND_NS)

/* Smoothed over so many reads: one that waited for a rotation is no slow drive. */
#define PACE_READS 8u
/*
 * At constant rotation the rim is 2.4 times as fast as the hub, which is as much
 * as two good places of one disc can differ. So a sixth of the best of this run
 * is slow wherever it was; and a quarter is no longer, or it would flicker.
 */
#define SLOW_BELOW 6u
#define WELL_ABOVE 4u

void pace_fold(struct pace *pace, uint64_t units, uint64_t elapsed_ns)
{
	/* A drive whose reads take no time (tests, caches) is as fast as can be told. */
	pace->units += units - pace->units / PACE_READS;
	pace->ns += (elapsed_ns ? elapsed_ns : 1) - pace->ns / PACE_READS;
	if (pace->reads < PACE_READS) {
		pace->reads++;
		return;
	}
	uint64_t rate = pace->units * SECOND_NS / pace->ns;
	if (rate > pace->best)
		pace->best = rate;
	pace->slow = rate < pace->best / (pace->slow ? WELL_ABOVE : SLOW_BELOW);
}

enum respin_mood mood_after(enum respin_reason reason, enum respin_mood before)
{
	switch (reason) {
	case RESPIN_REASON_BECOMING_READY:
	case RESPIN_REASON_NEEDS_START:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_RESET:
		return RESPIN_MOOD_WAITING;
	case RESPIN_REASON_TIMEOUT:
		return RESPIN_MOOD_COOLING;
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_GONE:
		return RESPIN_MOOD_AWAY;
	case RESPIN_REASON_ABORTED:
	case RESPIN_REASON_CANCELLED:
	case RESPIN_REASON_SKIPPED:
	case RESPIN_REASON_GIVEN_UP:
		return before;
	case RESPIN_REASON_GOOD:
	case RESPIN_REASON_RECOVERED:
	case RESPIN_REASON_MEDIUM:
	case RESPIN_REASON_HARDWARE:
	case RESPIN_REASON_REFUSED:
	case RESPIN_REASON_OUT_OF_RANGE:
	case RESPIN_REASON_NOT_RECORDED:
	case RESPIN_REASON_LOCKED:
	case RESPIN_REASON_SHORT:
	case RESPIN_REASON_UNPROVED:
		break;
	}
	return RESPIN_MOOD_WELL; /* a damaged disc is no mood of the drive's */
}

enum respin_mood mood_now(const struct mood *mood, uint64_t now_ns, uint64_t *since_ns)
{
	bool wedged =
		mood->command_ns && now_ns > mood->command_ns + WEDGED_NS && mood->mood < RESPIN_MOOD_WEDGED;
	*since_ns = wedged ? mood->command_ns : mood->since_ns;
	return wedged ? RESPIN_MOOD_WEDGED : mood->mood;
}

enum respin_mood mood_worst(const struct mood *moods, unsigned count, uint64_t now_ns, uint64_t *since_ns)
{
	enum respin_mood worst = RESPIN_MOOD_WELL;
	*since_ns = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t since;
		enum respin_mood mood = mood_now(&moods[i], now_ns, &since);
		if (i == 0 || mood > worst || (mood == worst && since < *since_ns)) {
			worst = mood;
			*since_ns = since;
		}
	}
	return worst;
}
