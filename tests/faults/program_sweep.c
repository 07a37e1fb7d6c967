/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program as it is shipped, once for each of its allocations: that one fails,
 * or all from there on (oom_preload.c). It ends by itself with status 4 or as if
 * nothing had happened, says one line where it failed, claims nothing false, and
 * the same command without faults then ends with the whole image.
 *
 * RESPIN: the program. Argument: the preloaded library.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <respin/map.h>

#include "sweep.h"

extern char **environ;

#define SOURCE "sim:disc?size=96&profile=dvd&bad=20,50-53"
#define SECTOR 2048u
#define SECTORS 96u
#define PATIENCE_S 20

static const char *program, *preload;
/* In memory: thousands of runs, and their syncs are nobody's business here. */
static char where[] = "/dev/shm/respin-oom-XXXXXX";
static unsigned char whole[SECTORS * SECTOR]; /* the image of a run without faults */

static const struct command {
	const char *name;
	const char *args[8];
	int status;   /* without faults */
	int starved;  /* without memory: 4; map keeps to ddrescuelog's statuses */
	bool rescues; /* writes disc.iso */
	bool later;   /* and goes on from a sweep */
} commands[] = {
	{"rescue", {"rescue", SOURCE, "disc.iso"}, 1, 4, true, false},
	{"resume", {"rescue", SOURCE, "disc.iso"}, 1, 4, true, true},
	{"events",
	 {"sweep", SOURCE, "disc.iso", "--events", "events.jsonl", "--log", "log"},
	 1,
	 4,
	 true,
	 false},
	{"info", {"info", SOURCE}, 0, 4, false, false},
	{"show", {"show", "ref.map"}, 0, 4, false, false},
	{"map", {"map", "-t", "ref.map"}, 0, 1, false, false},
	{"simulate", {"sim", "run", "dvd-radial?scale=400"}, 1, 4, false, false},
};

struct end {
	int status; /* 128 and more: a signal; -1: hung */
	unsigned lines;
	char first[512];
};

static void wait_for(pid_t pid, struct end *end)
{
	time_t began = time(NULL);
	int status;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct timespec nap = {0, 500000};
		nanosleep(&nap, NULL);
		if (time(NULL) - began <= PATIENCE_S)
			continue;
		kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		end->status = -1;
		return;
	}
	end->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void read_lines(struct end *end)
{
	char line[512];
	FILE *file = fopen("err", "r");
	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		/* What is known of the place or the disc is told in any case: "respin: note: ...". */
		if (!strncmp(line, "respin: note", 12) || !*line)
			continue;
		if (!end->lines++)
			(void)snprintf(end->first, sizeof end->first, "%s", line);
	}
	if (file)
		(void)fclose(file);
}

/* nth 0: without the shim's doing; its count is then in the file "count". */
static struct end run(const char *const *args, unsigned long nth, bool on)
{
	char *argv[10] = {(char *)(uintptr_t)program}, at[40];
	char *env[64], load[512];
	size_t n = 0;
	struct end end = {0};
	pid_t pid;
	posix_spawn_file_actions_t actions;
	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	for (; environ[n] && n < 56; n++)
		env[n] = environ[n];
	(void)snprintf(load, sizeof load, "LD_PRELOAD=%s", preload);
	(void)snprintf(at, sizeof at, "RESPIN_OOM_AT=%lu", nth);
	env[n++] = load;
	env[n++] = at;
	if (!nth)
		env[n++] = (char *)(uintptr_t) "RESPIN_OOM_COUNT=count";
	if (on)
		env[n++] = (char *)(uintptr_t) "RESPIN_OOM_ON=1";
	env[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&actions, 2, "err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawn(&pid, program, &actions, NULL, argv, env))
		sweep_stuck("%s cannot be started", program);
	posix_spawn_file_actions_destroy(&actions);
	wait_for(pid, &end);
	read_lines(&end);
	return end;
}

static void tidy(void)
{
	static const char *const names[] = {
		"disc.iso",          "disc.iso.map",      "disc.iso.map.bak", "disc.iso.map.lock",
		"disc.iso.map.twin", ".disc.iso.map.tmp", "events.jsonl",     "log"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(names[i]);
}

static size_t load_image(unsigned char *bytes)
{
	FILE *file = fopen("disc.iso", "rb");
	size_t n = file ? fread(bytes, 1, SECTORS * SECTOR, file) : 0;
	if (file)
		(void)fclose(file);
	return n;
}

/* Nothing finished that is not the disc's; how many bytes are. */
static uint64_t check_files(void)
{
	static unsigned char image[SECTORS * SECTOR];
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	struct respin_extent part;
	size_t size = load_image(image);
	if (access("disc.iso.map", F_OK))
		return 0;
	if (respin_map_load("disc.iso.map", NULL, &map, &error) < 0) {
		sweep_wrong(SWEEP_LOST, "%s", error.text);
		return 0;
	}
	uint64_t finished = 0;
	for (uint64_t pos = 0; respin_map_next(map, pos, 1u << RESPIN_FINISHED, &part);
	     pos = part.range.start + part.range.count) {
		uint64_t end = part.range.start + part.range.count;
		finished += part.range.count;
		if (end > size ||
		    memcmp(image + part.range.start, whole + part.range.start, part.range.count) != 0)
			sweep_wrong(SWEEP_FALSE_FINISHED, "up to byte %llu", (unsigned long long)end);
	}
	respin_map_destroy(map);
	return finished;
}

static void prepare(const struct command *command)
{
	static const char *const sweep[] = {"sweep", SOURCE, "disc.iso", NULL};
	tidy();
	if (command->later && run(sweep, 0, false).status != 1)
		sweep_stuck("no sweep to go on from");
}

static void one(const struct command *command, unsigned long nth, bool on)
{
	prepare(command);
	struct end end = run(command->args, nth, on);
	if (end.status < 0)
		sweep_wrong(SWEEP_HANG, "after %d s", PATIENCE_S);
	else if (end.status != command->status && end.status != command->starved)
		sweep_wrong(SWEEP_CODE, "exit status %d: %s", end.status, end.first);
	else if (end.status != command->status && (end.lines != 1 || !sweep_is_line(end.first)))
		sweep_wrong(SWEEP_CODE, "%u lines, \"%s\"", end.lines, end.first);
	if (!command->rescues)
		return;
	(void)check_files();
	static const char *const again[] = {"rescue", SOURCE, "disc.iso", NULL};
	uint64_t finished = 0;
	for (unsigned i = 0; i < 2 && finished != (SECTORS - 5) * SECTOR; i++) {
		end = run(again, 0, false);
		finished = check_files();
	}
	if (finished != (SECTORS - 5) * SECTOR)
		sweep_wrong(SWEEP_LOST, "taken up again: %llu bytes, status %d: %s",
			    (unsigned long long)finished, end.status, end.first);
}

static unsigned long count_allocations(const struct command *command)
{
	unsigned long count = 0;
	prepare(command);
	struct end end = run(command->args, 0, false);
	FILE *file = fopen("count", "r");
	if (end.status != command->status || !file || fscanf(file, "%lu", &count) != 1)
		sweep_stuck("%s: status %d without a fault: %s", command->name, end.status, end.first);
	(void)fclose(file);
	return count;
}

int main(int argc, char **argv)
{
	static const char *const reference[] = {"rescue", SOURCE, "disc.iso", NULL};
	program = getenv("RESPIN");
	if (argc < 2 || !program) {
		fprintf(stderr, "RESPIN=PROGRAM %s LIBRARY\n", argv[0]);
		return 2;
	}
	preload = argv[1];
	if (!mkdtemp(where) || chdir(where))
		return 1;
	sweep_begin("program", 10);
	if (run(reference, 0, false).status != 1 || load_image(whole) != sizeof whole ||
	    rename("disc.iso.map", "ref.map"))
		sweep_stuck("no reference");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		unsigned long count = count_allocations(&commands[i]);
		for (unsigned long nth = 1; nth <= count; nth++)
			for (unsigned on = 0; on < 2; on++)
				if (sweep_case("program/%s/%lu/%s", commands[i].name, nth,
					       on ? "ever" : "once"))
					one(&commands[i], nth, on);
	}
	tidy();
	static const char *const rest[] = {"ref.map", "out", "err", "count"};
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		(void)unlink(rest[i]);
	(void)(chdir("/") || rmdir(where));
	return sweep_end();
}
