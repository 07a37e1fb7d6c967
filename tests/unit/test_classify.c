/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of senses and host statuses, row by row. What the verdict makes of a reason is test_verdict's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/classify.h"
#include "garbage.h"

static const struct row {
	uint8_t key, asc, ascq;
	enum respin_reason reason;
} rows[] = {
	{0x1, 0x17, 0x01, RESPIN_REASON_RECOVERED},
	{0x1, 0x18, 0x04, RESPIN_REASON_RECOVERED},
	{0x2, 0x04, 0x00, RESPIN_REASON_NOT_READY},
	{0x2, 0x04, 0x01, RESPIN_REASON_BECOMING_READY},
	{0x2, 0x04, 0x02, RESPIN_REASON_NEEDS_START},
	{0x2, 0x04, 0x03, RESPIN_REASON_NOT_READY},
	{0x2, 0x04, 0x04, RESPIN_REASON_BECOMING_READY},
	{0x2, 0x04, 0x07, RESPIN_REASON_BECOMING_READY},
	{0x2, 0x04, 0x08, RESPIN_REASON_BECOMING_READY},
	{0x2, 0x04, 0x77, RESPIN_REASON_NOT_READY},
	{0x2, 0x06, 0x00, RESPIN_REASON_NOT_READY},
	{0x2, 0x3a, 0x00, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x3a, 0x01, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x3a, 0x02, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x3a, 0x99, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x30, 0x00, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x30, 0x02, RESPIN_REASON_NO_MEDIUM},
	{0x2, 0x53, 0x00, RESPIN_REASON_NOT_READY},
	{0x3, 0x02, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x02, 0x82, RESPIN_REASON_MEDIUM}, /* a vendor's ASCQ, seen */
	{0x3, 0x06, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x09, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x10, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x11, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x11, 0x05, RESPIN_REASON_MEDIUM},
	{0x3, 0x11, 0x06, RESPIN_REASON_MEDIUM},
	{0x3, 0x11, 0xfe, RESPIN_REASON_MEDIUM},
	{0x3, 0x15, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x31, 0x00, RESPIN_REASON_MEDIUM},
	{0x3, 0x57, 0x00, RESPIN_REASON_MEDIUM},
	{0x4, 0x08, 0x00, RESPIN_REASON_HARDWARE},
	{0x4, 0x09, 0x03, RESPIN_REASON_HARDWARE},
	{0x4, 0x15, 0x01, RESPIN_REASON_HARDWARE},
	{0x4, 0x3e, 0x01, RESPIN_REASON_HARDWARE},
	{0x4, 0x3e, 0x02, RESPIN_REASON_HARDWARE}, /* an ordinary answer for clear tape */
	{0x4, 0x44, 0x00, RESPIN_REASON_HARDWARE},
	{0x5, 0x20, 0x00, RESPIN_REASON_REFUSED},
	{0x5, 0x21, 0x00, RESPIN_REASON_OUT_OF_RANGE},
	{0x5, 0x21, 0x07, RESPIN_REASON_OUT_OF_RANGE},
	{0x5, 0x24, 0x00, RESPIN_REASON_REFUSED},
	{0x5, 0x26, 0x00, RESPIN_REASON_REFUSED},
	{0x5, 0x30, 0x02, RESPIN_REASON_NO_MEDIUM},
	{0x5, 0x53, 0x02, RESPIN_REASON_REFUSED},
	{0x5, 0x63, 0x00, RESPIN_REASON_NOT_RECORDED},
	{0x5, 0x64, 0x00, RESPIN_REASON_NOT_RECORDED},
	{0x5, 0x6f, 0x03, RESPIN_REASON_LOCKED},
	{0x3, 0x6f, 0x00, RESPIN_REASON_LOCKED},
	{0x6, 0x28, 0x00, RESPIN_REASON_MEDIUM_CHANGED},
	{0x2, 0x28, 0x00, RESPIN_REASON_MEDIUM_CHANGED},
	{0x6, 0x29, 0x00, RESPIN_REASON_RESET},
	{0x6, 0x29, 0x04, RESPIN_REASON_RESET},
	{0x6, 0x2a, 0x01, RESPIN_REASON_RESET},
	{0x6, 0x3a, 0x02, RESPIN_REASON_NO_MEDIUM},
	{0x7, 0x27, 0x00, RESPIN_REASON_LOCKED},
	{0x8, 0x00, 0x00, RESPIN_REASON_NOT_RECORDED},
	{0x8, 0x64, 0x00, RESPIN_REASON_NOT_RECORDED},
	{0xb, 0x00, 0x06, RESPIN_REASON_ABORTED},
	{0xb, 0x11, 0x11, RESPIN_REASON_ABORTED},
	{0x9, 0x80, 0x80, RESPIN_REASON_ABORTED},
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_sense s = {.key = rows[i].key, .asc = rows[i].asc, .ascq = rows[i].ascq};
		if (classify_sense(&s) != rows[i].reason)
			fail_msg("%X/%02X/%02X: %s, not %s", rows[i].key, rows[i].asc, rows[i].ascq,
				 respin_reason_name(classify_sense(&s)), respin_reason_name(rows[i].reason));
	}
}

/* It says nothing of the place that was asked for, but what it says of the drive holds. */
static void deferred(void **state)
{
	(void)state;
	struct respin_sense s = {.key = 3, .asc = 0x11, .deferred = 1};
	assert_int_equal(classify_sense(&s), RESPIN_REASON_ABORTED);
	s.key = 1;
	assert_int_equal(classify_sense(&s), RESPIN_REASON_ABORTED);
	s = (struct respin_sense){.key = 2, .asc = 0x3a, .deferred = 1};
	assert_int_equal(classify_sense(&s), RESPIN_REASON_NO_MEDIUM);
	s = (struct respin_sense){.key = 6, .asc = 0x28, .deferred = 1};
	assert_int_equal(classify_sense(&s), RESPIN_REASON_MEDIUM_CHANGED);
}

static enum respin_reason reply(unsigned host, unsigned status, unsigned key)
{
	struct respin_command_reply r = {.host = (uint8_t)host, .scsi_status = (uint8_t)status};
	struct respin_sense s;
	if (key) {
		r.sense_len = 18;
		r.sense[0] = 0x70;
		r.sense[2] = (uint8_t)key;
		r.sense[7] = 10;
		r.sense[12] = 0x11;
	}
	return classify_reply(&r, &s);
}

static void scsi_statuses(void **state)
{
	(void)state;
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_GOOD, 0), RESPIN_REASON_GOOD);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_CHECK_CONDITION, 3), RESPIN_REASON_MEDIUM);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_CHECK_CONDITION, 1), RESPIN_REASON_RECOVERED);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_CHECK_CONDITION, 0), RESPIN_REASON_ABORTED);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_GOOD, 3), RESPIN_REASON_MEDIUM);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_GOOD, 1), RESPIN_REASON_RECOVERED);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_BUSY, 0), RESPIN_REASON_BECOMING_READY);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_TASK_SET_FULL, 0), RESPIN_REASON_BECOMING_READY);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_RESERVATION_CONFLICT, 0), RESPIN_REASON_NOT_READY);
	assert_int_equal(reply(RESPIN_HOST_OK, SCSI_TASK_ABORTED, 0), RESPIN_REASON_ABORTED);
	assert_int_equal(reply(RESPIN_HOST_OK, 0x42, 0), RESPIN_REASON_LINK);
}

/* GOOD beside a failed host is no success: QEMU's scsi-cd answers so, with zeros for data. */
static void hosts(void **state)
{
	(void)state;
	assert_int_equal(reply(RESPIN_HOST_GONE, SCSI_GOOD, 0), RESPIN_REASON_GONE);
	assert_int_equal(reply(RESPIN_HOST_TIMEOUT, SCSI_GOOD, 0), RESPIN_REASON_TIMEOUT);
	assert_int_equal(reply(RESPIN_HOST_RESET, SCSI_GOOD, 0), RESPIN_REASON_RESET);
	assert_int_equal(reply(RESPIN_HOST_ERROR, SCSI_GOOD, 0), RESPIN_REASON_LINK);
	assert_int_equal(reply(RESPIN_HOST_ERROR, SCSI_CHECK_CONDITION, 3), RESPIN_REASON_LINK);
	assert_int_equal(reply(RESPIN_HOST_CANCELLED, SCSI_GOOD, 0), RESPIN_REASON_CANCELLED);
	assert_int_equal(reply(99, SCSI_GOOD, 0), RESPIN_REASON_LINK);
}

static void linux_hosts(void **state)
{
	(void)state;
	assert_int_equal(classify_linux_host(0x00, 0x00, false), RESPIN_HOST_OK);
	assert_int_equal(classify_linux_host(0x00, 0x08, true), RESPIN_HOST_OK); /* DRIVER_SENSE: no error */
	assert_int_equal(classify_linux_host(0x00, 0x06, false), RESPIN_HOST_TIMEOUT);
	assert_int_equal(classify_linux_host(0x00, 0x04, false), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x01, 0, false), RESPIN_HOST_GONE);
	assert_int_equal(classify_linux_host(0x02, 0, false), RESPIN_HOST_RESET);
	assert_int_equal(classify_linux_host(0x03, 0, false), RESPIN_HOST_TIMEOUT);
	assert_int_equal(classify_linux_host(0x04, 0, false), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x07, 0, false), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x07, 0, true), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x08, 0, false), RESPIN_HOST_RESET);
	assert_int_equal(classify_linux_host(0x0b, 0, false), RESPIN_HOST_RESET);
	for (unsigned h = 0x10; h <= 0x13; h++) { /* before 6.1: they only repeat what the sense says */
		assert_int_equal(classify_linux_host(h, 0x08, true), RESPIN_HOST_OK);
		assert_int_equal(classify_linux_host(h, 0, false), RESPIN_HOST_ERROR);
	}
	assert_int_equal(classify_linux_host(0x0e, 0, true), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x0f, 0, true), RESPIN_HOST_ERROR);
	assert_int_equal(classify_linux_host(0x14, 0, true), RESPIN_HOST_ERROR);
}

/* Whatever comes: a reason that a source may give, and good news only for good statuses. */
static void garbage(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		struct respin_command_reply r;
		for (size_t b = 0; b < sizeof r; b++)
			((uint8_t *)&r)[b] = (uint8_t)rng_next(&rng);
		r.host = (uint8_t)rng_below(&rng, 8);
		if (i % 2)
			r.scsi_status = (uint8_t)(rng_below(&rng, 2) * 2);
		struct respin_sense s;
		enum respin_reason reason = classify_reply(&r, &s);
		assert_true(reason <= RESPIN_REASON_CANCELLED);
		assert_string_not_equal(respin_reason_name(reason), "unknown");
		if (reason == RESPIN_REASON_GOOD)
			assert_true(r.host == RESPIN_HOST_OK && r.scsi_status == SCSI_GOOD && s.key == 0);
		if (reason == RESPIN_REASON_RECOVERED)
			assert_true(r.host == RESPIN_HOST_OK && s.key == 1 && !s.deferred);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(deferred),    cmocka_unit_test(scsi_statuses),
		cmocka_unit_test(hosts), cmocka_unit_test(linux_hosts), cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
