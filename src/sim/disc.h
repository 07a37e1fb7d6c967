/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated disc: its sectors and where they are damaged. It knows nothing of
 * drives: no commands, no time, no transfer.
 */
#ifndef SIM_DISC_H
#define SIM_DISC_H

#include <respin/source.h>

#include "sim/options.h"

#define DISC_SECTOR 2048u

enum disc_condition {
	DISC_GOOD,
	DISC_MARGINAL, /* reads, with effort */
	DISC_BLANK,
	DISC_BAD,
};

struct disc {
	const struct sim_options *options;
	struct respin_source image; /* empty: a pattern */
	uint64_t sectors;
	uint32_t ecc_block;
	uint8_t *tries; /* of each weak sector, so far */
};

/* Takes `image`, borrows `options`; disc_finish in any case. RESPIN_E_INVALID. */
int disc_init(struct disc *disc, const struct sim_options *options, struct respin_source *image,
	      struct respin_error *error);
void disc_finish(struct disc *disc);

/*
 * One try at start .. start + count - 1: how it goes, and at *first the first
 * sector that does not simply read. With ecc=1 that may lie before the bad one.
 */
enum disc_condition disc_try(struct disc *disc, uint64_t start, uint64_t count, uint64_t *first);

/* What is written there, damage or not. False: the image file cannot be read. */
bool disc_read(struct disc *disc, uint64_t start, uint64_t count, void *out);

#endif
