/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The optical drives of this machine, as Linux' sysfs lists them. Looking at
 * them reads nothing from a disc; the one thing asked of a drive is whether
 * there is a disc in it.
 */
#ifndef RESPIN_DRIVES_H
#define RESPIN_DRIVES_H

#include <stddef.h>
#include <stdint.h>

#include <respin/export.h>

#ifdef __cplusplus
extern "C" {
#endif

enum respin_tray {
	RESPIN_TRAY_UNKNOWN, /* not permitted to ask, or the drive does not tell */
	RESPIN_TRAY_DISC,
	RESPIN_TRAY_EMPTY,
	RESPIN_TRAY_OPEN,
	RESPIN_TRAY_BUSY, /* spinning up, or wedged */
};

/* Text is as the drive gave it: escape before showing. */
struct respin_drive {
	size_t size;
	char block[32];   /* "/dev/sr0"; empty: the sr driver does not know it */
	char generic[32]; /* "/dev/sg1"; empty: the sg driver is not loaded */
	char vendor[32], product[32], revision[32];
	uint8_t tray;      /* enum respin_tray */
	uint8_t permitted; /* this process may read and write one of the nodes */
};

/*
 * Fills in at most `cap` drives in the order of their names and returns how many
 * there are; 0 also where there is no sysfs. `root` goes before "/sys" and
 * "/dev"; NULL or "" is this machine. `drives[0].size` is set by the caller.
 */
RESPIN_API unsigned respin_drives_list(const char *root, struct respin_drive *drives, unsigned cap);

#ifdef __cplusplus
}
#endif
#endif
