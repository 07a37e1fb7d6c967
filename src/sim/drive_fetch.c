/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the disc gives of a run of sectors, and how long that takes: buffer,
 * head, damaged blocks, in the order in which a drive meets them. It moves no
 * bytes and knows no CDBs.
 */
#include "base/num.h"
#include "sim/cache.h"
#include "sim/drive_parts.h"

/* One fetch on its way. `at_ns` is the drive's time inside the command. */
struct fetching {
	struct drive *drive;
	struct drive_fetch *fetch;
	struct drive_answer *answer;
	uint64_t at_ns;
	bool failed;
};

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* INFORMATION as this drive gives it. */
static void information(const struct drive *drive, struct respin_sense *sense, uint64_t start, uint64_t first,
			uint64_t nonce)
{
	const struct drive_params *p = &drive->scenario.drive;
	sense->has_info =
		p->info != SIM_INFO_NONE && drive_chance(drive, p->info_p, CHANCE_INFO, first, nonce);
	if (p->info == SIM_INFO_HONEST && sense->has_info)
		sense->info_lba = (int64_t)first;
	else if (p->info == SIM_INFO_CHUNK && sense->has_info)
		sense->info_lba = (int64_t)start;
}

/* What a visit says goes into the answer; the first word of "recovered" stays. */
static void visit_take(struct fetching *f, const struct drive_visit *visit)
{
	f->fetch->wrong |= visit->wrong;
	f->fetch->effort |= visit->effort;
	if (visit->sense.key && (!visit->ok || !f->answer->sense.key)) {
		f->answer->sense = visit->sense;
		information(f->drive, &f->answer->sense, f->fetch->start, visit->first, visit->nonce);
	}
	if (visit->ok)
		return;
	f->failed = true;
	f->fetch->good = visit->first - f->fetch->start;
	if (visit->gone) {
		f->answer->sense = (struct respin_sense){0};
		f->answer->host = RESPIN_HOST_ERROR;
		f->fetch->good = 0;
	}
}

/* ---- without mechanics ---- */

static void fetch_ideal(struct fetching *f)
{
	struct drive *drive = f->drive;
	uint64_t ecc = drive->disc.ecc_block;
	uint64_t block = f->fetch->start / ecc, end = (f->fetch->start + f->fetch->count - 1) / ecc + 1;
	f->at_ns += (end - block) * drive->scenario.drive.block_ns;
	while ((block = drive_block_hard(drive, block, end)) < end && !f->failed) {
		struct drive_visit visit;
		drive_block_visit(drive, f->fetch, block, f->at_ns, &visit);
		f->at_ns += visit.ns;
		visit_take(f, &visit);
		block++;
	}
}

/* ---- with mechanics ---- */

static bool begins_layer(const struct spiral *spiral, uint64_t sector)
{
	for (unsigned i = 1; i < spiral->layer_count; i++)
		if (sector == spiral->layers[i].first)
			return true;
	return false;
}

/* [from, to), whole ECC blocks that are simply read, pass below the head. Returns when. */
static uint64_t pass(struct drive *drive, uint64_t from, uint64_t to, uint64_t at_ns)
{
	uint64_t ecc = drive->disc.ecc_block, begin = from;
	while (from < to) {
		at_ns = drive_rate_at(drive, from, at_ns);
		uint64_t end = to < drive->rate.to ? to : drive->rate.to;
		uint64_t blocks = (end - from + ecc - 1) / ecc;
		at_ns += blocks * drive->rate.block_ns;
		from += blocks * ecc;
		if (from < to && begins_layer(drive->spiral, from))
			at_ns += drive_layer_ns(drive, from);
	}
	if (drive->cap_sectors && from > begin)
		drive_cap_lift(drive, from - begin, at_ns);
	return at_ns;
}

/* One block that needs a closer look. False: the fetch ends with it. */
static bool fetch_block(struct fetching *f, uint64_t block, bool hard)
{
	struct drive *drive = f->drive;
	uint64_t ecc = drive->disc.ecc_block;
	struct drive_visit visit;
	f->at_ns = pass(drive, block * ecc, (block + 1) * ecc, f->at_ns);
	if (hard) {
		drive_block_visit(drive, f->fetch, block, f->at_ns, &visit);
	} else {
		drive->halo_left--;
		drive_block_halo(drive, f->fetch, block, f->at_ns, &visit);
	}
	f->at_ns += visit.ns;
	visit_take(f, &visit);
	drive->head.next_sector = (block + 1) * ecc;
	drive->head.at_ns = f->at_ns;
	if (!visit.ok)
		return false;
	if (visit.uncached)
		cache_begin(&drive->cache, (block + 1) * ecc);
	else
		cache_grow(drive, (block + 1) * ecc);
	return true;
}

/* From the disc: [from, to), whole ECC blocks; the head arrives at f->at_ns. */
static void fetch_run(struct fetching *f, uint64_t from, uint64_t to)
{
	struct drive *drive = f->drive;
	struct drive_cache *cache = &drive->cache;
	uint64_t ecc = drive->disc.ecc_block, end = to / ecc;
	for (uint64_t block = from / ecc; block < end; block++) {
		uint64_t hard = drive_block_hard(drive, block, end);
		uint64_t next = drive->halo_left ? block : hard;
		f->at_ns = pass(drive, block * ecc, next * ecc, f->at_ns);
		cache_grow(drive, next * ecc);
		block = next;
		if (next < end && !fetch_block(f, next, hard == next)) {
			cache->filling = false;
			cache->hard = next;
			return;
		}
	}
	drive->head.next_sector = to;
	drive->head.at_ns = f->at_ns;
	cache->filling = drive->scenario.drive.prefetch;
}

/* Firmware that is busy with a bad block behind the last command answers nothing else. */
static void stall_wait(struct fetching *f, uint64_t wanted)
{
	struct drive_cache *cache = &f->drive->cache;
	if (cache->stalled_until_ns > f->at_ns && cache->hard != wanted)
		f->at_ns = cache->stalled_until_ns;
	cache->stalled_until_ns = 0;
}

/* May the buffer answer? FUA forbids it, if the drive cares; listed sectors are always tried. */
static bool may_serve(const struct drive *drive, const struct drive_fetch *fetch)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (drive_block_lists(drive, fetch->start, fetch->count))
		return false;
	if (!fetch->fua)
		return true;
	return p->fua == FUA_IGNORED &&
	       drive_chance(drive, p->fua_cached, CHANCE_FUA, fetch->start, drive->counts.reads);
}

/* A block that just failed may fail again without a look at the disc. */
static bool fetch_memory(struct fetching *f, uint64_t block)
{
	struct drive_visit visit;
	if (!drive_block_remembered(f->drive, f->fetch, block, f->at_ns))
		return false;
	drive_block_visit(f->drive, f->fetch, block, f->at_ns, &visit);
	f->at_ns += visit.ns;
	visit_take(f, &visit);
	return true;
}

static void fetch_mechanical(struct fetching *f, uint64_t now_ns)
{
	struct drive *drive = f->drive;
	struct drive_cache *cache = &drive->cache;
	const struct drive_fetch *fetch = f->fetch;
	uint64_t ecc = drive->disc.ecc_block, end = fetch->start + fetch->count;
	uint64_t from = fetch->start / ecc * ecc, to = (end + ecc - 1) / ecc * ecc;
	double rpm = drive->head.rpm;

	cache_advance(drive, now_ns);
	bool serve = may_serve(drive, fetch);
	if (serve && fetch->start >= cache->first && fetch->start < cache->end)
		from = cache->end < to ? cache->end : to;
	if (cache->stalled_until_ns)
		stall_wait(f, from / ecc);
	uint64_t asked = f->at_ns;
	if (from < to && fetch_memory(f, from / ecc))
		return;
	if (from < to) {
		bool follows = cache->filling && from == cache->end;
		f->at_ns = follows ? drive->head.at_ns : drive_head_move(drive, from, f->at_ns);
		if (from != cache->end || !serve)
			cache_begin(cache, from);
		cache->hard = CACHE_NO_BLOCK;
		fetch_run(f, from, to);
		drive->counts.read_sectors += to - from;
		/* What has come goes on to the host while more comes; the last block does so behind it. */
		uint64_t last_ns = (fetch->count < ecc ? fetch->count : ecc) * drive->link_ns;
		f->at_ns = max_of(f->at_ns + last_ns, asked + fetch->count * drive->link_ns);
	} else {
		if (to == cache->end && drive->head.next_sector == to)
			f->at_ns = max_of(f->at_ns, drive->head.at_ns); /* still coming in */
		drive->counts.cache_sectors += fetch->count;
		f->at_ns += fetch->count * drive->link_ns;
	}
	cache->host = f->failed ? fetch->start + fetch->good : end;
	if (!cache->filling && !f->failed)
		cache_resume(drive, f->at_ns);
	if (drive->head.rpm > rpm && drive_brown_out(drive, drive->head.rpm - rpm, f->at_ns)) {
		f->failed = true;
		f->fetch->good = 0;
		f->answer->sense = (struct respin_sense){0};
		f->answer->host = RESPIN_HOST_ERROR;
	}
}

/* ---- both ---- */

/* Audio, gaps, run-out, blank: what READ does not deliver even from a perfect disc. */
static void fetch_other(struct fetching *f, enum layout_kind kind, uint64_t first)
{
	struct drive *drive = f->drive;
	const struct drive_params *p = &drive->scenario.drive;
	layout_sense(&drive->layout, kind, &f->answer->sense);
	information(drive, &f->answer->sense, f->fetch->start, first, drive->session);
	f->failed = true;
	if (kind == LAYOUT_GAP && p->gap_ns) {
		f->at_ns += p->gap_ns;
		if (drive_chance(drive, p->gap_gone, CHANCE_GAP, first, drive->counts.reads)) {
			drive_vanish(drive, f->at_ns, drive_back_ns(drive), false, p->renames);
			f->answer->sense = (struct respin_sense){0};
			f->answer->host = RESPIN_HOST_ERROR;
			f->fetch->good = 0;
		}
		return;
	}
	if (!layout_is_slow(kind) && (p->mechanics || kind != LAYOUT_BLANK))
		return;
	f->at_ns += drive_fail_ns(drive, first / drive->disc.ecc_block, f->fetch->streaming);
	if (!layout_is_slow(kind))
		return;
	drive->counts.failed_reads++;
	drive_step_down(drive, f->at_ns);
	drive_heat(drive, f->at_ns, 1);
}

void drive_fetch(struct drive *drive, struct drive_fetch *fetch, struct drive_answer *answer)
{
	uint64_t now = atomic_load_explicit(&drive->now_ns, memory_order_relaxed), first, hanging;
	struct fetching f = {drive, fetch, answer, now + answer->took_ns, false};
	uint64_t count = fetch->count;
	enum layout_kind kind =
		fetch->audio ? LAYOUT_DATA : layout_find(&drive->layout, fetch->start, count, &first);
	fetch->good = count;
	fetch->wrong = fetch->effort = false;
	if (drive->scenario.disc.hang.count)
		answer->hangs = ranges_find(&drive->scenario.disc.hang, fetch->start,
					    fetch->start + count - 1, &hanging);
	if (drive->mode_page_01[3] != drive->margin_retries)
		drive_margin(drive, now);
	if (kind != LAYOUT_DATA)
		fetch->good = fetch->count = first - fetch->start;
	if (fetch->count) {
		if (drive->geometry)
			fetch_mechanical(&f, now);
		else
			fetch_ideal(&f);
	}
	if (kind != LAYOUT_DATA && !f.failed)
		fetch_other(&f, kind, first);
	fetch->count = count;
	answer->took_ns = f.at_ns - now;
}
