/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks: aligned, used again, bounded, and safe between threads. */
#include "base/block.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB (1u << 20)

static void aligned_and_writable(void **state)
{
	(void)state;
	static const size_t lengths[] = {1, 2048, 4096, 4097, 63504, 65536, 1 << 20, (1 << 20) + 1};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		unsigned char *block = block_alloc(lengths[i]);
		assert_non_null(block);
		assert_int_equal((uintptr_t)block % BLOCK_ALIGN, 0);
		assert_true(block_memory(block) >= lengths[i]);
		memset(block, 0xaa, lengths[i]);
		respin_block_free(block);
	}
	respin_block_free(NULL);
	assert_null(block_alloc(SIZE_MAX - 100));
	block_trim();
}

#if !defined(__SANITIZE_ADDRESS__) /* which wants to see every free */
static void used_again(void **state)
{
	(void)state;
	unsigned char *first = block_alloc(65536);
	respin_block_free(first);
	unsigned char *other = block_alloc(100);
	unsigned char *second = block_alloc(60000);
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	respin_block_free(other);
	respin_block_free(second);
	block_trim();
}
#endif

/* One thread allocates and fills, the other checks and frees: as a lane and the sink do. */
struct ring {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned char *blocks[8];
	unsigned put, taken;
};

static size_t length_of(unsigned i)
{
	return i % 3 ? 65536 : 2048;
}

static void *producer(void *arg)
{
	struct ring *ring = arg;
	for (unsigned i = 0; i < 2000; i++) {
		unsigned char *block = block_alloc(length_of(i));
		memset(block, (int)(i & 0xff), length_of(i));
		pthread_mutex_lock(&ring->mutex);
		while (ring->put - ring->taken == 8)
			pthread_cond_wait(&ring->changed, &ring->mutex);
		ring->blocks[ring->put++ % 8] = block;
		pthread_cond_signal(&ring->changed);
		pthread_mutex_unlock(&ring->mutex);
	}
	return NULL;
}

static void between_threads(void **state)
{
	(void)state;
	struct ring ring = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, producer, &ring), 0);
	for (unsigned i = 0; i < 2000; i++) {
		pthread_mutex_lock(&ring.mutex);
		while (ring.put == ring.taken)
			pthread_cond_wait(&ring.changed, &ring.mutex);
		unsigned char *block = ring.blocks[ring.taken++ % 8];
		pthread_cond_signal(&ring.changed);
		pthread_mutex_unlock(&ring.mutex);
		for (size_t at = 0; at < length_of(i); at += 509)
			assert_int_equal(block[at], i & 0xff);
		respin_block_free(block);
	}
	pthread_join(thread, NULL);
	block_trim();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned_and_writable),
#if !defined(__SANITIZE_ADDRESS__)
		cmocka_unit_test(used_again),
#endif
		cmocka_unit_test(between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
