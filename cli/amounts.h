/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a snapshot comes to in bytes, a short last sector included. Sectors turn
 * into bytes here and nowhere else.
 */
#ifndef CLI_AMOUNTS_H
#define CLI_AMOUNTS_H

#include <respin/map.h>
#include <respin/session.h>

#include "picture.h"

struct amounts {
	uint64_t total_bytes;
	uint64_t bytes[KIND_LOST + 1]; /* by enum kind; NONE stays 0 */
};

/* `domain` in bytes, or NULL: everything counts. */
struct amounts amounts_of(const struct respin_source_info *info, const struct respin_map *domain,
			  const struct respin_snapshot *snapshot);

/* Raises the fragments of a picture whose positions are sectors. */
void amounts_picture(struct picture *picture, const struct respin_source_info *info,
		     const struct respin_map *domain, const struct respin_snapshot *snapshot);

#endif
