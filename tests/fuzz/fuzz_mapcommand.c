/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "respin map" as a whole: its options, the maps it is given, the blocks it is
 * told on standard input, and what it prints. The words of the command line
 * come first, one a line, up to an empty line; then the maps, which end at a
 * line "==". No file is touched: maps are loaded from the input, and of the
 * system's calls those that change something are replaced here.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>

#include <respin/map.h>

#include "../../cli/commands.h"
#include "core/mapfile.h"
#include "sink.h"

#define WORDS_MAX 16
#define TEXT_MAX 4096u
#define OUTPUT_MAX (256u << 10)

int __wrap_respin_map_load(const char *path, const struct respin_map_options *options,
			   struct respin_map **map, struct respin_error *error);
int __wrap_unlink(const char *path);
FILE *__wrap_fopen(const char *path, const char *mode);
int __real_unlink(const char *path);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode); /* what fopen is called where files may be large */

static const char *maps;
static bool at_work; /* else it is the fuzzer that calls */

/* One map after the other, whatever their names; the last one again and again. */
int __wrap_respin_map_load(const char *path, const struct respin_map_options *options,
			   struct respin_map **map, struct respin_error *error)
{
	const char *end = strstr(maps, "\n==\n");
	size_t len = end ? (size_t)(end + 1 - maps) : strlen(maps);
	const char *text = maps;
	if (end)
		maps = end + 4;
	return mapfile_parse(text, len, path, options, map, NULL, error);
}

int __wrap_unlink(const char *path)
{
	if (!at_work)
		return __real_unlink(path);
	MUST(strcmp(path, "-") != 0);
	errno = *path & 1 ? EACCES : 0;
	return errno ? -1 : 0;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!at_work)
		return __real_fopen(path, mode);
	errno = EACCES;
	return NULL;
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	return __wrap_fopen(path, mode);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX + 1];
	char command[] = "map", *argv[WORDS_MAX + 2] = {command};
	int argc = 1;
	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	char *word = text, *next;
	for (; word && *word && *word != '\n' && argc <= WORDS_MAX; word = next) {
		next = strchr(word, '\n');
		if (next)
			*next++ = '\0';
		argv[argc++] = word;
	}
	maps = word && *word ? word + 1 : "";
	FILE *in = fmemopen((void *)(uintptr_t)(*maps ? maps : " "), *maps ? strlen(maps) : 1, "r"),
	     *true_in = stdin;
	MUST(in);
	stdin = in;
	sink_open(OUTPUT_MAX);
	at_work = true;
	int status = cmd_map(argc, argv);
	at_work = false;
	sink_close();
	stdin = true_in;
	(void)fclose(in);
	MUST(status >= 0 && status <= 2);
	return 0;
}
