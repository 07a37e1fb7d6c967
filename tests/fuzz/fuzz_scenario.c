/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario from anywhere, as a file's text or as an address with a query: it
 * is refused in one line that names a place, or what was taken lies within the
 * bounds of its tables. Either way all of it can be freed. Simulates nothing.
 */
#include "fuzz.h"

#include "sim/scenario.h"
#include "sim/scenario_parts.h"

#define TEXT_MAX 8192u

static bool one_line(const char *text)
{
	for (; *text; text++)
		if ((*(const unsigned char *)text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static bool named(const struct key *key)
{
	return key->words && strchr(key->words, '=');
}

/* What lies in the field of a key is what the key may hold. */
static void check_key(const struct key *key, const void *into)
{
	const void *field = (const char *)into + key->offset;
	const struct key_steps *steps = field;
	const struct key_span *span = field;
	const struct ranges *list = field;
	switch (key->kind) {
	case KEY_REAL:
		MUST(named(key) || !key->fallback ||
		     (*(const double *)field >= key->min && *(const double *)field <= key->max));
		break;
	case KEY_SPAN:
		MUST(!key->fallback ||
		     (span->from <= span->to && span->from >= key->min && span->to <= key->max));
		break;
	case KEY_STEPS:
		MUST(steps->count <= KEY_STEPS_MAX);
		for (unsigned i = 1; i < steps->count; i++)
			MUST(steps->at[i - 1] < steps->at[i]);
		break;
	case KEY_LIST:
		for (size_t i = 0; i < list->count; i++)
			MUST(list->items[i].first <= list->items[i].last &&
			     (i == 0 || list->items[i - 1].last + 1 < list->items[i].first));
		break;
	default:
		break;
	}
}

static void check_table(const struct key_table *table, const void *into)
{
	for (size_t i = 0; i < table->count; i++)
		check_key(&table->keys[i], into);
}

static void check(const struct scenario *scenario)
{
	MUST(memchr(scenario->address, 0, sizeof scenario->address));
	MUST(memchr(scenario->name, 0, sizeof scenario->name));
	MUST(memchr(scenario->preset, 0, sizeof scenario->preset) && *scenario->preset);
	MUST(one_line(scenario->title));
	MUST(scenario->shape_count <= SCENARIO_SHAPES_MAX && scenario->fault_count <= SCENARIO_FAULTS_MAX);
	check_table(&disc_keys, &scenario->disc);
	check_table(&drive_keys, &scenario->drive);
	for (unsigned i = 0; i < scenario->shape_count; i++) {
		MUST(scenario->shapes[i].kind < SHAPE_KINDS);
		check_table(&shape_keys[scenario->shapes[i].kind], &scenario->shapes[i]);
	}
	for (unsigned i = 0; i < scenario->fault_count; i++)
		MUST(scenario->faults[i].kind < FAULT_KINDS &&
		     (i == 0 || scenario->faults[i - 1].at_ns <= scenario->faults[i].at_ns));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scenario scenario; /* large, and set as a whole by whoever begins */
	static char text[TEXT_MAX + 1];
	if (size < 1 || size > TEXT_MAX)
		return 0;
	uint8_t how = data[0];
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	struct respin_error error = {0};
	int code;
	if (how & 1) {
		/* An address; what stands behind an empty line is the text of its file. */
		char *file = strstr(text, "\n\n");
		const char *found = NULL;
		char name[64];
		if (file) {
			*file = '\0';
			found = file + 2;
		} else if (scenario_address_name(text, name, sizeof name)) {
			found = scenario_builtin(name);
		}
		code = scenario_address(&scenario, text, found, &error);
	} else {
		code = scenario_check_bytes("fuzz.sim", (const char *)data + 1, size - 1, &error);
		if (code == 0)
			code = scenario_parse(&scenario, "fuzz.sim", text, &error);
		else
			scenario_init(&scenario, "fuzz.sim");
		MUST(code == 0 || !strncmp(error.text, "fuzz.sim:", 9));
		MUST(code == 0 || one_line(error.text));
	}
	MUST(code == 0 || (code == RESPIN_E_INVALID && error.code == code && *error.text));
	check(&scenario);
	scenario_finish(&scenario);
	return 0;
}
