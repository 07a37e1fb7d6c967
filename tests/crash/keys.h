/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of 64-bit keys that are hashes already. Grows; forgets all at once, cheaply. */
#ifndef TESTS_CRASH_KEYS_H
#define TESTS_CRASH_KEYS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct keys {
	struct key {
		uint64_t key;
		uint32_t round;
	} * table;
	size_t cap, count;
	uint32_t round; /* a slot of another round is free */
};

static inline struct keys *keys_create(void)
{
	struct keys *keys = calloc(1, sizeof *keys);
	assert(keys);
	keys->cap = 1u << 10;
	keys->table = calloc(keys->cap, sizeof *keys->table);
	keys->round = 1;
	assert(keys->table);
	return keys;
}

static inline void keys_destroy(struct keys *keys)
{
	free(keys->table);
	free(keys);
}

static inline void keys_clear(struct keys *keys)
{
	keys->round++;
	keys->count = 0;
}

static inline struct key *keys_slot(struct keys *keys, uint64_t key)
{
	size_t slot = key >> 20 & (keys->cap - 1);
	while (keys->table[slot].round == keys->round && keys->table[slot].key != key)
		slot = (slot + 1) & (keys->cap - 1);
	return &keys->table[slot];
}

static inline bool keys_have(struct keys *keys, uint64_t key)
{
	return keys_slot(keys, key)->round == keys->round;
}

/* False: it was there. */
static inline bool keys_add(struct keys *keys, uint64_t key)
{
	struct key *slot = keys_slot(keys, key);
	if (slot->round == keys->round)
		return false;
	*slot = (struct key){key, keys->round};
	if (++keys->count < keys->cap / 2)
		return true;
	struct keys larger = {.cap = keys->cap * 2, .count = keys->count, .round = 1};
	larger.table = calloc(larger.cap, sizeof *larger.table);
	assert(larger.table);
	for (size_t i = 0; i < keys->cap; i++)
		if (keys->table[i].round == keys->round)
			*keys_slot(&larger, keys->table[i].key) = (struct key){keys->table[i].key, 1};
	free(keys->table);
	*keys = larger;
	return true;
}

#endif
