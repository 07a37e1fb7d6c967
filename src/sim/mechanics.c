/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of mechanics.h. Numbers of drives stand in drive_params.c, of discs in core/medium.c. */
#include "sim/mechanics.h"

#include <assert.h>

#include "base/num.h"

#define NS_PER_S 1e9
/* Over so small a part of a layer the radius, and with it the speed, changes by 0.05 % at most. */
#define STRETCHES 1024u
/* A full stroke, the drive's own measure: from 24 to 58 mm. */
#define STROKE_MM 34.0
/* A BD sector of 2.24 mm on 25 GB a layer, of 1.68 mm on 33 GB. */
#define BDXL_SECTOR_MM 2.0

enum drive_kind mechanics_kind(const struct medium *medium)
{
	switch (medium->family) {
	case FAMILY_CD:
		return KIND_CD;
	case FAMILY_DVD:
		return medium->layers > 1 ? KIND_DVD_DL : KIND_DVD;
	case FAMILY_BD:
		break;
	}
	if (medium->sector_mm < BDXL_SECTOR_MM)
		return KIND_BDXL;
	return medium->layers > 1 ? KIND_BD_DL : KIND_BD;
}

double mechanics_x(const struct drive_params *params, enum drive_kind kind, double top_x, double r_mm,
		   double rim_mm)
{
	double cav = top_x * r_mm / rim_mm;
	switch ((enum drive_curve)params->curve[kind]) {
	case CURVE_CAV:
		return cav;
	case CURVE_CLV:
		return top_x;
	case CURVE_PCAV:
		return cav * params->pcav_ratio < top_x ? cav * params->pcav_ratio : top_x;
	case CURVE_ZCLV:
		break;
	}
	double inner = rim_mm - STROKE_MM, width = STROKE_MM / (double)params->zclv_zones;
	double zone = num_floor((r_mm - inner) / width);
	double last = (double)params->zclv_zones - 1;
	zone = zone < 0 ? 0 : zone > last ? last : zone;
	return top_x * (inner + (zone + 1) * width) / rim_mm;
}

/*
 * Where the spindle's rpm is what is held, sectors that this disc has longer
 * than the standard's take longer; where the data rate is, they do not.
 */
static double sectors_per_s(const struct drive_params *params, enum drive_kind kind, double top_x,
			    const struct medium *medium, double r_mm, double per_turn)
{
	double held = top_x * medium->sectors_per_s;
	double cav_turns = held * medium->sector_mm / (2 * NUM_PI * medium->r_out_mm);
	double spun = cav_turns * per_turn;
	switch ((enum drive_curve)params->curve[kind]) {
	case CURVE_CAV:
		return spun;
	case CURVE_CLV:
		return held;
	case CURVE_PCAV:
		return spun * params->pcav_ratio < held ? spun * params->pcav_ratio : held;
	case CURVE_ZCLV:
		break;
	}
	return mechanics_x(params, kind, top_x, r_mm, medium->r_out_mm) * medium->sectors_per_s;
}

void mechanics_rate(const struct drive_params *params, enum drive_kind kind, unsigned step,
		    const struct spiral *spiral, uint64_t sector, struct mechanics_rate *rate)
{
	const struct medium *medium = spiral->medium;
	unsigned i = spiral->layer_count - 1;
	while (i > 0 && sector < spiral->layers[i].first)
		i--;
	const struct spiral_layer *layer = &spiral->layers[i];
	uint64_t width = layer->count / STRETCHES / medium->ecc_block * medium->ecc_block;
	width = width ? width : medium->ecc_block;
	rate->from = layer->first + (sector - layer->first) / width * width;
	rate->to = rate->from + width;
	uint64_t end = layer->first + layer->count;
	if (i + 1 < spiral->layer_count && rate->to > end)
		rate->to = end;

	struct spiral_place place;
	double middle = (double)rate->from + (double)width / 2;
	spiral_place(spiral, middle < (double)end ? middle : (double)end, &place);
	double per_turn = spiral_sectors_per_turn(spiral, &place);
	const struct key_steps *steps = &params->steps[kind];
	assert(step < steps->count);
	double per_s = sectors_per_s(params, kind, steps->at[step], medium, place.r_mm, per_turn);
	rate->block_ns = (uint64_t)(NS_PER_S * medium->ecc_block / per_s + 0.5);
	rate->turn_ns = (uint64_t)(NS_PER_S * per_turn / per_s + 0.5);
	rate->rpm = 60 * per_s / per_turn;
	rate->x = per_s / medium->sectors_per_s;
}

uint64_t mechanics_seek_ns(const struct drive_params *params, double mm, double tracks)
{
	uint64_t ns = params->settle_ns;
	if (tracks <= (double)params->near_tracks)
		return ns + (uint64_t)((double)params->near_ns * num_sqrt(tracks));
	return ns + params->sled_ns + (uint64_t)((double)params->stroke_ns * num_sqrt(mm / STROKE_MM));
}

uint64_t mechanics_ramp_ns(const struct drive_params *params, double rpm_from, double rpm_to)
{
	double rpm = rpm_to > rpm_from ? rpm_to - rpm_from : rpm_from - rpm_to;
	return (uint64_t)(NS_PER_S * rpm / params->ramp_rpm_s);
}

double mechanics_wait_turns(const struct spiral *spiral, const struct spiral_place *from, double turned,
			    const struct spiral_place *to)
{
	double here = from->turn + spiral->layers[from->layer].angle + turned;
	double there = to->turn + spiral->layers[to->layer].angle;
	double wait = there - here;
	return wait - num_floor(wait);
}
