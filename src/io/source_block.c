/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A block device or regular file as a source: one request is one pread, past
 * the page cache where the file system allows it. A bad sector and a vanished
 * device are told apart; nothing is read twice.
 */
#include "io/source_block.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "core/classify.h"
#include "core/geometry.h"
#include "io/clock_real.h"

#define UNIT_BYTES 2048u
/* Memory and length of an O_DIRECT read; covers every logical block size in use. */
#define DIRECT_ALIGN 4096u

struct source_block {
	char *path;
	int fd;
	bool direct;
	bool device;
	dev_t rdev;
	bool in_sysfs; /* it stood there at open: its absence means unplugged */
	uint64_t size_bytes;
	unsigned char *bounce; /* for callers whose buffer O_DIRECT cannot use */
	struct respin_source_info info;
};

/*
 * What an errno of pread says. The kernel speaks of the medium with ENODATA
 * (O_DIRECT) and EIO (buffered), and of one refused command with EREMOTEIO and
 * EILSEQ; a drive that answers damage so exists. ETIMEDOUT is the host's.
 * Everything unknown is the link's fault: never a bad sector.
 */
enum respin_reason source_block_reason(int sys_errno)
{
	switch (sys_errno) {
	case 0:
		return RESPIN_REASON_GOOD;
	case EIO:
	case ENODATA:
	case EILSEQ:
	case EREMOTEIO:
	case EBADMSG:
		return RESPIN_REASON_MEDIUM;
	case ETIMEDOUT:
	case ETIME:
		return RESPIN_REASON_TIMEOUT;
	case ENXIO:
	case ENODEV:
	case ENOMEDIUM:
	case EMEDIUMTYPE:
	case EBADF:
	case ESHUTDOWN:
	case ESTALE:
	case ENOENT:
	case ENOTCONN: /* a FUSE server that died */
	case ECONNABORTED:
		return RESPIN_REASON_GONE;
	default:
		return RESPIN_REASON_LINK;
	}
}

/* The size as it is now: 0 or a negative errno. */
static int size_now(int fd, bool device, uint64_t *size_bytes)
{
	*size_bytes = 0;
	if (device)
		return ioctl(fd, BLKGETSIZE64, size_bytes) < 0 ? -errno : 0;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	*size_bytes = (uint64_t)st.st_size;
	return 0;
}

static bool stands_in_sysfs(dev_t rdev)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(rdev), minor(rdev));
	return access(path, F_OK) == 0;
}

/* A device that is pulled out answers EIO for a while: is it still there? */
static enum respin_reason still_there(const struct source_block *block, uint64_t end_bytes)
{
	uint64_t size;
	if (size_now(block->fd, block->device, &size) < 0 || size == 0)
		return RESPIN_REASON_GONE;
	if (block->in_sysfs && !stands_in_sysfs(block->rdev))
		return RESPIN_REASON_GONE;
	if (end_bytes <= size)
		return RESPIN_REASON_GOOD;
	/* Linux' sr shrinks the device after an error near the end: no proof that sectors are missing. */
	return block->device ? RESPIN_REASON_OUT_OF_RANGE : RESPIN_REASON_GONE;
}

static void drop_direct(struct source_block *block)
{
	int flags = fcntl(block->fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(block->fd, F_SETFL, flags & ~O_DIRECT);
	block->direct = false;
	if (block->device) /* read-ahead would widen every bad sector */
		(void)posix_fadvise(block->fd, 0, 0, POSIX_FADV_RANDOM);
}

/* One pread of what was asked; O_DIRECT wants everything aligned, also where the file ends. */
static ssize_t read_once(struct source_block *block, void *buffer, size_t len, uint64_t pos)
{
	bool bounced = block->direct && ((uintptr_t)buffer % DIRECT_ALIGN || len % UNIT_BYTES);
	size_t ask = bounced ? (len + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES : len;
	ssize_t n;
	do
		n = pread(block->fd, bounced ? block->bounce : buffer, ask, (off_t)pos);
	while (n < 0 && errno == EINTR);
	if (n > 0 && bounced)
		memcpy(buffer, block->bounce, (size_t)n < len ? (size_t)n : len);
	return n > 0 && (size_t)n > len ? (ssize_t)len : n;
}

static void block_info(void *self, struct respin_source_info *info)
{
	const struct source_block *block = self;
	*info = block->info;
}

static void block_read(void *self, const struct respin_request *request, void *buffer,
		       struct respin_reply *reply)
{
	struct source_block *block = self;
	struct respin_range range = request->range;
	assert(range.count > 0 && range.count <= block->info.max_request_units);
	assert(range.start < block->info.units && range.count <= block->info.units - range.start);

	uint64_t pos = range.start * UNIT_BYTES;
	uint64_t end = (range.start + range.count) * UNIT_BYTES;
	if (end > block->size_bytes)
		end = block->size_bytes;
	size_t len = (size_t)(end - pos);
	uint64_t began = clock_real_now_ns();
	ssize_t n = read_once(block, buffer, len, pos);
	if (n < 0 && errno == EINVAL && block->direct) {
		drop_direct(block); /* refused without touching the disc: this is still the first read */
		n = read_once(block, buffer, len, pos);
	}
	int failed = n < 0 ? errno : 0;
	size_t got = n > 0 ? (size_t)n : 0;
	enum respin_reason reason = source_block_reason(failed);
	if (reason == RESPIN_REASON_MEDIUM || (!failed && got < len)) {
		enum respin_reason there = still_there(block, end);
		if (there != RESPIN_REASON_GOOD)
			reason = there;
		else if (!failed)
			reason = got ? RESPIN_REASON_SHORT : RESPIN_REASON_MEDIUM;
	}
	*reply = (struct respin_reply){
		.reason = (uint8_t)reason,
		.resid_trusted = 1, /* pread says what it did */
		.poison_trusted = 1,
		.scsi_status = failed ? SCSI_CHECK_CONDITION : SCSI_GOOD,
		.sys_errno = failed,
		.asked_bytes = len,
		.residual_bytes = len - got,
		.filled_bytes = got,
		.elapsed_ns = clock_real_now_ns() - began,
	};
}

static int open_failed(const char *path, int err, struct respin_error *error)
{
	bool denied = err == EACCES || err == EPERM;
	return error_set(error, denied ? RESPIN_E_PERMISSION : RESPIN_E_SOURCE, err,
			 denied ? "%s: %s: run as root or join the group that owns it" : "%s: %s", path,
			 strerrordesc_np(err));
}

static int block_open_fd(struct source_block *block, const char *path, struct respin_error *error)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	block->direct = true;
	block->fd = open(path, flags | O_DIRECT);
	if (block->fd < 0 && errno == EINVAL) {
		block->direct = false;
		block->fd = open(path, flags);
	}
	if (block->fd < 0)
		return open_failed(path, errno, error);
	struct stat st;
	if (fstat(block->fd, &st) < 0)
		return open_failed(path, errno, error);
	block->device = S_ISBLK(st.st_mode);
	if (!block->device && !S_ISREG(st.st_mode))
		return error_set(error, RESPIN_E_SOURCE, 0,
				 "%s: neither an optical drive nor a block device nor a file", path);
	block->rdev = st.st_rdev;
	block->in_sysfs = block->device && stands_in_sysfs(st.st_rdev);
	int rc = size_now(block->fd, block->device, &block->size_bytes);
	if (rc < 0)
		return open_failed(path, -rc, error);
	if (block->size_bytes == 0)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: it is empty", path);
	if (block->size_bytes > INT64_MAX)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: it is too large", path);
	return 0;
}

/* Opens the same path anew, and keeps the old descriptor where that fails. */
static enum respin_reason reopen(struct source_block *block)
{
	struct source_block fresh = *block;
	int code = block_open_fd(&fresh, block->path, NULL);
	if (code < 0 || fresh.device != block->device) {
		if (fresh.fd >= 0)
			close(fresh.fd);
		return RESPIN_REASON_LINK;
	}
	close(block->fd);
	uint64_t size_bytes = block->size_bytes;
	*block = fresh;
	block->size_bytes = size_bytes;
	return fresh.size_bytes == size_bytes ? RESPIN_REASON_GOOD : RESPIN_REASON_MEDIUM_CHANGED;
}

static enum respin_reason identify(const struct source_block *block)
{
	enum respin_reason there = still_there(block, block->size_bytes);
	uint64_t size;
	if (there == RESPIN_REASON_OUT_OF_RANGE) /* shrunk by an error near its end */
		return RESPIN_REASON_GOOD;
	if (there == RESPIN_REASON_GOOD && size_now(block->fd, block->device, &size) == 0 &&
	    size != block->size_bytes)
		return RESPIN_REASON_MEDIUM_CHANGED;
	return there;
}

static void block_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	struct source_block *block = self;
	*reply = (struct respin_reply){.reason = RESPIN_REASON_REFUSED}; /* a START: nothing here turns */
	if (command == RESPIN_DRIVE_IDENTIFY)
		reply->reason = (uint8_t)identify(block);
	else if (command == RESPIN_DRIVE_REOPEN)
		reply->reason = (uint8_t)reopen(block);
}

static void block_destroy(void *self)
{
	struct source_block *block = self;
	if (!block)
		return;
	if (block->fd >= 0)
		close(block->fd);
	free(block->bounce);
	free(block->path);
	free(block);
}

static const struct respin_source_ops ops = {
	.size = sizeof(struct respin_source_ops),
	.info = block_info,
	.read = block_read,
	.control = block_control,
	.destroy = block_destroy,
};

static void info_fill(struct source_block *block, const char *path)
{
	struct respin_source_info *info = &block->info;
	info->size = sizeof *info;
	info->unit_bytes = UNIT_BYTES;
	info->units = (block->size_bytes + UNIT_BYTES - 1) / UNIT_BYTES;
	info->tail_bytes = (uint32_t)(block->size_bytes % UNIT_BYTES);
	info->ecc_block = 1;
	info->max_request_units = GEOMETRY_PLAIN_REQUEST_BYTES / UNIT_BYTES;
	info->plain = 1;
	info->identity = hash_bytes(&block->size_bytes, sizeof block->size_bytes, 0) | 1;
	(void)snprintf(info->kind, sizeof info->kind, block->device ? "block" : "file");
	(void)snprintf(info->address, sizeof info->address, "%s", path);
}

int source_block_open(const char *path, struct respin_source *source, struct respin_error *error)
{
	*source = (struct respin_source){0};
	struct source_block *block = calloc(1, sizeof *block);
	if (!block)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a source");
	block->fd = -1;
	block->path = strdup(path);
	int code = block->path ? block_open_fd(block, path, error)
			       : error_set(error, RESPIN_E_NOMEM, 0, "no memory for a path");
	if (code == 0 && !(block->bounce = aligned_alloc(DIRECT_ALIGN, GEOMETRY_PLAIN_REQUEST_BYTES)))
		code = error_set(error, RESPIN_E_NOMEM, 0, "no memory for a buffer");
	if (code < 0) {
		block_destroy(block);
		return code;
	}
	info_fill(block, path);
	*source = (struct respin_source){&ops, block};
	return 0;
}
