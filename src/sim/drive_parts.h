/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the drive_*.c files that read share, and nobody else needs: one ECC
 * block and its luck, the head's way to it, the buffer.
 */
#ifndef SIM_DRIVE_PARTS_H
#define SIM_DRIVE_PARTS_H

#include "sim/drive.h"

#define CACHE_NO_BLOCK UINT64_MAX

/* How one visit to a block that is not simply read went. */
struct drive_visit {
	bool ok;
	bool effort;               /* it took some, whether or not it helped */
	bool wrong;                /* streamed: GOOD, with wrong bytes */
	bool gone;                 /* the bridge went with it */
	bool uncached;             /* ok, but not all of the block: the buffer must not have it */
	uint64_t nonce;            /* of this attempt, before it was counted: keys its coins */
	uint64_t first;            /* not ok: the first sector that failed */
	uint64_t ns;               /* on top of the time in which the block passes below the head */
	struct respin_sense sense; /* not ok, or recovered by a list's word */
};

/* ---- drive_block.c ---- */

/* The first block of [block, end) that is not simply read; `end`: all are. */
uint64_t drive_block_hard(const struct drive *drive, uint64_t block, uint64_t end);

/* Do the disc's lists name a sector of start .. start + count - 1? */
bool drive_block_lists(const struct drive *drive, uint64_t start, uint64_t count);

/* Would a read of this block succeed now? Counts no attempt. */
bool drive_block_would_read(struct drive *drive, uint64_t block);

/*
 * The part of a fetch that lies in `block` is tried, at time `at_ns`. Failures
 * have all their consequences: speed, heat, wedge, bridge.
 */
void drive_block_visit(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
		       struct drive_visit *visit);

/* Would it fail from memory, without a look at the disc? */
bool drive_block_remembered(const struct drive *drive, const struct drive_fetch *fetch, uint64_t block,
			    uint64_t at_ns);

/* A good block in the halo of a bad one: effort or failure. */
void drive_block_halo(struct drive *drive, const struct drive_fetch *fetch, uint64_t block, uint64_t at_ns,
		      struct drive_visit *visit);

/* How long a failure, and a read that took effort, takes at this block now. */
uint64_t drive_fail_ns(const struct drive *drive, uint64_t block, bool streaming);
uint64_t drive_rec_ns(const struct drive *drive, uint64_t block);
#define DRIVE_EFFORT_X 0.7 /* a block with more of its track obstructed takes effort to read [E] */

/* Heat, wear and retry count into margin and safe_x. */
void drive_margin(struct drive *drive, uint64_t now_ns);

/* ---- drive_head.c ---- */

/* The head comes to a sector, from where it is, at the earliest at `at_ns`: returns when that passes below it. */
uint64_t drive_head_move(struct drive *drive, uint64_t sector, uint64_t at_ns);

/* A change of layer, to that of `sector`. */
uint64_t drive_layer_ns(const struct drive *drive, uint64_t sector);

/* ---- drive.c ---- */

/* Once: what the host's jitter is drawn from, so that no command has to compute it. */
void drive_jitter_draw(struct drive *drive);

/* ---- drive_power.c ---- */

/* A spindle that speeds up by so many rpm draws current; true: more than there is, the drive is gone. */
bool drive_brown_out(struct drive *drive, double rpm, uint64_t at_ns);

/* ---- drive_wedge.c ---- */

/* The bucket leaks: `idle_ns` without a command have ended now. */
void drive_bucket_leak(struct drive *drive, uint64_t now_ns, uint64_t idle_ns);
/* A cure was tried: it may have helped. */
void drive_wedge_cure(struct drive *drive);
/* A power cycle or an eject always helps. */
void drive_wedge_free(struct drive *drive);

/* ---- drive_load.c ---- */

/* Everything that follows from which disc it is. Once at the start, and after each change of disc. */
void drive_disc_made(struct drive *drive);
/* The disc comes up to speed from rest, is recognised or not, and its luck is new. Takes `ns`, in `state`. */
void drive_spin_up(struct drive *drive, uint64_t now_ns, uint64_t ns, enum drive_state state);

#endif
