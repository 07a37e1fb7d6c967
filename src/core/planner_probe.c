/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading again what has been read before: the samples of a resumed run, and
 * the probe that is due after every absence of the drive and after a row of
 * quick failures. Nothing of it enters the image.
 */
#include "core/planner_private.h"

/* A marginal block may fail once; twice in a row, the drive is not what it was. */
#define PROBE_TRIES 2u

/* Nothing was read in this run yet: any block that the map calls finished will do. */
static void choose_block(struct planner *planner)
{
	struct respin_extent extent;
	uint32_t most = planner->info.ecc_block;
	if (planner->probe.range.count ||
	    !domain_find(planner->map, planner->domain, 0, MASK(RESPIN_FINISHED), &extent))
		return;
	if (extent.range.count > most)
		extent.range.count = most;
	planner->probe.range = extent.range;
}

bool probe_next(struct planner *planner, unsigned lane, struct policy_choice *choice)
{
	choose_block(planner);
	if (!planner->probe.range.count)
		return false;
	planner->lane[lane].look = false;
	planner->lane[lane].probing = true;
	*choice = (struct policy_choice){.range = planner->probe.range, .ecc_block = 1};
	return true;
}

void probe_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash)
{
	if (hash && outcome->span_count == 1 && outcome->spans[0].kind == RESPIN_SPAN_RECOVERED)
		planner->probe = (struct probe){outcome->request.range, hash};
}

static bool came_whole(const struct respin_outcome *outcome)
{
	const struct respin_span *span = &outcome->spans[0];
	return outcome->span_count == 1 &&
	       (span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL);
}

static uint64_t expected_hash(const struct planner *planner, const struct respin_outcome *outcome)
{
	uint64_t start = outcome->request.range.start;
	if (planner->lane[outcome->request.lane].probing)
		return planner->probe.hash;
	for (unsigned i = 0; i < planner->sample_count; i++)
		if (planner->samples[i].range.start == start)
			return planner->samples[i].hash;
	return 0;
}

void probe_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash)
{
	struct planner_lane *lane = &planner->lane[outcome->request.lane];
	uint64_t expected = expected_hash(planner, outcome);
	bool probing = lane->probing;
	lane->probing = false;
	if (came_whole(outcome)) {
		if (expected && hash && hash != expected)
			planner_stop(planner, RESPIN_E_OTHER_DISC);
		planner->alive = true;
		lane->fast_failures = lane->probe_failures = 0;
		return;
	}
	/* A sample that was readable once and is not now says nothing against the disc. */
	if (!probing)
		return;
	lane->look = true;
	if (++lane->probe_failures >= PROBE_TRIES)
		planner_stop(planner, RESPIN_E_SOURCE);
}
