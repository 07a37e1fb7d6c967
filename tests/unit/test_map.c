/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status map against the simplest thing that could be right: an array with
 * one status a unit. Does not measure speed; bench/map does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "core/map.h"

#define MODEL_MAX 4096

struct model {
	uint64_t total;
	uint8_t status[MODEL_MAX];
};

static void check_counts(const struct respin_map *map, const struct model *model)
{
	uint64_t count[RESPIN_STATUSES] = {0}, areas[RESPIN_STATUSES] = {0}, extents = 0;
	for (uint64_t i = 0; i < model->total; i++) {
		count[model->status[i]]++;
		if (i == 0 || model->status[i] != model->status[i - 1]) {
			areas[model->status[i]]++;
			extents++;
		}
	}
	for (int s = 0; s < RESPIN_STATUSES; s++) {
		assert_int_equal(map_count(map, (enum respin_status)s), count[s]);
		assert_int_equal(map_areas(map, (enum respin_status)s), areas[s]);
	}
	assert_int_equal(map_extents(map), extents);
}

static void check_find(const struct respin_map *map, const struct model *model, uint64_t from, unsigned mask)
{
	struct respin_extent extent;
	uint64_t i = from;
	while (i < model->total && !(mask >> model->status[i] & 1))
		i++;
	bool found = map_find(map, from, mask, &extent);
	assert_int_equal(found, i < model->total);
	if (!found)
		return;
	uint64_t end = i;
	while (end < model->total && model->status[end] == model->status[i])
		end++;
	assert_int_equal(extent.range.start, i);
	assert_int_equal(extent.range.count, end - i);
	assert_int_equal(extent.status, model->status[i]);
}

static void check_find_back(const struct respin_map *map, const struct model *model, uint64_t before,
			    unsigned mask)
{
	struct respin_extent extent;
	uint64_t i = before;
	while (i > 0 && !(mask >> model->status[i - 1] & 1))
		i--;
	bool found = map_find_back(map, before, mask, &extent);
	assert_int_equal(found, i > 0);
	if (!found)
		return;
	uint64_t start = i;
	while (start > 0 && model->status[start - 1] == model->status[i - 1])
		start--;
	assert_int_equal(extent.range.start, start);
	assert_int_equal(extent.range.count, i - start);
	assert_int_equal(extent.status, model->status[i - 1]);
}

static void run_model(uint64_t seed, uint64_t total, uint64_t longest, int operations)
{
	static struct model model;
	struct rng rng = {seed};
	model.total = total;
	memset(model.status, RESPIN_NON_TRIED, sizeof model.status);
	struct respin_map *map = map_create(total, RESPIN_NON_TRIED);
	assert_non_null(map);
	for (int i = 0; i < operations; i++) {
		uint64_t start = rng_below(&rng, total);
		uint64_t count = rng_below(&rng, longest + 1);
		if (count > total - start)
			count = total - start;
		uint8_t status = (uint8_t)rng_below(&rng, RESPIN_STATUSES);
		assert_int_equal(
			map_set(map, (struct respin_range){start, count}, (enum respin_status)status), 0);
		memset(&model.status[start], status, count);
		check_find(map, &model, rng_below(&rng, total), (unsigned)rng_below(&rng, 32));
		check_find_back(map, &model, rng_below(&rng, total + 1), (unsigned)rng_below(&rng, 32));
		if (i % 64 == 0)
			check_counts(map, &model);
	}
	check_counts(map, &model);
	struct respin_map *copy = map_copy(map);
	assert_non_null(copy);
	check_counts(copy, &model);
	for (uint64_t i = 0; i < total; i++)
		assert_int_equal(map_at(copy, i), model.status[i]);
	map_destroy(copy);
	map_destroy(map);
}

static uint64_t base_seed(void)
{
	const char *text = getenv("RESPIN_SEED");
	return text ? strtoull(text, NULL, 0) : 1;
}

static void test_model_short_runs(void **state)
{
	(void)state;
	for (uint64_t s = 0; s < 8; s++)
		run_model(base_seed() + s, MODEL_MAX, 3, 6000);
}

static void test_model_mixed_runs(void **state)
{
	(void)state;
	for (uint64_t s = 0; s < 20; s++)
		run_model(base_seed() + 100 + s, 1 + s * 200, 1 + s * s, 2000);
}

/* Deep trees: many thin runs, then everything taken away again. */
static void test_grow_and_shrink(void **state)
{
	(void)state;
	const uint64_t runs = 100000;
	struct respin_map *map = map_create(runs * 4, RESPIN_NON_TRIED);
	for (uint64_t i = 0; i < runs; i++) {
		uint64_t at = i * 7919 % runs; /* a prime: scattered, each place once */
		assert_int_equal(map_set(map, (struct respin_range){at * 4 + 1, 2}, RESPIN_FINISHED), 0);
	}
	assert_int_equal(map_extents(map), runs * 2 + 1);
	assert_true(map_memory_bytes(map) <= 32 * map_extents(map));
	struct respin_extent extent;
	assert_false(map_find(map, 0, MASK(RESPIN_BAD), &extent));
	assert_int_equal(map_set(map, (struct respin_range){runs * 2, 1}, RESPIN_BAD), 0);
	assert_true(map_find(map, 0, MASK(RESPIN_BAD), &extent));
	assert_int_equal(extent.range.start, runs * 2);
	assert_true(map_find_back(map, runs * 4, MASK(RESPIN_BAD), &extent));
	for (uint64_t i = 0; i < runs; i++) {
		uint64_t at = i * 104729 % runs;
		assert_int_equal(map_set(map, (struct respin_range){at * 4, 4}, RESPIN_FINISHED), 0);
	}
	assert_int_equal(map_extents(map), 1);
	assert_int_equal(map_count(map, RESPIN_FINISHED), runs * 4);
	map_destroy(map);
}

static void test_empty_and_edges(void **state)
{
	(void)state;
	struct respin_extent extent;
	struct respin_map *map = map_create(0, RESPIN_NON_TRIED);
	assert_false(map_find(map, 0, MASK_ALL, &extent));
	assert_false(map_find_back(map, 0, MASK_ALL, &extent));
	assert_int_equal(map_extents(map), 0);
	assert_int_equal(map_runs(map, 0, &extent, 1), 0);
	map_destroy(map);

	map = map_create(INT64_MAX, RESPIN_NON_TRIED);
	assert_int_equal(map_set(map, (struct respin_range){INT64_MAX - 1, 1}, RESPIN_FINISHED), 0);
	assert_int_equal(map_count(map, RESPIN_NON_TRIED), INT64_MAX - 1);
	assert_true(map_find(map, 5, MASK(RESPIN_FINISHED), &extent));
	assert_int_equal(extent.range.start, INT64_MAX - 1);
	assert_int_equal(extent.range.count, 1);
	assert_int_equal(map_runs(map, 0, &extent, 0), 0);
	assert_int_equal(map_runs(map, INT64_MAX, &extent, 1), 0);
	assert_int_equal(map_runs(map, INT64_MAX - 1, &extent, 1), 1);
	assert_int_equal(extent.status, RESPIN_FINISHED);
	map_destroy(map);
	map_destroy(NULL);
}

/* '+' goes back by evidence alone: anything else is our own mistake, and stops us. */
static void test_finished_does_not_go_back(void **state)
{
	(void)state;
	static const struct respin_span spans[] = {
		{{2, 3}, RESPIN_SPAN_RETRY, RESPIN_NON_TRIMMED, 0},
		{{2, 3}, RESPIN_SPAN_PROVISIONAL, RESPIN_NON_SCRAPED, 0},
		{{0, 10}, RESPIN_SPAN_UNREADABLE, RESPIN_BAD, 0},
	};
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		pid_t child = fork();
		if (child == 0) {
			(void)close(STDERR_FILENO);
			struct rlimit none = {0, 0};
			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			struct respin_map *map = map_create(10, RESPIN_NON_TRIED);
			map_set(map, (struct respin_range){4, 1}, RESPIN_FINISHED);
			(void)map_apply(map, &spans[i]);
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

static void test_retract_needs_its_kind(void **state)
{
	(void)state;
	struct respin_map *map = map_create(10, RESPIN_FINISHED);
	struct respin_span retract = {{2, 3}, RESPIN_SPAN_RETRACT, RESPIN_NON_TRIMMED, 0};
	assert_int_equal(map_apply(map, &retract), 0);
	assert_int_equal(map_count(map, RESPIN_FINISHED), 7);
	struct respin_span retry = {{2, 3}, RESPIN_SPAN_RETRY, RESPIN_NON_SCRAPED, 0};
	assert_int_equal(map_apply(map, &retry), 0);
	assert_int_equal(map_count(map, RESPIN_NON_SCRAPED), 3);
	map_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_short_runs),
		cmocka_unit_test(test_model_mixed_runs),
		cmocka_unit_test(test_grow_and_shrink),
		cmocka_unit_test(test_empty_and_edges),
		cmocka_unit_test(test_finished_does_not_go_back),
		cmocka_unit_test(test_retract_needs_its_kind),
	};
	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
