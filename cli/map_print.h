/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "respin map" prints, exactly as GNU ddrescuelog prints it, so that what
 * reads the one reads the other. Does not load maps.
 */
#ifndef CLI_MAP_PRINT_H
#define CLI_MAP_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/map.h>

/* ddrescuelog -t. `name` may be NULL; `binary`: KiB instead of kB. */
void map_print_status(const struct respin_map *map, const char *name, bool binary);

/* ddrescuelog -l: the numbers of the blocks that hold a byte of these statuses. */
void map_print_blocks(const struct respin_map *map, unsigned mask, uint64_t block_bytes);

#endif
