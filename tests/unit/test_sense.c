/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sense data as drives send them, cut, lying and random. What they mean is test_classify's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "core/sense.h"
#include "garbage.h"

/* 3/11/05 at LBA 1008, as a drive behind AHCI sends it. */
static const uint8_t fixed[18] = {0xf0, 0, 0x03, 0, 0, 0x03, 0xf0, 10, 0, 0, 0, 0, 0x11, 0x05};

static void fixed_whole(void **state)
{
	(void)state;
	struct respin_sense s;
	assert_true(sense_decode(fixed, sizeof fixed, &s));
	assert_int_equal(s.key, 3);
	assert_int_equal(s.asc, 0x11);
	assert_int_equal(s.ascq, 0x05);
	assert_int_equal(s.deferred, 0);
	assert_int_equal(s.has_info, 1);
	assert_int_equal(s.info_lba, 1008);
}

static void fixed_without_valid(void **state)
{
	(void)state;
	uint8_t bytes[18];
	struct respin_sense s;
	memcpy(bytes, fixed, sizeof bytes);
	bytes[0] = 0x70;
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
	assert_int_equal(s.info_lba, 0);
}

/* The flags beside the key (FILEMARK, EOM, ILI) are not part of it. */
static void fixed_flags(void **state)
{
	(void)state;
	uint8_t bytes[18];
	struct respin_sense s;
	memcpy(bytes, fixed, sizeof bytes);
	bytes[2] = 0xe3;
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.key, 3);
}

static void fixed_high_lba(void **state)
{
	(void)state;
	uint8_t bytes[18];
	struct respin_sense s;
	memcpy(bytes, fixed, sizeof bytes);
	be32_put(bytes + 3, 0xfffffff0u);
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.info_lba, 0xfffffff0ll); /* not a negative number */
}

static void deferred(void **state)
{
	(void)state;
	uint8_t bytes[18];
	struct respin_sense s;
	memcpy(bytes, fixed, sizeof bytes);
	bytes[0] = 0xf1;
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.deferred, 1);
	const uint8_t descriptor[8] = {0x73, 0x03, 0x11, 0x00};
	assert_true(sense_decode(descriptor, sizeof descriptor, &s));
	assert_int_equal(s.deferred, 1);
	assert_int_equal(s.key, 3);
}

/* Everything a cut answer still holds is taken, and nothing else. */
static void fixed_cut(void **state)
{
	(void)state;
	for (size_t len = 0; len <= sizeof fixed; len++) {
		uint8_t *bytes = malloc(len ? len : 1);
		memcpy(bytes, fixed, len);
		struct respin_sense s;
		assert_int_equal(sense_decode(bytes, len, &s), len >= 3);
		assert_int_equal(s.key, len >= 3 ? 3 : 0);
		assert_int_equal(s.has_info, len >= 8);
		assert_int_equal(s.asc, len >= 13 ? 0x11 : 0);
		assert_int_equal(s.ascq, len >= 14 ? 0x05 : 0);
		free(bytes);
	}
}

/* What lies behind the additional sense length is another command's. */
static void fixed_claims_less(void **state)
{
	(void)state;
	uint8_t bytes[18];
	struct respin_sense s;
	memcpy(bytes, fixed, sizeof bytes);
	bytes[7] = 4; /* ends before the ASC */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.key, 3);
	assert_int_equal(s.asc, 0);
	bytes[7] = 255; /* and more than there is, is as much as there is */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.asc, 0x11);
	assert_int_equal(s.ascq, 0x05);
}

/* A vendor descriptor first, then INFORMATION (type 0), then another. */
static const uint8_t descriptor[] = {0x72, 0x03, 0x11, 0x00, 0,    0,    0,    22,   0x80, 0x04,
				     1,    2,    3,    4,    0x00, 10,   0x80, 0,    0,    0,
				     0,    0,    0,    0,    0x03, 0xf0, 0x02, 0x02, 0,    0};

static void descriptor_whole(void **state)
{
	(void)state;
	struct respin_sense s;
	assert_true(sense_decode(descriptor, sizeof descriptor, &s));
	assert_int_equal(s.key, 3);
	assert_int_equal(s.asc, 0x11);
	assert_int_equal(s.has_info, 1);
	assert_int_equal(s.info_lba, 1008);
}

static void descriptor_cut(void **state)
{
	(void)state;
	for (size_t len = 0; len <= sizeof descriptor; len++) {
		uint8_t *bytes = malloc(len ? len : 1);
		memcpy(bytes, descriptor, len);
		struct respin_sense s;
		assert_int_equal(sense_decode(bytes, len, &s), len >= 2);
		assert_int_equal(s.has_info, len >= 26);
		free(bytes);
	}
}

static void descriptor_lies(void **state)
{
	(void)state;
	uint8_t bytes[sizeof descriptor];
	struct respin_sense s;
	memcpy(bytes, descriptor, sizeof bytes);
	bytes[7] = 10; /* ends inside the INFORMATION descriptor */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
	memcpy(bytes, descriptor, sizeof bytes);
	bytes[9] = 200; /* the first descriptor swallows everything */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
	memcpy(bytes, descriptor, sizeof bytes);
	bytes[15] = 2; /* an INFORMATION descriptor that is too short for one */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
	memcpy(bytes, descriptor, sizeof bytes);
	bytes[16] = 0; /* not VALID */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
	memcpy(bytes, descriptor, sizeof bytes);
	bytes[18] = 0x80; /* beyond every LBA */
	assert_true(sense_decode(bytes, sizeof bytes, &s));
	assert_int_equal(s.has_info, 0);
}

static void no_sense_at_all(void **state)
{
	(void)state;
	const uint8_t zeros[18] = {0}, vendor[18] = {0x7f, 0xff, 0xff, 0xff}, old[8] = {0x11, 3};
	struct respin_sense s = {.key = 9, .has_info = 1};
	assert_false(sense_decode(zeros, sizeof zeros, &s));
	assert_int_equal(s.key, 0);
	assert_int_equal(s.has_info, 0);
	assert_false(sense_decode(vendor, sizeof vendor, &s));
	assert_int_equal(s.key, 0);
	assert_int_equal(s.deferred, 0);
	assert_false(sense_decode(old, sizeof old, &s));
	assert_false(sense_decode(NULL, 0, &s));
}

static void garbage(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	unsigned decoded = 0;
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		size_t len;
		uint8_t *bytes = garbage_bytes(&rng, 64, &len);
		assert_non_null(bytes);
		if (len && i % 2)
			bytes[0] = (uint8_t)(0x70 | (bytes[0] & 0x83));
		struct respin_sense s;
		bool found = sense_decode(bytes, len, &s);
		decoded += found;
		if (!found)
			assert_int_equal(s.key | s.asc | s.ascq | s.deferred | s.has_info, 0);
		assert_true(s.key <= 15 && s.info_lba >= 0);
		assert_true(s.has_info || s.info_lba == 0);
		free(bytes);
	}
	assert_true(decoded > GARBAGE_ROUNDS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_whole),       cmocka_unit_test(fixed_without_valid),
		cmocka_unit_test(fixed_flags),       cmocka_unit_test(fixed_high_lba),
		cmocka_unit_test(deferred),          cmocka_unit_test(fixed_cut),
		cmocka_unit_test(fixed_claims_less), cmocka_unit_test(descriptor_whole),
		cmocka_unit_test(descriptor_cut),    cmocka_unit_test(descriptor_lies),
		cmocka_unit_test(no_sense_at_all),   cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
