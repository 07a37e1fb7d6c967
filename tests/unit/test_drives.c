/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin_drives_list over trees that look like sysfs: only optical drives, in
 * order, as the drives call themselves, and nothing that a strange tree says
 * breaks it. What a true kernel shows is tests/lab/qemu-tcmu.sh's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <respin/drives.h>

static char root[64];

static void make_dirs(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

/* A file below the root, with the directories that lead there. */
static void put(const char *device, const char *name, const char *text)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/sys/bus/scsi/devices/%s/%s", root, device, name);
	make_dirs(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_device(const char *device, const char *type, const char *block, const char *generic)
{
	char name[64];
	put(device, "type", type);
	put(device, "vendor", "HL-DT-ST\n");
	put(device, "model", "DVDRAM GH24NSD1 \n");
	put(device, "rev", "LG00\n");
	if (block) {
		(void)snprintf(name, sizeof name, "block/%s/dev", block);
		put(device, name, "11:0\n");
	}
	if (generic) {
		(void)snprintf(name, sizeof name, "scsi_generic/%s/dev", generic);
		put(device, name, "21:0\n");
	}
}

static int begin(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof root, "/tmp/respin-drives.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

static int end(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_none(void **state)
{
	(void)state;
	struct respin_drive drives[4] = {{.size = sizeof *drives}};
	assert_int_equal(respin_drives_list(root, drives, 4), 0); /* not even a sysfs */
	put_device("0:0:0:0", "0\n", "sda", "sg0");               /* a disk */
	put_device("host0", "", NULL, NULL);
	put("target0:0:0", "uevent", "x");
	assert_int_equal(respin_drives_list(root, drives, 4), 0);
}

static void test_order(void **state)
{
	(void)state;
	struct respin_drive drives[4] = {{.size = sizeof *drives}};
	put_device("9:0:0:0", "5\n", "sr10", "sg11");
	put_device("8:0:0:0", "5\n", NULL, "sg4");
	put_device("7:0:0:0", "5\n", "sr2", NULL);
	put_device("6:0:0:0", "5\n", NULL, NULL); /* nobody can open it */
	put_device("5:0:0:0", "0\n", "sdb", "sg1");
	assert_int_equal(respin_drives_list(root, drives, 4), 3);
	assert_string_equal(drives[0].block, "/dev/sr2");
	assert_string_equal(drives[0].generic, "");
	assert_string_equal(drives[1].block, "/dev/sr10");
	assert_string_equal(drives[1].generic, "/dev/sg11");
	assert_string_equal(drives[2].generic, "/dev/sg4");
	assert_string_equal(drives[0].vendor, "HL-DT-ST");
	assert_string_equal(drives[0].product, "DVDRAM GH24NSD1"); /* without SCSI's blanks */
	assert_string_equal(drives[0].revision, "LG00");
	assert_int_equal(drives[0].tray, RESPIN_TRAY_UNKNOWN); /* there is no node to ask */
	assert_int_equal(drives[0].permitted, 0);
}

static void test_permission(void **state)
{
	(void)state;
	char path[512];
	struct respin_drive drive = {.size = sizeof drive};
	put_device("1:0:0:0", "5\n", "sr0", "sg0");
	(void)snprintf(path, sizeof path, "%s/dev/sr0", root);
	make_dirs(path);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(respin_drives_list(root, &drive, 1), 1);
	assert_int_equal(drive.permitted, 1);
	assert_int_equal(drive.tray, RESPIN_TRAY_UNKNOWN); /* a file is no drive, and says so */
}

/* More than there is room for are counted; a shorter structure of an older caller is not overrun. */
static void test_room(void **state)
{
	(void)state;
	char device[16], block[16];
	for (int i = 0; i < 5; i++) {
		(void)snprintf(device, sizeof device, "%d:0:0:0", i);
		(void)snprintf(block, sizeof block, "sr%d", i);
		put_device(device, "5\n", block, NULL);
	}
	struct respin_drive drives[3] = {{.size = sizeof *drives}};
	drives[2].block[0] = 'x';
	assert_int_equal(respin_drives_list(root, drives, 2), 5);
	assert_string_equal(drives[1].block, "/dev/sr1");
	assert_string_equal(drives[2].block, "x");
	assert_int_equal(respin_drives_list(root, NULL, 0), 5);

	const size_t old = offsetof(struct respin_drive, vendor);
	struct respin_drive shorter = {.size = old, .vendor = "untouched"};
	assert_int_equal(respin_drives_list(root, &shorter, 1), 5);
	assert_string_equal(shorter.block, "/dev/sr0");
	assert_string_equal(shorter.vendor, "untouched");
}

/* Long, strange and broken: cut off, or left out. */
static void test_strange(void **state)
{
	(void)state;
	char text[300];
	memset(text, 'A', sizeof text - 1);
	text[sizeof text - 1] = 0;
	struct respin_drive drive = {.size = sizeof drive};
	put_device("1:0:0:0", "5", "sr0", NULL);
	put("1:0:0:0", "vendor", text);
	put("1:0:0:0", "model", "\033[31m\n");
	put("1:0:0:0", "rev", "");
	put_device("2:0:0:0", "five", "sr1", NULL);
	put_device("3:0:0:0", "55", "sr2", NULL);
	assert_int_equal(respin_drives_list(root, &drive, 1), 1);
	assert_int_equal(strlen(drive.vendor), sizeof drive.vendor - 1);
	assert_string_equal(drive.product, "\033[31m"); /* escaped where it is shown */
	assert_string_equal(drive.revision, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, begin, end),
		cmocka_unit_test_setup_teardown(test_order, begin, end),
		cmocka_unit_test_setup_teardown(test_permission, begin, end),
		cmocka_unit_test_setup_teardown(test_room, begin, end),
		cmocka_unit_test_setup_teardown(test_strange, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
