/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin merge: several images of one disc into one. Says who gave what and
 * where they disagree; what is believed is the library's to decide.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/merge.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "quote.h"
#include "say.h"
#include "screen.h"
#include "stop.h"

/* More lines than this nobody reads; the list beside the image has them all. */
#define LINES_MAX 20u

struct merge_command {
	const char *out;
	struct respin_merge_image images[RESPIN_MERGE_IMAGES_MAX];
	uint32_t image_count;
	bool force, quiet, json, verbose;
	char command_line[4096]; /* for the map's head */
	uint64_t told;           /* lines about disagreements */
	struct screen screen;
	bool shown; /* a line of progress stands on the terminal */
};

static int take_image(struct merge_command *command, const char *address, bool whole)
{
	if (command->image_count == RESPIN_MERGE_IMAGES_MAX)
		return say_usage("merge", "more than %u images", RESPIN_MERGE_IMAGES_MAX);
	if (!*address)
		return say_usage("merge", "IMAGE is empty");
	command->images[command->image_count++] = (struct respin_merge_image){address, whole};
	return OPTIONS_GO_ON;
}

static int take_word(struct merge_command *command, const char *word)
{
	if (command->out)
		return take_image(command, word, false);
	command->out = word;
	return *word ? OPTIONS_GO_ON : say_usage("merge", "OUT is empty");
}

/* The words in their order, so that images are numbered as they stand. */
static int take_options(struct merge_command *command, int argc, char **argv)
{
	enum { WHOLE = 256, FORCE, JSON };
	static const struct option known[] = {{"whole", required_argument, NULL, WHOLE},
					      {"force", no_argument, NULL, FORCE},
					      {"json", no_argument, NULL, JSON},
					      {"quiet", no_argument, NULL, 'q'},
					      {"verbose", no_argument, NULL, 'v'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int status = OPTIONS_GO_ON;
	opterr = 0;
	optind = 0;
	for (int found;
	     status == OPTIONS_GO_ON && (found = getopt_long(argc, argv, "-:qvh", known, NULL)) != -1;) {
		switch (found) {
		case 1:
			status = take_word(command, optarg);
			break;
		case WHOLE:
			status = take_image(command, optarg, true);
			break;
		case FORCE:
			command->force = true;
			break;
		case JSON:
			command->json = true;
			break;
		case 'q':
			command->quiet = true;
			break;
		case 'v':
			command->verbose = true;
			break;
		case 'h':
			return help_print("merge") ? STATUS_WHOLE : STATUS_USAGE;
		default:
			return options_refuse("merge", found, argv);
		}
	}
	for (; status == OPTIONS_GO_ON && optind < argc; optind++) /* behind "--" */
		status = take_word(command, argv[optind]);
	if (status == OPTIONS_GO_ON && !command->image_count)
		return say_usage("merge", command->out ? "IMAGE is missing" : "OUT and IMAGE are missing");
	return status;
}

static void join(struct merge_command *command, int argc, char **argv)
{
	size_t len = 0, cap = sizeof command->command_line;
	len += (size_t)snprintf(command->command_line, cap, "respin");
	for (int i = 0; i < argc && len < cap; i++)
		len += (size_t)snprintf(command->command_line + len, cap - len, " %s", argv[i]);
}

/* ---- as words ---- */

static void clear_progress(struct merge_command *command)
{
	if (command->shown)
		(void)fputs("\r\033[K", stderr);
	command->shown = false;
}

static const char *name_of(const struct merge_command *command, unsigned i)
{
	return i < command->image_count ? command->images[i].address : command->out;
}

static void print_side(const struct merge_command *command, const struct respin_merge_version *version)
{
	const char *mark = "      ";
	for (uint64_t left = version->members; left; left &= left - 1) {
		const char *name = name_of(command, (unsigned)__builtin_ctzll(left));
		size_t cap = ESCAPE_ROOM(strlen(name));
		char *clean = malloc(cap);
		(void)printf("%s%s", mark, clean ? escape_text(clean, cap, name) : "?");
		mark = ", ";
		free(clean);
	}
	(void)printf(": %016" PRIx64 "\n", version->hash);
}

static bool is_dispute(const struct respin_merge_run *run)
{
	return run->kind == RESPIN_MERGE_SETTLED || run->kind == RESPIN_MERGE_OPEN;
}

static void print_dispute(struct merge_command *command, const struct respin_merge_run *run)
{
	char range[64];
	if (command->told++ >= LINES_MAX && !command->verbose)
		return;
	clear_progress(command);
	if (run->range.count == 1)
		(void)snprintf(range, sizeof range, "sector %" PRIu64, run->range.start);
	else
		(void)snprintf(range, sizeof range, "sectors %" PRIu64 "-%" PRIu64, run->range.start,
			       run->range.start + run->range.count - 1);
	screen_ink(&command->screen, stdout, run->kind == RESPIN_MERGE_OPEN ? INK_LOST : INK_HOPE);
	(void)printf("%-8s", run->kind == RESPIN_MERGE_OPEN ? "open" : "settled");
	screen_ink(&command->screen, stdout, INK_PLAIN);
	(void)printf("%s%s\n", range, run->giver < 0 ? "" : ": the first of these counts");
	/* The one that counts stands first. */
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < run->version_count; i++)
			if ((run->giver >= 0 && run->versions[i].members >> run->giver & 1) == (pass == 0))
				print_side(command, &run->versions[i]);
}

static void print_share(const struct merge_command *command, const struct respin_merge_report *report,
			unsigned i)
{
	const struct respin_merge_share *share = &report->shares[i];
	const char *name = name_of(command, i);
	size_t cap = ESCAPE_ROOM(strlen(name));
	char *clean = malloc(cap);
	(void)printf("%12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %s\n", share->having,
		     share->gave, share->alone, share->overruled,
		     clean ? escape_text(clean, cap, name) : "?");
	free(clean);
}

static void print_report(struct merge_command *command, const struct respin_merge_report *report)
{
	const struct respin_stats *stats = &report->stats;
	char clean[ESCAPE_ROOM(1024)];
	(void)printf("%12s  %12s  %12s  %12s\n", "has", "gave", "alone", "overruled");
	for (unsigned i = 0; i < report->share_count; i++)
		print_share(command, report, i);
	if (report->kept)
		(void)printf("%12s  %12" PRIu64 "  %12s  %12s  what was in the output already\n", "",
			     report->kept, "", "");
	if (command->told > LINES_MAX && !command->verbose)
		(void)printf("%" PRIu64 " disagreements more\n", command->told - LINES_MAX);
	if (report->settled || report->open)
		(void)printf("the images differ in %s: %" PRIu64 " settled by more readings, %" PRIu64
			     " open; all are listed in %s.conflicts\n",
			     quantity_count(report->settled + report->open, "sector").text, report->settled,
			     report->open, escape_text(clean, sizeof clean, command->out));
	(void)printf("%s of %s are there (%s)", quantity_grouped(stats->finished).text,
		     quantity_count(stats->total, "sector").text,
		     quantity_percent(stats->finished, stats->total).text);
	if (stats->finished < stats->total)
		(void)printf("; missing: %" PRIu64 " never tried, %" PRIu64 " to be tried again, %" PRIu64
			     " given up",
			     stats->non_tried, stats->retryable, stats->bad);
	(void)printf("\n");
}

/* ---- as JSON: a line each ---- */

static void json_members(const struct merge_command *command, uint64_t members)
{
	const char *mark = "[";
	for (; members; members &= members - 1) {
		(void)fputs(mark, stdout);
		quote_json(stdout, name_of(command, (unsigned)__builtin_ctzll(members)));
		mark = ",";
	}
	(void)fputs(*mark == '[' ? "[]" : "]", stdout);
}

static void json_run(const struct merge_command *command, const struct respin_merge_run *run)
{
	static const char *const kinds[] = {"missing", "agreed", "settled", "open"};
	(void)printf("{\"event\":\"run\",\"start\":%" PRIu64 ",\"count\":%" PRIu64
		     ",\"kind\":\"%s\",\"status\":\"%c\",\"from\":",
		     run->range.start, run->range.count, kinds[run->kind],
		     respin_status_char((enum respin_status)run->status));
	if (run->giver < 0)
		(void)fputs("null", stdout);
	else
		quote_json(stdout, name_of(command, (unsigned)run->giver));
	(void)fputs(",\"having\":", stdout);
	json_members(command, run->having);
	(void)fputs(",\"versions\":[", stdout);
	for (uint32_t i = 0; i < run->version_count; i++) {
		(void)fputs(i ? ",{\"images\":" : "{\"images\":", stdout);
		json_members(command, run->versions[i].members);
		(void)printf(",\"votes\":%" PRIu32 ",\"xxh3\":\"%016" PRIx64 "\"}", run->versions[i].votes,
			     run->versions[i].hash);
	}
	(void)fputs("]}\n", stdout);
}

static void json_report(const struct merge_command *command, const struct respin_merge_report *report,
			int code)
{
	const struct respin_stats *stats = &report->stats;
	(void)printf("{\"event\":\"end\",\"code\":%d,\"sector_bytes\":%" PRIu32 ",\"total\":%" PRIu64
		     ",\"finished\":%" PRIu64 ",\"non_tried\":%" PRIu64 ",\"retryable\":%" PRIu64
		     ",\"bad\":%" PRIu64 ",\"kept\":%" PRIu64 ",\"settled\":%" PRIu64 ",\"open\":%" PRIu64
		     ",\"retracted\":%" PRIu64 ",\"images\":[",
		     code, report->unit_bytes, stats->total, stats->finished, stats->non_tried,
		     stats->retryable, stats->bad, report->kept, report->settled, report->open,
		     report->retracted);
	for (unsigned i = 0; i < report->share_count; i++) {
		const struct respin_merge_share *share = &report->shares[i];
		(void)fputs(i ? ",{\"image\":" : "{\"image\":", stdout);
		quote_json(stdout, name_of(command, i));
		(void)printf(",\"having\":%" PRIu64 ",\"gave\":%" PRIu64 ",\"alone\":%" PRIu64
			     ",\"overruled\":%" PRIu64 "}",
			     share->having, share->gave, share->alone, share->overruled);
	}
	(void)fputs("]}\n", stdout);
}

/* ---- the merge ---- */

static void on_run(void *arg, const struct respin_merge_run *run)
{
	struct merge_command *command = arg;
	if (command->json)
		json_run(command, run);
	else if (!command->quiet && is_dispute(run))
		print_dispute(command, run);
	else
		command->told += is_dispute(run);
}

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct merge_command *command = arg;
	struct screen screen;
	screen_look(&screen, stderr);
	if (screen.terminal && !command->quiet) {
		(void)fprintf(stderr, "\r%s merged\033[K", quantity_percent(done, total).text);
		(void)fflush(stderr);
		command->shown = true;
	}
	return stop_wanted() != 0;
}

static void on_notice(void *arg, const char *text)
{
	struct merge_command *command = arg;
	clear_progress(command);
	if (!command->quiet)
		say("%s", text);
}

static int merge(struct merge_command *command)
{
	const struct respin_output_options output = {.size = sizeof output,
						     .image = command->out,
						     .command_line = command->command_line,
						     .force = command->force};
	const struct respin_merge_options options = {.size = sizeof options,
						     .images = command->images,
						     .image_count = command->image_count,
						     .output = &output,
						     .callbacks = {.size = sizeof options.callbacks,
								   .arg = command,
								   .progress = on_progress,
								   .run = on_run,
								   .notice = on_notice}};
	struct respin_merge_report report = {.size = sizeof report};
	struct respin_error error = {0};
	stop_install();
	stop_attach(NULL); /* a first signal is seen by on_progress */
	int code = respin_merge(&options, &report, &error);
	clear_progress(command);
	stop_over(code < 0 ? respin_exit_status(code) : code);
	if (code < 0 && code != RESPIN_E_CANCELLED)
		return say_failure(code, &error);
	if (command->json)
		json_report(command, &report, code);
	else if (!command->quiet && code == RESPIN_E_CANCELLED)
		(void)printf("stopped, all saved: the same command goes on\n");
	else if (!command->quiet)
		print_report(command, &report);
	return code < 0 ? respin_exit_status(code) : code;
}

int cmd_merge(int argc, char **argv)
{
	struct merge_command command = {0};
	join(&command, argc, argv);
	int status = take_options(&command, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	screen_look(&command.screen, stdout);
	return merge(&command);
}
