/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines and fields of a mapfile. ddrescue reads them with scanf, so numbers are
 * as "%lli" takes them: any sign, decimal, 0x, octal, saturating, and fields may
 * touch. What scanf would stop at, we stop at.
 */
#include "core/mapfile_lex.h"

#include <string.h>

#include "core/mapfile.h"

/* isspace() of the C locale; ours must not depend on any. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The part before a '#' that begins the line or follows white space. */
static size_t without_comment(const char *text, size_t len)
{
	const char *hash = text;
	while ((hash = memchr(hash, '#', len - (size_t)(hash - text)))) {
		if (hash == text || is_space(hash[-1]))
			return (size_t)(hash - text);
		hash++;
	}
	return len;
}

bool mapfile_lex_next(struct mapfile_lex *lex, struct mapfile_line *line)
{
	while (lex->pos < lex->len) {
		const char *text = lex->text + lex->pos;
		const char *end = memchr(text, '\n', lex->len - lex->pos);
		line->start = lex->pos;
		line->last = !end;
		if (!end)
			end = lex->text + lex->len;
		lex->pos = (size_t)(end - lex->text) + !line->last;
		lex->line++;

		while (text < end && is_space(*text))
			text++;
		if (text == end)
			continue;
		line->text = text;
		line->len = (size_t)(end - text);
		line->comment = *text == '#';
		if (line->comment)
			return true;
		if (line->len > MAPFILE_LINE_KEPT)
			line->len = MAPFILE_LINE_KEPT;
		line->len = without_comment(text, line->len);
		return true;
	}
	return false;
}

bool mapfile_lex_is(const struct mapfile_line *line, const char *prefix)
{
	size_t len = strlen(prefix);
	return line->len >= len && memcmp(line->text, prefix, len) == 0;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* Moves *p behind a sign. True: it was a minus. */
static bool scan_minus(const char **p, const char *end)
{
	if (*p == end || (**p != '-' && **p != '+'))
		return false;
	return *(*p)++ == '-';
}

/* Moves *p behind the digits; saturates as strtoll does. */
static int64_t scan_digits(const char **p, const char *end, unsigned base, bool negative)
{
	int64_t value = 0;
	for (; *p < end && digit_value(**p) < base; (*p)++) {
		unsigned digit = digit_value(**p);
		if (__builtin_mul_overflow(value, base, &value) ||
		    (negative ? __builtin_sub_overflow(value, digit, &value)
			      : __builtin_add_overflow(value, digit, &value)))
			value = negative ? INT64_MIN : INT64_MAX;
	}
	return value;
}

/* What "%lli" takes. False: no number here. Moves *p behind it. */
static bool scan_number(const char **p, const char *end, int64_t *number)
{
	const char *at = skip_space(*p, end);
	bool negative = scan_minus(&at, end);
	const char *digits = at;
	unsigned base = 10;
	if (at < end && *at == '0') {
		base = 8;
		if (++at < end && (*at == 'x' || *at == 'X')) {
			base = 16;
			at++;
		}
	}
	*number = scan_digits(&at, end, base, negative);
	*p = at;
	return at > digits; /* a bare "0x" is zero */
}

/*
 * What "%d" makes of the pass: none, or no number, is 1 (as in maps older than
 * ddrescue 1.22), and a long one loses its upper half.
 */
static int32_t scan_pass(const char *p, const char *end)
{
	p = skip_space(p, end);
	bool negative = scan_minus(&p, end);
	if (p == end || !is_digit(*p))
		return 1;
	return (int32_t)scan_digits(&p, end, 10, negative);
}

/*
 * ddrescue 1.30 has a phase whose character is not known here, and others may
 * follow: the blocks are what matters. But a digit or a number's prefix shows
 * that the status line is missing and this is a block, and junk is junk.
 */
static bool is_foreign_status(const char *p, const char *end)
{
	return *p > ' ' && *p < 0x7f && !is_digit(*p) && *p != '#' && (p + 1 == end || is_space(p[1]));
}

const char *mapfile_lex_status(const struct mapfile_line *line, struct respin_map_position *position)
{
	const char *p = line->text, *end = line->text + line->len;
	int64_t pos;
	if (!scan_number(&p, end, &pos))
		return "no position";
	if (pos < 0)
		return "negative position";
	p = skip_space(p, end);
	if (p == end)
		return "no status";
	if (!memchr("?*/-FG+", *p, 7) && !is_foreign_status(p, end))
		return "unknown status";
	int32_t pass = scan_pass(p + 1, end);
	if (pass < 1)
		return "pass is not positive";
	*position = (struct respin_map_position){
		.pos_bytes = (uint64_t)pos, .pass = (uint32_t)pass, .status = *p};
	return NULL;
}

const char *mapfile_lex_block(const struct mapfile_line *line, struct respin_extent *extent)
{
	const char *p = line->text, *end = line->text + line->len;
	int64_t pos, size;
	if (!scan_number(&p, end, &pos))
		return "no position";
	if (!scan_number(&p, end, &size))
		return "no size";
	p = skip_space(p, end);
	if (p == end)
		return "no status";
	const char *letters = "?*/-+"; /* in the order of enum respin_status */
	const char *letter = memchr(letters, *p, RESPIN_STATUSES);
	if (!letter)
		return "unknown status";
	if (pos < 0 || size < 0)
		return "negative number";
	if (size == 0 && pos > 0)
		return "size 0";
	extent->range.start = (uint64_t)pos;
	extent->range.count = (uint64_t)(size < INT64_MAX - pos ? size : INT64_MAX - pos);
	extent->status = (uint8_t)(letter - letters);
	return NULL;
}

bool mapfile_lex_decimal(const char **p, const char *end, uint64_t *number)
{
	const char *at = *p;
	uint64_t value = 0;
	for (; at < end && is_digit(*at); at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	bool any = at > *p;
	*p = at;
	*number = value;
	return any;
}
