/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port without a drive: a disc of which every sector reads always or never,
 * or fails a given number of times; each read takes a fixed time. What was
 * asked of it is handed to the test, read by read.
 */
#ifndef RESPIN_TEST_TOY_PORT_H
#define RESPIN_TEST_TOY_PORT_H

#include "sim/port.h"

#define TOY_NEVER 255u

struct toy_port {
	struct port_info info;
	uint8_t *fails;            /* of each sector: so often it fails yet; TOY_NEVER: always */
	bool whole_blocks;         /* a failing sector takes its ECC block with it */
	bool prefix;               /* what lies before the bad sector is delivered */
	struct respin_sense sense; /* of a failure; 03/11/00 */
	uint64_t good_ns, fail_ns, now_ns;
	uint64_t reads, failed, sectors; /* sectors: asked for */
	uint32_t slowest, fastest;       /* speed commands */
	/* May be NULL; sees the reply and may change it. */
	void (*told)(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply);
	void *arg;
};

/* Good throughout. Ends the test when there is no memory. */
void toy_port_init(struct toy_port *toy, uint64_t sectors, uint32_t ecc_block, struct port *port);
void toy_port_finish(struct toy_port *toy);
void toy_port_spoil(struct toy_port *toy, uint64_t first, uint64_t last, uint8_t fails);

#endif
