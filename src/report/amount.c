/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as text, see amount.h. */
#include "report/amount.h"

#include <inttypes.h>
#include <stdio.h>

struct amount amount_grouped(uint64_t number)
{
	struct amount out = {0};
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *to = out.text;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ' ';
		*to++ = digits[i];
	}
	return out;
}

/* In whole numbers: no locale has a say. */
void amount_add_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	unsigned unit = 0;
	uint64_t thousandths = bytes < UINT64_MAX / 1000 ? bytes * 1000 : UINT64_MAX;
	while (thousandths >= 999500) {
		thousandths = thousandths / 1000 + (thousandths % 1000 >= 500);
		unit++;
	}
	if (unit == 0)
		buf_addf(out, "%" PRIu64 " %s", bytes, bytes == 1 ? "byte" : "bytes");
	else if (thousandths < 9995)
		buf_addf(out, "%" PRIu64 ".%02u %s", (thousandths + 5) / 1000,
			 (unsigned)((thousandths + 5) % 1000 / 10), units[unit]);
	else if (thousandths < 99950)
		buf_addf(out, "%" PRIu64 ".%u %s", (thousandths + 50) / 1000,
			 (unsigned)((thousandths + 50) % 1000 / 100), units[unit]);
	else
		buf_addf(out, "%" PRIu64 " %s", (thousandths + 500) / 1000, units[unit]);
}

void amount_add_percent(struct buf *out, uint64_t part, uint64_t whole)
{
	unsigned hundredths = whole ? (unsigned)(((unsigned __int128)part * 10000 + whole / 2) / whole) : 0;
	if (part == whole && whole)
		buf_add_str(out, "100 %");
	else if (!part)
		buf_add_str(out, "0 %");
	else if (!hundredths)
		buf_add_str(out, "&lt;0.01 %");
	else if (hundredths >= 10000)
		buf_add_str(out, "&gt;99.99 %");
	else
		buf_addf(out, "%u.%02u %%", hundredths / 100, hundredths % 100);
}
