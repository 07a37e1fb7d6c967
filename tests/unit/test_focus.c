/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes first (planner_focus.c), through both executors: the order of
 * reads, what is durable when a question is put, what is closed, and that every
 * run ends, whatever the answers are. No files here: ranges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/mapfile.h"
#include "rig.h"

#define ECC 16u
#define STAGES 4u
/* Beyond what is bridged: 64 KiB of the fake's units. */
#define FAR 2000u

/* What the test answers: stage by stage some ranges of units, then `last`. */
struct answers {
	struct rig *rig;
	struct respin_range range[STAGES][2];
	unsigned stages;
	enum respin_focus last;
	bool for_ever; /* the last stage again and again */
	bool cancels;
	bool finishes;
	bool empty_handed; /* says what comes first, and names nothing at all */
	uint64_t left;     /* of the first stage, as `look` is to see it */

	unsigned asked;
	uint64_t reads_at[16]; /* how many there were when each question was put */
};

static struct respin_map *bytes_of(const struct respin_range *ranges)
{
	struct respin_map *map = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	assert_non_null(map);
	for (unsigned i = 0; i < 2; i++)
		if (ranges[i].count) {
			struct respin_range bytes = {ranges[i].start * FAKE_UNIT + 1,
						     ranges[i].count * FAKE_UNIT - 1};
			assert_int_equal(map_set(map, bytes, RESPIN_FINISHED), 0);
		}
	return map;
}

/* Everything that was read until now has been recorded, and flushed. */
static void check_durable(const struct rig *rig)
{
	uint64_t reads = rig->source.reads;
	for (uint64_t i = 0; i < reads && i < FAKE_LOG; i++)
		assert_int_not_equal(map_at(rig->sink.map, rig->source.log[i].request.range.start),
				     RESPIN_NON_TRIED);
	assert_int_equal(rig->sink.flushed, rig->sink.puts);
}

static enum respin_focus answer(void *arg, unsigned stage, struct respin_map **map)
{
	struct answers *answers = arg;
	assert_int_equal(stage, answers->asked);
	assert_true(stage < 50); /* else it would never end */
	check_durable(answers->rig);
	if (answers->asked < 16)
		answers->reads_at[answers->asked] = answers->rig->source.reads;
	answers->asked++;
	if (answers->cancels)
		engine_cancel(answers->rig->engine);
	if (answers->finishes)
		engine_control(answers->rig->engine, RESPIN_CONTROL_FINISH);
	if (answers->empty_handed)
		return RESPIN_FOCUS_ON;
	if (stage >= answers->stages && !answers->for_ever) {
		answers->rig->enough = answers->last == RESPIN_FOCUS_ENOUGH;
		return answers->last;
	}
	*map = bytes_of(answers->range[stage < answers->stages ? stage : answers->stages - 1]);
	return RESPIN_FOCUS_ON;
}

static void init(struct rig *rig, struct answers *answers, uint64_t units)
{
	rig_init(rig, units, ECC, 2 * ECC);
	rig->source.info = true;
	*answers = (struct answers){.rig = rig, .last = RESPIN_FOCUS_REST};
	rig->callbacks =
		(struct respin_callbacks){.size = sizeof rig->callbacks, .arg = answers, .focus = answer};
}

static int run(struct rig *rig, int threads)
{
	return threads ? rig_run_threads(rig) : rig_run_virtual(rig);
}

/* Reads from..to of the log lie in these ranges of units. */
static void check_within(const struct rig *rig, uint64_t from, uint64_t to, struct respin_range a,
			 struct respin_range b)
{
	for (uint64_t i = from; i < to; i++) {
		const struct respin_range *range = &rig->source.log[i].request.range;
		uint64_t end = range->start + range->count;
		if (rig->source.log[i].request.flags & RESPIN_READ_SAMPLE)
			continue;
		assert_true((range->start >= a.start && end <= a.start + a.count) ||
			    (range->start >= b.start && end <= b.start + b.count));
	}
}

static void test_stages_come_first_and_in_order(void **state)
{
	(void)state;
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 2;
		answers.range[0][0] = (struct respin_range){15003, 40};
		answers.range[1][0] = (struct respin_range){9001, 1};
		answers.range[1][1] = (struct respin_range){9001 + FAR, 100};
		assert_int_equal(run(&rig, threads), 0);
		assert_int_equal(answers.asked, 3);
		assert_int_equal(answers.reads_at[0], 0);
		assert_true(answers.reads_at[1] > 0 && answers.reads_at[2] > answers.reads_at[1]);
		/* In whole ECC blocks, and nothing else. */
		check_within(&rig, 0, answers.reads_at[1], (struct respin_range){14992, 64},
			     (struct respin_range){0, 0});
		check_within(&rig, answers.reads_at[1], answers.reads_at[2], (struct respin_range){8992, 16},
			     (struct respin_range){10992, 112});
		assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 20000);
		rig_finish(&rig);
	}
}

/* A little more is cheaper than a new command at another place. */
static void test_small_gaps_are_bridged(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20000);
	answers.stages = 1;
	answers.last = RESPIN_FOCUS_ENOUGH;
	answers.range[0][0] = (struct respin_range){160, 16};
	answers.range[0][1] = (struct respin_range){320, 16};
	rig_damage(&rig, 200, 1, FAKE_BAD); /* in the gap: nobody asked for it */
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(map_at(rig.sink.map, 240), RESPIN_FINISHED);
	assert_int_equal(map_at(rig.sink.map, 336), RESPIN_NON_TRIED);
	/* Tried once, by the way: neither tried again nor given up. */
	assert_int_equal(map_at(rig.sink.map, 200), RESPIN_NON_TRIMMED);
	rig_finish(&rig);
}

static void test_damage_is_tried_to_the_end_and_once(void **state)
{
	(void)state;
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 2;
		answers.last = RESPIN_FOCUS_ENOUGH;
		answers.range[0][0] = answers.range[1][0] = (struct respin_range){4000, 160};
		answers.range[1][1] = (struct respin_range){4000 + FAR, 160};
		rig_damage(&rig, 4050, 3, FAKE_BAD);
		assert_int_equal(run(&rig, threads), 1);
		assert_int_equal(answers.asked, 3);
		/* Before the second question also retrying was over. */
		uint8_t last = rig.source.log[answers.reads_at[1] - 1].request.phase;
		assert_true(last >= RESPIN_PHASE_SCRAPING);
		/* What the second answer names again is not tried again. */
		check_within(&rig, answers.reads_at[1], answers.reads_at[2],
			     (struct respin_range){4000 + FAR, 160}, (struct respin_range){0, 0});
		/* Enough: the failed ones are given up, the rest was never anybody's. */
		assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "4050-4052");
		assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 320 - 3);
		assert_int_equal(map_count(rig.sink.map, RESPIN_NON_TRIED), 20000 - 320);
		rig_finish(&rig);
	}
}

static void test_enough_is_whole_when_what_was_named_is(void **state)
{
	(void)state;
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 1;
		answers.last = RESPIN_FOCUS_ENOUGH;
		answers.range[0][0] = (struct respin_range){4000, 2};
		rig_damage(&rig, 9000, 500, FAKE_BAD);
		/* Beside what was named, in the same ECC block: no loss of anybody's. */
		rig_damage(&rig, 4007, 1, FAKE_BAD);
		assert_int_equal(run(&rig, threads), 0);
		assert_int_equal(map_at(rig.sink.map, 4001), RESPIN_FINISHED);
		rig_finish(&rig);
	}
}

static void test_enough_at_once_reads_nothing(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 2000);
	answers.last = RESPIN_FOCUS_ENOUGH;
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(rig.source.reads, 0);
	rig_finish(&rig);
}

/* Who answers the same for ever, be it by malice, keeps nobody from the rest. */
static void test_vain_answers_end(void **state)
{
	(void)state;
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 1;
		answers.for_ever = true;
		answers.range[0][0] = (struct respin_range){4000, 160};
		rig_damage(&rig, 4050, 1, FAKE_BAD);
		assert_int_equal(run(&rig, threads), 1);
		assert_true(answers.asked < 8);
		assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 20000 - 1);
		rig_finish(&rig);
	}
}

static void test_sweep_and_domain(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20000);
	rig.mode = RESPIN_MODE_SWEEP;
	rig.domain = map_create(20000, RESPIN_NON_TRIED);
	map_set(rig.domain, (struct respin_range){4100, 8000}, RESPIN_FINISHED);
	answers.stages = 1;
	answers.range[0][0] = (struct respin_range){4000, 160};
	rig_damage(&rig, 4150, 1, FAKE_BAD);
	rig_damage(&rig, 8150, 1, FAKE_BAD);
	assert_int_equal(rig_run_virtual(&rig), 1); /* rig_check: inside the domain */
	assert_int_equal(answers.asked, 2);
	check_within(&rig, 0, answers.reads_at[1], (struct respin_range){4100, 60},
		     (struct respin_range){0, 0});
	assert_int_equal(map_at(rig.sink.map, 4150), RESPIN_NON_TRIMMED); /* a sweep gives nothing up */
	rig_finish(&rig);
}

/* The next run asks anew, and reads nothing that is there: rig_check looks. */
static void test_resumed(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20000);
	rig.resume = (struct mapfile_resume){RESPIN_PHASE_SWEEPING, 12000};
	map_set(rig.map, (struct respin_range){4000, 100}, RESPIN_FINISHED);
	map_set(rig.map, (struct respin_range){4100, 10}, RESPIN_NON_SCRAPED);
	answers.stages = 1;
	answers.range[0][0] = (struct respin_range){4000, 160};
	assert_int_equal(rig_run_virtual(&rig), 0);
	check_within(&rig, 0, answers.reads_at[1], (struct respin_range){4100, 60},
		     (struct respin_range){0, 0});
	assert_int_equal(map_at(rig.sink.map, 4105), RESPIN_FINISHED);
	/* The rest begins with copying, wherever another order had stood. */
	assert_int_equal(rig.source.log[answers.reads_at[1]].request.phase, RESPIN_PHASE_COPYING);
	assert_int_equal(rig.source.log[answers.reads_at[1]].request.range.start, 0);
	rig_finish(&rig);
}

static void test_nobody_is_asked_after_a_cancel(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20000);
	answers.stages = 3;
	answers.cancels = true;
	answers.range[0][0] = (struct respin_range){4000, 160};
	assert_int_equal(rig_run_threads(&rig), RESPIN_E_CANCELLED);
	assert_int_equal(answers.asked, 1);
	rig_finish(&rig);
}

/* Who wants it finished while the question is out wants nothing read for its answer. */
static void test_finished_while_asked(void **state)
{
	(void)state;
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 3;
		answers.finishes = true;
		answers.range[0][0] = (struct respin_range){4000, 160};
		assert_int_equal(run(&rig, threads), 1);
		assert_int_equal(answers.asked, 1);
		assert_int_equal(rig.source.reads, 0);
		rig_finish(&rig);
	}
}

static void test_an_answer_without_a_map_is_no_wish(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 2000);
	answers.empty_handed = true;
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(answers.asked, 1);
	assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 2000);
	rig_finish(&rig);
}

/* A file system may say that its files lie behind the end; and the last ECC block is no whole one. */
static void test_what_lies_behind_the_end(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20005);
	answers.stages = 1;
	answers.last = RESPIN_FOCUS_ENOUGH;
	answers.range[0][0] = (struct respin_range){19990, 100};
	answers.range[0][1] = (struct respin_range){30000, 10};
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(answers.asked, 2);
	assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 20005 - 19984);
	assert_int_equal(map_at(rig.sink.map, 20004), RESPIN_FINISHED);
	rig_finish(&rig);
}

/* A pass by itself gives nothing up, also when it is enough. */
static void test_enough_for_a_sweep(void **state)
{
	(void)state;
	struct rig rig;
	struct answers answers;
	init(&rig, &answers, 20000);
	rig.mode = RESPIN_MODE_SWEEP;
	answers.stages = 1;
	answers.last = RESPIN_FOCUS_ENOUGH;
	answers.range[0][0] = (struct respin_range){4000, 160};
	rig_damage(&rig, 4050, 1, FAKE_BAD);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(map_at(rig.sink.map, 4050), RESPIN_NON_TRIMMED);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
	assert_int_equal(map_count(rig.sink.map, RESPIN_NON_TRIED), 20000 - 160);
	rig_finish(&rig);
}

/* Without a stage a run is what it was: the same history. */
static void test_no_stage_changes_nothing(void **state)
{
	(void)state;
	uint64_t history[2];
	for (int asked = 0; asked < 2; asked++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		rig_damage(&rig, 3000, 100, FAKE_BAD);
		if (!asked)
			rig.callbacks = (struct respin_callbacks){.size = sizeof rig.callbacks};
		assert_int_equal(rig_run_virtual(&rig), 1);
		history[asked] = rig.history;
		rig_finish(&rig);
	}
	assert_int_equal(history[0], history[1]);
}

static void test_threads_and_virtual_time_agree(void **state)
{
	(void)state;
	uint64_t history[2];
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		answers.stages = 2;
		answers.range[0][0] = (struct respin_range){15003, 40};
		answers.range[1][0] = (struct respin_range){9001, 3000};
		rig_damage(&rig, 9500, 20, FAKE_BAD);
		rig_damage(&rig, 10000, 2, FAKE_MARGINAL);
		assert_int_equal(run(&rig, threads), 1);
		history[threads] = rig.history;
		rig_finish(&rig);
	}
	assert_int_equal(history[0], history[1]);
}

/* stage, stage_units, stage_left, as a reader sees them. */
static enum respin_focus look(void *arg, unsigned stage, struct respin_map **map)
{
	struct answers *answers = arg;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	assert_int_equal(engine_snapshot(answers->rig->engine, &snapshot), 0);
	assert_int_equal(snapshot.stage, stage);
	assert_int_equal(snapshot.stage_units, stage ? 160 : 0);
	assert_int_equal(snapshot.stage_left, stage ? answers->left : 0);
	respin_snapshot_finish(&snapshot);
	return answer(arg, stage, map);
}

static void test_snapshot_tells_the_stage(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 2; bad++) {
		struct rig rig;
		struct answers answers;
		init(&rig, &answers, 20000);
		rig.callbacks.focus = look;
		answers.stages = 1;
		answers.left = bad;
		answers.range[0][0] = (struct respin_range){4000, 160};
		rig_damage(&rig, 4050, bad, FAKE_BAD);
		assert_int_equal(rig_run_virtual(&rig), bad ? 1 : 0);
		assert_int_equal(answers.asked, 2);
		rig_finish(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages_come_first_and_in_order),
		cmocka_unit_test(test_small_gaps_are_bridged),
		cmocka_unit_test(test_damage_is_tried_to_the_end_and_once),
		cmocka_unit_test(test_enough_is_whole_when_what_was_named_is),
		cmocka_unit_test(test_enough_at_once_reads_nothing),
		cmocka_unit_test(test_vain_answers_end),
		cmocka_unit_test(test_sweep_and_domain),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_nobody_is_asked_after_a_cancel),
		cmocka_unit_test(test_finished_while_asked),
		cmocka_unit_test(test_an_answer_without_a_map_is_no_wish),
		cmocka_unit_test(test_what_lies_behind_the_end),
		cmocka_unit_test(test_enough_for_a_sweep),
		cmocka_unit_test(test_no_stage_changes_nothing),
		cmocka_unit_test(test_threads_and_virtual_time_agree),
		cmocka_unit_test(test_snapshot_tells_the_stage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
