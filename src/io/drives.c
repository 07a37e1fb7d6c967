/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which optical drives there are, from sysfs (include/respin/drives.h). Opens a
 * node only to ask whether a disc is in it, and never sends a command of its own.
 */
#include <respin/drives.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"

/* SPC-4 6.6.2, table 142: the peripheral device type of CD and DVD devices. */
#define TYPE_OPTICAL 5
/* No machine has as many; a bound for the sorting below. */
#define DRIVES_MAX 64

/* The first line of DIR/NAME without the blanks that SCSI fills fields up with. False: there is none. */
static bool read_line(const char *dir, const char *name, char *text, size_t cap)
{
	char path[1024];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, cap - 1);
	if (fd >= 0)
		(void)close(fd);
	size_t len = n > 0 ? (size_t)n : 0;
	text[len] = 0;
	len = strcspn(text, "\n");
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = 0;
	return n >= 0;
}

/* The name of the only entry of DIR/NAME, as a path below /dev; else empty. */
static void find_node(const char *dir, const char *name, char *node, size_t cap)
{
	char path[1024];
	node[0] = 0;
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	DIR *entries = opendir(path);
	for (struct dirent *entry; entries && (entry = readdir(entries));)
		if (entry->d_name[0] != '.')
			(void)snprintf(node, cap, "/dev/%.24s", entry->d_name);
	if (entries)
		(void)closedir(entries);
}

static uint8_t ask_tray(int fd)
{
	switch (ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT)) {
	case CDS_DISC_OK:
		return RESPIN_TRAY_DISC;
	case CDS_NO_DISC:
		return RESPIN_TRAY_EMPTY;
	case CDS_TRAY_OPEN:
		return RESPIN_TRAY_OPEN;
	case CDS_DRIVE_NOT_READY:
		return RESPIN_TRAY_BUSY;
	default:
		return RESPIN_TRAY_UNKNOWN;
	}
}

/* O_NONBLOCK: an empty drive opens, too, and no tray moves. */
static void look_into(const char *root, struct respin_drive *drive)
{
	char path[1024];
	(void)snprintf(path, sizeof path, "%s%s", root, drive->block);
	int fd = drive->block[0] ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd >= 0) {
		drive->tray = ask_tray(fd);
		(void)close(fd);
	}
	(void)snprintf(path, sizeof path, "%s%s", root, drive->generic);
	drive->permitted = fd >= 0 || (drive->generic[0] && access(path, R_OK | W_OK) == 0);
}

/* "sr2" before "sr10", and drives without a block node after those with one. */
static int compare(const void *a, const void *b)
{
	const struct respin_drive *x = a, *y = b;
	const char *left = x->block[0] ? x->block : x->generic, *right = y->block[0] ? y->block : y->generic;
	if (!x->block[0] != !y->block[0])
		return !x->block[0] - !y->block[0];
	if (strlen(left) != strlen(right))
		return strlen(left) < strlen(right) ? -1 : 1;
	return strcmp(left, right);
}

/* One device of the SCSI bus. False: it is no optical drive, or nobody can open it. */
static bool examine(const char *root, const char *dir, struct respin_drive *drive)
{
	char type[16], *end;
	*drive = (struct respin_drive){.size = sizeof *drive};
	if (!read_line(dir, "type", type, sizeof type) || strtoul(type, &end, 10) != TYPE_OPTICAL ||
	    end == type)
		return false;
	find_node(dir, "block", drive->block, sizeof drive->block);
	find_node(dir, "scsi_generic", drive->generic, sizeof drive->generic);
	(void)read_line(dir, "vendor", drive->vendor, sizeof drive->vendor);
	(void)read_line(dir, "model", drive->product, sizeof drive->product);
	(void)read_line(dir, "rev", drive->revision, sizeof drive->revision);
	if (!drive->block[0] && !drive->generic[0])
		return false;
	look_into(root, drive);
	return true;
}

unsigned respin_drives_list(const char *root, struct respin_drive *drives, unsigned cap)
{
	unsigned count = 0;
	char path[512], dir[1024];
	root = root ? root : "";
	_cleanup_free_ struct respin_drive *all = calloc(DRIVES_MAX, sizeof *all);
	(void)snprintf(path, sizeof path, "%s/sys/bus/scsi/devices", root);
	DIR *devices = all ? opendir(path) : NULL;
	for (struct dirent *entry; devices && count < DRIVES_MAX && (entry = readdir(devices));) {
		(void)snprintf(dir, sizeof dir, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && examine(root, dir, &all[count]))
			count++;
	}
	if (devices)
		(void)closedir(devices);
	if (count > 1)
		qsort(all, count, sizeof *all, compare);
	/* The caller's structure may be an older, shorter one. */
	const size_t stride = cap ? drives[0].size : 0;
	for (unsigned i = 0; i < count && i < cap; i++) {
		const size_t known = stride < sizeof *all ? stride : sizeof *all;
		struct respin_drive *to = (void *)((char *)drives + i * stride);
		memcpy(to, &all[i], known);
		to->size = stride;
	}
	return count;
}
