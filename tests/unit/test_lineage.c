/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands on what, over a sysfs in memory: partitions, mapped devices, loop
 * devices, generic SCSI nodes, and attributes that say nothing or nonsense. What
 * the output makes of it is test_output_refusals'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "io/lineage.h"
#include "memio.h"

struct bench {
	struct memio *memio;
	struct respin_io io;
};

static int set_up(void **state)
{
	static struct bench bench;
	bench.memio = memio_create();
	bench.io = memio_io(bench.memio);
	*state = &bench;
	return bench.memio ? 0 : -1;
}

static int tear_down(void **state)
{
	memio_destroy(((struct bench *)*state)->memio);
	return 0;
}

static void attribute(struct bench *bench, const char *dir, const char *name, const char *text)
{
	char path[160];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	memio_dir(bench->memio, dir, 1);
	memio_text(bench->memio, path, text);
}

static struct lineage of_block(struct bench *bench, unsigned maj, unsigned min)
{
	struct lineage lineage;
	struct respin_io_stat stat = {.kind = RESPIN_IO_BLOCK, .rdev = makedev(maj, min)};
	lineage_of(&bench->io, &stat, &lineage);
	return lineage;
}

static bool has(const struct lineage *lineage, enum lineage_kind kind, uint64_t dev)
{
	for (size_t i = 0; i < lineage->count; i++)
		if (lineage->nodes[i].kind == kind && lineage->nodes[i].dev == dev)
			return true;
	return false;
}

static void partition(void **state)
{
	struct bench *bench = *state;
	attribute(bench, "/sys/dev/block/8:1", "partition", "1\n");
	attribute(bench, "/sys/dev/block/8:1/..", "dev", "8:0\n");
	struct lineage part = of_block(bench, 8, 1), disk = of_block(bench, 8, 0),
		       other = of_block(bench, 8, 16);
	assert_int_equal(part.count, 2);
	assert_int_equal(part.own, 1);
	assert_true(has(&part, LINEAGE_BLOCK, makedev(8, 0)));
	assert_true(lineage_meet(&part, &disk));
	assert_true(lineage_meet(&disk, &part));
	assert_false(lineage_meet(&part, &other));
}

static void attributes_that_say_nothing(void **state)
{
	struct bench *bench = *state;
	static const char *const nonsense[] = {"", "\n", "8\n", "eight:0\n", "8;0\n", "8:0:0\n", "8:0x\n"};
	attribute(bench, "/sys/dev/block/8:1", "partition", "1\n");
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		attribute(bench, "/sys/dev/block/8:1/..", "dev", nonsense[i]);
		struct lineage lineage = of_block(bench, 8, 1);
		assert_false(has(&lineage, LINEAGE_BLOCK, makedev(8, 0)));
	}
	/* No attribute is longer than a page; this one is no number of a device either. */
	char page[5000];
	memset(page, '1', sizeof page - 1);
	page[sizeof page - 1] = '\0';
	attribute(bench, "/sys/dev/block/8:1/..", "dev", page);
	struct lineage lineage = of_block(bench, 8, 1);
	assert_int_equal(lineage.count, 1);
	page[40] = '\0'; /* longer than two numbers can be */
	attribute(bench, "/sys/dev/block/8:1/..", "dev", page);
	lineage = of_block(bench, 8, 1);
	assert_int_equal(lineage.count, 1);
	/* A folder without the attribute. */
	memio_remove(bench->memio, "/sys/dev/block/8:1/../dev");
	lineage = of_block(bench, 8, 1);
	assert_int_equal(lineage.count, 1);
}

/* Two legs on two disks, one of which is listed twice, and one leg that says nothing of itself. */
static void mapped_device(void **state)
{
	struct bench *bench = *state;
	memio_dir(bench->memio, "/sys/dev/block/253:0/slaves", 1);
	static const char *const legs[] = {"sda1", "sdb", "sdb-again", "mute"};
	static const char *const devs[] = {"8:1\n", "8:16\n", "8:16\n", NULL};
	for (size_t i = 0; i < sizeof legs / sizeof *legs; i++) {
		char dir[96], entry[128];
		(void)snprintf(dir, sizeof dir, "/sys/dev/block/253:0/slaves/%s", legs[i]);
		(void)snprintf(entry, sizeof entry, "%s/dev", dir);
		memio_dir(bench->memio, dir, 1);
		if (devs[i])
			memio_text(bench->memio, entry, devs[i]);
	}
	struct lineage mapped = of_block(bench, 253, 0), disk = of_block(bench, 8, 16);
	assert_int_equal(mapped.count, 3);
	assert_true(lineage_meet(&mapped, &disk));
}

static void loop_device(void **state)
{
	struct bench *bench = *state;
	memio_dir(bench->memio, "/store", 77);
	memio_text(bench->memio, "/store/disc.img", "bytes");
	attribute(bench, "/sys/dev/block/7:0/loop", "backing_file", "/store/disc.img\n");
	struct respin_io_stat file;
	assert_int_equal(bench->io.ops->stat_path(bench->io.self, "/store/disc.img", &file), 0);
	struct lineage backing, loop = of_block(bench, 7, 0);
	lineage_of(&bench->io, &file, &backing);
	assert_true(lineage_meet(&loop, &backing));
	assert_true(has(&loop, LINEAGE_BLOCK, 77)); /* the file system that holds the file */

	/* On a whole device, and on a file that is gone. */
	memio_node(bench->memio, "/store/sdc", RESPIN_IO_BLOCK, makedev(8, 32), 0);
	attribute(bench, "/sys/dev/block/7:1/loop", "backing_file", "/store/sdc\n");
	loop = of_block(bench, 7, 1);
	assert_true(has(&loop, LINEAGE_BLOCK, makedev(8, 32)));
	assert_false(has(&loop, LINEAGE_BLOCK, 77));
	attribute(bench, "/sys/dev/block/7:2/loop", "backing_file", "/store/gone (deleted)\n");
	loop = of_block(bench, 7, 2);
	assert_int_equal(loop.count, 1);
}

static void character_devices(void **state)
{
	struct bench *bench = *state;
	memio_dir(bench->memio, "/sys/dev/char/21:1/device/block", 1);
	attribute(bench, "/sys/dev/char/21:1/device/block/sr0", "dev", "11:0\n");
	struct respin_io_stat generic = {.kind = RESPIN_IO_OTHER, .rdev = makedev(21, 1)};
	struct lineage lineage, drive = of_block(bench, 11, 0);
	lineage_of(&bench->io, &generic, &lineage);
	assert_int_equal(lineage.own, 2); /* the node and the drive are one thing */
	assert_true(lineage_meet(&lineage, &drive));
	/* A pipe is no device: it stands on its file system like a file. */
	struct respin_io_stat pipe = {.kind = RESPIN_IO_OTHER, .dev = 9, .ino = 4};
	lineage_of(&bench->io, &pipe, &lineage);
	assert_int_equal(lineage.own, 1);
	assert_true(has(&lineage, LINEAGE_FILE, 9) && has(&lineage, LINEAGE_BLOCK, 9));
}

/* A sysfs in which each mapped device, by its number, stands on the next one; the last one on the first. */
static unsigned tower;

static int tower_open_dir(void *self, const char *path)
{
	(void)self;
	const char *number = strrchr(path, ':');
	if (!number || !strstr(path, "/slaves"))
		return -2;
	unsigned level = (unsigned)strtoul(number + 1, NULL, 10);
	return level < tower ? (int)level : -2;
}

static int tower_open(void *self, int dir, const char *name, unsigned flags, unsigned mode)
{
	(void)self, (void)flags, (void)mode;
	return strcmp(name, "dev") == 0 ? dir : -2;
}

static int64_t tower_pread(void *self, int file, void *data, size_t len, uint64_t pos_bytes)
{
	(void)self;
	return pos_bytes ? 0 : snprintf(data, len, "253:%u\n", ((unsigned)file + 1) % tower);
}

static int tower_list(void *self, int dir, void (*fn)(void *arg, const char *name), void *arg)
{
	(void)self, (void)dir;
	fn(arg, "next");
	return 0;
}

static int tower_close(void *self, int file)
{
	(void)self, (void)file;
	return 0;
}

/* Nobody's tower is so high; whoever builds one is not followed for ever, nor round in a circle. */
static void a_tower_without_end(void **state)
{
	struct bench *bench = *state;
	struct respin_io_ops ops = *bench->io.ops;
	ops.open_dir = tower_open_dir;
	ops.open = tower_open;
	ops.pread = tower_pread;
	ops.list = tower_list;
	ops.close = tower_close;
	bench->io.ops = &ops;
	tower = 2 * LINEAGE_MAX;
	struct lineage lineage = of_block(bench, 253, 0);
	assert_int_equal(lineage.count, LINEAGE_MAX);
	tower = 3;
	lineage = of_block(bench, 253, 0);
	assert_int_equal(lineage.count, 3);
}

static void hosts(void **state)
{
	struct bench *bench = *state;
	static const char *const dirs[] = {
		"/sys/dev/block/11:0/device/scsi_device", "/sys/dev/block/11:0/device/scsi_device/2:0:0:0",
		"/sys/dev/block/8:0/device/scsi_device",  "/sys/dev/block/8:0/device/scsi_device/1:0:0:0",
		"/sys/dev/block/8:16/device/scsi_device", "/sys/dev/block/8:16/device/scsi_device/2:0:1:0",
		"/sys/dev/block/8:32/device/scsi_device", "/sys/dev/block/8:32/device/scsi_device/power",
	};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		memio_dir(bench->memio, dirs[i], 1);
	struct lineage drive = of_block(bench, 11, 0), apart = of_block(bench, 8, 0),
		       beside = of_block(bench, 8, 16), mute = of_block(bench, 8, 32);
	unsigned host = 99;
	assert_false(lineage_share_host(&bench->io, &drive, &apart, &host));
	assert_false(lineage_share_host(&bench->io, &drive, &mute, &host));
	assert_int_equal(host, 99);
	assert_true(lineage_share_host(&bench->io, &drive, &beside, &host));
	assert_int_equal(host, 2);
}

static void names_of_hosts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool good;
		unsigned host;
	} rows[] = {{"2:0:0:0", true, 2},    {"10:1:2:3", true, 10}, {"", false, 0},
		    {"2", false, 0},         {"2:0", false, 0},      {"2:0:0", false, 0},
		    {"2:0:0:0:0", false, 0}, {"a:0:0:0", false, 0},  {"2:0:0:x", false, 0},
		    {"2:0:0:", false, 0},    {"2-0-0-0", false, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned host = 0;
		assert_int_equal(lineage_parse_host(rows[i].name, &host), rows[i].good);
		if (rows[i].good)
			assert_int_equal(host, rows[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(partition, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attributes_that_say_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mapped_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loop_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(character_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_tower_without_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hosts, set_up, tear_down),
		cmocka_unit_test(names_of_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
