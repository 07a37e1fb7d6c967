/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin sim show: what is truly wrong with a simulated disc, as a picture and
 * in figures, which no rescue gets to see. Reads nothing from the drive.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/sim.h>

#include "commands.h"
#include "disc_view.h"
#include "escape.h"
#include "options.h"
#include "page.h"
#include "prose.h"
#include "quantity.h"
#include "say.h"
#include "sim.h"
#include "survey.h"

static const char *const truth_names[] = {
	[KIND_NONE] = NULL,       [KIND_SAVED] = "readable", [KIND_UNTRIED] = "not recorded",
	[KIND_HOPE] = "marginal", [KIND_LOST] = "dead",
};

struct wish {
	const char *word; /* as typed */
	char *address;
	const char *svg; /* NULL: no page; "-": standard output, and nothing else */
	bool text, force;
};

struct truth {
	const struct wish *wish;
	struct respin_sim_scenario scenario;
	struct survey survey; /* in sectors */
};

static void raise_piece(void *arg, struct respin_range range, enum kind kind)
{
	picture_raise(arg, range.start, range.count, kind);
}

static void fill(void *arg, struct picture *picture)
{
	const struct truth *truth = arg;
	survey_walk(&truth->survey, raise_piece, picture);
}

static void amount(const struct truth *truth, const struct screen *screen, enum kind kind, unsigned columns,
		   FILE *out)
{
	char line[192];
	uint64_t count = truth->survey.kinds[kind].count;
	bool narrow = columns < DISC_VIEW_WORDS;
	(void)snprintf(line, sizeof line, narrow ? "  %s sectors %s" : "%13s sectors%9s",
		       quantity_grouped(count).text, quantity_percent(count, truth->survey.total).text);
	line[escape_fit(line, columns)] = '\0';
	screen_ink(screen, out, kind_ink(kind));
	(void)fprintf(out, "%-*s", narrow ? 0 : 16, truth_names[kind]);
	screen_ink(screen, out, INK_PLAIN);
	(void)fprintf(out, "%s%s\n", narrow ? "\n" : "", line);
}

static void area(const struct truth *truth, enum kind kind, const char *what, unsigned columns, FILE *out)
{
	const struct survey_kind *count = &truth->survey.kinds[kind];
	struct quantity largest = quantity_count(count->largest.count, "sector");
	if (!count->count)
		return;
	if (count->areas == 1)
		prose(out, columns, "%s: one area, %s at sector %" PRIu64 ".", what, largest.text,
		      count->largest.start);
	else
		prose(out, columns, "%s: %s, the largest %s at sector %" PRIu64 ".", what,
		      quantity_count(count->areas, "area").text, largest.text, count->largest.start);
}

static void head(const struct truth *truth, const struct screen *screen, unsigned columns, FILE *out)
{
	const struct respin_sim_scenario *scenario = &truth->scenario;
	char name[ESCAPE_ROOM(1024)], title[ESCAPE_ROOM(sizeof scenario->title)];
	(void)escape_text(name, sizeof name, truth->wish->word);
	(void)escape_text(title, sizeof title, scenario->title);
	name[escape_fit(name, columns)] = '\0';
	screen_ink(screen, out, INK_STRONG);
	(void)fprintf(out, "%s", name);
	screen_ink(screen, out, INK_PLAIN);
	(void)fputc('\n', out);
	if (title[0])
		prose(out, columns, "%s.", title);
	prose(out, columns, "%s, %s, in %s; seed %" PRIu64 ".", scenario->medium,
	      quantity_bytes(scenario->sectors * SIM_SECTOR_BYTES).text, scenario->drive, scenario->seed);
}

static void words(void *arg, const struct screen *screen, unsigned columns, FILE *out)
{
	const struct truth *truth = arg;
	head(truth, screen, columns, out);
	(void)fputc('\n', out);
	amount(truth, screen, KIND_SAVED, columns, out);
	amount(truth, screen, KIND_HOPE, columns, out);
	amount(truth, screen, KIND_LOST, columns, out);
	if (truth->survey.kinds[KIND_UNTRIED].count)
		amount(truth, screen, KIND_UNTRIED, columns, out);
	(void)fputc('\n', out);
	area(truth, KIND_UNTRIED, "Not recorded", columns, out);
	area(truth, KIND_HOPE, "Marginal, which reads sometimes", columns, out);
	area(truth, KIND_LOST, "Dead, which hardly ever reads", columns, out);
	prose(out, columns, "This is the truth. True angles: --svg FILE. A rescue of it: 'respin sim run'.");
}

static int print(const struct wish *wish, const struct respin_map *map,
		 const struct respin_sim_scenario *scenario)
{
	struct truth truth = {.wish = wish, .scenario = *scenario};
	survey_make(&truth.survey, map, NULL);
	struct quantity size = quantity_count(scenario->sectors, "sector");
	const struct disc_view view = {
		.total = truth.survey.end,
		.end = size.text,
		.names = truth_names,
		.fill = fill,
		.words = words,
		.arg = &truth,
	};
	return disc_view_print(&view);
}

static int write_svg(const struct wish *wish)
{
	const char *const spared[] = {wish->word, NULL}; /* which may be FILE.sim */
	struct respin_error error = {0};
	char *svg;
	int code = respin_sim_svg(wish->address, &svg, &error);
	if (code < 0)
		return say_failure(code, &error);
	int status = page_write(wish->svg, svg, wish->force, spared);
	free(svg);
	return status;
}

/* Only what the library came with: what was set in the address does not stand in the text. */
static int print_text(const struct wish *wish, const struct respin_sim_scenario *scenario)
{
	if (!scenario->text || strchr(wish->address, '?'))
		return say_usage("sim", "show: --text goes with the name of a scenario alone");
	(void)fputs(scenario->text, stdout);
	return STATUS_WHOLE;
}

static int show(const struct wish *wish)
{
	struct respin_error error = {0};
	struct respin_map *map = NULL;
	struct respin_sim_scenario scenario = {.size = sizeof scenario};
	int code = respin_sim_truth(wish->address, wish->text ? NULL : &map, &scenario, &error);
	int status = STATUS_WHOLE;
	if (code < 0)
		status = say_failure(code, &error);
	else if (wish->text)
		status = print_text(wish, &scenario);
	else if (wish->svg)
		status = write_svg(wish);
	if (map && status == STATUS_WHOLE && !(wish->svg && strcmp(wish->svg, "-") == 0))
		status = print(wish, map, &scenario);
	respin_map_destroy(map);
	return status;
}

int sim_show(int argc, char **argv)
{
	static const struct option known[] = {
		{"svg", required_argument, NULL, 's'},
		{"text", no_argument, NULL, 't'},
		{"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct wish wish = {0};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 's')
			wish.svg = optarg;
		else if (found == 't')
			wish.text = true;
		else if (found == 'f')
			wish.force = true;
		else if (found == 'h')
			return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
		else
			return options_refuse("sim", found, argv);
	}
	if (wish.svg ? wish.text : wish.force)
		return say_usage("sim", "show: %s",
				 wish.svg ? "--svg and --text exclude each other"
					  : "--force goes with --svg");
	if (argc == optind)
		return say_usage("sim", "show: the name of a scenario is missing");
	if (argc > optind + 1)
		return say_usage("sim", "show: one word too many: %s", argv[optind + 1]);
	wish.word = argv[optind];
	wish.address = sim_address(wish.word);
	int status = wish.address ? show(&wish) : STATUS_OUTPUT;
	free(wish.address);
	return status;
}
