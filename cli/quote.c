/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for JSON (RFC 8259) and XML 1.0, see quote.h. */
#include "quote.h"

#include <string.h>

#include "escape.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void quote_json(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (size_t len; *text; text += len) {
		unsigned char c = (unsigned char)*text;
		len = escape_char(text);
		if (!len) {
			len = 1;
			(void)fputs(REPLACEMENT, out);
		} else if (c == '"' || c == '\\') {
			(void)fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			(void)fprintf(out, "\\u%04x", c);
		} else {
			(void)fwrite(text, 1, len, out);
		}
	}
	(void)fputc('"', out);
}

/* XML 1.0, production 2; carriage return too, which parsers turn into a line feed. */
static bool sayable(const char *text, size_t len)
{
	unsigned char c = (unsigned char)*text;
	if (len == 1)
		return c >= 0x20;
	return len != 3 || (memcmp(text, "\xef\xbf\xbe", 3) != 0 && memcmp(text, "\xef\xbf\xbf", 3) != 0);
}

void quote_xml(FILE *out, const char *text)
{
	for (size_t len; *text; text += len) {
		len = escape_char(text);
		if (*text == '\n' || *text == '\t' || *text == '\r')
			(void)fprintf(out, "&#%d;", *text);
		else if (!len || !sayable(text, len))
			(void)fputs(REPLACEMENT, out);
		else if (*text == '&')
			(void)fputs("&amp;", out);
		else if (*text == '<')
			(void)fputs("&lt;", out);
		else if (*text == '>')
			(void)fputs("&gt;", out);
		else if (*text == '"')
			(void)fputs("&quot;", out);
		else
			(void)fwrite(text, 1, len, out);
		len = len ? len : 1;
	}
}

bool quote_json_exact(const char *text)
{
	for (size_t len; *text; text += len)
		if (!(len = escape_char(text)))
			return false;
	return true;
}

bool quote_xml_exact(const char *text)
{
	for (size_t len; *text; text += len) {
		len = escape_char(text);
		if (!len || (!sayable(text, len) && !strchr("\n\t\r", *text)))
			return false;
	}
	return true;
}

void quote_hex(FILE *out, const char *text)
{
	for (; *text; text++)
		(void)fprintf(out, "%02x", (unsigned char)*text);
}
