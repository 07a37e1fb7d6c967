/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of JSON, grouped by scenario and policy. */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *word(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));
	return text ? text : "";
}

static struct results_entry *entry_of(struct results *results, const char *scenario, const char *policy)
{
	for (size_t i = 0; i < results->count; i++)
		if (!strcmp(results->entries[i].scenario, scenario) &&
		    !strcmp(results->entries[i].policy, policy))
			return &results->entries[i];
	void *more = realloc(results->entries, (results->count + 1) * sizeof *results->entries);
	if (!more)
		return NULL;
	results->entries = more;
	struct results_entry *entry = &results->entries[results->count++];
	*entry = (struct results_entry){.scenario = scenario, .policy = policy};
	return entry;
}

static bool scenario_note(struct results *results, const char *scenario)
{
	for (size_t i = 0; i < results->scenario_count; i++)
		if (!strcmp(results->scenarios[i], scenario))
			return true;
	void *more = realloc(results->scenarios, (results->scenario_count + 1) * sizeof *results->scenarios);
	if (!more)
		return false;
	results->scenarios = more;
	results->scenarios[results->scenario_count++] = scenario;
	return true;
}

static bool take_line(struct results *results, json_t *line)
{
	if (json_array_append_new(results->all, line) < 0 || !scenario_note(results, word(line, "scenario")))
		return false;
	struct results_entry *entry = entry_of(results, word(line, "scenario"), word(line, "policy"));
	if (!entry || entry->count == RESULTS_SEEDS_MAX)
		return false;
	entry->lines[entry->count++] = line;
	return true;
}

bool results_load(struct results *results, const char *path)
{
	*results = (struct results){.all = json_array()};
	FILE *file = fopen(path, "r");
	if (!file) {
		perror(path);
		return false;
	}
	char *text = NULL;
	size_t size = 0, number = 0;
	bool good = true;
	while (good && getline(&text, &size, file) > 0) {
		json_error_t error;
		json_t *line = json_loads(text, 0, &error);
		number++;
		good = json_is_object(line) && take_line(results, line);
		if (!good)
			fprintf(stderr, "%s:%zu: not a line of results\n", path, number);
	}
	free(text);
	fclose(file);
	return good;
}

void results_finish(struct results *results)
{
	json_decref(results->all);
	free(results->entries);
	free(results->scenarios);
	*results = (struct results){0};
}

const struct results_entry *results_find(const struct results *results, const char *scenario,
					 const char *policy)
{
	for (size_t i = 0; i < results->count; i++)
		if (!strcmp(results->entries[i].scenario, scenario) &&
		    !strcmp(results->entries[i].policy, policy))
			return &results->entries[i];
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

struct results_figure results_figure(const struct results_entry *entry, const char *field)
{
	double values[RESULTS_SEEDS_MAX];
	unsigned count = 0;
	for (unsigned i = 0; entry && i < entry->count; i++) {
		const json_t *value = json_object_get(entry->lines[i], field);
		if (!value)
			continue;
		values[count++] = json_is_number(value) ? json_number_value(value) : HUGE_VAL;
	}
	if (!count)
		return (struct results_figure){0};
	qsort(values, count, sizeof *values, by_size);
	return (struct results_figure){values[(count - 1) / 2], values[count - 1], true};
}
