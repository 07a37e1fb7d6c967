/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damage as shapes on the surface of a disc: their names, and the keys of
 * each. What they do to ECC blocks is the business of damage.c; nothing here
 * knows of reads or drives.
 */
#ifndef SIM_SHAPE_H
#define SIM_SHAPE_H

#include "sim/keys.h"
#include "sim/ranges.h"

enum shape_kind {
	SHAPE_RADIAL,    /* radial or diagonal strokes of changing width */
	SHAPE_ARC,       /* tangential: follows a circle */
	SHAPE_SPIRAL,    /* winds along with the track */
	SHAPE_STAR,      /* a crack with arms */
	SHAPE_HAIRLINES, /* 50 to 500 fine curved strokes, of which only overlaps fail */
	SHAPE_SMUDGE,    /* fingerprint: ridged ellipse, marginal, speed matters, can be cleaned */
	SHAPE_PINHOLES,  /* clustered holes in the data layer */
	SHAPE_PUNCTURE,  /* one from the label side */
	SHAPE_ROT,       /* from the edge inwards, crescent */
	SHAPE_FADE,      /* of the dye: smooth, worse outside */
	SHAPE_WARP,      /* tilt: worse outside and at speed */
	SHAPE_BADWRITE,  /* ranges of LBAs that a burner spoilt */
	SHAPE_LEADIN,    /* the lead-in: the disc is hard to recognise */
	SHAPE_LIST,      /* plain LBAs, as field maps list them */
	SHAPE_KINDS,
};

/* "drawn": an angle below 0, a length or a width of 0 (a radial length below 0), a slope beyond all others. */
#define SHAPE_SLOPE_DRAWN 1e9

/* All shapes share one set of fields; each kind's table names those that it has. */
struct shape {
	enum shape_kind kind;
	uint64_t count;       /* strokes, arms, holes, ranges */
	struct key_span r;    /* mm */
	struct key_span at;   /* sectors (bad writes), as numbers */
	double angle;         /* turns, 0..1; negative: drawn */
	double slope;         /* turns per mm of radius: diagonal */
	double length, width; /* mm; of bad writes: ECC blocks */
	double taper;         /* 0: even; 1: the width falls to nothing at the end */
	double rough;         /* how much the width wanders along the stroke (log-normal, every 0.5 mm) */
	double weight;        /* 1 opaque .. 0 clear */
	double softness;      /* mm: decay length of rot, fade */
	double crescent;      /* mm: how far the edge swings once a turn */
	double depth;         /* obstruction at the worst place, as x of a block */
	double spread;        /* mm: of clusters */
	double tilt;          /* degrees, at the rim */
	double alpha;         /* margin lost with each doubling of speed */
	double servo;         /* turns that fail after it, when the servo was thrown off */
	double servo_p;       /* how often a crossing that obstructs long enough does that */
	uint64_t layer;       /* 0: every layer; n: only layer n - 1 */
	struct ranges list;
};

extern const char *const shape_names[SHAPE_KINDS];
extern const struct key_table shape_keys[SHAPE_KINDS];

/* Does it lie on the surface, so that a disc without geometry cannot have it? */
bool shape_has_place(enum shape_kind kind);

#endif
