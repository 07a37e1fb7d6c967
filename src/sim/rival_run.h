/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all rivals share: the bookkeeping around their reads. Nothing here decides what is read. */
#ifndef SIM_RIVAL_RUN_H
#define SIM_RIVAL_RUN_H

#include "sim/rival.h"

struct rival_run {
	struct port *port;
	struct port_info info;
	const struct rival_config *config;
	struct rival_result *result;
	struct respin_map *map;
	uint64_t began_ns;
	bool over; /* the limit passed, the device is gone, or there is no memory: read no more */
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
