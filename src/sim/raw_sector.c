/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sector of raw_sector.h: sync, header, EDC, P and Q. Encodes only. */
#include "sim/raw_sector.h"

#include <string.h>

#define EDC_AT 2064u
#define P_AT 2076u
#define Q_AT 2248u
#define LEAD_IN_FRAMES 150u /* LBA 0 is 00:02:00 */

/* ECMA-130 14.3: (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), least significant bit first. */
#define EDC_POLYNOMIAL 0xd8018001u

static uint8_t bcd(uint32_t n)
{
	return (uint8_t)(n / 10 << 4 | n % 10);
}

static void edc_put(uint8_t *sector)
{
	uint32_t edc = 0;
	for (unsigned i = 0; i < EDC_AT; i++) {
		edc ^= sector[i];
		for (int bit = 0; bit < 8; bit++)
			edc = edc >> 1 ^ (edc & 1 ? EDC_POLYNOMIAL : 0);
	}
	for (unsigned i = 0; i < 4; i++)
		sector[EDC_AT + i] = (uint8_t)(edc >> 8 * i);
}

/* Times x in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1 (annex A). */
static uint8_t times_2(uint8_t a)
{
	return (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1d : 0));
}

/* Over x + 1: the quotient q has q ^ 2q = a, found bit by bit from the top through q = a ^ 2q. */
static uint8_t over_3(uint8_t a)
{
	/* 1 / (x + 1) is x^7 + x^6 + x^5 + x^4 + x^2: 3 times F4h is 1. */
	uint8_t q = 0;
	for (int bit = 7; bit >= 0; bit--)
		q = (uint8_t)(times_2(q) ^ (0xf4 >> bit & 1 ? a : 0));
	return q;
}

/*
 * Annex A: a Reed-Solomon code with two parity bytes, such that the sum of all
 * bytes, and the sum of all bytes each times 2^(distance from the end), is 0.
 * `at(i)` are `count` bytes at word `first`, then each `step` words on, modulo `words`.
 */
static void parity_put(uint8_t *plane, size_t first, size_t step, size_t words, unsigned count,
		       size_t parity_at, size_t parity_step)
{
	uint8_t sum = 0, weighted = 0;
	size_t at = first;
	for (unsigned i = 0; i < count; i++, at = (at + step) % words) {
		sum ^= plane[2 * at];
		weighted = (uint8_t)(times_2(weighted) ^ plane[2 * at]);
	}
	weighted = times_2(times_2(weighted));
	uint8_t p0 = over_3(sum ^ weighted);
	plane[2 * parity_at] = p0;
	plane[2 * (parity_at + parity_step)] = sum ^ p0;
}

/* 14.5, 14.6: on the bytes from the header on, the low ones of all words apart from the high ones. */
static void parities_put(uint8_t *sector)
{
	for (unsigned b = 0; b < 2; b++) {
		uint8_t *plane = sector + RAW_SYNC + b;
		for (size_t n = 0; n < 43; n++) /* columns of 24 words */
			parity_put(plane, n, 43, 1032, 24, 1032 + n, 43);
		for (size_t n = 0; n < 26; n++) /* diagonals of 43 words */
			parity_put(plane, 43 * n, 44, 1118, 43, 1118 + n, 26);
	}
}

void raw_sector_mode1(uint8_t out[RAW_SECTOR], uint32_t lba, const uint8_t user[RAW_USER])
{
	static const uint8_t sync[RAW_SYNC] = {0,    0xff, 0xff, 0xff, 0xff, 0xff,
					       0xff, 0xff, 0xff, 0xff, 0xff, 0};
	uint32_t frames = lba + LEAD_IN_FRAMES;
	memset(out, 0, RAW_SECTOR);
	memcpy(out, sync, RAW_SYNC);
	out[12] = bcd(frames / (75 * 60));
	out[13] = bcd(frames / 75 % 60);
	out[14] = bcd(frames % 75);
	out[15] = 1; /* mode */
	memcpy(out + RAW_SYNC + RAW_HEADER, user, RAW_USER);
	edc_put(out);
	parities_put(out);
}
