/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a drive is like: from values alone, and as the engine tells it while a rescue runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/mood.h"
#include "rig.h"

#define ECC 16u
#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)

enum executor { VIRTUAL, THREADS, EXECUTORS };

/* ---- from values ---- */

static void answers_and_moods(void **state)
{
	(void)state;
	static const struct {
		enum respin_reason reason;
		enum respin_mood mood; /* of a drive that was well */
	} cases[] = {
		{RESPIN_REASON_GOOD, RESPIN_MOOD_WELL},
		{RESPIN_REASON_MEDIUM, RESPIN_MOOD_WELL},
		{RESPIN_REASON_HARDWARE, RESPIN_MOOD_WELL},
		{RESPIN_REASON_BECOMING_READY, RESPIN_MOOD_WAITING},
		{RESPIN_REASON_NEEDS_START, RESPIN_MOOD_WAITING},
		{RESPIN_REASON_NO_MEDIUM, RESPIN_MOOD_WAITING},
		{RESPIN_REASON_RESET, RESPIN_MOOD_WAITING},
		{RESPIN_REASON_TIMEOUT, RESPIN_MOOD_COOLING},
		{RESPIN_REASON_LINK, RESPIN_MOOD_AWAY},
		{RESPIN_REASON_GONE, RESPIN_MOOD_AWAY},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(mood_after(cases[i].reason, RESPIN_MOOD_WELL), cases[i].mood);
	/* An aborted command says nothing of that. */
	assert_int_equal(mood_after(RESPIN_REASON_ABORTED, RESPIN_MOOD_AWAY), RESPIN_MOOD_AWAY);
	assert_int_equal(mood_after(RESPIN_REASON_GOOD, RESPIN_MOOD_AWAY), RESPIN_MOOD_WELL);
	/* A source of a caller's may have words of its own: it answers. */
	assert_int_equal(mood_after((enum respin_reason)200, RESPIN_MOOD_AWAY), RESPIN_MOOD_WELL);
}

static void a_command_that_never_returns(void **state)
{
	(void)state;
	struct mood mood = {RESPIN_MOOD_SLOW, 5 * SECOND_NS, 100 * SECOND_NS};
	uint64_t since;
	assert_int_equal(mood_now(&mood, 160 * SECOND_NS, &since), RESPIN_MOOD_SLOW);
	assert_int_equal(since, 5 * SECOND_NS);
	assert_int_equal(mood_now(&mood, 161 * SECOND_NS, &since), RESPIN_MOOD_WEDGED);
	assert_int_equal(since, 100 * SECOND_NS);
	mood.command_ns = 0;
	assert_int_equal(mood_now(&mood, 1000 * SECOND_NS, &since), RESPIN_MOOD_SLOW);
	/* A drive that is away is so, however long the call that asks for it takes. */
	mood = (struct mood){RESPIN_MOOD_AWAY, SECOND_NS, 2 * SECOND_NS};
	assert_int_equal(mood_now(&mood, 1000 * SECOND_NS, &since), RESPIN_MOOD_AWAY);
}

static void the_worst_of_several(void **state)
{
	(void)state;
	const struct mood moods[] = {{RESPIN_MOOD_WELL, 1, 0},
				     {RESPIN_MOOD_COOLING, 30, 0},
				     {RESPIN_MOOD_COOLING, 20, 0},
				     {RESPIN_MOOD_COOLING, 25, 0},
				     {RESPIN_MOOD_SLOW, 10, 0}};
	uint64_t since;
	assert_int_equal(mood_worst(moods, 5, SECOND_NS, &since), RESPIN_MOOD_COOLING);
	assert_int_equal(since, 20);
	assert_int_equal(mood_worst(moods, 1, SECOND_NS, &since), RESPIN_MOOD_WELL);
	assert_int_equal(since, 1);
}

static void reads(struct pace *pace, unsigned count, uint64_t ns)
{
	for (unsigned i = 0; i < count; i++)
		pace_fold(pace, 32, ns);
}

static void slow_by_comparison(void **state)
{
	(void)state;
	struct pace pace = {0};
	reads(&pace, 5, 900 * MS_NS); /* spinning up: nothing to compare with yet */
	assert_false(pace.slow);
	reads(&pace, 50, 10 * MS_NS);
	assert_false(pace.slow);
	reads(&pace, 1, 100 * MS_NS); /* one seek makes no slow drive */
	assert_false(pace.slow);
	reads(&pace, 50, 24 * MS_NS); /* from rim to hub at constant rotation */
	assert_false(pace.slow);
	reads(&pace, 50, 75 * MS_NS);
	assert_true(pace.slow);
	reads(&pace, 50, 50 * MS_NS); /* not yet well again: it would flicker */
	assert_true(pace.slow);
	reads(&pace, 50, 30 * MS_NS);
	assert_false(pace.slow);
	reads(&pace, 50, 50 * MS_NS);
	assert_false(pace.slow);
}

/* Out of a cache, or on a clock that stands still. */
static void reads_that_take_no_time(void **state)
{
	(void)state;
	struct pace pace = {0};
	reads(&pace, 50, 0);
	assert_false(pace.slow);
	assert_true(pace.best > 0);
	reads(&pace, 50, 10 * MS_NS);
	assert_true(pace.slow);
}

/* ---- as it is told ---- */

struct moods {
	struct rig rig;
	unsigned seen;      /* bit by bit */
	uint64_t slower_at; /* after this read the drive is told to be slow; 0: it is not */
};

static void look_at_mood(void *arg, uint64_t now_ns)
{
	struct moods *moods = arg;
	struct respin_snapshot now = {.size = sizeof now};
	(void)now_ns;
	assert_int_equal(engine_snapshot(moods->rig.engine, &now), 0);
	assert_true(now.mood_since_ns >= now.started_ns && now.mood_since_ns <= now.now_ns);
	moods->seen |= 1u << now.mood;
	respin_snapshot_finish(&now);
}

static void look_at_reads(void *arg, uint64_t nth)
{
	struct moods *moods = arg;
	look_at_mood(arg, 0);
	if (nth == moods->slower_at)
		engine_control(moods->rig.engine, RESPIN_CONTROL_SLOWER);
}

static void mood_is_told(void **state)
{
	(void)state;
	static const struct {
		enum respin_reason reason;
		enum respin_mood mood;
	} cases[] = {
		{RESPIN_REASON_BECOMING_READY, RESPIN_MOOD_WAITING},
		{RESPIN_REASON_TIMEOUT, RESPIN_MOOD_COOLING},
		{RESPIN_REASON_LINK, RESPIN_MOOD_AWAY},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (enum executor e = VIRTUAL; e < EXECUTORS; e++) {
			struct moods moods = {0};
			rig_init(&moods.rig, 6400, ECC, 32);
			moods.rig.source.script[0] =
				(struct fake_script){50, (uint8_t)cases[i].reason, false};
			moods.rig.source.after_sleep = look_at_mood;
			moods.rig.source.arg = &moods;
			rig_engine(&moods.rig);
			int (*run)(struct engine *, struct respin_summary *, struct respin_error *) =
				e == THREADS ? engine_run_threads : engine_run_virtual;
			assert_int_equal(run(moods.rig.engine, &moods.rig.summary, &moods.rig.error), 0);
			assert_int_equal(moods.seen, 1u << cases[i].mood);
			struct respin_snapshot now = {.size = sizeof now};
			assert_int_equal(engine_snapshot(moods.rig.engine, &now), 0);
			assert_int_equal(now.mood, RESPIN_MOOD_WELL);
			respin_snapshot_finish(&now);
			engine_destroy(moods.rig.engine);
			rig_finish(&moods.rig);
		}
}

/* A drive that turns slow in mid-disc, and is told to be slow: then that is no complaint. */
static void slowness_is_told(void **state)
{
	(void)state;
	for (unsigned asked = 0; asked < 2; asked++) {
		struct moods moods = {0};
		rig_init(&moods.rig, 12800, ECC, 32);
		rig_damage(&moods.rig, 6400, 6400, FAKE_MARGINAL);
		moods.rig.source.recovery_ns = 20 * MS_NS; /* for a millisecond else */
		moods.rig.mode = RESPIN_MODE_SWEEP;
		moods.rig.source.arg = &moods;
		moods.rig.source.after_read = look_at_reads;
		moods.slower_at = asked ? 200 : 0;
		rig_engine(&moods.rig);
		assert_true(engine_run_virtual(moods.rig.engine, &moods.rig.summary, &moods.rig.error) >= 0);
		assert_int_equal(moods.seen, asked ? 1u << RESPIN_MOOD_WELL
						   : 1u << RESPIN_MOOD_WELL | 1u << RESPIN_MOOD_SLOW);
		engine_destroy(moods.rig.engine);
		rig_finish(&moods.rig);
	}
}

/* The engine knows since when a command is out; what that means is above. */
static void command_that_is_out(void **state)
{
	(void)state;
	struct rig rig;
	struct rig_runner runner;
	rig_init(&rig, 64, ECC, 32);
	rig.source.hang = true;
	uint64_t from = engine_now_ns();
	rig_start(&runner, &rig);
	sem_wait(&rig.source.entered);
	uint64_t since = rig.engine->command_ns[0];
	assert_true(since >= from && since <= engine_now_ns());
	sem_post(&rig.source.release);
	sem_post(&rig.source.release);
	rig_join(&runner);
	assert_int_equal(rig.engine->command_ns[0], 0);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_moods),       cmocka_unit_test(a_command_that_never_returns),
		cmocka_unit_test(the_worst_of_several),    cmocka_unit_test(slow_by_comparison),
		cmocka_unit_test(reads_that_take_no_time), cmocka_unit_test(mood_is_told),
		cmocka_unit_test(slowness_is_told),        cmocka_unit_test(command_that_is_out),
	};
	return cmocka_run_group_tests_name("mood", tests, NULL, NULL);
}
