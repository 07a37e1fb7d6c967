/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * badfile: one read-only file with bad sectors, served through FUSE. It lies behind tgt or a loop device where a test
 * needs a medium that really fails, keeps count of every READ, and can be repaired while it is served.
 * It is no drive: it knows no sense, no spin-up and no cache. Reads are served one at a time, as one head would.
 *
 *   badfile --image FILE | --pattern SEED:BYTES  [options] DIRECTORY     serves DIRECTORY/disc, in the foreground
 *
 * The log has a line per READ, written when it is answered: "offset length result arrival_us", the result being bytes
 * or a negative errno, the time that of CLOCK_REALTIME. A READ that hangs has first a line with the result "hang".
 * SIGHUP: read the list of bad sectors again and arm the hang again. SIGUSR1: let the hanging READ go, disarm.
 */
#define FUSE_USE_VERSION 31
#include "pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "disc"
#define NO_SECTOR UINT64_MAX

/* How often a waiting READ looks whether it may go on. Short beside the 250 ms that tests measure with it. */
#define LOOK_MS 2

struct badfile {
	int image_fd; /* -1: the pattern */
	uint64_t seed;
	uint64_t size_bytes;
	const char *bad_path;
	unsigned char *bad; /* a bit per sector */
	int log_fd;
	int error; /* what a bad sector answers, negative */
	bool prefix;
	uint64_t hang_sector;
	uint64_t delay_ms;
	uint64_t bad_delay_ms;
	pthread_mutex_t head; /* held from arrival to answer of a READ */
};

static struct badfile disc = {.image_fd = -1,
			      .log_fd = -1,
			      .error = -EIO,
			      .hang_sector = NO_SECTOR,
			      .head = PTHREAD_MUTEX_INITIALIZER};

static atomic_bool reload_asked;
static atomic_bool hang_armed = true;
static atomic_bool ending;
static struct fuse *server;

static void on_signal(int number)
{
	if (number == SIGHUP) {
		atomic_store(&hang_armed, true);
		atomic_store(&reload_asked, true);
	} else if (number == SIGUSR1) {
		atomic_store(&hang_armed, false);
	} else {
		atomic_store(&ending, true);
		fuse_exit(server);
	}
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "badfile: %s: %s\n", what, why);
	exit(2);
}

static uint64_t sectors(void)
{
	return (disc.size_bytes + SECTOR - 1) / SECTOR;
}

/* One "N" or "N-M" a line; what is not a number is passed over, so a list may carry remarks. */
static void read_bad_list(void)
{
	memset(disc.bad, 0, sectors() / 8 + 1);
	FILE *list = disc.bad_path ? fopen(disc.bad_path, "re") : NULL;
	char line[128];
	while (list && fgets(line, sizeof line, list)) {
		unsigned long long first, last;
		int fields = sscanf(line, "%llu-%llu", &first, &last);
		if (fields < 2)
			last = first;
		for (uint64_t s = first; fields > 0 && s <= last && s < sectors(); s++)
			disc.bad[s / 8] |= (unsigned char)(1u << (s % 8));
	}
	if (list)
		fclose(list);
}

static bool is_bad(uint64_t sector)
{
	return disc.bad[sector / 8] >> (sector % 8) & 1;
}

static void wait_ms(uint64_t ms)
{
	for (; ms > 0 && !atomic_load(&ending); ms -= ms < LOOK_MS ? ms : LOOK_MS)
		nanosleep(&(struct timespec){.tv_nsec = (ms < LOOK_MS ? (long)ms : LOOK_MS) * 1000000}, NULL);
}

static void log_read(off_t offset, size_t length, const char *result, uint64_t arrival_us)
{
	if (disc.log_fd >= 0)
		dprintf(disc.log_fd, "%lld %zu %s %llu\n", (long long)offset, length, result,
			(unsigned long long)arrival_us);
}

static int copy_pattern(char *out, size_t length, uint64_t offset)
{
	unsigned char sector[SECTOR];
	for (size_t done = 0; done < length;) {
		uint64_t at = offset + done;
		size_t skip = at % SECTOR;
		size_t part = SECTOR - skip < length - done ? SECTOR - skip : length - done;
		pattern_sector(disc.seed, at / SECTOR, sector);
		memcpy(out + done, sector + skip, part);
		done += part;
	}
	return (int)length;
}

static int answer(char *out, size_t length, off_t offset)
{
	uint64_t start = (uint64_t)offset;
	if (start >= disc.size_bytes)
		return 0;
	if (length > disc.size_bytes - start)
		length = (size_t)(disc.size_bytes - start);

	for (uint64_t s = start / SECTOR; s * SECTOR < start + length; s++) {
		if (!is_bad(s))
			continue;
		wait_ms(disc.bad_delay_ms);
		if (!disc.prefix || s * SECTOR <= start)
			return disc.error;
		length = (size_t)(s * SECTOR - start);
	}
	if (disc.image_fd < 0)
		return copy_pattern(out, length, start);
	ssize_t got = pread(disc.image_fd, out, length, offset);
	return got < 0 ? -errno : (int)got;
}

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool touches(uint64_t sector, off_t offset, size_t length)
{
	return sector != NO_SECTOR && (sector + 1) * SECTOR > (uint64_t)offset &&
	       sector * SECTOR < (uint64_t)offset + length;
}

static int disc_read(const char *path, char *out, size_t length, off_t offset, struct fuse_file_info *info)
{
	(void)path, (void)info;
	uint64_t arrival_us = now_us();
	pthread_mutex_lock(&disc.head);
	if (atomic_exchange(&reload_asked, false))
		read_bad_list();

	bool hangs = touches(disc.hang_sector, offset, length);
	if (hangs && atomic_load(&hang_armed))
		log_read(offset, length, "hang", arrival_us);
	while (hangs && atomic_load(&hang_armed) && !atomic_load(&ending))
		wait_ms(LOOK_MS);

	wait_ms(disc.delay_ms);
	int result = answer(out, length, offset);
	char text[16];
	snprintf(text, sizeof text, "%d", result);
	log_read(offset, length, text, arrival_us);
	pthread_mutex_unlock(&disc.head);
	return result;
}

static int disc_getattr(const char *path, struct stat *out, struct fuse_file_info *info)
{
	(void)info;
	*out = (struct stat){.st_mode = S_IFDIR | 0555, .st_nlink = 2};
	if (strcmp(path, "/") == 0)
		return 0;
	*out = (struct stat){.st_mode = S_IFREG | 0444, .st_nlink = 1, .st_size = (off_t)disc.size_bytes};
	return strcmp(path, "/" FILE_NAME) == 0 ? 0 : -ENOENT;
}

static int disc_open(const char *path, struct fuse_file_info *info)
{
	if (strcmp(path, "/" FILE_NAME) != 0)
		return -ENOENT;
	if ((info->flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	info->direct_io = 1; /* or the page cache widens a bad sector to 4 KiB */
	return 0;
}

static int disc_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t offset,
			struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)path, (void)offset, (void)info, (void)flags;
	fill(buf, FILE_NAME, NULL, 0, 0);
	return 0;
}

static uint64_t number(const char *text, const char **rest)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 0);
	if (end == text || *text == '-' || errno || (!rest && *end))
		die(text, "not a number");
	if (rest)
		*rest = end;
	return value;
}

static int errno_by_name(const char *name)
{
	for (int e = 1; e < 200; e++)
		if (strerrorname_np(e) && strcmp(strerrorname_np(e), name) == 0)
			return e;
	die(name, "no such errno");
	return 0;
}

static void open_image(const char *path)
{
	struct stat st;
	disc.image_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (disc.image_fd < 0 || fstat(disc.image_fd, &st) < 0)
		die(path, strerror(errno));
	disc.size_bytes = (uint64_t)st.st_size;
}

static void use_pattern(const char *text)
{
	disc.seed = number(text, &text);
	if (*text != ':')
		die(text, "want SEED:BYTES");
	disc.size_bytes = number(text + 1, NULL);
}

static void open_log(const char *path)
{
	disc.log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (disc.log_fd < 0)
		die(path, strerror(errno));
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"image", 1, 0, 'i'},        {"pattern", 1, 0, 'p'},
						{"bad", 1, 0, 'b'},          {"log", 1, 0, 'l'},
						{"errno", 1, 0, 'e'},        {"prefix", 0, 0, 'P'},
						{"hang", 1, 0, 'h'},         {"delay-ms", 1, 0, 'd'},
						{"bad-delay-ms", 1, 0, 'D'}, {0, 0, 0, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'i':
			open_image(optarg);
			break;
		case 'p':
			use_pattern(optarg);
			break;
		case 'b':
			disc.bad_path = optarg;
			break;
		case 'l':
			open_log(optarg);
			break;
		case 'e':
			disc.error = -errno_by_name(optarg);
			break;
		case 'P':
			disc.prefix = true;
			break;
		case 'h':
			disc.hang_sector = number(optarg, NULL);
			break;
		case 'd':
			disc.delay_ms = number(optarg, NULL);
			break;
		case 'D':
			disc.bad_delay_ms = number(optarg, NULL);
			break;
		default:
			exit(2);
		}
	}
	if (disc.size_bytes == 0 || optind + 1 != argc)
		die("usage", "badfile --image FILE | --pattern SEED:BYTES [options] DIRECTORY");
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.getattr = disc_getattr, .open = disc_open, .read = disc_read, .readdir = disc_readdir};
	char *mount_args[] = {"badfile", "-oro,fsname=badfile", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, mount_args);

	parse(argc, argv);
	disc.bad = calloc(1, sectors() / 8 + 1);
	if (!disc.bad)
		die("memory", strerror(errno));
	read_bad_list();

	server = fuse_new(&args, &operations, sizeof operations, NULL);
	if (!server || fuse_mount(server, argv[optind]) < 0)
		die(argv[optind], "cannot mount");
	static const int caught[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaction(caught[i], &(struct sigaction){.sa_handler = on_signal}, NULL);

	int status = fuse_loop_mt(server, 0);
	fuse_unmount(server);
	fuse_destroy(server);
	free(disc.bad);
	return status < 0;
}
