/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person asks of a running rescue: to pause, to leave a range for later,
 * to read slower or faster, to finish now. It marks no sector, and what is
 * finished stays so.
 */
#include "core/planner_private.h"

#include <assert.h>

/* More steps than any drive has speeds. */
#define SPEED_STEPS_MAX 16

/* Every lane's range is for later; what is in flight is still answered, and then no part of it is owed. */
static void leave_ranges(struct planner *planner)
{
	for (unsigned i = 0; i < planner->lanes; i++) {
		struct planner_lane *lane = &planner->lane[i];
		lane->owed_count = 0;
		if (!control_forget(planner, i))
			lane->left = planner->lease[i].count > 0;
	}
}

bool control_forget(struct planner *planner, unsigned lane_index)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	lane->left = false;
	if (!lane->again || lane->request.flags & RESPIN_READ_SAMPLE)
		return false;
	lane->again = false;
	lane->paying = false;
	planner->lease[lane_index].count = 0;
	return true;
}

static void skip(struct planner *planner)
{
	struct policy_view view = planner_view(planner);
	switch (planner->phase) {
	case RESPIN_PHASE_COPYING:
	case RESPIN_PHASE_SWEEPING:
		leave_ranges(planner);
		sweep_skip(&planner->sweep, &view);
		break;
	case RESPIN_PHASE_TRIMMING:
	case RESPIN_PHASE_SCRAPING:
	case RESPIN_PHASE_RETRYING:
		leave_ranges(planner);
		patch_skip(&planner->patch, planner->lanes);
		break;
	case RESPIN_PHASE_SAMPLE: /* whether it is this disc is no question of patience */
	case RESPIN_PHASE_CLOSING:
	case RESPIN_PHASE_FINISHED:
		break;
	}
}

static void change_speed(struct planner *planner, int step)
{
	for (unsigned i = 0; i < planner->lanes; i++) {
		int *steps = &planner->lane[i].speed_steps;
		*steps += step;
		if (*steps > SPEED_STEPS_MAX || *steps < -SPEED_STEPS_MAX)
			*steps -= step;
	}
}

void planner_control(struct planner *planner, enum respin_control what)
{
	if (planner->finishing)
		return;
	switch (what) {
	case RESPIN_CONTROL_PAUSE:
		planner->paused = true;
		break;
	case RESPIN_CONTROL_GO_ON:
		planner->paused = false;
		break;
	case RESPIN_CONTROL_SLOWER:
		change_speed(planner, -1);
		break;
	case RESPIN_CONTROL_FASTER:
		change_speed(planner, 1);
		break;
	case RESPIN_CONTROL_SKIP:
		skip(planner);
		break;
	case RESPIN_CONTROL_FINISH:
		planner->finishing = true;
		planner->quiet = planner->paused;
		planner->paused = false;
		break;
	}
}

bool control_silent(const struct planner *planner)
{
	return planner->quiet || planner->unsettled;
}

/* Is there an answer that this lane still waits for? Then nothing shows that the drive reads as it did. */
static bool unsettled(const struct planner_lane *lane)
{
	return lane->again || lane->wait_until_ns || (lane->has_control && !lane->by_the_way) ||
	       lane->check.again;
}

/*
 * The lane begins nothing more. A look that is under way comes to its end, but
 * who paused the drive does not want to hear it again, and one that does not
 * answer is not waited for: then nothing is given up on its word.
 */
static void wind_down(struct planner *planner, unsigned lane_index)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	bool silent = unsettled(lane);
	lane->owed_count = 0;
	lane->speed_steps = 0;
	if (!silent && !planner->quiet)
		return;
	planner->unsettled |= silent || (lane->check.due && lane->check.strict);
	if (lane->held == HELD_NONE)
		planner->lease[lane_index].count = 0;
	if (lane->held == HELD_OPEN)
		lane->held = HELD_DOUBT;
	lane->again = lane->has_control = lane->by_the_way = false;
	lane->wait_until_ns = 0;
	lane->check = (struct check){0};
}

bool control_next(struct planner *planner, unsigned lane_index, uint64_t now_ns, struct step *step)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	if (planner->finishing) {
		wind_down(planner, lane_index);
		return identity_next(planner, lane_index, step);
	}
	if (planner->paused) {
		lane->paused = true;
		step->kind = STEP_PAUSED;
		return true;
	}
	if (lane->paused)
		identity_after_pause(planner, lane_index, now_ns);
	lane->paused = false;
	return false;
}

bool control_speed(struct planner *planner, unsigned lane_index, struct step *step)
{
	int *steps = &planner->lane[lane_index].speed_steps;
	if (!*steps)
		return false;
	step->kind = STEP_CONTROL;
	step->control = *steps < 0 ? RESPIN_DRIVE_SLOWER : RESPIN_DRIVE_FASTER;
	*steps += *steps < 0 ? 1 : -1;
	return true;
}
