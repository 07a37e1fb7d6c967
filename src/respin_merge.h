/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What respin_merge.c, which opens and compares, hands to respin_merge_walk.c, which goes through the disc. */
#ifndef RESPIN_MERGE_PARTS_H
#define RESPIN_MERGE_PARTS_H

#include <respin/merge.h>

#include "core/merge.h"
#include "io/conflicts.h"
#include "io/output.h"
#include "io/partial.h"

struct merge {
	const struct respin_merge_options *options;
	struct partial images[MERGE_VOICES_MAX]; /* the last one in use is the output, as it was */
	unsigned count;                          /* of images; images[count] is the output */
	struct layout layout;
	struct merge_voices voices;
	struct output *output;
	struct respin_sink sink;
	struct conflicts conflicts;
	struct respin_map *past; /* what an earlier merge has listed, as conflicts_open has it; or NULL */
	struct respin_merge_report report;

	/* Of the walk. */
	unsigned char *buffers[MERGE_VOICES_MAX];
	uint64_t chunk_units;
	uint64_t careful_until; /* a read failed: unit by unit up to here */
	uint64_t complained;    /* voices whose failure was told */
	struct respin_merge_run run;
	bool run_pending;
	uint64_t done, total, told_ns;
};

void merge_say(const struct merge *merge, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Goes through the disc once and gives the output what it lacks; 0, 1 or a negative code. */
int merge_walk(struct merge *merge, struct respin_error *error);

#endif
