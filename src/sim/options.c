/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser behind options.h: one table of keys. Opens nothing. */
#include "sim/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define SIZE_MAX_SECTORS (1ull << 31) /* READ(10) reaches 2^32; 4 TiB are more than any disc */
#define DEFAULT_SENSE 0x31100         /* 3/11/00, unrecovered read error */
#define NOT_GIVEN UINT64_MAX

enum option_kind { OPTION_NUMBER, OPTION_WORD, OPTION_RANGES, OPTION_TEXT };

struct option {
	const char *key;
	enum option_kind kind;
	size_t offset; /* in struct sim_options */
	uint64_t max;
	const char *words; /* "honest zero": their place is the value */
};

#define NUMBER(key, field, max)                                                                              \
	{                                                                                                    \
		key, OPTION_NUMBER, offsetof(struct sim_options, field), max, NULL                           \
	}
#define WORDS(key, field, words)                                                                             \
	{                                                                                                    \
		key, OPTION_WORD, offsetof(struct sim_options, field), 0, words                              \
	}
#define RANGES(key)                                                                                          \
	{                                                                                                    \
#key, OPTION_RANGES, offsetof(struct sim_options, key), 0, NULL                              \
	}

static const struct option table[] = {
	{"image", OPTION_TEXT, offsetof(struct sim_options, image), 0, NULL},
	RANGES(bad),
	RANGES(weak),
	RANGES(marginal),
	RANGES(blank),
	RANGES(hang),
	NUMBER("size", size, SIZE_MAX_SECTORS),
	NUMBER("every", every, SIZE_MAX_SECTORS),
	NUMBER("profile", profile, 0xffff),
	NUMBER("tries", tries, 255),
	NUMBER("sense", sense, 0xfffff),
	NUMBER("ecc", ecc, 1),
	NUMBER("partial", partial, 1),
	NUMBER("short", short_one_in, 1u << 30),
	NUMBER("latency_us", latency_us, 1ull << 40),
	NUMBER("block_us", block_us, 1ull << 40),
	NUMBER("fail_ms", fail_ms, 1ull << 30),
	NUMBER("ready_ms", ready_ms, 1ull << 30),
	NUMBER("type", type, 31),
	NUMBER("block_bytes", block_bytes, UINT32_MAX),
	NUMBER("last", last, UINT32_MAX),
	NUMBER("max_kb", max_kb, 1u << 20),
	NUMBER("pace", pace, 1ull << 40),
	NUMBER("seed", seed, INT64_MAX),
	WORDS("info", info, "honest zero chunk none"),
	WORDS("resid", resid, "honest zero"),
	WORDS("rest", rest, "poison zero stale"),
	WORDS("medium", medium, "yes none open"),
	WORDS("format", format, "fixed descriptor"),
};
#define OPTIONS (sizeof table / sizeof *table)

static bool number_parse(const char *text, int base, uint64_t max, uint64_t *value)
{
	if (!*text || *text == '-' || *text == '+' || *text == ' ')
		return false;
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, base);
	if (errno || *end || n > max)
		return false;
	*value = n;
	return true;
}

static bool word_parse(const char *words, const char *text, uint64_t *value)
{
	size_t len = strlen(text);
	for (uint64_t i = 0; len; i++) {
		size_t n = strcspn(words, " ");
		if (n == len && !memcmp(words, text, n)) {
			*value = i;
			return true;
		}
		if (!words[n])
			return false;
		words += n + 1;
	}
	return false;
}

static bool profile_parse(const char *text, uint64_t *value)
{
	static const uint16_t profiles[] = {0x0008, 0x0010, 0x0040};
	uint64_t i;
	if (!word_parse("cd dvd bd", text, &i))
		return number_parse(text, 0, 0xffff, value);
	*value = profiles[i];
	return true;
}

static bool option_set(struct sim_options *options, const struct option *option, const char *text)
{
	void *field = (char *)options + option->offset;
	switch (option->kind) {
	case OPTION_TEXT:
		free(options->image);
		options->image = *text ? strdup(text) : NULL;
		return options->image != NULL;
	case OPTION_RANGES:
		return ranges_parse(field, text);
	case OPTION_WORD:
		return word_parse(option->words, text, field);
	default:
		if (!strcmp(option->key, "profile"))
			return profile_parse(text, field);
		return number_parse(text, strcmp(option->key, "sense") ? 0 : 16, option->max, field);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX in place; what is not two digits stays as it is. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		int high, low;
		if (*from == '%' && (high = hex_digit(from[1])) >= 0 && (low = hex_digit(from[2])) >= 0 &&
		    (high | low)) {
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

static int pair_parse(struct sim_options *options, char *pair, struct respin_error *error)
{
	char *value = strchr(pair, '=');
	if (!value)
		return error_set(error, RESPIN_E_INVALID, 0, "sim: '%s' is not KEY=VALUE", pair);
	*value++ = 0;
	unescape(value);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(table[i].key, pair))
			continue;
		if (!option_set(options, &table[i], value))
			return error_set(error, RESPIN_E_INVALID, 0, "sim: %s=%s makes no sense", pair,
					 value);
		return 0;
	}
	return error_set(error, RESPIN_E_INVALID, 0, "sim: no option is called '%s'", pair);
}

static int check(const struct sim_options *options, struct respin_error *error)
{
	if (!options->image && !options->size)
		return error_set(error, RESPIN_E_INVALID, 0, "sim: a disc needs image=FILE or size=SECTORS");
	if (!options->tries || options->max_kb < 2)
		return error_set(error, RESPIN_E_INVALID, 0, "sim: tries must be at least 1, max_kb 2");
	return 0;
}

int sim_options_parse(struct sim_options *options, const char *address, struct respin_error *error)
{
	*options = (struct sim_options){
		.profile = 0x0010,
		.tries = 3,
		.sense = DEFAULT_SENSE,
		.type = 5,
		.block_bytes = 2048,
		.last = NOT_GIVEN,
		.max_kb = 128,
		.seed = 1,
	};
	(void)snprintf(options->address, sizeof options->address, "%s", address);
	static const char prefix[] = "sim:disc";
	size_t n = sizeof prefix - 1;
	if (strncmp(address, prefix, n) || (address[n] && address[n] != '?'))
		return error_set(error, RESPIN_E_INVALID, 0, "%s: the only simulated disc is sim:disc?...",
				 address);
	_cleanup_free_ char *copy = strdup(address + n + (address[n] == '?'));
	if (!copy)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for an address");
	for (char *pair = copy, *next; pair && *pair; pair = next) {
		next = strchr(pair, '&');
		if (next)
			*next++ = 0;
		int code = pair_parse(options, pair, error);
		if (code < 0)
			return code;
	}
	return check(options, error);
}

void sim_options_finish(struct sim_options *options)
{
	free(options->image);
	struct ranges *const lists[] = {&options->bad, &options->weak, &options->marginal, &options->blank,
					&options->hang};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		ranges_finish(lists[i]);
	*options = (struct sim_options){0};
}
