/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merging, from the first byte to the last: one walk through the disc, in
 * stretches that the same images have, whose bytes are compared and given to the
 * output. Holds one stretch at a time. Opens nothing.
 */
#include "respin_merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/ops.h"
#include "core/stats.h"
#include "io/clock_real.h"

/* What is compared at a time: large enough to stream, small enough for 33 of them. */
#define CHUNK_BYTES (1u << 20)
#define PROGRESS_NS 250000000u
/* Between two looks whether a full disk has room again. */
#define WAIT_NS 200000000u

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

static unsigned own_of(const struct merge *merge)
{
	return merge->count;
}

/* ---- what the caller hears ---- */

static void tell_run(struct merge *merge)
{
	const struct respin_merge_callbacks *callbacks = &merge->options->callbacks;
	if (merge->run_pending && callbacks->run)
		callbacks->run(callbacks->arg, &merge->run);
	merge->run_pending = false;
}

static bool continues(const struct respin_merge_run *run, const struct respin_merge_run *next)
{
	return !run->version_count && !next->version_count && end_of(run->range) == next->range.start &&
	       run->kind == next->kind && run->status == next->status && run->giver == next->giver &&
	       run->having == next->having;
}

static void note_run(struct merge *merge, const struct respin_merge_run *run)
{
	if (merge->run_pending && continues(&merge->run, run)) {
		merge->run.range.count += run->range.count;
		return;
	}
	tell_run(merge);
	merge->run = *run;
	merge->run_pending = true;
}

static void tell_notices(struct merge *merge)
{
	const char *notice;
	while (OPS_HAS(merge->sink.ops, notice) && (notice = merge->sink.ops->notice(merge->sink.self)))
		merge_say(merge, "%s", notice);
}

/* True: the person wants to stop. */
static bool tell_progress(struct merge *merge)
{
	const struct respin_merge_callbacks *callbacks = &merge->options->callbacks;
	uint64_t now_ns = clock_real_now_ns();
	if (!callbacks->progress || now_ns - merge->told_ns < PROGRESS_NS)
		return false;
	merge->told_ns = now_ns;
	return callbacks->progress(callbacks->arg, merge->done, merge->total) != 0;
}

/* ---- the output ---- */

/* Gives it to the sink; where there is no room, waits as long as the sink does. */
static int put(struct merge *merge, struct respin_outcome *outcome, struct respin_error *error)
{
	int rc;
	while ((rc = merge->sink.ops->put(merge->sink.self, outcome, error)) == RESPIN_PUT_WAIT) {
		if (tell_progress(merge)) {
			respin_block_free(take(outcome->bytes));
			return error_set(error, RESPIN_E_CANCELLED, 0, "stopped");
		}
		clock_real_sleep_until_ns(clock_real_now_ns() + WAIT_NS);
	}
	tell_notices(merge);
	return rc < 0 ? rc : 0;
}

static int put_span(struct merge *merge, struct respin_range range, enum respin_span_kind kind,
		    enum respin_status status, const unsigned char *bytes, struct respin_error *error)
{
	size_t len = bytes ? partial_bytes(&merge->layout, range) : 0;
	struct respin_outcome outcome = {
		.request = {.range = range, .ecc_block = 1, .phase = RESPIN_PHASE_COPYING},
		.span_count = 1,
		.spans = {{range, (uint8_t)kind, (uint8_t)status,
			   (uint8_t)(bytes ? RESPIN_REASON_GOOD : RESPIN_REASON_SKIPPED)}},
		.bytes_len = len,
	};
	if (bytes) {
		outcome.bytes = block_alloc((size_t)(range.count * merge->layout.unit_bytes));
		if (!outcome.bytes)
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a merge");
		memcpy(outcome.bytes, bytes, len);
	}
	return put(merge, &outcome, error);
}

/* What a run changes in the output. `bytes`: of its giver; `before`: what the map says of it. */
static int give(struct merge *merge, const struct respin_merge_run *run, enum respin_status before,
		const unsigned char *bytes, struct respin_error *error)
{
	struct respin_range range = run->range;
	enum respin_status status = (enum respin_status)run->status;
	int rc = 0;
	if (run->giver == (int32_t)own_of(merge) || (run->giver < 0 && before == status))
		return 0;
	if (before == RESPIN_FINISHED) {
		rc = put_span(merge, range, RESPIN_SPAN_RETRACT, RESPIN_NON_TRIMMED, NULL, error);
		if (rc < 0 || run->giver < 0)
			return rc;
	}
	if (run->giver >= 0)
		return put_span(merge, range, RESPIN_SPAN_RECOVERED, RESPIN_FINISHED, bytes, error);
	return put_span(merge, range, status == RESPIN_BAD ? RESPIN_SPAN_UNREADABLE : RESPIN_SPAN_RETRY,
			status, NULL, error);
}

/* ---- one run ---- */

static void count_run(struct merge *merge, const struct respin_merge_run *run, enum respin_status before,
		      uint64_t winners)
{
	struct respin_merge_report *report = &merge->report;
	uint64_t units = run->range.count, images = (UINT64_C(1) << merge->count) - 1;
	for (uint64_t left = run->having & images; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		struct respin_merge_share *share = &report->shares[i];
		share->having += units;
		share->gave += run->giver == (int32_t)i ? units : 0;
		share->alone += (run->having & images) == UINT64_C(1) << i ? units : 0;
		share->overruled += run->kind == RESPIN_MERGE_SETTLED && !(winners >> i & 1) ? units : 0;
	}
	bool keeps = run->giver == (int32_t)own_of(merge);
	report->kept += keeps ? units : 0;
	report->settled += run->kind == RESPIN_MERGE_SETTLED ? units : 0;
	report->open += run->kind == RESPIN_MERGE_OPEN ? units : 0;
	report->retracted += before == RESPIN_FINISHED && !keeps ? units : 0;
}

/* " 1,3=0123456789abcdef 2=...", as many as a line has room for. */
static void name_sides(const struct respin_merge_run *run, char *text, size_t cap)
{
	size_t len = 0;
	*text = '\0';
	for (uint32_t i = 0; i < run->version_count && len < cap; i++) {
		const char *mark = " ";
		for (uint64_t left = run->versions[i].members; left && len < cap; left &= left - 1) {
			len += (size_t)snprintf(text + len, cap - len, "%s%u", mark,
						(unsigned)__builtin_ctzll(left) + 1);
			mark = ",";
		}
		if (len < cap)
			len += (size_t)snprintf(text + len, cap - len, "=%016" PRIx64, run->versions[i].hash);
	}
}

static int list_run(struct merge *merge, const struct respin_merge_run *run, struct respin_error *error)
{
	char sides[1024];
	if (run->kind != RESPIN_MERGE_SETTLED && run->kind != RESPIN_MERGE_OPEN)
		return 0;
	name_sides(run, sides, sizeof sides);
	return conflicts_add(&merge->conflicts, run->kind == RESPIN_MERGE_OPEN, run->range, sides, error);
}

/* `bytes`: of each voice, at the beginning of the run; `verdict` NULL: nobody has it. */
static int do_run(struct merge *merge, struct respin_range range, const struct merge_stretch *stretch,
		  const struct merge_verdict *verdict, const unsigned char *const bytes[],
		  struct respin_error *error)
{
	uint64_t winners = verdict ? verdict->winners : 0, own = merge->voices.own;
	enum respin_status before = map_at(merge->voices.map[own_of(merge)], range.start);
	struct respin_merge_run run = {.size = sizeof run,
				       .range = range,
				       .kind = verdict ? verdict->kind : RESPIN_MERGE_MISSING,
				       .status = winners   ? RESPIN_FINISHED
						 : verdict ? RESPIN_NON_TRIMMED
							   : stretch->status,
				       .having = stretch->holders,
				       .giver = -1};
	if (winners)
		run.giver = winners & own ? (int32_t)own_of(merge) : __builtin_ctzll(winners);
	size_t len = partial_bytes(&merge->layout, range);
	bool differ = run.kind == RESPIN_MERGE_SETTLED || run.kind == RESPIN_MERGE_OPEN;
	for (unsigned i = 0; differ && verdict && i < verdict->version_count; i++) {
		const struct merge_version *version = &verdict->versions[i];
		run.versions[run.version_count++] = (struct respin_merge_version){
			version->members, version->votes,
			hash_bytes(bytes[__builtin_ctzll(version->members)], len, 0)};
	}
	int rc = list_run(merge, &run, error); /* before the map tells of it */
	if (rc == 0)
		rc = give(merge, &run, before, run.giver >= 0 ? bytes[run.giver] : NULL, error);
	if (rc < 0)
		return rc;
	count_run(merge, &run, before, winners);
	note_run(merge, &run);
	return 0;
}

/* ---- one stretch ---- */

/* Reads what each holder has; a voice that cannot be read is none. -EAGAIN: do it unit by unit. */
static int read_holders(struct merge *merge, struct merge_stretch *stretch, const unsigned char **bytes)
{
	for (uint64_t left = stretch->holders; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		int rc = partial_read(&merge->images[i], stretch->range, merge->buffers[i]);
		bytes[i] = merge->buffers[i];
		if (rc == 0)
			continue;
		if (stretch->range.count > 1)
			return -EAGAIN;
		if (!(merge->complained >> i & 1))
			merge_say(merge, "%s: sector %" PRIu64 " cannot be read from the file: %s",
				  merge->images[i].image_path, stretch->range.start, strerrordesc_np(-rc));
		merge->complained |= UINT64_C(1) << i;
		stretch->holders &= ~(UINT64_C(1) << i);
	}
	return 0;
}

static bool all_same(const struct merge_stretch *stretch, const unsigned char *const *bytes, size_t len)
{
	const unsigned char *first = bytes[__builtin_ctzll(stretch->holders)];
	for (uint64_t left = stretch->holders & (stretch->holders - 1); left; left &= left - 1)
		if (memcmp(first, bytes[__builtin_ctzll(left)], len) != 0)
			return false;
	return true;
}

/* Each holder's bytes, `units` further on. */
static void advance(const struct merge *merge, const struct merge_stretch *stretch, uint64_t units,
		    const unsigned char *const from[], const unsigned char *to[])
{
	for (uint64_t left = stretch->holders; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		to[i] = from[i] + units * merge->layout.unit_bytes;
	}
}

/* A run of a verdict. A dispute of the past that is none now is remembered: it had more readings than one. */
static int do_decided(struct merge *merge, struct respin_range run, const struct merge_stretch *stretch,
		      const struct merge_verdict *verdict, const unsigned char *const bytes[],
		      enum merge_past past, struct respin_error *error)
{
	int rc = 0;
	if (past != MERGE_NO_DISPUTE && verdict->kind == RESPIN_MERGE_AGREED)
		rc = conflicts_add(&merge->conflicts, false, run, "", error);
	return rc < 0 ? rc : do_run(merge, run, stretch, verdict, bytes, error);
}

/* Unit by unit; neighbours with one verdict are one run. */
static int decide(struct merge *merge, const struct merge_stretch *stretch,
		  const unsigned char *const bytes[], enum merge_past past, struct respin_error *error)
{
	const unsigned char *at[MERGE_VOICES_MAX] = {0}, *begin[MERGE_VOICES_MAX] = {0};
	struct respin_range run = {stretch->range.start, 0};
	struct merge_verdict verdict = {0}, next;
	for (uint64_t i = 0; i < stretch->range.count; i++) {
		struct respin_range unit = {stretch->range.start + i, 1};
		advance(merge, stretch, i, bytes, at);
		merge_vote(&merge->voices, at, partial_bytes(&merge->layout, unit), stretch->holders, past,
			   &next);
		if (run.count && !merge_same_verdict(&verdict, &next)) {
			int rc = do_decided(merge, run, stretch, &verdict, begin, past, error);
			if (rc < 0)
				return rc;
			run = (struct respin_range){unit.start, 0};
		}
		if (!run.count++)
			advance(merge, stretch, i, bytes, begin);
		verdict = next;
	}
	return do_decided(merge, run, stretch, &verdict, begin, past, error);
}

/* What an earlier merge has listed here, and how far that reaches. */
static enum merge_past look_back(const struct merge *merge, uint64_t from, uint64_t *max)
{
	struct respin_extent run;
	if (!merge->past || !map_find(merge->past, from, MASK_ALL, &run))
		return MERGE_NO_DISPUTE;
	*max = run.range.count < *max ? run.range.count : *max;
	return run.status == RESPIN_FINISHED      ? MERGE_LEFT_OPEN
	       : run.status == RESPIN_NON_SCRAPED ? MERGE_WAS_SETTLED
						  : MERGE_NO_DISPUTE;
}

/* Nobody has it, or nobody who can be read. What was left open is so still. */
static int do_missing(struct merge *merge, struct merge_stretch *stretch, enum merge_past past,
		      struct respin_error *error)
{
	const unsigned char *const none[MERGE_VOICES_MAX] = {0};
	if (past == MERGE_LEFT_OPEN) {
		stretch->status = RESPIN_NON_TRIMMED;
		int rc = conflicts_add(&merge->conflicts, true, stretch->range, "", error);
		if (rc < 0)
			return rc;
	}
	return do_run(merge, stretch->range, stretch, NULL, none, error);
}

/* From `from` on, `max` units at most, through one stretch; how many it took goes to *took. */
static int step(struct merge *merge, uint64_t from, uint64_t max, uint64_t *took, struct respin_error *error)
{
	const unsigned char *bytes[MERGE_VOICES_MAX] = {0};
	enum merge_past past = look_back(merge, from, &max);
	struct merge_stretch stretch = merge_look(&merge->voices, from, max);
	*took = stretch.range.count;
	if (!stretch.holders)
		return do_missing(merge, &stretch, past, error);
	uint64_t limit = from < merge->careful_until ? 1 : merge->chunk_units;
	if (stretch.range.count > limit)
		stretch.range.count = limit;
	if (read_holders(merge, &stretch, bytes) < 0) {
		merge->careful_until = end_of(stretch.range);
		stretch.range.count = 1;
		(void)read_holders(merge, &stretch, bytes);
	}
	*took = stretch.range.count;
	if (!stretch.holders) { /* the only one that had it cannot be read */
		stretch.status = RESPIN_NON_TRIMMED;
		return do_missing(merge, &stretch, past, error);
	}
	size_t len = partial_bytes(&merge->layout, stretch.range);
	if (past != MERGE_NO_DISPUTE || !all_same(&stretch, bytes, len))
		return decide(merge, &stretch, bytes, past, error);
	struct merge_verdict verdict;
	merge_vote(&merge->voices, bytes, len, stretch.holders, past, &verdict);
	return do_run(merge, stretch.range, &stretch, &verdict, bytes, error);
}

/* ---- the walk ---- */

static int walk_range(struct merge *merge, struct respin_range range, struct respin_error *error)
{
	uint64_t took;
	for (uint64_t at = range.start; at < end_of(range); at += took) {
		int rc = step(merge, at, end_of(range) - at, &took, error);
		if (rc < 0)
			return rc;
		merge->done += took;
		if (tell_progress(merge))
			return error_set(error, RESPIN_E_CANCELLED, 0, "stopped");
	}
	return 0;
}

static int walk_domain(struct merge *merge, struct respin_error *error)
{
	const struct respin_map *domain = output_domain(merge->output);
	struct respin_extent run = {{0, merge->layout.units}, RESPIN_FINISHED};
	merge->total = domain ? map_count(domain, RESPIN_FINISHED) : merge->layout.units;
	if (!domain)
		return walk_range(merge, run.range, error);
	for (uint64_t at = 0; map_find(domain, at, MASK(RESPIN_FINISHED), &run); at = end_of(run.range)) {
		int rc = walk_range(merge, run.range, error);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Whatever was put becomes durable; nothing else is put after this. */
static int close_sink(struct merge *merge, struct respin_error *error)
{
	struct respin_summary summary = {.size = sizeof summary};
	int rc;
	while ((rc = merge->sink.ops->close(merge->sink.self, &summary, error)) == RESPIN_PUT_WAIT) {
		if (tell_progress(merge))
			return error_set(error, RESPIN_E_CANCELLED, 0, "stopped");
		clock_real_sleep_until_ns(clock_real_now_ns() + WAIT_NS);
	}
	tell_notices(merge);
	merge->report.stats = summary.stats;
	return rc;
}

/* The person has stopped it. What was done is kept; the list stays as a run that was cut off leaves it. */
static int stop(struct merge *merge)
{
	struct respin_error error = {0};
	int rc = merge->sink.ops->flush
			 ? merge->sink.ops->flush(merge->sink.self, RESPIN_FLUSH_STOPPING, &error)
			 : 0;
	if (rc >= 0)
		rc = close_sink(merge, &error);
	return rc < 0 ? rc : RESPIN_E_CANCELLED;
}

static int announce_end(struct merge *merge, struct respin_error *error)
{
	struct respin_outcome outcome = {
		.request = {.range = {merge->layout.units, 0}, .phase = RESPIN_PHASE_FINISHED}};
	return put(merge, &outcome, error);
}

int merge_walk(struct merge *merge, struct respin_error *error)
{
	merge->chunk_units = CHUNK_BYTES / merge->layout.unit_bytes;
	merge->report.share_count = merge->count;
	merge->report.unit_bytes = merge->layout.unit_bytes;
	for (unsigned i = 0; i <= merge->count; i++)
		if (!(merge->buffers[i] = malloc(CHUNK_BYTES)))
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a merge");
	int rc = walk_domain(merge, error);
	tell_run(merge);
	if (rc == RESPIN_E_CANCELLED)
		return stop(merge);
	if (rc == 0)
		rc = conflicts_close(&merge->conflicts, error);
	if (rc == 0)
		rc = announce_end(merge, error);
	if (rc == 0)
		rc = close_sink(merge, error);
	if (rc < 0)
		return rc;
	const struct respin_merge_report *report = &merge->report;
	bool complaint = report->settled || report->open || report->stats.finished < report->stats.total;
	return complaint ? 1 : 0;
}
