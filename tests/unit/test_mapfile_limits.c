/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What no disc can need is refused before it costs memory. The parser is compiled
 * in here with a limit that can be reached; the true ones are figures only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/mapfile.h"

#undef MAPFILE_MAX_EXTENTS
#define MAPFILE_MAX_EXTENTS 1000
#include "core/mapfile_parse.c"

static int parse_blocks(unsigned count, struct respin_error *error)
{
	struct buf text = {0};
	struct respin_map *map = NULL;
	buf_add_str(&text, "0 ? 1\n");
	for (unsigned i = 0; i < count; i++)
		buf_addf(&text, "%u 1 %c\n", i, i % 2 ? '+' : '-');
	int code = mapfile_parse(text.data, text.len, "x", NULL, &map, NULL, error);
	map_destroy(map);
	buf_finish(&text);
	return code;
}

static void too_many_blocks(void **state)
{
	(void)state;
	struct respin_error error = {0};
	assert_int_equal(parse_blocks(1000, NULL), 0);
	assert_int_equal(parse_blocks(1001, &error), RESPIN_E_MAP_DAMAGED);
	assert_string_equal(error.text, "x: more blocks than any disc can need (1000 at most)");
}

/* Only what may be a block counts, and the last one needs no end of its line. */
static void many_lines_few_blocks(void **state)
{
	(void)state;
	struct buf text = {0};
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	buf_add_str(&text, "0 ? 1\n");
	for (unsigned i = 0; i < 5000; i++)
		buf_add_str(&text, i % 2 ? "# not a block\n" : "\n");
	for (unsigned i = 0; i < 1000; i++)
		buf_addf(&text, "%s%u 1 %c", i ? "\n" : "", i, i % 2 ? '+' : '-');
	assert_int_equal(mapfile_parse(text.data, text.len, "x", NULL, &map, NULL, &error), 0);
	map_destroy(map);
	buf_add_str(&text, "\n1000 1 ?");
	assert_int_equal(mapfile_parse(text.data, text.len, "x", NULL, &map, NULL, &error),
			 RESPIN_E_MAP_DAMAGED);
	buf_finish(&text);
}

/* Lines that do not begin with a digit are counted as they are read. */
static void too_many_blocks_in_disguise(void **state)
{
	(void)state;
	struct buf text = {0};
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	buf_add_str(&text, "0 ? 1\n");
	for (unsigned i = 0; i < 1001; i++)
		buf_addf(&text, " %u 1 %c\n", i, i % 2 ? '+' : '-');
	assert_int_equal(mapfile_parse(text.data, text.len, "x", NULL, &map, NULL, &error),
			 RESPIN_E_MAP_DAMAGED);
	assert_string_equal(error.text, "x: line 1002: more blocks than any disc can need");
	buf_finish(&text);
}

/* Refused by its length alone: there is not one byte behind this pointer. */
static void too_long(void **state)
{
	(void)state;
	struct respin_map *map = NULL;
	struct mapfile_info info;
	struct respin_error error = {0};
	assert_int_equal(mapfile_parse("", (size_t)MAPFILE_MAX_BYTES + 1, "x", NULL, &map, &info, &error),
			 RESPIN_E_MAP_DAMAGED);
	assert_null(map);
	assert_false(info.torn);
	assert_string_equal(error.text, "x: longer than any disc can need (1024 MiB at most)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_blocks),
		cmocka_unit_test(many_lines_few_blocks),
		cmocka_unit_test(too_many_blocks_in_disguise),
		cmocka_unit_test(too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
