/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the lines of --events from standard input and holds them against docs/events.md: every line an object of
 * the schema with exactly its fields, every request answered once, spans that tile what was asked for, figures
 * that add up, one end. Prints what it saw; the first line that is wrong ends it.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long line_number;

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void wrong(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)printf("line %llu: ", line_number);
	(void)vprintf(format, args);
	(void)putchar('\n');
	va_end(args);
	exit(1);
}

struct field {
	const char *name, *types; /* i integer, s string, b boolean, a array, o object, n null */
};

static const struct field common[] = {{"schema", "s"}, {"event", "s"}, {"now_ns", "i"}, {"phase", "s"}, {0}};
static const struct field request[] = {
	{"seq", "i"},    {"lane", "i"},      {"start", "i"},      {"count", "i"}, {"status", "s"},
	{"failed", "s"}, {"ecc_block", "i"}, {"timeout_ms", "i"}, {"flags", "a"}, {0},
};
static const struct field reply[] = {
	{"reason", "s"},         {"elapsed_ns", "i"},
	{"scsi_status", "i"},    {"host_status", "i"},
	{"errno", "i"},          {"sense", "no"},
	{"asked_bytes", "i"},    {"residual_bytes", "i"},
	{"filled_bytes", "i"},   {"resid_trusted", "b"},
	{"poison_trusted", "b"}, {"agrees", "b"},
	{"spans", "a"},          {0},
};
static const struct field stats[] = {
	{"total", "i"},
	{"finished", "i"},
	{"non_tried", "i"},
	{"retryable", "i"},
	{"bad", "i"},
	{"bad_areas", "i"},
	{0},
};
static const struct field end[] = {{"code", "i"}, {"history", "s"}, {0}};
static const struct field span[] = {{"start", "i"},  {"count", "i"},  {"kind", "s"},
				    {"status", "s"}, {"reason", "s"}, {0}};
static const struct field sense[] = {{"key", "i"},      {"asc", "i"},       {"ascq", "i"},
				     {"deferred", "b"}, {"info_lba", "in"}, {0}};

static char type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_INTEGER:
		return 'i';
	case JSON_STRING:
		return 's';
	case JSON_ARRAY:
		return 'a';
	case JSON_OBJECT:
		return 'o';
	case JSON_NULL:
		return 'n';
	case JSON_TRUE:
	case JSON_FALSE:
		return 'b';
	default:
		return '?';
	}
}

/* Takes the fields of a list off the object; what is left at the end was never described. */
static size_t check(const json_t *object, const struct field *fields)
{
	size_t count = 0;
	for (; fields->name; fields++, count++) {
		const json_t *value = json_object_get(object, fields->name);
		if (!value)
			wrong("no field %s", fields->name);
		if (!strchr(fields->types, type_of(value)))
			wrong("%s is of type %c", fields->name, type_of(value));
	}
	return count;
}

static void check_all(const json_t *object, const struct field *const *lists)
{
	size_t count = 0;
	for (; *lists; lists++)
		count += check(object, *lists);
	if (json_object_size(object) != count)
		wrong("%zu fields, %zu are described", json_object_size(object), count);
}

static json_int_t integer(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void check_spans(const json_t *line)
{
	json_int_t at = integer(line, "start"), past = at + integer(line, "count");
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(line, "spans"), i, one)
	{
		check_all(one, (const struct field *const[]){span, NULL});
		if (integer(one, "start") != at || integer(one, "count") <= 0)
			wrong("the spans do not tile the request");
		at += integer(one, "count");
	}
	if (at != past)
		wrong("the spans end at %lld, the request at %lld", (long long)at, (long long)past);
}

static void check_stats(const json_t *line)
{
	json_int_t sum = integer(line, "finished") + integer(line, "non_tried") + integer(line, "retryable") +
			 integer(line, "bad");
	if (sum != integer(line, "total"))
		wrong("the figures do not add up: %lld of %lld", (long long)sum,
		      (long long)integer(line, "total"));
}

struct seen {
	unsigned long long requests, samples, outcomes, phases, commits, ends;
	json_int_t open; /* the request without an answer, or -1: one lane asks one thing at a time */
};

static void take(struct seen *seen, const json_t *line)
{
	const char *event = json_string_value(json_object_get(line, "event"));
	if (!event || strcmp(json_string_value(json_object_get(line, "schema")), "respin-events-1") != 0)
		wrong("not of this schema");
	if (seen->ends)
		wrong("something after the end");
	bool sample = strcmp(event, "sample") == 0;
	if (sample || strcmp(event, "request") == 0) {
		check_all(line, (const struct field *const[]){common, request, NULL});
		if (seen->open >= 0)
			wrong("a second command in flight");
		seen->open = integer(line, "seq");
		*(sample ? &seen->samples : &seen->requests) += 1;
	} else if (strcmp(event, "outcome") == 0) {
		check_all(line, (const struct field *const[]){common, request, reply, NULL});
		if (json_is_object(json_object_get(line, "sense")))
			check_all(json_object_get(line, "sense"), (const struct field *const[]){sense, NULL});
		if (seen->open != integer(line, "seq"))
			wrong("an answer to what was not asked");
		check_spans(line);
		seen->open = -1;
		seen->outcomes++;
	} else if (strcmp(event, "phase") == 0) {
		check_all(line, (const struct field *const[]){common, NULL});
		seen->phases++;
	} else if (strcmp(event, "commit") == 0) {
		check_all(line, (const struct field *const[]){common, stats, NULL});
		check_stats(line);
		seen->commits++;
	} else if (strcmp(event, "end") == 0) {
		check_all(line, (const struct field *const[]){common, stats, end, NULL});
		check_stats(line);
		seen->ends++;
	} else {
		wrong("an unknown event: %s", event);
	}
}

int main(void)
{
	struct seen seen = {.open = -1};
	char *text = NULL;
	size_t cap = 0;
	for (ssize_t len; (len = getline(&text, &cap, stdin)) > 0;) {
		line_number++;
		json_error_t error;
		json_t *line = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, &error);
		if (!json_is_object(line) || text[len - 1] != '\n')
			wrong("not a line of JSON: %s", error.text);
		take(&seen, line);
		json_decref(line);
	}
	free(text);
	if (seen.ends != 1)
		wrong("no end");
	if (seen.open >= 0)
		wrong("a request was never answered");
	(void)printf("requests %llu samples %llu outcomes %llu phases %llu commits %llu\n", seen.requests,
		     seen.samples, seen.outcomes, seen.phases, seen.commits);
	return 0;
}
