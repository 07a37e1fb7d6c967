/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map as a mapfile without a rescue: what it says comes back through the
 * parser, and its status line names what is left to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <respin/map.h>

#include "core/map.h"
#include "core/mapfile.h"

static void set(struct respin_map *map, uint64_t start, uint64_t count, enum respin_status status)
{
	assert_int_equal(map_set(map, (struct respin_range){start, count}, status), 0);
}

/* The map of bytes that the text says. */
static struct respin_map *again(const struct respin_map *map, uint32_t unit_bytes)
{
	char *text;
	struct respin_map *read;
	struct respin_error error;
	struct mapfile_info info;
	assert_int_equal(respin_map_text(map, unit_bytes, &text, &error), 0);
	assert_int_equal(mapfile_parse(text, strlen(text), "text", NULL, &read, &info, &error), 0);
	assert_false(info.torn);
	free(text);
	return read;
}

static void comes_back(void **state)
{
	(void)state;
	struct respin_map *map = map_create(1000, RESPIN_FINISHED);
	set(map, 10, 5, RESPIN_BAD);
	set(map, 20, 6, RESPIN_NON_TRIMMED);
	set(map, 30, 7, RESPIN_NON_SCRAPED);
	set(map, 990, 10, RESPIN_NON_TRIED);
	struct respin_map *bytes = again(map, 2048);
	for (int status = 0; status < RESPIN_STATUSES; status++)
		assert_int_equal(respin_map_total(bytes, (enum respin_status)status),
				 2048 * map_count(map, (enum respin_status)status));
	assert_int_equal(respin_map_span(bytes).count, 1000 * 2048);
	struct respin_map *same = again(bytes, 1);
	assert_int_equal(map_extents(same), map_extents(bytes));
	assert_int_equal(respin_map_total(same, RESPIN_BAD), 5 * 2048);
	map_destroy(same);
	map_destroy(bytes);
	map_destroy(map);
}

static void what_is_left(void **state)
{
	(void)state;
	static const struct {
		enum respin_status status;
		char letter;
		uint64_t at;
	} steps[] = {
		/* Each worse than the one before it, and behind it. */
		{RESPIN_FINISHED, '+', 0},     {RESPIN_BAD, '+', 0},        {RESPIN_NON_SCRAPED, '/', 20},
		{RESPIN_NON_TRIMMED, '*', 30}, {RESPIN_NON_TRIED, '?', 40},
	};
	struct respin_map *map = map_create(100, RESPIN_FINISHED);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		set(map, 10 * i, 5, steps[i].status);
		struct respin_map *bytes = again(map, 512);
		struct respin_map_position position;
		respin_map_position(bytes, &position);
		assert_int_equal(position.status, steps[i].letter);
		assert_int_equal(position.pos_bytes, 512 * steps[i].at);
		map_destroy(bytes);
	}
	map_destroy(map);
}

static void too_large(void **state)
{
	(void)state;
	struct respin_map *map = map_create(1ull << 60, RESPIN_NON_TRIED);
	struct respin_error error = {0};
	char *text = (char *)"untouched";
	assert_int_equal(respin_map_text(map, 2048, &text, &error), RESPIN_E_INVALID);
	assert_null(text);
	assert_int_equal(respin_map_text(map, 8, &text, &error), RESPIN_E_INVALID);
	assert_int_equal(respin_map_text(map, 0, &text, &error), RESPIN_E_INVALID);
	assert_int_equal(respin_map_text(map, 4, &text, &error), 0);
	free(text);
	map_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(what_is_left),
		cmocka_unit_test(too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
