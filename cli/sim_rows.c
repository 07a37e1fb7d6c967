/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many simulated rescues as a table, see sim_trial.h: one row a seed, plain numbers for those who go on with awk. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "quantity.h"
#include "sim_trial.h"

#define NS_PER_S 1000000000u

/* Together 79. */
#define SEED_WIDTH 7
static const struct column {
	const char *name;
	int width;
	bool is_time; /* in ns */
} columns[SIM_ROW_FIGURES] = {
	{"drive time", 10, true}, {"reads", 9, false}, {"failed", 7, false}, {"wedges", 7, false},
	{"missing", 9, false},    {"90%", 10, true},   {"99%", 10, true},    {"100%", 10, true},
};

static void print_row(const char *name, const struct sim_row *row)
{
	(void)printf("%-*s", SEED_WIDTH, name);
	for (unsigned i = 0; i < SIM_ROW_FIGURES; i++) {
		uint64_t figure = row->figures[i];
		if (figure == UINT64_MAX)
			(void)printf("%*s", columns[i].width, "never");
		else if (columns[i].is_time)
			(void)printf("%*s", columns[i].width,
				     quantity_clock((figure + NS_PER_S / 2) / NS_PER_S).text);
		else
			(void)printf("%*" PRIu64, columns[i].width, figure);
	}
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

void sim_row_print_head(void)
{
	(void)printf("%-*s", SEED_WIDTH, "seed");
	for (unsigned i = 0; i < SIM_ROW_FIGURES; i++)
		(void)printf("%*s", columns[i].width, columns[i].name);
	(void)fputc('\n', stdout);
}

struct sim_row sim_row_print(const struct sim_trial *trial)
{
	const struct respin_sim_result *result = &trial->result;
	const struct sim_row row = {{result->virtual_ns, result->reads, result->failed_reads, result->wedges,
				     sim_trial_missing(trial), result->reached_ns[1], result->reached_ns[2],
				     result->reached_ns[4]}};
	char seed[24];
	(void)snprintf(seed, sizeof seed, "%" PRIu64, trial->scenario.seed);
	print_row(seed, &row);
	return row;
}

static int by_size(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

void sim_row_print_sum(const struct sim_row *rows, size_t count)
{
	struct sim_row middle = {0}, worst = {0};
	uint64_t *figures = calloc(count, sizeof *figures);
	for (unsigned i = 0; figures && i < SIM_ROW_FIGURES; i++) {
		for (size_t row = 0; row < count; row++)
			figures[row] = rows[row].figures[i];
		qsort(figures, count, sizeof *figures, by_size);
		middle.figures[i] = figures[count / 2];
		worst.figures[i] = figures[count - 1];
	}
	if (figures && count > 1) {
		print_row("median", &middle);
		print_row("worst", &worst);
	}
	free(figures);
}
