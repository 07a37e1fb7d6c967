/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* respin info: what the source is, as it says itself; with --condition, how well it reads. */
#include <getopt.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <respin/source.h>

#include "commands.h"
#include "condition.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "say.h"

static void row(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *label, const char *format, ...)
{
	char raw[512], clean[ESCAPE_ROOM(sizeof raw)];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(raw, sizeof raw, format, args);
	va_end(args);
	(void)printf("%-10s %s\n", label, escape_text(clean, sizeof clean, raw));
}

static void print(const struct respin_source_info *info)
{
	uint64_t bytes = info->units * info->unit_bytes;
	if (info->tail_bytes)
		bytes -= info->unit_bytes - info->tail_bytes;
	row("source", "%s", info->address);
	row("kind", "%s", info->kind);
	if (info->vendor[0] || info->product[0])
		row("drive", "%s %s %s", info->vendor, info->product, info->revision);
	if (!info->plain)
		row("disc", "%s (profile %04Xh)", info->medium[0] ? info->medium : "unknown", info->profile);
	row("capacity", "%s bytes (%s): %s of %" PRIu32 " bytes", quantity_grouped(bytes).text,
	    quantity_bytes(bytes).text, quantity_count(info->units, "sector").text, info->unit_bytes);
	if (info->tail_bytes)
		row("tail", "the last sector holds %" PRIu32 " bytes", info->tail_bytes);
	if (info->first_lba)
		row("first LBA", "%" PRId64, info->first_lba);
	if (!info->plain)
		row("ECC block", "%s", quantity_count(info->ecc_block, "sector").text);
	row("request", "at most %s", quantity_count(info->max_request_units, "sector").text);
	if (info->identity)
		row("identity", "%016" PRIx64, info->identity);
}

static int report_condition(const char *address, bool json)
{
	struct respin_error error = {0};
	struct respin_source_info info = {.size = sizeof info};
	struct condition *condition = calloc(1, sizeof *condition); /* too large for a stack */
	if (!condition)
		return say_failure(RESPIN_E_NOMEM, NULL);
	int code = condition_run(condition, address, &info, &error);
	if (code == 0 && !json)
		print(&info);
	int status = code < 0 ? say_failure(code, &error)
		     : json   ? condition_json(condition, &info)
			      : condition_print(condition, &info);
	free(condition);
	return status;
}

int cmd_info(int argc, char **argv)
{
	enum { CONDITION = 256, JSON };
	static const struct option known[] = {{"condition", no_argument, NULL, CONDITION},
					      {"json", no_argument, NULL, JSON},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	bool condition = false, json = false;
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'h')
			return help_print("info") ? STATUS_WHOLE : STATUS_USAGE;
		if (found != CONDITION && found != JSON)
			return options_refuse("info", found, argv);
		condition = condition || found == CONDITION;
		json = json || found == JSON;
	}
	if (json && !condition)
		return say_usage("info", "--json goes with --condition");
	if (argc == optind)
		return say_usage("info", "SOURCE is missing");
	if (argc > optind + 1)
		return say_usage("info", "one word too many: %s", argv[optind + 1]);
	if (condition)
		return report_condition(argv[optind], json);
	struct respin_error error = {0};
	struct respin_source source = {0};
	int code = respin_source_open_apart(argv[optind], &source, &error);
	if (code < 0)
		return say_failure(code, &error);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	print(&info);
	respin_source_destroy(&source);
	return STATUS_WHOLE;
}
