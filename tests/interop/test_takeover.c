/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GNU ddrescue takes over a map that we rendered in each phase: it goes on where
 * the map says, reads nothing that is finished, and leaves nothing out. Needs
 * ddrescue. Whole rescues in both directions are the lab's (tests/lab).
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

#include "base/rng.h"
#include "core/mapfile.h"
#include "outside.h"

#define SECTOR 2048
#define UNITS 256
/* What ddrescue reads at once: one ECC block of a DVD. */
#define CLUSTER "16"

struct phase_case {
	const char *name;
	enum respin_phase phase;
	bool backwards;
	uint64_t pos;
	/* Units 0-15, 16-31, 32-255. */
	enum respin_status status[3];
	uint64_t first_read; /* unit; UINT64_MAX: nothing is read */
};

static const struct phase_case cases[] = {
	{"copying",
	 RESPIN_PHASE_COPYING,
	 false,
	 64,
	 {RESPIN_NON_TRIED, RESPIN_FINISHED, RESPIN_NON_TRIED},
	 64},
	{"sampling", RESPIN_PHASE_SAMPLE, false, 0, {RESPIN_FINISHED, RESPIN_FINISHED, RESPIN_NON_TRIED}, 32},
	{"sweeping",
	 RESPIN_PHASE_SWEEPING,
	 false,
	 32,
	 {RESPIN_NON_TRIMMED, RESPIN_FINISHED, RESPIN_NON_TRIED},
	 32},
	{"sweeping, with something left behind",
	 RESPIN_PHASE_SWEEPING,
	 false,
	 64,
	 {RESPIN_NON_TRIED, RESPIN_FINISHED, RESPIN_NON_TRIED},
	 0},
	{"trimming",
	 RESPIN_PHASE_TRIMMING,
	 false,
	 32,
	 {RESPIN_NON_SCRAPED, RESPIN_FINISHED, RESPIN_NON_TRIMMED},
	 32},
	{"scraping",
	 RESPIN_PHASE_SCRAPING,
	 true,
	 32,
	 {RESPIN_NON_SCRAPED, RESPIN_FINISHED, RESPIN_FINISHED},
	 0},
	{"retrying",
	 RESPIN_PHASE_RETRYING,
	 true,
	 16,
	 {RESPIN_NON_SCRAPED, RESPIN_FINISHED, RESPIN_NON_SCRAPED},
	 0},
	{"closing",
	 RESPIN_PHASE_CLOSING,
	 false,
	 16,
	 {RESPIN_FINISHED, RESPIN_FINISHED, RESPIN_NON_SCRAPED},
	 32},
	{"finished",
	 RESPIN_PHASE_FINISHED,
	 false,
	 UNITS,
	 {RESPIN_FINISHED, RESPIN_FINISHED, RESPIN_FINISHED},
	 UINT64_MAX},
};

static void render(const struct phase_case *c, struct buf *out)
{
	static const struct respin_range ranges[] = {{0, 16}, {16, 16}, {32, UNITS - 32}};
	struct respin_map *map = map_create(UNITS, RESPIN_NON_TRIED);
	for (int i = 0; i < 3; i++)
		assert_int_equal(map_set(map, ranges[i], c->status[i]), 0);
	struct mapfile_head head = {
		.program = "respin",
		.phase = c->phase,
		.backwards = c->backwards,
		.pos = c->pos,
		.trailer = {.present = true, .keep_bytes = SECTOR},
	};
	mapfile_render(map, SECTOR, 0, &head, out);
	map_destroy(map);
}

/* The log's first line that is no comment: position, size, copied, error. */
static uint64_t first_read(const char *log)
{
	while (*log == '#')
		log = strchr(log, '\n') + 1;
	return *log ? strtoull(log, NULL, 0) / SECTOR : UINT64_MAX;
}

static void takeover(void **state)
{
	const struct phase_case *c = *state;
	struct buf source = {0}, map = {0}, log = {0}, image = {0};
	struct rng rng = {.state = 1};
	for (unsigned i = 0; i < UNITS * SECTOR / 8; i++) {
		uint64_t word = rng_next(&rng);
		buf_add(&source, &word, sizeof word);
	}
	/* The image holds what the map says, and nothing else. */
	buf_add(&image, source.data, source.len);
	for (unsigned unit = 0; unit < UNITS; unit++)
		if (c->status[unit < 16 ? 0 : unit < 32 ? 1 : 2] != RESPIN_FINISHED)
			memset(image.data + unit * SECTOR, 0x55, SECTOR);
	render(c, &map);
	outside_write("source", source.data, source.len);
	outside_write("image", image.data, image.len);
	outside_write("map", map.data, map.len);
	outside_write("log", "", 0);

	struct outside_result it;
	outside_run((const char *[]){"ddrescue", "-q", "-b2048", "-c" CLUSTER, "--log-reads=log", "source",
				     "image", "map", NULL},
		    &it);
	assert_int_equal(it.status, 0);
	outside_read("log", &log);
	assert_int_equal(first_read(log.data), c->first_read);
	outside_read("image", &image);
	assert_int_equal(image.len, source.len);
	assert_memory_equal(image.data, source.data, source.len);
	outside_read("map", &map);
	assert_non_null(strstr(map.data, "\n0x00000000  0x00080000  +\n"));

	outside_result_finish(&it);
	buf_finish(&source);
	buf_finish(&image);
	buf_finish(&map);
	buf_finish(&log);
}

int main(void)
{
	enum { COUNT = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){
			.name = cases[i].name, .test_func = takeover, .initial_state = (void *)&cases[i]};
	outside_init();
	bool has = outside_has("ddrescue", "gddrescue");
	int failed = has ? cmocka_run_group_tests(tests, NULL, NULL) : OUTSIDE_SKIP;
	if (has && failed)
		outside_keep();
	else
		outside_finish();
	return failed;
}
