/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text that a map becomes: byte for byte ddrescue's layout, the place where
 * ddrescue would go on, our own comments, and back again through the parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/mapfile.h"

static void set(struct respin_map *map, uint64_t start, uint64_t count, enum respin_status status)
{
	assert_int_equal(map_set(map, (struct respin_range){start, count}, status), 0);
}

static void assert_text(const struct buf *out, const char *expected)
{
	assert_false(out->failed);
	assert_int_equal(out->len, strlen(expected));
	assert_memory_equal(out->data, expected, out->len);
}

static void layout(void **state)
{
	(void)state;
	struct respin_map *map = map_create(0x300000, RESPIN_NON_TRIED);
	set(map, 0, 558, RESPIN_FINISHED);
	set(map, 558, 2, RESPIN_BAD);
	set(map, 560, 2, RESPIN_NON_TRIMMED);
	set(map, 562, 2, RESPIN_NON_SCRAPED);
	struct mapfile_head head = {
		.program = "respin 0.1.0",
		.command_line = "respin rescue /dev/sr0 disc.iso",
		.start_time = "2026-01-31 12:00:00",
		.current_time = "2026-01-31 12:30:00",
		.phase = RESPIN_PHASE_COPYING,
		.pos = 564,
	};
	struct buf out = {0};
	mapfile_render(map, 2048, 0, &head, &out);
	assert_text(&out, "# Mapfile. Created by respin 0.1.0\n"
			  "# Command line: respin rescue /dev/sr0 disc.iso\n"
			  "# Start time:   2026-01-31 12:00:00\n"
			  "# Current time: 2026-01-31 12:30:00\n"
			  "# Copying non-tried blocks... Pass 1 (forwards)\n"
			  "# current_pos  current_status  current_pass\n"
			  "0x0011A000     ?               1\n"
			  "#      pos        size  status\n"
			  "0x00000000  0x00117000  +\n"
			  "0x00117000  0x00001000  -\n"
			  "0x00118000  0x00001000  *\n"
			  "0x00119000  0x00001000  /\n"
			  "0x0011A000  0x17FEE6000  ?\n");
	buf_finish(&out);
	map_destroy(map);
}

static void own_comments(void **state)
{
	(void)state;
	struct respin_map *map = map_create(2, RESPIN_FINISHED);
	struct mapfile_head head = {
		.program = "respin 0.1.0",
		.phase = RESPIN_PHASE_FINISHED,
		.pos = 2,
		.trailer = {.present = true,
			    .generation = 12,
			    .image_dev = 2049,
			    .image_ino = 77,
			    .image_size_bytes = 4104,
			    .keep_bytes = 2352},
	};
	struct buf out = {0};
	/* The short last unit: 4104 = 2352 + 1752. */
	mapfile_render(map, 2352, 1752, &head, &out);
	assert_text(&out, "# Mapfile. Created by respin 0.1.0\n"
			  "# Sector size:  2352\n"
			  "# Last line begins with '# end': without it this file was cut short.\n"
			  "# Finished\n"
			  "# current_pos  current_status  current_pass\n"
			  "0x00001008     +               1\n"
			  "#      pos        size  status\n"
			  "0x00000000  0x00001008  +\n"
			  "# end gen=12 crc32c=D91EE3C3 image=2049:77 size=4104 keep=2352\n");
	buf_finish(&out);

	/* A sector size without a trailer promises nothing. */
	head.trailer.present = false;
	mapfile_render(map, 2352, 1752, &head, &out);
	buf_add(&out, "", 1);
	assert_non_null(strstr(out.data, "\n# Sector size:  2352\n# Finished\n"));
	buf_finish(&out);
	map_destroy(map);
}

static void phases(void **state)
{
	(void)state;
	static const struct {
		enum respin_phase phase;
		bool backwards;
		const char *expected;
	} cases[] = {
		{RESPIN_PHASE_SAMPLE, false,
		 "# Copying non-tried blocks... Pass 1 (forwards)\n0x00002000     ?               1\n"},
		{RESPIN_PHASE_COPYING, false,
		 "# Copying non-tried blocks... Pass 1 (forwards)\n0x00002000     ?               1\n"},
		{RESPIN_PHASE_COPYING, true,
		 "# Copying non-tried blocks... Pass 1 (backwards)\n0x00002000     ?               1\n"},
		{RESPIN_PHASE_SWEEPING, false,
		 "# Copying non-tried blocks... Pass 5 (forwards)\n0x00002000     ?               5\n"},
		{RESPIN_PHASE_TRIMMING, false,
		 "# Trimming failed blocks... (forwards)\n0x00002000     *               1\n"},
		{RESPIN_PHASE_SCRAPING, true,
		 "# Scraping failed blocks... (backwards)\n0x00002000     /               1\n"},
		{RESPIN_PHASE_RETRYING, true,
		 "# Retrying bad sectors... Retry 2 (backwards)\n0x00002000     /               1\n"},
		{RESPIN_PHASE_CLOSING, false,
		 "# Scraping failed blocks... (forwards)\n0x00002000     /               1\n"},
		{RESPIN_PHASE_FINISHED, false, "# Finished\n0x00002000     +               1\n"},
	};
	struct respin_map *map = map_create(8, RESPIN_FINISHED);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mapfile_head head = {.program = "p",
					    .phase = cases[i].phase,
					    .backwards = cases[i].backwards,
					    .pos = 4,
					    .pass = 2};
		struct buf out = {0}, expected = {0};
		const char *message = cases[i].expected, *line = strchr(message, '\n') + 1;
		mapfile_render(map, 2048, 0, &head, &out);
		buf_add_str(&expected, "# Mapfile. Created by p\n");
		buf_add(&expected, message, (size_t)(line - message));
		buf_add_str(&expected, "# current_pos  current_status  current_pass\n");
		buf_add_str(&expected, line);
		buf_add_str(&expected, "#      pos        size  status\n0x00000000  0x00004000  +\n");
		buf_add(&expected, "", 1);
		assert_text(&out, expected.data);
		buf_finish(&out);
		buf_finish(&expected);
	}
	map_destroy(map);
}

/* A pass 5 that began behind untried blocks would leave them out. */
static void sweeping_never_passes_untried_units(void **state)
{
	(void)state;
	struct respin_map *map = map_create(8, RESPIN_NON_TRIED);
	struct mapfile_head head = {.program = "p", .phase = RESPIN_PHASE_SWEEPING, .pos = 6};
	static const char *const expected[] = {"\n0x00000000     ?               5\n",
					       "\n0x00001000     ?               5\n",
					       "\n0x00003000     ?               5\n"};
	static const uint64_t tried[] = {0, 2, 7};
	for (size_t i = 0; i < 3; i++) {
		struct buf out = {0};
		set(map, 0, tried[i], RESPIN_NON_TRIMMED);
		mapfile_render(map, 2048, 0, &head, &out);
		buf_add(&out, "", 1);
		assert_non_null(strstr(out.data, expected[i]));
		buf_finish(&out);
	}
	map_destroy(map);
}

/* ddrescue writes a line end in a name as it is, and cannot read its own map any more. */
static void command_line_stays_one_line(void **state)
{
	(void)state;
	struct respin_map *map = map_create(1, RESPIN_NON_TRIED);
	struct mapfile_head head = {.program = "p", .command_line = "a\nb\r\x1b[2J \x7f \xc3\xa9 \\"};
	struct buf out = {0};
	mapfile_render(map, 1, 0, &head, &out);
	buf_add(&out, "", 1);
	assert_non_null(
		strstr(out.data, "\n# Command line: a\\nb\\x0D\\x1B[2J \\x7F \xc3\xa9 \\\n# Copying"));
	buf_finish(&out);
	map_destroy(map);
}

static void hex_widths(void **state)
{
	(void)state;
	static const struct {
		uint64_t number;
		const char *text;
	} cases[] = {
		{1, "\n0x00000000  0x00000001  +\n"},
		{0xffffffff, "\n0x00000000  0xFFFFFFFF  +\n"},
		{0x100000000, "\n0x00000000  0x100000000  +\n"},
		{0x123456789abcdef, "\n0x00000000  0x123456789ABCDEF  +\n"},
		{0x7ffffffffffffffe,
		 "\n0x00000000  0x7FFFFFFFFFFFFFFE  +\n0x7FFFFFFFFFFFFFFE  0x00000001  ?\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_map *map = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
		struct mapfile_head head = {.program = "p"};
		struct buf out = {0};
		set(map, 0, cases[i].number, RESPIN_FINISHED);
		mapfile_render(map, 1, 0, &head, &out);
		buf_add(&out, "", 1);
		assert_non_null(strstr(out.data, cases[i].text));
		buf_finish(&out);
		map_destroy(map);
	}
}

/* A map of bytes is written as far as its span reaches. */
static void spans(void **state)
{
	(void)state;
	const char *text = "0 ? 1\n10 5 +\n15 5 ?\n20 10 -\n";
	struct respin_map *map;
	struct mapfile_head head = {.program = "p"};
	struct buf out = {0};
	assert_int_equal(mapfile_parse(text, strlen(text), "x", NULL, &map, NULL, NULL), 0);
	mapfile_render(map, 1, 0, &head, &out);
	buf_add(&out, "", 1);
	assert_string_equal(strstr(out.data, "status\n") + 7, "0x0000000A  0x00000005  +\n"
							      "0x0000000F  0x00000005  ?\n"
							      "0x00000014  0x0000000A  -\n");
	buf_finish(&out);
	map_destroy(map);

	/* Nothing to say: no block. */
	map = map_create(0, RESPIN_NON_TRIED);
	mapfile_render(map, 2048, 0, &head, &out);
	buf_add(&out, "", 1);
	assert_string_equal(strstr(out.data, "status\n") + 7, "");
	buf_finish(&out);
	map_destroy(map);
}

/* Behind other text, the checksum covers the map alone. */
static void behind_other_text(void **state)
{
	(void)state;
	struct respin_map *map = map_create(5, RESPIN_NON_TRIED), *again;
	struct mapfile_head head = {.program = "p", .trailer = {.present = true}};
	struct mapfile_info info;
	struct buf out = {0};
	buf_add_str(&out, "before");
	mapfile_render(map, 2048, 0, &head, &out);
	assert_int_equal(mapfile_parse(out.data + 6, out.len - 6, "x", NULL, &again, &info, NULL), 0);
	assert_true(info.trailer.present);
	assert_int_equal(info.state, MAPFILE_WHOLE);
	buf_finish(&out);
	map_destroy(again);
	map_destroy(map);
}

static void assert_same(const struct respin_map *a, const struct respin_map *b)
{
	struct respin_extent x, y;
	uint64_t pos = 0;
	assert_int_equal(map_total(a), map_total(b));
	while (map_find(a, pos, MASK_ALL, &x)) {
		assert_true(map_find(b, pos, MASK_ALL, &y));
		assert_int_equal(x.range.count, y.range.count);
		assert_int_equal(x.status, y.status);
		pos = x.range.start + x.range.count;
	}
}

static struct respin_map *random_map(struct rng *rng, uint64_t units)
{
	struct respin_map *map = map_create(units, RESPIN_NON_TRIED);
	for (uint64_t i = rng_below(rng, 60); i > 0; i--) {
		uint64_t start = rng_below(rng, units);
		set(map, start, 1 + rng_below(rng, units - start),
		    (enum respin_status)rng_below(rng, RESPIN_STATUSES));
	}
	return map;
}

/* Rendered, parsed and imported a map is the same; cut anywhere, it is torn. */
static void there_and_back(void **state)
{
	(void)state;
	struct rng rng = {.state = 1};
	static const uint32_t sizes[] = {1, 512, 2048, 2352};
	for (int round = 0; round < 200; round++) {
		uint64_t units = 1 + rng_below(&rng, 5000);
		uint32_t unit = sizes[rng_below(&rng, 4)];
		uint32_t tail = (uint32_t)rng_below(&rng, unit);
		struct respin_map *map = random_map(&rng, units), *bytes, *again;
		struct mapfile_head head = {.program = "p", .trailer = {.present = true, .keep_bytes = unit}};
		struct mapfile_info info;
		struct buf out = {0};
		mapfile_render(map, unit, tail, &head, &out);
		assert_int_equal(mapfile_parse(out.data, out.len, "x", NULL, &bytes, &info, NULL), 0);
		assert_int_equal(info.state, MAPFILE_WHOLE);
		assert_false(info.torn);
		assert_int_equal(info.keep_bytes, unit);
		assert_int_equal(mapfile_import(bytes, units, unit, tail, "x", &again, NULL), 0);
		assert_same(map, again);
		map_destroy(bytes);
		map_destroy(again);

		/* Once the promise is on paper, every cut shows. */
		const char *promised = memmem(out.data, out.len, "cut short.\n", 11);
		size_t head_len = (size_t)(promised - out.data) + 11;
		size_t cut = head_len + rng_below(&rng, out.len - head_len);
		if (mapfile_parse(out.data, cut, "x", NULL, &bytes, &info, NULL) == 0)
			map_destroy(bytes);
		assert_true(info.torn);
		buf_finish(&out);
		map_destroy(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(own_comments),
		cmocka_unit_test(phases),
		cmocka_unit_test(sweeping_never_passes_untried_units),
		cmocka_unit_test(command_line_stays_one_line),
		cmocka_unit_test(hex_widths),
		cmocka_unit_test(spans),
		cmocka_unit_test(behind_other_text),
		cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
