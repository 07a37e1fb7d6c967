/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What several images of one disc make together: which of them has a unit, whose
 * bytes count where they differ, what stays unfinished. Pure: maps and bytes
 * in, verdicts out. It opens nothing, writes nothing and keeps no state.
 */
#ifndef CORE_MERGE_H
#define CORE_MERGE_H

#include <respin/merge.h>

#include "core/map.h"

/* One voice an image; the last one may be the output itself, as it was before. */
#define MERGE_VOICES_MAX (RESPIN_MERGE_IMAGES_MAX + 1u)

struct merge_voices {
	const struct respin_map *map[MERGE_VOICES_MAX]; /* in units, of one total */
	unsigned count;
	/* Voices with one number here are copies of one image: together they are one reading. Below 64. */
	uint8_t family[MERGE_VOICES_MAX];
	/*
	 * The output's voice, or 0: what stands there may have come from the very
	 * images that are merged, so it adds nothing to a version that another
	 * voice has, and nothing it never tried speaks against giving up.
	 */
	uint64_t own;
};

/* A stretch in which the same voices are finished. */
struct merge_stretch {
	struct respin_range range;
	uint64_t holders; /* bit a voice */
	uint8_t status;   /* enum respin_status if there is no holder; else RESPIN_FINISHED */
};

/* The stretch that begins at `from`, `max` units at most. `from` lies in the maps. */
struct merge_stretch merge_look(const struct merge_voices *voices, uint64_t from, uint64_t max);

/* What an earlier merge into the same output found here. */
enum merge_past {
	MERGE_NO_DISPUTE,
	MERGE_LEFT_OPEN,   /* one reading is not enough now; the output has its bytes from one since then */
	MERGE_WAS_SETTLED, /* the output's bytes had more readings than one */
};

/* One side of a disagreement. */
struct merge_version {
	uint64_t members; /* bit a voice; all have the same bytes */
	unsigned votes;   /* independent readings among them */
};

struct merge_verdict {
	uint8_t kind;     /* enum respin_merge_kind: AGREED, SETTLED or OPEN */
	uint64_t winners; /* the voices whose bytes count; 0: nobody's */
	unsigned version_count;
	struct merge_version versions[MERGE_VOICES_MAX]; /* in the order of their first members */
};

/* Compares one unit of `len` bytes: bytes[i] of each voice in `holders`. */
void merge_vote(const struct merge_voices *voices, const unsigned char *const bytes[], size_t len,
		uint64_t holders, enum merge_past past, struct merge_verdict *verdict);

/* Same kind, same sides? Then neighbours are one run. */
bool merge_same_verdict(const struct merge_verdict *a, const struct merge_verdict *b);

/*
 * Up to `max` units that both have, spread evenly, in order; how many. Where
 * the volume descriptors lie comes first, if both have them.
 */
size_t merge_common(const struct respin_map *a, const struct respin_map *b, uint64_t *units, size_t max);

/* Is it one disc? Filled unit by unit, then asked. */
struct merge_likeness {
	uint64_t compared;
	uint64_t telling; /* not one and the same byte throughout, in both */
	uint64_t differing;
	uint8_t volumes_differ; /* two volume descriptors that are not the same */
};

enum merge_same { MERGE_SAME_DISC, MERGE_OTHER_DISC, MERGE_NOBODY_KNOWS };

void merge_compare(struct merge_likeness *likeness, uint64_t unit, const unsigned char *a,
		   const unsigned char *b, size_t len);
enum merge_same merge_judge(const struct merge_likeness *likeness);

#endif
