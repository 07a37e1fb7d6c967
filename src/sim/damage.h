/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the shapes of a scenario to what each ECC block of a disc has lost. Each
 * kind of shape has a function; they share a canvas. Knows no reads.
 */
#ifndef SIM_DAMAGE_H
#define SIM_DAMAGE_H

#include "sim/canvas.h"
#include "sim/disc.h"

/* Draws disc->blocks and disc->leadin_x, anew if they were. RESPIN_E_INVALID, RESPIN_E_NOMEM. */
int damage_build(struct disc *disc, struct respin_error *error);

/* One shape: `key` is its own lot. What they cannot get memory for they note in canvas->failed. */
typedef void damage_fn(struct canvas *canvas, const struct shape *shape, uint64_t key);

damage_fn damage_radial, damage_arc, damage_spiral;        /* damage_stroke.c */
damage_fn damage_star, damage_hairlines;                   /* damage_crack.c */
damage_fn damage_smudge, damage_pinholes, damage_puncture; /* damage_spot.c */
damage_fn damage_rot, damage_fade, damage_warp;            /* damage_field.c */
damage_fn damage_badwrite, damage_list;                    /* damage_range.c */

#endif
