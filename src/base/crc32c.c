/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRC-32C, eight bytes a step. The tables are made for each call: some 2000
 * steps of table-making are nothing beside a mapfile, and there is no state to
 * guard. Not meant for millions of tiny inputs.
 */
#include "base/crc32c.h"

/* The polynomial 0x1EDC6F41 with its bits turned round (RFC 3720, 12.1). */
#define POLYNOMIAL 0x82f63b78u
#define LANES 8

struct tables {
	uint32_t entry[LANES][256];
};

/* entry[k][b]: what byte b does to the remainder, with k zero bytes after it. */
static void tables_make(struct tables *t)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		t->entry[0][b] = crc;
	}
	for (int k = 1; k < LANES; k++)
		for (uint32_t b = 0; b < 256; b++) {
			uint32_t before = t->entry[k - 1][b];
			t->entry[k][b] = before >> 8 ^ t->entry[0][before & 0xff];
		}
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t crc = 0xffffffffu;
	struct tables t;

	tables_make(&t);
	for (; len >= LANES; len -= LANES, p += LANES) {
		uint32_t low = crc ^ le32(p), high = le32(p + 4);
		crc = t.entry[7][low & 0xff] ^ t.entry[6][low >> 8 & 0xff] ^ t.entry[5][low >> 16 & 0xff] ^
		      t.entry[4][low >> 24] ^ t.entry[3][high & 0xff] ^ t.entry[2][high >> 8 & 0xff] ^
		      t.entry[1][high >> 16 & 0xff] ^ t.entry[0][high >> 24];
	}
	for (; len; len--, p++)
		crc = crc >> 8 ^ t.entry[0][(crc ^ *p) & 0xff];
	return crc ^ 0xffffffffu;
}
