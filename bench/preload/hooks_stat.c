/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat() in all the shapes that the C library had in the course of time. */
#include "hooks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define STAT_VERSIONS 4 /* _STAT_VER of any architecture is below */

static int stat_path(int dir, const char *path, struct stat *st, int flags)
{
	enum device_kind kind = devices_kind(path);
	if (kind == DEVICE_NONE || kind == DEVICE_OUTPUT) {
		int code = (int)syscall(SYS_newfstatat, dir, path, st, flags);
		if (code == 0 && kind == DEVICE_OUTPUT) {
			machine_lock();
			device_stat(kind, st);
			machine_unlock();
		}
		return code;
	}
	bool there = LOCKED(device_there(kind));
	if (!there)
		return (int)told(-ENOENT);
	machine_lock();
	device_stat(kind, st);
	machine_unlock();
	return 0;
}

static int stat_fd(int fd, struct stat *st)
{
	struct device *device = hooks_device(fd);
	int code = (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
	if (!device || code < 0)
		return code;
	machine_lock();
	device_stat(device->kind, st);
	machine_unlock();
	return 0;
}

HOOK int stat(const char *restrict path, struct stat *restrict st)
{
	return stat_path(AT_FDCWD, path, st, 0);
}

HOOK int lstat(const char *restrict path, struct stat *restrict st)
{
	return stat_path(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

HOOK int fstat(int fd, struct stat *st)
{
	return stat_fd(fd, st);
}

HOOK int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	if (flags & AT_EMPTY_PATH && !*path)
		return stat_fd(dir, st);
	return stat_path(dir, path, st, flags);
}

/* Where off_t has 64 bits these are the same calls. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "a machine of 64 bits");

HOOK int stat64(const char *restrict path, struct stat64 *restrict st)
{
	return stat_path(AT_FDCWD, path, (struct stat *)st, 0);
}

HOOK int lstat64(const char *restrict path, struct stat64 *restrict st)
{
	return stat_path(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW);
}

HOOK int fstat64(int fd, struct stat64 *st)
{
	return stat_fd(fd, (struct stat *)st);
}

HOOK int fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags)
{
	return fstatat(dir, path, (struct stat *)st, flags);
}

/* What programs built against a C library before 2.33 call; libburn of Debian 12 still does. */
#define VERSIONED(name, arguments, call)                                                                     \
	HOOK int name arguments;                                                                             \
	HOOK int name arguments                                                                              \
	{                                                                                                    \
		return version >= 0 && version < STAT_VERSIONS ? call : (int)told(-EINVAL);                  \
	}

VERSIONED(__xstat, (int version, const char *path, struct stat *st), stat_path(AT_FDCWD, path, st, 0))
VERSIONED(__xstat64, (int version, const char *path, struct stat *st), stat_path(AT_FDCWD, path, st, 0))
VERSIONED(__lxstat, (int version, const char *path, struct stat *st), lstat(path, st))
VERSIONED(__lxstat64, (int version, const char *path, struct stat *st), lstat(path, st))
VERSIONED(__fxstat, (int version, int fd, struct stat *st), stat_fd(fd, st))
VERSIONED(__fxstat64, (int version, int fd, struct stat *st), stat_fd(fd, st))

HOOK int statx(int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict out)
{
	struct stat st;
	struct device *device = flags & AT_EMPTY_PATH && !*path ? hooks_device(dir) : NULL;
	enum device_kind kind = device ? device->kind : devices_kind(path);
	if (kind != DEVICE_BLOCK && kind != DEVICE_SG)
		return (int)syscall(SYS_statx, dir, path, flags, mask, out);
	int code = device ? stat_fd(dir, &st) : stat_path(dir, path, &st, 0);
	if (code < 0)
		return code;
	memset(out, 0, sizeof *out);
	out->stx_mask = STATX_BASIC_STATS;
	out->stx_blksize = (uint32_t)st.st_blksize;
	out->stx_nlink = 1;
	out->stx_uid = st.st_uid;
	out->stx_gid = st.st_gid;
	out->stx_mode = (uint16_t)st.st_mode;
	out->stx_ino = st.st_ino;
	out->stx_rdev_major = major(st.st_rdev);
	out->stx_rdev_minor = minor(st.st_rdev);
	return 0;
}

HOOK int access(const char *path, int mode)
{
	enum device_kind kind = devices_kind(path);
	if (kind != DEVICE_BLOCK && kind != DEVICE_SG)
		return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
	return (int)told(LOCKED(device_there(kind)) && !(mode & X_OK) ? 0 : -EACCES);
}
