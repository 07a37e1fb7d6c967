/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner: one policy at a time, leases, and the history. The order of
 * phases is in planner_phases.c, what to do while a drive does not answer in
 * planner_drive.c, what a person asks for in planner_control.c.
 */
#include "core/planner.h"

#include <assert.h>
#include <stdlib.h>

#include "core/history.h"
#include "core/planner_private.h"
#include "core/verdict.h"

/* One ECC block may need all of a drive's own retries, a longer read more of them. */
#define READ_TIMEOUT_MS 60000u
#define READ_TIMEOUT_BLOCK_MS 10000u
struct planner *planner_create(const struct planner_config *config)
{
	assert(config->lanes >= 1 && config->lanes <= LANES_MAX);
	assert(config->info->max_request_units >= 1);
	struct planner *planner = calloc(1, sizeof *planner);
	if (!planner)
		return NULL;
	planner->map = map_copy(config->map);
	if (!planner->map) {
		free(planner);
		return NULL;
	}
	planner->domain = config->domain;
	planner->info = *config->info;
	planner->mode = config->mode;
	planner->resume = config->resume;
	planner->lanes = config->lanes;
	assert(config->sample_count <= PLANNER_SAMPLES_MAX);
	for (unsigned i = 0; i < config->sample_count; i++)
		planner->samples[i] = config->samples[i];
	planner->sample_count = config->sample_count;
	planner->phase = RESPIN_PHASE_SAMPLE;
	tally_init(&planner->tally, planner->map, planner->domain);
	focus_init(planner, config->focus);
	if (!identity_init(planner)) {
		planner_destroy(planner);
		return NULL;
	}
	return planner;
}

void planner_destroy(struct planner *planner)
{
	if (!planner)
		return;
	identity_finish(planner);
	focus_finish(planner);
	map_destroy(planner->map);
	free(planner);
}

/* Nothing of a whole ECC block is asked for twice because one request has two ends. */
static uint32_t timeout_ms(const struct planner *planner, struct respin_range range)
{
	uint64_t ecc = planner->info.ecc_block ? planner->info.ecc_block : 1;
	uint64_t blocks = (range.start + range.count - 1) / ecc - range.start / ecc + 1;
	return READ_TIMEOUT_MS + (uint32_t)blocks * READ_TIMEOUT_BLOCK_MS;
}

static void issue(struct planner *planner, unsigned lane, const struct policy_choice *choice, unsigned flags,
		  struct step *step)
{
	if (!(flags & RESPIN_READ_SAMPLE)) /* what is finished needs no lease */
		planner->lease[lane] = choice->range;
	/* What a partial source lacks was not tried at the disc: it stays what it is. */
	enum respin_status status = map_at(planner->map, choice->range.start);
	step->kind = STEP_READ;
	step->request = (struct respin_request){
		.seq = planner->seq++,
		.range = choice->range,
		.lane = lane,
		.timeout_ms = timeout_ms(planner, choice->range),
		.ecc_block = choice->ecc_block,
		.phase = (uint8_t)planner->phase,
		.status = (uint8_t)status,
		.failed = (uint8_t)(planner->info.partial ? status : choice->failed),
		.flags = (uint8_t)(flags | (choice->backwards ? RESPIN_READ_BACKWARDS : 0)),
	};
}

static bool choose(struct planner *planner, unsigned lane, struct step *step)
{
	struct policy_view view = planner_view(planner);
	struct policy_choice choice = {.ecc_block = 1};
	bool found = false;
	unsigned flags = 0;
	switch (planner->phase) {
	case RESPIN_PHASE_SAMPLE:
		if (planner->sample_next == planner->sample_count)
			return false;
		choice.range = planner->samples[planner->sample_next++].range;
		flags = RESPIN_READ_SAMPLE;
		found = true;
		break;
	case RESPIN_PHASE_COPYING:
	case RESPIN_PHASE_SWEEPING:
		found = sweep_next(&planner->sweep, &view, lane, &choice);
		break;
	case RESPIN_PHASE_TRIMMING:
	case RESPIN_PHASE_SCRAPING:
	case RESPIN_PHASE_RETRYING:
		found = patch_next(&planner->patch, &view, lane, &choice);
		break;
	case RESPIN_PHASE_CLOSING:
	case RESPIN_PHASE_FINISHED:
		break;
	}
	if (found)
		issue(planner, lane, &choice, flags, step);
	return found;
}

/* What is left over becomes '-', one run an outcome. */
static bool close_next(struct planner *planner, unsigned lane, struct step *step)
{
	struct respin_extent extent;
	if (planner->phase != RESPIN_PHASE_CLOSING ||
	    !domain_find(planner->map, focus_closing(planner), planner->close_cursor, MASK_RETRYABLE,
			 &extent))
		return false;
	step->kind = STEP_CLOSE;
	step->outcome = (struct respin_outcome){
		.request = {.seq = planner->seq++,
			    .range = extent.range,
			    .lane = lane,
			    .phase = RESPIN_PHASE_CLOSING,
			    .status = extent.status,
			    .failed = RESPIN_BAD},
		.reply = {.reason = RESPIN_REASON_GIVEN_UP},
		.span_count = 1,
		.spans = {{extent.range, RESPIN_SPAN_UNREADABLE, RESPIN_BAD, RESPIN_REASON_GIVEN_UP}},
	};
	planner->lease[lane] = extent.range;
	return true;
}

static bool others_busy(const struct planner *planner, unsigned lane)
{
	for (unsigned i = 0; i < planner->lanes; i++)
		if (i != lane && (planner->lease[i].count || planner->lane[i].owed_count))
			return true;
	return false;
}

/* Still nobody's, and still not finished: another lane may have been there meanwhile. */
static bool still_owed(const struct planner *planner, struct respin_range range)
{
	struct policy_view view = planner_view(planner);
	struct respin_extent extent;
	return view_find(&view, range.start, MASK_UNFINISHED, &extent) && extent.range.start == range.start &&
	       extent.range.count >= range.count;
}

/* What is owed to a failed request: the parts around the failure that it never judged. */
static bool owed(struct planner *planner, unsigned lane_index, struct step *step)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	while (lane->owed_count && !still_owed(planner, lane->owed[lane->owed_count - 1].range))
		lane->owed_count--;
	if (lane->owed_count == 0)
		return false;
	const struct respin_request *first = &lane->owed[--lane->owed_count];
	struct policy_choice choice = {.range = first->range,
				       .backwards = first->flags & RESPIN_READ_BACKWARDS,
				       .ecc_block = first->ecc_block,
				       .failed = (enum respin_status)first->failed};
	lane->paying = true;
	issue(planner, lane_index, &choice, first->flags & RESPIN_READ_FUA, step);
	return true;
}

/* What comes before all reading: letting go, taking back, waiting for the drive, looking at canaries. */
static bool checks(struct planner *planner, unsigned lane, uint64_t now_ns, struct step *step)
{
	struct policy_choice choice;
	unsigned flags;
	if (identity_next(planner, lane, step))
		return true;
	if (planner->stopped || control_next(planner, lane, now_ns, step) ||
	    drive_next(planner, lane, now_ns, step) || control_speed(planner, lane, step))
		return true;
	identity_tick(planner, lane, now_ns);
	if (check_next(planner, lane, now_ns, &choice, &flags)) {
		issue(planner, lane, &choice, flags, step);
		return true;
	}
	/* Its end may have been that there was nothing to compare with. */
	return identity_next(planner, lane, step) || planner->stopped;
}

/* Nothing more to read in this phase: is there reason to look once more before the next one? */
static bool looks_before(struct planner *planner, unsigned lane, enum respin_phase next)
{
	if (next < RESPIN_PHASE_CLOSING || control_silent(planner))
		return false;
	if (next == RESPIN_PHASE_CLOSING && !planner->alive) {
		check_demand(&planner->lane[lane], true);
		return true;
	}
	return identity_last(planner, lane);
}

/* A question, or another try: unless somebody wants no more of both. */
static bool begins(struct planner *planner, unsigned lane, struct step *step)
{
	return !planner->finishing && (focus_next(planner, step) || choose(planner, lane, step));
}

void planner_next(struct planner *planner, unsigned lane_index, uint64_t now_ns, struct step *step)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	*step = (struct step){.kind = STEP_DONE};
	if (checks(planner, lane_index, now_ns, step))
		return;
	if (lane->again) {
		lane->again = false;
		struct policy_choice choice = {.range = lane->request.range,
					       .backwards = lane->request.flags & RESPIN_READ_BACKWARDS,
					       .ecc_block = lane->request.ecc_block,
					       .failed = (enum respin_status)lane->request.failed};
		issue(planner, lane_index, &choice, lane->request.flags & (unsigned)~RESPIN_READ_BACKWARDS,
		      step);
		return;
	}
	if (owed(planner, lane_index, step))
		return;
	while (planner->phase != RESPIN_PHASE_FINISHED) {
		if (planner->flush) {
			planner->flush = false;
			step->kind = STEP_FLUSH;
			return;
		}
		if (begins(planner, lane_index, step) || close_next(planner, lane_index, step))
			return;
		if (others_busy(planner, lane_index)) {
			step->kind = STEP_WAIT;
			step->until_ns = 0;
			return;
		}
		planner->flush = planner->phase != RESPIN_PHASE_SAMPLE && planner->touched;
		planner->touched = false;
		enum respin_phase next = phase_next(planner);
		if (next == RESPIN_PHASE_CLOSING && planner->info.partial)
			next = RESPIN_PHASE_FINISHED;
		if (!planner->finishing && focus_turn(planner, next))
			continue;
		if (looks_before(planner, lane_index, next) && checks(planner, lane_index, now_ns, step))
			return;
		/* Nothing is given up on the word of a drive that has read nothing at all. */
		if (next == RESPIN_PHASE_CLOSING && !planner->alive)
			next = RESPIN_PHASE_FINISHED;
		phase_enter(planner, next);
	}
	/* Of the last lane it was asked above. */
	if (!control_silent(planner) && identity_last(planner, lane_index))
		(void)checks(planner, lane_index, now_ns, step);
}

void planner_wind_up(struct planner *planner, unsigned lane, struct step *step)
{
	*step = (struct step){.kind = STEP_DONE};
	if (planner->lane[lane].held == HELD_OPEN)
		planner->lane[lane].held = HELD_DOUBT;
	(void)identity_next(planner, lane, step);
}

static void owe(struct planner_lane *lane, const struct respin_outcome *outcome,
		const struct respin_span *span)
{
	if (lane->owed_count == OWED_MAX)
		return; /* stays as it was, for the next pass */
	struct respin_request *owed = &lane->owed[lane->owed_count++];
	*owed = outcome->request;
	owed->range = span->range;
	owed->flags &= RESPIN_READ_BACKWARDS;
	if (span->reason == RESPIN_REASON_RECOVERED)
		owed->flags |= RESPIN_READ_FUA; /* not the same bytes out of the drive's cache */
}

/*
 * A failure in the middle leaves parts unjudged. Those before it are read again
 * at once, as their own command; those behind it too when the walk goes
 * backwards and would not come by again. Bytes that came with a doubt are owed
 * a second read, since agreement is the proof that is left; recovered errors
 * wait for patch, the sweep has no time for them.
 */
static void note_owed(struct planner_lane *lane, const struct respin_outcome *outcome)
{
	struct respin_range failed;
	bool backwards = outcome->request.flags & RESPIN_READ_BACKWARDS;
	bool has_failed = outcome_failed(outcome, &failed);
	bool patching = outcome->request.phase >= RESPIN_PHASE_TRIMMING;
	for (uint32_t i = outcome->span_count; i-- > 0;) {
		const struct respin_span *span = &outcome->spans[i];
		bool doubtful = span->kind == RESPIN_SPAN_PROVISIONAL &&
				(span->reason == RESPIN_REASON_UNPROVED || patching);
		bool skipped = has_failed && span->reason == RESPIN_REASON_SKIPPED;
		bool behind = skipped && span->range.start > failed.start;
		if ((doubtful && !lane->paying) || (skipped && !behind) ||
		    (behind && (backwards || lane->paying)))
			owe(lane, outcome, span);
	}
}

static int apply(struct planner *planner, const struct respin_outcome *outcome)
{
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		int r = map_apply(planner->map, span);
		if (r < 0) {
			planner_stop(planner, r);
			return r;
		}
	}
	return 0;
}

static void fold_policy(struct planner *planner, const struct respin_outcome *outcome)
{
	struct policy_view view = planner_view(planner);
	switch ((enum respin_phase)outcome->request.phase) {
	case RESPIN_PHASE_COPYING:
	case RESPIN_PHASE_SWEEPING:
		sweep_fold(&planner->sweep, &view, outcome);
		break;
	case RESPIN_PHASE_TRIMMING:
	case RESPIN_PHASE_SCRAPING:
	case RESPIN_PHASE_RETRYING:
		patch_fold(&planner->patch, outcome);
		break;
	case RESPIN_PHASE_CLOSING:
		planner->close_cursor = outcome->request.range.start + outcome->request.range.count;
		break;
	case RESPIN_PHASE_SAMPLE:
	case RESPIN_PHASE_FINISHED:
		break;
	}
}

/* What was decided and not read: given up, or taken back. */
static int fold_decision(struct planner *planner, const struct respin_outcome *outcome)
{
	history_outcome(&planner->history, outcome);
	planner->touched = true;
	if (outcome->spans[0].kind == RESPIN_SPAN_RETRACT) {
		planner->taken_back = true;
		focus_retracted(planner, outcome->spans[0].range);
	}
	if (outcome->spans[0].kind == RESPIN_SPAN_UNREADABLE) {
		planner->lease[outcome->request.lane].count = 0;
		fold_policy(planner, outcome);
	}
	return apply(planner, outcome);
}

/* Where reads follow each other; in patch each is a seek, and a damaged place is no slow drive. */
static void note_pace(struct planner_lane *lane, const struct respin_outcome *outcome)
{
	uint8_t kind = outcome->spans[0].kind;
	bool whole = outcome->span_count == 1 &&
		     (kind == RESPIN_SPAN_RECOVERED || kind == RESPIN_SPAN_PROVISIONAL);
	if (whole && outcome->request.phase <= RESPIN_PHASE_SWEEPING)
		pace_fold(&lane->pace, outcome->request.range.count, outcome->reply.elapsed_ns);
}

static int fold_reply(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash,
		      uint64_t now_ns)
{
	unsigned lane_index = outcome->request.lane;
	struct planner_lane *lane = &planner->lane[lane_index];
	bool sample = outcome->request.flags & RESPIN_READ_SAMPLE;
	history_outcome(&planner->history, outcome);
	/* Unanswered, the range stays leased: it will be asked for again, unless somebody left it. */
	if (!drive_answered(planner, outcome, now_ns)) {
		if (lane->left)
			(void)control_forget(planner, lane_index);
		return 0;
	}
	if (sample) {
		probe_fold(planner, outcome, hash, now_ns);
		return 0;
	}
	planner->lease[lane_index].count = 0;
	canary_note(planner, outcome, hash);
	identity_note(planner, outcome, now_ns);
	planner->alive = planner->alive || outcome_gained(outcome);
	planner->touched = true;
	note_pace(lane, outcome);
	int r = apply(planner, outcome);
	if (r < 0)
		return r;
	if (!lane->left)
		note_owed(lane, outcome);
	lane->left = false;
	if (!lane->paying)
		fold_policy(planner, outcome);
	else if (outcome->request.phase >= RESPIN_PHASE_TRIMMING)
		patch_repaid(&planner->patch, outcome);
	lane->paying = false;
	return 0;
}

int planner_fold(struct planner *planner, struct respin_outcome *outcome, uint64_t hash, uint64_t now_ns)
{
	unsigned lane_index = outcome->request.lane;
	struct planner_lane *lane = &planner->lane[lane_index];
	if (outcome_decided(outcome))
		return fold_decision(planner, outcome);
	bool sample = outcome->request.flags & RESPIN_READ_SAMPLE;
	bool dropped = false;
	assert(sample || (outcome->request.range.start == planner->lease[lane_index].start &&
			  outcome->request.range.count == planner->lease[lane_index].count));
	if (!sample && lane->held != HELD_NONE) {
		dropped = identity_settles(planner, outcome);
	} else if (!sample && identity_holds(planner, outcome, now_ns)) {
		lane->answered_ns = now_ns;
		return PLANNER_HOLD;
	}
	lane->answered_ns = now_ns;
	if (!dropped)
		return fold_reply(planner, outcome, hash, now_ns);
	history_outcome(&planner->history, outcome);
	planner->lease[lane_index].count = 0;
	return 0;
}

void planner_release(struct planner *planner, unsigned lane)
{
	enum held held = planner->lane[lane].held;
	planner->lane[lane] = (struct planner_lane){.held = held};
	if (held == HELD_NONE) /* else its range is still leased */
		planner->lease[lane].count = 0;
}

void planner_stop(struct planner *planner, int code)
{
	if (!planner->stopped)
		planner->code = code;
	planner->stopped = true;
}

int planner_code(const struct planner *planner)
{
	return planner->code;
}

enum respin_mood planner_mood(const struct planner *planner, unsigned lane_index)
{
	const struct planner_lane *lane = &planner->lane[lane_index];
	bool sweeping = planner->phase <= RESPIN_PHASE_SWEEPING;
	return lane->mood == RESPIN_MOOD_WELL && lane->pace.slow && sweeping ? RESPIN_MOOD_SLOW : lane->mood;
}

enum respin_phase planner_phase(const struct planner *planner)
{
	return planner->phase;
}

const struct respin_map *planner_map(const struct planner *planner)
{
	return planner->map;
}

void planner_stats(const struct planner *planner, struct respin_stats *stats)
{
	tally_stats(&planner->tally, planner->map, stats);
}

uint64_t planner_history(const struct planner *planner)
{
	return planner->history;
}
