/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every target shares: the entry that libFuzzer, AFL++ and replay.c call,
 * an input that never ends (it gives zeros), and the check that ends a run. A
 * target keeps its memory between inputs and prints nothing unless it fails.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Asserts stay on, and this one also says which promise is broken. */
#define MUST(promise)                                                                                        \
	do {                                                                                                 \
		if (!(promise))                                                                              \
			fuzz_broken(#promise, __FILE__, __LINE__);                                           \
	} while (0)
_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

/* The input as numbers. */
struct fuzz_in {
	const uint8_t *at, *end;
};

static inline struct fuzz_in fuzz_in(const uint8_t *data, size_t size)
{
	return (struct fuzz_in){data, data + size};
}

static inline size_t fuzz_left(const struct fuzz_in *in)
{
	return (size_t)(in->end - in->at);
}

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	uint16_t high = fuzz_u8(in);
	return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint32_t fuzz_u32(struct fuzz_in *in)
{
	uint32_t high = fuzz_u16(in);
	return high << 16 | fuzz_u16(in);
}

static inline uint64_t fuzz_u64(struct fuzz_in *in)
{
	uint64_t high = fuzz_u32(in);
	return high << 32 | fuzz_u32(in);
}

/* The next `len` bytes, fewer where the input ends. */
static inline size_t fuzz_bytes(struct fuzz_in *in, void *out, size_t len)
{
	size_t n = fuzz_left(in) < len ? fuzz_left(in) : len;
	if (n)
		memcpy(out, in->at, n);
	in->at += n;
	return n;
}

#endif
