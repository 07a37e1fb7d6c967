/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin sim list: the scenarios that come with the library, one a line. The
 * size is two words; the title is the rest of the line. Runs nothing.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/sim.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "say.h"
#include "screen.h"
#include "sim.h"

struct table {
	struct screen screen;
	bool whole;              /* titles are not cut, and sectors are told */
	int name, medium, drive; /* columns */
};

static int widen(void *arg, const struct respin_sim_scenario *scenario)
{
	struct table *table = arg;
	int name = (int)strlen(scenario->name), medium = (int)strlen(scenario->medium);
	int drive = (int)strlen(scenario->drive);
	table->name = name > table->name ? name : table->name;
	table->medium = medium > table->medium ? medium : table->medium;
	table->drive = drive > table->drive ? drive : table->drive;
	return 0;
}

/* The title in what is left of the line, and a sign that there was more of it. */
static void print_title(const struct table *table, const char *title, int used)
{
	char clean[ESCAPE_ROOM(sizeof((struct respin_sim_scenario *)0)->title)];
	(void)escape_text(clean, sizeof clean, title);
	const char *more = table->screen.utf8 ? "…" : "~";
	int left = (int)table->screen.columns - 1 - used;
	size_t room = left > 0 ? (size_t)left : 0;
	if (table->whole || escape_columns(clean) <= room)
		(void)printf("%s\n", clean);
	else
		(void)printf("%.*s%s\n", room ? (int)escape_fit(clean, room - 1) : 0, clean,
			     room ? more : "");
}

static int print(void *arg, const struct respin_sim_scenario *scenario)
{
	const struct table *table = arg;
	int used = printf("%-*s %-*s %-*s %7s  ", table->name, scenario->name, table->medium,
			  scenario->medium, table->drive, scenario->drive,
			  quantity_bytes(scenario->sectors * SIM_SECTOR_BYTES).text);
	if (table->whole)
		used += printf("%8llu  ", (unsigned long long)scenario->sectors);
	print_title(table, scenario->title, used);
	return 0;
}

static void print_head(const struct table *table)
{
	screen_ink(&table->screen, stdout, INK_FAINT);
	(void)printf("%-*s %-*s %-*s %7s  %stitle", table->name, "name", table->medium, "medium",
		     table->drive, "drive", "size", table->whole ? " sectors  " : "");
	screen_ink(&table->screen, stdout, INK_PLAIN);
	(void)fputc('\n', stdout);
}

int sim_list(int argc, char **argv)
{
	static const struct option known[] = {
		{"long", no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct table table = {0};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'l')
			table.whole = true;
		else if (found == 'h')
			return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
		else
			return options_refuse("sim", found, argv);
	}
	if (argc > optind)
		return say_usage("sim", "list: one word too many: %s", argv[optind]);
	screen_look(&table.screen, stdout);
	int code = respin_sim_list(widen, &table);
	/* In a pipe every line is a scenario. */
	if (code == 0 && table.screen.terminal)
		print_head(&table);
	if (code == 0)
		code = respin_sim_list(print, &table);
	return code < 0 ? say_failure(code, NULL) : STATUS_WHOLE;
}
