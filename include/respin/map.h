/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps outside of a rescue: what a mapfile says, extent by extent, and maps of
 * the caller's own. The map of a running rescue is not to be had here.
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

/*
 * A map of bytes, non-tried over all of `span`. RESPIN_E_INVALID: no span, or
 * one that ends beyond 2^63 - 1, as far as a mapfile counts. RESPIN_E_NOMEM.
 */
RESPIN_API int respin_map_create(struct respin_range span, struct respin_map **map,
				 struct respin_error *error);
RESPIN_API void respin_map_destroy(struct respin_map *map);

/*
 * Gives a range one status, whatever it had. RESPIN_E_INVALID: not all of it
 * lies within the span. RESPIN_E_NOMEM: the map is as it was.
 */
RESPIN_API int respin_map_set(struct respin_map *map, struct respin_range range, enum respin_status status);

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

/*
 * The map as the text of a mapfile. unit_bytes is what a unit of it counts: 1
 * for a map that was loaded. The status line says where a rescue would go on
 * that knew nothing else. *text is terminated; free() it. RESPIN_E_INVALID: more
 * bytes than a mapfile can count. RESPIN_E_NOMEM.
 */
RESPIN_API int respin_map_text(const struct respin_map *map, uint32_t unit_bytes, char **text,
			       struct respin_error *error);

/* What a picture of a map should look like. */
struct respin_svg_options {
	size_t size;
	const char *medium; /* the kind of disc: "cd-74", "dvd-9" ...; NULL: guessed from profile and size */
	const char *title;  /* UTF-8, escaped by the callee; NULL: none */
	const struct respin_map *domain; /* only what is finished in it counts; NULL: everything does */
	uint64_t end_bytes;              /* where the disc ends; 0: where the map ends */
	uint32_t sector_bytes;           /* in the image; 0: 2048 */
	uint16_t profile;                /* MMC-6 5.3.1; 0: unknown */
};

/*
 * The map as the disc lies in the hand, each layer beside the others: a page of
 * SVG 1.1, below 500 kB whatever the map. Radii are true; angles are those of a
 * nominal disc. options may be NULL. *svg is terminated; free() it.
 * RESPIN_E_INVALID: no such medium, larger than the medium, or a map that says
 * nothing. RESPIN_E_NOMEM.
 */
RESPIN_API int respin_map_svg(const struct respin_map *map, const struct respin_svg_options *options,
			      char **svg, struct respin_error *error);

/* A sector's place on a nominal disc of its kind. */
struct respin_place {
	size_t size;           /* sizeof(struct respin_place) of the caller */
	uint32_t radius_um;    /* from the middle of the disc */
	uint32_t layer;        /* from 0, the one that is read first */
	uint32_t layers;
	double kbps_1x;    /* 1x as this disc's drives count it: 1000 bytes a second */
	double sectors_1x; /* sectors a second at 1x */
};

/*
 * For pictures and words, never for decisions: the kind of disc is guessed from
 * its profile and size. 1, or 0: no disc (a plain source), or no such unit.
 */
RESPIN_API int respin_disc_place(const struct respin_source_info *info, uint64_t unit,
				 struct respin_place *place);

#ifdef __cplusplus
}
#endif
#endif
