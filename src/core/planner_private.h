/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the planner's files share. Nobody else includes this. */
#ifndef CORE_PLANNER_PRIVATE_H
#define CORE_PLANNER_PRIVATE_H

#include "core/mood.h"
#include "core/planner.h"
#include "core/stats.h"

/* Parts of one failed request that it never judged, and of the reads that repay them. */
#define OWED_MAX 8
/* Blocks of this run that are remembered, spread over it, beside the newest. */
#define CANARIES 8u

/* A block that was read before: it tells a wedged drive from a damaged disc, and this disc from another. */
struct canary {
	struct respin_range range; /* count 0: none */
	uint64_t hash;             /* 0: not known, it only has to read */
};

/* A look whether this is still the same disc, and a drive that reads it: canary after canary. */
struct check {
	bool due;              /* before this lane asks for anything else */
	bool strict;           /* a drive that reads none of them is not what it was */
	bool asking;           /* a canary is in flight */
	bool again, fua_fails; /* the last one was aborted; the drive refuses FUA */
	uint32_t asked;        /* which of them were, bit by bit */
	unsigned read, agreed, unread, differ;
	bool suspect; /* one differed, and could not be read once more */
	struct canary now;
	uint64_t doubt;       /* the wrong hash that `now` had at its first reading; 0: none */
	struct canary lie;    /* read twice, and twice the same, but not as it was */
	struct canary failed; /* the last one that could not be read */
};

/* A reply that may be of another disc: the lane keeps it until a check has spoken. */
enum held {
	HELD_NONE,
	HELD_OPEN,
	HELD_KEEP,  /* it is the same disc, or nothing speaks against it */
	HELD_DOUBT, /* nobody could look: its bytes are kept, and it is to be read again */
	HELD_DROP,  /* another disc */
};

/* What a lane has finished since it was last shown to have the right disc. */
struct since {
	struct respin_range *range; /* SINCE_MAX of them, neighbours joined */
	unsigned count;
	uint64_t reads;
	uint64_t checked_ns; /* 0: the clock has not been seen yet */
};

struct planner_lane {
	struct respin_request owed[OWED_MAX];
	unsigned owed_count;
	bool paying; /* the request in flight repays a debt; policies do not see it */

	/* While the drive does not answer. */
	struct respin_request request; /* to be asked again */
	bool again;
	uint64_t wait_until_ns;
	bool has_control;
	enum respin_drive_command control;
	bool by_the_way; /* it was not away: only asked, beside a look at canaries, whether it has the same disc */
	unsigned unanswered[RESPIN_REASON_GIVEN_UP + 1]; /* since the last answer, by reason */
	unsigned taken_away; /* how often this very request cost us drive or link, and both came back */
	bool came_back;

	unsigned fast_failures; /* in a row */
	struct check check;
	uint64_t sample_doubt; /* the wrong hash that a resume sample had at its first reading; 0: none */
	enum held held;
	uint64_t usual_ns;    /* what a read that brings bytes takes, lately; 0: none did */
	uint64_t answered_ns; /* the last answer of any kind; 0: none */
	bool unwatched;       /* time for a change went by, and what was asked next brought no bytes to hold */

	enum respin_mood mood; /* after its last answer; what is slow, the pace knows */
	struct pace pace;

	/* What a person asked for. */
	bool paused;     /* it has stood still since its last step */
	bool left;       /* the range in flight: nothing of it is asked for again in this pass */
	int speed_steps; /* to be asked of the drive; negative: slower */
};

/* What comes first: the answers to STEP_FOCUS, stage by stage. */
struct focus {
	enum { FOCUS_NONE, FOCUS_FIRST, FOCUS_DUE, FOCUS_ASKED, FOCUS_STAGE, FOCUS_ENOUGH } state;
	unsigned stage; /* answers so far */
	unsigned vain;  /* in a row that named nothing that is left to do */
	struct respin_map *want;  /* of this stage, in whole ECC blocks; NULL: no stage yet */
	struct respin_map *reach; /* that, and the small gaps in between; both empty once it is enough */
	struct respin_map *asked; /* what all answers named, to the unit */
	struct respin_map *done;  /* what this stage and those before it want, in whole ECC blocks */
	struct tally tally;       /* of reach */
};

struct planner {
	struct respin_map *map; /* the working map */
	const struct respin_map *domain;
	struct tally tally;
	struct respin_source_info info;
	enum respin_mode mode;
	struct mapfile_resume resume;

	enum respin_phase phase;
	struct sweep sweep;
	struct patch patch;
	unsigned retry_pass;
	uint64_t close_cursor;
	struct planner_sample samples[PLANNER_SAMPLES_MAX];
	unsigned sample_count, sample_next;

	unsigned lanes;
	struct respin_range lease[LANES_MAX];
	struct planner_lane lane[LANES_MAX];
	uint64_t seq;
	uint64_t history;

	struct canary newest, canary[CANARIES];
	unsigned canary_count;
	uint64_t canary_stride, canaries_seen; /* one in so many of those seen is among the spread ones */
	unsigned checks;
	struct since since[LANES_MAX];
	struct respin_range lie; /* finished, but the drive gave other bytes then: to be taken back */
	bool other_disc;         /* everything in `since` is to be taken back */
	bool taken_back;         /* since this retrying pass began: what was is tried before it is given up */

	struct focus focus;
	bool paused, finishing;  /* as a person asked */
	bool quiet;              /* it was paused when it was to finish: no further command at all */
	bool unsettled;          /* it finishes while a drive does not answer: nothing is given up */
	bool alive;              /* this run has seen the disc read */
	uint64_t untried_before; /* when this sweeping pass began */
	bool touched;            /* something was folded since the last flush */
	bool flush;
	bool stopped;
	int code;
};

/* ---- planner_phases.c ---- */

/* What a policy may see. */
struct policy_view planner_view(const struct planner *planner);
/* Which phase follows the present one, as things stand. */
enum respin_phase phase_next(const struct planner *planner);
void phase_enter(struct planner *planner, enum respin_phase phase);

/* ---- planner_focus.c: what comes first ---- */

/* Somebody will be asked. */
void focus_init(struct planner *planner, bool asks);
void focus_finish(struct planner *planner);
/* What the present phase may read; what closing may give up. NULL: everything. */
const struct respin_map *focus_domain(const struct planner *planner);
const struct respin_map *focus_closing(const struct planner *planner);
uint64_t focus_untried(const struct planner *planner); /* units in it */
bool focus_enough(const struct planner *planner);      /* nothing else is wanted */
/* The present phase is through, and `next` would follow. True: a question comes first. */
bool focus_turn(struct planner *planner, enum respin_phase next);
/* The question, or waiting for its answer. False: neither. */
bool focus_next(struct planner *planner, struct step *step);
/* Was finished, and is to be tried again. */
void focus_retracted(struct planner *planner, struct respin_range range);

/* ---- planner_control.c ---- */

/* A person wants this lane to do something else than to go on. */
bool control_next(struct planner *planner, unsigned lane, uint64_t now_ns, struct step *step);
/* Another speed is to be asked for. */
bool control_speed(struct planner *planner, unsigned lane, struct step *step);
/* It is to end without another command. */
bool control_silent(const struct planner *planner);
/* The request that was to be asked again is left for later. False: there was none. */
bool control_forget(struct planner *planner, unsigned lane);

/* ---- planner_drive.c ---- */

/* A step that the drive's state demands before any read. False: none. */
bool drive_next(struct planner *planner, unsigned lane, uint64_t now_ns, struct step *step);

/* False: the outcome says nothing of the disc; the request will be asked again. */
bool drive_answered(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns);

/* ---- planner_probe.c: canaries, and what reading them again amounts to ---- */

/* Before anything else this lane looks. */
void check_demand(struct planner_lane *lane, bool strict);
/* The same without a sign: not the newest canary, it may be of the other disc already. */
void check_by_age(struct planner *planner, unsigned lane);
/* The next canary to read, with flags for it. False: none; the check, if one was due, has ended. */
bool check_next(struct planner *planner, unsigned lane, uint64_t now_ns, struct policy_choice *choice,
		unsigned *flags);
/* What a sample or a canary amounts to. */
void probe_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash,
		uint64_t now_ns);
/* Finished bytes went by: remember them. */
void canary_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash);
/* Is there a block whose bytes are known? */
bool canary_known(const struct planner *planner);

/* ---- planner_identity.c: what is held back, and taken back ---- */

/* False: no memory. */
bool identity_init(struct planner *planner);
void identity_finish(struct planner *planner);

/* True: there is reason to look before this reply is believed; it is held. */
bool identity_holds(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns);
/* Of an outcome that was held: its spans as they are to be folded. True: nothing is left of it. */
bool identity_settles(struct planner *planner, struct respin_outcome *outcome);
/* What is being finished. */
void identity_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns);

/* The drive was left alone, and whoever asked for that stood beside it. */
void identity_after_pause(struct planner *planner, unsigned lane, uint64_t now_ns);
/* Now and then, though nothing points to it. */
void identity_tick(struct planner *planner, unsigned lane, uint64_t now_ns);
/* Before the rescue ends: is a last look due? */
bool identity_last(struct planner *planner, unsigned lane);

/* How a check ended. */
void identity_same(struct planner *planner, unsigned lane, uint64_t now_ns);
void identity_unknown(struct planner *planner, unsigned lane, uint64_t now_ns);
void identity_other(struct planner *planner, unsigned lane);

/* Lets go what is held, takes back what is wrong. False: there is neither. */
bool identity_next(struct planner *planner, unsigned lane, struct step *step);

#endif
