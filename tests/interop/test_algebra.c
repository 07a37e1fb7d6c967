/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "respin map" beside the installed ddrescuelog, operation by operation: maps,
 * options and numbers by lot; exit status and standard output must be the
 * same, but for the head that names the program. RESPIN_SEED is the seed,
 * COUNT (or RESPIN_LONG) says how many command lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapgen.h"
#include "outside.h"

#define ORACLE "ddrescuelog"
#define COUNT_FAST 600
#define COUNT_LONG 50000

static uint64_t seed = 1, count = COUNT_FAST;

struct words {
	char text[24][64];
	unsigned used;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *words, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(words->text[words->used++], sizeof words->text[0], format, args);
	va_end(args);
}

static char type(struct rng *rng)
{
	return "?*/-+"[rng_below(rng, 5)];
}

static void add_types(struct rng *rng, struct words *words, const char *option)
{
	char types[8] = "";
	for (size_t n = 1 + rng_below(rng, 5), i = 0; i < n; i++)
		types[i] = type(rng);
	add(words, "%s%s", option, types);
}

/* "OLD,NEW"; each type once, as a person would. */
static void add_change(struct rng *rng, struct words *words)
{
	char old[8] = "?*/-+", new[8] = "";
	for (size_t i = 5; i > 1; i--) {
		size_t j = rng_below(rng, i);
		char c = old[i - 1];
		old[i - 1] = old[j];
		old[j] = c;
	}
	old[1 + rng_below(rng, 5)] = '\0';
	for (size_t n = 1 + rng_below(rng, 5), i = 0; i < n; i++)
		new[i] = type(rng);
	add(words, "-a");
	add(words, "%s,%s", old, new);
}

/* Positions of whole blocks mostly, so that -l and -c take them. */
static uint64_t place(struct rng *rng)
{
	uint64_t blocks = rng_below(rng, 400);
	return rng_below(rng, 4) ? blocks * 512 : blocks * 100;
}

static void add_domain(struct rng *rng, struct words *words)
{
	if (rng_below(rng, 2))
		add(words, "-i%" PRIu64, place(rng));
	if (rng_below(rng, 2))
		add(words, "-s%" PRIu64, place(rng));
	if (rng_below(rng, 3) == 0)
		add(words, "-mdomain");
}

static const char *draw(struct rng *rng, struct words *words)
{
	static const char *const formats[] = {"list", "bitmap", "bitmap-le", "bitmap-be"};
	static const char *const tasks[] = {"-a", "-n", "-A", "-D", "-t", "-x", "-y",
					    "-z", "-p", "-P", "-l", "-c", "-C", "--shift"};
	const char *task = tasks[rng_below(rng, sizeof tasks / sizeof *tasks)];
	words->used = 0;
	if (!strcmp(task, "--shift")) {
		add(words, "--shift");
		add(words, rng_below(rng, 2) ? "-o%" PRIu64 : "-i%" PRIu64, place(rng));
		if (words->text[1][1] == 'i')
			add(words, "-o0");
		if (rng_below(rng, 2))
			add(words, "-s%" PRIu64, place(rng));
		return task;
	}
	if (rng_below(rng, 4) == 0)
		add(words, "-B");
	/* From a bitmap ddrescuelog 1.27 drops a whole row of blocks whose first lies before the domain. */
	const char *format = formats[rng_below(rng, 4)];
	if (task[1] != 'c' || !strcmp(format, "list"))
		add_domain(rng, words);
	if (!strcmp(task, "-a"))
		add_change(rng, words);
	else if (task[1] == 'l' || task[1] == 'c') {
		if (rng_below(rng, 2))
			add(words, "-b%u", 512u << rng_below(rng, 3));
		add(words, "-F%s", format);
		if (rng_below(rng, 3) == 0)
			add(words, "-o%" PRIu64, place(rng));
		if (task[1] == 'l')
			add_types(rng, words, task);
		else if (rng_below(rng, 2))
			add(words, "-c%c%c", type(rng), type(rng));
		else
			add(words, "-c");
	} else if (task[1] == 'C' && rng_below(rng, 2))
		add(words, "-C%c", type(rng));
	else if (strchr("xyzpP", task[1]))
		add(words, "%sother", task);
	else
		add(words, "%s", task);
	return task;
}

/* Without the lines that name the program, the command and the time. */
static size_t without_head(const struct buf *out, char *kept)
{
	static const char *const heads[] = {"# Mapfile.", "# Command line:", "# Start time:"};
	size_t len = 0;
	for (size_t at = 0; at < out->len;) {
		const char *line = out->data + at, *end = memchr(line, '\n', out->len - at);
		size_t n = end ? (size_t)(end - line) + 1 : out->len - at;
		bool head = false;
		for (size_t i = 0; i < 3; i++)
			head = head || (n > strlen(heads[i]) && !memcmp(line, heads[i], strlen(heads[i])));
		if (!head) {
			memcpy(kept + len, line, n);
			len += n;
		}
		at += n;
	}
	return len;
}

static struct outside_result run(const char *first, const char *second, const struct words *words,
				 const char *map)
{
	const char *argv[32] = {first, second};
	struct outside_result result;
	size_t used = second ? 2 : 1;
	for (unsigned i = 0; i < words->used; i++)
		argv[used++] = words->text[i];
	argv[used] = map;
	outside_run(argv, &result);
	return result;
}

static void compare(const struct words *words, uint64_t at, const char *map)
{
	struct outside_result we = run(getenv("RESPIN"), "map", words, map);
	struct outside_result they = run(ORACLE, NULL, words, map);
	char *ours = malloc(we.out.len + 1), *theirs = malloc(they.out.len + 1);
	assert_true(ours && theirs);
	size_t a = without_head(&we.out, ours), b = without_head(&they.out, theirs);
	if (we.status != they.status || a != b || memcmp(ours, theirs, a) != 0) {
		(void)fprintf(stderr, "respin map:\n%.*s%s\nddrescuelog:\n%.*s%s\n",
			      (int)(a < 4000 ? a : 4000), ours, we.err.data, (int)(b < 4000 ? b : 4000),
			      theirs, they.err.data);
		for (unsigned i = 0; i < words->used; i++)
			(void)fprintf(stderr, "%s ", words->text[i]);
		fail_msg("seed %" PRIu64 ", command %" PRIu64 ": exit %d, ddrescuelog %d", seed, at,
			 we.status, they.status);
	}
	free(ours);
	free(theirs);
	outside_result_finish(&we);
	outside_result_finish(&they);
}

/* A list or a bitmap for -c: anything goes. */
static void write_blocks(struct rng *rng, const struct words *words)
{
	bool bitmap = false;
	char text[2048];
	size_t len = 0;
	for (unsigned i = 0; i < words->used; i++)
		bitmap = bitmap || !strncmp(words->text[i], "-Fbitmap", 8);
	for (size_t n = rng_below(rng, 60); n > 0; n--) {
		if (bitmap)
			text[len++] = (char)rng_below(rng, 256);
		else
			len += (size_t)snprintf(text + len, sizeof text - len, "%" PRIu64 "\n",
						rng_below(rng, 500));
	}
	outside_write("stdin", text, len);
}

static void write_map(struct rng *rng, const char *name)
{
	struct buf text = {0};
	mapgen_valid(rng, &text);
	outside_write(name, text.data, text.len);
	buf_finish(&text);
}

/* Neighbours of one type become one block: what -A shows block by block, a map of ours has forgotten. */
static void tidy_map(const char *name)
{
	struct outside_result tidy;
	outside_run((const char *[]){ORACLE, "-C", name, NULL}, &tidy);
	assert_int_equal(tidy.status, 0);
	outside_write(name, tidy.out.data, tidy.out.len);
	outside_result_finish(&tidy);
}

static void operations_by_lot(void **state)
{
	(void)state;
	struct rng rng = {.state = seed};
	uint64_t drawn[128] = {0};
	for (uint64_t i = 0; i < count; i++) {
		struct words words;
		const char *task = draw(&rng, &words);
		bool creates = !strcmp(task, "-c");
		write_map(&rng, "map");
		write_map(&rng, "other");
		write_map(&rng, "domain");
		if (!strcmp(task, "-A"))
			tidy_map("map");
		if (creates)
			write_blocks(&rng, &words);
		drawn[(unsigned char)task[1] & 127]++;
		compare(&words, i, creates ? "-" : "map");
	}
	printf("seed %" PRIu64 ": %" PRIu64 " command lines\n", seed, count);
	for (const char *task = "anADtxyzpPlcC-"; *task && count >= COUNT_FAST; task++)
		assert_true(drawn[(unsigned char)*task] > count / 40);
}

int main(void)
{
	const char *text;
	if ((text = getenv("RESPIN_SEED")))
		seed = strtoull(text, NULL, 0);
	if (getenv("RESPIN_LONG"))
		count = COUNT_LONG;
	if ((text = getenv("COUNT")))
		count = strtoull(text, NULL, 0);
	outside_init();
	bool has = outside_has(ORACLE, "gddrescue");
	const struct CMUnitTest tests[] = {cmocka_unit_test(operations_by_lot)};
	int failed = has ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
	if (failed)
		outside_keep();
	else
		outside_finish();
	return has ? failed : OUTSIDE_SKIP;
}
