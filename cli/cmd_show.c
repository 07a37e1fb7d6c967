/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin show: a mapfile as a picture and in plain words. Reads the map, never
 * the image; changes nothing.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/map.h>

#include "commands.h"
#include "options.h"
#include "picture.h"
#include "quantity.h"
#include "say.h"
#include "screen.h"
#include "show_words.h"
#include "survey.h"

/* The round disc: not so small that nothing can be seen, not so large that it is a poster. */
#define ROUND_ROWS_LEAST 11
#define ROUND_ROWS_MOST 20
#define ROUND_GAP 3

static void raise_piece(void *arg, struct respin_range range, enum kind kind)
{
	picture_raise(arg, range.start, range.count, kind);
}

/* Rows of a round disc that has room beside the words; 0: none has. */
static unsigned round_rows(const struct screen *screen)
{
	if (!screen->terminal || !screen->utf8 || screen->columns < SHOW_WORDS_COLUMNS + ROUND_GAP + 1)
		return 0;
	unsigned rows = (screen->columns - 1 - SHOW_WORDS_COLUMNS - ROUND_GAP) / 2;
	if (rows + 6 > screen->rows) /* the bar, its scale, the legend and the prompt stay in sight */
		rows = screen->rows > 6 ? screen->rows - 6 : 0;
	return rows < ROUND_ROWS_LEAST ? 0 : rows > ROUND_ROWS_MOST ? ROUND_ROWS_MOST : rows;
}

/* The disc on the left, the words on the right, each as long as it is. */
static void print_side_by_side(const struct screen *screen, const struct picture *disc, unsigned rows,
			       const char *words)
{
	for (unsigned row = 0; row < rows || *words; row++) {
		size_t len = strcspn(words, "\n");
		if (row < rows)
			picture_draw_round(disc, screen, row, stdout);
		else
			(void)printf("%*s", (int)(2 * rows), "");
		(void)printf("%*s%.*s\n", rows && len ? ROUND_GAP : 0, "", (int)len, words);
		words += len + (words[len] == '\n');
	}
}

static void print_bar(const struct screen *screen, const struct survey *survey)
{
	struct picture bar;
	if (picture_bar(&bar, survey->end, screen->columns - 1)) {
		survey_walk(survey, raise_piece, &bar);
		picture_draw_bar(&bar, screen, stdout);
		(void)fputc('\n', stdout);
		if (!screen->colour && screen->utf8 && picture_draw_marks(&bar, stdout))
			(void)fputc('\n', stdout);
		(void)printf("0%*s\n", (int)screen->columns - 2,
			     survey->end_unknown ? "size unknown" : quantity_bytes(survey->end).text);
	}
	picture_finish(&bar);
}

static int print(const char *path, const struct survey *survey)
{
	struct screen screen;
	struct picture disc = {0};
	char *words = NULL;
	size_t len = 0;
	screen_look(&screen, stdout);
	unsigned rows = survey->end ? round_rows(&screen) : 0;
	if (rows && picture_round(&disc, survey->end, rows, &screen))
		survey_walk(survey, raise_piece, &disc);
	else
		rows = 0;
	FILE *text = open_memstream(&words, &len);
	if (text)
		show_words(path, survey, &screen, rows ? SHOW_WORDS_COLUMNS : screen.columns - 1, text);
	if (text && fclose(text) == 0) {
		print_side_by_side(&screen, &disc, rows, words);
		if (survey->end) {
			(void)fputc('\n', stdout);
			print_bar(&screen, survey);
			show_legend(&screen, stdout);
		}
	}
	free(words);
	picture_finish(&disc);
	if (!text)
		say("no memory for a picture");
	return text ? STATUS_WHOLE : STATUS_OUTPUT;
}

/* The domain that belongs to the map: as given, or IMAGE.domain beside IMAGE.map. */
static int load_domain(const char *given, const char *map_path, struct respin_map **domain,
		       struct respin_error *error)
{
	static const struct respin_map_options loose = {.size = sizeof loose, .loose = 1};
	char beside[4096];
	size_t len = strlen(map_path);
	if (given)
		return respin_map_load(given, &loose, domain, error);
	if (len < 4 || strcmp(map_path + len - 4, ".map") != 0 || len + 4 >= sizeof beside)
		return 0;
	(void)snprintf(beside, sizeof beside, "%.*s.domain", (int)(len - 4), map_path);
	return access(beside, F_OK) == 0 ? respin_map_load(beside, &loose, domain, error) : 0;
}

static int show(const char *path, const char *domain_path)
{
	struct respin_error error = {0};
	struct respin_map *map = NULL, *domain = NULL;
	int code = respin_map_load(path, NULL, &map, &error);
	if (code == 0)
		code = load_domain(domain_path, path, &domain, &error);
	int status;
	if (code == 0) {
		struct survey survey;
		survey_make(&survey, map, domain);
		status = print(path, &survey);
	} else {
		status = say_failure(code, &error);
	}
	respin_map_destroy(domain);
	respin_map_destroy(map);
	return status;
}

int cmd_show(int argc, char **argv)
{
	static const struct option known[] = {
		{"domain", required_argument, NULL, 'm'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *domain = NULL;
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'h')
			return help_print("show") ? STATUS_WHOLE : STATUS_USAGE;
		if (found != 'm')
			return options_refuse("show", found, argv);
		domain = optarg;
	}
	if (argc == optind)
		return say_usage("show", "MAPFILE is missing");
	if (argc > optind + 1)
		return say_usage("show", "one word too many: %s", argv[optind + 1]);
	return show(argv[optind], domain);
}
