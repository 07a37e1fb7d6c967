/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No text of a scenario, however broken, does more than be refused by its
 * line: mutants of the built-in ones, by their seed. What they mean when they
 * are whole is test_scenario.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "garbage.h"
#include "sim/scenario.h"

/* 100000 take some seconds under ASan: RESPIN_LONG asks for all of them. */
#define MUTANTS 100000
#define SLICE 20000

static struct scenario scenario; /* too large for a stack */

static const char *const crumbs[] = {
	"title ",
	"disc ",
	"drive ",
	"damage ",
	"fault ",
	"seed ",
	"content ",
	"image=",
	"=",
	"..",
	",",
	"-",
	"\r\n",
	"\n",
	"\t",
	"#",
	"%00",
	"%41",
	"0",
	"-1",
	"1e300",
	"99999999999999999999",
	"0x",
	"none",
	"at=",
	"for=",
	"r=",
	"list=1-2",
	"bad=0-9223372036854775807",
	"radial ",
	"list ",
	"dvd-5 ",
	"plain ",
	"nan",
	"\xff",
	"\x01",
	"s",
	"min ",
};

/* Up to four times: a byte changed, bytes taken out, a crumb or a piece of the text put in, or an end cut off. */
static size_t mutate(struct rng *rng, char *text, size_t len, size_t size)
{
	for (uint64_t times = rng_below(rng, 4) + 1; times > 0; times--) {
		size_t at = (size_t)rng_below(rng, len + 1), n;
		const char *crumb = crumbs[rng_below(rng, sizeof crumbs / sizeof *crumbs)];
		switch (rng_below(rng, 5)) {
		case 0:
			if (at < len)
				text[at] = (char)(rng_below(rng, 255) + 1);
			break;
		case 1:
			n = (size_t)rng_below(rng, 30);
			n = n < len - at ? n : len - at;
			memmove(text + at, text + at + n, len - at - n);
			len -= n;
			break;
		case 2:
			n = strlen(crumb);
			if (len + n >= size)
				break;
			memmove(text + at + n, text + at, len - at);
			memcpy(text + at, crumb, n);
			len += n;
			break;
		case 3:
			n = (size_t)rng_below(rng, 200);
			n = n < at ? n : at;
			if (len + n >= size)
				break;
			memmove(text + at, text + at - n, len - at + n);
			len += n;
			break;
		default:
			if (rng_below(rng, 20) == 0)
				len = at;
			break;
		}
	}
	text[len] = 0;
	return len;
}

static void refused_well(const char *text, const struct respin_error *error)
{
	unsigned lines = 1, line;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	char *end;
	assert_memory_equal(error->text, "test:", 5);
	line = (unsigned)strtoul(error->text + 5, &end, 10);
	if (*end != ':' || line > lines || strlen(end) < 8)
		fail_msg("of %u lines: %s", lines, error->text);
	for (const char *c = error->text; *c; c++)
		assert_true((unsigned char)*c >= ' ');
}

static void mutants(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	int rounds = getenv("RESPIN_LONG") ? MUTANTS : SLICE, taken = 0;
	size_t size = 8192;
	char *text = malloc(size);
	assert_non_null(text);
	for (int i = 0; i < rounds; i++) {
		const char *from = scenario_texts[rng_below(&rng, scenario_text_count)].text;
		size_t len = strlen(from);
		assert_true(len < size);
		/* Comments are of no interest here, and half of the text. */
		const char *body = strstr(from, "\ntitle");
		body = body ? body + 1 : from;
		len -= (size_t)(body - from);
		memcpy(text, body, len);
		len = mutate(&rng, text, len, size);
		char *exact = strdup(text); /* so that ASan sees a read behind the end */
		struct respin_error error = {0};
		int code = scenario_parse(&scenario, "test", exact, &error);
		assert_true(code == 0 || code == RESPIN_E_INVALID);
		if (code < 0)
			refused_well(exact, &error);
		taken += code == 0;
		scenario_finish(&scenario);
		free(exact);
	}
	free(text);
	/* Both must happen, or the mutants were all alike. */
	assert_in_range(taken, rounds / 20, rounds - rounds / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
