/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text from discs and drives on its way to people: to a terminal or a log
 * (escape), into a picture (XML), and what the library says of a command (JSON
 * events). Nothing that comes out moves a cursor, turns text or ends a line;
 * JSON is read back as what went in. There are no names of files to be made
 * from foreign text: respin makes none.
 */
#include "fuzz.h"

#include <jansson.h>
#include <locale.h>
#include <stdlib.h>

#include <respin/session.h>

#include "../../cli/escape.h"
#include "report/xml.h"

#define TEXT_MAX 1024u

static locale_t utf8, plain;

/* RFC 3629, written anew: what comes out must not be judged by what let it out. */
static size_t utf8_len(const uint8_t *p, uint32_t *code)
{
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	size_t len = p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (!len)
		return 0;
	*code = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return *code >= least[len] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff) ? len : 0;
}

static bool harmless(uint32_t code)
{
	return code >= 0x20 && (code < 0x7f || code > 0x9f) && code != 0x61c && code != 0x200e &&
	       code != 0x200f && (code < 0x2028 || code > 0x202e) && (code < 0x2066 || code > 0x2069);
}

static void check_clean(const char *text, bool ascii)
{
	const uint8_t *p = (const uint8_t *)text;
	for (uint32_t code; *p;) {
		size_t len = utf8_len(p, &code);
		MUST(len && harmless(code) && (!ascii || len == 1));
		p += len;
	}
}

/* What was escaped can be read back, byte by byte. */
static void check_back(const char *clean, const char *text)
{
	for (; *clean; clean++, text++) {
		if (*clean != '\\') {
			MUST(*clean == *text);
			continue;
		}
		clean++;
		if (*clean == '\\') {
			MUST(*text == '\\');
			continue;
		}
		MUST(*clean == 'x' && clean[1] && clean[2]);
		char digits[3] = {clean[1], clean[2], 0};
		MUST((uint8_t)strtoul(digits, NULL, 16) == (uint8_t)*text);
		clean += 2;
	}
	MUST(!*text);
}

static void check_escape(const char *text, size_t columns, size_t cap)
{
	static char clean[ESCAPE_ROOM(TEXT_MAX)], cut[ESCAPE_ROOM(TEXT_MAX)];
	(void)escape_text(clean, sizeof clean, text);
	check_clean(clean, !escape_utf8());
	check_back(clean, text);
	(void)escape_text(cut, cap, text);
	if (cap) {
		MUST(strlen(cut) < cap && !strncmp(clean, cut, strlen(cut)));
		check_clean(cut, !escape_utf8());
	}
	size_t fits = escape_fit(clean, columns);
	MUST(fits <= strlen(clean));
	clean[fits] = '\0';
	MUST(escape_columns(clean) <= columns);
	check_clean(clean, !escape_utf8());
}

static void check_xml(const char *text, size_t most)
{
	static struct buf out; /* kept */
	buf_clear(&out);
	xml_add_text(&out, text, most);
	buf_add(&out, "", 1);
	MUST(!out.failed);
	check_clean(out.data, false);
	for (const char *p = out.data; *p; p++) {
		MUST(*p != '<' && *p != '>' && *p != '"');
		if (*p == '&')
			MUST(!strncmp(p, "&amp;", 5) || !strncmp(p, "&lt;", 4) || !strncmp(p, "&gt;", 4) ||
			     !strncmp(p, "&quot;", 6));
	}
}

static uint64_t told(const json_t *line, const char *key)
{
	const json_t *value = json_object_get(line, key);
	MUST(json_is_integer(value) && json_integer_value(value) >= 0);
	return (uint64_t)json_integer_value(value);
}

static uint64_t as_told(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : number;
}

static void check_json(const uint8_t *data, size_t size)
{
	static struct respin_event event;
	static struct respin_outcome outcome;
	struct fuzz_in in = fuzz_in(data, size);
	memset(&event, 0, sizeof event);
	memset(&outcome, 0, sizeof outcome);
	event.size = sizeof event;
	event.kind = fuzz_u8(&in) % (RESPIN_EVENT_END + 2);
	event.phase = fuzz_u8(&in);
	event.now_ns = fuzz_u64(&in);
	event.code = (int)fuzz_u32(&in);
	(void)fuzz_bytes(&in, &outcome.reply, sizeof outcome.reply);
	(void)fuzz_bytes(&in, &outcome.request, sizeof outcome.request);
	outcome.span_count = fuzz_u8(&in);
	(void)fuzz_bytes(&in, outcome.spans, sizeof outcome.spans);
	(void)fuzz_bytes(&in, &event.stats, sizeof event.stats);
	event.request = event.kind == RESPIN_EVENT_REQUEST || event.kind == RESPIN_EVENT_SAMPLE
				? &outcome.request
				: NULL;
	event.outcome = event.kind == RESPIN_EVENT_OUTCOME ? &outcome : NULL;
	char *text = respin_event_json(&event);
	MUST(text);
	check_clean(text, false);
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	MUST(json_is_object(line) && json_is_string(json_object_get(line, "event")));
	MUST(told(line, "now_ns") == as_told(event.now_ns));
	if (event.request || event.outcome) {
		MUST(told(line, "start") == as_told(outcome.request.range.start));
		MUST(told(line, "count") == as_told(outcome.request.range.count));
	}
	if (event.kind == RESPIN_EVENT_END)
		MUST(json_integer_value(json_object_get(line, "code")) == event.code);
	json_decref(line);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX + 1];
	if (!utf8) {
		utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
		MUST(utf8 && plain);
	}
	if (size < 2 || size - 2 > TEXT_MAX)
		return 0;
	if (data[0] & 0x80) {
		check_json(data + 1, size - 1);
		return 0;
	}
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	(void)uselocale(data[0] & 1 ? plain : utf8);
	check_escape(text, data[1], (size_t)(data[0] >> 1) * 4);
	(void)uselocale(LC_GLOBAL_LOCALE);
	check_xml(text, data[1]);
	return 0;
}
