/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The promises of outlook.h. What is made of them stands in oracle.c. */
#include "sim/outlook.h"

#include "base/num.h"

/* With the odds this far from even at the best speed no draw of block and session turns them: 6 deviations (luck.c). */
#define HOPELESS_MARGIN (-0.75)
/* drive_block.c: a block with more of its track obstructed takes effort, at the least this share of rec_ms. */
#define EFFORT_X 0.7
#define EFFORT_LEAST 0.3
#define NS_PER_MS 1e6

static double reference_x(const struct drive_params *params, enum medium_family family)
{
	return family == FAMILY_CD ? params->ref_cd : family == FAMILY_DVD ? params->ref_dvd : params->ref_bd;
}

static void find_spiral(struct outlook *outlook)
{
	const struct disc *disc = outlook->disc;
	outlook->spiral = &disc->spiral;
	if (disc->has_geometry)
		return;
	struct spiral_params params = {.medium = medium_guess(disc->profile, disc->sectors),
				       .sectors = disc->sectors,
				       .velocity = 1,
				       .pitch = 1,
				       .stretch = 1,
				       .scale = 1};
	spiral_init(&outlook->guess, &params);
	outlook->spiral = &outlook->guess;
}

void outlook_init(struct outlook *outlook, const struct disc *disc)
{
	const struct scenario *scenario = disc->scenario;
	const struct drive_params *params = &scenario->drive;
	*outlook = (struct outlook){.disc = disc, .params = params, .moves = params->mechanics};
	layout_init(&outlook->layout, &scenario->disc, disc->sectors);
	luck_init(&outlook->luck, disc);
	outlook->luck.bias = params->bias;
	outlook->luck.sigma_block *= params->noise;
	outlook->luck.sigma_region *= params->noise;
	outlook->luck.sigma_global *= params->noise;
	outlook->luck.tau *= params->noise_tau;
	outlook->safe_x = LUCK_SAFE_X + params->bias;
	find_spiral(outlook);
	outlook->kind = mechanics_kind(outlook->spiral->medium);
	outlook->reference_x = reference_x(params, outlook->spiral->medium->family);
	outlook->steps = outlook->moves ? params->steps[outlook->kind].count : 1;
	/* Failing is quickest with a retry count of 0, if the drive takes one. */
	outlook->fail_ns = (double)params->fail_ns * (params->retry_set == 0 ? params->retry_floor : 1);
	if (params->stream == STREAM_HONEST)
		outlook->fail_ns *= params->stream_factor;
	for (unsigned i = 0; i < scenario->fault_count; i++)
		if (scenario->faults[i].kind == FAULT_CLEAN || scenario->faults[i].kind == FAULT_SWAP)
			outlook->may_clear = true;
}

/* ---- sectors ---- */

bool outlook_blank(const struct outlook *outlook, uint64_t sector)
{
	uint64_t found;
	return outlook->disc->scenario->disc.blank.count &&
	       ranges_find(&outlook->disc->scenario->disc.blank, sector, sector, &found);
}

bool outlook_sector(const struct outlook *outlook, uint64_t sector)
{
	const struct disc_params *params = &outlook->disc->scenario->disc;
	uint64_t ecc = params->ecc ? outlook->disc->ecc_block : 1, found;
	uint64_t first = sector / ecc * ecc, last = first + ecc - 1;
	if (layout_find(&outlook->layout, sector, 1, &found) != LAYOUT_DATA)
		return false;
	if (params->bad.count && ranges_find(&params->bad, first, last, &found))
		return false;
	if (params->every) {
		uint64_t every = params->every,
			 next = (first + every - 1 - every / 2) / every * every + every / 2;
		if (next <= last)
			return false;
	}
	return !outlook_blank(outlook, sector);
}

static void look_at_sectors(const struct outlook *outlook, uint64_t first, uint64_t end,
			    struct promise *promise)
{
	const struct disc *disc = outlook->disc;
	uint64_t found;
	promise->sectors = (uint32_t)(end - first);
	if (!disc->has_lists && outlook->layout.plain)
		return;
	const struct ranges *weak = &disc->scenario->disc.weak;
	promise->weak = weak->count && ranges_find(weak, first, end - 1, &found);
	promise->sectors = 0;
	for (uint64_t s = first; s < end; s++)
		promise->sectors += outlook_sector(outlook, s);
	promise->blank = promise->sectors < end - first && disc->scenario->disc.blank.count &&
			 ranges_find(&disc->scenario->disc.blank, first, end - 1, &found);
}

/* ---- luck ---- */

static double chance(const struct outlook *outlook, const struct disc_block *damage, struct luck_read *read,
		     unsigned step)
{
	read->speed_step = outlook->moves ? step : 0;
	read->speed_log2 = outlook->moves ? num_log2(outlook->rates[step].x / outlook->reference_x) : 0;
	return luck_chance(&outlook->luck, damage, read);
}

/* What the slowest speed of this stretch gives above the reference speed. */
static double slow_margin(const struct outlook *outlook, const struct disc_block *damage)
{
	if (!outlook->moves)
		return 0;
	double doublings = num_log2(outlook->reference_x / outlook->rates[0].x);
	return doublings > 0 ? (double)damage->alpha * doublings : 0;
}

static double block_ns(const struct outlook *outlook, unsigned step)
{
	return outlook->moves ? (double)outlook->rates[step].block_ns : (double)outlook->params->block_ns;
}

static void look_at_damage(const struct outlook *outlook, uint64_t block, const struct disc_block *damage,
			   struct promise *promise)
{
	struct luck_read read = {.block = block};
	double margin = 1 - (double)damage->x + outlook->luck.bias;
	promise->chance = 0;
	if (margin + slow_margin(outlook, damage) < HOPELESS_MARGIN) {
		promise->least = 0;
		return;
	}
	if (outlook->disc->has_geometry || outlook->moves) {
		struct spiral_place place;
		spiral_place(outlook->spiral, (double)(block * outlook->disc->ecc_block), &place);
		read.r_mm = place.r_mm;
	}
	promise->tries_ns = -1;
	for (read.session = 0; read.session < OUTLOOK_SESSIONS; read.session++)
		for (unsigned step = outlook->steps; step-- > 0;) {
			double p = chance(outlook, damage, &read, step), pass = block_ns(outlook, step);
			if (step + 1 == outlook->steps && p < promise->least)
				promise->least = p;
			promise->chance = p > promise->chance ? p : promise->chance;
			double ns =
				p > OUTLOOK_POSSIBLE ? pass + (1 / p - 1) * (pass + outlook->fail_ns) : -1;
			if (ns >= 0 && (promise->tries_ns < 0 || ns < promise->tries_ns))
				promise->tries_ns = ns;
			if (p >= OUTLOOK_CERTAIN && step + 1 == outlook->steps)
				break; /* slower is not better */
		}
}

/* drive_block.c: some drives hand out what lies beside the scratch, in a block that as a whole fails. */
static void look_beside(const struct outlook *outlook, uint64_t block, struct promise *promise)
{
	const struct disc *disc = outlook->disc;
	uint64_t first = block * disc->ecc_block, end = first + disc->ecc_block;
	if (!outlook->params->partial_blocks || outlook->layout.family != FAMILY_DVD || !disc->has_geometry)
		return;
	uint64_t len = disc_burst(disc, block, disc->scenario->seed, &promise->burst_from);
	promise->burst_to = promise->burst_from + len;
	for (uint64_t s = first; s < end && s < disc->sectors; s++)
		promise->beside +=
			(s < promise->burst_from || s >= promise->burst_to) && outlook_sector(outlook, s);
}

static bool is_effort(const struct outlook *outlook, const struct disc_block *damage)
{
	return (double)damage->x > EFFORT_X && outlook->moves && !outlook->may_clear;
}

void outlook_block(struct outlook *outlook, uint64_t block, struct promise *promise)
{
	const struct disc *disc = outlook->disc;
	uint64_t first = block * disc->ecc_block, end = first + disc->ecc_block;
	struct disc_block damage = disc_block(disc, block);
	*promise = (struct promise){.chance = 1, .least = 1};
	if (outlook->moves && (first < outlook->rates[0].from || first >= outlook->rates[0].to))
		for (unsigned step = 0; step < outlook->steps; step++)
			mechanics_rate(outlook->params, outlook->kind, step, outlook->spiral, first,
				       &outlook->rates[step]);
	promise->pass_ns = block_ns(outlook, outlook->steps - 1);
	promise->tries_ns = promise->pass_ns;
	look_at_sectors(outlook, first, end < disc->sectors ? end : disc->sectors, promise);
	if (!promise->sectors || (double)damage.x <= outlook->safe_x)
		return;
	look_at_damage(outlook, block, &damage, promise);
	if (promise->chance < OUTLOOK_READABLE)
		look_beside(outlook, block, promise);
	if (is_effort(outlook, &damage))
		promise->effort_ns = EFFORT_LEAST * outlook->params->rec_ms.from * NS_PER_MS;
}
