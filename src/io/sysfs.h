/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Linux' sysfs says of a SCSI device: which host adapter driver carries it. */
#ifndef IO_SYSFS_H
#define IO_SYSFS_H

#include <stdbool.h>
#include <sys/types.h>

/* What a host's word and a host's buffers are worth; each earned by a measurement, not by hope. */
struct sysfs_host {
	char driver[32];     /* proc_name of the Scsi_Host; empty: not found */
	bool resid_trusted;  /* a short transfer shows in the residual */
	bool poison_trusted; /* bytes that did not arrive leave a mapped or aligned buffer alone */
};

/* `device`: rdev of an sr (block) or sg (character) node. Never fails: what is not found is not trusted. */
void sysfs_host_find(dev_t rdev, bool block, struct sysfs_host *host);

/* The table alone, for tests. `path`: the device's place in sysfs. */
void sysfs_host_judge(const char *driver, const char *path, struct sysfs_host *host);

#endif
