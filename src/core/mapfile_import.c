/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the bytes of a mapfile to the units of a rescue, and from its status line
 * to the place where the rescue goes on. Never gives a unit more than all of its
 * bytes have. Knows nothing of the image.
 */
#include "core/mapfile.h"

#include <assert.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Runs looked at between two walks down the tree. */
#define BATCH 64

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

/* What lies beyond the source may be cut off, if it is one last run that begins within and is not '+'. */
static int check_size(const struct respin_map *bytes, uint64_t size, const char *name,
		      struct respin_error *error)
{
	struct respin_range span = map_span(bytes);
	if (end_of(span) <= size)
		return 0;
	struct respin_extent extent;
	if (map_find(bytes, size, MASK(RESPIN_FINISHED), &extent) && extent.range.start < end_of(span))
		return error_set(error, RESPIN_E_MAP_SIZE, 0,
				 "%.300s: rescued data lie beyond the end of the source (%" PRIu64
				 " bytes): this is the map of another one",
				 name, size);
	if (span.count > 0 && map_find_back(bytes, end_of(span), MASK_ALL, &extent) &&
	    (extent.range.start > size || span.start > size))
		return error_set(error, RESPIN_E_MAP_SIZE, 0,
				 "%.300s: its last block begins beyond the end of the source (%" PRIu64
				 " bytes): this is the map of another one",
				 name, size);
	return 0;
}

/*
 * Lays one run of bytes over the units it touches. `last` is the status of the
 * last unit touched so far, which this run may share with those before.
 */
static int lay_run(struct respin_map *map, struct respin_range run, enum respin_status status,
		   uint32_t unit_bytes, enum respin_status *last)
{
	uint64_t unit = run.start / unit_bytes;
	uint64_t end = (end_of(run) - 1) / unit_bytes + 1;
	if (run.start % unit_bytes) {
		/* The statuses are numbered from the least to the most processed. */
		if (status < *last)
			*last = status;
		if (map_set(map, (struct respin_range){unit, 1}, *last) < 0)
			return RESPIN_E_NOMEM;
		if (++unit == end)
			return 0;
	}
	*last = status;
	return map_set(map, (struct respin_range){unit, end - unit}, status);
}

int mapfile_import(const struct respin_map *bytes, uint64_t units, uint32_t unit_bytes, uint32_t tail_bytes,
		   const char *name, struct respin_map **map, struct respin_error *error)
{
	assert(unit_bytes > 0 && tail_bytes < unit_bytes);
	uint64_t size;
	if (__builtin_mul_overflow(units, unit_bytes, &size) || size > MAPFILE_MAX_POS)
		return error_set(error, RESPIN_E_MAP_SIZE, 0,
				 "%.300s: no mapfile can describe a source so large", name);
	if (units > 0 && tail_bytes)
		size -= unit_bytes - tail_bytes;

	int code = check_size(bytes, size, name, error);
	if (code < 0)
		return code;
	_cleanup_map_ struct respin_map *found = map_create(units, RESPIN_NON_TRIED);
	if (!found)
		return error_set(error, RESPIN_E_NOMEM, 0, "%.300s: no memory for the map", name);
	/* Outside its span a map of bytes is '?': a missing head or tail needs no word of its own. */
	enum respin_status last = RESPIN_NON_TRIED;
	struct respin_extent runs[BATCH];
	size_t n;
	for (uint64_t pos = 0; pos < size && (n = map_runs(bytes, pos, runs, BATCH)) > 0;
	     pos = end_of(runs[n - 1].range)) {
		for (size_t i = 0; i < n && runs[i].range.start < size; i++) {
			if (end_of(runs[i].range) > size)
				runs[i].range.count = size - runs[i].range.start;
			if (lay_run(found, runs[i].range, (enum respin_status)runs[i].status, unit_bytes,
				    &last) < 0)
				return error_set(error, RESPIN_E_NOMEM, 0, "%.300s: no memory for the map",
						 name);
		}
	}
	*map_position(found) = *map_position((struct respin_map *)bytes);
	*map = take(found);
	return 0;
}

struct mapfile_resume mapfile_resume(const struct respin_map_position *position, uint32_t unit_bytes,
				     uint64_t units)
{
	struct mapfile_resume resume = {.phase = RESPIN_PHASE_COPYING};
	uint64_t pos = position->pos_bytes / unit_bytes;
	switch (position->status) {
	case '?':
		/* ddrescue's passes 2 to 4 visit what the first left out, in an order of their own. */
		if (position->pass >= 2 && position->pass <= 5)
			resume.phase = RESPIN_PHASE_SWEEPING;
		if (position->pass >= 2 && position->pass <= 4)
			pos = 0;
		break;
	case '*':
		resume.phase = RESPIN_PHASE_TRIMMING;
		break;
	case '/':
	case '-':
		resume.phase = RESPIN_PHASE_SCRAPING;
		break;
	case '+':
		resume.phase = RESPIN_PHASE_FINISHED;
		break;
	default:
		/* Filling, generating, or a phase unknown here: the blocks say what is left. */
		pos = 0;
		break;
	}
	if (pos <= units)
		resume.pos = pos;
	return resume;
}
