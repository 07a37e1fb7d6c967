/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated rescue in words and in rows, see sim_trial.h. */
#include "sim_trial.h"

#include <inttypes.h>
#include <stdlib.h>

#include "disc_view.h"
#include "escape.h"
#include "prose.h"
#include "quantity.h"
#include "sim.h"
#include "survey.h"

#define NS_PER_S 1000000000u
#define LABEL "%-12s "

const char *const sim_shares[RESPIN_SIM_SHARES] = {"50", "90", "99", "99.9", "100"};

uint64_t sim_trial_missing(const struct sim_trial *trial)
{
	const struct respin_sim_result *result = &trial->result;
	if (trial->is_model)
		return result->stats.total - result->stats.finished;
	return result->oracle.readable - result->readable_saved;
}

/* ---- in words ---- */

void sim_trial_print_head(const struct sim_trial *trial)
{
	struct screen screen;
	char clean[ESCAPE_ROOM(1024)];
	const struct respin_sim_scenario *scenario = &trial->scenario;
	screen_look(&screen, stdout);
	screen_ink(&screen, stdout, INK_STRONG);
	(void)fputs(escape_text(clean, sizeof clean, trial->word), stdout);
	screen_ink(&screen, stdout, INK_PLAIN);
	(void)fputc('\n', stdout);
	if (scenario->title[0])
		prose(stdout, screen.columns - 1, "%s.", escape_text(clean, sizeof clean, scenario->title));
	if (trial->is_model)
		prose(stdout, screen.columns - 1, "A drive model of somebody else's; policy %s.",
		      escape_text(clean, sizeof clean, trial->policy));
	else
		prose(stdout, screen.columns - 1, "%s, %s, in %s; seed %" PRIu64 "; policy %s.",
		      scenario->medium, quantity_bytes(scenario->sectors * SIM_SECTOR_BYTES).text,
		      scenario->drive, scenario->seed, escape_text(clean, sizeof clean, trial->policy));
	(void)fputc('\n', stdout);
}

static void print_end(const struct sim_trial *trial, unsigned columns)
{
	const struct respin_sim_result *result = &trial->result;
	char why[ESCAPE_ROOM(sizeof trial->error.text)];
	bool cut = trial->limit_ns && result->virtual_ns >= trial->limit_ns;
	if (cut)
		prose(stdout, columns, "The limit was reached before the rescue ended.");
	else if (result->code < 0)
		prose(stdout, columns, "The rescue ended early: %s.",
		      escape_text(why, sizeof why, trial->error.text));
	uint64_t missing = sim_trial_missing(trial);
	if (missing)
		prose(stdout, columns, "%s %s missing.",
		      quantity_count(missing, trial->is_model ? "sector" : "readable sector").text,
		      missing == 1 ? "is" : "are");
	else
		prose(stdout, columns, "%s was saved.",
		      trial->is_model ? "Everything" : "Everything readable");
}

static struct quantity clock_of(uint64_t ns)
{
	struct quantity never = {"never"};
	return ns == UINT64_MAX ? never : quantity_clock((ns + NS_PER_S / 2) / NS_PER_S);
}

static void print_figures(const struct sim_trial *trial)
{
	const struct respin_sim_result *result = &trial->result;
	const struct respin_stats *stats = &result->stats;
	uint64_t saved = trial->is_model ? stats->finished : result->readable_saved;
	uint64_t all = trial->is_model ? stats->total : result->oracle.readable;
	(void)printf(LABEL "%s (%s) in %s; %.2f s of yours\n", "drive time",
		     clock_of(result->virtual_ns).text,
		     quantity_duration((result->virtual_ns + NS_PER_S / 2) / NS_PER_S).text,
		     quantity_count(result->sittings, "sitting").text, trial->wall_s);
	(void)printf(LABEL "%s, of which %s failed", "reads", quantity_grouped(result->reads).text,
		     quantity_grouped(result->failed_reads).text);
	if (!trial->is_model)
		(void)printf("; %s", quantity_count(result->wedges, "wedge").text);
	(void)printf("\n" LABEL "%s, %s of %s\n", "saved", quantity_count(saved, "sector").text,
		     quantity_percent(saved, all).text, trial->is_model ? "the disc" : "what is readable");
	uint64_t luck = stats->finished > saved ? stats->finished - saved : 0;
	if (!trial->is_model)
		(void)printf(LABEL "%s, of which luck saved %s\n", "unreadable",
			     quantity_count(result->oracle.dead, "sector").text, quantity_grouped(luck).text);
}

static void print_times(const struct sim_trial *trial, unsigned columns)
{
	const struct respin_sim_result *result = &trial->result;
	const struct respin_sim_oracle *oracle = &result->oracle;
	(void)printf("\n%s %10s %11s %11s %8s\n", "as much as", "after", "LB0", "LB1", "x LB1");
	for (unsigned i = 0; i < RESPIN_SIM_SHARES; i++) {
		(void)printf("%8s %% %10s %11s %11s", sim_shares[i], clock_of(result->reached_ns[i]).text,
			     clock_of(oracle->lb0_ns[i]).text, clock_of(oracle->lb1_ns[i]).text);
		if (result->reached_ns[i] != UINT64_MAX && oracle->lb1_ns[i])
			(void)printf(" %8.2f", (double)result->reached_ns[i] / (double)oracle->lb1_ns[i]);
		(void)fputc('\n', stdout);
	}
	prose(stdout, columns,
	      "Shares of what is readable. LB0: the least drive time of one who knows everything; LB1: an estimate "
	      "for one who knows the damage but not the luck, within five sessions.");
}

static void raise_piece(void *arg, struct respin_range range, enum kind kind)
{
	picture_raise(arg, range.start, range.count, kind);
}

static void fill(void *arg, struct picture *picture)
{
	survey_walk(arg, raise_piece, picture);
}

void sim_trial_print(const struct sim_trial *trial)
{
	struct screen screen;
	struct survey survey;
	screen_look(&screen, stdout);
	survey_make(&survey, trial->map, NULL);
	struct quantity end = quantity_count(survey.end, "sector");
	const struct disc_view view = {.total = survey.end, .end = end.text, .fill = fill, .arg = &survey};
	print_end(trial, screen.columns - 1);
	(void)fputc('\n', stdout);
	print_figures(trial);
	if (!trial->is_model)
		print_times(trial, screen.columns - 1);
	(void)fputc('\n', stdout);
	disc_view_print_bar(&view, &screen);
}
