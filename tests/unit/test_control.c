/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person may ask of a running rescue: skip, finish, pause, slower,
 * faster; in each phase, in both executors. Drawn by lot it is
 * test_control_lots.c; that a drive really reads slower is test_reading_speed.c.
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

#define UNITS 20000u
#define ECC 16u
#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)
/* A hundredth of the disc in whole ECC blocks, and the longest leap. */
#define LEAP ((uint64_t)UNITS / 100 / ECC * ECC)

enum executor { VIRTUAL, THREADS, EXECUTORS };

static void pause_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

/* ---- asked for after a certain read ---- */

#define ORDERS 4
#define ANY RESPIN_PHASE_FINISHED
struct orders {
	struct rig rig;
	struct {
		enum respin_phase phase; /* ANY: of all */
		uint64_t nth;            /* read of that phase, from 1; 0: none */
		enum respin_control what;
	} order[ORDERS];
	uint64_t in_phase[RESPIN_PHASE_FINISHED + 1];
	atomic_ullong at[ORDERS]; /* reads when it was given; 0: it was not */
	uint64_t pause_ends_ns;
	uint64_t pause_ns; /* a pause lasts so long on the source's clock */
	bool swaps;        /* and then it is another disc */
};

static void give_orders(void *arg, uint64_t reads)
{
	struct orders *orders = arg;
	const struct respin_request *request = &orders->rig.source.log[reads - 1].request;
	bool sample = request->flags & RESPIN_READ_SAMPLE;
	uint64_t nth = sample ? 0 : ++orders->in_phase[request->phase];
	for (unsigned i = 0; i < ORDERS; i++) {
		bool now = orders->order[i].phase == ANY ? orders->order[i].nth == reads
							 : orders->order[i].nth == nth && !sample &&
								   orders->order[i].phase == request->phase;
		if (!now || orders->at[i])
			continue;
		orders->at[i] = reads;
		engine_control(orders->rig.engine, orders->order[i].what);
	}
}

/* The pause runs on the source's clock, and somebody beside the drive ends it. */
static void end_pause(void *arg, uint64_t now_ns)
{
	struct orders *orders = arg;
	struct respin_snapshot now = {.size = sizeof now};
	assert_int_equal(engine_snapshot(orders->rig.engine, &now), 0);
	bool paused = now.paused;
	respin_snapshot_finish(&now);
	if (!paused)
		return;
	if (!orders->pause_ends_ns)
		orders->pause_ends_ns = now_ns + orders->pause_ns;
	if (now_ns < orders->pause_ends_ns)
		return;
	if (orders->swaps)
		orders->rig.source.swapped_at = orders->rig.source.reads + 1;
	engine_control(orders->rig.engine, RESPIN_CONTROL_GO_ON);
}

/* Two bad stretches, one with a good block in it; patch finds something to do in every phase. */
static void orders_init(struct orders *orders)
{
	memset(orders, 0, sizeof *orders);
	rig_init(&orders->rig, UNITS, ECC, 32);
	rig_damage(&orders->rig, 4000, 200, FAKE_BAD);
	rig_damage(&orders->rig, 4060, 10, FAKE_GOOD);
	rig_damage(&orders->rig, 12000, 900, FAKE_BAD);
	rig_damage(&orders->rig, 12400, 10, FAKE_GOOD);
	orders->rig.source.info = true;
	orders->rig.source.after_read = give_orders;
	orders->rig.source.after_sleep = end_pause;
	orders->rig.source.arg = orders;
}

static int orders_run(struct orders *orders, enum executor executor)
{
	return executor == THREADS ? rig_run_threads(&orders->rig) : rig_run_virtual(&orders->rig);
}

static const struct fake_read *read_at(const struct orders *orders, uint64_t i)
{
	assert_true(i < orders->rig.source.reads);
	return &orders->rig.source.log[i];
}

/* The same at the same read gives the same history, whatever runs it. */
static void same_in_both(const struct orders *model, int result)
{
	uint64_t history[EXECUTORS];
	for (enum executor e = VIRTUAL; e < EXECUTORS; e++) {
		struct orders orders;
		orders_init(&orders);
		memcpy(orders.order, model->order, sizeof orders.order);
		assert_int_equal(orders_run(&orders, e), result);
		history[e] = orders.rig.history;
		rig_finish(&orders.rig);
	}
	assert_int_equal(history[VIRTUAL], history[THREADS]);
}

static const enum respin_phase phases[] = {RESPIN_PHASE_COPYING, RESPIN_PHASE_SWEEPING, RESPIN_PHASE_TRIMMING,
					   RESPIN_PHASE_SCRAPING, RESPIN_PHASE_RETRYING};
#define PHASES (sizeof phases / sizeof *phases)

/* ---- skip ---- */

static void skip_in_the_first_pass_leaps(void **state)
{
	(void)state;
	struct orders orders;
	orders_init(&orders);
	orders.order[0].phase = RESPIN_PHASE_COPYING;
	orders.order[0].nth = 10;
	orders.order[0].what = RESPIN_CONTROL_SKIP;
	assert_int_equal(orders_run(&orders, VIRTUAL), 1);
	/* 10 requests of 32 are read; then the longest leap from where the eleventh would have begun. */
	assert_int_equal(orders.at[0], 10);
	const struct respin_range before = read_at(&orders, 9)->request.range;
	const struct respin_range after = read_at(&orders, 10)->request.range;
	assert_int_equal(after.start, before.start + before.count + LEAP);
	/* It landed well, and yet the walk does not go back before the second pass. */
	assert_int_equal(read_at(&orders, 11)->request.range.start, after.start + after.count);
	for (uint64_t i = 0; i < orders.rig.source.reads; i++) {
		const struct respin_request *request = &orders.rig.source.log[i].request;
		bool left = request->range.start >= before.start + before.count &&
			    request->range.start < after.start;
		if (left)
			assert_int_equal(request->phase, RESPIN_PHASE_SWEEPING);
	}
	assert_string_equal(rig_list(orders.rig.sink.map, RESPIN_NON_TRIED), "");
	rig_finish(&orders.rig);
	same_in_both(&orders, 1);
}

/* While it walks back behind a damage: what is left of the gap waits for the second pass. */
static void skip_ends_a_walk_back(void **state)
{
	(void)state;
	struct orders orders;
	orders_init(&orders);
	/* The first request of the walk: found in a run without orders. */
	assert_int_equal(orders_run(&orders, VIRTUAL), 1);
	uint64_t nth = 0, first = 0;
	for (uint64_t i = 0; i < orders.rig.source.reads && !first; i++) {
		const struct respin_request *request = &orders.rig.source.log[i].request;
		nth += request->phase == RESPIN_PHASE_COPYING;
		if (request->flags & RESPIN_READ_BACKWARDS)
			first = i;
	}
	assert_true(first > 0);
	assert_true(read_at(&orders, first + 1)->request.flags & RESPIN_READ_BACKWARDS);
	rig_finish(&orders.rig);
	orders_init(&orders);
	orders.order[0].phase = RESPIN_PHASE_COPYING;
	orders.order[0].nth = nth;
	orders.order[0].what = RESPIN_CONTROL_SKIP;
	assert_int_equal(orders_run(&orders, VIRTUAL), 1);
	const struct respin_request *next = &read_at(&orders, orders.at[0])->request;
	assert_false(next->flags & RESPIN_READ_BACKWARDS);
	assert_int_equal(next->phase, RESPIN_PHASE_COPYING);
	rig_finish(&orders.rig);
}

/* As its watchdog would: nothing more of the run of sectors in this pass. */
static void skip_leaves_the_range(void **state)
{
	(void)state;
	for (size_t p = 1; p < PHASES; p++) {
		struct orders orders;
		orders_init(&orders);
		orders.order[0].phase = phases[p];
		orders.order[0].nth = 2;
		orders.order[0].what = RESPIN_CONTROL_SKIP;
		assert_int_equal(orders_run(&orders, VIRTUAL), 1);
		assert_true(orders.at[0] > 0);
		struct respin_request last = read_at(&orders, orders.at[0] - 1)->request;
		bool backwards = last.flags & RESPIN_READ_BACKWARDS;
		bool other = false;
		unsigned in_pass = 0;
		for (uint64_t i = orders.at[0]; i < orders.rig.source.reads; i++) {
			const struct respin_request *request = &orders.rig.source.log[i].request;
			if (request->flags & RESPIN_READ_SAMPLE)
				continue;
			if (request->phase != last.phase ||
			    (request->flags & RESPIN_READ_BACKWARDS) != (last.flags & RESPIN_READ_BACKWARDS))
				break; /* retrying: the next pass goes the other way */
			in_pass++;
			other |= backwards ? request->range.start < 5000 : request->range.start > 11000;
			/* The two stretches are one run each, or several where a block in them is good. */
			bool same = backwards ? request->range.start >= 12410
					      : request->range.start >= 4000 && request->range.start < 4060;
			assert_false(same);
		}
		assert_true(other || phases[p] == RESPIN_PHASE_SWEEPING);
		assert_true(in_pass > 0 || phases[p] == RESPIN_PHASE_SWEEPING);
		rig_finish(&orders.rig);
		same_in_both(&orders, 1);
	}
}

/* In the second pass what is left stays untried, also at the end of it all. */
static void what_was_skipped_is_not_given_up(void **state)
{
	(void)state;
	struct orders orders;
	orders_init(&orders);
	rig_damage(&orders.rig, 8000, 1000, FAKE_BAD);
	map_set(orders.rig.map, (struct respin_range){0, 8000}, RESPIN_FINISHED);
	map_set(orders.rig.map, (struct respin_range){9000, UNITS - 9000}, RESPIN_FINISHED);
	orders.rig.resume.phase = RESPIN_PHASE_SWEEPING;
	orders.order[0].phase = RESPIN_PHASE_SWEEPING;
	orders.order[0].nth = 3;
	orders.order[0].what = RESPIN_CONTROL_SKIP;
	assert_int_equal(orders_run(&orders, VIRTUAL), 1);
	assert_int_equal(orders.at[0], 3);
	/* Each failure condemned a block; the fourth request was never made. */
	assert_string_equal(rig_list(orders.rig.sink.map, RESPIN_BAD), "8000-8047");
	assert_string_equal(rig_list(orders.rig.sink.map, RESPIN_NON_TRIED), "8048-8999");
	rig_finish(&orders.rig);
}

/* ---- finish ---- */

static void finish_begins_no_other_try(void **state)
{
	(void)state;
	for (size_t p = 0; p < PHASES; p++) {
		struct orders orders;
		orders_init(&orders);
		orders.order[0].phase = phases[p];
		orders.order[0].nth = p ? 2 : 300;
		orders.order[0].what = RESPIN_CONTROL_FINISH;
		assert_int_equal(orders_run(&orders, VIRTUAL), 1);
		assert_true(orders.at[0] > 0);
		for (uint64_t i = orders.at[0]; i < orders.rig.source.reads; i++)
			assert_true(orders.rig.source.log[i].request.flags & RESPIN_READ_SAMPLE);
		const struct respin_map *map = orders.rig.sink.map;
		assert_true(orders.rig.sink.finished);
		assert_int_equal(map_count(map, RESPIN_NON_TRIMMED) + map_count(map, RESPIN_NON_SCRAPED), 0);
		assert_true(map_count(map, RESPIN_BAD) > 0);
		if (phases[p] == RESPIN_PHASE_COPYING)
			assert_true(map_count(map, RESPIN_NON_TRIED) > 5000);
		rig_finish(&orders.rig);
		same_in_both(&orders, 1);
	}
}

/* A pass by itself never writes '-', whoever ends it. */
static void finish_of_one_pass_gives_nothing_up(void **state)
{
	(void)state;
	for (enum respin_mode mode = RESPIN_MODE_SWEEP; mode <= RESPIN_MODE_PATCH; mode++) {
		struct orders orders;
		orders_init(&orders);
		orders.rig.mode = mode;
		if (mode == RESPIN_MODE_PATCH)
			map_set(orders.rig.map, (struct respin_range){3000, 2000}, RESPIN_NON_TRIMMED);
		orders.order[0].phase =
			mode == RESPIN_MODE_PATCH ? RESPIN_PHASE_TRIMMING : RESPIN_PHASE_COPYING;
		orders.order[0].nth = mode == RESPIN_MODE_PATCH ? 80 : 200;
		orders.order[0].what = RESPIN_CONTROL_FINISH;
		assert_int_equal(orders_run(&orders, VIRTUAL), 1);
		assert_true(orders.at[0] > 0);
		const struct respin_map *map = orders.rig.sink.map;
		assert_int_equal(map_count(map, RESPIN_BAD), 0);
		assert_true(map_count(map, RESPIN_NON_TRIMMED) + map_count(map, RESPIN_NON_SCRAPED) > 0);
		assert_int_equal(orders.rig.source.reads, orders.at[0]);
		rig_finish(&orders.rig);
	}
}

/* The drive does not answer just then: nothing is given up on its word, and it is not waited for. */
static void finish_while_the_drive_is_away(void **state)
{
	(void)state;
	static const enum respin_reason reasons[] = {RESPIN_REASON_LINK, RESPIN_REASON_BECOMING_READY,
						     RESPIN_REASON_TIMEOUT};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		struct orders orders;
		orders_init(&orders);
		orders.order[0].phase = ANY;
		orders.order[0].nth = 300;
		orders.order[0].what = RESPIN_CONTROL_FINISH;
		orders.rig.source.deaf_from = 300;
		orders.rig.source.deaf_reason = (uint8_t)reasons[i];
		assert_int_equal(orders_run(&orders, VIRTUAL), 1);
		assert_int_equal(orders.rig.source.reads, 300);
		assert_int_equal(orders.rig.source.controls, 0);
		assert_int_equal(map_count(orders.rig.sink.map, RESPIN_BAD), 0);
		assert_true(map_count(orders.rig.sink.map, RESPIN_NON_TRIMMED) > 0);
		rig_finish(&orders.rig);
	}
}

/* Before anything was read: what earlier runs tried is given up only if a known block reads. */
static void finish_at_once(void **state)
{
	(void)state;
	for (unsigned deaf = 0; deaf < 2; deaf++) {
		struct orders orders;
		orders_init(&orders);
		map_set(orders.rig.map, (struct respin_range){0, 2000}, RESPIN_FINISHED);
		map_set(orders.rig.map, (struct respin_range){4000, 200}, RESPIN_NON_SCRAPED);
		if (deaf) {
			orders.rig.source.deaf_from = 1;
			orders.rig.source.deaf_reason = RESPIN_REASON_HARDWARE;
		}
		rig_engine(&orders.rig);
		engine_control(orders.rig.engine, RESPIN_CONTROL_FINISH);
		int result = engine_run_virtual(orders.rig.engine, &orders.rig.summary, &orders.rig.error);
		assert_int_equal(result, deaf ? RESPIN_E_SOURCE : 1);
		assert_int_equal(map_count(orders.rig.sink.map, RESPIN_BAD), deaf ? 0 : 200);
		assert_int_equal(map_count(orders.rig.sink.map, RESPIN_NON_TRIED), UNITS - 2200);
		rig_check(&orders.rig, result);
		engine_destroy(orders.rig.engine);
		rig_finish(&orders.rig);
	}
}

/* ---- pause ---- */

/* Until so many reads were made and none more comes. */
static void stands_still(struct rig *rig, uint64_t reads)
{
	for (unsigned i = 0; i < 5000 && rig->source.reads < reads; i++)
		pause_ms(1);
	pause_ms(60);
	assert_int_equal(rig->source.reads, reads);
	struct respin_snapshot now = {.size = sizeof now};
	assert_int_equal(engine_snapshot(rig->engine, &now), 0);
	assert_int_equal(now.paused, 1);
	respin_snapshot_finish(&now);
}

/* No command in a pause, in whatever phase; and then the rescue is the one that it would have been. */
static void a_short_pause_changes_nothing(void **state)
{
	(void)state;
	struct orders plain;
	orders_init(&plain);
	assert_int_equal(orders_run(&plain, VIRTUAL), 1);
	rig_finish(&plain.rig);
	for (size_t p = 0; p < PHASES; p++) {
		struct orders orders;
		struct rig_runner runner;
		orders_init(&orders);
		orders.rig.source.after_sleep = NULL;
		orders.order[0].phase = phases[p];
		orders.order[0].nth = 2;
		orders.order[0].what = RESPIN_CONTROL_PAUSE;
		rig_start(&runner, &orders.rig);
		for (unsigned i = 0; i < 5000 && !orders.at[0]; i++)
			pause_ms(1);
		stands_still(&orders.rig, orders.at[0]);
		uint64_t from = engine_now_ns();
		engine_control(orders.rig.engine, RESPIN_CONTROL_GO_ON);
		for (unsigned i = 0; i < 1000 && orders.rig.source.reads == orders.at[0]; i++)
			pause_ms(1);
		assert_true(engine_now_ns() - from <
			    200 * MS_NS); /* it is woken, and does not look now and then */
		rig_join(&runner);
		assert_int_equal(runner.result, 1);
		rig_check(&orders.rig, runner.result);
		assert_int_equal(planner_history(orders.rig.engine->planner), plain.rig.history);
		engine_destroy(orders.rig.engine);
		rig_finish(&orders.rig);
	}
}

/* What was read becomes durable in a pause; cancel, save and finish do not wait for its end. */
static void others_act_in_a_pause(void **state)
{
	(void)state;
	enum { CANCEL, FINISH, WAYS };
	for (unsigned way = 0; way < WAYS; way++) {
		struct orders orders;
		struct rig_runner runner;
		orders_init(&orders);
		orders.rig.source.after_sleep = NULL;
		orders.order[0].phase = RESPIN_PHASE_COPYING;
		orders.order[0].nth = 300;
		orders.order[0].what = RESPIN_CONTROL_PAUSE;
		rig_start(&runner, &orders.rig);
		stands_still(&orders.rig, 300);
		uint64_t before = orders.rig.sink.flushes;
		engine_save(orders.rig.engine);
		for (unsigned i = 0; i < 1000 && orders.rig.sink.flushes == before; i++)
			pause_ms(1);
		assert_true(orders.rig.sink.flushes > before);
		uint64_t from = engine_now_ns();
		if (way == CANCEL)
			engine_cancel(orders.rig.engine);
		else
			engine_control(orders.rig.engine, RESPIN_CONTROL_FINISH);
		rig_join(&runner);
		assert_true(engine_now_ns() - from < 1000 * MS_NS);
		assert_int_equal(runner.result, way == CANCEL ? RESPIN_E_CANCELLED : 1);
		assert_int_equal(orders.rig.source.reads, 300); /* not one command more, no look either */
		assert_int_equal(orders.rig.source.controls, 0);
		assert_int_equal(map_count(orders.rig.sink.map, RESPIN_BAD) > 0, way == FINISH);
		struct respin_snapshot now = {.size = sizeof now};
		assert_int_equal(engine_snapshot(orders.rig.engine, &now), 0);
		assert_int_equal(now.paused, way == CANCEL);
		respin_snapshot_finish(&now);
		rig_check(&orders.rig, runner.result);
		engine_destroy(orders.rig.engine);
		rig_finish(&orders.rig);
	}
}

static uint64_t samples_from(const struct orders *orders, uint64_t from)
{
	uint64_t n = 0;
	for (uint64_t i = from; i < orders->rig.source.reads; i++)
		n += (orders->rig.source.log[i].request.flags & RESPIN_READ_SAMPLE) != 0;
	return n;
}

/* Long enough for a change of disc: one look before anything else is read, and however long, only one. */
static void a_long_pause_is_looked_behind(void **state)
{
	(void)state;
	static const struct {
		uint64_t pause_ns;
		bool looks;
	} cases[] = {{2 * SECOND_NS, false}, {6 * SECOND_NS, true}, {4 * 3600 * SECOND_NS, true}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct orders orders;
		orders_init(&orders);
		orders.pause_ns = cases[i].pause_ns;
		orders.order[0].phase = RESPIN_PHASE_SCRAPING; /* as the depth is 1, nothing is on its way */
		orders.order[0].nth = 3;
		orders.order[0].what = RESPIN_CONTROL_PAUSE;
		assert_int_equal(orders_run(&orders, VIRTUAL), 1);
		struct orders plain = {0};
		orders_init(&plain);
		assert_int_equal(orders_run(&plain, VIRTUAL), 1);
		uint64_t usual = samples_from(&plain, orders.at[0]);
		rig_finish(&plain.rig);
		assert_int_equal(read_at(&orders, orders.at[0])->request.flags & RESPIN_READ_SAMPLE,
				 cases[i].looks ? RESPIN_READ_SAMPLE : 0);
		assert_int_equal(orders.rig.source.controls, cases[i].looks ? 1 : 0);
		uint64_t looked = samples_from(&orders, orders.at[0]);
		if (cases[i].looks)
			assert_int_equal(looked, usual + 2); /* the newest and the oldest block */
		else
			assert_int_equal(looked, usual);
		rig_finish(&orders.rig);
	}
}

/* Who pauses may change the disc. */
static void another_disc_behind_a_pause(void **state)
{
	(void)state;
	for (size_t p = 0; p < PHASES; p++) {
		struct orders orders;
		orders_init(&orders);
		orders.pause_ns = 20 * SECOND_NS;
		orders.swaps = true;
		orders.order[0].phase = phases[p];
		orders.order[0].nth = 2;
		orders.order[0].what = RESPIN_CONTROL_PAUSE;
		assert_int_equal(orders_run(&orders, VIRTUAL), RESPIN_E_OTHER_DISC);
		for (uint64_t i = orders.at[0]; i < orders.rig.source.reads; i++)
			assert_true(orders.rig.source.log[i].request.flags & RESPIN_READ_SAMPLE);
		rig_finish(&orders.rig);
	}
}

/* ---- speed ---- */

static void count_notices(void *arg, const struct respin_log *log)
{
	unsigned *notices = arg;
	*notices += log->level <= 2 && strstr(log->what, "speed") != NULL;
}

static void speed_is_asked_of_the_drive(void **state)
{
	(void)state;
	for (unsigned refused = 0; refused < 2; refused++) {
		struct orders orders;
		unsigned notices = 0;
		orders_init(&orders);
		orders.rig.source.speed_answer = refused ? RESPIN_REASON_REFUSED : RESPIN_REASON_GOOD;
		orders.rig.callbacks = (struct respin_callbacks){
			.size = sizeof orders.rig.callbacks, .arg = &notices, .log = count_notices};
		static const enum respin_control asked[] = {RESPIN_CONTROL_SLOWER, RESPIN_CONTROL_SLOWER,
							    RESPIN_CONTROL_FASTER, RESPIN_CONTROL_SLOWER};
		for (unsigned i = 0; i < ORDERS; i++) {
			orders.order[i].phase = RESPIN_PHASE_COPYING;
			orders.order[i].nth = 5 + i / 2; /* two at once */
			orders.order[i].what = asked[i];
		}
		rig_engine(&orders.rig);
		int result = engine_run_virtual(orders.rig.engine, &orders.rig.summary, &orders.rig.error);
		assert_int_equal(result, 1);
		/* The second pair is one step down and one up: nothing. */
		assert_int_equal(orders.rig.source.slower, 2);
		assert_int_equal(orders.rig.source.faster, 0);
		struct respin_snapshot now = {.size = sizeof now};
		assert_int_equal(engine_snapshot(orders.rig.engine, &now), 0);
		assert_int_equal(now.speed_kbps, refused ? 0 : FAKE_TOP_KBPS - 200);
		respin_snapshot_finish(&now);
		assert_int_equal(notices, refused ? 1 : 0);
		rig_check(&orders.rig, result);
		engine_destroy(orders.rig.engine);
		rig_finish(&orders.rig);
	}
}

/* The way to the drive fails at this of all commands: as it would at a read. */
static void speed_of_a_drive_that_went_away(void **state)
{
	(void)state;
	struct orders orders;
	orders_init(&orders);
	orders.rig.source.speed_answer = RESPIN_REASON_LINK;
	orders.order[0].phase = RESPIN_PHASE_COPYING;
	orders.order[0].nth = 100;
	orders.order[0].what = RESPIN_CONTROL_SLOWER;
	assert_int_equal(orders_run(&orders, VIRTUAL), 1);
	assert_int_equal(orders.rig.source.slower, 1);
	assert_int_equal(orders.rig.source.controls, 3); /* and was opened anew, and identified */
	assert_true(read_at(&orders, 100)->request.flags & RESPIN_READ_SAMPLE);
	rig_finish(&orders.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skip_in_the_first_pass_leaps),
		cmocka_unit_test(skip_ends_a_walk_back),
		cmocka_unit_test(skip_leaves_the_range),
		cmocka_unit_test(what_was_skipped_is_not_given_up),
		cmocka_unit_test(finish_begins_no_other_try),
		cmocka_unit_test(finish_of_one_pass_gives_nothing_up),
		cmocka_unit_test(finish_while_the_drive_is_away),
		cmocka_unit_test(finish_at_once),
		cmocka_unit_test(a_short_pause_changes_nothing),
		cmocka_unit_test(others_act_in_a_pause),
		cmocka_unit_test(a_long_pause_is_looked_behind),
		cmocka_unit_test(another_disc_behind_a_pause),
		cmocka_unit_test(speed_is_asked_of_the_drive),
		cmocka_unit_test(speed_of_a_drive_that_went_away),
	};
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
