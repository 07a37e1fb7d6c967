/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * READ CD: raw sectors against a second, slower computation of EDC, P and Q;
 * which fields arrive; C2 pointers. And the transport around every answer:
 * payload or none, patience, a link that goes and comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "asking.h"
#include "base/be.h"
#include "core/cdb.h"
#include "sim/raw_sector.h"

static struct asking a;

/* ---- ECMA-130, computed another way: tables of powers, sums at both roots ---- */

static uint8_t power[255], logarithm[256];

static void tables_fill(void)
{
	unsigned x = 1;
	for (unsigned i = 0; i < 255; i++) {
		power[i] = (uint8_t)x;
		logarithm[x] = (uint8_t)i;
		x <<= 1;
		if (x & 0x100)
			x ^= 0x11d;
	}
}

static uint8_t times_power(uint8_t v, unsigned exponent)
{
	return v ? power[(logarithm[v] + exponent) % 255] : 0;
}

/* A code word of `count` words: both syndromes must be 0. */
static bool is_code_word(const uint8_t *plane, const unsigned *words, unsigned count)
{
	uint8_t s0 = 0, s1 = 0;
	for (unsigned i = 0; i < count; i++) {
		uint8_t v = plane[2 * words[i]];
		s0 ^= v;
		s1 ^= times_power(v, count - 1 - i);
	}
	return !s0 && !s1;
}

static bool parity_right(const uint8_t *sector)
{
	unsigned words[45];
	for (unsigned b = 0; b < 2; b++) {
		const uint8_t *plane = sector + 12 + b;
		for (unsigned n = 0; n < 43; n++) {
			for (unsigned m = 0; m < 26; m++) /* P: 24 words and 2 of parity, below each other */
				words[m] = 43 * m + n;
			if (!is_code_word(plane, words, 26))
				return false;
		}
		for (unsigned n = 0; n < 26; n++) {
			for (unsigned m = 0; m < 43; m++) /* Q: diagonals */
				words[m] = (44 * m + 43 * n) % 1118;
			words[43] = 43 * 26 + n;
			words[44] = 44 * 26 + n;
			if (!is_code_word(plane, words, 45))
				return false;
		}
	}
	return true;
}

/* Long division of the bits, most significant first, by x^32+x^31+x^16+x^15+x^4+x^3+x+1. */
static uint32_t edc_slow(const uint8_t *bytes, size_t len)
{
	uint64_t rest = 0;
	for (size_t i = 0; i < len * 8 + 32; i++) {
		unsigned bit = i < len * 8 ? (unsigned)bytes[i / 8] >> i % 8 & 1 : 0;
		rest = rest << 1 | bit;
		if (rest >> 32)
			rest ^= 0x18001801bull;
	}
	uint32_t mirrored = 0;
	for (unsigned i = 0; i < 32; i++)
		mirrored |= (uint32_t)(rest >> i & 1) << (31 - i);
	return mirrored;
}

static uint8_t digits(unsigned n)
{
	return (uint8_t)(n / 10 * 16 + n % 10);
}

static void raw_sectors(void **state)
{
	(void)state;
	static const uint32_t lbas[] = {0, 1, 74, 75, 4349, 4350, 4351, 300000, 332999};
	tables_fill();
	for (size_t i = 0; i < sizeof lbas / sizeof *lbas; i++) {
		uint8_t user[2048], raw[2352];
		for (unsigned n = 0; n < sizeof user; n++)
			user[n] = i ? (uint8_t)(n * 31 + lbas[i]) : 0;
		raw_sector_mode1(raw, lbas[i], user);
		assert_memory_equal(raw, "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", 12);
		unsigned frames = lbas[i] + 150;
		assert_int_equal(raw[12], digits(frames / 4500));
		assert_int_equal(raw[13], digits(frames / 75 % 60));
		assert_int_equal(raw[14], digits(frames % 75));
		assert_int_equal(raw[15], 1);
		assert_memory_equal(raw + 16, user, sizeof user);
		uint32_t edc = (uint32_t)raw[2064] | (uint32_t)raw[2065] << 8 | (uint32_t)raw[2066] << 16 |
			       (uint32_t)raw[2067] << 24;
		assert_int_equal(edc, edc_slow(raw, 2064));
		assert_memory_equal(raw + 2068, "\0\0\0\0\0\0\0\0", 8);
		assert_true(parity_right(raw));
		raw[1000] ^= 1;
		assert_false(parity_right(raw));
		assert_int_not_equal(edc, edc_slow(raw, 2064));
	}
}

/* A scenario's text: damage and faults have no keys in an address. Opened, and ready. */
static void text_open(const char *disc, const char *rest)
{
	char text[512];
	static struct scenario scenario;
	struct respin_source image = {0};
	struct respin_error error = {0};
	memset(&a, 0, sizeof a);
	(void)snprintf(text, sizeof text, "title Test\n%s\n%s", disc, rest);
	if (scenario_parse(&scenario, "test", text, &error) < 0 ||
	    transport_sim_create(&scenario, &image, NULL, &a.transport, &error) < 0)
		fail_msg("%s", error.text);
	asking_wait_s(&a, 1);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0);
}

/* ---- READ CD ---- */

static uint32_t read_cd(uint32_t lba, uint32_t count, uint8_t type, uint8_t fields, uint8_t sub, uint32_t len)
{
	return ASK(&a, len, 0xbe, (uint8_t)(type << 2), B4(lba), B3(count), fields, sub, 0);
}

static void read_cd_fields(void **state)
{
	(void)state;
	static const struct {
		uint8_t fields;
		uint16_t at, len; /* what of the 2352 arrives; len 0: refused */
	} rows[] = {
		{0xf8, 0, 2352},  {0xb8, 0, 2352},  {0x10, 16, 2048}, {0x18, 16, 2336}, {0x20, 12, 4},
		{0x60, 12, 4},    {0x30, 12, 2052}, {0x38, 12, 2340}, {0x70, 12, 2052}, {0x78, 12, 2340},
		{0x80, 0, 12},    {0xa0, 0, 16},    {0xe0, 0, 16},    {0xb0, 0, 2064},  {0xf0, 0, 2064},
		{0x50, 16, 2048}, {0x58, 16, 2336}, {0x90, 0, 0},     {0x98, 0, 0},     {0x28, 0, 0},
		{0x88, 0, 0},     {0xd0, 0, 0},
	};
	static uint8_t raw[8][2352], user[8 * 2048];
	struct respin_command command;
	asking_open(&a, "disc=cd-74&drive=hh-sata-dvd&seed=3");
	cdb_read_10(&command, 1000, 8, false);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, command.data_len), 0);
	memcpy(user, a.bytes, sizeof user);
	for (uint32_t i = 0; i < 8; i++)
		raw_sector_mode1(raw[i], 1000 + i, user + 2048 * i);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t len = rows[i].len;
		uint32_t answer = read_cd(1000, 8, i % 2 ? 2 : 0, rows[i].fields, 0, 8 * 2352);
		assert_int_equal(answer, len ? 0 : BAD_FIELD);
		assert_int_equal(a.arrived, 8 * len);
		for (uint32_t n = 0; n < 8; n++)
			assert_memory_equal(a.bytes + n * len, raw[n] + rows[i].at, len);
		assert_int_equal(a.bytes[8 * len], ASKING_FILL);
	}
	/* With error fields: nothing is marked on a clean disc. */
	assert_int_equal(read_cd(1000, 2, 2, 0x12, 0, 8192), 0);
	assert_int_equal(a.arrived, 2 * (2048 + 294));
	assert_memory_equal(a.bytes + 2048 + 294, user + 2048, 2048);
	assert_int_equal(read_cd(1000, 2, 2, 0xfc, 0, 8192), 0);
	assert_int_equal(a.arrived, 2 * (2352 + 296));
	for (unsigned i = 0; i < 296; i++)
		assert_int_equal(a.bytes[2352 + i], 0);
	assert_int_equal(read_cd(1000, 1, 0, 0xfe, 0, 8192), BAD_FIELD); /* reserved */
	assert_int_equal(read_cd(1000, 1, 0, 0xf8, 2, 8192), BAD_FIELD); /* Q is not built */
	assert_int_equal(read_cd(1000, 1, 7, 0xf8, 0, 8192), BAD_FIELD);
	assert_int_equal(read_cd(1000, 1, 1, 0xf8, 0, 8192), ILLEGAL_MODE); /* no audio here */
	assert_int_equal(read_cd(1000, 1, 3, 0xf8, 0, 8192), ILLEGAL_MODE);
	assert_int_equal(read_cd(1000, 4, 0, 0xf8, 0, 8192), BAD_FIELD); /* does not fit */
	assert_int_equal(read_cd(1000, 0, 0, 0xf8, 0, 8192), 0);
	assert_int_equal(a.arrived, 0);
	assert_int_equal(read_cd(333000, 1, 0, 0xf8, 0, 8192), OUT_OF_RANGE);
	asking_close(&a);
	asking_open(&a, "disc=dvd-5&drive=hh-sata-dvd");
	assert_int_equal(read_cd(1000, 1, 0, 0xf8, 0, 8192), ILLEGAL_MODE);
	asking_close(&a);
	asking_open(&a, "disc=cd-74&drive=old-cdrom");
	assert_int_equal(read_cd(1000, 1, 0, 0xfa, 0, 8192), BAD_FIELD); /* without C2 */
	assert_int_equal(read_cd(1000, 1, 0, 0xf8, 0, 8192), 0);
	asking_close(&a);
}

static unsigned ones(const uint8_t *bytes, size_t len)
{
	unsigned count = 0;
	for (size_t i = 0; i < len; i++)
		count += (unsigned)__builtin_popcount(bytes[i]);
	return count;
}

/* Audio goes on over damage and marks it; data behind L-EC fail. */
static void c2_pointers(void **state)
{
	(void)state;
	static uint8_t clean[2352];
	asking_open(&a, "disc=cd-74&size=30000&audio=10000-29999&partial=1&seed=3");
	assert_int_equal(read_cd(10100, 1, 1, 0xf8, 0, 4096), 0);
	memcpy(clean, a.bytes, sizeof clean);
	assert_int_equal(read_cd(9999, 2, 0, 0xf8, 0, 8192), 0); /* across the border: the same length */
	assert_int_equal(a.arrived, 2 * 2352);
	assert_int_equal(read_cd(9999, 2, 2, 0xf8, 0, 8192), ILLEGAL_MODE);
	assert_int_equal(read_cd(9999, 2, 0, 0x10, 0, 8192), 0); /* another one for each kind */
	assert_int_equal(a.arrived, 2048 + 2352);
	asking_close(&a);

	asking_open(&a,
		    "disc=cd-74&size=30000&audio=10000-29999&bad=5003,10100&partial=1&seed=3&fail_ms=2000");
	assert_int_equal(read_cd(10099, 3, 1, 0xfc, 0, 16384), 0);
	assert_int_equal(a.arrived, 3 * (2352 + 296));
	const uint8_t *first = a.bytes, *bad = a.bytes + 2352 + 296;
	assert_int_equal(ones(first + 2352, 296), 0);
	assert_int_equal(bad[2352 + 1], 0); /* the pad */
	unsigned any = 0;
	for (unsigned i = 0; i < 294; i++)
		any |= bad[2352 + 2 + i];
	assert_int_equal(bad[2352], any);
	assert_in_range(ones(bad + 2354, 294), 100, 2352);
	for (unsigned i = 0; i < 2352; i++) /* what is marked is wrong, what is not is right */
		assert_int_equal(bad[i] != clean[i], bad[2354 + i / 8] >> (7 - i % 8) & 1);
	assert_int_equal(read_cd(5000, 8, 2, 0xf8, 0, 8 * 2352), 0x31100);
	assert_int_equal(a.sense.info_lba, 5003);
	assert_int_equal(a.arrived, 3 * 2352);
	assert_int_equal(a.bytes[3 * 2352], ASKING_FILL);
	assert_true(a.reply.elapsed_ns >= 2000000000u);
	asking_close(&a);
}

/* Under a scratch the marks follow the damage: none where the disc is clean, many where it is worst. */
static void c2_of_a_scratch(void **state)
{
	(void)state;
	text_open("disc cd-74 audio=0-332999",
		  "drive plain\ndamage radial count=1 r=30..35 width=4 length=5 weight=1\n");
	const struct disc *disc = transport_sim_disc(&a.transport);
	uint64_t worst = 0, clean = 0;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		if (disc_block(disc, i).x > disc_block(disc, worst).x)
			worst = i;
		if (!(disc_block(disc, i).x > 0))
			clean = i;
	}
	assert_true(disc_block(disc, worst).x > 1.2f);
	assert_int_equal(read_cd((uint32_t)worst, 1, 1, 0xfa, 0, 4096), 0);
	assert_in_range(ones(a.bytes + 2352, 294), 12, 2352);
	assert_int_equal(read_cd((uint32_t)clean, 1, 1, 0xfa, 0, 4096), 0);
	assert_int_equal(ones(a.bytes + 2352, 294), 0);
	/* Nothing fails, wherever it goes. */
	for (uint64_t lba = worst - 2000; lba < worst + 2000; lba += 20)
		assert_int_equal(read_cd((uint32_t)lba, 20, 1, 0x12, 0, 64u << 10), 0);
	asking_close(&a);
}

/* ---- the transport ---- */

static void no_payload(void **state)
{
	(void)state;
	struct respin_transport_traits traits = {.size = sizeof traits};
	struct respin_command command;
	asking_open(&a, "disc=cd-74&bad=500&partial=1&payload=0");
	a.transport.ops->traits(a.transport.self, &traits);
	assert_true(traits.no_payload);
	cdb_read_10(&command, 100, 32, false);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, command.data_len), 0);
	assert_int_equal(a.reply.residual, 0);
	assert_int_equal(a.bytes[0], ASKING_FILL);
	cdb_read_10(&command, 490, 32, false);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, command.data_len), 0x31100);
	assert_int_equal(a.arrived, 10 * 2048);
	assert_int_equal(a.bytes[0], ASKING_FILL);
	assert_int_equal(read_cd(100, 2, 0, 0xfa, 0, 8192), 0);
	assert_int_equal(a.arrived, 2 * (2352 + 294));
	assert_int_equal(a.bytes[0], ASKING_FILL);
	assert_int_equal(ASK(&a, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0); /* answers are moved */
	assert_int_equal(be32(a.bytes), 332999);
	asking_close(&a);
	asking_open(&a, "size=100");
	a.transport.ops->traits(a.transport.self, &traits);
	assert_false(traits.no_payload);
	asking_close(&a);
}

static uint64_t now_ns(void)
{
	return a.transport.ops->now_ns(a.transport.self);
}

#define S 1000000000ull

static void patience(void **state)
{
	(void)state;
	struct respin_command command;
	struct sim_counts counts;
	asking_open(&a, "disc=dvd-5&drive=hh-sata-dvd&bad=5000&fail_ms=40000&fail_sigma=0&reset_s=5");
	cdb_read_10(&command, 5000, 16, false);
	uint64_t began = now_ns();
	a.timeout_ms = 10000;
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, command.data_len),
			 NO_ANSWER(RESPIN_HOST_TIMEOUT));
	assert_int_equal(a.reply.raw_host, 3);
	assert_int_equal(a.arrived, 0);
	assert_int_equal(a.reply.elapsed_ns, now_ns() - began);
	assert_in_range(a.reply.elapsed_ns, 12 * S, 18 * S); /* its patience, and what the reset took */
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0x62903);
	transport_sim_counts(&a.transport, &counts);
	assert_int_equal(counts.timeouts, 1);
	a.timeout_ms = 60000;
	asking_wait_s(&a, 60);
	assert_int_not_equal(asking_send(&a, command.cdb, command.cdb_len, true, command.data_len), 0);
	assert_int_equal(a.reply.host, RESPIN_HOST_OK);
	asking_close(&a);
	asking_open(&a, "size=100&max_kb=32"); /* more than the host moves at once */
	assert_int_equal(ASK(&a, 32u << 10, 0x28, 0, B4(0), 0, B2(16), 0), 0);
	assert_int_equal(ASK(&a, 34u << 10, 0x28, 0, B4(0), 0, B2(17), 0), NO_ANSWER(RESPIN_HOST_ERROR));
	assert_int_not_equal(a.reply.sys_errno, 0);
	asking_close(&a);
}

static int reopen(void)
{
	struct respin_error error = {0};
	int code = a.transport.ops->reopen(a.transport.self, &error);
	assert_true(code == 0 || error.text[0]);
	return code;
}

static void link_open(const char *fault)
{
	char text[256];
	(void)snprintf(text, sizeof text, "drive hh-sata-dvd resid=honest load_s=0\nfault %s\n", fault);
	text_open("disc dvd-5", text);
}

static void link_lost(void **state)
{
	(void)state;
	link_open("unplug at=100s for=8s");
	assert_int_equal(reopen(), 0); /* nothing is wrong: that works too */
	a.transport.ops->sleep_until_ns(a.transport.self, 101 * S);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), NO_ANSWER(RESPIN_HOST_GONE));
	assert_int_equal(reopen(), RESPIN_E_GONE);
	a.transport.ops->sleep_until_ns(a.transport.self, 109 * S);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0),
			 NO_ANSWER(RESPIN_HOST_GONE)); /* the old handle is dead */
	assert_int_equal(reopen(), 0);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0x62900);
	asking_wait_s(&a, 60);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0);
	asking_close(&a);

	link_open("unplug at=100s for=8s"); /* it went and came back while nobody looked */
	a.transport.ops->sleep_until_ns(a.transport.self, 200 * S);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), NO_ANSWER(RESPIN_HOST_GONE));
	assert_int_equal(reopen(), 0);
	asking_close(&a);

	link_open("unplug at=100s for=8s renamed=yes");
	a.transport.ops->sleep_until_ns(a.transport.self, 120 * S);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), NO_ANSWER(RESPIN_HOST_GONE));
	assert_int_equal(reopen(), RESPIN_E_GONE); /* for good under the old name */
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), NO_ANSWER(RESPIN_HOST_GONE));
	assert_true(transport_sim_rediscover(&a.transport)); /* a person finds it */
	asking_wait_s(&a, 60);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0);
	asking_close(&a);

	link_open("unplug at=100s for=0");
	a.transport.ops->sleep_until_ns(a.transport.self, 100000 * S);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), NO_ANSWER(RESPIN_HOST_GONE));
	assert_int_equal(reopen(), RESPIN_E_GONE);
	assert_false(transport_sim_rediscover(&a.transport));
	asking_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_sectors), cmocka_unit_test(read_cd_fields),
		cmocka_unit_test(c2_pointers), cmocka_unit_test(c2_of_a_scratch),
		cmocka_unit_test(no_payload),  cmocka_unit_test(patience),
		cmocka_unit_test(link_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
