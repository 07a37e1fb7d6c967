/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that runs out on order. The linker sends every allocation of the
 * objects under test here (--wrap), where it is counted, and fails where the
 * test says so. What other shared libraries allocate for themselves is not seen.
 */
#ifndef FAULTS_ALLOC_H
#define FAULTS_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* Counts from 0 again; the nth allocation (from 1; 0: none) fails, and with `on` every later one too. */
void alloc_plan(uint64_t nth, bool on);
/* What a test or a fake allocates for itself, in this thread, neither counts nor fails. Nests. */
void alloc_hold(int by);
#define ALLOC_HELD(call)                                                                                     \
	({                                                                                                   \
		alloc_hold(1);                                                                               \
		__typeof__(call) held_result = (call);                                                       \
		alloc_hold(-1);                                                                              \
		held_result;                                                                                 \
	})
/* Allocations since the plan, failed ones included; how many of them failed. */
uint64_t alloc_calls(void);
uint64_t alloc_failures(void);
/* Blocks that were allocated and not freed, ever. */
int64_t alloc_live(void);

#endif
