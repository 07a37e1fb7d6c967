/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small rescue, cut off before every single call that changes the world, with
 * several ways to lose what was not synced: the map never claims what the image
 * does not hold, what was acknowledged stays, and the next run ends as if nothing
 * had happened. Then every call fails in every way. The workload is fixed and the
 * loop complete; larger state spaces are for an explorer of their own.
 */
#include "desk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 12u
#define SEEDS 6u /* ways to lose a part, beside all and nothing */

enum start { FRESH, OVER_STALE, RESUMED, STARTS };

struct run {
	struct desk desk;
	char acknowledged[UNITS + 1]; /* '+' where a flush has said so */
	char recorded[UNITS + 1];
	bool ok;
};

static void step(struct run *run, uint64_t start, const char *units)
{
	if (!run->ok)
		return;
	for (size_t i = 0; units[i]; i++)
		if (units[i] == '!') /* from now on either answer is right */
			run->acknowledged[start + i] = run->recorded[start + i] = '?';
	run->ok = desk_put(&run->desk, start, units) == 0;
	for (size_t i = 0; run->ok && units[i]; i++)
		if (units[i] == '+')
			run->recorded[start + i] = '+';
}

static void flush(struct run *run)
{
	run->ok = run->ok && desk_flush(&run->desk) == 0;
	if (run->ok)
		memcpy(run->acknowledged, run->recorded, UNITS);
}

static void init(struct run *run, enum start start)
{
	memset(run, 0, sizeof *run);
	memset(run->acknowledged, '?', UNITS);
	memset(run->recorded, '?', UNITS);
	desk_init(&run->desk, UNITS);
	if (start == OVER_STALE) {
		unsigned char junk[UNITS * 2048];
		memset(junk, 0xee, sizeof junk);
		memio_file(run->desk.memio, DESK_IMAGE, junk, sizeof junk);
		run->desk.options.force = 1;
	}
	if (start == RESUMED) {
		assert_int_equal(desk_open(&run->desk), 0);
		assert_int_equal(desk_put(&run->desk, 0, "++-*"), 0);
		assert_int_equal(desk_close(&run->desk, false, NULL), 0);
		memio_reboot(run->desk.memio, MEMIO_KEEP_ALL, 0);
		run->recorded[0] = run->recorded[1] = '+';
		memcpy(run->acknowledged, run->recorded, UNITS);
	}
}

/* Sweep, damage, provisional bytes that are replaced, a retraction, the end. */
static void work(struct run *run)
{
	run->ok = desk_open(&run->desk) == 0;
	step(run, 2, "++p*");
	step(run, 6, "++");
	flush(run);
	step(run, 8, "****");
	step(run, 4, "++");
	step(run, 8, "+p");
	flush(run);
	step(run, 6, "!");
	step(run, 6, "+");
	step(run, 9, "+");
	if (run->ok)
		run->ok = desk_close(&run->desk, false, NULL) == 0;
	if (run->ok)
		memcpy(run->acknowledged, run->recorded, UNITS);
	desk_drop(&run->desk);
}

/* What must be true whatever happened, and how it goes on from there. */
static void check(struct run *run)
{
	struct desk *desk = &run->desk;
	char *letters = desk_map(desk, DESK_MAP);
	/* A map that is there is whole; it is missing only before the first one was made. */
	assert_true(letters || !memio_bytes(desk->memio, DESK_MAP, NULL));
	(void)desk_assert_truth(desk);
	for (size_t i = 0; i < UNITS; i++)
		if (run->acknowledged[i] == '+')
			assert_true(letters && letters[i] == '+');
	free(letters);
	if (memio_bytes(desk->memio, DESK_IMAGE, NULL) && desk->options.force)
		desk->options.force = memio_bytes(desk->memio, DESK_MAP, NULL) == NULL;

	assert_int_equal(desk_open(desk), 0);
	struct respin_extent rest;
	for (uint64_t pos = 0; map_find(output_map(desk->output), pos, MASK_UNFINISHED, &rest);
	     pos = rest.range.start + rest.range.count)
		assert_int_equal(desk_recover(desk, rest.range.start, rest.range.count), 0);
	assert_int_equal(desk_close(desk, true, NULL), 0);
	assert_int_equal(desk_assert_truth(desk), UNITS);
	assert_null(memio_bytes(desk->memio, "/out/disc.iso.map.lock", NULL));
}

static uint64_t count_changes(enum start start)
{
	struct run run;
	size_t before, after;
	init(&run, start);
	(void)memio_log(run.desk.memio, &before);
	work(&run);
	assert_true(run.ok);
	(void)memio_log(run.desk.memio, &after);
	check(&run);
	desk_finish(&run.desk);
	return after - before;
}

static void power_cut_anywhere(void **state)
{
	(void)state;
	unsigned crashes = 0, with_some = 0;
	for (enum start start = FRESH; start < STARTS; start++) {
		uint64_t changes = count_changes(start);
		assert_in_range(changes, 30, 200);
		for (uint64_t at = 1; at <= changes; at++) {
			for (unsigned way = 0; way < SEEDS + 2; way++) {
				struct run run;
				init(&run, start);
				memio_cut_before(run.desk.memio, at);
				work(&run);
				enum memio_loss loss = way == 0   ? MEMIO_LOSE_ALL
						       : way == 1 ? MEMIO_KEEP_ALL
								  : MEMIO_LOSE_SOME;
				memio_reboot(run.desk.memio, loss, at * SEEDS + way);
				with_some += strchr(run.acknowledged, '+') != NULL;
				check(&run);
				desk_finish(&run.desk);
				crashes++;
			}
		}
	}
	print_message("%u crash states, %u with acknowledged units\n", crashes, with_some);
	assert_true(2 * with_some > crashes);
}

/* Cut, resume, cut again at every call of the second run. */
static void power_cut_twice(void **state)
{
	(void)state;
	uint64_t changes = count_changes(FRESH);
	for (uint64_t at = 5; at <= changes; at += 5) {
		for (uint64_t again = 1; again <= 40; again++) {
			struct run run;
			init(&run, FRESH);
			memio_cut_before(run.desk.memio, at);
			work(&run);
			memio_reboot(run.desk.memio, MEMIO_LOSE_SOME, at);
			memio_cut_before(run.desk.memio, again);
			if (desk_open(&run.desk) == 0 && desk_recover(&run.desk, 10, 2) == 0 &&
			    desk_close(&run.desk, false, NULL) == 0)
				run.acknowledged[10] = run.acknowledged[11] = '+';
			desk_drop(&run.desk);
			memio_reboot(run.desk.memio, MEMIO_LOSE_SOME, again);
			check(&run);
			desk_finish(&run.desk);
		}
	}
}

/* Every call fails in every way, once or for ever; then the power goes as well. */
static void any_call_may_fail(void **state)
{
	(void)state;
	static const int64_t results[] = {-EIO, -ENOSPC, -EINTR, -EROFS, -ESTALE, 0, 1};
	for (enum start start = FRESH; start < STARTS; start++) {
		uint64_t changes = count_changes(start);
		for (uint64_t at = 1; at <= changes; at++) {
			for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
				for (unsigned times = 1; times <= 1000; times += 999) {
					/* Interrupted for ever, or one byte a call for ever, is no failure but patience. */
					if (times > 1 && (results[i] == -EINTR || results[i] >= 0))
						continue;
					struct run run;
					init(&run, start);
					memio_fail(run.desk.memio,
						   (struct memio_fault){MEMIO_ANY, NULL, (unsigned)at, times,
									results[i]});
					work(&run);
					(void)desk_assert_truth(&run.desk);
					memio_reboot(run.desk.memio, MEMIO_LOSE_ALL, 0);
					check(&run);
					desk_finish(&run.desk);
				}
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_cut_anywhere),
		cmocka_unit_test(power_cut_twice),
		cmocka_unit_test(any_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
