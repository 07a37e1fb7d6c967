/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin report: everything that is known of a rescue as one page of HTML. Finds
 * map, domain and ledger beside the image by itself; reads them and the image,
 * changes nothing but the page.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <respin/report.h>

#include "commands.h"
#include "options.h"
#include "report_page.h"
#include "say.h"

#define PATH_CAP 4096

struct report_wish {
	const char *image, *map, *domain, *out, *medium, *sha256;
	bool force;
	char map_beside[PATH_CAP], domain_beside[PATH_CAP], ledger[PATH_CAP], page[PATH_CAP];
};

struct sources {
	struct respin_map *map, *domain;
	struct respin_files *files;
	struct respin_ledger *ledger;
	struct respin_error no_files;
};

static void close_sources(struct sources *sources)
{
	respin_ledger_destroy(sources->ledger);
	respin_files_destroy(sources->files);
	respin_map_destroy(sources->domain);
	respin_map_destroy(sources->map);
}

/* An image without a map counts as whole. */
static int map_whole(const char *image, struct respin_map **map, struct respin_error *error)
{
	struct stat here;
	struct respin_range all = {0,
				   stat(image, &here) == 0 && here.st_size > 0 ? (uint64_t)here.st_size : 0};
	int code = respin_map_create(all, map, error);
	return code ? code : respin_map_set(*map, all, RESPIN_FINISHED);
}

static int open_maps(const struct report_wish *wish, struct sources *sources, struct respin_error *error)
{
	static const struct respin_map_options loose = {.size = sizeof loose, .loose = 1};
	int code = wish->map ? respin_map_load(wish->map, NULL, &sources->map, error)
			     : map_whole(wish->image, &sources->map, error);
	if (code == 0 && wish->domain)
		code = respin_map_load(wish->domain, &loose, &sources->domain, error);
	return code;
}

/* A disc without files that are known is no failure, nor is a ledger that cannot be read: the page says so. */
static int open_sources(const struct report_wish *wish, struct sources *sources)
{
	struct respin_error error = {0};
	int code = open_maps(wish, sources, &error);
	if (code)
		return say_failure(code, &error);
	code = respin_files_open(wish->image, wish->map, NULL, &sources->files, &sources->no_files);
	if (code && code != RESPIN_E_UNSUPPORTED)
		return say_failure(code, &sources->no_files);
	if (wish->ledger[0] && respin_ledger_open(wish->ledger, &sources->ledger, &error))
		say("%s; the page is made without its history", error.text);
	return STATUS_WHOLE;
}

static int report(const struct report_wish *wish)
{
	struct sources sources = {0};
	struct stat here;
	if (stat(wish->image, &here) != 0) {
		say("%s: cannot be read: %s", wish->image, strerror(errno));
		return STATUS_USAGE;
	}
	int status = open_sources(wish, &sources);
	if (status == STATUS_WHOLE) {
		struct respin_report_options options = {
			.size = sizeof options,
			.map = sources.map,
			.domain = sources.domain,
			.files = sources.files,
			.no_files = sources.files ? NULL : sources.no_files.text,
			.ledger = sources.ledger,
			.image = wish->image,
			.medium = wish->medium,
			.sha256 = wish->sha256,
		};
		const char *const spared[] = {wish->image, wish->map ? wish->map : "",
					      wish->domain ? wish->domain : "", wish->ledger, NULL};
		status = report_page_write(wish->out, &options, wish->image, wish->force, spared);
	}
	close_sources(&sources);
	if (status == STATUS_WHOLE && strcmp(wish->out, "-") != 0)
		(void)fprintf(stderr, "respin: the page is in %s\n", wish->out);
	return status;
}

static int take_options(struct report_wish *wish, int argc, char **argv)
{
	enum { DOMAIN = 256, MEDIUM, SHA256, FORCE };
	static const struct option known[] = {
		{"output", required_argument, NULL, 'o'},
		{"domain", required_argument, NULL, DOMAIN},
		{"medium", required_argument, NULL, MEDIUM},
		{"sha256", required_argument, NULL, SHA256},
		{"force", no_argument, NULL, FORCE},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":ho:", known, NULL)) != -1;) {
		if (found == 'o')
			wish->out = optarg;
		else if (found == DOMAIN)
			wish->domain = optarg;
		else if (found == MEDIUM)
			wish->medium = optarg;
		else if (found == SHA256)
			wish->sha256 = optarg;
		else if (found == FORCE)
			wish->force = true;
		else if (found == 'h')
			return help_print("report") ? STATUS_WHOLE : STATUS_USAGE;
		else
			return options_refuse("report", found, argv);
	}
	return OPTIONS_GO_ON;
}

int cmd_report(int argc, char **argv)
{
	struct report_wish wish = {0};
	int status = take_options(&wish, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	if (argc == optind)
		return say_usage("report", "IMAGE is missing");
	if (argc > optind + 2)
		return say_usage("report", "one word too many: %s", argv[optind + 2]);
	wish.image = argv[optind];
	wish.map = argc > optind + 1 ? argv[optind + 1] : NULL;
	if (strlen(wish.image) + sizeof ".domain" > PATH_CAP)
		return say_usage("report", "IMAGE: such a name is too long");
	if (!wish.map && report_page_beside(wish.image, ".map", wish.map_beside, PATH_CAP))
		wish.map = wish.map_beside;
	if (!wish.domain && report_page_beside(wish.image, ".domain", wish.domain_beside, PATH_CAP))
		wish.domain = wish.domain_beside;
	(void)report_page_beside(wish.image, ".ledger", wish.ledger, PATH_CAP);
	(void)snprintf(wish.page, PATH_CAP, "%s.html", wish.image);
	if (!wish.out)
		wish.out = wish.page;
	return report(&wish);
}
