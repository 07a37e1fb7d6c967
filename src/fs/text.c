/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as discs write them, made into UTF-8 that is always valid. */
#include <string.h>

#include "fs/build.h"

#define REPLACEMENT 0xfffdu

/* As much of the character as fits; the number of its bytes. */
static size_t put(uint32_t c, char *to, size_t room)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	if (n > room)
		return 0;
	if (n == 1) {
		to[0] = (char)c;
		return 1;
	}
	static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(heads[n] | c);
	return n;
}

static bool is_surrogate(uint32_t c, uint32_t half)
{
	return (c & 0xfc00) == half;
}

void fs_utf8_from_utf16be(const uint8_t *from, size_t bytes, char *to, size_t cap)
{
	size_t len = 0;
	for (size_t i = 0; i + 1 < bytes; i += 2) {
		uint32_t c = (uint32_t)(from[i] << 8 | from[i + 1]);
		if (is_surrogate(c, 0xd800) && i + 3 < bytes) {
			uint32_t low = (uint32_t)(from[i + 2] << 8 | from[i + 3]);
			if (is_surrogate(low, 0xdc00)) {
				c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
				i += 2;
			}
		}
		if ((c & 0xfffff800) == 0xd800 || c == 0)
			c = REPLACEMENT;
		size_t n = put(c, to + len, cap - 1 - len);
		if (!n)
			break;
		len += n;
	}
	to[len] = '\0';
}

/* The length of one valid character, or 0. */
static size_t valid(const uint8_t *at, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = at[0] < 0x80             ? 1
		   : (at[0] & 0xe0) == 0xc0 ? 2
		   : (at[0] & 0xf0) == 0xe0 ? 3
		   : (at[0] & 0xf8) == 0xf0 ? 4
					    : 0;
	if (n == 0 || n > left)
		return 0;
	if (n == 1)
		return at[0] ? 1 : 0;
	uint32_t c = at[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	bool good = c >= least[n] && c <= 0x10ffff && (c & 0xfffff800) != 0xd800;
	return good ? n : 0;
}

void fs_utf8_from_bytes(const uint8_t *from, size_t bytes, char *to, size_t cap)
{
	bool utf8 = true;
	for (size_t i = 0, n; utf8 && i < bytes; i += n) {
		n = valid(from + i, bytes - i);
		utf8 = n > 0;
	}
	size_t len = 0;
	for (size_t i = 0, n; i < bytes; i += n) {
		size_t step = utf8 ? valid(from + i, bytes - i) : 1;
		n = utf8 ? (step <= cap - 1 - len ? step : 0)
			 : put(from[i] ? from[i] : REPLACEMENT, to + len, cap - 1 - len);
		if (!n)
			break;
		if (utf8)
			memcpy(to + len, from + i, n);
		len += n;
		n = step;
	}
	to[len] = '\0';
}
