/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The output's file system, for real: every call of respin_io_ops as one or two
 * system calls. Decides nothing, repeats nothing, hides no error.
 */
#include <respin/io.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* statfs f_type (linux/magic.h has most, but not exFAT and HFS+ everywhere). */
#define FS_TMPFS 0x01021994u
#define FS_RAMFS 0x858458f6u
#define FS_FAT 0x4d44u
#define FS_EXFAT 0x2011bab0u
#define FS_HFSPLUS 0x482bu
#define FAT_MAX_BYTES 0xffffffffu /* 4 GiB - 1 */

#define STAT_BLOCK_BYTES 512u /* the unit of st_blocks, whatever the file system's is */

static int result(long rc)
{
	return rc < 0 ? -errno : (int)rc;
}

static int real_open_dir(void *self, const char *path)
{
	(void)self;
	return result(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* Not even a link that the kernel itself resolves; O_NOFOLLOW where openat2 is missing or filtered. */
static int open_nofollow(int dir, const char *name, int flags, unsigned mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_NOFOLLOW),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int file = result(syscall(SYS_openat2, dir, name, &how, sizeof how));
	if (file == -ENOSYS || file == -EPERM || file == -EINVAL)
		file = result(openat(dir, name, flags | O_NOFOLLOW, mode));
	return file;
}

static int real_open(void *self, int dir, const char *name, unsigned flags, unsigned mode)
{
	(void)self;
	assert(*name && !strchr(name, '/'));
	int how = O_CLOEXEC | O_NOCTTY;
	if (flags & RESPIN_IO_WRITE)
		how |= flags & RESPIN_IO_READ ? O_RDWR : O_WRONLY;
	if (flags & RESPIN_IO_CREATE)
		how |= O_CREAT;
	if (flags & RESPIN_IO_EXCLUSIVE)
		how |= O_EXCL;
	if (flags & RESPIN_IO_NOFOLLOW)
		return open_nofollow(dir, name, how, mode);
	return result(openat(dir, name, how, mode));
}

static int real_close(void *self, int file)
{
	(void)self;
	return result(close(file));
}

static int64_t real_pread(void *self, int file, void *data, size_t len, uint64_t pos_bytes)
{
	(void)self;
	ssize_t n = pread(file, data, len, (off_t)pos_bytes);
	return n < 0 ? -errno : n;
}

static int64_t real_pwrite(void *self, int file, const void *data, size_t len, uint64_t pos_bytes)
{
	(void)self;
	ssize_t n = pwrite(file, data, len, (off_t)pos_bytes);
	return n < 0 ? -errno : n;
}

static int64_t real_write(void *self, int file, const void *data, size_t len)
{
	(void)self;
	ssize_t n = write(file, data, len);
	return n < 0 ? -errno : n;
}

static int real_truncate(void *self, int file, uint64_t size_bytes)
{
	(void)self;
	return result(ftruncate(file, (off_t)size_bytes));
}

static int real_datasync(void *self, int file)
{
	(void)self;
	return result(fdatasync(file));
}

static int real_sync(void *self, int file)
{
	(void)self;
	return result(fsync(file));
}

static int real_rename(void *self, int dir, const char *from, const char *to)
{
	(void)self;
	return result(renameat(dir, from, dir, to));
}

static int real_unlink(void *self, int dir, const char *name)
{
	(void)self;
	return result(unlinkat(dir, name, 0));
}

static uint8_t kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return RESPIN_IO_REGULAR;
	case S_IFBLK:
		return RESPIN_IO_BLOCK;
	case S_IFDIR:
		return RESPIN_IO_DIRECTORY;
	case S_IFLNK:
		return RESPIN_IO_SYMLINK;
	default:
		return RESPIN_IO_OTHER;
	}
}

static void fill(struct respin_io_stat *out, const struct stat *st)
{
	bool node = S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode);
	*out = (struct respin_io_stat){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.rdev = node ? st->st_rdev : 0,
		.size_bytes = (uint64_t)st->st_size,
		.allocated_bytes = (uint64_t)st->st_blocks * STAT_BLOCK_BYTES,
		.links = (uint32_t)st->st_nlink,
		.mode = (uint32_t)(st->st_mode & 07777),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.kind = kind_of(st->st_mode),
		.modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	};
}

static int real_stat(void *self, int file, struct respin_io_stat *stat)
{
	(void)self;
	struct stat st;
	if (fstat(file, &st) < 0)
		return -errno;
	fill(stat, &st);
	if (stat->kind == RESPIN_IO_BLOCK) {
		off_t end = lseek(file, 0, SEEK_END);
		if (end < 0)
			return -errno;
		stat->size_bytes = (uint64_t)end;
		stat->allocated_bytes = (uint64_t)end;
	}
	return 0;
}

static int real_stat_at(void *self, int dir, const char *name, struct respin_io_stat *stat)
{
	(void)self;
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	fill(stat, &st);
	return 0;
}

static int real_stat_path(void *self, const char *path, struct respin_io_stat *out)
{
	(void)self;
	struct stat st;
	if (stat(path, &st) < 0)
		return -errno;
	fill(out, &st);
	return 0;
}

static int real_space(void *self, int dir, struct respin_io_space *space)
{
	(void)self;
	struct statfs fs;
	if (fstatfs(dir, &fs) < 0)
		return -errno;
	uint32_t type = (uint32_t)fs.f_type;
	*space = (struct respin_io_space){
		.free_bytes = fs.f_bavail * (uint64_t)(fs.f_frsize ? fs.f_frsize : fs.f_bsize),
		.max_file_bytes = type == FS_FAT ? FAT_MAX_BYTES : 0,
		.no_holes = type == FS_FAT || type == FS_EXFAT || type == FS_HFSPLUS,
		.volatile_fs = type == FS_TMPFS || type == FS_RAMFS,
		.loose_names = type == FS_FAT || type == FS_EXFAT,
	};
	struct rlimit limit;
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	    (!space->max_file_bytes || limit.rlim_cur < space->max_file_bytes))
		space->max_file_bytes = limit.rlim_cur;
	return 0;
}

/* Of the open file, not of the process: a second session in this process is refused too. */
static int real_lock(void *self, int file)
{
	(void)self;
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
	int rc = result(fcntl(file, F_OFD_SETLK, &range));
	if (rc == -EAGAIN || rc == -EACCES)
		return -EAGAIN;
	if (rc == -ENOLCK || rc == -EOPNOTSUPP || rc == -EINVAL || rc == -ENOSYS)
		rc = result(flock(file, LOCK_EX | LOCK_NB));
	return rc;
}

static void real_start_writeback(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	(void)self;
	(void)sync_file_range(file, (off_t)pos_bytes, (off_t)len, SYNC_FILE_RANGE_WRITE);
}

static void real_drop_cache(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	(void)self;
	(void)posix_fadvise(file, (off_t)pos_bytes, (off_t)len, POSIX_FADV_DONTNEED);
}

static int real_list(void *self, int dir, void (*fn)(void *arg, const char *name), void *arg)
{
	(void)self;
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = own < 0 ? NULL : fdopendir(own);
	if (!stream) {
		int rc = -errno;
		if (own >= 0)
			(void)close(own);
		return rc;
	}
	for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fn(arg, entry->d_name);
	return result(closedir(stream));
}

static uint64_t real_now_ns(void *self)
{
	(void)self;
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t real_wall_s(void *self)
{
	(void)self;
	return time(NULL);
}

static void real_adopt(void *self, int file, const struct respin_io_stat *like)
{
	(void)self;
	bool owned = !fchown(file, like->uid, like->gid) || !fchown(file, (uid_t)-1, like->gid);
	/* Without the group its rights would go to another one. */
	(void)fchmod(file, like->mode & (owned ? 0777 : 0707));
}

struct respin_io respin_io_real(void)
{
	static const struct respin_io_ops ops = {
		.size = sizeof ops,
		.open_dir = real_open_dir,
		.open = real_open,
		.close = real_close,
		.pread = real_pread,
		.pwrite = real_pwrite,
		.write = real_write,
		.truncate = real_truncate,
		.datasync = real_datasync,
		.sync = real_sync,
		.sync_dir = real_sync,
		.rename = real_rename,
		.unlink = real_unlink,
		.stat = real_stat,
		.stat_at = real_stat_at,
		.stat_path = real_stat_path,
		.space = real_space,
		.lock = real_lock,
		.start_writeback = real_start_writeback,
		.drop_cache = real_drop_cache,
		.list = real_list,
		.now_ns = real_now_ns,
		.wall_s = real_wall_s,
		.adopt = real_adopt,
	};
	return (struct respin_io){&ops, NULL};
}
