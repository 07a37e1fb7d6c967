/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy chooses the next range of a lane and learns from outcomes. It sees
 * the map through its view and changes nothing but its own state; leases,
 * waiting, drive commands and the order of phases are the planner's.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>

#include <respin/types.h>

#include "core/map.h"

#define LANES_MAX 8 /* drives that one rescue can use at once */

struct policy_view {
	const struct respin_map *map;      /* the working map */
	const struct respin_map *domain;   /* or NULL */
	const struct respin_range *leases; /* one a lane; count 0: none */
	unsigned lanes;
	uint64_t units;
	uint32_t ecc_block;   /* units that fail together */
	uint32_t request_max; /* units; a multiple of ecc_block */
	uint32_t attempt;     /* units of one try in patch; a multiple of ecc_block */
};

/* What a policy asks for; the planner fills the rest of the request. */
struct policy_choice {
	struct respin_range range;
	bool backwards;
	uint32_t ecc_block; /* units to fail together, should it fail */
	enum respin_status failed;
};

/*
 * How long a lane may work on one range without gaining a unit: 25 s of drive
 * time a sector, half an hour at most. Then the rest is left for later.
 */
struct watchdog {
	struct respin_range visit; /* the range being worked on */
	uint64_t spent_ns;         /* there, since the last gain */
};

/* Entering another range starts it anew. */
void watchdog_enter(struct watchdog *watchdog, struct respin_range run);
/* Counts the outcome in; true: leave the rest of watchdog->visit. */
bool watchdog_bites(struct watchdog *watchdog, const struct respin_outcome *outcome);

/* The sweep: reads what was never tried, once. */
struct sweep_lane {
	uint64_t skip;            /* units to leap after the next failure */
	struct respin_range gap;  /* what the last leap left out; count 0: nothing */
	struct respin_range back; /* walking this gap backwards; count 0: not */
	struct watchdog watchdog; /* second pass; in the first one leaps do its work */
	bool left;                /* what is in flight was left: no walk back to it */
};

struct sweep {
	bool leaps; /* first pass: leap away from damage and come back to it later */
	uint64_t cursor;
	bool bitten; /* the watchdog left something: another pass would only be left again */
	struct sweep_lane lane[LANES_MAX];
};

void sweep_init(struct sweep *sweep, bool leaps, uint64_t cursor);
bool sweep_next(struct sweep *sweep, const struct policy_view *view, unsigned lane,
		struct policy_choice *choice);
/* The range that is being read is left for later; in the first pass by the longest leap. */
void sweep_skip(struct sweep *sweep, const struct policy_view *view);
void sweep_fold(struct sweep *sweep, const struct policy_view *view, const struct respin_outcome *outcome);

/* Patch: one pass over what is retry-later, in tries of a fixed size. */
struct patch {
	bool backwards;
	uint32_t attempt;   /* units a try */
	uint32_t ecc_block; /* units that a failure condemns */
	uint64_t cursor;
	uint64_t gained; /* units, in this pass */
	struct watchdog lane[LANES_MAX];
};

/* `cursor`: where to begin; the end of the disc for a backward pass. */
void patch_init(struct patch *patch, bool backwards, uint32_t attempt, uint32_t ecc_block, uint64_t cursor);
bool patch_next(struct patch *patch, const struct policy_view *view, unsigned lane,
		struct policy_choice *choice);
void patch_fold(struct patch *patch, const struct respin_outcome *outcome);
/* The ranges that are being read are left, as their watchdogs would. */
void patch_skip(struct patch *patch, unsigned lanes);
/* A part of an earlier request was read after all: it counts, the walk does not move. */
void patch_repaid(struct patch *patch, const struct respin_outcome *outcome);

/* The first part that failed; false if nothing did. */
bool outcome_failed(const struct respin_outcome *outcome, struct respin_range *failed);
/* The end of what was judged at all; what follows was never reached. */
uint64_t outcome_judged_end(const struct respin_outcome *outcome);
uint64_t outcome_gained(const struct respin_outcome *outcome); /* units now finished */
/* No command produced it: what is given up at the end, or taken back. */
bool outcome_decided(const struct respin_outcome *outcome);

/*
 * The first part of a run that no lease covers, at or after `from` (before
 * `before`); false: none.
 */
bool view_find(const struct policy_view *view, uint64_t from, unsigned mask, struct respin_extent *extent);
bool view_find_back(const struct policy_view *view, uint64_t before, unsigned mask,
		    struct respin_extent *extent);

#endif
