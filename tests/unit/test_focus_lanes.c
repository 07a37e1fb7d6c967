/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes first (planner_focus.c), by the planner itself: several lanes, and
 * what happens while the question is out. Whole runs are test_focus.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mapfile.h"
#include "core/planner.h"

#define UNIT 64u /* bytes */
#define ECC 16u

static struct planner *asking(unsigned lanes, uint32_t ecc_block)
{
	const struct respin_source_info info = {
		.units = 1000, .unit_bytes = UNIT, .ecc_block = ecc_block, .max_request_units = 32};
	struct respin_map *map = map_create(info.units, RESPIN_NON_TRIED);
	struct planner_config config = {.info = &info,
					.map = map,
					.lanes = lanes,
					.focus = true,
					.resume = {.phase = RESPIN_PHASE_COPYING}};
	struct planner *planner = planner_create(&config);
	map_destroy(map);
	assert_non_null(planner);
	return planner;
}

static struct step next(struct planner *planner, unsigned lane, enum step_kind kind)
{
	struct step step;
	do
		planner_next(planner, lane, 0, &step);
	while (step.kind == STEP_FLUSH);
	assert_int_equal(step.kind, kind);
	return step;
}

static void name(struct planner *planner, uint64_t start, uint64_t count)
{
	struct respin_map *bytes = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	assert_non_null(bytes);
	assert_int_equal(map_set(bytes, (struct respin_range){start * UNIT, count * UNIT}, RESPIN_FINISHED),
			 0);
	planner_focus(planner, RESPIN_FOCUS_ON, bytes);
	map_destroy(bytes);
}

static void read_well(struct planner *planner, const struct step *step)
{
	struct respin_outcome outcome = {.request = step->request, .span_count = 1};
	outcome.spans[0] = (struct respin_span){step->request.range, RESPIN_SPAN_RECOVERED, RESPIN_FINISHED,
						RESPIN_REASON_GOOD};
	assert_int_equal(planner_fold(planner, &outcome, 0, 0), 0);
}

/* One lane asks, the others wait; then all work at the answer. */
static void test_one_lane_asks_for_all(void **state)
{
	(void)state;
	struct planner *planner = asking(2, ECC);
	assert_int_equal(next(planner, 0, STEP_FOCUS).stage, 0);
	assert_int_equal(next(planner, 1, STEP_WAIT).until_ns, 0);
	name(planner, 96, 64);
	struct step steps[2];
	for (unsigned lane = 0; lane < 2; lane++) {
		steps[lane] = next(planner, lane, STEP_READ);
		assert_int_equal(steps[lane].request.range.start, 96 + 32 * lane);
		assert_int_equal(steps[lane].request.range.count, 32);
	}
	read_well(planner, &steps[0]);
	(void)next(planner, 0, STEP_WAIT); /* the stage is not through before the other lane's part is */
	read_well(planner, &steps[1]);
	assert_int_equal(next(planner, 1, STEP_FOCUS).stage, 1);
	planner_destroy(planner);
}

/* The answer comes too late: it begins nothing, and nobody is content. */
static void test_stopped_while_asked(void **state)
{
	(void)state;
	for (unsigned enough = 0; enough < 2; enough++) {
		struct planner *planner = asking(2, ECC);
		struct respin_snapshot snapshot = {.size = sizeof snapshot};
		(void)next(planner, 0, STEP_FOCUS);
		planner_stop(planner, RESPIN_E_GONE);
		if (enough)
			planner_focus(planner, RESPIN_FOCUS_ENOUGH, NULL);
		else
			name(planner, 96, 64);
		planner_stage(planner, &snapshot);
		assert_int_equal(snapshot.stage_units, 0);
		assert_false(planner_satisfied(planner));
		for (unsigned lane = 0; lane < 2; lane++)
			(void)next(planner, lane, STEP_DONE);
		assert_int_equal(planner_code(planner), RESPIN_E_GONE);
		assert_int_equal(planner_phase(planner), RESPIN_PHASE_SAMPLE);
		planner_destroy(planner);
	}
}

static void test_finished_by_another_lane_while_asked(void **state)
{
	(void)state;
	struct planner *planner = asking(2, ECC);
	(void)next(planner, 0, STEP_FOCUS);
	planner_control(planner, RESPIN_CONTROL_FINISH);
	name(planner, 96, 64);
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	planner_stage(planner, &snapshot);
	assert_int_equal(snapshot.stage_units, 0);
	for (unsigned lane = 0; lane < 2; lane++)
		(void)next(planner, lane, STEP_DONE);
	planner_destroy(planner);
}

/* Where it is not known what fails together, exactly what was named is read. */
static void test_without_ecc_blocks(void **state)
{
	(void)state;
	struct planner *planner = asking(1, 0);
	(void)next(planner, 0, STEP_FOCUS);
	name(planner, 101, 10);
	struct step step = next(planner, 0, STEP_READ);
	assert_int_equal(step.request.range.start, 101);
	assert_int_equal(step.request.range.count, 10);
	planner_destroy(planner);
}

/* What was taken back was not tried as often as pays: named once more, it is read once more. */
static void test_taken_back_and_named_again(void **state)
{
	(void)state;
	struct planner *planner = asking(1, ECC);
	(void)next(planner, 0, STEP_FOCUS);
	name(planner, 96, 32);
	struct step step = next(planner, 0, STEP_READ);
	read_well(planner, &step);
	(void)next(planner, 0, STEP_FOCUS);
	const struct respin_range wrong = {96, 16};
	struct respin_outcome outcome = {
		.request = {.range = wrong, .status = RESPIN_FINISHED},
		.reply = {.reason = RESPIN_REASON_UNPROVED},
		.span_count = 1,
		.spans = {{wrong, RESPIN_SPAN_RETRACT, RESPIN_NON_TRIMMED, RESPIN_REASON_UNPROVED}}};
	assert_int_equal(planner_fold(planner, &outcome, 0, 0), 0);
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	planner_stage(planner, &snapshot);
	assert_int_equal(snapshot.stage_left, 16);
	name(planner, 96, 32);
	step = next(planner, 0, STEP_READ);
	assert_int_equal(step.request.phase, RESPIN_PHASE_TRIMMING);
	assert_int_equal(step.request.range.start, 96);
	assert_int_equal(step.request.range.count, 16);
	planner_destroy(planner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_lane_asks_for_all),
		cmocka_unit_test(test_stopped_while_asked),
		cmocka_unit_test(test_finished_by_another_lane_while_asked),
		cmocka_unit_test(test_without_ecc_blocks),
		cmocka_unit_test(test_taken_back_and_named_again),
	};
	return cmocka_run_group_tests_name("focus_lanes", tests, NULL, NULL);
}
