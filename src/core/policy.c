/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all policies ask of an outcome and of the view. Chooses nothing. */
#include "core/policy.h"

#include "core/stats.h"

#define SECOND_NS 1000000000u
/*
 * Drive time spent in one range without gaining a sector: 25 s a sector, as the
 * slowest drives need for one confirmed failure and its recovery, and never
 * more than half an hour, so that one dead ring cannot eat the night.
 */
#define WATCHDOG_SECTOR_NS (25ull * SECOND_NS)
#define WATCHDOG_RANGE_NS (30ull * 60 * SECOND_NS)

static uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

void watchdog_enter(struct watchdog *watchdog, struct respin_range run)
{
	if (run.start >= watchdog->visit.start && range_end(run) <= range_end(watchdog->visit))
		return;
	watchdog->visit = run;
	watchdog->spent_ns = 0;
}

static uint64_t patience_ns(struct respin_range visit)
{
	if (visit.count >= WATCHDOG_RANGE_NS / WATCHDOG_SECTOR_NS)
		return WATCHDOG_RANGE_NS;
	return visit.count * WATCHDOG_SECTOR_NS;
}

bool watchdog_bites(struct watchdog *watchdog, const struct respin_outcome *outcome)
{
	if (outcome_gained(outcome))
		watchdog->spent_ns = 0;
	else
		watchdog->spent_ns += outcome->reply.elapsed_ns;
	return watchdog->spent_ns > patience_ns(watchdog->visit);
}

bool outcome_failed(const struct respin_outcome *outcome, struct respin_range *failed)
{
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		if (span->kind == RESPIN_SPAN_RETRY && span->reason != RESPIN_REASON_SKIPPED) {
			*failed = span->range;
			return true;
		}
	}
	return false;
}

uint64_t outcome_judged_end(const struct respin_outcome *outcome)
{
	uint64_t end = outcome->request.range.start;
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].reason != RESPIN_REASON_SKIPPED)
			end = range_end(outcome->spans[i].range);
	return end;
}

uint64_t outcome_gained(const struct respin_outcome *outcome)
{
	uint64_t gained = 0;
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].kind == RESPIN_SPAN_RECOVERED)
			gained += outcome->spans[i].range.count;
	return gained;
}

bool outcome_decided(const struct respin_outcome *outcome)
{
	const struct respin_span *span = &outcome->spans[0];
	return outcome->span_count &&
	       (span->kind == RESPIN_SPAN_UNREADABLE || span->kind == RESPIN_SPAN_RETRACT);
}

static const struct respin_range *lease_over(const struct policy_view *view, struct respin_range range)
{
	for (unsigned i = 0; i < view->lanes; i++) {
		const struct respin_range *lease = &view->leases[i];
		if (lease->count && lease->start < range_end(range) && range_end(*lease) > range.start)
			return lease;
	}
	return NULL;
}

bool view_find(const struct policy_view *view, uint64_t from, unsigned mask, struct respin_extent *extent)
{
	while (domain_find(view->map, view->domain, from, mask, extent)) {
		const struct respin_range *lease;
		bool covered = false;
		while (!covered && (lease = lease_over(view, extent->range))) {
			if (lease->start > extent->range.start)
				extent->range.count = lease->start - extent->range.start;
			else
				covered = true;
		}
		if (!covered)
			return true;
		from = range_end(*lease);
	}
	return false;
}

bool view_find_back(const struct policy_view *view, uint64_t before, unsigned mask,
		    struct respin_extent *extent)
{
	while (domain_find_back(view->map, view->domain, before, mask, extent)) {
		const struct respin_range *lease;
		bool covered = false;
		while (!covered && (lease = lease_over(view, extent->range))) {
			uint64_t end = range_end(extent->range);
			if (range_end(*lease) < end) {
				extent->range.start = range_end(*lease);
				extent->range.count = end - extent->range.start;
			} else {
				covered = true;
			}
		}
		if (!covered)
			return true;
		before = lease->start;
	}
	return false;
}
