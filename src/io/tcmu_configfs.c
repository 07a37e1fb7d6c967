/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See tcmu_configfs.h. In configfs a directory is an object: mkdir makes it, rmdir takes it away. */
#include "io/tcmu_configfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "io/clock_real.h"

#define CONFIG "/sys/kernel/config"
#define CORE CONFIG "/target/core"
#define LOOPBACK CONFIG "/target/loopback"
#define UIO "/sys/class/uio"
#define MODULES "modprobe -a target_core_user tcm_loop sr_mod sg"

#define DEVICE "respin" /* below the directory that has the maker's number */
/* Locally assigned names (NAA 3), "resp" in hex; the initiator's ends in "reso". Seven digits hold any process id. */
#define TARGET_PREFIX "naa.372657370"
#define INITIATOR_PREFIX "naa.37265736f"

/*
 * After so long the kernel answers for a server that does not. Longer than a drive struggles with one command, and
 * no longer than others should hang because a run was killed.
 */
#define COMMAND_S 120u
#define SETTLE_NS 5000000000ull /* udev and module loading, on a slow machine */
#define LOOK_NS 10000000ull

struct path {
	char text[256]; /* the longest below is half of that */
};

static struct path at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct path at(const char *format, ...)
{
	struct path path;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(path.text, sizeof path.text, format, args);
	va_end(args);
	return path;
}

static struct path hba(pid_t pid)
{
	return at(CORE "/user_%d", (int)pid);
}

static struct path device(pid_t pid)
{
	return at(CORE "/user_%d/" DEVICE, (int)pid);
}

static struct path host(pid_t pid)
{
	return at(LOOPBACK "/" TARGET_PREFIX "%07x", (unsigned)pid);
}

static struct path group(pid_t pid)
{
	return at("%s/tpgt_1", host(pid).text);
}

static struct path lun(pid_t pid)
{
	return at("%s/lun/lun_0", group(pid).text);
}

static struct path plug(pid_t pid)
{
	return at("%s/" DEVICE, lun(pid).text);
}

/* 0 or a negative errno. */
static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	int r = n < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* The first line of a small file. */
static bool file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n > 0;
}

static bool is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int tcmu_configfs_check(struct respin_error *error)
{
	if (geteuid() != 0)
		return error_set(error, RESPIN_E_PERMISSION, EPERM,
				 "a drive is attached for the whole machine: run this as root");
	if (!is_dir(CONFIG "/target"))
		return error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 CONFIG "/target is not there: run '" MODULES "', and then, if " CONFIG
					" is still empty, 'mount -t configfs configfs " CONFIG "'");
	return 0;
}

static int failed(const char *what, const struct path *path, int r, struct respin_error *error)
{
	int code = r == -EACCES || r == -EPERM ? RESPIN_E_PERMISSION : RESPIN_E_UNSUPPORTED;
	return error_set(error, code, -r, "%.200s: %s: %s; are the modules there? '" MODULES "'", path->text,
			 what, strerrordesc_np(-r));
}

static int make_dir(struct path path, struct respin_error *error)
{
	if (mkdir(path.text, 0755) == 0 || errno == EEXIST)
		return 0;
	return failed("cannot be made", &path, -errno, error);
}

static int set(struct path path, struct path value, struct respin_error *error)
{
	int r = file_write(path.text, value.text);
	return r < 0 ? failed("cannot be written", &path, r, error) : 0;
}

static int make(pid_t pid, struct respin_error *error)
{
	const struct path dev = device(pid);
	int r = make_dir(hba(pid), error);
	if (r == 0)
		r = make_dir(dev, error);
	/*
	 * The size is a formality: the drive itself answers READ CAPACITY. -1: no daemon of this machine is to be
	 * asked whether it will serve the device; we do.
	 */
	if (r == 0)
		r = set(at("%s/control", dev.text),
			at("dev_config=" DEVICE
			   "/%d,dev_size=1073741824,hw_block_size=2048,nl_reply_supported=-1",
			   (int)pid),
			error);
	if (r == 0)
		r = set(at("%s/enable", dev.text), at("1"), error);
	if (r == 0)
		r = set(at("%s/attrib/cmd_time_out", dev.text), at("%u", COMMAND_S), error);
	if (r == 0)
		r = make_dir(at(LOOPBACK), error);
	if (r == 0)
		r = make_dir(host(pid), error);
	if (r == 0)
		r = make_dir(group(pid), error);
	if (r == 0)
		r = make_dir(lun(pid), error);
	if (r == 0)
		r = set(at("%s/nexus", group(pid).text), at(INITIATOR_PREFIX "%07x", (unsigned)pid), error);
	return r;
}

int tcmu_configfs_make(pid_t pid, struct respin_error *error)
{
	int code = make(pid, error);
	if (code < 0)
		(void)tcmu_configfs_remove(pid);
	return code;
}

int tcmu_configfs_plug(pid_t pid, struct respin_error *error)
{
	const struct path link = plug(pid);
	if (symlink(device(pid).text, link.text) == 0)
		return 0;
	return failed("cannot be linked", &link, -errno, error);
}

void tcmu_configfs_unplug(pid_t pid)
{
	(void)unlink(plug(pid).text);
}

int tcmu_configfs_remove(pid_t pid)
{
	int first = 0;
	tcmu_configfs_unplug(pid);
	const struct path dirs[] = {lun(pid), group(pid), host(pid), device(pid), hba(pid)};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (rmdir(dirs[i].text) < 0 && errno != ENOENT && first == 0)
			first = -errno;
	return first;
}

/* ---- who was here ---- */

static void note_maker(pid_t pid, pid_t *pids, size_t max, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (pids[i] == pid)
			return;
	if (pid > 0 && *count < max)
		pids[(*count)++] = pid;
}

static pid_t number_after(const char *name, const char *prefix, int base)
{
	size_t n = strlen(prefix);
	char *end;
	if (strncmp(name, prefix, n) != 0 || !name[n])
		return 0;
	unsigned long value = strtoul(name + n, &end, base);
	return *end || value > INT_MAX ? 0 : (pid_t)value;
}

size_t tcmu_configfs_makers(pid_t *pids, size_t max)
{
	static const struct {
		const char *dir, *prefix;
		int base;
	} places[] = {{CORE, "user_", 10}, {LOOPBACK, TARGET_PREFIX, 16}};
	size_t count = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		DIR *dir = opendir(places[i].dir);
		const struct dirent *entry;
		while (dir && (entry = readdir(dir))) {
			pid_t pid = number_after(entry->d_name, places[i].prefix, places[i].base);
			/* Other people's user_N hold other devices. */
			if (places[i].base == 16 || is_dir(device(pid).text))
				note_maker(pid, pids, max, &count);
		}
		if (dir)
			closedir(dir);
	}
	return count;
}

/* ---- where it came to be ---- */

/* "tcm-user/0/respin/respin/123": host, device, dev_config. */
static bool is_ours(const char *uio, const char *config)
{
	char name[300];
	if (!file_read(at(UIO "/%s/name", uio).text, name, sizeof name))
		return false;
	size_t n = strlen(name), m = strlen(config);
	return n > m && !strncmp(name, "tcm-user/", 9) && name[n - m - 1] == '/' &&
	       !strcmp(name + n - m, config);
}

static bool find_uio(pid_t pid, char name[TCMU_NAME_MAX])
{
	struct path config = at(DEVICE "/%d", (int)pid);
	DIR *dir = opendir(UIO);
	const struct dirent *entry;
	bool found = false;
	while (dir && !found && (entry = readdir(dir))) {
		found = entry->d_name[0] != '.' && is_ours(entry->d_name, config.text);
		if (found)
			(void)snprintf(name, TCMU_NAME_MAX, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

int tcmu_configfs_uio(pid_t pid, char name[TCMU_NAME_MAX], size_t *map_bytes, struct respin_error *error)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t until = clock_real_now_ns() + SETTLE_NS;
	char size[32];
	if (!find_uio(pid, name))
		return error_set(error, RESPIN_E_SOURCE, ENOENT,
				 "the kernel made no uio device: '" MODULES "'");
	while (access(at("/dev/%s", name).text, F_OK) < 0 && clock_real_now_ns() < until)
		nanosleep(&look, NULL);
	if (!file_read(at(UIO "/%s/maps/map0/size", name).text, size, sizeof size))
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: the kernel does not tell its size", name);
	*map_bytes = strtoul(size, NULL, 0);
	return 0;
}

int tcmu_configfs_address(pid_t pid, char address[TCMU_NAME_MAX], struct respin_error *error)
{
	struct path path = at("%s/address", group(pid).text);
	if (!file_read(path.text, address, TCMU_NAME_MAX))
		return error_set(error, RESPIN_E_UNSUPPORTED, 0, "%.200s: the kernel does not tell",
				 path.text);
	return 0;
}
