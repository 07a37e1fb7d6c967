/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another disc in mid-run, under every sign that a drive or a kernel shows or
 * swallows. Each of these rescues must end as "another disc" (or, where the
 * drive is gone, as that), with no byte of it called finished.
 */
#include "stage.h"

#define SECOND_NS 1000000000ull

static void swap_with(struct stage *stage, enum stage_sign sign, unsigned times, enum stage_disc disc)
{
	stage->event[0] =
		(struct stage_event){.at = 150, .sign = sign, .times = times, .swaps = true, .disc = disc};
	stage_run(stage, false);
	if (stage->reads <= 150)
		stage_fail(stage, "the disc was never changed");
	if (sign != SIGN_NONE && stage->reads > 200)
		stage_fail(stage, "the sign was not seen");
}

static void attention(struct stage *stage)
{
	swap_with(stage, SIGN_CHANGED, 1, DISC_TWIN);
}

static void attention_longer(struct stage *stage)
{
	swap_with(stage, SIGN_CHANGED, 1, DISC_LONGER);
}

static void attention_series(struct stage *stage)
{
	swap_with(stage, SIGN_CHANGED, 1, DISC_SERIES);
}

static void eaten_not_ready(struct stage *stage)
{
	swap_with(stage, SIGN_NOT_READY, 6, DISC_TWIN);
}

static void eaten_not_ready_longer(struct stage *stage)
{
	swap_with(stage, SIGN_NOT_READY, 6, DISC_LONGER);
}

static void eaten_no_medium(struct stage *stage)
{
	swap_with(stage, SIGN_NO_MEDIUM, 3, DISC_TWIN);
}

static void needs_start(struct stage *stage)
{
	swap_with(stage, SIGN_NEEDS_START, 1, DISC_TWIN);
}

static void reset(struct stage *stage)
{
	swap_with(stage, SIGN_RESET, 1, DISC_TWIN);
}

static void link_lost(struct stage *stage)
{
	swap_with(stage, SIGN_LINK, 1, DISC_TWIN);
}

static void timed_out(struct stage *stage)
{
	swap_with(stage, SIGN_TIMEOUT, 1, DISC_TWIN);
}

/* No sign but eight seconds: the reply is of the twin already, and is held. */
static void slow(struct stage *stage)
{
	swap_with(stage, SIGN_SLOW, 1, DISC_TWIN);
}

static void slow_untrusted(struct stage *stage)
{
	stage->script.traits.resid_trusted = stage->script.traits.poison_trusted = 0;
	swap_with(stage, SIGN_SLOW, 1, DISC_TWIN);
}

static void attention_untrusted(struct stage *stage)
{
	stage->script.traits.resid_trusted = stage->script.traits.poison_trusted = 0;
	swap_with(stage, SIGN_CHANGED, 1, DISC_TWIN);
}

/* The machine slept, or the output stood still: nothing was asked of the drive meanwhile. */
static void rested(struct stage *stage)
{
	swap_with(stage, SIGN_RESTED, 1, DISC_TWIN);
}

/* ...and the first thing asked of the twin cannot be read: a failure explains no rest. */
static void rested_then_bad(struct stage *stage)
{
	stage->foreign_is_bad = true;
	stage->bad_from = 150;
	stage->bad[0] = (struct respin_range){150 * 32, 32};
	swap_with(stage, SIGN_RESTED, 1, DISC_TWIN);
}

/* Nothing shows it at all: the last look before the end. */
static void signless(struct stage *stage)
{
	swap_with(stage, SIGN_NONE, 1, DISC_TWIN);
	if (stage->stats.retryable < 200 * 32)
		stage_fail(stage, "what was read of the twin was not taken back");
}

/* ...and with reads so slow that half an hour passes before. */
static void signless_long(struct stage *stage)
{
	stage->latency_ns = 10 * SECOND_NS;
	swap_with(stage, SIGN_NONE, 1, DISC_TWIN);
	if (stage->reads > 370)
		stage_fail(stage, "it was not seen before the end");
}

static void forced(struct stage *stage)
{
	stage_half(stage);
	stage->event[0] = (struct stage_event){
		.at = stage->reads + 3, .sign = SIGN_CHANGED, .swaps = true, .disc = DISC_TWIN};
	stage->bad[0] = (struct respin_range){5050, 1};
	stage_run(stage, true);
}

/* While sectors are tried one by one. */
static void in_patch(struct stage *stage)
{
	stage->bad[0] = (struct respin_range){3000, 64};
	stage->event[0] =
		(struct stage_event){.at = 400, .sign = SIGN_SLOW, .swaps = true, .disc = DISC_TWIN};
	stage_run(stage, false);
	if (stage->reads <= 400)
		stage_fail(stage, "the disc was never changed");
}

static void in_patch_attention(struct stage *stage)
{
	stage->bad[0] = (struct respin_range){3000, 64};
	stage->event[0] =
		(struct stage_event){.at = 400, .sign = SIGN_CHANGED, .swaps = true, .disc = DISC_TWIN};
	stage_run(stage, false);
}

/* The first look is of the right disc, and while it looks once more it is changed. */
static void during_the_check(struct stage *stage)
{
	stage->event[0] = (struct stage_event){.at = 150, .sign = SIGN_RESET};
	stage->event[1] = (struct stage_event){
		.at = 152, .sign = SIGN_NO_MEDIUM, .times = 2, .swaps = true, .disc = DISC_TWIN};
	stage_run(stage, false);
}

/* None of the canaries can be read there: then its length tells. */
static void no_canary_longer(struct stage *stage)
{
	stage->foreign_is_bad = true;
	stage->bad_from = 151;
	stage->bad[0] = (struct respin_range){0, 150 * 32};
	swap_with(stage, SIGN_SLOW, 1, DISC_LONGER);
}

/* It was in for a while when something slow made the drive be asked: what it gave before goes, too. */
static void longer_for_a_while(struct stage *stage)
{
	stage->event[1] = (struct stage_event){.at = 170, .sign = SIGN_SLOW};
	swap_with(stage, SIGN_NONE, 1, DISC_LONGER);
}

/* Two of the three canaries that are known cannot be read on the other disc. */
static void unreadable_canaries(struct stage *stage)
{
	stage->foreign_is_bad = true;
	stage->bad_from = 150;
	stage->bad[0] = (struct respin_range){0, 64};
	stage->bad[1] = (struct respin_range){128 * 32, 640};
	swap_with(stage, SIGN_NOT_READY, 4, DISC_TWIN);
}

/* The first canary of the twin aborts the command, the others are read. */
static void aborted_canary(struct stage *stage)
{
	stage->event[1] = (struct stage_event){.at = 151, .sign = SIGN_ABORTED};
	swap_with(stage, SIGN_CHANGED, 1, DISC_TWIN);
}

/* It comes, is seen and goes: put back too late. */
static void there_and_back(struct stage *stage)
{
	stage->event[1] = (struct stage_event){
		.at = 159, .sign = SIGN_NOT_READY, .times = 3, .swaps = true, .disc = DISC_RIGHT};
	swap_with(stage, SIGN_NOT_READY, 4, DISC_TWIN);
}

/* Before the second run, with the tray closed again: the samples say it. */
static void between_runs(struct stage *stage)
{
	stage_half(stage);
	stage->inside = DISC_TWIN;
	stage_run(stage, false);
}

static void between_runs_series(struct stage *stage)
{
	stage_half(stage);
	stage->inside = DISC_SERIES;
	stage_run(stage, false);
}

static void between_runs_longer(struct stage *stage)
{
	stage_half(stage);
	stage->inside = DISC_LONGER;
	stage->script.last_lba += 160;
	stage_run(stage, false);
}

/* Nearly nothing of the twin can be read where samples are. */
static void between_runs_scratched(struct stage *stage)
{
	stage_half(stage);
	stage->inside = DISC_TWIN;
	stage->foreign_is_bad = true;
	stage->bad[0] = (struct respin_range){0, 4000};
	stage->bad[1] = (struct respin_range){5100, 5000};
	stage_run(stage, false);
}

/* The disc is taken out and nothing comes back. */
static void taken_away(struct stage *stage)
{
	stage->event[0] = (struct stage_event){
		.at = 150, .sign = SIGN_NO_MEDIUM, .times = 1000000, .swaps = true, .disc = DISC_TWIN};
	stage_run(stage, false);
}

static void drive_gone(struct stage *stage)
{
	stage->event[0] =
		(struct stage_event){.at = 150, .sign = SIGN_GONE, .swaps = true, .disc = DISC_TWIN};
	stage_run(stage, false);
}

/* While a reply of the twin is held, the drive goes: its bytes stay, nothing is claimed of them. */
static void gone_while_held(struct stage *stage)
{
	stage->event[1] = (struct stage_event){.at = 151, .sign = SIGN_GONE};
	swap_with(stage, SIGN_SLOW, 1, DISC_TWIN);
}

static void stop_at_the_canary(struct stage *stage, const struct respin_event *event)
{
	if (event->kind == RESPIN_EVENT_SAMPLE)
		respin_session_cancel(stage->session);
}

/* ...or somebody stops the rescue before the canaries have spoken. */
static void stopped_while_held(struct stage *stage)
{
	stage->on_event = stop_at_the_canary;
	stage->latency_ns = 0;
	swap_with(stage, SIGN_SLOW, 1, DISC_TWIN);
}

const struct scenario swaps[] = {
	{"unit attention, a twin", 5, 0, attention},
	{"unit attention, a longer disc", 5, 0, attention_longer},
	{"unit attention, a disc of the same series", 5, 0, attention_series},
	{"unit attention, a host that proves nothing", 5, 0, attention_untrusted},
	{"attention eaten, getting ready, a twin", 5, 0, eaten_not_ready},
	{"attention eaten, getting ready, a longer disc", 5, 0, eaten_not_ready_longer},
	{"attention eaten, no medium for a while, a twin", 5, 0, eaten_no_medium},
	{"stands still, is started, a twin", 5, 0, needs_start},
	{"reset, a twin", 5, 0, reset},
	{"link lost, opened anew, a twin", 5, 0, link_lost},
	{"timeout, a twin", 5, 0, timed_out},
	{"silent, one slow good read", 5, 0, slow},
	{"silent, one slow good read, a host that proves nothing", 5, 0, slow_untrusted},
	{"silent, slow good read in patch", 5, 0, in_patch},
	{"unit attention in patch", 5, 0, in_patch_attention},
	{"silent, after a rest", 5, 0, rested},
	{"silent, after a rest, and the first read fails", 5, 0, rested_then_bad},
	{"silent, without any sign", 5, 0, signless},
	{"silent, without any sign, a long run", 5, 0, signless_long},
	{"unit attention in a forced run", 5, 0, forced},
	{"changed while the canaries are read", 5, 0, during_the_check},
	{"canaries that the other disc cannot read", 5, 0, unreadable_canaries},
	{"silent, a longer disc that cannot read one canary", 5, 0, no_canary_longer},
	{"silent, a longer disc, and a slow read much later", 5, 0, longer_for_a_while},
	{"a canary that is aborted", 5, 0, aborted_canary},
	{"another disc, and the right one again too late", 5, 0, there_and_back},
	{"resume with a twin", 5, 0, between_runs},
	{"resume with a disc of the same series", 5, 0, between_runs_series},
	{"resume with a longer disc", 5, 0, between_runs_longer},
	{"resume with a twin that is scratched", 5, 0, between_runs_scratched},
	{"taken out, nothing comes back", 3, 0, taken_away},
	{"the drive goes with the disc", 3, 0, drive_gone},
	{"the drive goes while a reply is held", 3, 0, gone_while_held},
	{"stopped while a reply is held", 6, 5, stopped_while_held},
	{.name = NULL},
};
