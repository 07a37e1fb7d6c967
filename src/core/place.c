/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a sector lies on a disc of its kind, for people: respin_disc_place. A
 * nominal disc; one disc's own tolerances and anything that decides are not
 * known here.
 */
#include <respin/map.h>

#include <string.h>

#include "core/spiral.h"

#define UM_PER_MM 1000.0
/* A drive counts a CD's speed in raw sectors (MMC-6 6.42: 176.4 kB/s is 1x), all others' in those of 2048 bytes. */
#define RAW_CD_BYTES 2352.0
#define DATA_BYTES 2048.0

int respin_disc_place(const struct respin_source_info *info, uint64_t unit, struct respin_place *place)
{
	if (unit >= info->units || !info->profile)
		return 0;
	const struct medium *medium = medium_guess(info->profile, info->units);
	const struct spiral_params params = {
		.medium = medium,
		.sectors = info->units,
		.velocity = 1,
		.pitch = 1,
		.stretch = 1,
		.scale = 1,
	};
	struct spiral spiral;
	struct spiral_place at;
	spiral_init(&spiral, &params);
	spiral_place(&spiral, (double)unit, &at);
	double counted = medium->family == FAMILY_CD ? RAW_CD_BYTES : DATA_BYTES;
	const struct respin_place own = {
		.size = place->size < sizeof own ? place->size : sizeof own,
		.radius_um = (uint32_t)(at.r_mm * UM_PER_MM + 0.5),
		.layer = at.layer,
		.layers = medium->layers,
		.kbps_1x = medium->sectors_per_s * counted / 1000,
		.sectors_1x = medium->sectors_per_s,
	};
	memcpy(place, &own, own.size);
	return 1;
}
