/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our mapfile codec and "respin map" beside the installed ddrescuelog: the same
 * maps are accepted, refused in the same line, and shown in the same words; and
 * what we render, it reads. Needs ddrescuelog and the program ($RESPIN).
 * RESPIN_SEED is the seed, COUNT (or RESPIN_LONG) says how many maps by lot.
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

#include "../unit/mapfile_cases.h"
#include "core/mapfile.h"
#include "core/mapfile_lex.h"
#include "mapgen.h"
#include "outside.h"

#define ORACLE "ddrescuelog"
#define COUNT_FAST 200
#define COUNT_LONG 20000
/* Maps shown in one call of either program. */
#define BATCH 100
/* Every so many maps are also listed block by block, which takes two calls a map. */
#define LIST_EVERY 8
#define LIST_LINES_MAX 20000

static uint64_t seed = 1, count = COUNT_FAST;

static struct outside_result run(const char *const argv[])
{
	struct outside_result result;
	outside_run(argv, &result);
	return result;
}

/* The line that a message complains about; 0: none. */
static unsigned long line_of(const char *message)
{
	const char *word = strstr(message, "line ");
	return word ? strtoul(word + 5, NULL, 10) : 0;
}

static void one_case(void **state)
{
	const struct mapfile_case *c = *state;
	outside_write("case", c->text, c->len);
	struct outside_result it = run((const char *[]){ORACLE, "-t", c->loose ? "-L" : "-t", "case", NULL});
	if (c->runs && !c->ours_only) {
		assert_int_equal(it.status, 0);
		assert_int_equal(it.out.len == 0, *c->runs == '\0'); /* "domain is empty" */
	} else {
		assert_int_equal(it.status, 2);
		if (!c->ours_only)
			assert_int_equal(line_of(it.err.data), c->line);
	}
	outside_result_finish(&it);
}

/* What a reader is to know of a map before the two are compared. */
struct nature {
	bool accepted;
	unsigned long line; /* refused: where */
	bool foreign;       /* a status line that ddrescuelog does not know, as we do */
	bool empty_blocks;  /* ddrescuelog counts them as areas; a map of ours cannot hold them */
	uint64_t end;
};

static struct nature look(const struct buf *text, bool loose)
{
	struct nature nature = {0};
	struct respin_map_options options = {.size = sizeof options, .loose = loose};
	struct respin_map *map;
	struct respin_error error = {0};
	nature.accepted = mapfile_parse(text->data, text->len, "x", &options, &map, NULL, &error) == 0;
	nature.line = line_of(error.text);
	if (nature.accepted) {
		nature.end = map_span(map).start + map_span(map).count;
		map_destroy(map);
	}
	struct mapfile_lex lex = {.text = text->data, .len = text->len};
	struct mapfile_line line;
	struct respin_map_position position = {0};
	struct respin_extent block;
	while (mapfile_lex_next(&lex, &line)) {
		if (line.comment)
			continue;
		if (!position.status) {
			if (mapfile_lex_status(&line, &position))
				break;
			nature.foreign = !strchr("?*/-FG+", position.status);
		} else if (!mapfile_lex_block(&line, &block) && block.range.count == 0) {
			nature.empty_blocks = true;
		}
	}
	return nature;
}

static void assert_refused(const char *name, const struct nature *nature, bool loose)
{
	struct outside_result it = run((const char *[]){ORACLE, "-t", loose ? "-L" : "-t", name, NULL});
	if (it.status != 2)
		fail_msg("seed %" PRIu64 ": %s: we refuse line %lu, ddrescuelog ends with %d", seed, name,
			 nature->line, it.status);
	if (!nature->foreign && line_of(it.err.data) != nature->line)
		fail_msg("seed %" PRIu64 ": %s: line %lu, ddrescuelog says: %s", seed, name, nature->line,
			 it.err.data);
	outside_result_finish(&it);
}

/* Runs "ddrescuelog ARGS" and "respin map ARGS"; both must say the same on standard output. */
static void assert_same_words(const char *const args[])
{
	const char *ours[BATCH + 16] = {getenv("RESPIN"), "map"}, *theirs[BATCH + 16] = {ORACLE};
	for (size_t i = 0; args[i]; i++) {
		assert_true(i < BATCH + 10);
		ours[i + 2] = theirs[i + 1] = args[i];
	}
	struct outside_result we = run(ours), they = run(theirs);
	if (we.status != they.status || we.out.len != they.out.len ||
	    memcmp(we.out.data, they.out.data, we.out.len) != 0) {
		(void)fprintf(stderr, "respin:%s\nddrescuelog:%s\n", we.out.data, they.out.data);
		fail_msg("seed %" PRIu64 ": %s %s ... %s: exit %d, ddrescuelog %d", seed, args[0], args[1],
			 we.err.data, we.status, they.status);
	}
	outside_result_finish(&we);
	outside_result_finish(&they);
}

static void assert_same_list(struct rng *rng, const char *name, uint64_t end)
{
	static const char *const sizes[] = {"1", "512", "1000", "2Ki", "65536", "1M", "2147483647"};
	static const uint64_t bytes[] = {1, 512, 1000, 2048, 65536, 1000000, 2147483647};
	size_t size = rng_below(rng, 7);
	char types[6] = "";
	while (size < 6 && end / bytes[size] > LIST_LINES_MAX)
		size++;
	if (end / bytes[size] > LIST_LINES_MAX)
		return;
	for (size_t n = 1 + rng_below(rng, 5), i = 0; i < n; i++)
		types[i] = "?*/-+"[rng_below(rng, 5)];
	assert_same_words((const char *[]){"-b", sizes[size], "-l", types, name, NULL});
}

/* Names of maps that are to be shown together. */
struct batch {
	const char *args[BATCH + 8];
	char names[BATCH][16];
	size_t first, used; /* options before the names */
};

static void batch_show(struct batch *batch)
{
	if (batch->used > 0)
		assert_same_words(batch->args);
	batch->used = 0;
	batch->args[batch->first] = NULL;
}

static void batch_add(struct batch *batch, const char *name)
{
	(void)snprintf(batch->names[batch->used], sizeof *batch->names, "%s", name);
	batch->args[batch->first + batch->used] = batch->names[batch->used];
	batch->args[batch->first + ++batch->used] = NULL;
	if (batch->used == BATCH)
		batch_show(batch);
}

static void maps_by_lot(void **state)
{
	(void)state;
	static struct batch batches[2] = {{.args = {"-t", "-v"}, .first = 2},
					  {.args = {"-t", "-v", "-B", "-L"}, .first = 4}};
	struct rng rng = {.state = seed};
	uint64_t accepted = 0, refused = 0, listed = 0;
	for (uint64_t i = 0; i < count; i++) {
		bool loose = rng_below(&rng, 3) == 0;
		struct buf text = {0};
		char name[16];
		(void)snprintf(name, sizeof name, "%" PRIu64, i % (4 * BATCH));
		mapgen(&rng, loose, &text);
		struct nature nature = look(&text, loose);
		outside_write(name, text.data, text.len);
		buf_finish(&text);
		if (!nature.accepted || nature.foreign) {
			refused++;
			assert_refused(name, &nature, loose);
			continue;
		}
		if (nature.empty_blocks)
			continue;
		batch_add(&batches[loose], name);
		if (!loose && ++accepted % LIST_EVERY == 0) {
			listed++;
			assert_same_list(&rng, name, nature.end);
		}
	}
	batch_show(&batches[0]);
	batch_show(&batches[1]);
	printf("seed %" PRIu64 ": %" PRIu64 " maps, %" PRIu64 " refused, %" PRIu64 " listed\n", seed, count,
	       refused, listed);
	if (count >= COUNT_FAST)
		assert_true(refused > count / 20 && accepted > count / 5 && listed > 0);
}

/* Taken in as a rescue would, and written out again: nothing has changed its status. */
static void taken_in_and_written_out(void **state)
{
	(void)state;
	struct rng rng = {.state = seed + 1};
	for (uint64_t i = 0; i < count / 10; i++) {
		struct buf text = {0}, out = {0};
		struct respin_map *bytes, *map;
		struct mapfile_head head = {
			.program = "respin",
			.command_line = "line\nbreak",
			.phase = (enum respin_phase)rng_below(&rng, RESPIN_PHASE_FINISHED + 1),
			.backwards = rng_below(&rng, 2),
			.trailer = {.present = true, .keep_bytes = 512}};
		mapgen_valid(&rng, &text);
		assert_int_equal(mapfile_parse(text.data, text.len, "x", NULL, &bytes, NULL, NULL), 0);
		uint64_t units = map_span(bytes).count / 512;
		assert_int_equal(mapfile_import(bytes, units, 512, 0, "x", &map, NULL), 0);
		head.pos = units / 2;
		mapfile_render(map, 512, 0, &head, &out);
		outside_write("foreign", text.data, text.len);
		outside_write("own", out.data, out.len);
		struct outside_result it = run((const char *[]){ORACLE, "-t", "own", NULL});
		assert_int_equal(it.status, 0);
		assert_int_equal(it.out.len > 0, units > 0);
		outside_result_finish(&it);
		if (units > 0) {
			it = run((const char *[]){ORACLE, "-p", "foreign", "own", NULL});
			if (it.status != 0)
				fail_msg("seed %" PRIu64 ": map %" PRIu64 " has changed", seed, i);
			outside_result_finish(&it);
		}
		map_destroy(map);
		map_destroy(bytes);
		buf_finish(&text);
		buf_finish(&out);
	}
}

/* Exit statuses and standard output for what can go wrong before or beside a map. */
static void command_lines(void **state)
{
	(void)state;
	static const char *const lines[][7] = {
		{"-t", "good"},
		{"-t", "good", "good", "-v"},
		{"-tvv", "--", "good"},
		{"good", "-B", "--show-status"},
		{"-q", "-t", "good"},
		{"-qvt", "good"},
		{"-t", "missing"},
		{"-t", "missing", "good"},
		{"-t", "good", "bad", "good"},
		{"-t", "missing", "bad"},
		{"-t", "blank", "good"},
		{"-t", "-L", "gaps"},
		{"-t", "gaps"},
		{"-L", "-l+", "gaps"},
		{"-l", "-", "good"},
		{"-l", "--", "good"},
		{"-l+", "-l", "?*", "-b2048", "good"},
		{"--list-blocks=/", "--sector-size", "0x800", "good"},
		{"-l-", "--block-size=1Ki", "good"},
		{"-l-", "-b", "1kB", "good"},
		{"-l-", "-b1M", "good"},
		{"-t", "-v", "-"},
		{"-l-", "-"},
		{"-t", "good", "-", "good"},
		{"-l+", "blank"},
		{"-l+", "bad"},
		{"-l+", "missing"},
		{"-l+", "good", "good"},
		{"-l+", "-t", "good"},
		{"-l+"},
		{"-l"},
		{"-lx", "good"},
		{"-l", "", "good"},
		{"-t"},
		{"good"},
		{"-t", "-b0", "good"},
		{"-t", "-b-1", "good"},
		{"-t", "-b1x", "good"},
		{"-t", "-b1K", "good"},
		{"-t", "-b1ki", "good"},
		{"-t", "-b2147483648", "good"},
		{"-t", "-b2147483647", "good"},
		{"-t", "-bx", "good"},
		{"-t", "--no-such-option", "good"},
		{"-t", "-Z", "good"},
		{"--show", "good"},
		{"--s", "good"},
	};
	static const char good[] = "0x120000 ? 1\n0 0x117000 +\n0x117000 4096 -\n0x118000 4096 *\n0x119000 "
				   "4096 /\n0x11A000 0x100000 ?\n";
	static const char bad[] = "0 ? 1\n0 10 +\n20 10 -", gaps[] = "0 ? 1\n5 5 +\n20 10 -\n";
	outside_write("good", good, sizeof good - 1);
	outside_write("bad", bad, sizeof bad - 1);
	outside_write("gaps", gaps, sizeof gaps - 1);
	outside_write("blank", "", 0);
	outside_write("stdin", good, sizeof good - 1);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_same_words(lines[i]);
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
	int failed = 0;
	if (has) {
		struct CMUnitTest rows[MAPFILE_CASES];
		for (size_t i = 0; i < MAPFILE_CASES; i++)
			rows[i] = (struct CMUnitTest){.name = mapfile_cases[i].name,
						      .test_func = one_case,
						      .initial_state = (void *)&mapfile_cases[i]};
		const struct CMUnitTest tests[] = {
			cmocka_unit_test(command_lines),
			cmocka_unit_test(maps_by_lot),
			cmocka_unit_test(taken_in_and_written_out),
		};
		failed = cmocka_run_group_tests_name("witness", rows, NULL, NULL);
		failed += cmocka_run_group_tests_name("beside ddrescuelog", tests, NULL, NULL);
	}
	if (failed)
		outside_keep();
	else
		outside_finish();
	return has ? failed : OUTSIDE_SKIP;
}
