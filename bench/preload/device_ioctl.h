/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of the drive's two nodes: sizes, CDROM, SG_IO. They know no file positions. */
#ifndef PRELOAD_DEVICE_IOCTL_H
#define PRELOAD_DEVICE_IOCTL_H

#include "devices.h"

/* What the kernel would return, or -errno. */
int drive_ioctl(struct device *device, unsigned long request, void *argument);

#endif
