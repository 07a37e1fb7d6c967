/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long head and spindle take: speeds over the radius, seeks, rotation,
 * ramps. Pure functions of a drive's numbers and a disc's geometry; they keep
 * nothing and know no commands.
 */
#ifndef SIM_MECHANICS_H
#define SIM_MECHANICS_H

#include "core/spiral.h"
#include "sim/drive_params.h"

/* How fast it reads between two sectors, so that the radius hardly changes. */
struct mechanics_rate {
	uint64_t from, to; /* good for sectors [from, to) */
	uint64_t block_ns; /* an ECC block passes in this time */
	uint64_t turn_ns;  /* one turn */
	double rpm;
	double x; /* speed over 1x */
};

/* The speeds of a disc: BDXL has others than BD. */
enum drive_kind mechanics_kind(const struct medium *medium);

/* Speed number `step` of a drive, for the stretch of the spiral that holds `sector`. */
void mechanics_rate(const struct drive_params *params, enum drive_kind kind, unsigned step,
		    const struct spiral *spiral, uint64_t sector, struct mechanics_rate *rate);

/* Nominal speed over 1x at a radius: what a drive would say of itself. */
double mechanics_x(const struct drive_params *params, enum drive_kind kind, double top_x, double r_mm,
		   double rim_mm);

/* The head moves by so much (mm of radius, tracks); without layer change and rotation. */
uint64_t mechanics_seek_ns(const struct drive_params *params, double mm, double tracks);

/* The spindle changes its speed. */
uint64_t mechanics_ramp_ns(const struct drive_params *params, double rpm_from, double rpm_to);

/*
 * Turns (0 <= w < 1) until `to` passes below a head that stood at `from` when
 * the disc had still `turned` turns to go.
 */
double mechanics_wait_turns(const struct spiral *spiral, const struct spiral_place *from, double turned,
			    const struct spiral_place *to);

#endif
