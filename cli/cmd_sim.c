/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* respin sim: finds the subcommand and runs it. Knows no subcommand's options. */
#include <string.h>

#include "commands.h"
#include "say.h"
#include "sim.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{"list", sim_list},     {"show", sim_show},     {"run", sim_run},
	{"oracle", sim_oracle}, {"attach", sim_attach},
};

int cmd_sim(int argc, char **argv)
{
	if (argc < 2)
		return say_usage("sim", "list, show, run, oracle or attach is missing");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
	for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
		if (!strcmp(subcommands[i].name, argv[1]))
			return subcommands[i].run(argc - 1, argv + 1);
	return say_usage("sim", "there is no %s %s", argv[1][0] == '-' ? "option" : "command", argv[1]);
}
