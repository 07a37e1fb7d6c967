/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger on the page: which drives and runs there were, what people noted,
 * what was gained when. The ledger is history and never asked what is saved: if
 * it is damaged, the page says so and goes on.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report/amount.h"
#include "report/xml.h"

/* Shares of the page; the attempts and gains of what is not shown are counted all the same. */
#define RUNS_BYTES 120000u
#define NOTES_BYTES 60000u
#define DRIVES_TOLD_APART 16u

struct reading {
	struct html *html;
	uint64_t drives[DRIVES_TOLD_APART]; /* hashes of their names */
	uint64_t run;                       /* whose attempts come */
	uint64_t before_ns;                 /* drive time of the runs before it */
	uint64_t run_ns;                    /* of this one, so far */
};

static uint64_t drive_hash(const struct respin_source_info *source)
{
	char names[sizeof source->vendor + sizeof source->product + sizeof source->revision] = {0};
	memcpy(names, source->vendor, sizeof source->vendor);
	memcpy(names + sizeof source->vendor, source->product, sizeof source->product);
	memcpy(names + sizeof source->vendor + sizeof source->product, source->revision,
	       sizeof source->revision);
	return hash_bytes(names, sizeof names, 1);
}

static void count_drive(struct reading *reading, const struct respin_source_info *source)
{
	struct html_history *history = &reading->html->history;
	uint64_t hash = drive_hash(source);
	for (unsigned i = 0; i < history->drives && i < DRIVES_TOLD_APART; i++)
		if (reading->drives[i] == hash)
			return;
	if (history->drives < DRIVES_TOLD_APART)
		reading->drives[history->drives++] = hash;
}

static const char *result_of(const struct respin_ledger_run *run)
{
	if (!run->ended_s)
		return "was cut off, or still runs";
	if (run->code == 0)
		return "everything is in the image";
	if (run->code == 1)
		return "came to its end, sectors are missing";
	if (run->code == RESPIN_E_CANCELLED)
		return "stopped by the user, all saved";
	return respin_code_name(run->code);
}

static void add_drive(struct buf *out, const struct respin_source_info *source)
{
	const char *space = "";
	const char *const names[] = {source->vendor, source->product, source->revision};
	for (unsigned i = 0; i < 3; i++)
		if (names[i][0]) {
			buf_add_str(out, space);
			html_add_text(out, names[i], 40);
			space = " ";
		}
	buf_add_str(out, *space ? ", " : "");
	html_add_text(out, source->address, 200);
	if (source->medium[0]) {
		buf_add_str(out, ", ");
		html_add_text(out, source->medium, 40);
	}
}

static void add_run(struct buf *out, const struct html *html, const struct respin_ledger_run *run)
{
	buf_addf(out, "<tr><th scope=\"row\">%" PRIu64 "</th><td>", run->number);
	html_add_time(out, run->started_s);
	if (run->ended_s > run->started_s) {
		buf_add_str(out, "<br><span class=\"faint\">");
		html_add_duration(out, (uint64_t)(run->ended_s - run->started_s));
		buf_add_str(out, "</span>");
	}
	buf_add_str(out, "</td><td>");
	if (run->source)
		add_drive(out, run->source);
	buf_add_str(out, "<br><code>");
	html_add_text(out, run->command_line ? run->command_line : "", 500);
	buf_add_str(out, "</code> <span class=\"faint\">");
	if (run->version && *run->version) {
		buf_add_str(out, "respin ");
		html_add_text(out, run->version, 40);
	}
	buf_add_str(out, "</span></td><td class=\"n\">");
	uint64_t unit = html->history.unit_bytes ? html->history.unit_bytes : 2048;
	amount_add_bytes(out, run->gained < UINT64_MAX / unit ? run->gained * unit : 0);
	buf_addf(out, "</td><td>%s</td></tr>\n", result_of(run));
}

static int take_run(void *arg, const struct respin_ledger_run *run)
{
	struct reading *reading = arg;
	struct html_history *history = &reading->html->history;
	history->runs++;
	history->gone = run->code == RESPIN_E_GONE;
	if (run->source) {
		count_drive(reading, run->source);
		if (run->source->unit_bytes)
			history->unit_bytes = run->source->unit_bytes;
		if (run->source->profile)
			history->profile = run->source->profile;
	}
	if (history->rows.len < RUNS_BYTES)
		add_run(&history->rows, reading->html, run);
	return 0;
}

static int take_note(void *arg, const struct respin_ledger_note *note)
{
	struct buf *out = &((struct reading *)arg)->html->history.notes;
	if (out->len > NOTES_BYTES)
		return 0;
	buf_add_str(out, "<li>");
	html_add_time(out, note->time_s);
	buf_add_str(out, ": ");
	html_add_text(out, note->text ? note->text : "", 1000);
	if (note->run)
		buf_addf(out, " <span class=\"faint\">(run %" PRIu64 ")</span>", note->run);
	buf_add_str(out, "</li>\n");
	return 0;
}

/* Twice as long bins, until `ns` falls into one of them. */
static void widen(struct html_history *history, uint64_t ns)
{
	while (ns / history->bin_ns >= TIMELINE_BINS) {
		for (size_t i = 0; i < TIMELINE_BINS; i++) {
			uint64_t sum = 2 * i + 1 < TIMELINE_BINS
					       ? history->gained[2 * i] + history->gained[2 * i + 1]
					       : 0;
			history->gained[i] = sum;
		}
		history->bin_ns *= 2;
	}
}

#define FIRST_BIN_NS 1000000u
#define RUN_NS_MOST (UINT64_C(1) << 58) /* nine years: what claims more is no time */

static int take_attempt(void *arg, const struct respin_attempt *attempt)
{
	struct reading *reading = arg;
	struct html_history *history = &reading->html->history;
	if (attempt->run != reading->run) {
		reading->before_ns += reading->run_ns;
		reading->run_ns = 0;
		reading->run = attempt->run;
	}
	uint64_t end_ns = attempt->time_ns + attempt->elapsed_ns;
	if (attempt->time_ns > RUN_NS_MOST || attempt->elapsed_ns > RUN_NS_MOST ||
	    reading->before_ns > RUN_NS_MOST)
		return 0;
	if (end_ns > reading->run_ns)
		reading->run_ns = end_ns;
	history->attempts++;
	history->drive_ns = reading->before_ns + reading->run_ns;
	if (attempt->gained) {
		uint64_t ns = reading->before_ns + end_ns;
		widen(history, ns);
		history->gained[ns / history->bin_ns] += attempt->gained;
		history->gained_units += attempt->gained;
		history->last_gain_ns = ns;
	}
	history->locked = history->locked || attempt->reason == RESPIN_REASON_LOCKED;
	html_blocks_attempt(reading->html, attempt);
	return 0;
}

bool html_history_begin(struct html *html)
{
	struct html_history *history = &html->history;
	struct reading reading = {.html = html};
	history->bin_ns = FIRST_BIN_NS;
	if (!html->options.ledger)
		return true;
	history->given = true;
	int code = respin_ledger_runs(html->options.ledger, take_run, &reading);
	if (code == 0)
		code = respin_ledger_notes(html->options.ledger, take_note, &reading);
	history->damaged = code != 0;
	return code != RESPIN_E_NOMEM && !history->rows.failed && !history->notes.failed;
}

bool html_history_attempts(struct html *html)
{
	struct reading reading = {.html = html};
	if (!html->history.given)
		return true;
	if (!html_blocks_begin(html))
		return false;
	int code = respin_ledger_attempts(html->options.ledger, take_attempt, &reading);
	html->history.damaged = html->history.damaged || code != 0;
	return code != RESPIN_E_NOMEM;
}

void html_history_finish(struct html_history *history)
{
	buf_finish(&history->rows);
	buf_finish(&history->notes);
	free(history->blocks);
}

void html_history_add(struct buf *out, const struct html *html)
{
	const struct html_history *history = &html->history;
	if (history->damaged)
		buf_add_str(out,
			    "<p>The ledger is damaged: only part of the history could be read. That does not "
			    "touch what is saved.</p>\n");
	if (!history->runs) {
		buf_addf(
			out, "<p>%s</p>\n",
			history->given
				? "The ledger knows of no run."
				: "No ledger was given: which drives were used, and what was saved when, is not known here.");
	} else {
		html_chart_add(out, html);
		buf_add_str(
			out,
			"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Runs\"><table><thead><tr>"
			"<th scope=\"col\">Run</th><th scope=\"col\">Began</th><th scope=\"col\">Drive and command</th>"
			"<th scope=\"col\" class=\"n\">Saved</th><th scope=\"col\">Result</th></tr></thead><tbody>\n");
		buf_add(out, history->rows.data, history->rows.len);
		buf_add_str(out, "</tbody></table></div>\n");
	}
	if (history->notes.len) {
		buf_add_str(out, "<h3>Notes</h3>\n<ul class=\"notes\">\n");
		buf_add(out, history->notes.data, history->notes.len);
		buf_add_str(out, "</ul>\n");
	}
}
