/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * baddir: a directory served through FUSE as it lies on the disk, until it is told to fail: a share whose server went
 * away, a stick that was pulled. It keeps nothing back and reorders nothing; power cuts are writelog's business.
 *
 *   baddir [--errno NAME] [--only TEXT] BACKING DIRECTORY     serves BACKING as DIRECTORY, in the foreground
 *
 * SIGUSR1: from now on everything answers that errno (only what has TEXT in its path, if given). SIGHUP: well again.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int backing = -1;
static int failure = EIO;
static const char *only;
static atomic_bool failing;
static struct fuse *server;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		atomic_store(&failing, true);
	else if (number == SIGHUP)
		atomic_store(&failing, false);
	else
		fuse_exit(server);
}

/* 0 or what every operation answers now. `path` is NULL for a file that has lost its name. */
static int trouble(const char *path)
{
	bool hit = atomic_load(&failing) && (!only || (path && strstr(path, only)));
	return hit ? -failure : 0;
}

static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

static void *start(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->nullpath_ok = 1;
	config->hard_remove = 1; /* a file without a name stays one */
	config->attr_timeout = config->entry_timeout = 0;
	config->use_ino = 1;
	return NULL;
}

static int do_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
	int rc = trouble(path);
	if (rc)
		return rc;
	if (info)
		return result(fstat((int)info->fh, st));
	return path ? result(fstatat(backing, below(path), st, AT_SYMLINK_NOFOLLOW)) : -ENOENT;
}

static int do_open(const char *path, struct fuse_file_info *info)
{
	int rc = trouble(path);
	int file = rc ? -1 : openat(backing, below(path), (info->flags & ~O_EXCL) | O_CLOEXEC);
	info->fh = (uint64_t)file;
	return rc ? rc : result(file);
}

static int do_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
	int rc = trouble(path);
	int file = rc ? -1 : openat(backing, below(path), info->flags | O_CREAT | O_CLOEXEC, mode);
	info->fh = (uint64_t)file;
	return rc ? rc : result(file);
}

static int do_read(const char *path, char *data, size_t len, off_t pos, struct fuse_file_info *info)
{
	int rc = trouble(path);
	ssize_t n = rc ? 0 : pread((int)info->fh, data, len, pos);
	return rc ? rc : n < 0 ? -errno : (int)n;
}

static int do_write(const char *path, const char *data, size_t len, off_t pos, struct fuse_file_info *info)
{
	int rc = trouble(path);
	ssize_t n = rc ? 0 : pwrite((int)info->fh, data, len, pos);
	return rc ? rc : n < 0 ? -errno : (int)n;
}

static int do_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	int rc = trouble(path);
	if (rc)
		return rc;
	if (info)
		return result(ftruncate((int)info->fh, size));
	int file = openat(backing, below(path), O_WRONLY | O_CLOEXEC);
	rc = file < 0 ? -errno : result(ftruncate(file, size));
	if (file >= 0)
		close(file);
	return rc;
}

static int do_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	int rc = trouble(path);
	return rc ? rc : result(data_only ? fdatasync((int)info->fh) : fsync((int)info->fh));
}

static int do_release(const char *path, struct fuse_file_info *info)
{
	(void)path;
	close((int)info->fh);
	return 0;
}

static int do_rename(const char *from, const char *to, unsigned flags)
{
	int rc = trouble(from);
	if (!rc)
		rc = trouble(to);
	return rc ? rc : flags ? -EINVAL : result(renameat(backing, below(from), backing, below(to)));
}

static int do_unlink(const char *path)
{
	int rc = trouble(path);
	return rc ? rc : result(unlinkat(backing, below(path), 0));
}

static int do_chmod(const char *path, mode_t mode, struct fuse_file_info *info)
{
	int rc = trouble(path);
	return rc ? rc : result(info ? fchmod((int)info->fh, mode) : fchmodat(backing, below(path), mode, 0));
}

static int do_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *info)
{
	int rc = trouble(path);
	return rc ? rc
		  : result(info ? fchown((int)info->fh, user, group)
				: fchownat(backing, below(path), user, group, AT_SYMLINK_NOFOLLOW));
}

static int do_statfs(const char *path, struct statvfs *space)
{
	int rc = trouble(path);
	return rc ? rc : result(fstatvfs(backing, space));
}

static int do_fsyncdir(const char *path, int data_only, struct fuse_file_info *info)
{
	(void)data_only, (void)info;
	int rc = trouble(path);
	return rc ? rc : result(fsync(backing));
}

static int do_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t offset,
		      struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)offset, (void)info, (void)flags;
	int rc = trouble(path);
	int dir = rc ? -1 : openat(backing, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = dir < 0 ? NULL : fdopendir(dir);
	if (!stream)
		return rc ? rc : -errno;
	for (struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
		fill(buf, entry->d_name, NULL, 0, 0);
	closedir(stream);
	return 0;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "baddir: %s: %s\n", what, why);
	exit(2);
}

static int errno_by_name(const char *name)
{
	for (int e = 1; e < 200; e++)
		if (strerrorname_np(e) && strcmp(strerrorname_np(e), name) == 0)
			return e;
	die(name, "no such errno");
	return 0;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"errno", 1, 0, 'e'}, {"only", 1, 0, 'o'}, {0, 0, 0, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'e')
			failure = errno_by_name(optarg);
		else if (c == 'o')
			only = optarg;
		else
			exit(2);
	}
	if (optind + 2 != argc)
		die("usage", "baddir [--errno NAME] [--only TEXT] BACKING DIRECTORY");
	backing = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (backing < 0)
		die(argv[optind], strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.init = start,
		.getattr = do_getattr,
		.open = do_open,
		.create = do_create,
		.read = do_read,
		.write = do_write,
		.truncate = do_truncate,
		.fsync = do_fsync,
		.release = do_release,
		.rename = do_rename,
		.unlink = do_unlink,
		.chmod = do_chmod,
		.chown = do_chown,
		.statfs = do_statfs,
		.fsyncdir = do_fsyncdir,
		.readdir = do_readdir,
	};
	char *mount_args[] = {"baddir", "-ofsname=baddir", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, mount_args);
	umask(0);
	parse(argc, argv);

	server = fuse_new(&args, &operations, sizeof operations, NULL);
	if (!server || fuse_mount(server, argv[optind + 1]) < 0)
		die(argv[optind + 1], "cannot mount");
	static const int caught[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaction(caught[i], &(struct sigaction){.sa_handler = on_signal}, NULL);

	int status = fuse_loop_mt(server, 0);
	fuse_unmount(server);
	fuse_destroy(server);
	return status < 0;
}
