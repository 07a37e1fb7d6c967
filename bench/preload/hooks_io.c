/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that move bytes and positions on a descriptor, and what else is asked of one. Paths: hooks_open.c. */
#include "hooks.h"

#include "person.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

/* ---- reading ---- */

static ssize_t read_output(uint64_t pos_bytes, size_t len, void *into)
{
	uint64_t size = output_size();
	size_t n = pos_bytes >= size ? 0 : len < size - pos_bytes ? len : (size_t)(size - pos_bytes);
	memset(into, 0, n);
	return (ssize_t)n;
}

static ssize_t read_at(struct device *device, uint64_t pos_bytes, size_t len, void *into)
{
	return device->kind == DEVICE_OUTPUT ? read_output(pos_bytes, len, into)
					     : device_read(device, pos_bytes, len, into);
}

static ssize_t read_on(struct device *device, size_t len, void *into)
{
	machine_lock();
	ssize_t n = read_at(device, device->pos_bytes, len, into);
	if (n > 0)
		device->pos_bytes += (uint64_t)n;
	machine_unlock();
	return told(n);
}

HOOK ssize_t read(int fd, void *into, size_t len)
{
	struct device *device = hooks_device(fd);
	return device ? read_on(device, len, into) : (ssize_t)syscall(SYS_read, fd, into, len);
}

HOOK ssize_t __read_chk(int fd, void *into, size_t len, size_t room);
HOOK ssize_t __read_chk(int fd, void *into, size_t len, size_t room)
{
	(void)room;
	return read(fd, into, len);
}

HOOK ssize_t pread64(int fd, void *into, size_t len, off_t pos)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (ssize_t)syscall(SYS_pread64, fd, into, len, pos);
	return told(LOCKED(read_at(device, (uint64_t)pos, len, into)));
}

HOOK ssize_t pread(int fd, void *into, size_t len, off_t pos)
{
	return pread64(fd, into, len, pos);
}

/* One part after the other: no peer of ours asks for more than one. */
HOOK ssize_t readv(int fd, const struct iovec *parts, int count)
{
	struct device *device = hooks_device(fd);
	ssize_t all = 0;
	if (!device)
		return (ssize_t)syscall(SYS_readv, fd, parts, count);
	for (int i = 0; i < count; i++) {
		ssize_t n = read_on(device, parts[i].iov_len, parts[i].iov_base);
		if (n < 0)
			return all ? all : n;
		all += n;
		if ((size_t)n < parts[i].iov_len)
			break;
	}
	return all;
}

/* ---- writing: into the output, which keeps the length alone ---- */

static ssize_t write_at(struct device *device, uint64_t pos_bytes, size_t len)
{
	if (device->kind != DEVICE_OUTPUT)
		return -EROFS;
	int error = person_sees_write();
	if (error)
		return -error;
	output_extend(pos_bytes + len);
	return (ssize_t)len;
}

HOOK ssize_t write(int fd, const void *from, size_t len)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (ssize_t)syscall(SYS_write, fd, from, len);
	machine_lock();
	if (device->flags & O_APPEND)
		device->pos_bytes = output_size();
	ssize_t n = write_at(device, device->pos_bytes, len);
	if (n > 0)
		device->pos_bytes += (uint64_t)n;
	machine_unlock();
	return told(n);
}

HOOK ssize_t pwrite64(int fd, const void *from, size_t len, off_t pos)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (ssize_t)syscall(SYS_pwrite64, fd, from, len, pos);
	return told(LOCKED(write_at(device, (uint64_t)pos, len)));
}

HOOK ssize_t pwrite(int fd, const void *from, size_t len, off_t pos)
{
	return pwrite64(fd, from, len, pos);
}

HOOK int ftruncate64(int fd, off_t size)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (int)syscall(SYS_ftruncate, fd, size);
	if (device->kind != DEVICE_OUTPUT || size < 0)
		return (int)told(-EINVAL);
	machine_lock();
	output_truncate((uint64_t)size);
	machine_unlock();
	return 0;
}

HOOK int ftruncate(int fd, off_t size)
{
	return ftruncate64(fd, size);
}

/* Returns the error itself, as POSIX has it. */
HOOK int posix_fallocate64(int fd, off_t pos, off_t len)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return syscall(SYS_fallocate, fd, 0, pos, len) < 0 ? errno : 0;
	if (device->kind != DEVICE_OUTPUT)
		return ENODEV;
	machine_lock();
	output_extend((uint64_t)(pos + len));
	machine_unlock();
	return 0;
}

HOOK int posix_fallocate(int fd, off_t pos, off_t len)
{
	return posix_fallocate64(fd, pos, len);
}

HOOK int fsync(int fd)
{
	return hooks_device(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

HOOK int fdatasync(int fd)
{
	return hooks_device(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}

/* ---- positions and questions ---- */

HOOK off_t lseek64(int fd, off_t offset, int whence)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (off_t)syscall(SYS_lseek, fd, offset, whence);
	return told(LOCKED(device_seek(device, offset, whence)));
}

HOOK off_t lseek(int fd, off_t offset, int whence)
{
	return lseek64(fd, offset, whence);
}

HOOK int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	struct device *device = hooks_device(fd);
	if (!device)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	return (int)told(LOCKED(device_ioctl(device, request, argument)));
}

HOOK int posix_fadvise64(int fd, off_t pos, off_t len, int advice)
{
	if (hooks_device(fd))
		return 0; /* none of the peers asks for anything that would change its reads */
	return syscall(SYS_fadvise64, fd, pos, len, advice) < 0 ? errno : 0;
}

HOOK int posix_fadvise(int fd, off_t pos, off_t len, int advice)
{
	return posix_fadvise64(fd, pos, len, advice);
}

HOOK void *mmap64(void *at, size_t len, int protection, int flags, int fd, off_t pos)
{
	if (!(flags & MAP_ANONYMOUS) && hooks_device(fd)) {
		errno = ENODEV;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, pos); // NOLINT
}

HOOK void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t pos)
{
	return mmap64(at, len, protection, flags, fd, pos);
}
