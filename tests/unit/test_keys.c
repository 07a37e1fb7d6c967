/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of keys: what each kind takes and refuses, and that the tables of the
 * simulator keep their own rules. What a key does is for other tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "garbage.h"
#include "sim/scenario_parts.h"

struct all {
	uint64_t count, hex, time, word;
	double real;
	struct key_span span;
	struct key_steps steps;
	struct ranges list;
	char *text;
};

#define FIELD(field) .offset = offsetof(struct all, field)
static const struct key all_keys[] = {
	{.name = "count",
	 .kind = KEY_COUNT,
	 FIELD(count),
	 .min = 2,
	 .max = 1e6,
	 .fallback = "dvd",
	 .words = "cd=0x8 dvd=16 none=0"},
	{.name = "hex", .kind = KEY_HEX, FIELD(hex), .max = 0xfffff, .fallback = "31100"},
	{.name = "time",
	 .kind = KEY_TIME,
	 FIELD(time),
	 .max = 3600e9,
	 .fallback = "20",
	 .words = "never=0",
	 .unit_ns = 1e6},
	{.name = "word", .kind = KEY_WORD, FIELD(word), .fallback = "zero", .words = "honest zero chunk"},
	{.name = "real",
	 .kind = KEY_REAL,
	 FIELD(real),
	 .min = -1,
	 .max = 1,
	 .fallback = "-0.25",
	 .words = "drawn=-9"},
	{.name = "span", .kind = KEY_SPAN, FIELD(span), .max = 60, .fallback = "24..58.5"},
	{.name = "steps", .kind = KEY_STEPS, FIELD(steps), .min = 1, .max = 60, .fallback = "2,4,6"},
	{.name = "list", .kind = KEY_LIST, FIELD(list), .max = 1e6},
	{.name = "text", .kind = KEY_TEXT, FIELD(text)},
};
static const struct key_table all = {"all", all_keys, sizeof all_keys / sizeof *all_keys};

static void defaults(void **state)
{
	(void)state;
	struct all a;
	memset(&a, 0xa5, sizeof a); /* whatever stood there is no value */
	keys_defaults(&all, &a);
	assert_int_equal(a.count, 16);
	assert_int_equal(a.hex, 0x31100);
	assert_int_equal(a.time, 20000000);
	assert_int_equal(a.word, 1);
	assert_true(a.real == -0.25);
	assert_true(a.span.from == 24 && a.span.to == 58.5);
	assert_true(a.steps.count == 3 && a.steps.at[2] == 6);
	assert_int_equal(a.list.count, 0);
	assert_null(a.text);
	keys_finish(&all, &a);
}

static void takes(void **state)
{
	(void)state;
	static const struct {
		const char *key, *value;
		double number; /* as the field then reads */
	} rows[] = {
		{"count", "2", 2},         {"count", "0x10", 16},
		{"count", "cd", 8},        {"count", "none", 0},
		{"count", "1000000", 1e6}, {"hex", "FFfff", 0xfffff},
		{"hex", "0", 0},           {"time", "250us", 250e3},
		{"time", "1.5s", 1.5e9},   {"time", "0.5ns", 1},
		{"time", "3min", 180e9},   {"time", "1h", 3600e9},
		{"time", "7", 7e6},        {"time", "never", 0},
		{"word", "honest", 0},     {"word", "chunk", 2},
		{"real", "1", 1},          {"real", "-1", -1},
		{"real", "1e-4", 1e-4},    {"real", ".5", 0.5},
		{"real", "5e-1", 0.5},     {"real", "0.1", 0.1},
		{"real", "drawn", -9},     {"real", "0.123456789012345", 0.123456789012345},
		{"span", "3", 3},          {"span", "0.5..60", 0.5},
		{"span", "1e1..2e1", 10},  {"real", "0.000000001", 1e-9},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct all a;
		struct respin_error error = {0};
		keys_defaults(&all, &a);
		const struct key *key = keys_find(&all, rows[i].key);
		if (keys_set(key, &a, rows[i].value, &error) < 0)
			fail_msg("%s", error.text);
		const void *field = (char *)&a + key->offset;
		double got = key->kind == KEY_REAL || key->kind == KEY_SPAN
				     ? *(const double *)field
				     : (double)*(const uint64_t *)field;
		if (got != rows[i].number)
			fail_msg("%s=%s became %.17g", rows[i].key, rows[i].value, got);
		keys_finish(&all, &a);
	}
}

static const char *const wrong[][3] = {
	/* key, value, what the refusal speaks of */
	{"count", "1", "from 2 to 1000000, cd, dvd or none"},
	{"count", "1000001", "1000000"},
	{"count", "", "count="},
	{"count", "-3", "-3"},
	{"count", "+3", "+3"},
	{"count", " 3", "whole"},
	{"count", "3.5", "whole"},
	{"count", "0x", "0x"},
	{"count", "18446744073709551616", "whole"},
	{"count", "cd=8", "cd=8"},
	{"count", "vhs", "vhs"},
	{"hex", "0x12", "hex"},
	{"hex", "100000", "fffff"},
	{"time", "61min", "1 h"},
	{"time", "5 s", "time"},
	{"time", "5sec", "5sec"},
	{"time", "-1s", "from 0"},
	{"time", "s", "=s "},
	{"time", "nans", "nans"},
	{"word", "1", "honest, zero or chunk"},
	{"word", "", "honest"},
	{"word", "hon", "honest"},
	{"word", "honest zero", "honest"},
	{"real", "1.01", "from -1 to 1 or drawn"},
	{"real", "nan", "nan"},
	{"real", "inf", "inf"},
	{"real", "0x1p-2", "0x1p-2"},
	{"real", "0,5", "0,5"},
	{"real", "1e", "1e"},
	{"real", ".", "real="},
	{"real", "-", "real="},
	{"real", "1.2.3", "1.2.3"},
	{"real", "0.1234567890123456", "real="}, /* more digits than a double keeps */
	{"real", "1e-999999999999", "real="},
	{"span", "5..4", "FROM..TO"},
	{"span", "1..61", "60"},
	{"span", "..4", "..4"},
	{"span", "1..", "1.."},
	{"span", "1...2", "1...2"},
	{"span", "1-2", "1-2"},
	{"steps", "2,2", "rising"},
	{"steps", "4,2", "rising"},
	{"steps", "", "rising"},
	{"steps", "2,", "2,"},
	{"steps", "1,2,3,4,5,6,7,8,9", "rising"},
	{"list", "", "sectors"},
	{"list", "5-4", "5-4"},
	{"list", "1,,2", "1,,2"},
	{"list", "1000001", "sectors"},
	{"list", "none,1", "none"},
	{"text", "", "text"},
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct all a, before;
		struct respin_error error = {0};
		keys_defaults(&all, &a);
		before = a;
		assert_int_equal(keys_set(keys_find(&all, wrong[i][0]), &a, wrong[i][1], &error),
				 RESPIN_E_INVALID);
		if (!strstr(error.text, wrong[i][2]))
			fail_msg("%s=%s: '%s' does not speak of '%s'", wrong[i][0], wrong[i][1], error.text,
				 wrong[i][2]);
		assert_memory_equal(&a, &before, sizeof a); /* the old value stays */
		keys_finish(&all, &a);
	}
	assert_null(keys_find(&all, "colour"));
	assert_null(keys_find(&all, ""));
}

static void owned(void **state)
{
	(void)state;
	struct all a;
	keys_defaults(&all, &a);
	const struct key *text = keys_find(&all, "text"), *list = keys_find(&all, "list");
	assert_int_equal(keys_set(text, &a, "one", NULL), 0);
	assert_int_equal(keys_set(text, &a, "two", NULL), 0); /* the first is freed: ASan looks */
	assert_string_equal(a.text, "two");
	assert_int_equal(keys_set(list, &a, "1-5", NULL), 0);
	assert_int_equal(keys_set(list, &a, "7", NULL), 0);
	assert_int_equal(a.list.sectors, 1);
	assert_int_equal(keys_set(list, &a, "none", NULL), 0);
	assert_int_equal(a.list.sectors, 0);
	assert_int_equal(keys_set(list, &a, "9", NULL), 0);
	keys_finish(&all, &a);
	keys_finish(&all, &a); /* nothing is left to free */
}

/* ---- the tables of the simulator ---- */

static bool numeric(const struct key *key)
{
	return key->kind != KEY_WORD && key->kind != KEY_LIST && key->kind != KEY_TEXT;
}

static void check_key(const struct key_table *table, const struct key *key)
{
	char allowed[256];
	keys_allowed(key, allowed, sizeof allowed);
	if (!key->meaning || strlen(key->meaning) < 4 || strchr(key->meaning, '\n'))
		fail_msg("%s %s: says nothing, or more than a line", table->name, key->name);
	if (strspn(key->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(key->name))
		fail_msg("%s %s: no name for a key", table->name, key->name);
	if (numeric(key) && !(key->max > key->min))
		fail_msg("%s %s: no range", table->name, key->name);
	if (key->kind == KEY_TIME && !(key->unit_ns > 0))
		fail_msg("%s %s: a bare number counts nothing", table->name, key->name);
	if (key->kind == KEY_WORD && (!key->words || strchr(key->words, '=') || !strchr(key->words, ' ')))
		fail_msg("%s %s: no words to choose from", table->name, key->name);
	if (key->kind == KEY_WORD && !key->fallback)
		fail_msg("%s %s: a word without a default", table->name, key->name);
	if (strlen(allowed) > 200)
		fail_msg("%s %s: a refusal would be cut off", table->name, key->name);
	for (size_t i = 0; i < table->count; i++)
		if (&table->keys[i] != key && !strcmp(table->keys[i].name, key->name))
			fail_msg("%s %s: stands there twice", table->name, key->name);
		else if (&table->keys[i] != key && table->keys[i].offset == key->offset)
			fail_msg("%s: %s and %s share a field", table->name, key->name, table->keys[i].name);
}

static void check_table(const struct key_table *table, size_t size)
{
	void *into = calloc(1, size);
	assert_non_null(into);
	assert_true(table->name && table->count <= 160);
	for (size_t i = 0; i < table->count; i++) {
		check_key(table, &table->keys[i]);
		assert_true(table->keys[i].offset < size);
	}
	keys_defaults(table, into); /* asserts that each default parses */
	keys_finish(table, into);
	free(into);
}

static void tables(void **state)
{
	(void)state;
	check_table(&scenario_keys, sizeof(struct scenario));
	check_table(&disc_keys, sizeof(struct disc_params));
	check_table(&drive_keys, sizeof(struct drive_params));
	for (unsigned i = 0; i < SHAPE_KINDS; i++) {
		check_table(&shape_keys[i], sizeof(struct shape));
		assert_string_equal(shape_keys[i].name, shape_names[i]);
	}
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		check_table(&fault_keys[i], sizeof(struct fault));
		assert_string_equal(fault_keys[i].name, fault_names[i]);
		assert_non_null(keys_find(&fault_keys[i], "at"));
	}
}

/* An address names keys of three tables without saying which: no name may stand in two. */
static void names_are_apart(void **state)
{
	(void)state;
	const struct key_table *const three[] = {&scenario_keys, &disc_keys, &drive_keys};
	for (size_t a = 0; a < 3; a++)
		for (size_t i = 0; i < three[a]->count; i++) {
			const char *name = three[a]->keys[i].name;
			assert_string_not_equal(name, "drive");
			assert_string_not_equal(name, "disc");
			for (size_t b = a + 1; b < 3; b++)
				if (keys_find(three[b], name))
					fail_msg("'%s' is a key of %s and of %s", name, three[a]->name,
						 three[b]->name);
		}
}

static void presets(void **state)
{
	(void)state;
	assert_true(drive_preset_count >= 4);
	for (size_t i = 0; i < drive_preset_count; i++) {
		struct drive_params params = {0};
		struct respin_error error = {0};
		if (drive_params_preset(&params, drive_presets[i].name, &error) < 0)
			fail_msg("%s", error.text);
		assert_true(strlen(drive_presets[i].title) > 8);
		keys_finish(&drive_keys, &params);
	}
	struct drive_params params = {0};
	struct respin_error error = {0};
	assert_int_equal(drive_params_preset(&params, "gramophone", &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, drive_presets[0].name));
}

static void garbage(void **state)
{
	(void)state;
	static const char letters[] = "0123456789..,,--e+xnsmuhin ab=";
	struct rng rng = garbage_rng();
	struct all a;
	keys_defaults(&all, &a);
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		char value[24] = "";
		size_t len = (size_t)rng_below(&rng, sizeof value);
		for (size_t n = 0; n < len; n++)
			value[n] = letters[rng_below(&rng, sizeof letters - 1)];
		struct respin_error error = {0};
		const struct key *key = &all_keys[rng_below(&rng, all.count)];
		int code = keys_set(key, &a, value, &error);
		assert_true(code == 0 || (code == RESPIN_E_INVALID && strstr(error.text, key->name)));
		if (key->kind == KEY_REAL && code == 0)
			assert_true((a.real >= -1 && a.real <= 1) || a.real == -9);
		if (key->kind == KEY_SPAN && code == 0)
			assert_true(a.span.from >= 0 && a.span.from <= a.span.to && a.span.to <= 60);
	}
	keys_finish(&all, &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults), cmocka_unit_test(takes),   cmocka_unit_test(refuses),
		cmocka_unit_test(owned),    cmocka_unit_test(tables),  cmocka_unit_test(names_are_apart),
		cmocka_unit_test(presets),  cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
