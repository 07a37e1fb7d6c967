/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LB0, and LB1 beside it. What must be paid by everybody: getting ready; each
 * block passes below the head once; what lies between two readable stretches is
 * passed over or jumped over once; a command costs the host its latency. LB1
 * adds the tries that a block needs in the mean. Of all that can be read the
 * cheapest is taken until the share is full. Whatever a policy could be clever
 * about (when, in which order, from which session) is taken to cost nothing.
 */
#include "sim/oracle.h"

#include <stdlib.h>

#include "base/error.h"
#include "sim/outlook.h"

const double oracle_shares[ORACLE_SHARES] = {0.5, 0.9, 0.99, 0.999, 1.0};

/* Sectors that cost alike. LB0 in `known`, LB1 in `chance`: ns a sector. */
struct piece {
	double known, chance;
	uint64_t sectors;
};

struct bill {
	struct outlook *outlook;
	struct piece *pieces;
	size_t count, room;
	size_t stretch; /* first piece of the readable stretch that is being added up */
	uint64_t stretch_sectors;
	uint64_t stretch_start, gap_start; /* block */
	double gap_ns;                     /* before this stretch */
	double gap_most;
	double passing_ns; /* over the blocks of the gap so far */
	uint64_t readable;
	bool in_gap, any;
};

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* ---- gaps ---- */

static bool begins_layer(const struct spiral *spiral, uint64_t sector)
{
	for (unsigned i = 1; i < spiral->layer_count; i++)
		if (spiral->layers[i].first == sector)
			return true;
	return false;
}

/*
 * From the end of one stretch to the next: over it or with a seek, whichever is
 * less. Where there are layers, a change of layer might lead there as well.
 */
static double gap_ns(const struct bill *bill, uint64_t from, uint64_t to)
{
	const struct outlook *outlook = bill->outlook;
	const struct spiral *spiral = outlook->spiral;
	struct spiral_place a, b;
	uint64_t ecc = outlook->disc->ecc_block;
	spiral_place(spiral, (double)(from * ecc) - 1e-3, &a);
	spiral_place(spiral, (double)(to * ecc), &b);
	if (a.layer != b.layer)
		return (double)outlook->params->layer_ns;
	double mm = a.r_mm > b.r_mm ? a.r_mm - b.r_mm : b.r_mm - a.r_mm;
	double ns = (double)mechanics_seek_ns(outlook->params, mm, mm / spiral->medium->pitch_mm);
	if (spiral->layer_count > 1)
		ns = smaller(ns, (double)(outlook->params->settle_ns + outlook->params->layer_ns));
	return smaller(ns, bill->passing_ns);
}

/* What the way to a stretch costs is spread over its sectors: whoever takes a part of them pays at least that part. */
static void stretch_end(struct bill *bill)
{
	if (bill->stretch_sectors && bill->gap_ns > 0) {
		double share = bill->gap_ns / (double)bill->stretch_sectors;
		for (size_t i = bill->stretch; i < bill->count; i++) {
			bill->pieces[i].known += share;
			bill->pieces[i].chance += share;
		}
		if (bill->gap_ns > bill->gap_most)
			bill->gap_most = bill->gap_ns;
	}
	bill->stretch = bill->count;
	bill->stretch_sectors = 0;
	bill->gap_ns = 0;
}

/* ---- pieces ---- */

static bool piece_add(struct bill *bill, double known, double chance, uint64_t sectors)
{
	struct piece *last = bill->count > bill->stretch ? &bill->pieces[bill->count - 1] : NULL;
	bill->stretch_sectors += sectors;
	if (last && last->known == known && last->chance == chance) {
		last->sectors += sectors;
		return true;
	}
	if (bill->count == bill->room) {
		size_t room = bill->room ? bill->room * 2 : 4096;
		struct piece *pieces = realloc(bill->pieces, room * sizeof *pieces);
		if (!pieces)
			return false;
		bill->pieces = pieces;
		bill->room = room;
	}
	bill->pieces[bill->count++] = (struct piece){known, chance, sectors};
	return true;
}

static bool block_add(struct bill *bill, uint64_t block, const struct promise *promise)
{
	const struct outlook *outlook = bill->outlook;
	bool moves = outlook->moves, clears = outlook->may_clear && promise->sectors;
	bool possible = promise->sectors && promise->chance > OUTLOOK_POSSIBLE;
	bill->readable += promise->chance >= OUTLOOK_READABLE ? promise->sectors : promise->beside;
	if (!possible && !clears && !promise->beside) {
		if (!bill->in_gap) {
			stretch_end(bill);
			bill->gap_start = block;
			bill->passing_ns = 0;
		}
		bill->in_gap = true;
		bill->passing_ns += promise->pass_ns;
		return true;
	}
	bool layer = begins_layer(outlook->spiral, block * outlook->disc->ecc_block);
	if (layer && !bill->in_gap)
		stretch_end(bill);
	if (moves && bill->any && (layer || bill->in_gap))
		bill->gap_ns = gap_ns(bill, bill->in_gap ? bill->gap_start : block, block);
	bill->in_gap = false;
	bill->any = true;
	/* Of a block that fails for certain there is what lies beside the scratch; for that nobody has to try twice. */
	uint64_t count = possible || clears ? promise->sectors : promise->beside;
	double sectors = (double)count, known = promise->pass_ns + promise->effort_ns;
	double chance = clears || promise->beside ? known : promise->tries_ns + promise->effort_ns;
	return piece_add(bill, known / sectors, chance / sectors, count);
}

static bool make_bill(struct bill *bill)
{
	const struct disc *disc = bill->outlook->disc;
	for (uint64_t block = 0; block < disc->block_count; block++) {
		struct promise promise;
		outlook_block(bill->outlook, block, &promise);
		if (!block_add(bill, block, &promise))
			return false;
	}
	stretch_end(bill);
	return true;
}

/* ---- bounds ---- */

static int by_known(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;
	return (p->known > q->known) - (p->known < q->known);
}

static int by_chance(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;
	return (p->chance > q->chance) - (p->chance < q->chance);
}

/* Before the first sector: from a closed tray, or from becoming ready. */
static double ready_ns(const struct drive_params *params)
{
	double load = params->mechanics ? (double)params->load_ns : 0, ready = (double)params->ready_ns;
	return load > ready ? load : ready;
}

static uint64_t needed(double share, uint64_t readable)
{
	double exact = share * (double)readable;
	uint64_t sectors = (uint64_t)exact;
	return (double)sectors < exact ? sectors + 1 : sectors;
}

static void bounds(const struct bill *bill, bool known, uint64_t out[ORACLE_SHARES])
{
	const struct drive_params *params = bill->outlook->params;
	double ns = 0, most = (double)(params->max_kb << 10) / DISC_SECTOR;
	uint64_t taken = 0;
	unsigned share = 0;
	uint64_t goal = needed(oracle_shares[0], bill->readable);
	for (size_t i = 0; share < ORACLE_SHARES;) {
		if (taken < goal && i < bill->count) {
			const struct piece *piece = &bill->pieces[i];
			uint64_t left = piece->sectors, take = goal - taken;
			ns += (known ? piece->known : piece->chance) * (double)left;
			taken += left;
			i++;
			if (take >= left)
				continue;
		}
		/* Give back what is more than the goal, and let one way of the stretches be free: where it begins. */
		double over = taken > goal ? (double)(taken - goal) : 0;
		double each = i ? (known ? bill->pieces[i - 1].known : bill->pieces[i - 1].chance) : 0;
		double disc_ns = ns - over * each - bill->gap_most,
		       host_ns = (double)goal / most * (double)params->latency_ns;
		disc_ns = disc_ns > 0 ? disc_ns : 0;
		double busy = !params->mechanics ? disc_ns + host_ns : disc_ns > host_ns ? disc_ns : host_ns;
		out[share++] = (uint64_t)(ready_ns(params) + busy);
		if (share < ORACLE_SHARES)
			goal = needed(oracle_shares[share], bill->readable);
	}
}

static void pieces_sort(struct bill *bill, int (*order)(const void *, const void *))
{
	if (bill->count > 0) /* of a disc that gives nothing there are no pieces, not even an array */
		qsort(bill->pieces, bill->count, sizeof *bill->pieces, order);
}

int oracle_find(const struct disc *disc, struct oracle *oracle, struct respin_error *error)
{
	*oracle = (struct oracle){0};
	struct outlook *outlook = malloc(sizeof *outlook);
	struct bill bill = {.outlook = outlook};
	if (outlook)
		outlook_init(outlook, disc);
	bool made = outlook && make_bill(&bill);
	if (made) {
		oracle->readable = bill.readable;
		oracle->dead = disc->sectors - bill.readable;
		pieces_sort(&bill, by_known);
		bounds(&bill, true, oracle->lb0_ns);
		pieces_sort(&bill, by_chance);
		bounds(&bill, false, oracle->lb1_ns);
	}
	free(bill.pieces);
	free(outlook);
	return made ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for an oracle");
}

/* ---- the truth, sector by sector ---- */

static enum respin_status status_of(const struct outlook *outlook, const struct promise *promise,
				    uint64_t sector)
{
	const struct ranges *weak = &outlook->disc->scenario->disc.weak;
	uint64_t found;
	if (outlook_blank(outlook, sector))
		return RESPIN_NON_TRIED;
	bool beside = promise->beside && (sector < promise->burst_from || sector >= promise->burst_to);
	if (!outlook_sector(outlook, sector) || (promise->chance < OUTLOOK_READABLE && !beside))
		return RESPIN_BAD;
	if ((promise->least < OUTLOOK_CERTAIN && !beside) ||
	    (weak->count && ranges_find(weak, sector, sector, &found)))
		return RESPIN_NON_TRIMMED;
	return RESPIN_FINISHED;
}

static int block_truth(const struct outlook *outlook, uint64_t block, const struct promise *promise,
		       struct respin_map *map)
{
	uint64_t ecc = outlook->disc->ecc_block, first = block * ecc, end = first + ecc, run = first;
	end = end < map_total(map) ? end : map_total(map);
	bool whole =
		promise->chance >= OUTLOOK_CERTAIN && promise->least >= OUTLOOK_CERTAIN && !promise->weak;
	if (whole && promise->sectors == end - first)
		return 0;
	for (uint64_t s = first; s < end; s++) {
		enum respin_status now = status_of(outlook, promise, s);
		if (s + 1 < end && status_of(outlook, promise, s + 1) == now)
			continue;
		if (now != RESPIN_FINISHED && map_set(map, (struct respin_range){run, s + 1 - run}, now) < 0)
			return RESPIN_E_NOMEM;
		run = s + 1;
	}
	return 0;
}

int oracle_truth(const struct disc *disc, struct respin_map *map)
{
	struct outlook *outlook = malloc(sizeof *outlook);
	int code = outlook ? 0 : RESPIN_E_NOMEM;
	if (outlook)
		outlook_init(outlook, disc);
	for (uint64_t block = 0; block < disc->block_count && code == 0; block++) {
		struct promise promise;
		if (block * disc->ecc_block >= map_total(map))
			break;
		outlook_block(outlook, block, &promise);
		code = block_truth(outlook, block, &promise, map);
	}
	free(outlook);
	return code;
}
