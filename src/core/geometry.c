/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of profiles and the arithmetic of requests. Does not talk to a drive. */
#include "core/geometry.h"

#include <assert.h>
#include <stddef.h>

#define ECC_CD 1u
#define ECC_DVD 16u /* ECMA-267 20.3: 16 sectors in an ECC block */
#define ECC_BD 32u  /* 32 sectors in a cluster; HD DVD has as many */

/* No pressed or recorded disc of a family is larger; used only where no profile is known. */
#define UNITS_MAX_CD 450000u   /* 99:59:74 */
#define UNITS_MAX_DVD 4300000u /* 8.54 GB: two layers, one side */

static const struct {
	uint16_t profile;
	uint16_t ecc_block;
	const char *name;
} profiles[] = {
	{0x0008, ECC_CD, "CD-ROM"},       {0x0009, ECC_CD, "CD-R"},       {0x000a, ECC_CD, "CD-RW"},
	{0x0010, ECC_DVD, "DVD-ROM"},     {0x0011, ECC_DVD, "DVD-R"},     {0x0012, ECC_DVD, "DVD-RAM"},
	{0x0013, ECC_DVD, "DVD-RW"},      {0x0014, ECC_DVD, "DVD-RW"},    {0x0015, ECC_DVD, "DVD-R DL"},
	{0x0016, ECC_DVD, "DVD-R DL"},    {0x0017, ECC_DVD, "DVD-RW DL"}, {0x001a, ECC_DVD, "DVD+RW"},
	{0x001b, ECC_DVD, "DVD+R"},       {0x002a, ECC_DVD, "DVD+RW DL"}, {0x002b, ECC_DVD, "DVD+R DL"},
	{0x0040, ECC_BD, "BD-ROM"},       {0x0041, ECC_BD, "BD-R"},       {0x0042, ECC_BD, "BD-R"},
	{0x0043, ECC_BD, "BD-RE"},        {0x0050, ECC_BD, "HD DVD-ROM"}, {0x0051, ECC_BD, "HD DVD-R"},
	{0x0052, ECC_BD, "HD DVD-RAM"},   {0x0053, ECC_BD, "HD DVD-RW"},  {0x0058, ECC_BD, "HD DVD-R DL"},
	{0x005a, ECC_BD, "HD DVD-RW DL"},
};
#define PROFILES (sizeof profiles / sizeof *profiles)

const char *geometry_name(uint16_t profile)
{
	for (size_t i = 0; i < PROFILES; i++)
		if (profiles[i].profile == profile)
			return profiles[i].name;
	return "unknown";
}

int geometry_is_cd(uint16_t profile)
{
	return profile >= 0x0008 && profile <= 0x000a;
}

static uint32_t ecc_floor(uint16_t profile, uint64_t units)
{
	for (size_t i = 0; i < PROFILES; i++)
		if (profiles[i].profile == profile)
			return profiles[i].ecc_block;
	if (units <= UNITS_MAX_CD)
		return ECC_CD;
	return units <= UNITS_MAX_DVD ? ECC_DVD : ECC_BD;
}

uint32_t geometry_ecc_block(uint16_t profile, uint16_t blocking, uint64_t units)
{
	uint32_t floor = ecc_floor(profile, units);
	if (blocking > floor && blocking <= GEOMETRY_ECC_BLOCK_MAX && blocking % floor == 0)
		return blocking;
	return floor;
}

uint32_t geometry_request_units(uint32_t ecc_block, uint32_t unit_bytes, uint32_t max_transfer_bytes)
{
	assert(ecc_block > 0 && unit_bytes > 0);
	uint32_t bytes =
		GEOMETRY_REQUEST_BYTES < max_transfer_bytes ? GEOMETRY_REQUEST_BYTES : max_transfer_bytes;
	uint32_t units = bytes / unit_bytes;
	if (units >= ecc_block)
		return units - units % ecc_block;
	while (units > 1 && ecc_block % units)
		units--;
	return units ? units : 1;
}
