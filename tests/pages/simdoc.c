/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes what the pages about the simulator say out of its own tables: the
 * lists of keys in respin-sim(5), and which scenario covers what. It edits no
 * page; fresh.sh compares, and puts in place.
 *
 *   simdoc keys NAME    roff: scenario, disc, drive, media, presets, damage, faults
 *   simdoc coverage     markdown; exit 1 when something stands in less than two scenarios
 */
#include <stdio.h>
#include <string.h>

#include "sim/scenario_parts.h"

#define NEEDED 2u /* one scenario is an anecdote */

/* What the tables do not say: a line for each kind. */
static const char *const shape_titles[SHAPE_KINDS] = {
	[SHAPE_RADIAL] = "Scratches across the tracks, radial or diagonal.",
	[SHAPE_ARC] = "Scratches along a circle.",
	[SHAPE_SPIRAL] = "Damage that follows the track itself.",
	[SHAPE_STAR] = "A crack with arms.",
	[SHAPE_HAIRLINES] = "A field of fine strokes: where they cross and add up, blocks fail.",
	[SHAPE_SMUDGE] = "Fingerprints: marginal, worse at speed, and a person can wipe them off.",
	[SHAPE_PINHOLES] = "Holes in the data layer, in clusters.",
	[SHAPE_PUNCTURE] = "A hole from the label side.",
	[SHAPE_ROT] = "Rot from the edge inwards.",
	[SHAPE_FADE] = "Dye that has faded: marginal everywhere, worse towards the rim.",
	[SHAPE_WARP] = "A warped disc: worse towards the rim and at speed.",
	[SHAPE_BADWRITE] = "Sectors that the burner spoilt.",
	[SHAPE_LEADIN] = "A damaged lead-in: the disc is hard to recognise.",
	[SHAPE_LIST] = "Sectors one by one, as maps from the field list them.",
};
static const char *const fault_titles[FAULT_KINDS] = {
	[FAULT_UNPLUG] = "The link is lost.",
	[FAULT_SWAP] = "Somebody puts another disc in.",
	[FAULT_OPEN] = "Somebody opens the tray and closes it again.",
	[FAULT_RESET] = "The bus is reset.",
	[FAULT_WEDGE] = "The drive wedges: it answers, and reads nothing.",
	[FAULT_CLEAN] = "Somebody wipes the disc.",
	[FAULT_CANCEL] = "The user stops the run, and takes it up again.",
	[FAULT_OUTPUT_SLOW] = "Writing to the image takes long.",
	[FAULT_OUTPUT_FULL] = "There is no room for the image any more.",
};

/* roff: a hyphen that is one, and no request by accident. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	}
}

static void sentence(const char *text, const char *end)
{
	roff(text);
	puts(end);
}

static void write_key(const struct key *key)
{
	char allowed[256];
	keys_allowed(key, allowed, sizeof allowed);
	printf(".TP\n.BI %s= ", key->name);
	roff(key->fallback ? key->fallback : "");
	putchar('\n');
	sentence(key->meaning, ".");
	fputs("Takes ", stdout);
	sentence(allowed, ".");
	if (key->kind == KEY_TIME)
		printf("A bare number counts %s.\n", key->unit_ns == 1e9   ? "seconds"
						     : key->unit_ns == 1e6 ? "milliseconds"
						     : key->unit_ns == 1e3 ? "microseconds"
									   : "nanoseconds");
}

static void write_table(const struct key_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		write_key(&table->keys[i]);
}

static void write_kinds(const struct key_table *tables, const char *const *titles, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		printf(".SS ");
		sentence(tables[i].name, "");
		sentence(titles[i], "");
		write_table(&tables[i]);
	}
}

static void write_media(void)
{
	for (size_t i = 0; i < media_count; i++) {
		printf(".TP\n.B ");
		sentence(media[i].name, "");
		roff(media[i].title);
		printf(": %llu sectors.\n", (unsigned long long)media[i].sectors);
	}
}

/* The settings, a line that may be broken anywhere. */
static void write_presets(void)
{
	for (size_t i = 0; i < drive_preset_count; i++) {
		const struct drive_preset *preset = &drive_presets[i];
		printf(".TP\n.B ");
		sentence(preset->name, "");
		sentence(preset->title, ".");
		for (const char *at = preset->settings; *at; at += strspn(at, " ")) {
			char word[128];
			(void)snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
			sentence(word, "");
			at += strlen(word);
		}
	}
}

static int keys(const char *what)
{
	if (!strcmp(what, "scenario"))
		write_table(&scenario_keys);
	else if (!strcmp(what, "disc"))
		write_table(&disc_keys);
	else if (!strcmp(what, "drive"))
		write_table(&drive_keys);
	else if (!strcmp(what, "media"))
		write_media();
	else if (!strcmp(what, "presets"))
		write_presets();
	else if (!strcmp(what, "damage"))
		write_kinds(shape_keys, shape_titles, SHAPE_KINDS);
	else if (!strcmp(what, "faults"))
		write_kinds(fault_keys, fault_titles, FAULT_KINDS);
	else
		return 2;
	return 0;
}

/* ---- coverage ---- */

static struct scenario scenario; /* too large for a stack */
static unsigned poor;            /* things that stand in less than NEEDED scenarios */

static bool load(size_t i)
{
	struct respin_error error = {0};
	if (scenario_parse(&scenario, scenario_texts[i].name, scenario_texts[i].text, &error) == 0)
		return true;
	fprintf(stderr, "%s\n", error.text);
	poor++;
	scenario_finish(&scenario);
	return false;
}

/* Does the loaded scenario have it? */
static bool has_medium(const void *what)
{
	return scenario.disc.medium == what;
}

static bool has_preset(const void *what)
{
	return !strcmp(scenario.preset, what);
}

static bool has_shape(const void *what)
{
	for (unsigned i = 0; i < scenario.shape_count; i++)
		if (shape_names[scenario.shapes[i].kind] == what)
			return true;
	return false;
}

static bool has_fault(const void *what)
{
	for (unsigned i = 0; i < scenario.fault_count; i++)
		if (fault_names[scenario.faults[i].kind] == what)
			return true;
	return false;
}

static void row(const char *name, bool (*has)(const void *what), const void *what)
{
	unsigned count = 0;
	printf("| `%s` |", name);
	for (size_t i = 0; i < scenario_text_count; i++) {
		if (!load(i))
			continue;
		if (has(what))
			printf("%s %s", count++ ? "," : "", scenario_texts[i].name);
		scenario_finish(&scenario);
	}
	printf(" | %u |\n", count);
	if (count < NEEDED) {
		fprintf(stderr, "%s stands in %u scenarios; it takes %u\n", name, count, NEEDED);
		poor++;
	}
}

static void heading(const char *what)
{
	printf("\n## %s\n\n| | in | count |\n|---|---|---|\n", what);
}

static void list_scenarios(void)
{
	unsigned full = 0;
	puts("| scenario | what it is | disc | GB | drive |\n|---|---|---|---|---|");
	for (size_t i = 0; i < scenario_text_count; i++) {
		if (!load(i))
			continue;
		const struct disc_params *disc = &scenario.disc;
		uint64_t sectors = disc->size ? disc->size : disc->medium ? disc->medium->sectors : 0;
		bool whole = disc->medium && !disc->size && disc->scale <= 1;
		if (disc->scale > 1 && !disc->size)
			sectors = (uint64_t)((double)sectors / disc->scale);
		full += whole;
		printf("| [%s](%s.sim) | %s | %s | %.2f%s | %s |\n", scenario_texts[i].name,
		       scenario_texts[i].name, scenario.title,
		       disc->medium ? disc->medium->name : SCENARIO_PLAIN, (double)sectors * 2048 / 1e9,
		       whole ? ", full" : "", scenario.preset);
		scenario_finish(&scenario);
	}
	printf("\n%zu scenarios, %u of them full size.\n", scenario_text_count, full);
}

static int coverage(void)
{
	puts("# The scenarios\n\n"
	     "Made by `tests/pages/fresh.sh --write` from the files beside it: do not edit. Their form is described in\n"
	     "respin-sim(5); what each models, and on what evidence, stands in its first lines. All of them are built\n"
	     "into the library: `sim:NAME` opens one. A new one is named in `meson.build`, and `ninja pages` makes this page anew.\n");
	list_scenarios();
	heading("Media");
	for (size_t i = 0; i < media_count; i++)
		row(media[i].name, has_medium, &media[i]);
	heading("Drives");
	for (size_t i = 0; i < drive_preset_count; i++)
		if (strcmp(drive_presets[i].name, SCENARIO_PLAIN)) /* an ideal drive is for tests */
			row(drive_presets[i].name, has_preset, drive_presets[i].name);
	heading("Damage");
	for (unsigned i = 0; i < SHAPE_KINDS; i++)
		row(shape_names[i], has_shape, shape_names[i]);
	heading("Faults");
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		row(fault_names[i], has_fault, fault_names[i]);
	return poor ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "keys"))
		return keys(argv[2]);
	return argc == 2 && !strcmp(argv[1], "coverage") ? coverage() : 2;
}
