/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The texts of the help, and the same as lists for the completion of a shell.
 * What a person sees is help_print's (commands.h).
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>

#define HELP_PARTS 3 /* usage and what it does, options, the rest */

/* The text of a command (NULL: of the program) in its parts. False: no such command. */
bool help_parts(const char *command, const char *parts[HELP_PARTS]);

/*
 * "respin help --list [COMMAND]": WORD, TAB, VALUE, TAB, what it is. Of the
 * program its commands; of a command its options, its subcommands, and by number
 * what its words are. Returns the exit status.
 */
int help_list(const char *command);

#endif
