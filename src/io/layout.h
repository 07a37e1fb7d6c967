/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the units of a disc lie in its image: one behind the other, the last one perhaps short. No file is touched. */
#ifndef IO_LAYOUT_H
#define IO_LAYOUT_H

#include <stdint.h>

struct layout {
	uint64_t units;
	uint32_t unit_bytes, tail_bytes;
};

/* The byte at which a unit begins; of `units`, where the image ends. */
static inline uint64_t layout_pos(const struct layout *layout, uint64_t unit)
{
	uint64_t pos = unit * layout->unit_bytes;
	if (unit == layout->units && layout->tail_bytes)
		pos -= layout->unit_bytes - layout->tail_bytes;
	return pos;
}

#endif
