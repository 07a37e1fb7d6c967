/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patch: one pass over everything that is retry-later, in tries of one size
 * and one direction, with a watchdog that leaves a range when it only costs.
 * A plain version: it does not choose ranges by what they promise.
 */
#include "core/policy.h"

void patch_init(struct patch *patch, bool backwards, uint32_t attempt, uint32_t ecc_block, uint64_t cursor)
{
	*patch = (struct patch){
		.backwards = backwards, .attempt = attempt, .ecc_block = ecc_block, .cursor = cursor};
}

static uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

bool patch_next(struct patch *patch, const struct policy_view *view, unsigned lane_index,
		struct policy_choice *choice)
{
	struct respin_extent extent;
	bool found = patch->backwards ? view_find_back(view, patch->cursor, MASK_RETRYABLE, &extent)
				      : view_find(view, patch->cursor, MASK_RETRYABLE, &extent);
	if (!found)
		return false;
	struct respin_range run = extent.range;
	watchdog_enter(&patch->lane[lane_index], run);

	/* One try never reaches over a border of attempt-sized blocks. */
	uint64_t start = run.start, end = range_end(run);
	if (patch->backwards) {
		uint64_t border = (end - 1) - (end - 1) % patch->attempt;
		if (border > start)
			start = border;
	} else {
		uint64_t border = start - start % patch->attempt + patch->attempt;
		if (border < end)
			end = border;
	}
	*choice = (struct policy_choice){.range = {start, end - start},
					 .backwards = patch->backwards,
					 .ecc_block = patch->ecc_block,
					 .failed = RESPIN_NON_SCRAPED};
	return true;
}

static void move_cursor(struct patch *patch, uint64_t to)
{
	if (patch->backwards ? to < patch->cursor : to > patch->cursor)
		patch->cursor = to;
}

void patch_fold(struct patch *patch, const struct respin_outcome *outcome)
{
	struct watchdog *watchdog = &patch->lane[outcome->request.lane];
	patch->gained += outcome_gained(outcome);
	if (patch->backwards)
		move_cursor(patch, outcome->request.range.start);
	else
		move_cursor(patch, outcome_judged_end(outcome));
	if (watchdog_bites(watchdog, outcome))
		move_cursor(patch, patch->backwards ? watchdog->visit.start : range_end(watchdog->visit));
}

void patch_skip(struct patch *patch, unsigned lanes)
{
	for (unsigned i = 0; i < lanes; i++) {
		struct respin_range visit = patch->lane[i].visit;
		if (visit.count)
			move_cursor(patch, patch->backwards ? visit.start : range_end(visit));
	}
}

void patch_repaid(struct patch *patch, const struct respin_outcome *outcome)
{
	patch->gained += outcome_gained(outcome);
	(void)watchdog_bites(&patch->lane[outcome->request.lane], outcome);
}
