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

/* Sectors that fail alone are tried many at once, and yet not more than the source takes. */
static void test_attempts_are_small_enough(void **state)
{
	(void)state;
	static const uint32_t most[] = {8, 32};
	for (unsigned i = 0; i < 2; i++) {
		struct respin_source_info info = {
			.units = UNITS, .unit_bytes = 2048, .ecc_block = 1, .max_request_units = most[i]};
		struct respin_map *map = map_create(UNITS, RESPIN_NON_TRIMMED);
		struct planner_config config = {
			.info = &info, .map = map, .lanes = 1, .mode = RESPIN_MODE_PATCH};
		struct planner *planner = planner_create(&config);
		struct step step;
		planner_next(planner, 0, 0, &step);
		assert_int_equal(step.kind, STEP_READ);
		assert_int_equal(step.request.range.count, most[i] < 16 ? most[i] : 16);
		planner_destroy(planner);
		map_destroy(map);
	}
}

/* ---- what a person asks for, where only the planner by itself shows it ---- */

static struct step next(struct planner *planner, unsigned lane)
{
	struct step step;
	do
		planner_next(planner, lane, 0, &step);
	while (step.kind == STEP_FLUSH);
	return step;
}

/* Whether it is this disc is no question of patience: the sample is asked for again, in whatever phase others are. */
static void test_skip_leaves_no_sample_out(void **state)
{
	(void)state;
	static const struct respin_source_info info = {
		.units = UNITS, .unit_bytes = 2048, .ecc_block = 16, .max_request_units = 32};
	const struct planner_sample sample = {{64, 16}, 4711};
	for (unsigned lanes = 1; lanes <= 2; lanes++) {
		struct respin_map *map = map_create(UNITS, RESPIN_NON_TRIED);
		assert_int_equal(map_set(map, sample.range, RESPIN_FINISHED), 0);
		struct planner_config config = {.info = &info,
						.map = map,
						.lanes = lanes,
						.samples = &sample,
						.sample_count = 1,
						.resume = {.phase = RESPIN_PHASE_COPYING}};
		struct planner *planner = planner_create(&config);
		struct step step = next(planner, 0);
		assert_int_equal(step.request.flags, RESPIN_READ_SAMPLE);
		if (lanes > 1)
			assert_int_equal(next(planner, 1).request.phase, RESPIN_PHASE_COPYING);
		leave_unanswered(planner, &step.request);
		planner_control(planner, RESPIN_CONTROL_SKIP);
		step = next(planner, 0);
		assert_int_equal(step.kind, STEP_READ);
		assert_true(step.request.flags & RESPIN_READ_SAMPLE);
		assert_int_equal(step.request.range.start, sample.range.start);
		planner_destroy(planner);
		map_destroy(map);
	}
}

/* A caller of a later header may know a word more. */
static void test_an_unknown_word_changes_nothing(void **state)
{
	(void)state;
	struct planner *planner = planner_of(1, RESPIN_PHASE_COPYING);
	planner_control(planner, (enum respin_control)99);
	struct step step = next(planner, 0);
	assert_int_equal(step.kind, STEP_READ);
	assert_int_equal(step.request.range.start, 0);
	planner_destroy(planner);
}

/* Who keeps the key down is not followed further than any drive goes. */
static void test_speed_has_bounds(void **state)
{
	(void)state;
	static const enum respin_control words[] = {RESPIN_CONTROL_SLOWER, RESPIN_CONTROL_FASTER};
	static const enum respin_drive_command commands[] = {RESPIN_DRIVE_SLOWER, RESPIN_DRIVE_FASTER};
	struct planner *planner = planner_of(1, RESPIN_PHASE_COPYING);
	for (unsigned way = 0; way < 2; way++) {
		unsigned steps = 0;
		for (unsigned i = 0; i < 100; i++)
			planner_control(planner, words[way]);
		struct step step = next(planner, 0);
		for (; step.kind == STEP_CONTROL; step = next(planner, 0), steps++) {
			assert_int_equal(step.control, commands[way]);
			planner_controlled(planner, 0, step.control, RESPIN_REASON_GOOD, 0);
		}
		assert_int_equal(steps, 16);
		assert_int_equal(step.kind, STEP_READ);
		answer(planner, &step.request, true);
	}
	planner_destroy(planner);
}

static uint64_t hash_of(struct respin_range range)
{
	return range.start + 1;
}

/* One block is known to have failed, others are known; then a reply comes so late that it is held. */
static struct respin_outcome hold(struct planner *planner)
{
	struct respin_outcome outcome = {.span_count = 1};
	for (unsigned i = 0; i < 4; i++) {
		struct step step = next(planner, 0);
		assert_int_equal(step.kind, STEP_READ);
		outcome.request = step.request;
		outcome.reply.reason = i == 2 ? RESPIN_REASON_MEDIUM : RESPIN_REASON_GOOD;
		outcome.reply.elapsed_ns = i == 3 ? 20 * SECOND_NS : SECOND_NS / 1000;
		outcome.spans[0] = (struct respin_span){
			step.request.range, i == 2 ? RESPIN_SPAN_RETRY : RESPIN_SPAN_RECOVERED,
			i == 2 ? RESPIN_NON_TRIMMED : RESPIN_FINISHED, outcome.reply.reason};
		assert_int_equal(planner_fold(planner, &outcome, i == 2 ? 0 : hash_of(step.request.range), 0),
				 i == 3 ? PLANNER_HOLD : 0);
	}
	return outcome;
}

/* A look that is under way when it is to end: what it is about, and what may be given up after it. */
static void test_finish_during_a_look(void **state)
{
	(void)state;
	enum { GOES_ON, PAUSED, NO_ANSWER, WAYS };
	for (unsigned way = 0; way < WAYS; way++) {
		struct planner *planner = planner_of(1, RESPIN_PHASE_COPYING);
		struct respin_outcome held = hold(planner);
		struct step step;
		if (way == NO_ANSWER) {
			step = next(planner, 0);
			assert_int_equal(step.kind, STEP_CONTROL);
			planner_controlled(planner, 0, step.control, RESPIN_REASON_GOOD, 0);
			step = next(planner, 0);
			assert_true(step.kind == STEP_READ && step.request.flags & RESPIN_READ_SAMPLE);
			leave_unanswered(planner, &step.request);
		}
		if (way == PAUSED)
			planner_control(planner, RESPIN_CONTROL_PAUSE);
		planner_control(planner, RESPIN_CONTROL_FINISH);
		unsigned commands = 0, closed = 0, let_go = 0;
		for (step = next(planner, 0); step.kind != STEP_DONE; step = next(planner, 0)) {
			assert_true(commands + closed < 20);
			commands += step.kind == STEP_CONTROL || step.kind == STEP_READ;
			closed += step.kind == STEP_CLOSE;
			let_go += step.kind == STEP_HELD;
			if (step.kind == STEP_CONTROL) {
				planner_controlled(planner, 0, step.control, RESPIN_REASON_GOOD, 0);
			} else if (step.kind == STEP_READ) {
				struct respin_outcome same = {.request = step.request, .span_count = 1};
				same.spans[0] =
					(struct respin_span){step.request.range, RESPIN_SPAN_RECOVERED,
							     RESPIN_FINISHED, RESPIN_REASON_GOOD};
				assert_true(step.request.flags & RESPIN_READ_SAMPLE);
				assert_int_equal(planner_fold(planner, &same, hash_of(step.request.range), 0),
						 0);
			} else {
				struct respin_outcome *outcome =
					step.kind == STEP_HELD ? &held : &step.outcome;
				assert_int_equal(planner_fold(planner, outcome, 0, 0), 0);
			}
		}
		assert_int_equal(let_go, 1);
		/* Only a look that came to its end proves the bytes, and only who was not paused hears it. */
		enum respin_status now = map_at(planner_map(planner), held.request.range.start);
		assert_int_equal(now == RESPIN_FINISHED, way == GOES_ON);
		assert_int_equal(commands > 0, way == GOES_ON);
		assert_int_equal(closed > 0, way != NO_ANSWER);
		planner_destroy(planner);
	}
}

/* A row of quick failures, and nobody has looked yet whether they are a wedge: nothing is given up on their word. */
static void test_finish_in_doubt_of_the_drive(void **state)
{
	(void)state;
	for (unsigned failures = 15; failures <= 16; failures++) {
		struct planner *planner = planner_of(1, RESPIN_PHASE_COPYING);
		struct step step = next(planner, 0);
		answer(planner, &step.request, true);
		for (unsigned i = 0; i < failures; i++) {
			step = next(planner, 0);
			assert_int_equal(step.kind, STEP_READ);
			answer_after(planner, &step.request, false, SECOND_NS / 20);
		}
		planner_control(planner, RESPIN_CONTROL_PAUSE);
		planner_control(planner, RESPIN_CONTROL_FINISH);
		assert_int_equal(next(planner, 0).kind, failures < 16 ? STEP_CLOSE : STEP_DONE);
		planner_destroy(planner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leases),
		cmocka_unit_test(test_a_lost_lane_loses_nothing),
		cmocka_unit_test(test_untried_stays_untried),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_attempts_are_small_enough),
		cmocka_unit_test(test_skip_leaves_no_sample_out),
		cmocka_unit_test(test_an_unknown_word_changes_nothing),
		cmocka_unit_test(test_speed_has_bounds),
		cmocka_unit_test(test_finish_during_a_look),
		cmocka_unit_test(test_finish_in_doubt_of_the_drive),
	};
	return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
