/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disc comes into the drive and up to speed: is it recognised, what follows
 * from which disc it is, and the luck that begins anew with every spin-up.
 */
#include <stdlib.h>

#include "base/num.h"
#include "sim/cache.h"
#include "sim/draw.h"
#include "sim/drive_parts.h"

#define LEAD_IN_SOFT 0.15  /* how sharply recognition falls with the damage of the lead-in [E] */
#define UNKNOWN_LONGER 1.5 /* a drive tries for longer before it gives a disc up [E] */

uint64_t drive_draw(const struct drive *drive, enum drive_chance what, uint64_t which, uint64_t nonce)
{
	return draw(draw(drive->seed, which, what), nonce, what);
}

bool drive_chance(const struct drive *drive, double p, enum drive_chance what, uint64_t which, uint64_t nonce)
{
	return p > 0 && (p >= 1 || num_uniform(drive_draw(drive, what, which, nonce)) < p);
}

/* Where the disc has no spiral of its own, that of the medium it might be. */
static void spiral_find(struct drive *drive)
{
	drive->spiral = &drive->disc.spiral;
	if (drive->disc.has_geometry)
		return;
	struct spiral_params params = {
		.medium = medium_guess(drive->disc.profile, drive->disc.sectors),
		.sectors = drive->disc.sectors,
		.velocity = 1,
		.pitch = 1,
		.stretch = 1,
		.scale = 1,
	};
	spiral_init(&drive->guess, &params);
	drive->spiral = &drive->guess;
}

void drive_disc_made(struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	layout_init(&drive->layout, &drive->scenario.disc, drive->disc.sectors);
	luck_init(&drive->luck, &drive->disc);
	drive->luck.bias = p->bias;
	drive->luck.sigma_block *= p->noise;
	drive->luck.sigma_region *= p->noise;
	drive->luck.sigma_global *= p->noise;
	drive->luck.tau *= p->noise_tau;
	spiral_find(drive);
	drive->kind = mechanics_kind(drive->spiral->medium);
	drive->geometry = p->mechanics;
	drive->step = p->steps[drive->kind].count - 1;
	drive->rate = (struct mechanics_rate){0};
	drive->link_ns = (uint64_t)(DISC_SECTOR * 1e3 / p->link_mb_s + 0.5);
	cache_forget(&drive->cache);
	free(drive->attempts);
	free(drive->attempts_session);
	drive->attempts = NULL;
	drive->attempts_session = NULL;
	drive_margin(drive, atomic_load(&drive->now_ns));
}

static bool make_disc(struct drive *drive, uint64_t seed)
{
	uint64_t sectors = drive->disc.sectors;
	struct respin_source none = {0};
	drive->scenario.seed = seed;
	drive->scenario.disc.size = sectors;
	disc_finish(&drive->disc);
	return disc_init(&drive->disc, &drive->scenario, &none, NULL) == 0;
}

/* Another disc of the same kind; with content and damage of its own. */
static bool swap(struct drive *drive)
{
	drive->discs++;
	return make_disc(drive, draw(drive->seed, drive->discs, CHANCE_SWAP));
}

/* The first one again, as it was made: what reading has worn off it is forgotten. */
static bool swap_back(struct drive *drive)
{
	drive->discs = 0;
	return make_disc(drive, drive->seed);
}

void drive_insert(struct drive *drive)
{
	bool there = true;
	if (drive->right_pending)
		there = swap_back(drive);
	else if (drive->swap_pending)
		there = swap(drive);
	else if (drive->clean_pending)
		there = disc_clean(&drive->disc) == 0;
	drive->right_pending = drive->swap_pending = drive->clean_pending = false;
	drive->disc_inside = there;
	drive_disc_made(drive);
}

void drive_new_session(struct drive *drive, uint64_t now_ns)
{
	drive->session++;
	drive->session_since_ns = now_ns;
	drive->counts.sessions++;
	drive_event_at(drive, now_ns + drive->scenario.drive.session_ns);
}

static bool reads_family(const struct drive *drive)
{
	switch (drive->layout.family) {
	case FAMILY_CD:
		return true;
	case FAMILY_DVD:
		return drive->scenario.drive.reads >= READS_DVD;
	case FAMILY_BD:
		break;
	}
	return drive->scenario.drive.reads >= READS_BD;
}

static enum drive_unknown unknown_as(const struct drive *drive)
{
	uint64_t as = drive->scenario.drive.unknown_as;
	if (!reads_family(drive))
		return UNKNOWN_INCOMPATIBLE;
	if (as == UNKNOWN_MIXED) /* one drive answers one disc always the same */
		as = UNKNOWN_NO_DISC + drive_draw(drive, CHANCE_UNKNOWN, drive->discs, 0) % 4;
	return (enum drive_unknown)as;
}

static void unknown_sense(const struct drive *drive, struct respin_sense *sense)
{
	switch (unknown_as(drive)) {
	case UNKNOWN_MIXED:
	case UNKNOWN_NO_DISC: /* medium not present */
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x3a};
		return;
	case UNKNOWN_INCOMPATIBLE: /* incompatible medium installed */
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x30};
		return;
	case UNKNOWN_NO_TOC: /* unable to recover table of contents */
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x57};
		return;
	case UNKNOWN_BECOMING:
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x04, .ascq = 0x01};
		return;
	}
}

/* Drawn at every load; damage to the lead-in makes it less likely. */
static bool recognises(const struct drive *drive)
{
	double p = drive->scenario.drive.recognise_p;
	if (drive->disc.leadin_x > LUCK_SAFE_X)
		p *= num_logistic((1 + drive->luck.bias - drive->disc.leadin_x) / LEAD_IN_SOFT);
	if (drive->scenario.drive.loaded && drive->loads == 1)
		p = 1;
	return reads_family(drive) && drive_chance(drive, p, CHANCE_RECOGNISE, drive->loads, drive->discs);
}

/* A lead-in that is hard to read takes up to three times as long. */
static uint64_t spin_up_ns(const struct drive *drive, uint64_t ns)
{
	double longer = drive->recognised ? 1 : UNKNOWN_LONGER;
	if (drive->disc.leadin_x > LUCK_SAFE_X)
		longer += 2 * num_uniform(drive_draw(drive, CHANCE_LOAD_TIME, drive->loads, drive->discs));
	return (uint64_t)((double)ns * longer);
}

void drive_spin_up(struct drive *drive, uint64_t now_ns, uint64_t ns, enum drive_state state)
{
	drive_margin(drive, now_ns); /* it rested until now */
	drive->loads++;
	drive->recognised = recognises(drive);
	if (!drive->recognised)
		unknown_sense(drive, &drive->unknown_sense);
	drive->state = state;
	drive->ready_ns = now_ns + spin_up_ns(drive, ns);
	drive_event_at(drive, drive->ready_ns);
	cache_forget(&drive->cache);
	drive_new_session(drive, now_ns);
	drive->speed_cap = 0;
	drive->halo_left = 0;
	drive_speed_tick(drive, now_ns);
	/* It comes up with the head at the inside, at the speed that belongs there. */
	drive->head = (struct drive_head){.at_ns = drive->ready_ns};
	if (drive->geometry) {
		drive->rate.to = drive->rate.from;
		(void)drive_rate_at(drive, 0, 0);
		drive->head.rpm = drive->rate.rpm;
		drive->spindle_ns = 0;
	}
}
