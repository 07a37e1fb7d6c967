/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Foreign text made harmless, see escape.h. UTF-8 is decoded here and not by
 * the C library, because overlong forms and surrogates must be seen. Widths are
 * the C library's.
 */
#include "escape.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

bool escape_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Unicode 15, table 3-7: length of the well-formed sequence at `p`, or 0. The text is terminated. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	*code = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
	return *code < least[len] || *code > 0x10ffff || surrogate ? 0 : len;
}

size_t escape_char(const char *text)
{
	uint32_t code;
	return decode((const unsigned char *)text, &code);
}

/* Characters that change how other characters look, or that cannot be seen. */
static bool treacherous(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},     {0x7f, 0x9f},       /* C0, DEL, C1 */
		{0xad, 0xad},     {0x61c, 0x61c},     /* soft hyphen, Arabic letter mark */
		{0x180e, 0x180e}, {0x200b, 0x200f},   /* zero width, LRM, RLM */
		{0x2028, 0x202e}, {0x2060, 0x206f},   /* separators, bidi, invisible */
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   /* variation selectors, BOM */
		{0xfff9, 0xfffb}, {0xe0000, 0xe0fff}, /* annotation, tags */
	};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

char *escape_text(char *out, size_t cap, const char *text)
{
	bool utf8 = escape_utf8();
	size_t used = 0;
	const unsigned char *p = (const unsigned char *)text;
	while (*p) {
		uint32_t code = 0;
		size_t len = decode(p, &code);
		bool shown = len && (utf8 || len == 1) && !treacherous(code);
		if (!len)
			len = 1;
		char piece[4 * 4 + 1];
		size_t need = 0;
		if (shown && code == '\\')
			need = (size_t)snprintf(piece, sizeof piece, "\\\\");
		else if (shown)
			memcpy(piece, p, need = len); /* most are: a list may be of a million paths */
		else
			for (size_t i = 0; i < len; i++)
				need += (size_t)snprintf(piece + need, sizeof piece - need, "\\x%02X", p[i]);
		if (used + need + 1 > cap)
			break;
		memcpy(out + used, piece, need);
		used += need;
		p += len;
	}
	if (cap)
		out[used] = '\0';
	return out;
}

/* Bytes of the escape at `p`, which is escape_text's work: a doubled backslash or \\xNN; 0: none. */
static size_t escape_len(const char *p)
{
	if (p[0] != '\\' || !p[1])
		return 0;
	return p[1] == 'x' && p[2] && p[3] ? 4 : 2;
}

static size_t walk(const char *text, size_t limit, size_t *columns)
{
	bool utf8 = escape_utf8();
	size_t bytes = 0;
	*columns = 0;
	while (text[bytes]) {
		uint32_t code = 0;
		size_t len = escape_len(text + bytes), wide = len;
		if (!len) {
			len = utf8 ? decode((const unsigned char *)text + bytes, &code) : 1;
			int width = utf8 && len ? wcwidth((wchar_t)code) : 1;
			len = len ? len : 1;
			wide = width < 0 ? 1 : (size_t)width;
		}
		if (*columns + wide > limit)
			break;
		*columns += wide;
		bytes += len;
	}
	return bytes;
}

size_t escape_columns(const char *text)
{
	size_t columns;
	(void)walk(text, SIZE_MAX, &columns);
	return columns;
}

size_t escape_fit(const char *text, size_t columns)
{
	size_t taken;
	return walk(text, columns, &taken);
}
