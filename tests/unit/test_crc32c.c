/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC-32C against the vectors of RFC 3720, B.4, and against the definition, bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/rng.h"

static void vectors(void **state)
{
	(void)state;
	uint8_t zeros[32] = {0}, ones[32], up[32], down[32];
	memset(ones, 0xff, sizeof ones);
	for (unsigned i = 0; i < 32; i++) {
		up[i] = (uint8_t)i;
		down[i] = (uint8_t)(31 - i);
	}
	/* The RFC prints the bytes in the order of the wire. */
	assert_int_equal(crc32c(zeros, 32), 0x8a9136aau);
	assert_int_equal(crc32c(ones, 32), 0x62a8ab43u);
	assert_int_equal(crc32c(up, 32), 0x46dd794eu);
	assert_int_equal(crc32c(down, 32), 0x113fdb5cu);
	assert_int_equal(crc32c("123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c("", 0), 0);
}

static uint32_t bit_by_bit(const uint8_t *data, size_t len)
{
	uint32_t crc = 0xffffffffu;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void every_length_and_alignment(void **state)
{
	(void)state;
	struct rng rng = {.state = 1};
	uint8_t data[64];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)rng_next(&rng);
	for (size_t start = 0; start < 9; start++)
		for (size_t len = 0; len <= sizeof data - start; len++)
			assert_int_equal(crc32c(data + start, len), bit_by_bit(data + start, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(every_length_and_alignment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
