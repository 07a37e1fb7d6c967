/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What looks like another disc and is none. None of these rescues may be
 * refused, and what was hard to read must not be thrown away.
 */
#include "stage.h"

#include <stdio.h>

#define SECOND_NS 1000000000ull

static void sign_only(struct stage *stage, enum stage_sign sign, unsigned times)
{
	stage->event[0] = (struct stage_event){.at = 150, .sign = sign, .times = times};
	stage_run(stage, false);
	if (stage->samples == 0)
		stage_fail(stage, "nothing was compared");
}

static void back_after_eject(struct stage *stage)
{
	stage->event[1] = (struct stage_event){.at = 151, .sign = SIGN_CHANGED};
	sign_only(stage, SIGN_NO_MEDIUM, 3);
}

static void reset(struct stage *stage)
{
	sign_only(stage, SIGN_RESET, 1);
}

static void rested(struct stage *stage)
{
	sign_only(stage, SIGN_RESTED, 1);
}

static void link_lost(struct stage *stage)
{
	sign_only(stage, SIGN_LINK, 1);
}

/* Once slow is enough to look, and the answer is kept. */
static void slow_once(struct stage *stage)
{
	sign_only(stage, SIGN_SLOW, 1);
	if (stage->reads > 375 + 8)
		stage_fail(stage, "the slow answer was thrown away and read again");
}

static void marginal_place(struct stage *stage)
{
	stage->slow = (struct respin_range){7000, 200};
	stage_run(stage, false);
	if (stage->samples == 0)
		stage_fail(stage, "nothing was compared");
	if (stage->reads > 375 + 24)
		stage_fail(stage, "the slow answers cost too much");
}

/* The canaries cannot be read: nobody can tell, and what was hard to read is kept. */
static void canaries_lost(struct stage *stage)
{
	stage->bad_from = 151;
	stage->bad[0] = (struct respin_range){0, 150 * 32};
	sign_only(stage, SIGN_SLOW, 1);
	if (stage->reads > 375 + 8)
		stage_fail(stage, "the slow answer was thrown away and read again");
}

static void slow_drive(struct stage *stage)
{
	stage->latency_ns = 7 * SECOND_NS;
	stage_run(stage, false);
	if (stage->samples > 16)
		stage_fail(stage, "a slow drive is suspected again and again");
}

/* One bit of a canary flips on its way: read once more, it is right. */
static void one_flip(struct stage *stage)
{
	stage->lie[0] = 152; /* the first read of the check that follows */
	sign_only(stage, SIGN_RESET, 1);
}

/* The block that became the newest canary came wrong: the others clear the disc, it is read again. */
static void lie_repaired(struct stage *stage)
{
	stage->lie[0] = 129; /* every 64th is remembered */
	sign_only(stage, SIGN_RESET, 1);
}

/* Nothing points to it until the last look: what is taken back then is read again, not given up. */
static void lie_found_last(struct stage *stage)
{
	stage->bad[0] = (struct respin_range){1000, 1};
	stage->lie[0] = 66; /* a canary behind the bad sector: the last pass has gone by it */
	stage_run(stage, false);
	if (stage->stats.bad != 1)
		stage_fail(stage, "what was taken back was given up unread");
}

static void one_sample_unreadable(struct stage *stage)
{
	stage_half(stage);
	stage->bad[0] = (struct respin_range){0, 4000};
	stage->bad[1] = (struct respin_range){6000, 3000};
	stage_run(stage, false);
}

static void no_sample_readable(struct stage *stage)
{
	stage_half(stage);
	stage->bad[0] = (struct respin_range){0, 5000};
	stage->bad[1] = (struct respin_range){5100, STAGE_UNITS - 5100};
	stage_run(stage, false);
}

static void sample_flips(struct stage *stage)
{
	stage_half(stage);
	stage->lie[0] = stage->reads + 1;
	stage_run(stage, false);
}

static void another_drive(struct stage *stage)
{
	stage_half(stage);
	stage->vendor = "OTHER   ";
	stage_run(stage, false);
}

static void stop_at_the_canary(struct stage *stage, const struct respin_event *event)
{
	if (event->kind == RESPIN_EVENT_SAMPLE && stage->on_event)
		respin_session_cancel(stage->session);
}

/* Stopped while a reply is held, and taken up again: everything is there in the end. */
static void stopped_and_resumed(struct stage *stage)
{
	stage->event[0] = (struct stage_event){.at = 150, .sign = SIGN_SLOW};
	stage->on_event = stop_at_the_canary;
	stage_run(stage, false);
	if (stage->status != 6)
		stage_fail(stage, "it was not stopped");
	stage->on_event = NULL;
	stage_again(stage);
	stage_run(stage, false);
}

static void moved_files(struct stage *stage)
{
	stage_half(stage);
	stage_copy(stage->image, stage_path(stage, "copy.iso"));
	stage_copy(stage->map, stage_path(stage, "copy.iso.map"));
	(void)snprintf(stage->image, sizeof stage->image, "%s", stage_path(stage, "copy.iso"));
	(void)snprintf(stage->map, sizeof stage->map, "%s", stage_path(stage, "copy.iso.map"));
	stage_run(stage, false);
}

const struct scenario keeps[] = {
	{"the same disc back after eject", 0, 0, back_after_eject},
	{"a drive reset", 0, 0, reset},
	{"a link that failed", 0, 0, link_lost},
	{"a rest", 0, 0, rested},
	{"one slow answer", 0, 0, slow_once},
	{"a marginal place, slow but good", 0, 0, marginal_place},
	{"no canary can be read any more", 0, 0, canaries_lost},
	{"a drive that is always slow", 0, 0, slow_drive},
	{"one bit flips in a canary", 0, 0, one_flip},
	{"a lie that became a canary is read again", 0, 0, lie_repaired},
	{"a lie that only the last look finds", 1, 0, lie_found_last},
	{"most samples unreadable now", 0, 0, one_sample_unreadable},
	{"no sample readable now", 0, 0, no_sample_readable},
	{"a sample flips once", 0, 0, sample_flips},
	{"the disc in another drive", 0, 0, another_drive},
	{"stopped while a reply is held, and resumed", 0, 0, stopped_and_resumed},
	{"image and map were copied elsewhere", 0, 0, moved_files},
	{.name = NULL},
};
