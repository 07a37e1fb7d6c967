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
	assert_string_equal(error.text, "x: line 1002: more blocks than any disc can need");
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
		cmocka_unit_test(too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
