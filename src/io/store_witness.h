/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the image's first and last mebibyte hold, as one hash a unit: enough to
 * tell it from another file when it has to be opened anew. Advisory: nothing is
 * called finished because of it.
 */
#ifndef IO_STORE_WITNESS_H
#define IO_STORE_WITNESS_H

#include <respin/io.h>
#include <respin/types.h>

#include "core/map.h"
#include "io/layout.h"

/* Zeroed: knows nothing, agrees with everything. */
struct witness {
	struct layout layout;
	uint64_t count;   /* units at either end; 0: none */
	uint64_t *hashes; /* 2 x count; 0: not known */
};

/* Without memory it stays as it is. */
void witness_begin(struct witness *witness, const struct layout *layout);
void witness_finish(struct witness *witness);

/* These units hold these bytes now. */
void witness_note(struct witness *witness, struct respin_range range, const unsigned char *data);

/* Takes note of what is finished in an image found, or compares it: -EIO: it holds something else. */
int witness_read(struct witness *witness, const struct respin_io *io, int file, const struct respin_map *map);
int witness_compare(const struct witness *witness, const struct respin_io *io, int file,
		    const struct respin_map *map);

#endif
