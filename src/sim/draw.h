/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers by lot, counted and not in turn: a hash of (key, which, what) is
 * always the same, whoever asks first. num_uniform and its kin make numbers of
 * it. Holds no state.
 */
#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include "base/rng.h"

/* Odd numbers that spread the bits of a count: the golden ratio's and L'Ecuyer's (1999, table 4). */
#define DRAW_WHICH 0x9e3779b97f4a7c15u
#define DRAW_WHAT 0xd1342543de82ef95u

static inline uint64_t draw(uint64_t key, uint64_t which, uint64_t what)
{
	return rng_mix(rng_mix(key + (which + 1) * DRAW_WHICH) + (what + 1) * DRAW_WHAT);
}

#endif
