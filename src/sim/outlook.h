/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an ECC block of a simulated disc promises to whoever knows all of the
 * model but the coins: how much of it can be had, how likely, at what cost in
 * the fastest case, within the first sessions. For the oracle; no drive asks
 * it. It changes nothing.
 */
#ifndef SIM_OUTLOOK_H
#define SIM_OUTLOOK_H

#include "sim/layout.h"
#include "sim/luck.h"
#include "sim/mechanics.h"

#define OUTLOOK_SESSIONS 5u   /* in so many a block has to read to be called readable ... */
#define OUTLOOK_READABLE 0.5  /* ... at least every other time, at its best */
#define OUTLOOK_POSSIBLE 1e-6 /* below this nobody lives to see it */
#define OUTLOOK_CERTAIN 0.9999

struct outlook {
	const struct disc *disc;
	const struct drive_params *params;
	struct layout layout;
	struct luck luck;
	struct spiral guess; /* where the disc has none of its own and the drive wants one */
	const struct spiral *spiral;
	enum drive_kind kind;
	bool moves;     /* the drive has mechanics */
	bool may_clear; /* somebody wipes or changes the disc: today's damage is not tomorrow's */
	double safe_x, reference_x, fail_ns;
	unsigned steps;
	struct mechanics_rate rates[KEY_STEPS_MAX]; /* of the stretch looked at last */
};

struct promise {
	uint32_t sectors; /* that no list and no layout forbids */
	double chance;    /* the best one, over speeds and sessions */
	double least;     /* the worst one, over sessions, at full speed */
	double pass_ns;   /* the block passes below the head, at the fastest */
	double effort_ns; /* and on top of that, at least, when it reads */
	double tries_ns; /* passing, and failing as often as is to be expected, at the best speed; no effort */
	uint32_t beside; /* of `sectors`, those outside the burst: delivered though the block fails */
	uint64_t burst_from, burst_to; /* only where the block is not readable */
	bool blank, weak;              /* some sector of it is */
};

/* Borrows the disc. outlook->layout is large: keep it off small stacks. */
void outlook_init(struct outlook *outlook, const struct disc *disc);
void outlook_block(struct outlook *outlook, uint64_t block, struct promise *promise);

/* Of one sector, whatever its block is like: lists and layout let it be read. */
bool outlook_sector(const struct outlook *outlook, uint64_t sector);
bool outlook_blank(const struct outlook *outlook, uint64_t sector);

#endif
