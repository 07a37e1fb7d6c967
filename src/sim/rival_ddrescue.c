/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GNU ddrescue 1.27: which reads its four phases make, in which order, and how
 * they mark the map; without options that watch the clock, which are off by
 * default. Written from its manual ("Algorithm") and from the reads that the
 * program was seen to make; tests/interop holds it to those, read by read.
 */
#include "sim/rival_run.h"

#define SECTOR_BYTES 2048u
#define CLUSTER_BYTES 65536u
/* Manual, --skip-size: infile_size / 100000 but at least 64 KiB (seen: in steps of 64 KiB), doubling up to 1 %. */
#define SKIP_STEP_BYTES 65536u
#define SKIP_SHARE_FIRST 100000u
#define SKIP_SHARE_MOST 100u
/* O_DIRECT with clusters of an ECC block; on CD, where each sector fails alone, half the default. */
#define TUNED_CLUSTER_LEAST 16u

enum stage { COPYING = 1, TRIMMING = 6, SCRAPING, RETRYING }; /* 1 .. 5 are the passes of copying */

struct ddrescue {
	struct rival_run run;
	uint32_t cluster;
	uint64_t skip_first, skip_most; /* sectors */
	uint64_t end;                   /* of the map: where the device was found to end */
	uint64_t size;                  /* of the device, as the kernel says now */
	struct rival_place place;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void quit(struct ddrescue *dd, const char *why)
{
	dd->run.result->quit = why;
	dd->run.over = true;
}

/* After an error near its end Linux takes the device to be shorter. */
static void look_at_size(struct ddrescue *dd)
{
	struct port_info info;
	dd->run.port->ops->info(dd->run.port->self, &info);
	dd->size = info.sectors;
}

/*
 * Reads until everything came or nothing more does: a short read is followed by
 * one for the rest. What is lacking then becomes `failed`, or bad at once where
 * it is a single sector. False: something is lacking.
 */
static bool copy(struct ddrescue *dd, uint64_t start, uint64_t count, enum respin_status failed)
{
	struct port_reply reply = {0};
	uint64_t done = 0;
	while (done < count && !dd->run.over) {
		if (start + done > dd->size) { /* the seek fails with EINVAL */
			quit(dd, "Unaligned read error. Is sector size correct?");
			return false;
		}
		if (rival_read(&dd->run, start + done, (uint32_t)(count - done), 0, &reply))
			return true;
		look_at_size(dd);
		uint64_t came = reply.ok ? count - done - least(reply.lacking, count - done) : reply.prefix;
		done += came;
		if (came == 0)
			break;
	}
	if (done == count)
		return true;
	if (dd->run.result->gone && !reply.gone) /* a person stopped it, or the output is full */
		return false;
	if (reply.end && !reply.gone) {
		dd->end = least(dd->end, start + done);
		return true;
	}
	rival_mark(&dd->run, start + done, count - done, count - done > 1 ? failed : RESPIN_BAD);
	return false;
}

/* Forwards through one block, from `pos` on. `skips`: away from failures, in growing steps. */
static void copy_forwards(struct ddrescue *dd, uint64_t pos, uint64_t end, unsigned pass)
{
	uint64_t skip = dd->skip_first;
	while (pos < least(end, dd->end) && !dd->run.over) {
		/* A cluster ends where clusters end on the disc, wherever it begins; a last part is read in one. */
		uint64_t count = end - pos;
		if (count > dd->cluster)
			count = dd->cluster - pos % dd->cluster;
		dd->place.pos = pos;
		bool good = copy(dd, pos, count, RESPIN_NON_TRIMMED);
		pos += count;
		if (good) {
			skip = dd->skip_first;
		} else if (pass == 1) {
			pos += skip;
			skip = least(skip * 2, dd->skip_most);
		} else if (pass == 3) {
			return;
		}
	}
}

static void copy_backwards(struct ddrescue *dd, uint64_t start, uint64_t pos)
{
	while (pos > start && !dd->run.over) {
		uint64_t count = pos - start;
		if (count > dd->cluster)
			count = (pos - 1) % dd->cluster + 1;
		dd->place.pos = pos;
		if (!copy(dd, pos - count, count, RESPIN_NON_TRIMMED))
			return;
		pos -= count;
	}
}

static bool follows(const struct ddrescue *dd, const struct respin_range *block, enum respin_status status)
{
	return block->start > 0 && map_at(dd->run.map, block->start - 1) == status;
}

static bool precedes(const struct ddrescue *dd, const struct respin_range *block, enum respin_status status)
{
	uint64_t end = block->start + block->count;
	return end < dd->end && map_at(dd->run.map, end) == status;
}

/* Passes 1, 3 and 5. Pass 3 is for what a slow area made pass 1 skip: behind something that was read. */
static void pass_forwards(struct ddrescue *dd, unsigned pass, uint64_t from)
{
	struct respin_extent extent;
	while (map_find(dd->run.map, from, MASK(RESPIN_NON_TRIED), &extent) && extent.range.start < dd->end &&
	       !dd->run.over) {
		from = extent.range.start + extent.range.count;
		if (pass != 3 || follows(dd, &extent.range, RESPIN_FINISHED))
			copy_forwards(dd, extent.range.start, least(from, dd->end), pass);
	}
}

/* Passes 2 and 4. Pass 4: before something that was read; a short read in pass 2 leaves such blocks. */
static void pass_backwards(struct ddrescue *dd, unsigned pass, uint64_t before)
{
	struct respin_extent extent;
	while (map_find_back(dd->run.map, before, MASK(RESPIN_NON_TRIED), &extent) && !dd->run.over) {
		before = extent.range.start;
		if (pass != 4 || precedes(dd, &extent.range, RESPIN_FINISHED))
			copy_backwards(dd, extent.range.start,
				       least(extent.range.start + extent.range.count, dd->end));
	}
}

/* Sector by sector inwards from both edges, to the first bad one each; an edge beside a bad sector is known. */
static void trim_block(struct ddrescue *dd, const struct respin_range *block)
{
	uint64_t start = block->start, end = block->start + block->count;
	bool known = follows(dd, block, RESPIN_BAD);
	while (start < end && !known && !dd->run.over)
		known = !copy(dd, start++, 1, RESPIN_BAD);
	known = precedes(dd, block, RESPIN_BAD);
	while (start < end && !known && !dd->run.over)
		known = !copy(dd, --end, 1, RESPIN_BAD);
	if (start < end && !dd->run.over)
		rival_mark(&dd->run, start, end - start, RESPIN_NON_SCRAPED);
}

static void trim(struct ddrescue *dd)
{
	struct respin_extent extent;
	for (uint64_t from = 0; map_find(dd->run.map, from, MASK(RESPIN_NON_TRIMMED), &extent) &&
				extent.range.start < dd->end && !dd->run.over;) {
		from = extent.range.start + extent.range.count;
		extent.range.count = least(from, dd->end) - extent.range.start;
		trim_block(dd, &extent.range);
	}
}

/* Every sector of a status once, forwards or backwards: scraping and retrying. */
static void each_sector(struct ddrescue *dd, enum respin_status status, bool forwards)
{
	struct respin_extent extent;
	uint64_t pos = forwards ? 0 : dd->end;
	while ((forwards ? map_find(dd->run.map, pos, MASK(status), &extent)
			 : map_find_back(dd->run.map, pos, MASK(status), &extent)) &&
	       extent.range.start < dd->end && !dd->run.over) {
		uint64_t end = least(extent.range.start + extent.range.count, dd->end);
		uint64_t count = end - extent.range.start;
		for (uint64_t i = 0; i < count && !dd->run.over; i++)
			(void)copy(dd, forwards ? extent.range.start + i : end - 1 - i, 1, RESPIN_BAD);
		pos = forwards ? end : extent.range.start;
	}
}

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static void begin(struct ddrescue *dd, struct port *port, const struct rival_config *config,
		  struct rival_result *result)
{
	rival_begin(&dd->run, port, config, result);
	uint64_t bytes = dd->run.info.sectors * SECTOR_BYTES, first = bytes / SKIP_SHARE_FIRST;
	first = first < SKIP_STEP_BYTES ? SKIP_STEP_BYTES : round_up(first, SKIP_STEP_BYTES);
	dd->skip_first = first / SECTOR_BYTES;
	dd->skip_most = round_up(bytes / SKIP_SHARE_MOST, SECTOR_BYTES) / SECTOR_BYTES;
	if (dd->skip_most < dd->skip_first)
		dd->skip_most = dd->skip_first;
	dd->end = dd->size = dd->run.info.sectors;
	if (config->place)
		dd->place = *config->place;
}

static bool goes_on(struct ddrescue *dd, unsigned stage)
{
	if (dd->run.over || dd->place.stage > stage)
		return false;
	if (dd->place.stage < stage)
		dd->place = (struct rival_place){.stage = stage,
						 .pos = stage % 2 == 0 && stage <= 5 ? dd->end : 0};
	return true;
}

static void copying(struct ddrescue *dd)
{
	for (unsigned pass = 1; pass <= 5; pass++) {
		if (!goes_on(dd, pass) || !map_count(dd->run.map, RESPIN_NON_TRIED))
			continue;
		if (pass % 2)
			pass_forwards(dd, pass, dd->place.pos);
		else
			pass_backwards(dd, pass, dd->place.pos);
	}
}

static void end(struct ddrescue *dd)
{
	const struct respin_range *again = &dd->run.again;
	if (again->count &&
	    dd->place.stage < TRIMMING) { /* behind its place nobody would look for what was put back */
		uint64_t to = again->start + again->count;
		if (dd->place.stage % 2)
			dd->place.pos = least(dd->place.pos, again->start);
		else if (to > dd->place.pos)
			dd->place.pos = to;
	}
	if (dd->run.config->place)
		*dd->run.config->place = dd->place;
	rival_end(&dd->run);
}

static void command(struct ddrescue *dd, bool scrapes, unsigned retries)
{
	copying(dd);
	if (goes_on(dd, TRIMMING))
		trim(dd);
	if (scrapes && goes_on(dd, SCRAPING))
		each_sector(dd, RESPIN_NON_SCRAPED, true);
	for (unsigned i = 0; i < retries; i++)
		if (goes_on(dd, RETRYING + i))
			each_sector(dd, RESPIN_BAD, i % 2 == 0);
}

void rival_ddrescue(struct port *port, const struct rival_config *config, struct rival_result *result)
{
	struct ddrescue dd = {.cluster = CLUSTER_BYTES / SECTOR_BYTES};
	begin(&dd, port, config, result);
	command(&dd, true, 0);
	end(&dd);
}

/* A second command looks at the device anew; a map that goes past its end is cut, or refused. */
static void begin_again(struct ddrescue *dd)
{
	const struct port_ops *ops = dd->run.port->ops;
	struct respin_extent last;
	if (dd->run.result->quit && !dd->run.result->gone) { /* the first one's end is no reason not to try */
		dd->run.result->quit = NULL;
		dd->run.over = false;
	}
	if (!dd->run.over && ops->ready && !ops->ready(dd->run.port->self))
		quit(dd, "No medium found");
	look_at_size(dd);
	if (dd->run.over || dd->end <= dd->size)
		return;
	(void)map_find_back(dd->run.map, dd->end, MASK_ALL, &last);
	if (last.range.start > dd->size || last.status == RESPIN_FINISHED)
		quit(dd, "its map goes past the end of the device");
	dd->end = dd->size;
}

void rival_ddrescue_tuned(struct port *port, const struct rival_config *config, struct rival_result *result)
{
	struct ddrescue dd = {.cluster = TUNED_CLUSTER_LEAST};
	begin(&dd, port, config, result);
	if (dd.run.info.ecc_block > dd.cluster)
		dd.cluster = dd.run.info.ecc_block;
	if (dd.place.stage <= TRIMMING) {
		command(&dd, false, 0); /* -n */
		begin_again(&dd);
	}
	command(&dd, true, 3); /* -r3 */
	end(&dd);
}
