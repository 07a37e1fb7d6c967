/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin show: a mapfile as a picture and in plain words, on the terminal and
 * as a page of SVG. Reads the map, never the image; changes nothing but the page.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/map.h>

#include "commands.h"
#include "disc_view.h"
#include "options.h"
#include "page.h"
#include "picture.h"
#include "report_page.h"
#include "quantity.h"
#include "say.h"
#include "show_words.h"
#include "survey.h"

struct shown {
	const char *path;
	const struct survey *survey;
};

static void raise_piece(void *arg, struct respin_range range, enum kind kind)
{
	picture_raise(arg, range.start, range.count, kind);
}

static void fill(void *arg, struct picture *picture)
{
	const struct shown *shown = arg;
	survey_walk(shown->survey, raise_piece, picture);
}

static void words(void *arg, const struct screen *screen, unsigned columns, FILE *out)
{
	const struct shown *shown = arg;
	show_words(shown->path, shown->survey, screen, columns, out);
}

static int print(const char *path, const struct survey *survey)
{
	struct shown shown = {path, survey};
	struct quantity size = quantity_bytes(survey->end);
	const struct disc_view view = {
		.total = survey->end,
		.end = survey->end_unknown ? "size unknown" : size.text,
		.fill = fill,
		.words = words,
		.arg = &shown,
	};
	return disc_view_print(&view);
}

#define PATH_CAP 4096

struct wish {
	const char *map, *domain; /* domain NULL: what lies beside the map */
	const char *svg, *html;   /* NULL: no page; "-": standard output, and nothing else */
	const char *medium;       /* NULL: a guess */
	bool force;
	char image[PATH_CAP], domain_beside[PATH_CAP]; /* of a map called IMAGE.map; "": it is not */
};

static void find_neighbours(struct wish *wish)
{
	size_t len = strlen(wish->map);
	if (len < 4 || strcmp(wish->map + len - 4, ".map") != 0 || len + 4 >= PATH_CAP)
		return;
	(void)snprintf(wish->image, PATH_CAP, "%.*s", (int)(len - 4), wish->map);
	(void)snprintf(wish->domain_beside, PATH_CAP, "%s.domain", wish->image);
}

/* The domain that belongs to the map: as given, or IMAGE.domain beside IMAGE.map. */
static int load_domain(const struct wish *wish, struct respin_map **domain, struct respin_error *error)
{
	static const struct respin_map_options loose = {.size = sizeof loose, .loose = 1};
	const char *path = wish->domain;
	if (!path && access(wish->domain_beside, F_OK) == 0)
		path = wish->domain_beside;
	return path ? respin_map_load(path, &loose, domain, error) : 0;
}

static int write_svg(const struct wish *wish, const struct survey *survey)
{
	struct respin_error error = {0};
	char title[256], *svg = NULL;
	report_page_title(wish->map, title, sizeof title);
	struct respin_svg_options options = {
		.size = sizeof options,
		.medium = wish->medium,
		.title = title,
		.domain = survey->domain,
		.end_bytes = survey->end,
	};
	int code = respin_map_svg(survey->map, &options, &svg, &error);
	if (code)
		return say_failure(code, &error);
	const char *const spared[] = {wish->map, wish->image, wish->domain_beside, wish->domain, NULL};
	int status = page_write(wish->svg, svg, wish->force, spared);
	free(svg);
	return status;
}

static int write_html(const struct wish *wish, const struct survey *survey)
{
	struct respin_report_options options = {
		.size = sizeof options,
		.medium = wish->medium,
		.map = survey->map,
		.domain = survey->domain,
		.end_bytes = survey->end,
		.image = wish->image,
	};
	const char *const spared[] = {wish->map, wish->image, wish->domain_beside,
				      wish->domain ? wish->domain : "", NULL};
	return report_page_write(wish->html, &options, wish->map, wish->force, spared);
}

static bool alone(const struct wish *wish)
{
	return (wish->svg && strcmp(wish->svg, "-") == 0) || (wish->html && strcmp(wish->html, "-") == 0);
}

static int show(const struct wish *wish)
{
	struct respin_error error = {0};
	struct respin_map *map = NULL, *domain = NULL;
	int code = respin_map_load(wish->map, NULL, &map, &error);
	if (code == 0)
		code = load_domain(wish, &domain, &error);
	int status;
	if (code == 0) {
		struct survey survey;
		survey_make(&survey, map, domain);
		status = wish->svg ? write_svg(wish, &survey) : STATUS_WHOLE;
		if (status == STATUS_WHOLE && wish->html)
			status = write_html(wish, &survey);
		if (status == STATUS_WHOLE && !alone(wish))
			status = print(wish->map, &survey);
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
		{"domain", required_argument, NULL, 'd'},
		{"svg", required_argument, NULL, 's'},
		{"medium", required_argument, NULL, 'm'},
		{"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{"html", required_argument, NULL, 't'},
		{0},
	};
	struct wish wish = {0};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'd')
			wish.domain = optarg;
		else if (found == 's')
			wish.svg = optarg;
		else if (found == 't')
			wish.html = optarg;
		else if (found == 'm')
			wish.medium = optarg;
		else if (found == 'f')
			wish.force = true;
		else if (found == 'h')
			return help_print("show") ? STATUS_WHOLE : STATUS_USAGE;
		else
			return options_refuse("show", found, argv);
	}
	if (!wish.svg && !wish.html && (wish.medium || wish.force))
		return say_usage("show", "%s goes with --svg or --html",
				 wish.medium ? "--medium" : "--force");
	if (wish.svg && wish.html && strcmp(wish.svg, "-") == 0 && strcmp(wish.html, "-") == 0)
		return say_usage("show", "--svg and --html cannot both go to standard output");
	if (argc == optind)
		return say_usage("show", "MAPFILE is missing");
	if (argc > optind + 1)
		return say_usage("show", "one word too many: %s", argv[optind + 1]);
	wish.map = argv[optind];
	find_neighbours(&wish);
	return show(&wish);
}
