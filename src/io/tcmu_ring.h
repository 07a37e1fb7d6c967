/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory that the kernel's target_core_user shares with a server: takes
 * commands off the ring, has them carried out by a transport, and puts status,
 * sense, data and residual back. Layout: <linux/target_core_user.h>. Waits for
 * nothing and wakes nobody; that is tcmu.c's.
 */
#ifndef IO_TCMU_RING_H
#define IO_TCMU_RING_H

#include <respin/transport.h>

#include <stdbool.h>

struct tcmu_mailbox;

struct tcmu_ring {
	unsigned char *map;
	size_t map_bytes;
	struct tcmu_mailbox *mailbox;
	bool tells_length; /* this kernel passes on how much was read */
	/* Set by the caller; NULL or `away`: every command is turned back as BUSY or without a drive. */
	const struct respin_transport *transport;
	unsigned char *buffer; /* the transport's */
	uint32_t buffer_bytes;
	bool away; /* the transport said GONE; the caller clears it */
};

/* RESPIN_E_UNSUPPORTED: a kernel with another layout. */
int tcmu_ring_init(struct tcmu_ring *ring, void *map, size_t map_bytes, struct respin_error *error);

/* Answers the next command: 1. 0: none waits. RESPIN_E_SOURCE: what stands there is no command. */
int tcmu_ring_step(struct tcmu_ring *ring, struct respin_error *error);

#endif
