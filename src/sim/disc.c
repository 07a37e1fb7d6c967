/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disc of disc.h: an image file or a pattern, with lists of what is wrong. Opens no file itself. */
#include "sim/disc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "core/geometry.h"

int disc_init(struct disc *disc, const struct sim_options *options, struct respin_source *image,
	      struct respin_error *error)
{
	*disc = (struct disc){.options = options, .image = *image, .sectors = options->size};
	*image = (struct respin_source){0};
	if (disc->image.ops) {
		struct respin_source_info info = {.size = sizeof info};
		disc->image.ops->info(disc->image.self, &info);
		if (options->size > info.units)
			return error_set(error, RESPIN_E_INVALID, 0,
					 "sim: size=%llu, but the image has only %llu sectors",
					 (unsigned long long)options->size, (unsigned long long)info.units);
		if (!disc->sectors)
			disc->sectors = info.units;
	}
	disc->ecc_block = geometry_ecc_block((uint16_t)options->profile, 0, disc->sectors);
	if (!options->weak.sectors)
		return 0;
	uint64_t weak_end = options->weak.items[options->weak.count - 1].last;
	disc->tries = weak_end < disc->sectors ? calloc(options->weak.sectors, 1) : NULL;
	if (!disc->tries)
		return error_set(error, RESPIN_E_INVALID, 0, "sim: weak= lists sectors beyond the disc");
	return 0;
}

void disc_finish(struct disc *disc)
{
	if (disc->image.ops)
		disc->image.ops->destroy(disc->image.self);
	free(disc->tries);
	*disc = (struct disc){0};
}

/* A weak sector fails until its try number `tries`. */
static bool weak_fails(struct disc *disc, uint64_t sector)
{
	uint8_t *tries = &disc->tries[ranges_index(&disc->options->weak, sector)];
	if (*tries < UINT8_MAX)
		++*tries;
	return *tries < disc->options->tries;
}

/* The first failing sector of first .. last. */
static bool find_bad(struct disc *disc, uint64_t first, uint64_t last, uint64_t *found)
{
	bool bad = ranges_find(&disc->options->bad, first, last, found);
	uint64_t every = disc->options->every;
	if (every) {
		uint64_t next = (first + every - 1 - every / 2) / every * every + every / 2;
		if (next <= last && (!bad || next < *found)) {
			*found = next;
			bad = true;
		}
	}
	uint64_t end = bad ? *found : last;
	uint64_t weak;
	while (disc->tries && first <= end && ranges_find(&disc->options->weak, first, end, &weak)) {
		if (weak_fails(disc, weak)) {
			*found = weak;
			return true;
		}
		first = weak + 1;
	}
	return bad;
}

enum disc_condition disc_try(struct disc *disc, uint64_t start, uint64_t count, uint64_t *first)
{
	assert(count > 0 && start < disc->sectors && count <= disc->sectors - start);
	uint64_t last = start + count - 1;
	uint64_t ecc = disc->options->ecc ? disc->ecc_block : 1;
	uint64_t from = start - start % ecc, to = last - last % ecc + ecc - 1;
	uint64_t bad, blank;
	bool is_bad = find_bad(disc, from, to, &bad);
	bool is_blank = ranges_find(&disc->options->blank, start, last, &blank);
	if (is_bad) {
		bad -= bad % ecc;
		bad = bad < start ? start : bad;
	}
	if (is_blank && (!is_bad || blank < bad)) {
		*first = blank;
		return DISC_BLANK;
	}
	if (is_bad) {
		*first = bad;
		return DISC_BAD;
	}
	return ranges_find(&disc->options->marginal, start, last, first) ? DISC_MARGINAL : DISC_GOOD;
}

static void pattern(uint64_t seed, uint64_t sector, unsigned char *out)
{
	struct rng rng = {rng_mix(seed + 1) ^ rng_mix(sector + 1)};
	for (size_t i = 0; i < DISC_SECTOR; i += sizeof(uint64_t)) {
		uint64_t word = rng_next(&rng);
		memcpy(out + i, &word, sizeof word);
	}
}

bool disc_read(struct disc *disc, uint64_t start, uint64_t count, void *out)
{
	unsigned char *bytes = out;
	if (count == 0)
		return true;
	if (!disc->image.ops) {
		for (uint64_t i = 0; i < count; i++)
			pattern(disc->options->seed, start + i, bytes + i * DISC_SECTOR);
		return true;
	}
	struct respin_request request = {.range = {start, count}};
	struct respin_reply reply;
	memset(out, 0, count * DISC_SECTOR); /* a short last sector is filled up */
	disc->image.ops->read(disc->image.self, &request, out, &reply);
	return reply.reason == RESPIN_REASON_GOOD;
}
