/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a mapfile's bytes to a rescue's units, against a model that looks at every
 * byte; which maps do not belong to a source; and where a rescue goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "core/mapfile.h"

static struct respin_map *parse_map(const char *text)
{
	struct respin_map *map;
	struct respin_error error = {0};
	if (mapfile_parse(text, strlen(text), "x", NULL, &map, NULL, &error) < 0)
		fail_msg("%s", error.text);
	return map;
}

/* The status of every unit as a letter. */
static void letters(const struct respin_map *map, char *out)
{
	uint64_t units = map_total(map);
	for (uint64_t i = 0; i < units; i++)
		out[i] = respin_status_char(map_at(map, i));
	out[units] = '\0';
}

static void borders(void **state)
{
	(void)state;
	/* Four units of 2048 bytes, the last one of 1000. */
	static const struct {
		const char *what, *blocks, *units;
	} cases[] = {
		{"blank", "", "????"},
		{"whole", "0 7144 +", "++++"},
		{"aligned", "0 2048 +\n2048 2048 -\n4096 2048 /\n6144 1000 *", "+-/*"},
		{"a '+' that ends within a unit", "0 4000 +\n4000 3144 -", "+---"},
		{"a '+' that begins within a unit", "0 4000 /\n4000 3144 +", "//++"},
		{"'-' over '/'", "0 4000 -\n4000 3144 /", "-///"},
		{"'/' over '*'", "0 3000 /\n3000 4144 *", "/***"},
		{"'?' beats them all", "0 5000 -\n5000 1 ?\n5001 2143 +", "--?+"},
		{"three in one unit", "0 2048 +\n2048 512 -\n2560 512 *\n3072 4072 +", "+*++"},
		{"512-byte sectors all through one unit",
		 "0 512 +\n512 512 -\n1024 512 /\n1536 512 +\n2048 5096 +", "/+++"},
		{"one byte short of the end", "0 7143 +", "+++?"},
		{"missing head", "2048 5096 +", "?+++"},
		{"missing head within a unit", "1 7143 +", "?+++"},
		{"missing tail", "0 4096 -", "--??"},
		{"a tail beyond that is not '+'", "0 7144 +\n7144 5000 -", "++++"},
		{"a tail of unknown size", "0 2048 +\n2048 9223372036854775807 ?", "+???"},
		{"a last block across the end", "0 4096 +\n4096 4096 /", "++//"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = {0};
		buf_addf(&text, "0 ? 1\n%s\n", cases[i].blocks);
		buf_add(&text, "", 1);
		struct respin_map *bytes = parse_map(text.data), *map;
		char found[5];
		assert_int_equal(mapfile_import(bytes, 4, 2048, 1000, "x", &map, NULL), 0);
		letters(map, found);
		if (strcmp(found, cases[i].units))
			fail_msg("%s: %s, not %s", cases[i].what, found, cases[i].units);
		map_destroy(map);
		map_destroy(bytes);
		buf_finish(&text);
	}
}

static void another_source(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"0 ? 1\n0 8193 +\n",                     /* a byte too much is rescued */
		"0 ? 1\n0 8192 -\n8192 1 +\n",           /* rescued beyond the end */
		"0 ? 1\n0 8192 +\n8192 1 ?\n8193 1 -\n", /* the last block begins beyond it */
		"0 ? 1\n9000 10 ?\n",                    /* nothing but beyond */
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct respin_map *bytes = parse_map(texts[i]), *map = NULL;
		struct respin_error error = {0};
		assert_int_equal(mapfile_import(bytes, 4, 2048, 0, "disc.map", &map, &error),
				 RESPIN_E_MAP_SIZE);
		assert_null(map);
		assert_int_equal(error.code, RESPIN_E_MAP_SIZE);
		assert_memory_equal(error.text, "disc.map: ", 10);
		map_destroy(bytes);
	}
	struct respin_map *bytes = parse_map("0 ? 1\n"), *map;
	assert_int_equal(mapfile_import(bytes, UINT64_MAX / 2048, 2048, 0, "x", &map, NULL),
			 RESPIN_E_MAP_SIZE);
	assert_int_equal(mapfile_import(bytes, UINT64_MAX, 2048, 0, "x", &map, NULL), RESPIN_E_MAP_SIZE);
	assert_int_equal(mapfile_import(bytes, 0, 2048, 0, "x", &map, NULL), 0);
	assert_int_equal(map_total(map), 0);
	map_destroy(map);
	map_destroy(bytes);
}

static void position_comes_along(void **state)
{
	(void)state;
	struct respin_map *bytes = parse_map("0x1000 / 3\n0 8192 -\n"), *map;
	assert_int_equal(mapfile_import(bytes, 4, 2048, 0, "x", &map, NULL), 0);
	assert_int_equal(map_position(map)->pos_bytes, 0x1000);
	assert_int_equal(map_position(map)->status, '/');
	assert_int_equal(map_position(map)->pass, 3);
	map_destroy(map);
	map_destroy(bytes);
}

#define MODEL_UNITS 40

static void against_the_model(void **state)
{
	(void)state;
	struct rng rng = {.state = 1};
	for (int round = 0; round < 1500; round++) {
		static const uint32_t sizes[] = {1, 3, 16, 64};
		uint32_t unit = sizes[rng_below(&rng, 4)];
		uint32_t tail = (uint32_t)rng_below(&rng, unit);
		uint64_t size = (uint64_t)MODEL_UNITS * unit - (tail ? unit - tail : 0);
		char model[MODEL_UNITS + 1], found[MODEL_UNITS + 1];
		struct buf text = {0};
		memset(model, '+', MODEL_UNITS);
		model[MODEL_UNITS] = '\0';
		buf_add_str(&text, "0 ? 1\n");
		uint64_t step = 1 + rng_below(&rng, 2u * unit);
		for (uint64_t pos = 0, end; pos < size; pos = end) {
			end = pos + 1 + rng_below(&rng, step);
			end = end < size ? end : size;
			char status = "?*/-+++"[rng_below(&rng, 7)];
			buf_addf(&text, "%" PRIu64 " %" PRIu64 " %c\n", pos, end - pos, status);
			for (uint64_t i = pos; i < end; i++) {
				char *of_unit = &model[i / unit];
				const char *order = "?*/-+";
				if (strchr(order, status) < strchr(order, *of_unit))
					*of_unit = status;
			}
		}
		buf_add(&text, "", 1);
		struct respin_map *bytes = parse_map(text.data), *map;
		assert_int_equal(mapfile_import(bytes, MODEL_UNITS, unit, tail, "x", &map, NULL), 0);
		letters(map, found);
		assert_string_equal(found, model);
		map_destroy(map);
		map_destroy(bytes);
		buf_finish(&text);
	}
}

static void resume(void **state)
{
	(void)state;
	static const struct {
		struct respin_map_position position;
		struct mapfile_resume expected;
	} cases[] = {
		{{0, 1, '?'}, {RESPIN_PHASE_COPYING, 0}},
		{{10 * 2048 + 5, 1, '?'}, {RESPIN_PHASE_COPYING, 10}},
		{{100 * 2048, 1, '?'}, {RESPIN_PHASE_COPYING, 100}},
		{{101 * 2048, 1, '?'}, {RESPIN_PHASE_COPYING, 0}},
		{{10 * 2048, 6, '?'}, {RESPIN_PHASE_COPYING, 10}},
		/* ddrescue's passes 2 to 4 run both ways: no place of ours. */
		{{10 * 2048, 2, '?'}, {RESPIN_PHASE_SWEEPING, 0}},
		{{10 * 2048, 4, '?'}, {RESPIN_PHASE_SWEEPING, 0}},
		{{10 * 2048, 5, '?'}, {RESPIN_PHASE_SWEEPING, 10}},
		{{10 * 2048, 1, '*'}, {RESPIN_PHASE_TRIMMING, 10}},
		{{10 * 2048, 1, '/'}, {RESPIN_PHASE_SCRAPING, 10}},
		{{10 * 2048, 2, '-'}, {RESPIN_PHASE_SCRAPING, 10}},
		{{10 * 2048, 1, '+'}, {RESPIN_PHASE_FINISHED, 10}},
		{{10 * 2048, 1, 'F'}, {RESPIN_PHASE_COPYING, 0}},
		{{10 * 2048, 1, 'S'}, {RESPIN_PHASE_COPYING, 0}},
		{{INT64_MAX, 1, '*'}, {RESPIN_PHASE_TRIMMING, 0}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mapfile_resume found = mapfile_resume(&cases[i].position, 2048, 100);
		assert_int_equal(found.phase, cases[i].expected.phase);
		assert_int_equal(found.pos, cases[i].expected.pos);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders),
		cmocka_unit_test(another_source),
		cmocka_unit_test(position_comes_along),
		cmocka_unit_test(against_the_model),
		cmocka_unit_test(resume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
