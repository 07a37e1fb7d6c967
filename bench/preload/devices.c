/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open files on the simulated drive: positions, sizes, reads, what stat() says; and the output without bytes. */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "block_node.h"
#include "books.h"
#include "device_ioctl.h"
#include "machine.h"

#define SR_MAJOR 11 /* Documentation/admin-guide/devices.txt */
#define SG_MAJOR 21
#define DMA_ALIGNMENT 4u     /* scsi_lib.c: what every host can take */
#define SG_TIMEOUT_MS 60000u /* sg.h: SG_DEFAULT_TIMEOUT */

static unsigned block_files;

static struct {
	int fd; /* of the real file, ours; -1: none */
	uint64_t size_bytes;
} output = {.fd = -1};

/* ---- paths ---- */

enum device_kind devices_kind(const char *path)
{
	const struct settings *s = machine_settings();
	if (!s || !path)
		return DEVICE_NONE;
	if (s->block && !strcmp(path, s->block))
		return DEVICE_BLOCK;
	if (s->sg && !strcmp(path, s->sg))
		return DEVICE_SG;
	if (s->output && !strcmp(path, s->output))
		return DEVICE_OUTPUT;
	return DEVICE_NONE;
}

bool device_there(enum device_kind kind)
{
	return kind == DEVICE_OUTPUT || !block_node_gone();
}

void device_stat(enum device_kind kind, struct stat *st)
{
	if (kind == DEVICE_OUTPUT) {
		st->st_size = output.fd >= 0 ? (off_t)output.size_bytes : st->st_size;
		return;
	}
	bool block = kind == DEVICE_BLOCK;
	*st = (struct stat){
		.st_dev = makedev(0, 5),
		.st_ino = block ? 1011 : 1021,
		.st_mode = (block ? S_IFBLK : S_IFCHR) | 0660,
		.st_nlink = 1,
		.st_uid = getuid(), /* as a member of group cdrom would find it */
		.st_gid = getgid(),
		.st_rdev = makedev(block ? SR_MAJOR : SG_MAJOR, 0),
		.st_blksize = 4096,
	};
}

/* ---- open and close ---- */

int device_open(enum device_kind kind, int flags, struct device **device)
{
	if (kind != DEVICE_OUTPUT && !device_there(kind))
		return -ENXIO;
	if (kind == DEVICE_BLOCK) {
		int error = block_node_open();
		/* O_NONBLOCK is for those who want to talk to a drive without a disc. */
		if (error && !(error == ENOMEDIUM && flags & O_NONBLOCK))
			return -error;
		block_files++;
	}
	*device = malloc(sizeof **device);
	if (!*device)
		return -ENOMEM;
	**device = (struct device){.kind = kind, .users = 1, .flags = flags, .sg_timeout_ms = SG_TIMEOUT_MS};
	return 0;
}

void device_close(struct device *device)
{
	if (--device->users)
		return;
	if (device->kind == DEVICE_BLOCK && --block_files == 0)
		block_node_close();
	free(device);
}

/* ---- reads ---- */

ssize_t device_read(struct device *device, uint64_t pos_bytes, size_t len, void *into)
{
	bool direct = device->flags & O_DIRECT;
	if (device->kind != DEVICE_BLOCK)
		return -EINVAL;
	if (!block_node_ready())
		return -ENOMEDIUM;
	uint64_t began = machine_now_ns(), size = block_node_sectors() * SECTOR, asked = len;
	if (pos_bytes >= size || len == 0)
		return 0;
	if (len > size - pos_bytes)
		len = size - pos_bytes;
	if (direct && (pos_bytes % SECTOR || len % SECTOR || (uintptr_t)into % DMA_ALIGNMENT))
		return -EINVAL;
	ssize_t got = block_node_read(direct, pos_bytes, len, into);
	books_read(machine_books(), began, machine_now_ns(), pos_bytes, asked, got);
	return got;
}

off_t device_seek(struct device *device, off_t offset, int whence)
{
	uint64_t size = device->kind == DEVICE_OUTPUT ? output.size_bytes : block_node_sectors() * SECTOR;
	off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)device->pos_bytes : (off_t)size;
	if (device->kind == DEVICE_SG)
		return -ESPIPE;
	if ((whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) || base + offset < 0 ||
	    (device->kind == DEVICE_BLOCK && (uint64_t)(base + offset) > size))
		return -EINVAL;
	device->pos_bytes = (uint64_t)(base + offset);
	return base + offset;
}

int device_ioctl(struct device *device, unsigned long request, void *argument)
{
	if (device->kind == DEVICE_OUTPUT)
		return -ENOTTY;
	return drive_ioctl(device, request, argument);
}

/* ---- the output ---- */

uint64_t output_size(void)
{
	return output.size_bytes;
}

void output_begin(int fd, uint64_t size_bytes)
{
	if (output.fd >= 0)
		(void)close(output.fd);
	output.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	output.size_bytes = size_bytes;
}

void output_extend(uint64_t end_bytes)
{
	if (end_bytes > output.size_bytes)
		output.size_bytes = end_bytes;
}

void output_truncate(uint64_t size_bytes)
{
	output.size_bytes = size_bytes;
}

void devices_finish(void)
{
	if (output.fd >= 0)
		(void)ftruncate(output.fd, (off_t)output.size_bytes);
}
