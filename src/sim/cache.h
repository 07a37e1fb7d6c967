/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The drive's buffer: one run of sectors, how far reading on has filled it, and
 * when it stands. It decides what is held, not whether a block reads.
 */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include "sim/drive.h"

void cache_forget(struct drive_cache *cache);

/* Are all of [start, start + count) held? */
static inline bool cache_holds(const struct drive_cache *cache, uint64_t start, uint64_t count)
{
	return start >= cache->first && start + count <= cache->end;
}

/* Sectors that reading on may still add before the buffer is full. */
uint64_t cache_room(const struct drive *drive);

/* The run grows to `end`; what no longer fits falls off its front. */
void cache_grow(struct drive *drive, uint64_t end);

/* An empty run, from `sector` on. */
void cache_begin(struct drive_cache *cache, uint64_t sector);

/* If the buffer stands and has run low, reading on is taken up again at `at_ns`. */
void cache_resume(struct drive *drive, uint64_t at_ns);

/* Reading on since head.at_ns has come so far by now: it fills, it stands, it stops before a hard block. */
void cache_advance(struct drive *drive, uint64_t now_ns);

#endif
