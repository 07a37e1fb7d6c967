/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table RESULTS.jsonl COMMAND: what the policies did on every scenario, as
 * bench/RESULTS.md. Every figure is the median over the seeds, the worst seed
 * behind it; the oracle is LB1. Knows no policy better than another.
 */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct column {
	const char *policy, *title;
};

static const struct column columns[] = {
	{"ddrescue-binary", "ddrescue (binary, as typed)"},
	{"ddrescue-binary-tuned", "ddrescue (binary, tuned)"},
	{"ddrescue", "ddrescue (in-tree)"},
	{"ddrescue-tuned", "ddrescue (in-tree, tuned)"},
	{"linear", "linear"},
	{"bisection", "bisection"},
	{"predecessor", "predecessor"},
	{"respin", "respin"},
};
#define COLUMNS (sizeof columns / sizeof *columns)

/* What anybody can have today without us: the best of them on each scenario is what counts. */
static const char *const plain[] = {"linear", "bisection", "ddrescue", "ddrescue-tuned", "predecessor"};
#define BEST_PLAIN "the best plain rival"

/* 754 s, 12.6 min, 3.4 h, 2.1 d: three digits are more than the model deserves. */
static const char *duration(double s, char text[24])
{
	static const struct {
		double limit, unit;
		const char *name;
	} units[] = {{120, 1, "s"}, {7200, 60, "min"}, {172800, 3600, "h"}, {HUGE_VAL, 86400, "d"}};
	size_t i = 0;
	while (s >= units[i].limit)
		i++;
	(void)snprintf(text, 24, s / units[i].unit < 10 ? "%.1f %s" : "%.0f %s", s / units[i].unit,
		       units[i].name);
	return text;
}

/* On a disc of a tenth of the turns: its times stand beside the others' but cannot be compared. */
static bool is_scaled(const struct results_entry *entry)
{
	const char *address = entry ? json_string_value(json_object_get(entry->lines[0], "address")) : NULL;
	return address && strstr(address, "scale=");
}

static const char *scaled_note(const struct results_entry *entry)
{
	return is_scaled(entry) ? " of a tenth" : "";
}

static void time_cell(const struct results_entry *entry, const char *field)
{
	struct results_figure figure = results_figure(entry, field);
	char median[24], worst[24];
	if (!figure.known)
		printf(" |");
	else if (isinf(figure.median))
		printf(" never%s |", scaled_note(entry));
	else if (entry->count == 1)
		printf(" %s%s |", duration(figure.median, median), scaled_note(entry));
	else
		printf(" %s (%s) |", duration(figure.median, median),
		       isinf(figure.worst) ? "never" : duration(figure.worst, worst));
}

static void count_cell(const struct results_entry *entry, const char *field)
{
	struct results_figure figure = results_figure(entry, field);
	if (!figure.known)
		printf(" |");
	else if (entry->count == 1)
		printf(" %.0f%s |", figure.median, scaled_note(entry));
	else
		printf(" %.0f (%.0f) |", figure.median, figure.worst);
}

/* Sectors saved that can be saved; of programs without such a count all that were given. Wrong bytes save nothing. */
static double saved_of(const json_t *line)
{
	const json_t *saved = json_object_get(line, "saved");
	double sectors = json_number_value(saved ? saved : json_object_get(line, "finished")) -
			 json_number_value(json_object_get(line, "wrong"));
	return sectors > 0 ? sectors : 0;
}

/* What was had of what can be had: seed by seed, since each seed has its own disc. */
static void share_cell(const struct results_entry *entry, const char *field)
{
	double least = HUGE_VAL, sum = 0;
	unsigned n = 0;
	(void)field;
	for (unsigned i = 0; entry && i < entry->count; i++) {
		const json_t *line = entry->lines[i];
		double readable = json_number_value(json_object_get(line, "readable"));
		double share = readable > 0 ? 100 * saved_of(line) / readable : 100;
		sum += share;
		least = share < least ? share : least;
		n++;
	}
	if (!n)
		printf(" |");
	else if (n == 1)
		printf(" %.2f |", sum);
	else
		printf(" %.2f (%.2f) |", sum / n, least);
}

static void head(const char *first, const char *last)
{
	printf("| %s |", first);
	for (size_t i = 0; i < COLUMNS; i++)
		printf(" %s |", columns[i].title);
	printf("%s\n|---|", last ? last : "");
	for (size_t i = 0; i < COLUMNS; i++)
		printf("---:|");
	printf("%s\n", last ? "---:|" : "");
}

static void table(const struct results *results, const char *field, const char *bound,
		  void (*cell)(const struct results_entry *, const char *))
{
	head("scenario", bound ? " oracle |" : NULL);
	for (size_t s = 0; s < results->scenario_count; s++) {
		printf("| %s |", results->scenarios[s]);
		for (size_t i = 0; i < COLUMNS; i++)
			cell(results_find(results, results->scenarios[s], columns[i].policy), field);
		if (bound)
			cell(results_find(results, results->scenarios[s], "oracle"), bound);
		printf("\n");
	}
	printf("\n");
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Its median time on a scenario; BEST_PLAIN: the least of theirs. On a scaled disc none is known. */
static struct results_figure time_of(const struct results *results, const char *scenario, const char *policy,
				     const char *field)
{
	struct results_figure best = {0};
	if (strcmp(policy, BEST_PLAIN) != 0) {
		const struct results_entry *entry = results_find(results, scenario, policy);
		return is_scaled(entry) ? best : results_figure(entry, field);
	}
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		struct results_figure figure = time_of(results, scenario, plain[i], field);
		if (figure.known && (!best.known || figure.median < best.median))
			best = figure;
	}
	return best;
}

/*
 * The median over scenarios of one policy's time over another's. Who never came
 * is infinitely late, so that nobody gains by giving up; both never: left out.
 */
static void ratio_cell(const struct results *results, const char *field, const char *policy,
		       const char *against, const char *against_field)
{
	double ratios[256];
	unsigned n = 0, never = 0;
	for (size_t s = 0; s < results->scenario_count && n < 256; s++) {
		struct results_figure a = time_of(results, results->scenarios[s], policy, field);
		struct results_figure b = time_of(results, results->scenarios[s], against, against_field);
		if (!a.known || !b.known || b.median <= 0 || (isinf(a.median) && isinf(b.median)))
			continue;
		never += isinf(a.median) != 0;
		ratios[n++] = isinf(a.median) ? HUGE_VAL : isinf(b.median) ? 0 : a.median / b.median;
	}
	qsort(ratios, n, sizeof *ratios, by_size);
	if (!n)
		printf(" |");
	else if (isinf(ratios[(n - 1) / 2]))
		printf(" never (n %u, never %u) |", n, never);
	else
		printf(" %.2f (n %u, never %u) |", ratios[(n - 1) / 2], n, never);
}

static void ratios(const struct results *results)
{
	static const char *const fields[][2] = {{"t50", "lb1_50"},
						{"t90", "lb1_90"},
						{"t99", "lb1_99"},
						{"t999", "lb1_999"},
						{"t100", "lb1_100"}};
	for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
		head(fields[f][0], NULL);
		printf("| over the oracle |");
		for (size_t i = 0; i < COLUMNS; i++)
			ratio_cell(results, fields[f][0], columns[i].policy, "oracle", fields[f][1]);
		printf("\n| over ddrescue (in-tree) |");
		for (size_t i = 0; i < COLUMNS; i++)
			ratio_cell(results, fields[f][0], columns[i].policy, "ddrescue", fields[f][0]);
		printf("\n| over the best plain rival |");
		for (size_t i = 0; i < COLUMNS; i++)
			ratio_cell(results, fields[f][0], columns[i].policy, BEST_PLAIN, fields[f][0]);
		printf("\n\n");
	}
}

static void legend(const struct results *results, const char *command)
{
	printf("# Results\n\n"
	       "Made by `%s`, never typed. What the model knows and what it cannot show stands in\n"
	       "[README.md](README.md). Drive time is virtual. A cell is the median over the seeds, the worst seed in\n"
	       "brackets; the unmodified ddrescue binary ran on one seed, above 8.5 GB on a disc of a tenth of the turns.\n"
	       "\"Never\": the share was not reached; in a ratio that counts as infinitely late. The best plain rival is, on each scenario, the fastest of linear,\n"
	       "bisection, ddrescue, ddrescue tuned (both in-tree) and predecessor. The oracle is LB1, an estimate for\n"
	       "one who knows everything but the coins and has five sessions. %zu scenarios.\n\n",
	       command, results->scenario_count);
}

int main(int argc, char **argv)
{
	struct results results;
	if (argc != 3 || !results_load(&results, argv[1])) {
		fprintf(stderr, "usage: table RESULTS.jsonl COMMAND\n");
		return 2;
	}
	legend(&results, argv[2]);
	printf("## Medians over all scenarios\n\n");
	ratios(&results);
	printf("## Drive time until 90 %% of the readable sectors are saved\n\n");
	table(&results, "t90", "lb1_90", time_cell);
	printf("## Drive time until 99 %% are saved\n\n");
	table(&results, "t99", "lb1_99", time_cell);
	printf("## Drive time until 99.9 %% are saved\n\n");
	table(&results, "t999", "lb1_999", time_cell);
	printf("## Drive time until all of them are saved\n\n");
	table(&results, "t100", "lb1_100", time_cell);
	printf("## Drive time to the end\n\n");
	table(&results, "virtual_s", NULL, time_cell);
	printf("## Saved at the end and not wrong, %% of the readable sectors (mean, least)\n\n");
	table(&results, "finished", NULL, share_cell);
	printf("## Wrong bytes taken for saved, sectors\n\n");
	table(&results, "wrong", NULL, count_cell);
	printf("## Failed reads\n\n");
	table(&results, "failed", NULL, count_cell);
	printf("## Times the drive wedged\n\n");
	table(&results, "wedges", NULL, count_cell);
	results_finish(&results);
	return 0;
}
