/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole rescues in virtual time: planner, policies and verdict over a fake
 * disc, held to the invariants after every run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "rig.h"

#define SECOND_NS 1000000000ull

static uint64_t reads_in_phase(const struct rig *rig, enum respin_phase phase)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < rig->source.reads; i++)
		n += rig->source.log[i].request.phase == (uint8_t)phase &&
		     !(rig->source.log[i].request.flags & RESPIN_READ_SAMPLE);
	return n;
}

static uint64_t reads_of(const struct rig *rig, uint64_t unit, enum respin_phase phase)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < rig->source.reads; i++) {
		const struct respin_request *request = &rig->source.log[i].request;
		n += request->phase == (uint8_t)phase && unit >= request->range.start &&
		     unit < request->range.start + request->range.count;
	}
	return n;
}

static void test_clean_disc(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 1000, 16, 32);
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(rig.source.reads, 32); /* 1000 / 32, rounded up */
	assert_true(rig.sink.finished);
	assert_int_equal(rig.sink.closes, 1);
	rig_finish(&rig);
}

static void test_isolated_sectors_are_all_that_is_lost(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 4096, 16, 32);
	rig_damage(&rig, 100, 1, FAKE_BAD);
	rig_damage(&rig, 1000, 3, FAKE_BAD);
	rig_damage(&rig, 2030, 20, FAKE_BAD);
	rig_damage(&rig, 4095, 1, FAKE_BAD);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "100 1000-1002 2030-2049 4095");
	assert_int_equal(rig.summary.stats.finished, 4096 - 25);
	assert_int_equal(rig.summary.stats.bad_areas, 4);
	rig_finish(&rig);
}

/* One failure condemns one ECC block: a hairline costs few failing reads in the sweep. */
static void test_a_hairline_is_cheap(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 20000, 16, 32);
	rig.source.ecc_fails_whole = true;
	rig_damage(&rig, 5000, 1, FAKE_BAD);
	rig.mode = RESPIN_MODE_SWEEP;
	assert_int_equal(rig_run_virtual(&rig), 1);
	uint64_t failed = 0;
	for (uint64_t i = 0; i < rig.source.reads; i++)
		failed += rig.source.log[i].reason != RESPIN_REASON_GOOD;
	assert_int_equal(failed, 1);
	assert_true(map_count(rig.sink.map, RESPIN_NON_TRIED) == 0);
	assert_true(map_count(rig.sink.map, RESPIN_NON_TRIMMED) <= 32);
	rig_finish(&rig);
}

static void test_information_splits_the_request(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 4096, 16, 64);
	rig.source.info = true;
	rig_damage(&rig, 1056, 1, FAKE_BAD); /* block 66, third of the request 1024-1087 */
	rig.mode = RESPIN_MODE_SWEEP;
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_NON_TRIMMED), "1056-1071");
	/* The blocks before it came in a command of their own. */
	bool own = false;
	for (uint64_t i = 0; i < rig.source.reads; i++)
		own |= rig.source.log[i].request.range.start == 1024 &&
		       rig.source.log[i].request.range.count == 32;
	assert_true(own);
	rig_finish(&rig);
}

/* The landing point is trimmed backwards in the same pass, and leaps grow. */
static void test_sweep_leaps_and_comes_back(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 64000, 16, 32);
	rig.source.ecc_fails_whole = true;
	rig_damage(&rig, 16000, 1600, FAKE_BAD); /* a hundred ECC blocks */
	rig.mode = RESPIN_MODE_SWEEP;
	assert_int_equal(rig_run_virtual(&rig), 1);
	bool back = false;
	uint64_t failed = 0, longest = 0, end = 0;
	for (uint64_t i = 0; i < rig.source.reads; i++) {
		const struct fake_read *read = &rig.source.log[i];
		if (read->request.phase != RESPIN_PHASE_COPYING)
			break;
		bool backwards = read->request.flags & RESPIN_READ_BACKWARDS;
		back |= backwards;
		failed += read->reason != RESPIN_REASON_GOOD;
		if (!backwards && end && read->request.range.start > end &&
		    read->request.range.start - end > longest)
			longest = read->request.range.start - end;
		end = read->request.range.start + read->request.range.count;
	}
	assert_true(back);
	assert_in_range(failed, 5, 12);
	assert_in_range(longest, 256, 640);
	rig_finish(&rig);
}

static void test_every_mode_and_status(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 2000, 16, 32);
	rig_damage(&rig, 500, 40, FAKE_BAD);
	rig.mode = RESPIN_MODE_SWEEP; /* a pass never writes '-' */
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
	map_destroy(rig.map);
	rig.map = map_copy(rig.sink.map);
	rig.mode = RESPIN_MODE_PATCH;
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_NON_SCRAPED), "500-539");
	map_destroy(rig.map);
	rig.map = map_copy(rig.sink.map);
	rig.mode = RESPIN_MODE_RESCUE;
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "500-539");
	rig_finish(&rig);
}

static void stop_after(void *arg, uint64_t reads)
{
	struct rig *rig = arg;
	if (reads == 20)
		engine_cancel(rig->engine);
}

static void test_no_promotion_when_stopped(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 4000, 16, 32);
	rig_damage(&rig, 100, 4, FAKE_BAD);
	rig.source.after_read = stop_after;
	rig.source.arg = &rig;
	assert_int_equal(rig_run_virtual(&rig), RESPIN_E_CANCELLED);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
	assert_true(map_count(rig.sink.map, RESPIN_NON_TRIED) > 0);
	assert_false(rig.sink.finished);
	rig_finish(&rig);
}

static void run_scripted(uint8_t reason, int expected)
{
	struct rig rig;
	rig_init(&rig, 4000, 16, 32);
	rig_damage(&rig, 100, 4, FAKE_BAD);
	for (uint64_t i = 0; i < 8; i++)
		rig.source.script[i] = (struct fake_script){30 + i, reason, false};
	assert_int_equal(rig_run_virtual(&rig), expected);
	assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), expected == 1 ? 4 : 0);
	rig_finish(&rig);
}

/* An ejected or unready disc, a lost link: never bad sectors, never '-'. */
static void test_a_source_that_leaves(void **state)
{
	(void)state;
	run_scripted(RESPIN_REASON_GONE, RESPIN_E_GONE);
	run_scripted(RESPIN_REASON_NO_MEDIUM, RESPIN_E_NO_MEDIUM);
	run_scripted(RESPIN_REASON_LINK, RESPIN_E_GONE);
	run_scripted(RESPIN_REASON_BECOMING_READY, 1); /* it came back */
	run_scripted(RESPIN_REASON_NOT_READY, 1);
	run_scripted(RESPIN_REASON_ABORTED, 1);
}

static void test_a_changed_medium_is_looked_at(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 4000, 16, 32);
	rig.source.script[0] = (struct fake_script){30, RESPIN_REASON_MEDIUM_CHANGED, false};
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(rig.source.controls, 1);
	rig_finish(&rig);

	rig_init(&rig, 4000, 16, 32);
	rig.source.script[0] = (struct fake_script){30, RESPIN_REASON_MEDIUM_CHANGED, false};
	rig.source.control_answer = RESPIN_REASON_MEDIUM_CHANGED; /* another disc */
	assert_int_equal(rig_run_virtual(&rig), RESPIN_E_OTHER_DISC);
	rig_finish(&rig);
}

static void test_marginal_reads_need_agreement(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 1000, 16, 32);
	rig_damage(&rig, 320, 16, FAKE_MARGINAL);
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_true(reads_of(&rig, 325, RESPIN_PHASE_COPYING) == 1);
	assert_true(reads_of(&rig, 325, RESPIN_PHASE_TRIMMING) + reads_of(&rig, 325, RESPIN_PHASE_SCRAPING) +
			    reads_of(&rig, 325, RESPIN_PHASE_RETRYING) >=
		    1);
	rig_finish(&rig);
}

/* Two reads that disagree are no agreement, however often it is tried. */
static void test_fickle_reads_are_never_finished(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 1000, 16, 32);
	rig_damage(&rig, 320, 4, FAKE_FICKLE);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "320-323");
	rig_finish(&rig);
}

/* Sectors won by their second read count as gains: passes go on, the watchdog starts anew. */
static void test_agreement_counts_as_gain(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 1000, 1, 32);
	rig_damage(&rig, 96, 80, FAKE_MARGINAL);  /* five tries of 16 */
	map_set(rig.map, (struct respin_range){0, 1000}, RESPIN_FINISHED);
	map_set(rig.map, (struct respin_range){96, 80}, RESPIN_NON_TRIMMED);
	rig.source.recovery_ns = 700 * SECOND_NS; /* three without a gain, and half an hour is over */
	assert_int_equal(rig_run_virtual(&rig), 0);
	assert_int_equal(reads_in_phase(&rig, RESPIN_PHASE_TRIMMING), 10);
	rig_finish(&rig);
}

/* One place that costs the link each time is damage, not the end of the rescue. */
static void test_a_deadly_sector_is_passed(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 4000, 16, 32);
	rig_damage(&rig, 2000, 1, FAKE_DEADLY);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(map_count(rig.sink.map, RESPIN_FINISHED), 3999);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "2000");
	rig_finish(&rig);
}

/* Another disc of the same kind: everything looks equal but what was read before. */
static void test_a_twin_disc_is_found_out(void **state)
{
	(void)state;
	for (int untrusted = 0; untrusted < 2; untrusted++) {
		struct rig rig;
		rig_init(&rig, 4000, 16, 32);
		rig.source.untrusted = untrusted;
		rig.source.swapped_at = 31;
		rig.source.script[0] = (struct fake_script){30, RESPIN_REASON_MEDIUM_CHANGED, false};
		/* rig_check compares every finished byte with the first disc. */
		assert_int_equal(rig_run_virtual(&rig), RESPIN_E_OTHER_DISC);
		rig_finish(&rig);
	}
}

/* Quick failures without end: a wedged drive gives nothing up, whatever it says. */
static void test_a_deaf_drive_gives_nothing_up(void **state)
{
	(void)state;
	static const uint8_t reasons[] = {RESPIN_REASON_HARDWARE, RESPIN_REASON_REFUSED,
					  RESPIN_REASON_OUT_OF_RANGE, RESPIN_REASON_NOT_RECORDED,
					  RESPIN_REASON_MEDIUM};
	for (size_t i = 0; i < sizeof reasons; i++)
		for (uint64_t from = 1; from <= 41; from += 40) {
			struct rig rig;
			rig_init(&rig, 100000, 16, 32);
			rig.source.deaf_from = from;
			rig.source.deaf_reason = reasons[i];
			assert_int_equal(rig_run_virtual(&rig), RESPIN_E_SOURCE);
			assert_int_equal(map_count(rig.sink.map, RESPIN_BAD), 0);
			assert_true(rig.source.reads < 400);
			rig_finish(&rig);
		}
}

static void test_untrusted_transport_needs_agreement(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 320, 16, 32);
	rig.source.untrusted = true;
	assert_int_equal(rig_run_virtual(&rig), 0);
	rig_finish(&rig);
}

static void test_short_good_is_never_finished(void **state)
{
	(void)state;
	for (int tells = 0; tells < 2; tells++) {
		struct rig rig;
		rig_init(&rig, 1000, 16, 32);
		rig.source.short_units = 5;
		rig.source.short_tells = tells;
		/* rig_check compares every finished byte with the disc. */
		assert_int_equal(rig_run_virtual(&rig), 0);
		rig_finish(&rig);
	}
}

/* 25 s of drive time a sector without a gain, then the rest waits for another pass. */
static void test_watchdog(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 2000, 1, 32);
	map_set(rig.map, (struct respin_range){0, 2000}, RESPIN_FINISHED);
	map_set(rig.map, (struct respin_range){100, 1}, RESPIN_NON_SCRAPED);   /* 25 s */
	map_set(rig.map, (struct respin_range){200, 400}, RESPIN_NON_SCRAPED); /* capped: 30 min */
	rig_damage(&rig, 100, 1, FAKE_SLOW_BAD);
	rig_damage(&rig, 200, 400, FAKE_SLOW_BAD);
	rig.mode = RESPIN_MODE_PATCH;
	assert_int_equal(rig_run_virtual(&rig), 1);
	/* 10 s a failure: 1800 s are used up by the 181st. */
	assert_int_equal(reads_in_phase(&rig, RESPIN_PHASE_SCRAPING), 1 + 181);
	assert_int_equal(map_count(rig.sink.map, RESPIN_NON_SCRAPED), 401);
	rig_finish(&rig);

	/* Every sector gained starts it anew. */
	rig_init(&rig, 2000, 1, 32);
	map_set(rig.map, (struct respin_range){0, 2000}, RESPIN_FINISHED);
	map_set(rig.map, (struct respin_range){200, 400}, RESPIN_NON_SCRAPED);
	rig_damage(&rig, 200, 400, FAKE_SLOW_BAD);
	rig_damage(&rig, 300, 1, FAKE_GOOD);
	rig.mode = RESPIN_MODE_PATCH;
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(reads_in_phase(&rig, RESPIN_PHASE_SCRAPING), 100 + 1 + 181);
	rig_finish(&rig);
}

/* The retry passes: one always, three at most, none after one that gained nothing. */
static void test_retry_passes(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 1000, 1, 32);
	rig_damage(&rig, 500, 2, FAKE_BAD);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(reads_of(&rig, 500, RESPIN_PHASE_SCRAPING), 1);
	assert_int_equal(reads_of(&rig, 500, RESPIN_PHASE_RETRYING), 1);
	rig_finish(&rig);
}

static void test_domain(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 2000, 16, 32);
	rig.domain = map_create(2000, RESPIN_NON_TRIED);
	map_set(rig.domain, (struct respin_range){300, 100}, RESPIN_FINISHED);
	map_set(rig.domain, (struct respin_range){1003, 7}, RESPIN_FINISHED);
	rig_damage(&rig, 350, 2, FAKE_BAD);
	rig_damage(&rig, 900, 50, FAKE_BAD);
	assert_int_equal(rig_run_virtual(&rig), 1);
	assert_int_equal(rig.summary.stats.total, 107);
	assert_int_equal(rig.summary.stats.finished, 105);
	assert_string_equal(rig_list(rig.sink.map, RESPIN_BAD), "350-351");
	assert_int_equal(map_count(rig.sink.map, RESPIN_NON_TRIED), 2000 - 107);
	rig_finish(&rig);
}

static void test_samples(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct rig rig;
		unsigned char bytes[16 * FAKE_UNIT];
		rig_init(&rig, 1000, 16, 32);
		map_set(rig.map, (struct respin_range){160, 32}, RESPIN_FINISHED);
		for (uint64_t i = 0; i < 16; i++)
			fake_fill(160 + i, bytes + i * FAKE_UNIT);
		rig.samples[0] = (struct planner_sample){
			{160, 16}, hash_bytes(bytes, sizeof bytes, 0) + (uint64_t)wrong};
		rig.sample_count = 1;
		assert_int_equal(rig_run_virtual(&rig), wrong ? RESPIN_E_OTHER_DISC : 0);
		if (wrong)
			assert_int_equal(rig.source.reads, 2); /* once more before it is believed */
		rig_finish(&rig);
	}
}

/* A wedged drive fails fast and for ever: that is not damage. */
static void test_a_wedge_is_not_damage(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, 100000, 16, 32);
	for (uint64_t i = 0; i < 8; i++)
		rig.source.script[i] = (struct fake_script){10 + i, RESPIN_REASON_HARDWARE, false};
	assert_int_equal(rig_run_virtual(&rig), 0); /* eight in a row are not sixteen */
	rig_finish(&rig);
}

static void test_seeded_discs(void **state)
{
	(void)state;
	const char *text = getenv("RESPIN_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
	static const uint32_t eccs[] = {1, 16, 32};
	for (uint64_t s = 0; s < 60; s++) {
		struct rng rng = {seed * 1000 + s};
		struct rig rig;
		uint32_t ecc = eccs[rng_below(&rng, 3)];
		rig_init(&rig, 500 + rng_below(&rng, 6000), ecc, ecc == 1 ? 32 : 2 * ecc);
		rig.source.info = rng_below(&rng, 2);
		rig.source.ecc_fails_whole = rng_below(&rng, 2);
		uint64_t wounds = rng_below(&rng, 12);
		for (uint64_t i = 0; i < wounds; i++) {
			uint64_t start = rng_below(&rng, rig.source.units);
			uint64_t count = 1 + rng_below(&rng, 1 + rng_below(&rng, 300));
			if (count > rig.source.units - start)
				count = rig.source.units - start;
			rig_damage(&rig, start, count, rng_below(&rng, 4) ? FAKE_BAD : FAKE_MARGINAL);
		}
		uint64_t readable = 0;
		for (uint64_t u = 0; u < rig.source.units; u++) {
			uint64_t begin = rig.source.ecc_fails_whole ? u - u % ecc : u;
			uint64_t end = rig.source.ecc_fails_whole ? begin + ecc : u + 1;
			bool bad = false;
			for (uint64_t v = begin; v < end && v < rig.source.units; v++)
				bad |= rig.source.unit[v] == FAKE_BAD;
			readable += !bad;
		}
		int r = rig_run_virtual(&rig);
		assert_true(r == 0 || r == 1);
		/* All that can be read is there; marginal units come back twice the same. */
		assert_int_equal(rig.summary.stats.finished, readable);
		assert_int_equal(rig.summary.stats.bad, rig.source.units - readable);
		rig_finish(&rig);
	}
}

static void test_same_disc_same_history(void **state)
{
	(void)state;
	uint64_t history[2];
	for (int i = 0; i < 2; i++) {
		struct rig rig;
		rig_init(&rig, 9000, 16, 32);
		rig_damage(&rig, 1234, 77, FAKE_BAD);
		rig_damage(&rig, 5000, 16, FAKE_MARGINAL);
		rig.source.script[0] = (struct fake_script){50, RESPIN_REASON_BECOMING_READY, false};
		assert_int_equal(rig_run_virtual(&rig), 1);
		history[i] = rig.history;
		rig_finish(&rig);
	}
	assert_int_equal(history[0], history[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_disc),
		cmocka_unit_test(test_isolated_sectors_are_all_that_is_lost),
		cmocka_unit_test(test_a_hairline_is_cheap),
		cmocka_unit_test(test_information_splits_the_request),
		cmocka_unit_test(test_sweep_leaps_and_comes_back),
		cmocka_unit_test(test_every_mode_and_status),
		cmocka_unit_test(test_no_promotion_when_stopped),
		cmocka_unit_test(test_a_source_that_leaves),
		cmocka_unit_test(test_a_changed_medium_is_looked_at),
		cmocka_unit_test(test_marginal_reads_need_agreement),
		cmocka_unit_test(test_fickle_reads_are_never_finished),
		cmocka_unit_test(test_agreement_counts_as_gain),
		cmocka_unit_test(test_a_deadly_sector_is_passed),
		cmocka_unit_test(test_a_twin_disc_is_found_out),
		cmocka_unit_test(test_a_deaf_drive_gives_nothing_up),
		cmocka_unit_test(test_untrusted_transport_needs_agreement),
		cmocka_unit_test(test_short_good_is_never_finished),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_retry_passes),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_a_wedge_is_not_damage),
		cmocka_unit_test(test_seeded_discs),
		cmocka_unit_test(test_same_disc_same_history),
	};
	return cmocka_run_group_tests_name("rescue", tests, NULL, NULL);
}
