/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers as people write and read them: what quantity_parse, keys, lists of
 * sectors and iSCSI addresses take is what they say, what they refuse changes
 * nothing, and every number can be printed. One input goes to all of them.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../cli/quantity.h"
#include "base/num.h"
#include "core/mapfile_lex.h"
#include "io/iscsi_address.h"
#include "sim/scenario.h"
#include "sim/scenario_parts.h"

static void check_quantity(const char *text, struct fuzz_in in)
{
	uint64_t number = 0, least = fuzz_u64(&in) >> (fuzz_u8(&in) & 63), most = least + fuzz_u32(&in);
	if (most < least)
		most = UINT64_MAX;
	if (quantity_parse(text, least, most, &number)) {
		MUST(number >= least && number <= most && strspn(text, "0123456789") == strlen(text));
		MUST(number == strtoull(text, NULL, 10));
	}
	const struct quantity said[] = {
		quantity_grouped(least),         quantity_bytes(least), quantity_percent(least, most),
		quantity_duration(least),        quantity_clock(least), quantity_count(least, "area"),
		quantity_percent(number, least),
	};
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		MUST(memchr(said[i].text, 0, sizeof said[i].text) && *said[i].text);
	bool all = least == most, none = least == 0;
	MUST(!strcmp(said[2].text, "100 %") == (all && !none));
	MUST(!strcmp(said[2].text, "0 %") == none);
}

static void check_lex(const char *text, size_t len)
{
	const char *p = text;
	uint64_t number;
	if (!mapfile_lex_decimal(&p, text + len, &number))
		return;
	MUST(p > text && p <= text + len && number == strtoull(text, NULL, 10));
}

static void check_ranges(const char *text)
{
	struct ranges list = {0};
	uint64_t sectors = 0;
	if (ranges_parse(&list, text)) {
		MUST(list.count > 0);
		for (size_t i = 0; i < list.count; i++) {
			const struct ranges_item *item = &list.items[i];
			MUST(item->first <= item->last && item->before == sectors);
			MUST(i == 0 || item->first > list.items[i - 1].last + 1);
			sectors += item->last - item->first + 1;
			uint64_t found;
			MUST(ranges_find(&list, item->first, item->first, &found) && found == item->first);
			MUST(ranges_index(&list, item->last) == sectors - 1);
		}
		MUST(list.sectors == sectors);
	}
	ranges_finish(&list);
}

/* A key of any table; `into` is the struct that it describes, with its defaults. */
static void check_key(const struct key_table *table, void *into, size_t size, uint8_t which,
		      const char *value)
{
	static uint8_t before[sizeof(struct scenario)];
	const struct key *key = &table->keys[which % table->count];
	MUST(keys_find(table, key->name) == key);
	keys_defaults(table, into);
	memcpy(before, into, size);
	struct respin_error error = {0};
	int code = keys_set(key, into, value, &error);
	MUST(code == 0 || code == RESPIN_E_INVALID);
	if (code < 0)
		MUST(strstr(error.text, key->name) && !memcmp(before, into, size));
	const double *real = (const double *)((const char *)into + key->offset);
	if (key->kind == KEY_REAL && code == 0 && !key->words)
		MUST(*real >= key->min && *real <= key->max);
	const struct key_span *span = (const struct key_span *)real;
	if (key->kind == KEY_SPAN && code == 0)
		MUST(span->from <= span->to && span->from >= key->min && span->to <= key->max);
	char allowed[64];
	keys_allowed(key, allowed, sizeof allowed);
	MUST(memchr(allowed, 0, sizeof allowed) && *allowed);
	keys_finish(table, into);
}

static void check_keys(const char *value, uint8_t table, uint8_t which)
{
	static struct scenario scenario;
	static struct shape shape;
	static struct fault fault;
	memset(&scenario, 0, sizeof scenario);
	memset(&shape, 0, sizeof shape);
	memset(&fault, 0, sizeof fault);
	switch (table % 5) {
	case 0:
		check_key(&scenario_keys, &scenario, sizeof scenario, which, value);
		return;
	case 1:
		check_key(&disc_keys, &scenario.disc, sizeof scenario.disc, which, value);
		return;
	case 2:
		check_key(&drive_keys, &scenario.drive, sizeof scenario.drive, which, value);
		return;
	case 3:
		check_key(&shape_keys[table / 5 % SHAPE_KINDS], &shape, sizeof shape, which, value);
		return;
	default:
		check_key(&fault_keys[table / 5 % FAULT_KINDS], &fault, sizeof fault, which, value);
		return;
	}
}

static void check_address(const char *text)
{
	struct respin_error error = {0};
	int code = iscsi_address_check(text, &error);
	MUST(code == 0 || (code == RESPIN_E_INVALID && *error.text));
	if (code == 0) {
		const char *authority = text + strlen("iscsi://"), *slash = strchr(authority, '/');
		MUST(!strncmp(text, "iscsi://", 8) && slash && slash > authority && strchr(slash + 1, '/'));
		MUST(!memchr(authority, '@', (size_t)(slash - authority)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[512];
	if (size < 2 || size - 2 >= sizeof text)
		return 0;
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	check_quantity(text, fuzz_in(data, size));
	check_lex(text, strlen(text));
	check_ranges(text);
	check_address(text);
	check_keys(text, data[0], data[1]);
	scenario_unescape(text);
	MUST(strlen(text) <= size - 2);
	return 0;
}
