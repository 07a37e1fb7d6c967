/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The phases of a rescue in their order, and what each of them begins with. It
 * chooses no range: the policies do.
 */
#include "core/planner_private.h"

/* "while it pays": a full pass that gains nothing ends the rescue, and so does the third. */
#define RETRY_PASSES_MAX 3u
/*
 * A try in patch on media whose sectors fail alone (CD, plain sources): most of
 * a failed request is good, so sector by sector would cost more commands than
 * the damage has sectors.
 */
#define ATTEMPT_MIN_UNITS 16u

struct policy_view planner_view(const struct planner *planner)
{
	const struct respin_source_info *info = &planner->info;
	uint32_t ecc = info->ecc_block ? info->ecc_block : 1;
	uint32_t attempt = ecc;
	while (attempt < ATTEMPT_MIN_UNITS && attempt + ecc <= info->max_request_units)
		attempt += ecc;
	return (struct policy_view){
		.map = planner->map,
		.domain = focus_domain(planner),
		.leases = planner->lease,
		.lanes = planner->lanes,
		.units = info->units,
		.ecc_block = ecc,
		.request_max = info->max_request_units,
		.attempt = ecc > 1 ? ecc : attempt,
	};
}

/* Parts of failed requests may be left untried; not for ever, and not where it only costs. */
static bool sweeps_again(const struct planner *planner)
{
	uint64_t untried = focus_untried(planner);
	return untried && untried < planner->untried_before && !planner->sweep.bitten;
}

enum respin_phase phase_next(const struct planner *planner)
{
	bool patching = planner->mode != RESPIN_MODE_SWEEP;
	if (planner->finishing && planner->phase < RESPIN_PHASE_CLOSING)
		return planner->mode == RESPIN_MODE_RESCUE && !planner->unsettled ? RESPIN_PHASE_CLOSING
										  : RESPIN_PHASE_FINISHED;
	if (focus_enough(planner) && planner->phase < RESPIN_PHASE_CLOSING)
		return planner->mode == RESPIN_MODE_RESCUE ? RESPIN_PHASE_CLOSING : RESPIN_PHASE_FINISHED;
	switch (planner->phase) {
	case RESPIN_PHASE_SAMPLE:
		if (planner->mode == RESPIN_MODE_PATCH)
			return RESPIN_PHASE_TRIMMING;
		if (planner->resume.phase == RESPIN_PHASE_SWEEPING)
			return RESPIN_PHASE_SWEEPING;
		return RESPIN_PHASE_COPYING;
	case RESPIN_PHASE_COPYING:
		return RESPIN_PHASE_SWEEPING;
	case RESPIN_PHASE_SWEEPING:
		if (sweeps_again(planner))
			return RESPIN_PHASE_SWEEPING;
		return patching ? RESPIN_PHASE_TRIMMING : RESPIN_PHASE_FINISHED;
	case RESPIN_PHASE_TRIMMING:
		return RESPIN_PHASE_SCRAPING;
	case RESPIN_PHASE_SCRAPING:
		if (planner->mode == RESPIN_MODE_PATCH)
			return RESPIN_PHASE_FINISHED;
		return RESPIN_PHASE_RETRYING;
	case RESPIN_PHASE_RETRYING:
		if (planner->taken_back || (planner->patch.gained && planner->retry_pass < RETRY_PASSES_MAX))
			return RESPIN_PHASE_RETRYING;
		return RESPIN_PHASE_CLOSING;
	case RESPIN_PHASE_CLOSING:
	case RESPIN_PHASE_FINISHED:
		break;
	}
	return RESPIN_PHASE_FINISHED;
}

static uint64_t resume_pos(const struct planner *planner, enum respin_phase phase)
{
	return planner->resume.phase == phase ? planner->resume.pos : 0;
}

void phase_enter(struct planner *planner, enum respin_phase phase)
{
	struct policy_view view = planner_view(planner);
	planner->phase = phase;
	switch (phase) {
	case RESPIN_PHASE_COPYING:
		sweep_init(&planner->sweep, true, resume_pos(planner, phase));
		break;
	case RESPIN_PHASE_SWEEPING:
		sweep_init(&planner->sweep, false, 0);
		planner->untried_before = focus_untried(planner);
		break;
	case RESPIN_PHASE_TRIMMING:
		patch_init(&planner->patch, false, view.attempt, view.ecc_block, resume_pos(planner, phase));
		break;
	case RESPIN_PHASE_SCRAPING:
		patch_init(&planner->patch, false, 1, 1, resume_pos(planner, phase));
		break;
	case RESPIN_PHASE_RETRYING:
		/* From the other side each time: a head that arrives differently may stay on track. */
		planner->retry_pass++;
		planner->taken_back = false;
		patch_init(&planner->patch, planner->retry_pass % 2 == 1, view.ecc_block, view.ecc_block,
			   planner->retry_pass % 2 == 1 ? view.units : 0);
		break;
	case RESPIN_PHASE_CLOSING:
		planner->close_cursor = 0;
		break;
	case RESPIN_PHASE_SAMPLE:
	case RESPIN_PHASE_FINISHED:
		break;
	}
}
