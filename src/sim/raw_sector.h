/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A CD-ROM sector as it lies on the disc: 2352 bytes made from 2048 (ECMA-130
 * clause 14). Before scrambling; without CIRC, which no command delivers. Pure.
 */
#ifndef SIM_RAW_SECTOR_H
#define SIM_RAW_SECTOR_H

#include <stdint.h>

#define RAW_SECTOR 2352u
#define RAW_SYNC 12u
#define RAW_HEADER 4u
#define RAW_USER 2048u
#define RAW_PARITY 288u /* EDC, eight zeros, P and Q */

/* Mode 1. `lba` from 0; the header counts minutes, seconds and frames from 00:02:00 on. */
void raw_sector_mode1(uint8_t out[RAW_SECTOR], uint32_t lba, const uint8_t user[RAW_USER]);

#endif
