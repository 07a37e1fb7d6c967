/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The consumer while its sink has no room: the lanes stand still, the rescue
 * goes on when there is room, a stop does not wait. What a sink keeps meanwhile
 * is test_store_room's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rig.h"

#define MS_NS 1000000ull
/* Units of a request of 4 MiB: as large as that, only few may be on their way to the sink. */
#define LARGE 65536u

static void pause_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

/* What was said about the room, in order: one letter each. */
static void on_log(void *arg, const struct respin_log *log)
{
	char *said = arg;
	size_t len = strlen(said);
	if (len > 8)
		return;
	if (strstr(log->what, "paused")) {
		assert_string_equal(log->detail, "no room");
		said[len] = 'p';
	} else if (strstr(log->what, "room again")) {
		said[len] = 'g';
	}
}

struct runner {
	struct rig *rig;
	pthread_t thread;
	int result;
};

static void *run_main(void *arg)
{
	struct runner *runner = arg;
	runner->result = engine_run_threads(runner->rig->engine, &runner->rig->summary, &runner->rig->error);
	return NULL;
}

static void start(struct runner *runner, struct rig *rig, char *said)
{
	*runner = (struct runner){.rig = rig};
	rig->callbacks = (struct respin_callbacks){.size = sizeof rig->callbacks, .arg = said, .log = on_log};
	rig_engine(rig);
	assert_int_equal(pthread_create(&runner->thread, NULL, run_main, runner), 0);
}

static void wait_for_pause(const struct rig *rig)
{
	for (unsigned i = 0; i < 2000 && !atomic_load(&rig->sink.waits); i++)
		pause_ms(1);
	assert_true(atomic_load(&rig->sink.waits) > 0);
}

static void goes_on_when_there_is_room(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	char said[16] = "";
	rig_init(&rig, 12 * LARGE, 16, LARGE);
	rig.sink.full_at = 2;
	rig.sink.full_times = FULL_FOR_EVER;
	start(&runner, &rig, said);
	wait_for_pause(&rig);
	for (unsigned i = 0; i < 10000 && rig.source.reads < 1 + 1 + 4; i++)
		pause_ms(1);
	pause_ms(100);
	/* One is recorded, the second waits; behind it the lane has used up its depth of 4. */
	assert_int_equal(rig.sink.puts, 1);
	assert_int_equal(rig.source.reads, 1 + 1 + 4);
	struct respin_snapshot now = {.size = sizeof now};
	assert_int_equal(engine_snapshot(rig.engine, &now), 0);
	assert_int_equal(now.stats.finished, LARGE);
	respin_snapshot_finish(&now);
	atomic_store(&rig.sink.full_times, 0);
	pthread_join(runner.thread, NULL);
	assert_int_equal(runner.result, 0);
	assert_string_equal(said, "pg"); /* said once each */
	assert_int_equal(rig.sink.closes, 1);
	rig_check(&rig, runner.result);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

/* A stop in a pause ends within a second: one last flush, nothing more, and the reason is told. */
static void stop_in_a_pause(void **state)
{
	(void)state;
	for (unsigned at_close = 0; at_close < 2; at_close++) {
		struct rig rig;
		struct runner runner;
		char said[16] = "";
		rig_init(&rig, 6400, 16, 32);
		if (at_close) {
			rig.sink.full_closes = FULL_FOR_EVER;
		} else {
			rig.sink.full_at = 10;
			rig.sink.full_times = FULL_FOR_EVER;
		}
		start(&runner, &rig, said);
		wait_for_pause(&rig);
		uint64_t from = engine_now_ns();
		engine_cancel(rig.engine);
		pthread_join(runner.thread, NULL);
		assert_true(engine_now_ns() - from < 1000 * MS_NS);
		assert_int_equal(runner.result, RESPIN_E_FULL);
		assert_string_equal(rig.error.text, "no room");
		assert_int_equal(rig.sink.stopping, 1);
		assert_int_equal(rig.sink.closes, 0);
		assert_string_equal(said, "p");
		engine_destroy(rig.engine);
		rig_finish(&rig);
	}
}

/* A stop, and just then there is room: nothing is lost, it is an ordinary stop. */
static void room_in_the_last_moment(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	char said[16] = "";
	rig_init(&rig, 6400, 16, 32);
	rig.sink.full_at = 10;
	rig.sink.full_times = FULL_FOR_EVER;
	start(&runner, &rig, said);
	wait_for_pause(&rig);
	atomic_store(&rig.sink.full_times, 0);
	engine_cancel(rig.engine);
	pthread_join(runner.thread, NULL);
	assert_int_equal(runner.result, RESPIN_E_CANCELLED);
	assert_int_equal(rig.sink.closes, 1);
	rig_check(&rig, runner.result);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

/* The virtual executor has nobody who could make room meanwhile. */
static void nobody_makes_room(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 6400, 16, 32);
	rig.sink.full_at = 10;
	rig.sink.full_times = FULL_FOR_EVER;
	rig_engine(&rig);
	assert_int_equal(engine_run_virtual(rig.engine, &rig.summary, &rig.error), RESPIN_E_FULL);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_when_there_is_room),
		cmocka_unit_test(stop_in_a_pause),
		cmocka_unit_test(room_in_the_last_moment),
		cmocka_unit_test(nobody_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
