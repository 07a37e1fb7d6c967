/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rock Ridge: names, links, times and moved directories in the system use
 * fields of ISO 9660 (SUSP, IEEE P1281; RRIP, IEEE P1282). Follows no more
 * continuations than a sane disc has.
 */
#include <string.h>

#include "fs/iso9660.h"
#include "fs/le.h"

/* Continuation areas of one record: three are many. */
#define CONTINUATIONS_MAX 16u

/* SL and NM flags, RRIP 4.1.3 and 4.1.4. */
#define CONTINUES 0x01u
#define CURRENT 0x02u
#define PARENT 0x04u
#define ROOT 0x08u

struct text {
	char *at;
	size_t len, cap;
};

struct area {
	uint64_t lba;
	uint32_t offset, len; /* len 0: none */
};

struct reading {
	struct rock_ridge *out;
	struct text name, target;
	struct area next;
	bool split; /* the last component of the target goes on in the next record */
};

static void append(struct text *text, const uint8_t *from, size_t n)
{
	if (n > text->cap - 1 - text->len)
		n = text->cap - 1 - text->len;
	memcpy(text->at + text->len, from, n);
	text->len += n;
}

static void append_word(struct text *text, const char *word)
{
	append(text, (const uint8_t *)word, strlen(word));
}

int rock_ridge_skip(const struct iso_record *root)
{
	const uint8_t *at = root->system_use;
	/* SP stands first; some writers put it after 15 bytes of XA. */
	for (size_t pos = 0; root->system_len >= 7 && pos <= root->system_len - 7 && pos <= 15; pos++)
		if (!memcmp(at + pos, "SP\x07\x01\xbe\xef", 6))
			return at[pos + 6];
	return -1;
}

/* RRIP 4.1.4: components of the path that the link points to. */
static void take_link(struct reading *reading, const uint8_t *field, size_t len)
{
	for (size_t pos = 5; pos + 2 <= len;) {
		unsigned flags = field[pos], n = field[pos + 1];
		if (pos + 2 + n > len)
			n = (unsigned)(len - pos - 2);
		if (reading->target.len && !reading->split &&
		    reading->target.at[reading->target.len - 1] != '/')
			append_word(&reading->target, "/");
		if (flags & ROOT)
			append_word(&reading->target, "/");
		else if (flags & PARENT)
			append_word(&reading->target, "..");
		else if (flags & CURRENT)
			append_word(&reading->target, ".");
		else
			append(&reading->target, field + pos + 2, n);
		reading->split = flags & CONTINUES;
		pos += 2 + n;
	}
}

/* RRIP 4.1.6: which times follow, and in which of two forms. Modification is the second one. */
static void take_times(struct rock_ridge *out, const uint8_t *field, size_t len)
{
	const unsigned creation = 0x01, modification = 0x02, long_form = 0x80;
	unsigned flags = len > 4 ? field[4] : 0;
	size_t pos = flags & creation ? 12 : 5;
	if (flags & modification && !(flags & long_form) && pos + 7 <= len)
		out->modified_s = iso_date(field + pos);
}

static void take_field(struct reading *reading, const uint8_t *field, size_t len)
{
	struct rock_ridge *out = reading->out;
	if (!memcmp(field, "NM", 2) && len >= 5 && !(field[4] & (CURRENT | PARENT)))
		append(&reading->name, field + 5, len - 5);
	else if (!memcmp(field, "SL", 2) && len >= 5)
		take_link(reading, field, len);
	else if (!memcmp(field, "PX", 2) && len >= 12)
		out->mode = le32(field + 4);
	else if (!memcmp(field, "CL", 2) && len >= 12)
		out->child_lba = le32(field + 4);
	else if (!memcmp(field, "RE", 2))
		out->relocated = true;
	else if (!memcmp(field, "TF", 2))
		take_times(out, field, len);
	else if (!memcmp(field, "CE", 2) && len >= 28)
		reading->next = (struct area){le32(field + 4), le32(field + 12), le32(field + 20)};
}

static void take_area(struct reading *reading, const uint8_t *at, size_t len)
{
	while (len >= 4) {
		size_t n = at[2];
		if (n < 4 || n > len || !memcmp(at, "ST", 2))
			break;
		take_field(reading, at, n);
		at += n;
		len -= n;
	}
}

void rock_ridge_read(struct fs_build *build, const struct iso_record *record, unsigned skip,
		     struct rock_ridge *out)
{
	char name[sizeof out->name], target[sizeof out->target];
	struct reading reading = {
		.out = out, .name = {name, 0, sizeof name}, .target = {target, 0, sizeof target}};
	uint8_t sector[FS_SECTOR];
	*out = (struct rock_ridge){.modified_s = INT64_MIN};
	if (record->system_len > skip)
		take_area(&reading, record->system_use + skip, record->system_len - skip);
	for (unsigned i = 0; reading.next.len && i < CONTINUATIONS_MAX; i++) {
		struct area area = reading.next;
		reading.next.len = 0;
		out->broken = area.offset >= FS_SECTOR || area.len > FS_SECTOR - area.offset ||
			      !fs_build_read(build, area.lba, 1, sector);
		if (out->broken)
			break;
		take_area(&reading, sector + area.offset, area.len);
	}
	fs_utf8_from_bytes((const uint8_t *)name, reading.name.len, out->name, sizeof out->name);
	fs_utf8_from_bytes((const uint8_t *)target, reading.target.len, out->target, sizeof out->target);
}

int64_t fs_seconds(int year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second,
		   int quarters)
{
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return INT64_MIN;
	/* Days since 1970 in the Gregorian calendar; the year begins in March, so that the leap day is its last. */
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
	int64_t in_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	int64_t days = era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
	return days * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second - (int64_t)quarters * 900;
}

int64_t iso_date(const uint8_t *date)
{
	return fs_seconds(1900 + date[0], date[1], date[2], date[3], date[4], date[5], (int8_t)date[6]);
}
