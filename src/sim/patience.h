/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The person beside a simulated drive, one rule for every policy and every
 * program: who waits for the disc, looks where the drive is now, pulls its
 * plug, and gives up in the end. Knows the scenario's faults and a pair of
 * hands; knows no policy, and starts nothing.
 */
#ifndef SIM_PATIENCE_H
#define SIM_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/faults.h"

/* How the person reaches the drive and its clock. */
struct hands {
	void *self;
	uint64_t (*now_ns)(void *self);
	void (*pass_ns)(void *self, uint64_t ns); /* lets so much of the drive's time pass */
	void (*replug)(void *self);
	bool (*rediscover)(void *self); /* false: it is not there yet */
};

/* What the last ends of a rescue amounted to. Zeroed: none yet. */
struct patience {
	uint64_t finished, moved; /* as given with the last end */
	unsigned fruitless;       /* ends in a row that had moved nothing */
};

/* The first fault of that kind that is going on; NULL: none. */
const struct fault *patience_fault(const struct fault *faults, size_t count, enum fault_kind kind,
				   uint64_t now_ns);

/* Lets its time pass. False: there is none, or it lasts for ever. */
bool patience_outlasts(const struct hands *hands, const struct fault *fault);

/* Who holds the disc in the hand will put it back. False: nobody holds it. */
bool patience_disc_back(const struct hands *hands, const struct fault *faults, size_t count);

/*
 * The drive does not answer: a person looks where it is now, having pulled its
 * plug if the last start brought nothing. `finished`: sectors saved by now;
 * `moved`: anything that grows when a sector was tried or saved. False: the
 * drive is not back, or patience ends.
 */
bool patience_drive_back(struct patience *patience, const struct hands *hands, uint64_t finished,
			 uint64_t moved);

#endif
