/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SG_IO version 3: one blocking ioctl a command, no retries by the kernel. The
 * buffer is the one whose untouched bytes stay untouched: the mapped reserve
 * buffer on sg, page-aligned memory on sr. Never resets a device or a bus, and
 * sends no command that is not on the list of core/cdb_allowed.c.
 */
#include "io/transport_sgio.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <pthread.h>
#include <scsi/sg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "core/cdb.h"
#include "core/classify.h"
#include "io/clock_real.h"
#include "io/sysfs.h"

#ifndef SG_FLAG_MMAP_IO
#define SG_FLAG_MMAP_IO 4 /* <scsi/sg.h> of the C library is older than the kernel's */
#endif

#define PAGE_BYTES 4096u
#define MAX_TRANSFER_FALLBACK (64u << 10) /* works everywhere; used where the kernel does not tell */

struct sgio {
	int fd;
	bool block;    /* sr, not sg */
	bool writable; /* opened O_RDWR: needed to map, and for some commands */
	bool mapped;
	unsigned char *buffer;
	size_t buffer_bytes;
	uint32_t max_transfer_bytes;
	struct sysfs_host host;
	char path[256];
};

bool transport_sgio_takes(const struct stat *st)
{
	return (S_ISBLK(st->st_mode) && major(st->st_rdev) == SCSI_CDROM_MAJOR) ||
	       (S_ISCHR(st->st_mode) && major(st->st_rdev) == SCSI_GENERIC_MAJOR);
}

static void sgio_traits(void *self, struct respin_transport_traits *traits)
{
	const struct sgio *sgio = self;
	*traits = (struct respin_transport_traits){
		.size = sizeof *traits,
		.name = "sgio",
		.max_transfer_bytes = sgio->max_transfer_bytes,
		.resid_trusted = sgio->host.resid_trusted,
		/* sg without a mapped buffer copies, and hands back what the last command left there. */
		.poison_trusted = sgio->host.poison_trusted && (sgio->block || sgio->mapped),
	};
	(void)snprintf(traits->address, sizeof traits->address, "%s", sgio->path);
}

static void buffer_free(struct sgio *sgio)
{
	if (sgio->mapped)
		munmap(sgio->buffer, sgio->buffer_bytes);
	else
		free(sgio->buffer);
	sgio->buffer = NULL;
	sgio->buffer_bytes = 0;
	sgio->mapped = false;
}

/* The reserve buffer of this descriptor, where sg lets us have it. */
static bool buffer_map(struct sgio *sgio, size_t len)
{
	int size = (int)len;
	if (sgio->block || !sgio->writable)
		return false;
	if (ioctl(sgio->fd, SG_SET_RESERVED_SIZE, &size) < 0 ||
	    ioctl(sgio->fd, SG_GET_RESERVED_SIZE, &size) < 0 || size < (int)len)
		return false;
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, sgio->fd, 0);
	if (map == MAP_FAILED)
		return false;
	sgio->buffer = map;
	sgio->mapped = true;
	return true;
}

static void *sgio_buffer(void *self, size_t len)
{
	struct sgio *sgio = self;
	len = (len + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	if (sgio->buffer)
		return len <= sgio->buffer_bytes ? sgio->buffer : NULL;
	if (!buffer_map(sgio, len))
		sgio->buffer = aligned_alloc(PAGE_BYTES, len);
	if (sgio->buffer)
		sgio->buffer_bytes = len;
	return sgio->buffer;
}

/* The system refused the ioctl; the command did not reach the drive. */
static enum respin_host_status refused(int sys_errno)
{
	switch (sys_errno) {
	case ENODEV:
	case ENXIO:
	case ENOTTY:
	case EBADF:
	case ESHUTDOWN:
		return RESPIN_HOST_GONE;
	case ETIMEDOUT:
		return RESPIN_HOST_TIMEOUT;
	default:
		return RESPIN_HOST_ERROR;
	}
}

/*
 * A signal would end the wait on sg and orphan the command, or, with
 * SA_RESTART, send it a second time: none may arrive while it is outstanding.
 */
static int ioctl_undisturbed(int fd, struct sg_io_hdr *io)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = ioctl(fd, SG_IO, io) < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void sgio_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct sgio *sgio = self;
	assert(command->data_len <= sgio->max_transfer_bytes && command->data_len <= sgio->buffer_bytes);
	assert(!command->data_len || command->data == sgio->buffer);
	*reply = (struct respin_command_reply){.residual = command->data_len};
	if (!cdb_command_allowed(command)) {
		reply->host = RESPIN_HOST_ERROR;
		reply->sys_errno = EPERM;
		return;
	}
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.dxfer_direction = !command->data_len ? SG_DXFER_NONE
				   : command->data_in ? SG_DXFER_FROM_DEV
						      : SG_DXFER_TO_DEV,
		.cmdp = (unsigned char *)command->cdb,
		.cmd_len = command->cdb_len,
		.dxfer_len = command->data_len,
		.dxferp = sgio->mapped ? NULL : command->data,
		.sbp = reply->sense,
		.mx_sb_len = sizeof reply->sense,
		.timeout = command->timeout_ms,
		.flags = sgio->mapped && command->data_len ? SG_FLAG_MMAP_IO : 0,
	};
	uint64_t began = clock_real_now_ns();
	int rc = ioctl_undisturbed(sgio->fd, &io);
	reply->elapsed_ns = clock_real_now_ns() - began;
	if (rc < 0) {
		reply->sys_errno = -rc;
		reply->host = (uint8_t)refused(-rc);
		return;
	}
	reply->raw_host = (uint32_t)io.host_status | (uint32_t)io.driver_status << 16;
	reply->sense_len = io.sb_len_wr < sizeof reply->sense ? io.sb_len_wr : sizeof reply->sense;
	reply->host = (uint8_t)classify_linux_host(io.host_status, io.driver_status, io.sb_len_wr > 0);
	reply->scsi_status = io.status;
	if (io.resid <= 0)
		reply->residual = 0; /* negative: the device had more to send than was asked for */
	else if ((uint32_t)io.resid < command->data_len)
		reply->residual = (uint32_t)io.resid;
}

static void sgio_destroy(void *self)
{
	struct sgio *sgio = self;
	if (!sgio)
		return;
	buffer_free(sgio);
	if (sgio->fd >= 0)
		close(sgio->fd);
	free(sgio);
}

static int open_failed(const char *path, int err, struct respin_error *error)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return error_set(error, RESPIN_E_PERMISSION, err,
				 "%s: %s: run as root or join the group that owns it (cdrom)", path,
				 strerrordesc_np(err));
	case EBUSY:
		return error_set(error, RESPIN_E_SOURCE, err,
				 "%s: in use by another program or mounted: unmount it or end that program",
				 path);
	case ENXIO:
	case ENODEV:
		return error_set(error, RESPIN_E_SOURCE, err, "%s: no drive is attached there", path);
	default:
		return error_set(error, RESPIN_E_SOURCE, err, "%s: %s", path, strerrordesc_np(err));
	}
}

/*
 * Exclusive and writable as far as the system grants it: O_EXCL keeps mounts
 * and udev's polling away, O_RDWR lets sg map its buffer. O_NONBLOCK leaves the
 * tray alone. sg refuses O_EXCL to readers.
 */
static int node_open(const char *path, bool *writable)
{
	static const int modes[] = {O_RDWR | O_EXCL, O_RDONLY | O_EXCL, O_RDONLY};
	int err = 0;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		int fd = open(path, modes[i] | O_NONBLOCK | O_CLOEXEC);
		*writable = (modes[i] & O_ACCMODE) == O_RDWR;
		if (fd >= 0)
			return fd;
		err = errno;
		if (err != EACCES && err != EPERM && err != EROFS)
			break;
	}
	return -err;
}

/* sg answers in bytes, a block device in sectors of 512. */
static uint32_t max_transfer(int fd, bool block)
{
	if (block) {
		unsigned short sectors = 0;
		if (ioctl(fd, BLKSECTGET, &sectors) < 0 || sectors < PAGE_BYTES / 512)
			return MAX_TRANSFER_FALLBACK;
		return sectors * 512u;
	}
	int bytes = 0;
	if (ioctl(fd, BLKSECTGET, &bytes) < 0 || bytes < (int)PAGE_BYTES)
		return MAX_TRANSFER_FALLBACK;
	return (uint32_t)bytes;
}

static int attach(struct sgio *sgio, struct respin_error *error)
{
	int fd = node_open(sgio->path, &sgio->writable);
	if (fd < 0)
		return open_failed(sgio->path, -fd, error);
	sgio->fd = fd;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return open_failed(sgio->path, errno, error);
	int version = 0;
	if (!transport_sgio_takes(&st) || ioctl(fd, SG_GET_VERSION_NUM, &version) < 0 || version < 30000)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: it does not understand SG_IO", sgio->path);
	sgio->block = S_ISBLK(st.st_mode);
	sgio->max_transfer_bytes = max_transfer(fd, sgio->block);
	sysfs_host_find(st.st_rdev, sgio->block, &sgio->host);
	return 0;
}

/*
 * sg without a mapped buffer hands back what its last command left there. Where
 * the residual does not tell either, two reads of one range can agree on that.
 */
static int check_evidence(struct sgio *sgio, struct respin_error *error)
{
	if (sgio->block || sgio->host.resid_trusted)
		return 0;
	if (!sgio_buffer(sgio, MAX_TRANSFER_FALLBACK))
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a buffer");
	if (sgio->mapped)
		return 0;
	return error_set(
		error, RESPIN_E_PERMISSION, EACCES,
		"%s: lends no buffer, and its host does not tell how much arrived: use /dev/sr..., or "
		"get the right to write to it (sg lends its buffer to writers)",
		sgio->path);
}

static int sgio_reopen(void *self, struct respin_error *error)
{
	struct sgio *sgio = self;
	buffer_free(sgio);
	if (sgio->fd >= 0)
		close(sgio->fd);
	sgio->fd = -1;
	int code = attach(sgio, error);
	return code ? code : check_evidence(sgio, error);
}

static const struct respin_transport_ops ops = {
	.size = sizeof(struct respin_transport_ops),
	.traits = sgio_traits,
	.buffer = sgio_buffer,
	.exec = sgio_exec,
	.destroy = sgio_destroy,
	.reopen = sgio_reopen,
};

int transport_sgio_open(const char *path, struct respin_transport *transport, struct respin_error *error)
{
	*transport = (struct respin_transport){0};
	struct sgio *sgio = calloc(1, sizeof *sgio);
	if (!sgio)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a transport");
	sgio->fd = -1;
	(void)snprintf(sgio->path, sizeof sgio->path, "%s", path);
	int code = attach(sgio, error);
	if (code == 0)
		code = check_evidence(sgio, error);
	if (code < 0) {
		sgio_destroy(sgio);
		return code;
	}
	*transport = (struct respin_transport){&ops, sgio};
	return 0;
}
