/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The published picture of a rescue. Two mutexes: `log` is held for an append
 * or a swap only, `readers` for as long as a list is built; the consumer takes
 * the second one only when it is free.
 */
#include "engine/view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"
#include "core/stats.h"

/* Folded by the consumer itself beyond this, if no reader is at work: 1 MiB. */
#define LOG_LONG 32768u
/* A list of 1e5 ranges costs a millisecond: not more often than a person can see. */
#define LIST_INTERVAL_NS 100000000ull
#define LIST_FIRST 64u
#define RUNS_AT_ONCE 128u
/* An output that records nothing for so long is stuck, whatever the reason. */
#define STUCK_MS 10000u

struct view {
	pthread_mutex_t log;
	struct respin_span *spans; /* recorded, not yet folded */
	size_t span_count, span_cap;
	uint64_t version;  /* items recorded */
	uint64_t begun_ns; /* the item being recorded; 0: none */
	uint64_t gained, reads, failed_reads;
	struct respin_outcome last;
	bool closed;

	pthread_mutex_t readers;
	struct respin_map *map;
	const struct respin_map *domain;
	struct tally tally;
	struct respin_snapshot built; /* the last one with its list */
	uint64_t built_ns;
};

struct view *view_create(const struct respin_map *map, const struct respin_map *domain)
{
	struct view *view = calloc(1, sizeof *view);
	if (!view)
		return NULL;
	view->map = map_copy(map);
	if (!view->map) {
		free(view);
		return NULL;
	}
	view->domain = domain;
	tally_init(&view->tally, view->map, domain);
	pthread_mutex_init(&view->log, NULL);
	pthread_mutex_init(&view->readers, NULL);
	return view;
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	pthread_mutex_destroy(&view->readers);
	pthread_mutex_destroy(&view->log);
	respin_snapshot_finish(&view->built);
	map_destroy(view->map);
	free(view->spans);
	free(view);
}

void respin_snapshot_finish(struct respin_snapshot *snapshot)
{
	free(snapshot->ranges);
	snapshot->ranges = NULL;
	snapshot->range_count = 0;
}

void view_begin(struct view *view, uint64_t now_ns)
{
	pthread_mutex_lock(&view->log);
	view->begun_ns = now_ns;
	pthread_mutex_unlock(&view->log);
}

static bool log_room(struct view *view, uint32_t count)
{
	if (view->span_cap - view->span_count >= count)
		return true;
	size_t cap = view->span_cap ? view->span_cap * 2 : 256;
	struct respin_span *spans = realloc(view->spans, cap * sizeof *spans);
	if (!spans)
		return false;
	view->spans = spans;
	view->span_cap = cap;
	return true;
}

/* Both mutexes held. */
static int fold_log(struct view *view)
{
	for (size_t i = 0; i < view->span_count; i++) {
		int r = map_apply(view->map, &view->spans[i]);
		if (r < 0) {
			/* Keep the rest: folding a span twice does no harm. */
			memmove(view->spans, &view->spans[i], (view->span_count - i) * sizeof *view->spans);
			view->span_count -= i;
			return r;
		}
	}
	view->span_count = 0;
	return 0;
}

int view_record(struct view *view, const struct respin_outcome *outcome)
{
	struct respin_range failed;
	int r = 0;
	pthread_mutex_lock(&view->log);
	if (log_room(view, outcome->span_count)) {
		for (uint32_t i = 0; i < outcome->span_count; i++)
			view->spans[view->span_count++] = outcome->spans[i];
	} else {
		r = RESPIN_E_NOMEM;
	}
	view->version++;
	view->begun_ns = 0;
	view->gained += outcome_gained(outcome);
	if (outcome->span_count && !outcome_decided(outcome)) {
		view->reads++;
		view->failed_reads += outcome_failed(outcome, &failed);
	}
	view->last = *outcome;
	view->last.bytes = NULL;
	view->last.bytes_len = 0;
	if (r == 0 && view->span_count > LOG_LONG && pthread_mutex_trylock(&view->readers) == 0) {
		r = fold_log(view);
		pthread_mutex_unlock(&view->readers);
	}
	pthread_mutex_unlock(&view->log);
	return r;
}

/* Everything but the list. Both mutexes held, the log folded. */
static void fill(const struct view *view, uint64_t now_ns, struct respin_snapshot *snapshot)
{
	tally_stats(&view->tally, view->map, &snapshot->stats);
	snapshot->version = view->version;
	snapshot->phase = view->last.request.phase;
	snapshot->pos = view->last.request.range.start;
	snapshot->gained = view->gained;
	snapshot->reads = view->reads;
	snapshot->failed_reads = view->failed_reads;
	snapshot->last = view->last;
	uint64_t stuck_ms =
		view->begun_ns && now_ns > view->begun_ns ? (now_ns - view->begun_ns) / 1000000u : 0;
	snapshot->output_stuck_ms = stuck_ms >= STUCK_MS ? stuck_ms : 0;
}

/* Without a domain: run by run, which is eight times as fast as one search after the other. How many. */
static size_t list_runs(const struct view *view, struct respin_extent *ranges, size_t cap)
{
	struct respin_extent runs[RUNS_AT_ONCE];
	size_t count = 0, n;
	for (uint64_t pos = 0; (n = map_runs(view->map, pos, runs, RUNS_AT_ONCE)) > 0;) {
		for (size_t i = 0; i < n; i++)
			if (runs[i].status != RESPIN_FINISHED && count < cap)
				ranges[count++] = runs[i];
		pos = runs[n - 1].range.start + runs[n - 1].range.count;
	}
	return count;
}

/* The map knows how many there will be: no more than needed is taken, though a domain may cut some of them in two. */
static int list_ranges(const struct view *view, struct respin_snapshot *snapshot)
{
	uint64_t areas = map_extents(view->map) - map_areas(view->map, RESPIN_FINISHED);
	size_t cap = view->domain || areas < LIST_FIRST ? LIST_FIRST : (size_t)areas, count = 0;
	struct respin_extent extent, *ranges = malloc(cap * sizeof *ranges);
	if (!ranges)
		return RESPIN_E_NOMEM;
	if (!view->domain)
		count = list_runs(view, ranges, cap);
	for (uint64_t pos = 0;
	     view->domain && domain_find(view->map, view->domain, pos, MASK_UNFINISHED, &extent);
	     pos = extent.range.start + extent.range.count) {
		if (count == cap) {
			struct respin_extent *larger = realloc(ranges, 2 * cap * sizeof *ranges);
			if (!larger) {
				free(ranges);
				return RESPIN_E_NOMEM;
			}
			ranges = larger;
			cap *= 2;
		}
		ranges[count++] = extent;
	}
	snapshot->ranges = ranges;
	snapshot->range_count = count;
	return 0;
}

static int copy_built(const struct view *view, struct respin_snapshot *snapshot)
{
	size_t bytes = view->built.range_count * sizeof *view->built.ranges;
	*snapshot = view->built;
	snapshot->ranges = NULL;
	if (!bytes)
		return 0;
	struct respin_extent *ranges = malloc(bytes);
	if (!ranges)
		return RESPIN_E_NOMEM;
	snapshot->ranges = memcpy(ranges, view->built.ranges, bytes);
	return 0;
}

/* The readers' mutex is held. */
static int snapshot_locked(struct view *view, uint64_t now_ns, bool with_ranges,
			   struct respin_snapshot *snapshot)
{
	struct respin_snapshot fresh = {.size = sizeof fresh};
	pthread_mutex_lock(&view->log);
	int r = fold_log(view);
	fill(view, now_ns, &fresh);
	bool throttle = !view->closed && view->built.ranges && now_ns - view->built_ns < LIST_INTERVAL_NS;
	pthread_mutex_unlock(&view->log);
	if (r < 0)
		return r;
	if (!with_ranges) {
		*snapshot = fresh;
		return 0;
	}
	if (!throttle && (fresh.version != view->built.version || !view->built.ranges)) {
		/* The old list goes first: there may be millions of ranges. */
		respin_snapshot_finish(&view->built);
		r = list_ranges(view, &fresh);
		if (r < 0) {
			respin_snapshot_finish(&fresh);
			return r;
		}
		view->built = fresh;
		view->built_ns = now_ns;
	}
	return copy_built(view, snapshot);
}

int view_snapshot(struct view *view, uint64_t now_ns, bool with_ranges, struct respin_snapshot *snapshot)
{
	pthread_mutex_lock(&view->readers);
	int r = snapshot_locked(view, now_ns, with_ranges, snapshot);
	pthread_mutex_unlock(&view->readers);
	return r;
}

void view_close(struct view *view)
{
	pthread_mutex_lock(&view->log);
	view->closed = true;
	pthread_mutex_unlock(&view->log);
}
