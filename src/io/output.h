/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The output of a rescue, from its opening to its end: what is refused, the
 * locks, the map to go on from, what counts, and the sink that writes. Nothing
 * is touched before every refusal is passed. Does not read the source.
 */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include <respin/sink.h>

#include "core/map.h"
#include "core/mapfile.h"

struct output;

/* A finished stretch to be read again from the disc: is it this disc, and does the storage keep its word? */
struct output_sample {
	struct respin_range range;
	uint64_t hash; /* hash_bytes(the image's bytes, seed 0) */
};

#define OUTPUT_SAMPLES_MAX 16u

/*
 * Opens image and map for a source of info->units units of info->unit_bytes;
 * `seed` chooses the samples. Refusals: RESPIN_E_INVALID, _SAME_FILE, _LOCKED,
 * _MAP_DAMAGED, _MAP_SIZE, _IMAGE_SHORT, _IMAGE_NO_MAP. Failures:
 * RESPIN_E_OUTPUT, _FULL, _NOMEM.
 */
int output_open(const struct respin_output_options *options, const struct respin_source_info *info,
		uint64_t seed, struct output **output, struct respin_error *error);

/* The map to start from, in units. It changes with each commit: copy it before the first put. */
const struct respin_map *output_map(const struct output *output);
/* What counts is '+' there; NULL: the whole disc. */
const struct respin_map *output_domain(const struct output *output);
/* Where the map says that the last run stood. */
struct mapfile_resume output_resume(const struct output *output);
const struct output_sample *output_samples(const struct output *output, size_t *count);
/* What the person should know, a sentence each; NULL after the last one. */
const char *output_notice(const struct output *output, size_t i);

/* For the consumer thread alone; valid until output_destroy, which also destroys it. */
struct respin_sink output_sink(struct output *output);

/* Saves nothing. NULL is accepted. */
void output_destroy(struct output *output);

#endif
