/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output that goes away, forgets us, is written by somebody else or lies
 * about what it kept: nothing is claimed that is not there, and what can be
 * saved is. A full disk is test_store_room's.
 */
#include "desk.h"
#include "io/output_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TMP ".disc.iso.map.tmp"
#define TWIN "/out/disc.iso.map.twin"

/* The disk goes at any call from now on, in any of the ways that disks go; the last map stays. */
static void output_gone(void **state)
{
	(void)state;
	static const int gone[] = {EIO, EROFS, ENODEV, ENXIO, ENOTCONN, ESTALE};
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
		for (unsigned nth = 1; nth <= 8; nth++) {
			struct desk desk;
			desk_init(&desk, 8);
			assert_int_equal(desk_open(&desk), 0);
			assert_int_equal(desk_recover(&desk, 0, 2), 0);
			assert_int_equal(desk_flush(&desk), 0);
			memio_fail(desk.memio, (struct memio_fault){MEMIO_ANY, NULL, nth, 1000, -gone[i]});
			int rc = desk_recover(&desk, 2, 2);
			if (rc >= 0)
				rc = desk_flush(&desk);
			if (nth < 8) {
				assert_int_equal(rc, RESPIN_E_OUTPUT);
				assert_int_equal(desk.error.sys_errno, gone[i]);
				assert_non_null(strstr(desk.error.text, "run the same command"));
				assert_null(strchr(desk.error.text, '\n'));
			}
			desk_drop(&desk);
			memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
			assert_true(desk_assert_truth(&desk) >= 2);
			assert_int_equal(desk_open(&desk), 0);
			assert_int_equal(desk_recover(&desk, 2, 6), 0);
			assert_int_equal(desk_close(&desk, true, NULL), 0);
			assert_int_equal(desk_assert_truth(&desk), 8);
			desk_finish(&desk);
		}
	}
}

/* ESTALE: the server forgot our handle. Opened anew once, compared, the group written again. */
static void forgotten_handle(void **state)
{
	(void)state;
	static const enum memio_op ops[] = {MEMIO_PWRITE, MEMIO_DATASYNC, MEMIO_STAT};
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		struct desk desk;
		desk_init(&desk, 8);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		assert_int_equal(desk_flush(&desk), 0);
		assert_int_equal(desk_recover(&desk, 2, 2), 0);
		int before = desk.output->store.image;
		memio_fail(desk.memio, (struct memio_fault){ops[i], "disc.iso", 1, 1, -ESTALE});
		assert_int_equal(desk_recover(&desk, 4, 2), 0);
		assert_int_equal(desk_flush(&desk), 0);
		assert_int_not_equal(desk.output->store.image, before);
		assert_non_null(strstr(desk.sink.ops->notice(desk.sink.self), "opened anew"));
		assert_null(desk.sink.ops->notice(desk.sink.self));
		desk_drop(&desk);
		memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
		desk_assert_map(&desk, "++++++??");
		assert_int_equal(desk_assert_truth(&desk), 6);
		desk_finish(&desk);
	}
}

/* The group that was open counts as unwritten: what the old handle had taken is written through the new one. */
static void group_is_written_again(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1, -ESTALE});
	assert_int_equal(desk_flush(&desk), 0); /* a failed sync: memio has forgotten the pages */
	desk_drop(&desk);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	assert_int_equal(desk_assert_truth(&desk), 4);
	desk_finish(&desk);
}

/* Under the name lies another file by now, or one with other bytes: it is not touched. */
static void forgotten_and_replaced(void **state)
{
	(void)state;
	for (unsigned same_inode = 0; same_inode < 2; same_inode++) {
		struct desk desk;
		desk_init(&desk, 8);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		assert_int_equal(desk_flush(&desk), 0);
		unsigned char junk[8 * 2048];
		memset(junk, 0xee, sizeof junk);
		if (same_inode) {
			struct respin_io io = memio_io(desk.memio);
			int dir = io.ops->open_dir(io.self, "/out");
			int file = io.ops->open(io.self, dir, "disc.iso", RESPIN_IO_WRITE, 0);
			assert_int_equal(io.ops->pwrite(io.self, file, junk, 2048, 0), 2048);
			assert_int_equal(io.ops->close(io.self, file), 0);
			assert_int_equal(io.ops->close(io.self, dir), 0);
		} else {
			memio_remove(desk.memio, DESK_IMAGE);
			memio_file(desk.memio, DESK_IMAGE, junk, sizeof junk);
		}
		memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -ESTALE});
		assert_int_equal(desk_recover(&desk, 2, 2), RESPIN_E_OUTPUT);
		assert_int_equal(desk.error.sys_errno, ESTALE);
		size_t len;
		const unsigned char *image = memio_bytes(desk.memio, DESK_IMAGE, &len);
		assert_int_equal(len, sizeof junk);
		static const unsigned char hole[2048];
		assert_memory_equal(image + 2 * 2048, same_inode ? hole : junk, 2048);
		desk_finish(&desk);
	}
}

/* Once between two commits: a handle that is forgotten again and again is no handle. */
static void forgotten_twice(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -ESTALE});
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -ESTALE});
	assert_int_equal(desk_recover(&desk, 2, 2), 0); /* that was another time */
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -ESTALE});
	assert_int_equal(desk_recover(&desk, 4, 2), RESPIN_E_OUTPUT);
	desk_drop(&desk);
	desk_assert_map(&desk, "++??????");
	desk_finish(&desk);
}

/* Only the map's place fails: the same map goes where the person said, and that is told. */
static void emergency_directory(void **state)
{
	(void)state;
	static const struct {
		enum memio_op op;
		const char *name;
		int error;
	} cases[] = {
		{MEMIO_RENAME, TMP, EIO},          {MEMIO_RENAME, TMP, EROFS},  {MEMIO_RENAME, TMP, ENODEV},
		{MEMIO_RENAME, TMP, ENOSPC},       {MEMIO_CREATE, TMP, ESTALE}, {MEMIO_SYNC, TMP, EIO},
		{MEMIO_STAT, "disc.iso.map", EIO},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk;
		desk_init(&desk, 8);
		memio_dir(desk.memio, "/safe", 9);
		memio_text(desk.memio, "/safe/disc.iso.map", "another rescue's\n");
		desk.options.emergency_dir = "/safe";
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		assert_int_equal(desk_flush(&desk), 0);
		assert_int_equal(desk_recover(&desk, 2, 2), 0);
		memio_fail(desk.memio,
			   (struct memio_fault){cases[i].op, cases[i].name, 1,
						cases[i].op == MEMIO_STAT ? 1 : 1000, -cases[i].error});
		int rc = desk_flush(&desk);
		assert_int_equal(rc, cases[i].error == ENOSPC ? RESPIN_E_FULL : RESPIN_E_OUTPUT);
		assert_int_equal(desk.error.sys_errno, cases[i].error);
		assert_non_null(strstr(desk.error.text, "/safe/disc.iso.map.1"));
		size_t len;
		assert_memory_equal(memio_bytes(desk.memio, "/safe/disc.iso.map", &len), "another", 7);
		desk_drop(&desk);
		memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
		desk_assert_map(&desk, "++??????");
		char *letters = desk_map(&desk, "/safe/disc.iso.map.1");
		assert_non_null(letters);
		assert_string_equal(letters, "++++????");
		free(letters);

		/* Copied to its place, it is what the next run goes on from. */
		const unsigned char *map = memio_bytes(desk.memio, "/safe/disc.iso.map.1", &len);
		memio_remove(desk.memio, DESK_MAP);
		memio_file(desk.memio, DESK_MAP, map, len);
		assert_int_equal(desk_assert_truth(&desk), 4);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 4, 4), 0);
		assert_int_equal(desk_close(&desk, true, NULL), 0);
		assert_int_equal(desk_assert_truth(&desk), 8);
		desk_finish(&desk);
	}
	struct desk desk;
	desk_init(&desk, 4);
	desk.options.emergency_dir = "/nowhere";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "/nowhere");
	desk_finish(&desk);
}

/* GNU ddrescue writes its map in place: the same inode, and a text of the same length. */
static void map_written_in_place(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	struct respin_io io = memio_io(desk.memio);
	int dir = io.ops->open_dir(io.self, "/out");
	int file = io.ops->open(io.self, dir, "disc.iso.map", RESPIN_IO_WRITE, 0);
	/* Written, but nothing is another one: a server that sets the time late. */
	assert_int_equal(io.ops->pwrite(io.self, file, "#", 1, 0), 1);
	assert_int_equal(desk_recover(&desk, 2, 1), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_int_equal(io.ops->close(io.self, file), 0);
	desk_assert_map(&desk, "+++?");

	file = io.ops->open(io.self, dir, "disc.iso.map", RESPIN_IO_WRITE, 0);
	assert_int_equal(io.ops->pwrite(io.self, file, "#!", 2, 0), 2);
	assert_int_equal(desk_recover(&desk, 3, 1), 0);
	assert_int_equal(desk_flush(&desk), RESPIN_E_OTHER_FILE);
	assert_non_null(strstr(desk.error.text, DESK_MAP));
	assert_memory_equal(memio_bytes(desk.memio, DESK_MAP, NULL), "#!", 2);
	assert_int_equal(io.ops->close(io.self, file), 0);
	assert_int_equal(io.ops->close(io.self, dir), 0);
	desk_finish(&desk);
}

/* Where a rename may lose both names, a second copy is written first, and found again. */
static void second_copy_of_the_map(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	memio_knobs(desk.memio)->space.loose_names = 1;
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_int_equal(desk_recover(&desk, 2, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	long twin = desk_find(&desk, MEMIO_RENAME, ".disc.iso.map.twin.tmp", 2);
	assert_true(twin > 0 && twin < desk_find(&desk, MEMIO_RENAME, TMP, 2));
	assert_non_null(memio_bytes(desk.memio, TWIN, NULL));
	desk_drop(&desk);

	/* The power cut took the map. */
	memio_remove(desk.memio, DESK_MAP);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_was_told(&desk, ".twin"));
	desk_assert_map(&desk, "++++????"); /* before anything else */
	assert_int_equal(desk_recover(&desk, 4, 4), 0);
	assert_int_equal(desk_close(&desk, true, NULL), 0);
	assert_int_equal(desk_assert_truth(&desk), 8);
	assert_null(memio_bytes(desk.memio, TWIN, NULL)); /* of no more use */
	desk_finish(&desk);

	/* Elsewhere there is none. */
	desk_init(&desk, 8);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_null(memio_bytes(desk.memio, TWIN, NULL));
	desk_finish(&desk);
}

/* A second copy that was cut off, or that nobody promised, is not gone on from. */
static void second_copy_in_doubt(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	desk_put_map(&desk, TWIN, "++++");
	desk_assert_refused(&desk, RESPIN_E_IMAGE_NO_MAP, DESK_IMAGE);
	desk_finish(&desk);
}

/*
 * The disk loses a group after its sync had succeeded, and says so at the next
 * one. What can be read is written again, what cannot loses its '+'.
 */
static void loss_told_at_the_next_sync(void **state)
{
	(void)state;
	for (unsigned lost = 0; lost < 2; lost++) {
		struct desk desk;
		desk_init(&desk, 8);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_recover(&desk, 0, 4), 0);
		assert_int_equal(desk_flush(&desk), 0);
		if (lost) {
			struct respin_io io = memio_io(desk.memio);
			unsigned char junk[2048] = {1};
			assert_int_equal(io.ops->pwrite(io.self, desk.output->store.image, junk, 2048, 2048),
					 2048);
		}
		memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1, -EIO});
		assert_int_equal(desk_recover(&desk, 4, 2), 0);
		assert_int_equal(desk_flush(&desk), 0);
		size_t count, writes = 0;
		const struct memio_call *log = memio_log(desk.memio, &count);
		long failed = desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 2);
		for (long at = failed + 1; at < desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 3); at++)
			writes += log[at].op == MEMIO_PWRITE && !strcmp(log[at].name, "disc.iso") &&
				  log[at].pos < 4 * 2048;
		assert_int_equal(writes, lost ? 3 : 4);
		desk_assert_map(&desk, lost ? "+*++++??" : "++++++??");
		const char *notice = desk.sink.ops->notice(desk.sink.self);
		assert_non_null(strstr(notice, "a sync failed"));
		assert_true(!!strstr(notice, "1 sectors are to be read again") == !!lost);
		/* Taken back before the sync that makes it last. */
		long saved = desk_find(&desk, MEMIO_RENAME, TMP, 3);
		assert_true(!lost ||
			    (failed < saved && saved < desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 3)));
		assert_int_equal(desk_assert_truth(&desk), lost ? 5 : 6);
		desk_finish(&desk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_gone),
		cmocka_unit_test(forgotten_handle),
		cmocka_unit_test(group_is_written_again),
		cmocka_unit_test(forgotten_and_replaced),
		cmocka_unit_test(forgotten_twice),
		cmocka_unit_test(emergency_directory),
		cmocka_unit_test(map_written_in_place),
		cmocka_unit_test(second_copy_of_the_map),
		cmocka_unit_test(second_copy_in_doubt),
		cmocka_unit_test(loss_told_at_the_next_sync),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
