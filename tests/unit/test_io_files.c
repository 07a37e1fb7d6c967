/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places, whole reads and writes and durable replacement, over a file system
 * that is interrupted, stops short and fails. What the store builds on them is
 * test_store's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/files.h"
#include "memio.h"

#define FOR_EVER 1000000u
#define ENOUGH 300000u /* bytes: more than one chunk of reading */

struct bench {
	struct memio *memio;
	struct respin_io io;
	struct place place;
};

static int set_up(void **state)
{
	static struct bench bench;
	bench.memio = memio_create();
	bench.io = memio_io(bench.memio);
	memio_dir(bench.memio, "/d", 1);
	*state = &bench;
	return place_open(&bench.io, "/d/f", &bench.place, NULL);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	place_close(&bench->io, &bench->place);
	memio_destroy(bench->memio);
	return 0;
}

static void trouble(struct bench *bench, enum memio_op op, int64_t result, unsigned times)
{
	memio_fail(bench->memio, (struct memio_fault){.op = op, .nth = 1, .times = times, .result = result});
}

static int open_new(struct bench *bench)
{
	return files_open(&bench->io, bench->place.dir, "f",
			  RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_CREATE, 0600);
}

static char asked[64];

static int any_dir(void *self, const char *path)
{
	struct respin_io real = memio_io(self);
	(void)snprintf(asked, sizeof asked, "%s", path);
	return real.ops->open_dir(self, "/d");
}

static void places(void **state)
{
	struct bench *bench = *state;
	struct respin_error error = {0};
	struct place place;
	static const char *const bad[] = {"", "/", "/d/", ".", "..", "/d/.", "/d/.."};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(place_open(&bench->io, bad[i], &place, &error), RESPIN_E_INVALID);
	assert_int_equal(place_open(&bench->io, "/none/f", &place, &error), RESPIN_E_OUTPUT);
	assert_non_null(strstr(error.text, "/none: cannot open the directory"));
	place_close(&bench->io, &place);

	/* What is asked for is the directory alone, and never an empty name. */
	struct respin_io_ops ops = *bench->io.ops;
	struct respin_io io = {&ops, bench->memio};
	ops.open_dir = any_dir;
	static const char *const good[][2] = {
		{"/f", "/"}, {"f", "."}, {"/d/f.iso", "/d"}, {"../x/f", "../x"}};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(place_open(&io, good[i][0], &place, NULL), 0);
		assert_string_equal(asked, good[i][1]);
		assert_string_equal(place.path, good[i][0]);
		assert_null(strchr(place.name, '/'));
		asked[0] = '\0';
		assert_int_equal(place_reopen(&io, &place), 0);
		assert_string_equal(asked, good[i][1]);
		place_close(&io, &place);
	}
}

/* The directory is not there any more: the old handle stays, whatever it is good for. */
static void place_that_is_gone(void **state)
{
	struct bench *bench = *state;
	int before = bench->place.dir;
	trouble(bench, MEMIO_OTHER, -ENODEV, 1);
	assert_int_equal(place_reopen(&bench->io, &bench->place), -ENODEV);
	assert_int_equal(bench->place.dir, before);
	assert_int_equal(place_reopen(&bench->io, &bench->place), 0);
}

static void codes(void **state)
{
	(void)state;
	static const int full[] = {ENOSPC, EDQUOT, EFBIG}, other[] = {EIO, EROFS, ESTALE, ENODEV};
	for (size_t i = 0; i < sizeof full / sizeof *full; i++)
		assert_int_equal(files_code(-full[i]), RESPIN_E_FULL);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_int_equal(files_code(-other[i]), RESPIN_E_OUTPUT);
	assert_int_equal(files_code(-ENOMEM), RESPIN_E_NOMEM);

	struct respin_error error = {0};
	assert_int_equal(files_error(&error, -EIO, "a.map", "cannot be saved"), RESPIN_E_OUTPUT);
	assert_string_equal(error.text, "a.map: cannot be saved: Input/output error");
	assert_int_equal(files_error(&error, -99999, "a.map", "cannot be saved"), RESPIN_E_OUTPUT);
	assert_string_equal(error.text, "a.map: cannot be saved: unknown error");
}

/* Now and then an interruption is nothing; one that never ends is an error like any other. */
static void interruptions(void **state)
{
	struct bench *bench = *state;
	unsigned char bytes[8] = "01234567", back[8];
	struct buf buf = {0};
	trouble(bench, MEMIO_CREATE, -EINTR, 3);
	int file = open_new(bench);
	assert_true(file >= 0);
	trouble(bench, MEMIO_PWRITE, -EINTR, 3);
	assert_int_equal(files_write(&bench->io, file, bytes, 8, 0), 0);
	trouble(bench, MEMIO_PREAD, -EINTR, 3);
	assert_int_equal(files_read(&bench->io, file, back, 8, 0), 0);
	assert_memory_equal(bytes, back, 8);
	trouble(bench, MEMIO_TRUNCATE, -EINTR, 3);
	assert_int_equal(files_truncate(&bench->io, file, 4), 0);
	trouble(bench, MEMIO_DATASYNC, -EINTR, 3);
	assert_int_equal(files_datasync(&bench->io, file), 0);
	trouble(bench, MEMIO_SYNC, -EINTR, 3);
	assert_int_equal(files_sync(&bench->io, file), 0);
	trouble(bench, MEMIO_SYNC_DIR, -EINTR, 3);
	assert_int_equal(files_sync_dir(&bench->io, bench->place.dir), 0);
	trouble(bench, MEMIO_PREAD, -EINTR, 3);
	assert_int_equal(files_load(&bench->io, bench->place.dir, "f", 0, 100, &buf, NULL), 0);
	assert_int_equal(buf.len, 4);
	buf_finish(&buf);
	trouble(bench, MEMIO_SYNC, -EINTR, FOR_EVER);
	assert_int_equal(files_sync(&bench->io, file), -EINTR);
	assert_int_equal(bench->io.ops->close(bench->io.self, file), 0);
}

static void short_counts(void **state)
{
	struct bench *bench = *state;
	unsigned char bytes[8] = "01234567", back[9];
	int file = open_new(bench);
	trouble(bench, MEMIO_PWRITE, 3, 1);
	assert_int_equal(files_write(&bench->io, file, bytes, 8, 0), 0);
	assert_int_equal(files_read(&bench->io, file, back, 8, 0), 0);
	assert_memory_equal(bytes, back, 8);
	assert_int_equal(files_read(&bench->io, file, back, 9, 0), -ENODATA);
	trouble(bench, MEMIO_PWRITE, 0, FOR_EVER); /* takes nothing, and says no error: not for ever */
	assert_true(files_write(&bench->io, file, bytes, 8, 0) < 0);
	assert_int_equal(bench->io.ops->close(bench->io.self, file), 0);
}

/* SMB and the like cannot sync a directory; a disk that fails to is another matter. */
static void directories_that_cannot_be_synced(void **state)
{
	struct bench *bench = *state;
	static const struct {
		int answer, result;
	} rows[] = {{0, 0}, {-EINVAL, 0}, {-EOPNOTSUPP, 0}, {-EIO, -EIO}, {-EROFS, -EROFS}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].answer)
			trouble(bench, MEMIO_SYNC_DIR, rows[i].answer, 1);
		assert_int_equal(files_sync_dir(&bench->io, bench->place.dir), rows[i].result);
	}
}

static void loads(void **state)
{
	struct bench *bench = *state;
	struct buf buf = {0};
	struct respin_io_stat stat;
	unsigned char *bytes = malloc(ENOUGH);
	assert_non_null(bytes);
	for (size_t i = 0; i < ENOUGH; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	memio_file(bench->memio, "/d/f", bytes, ENOUGH);
	int dir = bench->place.dir;
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH, &buf, &stat), 0);
	assert_int_equal(buf.len, ENOUGH);
	assert_memory_equal(buf.data, bytes, ENOUGH);
	buf_finish(&buf);
	/* Too long: seen in its length, and where nobody asked for that, in its bytes. */
	buf = (struct buf){0};
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH - 1, &buf, &stat), -EFBIG);
	assert_int_equal(buf.len, 0);
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH - 1, &buf, NULL), -EFBIG);
	buf_finish(&buf);
	/* It ends before its length: that is no shorter file, it is trouble. */
	buf = (struct buf){0};
	trouble(bench, MEMIO_PREAD, 0, 1);
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH, &buf, &stat), -EIO);
	buf_finish(&buf);
	buf = (struct buf){0};
	trouble(bench, MEMIO_PREAD, -EIO, 1);
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH, &buf, &stat), -EIO);
	trouble(bench, MEMIO_STAT, -ESTALE, 1);
	assert_int_equal(files_load(&bench->io, dir, "f", 0, ENOUGH, &buf, &stat), -ESTALE);
	assert_int_equal(files_load(&bench->io, dir, "none", 0, ENOUGH, &buf, &stat), -ENOENT);
	buf_finish(&buf);
	free(bytes);
}

/* Whatever step fails, the name holds all of the old text or all of the new one, and nothing else is left. */
static void replaced_or_not(void **state)
{
	struct bench *bench = *state;
	static const struct {
		enum memio_op op;
		int result;
		bool is_new;
	} rows[] = {{MEMIO_CREATE, -EACCES, false}, {MEMIO_PWRITE, -ENOSPC, false},
		    {MEMIO_SYNC, -EIO, false},      {MEMIO_STAT, -EIO, false},
		    {MEMIO_RENAME, -EROFS, false},  {MEMIO_SYNC_DIR, -EIO, true}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf text = {0};
		struct respin_io_stat made = {0};
		memio_text(bench->memio, "/d/f", "old");
		buf_add(&text, "the new text", 12);
		trouble(bench, rows[i].op, rows[i].result, 1);
		assert_int_equal(files_replace(&bench->io, bench->place.dir, "f", &text, NULL, &made),
				 rows[i].result);
		size_t len;
		const unsigned char *now = memio_bytes(bench->memio, "/d/f", &len);
		assert_memory_equal(now, rows[i].is_new ? "the new text" : "old", rows[i].is_new ? 12 : 3);
		assert_int_equal(made.size_bytes, rows[i].is_new ? 12 : 0);
		assert_null(memio_bytes(bench->memio, "/d/.f.tmp", &len));
		buf_finish(&text);
	}
}

static void left_by_a_dead_run(void **state)
{
	struct bench *bench = *state;
	struct buf text = {0};
	buf_add(&text, "new", 3);
	memio_text(bench->memio, "/d/.f.tmp", "half of something long");
	trouble(bench, MEMIO_UNLINK, -EPERM, 1);
	assert_int_equal(files_replace(&bench->io, bench->place.dir, "f", &text, NULL, NULL), -EPERM);
	assert_int_equal(files_replace(&bench->io, bench->place.dir, "f", &text, NULL, NULL), 0);
	size_t len;
	assert_memory_equal(memio_bytes(bench->memio, "/d/f", &len), "new", 3);
	assert_int_equal(len, 3);
	text.failed = true; /* a text that memory did not suffice for is no text */
	assert_int_equal(files_replace(&bench->io, bench->place.dir, "f", &text, NULL, NULL), -ENOMEM);
	buf_finish(&text);
}

static void the_same_file(void **state)
{
	(void)state;
	const struct respin_io_stat one = {.dev = 1, .ino = 2, .size_bytes = 3};
	struct respin_io_stat other = one;
	assert_true(files_same(&one, &other));
	other.dev = 9;
	assert_false(files_same(&one, &other));
	other = one;
	other.ino = 9;
	assert_false(files_same(&one, &other));
	other = one;
	other.size_bytes = 9;
	assert_false(files_same(&one, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(place_that_is_gone, set_up, tear_down),
		cmocka_unit_test(codes),
		cmocka_unit_test_setup_teardown(interruptions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(short_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_that_cannot_be_synced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaced_or_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(left_by_a_dead_run, set_up, tear_down),
		cmocka_unit_test(the_same_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
