/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of the simulated drive, between its transport (time, transfer) and
 * its commands (answers). Nothing outside src/sim includes this.
 */
#ifndef SIM_DRIVE_H
#define SIM_DRIVE_H

#include <stdatomic.h>

#include "base/rng.h"
#include "core/sense.h"
#include "sim/disc.h"
#include "sim/transport_sim.h"

struct drive {
	struct sim_options options;
	struct sim_host host;
	struct disc disc;
	_Atomic uint64_t now_ns;
	atomic_bool interrupted;
	bool attention; /* 6/29/00 is pending */
	struct rng rng;
	unsigned char *buffer; /* what reads are transferred into; aligned to a page */
	size_t buffer_bytes;
	unsigned char *stale; /* what the last transfer left */
};

/* What a command does, before the transport turns it into a reply. */
struct drive_answer {
	struct respin_sense sense; /* key 0: GOOD */
	size_t moved;              /* bytes put into the buffer */
	uint64_t took_ns;
	bool hangs;
};

/* Fills the answer; data go to `data` (command->data_len bytes). */
void drive_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer);

#endif
