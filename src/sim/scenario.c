/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scenarios as a whole: beginning, end, addresses, overrides, names. The text
 * form is read in scenario_parse.c; nothing here opens a file.
 */
#include "sim/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sim/scenario_parts.h"

#define PREFIX "sim:"
#define SEED_MAX 9.2e18    /* a seed is a positive int64 */
#define SECTORS_FAR 9.2e18 /* of sectors and of ns: beyond any disc and any clock */

static const struct key own_keys[] = {
	{.name = "seed",
	 .kind = KEY_COUNT,
	 .offset = offsetof(struct scenario, seed),
	 .max = SEED_MAX,
	 .fallback = "1",
	 .meaning = "of everything that is drawn by lot: pattern, angles, luck of reads"},
	{.name = "pace",
	 .kind = KEY_COUNT,
	 .offset = offsetof(struct scenario, pace),
	 .max = 1e12,
	 .fallback = "0",
	 .meaning =
		 "seconds of the drive's time that pass in a real one; 0: the drive takes no real time at all"},
	{.name = "payload",
	 .kind = KEY_COUNT,
	 .offset = offsetof(struct scenario, payload),
	 .max = 1,
	 .fallback = "1",
	 .meaning = "0: no bytes are made or moved, only outcomes and time"},
	{.name = "image",
	 .kind = KEY_TEXT,
	 .offset = offsetof(struct scenario, image),
	 .meaning = "a file with the sectors; without it they hold a pattern of the seed"},
};
const struct key_table scenario_keys = {"scenario", own_keys, sizeof own_keys / sizeof *own_keys};

int scenario_init(struct scenario *scenario, const char *name)
{
	*scenario = (struct scenario){0};
	(void)snprintf(scenario->name, sizeof scenario->name, "%s", name);
	(void)snprintf(scenario->preset, sizeof scenario->preset, "%s", SCENARIO_PLAIN);
	bool memory = keys_defaults(&scenario_keys, scenario);
	memory = keys_defaults(&disc_keys, &scenario->disc) && memory;
	int code = drive_params_preset(&scenario->drive, SCENARIO_PLAIN, NULL);
	return memory ? code : RESPIN_E_NOMEM;
}

void scenario_finish(struct scenario *scenario)
{
	keys_finish(&scenario_keys, scenario);
	keys_finish(&disc_keys, &scenario->disc);
	keys_finish(&drive_keys, &scenario->drive);
	for (unsigned i = 0; i < scenario->shape_count; i++)
		keys_finish(&shape_keys[scenario->shapes[i].kind], &scenario->shapes[i]);
	*scenario = (struct scenario){0};
}

bool scenario_medium(const char *name, const struct medium **medium)
{
	*medium = medium_find(name);
	return *medium || !strcmp(name, SCENARIO_PLAIN);
}

int scenario_no_medium(const char *name, struct respin_error *error)
{
	struct names names = {0};
	names_add(&names, SCENARIO_PLAIN);
	for (size_t i = 0; i < media_count; i++)
		names_add(&names, media[i].name);
	return error_set(error, RESPIN_E_INVALID, 0, "no disc is called '%.40s'; there are %s", name,
			 names.text);
}

int scenario_no_key(const char *key, const struct key_table *const *tables, struct respin_error *error)
{
	struct nearest nearest = {.wrong = key};
	struct names all = {0};
	char hint[NAMES_TEXT];
	for (; *tables; tables++)
		for (size_t i = 0; i < (*tables)->count; i++) {
			nearest_offer(&nearest, (*tables)->keys[i].name);
			names_add(&all, (*tables)->keys[i].name);
		}
	nearest_write(&nearest, hint, sizeof hint);
	if (all.count <= 12) /* so few that all of them can be told */
		(void)snprintf(hint, sizeof hint, "; there are %s", all.text);
	return error_set(error, RESPIN_E_INVALID, 0, "no option is called '%.40s'%s", key, hint);
}

/* ---- scale: a small disc with the big one's shape ---- */

/* `by` below 1 grows, up to what is as good as infinite. */
static uint64_t shrunk(uint64_t number, double by)
{
	double n = (double)number / by;
	return n < SECTORS_FAR ? (uint64_t)n : (uint64_t)SECTORS_FAR;
}

static void shrink_list(struct ranges *list, double by)
{
	for (size_t i = 0; i < list->count; i++) {
		struct ranges_item *item = &list->items[i];
		uint64_t end = shrunk(item->last + 1, by);
		item->first = shrunk(item->first, by);
		item->last = end > item->first ? end - 1 : item->first;
	}
	ranges_settle(list);
}

static void shrink_count(uint64_t *count, double by)
{
	if (*count && *count < UINT64_MAX)
		*count = shrunk(*count, by) ? shrunk(*count, by) : 1;
}

static void scenario_shrink(struct scenario *scenario, double by)
{
	struct disc_params *disc = &scenario->disc;
	struct ranges *const lists[] = {&disc->sessions, &disc->audio, &disc->blank,   &disc->bad,
					&disc->weak,     &disc->hang,  &disc->marginal};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		shrink_list(lists[i], by);
	shrink_count(&disc->size, by);
	shrink_count(&disc->last, by);
	for (unsigned i = 0; i < scenario->shape_count; i++) {
		struct shape *shape = &scenario->shapes[i];
		shrink_list(&shape->list, by);
		shape->at.from /= by;
		shape->at.to /= by;
	}
	for (unsigned i = 0; i < scenario->fault_count; i++)
		scenario->faults[i].at_ns = shrunk(scenario->faults[i].at_ns, by);
}

/* ---- overrides ---- */

static int override_drive(struct scenario *scenario, const char *preset, struct respin_error *error)
{
	int code = drive_params_preset(&scenario->drive, preset, error);
	if (code == 0)
		(void)snprintf(scenario->preset, sizeof scenario->preset, "%s", preset);
	return code;
}

int scenario_override(struct scenario *scenario, const char *name, const char *value,
		      struct respin_error *error)
{
	const struct key_table *const tables[] = {&scenario_keys, &disc_keys, &drive_keys, NULL};
	void *const into[] = {scenario, &scenario->disc, &scenario->drive};
	if (!strcmp(name, "drive"))
		return override_drive(scenario, value, error);
	if (!strcmp(name, "disc"))
		return scenario_medium(value, &scenario->disc.medium) ? 0 : scenario_no_medium(value, error);
	for (size_t i = 0; tables[i]; i++) {
		const struct key *key = keys_find(tables[i], name);
		if (!key)
			continue;
		double scale = scenario->disc.scale;
		int code = keys_set(key, into[i], value, error);
		if (code == 0 && scenario->disc.scale != scale)
			scenario_shrink(scenario, scenario->disc.scale / (scale > 0 ? scale : 1));
		return code;
	}
	return scenario_no_key(name, tables, error);
}

/* ---- addresses ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void scenario_unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		int high, low;
		if (*from == '%' && (high = hex_digit(from[1])) >= 0 && (low = hex_digit(from[2])) >= 0 &&
		    (high | low)) {
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

bool scenario_address_name(const char *address, char *name, size_t size)
{
	size_t n = sizeof PREFIX - 1;
	if (strncmp(address, PREFIX, n) != 0)
		return false;
	size_t len = strcspn(address + n, "?");
	if (len >= size)
		return false;
	memcpy(name, address + n, len);
	name[len] = 0;
	scenario_unescape(name);
	return true;
}

const char *scenario_builtin(const char *name)
{
	for (size_t i = 0; i < scenario_text_count; i++)
		if (!strcmp(scenario_texts[i].name, name))
			return scenario_texts[i].text;
	return NULL;
}

int scenario_unknown(const char *name, struct respin_error *error)
{
	struct nearest nearest = {.wrong = name};
	char hint[NAMES_TEXT];
	for (size_t i = 0; i < scenario_text_count; i++)
		nearest_offer(&nearest, scenario_texts[i].name);
	nearest_write(&nearest, hint, sizeof hint);
	return error_set(
		error, RESPIN_E_INVALID, 0,
		"sim:%.80s: no scenario is called that%s; there are also sim:disc?..., and sim:FILE.sim",
		name, hint);
}

static int pair_take(struct scenario *scenario, char *pair, struct respin_error *error)
{
	char *value = strchr(pair, '=');
	if (!value)
		return error_set(error, RESPIN_E_INVALID, 0, "'%.80s' is not KEY=VALUE", pair);
	*value++ = 0;
	scenario_unescape(value);
	return scenario_override(scenario, pair, value, error);
}

static int pairs_take(struct scenario *scenario, const char *query, struct respin_error *error)
{
	_cleanup_free_ char *copy = strdup(query);
	if (!copy)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for an address");
	for (char *pair = copy, *next; pair && *pair; pair = next) {
		struct respin_error why = {0};
		next = strchr(pair, '&');
		if (next)
			*next++ = 0;
		int code = pair_take(scenario, pair, &why);
		if (code < 0)
			return error_set(error, code, 0, "sim: %s", why.text);
	}
	return 0;
}

int scenario_address(struct scenario *scenario, const char *address, const char *text,
		     struct respin_error *error)
{
	char name[4096];
	bool named = scenario_address_name(address, name, sizeof name);
	if (scenario_init(scenario, named ? name : "") < 0)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a scenario");
	if (!named)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%.80s: not an address of a simulated drive, or longer than %zu bytes",
				 address, sizeof name - 1);
	if (!text && strcmp(name, "disc") != 0)
		return scenario_unknown(name, error);
	if (text) {
		scenario_finish(scenario);
		int code = scenario_parse(scenario, name, text, error);
		if (code < 0)
			return code;
	}
	(void)snprintf(scenario->address, sizeof scenario->address, "%s", address);
	const char *query = strchr(address, '?');
	int code = pairs_take(scenario, query ? query + 1 : "", error);
	if (code == 0 && !scenario->image && !scenario->disc.size && !scenario->disc.medium)
		code = error_set(error, RESPIN_E_INVALID, 0,
				 "sim: a disc needs image=FILE, size=SECTORS or disc=MEDIUM");
	return code;
}
