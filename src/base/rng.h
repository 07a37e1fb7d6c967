/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seeded numbers (SplitMix64, Vigna 2015): the only randomness there is. Not for secrets. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/* Bijective mixing of 64 bits: a hash for keys that are already unique. */
static inline uint64_t rng_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline uint64_t rng_next(struct rng *rng)
{
	return rng_mix(rng->state += 0x9e3779b97f4a7c15u);
}

/* 0 .. bound-1; the bias is below bound / 2^64 and of no matter here. bound > 0. */
static inline uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	return (uint64_t)((unsigned __int128)rng_next(rng) * bound >> 64);
}

#endif
