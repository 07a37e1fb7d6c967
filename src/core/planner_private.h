/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What planner.c and planner_drive.c share. Nobody else includes this. */
#ifndef CORE_PLANNER_PRIVATE_H
#define CORE_PLANNER_PRIVATE_H

#include "core/planner.h"
#include "core/stats.h"

/* Parts of one failed request that it never judged, and of the reads that repay them. */
#define OWED_MAX 8

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
	unsigned unanswered[RESPIN_REASON_GIVEN_UP + 1]; /* since the last answer, by reason */
	unsigned taken_away; /* how often this very request cost us drive or link, and both came back */
	bool came_back;

	unsigned fast_failures; /* in a row */
	bool look;              /* a probe is due */
	bool probing;           /* it is in flight */
	unsigned probe_failures;
};

/* A block that was read before: it tells a wedged drive from a damaged disc, and this disc from another. */
struct probe {
	struct respin_range range; /* count 0: none known */
	uint64_t hash;             /* 0: not known, it only has to read */
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
	struct probe probe;
	bool alive;              /* this run has seen the disc read */
	uint64_t untried_before; /* when this sweeping pass began */
	bool touched;            /* something was folded since the last flush */
	bool flush;
	bool stopped;
	int code;
};

/* A step that the drive's state demands before any read. False: none. */
bool drive_next(struct planner *planner, unsigned lane, uint64_t now_ns, struct step *step);

/* False: the outcome says nothing of the disc; the request will be asked again. */
bool drive_answered(struct planner *planner, const struct respin_outcome *outcome, uint64_t now_ns);

/* A read of the probe, if there is a block to read. False: none is known. */
bool probe_next(struct planner *planner, unsigned lane, struct policy_choice *choice);
/* Finished bytes went by: remember them for the next probe. */
void probe_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash);
/* What a sample or probe amounts to. */
void probe_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash);

#endif
