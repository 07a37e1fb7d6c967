/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ledger's runs and notes for archives, see provenance.h. Reads the ledger, never adds to it. */
#include "provenance.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <respin/ledger.h>

#include "quote.h"
#include "say.h"

struct provenance_time provenance_time(long long seconds)
{
	struct provenance_time result = {""};
	time_t when = (time_t)seconds;
	struct tm parts;
	/* Years of four digits are all that the formats have room for. */
	if (gmtime_r(&when, &parts) && parts.tm_year >= -1899 && parts.tm_year < 8100)
		(void)strftime(result.text, sizeof result.text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return result;
}

/* The year must have four digits, which strftime does not see to. */
static void json_time(FILE *out, const char *name, int64_t seconds)
{
	struct provenance_time when = provenance_time(seconds);
	if (seconds && when.text[0])
		(void)fprintf(out, ",\"%s\":\"%s\"", name, when.text);
	else
		(void)fprintf(out, ",\"%s\":null", name);
}

static const char *text_or_none(const char *text)
{
	return text ? text : "";
}

struct list {
	FILE *out;
	uint64_t count;
};

static int json_run(void *arg, const struct respin_ledger_run *run)
{
	struct list *list = arg;
	FILE *out = list->out;
	(void)fprintf(out, "%s{\"number\":%" PRIu64, list->count++ ? "," : "", run->number);
	json_time(out, "started", run->started_s);
	json_time(out, "ended", run->ended_s);
	(void)fprintf(out,
		      ",\"code\":%" PRId32 ",\"gained_sectors\":%" PRIu64 ",\"command_line\":", run->code,
		      run->gained);
	quote_json(out, text_or_none(run->command_line));
	(void)fputs(",\"version\":", out);
	quote_json(out, text_or_none(run->version));
	const struct respin_source_info *source = run->source;
	if (source) {
		const struct {
			const char *name, *text;
		} texts[] = {{"source", source->address},
			     {"vendor", source->vendor},
			     {"product", source->product},
			     {"firmware", source->revision},
			     {"medium", source->medium}};
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			(void)fprintf(out, ",\"%s\":", texts[i].name);
			quote_json(out, texts[i].text);
		}
	}
	(void)fputs("}", out);
	return 0;
}

static int json_note(void *arg, const struct respin_ledger_note *note)
{
	struct list *list = arg;
	(void)fprintf(list->out, "%s{\"run\":%" PRIu64, list->count++ ? "," : "", note->run);
	json_time(list->out, "time", note->time_s);
	(void)fputs(",\"text\":", list->out);
	quote_json(list->out, text_or_none(note->text));
	(void)fputs("}", list->out);
	return 0;
}

/* NULL: there is none, or it cannot be read, which is said. */
static struct respin_ledger *open_ledger(const char *path)
{
	struct respin_ledger *ledger = NULL;
	struct respin_error error = {0};
	if (access(path, F_OK) != 0)
		return NULL;
	if (respin_ledger_open(path, &ledger, &error) < 0) {
		say("%s; where the image comes from is left out", error.text);
		return NULL;
	}
	return ledger;
}

static void complain(int code, const char *path)
{
	if (code < 0)
		say("%s: damaged; not all of where the image comes from can be told", path);
}

void provenance_json(FILE *out, const char *path)
{
	struct respin_ledger *ledger = open_ledger(path);
	struct list runs = {out, 0}, notes = {out, 0};
	if (!ledger) {
		(void)fputs("null", out);
		return;
	}
	(void)fputs("{\"runs\":[", out);
	int code = respin_ledger_runs(ledger, json_run, &runs);
	(void)fputs("],\"notes\":[", out);
	int second = respin_ledger_notes(ledger, json_note, &notes);
	(void)fputs("]}", out);
	complain(code < 0 ? code : second, path);
	respin_ledger_destroy(ledger);
}

/* ---- XML ---- */

static void element(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "      <respin:%s>", name);
	quote_xml(out, text_or_none(text));
	(void)fprintf(out, "</respin:%s>\n", name);
}

static void attribute_time(FILE *out, const char *name, int64_t seconds)
{
	struct provenance_time when = provenance_time(seconds);
	if (seconds && when.text[0])
		(void)fprintf(out, " %s=\"%s\"", name, when.text);
}

static int xml_run(void *arg, const struct respin_ledger_run *run)
{
	FILE *out = arg;
	(void)fprintf(out, "    <respin:run number=\"%" PRIu64 "\"", run->number);
	attribute_time(out, "started", run->started_s);
	attribute_time(out, "ended", run->ended_s);
	(void)fprintf(out, " code=\"%" PRId32 "\" gained_sectors=\"%" PRIu64 "\">\n", run->code, run->gained);
	element(out, "command_line", run->command_line);
	element(out, "version", run->version);
	if (run->source) {
		element(out, "source", run->source->address);
		element(out, "vendor", run->source->vendor);
		element(out, "product", run->source->product);
		element(out, "firmware", run->source->revision);
		element(out, "medium", run->source->medium);
	}
	(void)fputs("    </respin:run>\n", out);
	return 0;
}

static int xml_note(void *arg, const struct respin_ledger_note *note)
{
	FILE *out = arg;
	(void)fprintf(out, "    <respin:note run=\"%" PRIu64 "\"", note->run);
	attribute_time(out, "time", note->time_s);
	(void)fputs(">", out);
	quote_xml(out, text_or_none(note->text));
	(void)fputs("</respin:note>\n", out);
	return 0;
}

void provenance_xml(FILE *out, const char *path)
{
	struct respin_ledger *ledger = open_ledger(path);
	if (!ledger)
		return;
	(void)fputs("  <respin:provenance>\n", out);
	int code = respin_ledger_runs(ledger, xml_run, out);
	int second = respin_ledger_notes(ledger, xml_note, out);
	(void)fputs("  </respin:provenance>\n", out);
	complain(code < 0 ? code : second, path);
	respin_ledger_destroy(ledger);
}
