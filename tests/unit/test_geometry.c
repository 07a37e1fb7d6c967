/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles, ECC blocks, request sizes; and the poison that shows what of a request arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/geometry.h"
#include "core/poison.h"
#include "garbage.h"

static void names(void **state)
{
	(void)state;
	assert_string_equal(geometry_name(0x0008), "CD-ROM");
	assert_string_equal(geometry_name(0x002b), "DVD+R DL");
	assert_string_equal(geometry_name(0x0043), "BD-RE");
	assert_string_equal(geometry_name(0x0000), "unknown");
	assert_true(geometry_is_cd(0x0009));
	assert_false(geometry_is_cd(0x0010));
}

static void ecc_blocks(void **state)
{
	(void)state;
	assert_int_equal(geometry_ecc_block(0x0008, 0, 300000), 1);
	assert_int_equal(geometry_ecc_block(0x0010, 0, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0040, 0, 300000), 32);
	assert_int_equal(geometry_ecc_block(0x0050, 0, 300000), 32); /* HD DVD */
	/* no profile: the size decides */
	assert_int_equal(geometry_ecc_block(0, 0, 300000), 1);
	assert_int_equal(geometry_ecc_block(0, 0, 2295104), 16);
	assert_int_equal(geometry_ecc_block(0xffff, 0, 12219392), 32);
}

/* Targets answer 1 for everything, and lies are larger than any disc's block. */
static void blocking_only_raises(void **state)
{
	(void)state;
	assert_int_equal(geometry_ecc_block(0x0010, 1, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 8, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 16, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 17, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 24, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 32, 300000), 32);
	assert_int_equal(geometry_ecc_block(0x0010, 48, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0010, 0xfff0, 300000), 16);
	assert_int_equal(geometry_ecc_block(0x0009, 32, 300000), 32); /* packets of a CD-RW */
	assert_int_equal(geometry_ecc_block(0x0040, 16, 300000), 32);
}

static void requests(void **state)
{
	(void)state;
	assert_int_equal(geometry_request_units(1, 2048, 1 << 20), 32);
	assert_int_equal(geometry_request_units(16, 2048, 1 << 20), 32);
	assert_int_equal(geometry_request_units(32, 2048, 1 << 20), 32);
	assert_int_equal(geometry_request_units(16, 2048, 120 << 10), 32);
	assert_int_equal(geometry_request_units(16, 2048, 48 << 10), 16);
	/* a host that cannot move one ECC block: a part that divides it */
	assert_int_equal(geometry_request_units(32, 2048, 32 << 10), 16);
	assert_int_equal(geometry_request_units(32, 2048, 24 << 10), 8);
	assert_int_equal(geometry_request_units(16, 2048, 2048), 1);
	assert_int_equal(geometry_request_units(16, 2048, 512), 1);
}

#define LEN 8192u
#define KEY 0x1234567890abcdefu

static void poison_whole(void **state)
{
	(void)state;
	_Alignas(8) static unsigned char data[LEN];
	poison_fill(data, LEN, KEY);
	assert_int_equal(poison_filled(data, LEN, KEY), 0);
	memset(data, 0, LEN);
	assert_int_equal(poison_filled(data, LEN, KEY), LEN);
	assert_int_equal(poison_filled(data, 0, KEY), 0);
}

/* Exact to the byte before the first untouched word, and a hole ends it. */
static void poison_prefix(void **state)
{
	(void)state;
	_Alignas(8) static unsigned char data[LEN];
	for (size_t n = 0; n < LEN; n += n < 64 ? 1 : 61) {
		poison_fill(data, LEN, KEY);
		memset(data, 0x55, n);
		size_t filled = poison_filled(data, LEN, KEY);
		assert_true(filled <= n && filled + 1 >= n); /* a byte may look like poison by chance */
	}
	poison_fill(data, LEN, KEY);
	memset(data, 0x55, 2048);
	memset(data + 4096, 0x55, 2048);
	assert_int_equal(poison_filled(data, LEN, KEY), 2048);
	/* a transfer that stops inside the very last word */
	poison_fill(data, LEN, KEY);
	memset(data, 0x55, LEN - 4);
	assert_int_equal(poison_filled(data, LEN, KEY), LEN - 4);
}

/* What an earlier read or another place left is not this read's poison. */
static void poison_is_particular(void **state)
{
	(void)state;
	_Alignas(8) static unsigned char data[LEN];
	poison_fill(data, LEN, KEY);
	assert_int_equal(poison_filled(data, LEN, KEY + 1), LEN);
	memmove(data, data + 2048, LEN - 2048);
	assert_int_equal(poison_filled(data, LEN - 2048, KEY), LEN - 2048);
}

static void garbage(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		uint16_t profile = (uint16_t)rng_below(&rng, 0x60),
			 blocking = (uint16_t)(rng_next(&rng) >> (48 + rng_below(&rng, 16)));
		uint32_t ecc = geometry_ecc_block(profile, blocking, rng_next(&rng) >> 40);
		assert_true(ecc >= 1 && ecc <= GEOMETRY_ECC_BLOCK_MAX);
		uint32_t max = (uint32_t)rng_next(&rng) >> rng_below(&rng, 32);
		uint32_t units = geometry_request_units(ecc, 2048, max);
		assert_true(units >= 1 && units * 2048 <= GEOMETRY_REQUEST_BYTES);
		assert_true(units == 1 || units * 2048 <= max);
		assert_true(units % ecc == 0 || ecc % units == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(ecc_blocks),
		cmocka_unit_test(blocking_only_raises),
		cmocka_unit_test(requests),
		cmocka_unit_test(poison_whole),
		cmocka_unit_test(poison_prefix),
		cmocka_unit_test(poison_is_particular),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
