/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map as the text of a mapfile, see <respin/map.h>: for maps that no rescue
 * with an image has made. Writes no file, and says nothing of an image.
 */
#include <respin/map.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/map.h"
#include "core/mapfile.h"

/* What the least processed part of the map calls for, and where it begins. */
static struct mapfile_head head_of(const struct respin_map *map)
{
	static const struct {
		enum respin_status status;
		enum respin_phase phase;
	} next[] = {
		{RESPIN_NON_TRIED, RESPIN_PHASE_COPYING},
		{RESPIN_NON_TRIMMED, RESPIN_PHASE_TRIMMING},
		{RESPIN_NON_SCRAPED, RESPIN_PHASE_SCRAPING},
	};
	struct mapfile_head head = {.program = "respin " RESPIN_VERSION, .phase = RESPIN_PHASE_FINISHED};
	for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
		struct respin_extent first;
		if (!respin_map_next(map, 0, MASK(next[i].status), &first))
			continue;
		head.phase = next[i].phase;
		head.pos = first.range.start;
		break;
	}
	return head;
}

int respin_map_text(const struct respin_map *map, uint32_t unit_bytes, char **text,
		    struct respin_error *error)
{
	struct buf out = {0};
	uint64_t bytes;
	*text = NULL;
	if (!unit_bytes || __builtin_mul_overflow(map_total(map), unit_bytes, &bytes) ||
	    bytes > MAPFILE_MAX_POS)
		return error_set(error, RESPIN_E_INVALID, 0, "more bytes than a mapfile can count");
	const struct mapfile_head head = head_of(map);
	mapfile_render(map, unit_bytes, 0, &head, &out);
	buf_add(&out, "", 1);
	if (out.failed) {
		buf_finish(&out);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a mapfile");
	}
	*text = out.data;
	return 0;
}
