/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A target without a fuzzer: every file and every folder that is named is given
 * to it, once each. Says how many there were; a folder may be empty or absent,
 * all of them together may not. It mutates nothing and measures nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)
#define HANG_S 10 /* ten times what the fuzzer allows: this may be a busy machine under valgrind */

static char at_work[4096]; /* for who reads the core, or the line that is printed at the end */
static unsigned long inputs;

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(1);
	}
	static uint8_t room[INPUT_MAX];
	size_t len = fread(room, 1, sizeof room, file);
	(void)fclose(file);
	/* Exactly as long as the input: what reads beyond it is seen. */
	uint8_t *input = malloc(len ? len : 1);
	if (!input)
		exit(1);
	memcpy(input, room, len);
	(void)snprintf(at_work, sizeof at_work, "%s", path);
	(void)alarm(HANG_S);
	(void)LLVMFuzzerTestOneInput(input, len);
	(void)alarm(0);
	free(input);
	inputs++;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_input, by_name);
	for (int i = 0; i < count; i++) {
		char name[4096];
		(void)snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
		run_file(name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* Also after abort(): the sanitizers call no atexit(). */
static void tell(void)
{
	if (*at_work)
		(void)fprintf(stderr, "REPLAY: %s %s\n", program_invocation_name, at_work);
}

static void died(int number)
{
	tell();
	signal(number, SIG_DFL);
	raise(number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

int main(int argc, char **argv)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell);
	else
		signal(SIGABRT, died);
	signal(SIGALRM, died);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	printf("%lu inputs\n", inputs);
	return inputs ? 0 : 1;
}
