/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What durability costs while a drive delivers 72 MB/s (BD 16x, 64 KiB a command) into a map of 1e5 areas on a real
 * disk: the consumer's time for saving maps, how long the drive stands idle because nobody takes its data, how much
 * work a power cut could cost. The drive is a clock; engine, store and file system are the shipped ones. With
 * RESPIN_LONG also a disk that needs half a second for each map: then the interval grows, to ten seconds at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <respin/io.h>
#include <respin/session.h>

#define RATE_BYTES 72000000.0
#define UNIT 2048u
#define REQUEST 32u /* units: what a host gives a Blu-ray drive at a time */
#define AREAS 100000u
#define SECONDS 12u
#define SLOW_SECONDS 34u
#define SLOW_NS 500000000

#define MAP_BAR 3.0  /* per cent of the consumer's time */
#define IDLE_BAR 0.1 /* per cent of the drive's time */
/* A drive goes on reading into its buffer when nobody asks: 10 ms are 0.7 MB, less than any has. */
#define BUFFER_NS 10000000u
/* The interval is one second; the commit itself has to end, too. */
#define LOST_BAR_S 1.3
#define SLOW_LOST_BAR_S 11.5

/* The drive: at any time it is reading, or waiting to be asked. Times in ns. */
static struct {
	uint64_t units, first;   /* what lies before `first` was read long ago: zeros */
	uint64_t started, ended; /* of the last command */
	uint64_t busy, idle, longest, last_asked;
	_Atomic uint64_t bytes;
} drive;

/* The file system's clock: from the end of the image's sync to the end of the map's last sync is the map's time. */
static struct {
	const struct respin_io_ops *real;
	uint64_t mark, map, synced, commits, slow;
	_Atomic uint64_t written;
	uint64_t queue_most;
} disk;

/* Ages at the moments of durability: how old the oldest record was that it made safe. */
static struct {
	uint64_t begun, longest_gap, last, oldest_unsafe, lost_most;
} safe;

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void drive_info(void *self, struct respin_source_info *info)
{
	(void)self;
	info->units = drive.units;
	info->unit_bytes = UNIT;
	info->ecc_block = 32;
	info->max_request_units = REQUEST;
	info->plain = 1;
	(void)snprintf(info->kind, sizeof info->kind, "bench");
	(void)snprintf(info->address, sizeof info->address, "bench:");
}

static void drive_read(void *self, const struct respin_request *request, void *buffer,
		       struct respin_reply *reply)
{
	(void)self;
	size_t len = (size_t)request->range.count * UNIT;
	uint64_t asked = now_ns();
	if (request->range.start >= drive.first) {
		uint64_t wait = drive.ended && asked > drive.ended ? asked - drive.ended : 0;
		drive.idle += wait > BUFFER_NS ? wait - BUFFER_NS : 0;
		if (wait > drive.longest)
			drive.longest = wait;
		uint64_t start =
			wait > BUFFER_NS || !drive.ended ? asked - (wait ? BUFFER_NS : 0) : drive.ended;
		drive.ended = start + (uint64_t)((double)len / RATE_BYTES * 1e9);
		drive.busy += drive.ended - start;
		struct timespec until = {(time_t)(drive.ended / 1000000000u),
					 (long)(drive.ended % 1000000000u)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		memset(buffer, 0x5a, len);
		drive.bytes += len;
	} else {
		memset(buffer, 0, len);
	}
	*reply = (struct respin_reply){.reason = RESPIN_REASON_GOOD,
				       .resid_trusted = 1,
				       .poison_trusted = 1,
				       .asked_bytes = len,
				       .filled_bytes = len};
}

static void drive_destroy(void *self)
{
	(void)self;
}

static int64_t disk_pwrite(void *self, int file, const void *data, size_t len, uint64_t pos_bytes)
{
	int64_t n = disk.real->pwrite(self, file, data, len, pos_bytes);
	if (n > 0 && len == REQUEST * UNIT) {
		disk.written += (uint64_t)n;
		uint64_t queue = drive.bytes - disk.written;
		if (drive.bytes > disk.written && queue > disk.queue_most)
			disk.queue_most = queue;
	}
	return n;
}

static int disk_datasync(void *self, int file)
{
	uint64_t since = now_ns();
	int rc = disk.real->datasync(self, file);
	disk.mark = now_ns();
	disk.synced += disk.mark - since;
	disk.commits++;
	return rc;
}

static int disk_sync_dir(void *self, int dir)
{
	if (disk.slow && disk.mark) {
		struct timespec slow = {0, (long)disk.slow};
		nanosleep(&slow, NULL);
	}
	int rc = disk.real->sync_dir(self, dir);
	uint64_t now = now_ns();
	if (disk.mark)
		disk.map += now - disk.mark;
	disk.mark = disk.mark ? now : 0;
	return rc;
}

/* An outcome whose bytes are not safe yet, and the moment at which all of them are. */
static void on_event(void *arg, const struct respin_event *event)
{
	(void)arg;
	uint64_t now = now_ns();
	if (event->kind == RESPIN_EVENT_OUTCOME && !safe.oldest_unsafe)
		safe.oldest_unsafe = now;
	if (event->kind != RESPIN_EVENT_COMMIT)
		return;
	/* What came while it committed is not safe, but is no older than the commit before began: count from there. */
	if (safe.last && now - safe.last > safe.longest_gap)
		safe.longest_gap = now - safe.last;
	if (safe.oldest_unsafe && now - safe.oldest_unsafe > safe.lost_most)
		safe.lost_most = now - safe.oldest_unsafe;
	safe.last = now;
	safe.oldest_unsafe = 0;
}

/* Areas of two units, '+' and '-' in turn; then what is to be read. */
static void make_files(const char *image, unsigned seconds)
{
	char map[400];
	(void)snprintf(map, sizeof map, "%s.map", image);
	drive.first = (uint64_t)AREAS * 2;
	drive.units = drive.first + (uint64_t)(RATE_BYTES * seconds / UNIT) / REQUEST * REQUEST;
	int fd = open(image, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fopen(map, "we");
	if (fd < 0 || !file || ftruncate(fd, (off_t)(drive.first * UNIT)) < 0) {
		perror(image);
		exit(2);
	}
	close(fd);
	(void)fputs("# Mapfile. Created by hand\n0x00000000     ?               1\n", file);
	for (unsigned i = 0; i < AREAS; i++)
		(void)fprintf(file, "0x%08X  0x%08X  %c\n", i * 2 * UNIT, 2 * UNIT, "+-"[i % 2]);
	(void)fprintf(file, "0x%08llX  0x%08llX  ?\n", (unsigned long long)drive.first * UNIT,
		      (unsigned long long)(drive.units - drive.first) * UNIT);
	if (fclose(file) != 0)
		exit(2);
}

static void remove_files(const char *image)
{
	static const char *const ends[] = {"", ".map", ".map.bak", ".map.lock", ".domain"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char path[400];
		(void)snprintf(path, sizeof path, "%s%s", image, ends[i]);
		(void)unlink(path);
	}
}

static int rescue(const char *image, struct respin_summary *summary)
{
	static const struct respin_source_ops drive_ops = {
		.size = sizeof drive_ops, .info = drive_info, .read = drive_read, .destroy = drive_destroy};
	struct respin_io io = respin_io_real();
	static struct respin_io_ops disk_ops;
	disk.real = io.ops;
	disk_ops = *io.ops;
	disk_ops.pwrite = disk_pwrite;
	disk_ops.datasync = disk_datasync;
	disk_ops.sync_dir = disk_sync_dir;
	struct respin_output_options output = {
		.size = sizeof output, .image = image, .io = {&disk_ops, io.self}};
	struct respin_source source = {&drive_ops, NULL};
	struct respin_session_options options = {
		.size = sizeof options,
		.mode = RESPIN_MODE_SWEEP,
		.sources = &source,
		.source_count = 1,
		.output = &output,
		.callbacks = {.size = sizeof options.callbacks, .event = on_event}};
	struct respin_session *session;
	struct respin_error error = {0};
	int code = respin_session_create(&options, &session, &error);
	if (code == 0) {
		safe.begun = now_ns();
		code = respin_session_run(session, summary, &error);
		respin_session_destroy(session);
	}
	if (code < 0)
		printf("the rescue failed: %s\n", error.text);
	return code;
}

static const char *bar(bool good, bool *all)
{
	*all = *all && good;
	return good ? "" : "  BEYOND THE BAR";
}

static bool measure(const char *image, unsigned seconds, uint64_t slow_ns, double slack)
{
	struct respin_summary summary = {.size = sizeof summary};
	bool good = true;
	memset(&drive, 0, sizeof drive);
	memset(&disk, 0, sizeof disk);
	memset(&safe, 0, sizeof safe);
	disk.slow = slow_ns;
	make_files(image, seconds);
	int code = rescue(image, &summary);
	double took = (double)(now_ns() - safe.begun) / 1e9, share = (double)disk.map / 1e7 / took;
	double idle = 100 * (double)drive.idle / 1e9 / took, lost = (double)safe.lost_most / 1e9;
	printf("%u areas, %.0f MB/s for %.1f s%s: %llu commits, each %.1f ms for the image and %.1f ms for the map\n",
	       AREAS, (double)drive.bytes / 1e6 / took, took,
	       slow_ns ? ", a disk that is slow with names" : "", (unsigned long long)disk.commits,
	       (double)disk.synced / 1e6 / (double)disk.commits,
	       (double)disk.map / 1e6 / (double)disk.commits);
	if (!slow_ns) {
		printf("  saving maps takes %.2f %% of the consumer's time (bar %.0f)%s\n", share, MAP_BAR,
		       bar(share < MAP_BAR * slack, &good));
		printf("  the drive is idle %.2f %% of the time (bar %.1f)%s, unasked for %.1f ms at most; the queue "
		       "holds %.1f MiB at most\n",
		       idle, IDLE_BAR, bar(idle < IDLE_BAR * slack, &good), (double)drive.longest / 1e6,
		       (double)disk.queue_most / 1048576);
	}
	printf("  work that a power cut can cost: %.2f s (bar %.1f)%s; longest time between commits %.2f s\n",
	       lost, slow_ns ? SLOW_LOST_BAR_S : LOST_BAR_S,
	       bar(lost < (slow_ns ? SLOW_LOST_BAR_S : LOST_BAR_S * slack), &good),
	       (double)safe.longest_gap / 1e9);
	remove_files(image);
	return bar(code == 1, &good) && good;
}

int main(void)
{
	const char *text = getenv("RESPIN_BENCH_SLACK"), *where = getenv("TMPDIR");
	double slack = text ? strtod(text, NULL) : 1;
	char folder[256], image[300];
	(void)snprintf(folder, sizeof folder, "%s/respin-commit.XXXXXX", where ? where : "/var/tmp");
	if (!mkdtemp(folder))
		return 2;
	(void)snprintf(image, sizeof image, "%s/disc.iso", folder);
	bool good = measure(image, SECONDS, 0, slack);
	if (getenv("RESPIN_LONG"))
		good = measure(image, SLOW_SECONDS, SLOW_NS, slack) && good;
	(void)rmdir(folder);
	return !good;
}
