/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands of the program, one function each: argv[0] is the command's
 * name, the result is the exit status. Nothing here is known to the library.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stdbool.h>

/* What the program's exit status says; respin_exit_status() gives the same for a code. */
enum exit_status {
	STATUS_WHOLE = 0,   /* everything is in the image: nothing to complain about */
	STATUS_MISSING = 1, /* ended, sectors are still missing */
	STATUS_USAGE = 2,
	STATUS_SOURCE = 3,
	STATUS_OUTPUT = 4,
	STATUS_REFUSED = 5,
	STATUS_STOPPED = 6, /* by the user, all saved */
};

int cmd_rescue(int argc, char **argv); /* also sweep and patch: argv[0] tells */
int cmd_drives(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_files(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_sim(int argc, char **argv); /* its subcommands: sim.h */
int cmd_help(int argc, char **argv);

/* The help of one command, as "respin COMMAND --help" prints it. False: no such command. */
bool help_print(const char *command);

#endif
