/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane: one drive, one producer. It owns the source, its buffer and whatever
 * it knows of the drive; it owns no output. When a command never returns the
 * lane is disowned and cleans up after itself, whenever that may be.
 */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include "engine/engine.h"

/*
 * Units whose bytes came with a doubt, remembered until they come again: a
 * megabyte a lane, enough for 64 Ki sectors in one region of the disc.
 */
#define DOUBTS 65536u

struct doubt {
	uint64_t unit; /* + 1; 0: none */
	uint64_t hash;
};

struct lane {
	struct engine *engine; /* not to be touched once disowned */
	unsigned index;
	struct respin_source source;
	uint32_t unit_bytes;
	bool no_payload;
	bool speed_refused; /* and said so */
	unsigned nudges;      /* of the queue, when this step began */
	uint64_t passed_over; /* requests that came whole since the last canary */
	bool has_canary;
	struct doubt *doubts; /* DOUBTS entries, by unit; made when first needed */
	struct item *held;    /* a reply that may be of another disc: until the planner knows */
	uint64_t held_hash;

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool busy;  /* inside a command or a source's own sleep */
	bool ended; /* the thread touches nothing any more */
	bool disowned;
};

struct lane *lane_create(struct engine *engine, unsigned index, struct respin_source *source);
void lane_destroy(struct lane *lane);

/* One step of this lane. False: it is done. */
bool lane_step(struct lane *lane);
void *lane_main(void *lane);

/*
 * Waits until the lane ended or `deadline_ns` (host clock) passed. False: still
 * in a command, and from now on disowned.
 */
bool lane_join(struct lane *lane, uint64_t deadline_ns);

#endif
