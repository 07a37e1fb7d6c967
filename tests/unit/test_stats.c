/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walk over map and domain together, both ways, against an array with one
 * status and one mark a unit; and the names of reasons. The map alone is test_map's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "core/stats.h"

#include <respin/types.h>

#define UNITS 96u

struct model {
	uint8_t status[UNITS];
	bool inside[UNITS];
	struct respin_map *map, *domain;
};

static void draw(struct model *model, struct rng *rng)
{
	model->map = map_create(UNITS, RESPIN_NON_TRIED);
	model->domain = map_create(UNITS, RESPIN_NON_TRIED);
	assert_true(model->map && model->domain);
	for (uint64_t at = 0; at < UNITS;) {
		uint64_t n = 1 + rng_below(rng, 9);
		n = n < UNITS - at ? n : UNITS - at;
		uint8_t status = (uint8_t)rng_below(rng, RESPIN_STATUSES);
		memset(model->status + at, status, n);
		assert_int_equal(
			map_set(model->map, (struct respin_range){at, n}, (enum respin_status)status), 0);
		at += n;
	}
	for (uint64_t at = 0; at < UNITS;) {
		uint64_t n = 1 + rng_below(rng, 12);
		n = n < UNITS - at ? n : UNITS - at;
		bool inside = rng_below(rng, 2);
		memset(model->inside + at, inside, n);
		if (inside)
			assert_int_equal(
				map_set(model->domain, (struct respin_range){at, n}, RESPIN_FINISHED), 0);
		at += n;
	}
}

static bool wanted(const struct model *model, uint64_t at, unsigned mask)
{
	return model->inside[at] && mask >> model->status[at] & 1;
}

static void check(const struct model *model, uint64_t from, unsigned mask)
{
	struct respin_extent extent;
	uint64_t at = from;
	while (at < UNITS && !wanted(model, at, mask))
		at++;
	assert_int_equal(domain_find(model->map, model->domain, from, mask, &extent), at < UNITS);
	if (at < UNITS) {
		uint64_t end = at;
		while (end < UNITS && model->inside[end] && model->status[end] == model->status[at])
			end++;
		assert_int_equal(extent.range.start, at);
		assert_int_equal(extent.range.count, end - at);
		assert_int_equal(extent.status, model->status[at]);
	}
	uint64_t before = from;
	while (before > 0 && !wanted(model, before - 1, mask))
		before--;
	assert_int_equal(domain_find_back(model->map, model->domain, from, mask, &extent), before > 0);
	if (before > 0) {
		uint64_t start = before;
		while (start > 0 && model->inside[start - 1] &&
		       model->status[start - 1] == model->status[before - 1])
			start--;
		assert_int_equal(extent.range.start, start);
		assert_int_equal(extent.range.count, before - start);
		assert_int_equal(extent.status, model->status[before - 1]);
	}
}

static void both_ways(void **state)
{
	(void)state;
	struct rng rng = {20};
	for (unsigned world = 0; world < 60; world++) {
		struct model model;
		draw(&model, &rng);
		for (uint64_t from = 0; from <= UNITS; from++)
			check(&model, from, 1 + (unsigned)rng_below(&rng, MASK_ALL));
		map_destroy(model.map);
		map_destroy(model.domain);
	}
}

static void counts_inside(void **state)
{
	(void)state;
	struct respin_map *map = map_create(100, RESPIN_NON_TRIED),
			  *domain = map_create(100, RESPIN_NON_TRIED);
	assert_int_equal(map_set(domain, (struct respin_range){10, 20}, RESPIN_FINISHED), 0);
	assert_int_equal(map_set(domain, (struct respin_range){50, 10}, RESPIN_FINISHED), 0);
	struct tally tally;
	struct respin_stats stats = {0};
	tally_init(&tally, map, domain);
	tally_stats(&tally, map, &stats);
	assert_int_equal(stats.non_tried, 30);
	assert_int_equal(map_set(map, (struct respin_range){10, 20}, RESPIN_FINISHED), 0);
	assert_int_equal(map_set(map, (struct respin_range){50, 5}, RESPIN_BAD), 0);
	tally_stats(&tally, map, &stats);
	assert_int_equal(stats.non_tried, 5);
	assert_int_equal(stats.finished, 20);
	assert_int_equal(stats.bad, 5);
	map_destroy(map);
	map_destroy(domain);
}

static void names_of_reasons(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= RESPIN_REASON_GIVEN_UP; i++) {
		const char *name = respin_reason_name((enum respin_reason)i);
		assert_non_null(name);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(name, respin_reason_name((enum respin_reason)j));
	}
	assert_string_equal(respin_reason_name(RESPIN_REASON_CANCELLED), "cancelled");
	assert_string_equal(respin_reason_name((enum respin_reason)200), "unknown");
	assert_string_equal(respin_reason_name((enum respin_reason) - 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(counts_inside),
		cmocka_unit_test(names_of_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
