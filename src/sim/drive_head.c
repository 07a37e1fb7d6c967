/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The head's way from where it is to the sector that is wanted: reading over a
 * few blocks, or a seek, a change of layer, the spindle's ramp, and the turn
 * until the sector comes round. What lies on the way may upset the servo.
 */
#include "base/num.h"
#include "sim/drive_parts.h"

/* How far the disc has turned since the head was where it is said to be; less than 0 if that is to come. */
static double turned(const struct drive *drive, uint64_t at_ns, double turn_ns)
{
	double ns = at_ns >= drive->head.at_ns ? (double)(at_ns - drive->head.at_ns)
					       : -(double)(drive->head.at_ns - at_ns);
	return ns / turn_ns;
}

/* Bad blocks in [from, to), sectors: the servo loses them, and firmware that reads on stumbles. Returns its cost. */
static uint64_t crossing_ns(struct drive *drive, uint64_t from, uint64_t to)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t ecc = drive->disc.ecc_block;
	if (!p->relock_ns && !p->halo && !(p->prefetch_stall > 0))
		return 0;
	uint64_t first = (from + ecc - 1) / ecc, end = to / ecc, block = first;
	for (;; block++) {
		block = drive_block_hard(drive, block, end);
		if (block >= end)
			return 0;
		if (!drive_block_would_read(drive, block))
			break;
	}
	drive->halo_left = (unsigned)p->halo;
	uint64_t ns = p->relock_ns;
	bool stumbled = drive->cache.hard >= first && drive->cache.hard < end; /* and has paid for it */
	if (!stumbled && drive_chance(drive, p->prefetch_stall, CHANCE_STALL, block, drive->counts.reads)) {
		double share = num_uniform(drive_draw(drive, CHANCE_STALL_TIME, block, drive->counts.reads));
		ns += (uint64_t)(share * (double)drive_fail_ns(drive, block, false));
	}
	return ns;
}

/* Straight on, over what lies between: as fast as the disc passes. */
static uint64_t read_over(struct drive *drive, uint64_t sector, uint64_t at_ns)
{
	uint64_t skipped = (sector - drive->head.next_sector) / drive->disc.ecc_block;
	at_ns = drive_rate_at(drive, drive->head.next_sector, at_ns);
	uint64_t over = skipped * drive->rate.block_ns, arrives = drive->head.at_ns + over;
	if (!drive->cache.filling || arrives < at_ns) {
		/* it has waited in place, turn after turn: until the place comes round */
		double turn = (double)drive->rate.turn_ns, since = turned(drive, at_ns, turn);
		double wait = 1 - (since - num_floor(since));
		arrives = at_ns + (uint64_t)(wait * turn) + over;
	}
	return arrives + crossing_ns(drive, drive->head.next_sector, sector);
}

uint64_t drive_layer_ns(const struct drive *drive, uint64_t sector)
{
	const struct drive_params *p = &drive->scenario.drive;
	bool missed = drive_chance(drive, p->refocus_p, CHANCE_REFOCUS, sector, drive->counts.seeks);
	return p->layer_ns + (missed ? p->refocus_ns : 0);
}

static uint64_t seek(struct drive *drive, uint64_t sector, uint64_t at_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	struct spiral_place from, to;
	/* Just behind what it read last: at the end of a layer it is still on that layer. */
	double last = (double)drive->head.next_sector;
	spiral_place(drive->spiral, last > 0 ? last - 1e-3 : 0, &from);
	spiral_place(drive->spiral, (double)sector, &to);
	double mm = to.r_mm > from.r_mm ? to.r_mm - from.r_mm : from.r_mm - to.r_mm;
	double turn_before = 60e9 / drive->head.rpm;
	uint64_t move = mechanics_seek_ns(p, mm, mm / drive->spiral->medium->pitch_mm);
	if (to.layer != from.layer)
		move += drive_layer_ns(drive, sector);
	move = drive_rate_at(drive, sector, at_ns + move) - at_ns;
	double turn = (double)drive->rate.turn_ns;
	/* While it moves, the spindle is on its way from the old speed to the new one. */
	double angle = turned(drive, at_ns, turn_before) + (double)move * 2 / (turn + turn_before);
	double wait = mechanics_wait_turns(drive->spiral, &from, angle, &to);
	drive->counts.seeks++;
	drive->head.landed_layer = to.layer;
	drive->head.landed_turn = to.turn - wait;
	/* What passes below the head while it waits, the last of it at least. */
	double behind = wait * turn / (double)drive->rate.block_ns * drive->disc.ecc_block;
	uint64_t first = drive->spiral->layers[to.layer].first;
	uint64_t begin = (double)(sector - first) > behind ? sector - (uint64_t)behind : first;
	return at_ns + move + (uint64_t)(wait * turn) + crossing_ns(drive, begin, sector);
}

static bool same_layer(const struct spiral *spiral, uint64_t a, uint64_t b)
{
	for (unsigned i = 1; i < spiral->layer_count; i++)
		if ((a < spiral->layers[i].first) != (b < spiral->layers[i].first))
			return false;
	return true;
}

uint64_t drive_head_move(struct drive *drive, uint64_t sector, uint64_t at_ns)
{
	const struct drive_head *head = &drive->head;
	uint64_t through = drive->scenario.drive.through * drive->disc.ecc_block;
	bool ahead = sector >= head->next_sector && sector - head->next_sector <= through;
	uint64_t last = head->next_sector ? head->next_sector - 1 : 0;
	if (ahead && same_layer(drive->spiral, last, sector))
		return read_over(drive, sector, at_ns);
	return seek(drive, sector, at_ns);
}
