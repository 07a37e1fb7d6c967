/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GNU ddrescue's mapfile as text: parse, render, and the step between the bytes
 * it counts and the units a rescue counts. Does not open files.
 */
#ifndef CORE_MAPFILE_H
#define CORE_MAPFILE_H

#include "base/buf.h"
#include "core/map.h"
#include <respin/error.h>

#define MAPFILE_MAX_POS 0x7fffffffffffffffu /* ddrescue's positions are signed 64-bit */
#define MAPFILE_MAX_BYTES (1u << 30)        /* refuse what no disc can need */
#define MAPFILE_MAX_EXTENTS (16u << 20)

/* What a text says as a whole, for the choice between a map and its backup. */
enum mapfile_state {
	MAPFILE_WHOLE,  /* blocks; our trailer is there and right, or there is none */
	MAPFILE_EMPTY,  /* no blocks: a blank map */
	MAPFILE_EDITED, /* our trailer is there, but it is not true, or not last: edited by hand */
};

struct mapfile_trailer {
	bool present;
	uint64_t generation;
	uint64_t image_dev, image_ino, image_size_bytes;
	uint32_t keep_bytes; /* 0: not said */
};

struct mapfile_info {
	enum mapfile_state state;
	struct mapfile_trailer trailer;
	uint32_t keep_bytes; /* from the head comment, else from the trailer, else 0 */
	/*
	 * The end is missing: no text at all, a failure or no block in a text that
	 * stops in mid-line, or no trailer though the head promised one (a map that
	 * ddrescue has rewritten promises none). What a torn map says may still be
	 * all true, but not all there was: without a backup it is better than nothing.
	 */
	bool torn;
};

/*
 * Parses `text` into a map of bytes (map_total = MAPFILE_MAX_POS, map_span =
 * what the blocks cover, map_position = the status line). `name` is for
 * messages, `info` may be NULL and is filled on failure, too.
 * RESPIN_E_MAP_DAMAGED with "NAME: line N: reason" or RESPIN_E_NOMEM. A torn map
 * is no failure of its own: look at info->torn.
 *
 * Blocks of no size are read and forgotten: a map cannot hold them.
 */
int mapfile_parse(const char *text, size_t len, const char *name, const struct respin_map_options *options,
		  struct respin_map **map, struct mapfile_info *info, struct respin_error *error);

/* What a rendered file says beside its blocks. */
struct mapfile_head {
	const char *program;      /* "respin 0.1.0" */
	const char *command_line; /* raw; line ends are escaped here; NULL: left out */
	const char *start_time;   /* "2026-01-31 12:00:00" or NULL */
	const char *current_time; /* or NULL */
	enum respin_phase phase;  /* becomes message, status character and pass */
	bool backwards;
	uint64_t pos;  /* unit being tried: its beginning, or its end when backwards */
	uint32_t pass; /* retry pass, from 1; only with RESPIN_PHASE_RETRYING */
	/*
	 * present: written as the last line, with its checksum, and promised in the
	 * head. keep_bytes goes into the head in any case, if it is not 0.
	 */
	struct mapfile_trailer trailer;
};

/*
 * Byte for byte ddrescue's layout. `unit_bytes` and `tail_bytes` turn units into
 * bytes (1 and 0 for a map of bytes). Check out->failed afterwards.
 */
void mapfile_render(const struct respin_map *map, uint32_t unit_bytes, uint32_t tail_bytes,
		    const struct mapfile_head *head, struct buf *out);

/*
 * From bytes to units, as ddrescue loads a map for a rescue: missing head and
 * tail become '?', a tail beyond the source is cut unless it is '+', borders
 * inside a unit give the unit the less processed state ('+' is never given to
 * a unit that is only partly '+'). RESPIN_E_MAP_SIZE or RESPIN_E_NOMEM.
 */
int mapfile_import(const struct respin_map *bytes, uint64_t units, uint32_t unit_bytes, uint32_t tail_bytes,
		   const char *name, struct respin_map **map, struct respin_error *error);

/* The phase and unit where a rescue goes on, from a map's status line. */
struct mapfile_resume {
	enum respin_phase phase; /* COPYING, SWEEPING, TRIMMING, SCRAPING or FINISHED */
	uint64_t pos;            /* unit, at most `units`; a hint: what lies before it may be untried */
};
struct mapfile_resume mapfile_resume(const struct respin_map_position *position, uint32_t unit_bytes,
				     uint64_t units);

#endif
