/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output asked in ways that the program does not ask: callers of an earlier
 * version, without an error to be filled, with sources that cannot be looked at
 * and with more to tell than anybody reads. Refusals as people meet them are
 * test_output_refusals'.
 */
#include "desk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <respin/sink.h>

/* The options as they were before the last two members: what lies behind them is not looked at. */
static void earlier_callers(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 32);
	desk.options.size = offsetof(struct respin_output_options, space_wait_s);
	desk.options.space_wait_s = 3600;
	desk.options.emergency_dir = "/nowhere";
	desk.info.ecc_block = 0; /* a source that knows of no ECC */
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 16), 0);
	/* Nobody waits for room. */
	memio_fail(
		desk.memio,
		(struct memio_fault){
			.op = MEMIO_PWRITE, .name = "disc.iso", .nth = 1, .times = 1000, .result = -ENOSPC});
	assert_int_equal(desk_recover(&desk, 16, 16) < 0 || desk_flush(&desk) < 0, 1);
	desk_finish(&desk);
}

/* Whoever wants to know no more than the code gets the code. */
static void without_an_error(void **state)
{
	(void)state;
	static const struct {
		enum memio_op op;
		const char *name;
		int code;
	} rows[] = {{MEMIO_OPEN, "disc.iso.map", RESPIN_E_OUTPUT},
		    {MEMIO_PREAD, "disc.iso.map", RESPIN_E_OUTPUT},
		    {MEMIO_OPEN, "disc.iso", RESPIN_E_OUTPUT},
		    {MEMIO_OPEN, "disc.iso.domain", RESPIN_E_OUTPUT}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct desk desk;
		struct output *output = NULL;
		desk_init(&desk, 4);
		desk_put_image(&desk, 4);
		desk_put_map(&desk, DESK_MAP, "++??");
		desk_put_map(&desk, "/out/disc.iso.domain", "++++");
		memio_fail(desk.memio, (struct memio_fault){.op = rows[i].op,
							    .name = rows[i].name,
							    .nth = 1,
							    .times = 9,
							    .result = -EIO});
		assert_int_equal(output_open(&desk.options, &desk.info, 1, &output, NULL), rows[i].code);
		assert_null(output);
		desk_finish(&desk);
	}
	struct desk desk;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	static const enum memio_op syncs[] = {MEMIO_DATASYNC, MEMIO_SYNC};
	for (size_t i = 0; i < sizeof syncs / sizeof *syncs; i++)
		memio_fail(desk.memio,
			   (struct memio_fault){.op = syncs[i], .nth = 1, .times = 1000, .result = -EIO});
	assert_int_equal(desk.sink.ops->flush(desk.sink.self, RESPIN_FLUSH_PHASE, NULL), RESPIN_E_OUTPUT);
	desk_finish(&desk);
}

/* A source that is no file of ours is no reason to refuse; one of which the disk cannot tell is. */
static void sources_that_cannot_be_looked_at(void **state)
{
	(void)state;
	static const struct {
		int answer, code;
	} rows[] = {{-ENOENT, 0},       {-ENOTDIR, 0}, {-EACCES, 0},
		    {-ENAMETOOLONG, 0}, {-ELOOP, 0},   {-EIO, RESPIN_E_OUTPUT}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		desk.options.source_path = "/dev/sr9";
		memio_fail(desk.memio, (struct memio_fault){.op = MEMIO_STAT,
							    .name = "/dev/sr9",
							    .nth = 1,
							    .times = 1,
							    .result = rows[i].answer});
		if (rows[i].code)
			desk_assert_refused(&desk, rows[i].code, "/dev/sr9: cannot be looked at");
		else
			assert_int_equal(desk_open(&desk), 0);
		desk_finish(&desk);
	}
}

/* The files beside the image, when the disk cannot say whether they are the source. */
static void files_that_cannot_be_looked_at(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_text(desk.memio, "/out/source.img", "bytes");
	desk.options.source_path = "/out/source.img";
	memio_fail(desk.memio, (struct memio_fault){.op = MEMIO_STAT,
						    .name = "disc.iso.map.bak",
						    .nth = 1,
						    .times = 100,
						    .result = -EIO});
	desk_assert_refused(&desk, RESPIN_E_OUTPUT, "disc.iso.map.bak");
	desk_finish(&desk);
}

/* The map of a disc of another size says so itself, before a block of it is believed. */
static void map_of_another_size(void **state)
{
	(void)state;
	struct desk desk;
	size_t len;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	const unsigned char *text = memio_bytes(desk.memio, DESK_MAP, &len);
	assert_non_null(text);
	assert_non_null(memmem(text, len, " size=8192", 10));
	desk.info.units = 5;
	desk_assert_refused(&desk, RESPIN_E_MAP_SIZE, "a disc of 8192 bytes, this one has 10240");
	desk.info.units = 4;
	assert_int_equal(desk_open(&desk), 0);
	desk_assert_map(&desk, "++??");
	desk_finish(&desk);
}

static void only_a_backup_of_the_map(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	desk_assert_refused(&desk, RESPIN_E_IMAGE_NO_MAP, "name its map");
	desk_put_map(&desk, "/out/disc.iso.map.bak", "++??");
	desk_assert_refused(&desk, RESPIN_E_IMAGE_NO_MAP, "rename the .bak");
	desk_finish(&desk);
}

/* The lock's name is gone after it was opened: another run has just ended. One that ended is no obstacle. */
static void a_lock_that_goes_away(void **state)
{
	(void)state;
	static const struct {
		unsigned nth;
		int answer, code;
	} rows[] = {{2, -ENOENT, 0}, {1, -EIO, RESPIN_E_OUTPUT}, {2, -EIO, RESPIN_E_OUTPUT}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		memio_text(desk.memio, "/out/disc.iso.map.lock", "");
		memio_fail(desk.memio, (struct memio_fault){.op = MEMIO_STAT,
							    .name = "disc.iso.map.lock",
							    .nth = rows[i].nth,
							    .times = 1,
							    .result = rows[i].answer});
		if (rows[i].code)
			desk_assert_refused(&desk, rows[i].code, "disc.iso.map.lock: cannot be looked at");
		else
			assert_int_equal(desk_open(&desk), 0);
		desk_finish(&desk);
	}
}

/* A disk that is in use, one that does not open, and one that answers no more once it is open. */
static void disks_that_cannot_be_had(void **state)
{
	(void)state;
	static const struct {
		enum memio_op op;
		int answer, code;
		const char *words;
	} rows[] = {{MEMIO_OPEN, -EBUSY, RESPIN_E_LOCKED, "is mounted or used"},
		    {MEMIO_OPEN, -ENXIO, RESPIN_E_OUTPUT, "/dev/sdz: cannot be opened"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		memio_dir(desk.memio, "/dev", 6);
		memio_node(desk.memio, "/dev/sdz", RESPIN_IO_BLOCK, 0x810, 4 * 2048);
		desk.options.image = "/dev/sdz";
		desk.options.map = DESK_MAP;
		desk.options.force = 1;
		memio_fail(desk.memio, (struct memio_fault){.op = rows[i].op,
							    .name = "sdz",
							    .nth = 1,
							    .times = 9,
							    .result = rows[i].answer});
		desk_assert_refused(&desk, rows[i].code, rows[i].words);
		desk_finish(&desk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(earlier_callers),
		cmocka_unit_test(without_an_error),
		cmocka_unit_test(sources_that_cannot_be_looked_at),
		cmocka_unit_test(files_that_cannot_be_looked_at),
		cmocka_unit_test(map_of_another_size),
		cmocka_unit_test(only_a_backup_of_the_map),
		cmocka_unit_test(a_lock_that_goes_away),
		cmocka_unit_test(disks_that_cannot_be_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
