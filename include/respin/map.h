/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading maps: what a mapfile says, extent by extent. Changing a map is the
 * rescue's business and not offered here.
 */
#ifndef RESPIN_MAP_H
#define RESPIN_MAP_H

#include <respin/error.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct respin_map;

/* How a mapfile is read (ddrescue manual, chapter "Mapfile structure"). */
struct respin_map_options {
	size_t size;
	uint8_t loose;      /* unordered, gaps and equal overlaps allowed (ddrescuelog -L) */
	uint8_t gap_status; /* enum respin_status that fills gaps in loose mode */
};

/* What a mapfile's status line says. */
struct respin_map_position {
	uint64_t pos_bytes;
	uint32_t pass;
	char status; /* '?' '*' '/' '-' 'F' 'G' '+', or what another program wrote */
};

/*
 * Reads PATH ("-": standard input). Units of the map are bytes. options may be
 * NULL (strict). RESPIN_E_INVALID (cannot be read), RESPIN_E_MAP_DAMAGED with
 * "FILE: line N: reason", RESPIN_E_NOMEM.
 */
RESPIN_API int respin_map_load(const char *path, const struct respin_map_options *options,
			       struct respin_map **map, struct respin_error *error);
RESPIN_API void respin_map_destroy(struct respin_map *map);

/* The first byte that a block of the file speaks of, and the end of the last one. */
RESPIN_API struct respin_range respin_map_span(const struct respin_map *map);
RESPIN_API void respin_map_position(const struct respin_map *map, struct respin_map_position *position);

/*
 * The first extent that reaches beyond `from`, whose status is in `mask` (bit
 * 1 << enum respin_status), cut at `from`. Returns 1, or 0 where there is none.
 * O(log n).
 */
RESPIN_API int respin_map_next(const struct respin_map *map, uint64_t from, unsigned mask,
			       struct respin_extent *extent);

/* Bytes and maximal runs of one status. O(1). */
RESPIN_API uint64_t respin_map_total(const struct respin_map *map, enum respin_status status);
RESPIN_API uint64_t respin_map_areas(const struct respin_map *map, enum respin_status status);

#ifdef __cplusplus
}
#endif
#endif
