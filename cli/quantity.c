/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers as people read them, see quantity.h. Independent of the locale, so
 * that two logs can be compared.
 */
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>

struct quantity quantity_grouped(uint64_t number)
{
	struct quantity q = {0};
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *out = q.text;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ' ';
		*out++ = digits[i];
	}
	return q;
}

struct quantity quantity_bytes(uint64_t bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	struct quantity q;
	double value = (double)bytes;
	unsigned unit = 0;
	/* 999.5 would be printed as 1000: it belongs to the next unit. */
	for (; value >= 999.5; unit++)
		value /= 1000;
	int digits = unit == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	(void)snprintf(q.text, sizeof q.text, "%.*f %s", digits, value, bytes == 1 ? "byte" : units[unit]);
	return q;
}

struct quantity quantity_percent(uint64_t part, uint64_t whole)
{
	struct quantity q;
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;
	if (!part)
		(void)snprintf(q.text, sizeof q.text, "0 %%");
	else if (part == whole)
		(void)snprintf(q.text, sizeof q.text, "100 %%");
	else if (percent < 0.01)
		(void)snprintf(q.text, sizeof q.text, "<0.01 %%");
	else if (percent >= 99.995)
		(void)snprintf(q.text, sizeof q.text, ">99.99 %%");
	else
		(void)snprintf(q.text, sizeof q.text, "%.2f %%", percent);
	return q;
}

struct quantity quantity_duration(uint64_t seconds)
{
	struct quantity q;
	if (seconds < 60)
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " s", seconds);
	else if (seconds < 600)
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
			       seconds % 60);
	else if (seconds < 3600)
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " min", (seconds + 30) / 60);
	else if (seconds < 48 * UINT64_C(3600))
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
			       seconds / 60 % 60);
	else
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " days", seconds / 86400);
	return q;
}

struct quantity quantity_clock(uint64_t seconds)
{
	struct quantity q;
	(void)snprintf(q.text, sizeof q.text, "%" PRIu64 ":%02u:%02u", seconds / 3600,
		       (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
	return q;
}

struct quantity quantity_count(uint64_t number, const char *noun)
{
	struct quantity q;
	(void)snprintf(q.text, sizeof q.text, "%.30s %.30s%s", quantity_grouped(number).text, noun,
		       number == 1 ? "" : "s");
	return q;
}

bool quantity_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	uint64_t value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*number = value;
	return value >= least && value <= most;
}
