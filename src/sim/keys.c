/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values of keys.h: their parsing, their ranges, and what a refusal says.
 * Numbers are read here and not by strtod, whose point depends on the locale.
 */
#include "sim/keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/ranges.h"

#define DIGITS_MAX 15u /* an integer of 15 digits is exact in a double, ... */
#define POWER_MAX 22   /* ... and so is 10^22: their quotient is rounded once, the same everywhere */
#define WORD_MAX 32u   /* no word or unit is longer */
#define ECHO_MAX 60    /* of a wrong value that a refusal repeats */

static double power_of_ten(int exponent)
{
	double power = 1;
	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* "e-4" and the like; *text stays before what is none, so that "2h" and "3e" find their units. */
static bool exponent_take(const char **text, int *exponent)
{
	const char *at = *text;
	if (*at != 'e' && *at != 'E')
		return true;
	at++;
	bool negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (*at < '0' || *at > '9')
		return true;
	int value = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if ((value = value * 10 + (*at - '0')) > 1000)
			return false;
	*exponent += negative ? -value : value;
	*text = at;
	return true;
}

/* A decimal number off the front of *text. */
static bool real_take(const char **text, double *value)
{
	const char *at = *text;
	bool negative = *at == '-';
	at += negative;
	uint64_t mantissa = 0;
	unsigned digits = 0, seen = 0;
	int exponent = 0;
	bool point = false;
	for (;; at++) {
		/* ".." belongs to a span */
		if (*at == '.' && !point && at[1] != '.') {
			point = true;
			continue;
		}
		if (*at < '0' || *at > '9')
			break;
		seen++;
		mantissa = mantissa * 10 + (uint64_t)(*at - '0');
		digits += mantissa > 0;
		exponent -= point;
		if (digits > DIGITS_MAX)
			return false;
	}
	if (!seen || !exponent_take(&at, &exponent) || exponent > POWER_MAX || exponent < -POWER_MAX)
		return false;
	double number = (double)mantissa;
	number = exponent < 0 ? number / power_of_ten(-exponent) : number * power_of_ten(exponent);
	*value = negative ? -number : number;
	*text = at;
	return true;
}

static bool real_parse(const char *text, double *value)
{
	return real_take(&text, value) && !*text;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool count_parse(const char *text, unsigned base, uint64_t *value)
{
	if (base == 10 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	uint64_t n = 0;
	for (; *text; text++) {
		unsigned d = (unsigned)digit(*text);
		if (d >= base || n > (UINT64_MAX - d) / base)
			return false;
		n = n * base + d;
	}
	*value = n;
	return true;
}

/* The number that `name` stands for in "none=0 cd=0x8"; false: no such name. */
static bool name_value(const char *words, const char *name, double *real, uint64_t *count)
{
	size_t len = strlen(name);
	for (; len && words && *words; words += strspn(words, " ")) {
		size_t word = strcspn(words, " "), left = strcspn(words, "= ");
		const char *value = words + left + 1;
		words += word;
		if (left != len || left == word || memcmp(value - left - 1, name, len) != 0)
			continue;
		char text[WORD_MAX];
		size_t n = strcspn(value, " ");
		assert(n && n < sizeof text);
		memcpy(text, value, n);
		text[n] = 0;
		bool ok = count ? count_parse(text, 10, count) : real_parse(text, real);
		assert(ok); /* the table's own mistake */
		return true;
	}
	return false;
}

static bool count_set(const struct key *key, uint64_t *field, const char *text)
{
	uint64_t value;
	if (name_value(key->words, text, NULL, &value)) {
		*field = value;
		return true;
	}
	if (!count_parse(text, key->kind == KEY_HEX ? 16 : 10, &value) || (double)value < key->min ||
	    (double)value > key->max)
		return false;
	*field = value;
	return true;
}

static bool real_in(const struct key *key, double value)
{
	return value >= key->min && value <= key->max;
}

static bool real_set(const struct key *key, double *field, const char *text)
{
	double value;
	if (!name_value(key->words, text, &value, NULL) &&
	    (!real_parse(text, &value) || !real_in(key, value)))
		return false;
	*field = value;
	return true;
}

static const struct {
	const char *name;
	double ns;
} units[] = {
	{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};
#define UNITS (sizeof units / sizeof *units)

static bool time_set(const struct key *key, uint64_t *field, const char *text)
{
	double value, unit = key->unit_ns;
	if (name_value(key->words, text, NULL, field))
		return true;
	if (!real_take(&text, &value))
		return false;
	if (*text) {
		size_t i = 0;
		while (i < UNITS && strcmp(units[i].name, text) != 0)
			i++;
		if (i == UNITS)
			return false;
		unit = units[i].ns;
	}
	value *= unit;
	/* Beyond 2^63 ns, 292 years, there is no clock. */
	if (!real_in(key, value) || value < 0 || value >= 9.2e18)
		return false;
	*field = (uint64_t)(value + 0.5);
	return true;
}

static bool word_set(const struct key *key, uint64_t *field, const char *text)
{
	size_t len = strlen(text);
	uint64_t place = 0;
	for (const char *words = key->words; len && *words; place++) {
		size_t n = strcspn(words, " ");
		if (n == len && !memcmp(words, text, n)) {
			*field = place;
			return true;
		}
		words += n + strspn(words + n, " ");
	}
	return false;
}

static bool span_set(const struct key *key, struct key_span *field, const char *text)
{
	struct key_span span;
	if (!real_take(&text, &span.from))
		return false;
	span.to = span.from;
	if (*text && (strncmp(text, "..", 2) != 0 || !real_parse(text + 2, &span.to)))
		return false;
	if (!real_in(key, span.from) || !real_in(key, span.to) || span.from > span.to)
		return false;
	*field = span;
	return true;
}

static bool steps_set(const struct key *key, struct key_steps *field, const char *text)
{
	struct key_steps steps = {0};
	for (;;) {
		double value;
		if (steps.count == KEY_STEPS_MAX || !real_take(&text, &value) || !real_in(key, value) ||
		    (steps.count && value <= steps.at[steps.count - 1]))
			return false;
		steps.at[steps.count++] = value;
		if (!*text)
			break;
		if (*text++ != ',')
			return false;
	}
	*field = steps;
	return true;
}

static int list_set(const struct key *key, struct ranges *field, const char *text)
{
	struct ranges list = {0};
	int code = strcmp(text, "none") != 0 ? ranges_read(&list, text) : 0;
	if (code == 0 && list.count && key->max > 0 && (double)list.items[list.count - 1].last > key->max)
		code = RESPIN_E_INVALID;
	ranges_finish(code == 0 ? field : &list);
	if (code == 0)
		*field = list;
	return code;
}

static int text_set(char **field, const char *text)
{
	char *copy = *text ? strdup(text) : NULL;
	if (!copy)
		return *text ? RESPIN_E_NOMEM : RESPIN_E_INVALID;
	free(*field);
	*field = copy;
	return 0;
}

static int value_set(const struct key *key, void *into, const char *text)
{
	void *field = (char *)into + key->offset;
	bool set = false;
	switch (key->kind) {
	case KEY_COUNT:
	case KEY_HEX:
		set = count_set(key, field, text);
		break;
	case KEY_REAL:
		set = real_set(key, field, text);
		break;
	case KEY_TIME:
		set = time_set(key, field, text);
		break;
	case KEY_WORD:
		set = word_set(key, field, text);
		break;
	case KEY_SPAN:
		set = span_set(key, field, text);
		break;
	case KEY_STEPS:
		set = steps_set(key, field, text);
		break;
	case KEY_LIST:
		return list_set(key, field, text);
	case KEY_TEXT:
		return text_set(field, text);
	}
	return set ? 0 : RESPIN_E_INVALID;
}

static void time_write(double ns, char *text, size_t size)
{
	size_t i = 0;
	while (i + 1 < UNITS && ns >= units[i + 1].ns)
		i++;
	(void)snprintf(text, size, "%.6g %s", ns / units[i].ns, units[i].name);
}

static void number_write(const struct key *key, double number, char *text, size_t size)
{
	if (key->kind == KEY_TIME && number > 0)
		time_write(number, text, size);
	else if (key->kind == KEY_HEX)
		(void)snprintf(text, size, "%llx", (unsigned long long)number);
	else
		(void)snprintf(text, size, "%.15g", number);
}

static void bounds_write(const struct key *key, const char *what, char *text, size_t size)
{
	char low[WORD_MAX], high[WORD_MAX];
	number_write(key, key->min, low, sizeof low);
	number_write(key, key->max, high, sizeof high);
	(void)snprintf(text, size, "%s from %s to %s", what, low, high);
}

/* ", or cd, dvd, bd" behind the numbers; "honest, chunk or zero" alone. */
static void words_write(const struct key *key, char *text, size_t size)
{
	size_t len = strlen(text);
	const char *words = key->words ? key->words : "";
	bool first = true;
	while (*words && len < size) {
		size_t n = strcspn(words, "= ");
		size_t whole = strcspn(words, " ");
		const char *next = words + whole + strspn(words + whole, " ");
		const char *glue = !first ? (*next ? ", " : " or ") : len ? (*next ? ", " : " or ") : "";
		int wrote = snprintf(text + len, size - len, "%s%.*s", glue, (int)n, words);
		len += wrote > 0 ? (size_t)wrote : 0;
		first = false;
		words = next;
	}
}

void keys_allowed(const struct key *key, char *text, size_t size)
{
	static const char *const what[] = {
		[KEY_COUNT] = "a whole number",   [KEY_HEX] = "a number in hex",
		[KEY_REAL] = "a number",          [KEY_TIME] = "a time",
		[KEY_SPAN] = "FROM..TO, numbers", [KEY_STEPS] = "rising numbers with commas,",
	};
	*text = 0;
	switch (key->kind) {
	case KEY_WORD:
		break;
	case KEY_LIST:
		(void)snprintf(text, size, "sectors as 100,200-215 or none");
		return;
	case KEY_TEXT:
		(void)snprintf(text, size, "a text");
		return;
	default:
		bounds_write(key, what[key->kind], text, size);
		break;
	}
	if (key->kind != KEY_SPAN && key->kind != KEY_STEPS)
		words_write(key, text, size);
}

int keys_set(const struct key *key, void *into, const char *value, struct respin_error *error)
{
	int code = value_set(key, into, value);
	if (code == 0)
		return 0;
	if (code == RESPIN_E_NOMEM)
		return error_set(error, code, 0, "no memory for %s=", key->name);
	char allowed[256];
	keys_allowed(key, allowed, sizeof allowed);
	return error_set(error, RESPIN_E_INVALID, 0, "%s=%.*s%s makes no sense; it takes %s", key->name,
			 ECHO_MAX, value, strlen(value) > ECHO_MAX ? "..." : "", allowed);
}

const struct key *keys_find(const struct key_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->keys[i].name[0] == *name && !strcmp(table->keys[i].name, name))
			return &table->keys[i];
	return NULL;
}

static size_t field_size(enum key_kind kind)
{
	switch (kind) {
	case KEY_REAL:
		return sizeof(double);
	case KEY_SPAN:
		return sizeof(struct key_span);
	case KEY_LIST:
		return sizeof(struct ranges);
	case KEY_STEPS:
		return sizeof(struct key_steps);
	case KEY_TEXT:
		return sizeof(char *);
	default:
		return sizeof(uint64_t);
	}
}

bool keys_defaults(const struct key_table *table, void *into)
{
	bool memory = true;
	for (size_t i = 0; i < table->count; i++) {
		const struct key *key = &table->keys[i];
		memset((char *)into + key->offset, 0, field_size(key->kind));
		if (!key->fallback)
			continue;
		int code = value_set(key, into, key->fallback);
		assert(code == 0 || code == RESPIN_E_NOMEM);
		memory = memory && code == 0;
	}
	return memory;
}

void keys_finish(const struct key_table *table, void *into)
{
	for (size_t i = 0; i < table->count; i++) {
		void *field = (char *)into + table->keys[i].offset;
		if (table->keys[i].kind == KEY_LIST)
			ranges_finish(field);
		if (table->keys[i].kind != KEY_TEXT)
			continue;
		free(*(char **)field);
		*(char **)field = NULL;
	}
}
