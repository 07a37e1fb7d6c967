/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shortest drive time in which a disc's readable bytes could be had by one
 * who knows everything (LB0) or everything but the coins (LB1). Never faster
 * than the drive model allows, never slower than any policy: a test holds it
 * to that. It reads the damage directly and sends no command.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "core/map.h"
#include "sim/disc.h"

#define ORACLE_SHARES 5 /* 50, 90, 99, 99.9 and 100 % */
extern const double oracle_shares[ORACLE_SHARES];

struct oracle {
	uint64_t readable; /* sectors: best chance over speeds >= 0.5 within 5 sessions */
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
