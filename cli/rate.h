/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a rescue goes and how long it may still take. Honest by rule: a
 * range while reading goes on, "unknown" where damage decides. Clocks come in
 * as values.
 */
#ifndef CLI_RATE_H
#define CLI_RATE_H

#include <stddef.h>
#include <stdint.h>

#include <respin/session.h>

#define RATE_SAMPLES 64 /* one a second: the last minute */

struct rate {
	struct rate_sample {
		uint64_t ns, gained, reads;
	} samples[RATE_SAMPLES];
	unsigned next, held;
	struct rate_sample phase_start; /* tries of another phase take another time */
	uint8_t phase;
	uint8_t paused;     /* at the last look */
	uint64_t looked_ns; /* the snapshot's clock, then */
	uint64_t active_ns; /* since the start, pauses left out: what all rates count in */
};

/* Looks at a snapshot, before anything is asked about it; more often than once a second is harmless. */
void rate_note(struct rate *rate, const struct respin_snapshot *snapshot);

/* Units a second: now (the last ten seconds), and since the start. */
double rate_now(const struct rate *rate, const struct respin_snapshot *snapshot);
double rate_average(const struct rate *rate, const struct respin_snapshot *snapshot);

/* What can be said of the time left, as a clause. `ecc_block`: sectors that fail together. */
void rate_time_left(const struct rate *rate, const struct respin_snapshot *snapshot, uint32_t ecc_block,
		    char *text, size_t cap);

#endif
