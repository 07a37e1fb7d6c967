/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How soon a disc's readable bytes could be had. LB0 is a bound: nobody is
 * faster, not even one who knows everything, and tests hold it to that. LB1 is
 * an estimate of what one could do who knows all but the coins, within five
 * sessions: it takes each block's best mean over their luck and the speeds, and
 * a policy that is lucky, or that waits for a sixth session, may be below it.
 * It reads the damage directly and sends no command.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "core/map.h"
#include "sim/disc.h"

#define ORACLE_SHARES 5 /* 50, 90, 99, 99.9 and 100 % */
extern const double oracle_shares[ORACLE_SHARES];

struct oracle {
	/*
	 * Sectors: best chance over speeds >= 0.5 within 5 sessions; and with partial_blocks=1 those beside the
	 * scratch in a block that fails. Left out: what heat, wear, read_wear and haste take, and RC and Streaming,
	 * which deliver wrong bytes.
	 */
	uint64_t readable;
	uint64_t dead;
	uint64_t lb0_ns[ORACLE_SHARES], lb1_ns[ORACLE_SHARES];
};

/*
 * The truth sector by sector, into a map that is all finished: '*' what reads
 * less than always, '-' what is not readable as above, '?' what is not
 * recorded. RESPIN_E_NOMEM.
 */
int oracle_truth(const struct disc *disc, struct respin_map *map);

/* RESPIN_E_NOMEM. */
int oracle_find(const struct disc *disc, struct oracle *oracle, struct respin_error *error);

#endif
