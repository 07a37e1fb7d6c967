/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps texts and runs ddrescuelog -t over them, many at a time. */
#include "oracle.h"

#include <assert.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 100u /* arguments a call */
#define NOT_STARTED 127

struct oracle {
	char **texts;
	size_t *lens;
	size_t max, count;
	uint64_t offered;
};

struct oracle *oracle_create(size_t max)
{
	struct oracle *oracle = calloc(1, sizeof *oracle);
	assert(oracle);
	oracle->texts = calloc(max, sizeof *oracle->texts);
	oracle->lens = calloc(max, sizeof *oracle->lens);
	assert(oracle->texts && oracle->lens);
	oracle->max = max;
	return oracle;
}

void oracle_destroy(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++)
		free(oracle->texts[i]);
	free(oracle->texts);
	free(oracle->lens);
	free(oracle);
}

/* The first ones, and then one for each doubling of what was offered, in turn over the slots. */
void oracle_offer(void *arg, const char *text, size_t len)
{
	struct oracle *oracle = arg;
	size_t slot = oracle->count;
	oracle->offered++;
	if (slot == oracle->max) {
		uint64_t every = oracle->offered / oracle->max;
		if (oracle->offered % (every + 1))
			return;
		slot = (size_t)(oracle->offered / (every + 1) % oracle->max);
		free(oracle->texts[slot]);
	} else {
		oracle->count++;
	}
	oracle->texts[slot] = malloc(len + 1);
	assert(oracle->texts[slot]);
	memcpy(oracle->texts[slot], text, len);
	oracle->lens[slot] = len;
}

static void path_of(char path[64], const char *dir, size_t i)
{
	(void)snprintf(path, 64, "%s/%zu", dir, i);
}

static void write_text(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");
	assert(file && fwrite(text, 1, len, file) == len);
	(void)fclose(file);
}

/* Its exit status; -1: it cannot be started. Nobody needs its words. */
static int run(char *const arguments[])
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	int status;
	assert(!posix_spawn_file_actions_init(&actions));
	assert(!posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0));
	assert(!posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO));
	int rc = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (rc || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status) == NOT_STARTED ? -1 : WEXITSTATUS(status);
}

static int ask_batch(const struct oracle *oracle, const char *dir, size_t first, size_t past)
{
	static char paths[BATCH][64];
	char *arguments[BATCH + 3] = {"ddrescuelog", "-t"};
	for (size_t i = first; i < past; i++) {
		arguments[2 + i - first] = paths[i - first];
		path_of(paths[i - first], dir, i);
		write_text(paths[i - first], oracle->texts[i], oracle->lens[i]);
	}
	int status = run(arguments);
	for (size_t i = first; i < past; i++)
		(void)unlink(paths[i - first]);
	return status != 0;
}

int oracle_ask(struct oracle *oracle, size_t *asked)
{
	char dir[] = "/tmp/respin-crash-XXXXXX";
	int refused = 0;
	*asked = 0;
	if (run((char *[]){"ddrescuelog", "--version", NULL}) != 0)
		return -1;
	assert(mkdtemp(dir));
	for (size_t first = 0; first < oracle->count; first += BATCH) {
		size_t past = first + BATCH < oracle->count ? first + BATCH : oracle->count;
		*asked += past - first;
		if (!ask_batch(oracle, dir, first, past))
			continue;
		for (size_t i = first; i < past; i++) /* which of them? */
			if (ask_batch(oracle, dir, i, i + 1)) {
				refused++;
				printf("ddrescuelog does not accept:\n%.*s\n", (int)oracle->lens[i],
				       oracle->texts[i]);
			}
	}
	(void)rmdir(dir);
	return refused;
}
