/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One ECC block that is not simply read: its luck, what it costs, what a
 * failure says and does. It moves no head and fills no buffer.
 */
#include <stdlib.h>

#include "base/num.h"
#include "sim/draw.h"
#include "sim/drive_parts.h"

#define PER 0x04u      /* mode page 01h byte 2, MMC-6 7.3: recovered errors are reported */
#define RC 0x10u       /* data go on in spite of errors */
#define RETRY_MOST 3.0 /* a large retry count makes failures longer, to here [E] */
#define NS_PER_HOUR 3600e9

/* ---- is it hard? ---- */

/* The first of the sectors first .. last that key every= names; UINT64_MAX: none. */
static uint64_t every_find(const struct disc_params *params, uint64_t first, uint64_t last)
{
	uint64_t every = params->every;
	if (!every)
		return UINT64_MAX;
	uint64_t next = (first + every - 1 - every / 2) / every * every + every / 2;
	return next <= last ? next : UINT64_MAX;
}

/* The first sector of first .. last that the disc's lists name; UINT64_MAX: none. */
static uint64_t listed_find(const struct drive *drive, uint64_t first, uint64_t last)
{
	const struct disc_params *params = &drive->scenario.disc;
	const struct ranges *const lists[] = {&params->bad, &params->weak, &params->marginal, &params->blank,
					      &params->hang};
	uint64_t nearest = every_find(params, first, last), found;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (lists[i]->count && ranges_find(lists[i], first, last, &found) && found < nearest)
			nearest = found;
	return nearest;
}

static bool is_listed(const struct drive *drive, uint64_t block)
{
	uint64_t ecc = drive->disc.ecc_block;
	return listed_find(drive, block * ecc, (block + 1) * ecc - 1) != UINT64_MAX;
}

bool drive_block_lists(const struct drive *drive, uint64_t start, uint64_t count)
{
	return drive->disc.has_lists && listed_find(drive, start, start + count - 1) != UINT64_MAX;
}

uint64_t drive_block_hard(const struct drive *drive, uint64_t block, uint64_t end)
{
	const struct disc_block *blocks = drive->disc.blocks;
	if (block < end && drive->disc.has_lists) {
		uint64_t ecc = drive->disc.ecc_block;
		uint64_t listed = listed_find(drive, block * ecc, end * ecc - 1);
		end = listed == UINT64_MAX ? end : listed / ecc;
	}
	if (!blocks)
		return end;
	while (block < end && (double)blocks[block].x <= drive->safe_x)
		block++;
	return block;
}

/* ---- its luck ---- */

/* Attempts count at each speed by themselves: who tries the speeds in another order meets the same coins. */
static uint64_t slot(const struct drive *drive, uint64_t block)
{
	return block * KEY_STEPS_MAX + drive->step;
}

static uint32_t attempt(const struct drive *drive, uint64_t block)
{
	uint64_t at = slot(drive, block);
	bool counted = drive->attempts && drive->attempts_session[at] == drive->session;
	return counted ? drive->attempts[at] : 0;
}

/* What tells one attempt at a block from all others, whatever else was read before. */
static uint64_t nonce(const struct drive *drive, uint64_t block)
{
	return (uint64_t)drive->session << 32 | (uint64_t)drive->step << 24 | attempt(drive, block);
}

/* Does any coin depend on which attempt at a block it is? */
static bool attempts_matter(const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	return drive->disc.blocks || drive->geometry || p->bridge_p > 0 || p->fail_cached > 0 ||
	       p->info_p < 1;
}

/* Without memory for it every attempt is the first: the same luck again and again. */
static void attempt_count(struct drive *drive, uint64_t block)
{
	if (!attempts_matter(drive))
		return;
	if (!drive->attempts) {
		uint64_t slots = drive->disc.block_count * KEY_STEPS_MAX;
		drive->attempts = calloc(slots, sizeof *drive->attempts);
		drive->attempts_session = calloc(slots, sizeof *drive->attempts_session);
		if (!drive->attempts || !drive->attempts_session) {
			free(drive->attempts);
			free(drive->attempts_session);
			drive->attempts = NULL;
			drive->attempts_session = NULL;
			return;
		}
	}
	uint64_t at = slot(drive, block);
	if (drive->attempts_session[at] != drive->session)
		drive->attempts[at] = 0;
	drive->attempts_session[at] = drive->session;
	if (drive->attempts[at] < UINT16_MAX)
		drive->attempts[at]++;
}

static double reference_x(const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	switch (drive->spiral->medium->family) {
	case FAMILY_CD:
		return p->ref_cd;
	case FAMILY_DVD:
		return p->ref_dvd;
	case FAMILY_BD:
		break;
	}
	return p->ref_bd;
}

static bool luck_of(struct drive *drive, uint64_t block)
{
	if (!drive->disc.blocks)
		return true;
	uint64_t sector = block * drive->disc.ecc_block;
	struct luck_read read = {.block = block,
				 .session = drive->session,
				 .attempt = attempt(drive, block),
				 .margin = drive->margin};
	if (drive->disc.has_geometry || drive->geometry) {
		struct spiral_place place;
		spiral_place(drive->spiral, (double)sector, &place);
		read.r_mm = place.r_mm;
		double since = place.turn - drive->head.landed_turn;
		read.hasty =
			drive->geometry && place.layer == drive->head.landed_layer && since >= 0 && since < 2;
	}
	if (drive->geometry) {
		(void)drive_rate_at(drive, sector, drive->head.at_ns);
		read.speed_step = drive->step;
		read.speed_log2 = num_log2(drive->rate.x / reference_x(drive));
	}
	struct disc_block damage = disc_block(&drive->disc, block);
	return luck_reads(&drive->luck, &damage, &read);
}

bool drive_block_would_read(struct drive *drive, uint64_t block)
{
	return !(drive->disc.has_lists && is_listed(drive, block)) && luck_of(drive, block);
}

/* ---- what it costs ---- */

static double retry_share(const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	double share = p->retries ? (double)drive->mode_page_01[3] / (double)p->retries : 1;
	share = share > RETRY_MOST ? RETRY_MOST : share;
	return share > p->retry_floor ? share : p->retry_floor;
}

uint64_t drive_fail_ns(const struct drive *drive, uint64_t block, bool streaming)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (!p->mechanics)
		return p->fail_ns;
	uint64_t hash = drive_draw(drive, CHANCE_FAIL_TIME, block, nonce(drive, block));
	double ns = num_lognormal(hash, (double)p->fail_ns, p->fail_sigma);
	return (uint64_t)(ns * retry_share(drive) * (streaming ? p->stream_factor : 1));
}

uint64_t drive_rec_ns(const struct drive *drive, uint64_t block)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (!p->mechanics)
		return 0;
	uint64_t hash = drive_draw(drive, CHANCE_REC_TIME, block, drive->session);
	double ms = p->rec_ms.from + (p->rec_ms.to - p->rec_ms.from) * num_uniform(hash);
	/* A part of the tries suffices, most often. */
	return (uint64_t)(ms * 1e6 * (0.3 + 0.7 * num_uniform(rng_mix(hash))));
}

/* ---- what a failure says ---- */

/* Nine in ten are L-EC errors; seek, ID, timeout and servo share the rest [E]. */
static void sense_drawn(const struct drive *drive, uint64_t block, struct respin_sense *sense)
{
	uint64_t configured = drive->scenario.drive.sense;
	uint64_t hash = drive_draw(drive, CHANCE_SENSE, block, nonce(drive, block));
	double u = num_uniform(hash);
	if (configured)
		*sense = (struct respin_sense){.key = (uint8_t)(configured >> 16),
					       .asc = (uint8_t)(configured >> 8),
					       .ascq = (uint8_t)configured};
	else if (u < 0.9)
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x11, .ascq = 0x05};
	else if (u < 0.925)
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x02};
	else if (u < 0.95)
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x10};
	else if (u < 0.975)
		*sense = (struct respin_sense){.key = SENSE_HARDWARE_ERROR, .asc = 0x3e, .ascq = 0x02};
	else
		*sense = (struct respin_sense){
			.key = SENSE_HARDWARE_ERROR, .asc = 0x09, .ascq = (uint8_t)(rng_mix(hash) % 5)};
}

/* ---- what it does ---- */

void drive_margin(struct drive *drive, uint64_t now_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (p->warm_margin > 0) {
		bool spins = drive->state == DRIVE_READY;
		double goal = spins ? p->warm_k : 0, span = (double)p->warm_ns;
		double gone = now_ns > drive->warm_since_ns ? (double)(now_ns - drive->warm_since_ns) : 0;
		drive->temperature =
			goal + (drive->temperature - goal) * num_exp(span > 0 ? -gone / span : -1e3);
	}
	drive->warm_since_ns = now_ns;
	double share = retry_share(drive);
	drive->margin_retries = drive->mode_page_01[3];
	drive->margin = -p->warm_margin * drive->temperature - drive->wear;
	drive->margin -= share < 1 ? p->retry_margin * (1 - share) : 0;
	drive->safe_x = LUCK_SAFE_X + drive->luck.bias + drive->margin;
}

/* `whole`: no sector of the block could have been read, so that the drive may answer from memory next time. */
static void fail_from(struct drive *drive, uint64_t block, uint64_t at_ns, bool whole,
		      struct drive_visit *visit)
{
	const struct drive_params *p = &drive->scenario.drive;
	struct drive_cache *cache = &drive->cache;
	uint64_t end = at_ns + visit->ns;
	drive->counts.failed_reads++;
	drive->halo_left = (unsigned)p->halo;
	cache->failed_block = CACHE_NO_BLOCK;
	if (whole && drive_chance(drive, p->fail_cached, CHANCE_FROM_MEMORY, block, visit->nonce)) {
		cache->failed_block = block;
		cache->failed_nonce = visit->nonce;
		cache->failed_until_ns = end + p->fail_cached_hold_ns;
		cache->failed_sense = visit->sense;
	}
	if (drive->disc.blocks)
		drive->disc.blocks[block].x += (float)drive->scenario.disc.read_wear;
	drive->wear += p->wear * (double)visit->ns / NS_PER_HOUR;
	drive->temperature += p->warm_fail_k;
	drive_margin(drive, end);
	drive_step_down(drive, end);
	drive_heat(drive, end, 1);
	if (drive_chance(drive, p->bridge_p, CHANCE_BRIDGE, block, visit->nonce)) {
		visit->gone = true;
		drive_vanish(drive, end, drive_back_ns(drive), false, p->renames);
	}
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void visit_fails(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
			bool whole, struct drive_visit *visit)
{
	visit->ok = false;
	visit->effort = true;
	visit->ns = drive_fail_ns(drive, block, fetch->streaming);
	visit->first = max_of(block * drive->disc.ecc_block, fetch->start);
	sense_drawn(drive, block, &visit->sense);
	attempt_count(drive, block);
	fail_from(drive, block, at_ns, whole, visit);
}

/*
 * DVD's rows are corrected one by one: what lies beside the scratch is whole,
 * and some drives hand it out. The burst begins anywhere in the block.
 */
static bool delivers_part(const struct drive *drive, const struct drive_fetch *fetch, uint64_t block,
			  uint64_t *first_bad)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t ecc = drive->disc.ecc_block, from = block * ecc;
	if (!p->partial_blocks || drive->layout.family != FAMILY_DVD || !drive->disc.has_geometry)
		return false;
	uint64_t begin = from, len = disc_burst(&drive->disc, block, drive->seed, &begin);
	uint64_t start = max_of(from, fetch->start), end = fetch->start + fetch->count;
	end = end < from + ecc ? end : from + ecc;
	if (start >= begin + len || end <= begin)
		return true;
	*first_bad = max_of(begin, start);
	return false;
}

static void visit_lists(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
			struct drive_visit *visit)
{
	uint64_t ecc = drive->disc.ecc_block, from = max_of(block * ecc, fetch->start);
	uint64_t end = fetch->start + fetch->count, first = from;
	visit->uncached |= is_listed(drive, block);
	end = end < (block + 1) * ecc ? end : (block + 1) * ecc;
	switch (disc_try(&drive->disc, from, end - from, &first)) {
	case DISC_GOOD:
		return;
	case DISC_MARGINAL:
		visit->effort = true;
		visit->ns += drive_rec_ns(drive, block);
		visit->sense = (struct respin_sense){.key = SENSE_RECOVERED, .asc = 0x18, .ascq = 0x02};
		visit->first = first;
		return;
	case DISC_BLANK:
		visit->ok = false;
		visit->first = first;
		visit->ns = drive->geometry ? 0 : drive->scenario.drive.fail_ns;
		visit->sense = (struct respin_sense){.key = SENSE_BLANK_CHECK};
		return;
	case DISC_BAD:
		visit_fails(drive, fetch, block, at_ns, drive->scenario.disc.ecc, visit);
		visit->first = first;
		return;
	}
}

static void visit_damage(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
			 struct drive_visit *visit)
{
	bool corrupts = fetch->audio || (drive->mode_page_01[2] & RC) ||
			(fetch->streaming && drive->scenario.drive.stream == STREAM_CORRUPT);
	if (luck_of(drive, block)) {
		attempt_count(drive, block);
		visit->effort = (double)drive->disc.blocks[block].x > DRIVE_EFFORT_X;
		visit->ns = visit->effort && !corrupts ? drive_rec_ns(drive, block) : 0;
		return;
	}
	if (corrupts) {
		attempt_count(drive, block);
		visit->wrong = visit->uncached = true;
		return;
	}
	uint64_t first = 0;
	if (delivers_part(drive, fetch, block, &first)) {
		attempt_count(drive, block);
		visit->effort = visit->uncached = true;
		visit->ns = drive_rec_ns(drive, block);
		return;
	}
	visit_fails(drive, fetch, block, at_ns, !first, visit);
	if (first)
		visit->first = first;
}

bool drive_block_remembered(const struct drive *drive, const struct drive_fetch *fetch, uint64_t block,
			    uint64_t at_ns)
{
	bool fua = fetch->fua && drive->scenario.drive.fua == FUA_HONOURED;
	return !fua && drive->cache.failed_block == block && at_ns < drive->cache.failed_until_ns;
}

/* The laser and the servo have no part in it: no attempt, no heat, and the same word on INFORMATION as then. */
static void fail_from_memory(struct drive *drive, const struct drive_fetch *fetch, uint64_t block,
			     struct drive_visit *visit)
{
	visit->ok = false;
	visit->effort = true;
	visit->first = max_of(block * drive->disc.ecc_block, fetch->start);
	visit->ns = drive->scenario.drive.fail_cached_ns;
	visit->sense = drive->cache.failed_sense;
	visit->nonce = drive->cache.failed_nonce;
	drive->counts.failed_reads++;
}

void drive_block_visit(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
		       struct drive_visit *visit)
{
	*visit = (struct drive_visit){.ok = true, .nonce = nonce(drive, block)};
	if (drive_block_remembered(drive, fetch, block, at_ns)) {
		fail_from_memory(drive, fetch, block, visit);
		return;
	}
	if (drive->disc.blocks && (double)drive->disc.blocks[block].x > drive->safe_x)
		visit_damage(drive, fetch, block, at_ns, visit);
	if (visit->ok && drive->disc.has_lists)
		visit_lists(drive, fetch, block, at_ns, visit);
	if (visit->ok && visit->effort && !visit->sense.key && (drive->mode_page_01[2] & PER)) {
		visit->sense = (struct respin_sense){.key = SENSE_RECOVERED, .asc = 0x18, .ascq = 0x02};
		visit->first = max_of(block * drive->disc.ecc_block, fetch->start);
	}
}

void drive_block_halo(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
		      struct drive_visit *visit)
{
	*visit = (struct drive_visit){.ok = true, .effort = true, .nonce = nonce(drive, block)};
	if (drive_chance(drive, drive->scenario.drive.halo_fail, CHANCE_HALO, block, visit->nonce)) {
		unsigned left = drive->halo_left;
		visit_fails(drive, fetch, block, at_ns, false, visit);
		drive->halo_left = left; /* it is good itself: no halo of its own */
		return;
	}
	attempt_count(drive, block);
	visit->ns = drive_rec_ns(drive, block);
}
