/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device nodes of a plugged-in drive, found in sysfs by its SCSI address; see tcmu_configfs.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "io/clock_real.h"
#include "io/tcmu_configfs.h"

/* sr asks the drive a dozen things first, some of them more than once, and a simulated one may take its time. */
#define BLOCK_NS 30000000000ull
#define GENERIC_NS 1000000000ull /* sg asks nothing; its module may have to be loaded */
#define LOOK_NS 10000000ull

/* The one name below .../KIND, once its node in /dev is there too. */
static bool find_node(const char *address, const char *kind, char name[TCMU_NAME_MAX])
{
	char path[128];
	(void)snprintf(path, sizeof path, "/sys/bus/scsi/devices/%s:0/%s", address, kind);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	name[0] = '\0';
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < TCMU_NAME_MAX)
			(void)snprintf(name, TCMU_NAME_MAX, "%s", entry->d_name);
	if (dir)
		closedir(dir);
	(void)snprintf(path, sizeof path, "/dev/%s", name);
	return name[0] && access(path, F_OK) == 0;
}

static bool await_node(const char *address, const char *kind, uint64_t patience_ns, char name[TCMU_NAME_MAX])
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t until = clock_real_now_ns() + patience_ns;
	while (!find_node(address, kind, name)) {
		if (clock_real_now_ns() >= until)
			return false;
		nanosleep(&look, NULL);
	}
	return true;
}

int tcmu_nodes(const char *address, char block[TCMU_NAME_MAX], char generic[TCMU_NAME_MAX],
	       struct respin_error *error)
{
	if (!await_node(address, "block", BLOCK_NS, block))
		return error_set(
			error, RESPIN_E_UNSUPPORTED, 0,
			"the drive is attached at %s, but no /dev/sr appeared: run 'modprobe sr_mod'",
			address);
	if (!await_node(address, "scsi_generic", GENERIC_NS, generic))
		generic[0] = '\0';
	return 0;
}

void tcmu_nodes_limit(const char *block, unsigned max_kb)
{
	char path[128], text[16];
	(void)snprintf(path, sizeof path, "/sys/block/%s/queue/max_sectors_kb", block);
	int len = snprintf(text, sizeof text, "%u", max_kb);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	/* Where the kernel has a smaller limit already, it refuses, and is right. */
	if (fd >= 0 && write(fd, text, (size_t)len) < 0)
		(void)lseek(fd, 0, SEEK_SET);
	if (fd >= 0)
		close(fd);
}
