/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fields NAME... <LINES: every line must be one JSON object that has these fields; prints their values, one line each,
 * apart by blanks; null as "null". Ends with 1, after a word, where a line is none or lacks one.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_field(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_string(value))
		return printf("%s", json_string_value(value)) < 0;
	if (json_is_null(value))
		return printf("null") < 0;
	if (json_is_integer(value))
		return printf("%lld", (long long)json_integer_value(value)) < 0;
	if (json_is_real(value))
		return printf("%.9f", json_real_value(value)) < 0;
	(void)fprintf(stderr, "no such field, or neither text nor number: %s\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	static char line[1 << 16];
	int bad = 0;
	while (!bad && fgets(line, sizeof line, stdin)) {
		json_error_t error;
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		if (!json_is_object(object) || !strchr(line, '\n')) {
			(void)fprintf(stderr, "no line of JSON: %s: %s\n", error.text, line);
			bad = 1;
		}
		for (int i = 1; i < argc && !bad; i++) {
			bad = print_field(object, argv[i]);
			(void)putchar(i + 1 < argc ? ' ' : '\n');
		}
		json_decref(object);
	}
	return bad;
}
