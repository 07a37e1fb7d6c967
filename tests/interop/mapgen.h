/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mapfiles by lot: well-formed ones in every spelling that ddrescue reads, and
 * spoilt ones. Does not know which is which; that is for the readers to say.
 */
#ifndef TEST_MAPGEN_H
#define TEST_MAPGEN_H

#include "base/buf.h"
#include "base/rng.h"

/* Appends one map to `out`. Loose: the blocks may come in any order, with gaps and overlaps. */
void mapgen(struct rng *rng, bool loose, struct buf *out);

/* A strict one from 0 on, in sectors of 512, without any damage. */
void mapgen_valid(struct rng *rng, struct buf *out);

#endif
