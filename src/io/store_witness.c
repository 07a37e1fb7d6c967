/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashes of the units at the image's ends. Reads the image only when asked to. */
#include "io/store_witness.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "io/files.h"

#define WITNESS_BYTES (1u << 20)

void witness_begin(struct witness *witness, const struct layout *layout)
{
	witness_finish(witness);
	uint64_t count = WITNESS_BYTES / layout->unit_bytes;
	if (count > layout->units)
		count = layout->units;
	witness->hashes = calloc((size_t)count, 2 * sizeof *witness->hashes);
	witness->layout = *layout;
	witness->count = witness->hashes ? count : 0;
}

void witness_finish(struct witness *witness)
{
	free(witness->hashes);
	*witness = (struct witness){0};
}

/* Where the unit's hash is kept; NULL: it is of no interest. */
static uint64_t *slot(const struct witness *witness, uint64_t unit)
{
	uint64_t from_end = witness->layout.units - unit; /* 1 is the last one */
	if (unit < witness->count)
		return &witness->hashes[unit];
	return from_end <= witness->count ? &witness->hashes[2 * witness->count - from_end] : NULL;
}

static size_t unit_len(const struct witness *witness, uint64_t unit)
{
	return (size_t)(layout_pos(&witness->layout, unit + 1) - layout_pos(&witness->layout, unit));
}

static uint64_t known_hash(const unsigned char *data, size_t len)
{
	return hash_bytes(data, len, 0) | 1;
}

void witness_note(struct witness *witness, struct respin_range range, const unsigned char *data)
{
	uint64_t end = range.start + range.count, tail = witness->layout.units - witness->count;
	if (!witness->count || (range.start >= witness->count && end <= tail))
		return; /* as nearly always */
	for (uint64_t unit = range.start; unit < end; unit++) {
		uint64_t *known = slot(witness, unit);
		size_t len = unit_len(witness, unit);
		if (known)
			*known = known_hash(data, len);
		data += len;
	}
}

static int visit(const struct witness *witness, const struct respin_io *io, int file,
		 const struct respin_map *map, bool compare)
{
	uint64_t units = witness->layout.units, count = witness->count;
	_cleanup_free_ unsigned char *bytes = count ? malloc(witness->layout.unit_bytes) : NULL;
	for (uint64_t unit = 0; bytes && unit < units; unit++) {
		if (unit == count && units > 2 * count)
			unit = units - count; /* what lies between is of no interest */
		uint64_t *known = slot(witness, unit);
		assert(known);
		if ((compare && !*known) || map_at(map, unit) != RESPIN_FINISHED)
			continue;
		size_t len = unit_len(witness, unit);
		int rc = files_read(io, file, bytes, len, layout_pos(&witness->layout, unit));
		if (rc)
			return rc;
		if (compare && *known != known_hash(bytes, len))
			return -EIO;
		*known = known_hash(bytes, len);
	}
	return 0;
}

int witness_read(struct witness *witness, const struct respin_io *io, int file, const struct respin_map *map)
{
	return visit(witness, io, file, map, false);
}

int witness_compare(const struct witness *witness, const struct respin_io *io, int file,
		    const struct respin_map *map)
{
	return visit(witness, io, file, map, true);
}
