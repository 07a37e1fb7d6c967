/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seeded garbage for parsers: random bytes in a heap block of exactly their
 * length, so that the sanitizers see every read beyond. Judges nothing itself.
 */
#ifndef RESPIN_TEST_GARBAGE_H
#define RESPIN_TEST_GARBAGE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

#define GARBAGE_ROUNDS 20000

static inline struct rng garbage_rng(void)
{
	const char *text = getenv("RESPIN_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
	printf("seed %llu\n", (unsigned long long)seed);
	return (struct rng){seed};
}

/* 0 .. max bytes; a third of them mostly zeros, as real answers are. free() them. */
static inline uint8_t *garbage_bytes(struct rng *rng, size_t max, size_t *len)
{
	*len = (size_t)rng_below(rng, max + 1);
	uint8_t *bytes = malloc(*len ? *len : 1);
	unsigned sparse = rng_below(rng, 3) == 0;
	for (size_t i = 0; bytes && i < *len; i++)
		bytes[i] = sparse && rng_below(rng, 8) ? 0 : (uint8_t)rng_next(rng);
	return bytes;
}

#endif
