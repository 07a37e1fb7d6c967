/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner by itself: leases between lanes, and what it must never do. What
 * whole rescues amount to is test_rescue.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/planner.h"

#define UNITS 4000u

static struct planner *planner_of(unsigned lanes, enum respin_phase phase)
{
	static const struct respin_source_info info = {
		.units = UNITS, .unit_bytes = 2048, .ecc_block = 16, .max_request_units = 32};
	struct respin_map *map = map_create(UNITS, RESPIN_NON_TRIED);
	struct planner_config config = {
		.info = &info, .map = map, .lanes = lanes, .resume = {.phase = phase}};
	struct planner *planner = planner_create(&config);
	map_destroy(map);
	assert_non_null(planner);
	return planner;
}

#define SECOND_NS 1000000000ull

static void answer_after(struct planner *planner, const struct respin_request *request, bool good,
			 uint64_t elapsed_ns)
{
	struct respin_outcome outcome = {.request = *request, .span_count = 1};
	outcome.reply.reason = good ? RESPIN_REASON_GOOD : RESPIN_REASON_MEDIUM;
	outcome.reply.elapsed_ns = elapsed_ns;
	outcome.spans[0] =
		(struct respin_span){request->range, good ? RESPIN_SPAN_RECOVERED : RESPIN_SPAN_RETRY,
				     good ? RESPIN_FINISHED : request->failed, outcome.reply.reason};
	assert_int_equal(planner_fold(planner, &outcome, 0, 0), 0);
}

static void answer(struct planner *planner, const struct respin_request *request, bool good)
{
	answer_after(planner, request, good, good ? SECOND_NS / 1000 : 2 * SECOND_NS);
}

static void leave_unanswered(struct planner *planner, const struct respin_request *request)
{
	struct respin_outcome outcome = {.request = *request, .span_count = 1};
	outcome.reply.reason = RESPIN_REASON_ABORTED;
	outcome.spans[0] = (struct respin_span){request->range, RESPIN_SPAN_RETRY, request->status,
						RESPIN_REASON_ABORTED};
	if (!(request->flags & RESPIN_READ_AGAIN))
		assert_int_equal(planner_fold(planner, &outcome, 0, 0), 0);
	else
		answer(planner, request, true);
}

static bool overlap(struct respin_range a, struct respin_range b)
{
	return a.count && b.count && a.start < b.start + b.count && b.start < a.start + a.count;
}

/* Three lanes, answered in any order: no unit is ever asked of two at once. */
static void test_leases(void **state)
{
	(void)state;
	const char *seed = getenv("RESPIN_SEED");
	struct rng rng = {seed ? strtoull(seed, NULL, 0) : 1};
	for (int round = 0; round < 20; round++) {
		struct planner *planner = planner_of(3, RESPIN_PHASE_COPYING);
		struct step step[3] = {{.kind = STEP_WAIT}, {.kind = STEP_WAIT}, {.kind = STEP_WAIT}};
		unsigned done = 0, steps = 0;
		while (done != 7) {
			unsigned lane = (unsigned)rng_below(&rng, 3);
			assert_true(steps++ < 100000);
			if (step[lane].kind == STEP_READ) {
				uint64_t at = step[lane].request.range.start;
				if (rng_below(&rng, 10) == 0)
					leave_unanswered(planner, &step[lane].request);
				else
					answer(planner, &step[lane].request, at / 16 % 11 != 3);
				step[lane].kind = STEP_WAIT;
				continue;
			}
			planner_next(planner, lane, 0, &step[lane]);
			if (step[lane].kind == STEP_DONE)
				done |= 1u << lane;
			if (step[lane].kind == STEP_CLOSE) {
				assert_int_equal(planner_fold(planner, &step[lane].outcome, 0, 0), 0);
				step[lane].kind = STEP_WAIT;
			}
			for (unsigned other = 0; step[lane].kind == STEP_READ && other < 3; other++)
				if (other != lane && step[other].kind == STEP_READ)
					assert_false(
						overlap(step[lane].request.range, step[other].request.range));
		}
		struct respin_stats stats;
		planner_stats(planner, &stats);
		assert_int_equal(stats.non_tried, 0);
		assert_int_equal(stats.finished + stats.bad, UNITS);
		assert_true(stats.bad > 0);
		planner_destroy(planner);
	}
}

/* A lane went away with its range: another pass comes by. */
static void test_a_lost_lane_loses_nothing(void **state)
{
	(void)state;
	struct planner *planner = planner_of(2, RESPIN_PHASE_SWEEPING);
	struct step lost, step;
	planner_next(planner, 0, 0, &lost);
	assert_int_equal(lost.kind, STEP_READ);
	for (int i = 0; i < 10; i++) {
		planner_next(planner, 1, 0, &step);
		assert_int_equal(step.kind, STEP_READ);
		answer(planner, &step.request, true);
	}
	planner_release(planner, 0);
	for (int i = 0; i < 1000 && step.kind != STEP_DONE; i++) {
		planner_next(planner, 1, 0, &step);
		if (step.kind == STEP_READ)
			answer(planner, &step.request, true);
	}
	assert_int_equal(step.kind, STEP_DONE);
	assert_int_equal(map_count(planner_map(planner), RESPIN_FINISHED), UNITS);
	planner_destroy(planner);
}

/* A sweep that only costs is left, and what was never tried is not given up. */
static void test_untried_stays_untried(void **state)
{
	(void)state;
	struct planner *planner = planner_of(1, RESPIN_PHASE_SWEEPING);
	struct step step = {.kind = STEP_WAIT};
	unsigned failures = 0;
	for (int i = 0; i < 100000 && step.kind != STEP_DONE; i++) {
		planner_next(planner, 0, 0, &step);
		if (step.kind == STEP_READ) {
			bool good = step.request.range.start < 320;
			failures += !good && step.request.phase == RESPIN_PHASE_SWEEPING;
			answer_after(planner, &step.request, good, good ? 1 : 300 * SECOND_NS);
		}
		if (step.kind == STEP_CLOSE)
			assert_int_equal(planner_fold(planner, &step.outcome, 0, 0), 0);
	}
	assert_int_equal(step.kind, STEP_DONE);
	assert_int_equal(failures, 7); /* of five minutes each: half an hour is over */
	assert_int_equal(map_count(planner_map(planner), RESPIN_NON_TRIED), UNITS - 320 - 7 * 32);
	assert_true(map_count(planner_map(planner), RESPIN_BAD) > 0);
	planner_destroy(planner);
}

/* Where the map's status line says that the last run stood. */
static void test_resume(void **state)
{
	(void)state;
	static const struct respin_source_info info = {
		.units = UNITS, .unit_bytes = 2048, .ecc_block = 16, .max_request_units = 32};
	static const struct {
		enum respin_phase phase;
		uint64_t pos, first;
		enum respin_status status; /* of the whole map */
	} cases[] = {
		{RESPIN_PHASE_COPYING, 2000, 2000, RESPIN_NON_TRIED},
		{RESPIN_PHASE_SWEEPING, 2000, 0, RESPIN_NON_TRIED},
		{RESPIN_PHASE_TRIMMING, 2000, 2000, RESPIN_NON_TRIMMED},
		{RESPIN_PHASE_SCRAPING, 2000, 0, RESPIN_NON_SCRAPED}, /* as blocks first */
		{RESPIN_PHASE_FINISHED, 2000, 0, RESPIN_NON_SCRAPED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_map *map = map_create(UNITS, cases[i].status);
		struct planner_config config = {.info = &info,
						.map = map,
						.lanes = 1,
						.resume = {.phase = cases[i].phase, .pos = cases[i].pos}};
		struct planner *planner = planner_create(&config);
		struct step step;
		planner_next(planner, 0, 0, &step);
		assert_int_equal(step.kind, STEP_READ);
		assert_int_equal(step.request.range.start, cases[i].first);
		planner_destroy(planner);
		map_destroy(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leases),
		cmocka_unit_test(test_a_lost_lane_loses_nothing),
		cmocka_unit_test(test_untried_stays_untried),
		cmocka_unit_test(test_resume),
	};
	return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
