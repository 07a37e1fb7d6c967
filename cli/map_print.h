/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "respin map" prints, exactly as GNU ddrescuelog prints it, so that what
 * reads the one reads the other. Does not load maps.
 */
#ifndef CLI_MAP_PRINT_H
#define CLI_MAP_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "map_domain.h"

/* ddrescuelog -t: the map, as far as the domain reaches. `name` may be NULL; `binary`: KiB instead of kB. */
void map_print_status(const struct respin_map *map, const struct map_domain *domain, const char *name,
		      bool binary);

/*
 * The map as a mapfile, with the status line of another one, which it came
 * from, and a command line in its head. annotated: the parts in the domain lie
 * apart, each with its place and size for people.
 */
void map_print_file(FILE *file, const struct respin_map *map, const struct respin_map *from,
		    const struct map_domain *annotated, const char *command_line, bool binary);

#endif
