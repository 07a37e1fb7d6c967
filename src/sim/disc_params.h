/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of one disc beside its damage, with the table of its keys. */
#ifndef SIM_DISC_PARAMS_H
#define SIM_DISC_PARAMS_H

#include "core/medium.h"
#include "sim/keys.h"
#include "sim/ranges.h"

enum disc_tray { TRAY_DISC, TRAY_EMPTY, TRAY_OPEN }; /* key medium=yes|none|open */

struct disc_params {
	const struct medium *medium; /* NULL: "plain", a disc without geometry */
	uint64_t profile;            /* 0: the medium's */
	uint64_t size;               /* sectors; 0: the image's, or the medium's */
	/* Geometry; nothing of it counts without a medium. */
	uint64_t drawn; /* velocity, pitch, r0, eccentricity and decentre are drawn around what is given */
	double velocity, pitch, r0_shift_mm, stretch, drift, pitch_walk, scale, eccentric_mm, decentre_mm;
	/* What it claims and how it is laid out. */
	uint64_t tray;          /* enum disc_tray */
	uint64_t last;          /* READ CAPACITY claims this last LBA; UINT64_MAX: the truth */
	uint64_t block_bytes;   /* and this block length */
	struct ranges sessions; /* data of each session, the rest is gap; empty: one session, all of it */
	uint64_t runout;        /* unreadable sectors at the end of each track (CD: 2) */
	struct ranges audio;    /* sectors of audio tracks */
	struct ranges blank;    /* not recorded: 8/00/00 */
	/* Plain lists of sectors: damage whose physics nobody here wrote. */
	struct ranges bad, weak, marginal, hang;
	uint64_t every; /* the middle one of every N sectors fails always */
	uint64_t tries; /* a weak sector reads at this try */
	uint64_t ecc;   /* 1: a listed sector takes its whole ECC block with it */
	/* Luck of reads (read model). */
	double sigma_block, sigma_region, sigma_global, tau, u_sigma;
	double read_wear; /* margin lost by a block with each failed read of it */
};

extern const struct key_table disc_keys;

#endif
