/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A judge of --events: "whole EVENTS RANGES" prints the milliseconds of the
 * drive's time after which all sectors of the list (lines "start count") were
 * read; "outside EVENTS RANGES" prints how many sectors were asked for that are
 * not in it. It judges what was told, and reads no image.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define SECTORS_MAX (1u << 22)

static bool listed[SECTORS_MAX];

static uint64_t load(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t start, count, all = 0;
	if (!file) {
		perror(path);
		exit(2);
	}
	while (fscanf(file, "%" SCNu64 " %" SCNu64, &start, &count) == 2)
		for (uint64_t i = start; i < start + count && i < SECTORS_MAX; i++) {
			all += !listed[i];
			listed[i] = true;
		}
	(void)fclose(file);
	return all;
}

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));
	return value && strcmp(value, text) == 0;
}

/* Counts the listed sectors of a range, and strikes them off if they are to be. */
static uint64_t meet(const json_t *range, bool strike)
{
	uint64_t start = number(range, "start"), met = 0;
	for (uint64_t i = start; i < start + number(range, "count") && i < SECTORS_MAX; i++) {
		met += listed[i];
		listed[i] = listed[i] && !strike;
	}
	return met;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0, n;
	json_t *event, *span;
	if (argc != 4)
		return 2;
	uint64_t left = load(argv[3]), outside = 0;
	FILE *events = fopen(argv[2], "re");
	if (!events) {
		perror(argv[2]);
		return 2;
	}
	bool whole = strcmp(argv[1], "whole") == 0;
	while (getline(&line, &cap, events) > 0 && (event = json_loads(line, 0, NULL))) {
		if (is(event, "event", "request"))
			outside += number(event, "count") - meet(event, false);
		if (is(event, "event", "outcome")) {
			json_array_foreach(json_object_get(event, "spans"), n,
					   span) if (whole && left && is(span, "status", "+") &&
						     (left -= meet(span, true)) == 0)(void)
				printf("%" PRIu64 "\n", number(event, "now_ns") / 1000000);
		}
		json_decref(event);
	}
	free(line);
	(void)fclose(events);
	if (!whole)
		(void)printf("%" PRIu64 "\n", outside);
	else if (left)
		(void)fprintf(stderr, "%" PRIu64 " sectors were never read\n", left);
	return whole && left;
}
