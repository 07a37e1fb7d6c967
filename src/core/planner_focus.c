/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes first: a stage narrows what all phases from copying to retrying
 * see to what somebody asked for; when they are through, the next question is
 * put. It knows no file: the answers are ranges of bytes.
 */
#include "core/planner_private.h"

#include <assert.h>

/*
 * Between two wanted ranges so much is read along with them: a new command at
 * another place costs a drive a rotation at least, 20 ms and more, and in that
 * time even a DVD at single speed has passed over it.
 */
#define GAP_BYTES (64u << 10)
/* Answers in a row that name nothing new before nobody is asked any more: every run ends. */
#define VAIN_MAX 3u

static uint64_t range_end(struct respin_range range)
{
	return range.start + range.count;
}

void focus_init(struct planner *planner, bool asks)
{
	if (!asks)
		return;
	planner->focus.state = FOCUS_FIRST;
	/* Where an earlier run stood was a place in its order, not in this one. */
	planner->resume = (struct mapfile_resume){.phase = RESPIN_PHASE_COPYING};
}

static void drop_stage(struct focus *focus)
{
	map_destroy(focus->want);
	map_destroy(focus->reach);
	focus->want = focus->reach = NULL;
}

void focus_finish(struct planner *planner)
{
	drop_stage(&planner->focus);
	map_destroy(planner->focus.asked);
	map_destroy(planner->focus.done);
	planner->focus = (struct focus){0};
}

const struct respin_map *focus_domain(const struct planner *planner)
{
	const struct focus *focus = &planner->focus;
	if (!focus->reach)
		return planner->domain;
	/* What failed in a gap is no loss yet: its turn comes with the rest. */
	return planner->phase <= RESPIN_PHASE_SWEEPING ? focus->reach : focus->want;
}

const struct respin_map *focus_closing(const struct planner *planner)
{
	return planner->focus.state == FOCUS_ENOUGH ? planner->focus.done : planner->domain;
}

uint64_t focus_untried(const struct planner *planner)
{
	const struct focus *focus = &planner->focus;
	return tally_units(focus->reach ? &focus->tally : &planner->tally, planner->map, RESPIN_NON_TRIED);
}

bool focus_enough(const struct planner *planner)
{
	return planner->focus.state == FOCUS_ENOUGH;
}

bool focus_turn(struct planner *planner, enum respin_phase next)
{
	struct focus *focus = &planner->focus;
	bool first = focus->state == FOCUS_FIRST;
	assert(!first || planner->phase == RESPIN_PHASE_SAMPLE); /* no other phase began before an answer */
	bool through = focus->state == FOCUS_STAGE && next >= RESPIN_PHASE_CLOSING;
	if (!first && !through)
		return false;
	focus->state = FOCUS_DUE;
	planner->flush = false; /* part of the question */
	return true;
}

bool focus_next(struct planner *planner, struct step *step)
{
	struct focus *focus = &planner->focus;
	if (focus->state == FOCUS_ASKED) {
		step->kind = STEP_WAIT;
		step->until_ns = 0;
		return true;
	}
	if (focus->state != FOCUS_DUE)
		return false;
	focus->state = FOCUS_ASKED;
	step->kind = STEP_FOCUS;
	step->stage = focus->stage;
	return true;
}

/* Without memory the rescue ends: no stage begins that is not whole. */
static void mark(struct planner *planner, struct respin_map *map, struct respin_range range,
		 enum respin_status status)
{
	if (map_set(map, range, status) < 0)
		planner_stop(planner, RESPIN_E_NOMEM);
}

void focus_retracted(struct planner *planner, struct respin_range range)
{
	if (planner->focus.done)
		mark(planner, planner->focus.done, range, RESPIN_NON_TRIED);
}

/* ---- what an answer amounts to ---- */

/* Sets in `map` all of `from` that has one of these statuses, as finished or as not. */
static void fold(struct planner *planner, struct respin_map *map, const struct respin_map *from,
		 unsigned mask, enum respin_status to)
{
	struct respin_extent part;
	for (uint64_t pos = 0; map_find(from, pos, mask, &part); pos = range_end(part.range))
		mark(planner, map, part.range, to);
}

static void keep_to_domain(struct planner *planner, struct respin_map *map)
{
	if (planner->domain)
		fold(planner, map, planner->domain, MASK_UNFINISHED, RESPIN_NON_TRIED);
}

/* From bytes to units, and to ECC blocks: one that is hit is read as a whole in any case. */
static void take_answer(struct planner *planner, const struct respin_map *bytes)
{
	struct focus *focus = &planner->focus;
	uint64_t unit = planner->info.unit_bytes, units = planner->info.units;
	uint64_t ecc = planner->info.ecc_block ? planner->info.ecc_block : 1;
	struct respin_extent part;
	for (uint64_t pos = 0; map_find(bytes, pos, MASK(RESPIN_FINISHED), &part);) {
		pos = range_end(part.range);
		uint64_t start = part.range.start / unit, end = (pos - 1) / unit + 1;
		if (start >= units)
			break;
		end = end < units ? end : units;
		mark(planner, focus->asked, (struct respin_range){start, end - start}, RESPIN_FINISHED);
		start -= start % ecc;
		end = (end - 1) / ecc * ecc + ecc;
		end = end < units ? end : units;
		mark(planner, focus->want, (struct respin_range){start, end - start}, RESPIN_FINISHED);
	}
	keep_to_domain(planner, focus->asked);
	/* Only what counts, and what no earlier answer named. */
	keep_to_domain(planner, focus->want);
	fold(planner, focus->want, focus->done, MASK(RESPIN_FINISHED), RESPIN_NON_TRIED);
	fold(planner, focus->done, focus->want, MASK(RESPIN_FINISHED), RESPIN_FINISHED);
}

static void bridge_gaps(struct planner *planner)
{
	struct focus *focus = &planner->focus;
	uint64_t most = GAP_BYTES / planner->info.unit_bytes, end = 0;
	struct respin_extent part;
	for (uint64_t pos = 0; map_find(focus->want, pos, MASK(RESPIN_FINISHED), &part); pos = end) {
		uint64_t start = part.range.start;
		if (end && start - end <= most)
			start = end;
		end = range_end(part.range);
		mark(planner, focus->reach, (struct respin_range){start, end - start}, RESPIN_FINISHED);
	}
	keep_to_domain(planner, focus->reach);
}

static void make_maps(struct planner *planner)
{
	struct focus *focus = &planner->focus;
	uint64_t units = planner->info.units;
	drop_stage(focus);
	focus->want = map_create(units, RESPIN_NON_TRIED);
	focus->reach = map_create(units, RESPIN_NON_TRIED);
	if (!focus->asked)
		focus->asked = map_create(units, RESPIN_NON_TRIED);
	if (!focus->done)
		focus->done = map_create(units, RESPIN_NON_TRIED);
	if (!focus->want || !focus->reach || !focus->asked || !focus->done)
		planner_stop(planner, RESPIN_E_NOMEM);
}

static void begin(struct planner *planner)
{
	planner->retry_pass = 0;
	phase_enter(planner,
		    planner->mode == RESPIN_MODE_PATCH ? RESPIN_PHASE_TRIMMING : RESPIN_PHASE_COPYING);
}

static void rest(struct planner *planner)
{
	planner->focus.state = FOCUS_NONE;
	drop_stage(&planner->focus);
	begin(planner);
}

void planner_focus(struct planner *planner, enum respin_focus answer, const struct respin_map *bytes)
{
	struct focus *focus = &planner->focus;
	struct respin_extent left;
	focus->stage++;
	if (planner->finishing) /* meanwhile; what is closed then is not about this any more */
		return;
	if (answer == RESPIN_FOCUS_REST || (answer == RESPIN_FOCUS_ON && !bytes)) {
		rest(planner);
		return;
	}
	/* Enough is a stage about nothing: no phase finds anything, and closing follows. */
	make_maps(planner);
	if (!planner->stopped && answer == RESPIN_FOCUS_ON) {
		take_answer(planner, bytes);
		bridge_gaps(planner);
	}
	if (planner->stopped) /* no memory, or what went wrong meanwhile */
		return;
	tally_init(&focus->tally, planner->map, focus->reach);
	if (answer == RESPIN_FOCUS_ENOUGH) {
		focus->state = FOCUS_ENOUGH;
		return;
	}
	bool vain =
		!domain_find(planner->map, focus->want, 0, MASK(RESPIN_NON_TRIED) | MASK_RETRYABLE, &left);
	focus->vain = vain ? focus->vain + 1 : 0;
	focus->state = vain ? FOCUS_DUE : FOCUS_STAGE;
	if (focus->vain > VAIN_MAX)
		rest(planner);
	else if (!vain)
		begin(planner);
}

/* ---- what others may know ---- */

void planner_stage(const struct planner *planner, struct respin_snapshot *snapshot)
{
	const struct focus *focus = &planner->focus;
	snapshot->stage = focus->stage;
	snapshot->stage_units = snapshot->stage_left = 0;
	if (!focus->reach)
		return;
	snapshot->stage_units = map_count(focus->reach, RESPIN_FINISHED);
	uint64_t finished = tally_units(&focus->tally, planner->map, RESPIN_FINISHED);
	/* What is taken back elsewhere counts against it: then it may be more than there is. */
	if (finished < snapshot->stage_units)
		snapshot->stage_left = snapshot->stage_units - finished;
}

bool planner_satisfied(const struct planner *planner)
{
	struct respin_extent missing;
	return planner->focus.state == FOCUS_ENOUGH &&
	       !domain_find(planner->map, planner->focus.asked, 0, MASK_UNFINISHED, &missing);
}
