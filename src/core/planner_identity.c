/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose bytes are these? What a change of disc could hide behind, which reply
 * is held back until the canaries have spoken, and what is taken back when they
 * speak of another disc. It reads nothing itself: planner_probe.c does.
 */
#include "core/planner_private.h"

#include <stdlib.h>

#define SECOND_NS 1000000000ull

/*
 * From one answer to the next nobody changes a disc in less: the quickest drive
 * takes 8 s from a closing tray to a recognised disc. A read takes milliseconds,
 * with all the retries of a drive 2.6 s.
 */
#define CHANGE_NS (5 * SECOND_NS)
/* Where everything is slow: so many times what is usual; but what is as long as this is looked at anyway. */
#define UNUSUAL 3u
#define CHANGE_SLOW_NS (15 * SECOND_NS)
/*
 * Without any sign a disc cannot have been changed: this is for the sign that
 * nobody thought of. Two seeks in half an hour are a thousandth of the time,
 * and that half hour is what has to be read once more at worst.
 */
#define PERIOD_NS (1800 * SECOND_NS)
/* A rescue shorter than this many reads ends without a last look. */
#define LAST_READS 256u
/* Stretches that a lane remembers as finished since its last look; the next one is due when they are full. */
#define SINCE_MAX 4096u

bool identity_init(struct planner *planner)
{
	planner->canary_stride = 1;
	for (unsigned i = 0; i < planner->lanes; i++) {
		planner->since[i].range = calloc(SINCE_MAX, sizeof *planner->since[i].range);
		if (!planner->since[i].range)
			return false;
	}
	return true;
}

void identity_finish(struct planner *planner)
{
	for (unsigned i = 0; i < planner->lanes; i++)
		free(planner->since[i].range);
}

/* ---- which reply is held ---- */

static bool brings_bytes(const struct respin_outcome *outcome)
{
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].kind == RESPIN_SPAN_RECOVERED ||
		    outcome->spans[i].kind == RESPIN_SPAN_PROVISIONAL)
			return true;
	return false;
}

/* Since the last answer, whatever the drive did meanwhile or was left alone for. */
static bool long_since(const struct planner_lane *lane, uint64_t elapsed_ns, uint64_t now_ns)
{
	uint64_t since_ns = lane->answered_ns && now_ns > lane->answered_ns ? now_ns - lane->answered_ns : 0;
	uint64_t bound_ns = UNUSUAL * lane->usual_ns;
	if (bound_ns < CHANGE_NS)
		bound_ns = CHANGE_NS;
	if (bound_ns > CHANGE_SLOW_NS)
		bound_ns = CHANGE_SLOW_NS;
	return since_ns > bound_ns || elapsed_ns > bound_ns;
}

/* Damage alone explains some seconds, but no silence of ours, and not that many. */
static bool unexplained(const struct planner_lane *lane, uint64_t elapsed_ns, uint64_t now_ns)
{
	return elapsed_ns > CHANGE_SLOW_NS ||
	       (lane->answered_ns && now_ns > lane->answered_ns + elapsed_ns + CHANGE_NS);
}

bool identity_holds(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[outcome->request.lane];
	uint64_t elapsed_ns = outcome->reply.elapsed_ns;
	if (planner->info.plain || lane->held != HELD_NONE)
		return false;
	if (!brings_bytes(outcome)) {
		lane->unwatched |= unexplained(lane, elapsed_ns, now_ns);
		return false;
	}
	bool suspicious = long_since(lane, elapsed_ns, now_ns) || lane->unwatched;
	lane->unwatched = false;
	lane->usual_ns = lane->usual_ns ? (7 * lane->usual_ns + elapsed_ns) / 8 : elapsed_ns;
	if (!suspicious || planner->stopped || !canary_known(planner))
		return false;
	lane->held = HELD_OPEN;
	/* Where canaries cannot be read, capacity and table of contents may still tell. */
	lane->has_control = lane->by_the_way = true;
	lane->control = RESPIN_DRIVE_IDENTIFY;
	check_demand(lane, false);
	return true;
}

bool identity_settles(struct planner *planner, struct respin_outcome *outcome)
{
	struct planner_lane *lane = &planner->lane[outcome->request.lane];
	enum held held = lane->held;
	lane->held = HELD_NONE;
	if (held == HELD_DROP) {
		outcome->reply.reason = RESPIN_REASON_MEDIUM_CHANGED;
		outcome->span_count = 1;
		outcome->spans[0] =
			(struct respin_span){outcome->request.range, RESPIN_SPAN_RETRY,
					     outcome->request.status, RESPIN_REASON_MEDIUM_CHANGED};
		return true;
	}
	for (uint32_t i = 0; held == HELD_DOUBT && i < outcome->span_count; i++) {
		struct respin_span *span = &outcome->spans[i];
		if (span->kind != RESPIN_SPAN_RECOVERED)
			continue;
		span->kind = RESPIN_SPAN_PROVISIONAL;
		span->status = outcome->request.failed;
		span->reason = RESPIN_REASON_UNPROVED;
	}
	return false;
}

/* ---- what was finished since the last look ---- */

/* Nobody could tell for so long that it cannot all be remembered: the older half is let go. */
static void forget_half(struct since *since)
{
	for (unsigned i = SINCE_MAX / 2; i < since->count; i++)
		since->range[i - SINCE_MAX / 2] = since->range[i];
	since->count -= SINCE_MAX / 2;
}

static void remember(struct since *since, struct respin_range range)
{
	struct respin_range *last = since->count ? &since->range[since->count - 1] : NULL;
	if (last && last->start + last->count == range.start) {
		last->count += range.count;
		return;
	}
	if (last && range.start + range.count == last->start) {
		last->start = range.start;
		last->count += range.count;
		return;
	}
	if (since->count == SINCE_MAX)
		forget_half(since);
	since->range[since->count++] = range;
}

void identity_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns)
{
	struct since *since = &planner->since[outcome->request.lane];
	if (!since->checked_ns)
		since->checked_ns = now_ns;
	since->reads++;
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].kind == RESPIN_SPAN_RECOVERED)
			remember(since, outcome->spans[i].range);
}

void identity_after_pause(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	if (planner->info.plain || !lane->answered_ns || now_ns <= lane->answered_ns + CHANGE_NS)
		return;
	check_demand(lane, true);
	if (lane->has_control) /* it did not answer when the pause began: that is asked first */
		return;
	lane->has_control = true;
	lane->by_the_way = false;
	lane->control = RESPIN_DRIVE_IDENTIFY;
}

void identity_tick(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	const struct since *since = &planner->since[lane_index];
	if (planner->info.plain || !since->count || !canary_known(planner))
		return;
	if (since->count == SINCE_MAX || now_ns > since->checked_ns + PERIOD_NS)
		check_by_age(planner, lane_index);
}

bool identity_last(struct planner *planner, unsigned lane_index)
{
	const struct since *since = &planner->since[lane_index];
	if (planner->info.plain || since->reads < LAST_READS || !since->count || !canary_known(planner))
		return false;
	check_by_age(planner, lane_index);
	return true;
}

/* ---- how a check ends ---- */

static void looked(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	struct since *since = &planner->since[lane_index];
	since->reads = 0;
	since->checked_ns = now_ns;
	if (since->count == SINCE_MAX)
		forget_half(since); /* or the next look would be due at once */
	if (lane->held == HELD_OPEN)
		lane->held = HELD_KEEP;
}

void identity_same(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	planner->since[lane_index].count = 0;
	looked(planner, lane_index, now_ns);
}

/* A block that took long to read is precious, and nothing speaks against it. */
void identity_unknown(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	looked(planner, lane_index, now_ns);
}

void identity_other(struct planner *planner, unsigned lane_index)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	if (lane->held == HELD_OPEN)
		lane->held = HELD_DROP;
	planner->other_disc = true;
	planner_stop(planner, RESPIN_E_OTHER_DISC);
}

/* ---- taking back ---- */

static bool next_wrong(struct planner *planner, struct respin_range *range, enum respin_reason *reason)
{
	*reason = RESPIN_REASON_UNPROVED;
	*range = planner->lie;
	planner->lie.count = 0;
	if (range->count)
		return true;
	*reason = RESPIN_REASON_MEDIUM_CHANGED;
	/* Of the other lanes too: their canaries are the same, and one of them may have read the wrong ones. */
	for (unsigned i = 0; planner->other_disc && i < planner->lanes; i++) {
		struct since *since = &planner->since[i];
		if (!since->count)
			continue;
		*range = since->range[--since->count];
		return true;
	}
	return false;
}

bool identity_next(struct planner *planner, unsigned lane_index, struct step *step)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	struct respin_range range;
	enum respin_reason reason;
	if (lane->held == HELD_OPEN && planner->stopped)
		lane->held = HELD_DOUBT;
	if (lane->held > HELD_OPEN) {
		step->kind = STEP_HELD;
		return true;
	}
	if (!next_wrong(planner, &range, &reason))
		return false;
	step->kind = STEP_CLOSE;
	step->outcome = (struct respin_outcome){
		.request = {.seq = planner->seq++,
			    .range = range,
			    .lane = lane_index,
			    .phase = (uint8_t)planner->phase,
			    .status = RESPIN_FINISHED,
			    .failed = RESPIN_NON_TRIMMED},
		.reply = {.reason = (uint8_t)reason},
		.span_count = 1,
		.spans = {{range, RESPIN_SPAN_RETRACT, RESPIN_NON_TRIMMED, (uint8_t)reason}},
	};
	return true; /* without a lease: it is finished, so nobody has one */
}
