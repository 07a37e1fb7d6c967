/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A few finished ECC blocks, chosen by the seed, with a hash of what the image
 * holds there. The lanes read them again from the disc: a wrong disc, a wrong
 * image and a lying storage all show up in one test. Does not compare.
 */
#include "io/output_parts.h"

#include <stdlib.h>

#include "base/block.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* The unit's ECC block, as far as it is finished. */
static struct respin_range block_around(uint64_t unit, uint32_t ecc_block, struct respin_range finished)
{
	uint64_t start = unit - unit % ecc_block, end = start + ecc_block;
	uint64_t finished_end = finished.start + finished.count;
	if (start < finished.start)
		start = finished.start;
	if (end > finished_end)
		end = finished_end;
	return (struct respin_range){start, end - start};
}

static void choose(struct output *output, uint64_t seed)
{
	uint64_t finished = 0, ranks[OUTPUT_SAMPLES_MAX];
	struct respin_extent part;
	for (uint64_t pos = 0; domain_find(output->map, output->domain, pos, MASK(RESPIN_FINISHED), &part);
	     pos = part.range.start + part.range.count)
		finished += part.range.count;
	if (!finished)
		return;
	struct rng rng = {seed};
	for (size_t i = 0; i < OUTPUT_SAMPLES_MAX; i++)
		ranks[i] = rng_below(&rng, finished);
	qsort(ranks, OUTPUT_SAMPLES_MAX, sizeof *ranks, by_value);

	uint64_t passed = 0, taken_up_to = 0;
	size_t next = 0;
	for (uint64_t pos = 0; domain_find(output->map, output->domain, pos, MASK(RESPIN_FINISHED), &part);
	     pos = part.range.start + part.range.count) {
		for (; next < OUTPUT_SAMPLES_MAX && ranks[next] < passed + part.range.count; next++) {
			uint64_t unit = part.range.start + (ranks[next] - passed);
			if (unit < taken_up_to)
				continue; /* this block is in already */
			struct respin_range range = block_around(unit, output->ecc_block, part.range);
			output->samples[output->sample_count++].range = range;
			taken_up_to = range.start + range.count;
		}
		passed += part.range.count;
	}
}

int output_choose_samples(struct output *output, uint64_t seed, struct respin_error *error)
{
	if (output->store.image_kind == RESPIN_IO_OTHER)
		return 0;
	choose(output, seed);
	for (size_t i = 0; i < output->sample_count; i++) {
		struct output_sample *sample = &output->samples[i];
		uint64_t pos = layout_pos(&output->layout, sample->range.start);
		uint64_t end = layout_pos(&output->layout, sample->range.start + sample->range.count);
		unsigned char *bytes = block_alloc((size_t)(end - pos));
		if (!bytes)
			return error_set(error, RESPIN_E_NOMEM, 0, "no memory");
		int rc = files_read(&output->io, output->store.image, bytes, (size_t)(end - pos), pos);
		if (!rc)
			sample->hash = hash_bytes(bytes, (size_t)(end - pos), 0);
		respin_block_free(bytes);
		if (rc)
			return files_error(error, rc, output->image_at.path, "cannot be read");
	}
	return 0;
}
