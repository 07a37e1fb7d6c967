/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mapfiles for those who only look: from a path, from standard input, and what
 * cannot be had; maps of the caller's own, up to the last byte that a mapfile
 * can count. What the parser makes of a text is test_mapfile_parse's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <respin/map.h>

#define MOST ((uint64_t)INT64_MAX) /* a mapfile counts bytes in 63 bits */

static char dir[] = "/tmp/respin-map-load.XXXXXX";
static char path[sizeof dir + 16];

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof path, "%s/a.map", mkdtemp(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void loaded(void **state)
{
	(void)state;
	struct respin_map *map = NULL;
	write_file("0 *\n0 4096 +\n4096 2048 -\n");
	assert_int_equal(respin_map_load(path, NULL, &map, NULL), 0);
	assert_int_equal(respin_map_total(map, RESPIN_FINISHED), 4096);
	assert_int_equal(respin_map_total(map, RESPIN_BAD), 2048);
	assert_int_equal(respin_map_span(map).count, 6144);
	struct respin_map_position position;
	respin_map_position(map, &position);
	assert_int_equal(position.status, '*');
	respin_map_destroy(map);
}

static void from_standard_input(void **state)
{
	(void)state;
	write_file("0 ?\n0 512 /\n");
	int kept = dup(STDIN_FILENO), file = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO);
	struct respin_map *map = NULL;
	int code = respin_map_load("-", NULL, &map, NULL);
	/* It is read to its end, and stays open for its owner. */
	char byte;
	ssize_t left = read(STDIN_FILENO, &byte, 1);
	if (kept >= 0) {
		(void)dup2(kept, STDIN_FILENO);
		(void)close(kept);
	}
	(void)close(file);
	assert_int_equal(code, 0);
	assert_int_equal(left, 0);
	assert_int_equal(respin_map_total(map, RESPIN_NON_SCRAPED), 512);
	respin_map_destroy(map);
}

static void options_count(void **state)
{
	(void)state;
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	struct respin_map_options options = {.size = sizeof options, .loose = 1, .gap_status = RESPIN_BAD};
	write_file("0 ?\n0 512 +\n1024 512 +\n");
	assert_int_equal(respin_map_load(path, NULL, &map, &error), RESPIN_E_MAP_DAMAGED);
	assert_int_equal(respin_map_load(path, &options, &map, &error), 0);
	assert_int_equal(respin_map_total(map, RESPIN_BAD), 512);
	respin_map_destroy(map);
	map = NULL;
	options.gap_status = RESPIN_STATUSES;
	assert_int_equal(respin_map_load(path, &options, &map, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "no sense"));
	options = (struct respin_map_options){.size = sizeof options.size};
	assert_int_equal(respin_map_load(path, &options, &map, &error), RESPIN_E_INVALID);
	assert_null(map);
}

static void unreadable(void **state)
{
	(void)state;
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	assert_int_equal(respin_map_load(dir, NULL, &map, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "cannot be read"));
	assert_int_equal(respin_map_load("/nowhere/a.map", NULL, &map, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "cannot be opened"));
	assert_null(map);
	/* That nothing stands in it is no damage: it is a map of nothing. */
	write_file("");
	assert_int_equal(respin_map_load(path, NULL, &map, &error), 0);
	assert_int_equal(respin_map_span(map).count, 0);
	assert_int_equal(respin_map_areas(map, RESPIN_NON_TRIED), 0);
	respin_map_destroy(map);
}

static void spans(void **state)
{
	(void)state;
	static const struct {
		struct respin_range span;
		int code;
	} rows[] = {
		{{0, 0}, RESPIN_E_INVALID},
		{{0, 1}, 0},
		{{0, MOST}, 0},
		{{0, MOST + 1}, RESPIN_E_INVALID},
		{{MOST - 1, 1}, 0},
		{{MOST - 1, 2}, RESPIN_E_INVALID},
		{{MOST, 1}, RESPIN_E_INVALID},
		{{1, UINT64_MAX}, RESPIN_E_INVALID},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_map *map = NULL;
		struct respin_error error = {0};
		assert_int_equal(respin_map_create(rows[i].span, &map, &error), rows[i].code);
		assert_int_equal(map != NULL, rows[i].code == 0);
		if (map)
			assert_int_equal(respin_map_total(map, RESPIN_NON_TRIED), rows[i].span.count);
		respin_map_destroy(map);
	}
}

static void only_within_the_span(void **state)
{
	(void)state;
	struct respin_map *map = NULL;
	assert_int_equal(respin_map_create((struct respin_range){100, 50}, &map, NULL), 0);
	static const struct {
		struct respin_range range;
		int code;
	} rows[] = {
		{{99, 1}, RESPIN_E_INVALID},
		{{99, 0}, RESPIN_E_INVALID},
		{{100, 50}, 0},
		{{100, 51}, RESPIN_E_INVALID},
		{{150, 0}, 0},
		{{150, 1}, RESPIN_E_INVALID},
		{{151, 0}, RESPIN_E_INVALID},
		{{120, UINT64_MAX}, RESPIN_E_INVALID},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(respin_map_set(map, rows[i].range, RESPIN_FINISHED), rows[i].code);
	assert_int_equal(respin_map_total(map, RESPIN_FINISHED), 50);
	assert_int_equal(respin_map_areas(map, RESPIN_FINISHED), 1);
	/* Nothing before and behind it counts as '?'. */
	assert_int_equal(respin_map_total(map, RESPIN_NON_TRIED), 0);
	assert_int_equal(respin_map_areas(map, RESPIN_NON_TRIED), 0);
	assert_int_equal(respin_map_set(map, (struct respin_range){120, 10}, RESPIN_NON_TRIED), 0);
	assert_int_equal(respin_map_areas(map, RESPIN_NON_TRIED), 1);

	struct respin_extent extent;
	assert_int_equal(respin_map_next(map, 0, 1u << RESPIN_FINISHED, &extent), 1);
	assert_int_equal(extent.range.start, 100);
	assert_int_equal(respin_map_next(map, 130, 1u << RESPIN_NON_TRIED, &extent), 0);
	assert_int_equal(respin_map_next(map, 150, 1u << RESPIN_FINISHED, &extent), 0);
	assert_int_equal(respin_map_next(map, 0, 1u << RESPIN_BAD, &extent), 0);
	respin_map_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loaded),        cmocka_unit_test(from_standard_input),
		cmocka_unit_test(options_count), cmocka_unit_test(unreadable),
		cmocka_unit_test(spans),         cmocka_unit_test(only_within_the_span),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
