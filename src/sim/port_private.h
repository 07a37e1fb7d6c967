/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of the Linux block device share: its queue (port_block.c), its page cache (port_cache.c). */
#ifndef SIM_PORT_PRIVATE_H
#define SIM_PORT_PRIVATE_H

#include "sim/port.h"

struct port_cache {
	uint8_t *pages; /* enum of port_cache.c, one each; NULL: opened with O_DIRECT */
	uint64_t page_count;
	uint64_t start, size, async_size; /* the window that is read ahead, in pages */
	uint64_t window_max;              /* it falls with every failure */
	uint64_t previous;                /* sector behind the last one that was delivered */
	bool split_pages;                 /* the device's blocks are half a page */
};

struct port_block {
	struct port below;
	struct port_info info;
	uint64_t capacity;       /* sectors: errors near its end make Linux shrink the device */
	bool attention_expected; /* the host has just reset the drive */
	uint64_t
		refused_until_ns; /* the medium may have changed: nothing is sent until the node was polled */
	struct port_cache cache;
};

/* What happens to the request of one bio. Adds what it cost to the reply; true: every sector came. */
bool block_request(struct port_block *block, uint64_t lba, uint64_t count, bool ahead,
		   struct port_reply *reply);

/* false: no memory. */
bool cache_init(struct port_block *block);
void cache_read(struct port_block *block, uint64_t lba, uint32_t count, struct port_reply *reply);

#endif
