/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writelog: a FUSE directory with two files. `disk` is a disk image for a loop device; whatever is written, discarded or
 * synced there goes to LOG, in order and with its bytes. Text appended to `marks` goes into the same log, so that it is
 * known what had been said when the power failed. It fails nothing and forgets nothing: powercut.c does.
 *
 *   writelog IMAGE LOG DIRECTORY
 *
 * One request at a time, so the log is the order in which a disk with one queue would have done it.
 */
#define FUSE_USE_VERSION 35
#include "writelog.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK "/disk"
#define MARKS "/marks"

static struct {
	int image, log;
	off_t size;
} disk;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "writelog: %s: %s\n", what, why);
	exit(2);
}

/* A log with a gap proves nothing. */
static void record(enum writelog_kind kind, uint64_t offset, uint64_t size, const void *data)
{
	struct writelog_record head = {(uint64_t)kind, offset, size};
	struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, data ? size : 0}};
	ssize_t want = (ssize_t)(parts[0].iov_len + parts[1].iov_len);
	if (writev(disk.log, parts, 2) != want)
		die("log", strerror(errno));
}

static int on_getattr(const char *path, struct stat *out, struct fuse_file_info *info)
{
	(void)info;
	*out = (struct stat){.st_mode = S_IFDIR | 0700, .st_nlink = 2};
	if (strcmp(path, "/") == 0)
		return 0;
	*out = (struct stat){.st_mode = S_IFREG | 0600, .st_nlink = 1};
	if (strcmp(path, DISK) == 0)
		out->st_size = disk.size;
	return strcmp(path, DISK) == 0 || strcmp(path, MARKS) == 0 ? 0 : -ENOENT;
}

static int on_open(const char *path, struct fuse_file_info *info)
{
	info->direct_io = 1; /* or the page cache stands between the loop device and the log */
	info->fh = strcmp(path, MARKS) == 0;
	return 0;
}

static int on_read(const char *path, char *out, size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)path;
	ssize_t n = info->fh ? 0 : pread(disk.image, out, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int on_write(const char *path, const char *data, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	(void)path;
	if (info->fh) {
		record(WRITELOG_MARK, 0, size, data);
		return (int)size;
	}
	if (offset < 0 || offset > disk.size || (off_t)size > disk.size - offset)
		return -ENOSPC;
	if (pwrite(disk.image, data, size, offset) != (ssize_t)size)
		return -EIO;
	record(WRITELOG_WRITE, (uint64_t)offset, size, data);
	return (int)size;
}

static int on_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	(void)path, (void)data_only;
	if (!info->fh)
		record(WRITELOG_SYNC, 0, 0, NULL);
	return 0;
}

static int on_fallocate(const char *path, int mode, off_t offset, off_t size, struct fuse_file_info *info)
{
	(void)path;
	if (info->fh || !(mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
		return -EOPNOTSUPP;
	if (fallocate(disk.image, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size) < 0)
		return -errno;
	record(WRITELOG_ZERO, (uint64_t)offset, (uint64_t)size, NULL);
	return 0;
}

static int on_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)path, (void)size, (void)info;
	return 0;
}

static int on_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t offset,
		      struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)path, (void)offset, (void)info, (void)flags;
	fill(buf, &DISK[1], NULL, 0, 0);
	fill(buf, &MARKS[1], NULL, 0, 0);
	return 0;
}

static void *on_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)config;
	connection->max_write = 1u << 20;
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {.init = on_init,
							  .getattr = on_getattr,
							  .open = on_open,
							  .read = on_read,
							  .write = on_write,
							  .fsync = on_fsync,
							  .fallocate = on_fallocate,
							  .truncate = on_truncate,
							  .readdir = on_readdir};
	char *mount_args[] = {"writelog", "-ofsname=writelog", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, mount_args);
	struct stat st;
	if (argc != 4)
		die("usage", "writelog IMAGE LOG DIRECTORY");
	disk.image = open(argv[1], O_RDWR | O_CLOEXEC);
	disk.log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (disk.image < 0 || disk.log < 0 || fstat(disk.image, &st) < 0)
		die(disk.image < 0 ? argv[1] : argv[2], strerror(errno));
	disk.size = st.st_size;

	struct fuse *server = fuse_new(&args, &operations, sizeof operations, NULL);
	if (!server || fuse_mount(server, argv[3]) < 0)
		die(argv[3], "cannot mount");
	fuse_set_signal_handlers(fuse_get_session(server));
	int status = fuse_loop(server);
	fuse_unmount(server);
	fuse_destroy(server);
	return status < 0;
}
