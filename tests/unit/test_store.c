/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of write, sync, fold and rename, and what happens when one of them
 * fails. Crashes are in test_store_crash.
 */
#include "desk.h"
#include "io/output_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TMP ".disc.iso.map.tmp"

static void order_of_a_commit(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	size_t before, after;
	(void)memio_log(desk.memio, &before);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_miss(&desk, 2, 1, RESPIN_NON_SCRAPED), 0);
	desk_assert_map(&desk, "????"); /* nothing is claimed before the sync */
	assert_int_equal(desk_flush(&desk), 0);
	desk_assert_map(&desk, "++/?");

	static const struct {
		enum memio_op op;
		const char *name;
	} expected[] = {
		{MEMIO_PWRITE, "disc.iso"}, {MEMIO_DATASYNC, "disc.iso"},
		{MEMIO_CREATE, TMP},        {MEMIO_PWRITE, TMP},
		{MEMIO_SYNC, TMP},          {MEMIO_RENAME, TMP},
		{MEMIO_SYNC_DIR, "/out"},
	};
	const struct memio_call *log = memio_log(desk.memio, &after);
	assert_int_equal(after - before, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(log[before + i].op, expected[i].op);
		assert_string_equal(log[before + i].name, expected[i].name);
	}
	/* Nothing new: nothing is written. */
	assert_int_equal(desk_flush(&desk), 0);
	(void)memio_log(desk.memio, &before);
	assert_int_equal(before, after);
	desk_finish(&desk);
}

static void spans_without_bytes_need_no_sync(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_miss(&desk, 0, 4, RESPIN_NON_TRIMMED), 0);
	assert_int_equal(desk_flush(&desk), 0);
	desk_assert_map(&desk, "****");
	assert_int_equal(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 1), -1);
	assert_int_equal(desk_find(&desk, MEMIO_PWRITE, "disc.iso", 1), -1);
	desk_finish(&desk);
}

/* One outcome of many kinds: bytes go where they belong and nowhere else. */
static void mixed_spans(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 9);
	desk.info.tail_bytes = 100;
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_put(&desk, 0, "+p*+-/p++"), 0);
	struct respin_summary summary = {.size = sizeof summary};
	assert_int_equal(desk_close(&desk, false, &summary), 0);
	desk_assert_map(&desk, "+/*+-//++");
	assert_int_equal(desk_assert_truth(&desk), 4);
	assert_int_equal(summary.stats.finished, 4);
	assert_int_equal(summary.stats.retryable, 4);
	assert_int_equal(summary.stats.bad, 1);
	assert_int_equal(summary.stats.bad_areas, 4);

	size_t size;
	const unsigned char *image = memio_bytes(desk.memio, DESK_IMAGE, &size);
	static const unsigned char hole[2048];
	unsigned char bytes[2048];
	assert_int_equal(size, 8 * 2048 + 100);
	for (uint64_t unit = 1; unit < 7; unit++) {
		desk_bytes(unit, bytes, sizeof bytes);
		bool kept = unit == 1 || unit == 3 || unit == 6;
		assert_memory_equal(image + unit * 2048, kept ? bytes : hole, 2048);
	}
	desk_finish(&desk);
}

static void short_writes_and_interruptions(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 64);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 2, 1000});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 2, 3, -EINTR});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, TMP, 2, 1, 7});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, NULL, 1, 1, -EINTR});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_SYNC, NULL, 3, 1, -EINTR});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_SYNC_DIR, NULL, 3, 1, -EINTR});
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 64), 0);
	assert_int_equal(desk_close(&desk, true, NULL), 0);
	assert_int_equal(desk_assert_truth(&desk), 64);
	desk_finish(&desk);
}

/* errno, what the caller hears, whether what came before is still made to last. */
static void failing_writes(void **state)
{
	(void)state;
	static const struct {
		int64_t result;
		int code;
		int sys_errno;
		const char *map;
	} cases[] = {
		{-ENOSPC, RESPIN_E_FULL, ENOSPC, "++??????"},
		{-EDQUOT, RESPIN_E_FULL, EDQUOT, "++??????"},
		{-EFBIG, RESPIN_E_FULL, EFBIG, "++??????"},
		{0, RESPIN_E_FULL, ENOSPC, "++??????"},
		{-EIO, RESPIN_E_OUTPUT, EIO, "????????"},
		{-EROFS, RESPIN_E_OUTPUT, EROFS, "????????"},
		{-ESTALE, RESPIN_E_OUTPUT, ESTALE, "????????"},
		{-ENODEV, RESPIN_E_OUTPUT, ENODEV, "????????"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk;
		desk_init(&desk, 8);
		assert_int_equal(desk_open(&desk), 0);
		memio_fail(desk.memio,
			   (struct memio_fault){MEMIO_PWRITE, "disc.iso", 2, 1000, cases[i].result});
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		assert_int_equal(desk_recover(&desk, 2, 2), cases[i].code);
		assert_int_equal(desk.error.sys_errno, cases[i].sys_errno);
		assert_non_null(strstr(desk.error.text, DESK_IMAGE));
		desk_drop(&desk);
		desk_assert_map(&desk, cases[i].map);
		(void)desk_assert_truth(&desk);

		/* When there is room again, it goes on. */
		memio_reboot(desk.memio, MEMIO_KEEP_ALL, 0);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 2, 6), 0);
		assert_int_equal(desk_close(&desk, false, NULL), 0);
		(void)desk_assert_truth(&desk);
		desk_finish(&desk);
	}
}

/* The kernel forgot the pages: only writing once more can help, and it does. */
static void failed_sync_is_repaired(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1, -EIO});
	assert_int_equal(desk_put(&desk, 0, "pp"), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0); /* the same units twice in one group */
	assert_int_equal(desk_flush(&desk), 0);
	assert_int_equal(desk.output->store.repaired, 1);
	desk_drop(&desk);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	desk_assert_map(&desk, "++++????");
	assert_int_equal(desk_assert_truth(&desk), 4);
	desk_finish(&desk);
}

static void twice_failed_sync_reverts(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 2, -EIO});
	assert_int_equal(desk_recover(&desk, 2, 2), 0);
	assert_int_equal(desk_miss(&desk, 4, 2, RESPIN_NON_TRIMMED), 0);
	assert_int_equal(desk_flush(&desk), RESPIN_E_OUTPUT);
	assert_int_equal(desk.error.sys_errno, EIO);
	desk_drop(&desk);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	desk_assert_map(&desk, "++??????");
	assert_int_equal(desk_assert_truth(&desk), 2);
	desk_finish(&desk);
}

/* The second sync says yes, but the bytes are not there: the comparison must see it. */
static void lying_repair_is_noticed(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1, -EIO});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1, 0});
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	assert_int_equal(desk_flush(&desk), RESPIN_E_OUTPUT);
	desk_drop(&desk);
	desk_assert_map(&desk, "????????");
	desk_finish(&desk);
}

/* Nothing is open at the end; but the group before may be what was lost, so that is written once more. */
static void failing_last_sync(void **state)
{
	(void)state;
	for (unsigned times = 1; times <= 2; times++) {
		struct desk desk;
		desk_init(&desk, 8);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 8), 0);
		assert_int_equal(desk_flush(&desk), 0);
		memio_fail(desk.memio, (struct memio_fault){MEMIO_SYNC, "disc.iso", 1, times, -EIO});
		assert_int_equal(desk_close(&desk, true, NULL), times == 1 ? 0 : RESPIN_E_OUTPUT);
		assert_int_equal(desk_assert_truth(&desk), 8); /* that was durable before */
		desk_finish(&desk);
	}
}

/* A map that cannot be saved is written anew once; then the run ends and the old one stands. */
static void failing_map(void **state)
{
	(void)state;
	static const enum memio_op ops[] = {MEMIO_CREATE, MEMIO_PWRITE, MEMIO_SYNC, MEMIO_RENAME,
					    MEMIO_SYNC_DIR};
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		for (unsigned times = 1; times <= 2; times++) {
			struct desk desk;
			desk_init(&desk, 4);
			assert_int_equal(desk_open(&desk), 0);
			const char *name = ops[i] == MEMIO_SYNC_DIR ? NULL : TMP;
			memio_fail(desk.memio, (struct memio_fault){ops[i], name, 1, times, -ENOSPC});
			assert_int_equal(desk_recover(&desk, 0, 2), 0);
			assert_int_equal(desk_flush(&desk), times == 1 ? 0 : RESPIN_E_FULL);
			if (times == 1)
				desk_assert_map(&desk, "++??");
			else
				assert_non_null(strstr(desk.error.text, DESK_MAP));
			(void)desk_assert_truth(&desk);
			assert_null(memio_bytes(desk.memio, "/out/" TMP, NULL));
			desk_finish(&desk);
		}
	}
}

/* Before the bytes of a retracted unit are overwritten, the map on disk must have let go of it. */
static void retraction_is_durable_at_once(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	assert_int_equal(desk_flush(&desk), 0);
	desk_assert_map(&desk, "++++");
	assert_int_equal(desk_put(&desk, 1, "!"), 0);
	desk_assert_map(&desk, "+*++");
	desk_finish(&desk);
}

static void assert_status_line(struct desk *desk, const char *line)
{
	size_t len;
	const char *text = (const char *)memio_bytes(desk->memio, DESK_MAP, &len);
	assert_non_null(memmem(text, len, line, strlen(line)));
}

/* ddrescue takes it from there: the beginning of what was tried, its end when going backwards. */
static void where_the_rescue_stands(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 16);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_miss(&desk, 4, 2, RESPIN_NON_TRIMMED), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_status_line(&desk, "\n0x00002000     ?               1\n");
	desk.phase = RESPIN_PHASE_TRIMMING;
	desk.flags = RESPIN_READ_BACKWARDS;
	assert_int_equal(desk_miss(&desk, 4, 2, RESPIN_NON_SCRAPED), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_status_line(&desk, "\n0x00003000     *               1\n");
	/* A sample is no step of the rescue. */
	desk.phase = RESPIN_PHASE_SAMPLE;
	assert_int_equal(desk_miss(&desk, 8, 2, RESPIN_NON_TRIMMED), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_status_line(&desk, "\n0x00003000     *               1\n");
	desk_finish(&desk);
}

/* Where directories cannot be synced (SMB), the rest still works. */
static void directories_without_sync(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_SYNC_DIR, NULL, 1, 1000, -EINVAL});
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	assert_int_equal(desk_close(&desk, true, NULL), 0);
	assert_int_equal(desk_assert_truth(&desk), 4);
	desk_finish(&desk);
}

/* A commit comes by itself after a second, or when the group has 48 MiB; not before. */
static void when_a_commit_is_due(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 100000);
	assert_int_equal(desk_open(&desk), 0);
	memio_knobs(desk.memio)->now_ns += 990000000;
	assert_int_equal(desk_recover(&desk, 0, 1), 0);
	assert_int_equal(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 1), -1);
	memio_knobs(desk.memio)->now_ns += 10000000;
	assert_int_equal(desk_recover(&desk, 1, 1), 0);
	assert_true(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 1) >= 0);
	assert_int_equal(desk_assert_truth(&desk), 2);

	/* 512 units are a MiB; the time stands still. */
	unsigned blocks = 0;
	while (desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 2) < 0)
		assert_int_equal(desk_recover(&desk, 512 + 512 * blocks++, 512), 0);
	assert_in_range(blocks, 47, 48);
	desk_finish(&desk);
}

/* A save that takes long comes seldom, but not later than after ten seconds. */
static void slow_saves_come_seldom(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 100);
	struct memio_knobs *knobs = memio_knobs(desk.memio);
	knobs->tick_ns = 1000000000; /* each look at the clock takes a second: a save takes 1 s */
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 1), 0);
	assert_int_equal(desk_flush(&desk), 0);
	knobs->tick_ns = 0;
	knobs->now_ns += 9900000000u;
	assert_int_equal(desk_recover(&desk, 1, 1), 0);
	assert_int_equal(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 2), -1);
	knobs->now_ns += 100000000;
	assert_int_equal(desk_recover(&desk, 2, 1), 0);
	assert_true(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 2) >= 0);
	desk_finish(&desk);
}

/* Whoever cuts the image in mid-run: the next write would grow it over the gap. */
static void cut_image_stops_the_run(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	struct respin_io io = memio_io(desk.memio);
	int dir = io.ops->open_dir(io.self, "/out");
	int file = io.ops->open(io.self, dir, "disc.iso", RESPIN_IO_WRITE, 0);
	assert_int_equal(io.ops->truncate(io.self, file, 100), 0);
	assert_int_equal(desk_recover(&desk, 4, 2), RESPIN_E_OTHER_FILE);
	assert_non_null(strstr(desk.error.text, "shorter"));
	desk_drop(&desk);
	desk_assert_map(&desk, "????????");
	assert_int_equal(io.ops->close(io.self, file), 0);
	assert_int_equal(io.ops->close(io.self, dir), 0);
	desk_finish(&desk);
}

/* Whoever replaced or removed a file of ours is left alone. */
static void foreign_files_stop_the_run(void **state)
{
	(void)state;
	static const char *const paths[] = {DESK_MAP, DESK_IMAGE};
	for (size_t i = 0; i < 2; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		memio_text(desk.memio, paths[i], "somebody else's\n");
		assert_int_equal(desk_flush(&desk), RESPIN_E_OTHER_FILE);
		assert_non_null(strstr(desk.error.text, paths[i]));
		size_t len;
		assert_memory_equal(memio_bytes(desk.memio, paths[i], &len), "somebody else's\n", 16);
		assert_int_equal(len, 16);
		desk_finish(&desk);

		desk_init(&desk, 4);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		memio_remove(desk.memio, paths[i]);
		assert_int_equal(desk_flush(&desk), RESPIN_E_OTHER_FILE);
		assert_null(memio_bytes(desk.memio, paths[i], NULL));
		desk_finish(&desk);
	}
}

/* The room held back is given to the last map when the disk is full. */
static void reserve_saves_the_last_map(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	memio_knobs(desk.memio)->space.free_bytes = 1u << 30;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_find(&desk, MEMIO_CREATE, ".disc.iso.map.reserve", 1) >= 0);
	assert_null(memio_bytes(desk.memio, "/out/.disc.iso.map.reserve", NULL)); /* it has no name */
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 2, 1000, -ENOSPC});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, TMP, 1, 1, -ENOSPC});
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_recover(&desk, 2, 2), RESPIN_E_FULL);
	desk_drop(&desk);
	desk_assert_map(&desk, "++??????");
	desk_finish(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_a_commit),
		cmocka_unit_test(spans_without_bytes_need_no_sync),
		cmocka_unit_test(mixed_spans),
		cmocka_unit_test(short_writes_and_interruptions),
		cmocka_unit_test(failing_writes),
		cmocka_unit_test(failed_sync_is_repaired),
		cmocka_unit_test(twice_failed_sync_reverts),
		cmocka_unit_test(lying_repair_is_noticed),
		cmocka_unit_test(failing_last_sync),
		cmocka_unit_test(failing_map),
		cmocka_unit_test(retraction_is_durable_at_once),
		cmocka_unit_test(where_the_rescue_stands),
		cmocka_unit_test(directories_without_sync),
		cmocka_unit_test(when_a_commit_is_due),
		cmocka_unit_test(slow_saves_come_seldom),
		cmocka_unit_test(cut_image_stops_the_run),
		cmocka_unit_test(foreign_files_stop_the_run),
		cmocka_unit_test(reserve_saves_the_last_map),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
