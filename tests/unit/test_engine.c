/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The producer and the consumer with real threads: depth, failures, snapshots,
 * cancel. Each test names the point of ARCHITECTURE.md that it shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

#define MS_NS 1000000ull

static void pause_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

struct runner {
	struct rig *rig;
	pthread_t thread;
	int result;
	uint64_t took_ns;
};

static void *run_main(void *arg)
{
	struct runner *runner = arg;
	uint64_t from = engine_now_ns();
	runner->result = engine_run_threads(runner->rig->engine, &runner->rig->summary, &runner->rig->error);
	runner->took_ns = engine_now_ns() - from;
	return NULL;
}

static void start(struct runner *runner, struct rig *rig)
{
	*runner = (struct runner){.rig = rig};
	rig_engine(rig);
	assert_int_equal(pthread_create(&runner->thread, NULL, run_main, runner), 0);
}

static int finish(struct runner *runner)
{
	pthread_join(runner->thread, NULL);
	return runner->result;
}

static void test_threads_and_virtual_time_agree(void **state)
{
	(void)state;
	uint64_t history[2];
	for (int threads = 0; threads < 2; threads++) {
		struct rig rig;
		rig_init(&rig, 20000, 16, 32);
		rig.source.info = true;
		rig_damage(&rig, 3000, 100, FAKE_BAD);
		rig_damage(&rig, 9000, 3, FAKE_MARGINAL);
		rig.source.script[0] = (struct fake_script){99, RESPIN_REASON_BECOMING_READY, false};
		assert_int_equal(threads ? rig_run_threads(&rig) : rig_run_virtual(&rig), 1);
		history[threads] = rig.history;
		rig_finish(&rig);
	}
	assert_int_equal(history[0], history[1]);
}

/* Point 5. With the first item unrecorded, depth more commands and no further. */
static void depth_is(enum respin_mode mode, uint32_t request_max, unsigned depth)
{
	struct rig rig;
	struct runner runner;
	uint64_t units = (uint64_t)request_max * (depth + 8);
	rig_init(&rig, units, 16, request_max);
	if (mode == RESPIN_MODE_PATCH) {
		for (uint64_t u = 0; u < units; u += 16)
			map_set(rig.map, (struct respin_range){u, 8}, RESPIN_NON_TRIMMED);
	}
	rig.mode = mode;
	rig.sink.stall_at = 1;
	start(&runner, &rig);
	sem_wait(&rig.sink.stalled);
	for (unsigned i = 0; i < 2000 && atomic_load(&rig.source.reads) < depth + 1; i++)
		pause_ms(1);
	pause_ms(100);
	assert_int_equal(rig.source.reads, depth + 1);
	sem_post(&rig.sink.go_on);
	(void)finish(&runner);
	assert_true(rig.source.reads > depth + 1);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

static void test_depth(void **state)
{
	(void)state;
	depth_is(RESPIN_MODE_SWEEP, 32, 256);                    /* the most */
	depth_is(RESPIN_MODE_SWEEP, (1u << 20) / FAKE_UNIT, 16); /* 16 MiB */
	depth_is(RESPIN_MODE_SWEEP, (8u << 20) / FAKE_UNIT, 4);  /* the fewest */
	depth_is(RESPIN_MODE_PATCH, 32, 1);
}

/* Point 6. A failed put: no close, at most one more command, the first failure is told. */
static void test_put_failure(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	rig_init(&rig, 64000, 16, 32);
	rig.sink.fail_at = 10;
	rig.sink.stall_at = 10; /* the lane fills its depth, then the put fails */
	start(&runner, &rig);
	sem_wait(&rig.sink.stalled);
	pause_ms(50);
	uint64_t before = rig.source.reads;
	sem_post(&rig.sink.go_on);
	assert_int_equal(finish(&runner), RESPIN_E_FULL);
	assert_true(rig.source.reads <= before + 1);
	assert_string_equal(rig.error.text, "put 10 failed");
	assert_int_equal(rig.error.code, RESPIN_E_FULL);
	assert_int_equal(rig.sink.puts, 10);
	assert_int_equal(rig.sink.closes, 0);
	rig_check(&rig, runner.result);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

static void test_put_stop_is_a_clean_end(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 64000, 16, 32);
	rig.sink.stop_at = 7;
	assert_int_equal(rig_run_threads(&rig), 1);
	assert_int_equal(rig.sink.puts, 7);
	assert_int_equal(rig.sink.closes, 1);
	assert_false(rig.sink.finished);
	rig_finish(&rig);
}

/* Cancel while a command never returns: everything saved, run() back within a second. */
static void test_cancel_inside_a_command(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	rig_init(&rig, 64000, 16, 32);
	rig.source.hang = true;
	start(&runner, &rig);
	for (int i = 0; i < 3; i++) {
		sem_wait(&rig.source.entered);
		if (i < 2)
			sem_post(&rig.source.release);
	}
	while (atomic_load(&rig.sink.puts) < 2)
		pause_ms(1);
	uint64_t from = engine_now_ns();
	engine_cancel(rig.engine);
	while (rig.sink.stopping == 0 && engine_now_ns() - from < 2000 * MS_NS)
		pause_ms(1);
	assert_true(engine_now_ns() - from < 250 * MS_NS);
	assert_int_equal(finish(&runner), RESPIN_E_CANCELLED);
	assert_true(engine_now_ns() - from < 1000 * MS_NS);
	assert_int_equal(rig.sink.closes, 1);
	assert_int_equal(rig.summary.stats.finished, 64);
	assert_int_equal(rig.source.interrupts, 1);
	engine_destroy(rig.engine);
	assert_false(rig.source.destroyed); /* the lane still sits in its command */
	sem_post(&rig.source.release);
	for (int i = 0; i < 1000 && !rig.source.destroyed; i++)
		pause_ms(1);
	assert_true(rig.source.destroyed);
	pause_ms(20); /* the lane's thread frees itself after the source */
	rig_finish(&rig);
}

/* Point 7. Coherent, never more than one item behind, current after close. */
struct watch {
	struct rig *rig;
	uint64_t version, seen;
	bool behind, incoherent;
};

static bool coherent(const struct respin_snapshot *snapshot)
{
	uint64_t units = 0, end = 0;
	for (uint64_t i = 0; i < snapshot->range_count; i++) {
		if (snapshot->ranges[i].range.start < end)
			return false;
		end = snapshot->ranges[i].range.start + snapshot->ranges[i].range.count;
		units += snapshot->ranges[i].range.count;
	}
	return units == snapshot->stats.total - snapshot->stats.finished;
}

static void test_snapshot(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	rig_init(&rig, 3200, 16, 32);
	rig_damage(&rig, 1000, 10, FAKE_BAD);
	for (uint64_t at = 1; at <= 60; at += 7) {
		/* Stand still inside a put: everything before it is visible. */
		rig.sink.stall_at = at;
		atomic_store(&rig.sink.puts, 0);
		start(&runner, &rig);
		sem_wait(&rig.sink.stalled);
		pause_ms(1);
		assert_int_equal(engine_snapshot(rig.engine, &snapshot), 0);
		assert_int_equal(snapshot.version, at - 1);
		assert_true(coherent(&snapshot));
		respin_snapshot_finish(&snapshot);
		sem_post(&rig.sink.go_on);
		assert_int_equal(finish(&runner), 1);
		assert_int_equal(engine_snapshot(rig.engine, &snapshot), 0);
		assert_true(coherent(&snapshot));
		assert_int_equal(snapshot.stats.bad, 10);
		assert_int_equal(snapshot.range_count, 1);
		assert_int_equal(snapshot.phase, RESPIN_PHASE_FINISHED);
		respin_snapshot_finish(&snapshot);
		engine_destroy(rig.engine);
	}
	rig_finish(&rig);
}

static void *read_snapshots(void *arg)
{
	struct watch *watch = arg;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	for (int i = 0; i < 200; i++) {
		if (engine_snapshot(watch->rig->engine, &snapshot) == 0) {
			watch->incoherent |= !coherent(&snapshot);
			watch->behind |= snapshot.version < watch->version;
			watch->version = snapshot.version;
			watch->seen++;
			respin_snapshot_finish(&snapshot);
		}
		pause_ms(1);
	}
	return NULL;
}

/* Readers in other threads, at full speed: no tearing (TSan looks too), versions only grow. */
static void test_snapshot_readers(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	struct watch watch[2] = {{.rig = &rig}, {.rig = &rig}};
	pthread_t readers[2];
	rig_init(&rig, 100000, 16, 32);
	for (uint64_t u = 0; u < 100000; u += 640)
		rig_damage(&rig, u, 1, FAKE_BAD);
	start(&runner, &rig);
	for (int i = 0; i < 2; i++)
		pthread_create(&readers[i], NULL, read_snapshots, &watch[i]);
	assert_int_equal(finish(&runner), 1);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], NULL);
		assert_false(watch[i].incoherent);
		assert_false(watch[i].behind);
		assert_true(watch[i].seen > 100);
	}
	rig_check(&rig, runner.result);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

/* What is recorded becomes durable while the drive grinds. */
static void test_idle_commit(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	rig_init(&rig, 64, 16, 32);
	rig.source.hang = true;
	start(&runner, &rig);
	sem_wait(&rig.source.entered);
	sem_post(&rig.source.release);
	sem_wait(&rig.source.entered); /* the first block is recorded, the second is being read */
	for (int i = 0; i < 2000 && rig.sink.flushes == 0; i++)
		pause_ms(1);
	assert_int_equal(rig.sink.flushes, 1);
	pause_ms(500);
	assert_int_equal(rig.sink.flushes, 1); /* and once is enough */
	sem_post(&rig.source.release);
	assert_int_equal(finish(&runner), 0);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

/* A full disk is told at once, also while a command is out. */
static void test_put_failure_does_not_wait(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	rig_init(&rig, 64000, 16, 32);
	rig.source.hang = true;
	rig.sink.fail_at = 1;
	rig.sink.stall_at = 1; /* until the second command is out, which nobody will end */
	start(&runner, &rig);
	sem_wait(&rig.source.entered);
	sem_post(&rig.source.release);
	sem_wait(&rig.source.entered);
	sem_post(&rig.sink.go_on);
	assert_int_equal(finish(&runner), RESPIN_E_FULL);
	assert_true(runner.took_ns < 2000 * MS_NS);
	engine_destroy(rig.engine);
	for (int i = 0; i < 1000 && !rig.source.destroyed; i++) {
		sem_post(&rig.source.release);
		pause_ms(1);
	}
	assert_true(rig.source.destroyed);
	pause_ms(20);
	rig_finish(&rig);
}

/* Point 7. An output that records nothing for 10 s is reported as stuck, never as damage. */
static void test_stuck_output(void **state)
{
	(void)state;
	struct rig rig;
	struct runner runner;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	rig_init(&rig, 3200, 16, 32);
	rig.sink.stall_at = 3;
	start(&runner, &rig);
	sem_wait(&rig.sink.stalled);
	uint64_t now_ns = engine_now_ns();
	assert_int_equal(view_snapshot(rig.engine->view, now_ns + 9000 * MS_NS, true, &snapshot), 0);
	assert_int_equal(snapshot.output_stuck_ms, 0);
	respin_snapshot_finish(&snapshot);
	assert_int_equal(view_snapshot(rig.engine->view, now_ns + 11000 * MS_NS, false, &snapshot), 0);
	assert_true(snapshot.output_stuck_ms >= 10000);
	assert_int_equal(snapshot.stats.bad + snapshot.stats.retryable, 0);
	sem_post(&rig.sink.go_on);
	assert_int_equal(finish(&runner), 0);
	assert_int_equal(view_snapshot(rig.engine->view, now_ns + 60000 * MS_NS, false, &snapshot), 0);
	assert_int_equal(snapshot.output_stuck_ms, 0);
	engine_destroy(rig.engine);
	rig_finish(&rig);
}

static int ask_to_stop(void *arg, const struct respin_snapshot *snapshot)
{
	(void)arg;
	return snapshot->stats.finished > 0;
}

static void slow_disc(void *arg, uint64_t reads)
{
	(void)arg;
	(void)reads;
	pause_ms(2);
}

static void test_progress_may_stop(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 64000, 16, 32);
	rig.source.after_read = slow_disc;
	rig.callbacks.progress = ask_to_stop;
	assert_int_equal(rig_run_threads(&rig), RESPIN_E_CANCELLED);
	assert_int_equal(rig.sink.closes, 1);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
	rig_finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_virtual_time_agree),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_put_failure),
		cmocka_unit_test(test_put_stop_is_a_clean_end),
		cmocka_unit_test(test_cancel_inside_a_command),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_snapshot_readers),
		cmocka_unit_test(test_idle_commit),
		cmocka_unit_test(test_put_failure_does_not_wait),
		cmocka_unit_test(test_stuck_output),
		cmocka_unit_test(test_progress_may_stop),
	};
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
