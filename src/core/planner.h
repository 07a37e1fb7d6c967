/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One planner a rescue: what comes next, for every lane. Pure: map, outcomes
 * and `now` in, steps out; the same inputs give the same steps. It owns the
 * working map and the leases; it reads no disc, no clock and no file.
 */
#ifndef CORE_PLANNER_H
#define CORE_PLANNER_H

#include <respin/session.h>

#include "core/mapfile.h"
#include "core/policy.h"

#define PLANNER_SAMPLES_MAX 16u

/* A finished range and the hash of its bytes in the image: is it this disc? */
struct planner_sample {
	struct respin_range range;
	uint64_t hash; /* hash_bytes(bytes, len, 0) */
};

struct planner_config {
	const struct respin_source_info *info;
	enum respin_mode mode;
	const struct respin_map *map;    /* copied */
	const struct respin_map *domain; /* borrowed; NULL: everything */
	struct mapfile_resume resume;
	const struct planner_sample *samples; /* copied */
	unsigned sample_count;                /* at most PLANNER_SAMPLES_MAX */
	unsigned lanes;                       /* 1 .. LANES_MAX */
	bool focus;                           /* somebody answers STEP_FOCUS */
};

enum step_kind {
	STEP_READ,    /* do step.request, fold its outcome */
	STEP_CONTROL, /* do step.control, tell planner_controlled */
	STEP_WAIT,    /* nothing before step.until_ns; 0: until another lane folds */
	STEP_PAUSED,  /* nothing until somebody says to go on; then ask again */
	STEP_FLUSH,   /* be durable first, then ask again */
	STEP_CLOSE,   /* fold step.outcome, which no command produced */
	STEP_HELD,    /* fold the outcome that was held back */
	STEP_FOCUS,   /* be durable, ask what comes first, tell planner_focus */
	STEP_DONE,
};

/* planner_fold: not yet. Keep the outcome until STEP_HELD, then fold it again. */
#define PLANNER_HOLD 1

struct step {
	enum step_kind kind;
	struct respin_request request;
	enum respin_drive_command control;
	uint64_t until_ns;
	struct respin_outcome outcome; /* without bytes */
	unsigned stage;                /* STEP_FOCUS: from 0 */
};

struct planner;

/* NULL: no memory. */
struct planner *planner_create(const struct planner_config *config);
void planner_destroy(struct planner *planner);

void planner_next(struct planner *planner, unsigned lane, uint64_t now_ns, struct step *step);

/*
 * Folds what came of a STEP_READ, STEP_CLOSE or STEP_HELD into the working map,
 * the history and the policy. `hash` is that of the bytes of a sample or of a
 * block to remember, else 0. An outcome that was held may come out with other
 * spans: of another disc's bytes nothing is kept.
 * 0, RESPIN_E_NOMEM, or PLANNER_HOLD: nothing was folded.
 */
int planner_fold(struct planner *planner, struct respin_outcome *outcome, uint64_t hash, uint64_t now_ns);

/*
 * As planner_next for a lane that gives no command any more: what is held is
 * let go, what must be taken back is. Then DONE.
 */
void planner_wind_up(struct planner *planner, unsigned lane, struct step *step);

void planner_controlled(struct planner *planner, unsigned lane, enum respin_drive_command control,
			enum respin_reason reason, uint64_t now_ns);

/*
 * The answer to STEP_FOCUS; `bytes` (with RESPIN_FOCUS_ON) is borrowed. What
 * earlier answers named was tried as often as pays and is not tried for this
 * one. Answers that name nothing else, again and again, end the questions.
 */
void planner_focus(struct planner *planner, enum respin_focus answer, const struct respin_map *bytes);

/* The present stage: answers so far, units it is about and those left of them (0, 0: none). */
void planner_stage(const struct planner *planner, struct respin_snapshot *snapshot);

/* Was it said to be enough, and is all that the answers named finished? */
bool planner_satisfied(const struct planner *planner);

/*
 * What a person asks for; the next step of every lane obeys it. PAUSE and GO_ON
 * are states; SKIP is for what the lanes read just now; after FINISH nothing
 * else is heard.
 */
void planner_control(struct planner *planner, enum respin_control what);

/* The request of a STEP_READ was not carried out. */
void planner_release(struct planner *planner, unsigned lane);

/* From now on every step is DONE. The first code given stays. */
void planner_stop(struct planner *planner, int code);

/* RESPIN_OK, or why the rescue ended early. */
int planner_code(const struct planner *planner);

/* What the drive of this lane is like, as far as its answers tell. */
enum respin_mood planner_mood(const struct planner *planner, unsigned lane);

enum respin_phase planner_phase(const struct planner *planner);
const struct respin_map *planner_map(const struct planner *planner);
void planner_stats(const struct planner *planner, struct respin_stats *stats);
uint64_t planner_history(const struct planner *planner);
/* Some blocks whose bytes this run knows, for a run that has no image to sample; how many. */
unsigned planner_canaries(const struct planner *planner, struct planner_sample samples[PLANNER_SAMPLES_MAX]);

#endif
