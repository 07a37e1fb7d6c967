/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The run of cache.h. What a block is like is asked of drive_block.c, how fast it passes of drive_speed.c. */
#include "sim/cache.h"

#include "base/num.h"
#include "sim/drive_parts.h"

void cache_forget(struct drive_cache *cache)
{
	*cache = (struct drive_cache){.hard = CACHE_NO_BLOCK, .failed_block = CACHE_NO_BLOCK};
}

static uint64_t buffer_sectors(const struct drive *drive)
{
	return drive->scenario.drive.buffer_kb * 1024 / DISC_SECTOR;
}

/* Sectors ahead of the host that reading on may fill. */
static uint64_t ahead_sectors(const struct drive *drive)
{
	return (uint64_t)((double)buffer_sectors(drive) * drive->scenario.drive.ahead);
}

uint64_t cache_room(const struct drive *drive)
{
	const struct drive_cache *cache = &drive->cache;
	uint64_t limit = cache->host + ahead_sectors(drive);
	limit = limit < drive->disc.sectors ? limit : drive->disc.sectors;
	for (unsigned i = 1; i < drive->spiral->layer_count; i++) {
		uint64_t edge = drive->spiral->layers[i].first; /* it does not read on into the next layer */
		if (cache->first < edge && cache->end <= edge && limit > edge)
			limit = edge;
	}
	return limit > cache->end ? limit - cache->end : 0;
}

void cache_grow(struct drive *drive, uint64_t end)
{
	struct drive_cache *cache = &drive->cache;
	uint64_t most = buffer_sectors(drive);
	cache->end = end;
	if (end - cache->first > most)
		cache->first = end - most;
}

void cache_begin(struct drive_cache *cache, uint64_t sector)
{
	cache->first = cache->end = cache->host = sector;
	cache->filling = false;
	cache->hard = CACHE_NO_BLOCK;
}

void cache_resume(struct drive *drive, uint64_t at_ns)
{
	struct drive_cache *cache = &drive->cache;
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t low = (uint64_t)((double)ahead_sectors(drive) * p->refill);
	bool enough = cache->end > cache->host && cache->end - cache->host >= low;
	if (cache->filling || enough || !p->prefetch || cache->hard != CACHE_NO_BLOCK ||
	    cache_room(drive) < drive->disc.ecc_block)
		return;
	double ms = p->refill_ms.from +
		    (p->refill_ms.to - p->refill_ms.from) *
			    num_uniform(drive_draw(drive, CHANCE_REFILL, cache->end, drive->counts.reads));
	cache->filling = true;
	drive->head.next_sector = cache->end;
	drive->head.at_ns = at_ns + (uint64_t)(ms * 1e6);
}

/* The head is at, or in, a block that is not simply read. False: reading on ends there. */
static bool read_on_over(struct drive *drive, uint64_t block)
{
	struct drive_cache *cache = &drive->cache;
	const struct drive_params *p = &drive->scenario.drive;
	if (drive_block_would_read(drive, block)) {
		bool effort = drive->disc.blocks && (double)drive->disc.blocks[block].x > DRIVE_EFFORT_X;
		cache_grow(drive, cache->end + drive->disc.ecc_block);
		drive->head.next_sector = cache->end;
		drive->head.at_ns += drive->rate.block_ns + (effort ? drive_rec_ns(drive, block) : 0);
		return true;
	}
	cache->filling = false;
	cache->hard = block;
	if (drive_chance(drive, p->prefetch_stall, CHANCE_STALL, block, drive->counts.reads)) {
		double share = num_uniform(drive_draw(drive, CHANCE_STALL_TIME, block, drive->counts.reads));
		cache->stalled_until_ns = drive->head.at_ns + drive->rate.block_ns +
					  (uint64_t)(share * (double)drive_fail_ns(drive, block, false));
	}
	return false;
}

/* Passes over blocks that are simply read. False: it has come to where it is now. */
static bool advance_run(struct drive *drive, uint64_t now_ns)
{
	struct drive_cache *cache = &drive->cache;
	uint64_t ecc = drive->disc.ecc_block, ns = drive->rate.block_ns;
	uint64_t block = cache->end / ecc;
	uint64_t room = cache_room(drive) / ecc, here = (drive->rate.to - cache->end + ecc - 1) / ecc;
	uint64_t most = room < here ? room : here;
	if (!room) {
		cache->filling = false;
		return false;
	}
	if (drive->head.at_ns + ns > now_ns)
		/* The block that it is in: if it is a bad one, firmware is at work on it. */
		return drive_block_hard(drive, block, block + 1) == block && read_on_over(drive, block);
	uint64_t done = (now_ns - drive->head.at_ns) / ns;
	most = done < most ? done : most;
	uint64_t hard = drive_block_hard(drive, block, block + most);
	cache_grow(drive, cache->end + (hard - block) * ecc);
	drive->head.next_sector = cache->end;
	drive->head.at_ns += (hard - block) * ns;
	if (drive->cap_sectors && hard > block)
		drive_cap_lift(drive, (hard - block) * ecc, drive->head.at_ns);
	return hard == block + most || read_on_over(drive, hard);
}

void cache_advance(struct drive *drive, uint64_t now_ns)
{
	struct drive_cache *cache = &drive->cache;
	while (cache->filling && drive->head.at_ns < now_ns) {
		drive->head.at_ns = drive_rate_at(drive, cache->end, drive->head.at_ns);
		if (drive->head.at_ns >= now_ns || !advance_run(drive, now_ns))
			return;
	}
}
