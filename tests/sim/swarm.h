/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The swarm: rescues drawn by lot, each from one seed, which also draws what
 * kinds of trouble exist at all in that world; so rare pairs of troubles meet
 * without being drowned by all the others. swarm_draw.c draws, swarm.c runs
 * and holds every run to the invariants of ARCHITECTURE.md.
 */
#ifndef TESTS_SWARM_H
#define TESTS_SWARM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scenario.h"

/* Kinds of trouble, counted over a whole swarm: each must be met in at least 5 % of the seeds. A fault that was timed
 * after the end was not met. */
enum {
	SWARM_SHAPES = 0,
	SWARM_FAULTS = SWARM_SHAPES + SHAPE_KINDS,
	SWARM_LISTS = SWARM_FAULTS + FAULT_KINDS, /* bad weak marginal blank */
	SWARM_MANNERS = SWARM_LISTS + 4,          /* a drive's switches, swarm_manners[] */
	SWARM_KINDS_MAX = 96,
};

struct swarm_world {
	uint64_t seed;
	bool payload;    /* a scaled-down disc with bytes; else full size without */
	bool lies;       /* the drive does, or the disc is changed unseen */
	bool swaps;      /* the disc is changed, by a drive that does not lie */
	uint64_t cut_at; /* the power goes before this change of the output; 0: never */
	bool kinds[SWARM_KINDS_MAX];
	double fault_at_s[FAULT_KINDS]; /* of those drawn: when they strike */
	char text[8192];                /* the scenario */
};

extern const char *const swarm_manners[];
extern const unsigned swarm_manner_count;

void swarm_draw(uint64_t seed, struct swarm_world *world);
const char *swarm_kind_name(unsigned kind); /* NULL behind the last */

#endif
