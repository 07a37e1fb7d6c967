/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks in classes of powers of two. Idle ones wait in a fixed row of slots a
 * class, each changed by one atomic exchange: no lock, nothing to grow. Does not
 * know what is in a block.
 */
#include "base/block.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#define CLASS_MIN_BITS 12u /* 4 KiB: one sector */
#define CLASS_MAX_BITS 20u /* 1 MiB: the largest request */
#define CLASSES (CLASS_MAX_BITS - CLASS_MIN_BITS + 1)
#define SLOTS 64u

/*
 * Idle blocks are kept only while all blocks together stay below what queue and
 * commit group may hold. Under AddressSanitizer none is, so that it sees every
 * use after free.
 */
#if defined(__SANITIZE_ADDRESS__)
#define KEEP_BYTES 0u
#else
#define KEEP_BYTES (64u << 20)
#endif

#define MAGIC 0x626c6f63u /* "bloc": whatever is freed here was allocated here */

/* Stands just before the bytes. */
struct header {
	void *raw;
	size_t cap;
	uint32_t magic;
	uint32_t class; /* CLASSES: too large to be kept */
};

static _Atomic(unsigned char *) idle[CLASSES][SLOTS];
static atomic_size_t alive_bytes; /* in use and idle */

static struct header *header_of(const unsigned char *bytes)
{
	struct header *header = (struct header *)((uintptr_t)bytes - sizeof(struct header));
	assert(header->magic == MAGIC);
	return header;
}

static uint32_t class_of(size_t len)
{
	uint32_t class = 0;
	while (class < CLASSES && len > (size_t)1 << (CLASS_MIN_BITS + class))
		class ++;
	return class;
}

static unsigned char *pop(uint32_t class)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!atomic_load_explicit(&idle[class][i], memory_order_relaxed))
			continue;
		unsigned char *bytes = atomic_exchange_explicit(&idle[class][i], NULL, memory_order_acquire);
		if (bytes)
			return bytes;
	}
	return NULL;
}

static int push(uint32_t class, unsigned char *bytes)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		unsigned char *empty = NULL;
		if (atomic_compare_exchange_strong_explicit(&idle[class][i], &empty, bytes,
							    memory_order_release, memory_order_relaxed))
			return 1;
	}
	return 0;
}

static void release(struct header *header)
{
	atomic_fetch_sub_explicit(&alive_bytes, header->cap, memory_order_relaxed);
	header->magic = 0;
	free(header->raw);
}

void block_trim(void)
{
	for (uint32_t class = 0; class < CLASSES; class ++)
		for (unsigned char *bytes = pop(class); bytes; bytes = pop(class))
			release(header_of(bytes));
}

unsigned char *block_alloc(size_t len)
{
	uint32_t class = class_of(len);
	unsigned char *bytes = class < CLASSES ? pop(class) : NULL;
	if (bytes)
		return bytes;

	size_t cap = class < CLASSES ? (size_t)1 << (CLASS_MIN_BITS + class) : len;
	if (atomic_load_explicit(&alive_bytes, memory_order_relaxed) + cap > KEEP_BYTES)
		block_trim(); /* blocks of a size that is out of use make room */
	if (cap > SIZE_MAX - BLOCK_ALIGN - sizeof(struct header))
		return NULL;
	unsigned char *raw = malloc(cap + BLOCK_ALIGN + sizeof(struct header));
	if (!raw)
		return NULL;
	bytes = raw + sizeof(struct header) + BLOCK_ALIGN - 1;
	bytes -= (uintptr_t)bytes & (BLOCK_ALIGN - 1);
	struct header *header = (void *)(bytes - sizeof(struct header));
	*header = (struct header){.raw = raw, .cap = cap, .magic = MAGIC, .class = class};
	atomic_fetch_add_explicit(&alive_bytes, cap, memory_order_relaxed);
	return bytes;
}

size_t block_memory(const unsigned char *bytes)
{
	return header_of(bytes)->cap + BLOCK_ALIGN;
}

void respin_block_free(unsigned char *bytes)
{
	if (!bytes)
		return;
	struct header *header = header_of(bytes);
	if (header->class < CLASSES &&
	    atomic_load_explicit(&alive_bytes, memory_order_relaxed) <= KEEP_BYTES &&
	    push(header->class, bytes))
		return;
	release(header);
}
