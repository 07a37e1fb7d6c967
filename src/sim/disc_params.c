/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every key of a disc, with default, range and meaning. [S]: a figure found in
 * a source (a standard, a published measurement); [E]: an estimate of ours.
 * Behaviour stands elsewhere.
 */
#include "sim/disc_params.h"

#define AT(field) offsetof(struct disc_params, field)
#define SECTORS_MAX 2147483648.0 /* READ(10) reaches 2^32; 4 TiB are more than any disc */

#define COUNT(name, field, min, max, fallback, meaning)                                                      \
	{                                                                                                    \
		name, KEY_COUNT, AT(field), min, max, fallback, meaning, NULL, 0                             \
	}
#define NAMED(name, field, min, max, fallback, words, meaning)                                               \
	{                                                                                                    \
		name, KEY_COUNT, AT(field), min, max, fallback, meaning, words, 0                            \
	}
#define REAL(name, field, min, max, fallback, meaning)                                                       \
	{                                                                                                    \
		name, KEY_REAL, AT(field), min, max, fallback, meaning, NULL, 0                              \
	}
#define WORD(name, field, words, fallback, meaning)                                                          \
	{                                                                                                    \
		name, KEY_WORD, AT(field), 0, 0, fallback, meaning, words, 0                                 \
	}
#define LIST(field, meaning)                                                                                 \
	{                                                                                                    \
#field, KEY_LIST, AT(field), 0, 0, NULL, meaning, NULL, 0                                    \
	}

static const struct key keys[] = {
	NAMED("profile", profile, 0, 0xffff, "0", "cd=0x8 dvd=0x10 bd=0x40",
	      "MMC profile; 0: the medium's, or DVD-ROM"),
	COUNT("size", size, 0, SECTORS_MAX, "0", "sectors; 0: the image's, or a full disc"),

	/* Geometry. */
	COUNT("drawn", drawn, 0, 1, "1", "draws the next five within their tolerances, around what is given"),
	REAL("velocity", velocity, 0.8, 1.25, "1",
	     "linear velocity over nominal; drawn: 0.97 to 1.03"),                                /* [S] */
	REAL("pitch", pitch, 0.8, 1.25, "1", "track pitch over nominal; drawn: +-1 %, CD +-6 %"), /* [S] */
	REAL("r0_shift", r0_shift_mm, -1, 5, "0",
	     "mm that LBA 0 lies further out; drawn: -0.2 to 0; BD with spare areas: 0.62"), /* [S] */
	REAL("eccentric", eccentric_mm, 0, 0.5, "0",
	     "mm of the spiral's centre beside the hole's; drawn: to 0.06"),
	REAL("decentre", decentre_mm, 0, 0.5, "0",
	     "mm of further layers' centres beside the first's; drawn: to 0.1"), /* [E] */
	REAL("stretch", stretch, 0.5, 2, "1",
	     "track per LBA over nominal; fixed packets: 1.22"), /* [S] 39/32 */
	REAL("drift", drift, 0, 0.05, "0.002", "the velocity wanders by so much inside the disc"), /* [E] */
	REAL("pitch_walk", pitch_walk, 0, 0.05, "0.001", "the pitch, too"),                        /* [E] */
	REAL("scale", scale, 1, 10000, "1", "one turn stands for so many: a small disc of the same shape"),

	/* What it claims, how it is laid out. */
	WORD("medium", tray, "yes none open", "yes", "whether a disc is in the tray, or the tray open"),
	NAMED("last", last, 0, 4294967295.0, "true", "true=0xffffffffffffffff",
	      "last LBA that READ CAPACITY claims"),
	COUNT("block_bytes", block_bytes, 0, 4294967295.0, "2048", "block length that it claims"),
	LIST(sessions, "sectors of each session; between them are gaps; empty: one session"),
	COUNT("runout", runout, 0, 1000, "0", "unreadable sectors at the end of each data track; CD-R: 2"),
	LIST(audio, "sectors of audio tracks"),
	LIST(blank, "sectors that were never recorded"),

	/* Sectors, one by one. */
	LIST(bad, "sectors that always fail"),
	LIST(weak, "sectors that read at the try number tries="),
	LIST(marginal, "sectors that read with a recovered error"),
	LIST(hang, "a read of these comes back only when interrupted"),
	COUNT("every", every, 0, SECTORS_MAX, "0",
	      "the middle one of every so many sectors always fails; 0: none"),
	COUNT("tries", tries, 1, 255, "3", "at which try weak sectors read"),
	COUNT("ecc", ecc, 0, 1, "0", "1: a listed sector takes its whole ECC block with it"),

	/*
	 * Luck. The three parts of a session make 0.10 together, which on a faded
	 * DVD-R gives what was seen of one drive: 36 % of the blocks that failed in
	 * one session read in the next [S]. How it divides is an estimate [E].
	 */
	REAL("sigma_block", sigma_block, 0, 1, "0.08",
	     "a session's luck, each block's own (deviation of the margin)"),
	REAL("sigma_region", sigma_region, 0, 1, "0.05", "a session's luck, common to 0.5 mm of radius"),
	REAL("sigma_global", sigma_global, 0, 1, "0.03", "a session's luck, common to the disc"),
	REAL("tau", tau, 0.001, 1, "0.03", "noise of one attempt"), /* [S] fitted with sigma */
	REAL("u_sigma", u_sigma, 0, 1, "0.05", "what one block has against others, for ever"), /* [E] */
	REAL("read_wear", read_wear, 0, 1, "0", "margin that each failed read of a block costs it"),
};

const struct key_table disc_keys = {"disc", keys, sizeof keys / sizeof *keys};
