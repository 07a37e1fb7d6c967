/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every refusal of an output, with nothing touched, and what --force makes of
 * those that can be overridden. What opening does otherwise is test_output's.
 */
#include "desk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#define LOCK "/out/disc.iso.map.lock"

static void names_that_cannot_be(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_dir(desk.memio, "/out/sub", 5);
	static const char *const bad[] = {"", "/out/", "/out/.", ".."};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		desk.options.image = bad[i];
		desk_assert_refused(&desk, RESPIN_E_INVALID, "");
	}
	desk.options.image = NULL;
	desk_assert_refused(&desk, RESPIN_E_INVALID, "image");
	desk.options.image = "/nowhere/disc.iso";
	desk_assert_refused(&desk, RESPIN_E_OUTPUT, "/nowhere");
	desk.options.image = "/out/sub";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "directory");
	desk.options.image = DESK_IMAGE;
	desk.options.map = DESK_IMAGE;
	desk_assert_refused(&desk, RESPIN_E_INVALID, "same");
	desk.options.map = "/out/sub";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "regular");
	memio_symlink(desk.memio, "/out/link.map", "/out/real.map");
	desk.options.map = "/out/link.map";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "symbolic link");
	desk.options.map = NULL;
	memio_text(desk.memio, "/out/real.iso", "x");
	memio_symlink(desk.memio, "/out/link.iso", "/out/real.iso");
	desk.options.image = "/out/link.iso";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "symbolic link");
	memio_symlink(desk.memio, "/out/dangling.iso", "/out/none.iso");
	desk.options.image = "/out/dangling.iso";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "symbolic link");
	desk_finish(&desk);
}

static void second_run(void **state)
{
	(void)state;
	struct desk first, second;
	desk_init(&first, 4);
	assert_int_equal(desk_open(&first), 0);
	second = (struct desk){.memio = first.memio, .options = first.options, .info = first.info};
	desk_assert_refused(&second, RESPIN_E_LOCKED, DESK_MAP);
	second.options.force = 1;
	desk_assert_refused(&second, RESPIN_E_LOCKED, DESK_MAP);
	second.options.map = "/out/another.map"; /* another map, the same image */
	desk_assert_refused(&second, RESPIN_E_LOCKED, DESK_IMAGE);

	/* When the first one has ended, the lock is gone and the second can start. */
	assert_int_equal(desk_close(&first, false, NULL), 0);
	assert_null(memio_bytes(first.memio, LOCK, NULL));
	second.options.map = NULL;
	assert_int_equal(desk_open(&second), 0);
	desk_drop(&second);
	desk_finish(&first);
}

static void output_on_the_source(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	desk_put_map(&desk, DESK_MAP, "????");
	memio_symlink(desk.memio, "/out/soft.iso", DESK_IMAGE);
	memio_hardlink(desk.memio, "/out/hard.iso", DESK_IMAGE);
	memio_text(desk.memio, "/out/disc.iso.domain", "");
	desk.options.force = 1; /* this one cannot be forced */
	static const char *const sources[] = {DESK_IMAGE, "/out/soft.iso", "/out/hard.iso", DESK_MAP,
					      "/out/disc.iso.domain"};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		desk.options.source_path = sources[i];
		desk_assert_refused(&desk, RESPIN_E_SAME_FILE, sources[i]);
	}
	desk.options.source_path = DESK_IMAGE;
	desk.options.image = "/out/soft.iso";
	desk_assert_refused(&desk, RESPIN_E_SAME_FILE, "/out/soft.iso");
	desk.options.image = "/out/hard.iso";
	desk_assert_refused(&desk, RESPIN_E_SAME_FILE, "/out/hard.iso");

	/* A neighbour in the same directory is none of these. */
	desk.options.source_path = "/out/hard.iso";
	desk.options.image = "/out/new.iso";
	assert_int_equal(desk_open(&desk), 0);
	desk_finish(&desk);
}

/* /dev/sda with partition sda1, on which /out lies; loop0 over /elsewhere/backing. */
static void make_devices(struct desk *desk)
{
	struct memio *memio = desk->memio;
	uint64_t sda = makedev(8, 0), sda1 = makedev(8, 1), sda2 = makedev(8, 2), loop = makedev(7, 0);
	memio_dir(memio, "/dev", 1);
	memio_dir(memio, "/elsewhere", 9);
	memio_dir(memio, "/disk", sda1);
	memio_dir(memio, "/looped", loop);
	memio_node(memio, "/dev/sda", RESPIN_IO_BLOCK, sda, 65536);
	memio_node(memio, "/dev/sda1", RESPIN_IO_BLOCK, sda1, 65536);
	memio_node(memio, "/dev/sda2", RESPIN_IO_BLOCK, sda2, 65536);
	memio_node(memio, "/dev/loop0", RESPIN_IO_BLOCK, loop, 65536);
	memio_node(memio, "/dev/dm0", RESPIN_IO_BLOCK, makedev(253, 0), 65536);
	memio_node(memio, "/dev/sr0", RESPIN_IO_BLOCK, makedev(11, 0), 65536);
	memio_node(memio, "/dev/sg1", RESPIN_IO_OTHER, makedev(21, 1), 0);
	memio_text(memio, "/elsewhere/backing", "");
	static const struct {
		const char *dir, *file, *text;
	} sysfs[] = {
		{"/sys/dev/block/8:1", "/sys/dev/block/8:1/partition", "1\n"},
		{"/sys/dev/block/8:1/..", "/sys/dev/block/8:1/../dev", "8:0\n"},
		{"/sys/dev/block/8:2", "/sys/dev/block/8:2/partition", "2\n"},
		{"/sys/dev/block/8:2/..", "/sys/dev/block/8:2/../dev", "8:0\n"},
		{"/sys/dev/block/7:0/loop", "/sys/dev/block/7:0/loop/backing_file", "/elsewhere/backing\n"},
		{"/sys/dev/block/253:0/slaves", NULL, NULL},
		{"/sys/dev/block/253:0/slaves/sda2", "/sys/dev/block/253:0/slaves/sda2/dev", "8:2\n"},
		{"/sys/dev/char/21:1/device/block", NULL, NULL},
		{"/sys/dev/char/21:1/device/block/sr0", "/sys/dev/char/21:1/device/block/sr0/dev", "11:0\n"},
	};
	for (size_t i = 0; i < sizeof sysfs / sizeof *sysfs; i++) {
		memio_dir(memio, sysfs[i].dir, 20);
		if (sysfs[i].file)
			memio_text(memio, sysfs[i].file, sysfs[i].text);
	}
}

static void output_below_or_above_the_source(void **state)
{
	(void)state;
	static const struct {
		const char *source, *image;
		bool refused;
	} cases[] = {
		{"/dev/sda1", "/disk/a.iso", true}, /* its file system holds the image */
		{"/dev/sda", "/disk/a.iso", true},  /* the disk of that partition */
		{"/dev/sda2", "/disk/a.iso", false},
		{"/dev/sda1", "/dev/sda", true},
		{"/dev/sda", "/dev/sda2", true},
		{"/dev/sda1", "/dev/sda2", false},
		{"/dev/sda2", "/dev/dm0", true},
		{"/dev/dm0", "/dev/sda", true},
		{"/elsewhere/backing", "/dev/loop0", true},
		{"/dev/loop0", "/elsewhere/backing", true},
		{"/elsewhere/backing", "/looped/a.iso", true},
		{"/dev/loop0", "/elsewhere/other", false},
		{"/dev/loop0", "/disk/a.iso", false},
		{"/dev/sg1", "/dev/sr0", true},
		{"/dev/sr0", "/disk/a.iso", false},
		{"/dev/missing", "/disk/a.iso", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		make_devices(&desk);
		desk.options.force = 1;
		desk.options.map = "/out/map";
		desk.options.source_path = cases[i].source;
		desk.options.image = cases[i].image;
		if (cases[i].refused)
			desk_assert_refused(&desk, RESPIN_E_SAME_FILE, cases[i].source);
		else
			assert_int_equal(desk_open(&desk), 0);
		desk_finish(&desk);
	}
}

/* What is written to one name of a file appears under all of them: in a backup made with links, say. */
static void image_with_two_names(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	desk_put_map(&desk, DESK_MAP, "++??");
	memio_hardlink(desk.memio, "/out/backup.iso", DESK_IMAGE);
	desk_assert_refused(&desk, RESPIN_E_INVALID, "2 names");
	desk.options.force = 1;
	assert_int_equal(desk_open(&desk), 0);
	desk_finish(&desk);
}

static void image_without_map(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 6); /* longer than the disc */
	desk_assert_refused(&desk, RESPIN_E_IMAGE_NO_MAP, DESK_MAP);
	desk.options.force = 1;
	assert_int_equal(desk_open(&desk), 0);
	desk_assert_map(&desk, "????");
	assert_int_equal(desk_recover(&desk, 1, 1), 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	size_t len;
	(void)memio_bytes(desk.memio, DESK_IMAGE, &len);
	assert_int_equal(len, 4 * 2048); /* what --force starts over ends as long as the disc */
	desk_assert_map(&desk, "?+??");
	desk_finish(&desk);
}

static void image_shorter_than_its_map(void **state)
{
	(void)state;
	for (unsigned units = 0; units <= 3; units += 3) { /* 0: not there at all */
		struct desk desk;
		desk_init(&desk, 6);
		if (units)
			desk_put_image(&desk, units);
		desk_put_map(&desk, DESK_MAP, "++*++?");
		desk_assert_refused(&desk, RESPIN_E_IMAGE_SHORT, DESK_IMAGE);
		desk.options.force = 1;
		assert_int_equal(desk_open(&desk), 0);
		desk_assert_map(&desk, units ? "++*???" : "??*???"); /* at once, before anything is written */
		assert_int_equal(desk_assert_truth(&desk), units ? 2 : 0);
		desk_finish(&desk);
	}
}

static void map_of_another_size(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 6);
	desk_put_map(&desk, DESK_MAP, "++++++");
	desk_assert_refused(&desk, RESPIN_E_MAP_SIZE, DESK_MAP);
	desk_finish(&desk);

	/* A map of our own says how long its disc is: also a smaller one is noticed. */
	desk_init(&desk, 4);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	desk.info.units = 5;
	desk_assert_refused(&desk, RESPIN_E_MAP_SIZE, DESK_MAP);
	desk.info.units = 4;
	desk.info.unit_bytes = 2352;
	desk_assert_refused(&desk, RESPIN_E_MAP_SIZE, "2048");
	desk_finish(&desk);
}

static void map_reaching_beyond_without_data(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	desk_put_map(&desk, DESK_MAP, "++*???");
	assert_int_equal(desk_open(&desk), 0); /* as ddrescue: a tail that holds nothing is cut */
	desk_finish(&desk);
}

static void damaged_map(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"0x0 ? 1\n0x0 0x800 +\n0x800 0x18", /* torn */
		"0x0 ? 1\n0x0 0x800 +\n0x1000 0x1000 ?\n",
		"not a map\n",
		"",
		"# only a comment\n",
		/* one of ours, cut between two lines */
		"# Mapfile. Created by respin 0.1.0\n"
		"# Last line begins with '# end': without it this file was cut short.\n"
		"0x0 ? 1\n0x0 0x1000 +\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		desk_put_image(&desk, 4);
		memio_text(desk.memio, DESK_MAP, texts[i]);
		desk_assert_refused(&desk, RESPIN_E_MAP_DAMAGED, DESK_MAP);
		memio_text(desk.memio, DESK_MAP ".bak", texts[i]); /* no better */
		desk_assert_refused(&desk, RESPIN_E_MAP_DAMAGED, DESK_MAP);

		desk_put_map(&desk, DESK_MAP ".bak", "+*??");
		assert_int_equal(desk_open(&desk), 0);
		assert_true(desk_was_told(&desk, ".bak"));
		desk_assert_map(&desk, "+*??"); /* mended on disk at once */
		char *kept = desk_map(&desk, DESK_MAP ".bak");
		assert_string_equal(kept, "+*??"); /* the good backup is not overwritten by the bad map */
		free(kept);
		size_t len;
		const void *aside = memio_bytes(desk.memio, DESK_MAP ".damaged", &len);
		if (*texts[i]) {
			assert_non_null(aside);
			assert_int_equal(len, strlen(texts[i]));
		} else {
			assert_null(aside);
		}
		desk_finish(&desk);
	}
}

/* Where somebody else may write, too: a pipe would hold up the run for ever, a link lead it elsewhere. */
static void planted_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *map; /* beside this map, if there is one */
	} cases[] = {{DESK_IMAGE ".domain", NULL}, {DESK_MAP ".bak", "rubbish\n"}, {DESK_MAP ".twin", NULL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (unsigned link = 0; link < 2; link++) {
			struct desk desk;
			desk_init(&desk, 4);
			desk_put_image(&desk, 4);
			desk_put_map(&desk, "/out/elsewhere", "++++");
			if (cases[i].map)
				memio_text(desk.memio, DESK_MAP, cases[i].map);
			if (link)
				memio_symlink(desk.memio, cases[i].name, "/out/elsewhere");
			else
				memio_node(desk.memio, cases[i].name, RESPIN_IO_OTHER, 0, 0);
			memio_fail(desk.memio,
				   (struct memio_fault){MEMIO_OPEN, strrchr(cases[i].name, '/') + 1, 1, 1000,
							-ETIMEDOUT}); /* as good as for ever */
			desk_assert_refused(&desk, RESPIN_E_INVALID, cases[i].name);
			assert_non_null(strstr(desk.error.text, "not a regular file"));
			desk_finish(&desk);
		}
}

/* The person's own may be a link; what was planted in the place of the saved one is replaced, not followed. */
static void planted_beside_a_domain(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_map(&desk, "/out/wanted", "?++?");
	desk_put_map(&desk, "/out/elsewhere", "+???");
	memio_symlink(desk.memio, "/out/link", "/out/wanted");
	memio_symlink(desk.memio, DESK_IMAGE ".domain", "/out/elsewhere");
	desk.options.domain = "/out/link";
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(map_count(output_domain(desk.output), RESPIN_FINISHED), 2);
	desk_drop(&desk);
	char *saved = desk_map(&desk, DESK_IMAGE ".domain"), *other = desk_map(&desk, "/out/elsewhere");
	assert_string_equal(saved, "?++?");
	assert_string_equal(other, "+???");
	free(saved);
	free(other);
	desk_finish(&desk);
}

static void damaged_map_forced(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	memio_text(desk.memio, DESK_MAP, "rubbish\n");
	desk.options.force = 1;
	assert_int_equal(desk_open(&desk), 0);
	desk_assert_map(&desk, "????");
	assert_non_null(memio_bytes(desk.memio, DESK_MAP ".damaged", NULL));
	desk_finish(&desk);
}

static void image_that_is_no_file(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_dir(desk.memio, "/dev", 1);
	memio_node(desk.memio, "/dev/null", RESPIN_IO_OTHER, makedev(1, 3), 0);
	memio_node(desk.memio, "/dev/small", RESPIN_IO_BLOCK, makedev(8, 0), 3 * 2048);
	memio_node(desk.memio, "/dev/disk", RESPIN_IO_BLOCK, makedev(8, 1), 5 * 2048);
	desk.options.image = "/dev/null";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "mapfile");
	desk.options.image = "/dev/small";
	desk.options.map = DESK_MAP;
	desk.options.force = 1;
	desk_assert_refused(&desk, RESPIN_E_FULL, "/dev/small");
	desk.options.image = "/dev/disk";
	desk.options.force = 0;
	desk_assert_refused(&desk, RESPIN_E_IMAGE_NO_MAP, "/dev/disk");
	desk.options.force = 1;
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_SYNC, "disk", 1, 1000, -EIO});
	assert_int_equal(desk_close(&desk, true, NULL), RESPIN_E_OUTPUT); /* a block device must sync */
	desk_finish(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_cannot_be),  cmocka_unit_test(second_run),
		cmocka_unit_test(output_on_the_source),  cmocka_unit_test(output_below_or_above_the_source),
		cmocka_unit_test(image_without_map),     cmocka_unit_test(image_shorter_than_its_map),
		cmocka_unit_test(map_of_another_size),   cmocka_unit_test(map_reaching_beyond_without_data),
		cmocka_unit_test(damaged_map),           cmocka_unit_test(damaged_map_forced),
		cmocka_unit_test(image_that_is_no_file), cmocka_unit_test(image_with_two_names),
		cmocka_unit_test(planted_names),         cmocka_unit_test(planted_beside_a_domain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
