/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content of a disc that needs no storage: every sector is a function of a seed and its number, so a test of
 * any size can be checked without a second copy. It is not random enough for anything but telling sectors apart.
 */
#ifndef RESPIN_LAB_PATTERN_H
#define RESPIN_LAB_PATTERN_H

#include <stdint.h>
#include <string.h>

#define SECTOR 2048u

/* splitmix64, as published by Vigna: one step of the state, one mixed word out. */
static inline uint64_t pattern_word(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline void pattern_sector(uint64_t seed, uint64_t lba, unsigned char out[SECTOR])
{
	uint64_t state = seed * 0xd1342543de82ef95u ^ (lba + 1) * 0xaf251af3b0f025b5u;
	for (size_t i = 0; i < SECTOR; i += sizeof(uint64_t)) {
		uint64_t word = pattern_word(&state);
		memcpy(out + i, &word, sizeof word);
	}
}

#endif
