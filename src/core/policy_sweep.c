/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sweep. First pass: forward, leaping away from each failure a little
 * further every time, and walking back from the landing point until it fails
 * again. Second pass: what the first one left, without leaping. A plain
 * version: it knows no rings, no angles, no speeds.
 */
#include "core/policy.h"

/*
 * The first leap is one ECC block (a hairline costs one) and doubles; the
 * longest is a hundredth of the disc, so that a destroyed ring is crossed in a
 * dozen failures and no leap can pass over much that is good.
 */
#define LEAP_GROWTH 2
#define LEAP_MAX_PART 100

void sweep_init(struct sweep *sweep, bool leaps, uint64_t cursor)
{
	*sweep = (struct sweep){.leaps = leaps, .cursor = cursor};
}

static uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

/* Up to request_max units from `start`, ending on an ECC block's border where it can. */
static uint64_t forward_count(const struct policy_view *view, struct respin_range run)
{
	uint64_t most = view->request_max - run.start % view->ecc_block;
	return run.count < most ? run.count : most;
}

/* The last part of `gap`, from an ECC block's border where it can. */
static struct respin_range backward_part(const struct policy_view *view, struct respin_range gap)
{
	uint64_t end = range_end(gap);
	uint64_t beyond = end % view->ecc_block;
	uint64_t most = beyond ? view->request_max - view->ecc_block + beyond : view->request_max;
	uint64_t count = gap.count < most ? gap.count : most;
	return (struct respin_range){end - count, count};
}

/* The gap behind the landing point, as long as the walk back finds good blocks. */
static bool next_backwards(struct sweep_lane *lane, const struct policy_view *view,
			   struct policy_choice *choice)
{
	struct respin_extent extent;
	if (!view_find_back(view, range_end(lane->back), MASK(RESPIN_NON_TRIED), &extent) ||
	    range_end(extent.range) <= lane->back.start) {
		lane->back.count = 0;
		return false;
	}
	if (extent.range.start < lane->back.start) {
		extent.range.count = range_end(extent.range) - lane->back.start;
		extent.range.start = lane->back.start;
	}
	choice->range = backward_part(view, extent.range);
	choice->backwards = true;
	return true;
}

bool sweep_next(struct sweep *sweep, const struct policy_view *view, unsigned lane_index,
		struct policy_choice *choice)
{
	struct sweep_lane *lane = &sweep->lane[lane_index];
	*choice = (struct policy_choice){.ecc_block = view->ecc_block, .failed = RESPIN_NON_TRIMMED};
	if (lane->back.count && next_backwards(lane, view, choice))
		return true;
	struct respin_extent extent;
	if (!view_find(view, sweep->cursor, MASK(RESPIN_NON_TRIED), &extent))
		return false;
	choice->range = (struct respin_range){extent.range.start, forward_count(view, extent.range)};
	if (!sweep->leaps)
		watchdog_enter(&lane->watchdog, extent.range);
	return true;
}

static void fold_backwards(struct sweep_lane *lane, const struct respin_outcome *outcome, bool failed)
{
	uint64_t start = outcome->request.range.start;
	if (failed || lane->left || start <= lane->back.start)
		lane->back.count = 0;
	else
		lane->back.count = start - lane->back.start;
	lane->left = false;
}

static uint64_t longest_leap(const struct policy_view *view)
{
	uint64_t longest = view->units / LEAP_MAX_PART;
	longest -= longest % view->ecc_block;
	return longest < view->ecc_block ? view->ecc_block : longest;
}

/* Second pass: as its watchdog would. */
static void leave_visits(struct sweep *sweep, const struct policy_view *view)
{
	for (unsigned i = 0; i < view->lanes; i++) {
		struct respin_range visit = sweep->lane[i].watchdog.visit;
		if (!visit.count)
			continue;
		sweep->bitten = true;
		if (range_end(visit) > sweep->cursor)
			sweep->cursor = range_end(visit);
	}
}

/*
 * A person sees an area and not a block: away by the longest leap, and not back
 * to it from the other side before the second pass. What is walked back is left
 * where the walk stands.
 */
void sweep_skip(struct sweep *sweep, const struct policy_view *view)
{
	bool walking = false;
	struct respin_extent extent;
	if (!sweep->leaps) {
		leave_visits(sweep, view);
		return;
	}
	for (unsigned i = 0; i < view->lanes; i++) {
		struct sweep_lane *lane = &sweep->lane[i];
		walking = walking || lane->back.count;
		lane->back.count = lane->gap.count = 0;
		lane->left = view->leases[i].count > 0;
	}
	if (walking)
		return;
	uint64_t from = sweep->cursor;
	if (view_find(view, from, MASK(RESPIN_NON_TRIED), &extent))
		from = extent.range.start;
	sweep->cursor = from + longest_leap(view);
}

void sweep_fold(struct sweep *sweep, const struct policy_view *view, const struct respin_outcome *outcome)
{
	struct sweep_lane *lane = &sweep->lane[outcome->request.lane];
	struct respin_range failed;
	bool has_failed = outcome_failed(outcome, &failed);
	if (outcome->request.flags & RESPIN_READ_BACKWARDS) {
		fold_backwards(lane, outcome, has_failed);
		return;
	}
	uint64_t start = outcome->request.range.start;
	if (!sweep->leaps && watchdog_bites(&lane->watchdog, outcome)) {
		sweep->bitten = true;
		if (range_end(lane->watchdog.visit) > sweep->cursor)
			sweep->cursor = range_end(lane->watchdog.visit);
		return;
	}
	if (!has_failed) {
		uint64_t judged = outcome_judged_end(outcome);
		if (judged > sweep->cursor)
			sweep->cursor = judged;
		if (lane->gap.count && start >= range_end(lane->gap))
			lane->back = lane->gap;
		lane->gap.count = 0;
		lane->skip = 0;
		lane->left = false;
		return;
	}
	uint64_t end = range_end(failed);
	lane->skip = lane->skip ? lane->skip * LEAP_GROWTH : view->ecc_block;
	if (lane->skip > longest_leap(view))
		lane->skip = longest_leap(view);
	uint64_t leap = sweep->leaps ? lane->skip : 0;
	lane->gap = (struct respin_range){end, lane->left ? 0 : leap};
	lane->left = false;
	if (end + leap > sweep->cursor)
		sweep->cursor = end + leap;
}
