/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every shape of damage with its keys: default, range, meaning. No table of
 * measured scratches exists; what is not said to be sourced is an estimate of
 * ours. What the shapes do stands in damage_*.c.
 */
#include "sim/shape.h"

#define AT(field) offsetof(struct shape, field)

/* Where discs have data, and a little more: scratches do not end where tracks do. */
#define R_MIN 20
#define R_MAX 60

#define COUNT(low, high, fallback, meaning)                                                                  \
	{                                                                                                    \
		"count", KEY_COUNT, AT(count), low, high, fallback, meaning, NULL, 0                         \
	}
#define REAL(name, min, max, fallback, words, meaning)                                                       \
	{                                                                                                    \
#name, KEY_REAL, AT(name), min, max, fallback, meaning, words, 0                             \
	}
#define R(fallback, meaning)                                                                                 \
	{                                                                                                    \
		"r", KEY_SPAN, AT(r), R_MIN, R_MAX, fallback, meaning, NULL, 0                               \
	}
#define ANGLE(meaning) REAL(angle, 0, 1, "drawn", "drawn=-1", meaning)
#define LENGTH_UP_TO(max, fallback, meaning) REAL(length, 0.01, max, fallback, "drawn=0", meaning)
#define LENGTH(fallback, meaning) LENGTH_UP_TO(100000, fallback, meaning)
#define STRAIGHT_MM 500 /* a straight line on a disc has 120 mm at most, and these are drawn in pieces */
#define WIDTH(fallback, meaning) REAL(width, 0.001, 60, fallback, "drawn=0", meaning)
#define WEIGHT(fallback) REAL(weight, 0, 1, fallback, NULL, "1: opaque, 0: clear")
#define ALPHA(fallback) REAL(alpha, 0, 1, fallback, NULL, "margin lost with each doubling of speed")
#define TAPER(fallback) REAL(taper, 0, 1, fallback, NULL, "0: even; 1: the width falls to nothing at the end")
#define ROUGH(fallback)                                                                                      \
	REAL(rough, 0, 1, fallback, NULL, "how much the width wanders, as a log-normal's sigma")
#define DEPTH(fallback, meaning) REAL(depth, 0, 100, fallback, NULL, meaning)
#define LAYER                                                                                                \
	{                                                                                                    \
		"layer", KEY_COUNT, AT(layer), 0, 4, "0",                                                    \
			"1 to 4: this layer alone; 0: every layer, one below the other", NULL, 0             \
	}
/* A lens thrown off by a long obstruction lands somewhere else and searches for a few turns (estimate). */
#define SERVO                                                                                                \
	REAL(servo, 0, 1000, "0", NULL, "turns behind a long crossing that fail, too: the servo was lost"),  \
		REAL(servo_p, 0, 1, "1", NULL, "share of the crossings that do that")

static const struct key radial[] = {
	COUNT(1, 1000, "1", "strokes"),
	R("30..42", "mm: from where to where; with length= they begin somewhere in this"),
	ANGLE("turns, of the stroke's inner end"),
	REAL(slope, -1, 1, "drawn", "drawn=1e9", "turns per mm of radius; drawn: about 0.008"),
	REAL(length, 0.01, 40, "span", "span=0 drawn=-1", "mm of radius; span: all of r=; drawn: about 8"),
	WIDTH("drawn", "mm along the track, without the beam's; drawn: about 0.5"),
	TAPER("0"),
	ROUGH("0.15"),
	WEIGHT("1"),
	ALPHA("0.03"),
	SERVO,
	LAYER,
};
static const struct key arc[] = {
	COUNT(1, 1000, "1", "arcs"),
	R("25..57", "mm: each lies somewhere in this"),
	ANGLE("turns, of the middle"),
	LENGTH("drawn", "mm along the track; drawn: about 15"),
	WIDTH("drawn", "mm of radius; drawn: 0.05 to 0.7"),
	TAPER("0"),
	WEIGHT("1"),
	ALPHA("0.03"),
	SERVO,
	LAYER,
};
static const struct key spiral[] = {
	COUNT(1, 100, "1", "scratches"),
	R("40..40.5", "mm: from where it winds out to where"),
	ANGLE("turns, of the inner end"),
	LENGTH("500", "mm along the track: at 40 mm a turn has 251"),
	WIDTH("0.05", "mm of radius"),
	TAPER("0"),
	WEIGHT("1"),
	ALPHA("0.03"),
	SERVO,
	LAYER,
};
static const struct key star[] = {
	COUNT(2, 100, "5", "arms"),
	R("35..45", "mm: its centre lies somewhere in this"),
	ANGLE("turns, of the centre"),
	LENGTH_UP_TO(STRAIGHT_MM, "12", "mm of an arm, about"),
	WIDTH("1", "mm of an arm at the centre"),
	TAPER("0.5"),
	WEIGHT("1"),
	ALPHA("0.03"),
	SERVO,
	LAYER,
};
static const struct key hairlines[] = {
	COUNT(1, 5000, "200", "strokes"),
	R("30..50", "mm: the middle of the field lies somewhere in this"),
	ANGLE("turns, of the field's middle"),
	REAL(spread, 0, 60, "12", NULL, "mm: how far strokes begin from there; 0: all over the disc"),
	LENGTH_UP_TO(STRAIGHT_MM, "25", "mm of a stroke, about"),
	WIDTH("0.03", "mm, about; each between 0.01 and 0.1"),
	REAL(weight, 0, 1, "1", NULL, "of a stroke as wide as the beam; a finer one takes less light"),
	ALPHA("0.03"),
	LAYER,
};
static const struct key smudge[] = {
	COUNT(1, 1000, "1", "smudges"),
	R("30..52", "mm: the centre lies somewhere in this"),
	ANGLE("turns, of the centre"),
	LENGTH("14", "mm: one axis of the ellipse"),
	WIDTH("10", "mm: the other axis"),
	WEIGHT("0.35"),
	ALPHA("0.08"),
	LAYER,
};
static const struct key pinholes[] = {
	COUNT(1, 100000, "300", "holes"),
	R("25..58", "mm: the clusters lie somewhere in this"),
	REAL(spread, 0, 60, "3", NULL, "mm: size of a cluster"),
	WIDTH("0.25", "mm of a hole, about"),
	WEIGHT("1"),
	ALPHA("0.03"),
	LAYER,
};
static const struct key puncture[] = {
	COUNT(1, 1000, "1", "holes"),
	R("30..55", "mm: the centre lies somewhere in this"),
	ANGLE("turns, of the centre"),
	WIDTH("3", "mm across"),
	WEIGHT("1"),
	ALPHA("0.03"),
	SERVO,
	LAYER,
};
static const struct key rot[] = {
	REAL(width, 0, 35, "0", NULL, "mm from the rim inwards that are past depth="),
	DEPTH("1.2", "x of a block there; 1 is the edge of what reads"),
	REAL(softness, 0.05, 50, "1.2", NULL, "mm further in, x is down to 1/e"),
	REAL(crescent, 0, 20, "1", NULL, "mm that the edge swings to either side once a turn"),
	ANGLE("turns, where it reaches furthest in"),
	ALPHA("0.05"),
	LAYER,
};
static const struct key fade[] = {
	DEPTH("1.25", "x of a block at the rim; 1 is the edge of what reads"),
	REAL(softness, 0.05, 50, "4", NULL, "mm further in, x is down to 1/e"),
	REAL(crescent, 0, 20, "0", NULL, "mm that it swings to either side once a turn"),
	ANGLE("turns, where it is worst"),
	ALPHA("0.05"),
	LAYER,
};
static const struct key warp[] = {
	REAL(tilt, 0, 5, "0.6", NULL, "degrees, at the rim"),
	ANGLE("turns, where the disc stands highest"),
	ALPHA("0.2"),
	LAYER,
};
static const struct key badwrite[] = {
	{"list", KEY_LIST, AT(list), 0, 0, NULL, "sectors, block by block; none: count= drawn ranges", NULL,
	 0},
	COUNT(1, 1000000, "1", "ranges, when there is no list"),
	{"at", KEY_SPAN, AT(at), 0, 4294967295.0, "0..4294967295", "sectors: the ranges begin in here", NULL,
	 0},
	LENGTH("20", "ECC blocks of a range, about"),
	DEPTH("1.5", "x of a block in it; 1 is the edge of what reads"),
	ALPHA("0.05"),
};
static const struct key leadin[] = {
	DEPTH("0.9", "its x; from 1 on the disc is hardly ever recognised"),
};
static const struct key list[] = {
	{"list", KEY_LIST, AT(list), 0, 0, NULL, "sectors; the ECC block of each is hit", NULL, 0},
	DEPTH("5", "x of such a block; 1 is the edge of what reads"),
	ALPHA("0"),
};

const char *const shape_names[SHAPE_KINDS] = {
	[SHAPE_RADIAL] = "radial",
	[SHAPE_ARC] = "arc",
	[SHAPE_SPIRAL] = "spiral",
	[SHAPE_STAR] = "star",
	[SHAPE_HAIRLINES] = "hairlines",
	[SHAPE_SMUDGE] = "smudge",
	[SHAPE_PINHOLES] = "pinholes",
	[SHAPE_PUNCTURE] = "puncture",
	[SHAPE_ROT] = "rot",
	[SHAPE_FADE] = "fade",
	[SHAPE_WARP] = "warp",
	[SHAPE_BADWRITE] = "badwrite",
	[SHAPE_LEADIN] = "leadin",
	[SHAPE_LIST] = "list",
};

#define TABLE(kind, keys) [kind] = {#keys, keys, sizeof(keys) / sizeof *(keys)}
const struct key_table shape_keys[SHAPE_KINDS] = {
	TABLE(SHAPE_RADIAL, radial),
	TABLE(SHAPE_ARC, arc),
	TABLE(SHAPE_SPIRAL, spiral),
	TABLE(SHAPE_STAR, star),
	TABLE(SHAPE_HAIRLINES, hairlines),
	TABLE(SHAPE_SMUDGE, smudge),
	TABLE(SHAPE_PINHOLES, pinholes),
	TABLE(SHAPE_PUNCTURE, puncture),
	TABLE(SHAPE_ROT, rot),
	TABLE(SHAPE_FADE, fade),
	TABLE(SHAPE_WARP, warp),
	TABLE(SHAPE_BADWRITE, badwrite),
	TABLE(SHAPE_LEADIN, leadin),
	TABLE(SHAPE_LIST, list),
};

bool shape_has_place(enum shape_kind kind)
{
	return kind != SHAPE_BADWRITE && kind != SHAPE_LEADIN && kind != SHAPE_LIST;
}
