/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that make, copy and end descriptors, and those that end the program. What is done with them: hooks_io.c. */
#include "hooks.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

static struct device *devices[HOOKS_FDS];

struct device *hooks_device(int fd)
{
	return fd >= 0 && fd < HOOKS_FDS ? __atomic_load_n(&devices[fd], __ATOMIC_ACQUIRE) : NULL;
}

void hooks_set(int fd, struct device *device)
{
	__atomic_store_n(&devices[fd], device, __ATOMIC_RELEASE);
}

/* The output lies in a real file, so that its name and its end do; a drive's node is a placeholder. */
static int open_real(enum device_kind kind, int dir, const char *path, int flags, mode_t mode)
{
	if (kind == DEVICE_OUTPUT || kind == DEVICE_NONE)
		return (int)syscall(SYS_openat, dir, path, flags, mode);
	return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	enum device_kind kind = devices_kind(path);
	int fd = open_real(kind, dir, path, flags, mode);
	if (kind == DEVICE_NONE || fd < 0)
		return fd;
	if (fd >= HOOKS_FDS) {
		(void)syscall(SYS_close, fd);
		return (int)told(-EMFILE);
	}
	struct device *device;
	machine_lock();
	int code = device_open(kind, flags, &device);
	if (code == 0 && kind == DEVICE_OUTPUT)
		output_begin(fd, (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_END));
	machine_unlock();
	if (code < 0) {
		(void)syscall(SYS_close, fd);
		return (int)told(code);
	}
	hooks_set(fd, device);
	return fd;
}

/* The mode is there only where a file may be made. */
#define OPEN_MODE(mode)                                                                                      \
	mode_t mode = 0;                                                                                     \
	if (flags & (O_CREAT | O_TMPFILE)) {                                                                 \
		va_list arguments;                                                                           \
		va_start(arguments, flags);                                                                  \
		mode = va_arg(arguments, mode_t);                                                            \
		va_end(arguments);                                                                           \
	}

HOOK int open(const char *path, int flags, ...)
{
	OPEN_MODE(mode)
	return open_any(AT_FDCWD, path, flags, mode);
}

HOOK int open64(const char *path, int flags, ...)
{
	OPEN_MODE(mode)
	return open_any(AT_FDCWD, path, flags, mode);
}

HOOK int openat(int dir, const char *path, int flags, ...)
{
	OPEN_MODE(mode)
	return open_any(dir, path, flags, mode);
}

HOOK int openat64(int dir, const char *path, int flags, ...)
{
	OPEN_MODE(mode)
	return open_any(dir, path, flags, mode);
}

/* What open() becomes in a program built with _FORTIFY_SOURCE. */
HOOK int __open_2(const char *path, int flags);
HOOK int __open_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

HOOK int __open64_2(const char *path, int flags);
HOOK int __open64_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

HOOK int close(int fd)
{
	struct device *device = hooks_device(fd);
	if (device) {
		hooks_set(fd, NULL);
		machine_lock();
		device_close(device);
		machine_unlock();
	}
	return (int)syscall(SYS_close, fd);
}

static int share(struct device *device, int fd)
{
	if (device && fd >= 0 && fd < HOOKS_FDS) {
		machine_lock();
		device->users++;
		machine_unlock();
		hooks_set(fd, device);
	}
	return fd;
}

HOOK int dup(int fd)
{
	return share(hooks_device(fd), (int)syscall(SYS_dup, fd));
}

HOOK int dup2(int fd, int onto)
{
	if (fd != onto && hooks_device(onto))
		(void)close(onto);
	int made = fd == onto ? fd : (int)syscall(SYS_dup3, fd, onto, 0);
	return fd == onto ? made : share(hooks_device(fd), made);
}

static int fcntl_any(int fd, int command, void *argument)
{
	struct device *device = hooks_device(fd);
	if (!device)
		return (int)syscall(SYS_fcntl, fd, command, argument);
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return share(device, (int)syscall(SYS_fcntl, fd, command, argument));
	case F_GETFL:
		return device->flags;
	case F_SETFL:
		device->flags = (device->flags & O_ACCMODE) | ((int)(intptr_t)argument & ~O_ACCMODE);
		return 0;
	case F_SETLK:
	case F_SETLKW:
		return 0;
	default:
		return (int)syscall(SYS_fcntl, fd, command, argument);
	}
}

#define FCNTL_ARGUMENT(argument)                                                                             \
	va_list arguments;                                                                                   \
	va_start(arguments, command);                                                                        \
	void *argument = va_arg(arguments, void *);                                                          \
	va_end(arguments);

HOOK int fcntl(int fd, int command, ...)
{
	FCNTL_ARGUMENT(argument)
	return fcntl_any(fd, command, argument);
}

HOOK int fcntl64(int fd, int command, ...)
{
	FCNTL_ARGUMENT(argument)
	return fcntl_any(fd, command, argument);
}

/* ---- ends that run no destructor ---- */

HOOK int raise(int signal)
{
	machine_finish();
	return (int)syscall(SYS_tgkill, getpid(), gettid(), signal);
}

HOOK void _exit(int status)
{
	machine_finish();
	for (;;)
		(void)syscall(SYS_exit_group, status);
}

HOOK void _Exit(int status)
{
	_exit(status);
}
