/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict, case by case: what a reply is worth, and what it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/verdict.h"

#define UNIT 2048u
static const struct verdict_unit unit = {UNIT, 1000}; /* units count from LBA 1000 */

static struct respin_outcome ask(uint64_t start, uint64_t count)
{
	return (struct respin_outcome){
		.request = {.range = {start, count},
			    .ecc_block = 16,
			    .status = RESPIN_NON_TRIED,
			    .failed = RESPIN_NON_TRIMMED},
		.reply = {.reason = RESPIN_REASON_GOOD,
			  .resid_trusted = 1,
			  .poison_trusted = 1,
			  .asked_bytes = count * UNIT,
			  .filled_bytes = count * UNIT},
	};
}

/* The outcome as text: one letter a span (kind, status) and its length. */
static const char *told(struct respin_outcome *outcome)
{
	static char text[256];
	size_t len = 0;
	verdict(outcome, &unit);
	uint64_t pos = outcome->request.range.start;
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		assert_int_equal(span->range.start, pos);
		pos += span->range.count;
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%c%c%llu", i ? " " : "",
					"RPruX"[span->kind],
					respin_status_char((enum respin_status)span->status),
					(unsigned long long)span -> range.count);
	}
	assert_int_equal(pos, outcome->request.range.start + outcome->request.range.count);
	return text;
}

static void test_good(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 32);
	assert_string_equal(told(&o), "R+32");
}

/* A short last unit: everything that was asked for came. */
static void test_short_tail(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 4);
	o.reply.asked_bytes = o.reply.filled_bytes = 3 * UNIT + 100;
	assert_string_equal(told(&o), "R+4");
}

static void test_short_good_is_cut(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 32);
	o.reply.residual_bytes = 20 * UNIT + 1;
	assert_string_equal(told(&o), "R+11 r?21"); /* the residual tells */
	o = ask(64, 32);
	o.reply.filled_bytes = 12 * UNIT - 8;
	assert_string_equal(told(&o), "R+11 r?21"); /* it lies, the poison tells */
	o = ask(64, 32);
	o.reply.resid_trusted = 0;
	o.reply.residual_bytes = 16 * UNIT;
	assert_string_equal(told(&o), "R+16 r?16"); /* untrusted, but it admits something */
	o = ask(64, 32);
	o.reply.filled_bytes = 0;
	assert_string_equal(told(&o), "r*32"); /* nothing came: no progress without a mark */
	o = ask(64, 32);
	o.reply.residual_bytes = 33 * UNIT;
	assert_string_equal(told(&o), "r*32"); /* nonsense proves nothing */
}

static void test_nothing_proves_arrival(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 32);
	o.reply.resid_trusted = o.reply.poison_trusted = 0;
	assert_string_equal(told(&o), "P*32");
	o.reply.agrees = 1;
	assert_string_equal(told(&o), "R+32");
}

static void test_recovered_is_provisional(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 16);
	o.reply.reason = RESPIN_REASON_RECOVERED;
	o.reply.scsi_status = 2;
	assert_string_equal(told(&o), "P*16");
	o.reply.agrees = 1;
	assert_string_equal(told(&o), "R+16");
}

static struct respin_outcome failed(uint64_t start, uint64_t count, int64_t info)
{
	struct respin_outcome o = ask(start, count);
	o.reply.reason = RESPIN_REASON_MEDIUM;
	o.reply.scsi_status = 2;
	o.reply.sense = (struct respin_sense){.key = 3, .asc = 0x11, .has_info = info >= 0, .info_lba = info};
	return o;
}

static void test_nothing_is_kept_after_check_condition(void **state)
{
	(void)state;
	struct respin_outcome o = failed(64, 32, -1);
	assert_string_equal(told(&o), "r*32");
	o = failed(64, 32, 1000 + 64 + 20); /* a residual of 0 "proves" the transfer: no */
	assert_string_equal(told(&o), "r?16 r*16");
	for (uint32_t i = 0; i < o.span_count; i++)
		assert_int_equal(o.spans[i].kind, RESPIN_SPAN_RETRY);
}

static void test_information_is_believed_inside_only(void **state)
{
	(void)state;
	struct respin_outcome o = failed(64, 64, 1000 + 64 + 17);
	assert_string_equal(told(&o), "r?16 r*16 r?32");
	o = failed(64, 64, 1000 + 63);
	assert_string_equal(told(&o), "r*64");
	o = failed(64, 64, 1000 + 64 + 64);
	assert_string_equal(told(&o), "r*64");
	o = failed(64, 64, 0); /* VALID=1, INFO=0: an emulator's favourite */
	assert_string_equal(told(&o), "r*64");
	o = failed(70, 4, 1000 + 71); /* inside one block: all of the request failed */
	assert_string_equal(told(&o), "r*4");
	o = failed(64, 64, 1000 + 64 + 17);
	o.request.ecc_block = 1; /* sector by sector */
	assert_string_equal(told(&o), "r?17 r*1 r?46");
}

static void test_unready_marks_nothing(void **state)
{
	(void)state;
	static const uint8_t reasons[] = {
		RESPIN_REASON_BECOMING_READY, RESPIN_REASON_NEEDS_START,    RESPIN_REASON_NOT_READY,
		RESPIN_REASON_NO_MEDIUM,      RESPIN_REASON_MEDIUM_CHANGED, RESPIN_REASON_RESET,
		RESPIN_REASON_LINK,           RESPIN_REASON_GONE,           RESPIN_REASON_CANCELLED};
	for (size_t i = 0; i < sizeof reasons; i++) {
		struct respin_outcome o = failed(64, 32, 1000 + 70);
		o.reply.reason = reasons[i];
		assert_string_equal(told(&o), "r?32");
		assert_true(verdict_unanswered(&o.request, &o.reply));
	}
	struct respin_outcome o = failed(64, 32, -1);
	o.reply.sense.deferred = 1; /* speaks of an earlier command */
	assert_string_equal(told(&o), "r?32");
}

static void test_aborted_counts_the_second_time(void **state)
{
	(void)state;
	struct respin_outcome o = failed(64, 32, -1);
	o.reply.reason = RESPIN_REASON_ABORTED;
	assert_string_equal(told(&o), "r?32");
	o.request.flags = RESPIN_READ_AGAIN;
	assert_string_equal(told(&o), "r*32");
}

static void test_locked(void **state)
{
	(void)state;
	struct respin_outcome o = ask(64, 32);
	o.reply.reason = RESPIN_REASON_LOCKED; /* a transform that stopped at the sixth */
	o.reply.filled_bytes = 5 * UNIT;
	assert_string_equal(told(&o), "R+5 r*1 r?26");
	assert_int_equal(o.spans[1].reason, RESPIN_REASON_LOCKED);
	o = failed(64, 32, -1);
	o.reply.reason = RESPIN_REASON_LOCKED; /* 05/6F from the drive */
	assert_string_equal(told(&o), "r*32");
}

/* Whatever comes, the spans tile the request and bytes are kept only for a reason. */
static void test_any_reply(void **state)
{
	(void)state;
	const char *seed = getenv("RESPIN_SEED");
	struct rng rng = {seed ? strtoull(seed, NULL, 0) : 1};
	for (int i = 0; i < 200000; i++) {
		struct respin_outcome o = ask(rng_below(&rng, 100), 1 + rng_below(&rng, 512));
		o.reply.reason = (uint8_t)rng_below(&rng, RESPIN_REASON_CANCELLED + 1);
		o.reply.scsi_status = o.reply.reason == RESPIN_REASON_GOOD ? 0 : 2;
		o.reply.residual_bytes = rng_below(&rng, 4) ? 0 : rng_next(&rng) >> rng_below(&rng, 64);
		o.reply.filled_bytes = rng_below(&rng, o.reply.asked_bytes + 1);
		o.reply.resid_trusted = rng_below(&rng, 2) & 1;
		o.reply.poison_trusted = rng_below(&rng, 2) & 1;
		o.reply.sense.has_info = rng_below(&rng, 2) & 1;
		o.reply.sense.info_lba = (int64_t)rng_below(&rng, 2000);
		o.request.ecc_block = (uint32_t)rng_below(&rng, 40);
		(void)told(&o);
		for (uint32_t s = 0; s < o.span_count; s++)
			if (o.spans[s].kind == RESPIN_SPAN_RECOVERED)
				assert_true(o.reply.scsi_status == 0 || o.reply.agrees);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_short_tail),
		cmocka_unit_test(test_short_good_is_cut),
		cmocka_unit_test(test_nothing_proves_arrival),
		cmocka_unit_test(test_recovered_is_provisional),
		cmocka_unit_test(test_nothing_is_kept_after_check_condition),
		cmocka_unit_test(test_information_is_believed_inside_only),
		cmocka_unit_test(test_unready_marks_nothing),
		cmocka_unit_test(test_aborted_counts_the_second_time),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_any_reply),
	};
	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
