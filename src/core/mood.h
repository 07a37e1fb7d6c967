/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a drive is like at the moment, derived from what its lane knows: the
 * last answer, what the lane waits for, how long the command under way has been
 * out, and how fast reads were before. For people to see; nothing is decided by
 * it.
 */
#ifndef CORE_MOOD_H
#define CORE_MOOD_H

#include <stdbool.h>

#include <respin/session.h>

/* Smoothed over some reads, and the best that this was at the present speed setting. */
struct pace {
	uint64_t units, ns; /* decaying sums */
	unsigned reads;     /* counted up to as many as it is smoothed over */
	uint64_t best;      /* units a second */
	bool slow;
};

/* One read of the sweep that brought `units` after `elapsed_ns`. */
void pace_fold(struct pace *pace, uint64_t units, uint64_t elapsed_ns);

/* What a drive that gave this answer is like; `before` where the answer says nothing of that. */
enum respin_mood mood_after(enum respin_reason reason, enum respin_mood before);

/* What is known of one lane at any time; all of the host's clock. */
struct mood {
	enum respin_mood mood;
	uint64_t since_ns;
	uint64_t command_ns; /* when the command under way was given; 0: there is none */
};

/* With the command that does not come back in mind; since when goes to `since_ns`. */
enum respin_mood mood_now(const struct mood *mood, uint64_t now_ns, uint64_t *since_ns);

/* Of several lanes the one that is worst off, and longest. */
enum respin_mood mood_worst(const struct mood *moods, unsigned count, uint64_t now_ns, uint64_t *since_ns);

#endif
