/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image together with the map that says what of it is there: opened to be
 * read, never changed. What the map does not call finished cannot be read
 * through this. Does not lock: a rescue may be at work on both.
 */
#ifndef IO_PARTIAL_H
#define IO_PARTIAL_H

#include <stdbool.h>

#include <respin/error.h>
#include <respin/io.h>

#include "core/map.h"
#include "core/mapfile.h"
#include "io/layout.h"

struct partial {
	char *image_path;
	char *map_path; /* NULL: everything in the image counts */
	int image;      /* -1: not open */
	struct layout layout;
	bool sized;             /* the map, or the lack of one, says where the disc ends */
	bool unit_known;        /* the map says how many bytes a unit has */
	struct respin_map *map; /* in units */
	struct respin_io_stat image_id, map_id;
	struct mapfile_trailer trailer;
	uint64_t map_hash; /* of its text; 0: there is none */
};

/*
 * Opens `address`, "IMAGE" or "IMAGE,MAPFILE"; without a MAPFILE it is
 * IMAGE.map. `whole`: there is no map, and everything in the image counts. A
 * name with a comma in it that exists is an image. RESPIN_E_SOURCE, _PERMISSION,
 * _IMAGE_NO_MAP, _IMAGE_SHORT, _MAP_DAMAGED, _NOMEM; *partial is then empty.
 */
int partial_open(const char *address, bool whole, struct partial *partial, struct respin_error *error);

/*
 * Takes another layout: the map is read once more for it. For images whose
 * own map does not say where the disc ends. RESPIN_E_MAP_SIZE, _NOMEM, ...
 */
int partial_refit(struct partial *partial, const struct layout *layout, struct respin_error *error);

/* The image alone, to be read beside a handle that writes: a descriptor, or the codes above. */
int partial_open_image(const char *path, struct respin_io_stat *id, struct respin_error *error);

void partial_close(struct partial *partial);

/* All bytes of a range that is finished. 0 or a negative errno, -ENODATA where the image ends before. */
int partial_read(const struct partial *partial, struct respin_range range, void *data);

/* Bytes of a range: less than units x unit_bytes only where the disc ends. */
static inline size_t partial_bytes(const struct layout *layout, struct respin_range range)
{
	return (size_t)(layout_pos(layout, range.start + range.count) - layout_pos(layout, range.start));
}

#endif
