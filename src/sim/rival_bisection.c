/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bisection: what is easy first. The largest part that was not tried yet is
 * read from its middle on, to its end or to an error; the first one from its
 * beginning. Good stretches come early, each ECC block is tried once, and what
 * failed is tried again in whole passes.
 */
#include <stdlib.h>

#include "sim/rival_run.h"

#define TIMEOUT_MS 60000u
#define RETRY_PASSES 3u

/* Parts that were not tried, the largest on top. Equal ones: the lower first, so that runs repeat. */
struct gaps {
	struct respin_range *at;
	size_t count, room;
};

static bool before(const struct respin_range *a, const struct respin_range *b)
{
	return a->count > b->count || (a->count == b->count && a->start < b->start);
}

static void swap(struct respin_range *a, struct respin_range *b)
{
	struct respin_range c = *a;
	*a = *b;
	*b = c;
}

static bool gaps_push(struct gaps *gaps, uint64_t start, uint64_t end)
{
	if (start >= end)
		return true;
	if (gaps->count == gaps->room) {
		size_t room = gaps->room ? gaps->room * 2 : 64;
		struct respin_range *at = realloc(gaps->at, room * sizeof *at);
		if (!at)
			return false;
		gaps->at = at;
		gaps->room = room;
	}
	size_t i = gaps->count++;
	gaps->at[i] = (struct respin_range){start, end - start};
	for (; i > 0 && before(&gaps->at[i], &gaps->at[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&gaps->at[i], &gaps->at[(i - 1) / 2]);
	return true;
}

static struct respin_range gaps_pop(struct gaps *gaps)
{
	struct respin_range top = gaps->at[0];
	gaps->at[0] = gaps->at[--gaps->count];
	for (size_t i = 0, child; (child = 2 * i + 1) < gaps->count; i = child) {
		if (child + 1 < gaps->count && before(&gaps->at[child + 1], &gaps->at[child]))
			child++;
		if (!before(&gaps->at[child], &gaps->at[i]))
			break;
		swap(&gaps->at[i], &gaps->at[child]);
	}
	return top;
}

/* Reads on from `pos`; where it ended: `end`, or behind an ECC block that failed. */
static uint64_t read_on(struct rival_run *run, uint64_t pos, uint64_t end)
{
	uint32_t unit = run->info.ecc_block;
	struct port_reply reply;
	while (pos < end && !run->over) {
		/* ECC blocks in twos and more where they are small: a request of 64 KiB at most. */
		uint64_t step = unit < 16 ? 16 : unit, count = step - pos % step;
		if (count > end - pos)
			count = end - pos;
		if (rival_read(run, pos, (uint32_t)count, TIMEOUT_MS, &reply)) {
			pos += count;
			continue;
		}
		if (run->result->gone)
			return pos;
		if (count > unit) { /* a CD: which one is it? */
			uint64_t stop = pos + count;
			while (pos < stop && !run->over && rival_read(run, pos, 1, TIMEOUT_MS, &reply))
				pos++;
			if (pos == stop || run->over)
				continue;
			count = 1;
		}
		rival_mark(run, pos, count, RESPIN_NON_SCRAPED);
		return pos + count;
	}
	return pos;
}

static bool collect(struct rival_run *run, struct gaps *gaps)
{
	struct respin_extent extent;
	for (uint64_t pos = 0; map_find(run->map, pos, MASK(RESPIN_NON_TRIED), &extent);) {
		pos = extent.range.start + extent.range.count;
		if (!gaps_push(gaps, extent.range.start, pos))
			return false;
	}
	return true;
}

static void bisect(struct rival_run *run, struct gaps *gaps)
{
	bool first = map_count(run->map, RESPIN_NON_TRIED) == map_total(run->map);
	while (gaps->count && !run->over) {
		struct respin_range gap = gaps_pop(gaps);
		uint64_t end = gap.start + gap.count, unit = run->info.ecc_block, middle = gap.start;
		if (!first && gap.count > unit) {
			middle = (gap.start + gap.count / 2) / unit * unit;
			if (middle < gap.start)
				middle = gap.start;
		}
		first = false;
		uint64_t stopped = read_on(run, middle, end);
		if (!gaps_push(gaps, gap.start, middle) || !gaps_push(gaps, stopped, end))
			run->over = true;
	}
}

void rival_bisection(struct port *port, const struct rival_config *config, struct rival_result *result)
{
	struct rival_run run;
	struct gaps gaps = {0};
	rival_begin(&run, port, config, result);
	if (collect(&run, &gaps))
		bisect(&run, &gaps);
	else
		run.over = true;
	free(gaps.at);
	unsigned first = config->place && config->place->stage ? config->place->stage : 1;
	rival_retry_blocks(&run, first, RETRY_PASSES);
	rival_end(&run);
}
