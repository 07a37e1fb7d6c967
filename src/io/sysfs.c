/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a device number to its host adapter's driver, and what that driver is known for. Changes nothing there. */
#include "io/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * Measured on Linux 6.1 (tests/lab, host paths). libata never sets a residual:
 * a short transfer and a failure both report 0. usb-storage reports it, but an
 * emulated bridge filled the hole with zeros. Where nothing was measured,
 * neither is believed, and two reads have to agree.
 */
static const struct {
	const char *driver;
	bool resid, poison;
} known[] = {
	{"usb-storage", true, false}, {"uas", true, false},      {"iscsi_tcp", true, true},
	{"ahci", false, true},        {"ata_piix", false, true},
};

void sysfs_host_judge(const char *driver, const char *path, struct sysfs_host *host)
{
	*host = (struct sysfs_host){.poison_trusted = true};
	(void)snprintf(host->driver, sizeof host->driver, "%s", driver);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].driver, driver) != 0)
			continue;
		host->resid_trusted = known[i].resid;
		host->poison_trusted = known[i].poison;
	}
	if (strstr(path, "/usb")) { /* uas says "(null)", and every vendor's bridge has a driver of its own */
		host->resid_trusted = true;
		host->poison_trusted = false;
	}
	if (strstr(path, "/ata")) /* every libata driver hangs its hosts below an ataN */
		host->resid_trusted = false;
}

/* "H:C:T:L" at the end of the path names the host. */
static bool host_number(const char *path, unsigned long *number)
{
	const char *name = strrchr(path, '/');
	if (!name || name[1] < '0' || name[1] > '9')
		return false;
	char *end;
	*number = strtoul(name + 1, &end, 10);
	return *end == ':';
}

void sysfs_host_find(dev_t rdev, bool block, struct sysfs_host *host)
{
	char path[128], driver[32] = "";
	(void)snprintf(path, sizeof path, "/sys/dev/%s/%u:%u/device", block ? "block" : "char", major(rdev),
		       minor(rdev));
	_cleanup_free_ char *real = realpath(path, NULL);
	unsigned long number;
	if (real && host_number(real, &number)) {
		(void)snprintf(path, sizeof path, "/sys/class/scsi_host/host%lu/proc_name", number);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, driver, sizeof driver - 1);
		if (fd >= 0)
			close(fd);
		driver[n > 0 ? n : 0] = 0;
		driver[strcspn(driver, "\n")] = 0;
	}
	sysfs_host_judge(driver, real ? real : "", host);
}
