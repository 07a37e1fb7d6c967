/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What to do while a drive does not answer: wait, start it, look whether it is
 * still the same disc, and give up in the end. Nothing here marks a sector: an
 * ejected or unready disc is not a damaged one.
 */
#include <stddef.h>
#include <string.h>

#include "core/planner_private.h"
#include "core/verdict.h"

#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)

/* A host that gave up a command resets bus and drive; that takes its time. */
#define TIMEOUT_REST_NS (30 * SECOND_NS)
/*
 * A wedged drive fails everything at once (50-100 ms measured); real damage
 * costs it a second and more. So many in a row, so quick, are not damage.
 */
#define WEDGE_FAST_NS (500 * MS_NS)
#define WEDGE_FAILURES 16u
/* Where nothing has been read yet there is no probe: a drive that is deaf to so many asks reads nothing. */
#define DEAF_FAILURES 256u
/* How often one request may take the drive away before the place counts as damaged. */
#define TAKEN_AWAY_MAX 2u

static const struct patience {
	enum respin_reason reason;
	unsigned tries;
	uint64_t wait_ns;
	bool has_control;
	enum respin_drive_command control;
	int code; /* when the tries are used up */
} patience[] = {
	/* Spin-up after hot-plug takes up to a minute. */
	{RESPIN_REASON_BECOMING_READY, 90, SECOND_NS, true, RESPIN_DRIVE_IDENTIFY, RESPIN_E_SOURCE},
	{RESPIN_REASON_NEEDS_START, 3, 0, true, RESPIN_DRIVE_START, RESPIN_E_SOURCE},
	{RESPIN_REASON_NOT_READY, 10, 3 * SECOND_NS, true, RESPIN_DRIVE_IDENTIFY, RESPIN_E_SOURCE},
	/* Often not absent but not recognised: a few patient tries. */
	{RESPIN_REASON_NO_MEDIUM, 5, 3 * SECOND_NS, true, RESPIN_DRIVE_IDENTIFY, RESPIN_E_NO_MEDIUM},
	{RESPIN_REASON_MEDIUM_CHANGED, 5, 0, true, RESPIN_DRIVE_IDENTIFY, RESPIN_E_SOURCE},
	{RESPIN_REASON_RESET, 5, 0, true, RESPIN_DRIVE_IDENTIFY, RESPIN_E_SOURCE},
	{RESPIN_REASON_LINK, 3, 5 * SECOND_NS, true, RESPIN_DRIVE_REOPEN, RESPIN_E_GONE},
	{RESPIN_REASON_GONE, 0, 0, false, 0, RESPIN_E_GONE},
	{RESPIN_REASON_CANCELLED, 0, 0, false, 0, RESPIN_E_CANCELLED},
};

/* A deferred error, an aborted command: the same request once more, a few times at most. */
static const struct patience ask_again = {0, 5, 0, false, 0, RESPIN_E_SOURCE};

static const struct patience *patience_for(enum respin_reason reason)
{
	for (size_t i = 0; i < sizeof patience / sizeof *patience; i++)
		if (patience[i].reason == reason)
			return &patience[i];
	return &ask_again;
}

static void unanswered(struct planner *planner, struct planner_lane *lane, enum respin_reason reason,
		       uint64_t now_ns)
{
	const struct patience *rule = patience_for(reason);
	lane->mood = mood_after(reason, lane->mood);
	if (lane->unanswered[reason]++ >= rule->tries) {
		planner_stop(planner, rule->code);
		return;
	}
	lane->wait_until_ns = rule->wait_ns ? now_ns + rule->wait_ns : 0;
	lane->has_control = rule->has_control;
	lane->control = rule->control;
	lane->by_the_way = false;
}

/* The host gave a command up. */
static void rest(struct planner_lane *lane, uint64_t now_ns)
{
	lane->mood = mood_after(RESPIN_REASON_TIMEOUT, lane->mood);
	lane->wait_until_ns = now_ns + TIMEOUT_REST_NS;
	lane->has_control = true;
	lane->control = RESPIN_DRIVE_IDENTIFY;
	lane->by_the_way = false;
}

bool drive_next(struct planner *planner, unsigned lane_index, uint64_t now_ns, struct step *step)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	if (lane->wait_until_ns > now_ns) {
		step->kind = STEP_WAIT;
		step->until_ns = lane->wait_until_ns;
		return true;
	}
	lane->wait_until_ns = 0;
	if (!lane->has_control)
		return false;
	/* Starting or opening anew may lose the disc for good: be durable first. */
	if (lane->control != RESPIN_DRIVE_IDENTIFY && planner->touched) {
		planner->touched = false;
		step->kind = STEP_FLUSH;
		return true;
	}
	lane->has_control = false;
	step->kind = STEP_CONTROL;
	step->control = lane->control;
	return true;
}

/* A drive may refuse, in whatever words; but one that is not ready or away is so for reads as well. */
static void speed_answered(struct planner *planner, struct planner_lane *lane, enum respin_reason reason,
			   uint64_t now_ns)
{
	if (reason == RESPIN_REASON_GOOD)
		lane->pace = (struct pace){0}; /* what was is no measure any more */
	else if (reason == RESPIN_REASON_TIMEOUT)
		rest(lane, now_ns);
	else if (patience_for(reason) != &ask_again)
		unanswered(planner, lane, reason, now_ns);
}

void planner_controlled(struct planner *planner, unsigned lane_index, enum respin_drive_command control,
			enum respin_reason reason, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	lane->answered_ns = now_ns;
	if (planner->stopped)
		return;
	if (control == RESPIN_DRIVE_SLOWER || control == RESPIN_DRIVE_FASTER) {
		speed_answered(planner, lane, reason, now_ns);
		return;
	}
	if (reason == RESPIN_REASON_GOOD) {
		/* Whatever was done, the disc may have been changed meanwhile. */
		lane->has_control = control != RESPIN_DRIVE_IDENTIFY;
		lane->control = RESPIN_DRIVE_IDENTIFY;
		if (!lane->has_control) {
			lane->mood = RESPIN_MOOD_WELL;
			lane->came_back = !lane->by_the_way;
			check_demand(lane, !lane->by_the_way);
			lane->by_the_way = false;
		}
		return;
	}
	if (control == RESPIN_DRIVE_IDENTIFY && reason == RESPIN_REASON_MEDIUM_CHANGED) {
		if (lane->by_the_way) /* without a sign: nobody knows since when */
			identity_other(planner, lane_index);
		planner_stop(planner, RESPIN_E_OTHER_DISC);
		return;
	}
	unanswered(planner, lane, reason, now_ns);
}

/* A failure so quick that no drive has tried: a wedge, or a cache, or a host that knows already. */
static bool is_fast_failure(const struct respin_reply *reply)
{
	switch ((enum respin_reason)reply->reason) {
	case RESPIN_REASON_GOOD:
	case RESPIN_REASON_RECOVERED:
	case RESPIN_REASON_SHORT:
	case RESPIN_REASON_LOCKED:
		return false;
	default:
		return reply->elapsed_ns < WEDGE_FAST_NS;
	}
}

/* A row of quick failures: does the drive still read what it has read before? */
static void watch_for_wedge(struct planner *planner, struct planner_lane *lane,
			    const struct respin_reply *reply)
{
	bool hardware = reply->reason == RESPIN_REASON_HARDWARE || reply->reason == RESPIN_REASON_REFUSED;
	lane->fast_failures = is_fast_failure(reply) ? lane->fast_failures + 1 : 0;
	if (planner->info.plain || lane->fast_failures < WEDGE_FAILURES)
		return;
	struct respin_extent known;
	bool readable = map_find(planner->map, 0, MASK(RESPIN_FINISHED), &known);
	if (readable && lane->fast_failures % WEDGE_FAILURES == 0)
		check_demand(lane, true);
	else if (readable)
		return;
	else if (hardware || lane->fast_failures >= DEAF_FAILURES)
		planner_stop(planner, RESPIN_E_SOURCE);
}

/*
 * One place on the disc that takes drive or link away at each try, though they
 * come back well each time, is damage too, or the rescue would never get past it.
 */
static void ask_once_more(struct planner_lane *lane, const struct respin_outcome *outcome)
{
	bool same = lane->request.range.start == outcome->request.range.start &&
		    lane->request.range.count == outcome->request.range.count;
	lane->taken_away = same && lane->came_back ? lane->taken_away + 1 : 0;
	lane->came_back = false;
	if (lane->check.asking) { /* the check goes on, and the request that waits for it is not forgotten */
		lane->check.asking = false;
		lane->check.again = outcome->reply.reason == RESPIN_REASON_ABORTED;
		return;
	}
	lane->request = outcome->request;
	lane->again = true;
	if (outcome->reply.reason == RESPIN_REASON_ABORTED)
		lane->request.flags |= RESPIN_READ_AGAIN;
	if (lane->taken_away >= TAKEN_AWAY_MAX)
		lane->request.flags |= RESPIN_READ_LAST;
}

bool drive_answered(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[outcome->request.lane];
	const struct respin_reply *reply = &outcome->reply;
	if (verdict_unanswered(&outcome->request, reply)) {
		ask_once_more(lane, outcome);
		unanswered(planner, lane, (enum respin_reason)reply->reason, now_ns);
		return false;
	}
	/* A probe that is answered says nothing of the request that waits behind it. */
	if (!(outcome->request.flags & RESPIN_READ_SAMPLE)) {
		memset(lane->unanswered, 0, sizeof lane->unanswered);
		lane->taken_away = 0;
		watch_for_wedge(planner, lane, reply);
	}
	lane->mood = mood_after((enum respin_reason)reply->reason, lane->mood);
	if (reply->reason == RESPIN_REASON_TIMEOUT)
		rest(lane, now_ns);
	return true;
}
