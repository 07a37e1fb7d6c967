/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merging against a model that knows no runs: the pure core with every
 * combination of what three images can say of a sector, and whole merges in
 * which all combinations lie side by side. Other programs' images are the
 * interop test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "core/merge.h"

#define SECTOR 2048u

/* What an image can say of a sector: the four that are not finished, and two contents. */
enum say { SAY_UNTRIED, SAY_TRIMMED, SAY_SCRAPED, SAY_BAD, SAY_X, SAY_Y, SAYS };

static bool has(enum say say)
{
	return say >= SAY_X;
}

/* ---- the model: one sector, told by hand ---- */

struct answer {
	char status;
	char content; /* 'x', 'y' or 0 */
	bool dispute;
};

/* `own`: what the output said before, which adds nothing to what an image says. */
static struct answer model(const enum say *says, unsigned count, enum say own)
{
	unsigned x = 0, y = 0, bad = 0, best = 0;
	for (unsigned i = 0; i < count; i++) {
		x += says[i] == SAY_X;
		y += says[i] == SAY_Y;
		bad += says[i] == SAY_BAD;
		unsigned rank = says[i] == SAY_BAD ? SAY_SCRAPED : says[i];
		best = rank > best && !has((enum say)rank) ? rank : best;
	}
	if (own == SAY_X && !x)
		x = 1;
	if (own == SAY_Y && !y)
		y = 1;
	if (x || y)
		return (struct answer){x == y ? '*' : '+', x > y ? 'x' : y > x ? 'y' : 0, x && y};
	bool own_counts = own != SAY_UNTRIED;
	if (bad == count && (!own_counts || own == SAY_BAD))
		return (struct answer){'-', 0, false};
	unsigned rank = own == SAY_BAD ? SAY_SCRAPED : own;
	return (struct answer){"?*/"[rank > best ? rank : best], 0, false};
}

/* ---- the core ---- */

static void votes(void **state)
{
	(void)state;
	static const unsigned char contents[3][4] = {"aaa", "bbb", "ccc"};
	/* Three images and the output, each with nothing or one of three contents. */
	for (unsigned code = 1; code < 4 * 4 * 4 * 4; code++) {
		const unsigned char *bytes[MERGE_VOICES_MAX] = {0};
		struct merge_voices voices = {.count = 4, .own = 8, .family = {0, 1, 2, 3}};
		struct merge_verdict verdict;
		unsigned count[3] = {0}, most = 0, ways = 0, best = 0;
		uint64_t holders = 0;
		for (unsigned i = 0, rest = code; i < 4; i++, rest /= 4) {
			if (rest % 4 == 0)
				continue;
			holders |= UINT64_C(1) << i;
			bytes[i] = contents[rest % 4 - 1];
			count[rest % 4 - 1] += i < 3 || !count[rest % 4 - 1];
		}
		for (unsigned i = 0; i < 3; i++) {
			if (count[i] > most) {
				most = count[i];
				best = i;
				ways = 0;
			}
			ways += count[i] && count[i] == most;
		}
		merge_vote(&voices, bytes, 4, holders, MERGE_NO_DISPUTE, &verdict);
		uint64_t members = 0;
		for (unsigned i = 0; i < verdict.version_count; i++) {
			assert_false(members & verdict.versions[i].members);
			members |= verdict.versions[i].members;
		}
		assert_int_equal(members, holders);
		if (ways > 1) {
			assert_int_equal(verdict.kind, RESPIN_MERGE_OPEN);
			assert_int_equal(verdict.winners, 0);
			continue;
		}
		assert_int_equal(verdict.kind,
				 verdict.version_count == 1 ? RESPIN_MERGE_AGREED : RESPIN_MERGE_SETTLED);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(verdict.winners >> i & 1, bytes[i] == contents[best]);
		/* What was left open once wants two readings; the output's is then one of them. */
		merge_vote(&voices, bytes, 4, holders, MERGE_LEFT_OPEN, &verdict);
		if (verdict.winners)
			assert_true(verdict.winners & 8 || (verdict.winners & (verdict.winners - 1)));
	}
}

static void copies_are_one_reading(void **state)
{
	(void)state;
	const unsigned char *bytes[MERGE_VOICES_MAX] = {
		(const unsigned char *)"a", (const unsigned char *)"a", (const unsigned char *)"b"};
	struct merge_voices voices = {.count = 3, .family = {0, 0, 2}};
	struct merge_verdict verdict;
	merge_vote(&voices, bytes, 1, 7, MERGE_NO_DISPUTE, &verdict);
	assert_int_equal(verdict.kind, RESPIN_MERGE_OPEN);
	voices.family[1] = 1;
	merge_vote(&voices, bytes, 1, 7, MERGE_NO_DISPUTE, &verdict);
	assert_int_equal(verdict.winners, 3);
}

/* Where one run ends and the next begins: other winners, or another split among the others. */
static void same_verdicts(void **state)
{
	(void)state;
	static const char *const said[] = {"aaabb", "aaabc", "aabbc", "aabcc", "aabbb", "aaaaa"};
	struct merge_voices voices = {.count = 5, .family = {0, 1, 2, 3, 4}};
	struct merge_verdict verdicts[6];
	for (unsigned i = 0; i < 6; i++) {
		const unsigned char *bytes[MERGE_VOICES_MAX] = {0};
		for (unsigned voice = 0; voice < 5; voice++)
			bytes[voice] = (const unsigned char *)said[i] + voice;
		merge_vote(&voices, bytes, 1, 31, MERGE_NO_DISPUTE, &verdicts[i]);
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(merge_same_verdict(&verdicts[i], &verdicts[j]), i == j);
	}
}

/* All maps of two units for three images: the stretches tile, and say what the model says. */
static void stretches(void **state)
{
	(void)state;
	enum { UNITS = 2, IMAGES = 3, MAPS = RESPIN_STATUSES * RESPIN_STATUSES };
	struct respin_map *maps[MAPS];
	for (unsigned m = 0; m < MAPS; m++) {
		maps[m] = map_create(UNITS, (enum respin_status)(m / RESPIN_STATUSES));
		assert_non_null(maps[m]);
		assert_int_equal(map_set(maps[m], (struct respin_range){1, 1},
					 (enum respin_status)(m % RESPIN_STATUSES)),
				 0);
	}
	for (unsigned code = 0; code < MAPS * MAPS * MAPS; code++) {
		struct merge_voices voices = {.count = IMAGES};
		for (unsigned i = 0, rest = code; i < IMAGES; i++, rest /= MAPS)
			voices.map[i] = maps[rest % MAPS];
		for (uint64_t at = 0; at < UNITS;) {
			struct merge_stretch stretch = merge_look(&voices, at, UNITS - at);
			assert_int_equal(stretch.range.start, at);
			assert_true(stretch.range.count >= 1 && stretch.range.count <= UNITS - at);
			for (uint64_t unit = at; unit < at + stretch.range.count; unit++) {
				enum say says[IMAGES];
				for (unsigned i = 0; i < IMAGES; i++) {
					says[i] = (enum say)map_at(voices.map[i], unit);
					assert_int_equal(stretch.holders >> i & 1,
							 map_at(voices.map[i], unit) == RESPIN_FINISHED);
				}
				assert_int_equal(respin_status_char((enum respin_status)stretch.status),
						 model(says, IMAGES, SAY_UNTRIED).status);
			}
			at += stretch.range.count;
		}
	}
	for (unsigned m = 0; m < MAPS; m++)
		map_destroy(maps[m]);
}

static void common_units(void **state)
{
	(void)state;
	struct rng rng = {4711};
	for (unsigned round = 0; round < 200; round++) {
		uint64_t total = 1 + rng_below(&rng, 600), units[40], both = 0;
		struct respin_map *a = map_create(total, RESPIN_NON_TRIED),
				  *b = map_create(total, RESPIN_BAD);
		for (unsigned i = 0; i < 12; i++) {
			uint64_t start = rng_below(&rng, total);
			struct respin_range range = {start, 1 + rng_below(&rng, total - start)};
			assert_int_equal(
				map_set(i % 2 ? a : b, range, i < 10 ? RESPIN_FINISHED : RESPIN_NON_SCRAPED),
				0);
		}
		for (uint64_t i = 0; i < total; i++)
			both += map_at(a, i) == RESPIN_FINISHED && map_at(b, i) == RESPIN_FINISHED;
		size_t count = merge_common(a, b, units, 40);
		assert_true(count >= (both < 38 ? both : 38) && count <= both + 2);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(map_at(a, units[i]), RESPIN_FINISHED);
			assert_int_equal(map_at(b, units[i]), RESPIN_FINISHED);
			assert_true(i < 3 || units[i] > units[i - 1]);
		}
		/* Room for one alone: the volume descriptor, if both have it. */
		assert_int_equal(merge_common(a, b, units, 1), both > 0);
		if (total > 16 && map_at(a, 16) == RESPIN_FINISHED && map_at(b, 16) == RESPIN_FINISHED)
			assert_int_equal(units[0], 16);
		map_destroy(a);
		map_destroy(b);
	}
}

static void likeness(void **state)
{
	(void)state;
	unsigned char one[64], two[64], zeros[64] = {0};
	for (unsigned i = 0; i < 64; i++) {
		one[i] = (unsigned char)i;
		two[i] = (unsigned char)(i * 3);
	}
	struct merge_likeness like = {0};
	assert_int_equal(merge_judge(&like), MERGE_NOBODY_KNOWS);
	for (unsigned i = 0; i < 50; i++)
		merge_compare(&like, 1000 + i, zeros, zeros, 64);
	assert_int_equal(merge_judge(&like), MERGE_NOBODY_KNOWS); /* all discs have empty sectors */
	for (unsigned i = 0; i < 7; i++)
		merge_compare(&like, 20 + i, one, one, 64);
	assert_int_equal(merge_judge(&like), MERGE_SAME_DISC);
	merge_compare(&like, 40, one, two, 64);
	assert_int_equal(merge_judge(&like), MERGE_SAME_DISC); /* one in eight */
	merge_compare(&like, 41, zeros, two, 64);
	assert_int_equal(merge_judge(&like), MERGE_OTHER_DISC);
	/* One byte is always uniform. */
	like = (struct merge_likeness){0};
	merge_compare(&like, 20, one, one, 1);
	assert_int_equal(merge_judge(&like), MERGE_NOBODY_KNOWS);
	/* Two volume descriptors that differ are two discs, whatever else agrees: two whole ones. */
	like = (struct merge_likeness){.compared = 250, .telling = 250};
	merge_compare(&like, 16, one, two, 64);
	memcpy(one, "\001CD001", 6);
	merge_compare(&like, 16, one, two, 64);
	merge_compare(&like, 16, two, one, 64);
	memcpy(two, "\001CD002", 6);
	merge_compare(&like, 16, one, two, 6);
	assert_int_equal(merge_judge(&like), MERGE_SAME_DISC);
	memcpy(two, "\001CD001", 6);
	merge_compare(&like, 16, one, two, 64);
	assert_int_equal(merge_judge(&like), MERGE_OTHER_DISC);
}

/* ---- whole merges: every combination side by side ---- */

#define IMAGES 3u
#define COMBINATIONS (SAYS * SAYS * SAYS) /* 216 */
#define AGREED 2000u                      /* sectors that make it one disc */
#define SECTORS (AGREED + COMBINATIONS)

static void content(unsigned char *bytes, unsigned sector, char which)
{
	struct rng rng = {sector * 2 + (which == 'y')};
	for (unsigned i = 0; i < SECTOR; i += 8) {
		uint64_t word = rng_next(&rng);
		memcpy(bytes + i, &word, 8);
	}
}

static enum say said(unsigned image, unsigned sector)
{
	static const unsigned powers[] = {1, SAYS, SAYS * SAYS};
	return sector < AGREED ? SAY_X : (enum say)((sector - AGREED) / powers[image] % SAYS);
}

static void write_image(const char *name, const char *map, unsigned image)
{
	FILE *bytes = fopen(name, "wb"), *text = fopen(map, "w");
	assert_true(bytes && text);
	(void)fprintf(text, "# image %u\n0 + 1\n", image); /* otherwise maps of one text are copies */
	for (unsigned i = 0; i < SECTORS; i++) {
		unsigned char sector[SECTOR] = {0};
		enum say say = said(image, i);
		if (has(say))
			content(sector, i, say == SAY_X ? 'x' : 'y');
		assert_int_equal(fwrite(sector, 1, SECTOR, bytes), SECTOR);
		(void)fprintf(text, "%u %u %c\n", i * SECTOR, SECTOR, "?*/-++"[say]);
	}
	assert_int_equal(fclose(bytes), 0);
	assert_int_equal(fclose(text), 0);
}

struct heard {
	uint64_t next, disputes;
};

static void on_run(void *arg, const struct respin_merge_run *run)
{
	struct heard *heard = arg;
	assert_int_equal(run->range.start, heard->next); /* the runs tile the disc */
	heard->next += run->range.count;
	if (run->version_count > 1)
		heard->disputes += run->range.count;
}

static int merge(const char *out, const char *const *names, struct respin_merge_report *report,
		 struct heard *heard)
{
	struct respin_merge_image images[IMAGES] = {{names[0], 0}, {names[1], 0}, {names[2], 0}};
	struct respin_output_options output = {.size = sizeof output, .image = out};
	struct respin_merge_options options = {
		.size = sizeof options,
		.images = images,
		.image_count = IMAGES,
		.output = &output,
		.callbacks = {.size = sizeof options.callbacks, .arg = heard, .run = on_run}};
	struct respin_error error = {0};
	*report = (struct respin_merge_report){.size = sizeof *report};
	*heard = (struct heard){0};
	int code = respin_merge(&options, report, &error);
	if (code < 0)
		print_message("%s\n", error.text);
	return code;
}

/* Image and map are what the model says, sector by sector. */
static void check_output(const char *out, enum say (*own)(unsigned sector))
{
	char path[64];
	struct respin_map *map;
	struct respin_extent run;
	(void)snprintf(path, sizeof path, "%s.map", out);
	assert_int_equal(respin_map_load(path, NULL, &map, NULL), 0);
	FILE *bytes = fopen(out, "rb");
	assert_non_null(bytes);
	for (unsigned i = 0; i < SECTORS; i++) {
		unsigned char is[SECTOR], must_be[SECTOR];
		const enum say says[IMAGES] = {said(0, i), said(1, i), said(2, i)};
		struct answer answer = model(says, IMAGES, own ? own(i) : SAY_UNTRIED);
		assert_int_equal(fread(is, 1, SECTOR, bytes), SECTOR);
		assert_true(respin_map_next(map, (uint64_t)i * SECTOR, 0x1f, &run));
		if (respin_status_char((enum respin_status)run.status) != answer.status)
			fail_msg("sector %u (%c%c%c) is %c, not %c", i, "?*/-xy"[says[0]], "?*/-xy"[says[1]],
				 "?*/-xy"[says[2]], respin_status_char((enum respin_status)run.status),
				 answer.status);
		if (answer.status == '+') {
			content(must_be, i, answer.content);
			assert_memory_equal(is, must_be, SECTOR);
		}
	}
	(void)fclose(bytes);
	respin_map_destroy(map);
}

static void check_sums(const struct respin_merge_report *report, const struct heard *heard)
{
	uint64_t given = report->kept;
	for (unsigned i = 0; i < IMAGES; i++) {
		given += report->shares[i].gave;
		assert_true(report->shares[i].gave <= report->shares[i].having);
		assert_true(report->shares[i].alone <= report->shares[i].having);
	}
	assert_int_equal(report->share_count, IMAGES);
	assert_int_equal(given, report->stats.finished);
	assert_int_equal(report->stats.total, SECTORS);
	assert_int_equal(heard->next, SECTORS);
	assert_int_equal(heard->disputes, report->settled + report->open);
}

static void clean(const char *out)
{
	static const char *const ends[] = {"", ".map", ".map.bak", ".conflicts", ".conflicts.part"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "%s%s", out, ends[i]);
		(void)unlink(path);
	}
}

static const char *const names[IMAGES] = {"a", "b", "c"};

/* The order of the images changes who gives what, and nothing else; nor does doing it again. */
static void every_combination(void **state)
{
	(void)state;
	static const unsigned char orders[6][IMAGES] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
							{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct respin_merge_report report;
	struct heard heard;
	unsigned disputes = 0;
	for (unsigned i = 0; i < SECTORS; i++) {
		const enum say says[IMAGES] = {said(0, i), said(1, i), said(2, i)};
		disputes += model(says, IMAGES, SAY_UNTRIED).dispute;
	}
	for (unsigned o = 0; o < 6; o++) {
		const char *const ordered[IMAGES] = {names[orders[o][0]], names[orders[o][1]],
						     names[orders[o][2]]};
		assert_int_equal(merge("out", ordered, &report, &heard), 1);
		check_output("out", NULL);
		check_sums(&report, &heard);
		assert_int_equal(heard.disputes, disputes);
		assert_int_equal(report.kept, 0);
		uint64_t finished = report.stats.finished;
		assert_int_equal(merge("out", ordered, &report, &heard),
				 1); /* taken up again: nothing moves */
		check_output("out", NULL);
		check_sums(&report, &heard);
		assert_int_equal(report.kept, finished);
		assert_int_equal(report.retracted, 0);
		clean("out");
	}
}

static enum say first_image(unsigned sector)
{
	return said(0, sector);
}

/* An output that was there: its bytes are one version, and no reading beside the image they came from. */
static void into_an_image(void **state)
{
	(void)state;
	const char *const twice[IMAGES] = {"b", "c", "b"};
	struct respin_merge_report report;
	struct heard heard;
	write_image("out", "out.map", 0);
	assert_int_equal(merge("out", names, &report, &heard), 1);
	check_output("out", first_image);
	check_sums(&report, &heard);
	assert_true(report.retracted > 0 && report.kept > 0);
	struct respin_error error = {0};
	struct respin_merge_image images[] = {{twice[0], 0}, {twice[1], 0}, {twice[2], 0}};
	struct respin_output_options output = {.size = sizeof output, .image = "other"};
	struct respin_merge_options options = {
		.size = sizeof options, .images = images, .image_count = 3, .output = &output};
	assert_int_equal(respin_merge(&options, NULL, &error), RESPIN_E_SAME_FILE);
	assert_int_equal(access("other", F_OK), -1);
	output.image = "b";
	options.image_count = 2;
	assert_int_equal(respin_merge(&options, NULL, &error), RESPIN_E_SAME_FILE);
	clean("out");
}

/* What was left open is not finished on one word later, but is on two. */
static void doubts_stay(void **state)
{
	(void)state;
	struct respin_merge_report report;
	struct heard heard;
	assert_int_equal(merge("out", names, &report, &heard), 1);
	uint64_t open = report.open;
	assert_true(open > 0);
	struct respin_merge_image image = {"a", 0};
	struct respin_output_options output = {.size = sizeof output, .image = "out"};
	struct respin_merge_options options = {
		.size = sizeof options, .images = &image, .image_count = 1, .output = &output};
	assert_int_equal(respin_merge(&options, &report, NULL), 1);
	check_output("out", NULL);
	assert_int_equal(access("out.conflicts", F_OK), 0);
	assert_int_equal(merge("out", names, &report, &heard), 1);
	check_output("out", NULL);
	assert_int_equal(report.open, open);
	clean("out");
}

int main(void)
{
	char dir[] = "/tmp/respin-test-merge.XXXXXX";
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	for (unsigned i = 0; i < IMAGES; i++) {
		char map[16];
		(void)snprintf(map, sizeof map, "%s.map", names[i]);
		write_image(names[i], map, i);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(votes),
		cmocka_unit_test(copies_are_one_reading),
		cmocka_unit_test(same_verdicts),
		cmocka_unit_test(stretches),
		cmocka_unit_test(common_units),
		cmocka_unit_test(likeness),
		cmocka_unit_test(every_combination),
		cmocka_unit_test(into_an_image),
		cmocka_unit_test(doubts_stay),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned i = 0; i < IMAGES; i++)
		clean(names[i]);
	if (chdir("/") == 0)
		(void)rmdir(dir);
	return rc;
}
