/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plainest rescue that respects ECC blocks: in order, never skipping,
 * never a sector alone. What failed is tried again in whole passes.
 */
#include "sim/rival_run.h"

#define REQUEST_SECTORS 32u /* 64 KiB: what every host adapter moves, two ECC blocks of a DVD */
#define TIMEOUT_MS 60000u   /* longer than any drive of which a figure is known takes for one ECC block */
#define RETRY_PASSES 3u     /* as many as the tuned ddrescue has */

static uint32_t part(uint64_t pos, uint64_t end, uint32_t unit)
{
	uint64_t count = unit - pos % unit;
	return (uint32_t)(count < end - pos ? count : end - pos);
}

/* A failed request again, one ECC block after the other. */
static void by_blocks(struct rival_run *run, uint64_t pos, uint64_t end)
{
	struct port_reply reply;
	while (pos < end && !run->over) {
		uint32_t count = part(pos, end, run->info.ecc_block);
		if (!rival_read(run, pos, count, TIMEOUT_MS, &reply) && !run->result->gone)
			rival_mark(run, pos + reply.prefix, count - reply.prefix, RESPIN_NON_SCRAPED);
		pos += count;
	}
}

void rival_retry_blocks(struct rival_run *run, unsigned first, unsigned last)
{
	for (unsigned pass = first; pass <= last; pass++) {
		bool forwards = pass % 2 == 0; /* the first one goes back from where the copy ended */
		uint64_t pos = forwards ? 0 : run->info.sectors;
		struct respin_extent extent;
		if (run->config->place)
			run->config->place->stage = pass;
		while ((forwards ? map_find(run->map, pos, MASK(RESPIN_NON_SCRAPED), &extent)
				 : map_find_back(run->map, pos, MASK(RESPIN_NON_SCRAPED), &extent)) &&
		       !run->over) {
			/* One ECC block of it; the run may be what two passes left of several. */
			uint64_t start = extent.range.start, end = start + extent.range.count;
			uint32_t unit = run->info.ecc_block;
			if (forwards)
				end = start + part(start, end, unit);
			else if ((end - 1) / unit * unit > start)
				start = (end - 1) / unit * unit;
			by_blocks(run, start, end);
			pos = forwards ? end : start;
		}
	}
}

void rival_linear(struct port *port, const struct rival_config *config, struct rival_result *result)
{
	struct rival_run run;
	struct respin_extent extent;
	struct port_reply reply;
	rival_begin(&run, port, config, result);
	uint32_t unit = run.info.ecc_block > REQUEST_SECTORS ? run.info.ecc_block : REQUEST_SECTORS;
	if (unit > run.info.max_sectors)
		unit = run.info.ecc_block;
	for (uint64_t pos = 0; map_find(run.map, pos, MASK(RESPIN_NON_TRIED), &extent) && !run.over;) {
		pos = extent.range.start;
		uint32_t count = part(pos, extent.range.start + extent.range.count, unit);
		if (!rival_read(&run, pos, count, TIMEOUT_MS, &reply) && !run.over)
			by_blocks(&run, pos, pos + count);
		pos += count;
	}
	unsigned first = config->place && config->place->stage ? config->place->stage : 1;
	rival_retry_blocks(&run, first, RETRY_PASSES);
	rival_end(&run);
}
