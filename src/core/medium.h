/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kinds of disc as the standards make them: radii, pitch, length of a
 * sector, layers, ECC. Nominal values; one disc's own stand in its spiral.
 */
#ifndef CORE_MEDIUM_H
#define CORE_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum medium_family { FAMILY_CD, FAMILY_DVD, FAMILY_BD };

struct medium {
	const char *name;  /* "cd-74" cd-80 dvd-5 dvd-9 dvd-9-ptp bd-25 bd-50 bd-66 bd-100 */
	const char *title; /* for people: "DVD-9, opposite track path" */
	enum medium_family family;
	uint16_t profile; /* that of a pressed disc, MMC-6 5.3.1 */
	unsigned layers;
	bool opposite; /* odd layers run outside in */
	double r0_mm, r_out_mm;
	double pitch_mm;
	double sector_mm;     /* track length of one sector of 2048 bytes */
	double sectors_per_s; /* at 1x */
	uint32_t ecc_block;   /* sectors */
	uint64_t sectors;     /* of a full disc, all layers */
	double burst_mm;      /* obstructed track in one ECC block that its code just survives */
	double beam_mm;       /* diameter of the beam where it enters the disc */
};

extern const struct medium media[];
extern const size_t media_count;

const struct medium *medium_find(const char *name); /* NULL: none */
/* The kind that a profile (0: unknown) and a size suggest; for pictures, never for decisions. Never NULL. */
const struct medium *medium_guess(uint16_t profile, uint64_t sectors);

#endif
