/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a profile says about a medium: its name, how many sectors fail together,
 * how much is asked for in one command. It knows no layers, speeds or radii.
 */
#ifndef CORE_GEOMETRY_H
#define CORE_GEOMETRY_H

#include <stdint.h>

/* One request: 64 KiB passes every host adapter and holds the ECC block of a BD (32 x 2048). */
#define GEOMETRY_REQUEST_BYTES (64u << 10)
/* Plain sources have no drive to wear down; beyond 1 MiB nothing gets faster. */
#define GEOMETRY_PLAIN_REQUEST_BYTES (1u << 20)
/* No optical medium has a larger ECC block: what claims more is a lie. */
#define GEOMETRY_ECC_BLOCK_MAX 32u

/* "DVD-ROM" for a profile (MMC-6 5.3.1, table 95); "unknown" for others; never NULL. */
const char *geometry_name(uint16_t profile);

/* Is it a CD, where a track's kind decides what READ answers? */
int geometry_is_cd(uint16_t profile);

/*
 * Sectors that fail together: CD 1, DVD 16, BD and HD DVD 32. `blocking` is the
 * field of that name in the Random Readable feature (MMC-6 5.3.12), 0 if there
 * is none: targets answer 1 for everything, so it may only raise the figure,
 * and only to a multiple. `units` decides where the profile is unknown.
 */
uint32_t geometry_ecc_block(uint16_t profile, uint16_t blocking, uint64_t units);

/*
 * Units in one request: whole ECC blocks up to GEOMETRY_REQUEST_BYTES, or, when
 * the host cannot move a whole ECC block, the largest part that divides it.
 */
uint32_t geometry_request_units(uint32_t ecc_block, uint32_t unit_bytes, uint32_t max_transfer_bytes);

#endif
