/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hundreds of rescues in which somebody presses keys by lot: every one ends,
 * what must hold does (rig.c), and nothing is given up that was never tried.
 * RESPIN_SEED=N plays one of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "rig.h"

#define SEEDS_VIRTUAL 400u
#define SEEDS_THREADS 80u
#define ORDERS 12u
#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)

struct lots {
	struct rig rig;
	struct rng rng;
	uint64_t seed;
	struct {
		uint64_t after; /* reads */
		enum respin_control what;
	} order[ORDERS];
	unsigned orders;
	bool pauses, troubled;
	uint64_t pause_until_ns;
	atomic_bool over; /* for the one who presses keys beside it */
};

static void give_orders(void *arg, uint64_t reads)
{
	struct lots *lots = arg;
	for (unsigned i = 0; i < lots->orders; i++)
		if (lots->order[i].after == reads)
			engine_control(lots->rig.engine, lots->order[i].what);
}

/* Every pause ends at some time. */
static void end_pause(void *arg, uint64_t now_ns)
{
	struct lots *lots = arg;
	if (!lots->pause_until_ns)
		lots->pause_until_ns = now_ns + rng_below(&lots->rng, 20) * SECOND_NS;
	if (now_ns < lots->pause_until_ns)
		return;
	lots->pause_until_ns = 0;
	engine_control(lots->rig.engine, RESPIN_CONTROL_GO_ON);
}

static void draw_damage(struct lots *lots, uint64_t units)
{
	static const enum fake_unit kinds[] = {FAKE_BAD, FAKE_BAD, FAKE_SLOW_BAD, FAKE_MARGINAL};
	for (uint64_t n = rng_below(&lots->rng, 8); n > 0; n--) {
		uint64_t start = rng_below(&lots->rng, units), count = 1 + rng_below(&lots->rng, units / 20);
		count = count < units - start ? count : units - start;
		rig_damage(&lots->rig, start, count,
			   kinds[rng_below(&lots->rng, sizeof kinds / sizeof *kinds)]);
	}
}

static void draw_trouble(struct lots *lots, uint64_t units)
{
	static const enum respin_reason reasons[] = {RESPIN_REASON_BECOMING_READY, RESPIN_REASON_ABORTED,
						     RESPIN_REASON_TIMEOUT, RESPIN_REASON_LINK,
						     RESPIN_REASON_RESET};
	lots->troubled = rng_below(&lots->rng, 3) == 0;
	for (size_t i = 0; lots->troubled && i < 8; i++)
		lots->rig.source.script[i] = (struct fake_script){
			rng_below(&lots->rng, units / 16),
			(uint8_t)reasons[rng_below(&lots->rng, sizeof reasons / sizeof *reasons)], false};
}

static void draw_start(struct lots *lots, uint64_t units)
{
	lots->rig.mode = (enum respin_mode)rng_below(&lots->rng, 3);
	if (lots->rig.mode != RESPIN_MODE_PATCH && rng_below(&lots->rng, 2))
		return;
	for (uint64_t n = 1 + rng_below(&lots->rng, 20); n > 0; n--) {
		uint64_t start = rng_below(&lots->rng, units - 200);
		assert_int_equal(map_set(lots->rig.map,
					 (struct respin_range){start, 1 + rng_below(&lots->rng, 200)},
					 rng_below(&lots->rng, 2) ? RESPIN_NON_TRIMMED : RESPIN_NON_SCRAPED),
				 0);
	}
}

/* Up to three stages come first; what they name follows from the seed alone. */
static enum respin_focus focus(void *arg, unsigned stage, struct respin_map **map)
{
	struct lots *lots = arg;
	uint64_t bytes = lots->rig.source.units * FAKE_UNIT;
	struct rng rng = {lots->seed * 8 + stage};
	if (stage == 3)
		return RESPIN_FOCUS_REST;
	*map = map_create(bytes, RESPIN_NON_TRIED);
	assert_non_null(*map);
	for (uint64_t n = rng_below(&rng, 10); n > 0; n--) {
		uint64_t start = rng_below(&rng, bytes), count = 1 + rng_below(&rng, bytes / 10);
		count = count < bytes - start ? count : bytes - start;
		assert_int_equal(map_set(*map, (struct respin_range){start, count}, RESPIN_FINISHED), 0);
	}
	return RESPIN_FOCUS_ON;
}

static void lots_init(struct lots *lots, uint64_t seed)
{
	memset(lots, 0, sizeof *lots);
	lots->rng = (struct rng){seed};
	uint64_t units = 500 + rng_below(&lots->rng, 6000);
	uint32_t ecc = rng_below(&lots->rng, 3) ? 16 : 1;
	rig_init(&lots->rig, units, ecc, ecc * (ecc > 1 ? 2 : 32));
	lots->rig.source.info = rng_below(&lots->rng, 2);
	lots->rig.source.ecc_fails_whole = rng_below(&lots->rng, 2);
	lots->rig.source.speed_answer = rng_below(&lots->rng, 2) ? RESPIN_REASON_GOOD : RESPIN_REASON_REFUSED;
	draw_damage(lots, units);
	draw_trouble(lots, units);
	draw_start(lots, units);
	lots->orders = 1 + (unsigned)rng_below(&lots->rng, ORDERS);
	for (unsigned i = 0; i < lots->orders; i++) {
		lots->order[i].after = 1 + rng_below(&lots->rng, units / 8);
		lots->order[i].what = (enum respin_control)rng_below(&lots->rng, RESPIN_CONTROL_FINISH + 1);
		/* A rescue that is always finished early shows little of the rest. */
		if (lots->order[i].what == RESPIN_CONTROL_FINISH && rng_below(&lots->rng, 3))
			lots->order[i].what = RESPIN_CONTROL_SKIP;
		lots->pauses |= lots->order[i].what == RESPIN_CONTROL_PAUSE;
	}
	if (rng_below(&lots->rng, 3) == 0)
		lots->rig.callbacks = (struct respin_callbacks){
			.size = sizeof lots->rig.callbacks, .arg = lots, .focus = focus};
	lots->seed = seed;
	lots->rig.source.after_read = give_orders;
	lots->rig.source.after_sleep = end_pause;
	lots->rig.source.arg = lots;
}

/* What was given up was tried: in this run, or in the one before. */
static void nothing_untried_is_given_up(const struct lots *lots)
{
	const struct rig *rig = &lots->rig;
	struct respin_extent bad;
	uint64_t reads = rig->source.reads < FAKE_LOG ? rig->source.reads : FAKE_LOG;
	struct respin_map *tried = map_copy(rig->map);
	assert_non_null(tried);
	for (uint64_t i = 0; i < reads; i++)
		assert_int_equal(map_set(tried, rig->source.log[i].request.range, RESPIN_NON_SCRAPED), 0);
	for (uint64_t pos = 0; map_find(rig->sink.map, pos, MASK(RESPIN_BAD), &bad);
	     pos = bad.range.start + bad.range.count) {
		struct respin_extent untried;
		if (map_find(tried, bad.range.start, MASK(RESPIN_NON_TRIED), &untried))
			assert_true(untried.range.start >= bad.range.start + bad.range.count);
	}
	if (rig->mode != RESPIN_MODE_RESCUE)
		assert_int_equal(map_count(rig->sink.map, RESPIN_BAD), 0);
	map_destroy(tried);
}

static void ends_well(struct lots *lots, int result)
{
	if (!lots->troubled)
		assert_in_range(result, 0, 1);
	if (result >= 0)
		assert_true(lots->rig.sink.finished);
	assert_int_equal(lots->rig.sink.closes, 1);
	nothing_untried_is_given_up(lots);
}

static uint64_t first_seed(void)
{
	const char *seed = getenv("RESPIN_SEED");
	return seed ? strtoull(seed, NULL, 0) : 1;
}

static uint64_t seeds(uint64_t all)
{
	return getenv("RESPIN_SEED") ? 1 : all;
}

/* At the same reads the same is asked: then both executors make the same of it. */
static void in_both_executors(void **state)
{
	(void)state;
	unsigned compared = 0;
	for (uint64_t i = 0; i < seeds(SEEDS_VIRTUAL); i++) {
		uint64_t seed = first_seed() + i, history;
		struct lots lots;
		lots_init(&lots, seed);
		int result = rig_run_virtual(&lots.rig);
		history = lots.rig.history;
		ends_well(&lots, result);
		bool compares = !lots.pauses; /* a pause lasts as long as it lasts */
		rig_finish(&lots.rig);
		if (!compares || i >= SEEDS_THREADS)
			continue;
		lots_init(&lots, seed);
		assert_int_equal(rig_run_threads(&lots.rig), result);
		assert_true(lots.rig.history == history);
		rig_finish(&lots.rig);
		compared++;
	}
	assert_true(compared > 10 || getenv("RESPIN_SEED"));
}

static void *press_keys(void *arg)
{
	struct lots *lots = arg;
	struct rng rng = {lots->rig.source.units};
	while (!atomic_load(&lots->over)) {
		uint64_t what = rng_below(&rng, RESPIN_CONTROL_FINISH + 20);
		engine_control(lots->rig.engine, what < RESPIN_CONTROL_FINISH ? (enum respin_control)what
									      : RESPIN_CONTROL_GO_ON);
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return NULL;
}

/* From another thread, at any moment (ThreadSanitizer looks too). */
static void from_beside(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < seeds(SEEDS_THREADS); i++) {
		struct lots lots;
		pthread_t beside;
		lots_init(&lots, first_seed() + 1000 + i);
		lots.rig.source.after_sleep = NULL; /* who pauses also goes on */
		rig_engine(&lots.rig);
		assert_int_equal(pthread_create(&beside, NULL, press_keys, &lots), 0);
		int result = engine_run_threads(lots.rig.engine, &lots.rig.summary, &lots.rig.error);
		atomic_store(&lots.over, true);
		pthread_join(beside, NULL);
		rig_check(&lots.rig, result);
		ends_well(&lots, result);
		engine_destroy(lots.rig.engine);
		rig_finish(&lots.rig);
	}
}

/* ---- several lanes, the planner alone ---- */

#define LANES 3u
#define UNITS 6000u

static void answer(struct planner *planner, struct rng *rng, const struct respin_request *request,
		   uint64_t now_ns)
{
	bool sample = request->flags & RESPIN_READ_SAMPLE;
	bool good = sample || request->range.start / 16 % 7 != 3;
	struct respin_outcome outcome = {.request = *request, .span_count = 1};
	outcome.reply.reason = good ? RESPIN_REASON_GOOD : RESPIN_REASON_MEDIUM;
	outcome.reply.elapsed_ns = SECOND_NS;
	if (rng_below(rng, 20) == 0)
		outcome.reply.reason = RESPIN_REASON_RESET;
	bool away = outcome.reply.reason == RESPIN_REASON_RESET;
	outcome.spans[0] = (struct respin_span){request->range,
						good && !away ? RESPIN_SPAN_RECOVERED : RESPIN_SPAN_RETRY,
						(uint8_t)(away   ? request->status
							  : good ? RESPIN_FINISHED
								 : request->failed),
						outcome.reply.reason};
	assert_true(planner_fold(planner, &outcome, 1, now_ns) >= 0);
}

static struct planner *three_lanes(void)
{
	static const struct respin_source_info info = {
		.units = UNITS, .unit_bytes = 2048, .ecc_block = 16, .max_request_units = 32};
	struct respin_map *map = map_create(UNITS, RESPIN_NON_TRIED);
	struct planner_config config = {
		.info = &info, .map = map, .lanes = LANES, .resume = {.phase = RESPIN_PHASE_COPYING}};
	struct planner *planner = planner_create(&config);
	map_destroy(map);
	assert_non_null(planner);
	return planner;
}

static bool overlap(const struct step *a, const struct step *b)
{
	const struct respin_range x = a->request.range, y = b->request.range;
	bool samples = (a->request.flags | b->request.flags) & RESPIN_READ_SAMPLE;
	return a->kind == STEP_READ && b->kind == STEP_READ && !samples && x.start < y.start + y.count &&
	       y.start < x.start + x.count;
}

/* Whatever is pressed while other lanes are on their way: leases stay apart, and it ends. */
static void three_lanes_by_lot(void **state)
{
	(void)state;
	unsigned finished = 0;
	for (uint64_t i = 0; i < seeds(200); i++) {
		struct rng rng = {first_seed() + i};
		struct planner *planner = three_lanes();
		struct step step[LANES] = {{.kind = STEP_WAIT}, {.kind = STEP_WAIT}, {.kind = STEP_WAIT}};
		unsigned done = 0, steps = 0;
		uint64_t now_ns = 1;
		while (done != (1u << LANES) - 1) {
			unsigned lane = (unsigned)rng_below(&rng, LANES);
			struct step *mine = &step[lane];
			assert_true(steps++ < 200000);
			now_ns += SECOND_NS / 10;
			uint64_t key = rng_below(&rng, 400);
			if (key <= RESPIN_CONTROL_SKIP || (key == RESPIN_CONTROL_FINISH && steps > 2000))
				planner_control(planner, (enum respin_control)key);
			else if (key < 20) /* no pause lasts for ever */
				planner_control(planner, RESPIN_CONTROL_GO_ON);
			if (mine->kind == STEP_READ)
				answer(planner, &rng, &mine->request, now_ns);
			else if (mine->kind == STEP_CLOSE)
				assert_int_equal(planner_fold(planner, &mine->outcome, 0, now_ns), 0);
			else if (mine->kind == STEP_CONTROL)
				planner_controlled(planner, lane, mine->control, RESPIN_REASON_GOOD, now_ns);
			planner_next(planner, lane, now_ns, mine);
			if (mine->kind == STEP_HELD)
				planner_stop(planner, RESPIN_E_CANCELLED); /* nobody here keeps outcomes */
			for (unsigned other = 0; other < LANES; other++)
				assert_false(other != lane && overlap(mine, &step[other]));
			done |= mine->kind == STEP_DONE ? 1u << lane : 0;
			if (planner_code(planner) < 0)
				break;
		}
		if (planner_code(planner) == 0) {
			assert_int_equal(planner_phase(planner), RESPIN_PHASE_FINISHED);
			finished++;
		}
		planner_destroy(planner);
	}
	assert_true(finished > 50 || getenv("RESPIN_SEED"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_lanes_by_lot),
		cmocka_unit_test(in_both_executors),
		cmocka_unit_test(from_beside),
	};
	return cmocka_run_group_tests_name("control_lots", tests, NULL, NULL);
}
