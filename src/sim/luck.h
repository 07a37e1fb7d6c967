/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does this read succeed? A logit model, with every chance drawn by a hash of
 * (seed, block, session, speed, attempt): the order of reads changes nothing,
 * and different policies meet the same luck. Pure.
 */
#ifndef SIM_LUCK_H
#define SIM_LUCK_H

#include "sim/disc.h"

/* A block with this much of its track obstructed, or less, reads always; a drive's bias and margin count. */
#define LUCK_SAFE_X 0.35

struct luck {
	uint64_t seed;
	double sigma_block, sigma_region,
		sigma_global; /* of a session: per block, per 0.5 mm of radius, the whole disc */
	double tau;           /* noise of one attempt */
	double u_sigma;       /* what one block has against all others, for ever */
	double bias;          /* of the drive: a tired laser is negative */
};

struct luck_read {
	uint64_t block;
	double r_mm;      /* for the regional part */
	uint32_t session; /* a spin cycle, a reload, a long rest each begin one */
	unsigned speed_step;
	double speed_log2; /* log2 of speed over the drive's reference speed */
	uint32_t attempt;  /* of this block in this session, from 0 */
	bool hasty;        /* the head landed less than two turns before the block */
	double margin;     /* what else helps (positive) or hurts: heat, wear, a retry count */
};

/* As the disc's keys say; bias 0. */
void luck_init(struct luck *luck, const struct disc *disc);

/* Chance of one attempt, 0..1, coin not thrown. */
double luck_chance(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read);
/* One attempt. */
bool luck_reads(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read);

#endif
