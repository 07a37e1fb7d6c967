/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Zeros around holes, stretch by stretch: writes of drawn places and lengths
 * against an array, and a write that fails half way. What the store promises
 * with them is test_store_holes'.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "io/files.h"
#include "io/store_holes.h"
#include "memio.h"

#define SIZE (5u * HOLE_BYTES + 1000u) /* the last stretch is a short one */

static struct memio *memio;
static struct respin_io io;
static int dir, file;

static int set_up(void **state)
{
	(void)state;
	static unsigned char zeros[SIZE];
	memio = memio_create();
	io = memio_io(memio);
	memio_dir(memio, "/d", 1);
	memio_file(memio, "/d/f", zeros, sizeof zeros);
	dir = io.ops->open_dir(io.self, "/d");
	file = files_open(&io, dir, "f", RESPIN_IO_READ | RESPIN_IO_WRITE, 0);
	return file < 0;
}

static int tear_down(void **state)
{
	(void)state;
	memio_destroy(memio);
	return 0;
}

static uint64_t written(void)
{
	size_t count;
	uint64_t bytes = 0;
	const struct memio_call *log = memio_log(memio, &count);
	for (size_t i = 0; i < count; i++)
		if (log[i].op == MEMIO_PWRITE && log[i].result > 0)
			bytes += (uint64_t)log[i].result;
	return bytes;
}

/* Whole stretches, as whole blocks of a disc are, or a few bytes; zeros or not. Returns how many bytes. */
static size_t draw(struct rng *rng, unsigned char *data, size_t *pos)
{
	bool whole = rng_below(rng, 2), zero = rng_below(rng, 3) > 0;
	size_t len = (size_t)(1 + rng_below(rng, whole ? 3 : 40)) * (whole ? HOLE_BYTES : 1);
	*pos = whole ? (size_t)rng_below(rng, SIZE / HOLE_BYTES + 1) * HOLE_BYTES
		     : (size_t)rng_below(rng, SIZE);
	if (len > SIZE - *pos)
		len = SIZE - *pos;
	for (size_t k = 0; k < len; k++)
		data[k] = zero ? 0 : (unsigned char)rng_next(rng);
	if (rng_below(rng, 8) == 0)
		data[len - 1] = 1; /* zeros but for the last byte are not zeros */
	return len;
}

static void the_file_is_what_was_written(void **state)
{
	static unsigned char model[SIZE], data[SIZE];
	struct rng rng = {.state = 7};
	uint64_t asked = 0, came = 0;
	for (unsigned world = 0; world < 60; world++) {
		struct holes holes = {0};
		assert_int_equal(set_up(state), 0);
		memset(model, 0, sizeof model);
		holes_begin(&holes, SIZE);
		for (unsigned i = 0; i < 8; i++) {
			size_t pos, len = draw(&rng, data, &pos);
			assert_int_equal(holes_write(&holes, &io, file, data, len, pos), 0);
			memcpy(model + pos, data, len);
			asked += len;
		}
		size_t size;
		const unsigned char *now = memio_bytes(memio, "/d/f", &size);
		assert_int_equal(size, SIZE);
		assert_memory_equal(now, model, SIZE);
		for (size_t k = 0; k < SIZE; k++)
			if (model[k])
				assert_false(holes_have(&holes, k, 1));
		came += written();
		holes_finish(&holes);
		(void)tear_down(state);
	}
	assert_true(came < asked); /* it was worth the trouble */
}

static void no_holes_at_all(void **state)
{
	(void)state;
	static const unsigned char zeros[HOLE_BYTES];
	struct holes holes = {0};
	assert_false(holes_have(&holes, 0, 1));
	assert_int_equal(holes_write(&holes, &io, file, zeros, sizeof zeros, 0), 0);
	assert_int_equal(written(), sizeof zeros);
	holes_begin(&holes, SIZE);
	assert_false(holes_have(&holes, 0, 0)); /* nothing is no hole */
	assert_int_equal(holes_write(&holes, &io, file, zeros, sizeof zeros, 0), 0);
	assert_int_equal(written(), sizeof zeros);
	assert_true(holes_have(&holes, 0, SIZE));
	assert_int_equal(holes_write(&holes, &io, file, zeros, 512, 100), 0); /* in the middle of one */
	assert_int_equal(written(), sizeof zeros + 512);
	assert_false(holes_have(&holes, 0, SIZE));
	assert_true(holes_have(&holes, HOLE_BYTES, SIZE - HOLE_BYTES));
	holes_begin(&holes, SIZE); /* made anew */
	assert_true(holes_have(&holes, 0, SIZE));
	holes_begin(&holes, HOLES_MAX_BYTES + 1); /* as a source may claim */
	assert_null(holes.virgin);
	assert_false(holes_have(&holes, 0, 1));
	holes_finish(&holes);
	assert_false(holes_have(&holes, 0, 1));
}

/* Data, a hole, data: a failure of the first part is the failure of all, and nothing of it is a hole any more. */
static void a_write_that_fails(void **state)
{
	(void)state;
	static unsigned char data[3 * HOLE_BYTES];
	memset(data, 7, HOLE_BYTES);
	memset(data + 2 * HOLE_BYTES, 7, HOLE_BYTES);
	struct holes holes = {0};
	holes_begin(&holes, SIZE);
	memio_fail(memio, (struct memio_fault){.op = MEMIO_PWRITE, .nth = 1, .times = 1, .result = -EIO});
	assert_int_equal(holes_write(&holes, &io, file, data, sizeof data, 0), -EIO);
	assert_false(holes_have(&holes, 0, 1));
	memset(data, 0, HOLE_BYTES); /* zeros must be written now: half of the first try may be there */
	assert_int_equal(holes_write(&holes, &io, file, data, HOLE_BYTES, 0), 0);
	assert_int_equal(written(), HOLE_BYTES);
	holes_finish(&holes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_what_was_written),
		cmocka_unit_test_setup_teardown(no_holes_at_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_write_that_fails, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
