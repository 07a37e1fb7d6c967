/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * powercut: from the log of a disk (writelog.c) that carried a real file system while the shipped program wrote onto it,
 * makes the disk as it may look after a power cut, mounts it, judges what is there and takes the rescue up again.
 *
 *   powercut FS IMAGE LOG DISC RESPIN FOLDER SEED POINTS STEP [STATE]
 *
 * IMAGE: the disk as it was before. A cut lies just before and just after each STEP-th sync, and at POINTS random places.
 * What arrived before the last sync is there; of what arrived since, a seeded subset is, some of it torn between two of
 * the disk's blocks. It judges files: a file system that cannot be mounted is a failure, but not respin's.
 */
#include "judge.h"
#include "pattern.h"
#include "writelog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/loop.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define BLOCK 512u /* what the disk writes in one piece */
#define SAMPLED 20 /* every so many-th map goes to ddrescuelog, too */
#define STUCK_MS 60000
#define TRIES 200 /* of an unmount, 10 ms apart: a process may be about to end */
#define FAILURES_SHOWN 20u

extern char **environ;

/* One request to the disk, or a mark. */
struct event {
	struct writelog_record head;
	const unsigned char *data;
};

/* "Saved", as somebody was told: from this place in the log on, these sectors may never be lost. */
struct promise {
	size_t since;
	unsigned char *finished; /* a byte per sector */
};

struct cut {
	size_t at; /* so many events had arrived */
	uint64_t luck;
	bool whole; /* nothing that arrived is lost */
};

static struct {
	const char *fs, *respin, *folder, *image_path, *record;
	char work[600], mountpoint[600], source[1024], loop_path[64];
	uint64_t seed;
	struct event *events;
	size_t event_count;
	struct promise *promises;
	size_t promise_count;
	unsigned char *disc;
	size_t disc_bytes, sectors;

	unsigned char *base; /* the disk as far as it is synced */
	size_t size;
	unsigned char *used; /* a byte per page that is not all zeros */
	size_t applied;      /* events in it */
	int work_fd, loop_fd;

	unsigned states, failures, no_map, mixed, promised, sampled, lost_writes, torn_writes, syncs;
	size_t state, writes;
} lab;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "powercut: %s: %s\n", what, why);
	exit(2);
}

__attribute__((format(printf, 2, 3))) static void fail(const struct cut *cut, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (lab.failures++ < FAILURES_SHOWN)
		printf("FAIL %s, state %zu, cut after %zu events: %s\n"
		       "REPLAY: RECORD=%s FS=%s STATE=%zu ./check power --seed %" PRIu64 "\n",
		       lab.fs, lab.state, cut->at, text, lab.record, lab.fs, lab.state, lab.seed);
	fflush(stdout);
}

/* --- the log --- */

static void read_log(const char *path)
{
	size_t len, count = 0;
	unsigned char *log = judge_load(path, &len);
	if (!log)
		die(path, strerror(errno));
	for (size_t pos = 0; pos < len; count++) {
		struct event event = {.data = NULL};
		if (len - pos < sizeof event.head)
			die(path, "ends in the middle of a record");
		memcpy(&event.head, log + pos, sizeof event.head);
		pos += sizeof event.head;
		if (event.head.kind == WRITELOG_WRITE || event.head.kind == WRITELOG_MARK) {
			event.data = log + pos;
			pos += event.head.size;
		}
		if (pos > len || event.head.offset + event.head.size > lab.size)
			die(path, "ends in the middle of a record");
		if ((count & (count - 1)) == 0)
			lab.events = reallocarray(lab.events, count ? 2 * count : 1, sizeof *lab.events);
		if (!lab.events)
			die(path, "no memory");
		lab.events[count] = event;
		lab.syncs += event.head.kind == WRITELOG_SYNC;
	}
	lab.event_count = count;
}

/* --- what was promised: replays the program's own events --- */

/* A number behind a word of a line of JSON. */
static uint64_t value(const char *line, const char *word)
{
	const char *at = strstr(line, word);
	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

struct story {
	unsigned char *now; /* a byte per sector that is '+' */
	uint64_t count;
	unsigned char *history; /* of every state since the last promise: `now` again and again */
	uint64_t *counts;
	size_t states;
};

static void keep_state(struct story *story)
{
	story->history = realloc(story->history, (story->states + 1) * lab.sectors);
	story->counts = realloc(story->counts, (story->states + 1) * sizeof *story->counts);
	if (!story->history || !story->counts)
		die("events", "no memory");
	memcpy(story->history + story->states * lab.sectors, story->now, lab.sectors);
	story->counts[story->states++] = story->count;
}

static void tell_outcome(struct story *story, const char *line)
{
	const char *span = strstr(line, "\"spans\":[");
	while (span && (span = strstr(span, "{\"start\":"))) {
		uint64_t start = value(span, "\"start\":"), count = value(span, "\"count\":");
		const char *status = strstr(span, "\"status\":\"");
		bool plus = status && status[strlen("\"status\":\"")] == '+';
		for (uint64_t i = start; i < start + count && i < lab.sectors; i++) {
			story->count += (uint64_t)plus - story->now[i];
			story->now[i] = plus;
		}
		span += 2;
	}
	keep_state(story);
}

/* A commit is of the earliest state that has so many finished sectors: one drive, and what is finished stays so. */
static void tell_commit(struct story *story, const char *line, size_t at)
{
	uint64_t finished = value(line, "\"finished\":");
	size_t i = 0;
	while (i < story->states && story->counts[i] != finished)
		i++;
	if (i == story->states)
		die("events", "a commit of a state that no outcome led to");
	lab.promises = reallocarray(lab.promises, lab.promise_count + 1, sizeof *lab.promises);
	unsigned char *copy = malloc(lab.sectors);
	if (!lab.promises || !copy)
		die("events", "no memory");
	memcpy(copy, story->history + i * lab.sectors, lab.sectors);
	lab.promises[lab.promise_count++] = (struct promise){at, copy};
	memmove(story->history, story->history + i * lab.sectors, (story->states - i) * lab.sectors);
	memmove(story->counts, story->counts + i, (story->states - i) * sizeof *story->counts);
	story->states -= i;
}

static void read_promises(void)
{
	struct story story = {.now = calloc(1, lab.sectors)};
	char *line = NULL;
	size_t len = 0;
	keep_state(&story);
	for (size_t i = 0; i < lab.event_count; i++) {
		const struct event *event = &lab.events[i];
		for (size_t k = 0; event->head.kind == WRITELOG_MARK && k < event->head.size; k++) {
			if ((len & (len - 1)) == 0)
				line = realloc(line, len ? 2 * len : 1);
			if (!line)
				die("events", "no memory");
			line[len++] = (char)event->data[k];
			if (event->data[k] != '\n')
				continue;
			line[len - 1] = '\0';
			if (strstr(line, "\"event\":\"outcome\""))
				tell_outcome(&story, line);
			else if (strstr(line, "\"event\":\"commit\""))
				tell_commit(&story, line, i);
			len = 0;
		}
	}
	free(line);
	free(story.now);
	free(story.history);
	free(story.counts);
	if (lab.promise_count == 0)
		die("events", "nothing was ever said to be saved");
}

static const struct promise *promise_at(size_t at)
{
	const struct promise *last = NULL;
	for (size_t i = 0; i < lab.promise_count && lab.promises[i].since < at; i++)
		last = &lab.promises[i];
	return last;
}

/* --- the disk --- */

static void apply(const struct event *event)
{
	if (event->head.kind == WRITELOG_WRITE)
		memcpy(lab.base + event->head.offset, event->data, event->head.size);
	else if (event->head.kind == WRITELOG_ZERO)
		memset(lab.base + event->head.offset, 0, event->head.size);
	else
		return;
	for (uint64_t page = event->head.offset / PAGE; page * PAGE < event->head.offset + event->head.size;
	     page++)
		lab.used[page] |= event->head.kind == WRITELOG_WRITE;
}

static void put(const void *data, size_t size, uint64_t offset)
{
	if (pwrite(lab.work_fd, data, size, (off_t)offset) != (ssize_t)size)
		die(lab.work, strerror(errno));
}

/* The synced part of the disk as a file. */
static void lay_base(void)
{
	if (ftruncate(lab.work_fd, 0) < 0 || ftruncate(lab.work_fd, (off_t)lab.size) < 0)
		die(lab.work, strerror(errno));
	size_t pages = lab.size / PAGE;
	for (size_t page = 0, end; page < pages; page = end) {
		end = page + 1;
		if (!lab.used[page])
			continue;
		while (end < pages && lab.used[end])
			end++;
		put(lab.base + page * PAGE, (end - page) * PAGE, page * PAGE);
	}
}

/* ext4 and btrfs put a checksum over their superblock and trust the disk to write it in one piece, as disks do. */
static bool in_superblock(uint64_t pos)
{
	if (strcmp(lab.fs, "ext4") == 0)
		return pos >= 1024 && pos < 2048;
	return strcmp(lab.fs, "btrfs") == 0 &&
	       ((pos >= 65536 && pos < 69632) || (pos >= 67108864 && pos < 67112960));
}

/* Of one write, the blocks before or after a place, or every block by lot. */
static void put_torn(const struct event *event, uint64_t *luck)
{
	static const unsigned char zeros[1u << 16];
	uint64_t blocks = (event->head.size + BLOCK - 1) / BLOCK;
	uint64_t way = pattern_word(luck) % 3, place = pattern_word(luck) % (blocks + 1);
	bool there = false;
	for (uint64_t i = 0; i < blocks; i++) {
		uint64_t from = i * BLOCK, pos = event->head.offset + from;
		if (i == 0 || !in_superblock(pos) || !in_superblock(pos - BLOCK))
			there = way == 0 ? i < place : way == 1 ? i >= place : pattern_word(luck) & 1;
		uint64_t size = event->head.size - from < BLOCK ? event->head.size - from : BLOCK;
		if (there)
			put(event->data ? event->data + from : zeros, size, event->head.offset + from);
	}
	lab.torn_writes++;
}

static void put_whole(const struct event *event)
{
	if (event->data)
		put(event->data, event->head.size, event->head.offset);
	else if (fallocate(lab.work_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)event->head.offset,
			   (off_t)event->head.size) < 0)
		die(lab.work, strerror(errno));
}

static bool is_write(const struct event *event)
{
	return event->head.kind == WRITELOG_WRITE || event->head.kind == WRITELOG_ZERO;
}

/* The disk at a cut. */
static void make_disk(const struct cut *cut)
{
	size_t synced = cut->at;
	uint64_t luck = cut->luck;
	while (synced > lab.applied && lab.events[synced - 1].head.kind != WRITELOG_SYNC)
		synced--;
	while (lab.applied < synced)
		apply(&lab.events[lab.applied++]);
	lay_base();
	uint64_t survivors =
		1 + pattern_word(&luck) % 15; /* of 16: sometimes nearly all, sometimes hardly any */
	for (size_t i = synced; i < cut->at; i++) {
		const struct event *event = &lab.events[i];
		if (!is_write(event))
			continue;
		uint64_t lot = pattern_word(&luck) % 16;
		if (cut->whole || lot < survivors)
			put_whole(event);
		else if (pattern_word(&luck) % 3 == 0)
			put_torn(event, &luck);
		else
			lab.lost_writes++;
	}
}

static void attach_loop(void)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	for (int i = 0; control >= 0 && i < TRIES; i++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE);
		struct loop_config config = {.fd = (uint32_t)lab.work_fd, .block_size = BLOCK};
		config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
		snprintf(lab.loop_path, sizeof lab.loop_path, "/dev/loop%d", n);
		lab.loop_fd = n < 0 ? -1 : open(lab.loop_path, O_RDWR | O_CLOEXEC);
		if (lab.loop_fd >= 0 && ioctl(lab.loop_fd, LOOP_CONFIGURE, &config) == 0) {
			close(control);
			return;
		}
		if (lab.loop_fd >= 0)
			close(lab.loop_fd); /* somebody else was faster */
	}
	die("loop device", strerror(errno));
}

static bool mount_disk(const struct cut *cut)
{
	if (ioctl(lab.loop_fd, BLKFLSBUF, 0) < 0)
		die(lab.loop_path, strerror(errno));
	if (mount(lab.loop_path, lab.mountpoint, lab.fs, MS_NOATIME, NULL) == 0)
		return true;
	fail(cut, "the file system cannot be mounted: %s", strerror(errno));
	return false;
}

/* btrfs remembers what it has seen on a device, and takes an older state of it for another one. */
static void forget_device(void)
{
	struct btrfs_ioctl_vol_args args = {.fd = 0};
	int control = strcmp(lab.fs, "btrfs") == 0 ? open("/dev/btrfs-control", O_RDWR | O_CLOEXEC) : -1;
	if (control < 0)
		return;
	snprintf(args.name, sizeof args.name, "%s", lab.loop_path);
	(void)ioctl(control, BTRFS_IOC_FORGET_DEV, &args);
	close(control);
}

static void unmount_disk(void)
{
	int tries = 0;
	while (umount(lab.mountpoint) < 0) {
		if (errno != EBUSY || ++tries == TRIES)
			die(lab.mountpoint, strerror(errno));
		usleep(10000);
	}
	forget_device();
}

/* --- judging --- */

/* Starts it; returns its exit status, 137 if it had to be killed. Its last words go to `log`. */
static int run(char **argv, const char *log)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int error = posix_spawnp(&pid, *argv, &files, NULL, argv, environ);
	if (error)
		die(*argv, strerror(error));
	posix_spawn_file_actions_destroy(&files);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	if (poll(&poll_fd, 1, STUCK_MS) <= 0)
		kill(pid, SIGKILL);
	close(fd);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void judge_promise(const struct cut *cut, const unsigned char *now)
{
	const struct promise *promise = promise_at(cut->at);
	uint64_t lost = 0;
	if (!promise)
		return;
	lab.promised++;
	for (size_t i = 0; i < lab.sectors; i++)
		lost += promise->finished[i] && !now[i];
	if (lost)
		fail(cut, "%" PRIu64 " sectors were said to be saved and are lost", lost);
}

static void judge_disk(const struct cut *cut)
{
	char image_path[700], map_path[700], log[700];
	snprintf(image_path, sizeof image_path, "%s/disc.iso", lab.mountpoint);
	snprintf(map_path, sizeof map_path, "%s/disc.iso.map", lab.mountpoint);
	snprintf(log, sizeof log, "%s/%s.log", lab.folder, lab.fs);
	size_t image_len = 0, map_len = 0;
	unsigned char *image = judge_load(image_path, &image_len), *now = calloc(1, lab.sectors);
	char *map = judge_load(map_path, &map_len);
	struct judgement judgement = {.image = image,
				      .image_bytes = image_len,
				      .disc = lab.disc,
				      .disc_bytes = lab.disc_bytes,
				      .now = now};
	if (!map && image)
		fail(cut, "an image without a map");
	else if (map && !judge_map(map, map_len, judge_sectors, &judgement))
		fail(cut, "the map is no map (%zu bytes)", map_len);
	if (judgement.wrong)
		fail(cut, "%" PRIu64 " sectors are called finished and are not the disc's", judgement.wrong);
	judge_promise(cut, now);
	lab.no_map += !map;
	lab.mixed += judgement.finished && judgement.unfinished;
	if (map && lab.states % SAMPLED == 0) {
		char *argv[] = {"ddrescuelog", "-t", map_path, NULL};
		if (run(argv, log) != 0)
			fail(cut, "ddrescuelog does not accept the map");
		lab.sampled++;
	}
	free(map);
	free(now);
	free(image);
}

static void take_up_again(const struct cut *cut)
{
	char image_path[700], log[700];
	snprintf(image_path, sizeof image_path, "%s/disc.iso", lab.mountpoint);
	snprintf(log, sizeof log, "%s/%s.log", lab.folder, lab.fs);
	char *argv[] = {(char *)lab.respin, "rescue", "--quiet", lab.source, image_path, NULL};
	int status = run(argv, log);
	size_t len = 0;
	char *words = status ? judge_load(log, &len) : NULL;
	if (words)
		words[len] = '\0';
	if (status)
		fail(cut, "taken up again, it ended with %d: %s", status, words ? words : "");
	free(words);
	unsigned char *image = judge_load(image_path, &len);
	if (!image || len != lab.disc_bytes || memcmp(image, lab.disc, len) != 0)
		fail(cut, "the image is not the disc");
	free(image);
}

static void try_cut(const struct cut *cut)
{
	lab.states++;
	make_disk(cut);
	if (!mount_disk(cut))
		return;
	judge_disk(cut);
	take_up_again(cut);
	unmount_disk();
}

/* --- which cuts --- */

static int earlier(const void *a, const void *b)
{
	const struct cut *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static struct cut *choose(unsigned points, unsigned step, size_t *count)
{
	uint64_t luck = lab.seed;
	struct cut *cuts = reallocarray(NULL, 2 * lab.syncs + 2 + points, sizeof *cuts);
	size_t *writes = reallocarray(NULL, lab.event_count, sizeof *writes), write_count = 0;
	if (!cuts || !writes)
		die("cuts", "no memory");
	size_t n = 0, sync = 0;
	for (size_t i = 0; i < lab.event_count; i++)
		if (is_write(&lab.events[i]))
			writes[write_count++] = i;
	if (write_count == 0)
		die("cuts", "nothing was written");
	for (size_t i = 0; i < lab.event_count; i++) {
		if (lab.events[i].head.kind != WRITELOG_SYNC || (sync++ + lab.seed) % step)
			continue;
		cuts[n++] = (struct cut){.at = i};
		cuts[n++] = (struct cut){.at = i + 1, .whole = true};
	}
	for (unsigned i = 0; i < points; i++)
		cuts[n++] = (struct cut){.at = 1 + writes[pattern_word(&luck) % write_count]};
	for (size_t i = 0; i < n; i++)
		cuts[i].luck = pattern_word(&luck);
	qsort(cuts, n, sizeof *cuts, earlier);
	free(writes);
	lab.writes = write_count;
	*count = n;
	return cuts;
}

static void leave(void)
{
	(void)umount2(lab.mountpoint, MNT_DETACH);
	forget_device();
}

static void prepare(char **argv)
{
	lab.fs = argv[1];
	lab.image_path = argv[2];
	lab.respin = argv[5];
	lab.record = getenv("RECORD") ? getenv("RECORD") : "";
	lab.folder = argv[6];
	lab.seed = strtoull(argv[7], NULL, 0);
	lab.disc = judge_load(argv[4], &lab.disc_bytes);
	unsigned char *image = judge_load(lab.image_path, &lab.size);
	if (!lab.disc || !image || lab.size % PAGE)
		die(argv[4], "disc or disk image cannot be read");
	lab.sectors = lab.disc_bytes / SECTOR;
	lab.base = image;
	lab.used = calloc(1, lab.size / PAGE);
	static const unsigned char zeros[PAGE];
	for (size_t page = 0; page < lab.size / PAGE; page++)
		lab.used[page] = memcmp(image + page * PAGE, zeros, PAGE) != 0;
	snprintf(lab.source, sizeof lab.source, "sim:disc?image=%s&profile=dvd", argv[4]);
	snprintf(lab.work, sizeof lab.work, "%s/%s.cut", lab.folder, lab.fs);
	snprintf(lab.mountpoint, sizeof lab.mountpoint, "%s/%s.mnt", lab.folder, lab.fs);
	mkdir(lab.mountpoint, 0700);
	lab.work_fd = open(lab.work, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (lab.work_fd < 0 || ftruncate(lab.work_fd, (off_t)lab.size) < 0)
		die(lab.work, strerror(errno));
	read_log(argv[3]);
	read_promises();
	attach_loop();
	atexit(leave);
}

int main(int argc, char **argv)
{
	if (argc != 10 && argc != 11)
		die("usage", "powercut FS IMAGE LOG DISC RESPIN FOLDER SEED POINTS STEP [STATE]");
	prepare(argv);
	size_t count;
	unsigned step = (unsigned)strtoul(argv[9], NULL, 10);
	struct cut *cuts = choose((unsigned)strtoul(argv[8], NULL, 10), step ? step : 1, &count);
	size_t only = argc == 11 ? strtoull(argv[10], NULL, 10) : count;
	struct timespec begun, ended;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (lab.state = 0; lab.state < count && lab.failures < FAILURES_SHOWN; lab.state++)
		if (only == count || only == lab.state)
			try_cut(&cuts[lab.state]);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	double seconds =
		(double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
	printf("%s: %u states (%zu writes and %u syncs in the log, every %u. sync cut before and after, %s random points), %.1f a second\n",
	       lab.fs, lab.states, lab.writes, lab.syncs, step, argv[8], lab.states / seconds);
	printf("%s: %zu promises of durability, %u states had one to keep; %u without a map yet, %u maps with finished and "
	       "unfinished ranges, %u judged by ddrescuelog; %u writes lost, %u torn at %u bytes\n",
	       lab.fs, lab.promise_count, lab.promised, lab.no_map, lab.mixed, lab.sampled, lab.lost_writes,
	       lab.torn_writes, BLOCK);
	printf("%s: %u violations\n", lab.fs, lab.failures);
	free(cuts);
	return lab.failures > 0 || lab.states == 0;
}
