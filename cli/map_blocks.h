/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps as numbers of blocks, for the tools that speak of those: as a list, one
 * number a line, or as a bitmap. Both ways; blocks count from the output's
 * beginning.
 */
#ifndef CLI_MAP_BLOCKS_H
#define CLI_MAP_BLOCKS_H

#include <stdio.h>

#include "map_domain.h"
#include "map_options.h"

/* Prints the blocks of command->types, even where only a part of one has them. */
int map_blocks_print(const struct respin_map *map, const struct map_domain *domain,
		     const struct map_command *command);

/* Sets the blocks that `file` names, as far as they lie in the domain. MAP_OK, or MAP_DAMAGED with *line set. */
int map_blocks_read(FILE *file, struct respin_map *map, const struct map_domain *domain,
		    const struct map_command *command, unsigned long *line);

#endif
