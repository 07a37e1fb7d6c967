/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of media. What a standard fixes stands here as it fixes it; what is
 * an estimate says so. It knows no one disc's tolerances and no drive's speeds.
 */
#include "core/medium.h"

#include <assert.h>
#include <string.h>

/*
 * Program areas end at 58 mm (IEC 60908 clause 8, ECMA-267 10.7, BD white paper
 * 2.1) and begin at 25 mm (CD) or 24 mm (DVD, BD). Between those radii the track
 * is pi (r1^2 - r0^2) / pitch long; over the length of a sector, that gives the
 * capacities of real discs within 0.03 % (DVD) and 0.01 % (BD), which is the
 * evidence for the lengths below.
 *
 * CD: 75 sectors a second; velocity 1.2 to 1.4 m/s, pitch 1.6 um (IEC 60908),
 * or 1.2 and 1.5 for 80 minutes. A disc that is full must end at 58 mm, so its
 * velocity follows: 1.211 m/s for 74 minutes, 1.196 m/s for 80.
 */
#define CD_SECTOR_74 (1211.3 / 75)
#define CD_SECTOR_80 (1195.6 / 75)
#define CD_SECTORS_74 333000u /* 74:00:00 */
#define CD_SECTORS_80 359849u /* 79:57:74, the lead-out of an 80 minute CD-R */
/* DVD: 26 sync frames of 1488 channel bits (ECMA-267 21); 133.3 or, on two layers, 146.7 nm each (10.6.3). */
#define DVD_CHANNEL_BITS (26 * 1488)
#define DVD_SECTOR_1 (DVD_CHANNEL_BITS * 133.3e-6)
#define DVD_SECTOR_2 (DVD_CHANNEL_BITS * 146.7e-6)
#define DVD_PER_S (26156250.0 / DVD_CHANNEL_BITS)
#define DVD_LAYER_1 2295104u          /* of a DVD+R, ECMA-349; a DVD-R has 2298496 */
#define DVD_LAYER_2 UINT64_C(2086912) /* of each layer of a DVD+R DL, ECMA-364 */
/* BD: a cluster of 32 sectors is 498 frames of 1932 channel bits at 66 MHz; 74.5 nm each, or 55.87 (BDXL, UHD). */
#define BD_CHANNEL_BITS (498 * 1932 / 32.0)
#define BD_SECTOR_25 (BD_CHANNEL_BITS * 74.5e-6)
#define BD_SECTOR_33 (BD_CHANNEL_BITS * 55.87e-6)
#define BD_PER_S (66e6 / BD_CHANNEL_BITS)
#define BD_LAYER_25 UINT64_C(12219392) /* of a BD-R */
#define BD_LAYER_33 UINT64_C(16292864) /* a third of a BD-R TL */

/*
 * Bursts. CD: C2 corrects 16 frames of 588 bits at 4.3218 MHz. DVD: 16 rows of
 * 182 bytes, all erased. BD: 64 rows if every byte is marked by the pickets
 * (9.2 mm), half of it unmarked; drives are somewhere between (estimate: 8 mm).
 */
#define CD_BURST(sector) ((sector)*16 / 98)
#define DVD_BURST(sector) ((sector)*16 * 16 / 208)
#define BD_BURST_25 8.0
#define BD_BURST_33 6.0 /* the same bits, shorter */

/* Beam at the entrance: 2 d tan(asin(NA / n)). BD: 0.125 at 100 um, 0.094 at 75; the mean where layers differ. */
#define CD_BEAM 0.71
#define DVD_BEAM 0.49
#define BD_BEAM_1 0.125
#define BD_BEAM_2 0.11
#define BD_BEAM_3 0.10

#define CD_COMMON                                                                                            \
	.family = FAMILY_CD, .profile = 0x0008, .layers = 1, .r0_mm = 25, .r_out_mm = 58,                    \
	.sectors_per_s = 75, .ecc_block = 1, .beam_mm = CD_BEAM
#define DVD_COMMON                                                                                           \
	.family = FAMILY_DVD, .profile = 0x0010, .r0_mm = 24, .r_out_mm = 58, .pitch_mm = 0.74e-3,           \
	.sectors_per_s = DVD_PER_S, .ecc_block = 16, .beam_mm = DVD_BEAM
#define BD_COMMON                                                                                            \
	.family = FAMILY_BD, .profile = 0x0040, .r0_mm = 24, .r_out_mm = 58, .pitch_mm = 0.32e-3,            \
	.sectors_per_s = BD_PER_S, .ecc_block = 32

/* Within a family from the small to the large; of equal ones the more usual first: medium_guess relies on it. */
const struct medium media[] = {
	{.name = "cd-74",
	 .title = "CD, 74 minutes",
	 CD_COMMON,
	 .pitch_mm = 1.6e-3,
	 .sector_mm = CD_SECTOR_74,
	 .sectors = CD_SECTORS_74,
	 .burst_mm = CD_BURST(CD_SECTOR_74)},
	{.name = "cd-80",
	 .title = "CD, 80 minutes",
	 CD_COMMON,
	 .pitch_mm = 1.5e-3,
	 .sector_mm = CD_SECTOR_80,
	 .sectors = CD_SECTORS_80,
	 .burst_mm = CD_BURST(CD_SECTOR_80)},
	{.name = "dvd-5",
	 .title = "DVD-5, one layer",
	 DVD_COMMON,
	 .layers = 1,
	 .sector_mm = DVD_SECTOR_1,
	 .sectors = DVD_LAYER_1,
	 .burst_mm = DVD_BURST(DVD_SECTOR_1)},
	{.name = "dvd-9",
	 .title = "DVD-9, opposite track path",
	 DVD_COMMON,
	 .layers = 2,
	 .opposite = true,
	 .sector_mm = DVD_SECTOR_2,
	 .sectors = 2 * DVD_LAYER_2,
	 .burst_mm = DVD_BURST(DVD_SECTOR_2)},
	{.name = "dvd-9-ptp",
	 .title = "DVD-9, parallel track path",
	 DVD_COMMON,
	 .layers = 2,
	 .sector_mm = DVD_SECTOR_2,
	 .sectors = 2 * DVD_LAYER_2,
	 .burst_mm = DVD_BURST(DVD_SECTOR_2)},
	{.name = "bd-25",
	 .title = "BD-25, one layer",
	 BD_COMMON,
	 .layers = 1,
	 .sector_mm = BD_SECTOR_25,
	 .sectors = BD_LAYER_25,
	 .burst_mm = BD_BURST_25,
	 .beam_mm = BD_BEAM_1},
	{.name = "bd-50",
	 .title = "BD-50, two layers",
	 BD_COMMON,
	 .layers = 2,
	 .opposite = true,
	 .sector_mm = BD_SECTOR_25,
	 .sectors = 2 * BD_LAYER_25,
	 .burst_mm = BD_BURST_25,
	 .beam_mm = BD_BEAM_2},
	{.name = "bd-66",
	 .title = "UHD BD-66, two layers",
	 BD_COMMON,
	 .layers = 2,
	 .opposite = true,
	 .sector_mm = BD_SECTOR_33,
	 .sectors = 2 * BD_LAYER_33,
	 .burst_mm = BD_BURST_33,
	 .beam_mm = BD_BEAM_2},
	{.name = "bd-100",
	 .title = "BDXL or UHD BD-100, three layers",
	 BD_COMMON,
	 .layers = 3,
	 .opposite = true,
	 .sector_mm = BD_SECTOR_33,
	 .sectors = 3 * BD_LAYER_33,
	 .burst_mm = BD_BURST_33,
	 .beam_mm = BD_BEAM_3},
};
const size_t media_count = sizeof media / sizeof *media;

const struct medium *medium_find(const char *name)
{
	for (size_t i = 0; i < media_count; i++)
		if (strcmp(media[i].name, name) == 0)
			return &media[i];
	return NULL;
}

/* Discs hold a little more than the table says: a DVD-R 0.15 % more than a DVD+R, an overburnt CD 1 %. */
static bool fits(uint64_t sectors, const struct medium *medium)
{
	return sectors <= medium->sectors + medium->sectors / 50;
}

/* MMC-6 5.3.1, table 95. False: the profile tells nothing. */
static bool family_of(uint16_t profile, enum medium_family *family)
{
	if (profile >= 0x0008 && profile <= 0x000a)
		*family = FAMILY_CD;
	else if (profile >= 0x0010 && profile <= 0x002b)
		*family = FAMILY_DVD;
	else if (profile >= 0x0040 && profile <= 0x005a)
		*family = FAMILY_BD; /* and HD DVD, whose discs look much the same */
	else
		return false;
	return true;
}

/* Recorded on two layers even where one would have had room: DVD-R DL and its kin, DVD+RW DL, DVD+R DL. */
static unsigned least_layers(uint16_t profile)
{
	bool dual = (profile >= 0x0015 && profile <= 0x0017) || profile == 0x002a || profile == 0x002b;
	return dual ? 2 : 1;
}

const struct medium *medium_guess(uint16_t profile, uint64_t sectors)
{
	enum medium_family family;
	bool known = family_of(profile, &family);
	const struct medium *guess = NULL;
	for (size_t i = 0; i < media_count; i++) {
		const struct medium *medium = &media[i];
		if ((known && medium->family != family) || medium->layers < least_layers(profile))
			continue;
		if (fits(sectors, medium))
			return medium;
		if (!guess || medium->sectors > guess->sectors)
			guess = medium;
	}
	assert(guess);
	return guess;
}
