/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Zeros that are not written: only where a fresh image is still the hole that we
 * made. Everywhere else they must reach the disk, or old bytes would pass for them.
 */
#include "desk.h"
#include "io/output_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/block.h"
#include "base/rng.h"

#define PER_HOLE (HOLE_BYTES / 2048)

static int put_bytes(struct desk *desk, uint64_t start, uint64_t count, const unsigned char *bytes)
{
	struct respin_outcome outcome = {.request = {.range = {start, count}, .phase = RESPIN_PHASE_COPYING},
					 .span_count = 1,
					 .spans = {{.range = {start, count},
						    .kind = RESPIN_SPAN_RECOVERED,
						    .status = RESPIN_FINISHED}},
					 .bytes_len = count * 2048,
					 .bytes = block_alloc(count * 2048)};
	if (bytes)
		memcpy(outcome.bytes, bytes, count * 2048);
	else
		memset(outcome.bytes, 0, count * 2048);
	return desk->sink.ops->put(desk->sink.self, &outcome, &desk->error);
}

/* How many bytes were written to the image so far. */
static uint64_t written(struct desk *desk)
{
	size_t count;
	uint64_t bytes = 0;
	const struct memio_call *log = memio_log(desk->memio, &count);
	for (size_t i = 0; i < count; i++)
		if (log[i].op == MEMIO_PWRITE && !strcmp(log[i].name, "disc.iso") && log[i].result > 0)
			bytes += (uint64_t)log[i].result;
	return bytes;
}

static void assert_zeros(struct desk *desk, uint64_t start, uint64_t count)
{
	size_t len;
	const unsigned char *image = memio_bytes(desk->memio, DESK_IMAGE, &len);
	assert_true(len >= (start + count) * 2048);
	for (uint64_t i = start * 2048; i < (start + count) * 2048; i++)
		assert_int_equal(image[i], 0);
}

static void zeros_of_a_fresh_image(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4 * PER_HOLE);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(put_bytes(&desk, 0, 2 * PER_HOLE, NULL), 0);
	assert_int_equal(written(&desk), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_true(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 1) >
		    0); /* what is claimed is synced all the same */
	/* A part of a stretch is written: holes have a grain. */
	assert_int_equal(put_bytes(&desk, 2 * PER_HOLE + 1, PER_HOLE, NULL), 0);
	assert_int_equal(written(&desk), HOLE_BYTES);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	assert_zeros(&desk, 0, 3 * PER_HOLE + 1);
	char *letters = desk_map(&desk, DESK_MAP);
	assert_int_equal(strspn(letters, "+"), 2 * PER_HOLE);
	free(letters);
	desk_finish(&desk);
}

/* The last stretch is as long as the disc lets it be. */
static void zeros_at_the_end(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, PER_HOLE + 3);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(put_bytes(&desk, 0, PER_HOLE + 3, NULL), 0);
	assert_int_equal(written(&desk), 0);
	desk_finish(&desk);
}

/* Bytes that were written, recorded or not, are overwritten by zeros. */
static void zeros_over_bytes(void **state)
{
	(void)state;
	unsigned char junk[HOLE_BYTES];
	memset(junk, 0xee, sizeof junk);
	for (unsigned failing = 0; failing < 2; failing++) {
		struct desk desk;
		desk_init(&desk, 2 * PER_HOLE);
		assert_int_equal(desk_open(&desk), 0);
		if (failing) { /* half of it arrives, and the put is refused */
			memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, 5000});
			memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -EIO});
		}
		assert_int_equal(put_bytes(&desk, 0, PER_HOLE, junk), failing ? RESPIN_E_OUTPUT : 0);
		assert_int_equal(put_bytes(&desk, 0, PER_HOLE, NULL), 0);
		assert_zeros(&desk, 0, PER_HOLE);
		assert_int_equal(desk_flush(&desk), 0);
		desk_drop(&desk);
		memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
		assert_zeros(&desk, 0, PER_HOLE);
		desk_finish(&desk);
	}
}

enum beginning { STALE, RESUMED, BLOCK, NO_HOLES, BEGINNINGS };

/* Over an image that was there, on a device, on a file system without holes: every zero is written. */
static void zeros_elsewhere(void **state)
{
	(void)state;
	unsigned char junk[2 * HOLE_BYTES];
	memset(junk, 0xee, sizeof junk);
	for (enum beginning beginning = STALE; beginning < BEGINNINGS; beginning++) {
		struct desk desk;
		desk_init(&desk, 2 * PER_HOLE);
		if (beginning == BLOCK)
			memio_node(desk.memio, DESK_IMAGE, RESPIN_IO_BLOCK, 7, sizeof junk);
		else if (beginning != NO_HOLES)
			memio_file(desk.memio, DESK_IMAGE, junk, sizeof junk);
		if (beginning == RESUMED)
			desk_put_map(&desk, DESK_MAP, "?*/?????????????????????????????");
		desk.options.force = beginning == STALE || beginning == BLOCK;
		memio_knobs(desk.memio)->space.no_holes = beginning == NO_HOLES;
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(put_bytes(&desk, 0, 2 * PER_HOLE, NULL), 0);
		assert_int_equal(written(&desk), 2 * HOLE_BYTES);
		assert_zeros(&desk, 0, 2 * PER_HOLE);
		desk_finish(&desk);
	}
}

/* A model: bytes, zeros and resumes in any order leave what a plain file would hold. */
static void as_a_plain_file(void **state)
{
	(void)state;
	const uint64_t units = 6 * PER_HOLE + 5;
	struct rng rng = {20260101};
	unsigned char *model = calloc(1, units * 2048);
	unsigned char *bytes = malloc(units * 2048);
	assert_true(model && bytes);
	struct desk desk;
	desk_init(&desk, units);
	assert_int_equal(desk_open(&desk), 0);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t start = rng_below(&rng, units);
		uint64_t count = 1 + rng_below(&rng, units - start);
		for (uint64_t k = 0; k < count; k++)
			memset(bytes + k * 2048, rng_below(&rng, 40) ? 0 : (int)(1 + rng_below(&rng, 255)),
			       2048);
		if (rng_below(&rng, 8) == 0)
			bytes[rng_below(&rng, count * 2048)] = 7; /* one byte among zeros */
		assert_int_equal(put_bytes(&desk, start, count, bytes), 0);
		memcpy(model + start * 2048, bytes, count * 2048);
		if (rng_below(&rng, 16) == 0)
			assert_int_equal(desk_flush(&desk), 0);
		if (rng_below(&rng, 64) == 0) {
			assert_int_equal(desk_close(&desk, false, NULL), 0);
			assert_int_equal(desk_open(&desk), 0);
		}
		assert_memory_equal(memio_bytes(desk.memio, DESK_IMAGE, NULL), model, units * 2048);
	}
	desk_finish(&desk);
	free(bytes);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros_of_a_fresh_image), cmocka_unit_test(zeros_at_the_end),
		cmocka_unit_test(zeros_over_bytes),       cmocka_unit_test(zeros_elsewhere),
		cmocka_unit_test(as_a_plain_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
