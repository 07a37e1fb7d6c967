/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patch: one pass over everything that is retry-later, in tries of one size
 * and one direction, with a watchdog that leaves a range when it only costs.
 * A plain version: it does not choose ranges by what they promise.
 */
#include "core/policy.h"

#define SECOND_NS 1000000000u
/*
 * Drive time spent in one range without gaining a sector: 25 s a sector, as the
 * slowest drives need for one confirmed failure and its recovery, and never
 * more than half an hour, so that one dead ring cannot eat the night.
 */
#define WATCHDOG_SECTOR_NS (25ull * SECOND_NS)
#define WATCHDOG_RANGE_NS (30ull * 60 * SECOND_NS)

void patch_init(struct patch *patch, bool backwards, uint32_t attempt, uint32_t ecc_block, uint64_t cursor)
{
	*patch = (struct patch){
		.backwards = backwards, .attempt = attempt, .ecc_block = ecc_block, .cursor = cursor};
}

static uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

/* Entering another range starts its watchdog. */
static void visit(struct patch_lane *lane, struct respin_range run)
{
	if (run.start >= lane->visit.start && range_end(run) <= range_end(lane->visit))
		return;
	lane->visit = run;
	lane->spent_ns = 0;
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
	visit(&patch->lane[lane_index], run);

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

static uint64_t patience_ns(struct respin_range visit)
{
	if (visit.count >= WATCHDOG_RANGE_NS / WATCHDOG_SECTOR_NS)
		return WATCHDOG_RANGE_NS;
	return visit.count * WATCHDOG_SECTOR_NS;
}

static void move_cursor(struct patch *patch, uint64_t to)
{
	if (patch->backwards ? to < patch->cursor : to > patch->cursor)
		patch->cursor = to;
}

void patch_fold(struct patch *patch, const struct policy_view *view, const struct respin_outcome *outcome)
{
	(void)view;
	struct patch_lane *lane = &patch->lane[outcome->request.lane];
	uint64_t gained = outcome_gained(outcome);

	patch->gained += gained;
	lane->spent_ns = gained ? 0 : lane->spent_ns + outcome->reply.elapsed_ns;

	if (patch->backwards)
		move_cursor(patch, outcome->request.range.start);
	else
		move_cursor(patch, outcome_judged_end(outcome));
	if (lane->spent_ns <= patience_ns(lane->visit))
		return;
	uint64_t far = patch->backwards ? lane->visit.start : range_end(lane->visit);
	patch->left_out += patch->backwards ? (patch->cursor > far ? patch->cursor - far : 0)
					    : (far > patch->cursor ? far - patch->cursor : 0);
	move_cursor(patch, far);
}
