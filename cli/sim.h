/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The subcommands of "respin sim", one function each: argv[0] is the
 * subcommand's name, the result is the exit status. And what several of them
 * need: how a simulated drive may be named.
 */
#ifndef CLI_SIM_H
#define CLI_SIM_H

#include <stdbool.h>

int sim_list(int argc, char **argv);
int sim_show(int argc, char **argv);
int sim_run(int argc, char **argv);
int sim_oracle(int argc, char **argv);
int sim_attach(int argc, char **argv);

/* Every sector of a simulated disc, in the image and in a mapfile. */
#define SIM_SECTOR_BYTES 2048u

/*
 * NAME, FILE.sim, exec:COMMAND or a whole address, each with or without its
 * "sim:", as the library wants it. A file that exists may have any name. free()
 * it. NULL, after a message: no memory.
 */
char *sim_address(const char *word);

/* With one more KEY=VALUE: `first`, so that what stands there outdoes it, or behind. free() it. As above. */
char *sim_address_with(const char *address, const char *pair, bool first);

/* A model of somebody else's: nothing can be known or set from here. */
bool sim_address_is_model(const char *address);

#endif
