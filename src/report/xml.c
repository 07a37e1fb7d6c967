/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escaping for XML, see xml.h. */
#include "report/xml.h"

#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */

/* Bytes of the character at `p`, shortest form only (RFC 3629); 0: it is none. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	for (size_t tail = 0; tail < 4; tail++) {
		if ((p[0] & forms[tail].mask) != forms[tail].lead)
			continue;
		*code = p[0] & (uint8_t)~forms[tail].mask;
		for (size_t i = 1; i <= tail; i++) {
			if ((p[i] & 0xc0) != 0x80) /* also at the text's end */
				return 0;
			*code = *code << 6 | (p[i] & 0x3f);
		}
		return *code >= forms[tail].least ? tail + 1 : 0;
	}
	return 0;
}

/* XML 1.0, production 2, without control characters and what turns or breaks lines. */
static bool harmless(uint32_t code)
{
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	bool direction = code == 0x61c || code == 0x200e || code == 0x200f ||
			 (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
	bool character = (code < 0xd800 || code > 0xdfff) && code < 0xfffe;
	return !control && !direction && (character || (code >= 0x10000 && code <= 0x10ffff));
}

static void add_character(struct buf *out, const unsigned char *p, size_t len)
{
	switch (p[0]) {
	case '&':
		buf_add_str(out, "&amp;");
		break;
	case '<':
		buf_add_str(out, "&lt;");
		break;
	case '>':
		buf_add_str(out, "&gt;");
		break;
	case '"':
		buf_add_str(out, "&quot;");
		break;
	default:
		buf_add(out, p, len);
	}
}

void xml_add_text(struct buf *out, const char *text, size_t most)
{
	const unsigned char *p = (const unsigned char *)text;
	for (size_t count = 0; *p; count++) {
		if (count == most) {
			buf_add_str(out, ELLIPSIS);
			return;
		}
		uint32_t code = 0;
		size_t len = decode(p, &code);
		if (len && harmless(code))
			add_character(out, p, len);
		else
			buf_add_str(out, REPLACEMENT);
		p += len ? len : 1;
	}
}
