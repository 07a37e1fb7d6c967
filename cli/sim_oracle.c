/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin sim oracle: the least drive time in which the readable part of a disc
 * can be had at all. Runs no rescue.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/sim.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "say.h"
#include "sim.h"
#include "sim_trial.h"

#define NS_PER_S 1000000000u
#define NAME_ROOM ESCAPE_ROOM(1024)

struct table {
	bool json, begun;
	int name; /* columns */
};

static void print_head(struct table *table)
{
	if (table->begun)
		return;
	table->begun = true;
	(void)printf("%-*s      %9s", table->name, "", "readable");
	for (unsigned i = 0; i < RESPIN_SIM_SHARES; i++)
		(void)printf(" %7s %%", sim_shares[i]);
	(void)fputc('\n', stdout);
}

/* Every row says everything, so that each can be picked out alone. */
static void print_row(const struct table *table, const char *name, const char *bound,
		      const struct respin_sim_oracle *oracle, const uint64_t ns[RESPIN_SIM_SHARES])
{
	(void)printf("%s%*s  %s %9s", name, table->name - (int)escape_columns(name), "", bound,
		     quantity_percent(oracle->readable, oracle->readable + oracle->dead).text);
	for (unsigned i = 0; i < RESPIN_SIM_SHARES; i++)
		(void)printf(" %9s", quantity_clock((ns[i] + NS_PER_S / 2) / NS_PER_S).text);
	(void)fputc('\n', stdout);
}

static int foresee(struct table *table, const char *word)
{
	struct respin_error error = {0};
	struct respin_sim_oracle oracle = {.size = sizeof oracle};
	char *address = sim_address(word), name[NAME_ROOM];
	if (!address)
		return STATUS_OUTPUT;
	int code = respin_sim_oracle(address, &oracle, &error);
	if (code == 0 && table->json) {
		sim_oracle_print_json(address, &oracle);
	} else if (code == 0) {
		(void)escape_text(name, sizeof name, word);
		print_head(table);
		print_row(table, name, "LB0", &oracle, oracle.lb0_ns);
		print_row(table, name, "LB1", &oracle, oracle.lb1_ns);
	}
	(void)fflush(stdout); /* the next one may take a while */
	free(address);
	return code < 0 ? say_failure(code, &error) : STATUS_WHOLE;
}

static int widest(char *const *words)
{
	size_t most = 0;
	for (; *words; words++) {
		char name[NAME_ROOM];
		size_t columns = escape_columns(escape_text(name, sizeof name, *words));
		most = columns > most ? columns : most;
	}
	return (int)most;
}

int sim_oracle(int argc, char **argv)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct table table = {0};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'j')
			table.json = true;
		else if (found == 'h')
			return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
		else
			return options_refuse("sim", found, argv);
	}
	if (argc == optind)
		return say_usage("sim", "oracle: the name of a scenario is missing");
	int status = STATUS_WHOLE;
	table.name = widest(argv + optind);
	for (int i = optind; i < argc && status == STATUS_WHOLE; i++)
		status = foresee(&table, argv[i]);
	return status;
}
