/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory the shipped program takes where the map is large: it takes a rescue up again with 1e5 and with 4e6
 * areas, reads, commits and ends, by itself or stopped. And what it does with a map that no disc can need. Peaks are
 * those of all its processes together; pages that two of them share count once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FEW 100000u
#define MANY 4000000u
#define TOO_MANY ((16u << 20) + 2)
#define FEW_BAR_MIB 128.0
#define MANY_BAR_MIB 512.0
/* The refused text itself, and a little; a file that is too long is not even read. */
#define TOO_MANY_BAR_MIB 640.0
#define TOO_LONG_BAR_MIB 64.0
#define REFUSED_BAR_S 5.0
#define AREA_BYTES 4096u          /* two sectors */
#define REST_BYTES (256ull << 20) /* not yet tried, at the end of the disc */
#define FAMILY 8
#define LOOK_NS 5000000

static char folder[256];
static double slack = 1;
static bool poor;

struct family {
	struct {
		pid_t pid;
		long peak_kib;
	} member[FAMILY];
	unsigned count;
};

struct run {
	const char *verb;
	char statuses[3];
	double stop_s; /* SIGINT so long after its first commit; 0: it ends by itself */
	int wanted;    /* exit status */
};

static const char *path(const char *name)
{
	static char text[4][512];
	static unsigned next;
	char *at = text[next++ % 4];
	(void)snprintf(at, sizeof *text, "%s/%s", folder, name);
	return at;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_sparse(const char *name, uint64_t bytes)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0) {
		perror(name);
		exit(2);
	}
	close(fd);
}

/* Areas of two statuses in turn, and an untried rest. */
static void make_map(unsigned areas, const char statuses[3])
{
	FILE *file = fopen(path("disc.iso.map"), "we");
	if (!file)
		exit(2);
	(void)fputs("# Mapfile. Created by hand\n0x00000000     ?               1\n", file);
	for (unsigned i = 0; i < areas; i++)
		(void)fprintf(file, "0x%08llX  0x%08X  %c\n", (unsigned long long)i * AREA_BYTES, AREA_BYTES,
			      statuses[i % 2]);
	(void)fprintf(file, "0x%08llX  0x%08llX  ?\n", (unsigned long long)areas * AREA_BYTES,
		      (unsigned long long)REST_BYTES);
	if (fclose(file) != 0)
		exit(2);
}

static void clear(void)
{
	static const char *const names[] = {
		"disc",           "disc.iso", "disc.iso.map", "disc.iso.map.bak", "disc.iso.map.lock",
		"disc.iso.domain"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(path(names[i]));
}

static long peak_of(pid_t pid)
{
	char name[64], line[256];
	long peak_kib = 0;
	(void)snprintf(name, sizeof name, "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(name, "re");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, "Pss:", 4) == 0) {
			peak_kib = strtol(line + 4, NULL, 10);
			break;
		}
	if (file)
		(void)fclose(file);
	return peak_kib;
}

/* The children of the program, and how large their share of memory ever was. One that only looks something up shares it all. */
static void look(pid_t parent, struct family *family)
{
	char name[64], list[256] = "", *at = list, *end;
	(void)snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	FILE *file = fopen(name, "re");
	if (file && !fgets(list, sizeof list, file))
		*list = '\0';
	for (pid_t child; (child = (pid_t)strtol(at, &end, 10)) > 0; at = end) {
		unsigned i = 0;
		while (i < family->count && family->member[i].pid != child)
			i++;
		if (i == FAMILY)
			break;
		if (i == family->count)
			family->member[family->count++].pid = child;
		long peak_kib = peak_of(child);
		if (peak_kib > family->member[i].peak_kib)
			family->member[i].peak_kib = peak_kib;
	}
	if (file)
		(void)fclose(file);
}

static pid_t start(const char *verb)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl(getenv("RESPIN"), "respin", verb, path("disc"), path("disc.iso"), (char *)NULL);
	_exit(127);
}

/* Runs it; returns the exit status, the peak of all processes and the time that it took. */
static int watch(const char *verb, double stop_s, double *mib, double *took_s)
{
	struct family family = {.count = 0};
	struct rusage used;
	double since = now_s(), saved = 0;
	int status;
	bool stopped = false;
	pid_t pid = start(verb);
	while (wait4(pid, &status, WNOHANG, &used) == 0) {
		look(pid, &family);
		/* The map found becomes the .bak with the first save. */
		if (saved <= 0 && access(path("disc.iso.map.bak"), F_OK) == 0)
			saved = now_s();
		if (stop_s > 0 && !stopped && saved > 0 && now_s() - saved > stop_s) {
			kill(pid, SIGINT);
			stopped = true;
		}
		nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
	}
	*took_s = now_s() - since;
	long peak_kib = used.ru_maxrss;
	for (unsigned i = 0; i < family.count; i++)
		peak_kib += family.member[i].peak_kib;
	*mib = (double)peak_kib / 1024;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *bar(bool good)
{
	poor = poor || !good;
	return good ? "" : "  BEYOND THE BAR";
}

static void resume(unsigned areas, const struct run *run, double bar_mib)
{
	double mib, took_s;
	uint64_t bytes = (uint64_t)areas * AREA_BYTES + REST_BYTES;
	make_sparse("disc", bytes);
	make_sparse("disc.iso", bytes);
	make_map(areas, run->statuses);
	int status = watch(run->verb, run->stop_s, &mib, &took_s);
	printf("%8u areas '%s', %s%s: %6.1f MiB (bar %.0f)%s, %.1f s, exit status %d%s\n", areas,
	       run->statuses, run->verb, run->stop_s > 0 ? " and SIGINT" : " to the end", mib, bar_mib,
	       bar(mib <= bar_mib), took_s, status,
	       bar(status == run->wanted || (run->stop_s > 0 && status == 0)));
	clear();
}

static void refused(const char *what, double bar_mib)
{
	double mib, took_s;
	int status = watch("rescue", 0, &mib, &took_s);
	printf("%s: %.1f MiB (bar %.0f)%s, %.1f s (bar %.0f)%s, exit status %d%s\n", what, mib, bar_mib,
	       bar(mib <= bar_mib), took_s, REFUSED_BAR_S, bar(took_s <= REFUSED_BAR_S * slack), status,
	       bar(status == 5));
	clear();
}

int main(void)
{
	const char *text = getenv("RESPIN_BENCH_SLACK");
	slack = text ? strtod(text, NULL) : 1;
	const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(folder, sizeof folder, "%s/respin-memory.XXXXXX", where);
	if (!getenv("RESPIN") || !mkdtemp(folder)) {
		(void)fprintf(stderr, "RESPIN is not set, or no folder\n");
		return 2;
	}
	static const struct run runs[] = {{"sweep", "+-", 0, 1},
					  {"rescue", "+/", 3, 6},
					  {"rescue", "+*", 3, 6},
					  {"rescue", "?+", 3, 6}};
	/* Two of them show most of it; the others are for a long look. */
	size_t count = getenv("RESPIN_LONG") ? sizeof runs / sizeof *runs : 2;
	for (size_t i = 0; i < count; i++)
		resume(FEW, &runs[i], FEW_BAR_MIB);
	for (size_t i = 0; i < count; i++)
		resume(MANY, &runs[i], MANY_BAR_MIB);
	make_sparse("disc", (uint64_t)TOO_MANY * AREA_BYTES + REST_BYTES);
	make_sparse("disc.iso", (uint64_t)TOO_MANY * AREA_BYTES + REST_BYTES);
	make_map(TOO_MANY, "+-");
	refused("a map of more than 16 Mi areas", TOO_MANY_BAR_MIB);
	make_sparse("disc", REST_BYTES);
	make_sparse("disc.iso", REST_BYTES);
	make_sparse("disc.iso.map", (1ull << 30) + 1);
	refused("a map of more than 1 GiB", TOO_LONG_BAR_MIB);
	(void)rmdir(folder);
	return poor;
}
