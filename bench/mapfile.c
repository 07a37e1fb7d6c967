/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What saving and reading a map cost: it is rendered anew at every commit, while
 * the drive may be waiting. A map of 1e5 areas and one of 1e6, to see that the
 * time grows with the areas and no faster. CPU time, best of five.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "core/mapfile.h"

#define AREAS 100000u
#define RENDER_BAR_MS 5.0
#define PARSE_BAR_MS 100.0
#define IMPORT_BAR_MS 100.0
/* Ten times the areas: more than ten times the time only by what the caches lose. */
#define GROWTH_BAR 20.0
#define ROUNDS 5

struct times {
	double render_ms, parse_ms, import_ms;
};

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double less(double a, double b)
{
	return a < b ? a : b;
}

/* Damage strewn over a disc: every other area is bad. */
static struct respin_map *scattered(unsigned areas)
{
	struct rng rng = {7};
	struct respin_map *map = map_create((uint64_t)areas * 64, RESPIN_FINISHED);
	for (unsigned i = 0; i < areas / 2; i++) {
		struct respin_range range = {(uint64_t)i * 128 + 1 + rng_below(&rng, 60),
					     1 + rng_below(&rng, 16)};
		int r = map_set(map, range, RESPIN_NON_SCRAPED);
		assert(r == 0);
		(void)r;
	}
	return map;
}

static struct times measure(unsigned areas)
{
	struct respin_map *map = scattered(areas);
	struct mapfile_head head = {.program = "respin", .trailer = {.present = true, .keep_bytes = 2048}};
	struct times best = {1e9, 1e9, 1e9};
	struct buf text = {0};
	for (int i = 0; i < ROUNDS; i++) {
		struct respin_map *bytes, *again;
		buf_clear(&text);
		double from = cpu_ms();
		mapfile_render(map, 2048, 0, &head, &text);
		best.render_ms = less(best.render_ms, cpu_ms() - from);
		from = cpu_ms();
		int r = mapfile_parse(text.data, text.len, "x", NULL, &bytes, NULL, NULL);
		best.parse_ms = less(best.parse_ms, cpu_ms() - from);
		assert(r == 0);
		from = cpu_ms();
		r = mapfile_import(bytes, map_total(map), 2048, 0, "x", &again, NULL);
		best.import_ms = less(best.import_ms, cpu_ms() - from);
		assert(r == 0 && map_extents(again) == map_extents(map));
		map_destroy(again);
		map_destroy(bytes);
	}
	printf("%lu areas, %zu bytes: render %.2f ms, parse %.2f ms, import %.2f ms\n",
	       (unsigned long)map_extents(map), text.len, best.render_ms, best.parse_ms, best.import_ms);
	buf_finish(&text);
	map_destroy(map);
	return best;
}

int main(void)
{
	const char *text = getenv("RESPIN_BENCH_SLACK");
	double slack = text ? strtod(text, NULL) : 1;
	struct times small = measure(AREAS), large = measure(10 * AREAS);
	printf("bars at %u areas: render %.0f ms, parse %.0f ms, import %.0f ms; ten times the areas: %.0f "
	       "times as long\n",
	       AREAS, RENDER_BAR_MS, PARSE_BAR_MS, IMPORT_BAR_MS, GROWTH_BAR);
	bool good = small.render_ms < RENDER_BAR_MS * slack && small.parse_ms < PARSE_BAR_MS * slack &&
		    small.import_ms < IMPORT_BAR_MS * slack &&
		    large.render_ms < small.render_ms * GROWTH_BAR * slack &&
		    large.parse_ms < small.parse_ms * GROWTH_BAR * slack;
	return good ? 0 : 1;
}
