/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's side of an attached drive, in configfs and sysfs: a user-space
 * device (target_core_user), and a SCSI host in this very machine that it is
 * plugged into (tcm_loop). Makes, finds and takes down; serves no command. All
 * names hold the process id of their maker, by which leftovers are known.
 */
#ifndef IO_TCMU_CONFIGFS_H
#define IO_TCMU_CONFIGFS_H

#include <respin/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is everything there? RESPIN_E_PERMISSION, _UNSUPPORTED: the text has the command that helps. */
int tcmu_configfs_check(struct respin_error *error);

/* Device and host, with nothing plugged in yet. On failure what was made is taken down again. */
int tcmu_configfs_make(pid_t pid, struct respin_error *error);

/* The device into the host: the kernel asks it at once, so somebody must be serving. */
int tcmu_configfs_plug(pid_t pid, struct respin_error *error);
/* Out again, as a cable is pulled: whoever uses the device loses it. */
void tcmu_configfs_unplug(pid_t pid);

/* Everything, plugged in or not; what is not there is no error. 0 or the first negative errno. */
int tcmu_configfs_remove(pid_t pid);

/* Makers that may have left something; at most `max` of them, each once. */
size_t tcmu_configfs_makers(pid_t *pids, size_t max);

#define TCMU_NAME_MAX 32u

/* "uio0", through which the device is served; waits a little for the node. RESPIN_E_SOURCE. */
int tcmu_configfs_uio(pid_t pid, char name[TCMU_NAME_MAX], size_t *map_bytes, struct respin_error *error);

/* "3:0:1": where on the machine's SCSI hosts the device is. */
int tcmu_configfs_address(pid_t pid, char address[TCMU_NAME_MAX], struct respin_error *error);

/* tcmu_nodes.c: "sr0" and "sg0" of that place; waits for them. "" where there is no sg. RESPIN_E_UNSUPPORTED: no sr. */
int tcmu_nodes(const char *address, char block[TCMU_NAME_MAX], char generic[TCMU_NAME_MAX],
	       struct respin_error *error);

/* The largest command that the kernel makes of reads of its own. */
void tcmu_nodes_limit(const char *block, unsigned max_kb);

#endif
