/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfreemkv 0.20.0 as its users ran it: a sweep that jumps far away from
 * damage and rests, then patches that come back over what is left, last range
 * first. Its pauses, jumps, time-outs and oddities are kept: they are what is
 * measured. Written anew from a description of what it does.
 */
#include "core/classify.h"
#include "core/sense.h"
#include "sim/rival_run.h"

#define FAST_MS 10000u
#define RECOVERY_MS 60000u
#define KERNEL_MS 30000u /* its last resort is the kernel's block device */
#define SPEED_FASTEST 0xffffu
#define SPEED_SLOWEST 0u

#define BATCH_BD 32u
#define BATCH_DVD 16u /* and whatever is no BD */
#define BATCH_PATCH 32u

/* The sweep: what an error makes it do. */
#define ENTRY_PAUSE_S 30u /* first error after a clean run, and since a jump counts as one, every error */
#define JUMP_PAUSE_S 2u   /* on top of it */
#define JUMP_BATCHES 1024u
#define JUMP_FACTOR_MOST 64u
#define WEDGE_PAUSE_S 30u
#define WEDGE_JUMP 524288u /* sectors: 1 GiB */
#define WEDGES_MOST 16u
#define NOT_READY_TRIES 3u
#define NOT_READY_PAUSE_S 3u
#define BRIDGE_TRIES 5u
#define BRIDGE_PAUSE_S 15u
#define CLEAN_BATCHES 16u /* so many good ones end a zone of damage */
#define SWEEP_ATTEMPTS 10u
#define ATTEMPT_PAUSE_S 5u

/* Patches. */
#define PATCHES_MOST 10u
#define SETTLE_S 30u /* once, before the first one */
#define PRIMING_SECTORS 3u
#define SINGLES_TO_BATCH 16u
#define WINDOW 16u /* outcomes; a failure among them is 6 %, which is enough */
#define SKIP_FIRST 32u
#define SKIP_MOST 4096u
#define SKIPS_PER_RANGE 10u
#define SKIP_RESET_GOODS 4u
#define PROBE_EVERY 5u
#define PAUSE_S 1u
#define PAUSE_MANY_S 5u
#define MANY_FAILURES 10u
#define WEDGED_FAILURES 50u
#define BECOMING_READY_PAUSE_S 15u
#define NS_PER_S 1000000000ull
#define SECTOR_BUDGET_S 25u
#define RANGE_BUDGET_S 1800u
#define STALL_S 3600u

enum stage { SWEEP, PATCH }; /* PATCH + n: the n-th patch */

static void speed(struct rival_run *run, uint32_t kbps)
{
	run->port->ops->speed(run->port->self, kbps);
}

/* ---- the sweep ---- */

struct sweep {
	struct rival_run *run;
	uint32_t batch;
	uint64_t pos, end;
	unsigned factor, goods, wedges;
	unsigned not_ready, bridge; /* at this place */
	bool slow;                  /* in a zone of damage */
};

static void jump(struct sweep *sweep, uint64_t sectors, uint64_t pause_s)
{
	struct rival_run *run = sweep->run;
	uint64_t left = sweep->end - sweep->pos;
	if (sectors > left)
		sectors = left;
	if (!sweep->slow)
		speed(run, SPEED_SLOWEST);
	sweep->slow = true;
	sweep->goods = 0;
	rival_mark(run, sweep->pos, sectors, RESPIN_NON_TRIMMED);
	sweep->pos += sectors;
	rival_wait_s(run, pause_s);
}

static void good(struct sweep *sweep, uint32_t count)
{
	sweep->pos += count;
	sweep->wedges = 0;
	if (++sweep->goods < CLEAN_BATCHES)
		return;
	sweep->factor = 1;
	if (sweep->slow)
		speed(sweep->run, SPEED_FASTEST);
	sweep->slow = false;
}

/* False: the pass is at its end. */
static bool failed(struct sweep *sweep, const struct port_reply *reply, uint32_t count)
{
	uint8_t key = reply->sense.key;
	if (reply->transport)
		return false;
	if (reply->scsi_status != SCSI_CHECK_CONDITION && sweep->bridge++ < BRIDGE_TRIES) {
		rival_wait_s(sweep->run, BRIDGE_PAUSE_S);
		return true;
	}
	if (key == SENSE_NOT_READY && sweep->not_ready++ < NOT_READY_TRIES) {
		rival_wait_s(sweep->run, NOT_READY_PAUSE_S);
		return true;
	}
	if (key == SENSE_HARDWARE_ERROR || key == SENSE_ILLEGAL_REQUEST) {
		if (++sweep->wedges >= WEDGES_MOST)
			return false;
		jump(sweep, (uint64_t)count + WEDGE_JUMP, WEDGE_PAUSE_S);
		return true;
	}
	sweep->wedges = 0;
	jump(sweep, (uint64_t)count + (uint64_t)JUMP_BATCHES * sweep->batch * sweep->factor,
	     ENTRY_PAUSE_S + JUMP_PAUSE_S);
	if (sweep->factor < JUMP_FACTOR_MOST)
		sweep->factor *= 2;
	return true;
}

/* Everything non-tried once. False: broken off. */
static bool sweep_once(struct rival_run *run, uint32_t batch)
{
	struct sweep sweep = {.run = run, .batch = batch, .factor = 1};
	struct respin_extent extent;
	uint64_t last = UINT64_MAX;
	while (map_find(run->map, sweep.pos, MASK(RESPIN_NON_TRIED), &extent) && !run->over) {
		struct port_reply reply;
		sweep.pos = extent.range.start;
		sweep.end = extent.range.start + extent.range.count;
		if (sweep.pos != last)
			sweep.not_ready = sweep.bridge = 0;
		last = sweep.pos;
		uint32_t count = batch < extent.range.count ? batch : (uint32_t)extent.range.count;
		/* It takes a short transfer for a whole one: what is lacking would be wrong bytes. */
		bool whole = rival_read(run, sweep.pos, count, FAST_MS, &reply);
		if (whole || reply.ok) {
			if (!whole)
				(void)rival_take(run, sweep.pos, count);
			good(&sweep, count);
		} else if (run->over || !failed(&sweep, &reply, count)) {
			return false;
		}
	}
	return !run->over;
}

static void sweep(struct rival_run *run)
{
	uint32_t batch = run->info.ecc_block == BATCH_BD ? BATCH_BD : BATCH_DVD;
	for (unsigned attempt = 0; attempt < SWEEP_ATTEMPTS && !run->over; attempt++) {
		if (sweep_once(run, batch))
			return;
		/* The session is dropped and opened again, which waits for the drive. */
		rival_wait_s(run, ATTEMPT_PAUSE_S);
		if (run->port->ops->ready && !run->over)
			(void)run->port->ops->ready(run->port->self);
	}
}

/* ---- a patch ---- */

struct patch {
	struct rival_run *run;
	uint64_t start, end; /* of the range; `end` comes down */
	unsigned range;      /* which one, from 0 */
	uint32_t batch;
	unsigned singles, failures; /* in a row */
	unsigned outcomes;          /* a bit each, 1: failed */
	unsigned skips, skip_power, goods;
	uint64_t skipped_end;    /* the gap last leapt over lies below this; 0: none */
	uint64_t range_until_ns; /* watchdog: what the range may still take */
	uint64_t stall_until_ns;
	bool ended; /* the whole pass */
};

static uint64_t range_budget_ns(const struct patch *patch)
{
	uint64_t s = (patch->end - patch->start) * SECTOR_BUDGET_S;
	return (s < RANGE_BUDGET_S ? s : RANGE_BUDGET_S) * NS_PER_S;
}

static void gained(struct patch *patch)
{
	uint64_t now_ns = rival_now_ns(patch->run);
	patch->range_until_ns = now_ns + range_budget_ns(patch);
	patch->stall_until_ns = now_ns + STALL_S * NS_PER_S;
}

/*
 * One read with the long time-out; where that fails, the same sectors through
 * /dev/srN, cache dropped: the kernel reads the page once ahead and once more.
 */
static bool recover(struct patch *patch, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	struct rival_run *run = patch->run;
	struct port_reply again;
	if (rival_read(run, lba, count, RECOVERY_MS, reply))
		return true;
	if (reply->ok)
		return rival_take(run, lba, count);
	uint64_t from = lba & ~1ull, to = (lba + count + 1) & ~1ull; /* pages have two sectors */
	if (to > run->info.sectors)
		to = run->info.sectors;
	if (to - from > run->info.max_sectors) /* never more than one command here */
		from = lba, to = lba + count;
	if (to - from > run->info.max_sectors) /* more than one command carries: the part that matters */
		from = lba, to = lba + count;
	for (unsigned i = 0; i < 2 && !run->over; i++)
		if (rival_touch(run, from, (uint32_t)(to - from), KERNEL_MS, &again))
			return rival_take(run, lba, count);
	return false;
}

/* The sectors before it, to lead the drive in; what comes of them is not looked at. */
static void prime(struct patch *patch, uint64_t lba)
{
	struct port_reply reply;
	for (uint64_t back = PRIMING_SECTORS; back > 0 && !patch->run->over; back--)
		if (lba >= back)
			(void)rival_touch(patch->run, lba - back, 1, FAST_MS, &reply);
}

/* After the first success behind a skip: the gap, forwards, until something fails. */
static void backtrack(struct patch *patch, uint64_t from)
{
	struct port_reply reply;
	uint64_t to = patch->skipped_end;
	patch->skipped_end = 0;
	for (uint64_t lba = from; lba < to && !patch->run->over; lba++) {
		if (!recover(patch, lba, 1, &reply))
			return;
		gained(patch);
	}
}

static void patch_good(struct patch *patch, uint64_t lba, uint32_t count)
{
	patch->end = lba;
	patch->failures = 0;
	patch->outcomes = patch->outcomes << 1 & ((1u << WINDOW) - 1);
	if (++patch->goods >= SKIP_RESET_GOODS)
		patch->skip_power = 0;
	if (patch->batch == 1 && ++patch->singles >= SINGLES_TO_BATCH)
		patch->batch = BATCH_PATCH;
	gained(patch);
	if (patch->skipped_end)
		backtrack(patch, lba + count);
}

/* Away from damage, at most a quarter of what is left at once. */
static void patch_skip(struct patch *patch)
{
	uint64_t left = patch->end - patch->start, skip = SKIP_FIRST << patch->skip_power;
	if (!patch->outcomes || left == 0)
		return;
	if (++patch->skips > SKIPS_PER_RANGE) {
		patch->end = patch->start; /* the rest stays as it is */
		return;
	}
	if (skip < SKIP_MOST)
		patch->skip_power++;
	else
		skip = SKIP_MOST;
	if (skip > left / 4)
		skip = left / 4;
	patch->skipped_end = patch->end;
	patch->end -= skip;
}

static void patch_failed(struct patch *patch, uint64_t lba, const struct port_reply *reply)
{
	struct rival_run *run = patch->run;
	struct port_reply probe;
	if (reply->sense.key == SENSE_NOT_READY && reply->sense.asc == 0x04 && reply->sense.ascq >= 2 &&
	    reply->sense.ascq <= 4) {
		rival_wait_s(run, BECOMING_READY_PAUSE_S);
		return; /* again, until the watchdog bites */
	}
	rival_mark(run, lba, 1, RESPIN_NON_TRIMMED);
	patch->end = lba;
	patch->singles = patch->goods = 0;
	patch->outcomes = (patch->outcomes << 1 | 1) & ((1u << WINDOW) - 1);
	if (++patch->failures % PROBE_EVERY == 0) /* meant to be 256 sectors away: it is the same one */
		for (unsigned i = 0; i < 2 && !run->over; i++)
			(void)rival_touch(run, lba, 1, RECOVERY_MS, &probe);
	rival_wait_s(run, patch->failures >= MANY_FAILURES ? PAUSE_MANY_S : PAUSE_S);
	patch_skip(patch);
	if (patch->failures >= WEDGED_FAILURES && patch->range > 0)
		patch->ended = true;
}

static void patch_range(struct patch *patch)
{
	struct rival_run *run = patch->run;
	patch->outcomes = patch->skips = patch->skip_power = patch->goods = patch->failures = 0;
	patch->skipped_end = 0;
	patch->range_until_ns = rival_now_ns(run) + range_budget_ns(patch);
	while (patch->start < patch->end && !patch->ended && !run->over) {
		uint64_t now_ns = rival_now_ns(run), left = patch->end - patch->start;
		struct port_reply reply;
		if (now_ns >= patch->stall_until_ns)
			patch->ended = true;
		if (patch->ended || now_ns >= patch->range_until_ns)
			return;
		uint32_t count = patch->batch < left ? patch->batch : (uint32_t)left;
		uint64_t lba = patch->end - count;
		if (count == 1)
			prime(patch, lba);
		if (run->over)
			return;
		if (recover(patch, lba, count, &reply))
			patch_good(patch, lba, count);
		else if (count > 1)
			patch->batch = 1, patch->singles = 0; /* the same place again, recorded nowhere */
		else
			patch_failed(patch, lba, &reply);
	}
}

/* One pass, from the last range to the first. True: it gained something. */
static bool patch_once(struct rival_run *run)
{
	uint64_t before = map_count(run->map, RESPIN_FINISHED);
	struct patch patch = {.run = run, .batch = BATCH_PATCH};
	struct respin_extent extent;
	speed(run, SPEED_SLOWEST);
	patch.stall_until_ns = rival_now_ns(run) + STALL_S * NS_PER_S;
	for (uint64_t end = map_total(run->map);
	     map_find_back(run->map, end, MASK_RETRYABLE | MASK(RESPIN_BAD), &extent) && !patch.ended &&
	     !run->over;
	     patch.range++) {
		end = patch.start = extent.range.start;
		patch.end = extent.range.start + extent.range.count;
		patch_range(&patch);
	}
	speed(run, SPEED_FASTEST);
	return map_count(run->map, RESPIN_FINISHED) > before;
}

void rival_predecessor(struct port *port, const struct rival_config *config, struct rival_result *result)
{
	struct rival_run run;
	struct rival_place nowhere = {0}, *place = config->place ? config->place : &nowhere;
	rival_begin(&run, port, config, result);
	speed(&run, SPEED_FASTEST);
	if (place->stage == SWEEP)
		sweep(&run);
	while (!run.over && place->stage < PATCHES_MOST &&
	       map_count(run.map, RESPIN_FINISHED) + map_count(run.map, RESPIN_NON_TRIED) <
		       map_total(run.map)) {
		if (place->stage++ == SWEEP)
			rival_wait_s(&run, SETTLE_S);
		if (!patch_once(&run))
			break;
	}
	rival_end(&run);
}
