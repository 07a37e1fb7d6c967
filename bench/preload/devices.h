/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an open file of the program stands for when it is none of the system's:
 * the drive as a block device, the drive as an SG_IO node, or the output that
 * keeps no bytes. With the machine locked, all of them; errors are -errno.
 */
#ifndef PRELOAD_DEVICES_H
#define PRELOAD_DEVICES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum device_kind { DEVICE_NONE, DEVICE_BLOCK, DEVICE_SG, DEVICE_OUTPUT };

struct device { /* one open file; descriptors may share it */
	enum device_kind kind;
	unsigned users;
	int flags; /* of open() */
	uint64_t pos_bytes;
	uint32_t sg_timeout_ms;
};

enum device_kind devices_kind(const char *path);
bool device_there(enum device_kind kind); /* false: the link is lost, and the node with it */
int device_open(enum device_kind kind, int flags, struct device **device);
void device_close(struct device *device);
void device_stat(enum device_kind kind, struct stat *st);

ssize_t device_read(struct device *device, uint64_t pos_bytes, size_t len, void *into);
off_t device_seek(struct device *device, off_t offset, int whence);
int device_ioctl(struct device *device, unsigned long request, void *argument);

/* The output's length, as it would be on a disk. */
uint64_t output_size(void);
void output_begin(int fd, uint64_t size_bytes); /* the descriptor of the real, empty file */
void output_extend(uint64_t end_bytes);
void output_truncate(uint64_t size_bytes);

void devices_finish(void); /* the output gets its length */

#endif
