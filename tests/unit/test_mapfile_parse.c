/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parser makes of a text: the table of mapfile_cases.h, row by row,
 * then messages, positions, our own comments and torn ends. Does not render.
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

#include "base/crc32c.h"
#include "core/mapfile.h"
#include "mapfile_cases.h"

static int parse(const char *text, size_t len, bool loose, struct respin_map **map, struct mapfile_info *info,
		 struct respin_error *error)
{
	/* A copy of exactly its length, so that a look beyond the end is seen. */
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	struct respin_map_options options = {.size = sizeof options, .loose = loose};
	*map = NULL;
	int code = mapfile_parse(copy, len, "disc.map", &options, map, info, error);
	free(copy);
	return code;
}

static void runs_text(const struct respin_map *map, struct buf *out)
{
	struct respin_extent extent;
	for (uint64_t pos = 0; respin_map_next(map, pos, MASK_ALL, &extent);
	     pos = extent.range.start + extent.range.count)
		buf_addf(out, "%s[%" PRIu64 ",%" PRIu64 ")%c", out->len ? " " : "", extent.range.start,
			 extent.range.start + extent.range.count,
			 respin_status_char((enum respin_status)extent.status));
	buf_add(out, "", 1);
}

static void one_case(void **state)
{
	const struct mapfile_case *c = *state;
	struct respin_map *map;
	struct respin_error error = {0};
	int code = parse(c->text, c->len, c->loose, &map, NULL, &error);
	if (!c->runs) {
		char where[40];
		assert_int_equal(code, RESPIN_E_MAP_DAMAGED);
		assert_null(map);
		(void)snprintf(where, sizeof where, "disc.map: line %lu: ", c->line);
		assert_memory_equal(error.text, where, strlen(where));
		assert_non_null(strstr(error.text, c->reason));
		assert_null(strchr(error.text, '\n'));
		return;
	}
	if (code < 0)
		fail_msg("%s", error.text);
	struct buf runs = {0};
	runs_text(map, &runs);
	assert_string_equal(runs.data, c->runs);
	buf_finish(&runs);
	map_destroy(map);
}

/* The text must be a map. */
static struct respin_map *parse_map(const char *text, struct mapfile_info *info)
{
	struct respin_map *map;
	assert_int_equal(parse(text, strlen(text), false, &map, info, NULL), 0);
	return map;
}

static void position(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct respin_map_position expected;
	} cases[] = {
		{"", {0, 1, '?'}},
		{"0x10 * 3\n", {16, 3, '*'}},
		{"5 -\n", {5, 1, '-'}},
		{"5 + x\n", {5, 1, '+'}},
		{"0x7FFFFFFFFFFFFFFF G 2147483647\n", {INT64_MAX, 2147483647, 'G'}},
		{"7 S 2\n", {7, 2, 'S'}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_map *map = parse_map(cases[i].text, NULL);
		struct respin_map_position found;
		respin_map_position(map, &found);
		assert_int_equal(found.pos_bytes, cases[i].expected.pos_bytes);
		assert_int_equal(found.pass, cases[i].expected.pass);
		assert_int_equal(found.status, cases[i].expected.status);
		map_destroy(map);
	}
}

/* What lies outside the blocks is '?' in the tree, and nobody's business outside. */
static void public_counts(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct respin_range span;
		uint64_t non_tried, non_tried_areas, finished, finished_areas;
	} cases[] = {
		{"0 ? 1\n", {0, 0}, 0, 0, 0, 0},
		{"0 ? 1\n0 10 +\n", {0, 10}, 0, 0, 10, 1},
		{"0 ? 1\n10 10 +\n", {10, 10}, 0, 0, 10, 1},
		{"0 ? 1\n10 10 ?\n", {10, 10}, 10, 1, 0, 0},
		{"0 ? 1\n10 5 ?\n15 5 +\n", {10, 10}, 5, 1, 5, 1},
		{"0 ? 1\n10 5 +\n15 5 ?\n20 1 +\n21 1 ?\n", {10, 12}, 6, 2, 6, 2},
		{"0 ? 1\n0 5 ?\n5 5 +\n", {0, 10}, 5, 1, 5, 1},
		{"0 ? 1\n0 5 +\n5 99999999999999999999 ?\n", {0, INT64_MAX}, INT64_MAX - 5, 1, 5, 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_map *map = parse_map(cases[i].text, NULL);
		struct respin_range span = respin_map_span(map);
		assert_int_equal(span.start, cases[i].span.start);
		assert_int_equal(span.count, cases[i].span.count);
		assert_int_equal(respin_map_total(map, RESPIN_NON_TRIED), cases[i].non_tried);
		assert_int_equal(respin_map_areas(map, RESPIN_NON_TRIED), cases[i].non_tried_areas);
		assert_int_equal(respin_map_total(map, RESPIN_FINISHED), cases[i].finished);
		assert_int_equal(respin_map_areas(map, RESPIN_FINISHED), cases[i].finished_areas);
		respin_map_destroy(map);
	}
}

static void gap_status(void **state)
{
	(void)state;
	const char *text = "0 ? 1\n5 5 +\n20 10 -\n";
	struct respin_map_options options = {.size = sizeof options, .loose = 1, .gap_status = RESPIN_BAD};
	struct respin_map *map;
	assert_int_equal(mapfile_parse(text, strlen(text), "x", &options, &map, NULL, NULL), 0);
	struct buf runs = {0};
	runs_text(map, &runs);
	assert_string_equal(runs.data, "[0,5)- [5,10)+ [10,9223372036854775807)-");
	buf_finish(&runs);
	map_destroy(map);

	/* Behind the last block, nothing is filled unless it is open. */
	text = "0 ? 1\n5 5 +\n20 10 +\n";
	assert_int_equal(mapfile_parse(text, strlen(text), "x", &options, &map, NULL, NULL), 0);
	assert_int_equal(respin_map_total(map, RESPIN_BAD), 15);
	assert_int_equal(respin_map_areas(map, RESPIN_BAD), 2);
	map_destroy(map);
}

/* However long the path, the reason is still to be read. */
static void long_names(void **state)
{
	(void)state;
	char name[4096];
	memset(name, 'd', sizeof name);
	memcpy(name + sizeof name - 10, "/disc.map", 10);
	struct respin_map *map;
	struct respin_error error = {0};
	assert_int_equal(mapfile_parse("0 ? 1\nx\n", 8, name, NULL, &map, NULL, &error),
			 RESPIN_E_MAP_DAMAGED);
	assert_non_null(strstr(error.text, "/disc.map: line 2: bad block line"));
}

#define HEAD                                                                                                 \
	"# Mapfile. Created by respin 0.1.0\n# Sector size:  2352\n"                                         \
	"# Last line begins with '# end': without it this file was cut short.\n"
#define BODY "0x0 ? 1\n0x0 0x930 +\n"

/* The text with a trailer that fits it; keep it in `out`. */
static const char *with_trailer(struct buf *out, const char *text, const char *fields)
{
	buf_clear(out);
	buf_add_str(out, text);
	buf_addf(out, "# end gen=7 crc32c=%08" PRIX32 "%s\n", crc32c(text, strlen(text)), fields);
	buf_add(out, "", 1);
	return out->data;
}

static void trailer(void **state)
{
	(void)state;
	struct mapfile_info info;
	struct buf text = {0};
	const char *fields = " image=2049:18446744073709551615 size=2352 keep=2352";
	map_destroy(parse_map(with_trailer(&text, HEAD BODY, fields), &info));
	assert_int_equal(info.state, MAPFILE_WHOLE);
	assert_false(info.torn);
	assert_true(info.trailer.present);
	assert_int_equal(info.trailer.generation, 7);
	assert_int_equal(info.trailer.image_dev, 2049);
	assert_int_equal(info.trailer.image_ino, UINT64_MAX);
	assert_int_equal(info.trailer.image_size_bytes, 2352);
	assert_int_equal(info.trailer.keep_bytes, 2352);
	assert_int_equal(info.keep_bytes, 2352);

	/* Without the head's word the trailer's counts; fields of later versions are no harm. */
	map_destroy(parse_map(with_trailer(&text, BODY, " image=1:2 size=3 keep=2064 more=x"), &info));
	assert_int_equal(info.state, MAPFILE_WHOLE);
	assert_int_equal(info.keep_bytes, 2064);

	/* No sector is so large; the rest of the trailer holds. */
	map_destroy(parse_map(with_trailer(&text, BODY, " image=1:2 size=3 keep=4294967296"), &info));
	assert_int_equal(info.state, MAPFILE_WHOLE);
	assert_int_equal(info.trailer.image_size_bytes, 3);
	assert_int_equal(info.keep_bytes, 0);

	(void)with_trailer(&text, BODY, " image=1:2 size=3 keep=2064");
	/* A trailer with the wrong sum, or with something after it: edited by hand, but a map. */
	*strchr(text.data, '+') = '-';
	map_destroy(parse_map(text.data, &info));
	assert_int_equal(info.state, MAPFILE_EDITED);
	assert_false(info.torn);

	(void)with_trailer(&text, BODY, " image=1:2 size=3");
	text.len--;
	buf_add(&text, "0x930 0x930 -\n", 15);
	map_destroy(parse_map(text.data, &info));
	assert_int_equal(info.state, MAPFILE_EDITED);
	buf_finish(&text);
}

static void torn(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool accepted, torn;
		enum mapfile_state state;
	} cases[] = {
		{"", true, true, MAPFILE_EMPTY},
		{"# Mapfile. Created by GNU ddre", true, true, MAPFILE_EMPTY},
		{"# Mapfile. Created by GNU ddrescue version 1.27\n", true, false, MAPFILE_EMPTY},
		{"0x0 ? 1\n", true, false, MAPFILE_EMPTY},
		{"0x0 ? 1", true, true, MAPFILE_EMPTY},
		{"0x0 ?", true, true, MAPFILE_EMPTY},
		{"0x0", false, true, MAPFILE_EMPTY},
		{"0x0 ? 1\n0x0 0x1", false, true, MAPFILE_EMPTY},
		{"0x0 ? 1\n0x0 0x10 +\n0x10 0x1", false, true, MAPFILE_WHOLE},
		{"0x0 ? 1\n0x0 0x10 +\n0x10 0x10 -", true, false, MAPFILE_WHOLE},
		{"0x0 ? 1\n0x0 0x10 +\n0x20 0x10 -\n", false, false, MAPFILE_WHOLE},
		/* ddrescue promises nothing, respin does. */
		{BODY, true, false, MAPFILE_WHOLE},
		{HEAD BODY, true, true, MAPFILE_WHOLE},
		{HEAD BODY "# end gen=7 crc32c=00000000 image=1:2 size=3", true, true, MAPFILE_WHOLE},
		{HEAD BODY "# end gen=7 crc32c=0000000 image=1:2 size=3\n", true, true, MAPFILE_WHOLE},
		{HEAD BODY "# end gen=7 crc32c=00000000 image=1:2 size=3\n", true, false, MAPFILE_EDITED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_map *map;
		struct mapfile_info info;
		int code = parse(cases[i].text, strlen(cases[i].text), false, &map, &info, NULL);
		assert_int_equal(code, cases[i].accepted ? 0 : RESPIN_E_MAP_DAMAGED);
		assert_int_equal(info.torn, cases[i].torn);
		assert_int_equal(info.state, cases[i].state);
		map_destroy(map);
	}
}

int main(void)
{
	struct CMUnitTest rows[MAPFILE_CASES];
	for (size_t i = 0; i < MAPFILE_CASES; i++)
		rows[i] = (struct CMUnitTest){.name = mapfile_cases[i].name,
					      .test_func = one_case,
					      .initial_state = (void *)&mapfile_cases[i]};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(position),   cmocka_unit_test(public_counts), cmocka_unit_test(gap_status),
		cmocka_unit_test(long_names), cmocka_unit_test(trailer),       cmocka_unit_test(torn),
	};
	int failed = cmocka_run_group_tests_name("cases", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
