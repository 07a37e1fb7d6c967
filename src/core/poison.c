/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words of 8 bytes: a disc that holds one by chance at its place turns up once
 * in 2^64 words, and then costs a second read. Does not judge what it finds.
 */
#include "core/poison.h"

#include <string.h>

#include "base/rng.h"

#define WORD sizeof(uint64_t)

static uint64_t poison_word(uint64_t key, size_t index)
{
	return rng_mix(key ^ (index + 1) * 0x9e3779b97f4a7c15u);
}

void poison_fill(void *data, size_t len, uint64_t key)
{
	unsigned char *bytes = data;
	for (size_t i = 0; i < len / WORD; i++) {
		uint64_t word = poison_word(key, i);
		memcpy(bytes + i * WORD, &word, WORD);
	}
}

/* How many bytes at the end of word `index` still are poison. */
static size_t standing(const unsigned char *bytes, size_t index, uint64_t key)
{
	uint64_t word = poison_word(key, index);
	unsigned char poison[WORD];
	memcpy(poison, &word, WORD);
	size_t n = 0;
	while (n < WORD && bytes[index * WORD + WORD - 1 - n] == poison[WORD - 1 - n])
		n++;
	return n;
}

/* A transfer that ends inside the last word: half a word by chance is rare enough to act upon. */
#define LAST_WORD_ENOUGH (WORD / 2)

size_t poison_filled(const void *data, size_t len, uint64_t key)
{
	const unsigned char *bytes = data;
	size_t words = len / WORD;
	for (size_t i = 0; i < words; i++) {
		uint64_t word;
		memcpy(&word, bytes + i * WORD, WORD);
		if (word != poison_word(key, i))
			continue;
		return i * WORD - (i ? standing(bytes, i - 1, key) : 0);
	}
	size_t left = words ? standing(bytes, words - 1, key) : 0;
	return left >= LAST_WORD_ENOUGH ? words * WORD - left : len;
}
