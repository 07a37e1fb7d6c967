/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The logit of a read: what the block has to spare, plus what the block, the
 * session, the speed and the approach add to it, over the noise of one attempt.
 */
#include "sim/luck.h"

#include "base/num.h"
#include "sim/draw.h"

#define REGION_MM 0.5       /* over this much radius a session's luck changes (estimate) */
#define SPEED_SIGMA 0.03    /* "12x can work better than 4x": each speed has its own offset (estimate) ... */
#define SPEED_BLOCKS_LOG2 6 /* ... common to 64 blocks */
#define HASTY_MARGIN (-0.05)/* the servo has not settled yet (estimate) */
#define CERTAIN_Z 40.0      /* a logit beyond this is never decided otherwise by 53 bits of coin */

enum luck_draw { LUCK_BLOCK = 16, LUCK_SESSION, LUCK_REGION, LUCK_GLOBAL, LUCK_SPEED, LUCK_COIN };

void luck_init(struct luck *luck, const struct disc *disc)
{
	const struct disc_params *params = &disc->scenario->disc;
	*luck = (struct luck){
		.seed = disc->scenario->seed,
		.sigma_block = params->sigma_block,
		.sigma_region = params->sigma_region,
		.sigma_global = params->sigma_global,
		.tau = params->tau,
		.u_sigma = params->u_sigma,
	};
}

static double normal(uint64_t key, uint64_t which, enum luck_draw what)
{
	return num_normal(draw(key, which, what));
}

/* Along the radius: independent every REGION_MM, and of the same deviation everywhere between. */
static double region(uint64_t key, double r_mm)
{
	double at = r_mm / REGION_MM, knot = num_floor(at), quarter = (at - knot) / 4;
	uint64_t which = (uint64_t)knot;
	return num_cos_turn(quarter) * normal(key, which, LUCK_REGION) +
	       num_sin_turn(quarter) * normal(key, which + 1, LUCK_REGION);
}

static double session_part(const struct luck *luck, const struct luck_read *read)
{
	uint64_t key = draw(luck->seed, read->session, LUCK_SESSION);
	double sum = 0;
	if (luck->sigma_block > 0)
		sum += luck->sigma_block * normal(key, read->block, LUCK_BLOCK);
	if (luck->sigma_region > 0)
		sum += luck->sigma_region * region(key, read->r_mm);
	if (luck->sigma_global > 0)
		sum += luck->sigma_global * normal(key, 0, LUCK_GLOBAL);
	return sum;
}

static double speed_part(const struct luck *luck, const struct disc_block *damage,
			 const struct luck_read *read)
{
	uint64_t key = draw(luck->seed, read->speed_step, LUCK_SPEED);
	return SPEED_SIGMA * normal(key, read->block >> SPEED_BLOCKS_LOG2, LUCK_SPEED) -
	       (double)damage->alpha * read->speed_log2;
}

static double logit(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read)
{
	double margin = 1 - (double)damage->x + luck->bias + read->margin;
	margin += luck->u_sigma * normal(luck->seed, read->block, LUCK_BLOCK);
	margin += session_part(luck, read) + speed_part(luck, damage, read);
	margin += read->hasty ? HASTY_MARGIN : 0;
	return margin / luck->tau;
}

/* So much to spare that no draw matters: nearly every block of nearly every disc ends here. */
static bool is_safe(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read)
{
	return (double)damage->x <= LUCK_SAFE_X + luck->bias + read->margin;
}

double luck_chance(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read)
{
	return is_safe(luck, damage, read) ? 1 : num_logistic(logit(luck, damage, read));
}

bool luck_reads(const struct luck *luck, const struct disc_block *damage, const struct luck_read *read)
{
	if (is_safe(luck, damage, read))
		return true;
	double z = logit(luck, damage, read);
	if (z > CERTAIN_Z || z < -CERTAIN_Z)
		return z > 0;
	uint64_t key = draw(luck->seed, read->block, LUCK_COIN);
	uint64_t coin = draw(key, (uint64_t)read->session << 32 | read->attempt, read->speed_step);
	return num_uniform(coin) < num_logistic(z);
}
