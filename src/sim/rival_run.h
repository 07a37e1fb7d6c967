/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all rivals share: the bookkeeping around their reads. Nothing here decides what is read. */
#ifndef SIM_RIVAL_RUN_H
#define SIM_RIVAL_RUN_H

#include "sim/rival.h"

/*
 * Who sits beside a program sees when the drive is stuck: so many failures in
 * a row, each within half a second, none of them about the disc. It is the
 * same person that puts our own rescue back on its feet.
 */
#define RIVAL_STUCK_FAILURES 64u
#define RIVAL_STUCK_NS 500000000ull
#define RIVAL_STUCK_RUNS (4 * RIVAL_STUCK_FAILURES)

struct rival_run {
	struct port *port;
	struct port_info info;
	const struct rival_config *config;
	struct rival_result *result;
	struct respin_map *map;
	uint64_t began_ns;
	bool over; /* the limit passed, the device is gone, or there is no memory: read no more */
	/* The failures in a row so far, and what the map said before each. */
	unsigned stuck, before_count;
	struct respin_extent before[RIVAL_STUCK_RUNS];
	struct respin_range again; /* what was put back when the person stopped it; empty: nothing was */
};

void rival_begin(struct rival_run *run, struct port *port, const struct rival_config *config,
		 struct rival_result *result);
void rival_end(struct rival_run *run);

/* One read; what came is finished in the map. The rest is the policy's to judge. True: everything came. */
bool rival_read(struct rival_run *run, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		struct port_reply *reply);
/* The same for reads that keep nothing (priming, probing): the map stays. */
bool rival_touch(struct rival_run *run, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		 struct port_reply *reply);
/* These came and are written: finished in the map. False: the output is full, and the program ends. */
bool rival_take(struct rival_run *run, uint64_t lba, uint32_t count);
void rival_mark(struct rival_run *run, uint64_t lba, uint64_t count, enum respin_status status);
void rival_wait_s(struct rival_run *run, uint64_t seconds);
uint64_t rival_now_ns(const struct rival_run *run);

void rival_linear(struct port *port, const struct rival_config *config, struct rival_result *result);
void rival_bisection(struct port *port, const struct rival_config *config, struct rival_result *result);
void rival_predecessor(struct port *port, const struct rival_config *config, struct rival_result *result);
void rival_ddrescue(struct port *port, const struct rival_config *config, struct rival_result *result);
void rival_ddrescue_tuned(struct port *port, const struct rival_config *config, struct rival_result *result);

/* Passes over what failed, ECC block by ECC block, from `first` to `last` (counted from 1), directions in turn. */
void rival_retry_blocks(struct rival_run *run, unsigned first, unsigned last);

#endif
