/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From SIGINT until everything is durable: 200 rescues (40 without RESPIN_LONG) on a simulated drive that takes its time, each stopped at an
 * instant of its own. The program itself says when: its last commit comes after the image's sync and the map's rename.
 * Its end is measured as well. A drive that never answers is the lab's business (signals, hung).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"

#define ROUNDS 200u
#define FEW_ROUNDS 40u /* without RESPIN_LONG */
#define DURABLE_BAR_MS 250.0
#define END_BAR_MS 1000.0
#define DISC_BYTES (24u << 20)
/* When: long after the start, long before the end. */
#define FIRST_MS 150.0
#define SPREAD_MS 700u

static unsigned rounds = ROUNDS;
static char folder[256], image[300], map[310], source[600];

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static pid_t start(int events)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(events, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl(getenv("RESPIN"), "respin", "rescue", "--quiet", "--events", "-", source, image, (char *)NULL);
	_exit(127);
}

/* What the program has said so far. */
struct told {
	double commit_ms;                /* when its last commit was; 0: none yet */
	unsigned long long safe, at_end; /* finished sectors as of that commit, and as of its end */
	bool ended;
};

static unsigned long long finished_in(const char *line)
{
	const char *field = strstr(line, "\"finished\":");
	return field ? strtoull(field + 11, NULL, 10) : ULLONG_MAX;
}

/* Reads what the program says until it ends or the time is over. */
static void listen(int events, double until_ms, struct told *told)
{
	static char text[1u << 16];
	size_t len = 0;
	for (;;) {
		struct pollfd poll_fd = {.fd = events, .events = POLLIN};
		double left_ms = until_ms - now_ms();
		if (left_ms <= 0 || poll(&poll_fd, 1, (int)left_ms + 1) <= 0)
			return;
		ssize_t n = read(events, text + len, sizeof text - 1 - len);
		double at_ms = now_ms();
		if (n <= 0) {
			told->ended = true;
			return;
		}
		len += (size_t)n;
		text[len] = '\0';
		char *line = text;
		for (char *stop; (stop = strchr(line, '\n')); line = stop + 1) {
			*stop = '\0';
			if (strstr(line, "\"event\":\"commit\"")) {
				told->commit_ms = at_ms;
				told->safe = finished_in(line);
			} else if (strstr(line, "\"event\":\"end\"")) {
				told->at_end = finished_in(line);
			}
		}
		len -= (size_t)(line - text);
		memmove(text, line, len);
	}
}

/* One rescue; false: it went otherwise than it should. */
static bool attempt(struct rng *rng, double *durable_ms, double *end_ms)
{
	int pipes[2], status;
	struct told told = {.safe = ULLONG_MAX - 1, .at_end = ULLONG_MAX};
	(void)unlink(image);
	(void)unlink(map);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return false;
	pid_t pid = start(pipes[1]);
	close(pipes[1]);
	double wait_ms = FIRST_MS + (double)rng_below(rng, SPREAD_MS * 1000) / 1e3;
	listen(pipes[0], now_ms() + wait_ms, &told);
	double sent_ms = now_ms();
	kill(pid, SIGINT);
	listen(pipes[0], sent_ms + 30000, &told);
	if (waitpid(pid, &status, 0) != pid)
		return false;
	*end_ms = now_ms() - sent_ms;
	/* What was durable before the signal needs no commit; but all of it must have been. */
	*durable_ms = told.commit_ms > sent_ms ? told.commit_ms - sent_ms : 0;
	close(pipes[0]);
	return told.ended && told.safe == told.at_end && WIFEXITED(status) && WEXITSTATUS(status) == 6;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool report(const char *what, double *sorted, double bar_ms)
{
	qsort(sorted, rounds, sizeof *sorted, ascending);
	double p99 = sorted[(rounds * 99 + 99) / 100 - 1];
	bool good = p99 <= bar_ms;
	printf("SIGINT -> %s: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms (bar %.0f), longest %.1f ms, %u rounds%s\n",
	       what, sorted[rounds / 2], sorted[rounds * 9 / 10], p99, bar_ms, sorted[rounds - 1], rounds,
	       good ? "" : "  BEYOND THE BAR");
	return good;
}

static bool make_disc(const char *path)
{
	struct rng rng = {11};
	FILE *file = fopen(path, "we");
	for (uint32_t i = 0; file && i < DISC_BYTES / 8; i++) {
		uint64_t word = rng_next(&rng);
		(void)fwrite(&word, sizeof word, 1, file);
	}
	return file && fclose(file) == 0;
}

int main(void)
{
	static double durable_ms[ROUNDS], end_ms[ROUNDS];
	const char *text = getenv("RESPIN_BENCH_SLACK"), *where = getenv("TMPDIR");
	double slack = text ? strtod(text, NULL) : 1;
	struct rng rng = {3};
	char disc[300];
	if (!getenv("RESPIN_LONG"))
		rounds = FEW_ROUNDS;
	unsigned wrong = 0;
	(void)snprintf(folder, sizeof folder, "%s/respin-latency.XXXXXX", where ? where : "/tmp");
	if (!getenv("RESPIN") || !mkdtemp(folder))
		return 2;
	(void)snprintf(disc, sizeof disc, "%s/disc", folder);
	(void)snprintf(image, sizeof image, "%s/disc.iso", folder);
	(void)snprintf(map, sizeof map, "%s/disc.iso.map", folder);
	/* 1.35 MB/s and a bad place now and then: commands of half a second are under way when the signal comes. */
	(void)snprintf(source, sizeof source,
		       "sim:disc?image=%s&profile=dvd&pace=1&latency_us=20000&fail_ms=400&every=900", disc);
	if (!make_disc(disc))
		return 2;
	for (unsigned i = 0; i < rounds; i++)
		wrong += !attempt(&rng, &durable_ms[i], &end_ms[i]);
	bool good = report("durable", durable_ms, DURABLE_BAR_MS * slack);
	good = report("the program's end", end_ms, END_BAR_MS * slack) && good;
	printf("runs that ended otherwise than stopped: %u\n", wrong);
	(void)unlink(image);
	(void)unlink(map);
	(void)unlink(disc);
	char lock[320];
	(void)snprintf(lock, sizeof lock, "%s.lock", map);
	(void)unlink(lock);
	if (rmdir(folder) < 0)
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
	return !(good && wrong == 0);
}
