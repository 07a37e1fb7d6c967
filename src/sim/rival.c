/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of rivals and the bookkeeping that they share. It decides nothing about reads. */
#include <string.h>

#include "core/history.h"
#include "core/sense.h"
#include "sim/rival_run.h"

#define NS_PER_S 1000000000ull

const struct rival rivals[] = {
	{"linear",
	 "in order, never skipping; a failed read again by ECC block; then 3 passes over what failed",
	 PORT_SG, rival_linear},
	{"bisection",
	 "the largest gap from its middle to its end or an error; then 3 passes over what failed", PORT_SG,
	 rival_bisection},
	{"predecessor", "libfreemkv 0.20.0: a sweep, then patches until one gains nothing, 10 at most",
	 PORT_SG, rival_predecessor},
	{"ddrescue", "GNU ddrescue 1.27 as most people type it: -b2048, through the page cache, no retries",
	 PORT_CACHED, rival_ddrescue},
	{"ddrescue-tuned",
	 "GNU ddrescue 1.27: -d -b2048 -n with clusters of an ECC block, then -d -b2048 -r3", PORT_BLOCK,
	 rival_ddrescue_tuned},
};
const size_t rival_count = sizeof rivals / sizeof *rivals;

const struct rival *rival_find(const char *name)
{
	for (size_t i = 0; i < rival_count; i++)
		if (!strcmp(rivals[i].name, name))
			return &rivals[i];
	return NULL;
}

uint64_t rival_now_ns(const struct rival_run *run)
{
	return run->port->ops->now_ns(run->port->self);
}

void rival_begin(struct rival_run *run, struct port *port, const struct rival_config *config,
		 struct rival_result *result)
{
	*result = (struct rival_result){0};
	*run = (struct rival_run){.port = port, .config = config, .result = result, .map = config->map};
	port->ops->info(port->self, &run->info);
	if (run->info.sectors > map_total(run->map)) /* another disc may lie in the drive by now */
		run->info.sectors = map_total(run->map);
	run->began_ns = rival_now_ns(run);
}

void rival_end(struct rival_run *run)
{
	run->result->virtual_ns = rival_now_ns(run) - run->began_ns;
	run->result->ended = !run->over;
}

static void note(struct rival_run *run, uint64_t lba, uint32_t count, const struct port_reply *reply)
{
	struct rival_result *result = run->result;
	const struct rival_config *config = run->config;
	uint64_t how = (uint64_t)reply->ok << 41 | (uint64_t)reply->transport << 40 |
		       (uint64_t)reply->sense.key << 16 | (uint64_t)reply->sense.asc << 8 | reply->sense.ascq;
	result->reads++;
	result->failed_reads += !reply->ok;
	result->commands += reply->commands;
	result->failed += reply->failed;
	history_add(&result->history, lba);
	history_add(&result->history, count);
	history_add(&result->history, how);
	history_add(&result->history, reply->elapsed_ns);
	if (config->read)
		config->read(config->arg, lba, count, reply);
}

/* ---- the person beside it ---- */

enum trouble { TROUBLE_NONE, TROUBLE_STUCK, TROUBLE_NO_DISC };

static enum trouble trouble(const struct port_reply *reply)
{
	const struct respin_sense *sense = &reply->sense;
	if (reply->ok || reply->prefix)
		return TROUBLE_NONE;
	if (!reply->transport && sense->key == SENSE_NOT_READY && sense->asc == 0x3a)
		return TROUBLE_NO_DISC;
	if (reply->elapsed_ns >= RIVAL_STUCK_NS)
		return TROUBLE_NONE;
	bool refused = sense->key == SENSE_ILLEGAL_REQUEST && sense->asc == 0x24 && sense->ascq == 0;
	bool stuck = reply->transport || sense->key == SENSE_NOT_READY ||
		     sense->key == SENSE_HARDWARE_ERROR || refused;
	return stuck ? TROUBLE_STUCK : TROUBLE_NONE;
}

/* What the map says of a place, before the policy judges the failure. */
static void remember(struct rival_run *run, uint64_t lba, uint32_t count)
{
	struct respin_extent extent;
	uint64_t end = lba + count;
	while (lba < end && run->before_count < RIVAL_STUCK_RUNS &&
	       map_find(run->map, lba, MASK_ALL, &extent)) {
		uint64_t stop = extent.range.start + extent.range.count;
		extent.range.count = (stop < end ? stop : end) - extent.range.start;
		run->before[run->before_count++] = extent;
		lba = extent.range.start + extent.range.count;
	}
}

/* A stuck drive says nothing about the disc: its failures are taken back, the last one first. */
static void put_back(struct rival_run *run)
{
	uint64_t first = UINT64_MAX, end = 0;
	while (run->before_count) {
		const struct respin_extent *extent = &run->before[--run->before_count];
		uint64_t stop = extent->range.start + extent->range.count;
		rival_mark(run, extent->range.start, extent->range.count, extent->status);
		first = extent->range.start < first ? extent->range.start : first;
		end = stop > end ? stop : end;
	}
	if (end)
		run->again = (struct respin_range){first, end - first};
}

/* `kept`: the policy will mark what failed. */
static void watch(struct rival_run *run, uint64_t lba, uint32_t count, const struct port_reply *reply,
		  bool kept)
{
	enum trouble what = trouble(reply);
	if (!reply->ok && !reply->commands)
		return; /* the kernel itself refused: neither here nor there */
	if (what == TROUBLE_NONE) {
		run->stuck = run->before_count = 0;
		return;
	}
	if (kept)
		remember(run, lba, count);
	if (++run->stuck < RIVAL_STUCK_FAILURES && what != TROUBLE_NO_DISC)
		return;
	put_back(run);
	run->over = run->result->gone = true;
}

/* ---- reads ---- */

static bool ask(struct rival_run *run, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		struct port_reply *reply, bool kept)
{
	const struct rival_config *config = run->config;
	run->port->ops->read(run->port->self, lba, count, timeout_ms, reply);
	note(run, lba, count, reply);
	if (config->limit_ns && rival_now_ns(run) - run->began_ns > config->limit_ns)
		run->over = true;
	if (reply->gone && !reply->ok)
		run->over = run->result->gone = true;
	else
		watch(run, lba, count, reply, kept);
	if (config->stop && config->stop(config->arg))
		run->over = true;
	return reply->ok;
}

bool rival_touch(struct rival_run *run, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		 struct port_reply *reply)
{
	return ask(run, lba, count, timeout_ms, reply, false);
}

bool rival_take(struct rival_run *run, uint64_t lba, uint32_t count)
{
	const struct rival_config *config = run->config;
	uint64_t before = map_count(run->map, RESPIN_FINISHED);
	if (config->put && !config->put(config->arg, lba, count)) {
		run->over = run->result->gone = true;
		return false;
	}
	rival_mark(run, lba, count, RESPIN_FINISHED);
	if (config->gained && map_count(run->map, RESPIN_FINISHED) > before)
		config->gained(config->arg, rival_now_ns(run), map_count(run->map, RESPIN_FINISHED));
	return true;
}

bool rival_read(struct rival_run *run, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		struct port_reply *reply)
{
	bool ok = ask(run, lba, count, timeout_ms, reply, true);
	uint32_t came = ok ? count - (reply->lacking < count ? reply->lacking : count) : reply->prefix;
	if (came && !rival_take(run, lba, came)) {
		reply->ok = false;
		reply->prefix = came = 0;
	}
	return came == count;
}

void rival_mark(struct rival_run *run, uint64_t lba, uint64_t count, enum respin_status status)
{
	if (count && map_set(run->map, (struct respin_range){lba, count}, status) < 0)
		run->over = true; /* no memory: what is known so far is the result */
}

void rival_wait_s(struct rival_run *run, uint64_t seconds)
{
	run->port->ops->wait_ns(run->port->self, seconds * NS_PER_S);
}
