/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated disc: where its sectors lie, what is written there, and how each
 * ECC block is damaged. It knows nothing of drives: no commands, no time.
 */
#ifndef SIM_DISC_H
#define SIM_DISC_H

#include <respin/source.h>

#include "core/spiral.h"
#include "sim/scenario.h"

#define DISC_SECTOR 2048u

/* The damage of one ECC block: what every read of it, ever, has against it. */
struct disc_block {
	float x;     /* obstructed track over what the code survives; 1.0 is the edge */
	float alpha; /* how much margin it loses with each doubling of speed */
};

struct disc {
	const struct scenario *scenario; /* borrowed */
	struct respin_source image;      /* empty: a pattern */
	uint64_t sectors;                /* the true end */
	uint16_t profile;                /* what it says, or its medium's, or DVD-ROM */
	uint32_t ecc_block;
	uint64_t block_count;
	bool has_geometry;
	bool has_lists; /* disc_try has something to look up */
	struct spiral spiral;
	struct disc_block *blocks; /* NULL: no shape touches it */
	double leadin_x;           /* as a block's x: recognition depends on it */
	unsigned cleanings;        /* times that somebody wiped it */
	uint8_t *tries;            /* of each weak sector, so far */
};

/* Takes `image`, borrows `scenario`; disc_finish in any case. RESPIN_E_INVALID, RESPIN_E_NOMEM. */
int disc_init(struct disc *disc, const struct scenario *scenario, struct respin_source *image,
	      struct respin_error *error);
void disc_finish(struct disc *disc);

static inline struct disc_block disc_block(const struct disc *disc, uint64_t block)
{
	return disc->blocks ? disc->blocks[block] : (struct disc_block){0};
}

/*
 * The sectors of a block that the scratch itself touches: `*begin` and as many
 * as it returns, drawn once for each block from `seed`. Needs geometry and blocks.
 */
uint64_t disc_burst(const struct disc *disc, uint64_t block, uint64_t seed, uint64_t *begin);

/* A person wiped the disc: smudges mostly go, a little dirt moves. Draws the damage anew. RESPIN_E_NOMEM. */
int disc_clean(struct disc *disc);

/* The lists: how one try at start .. start + count - 1 goes, and *first, the first sector not simply read. */
enum disc_condition {
	DISC_GOOD,
	DISC_MARGINAL, /* reads, with effort */
	DISC_BLANK,
	DISC_BAD,
};
enum disc_condition disc_look(struct disc *disc, uint64_t start, uint64_t count, uint64_t *first);

static inline enum disc_condition disc_try(struct disc *disc, uint64_t start, uint64_t count, uint64_t *first)
{
	return disc->has_lists ? disc_look(disc, start, count, first) : DISC_GOOD;
}

/* What is written there, damage or not. False: the image file cannot be read. */
bool disc_read(struct disc *disc, uint64_t start, uint64_t count, void *out);

#endif
