/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a policy that is not ours sees of a drive: reads, speeds, waiting, a
 * clock. No payload. One port stands on a transport and sends READ(10), one
 * stands on a drive model in another process; a third stands on either of them
 * and is the Linux block device in front of it.
 */
#ifndef SIM_PORT_H
#define SIM_PORT_H

#include <respin/transport.h>

#include <stdbool.h>

struct port_reply {
	bool ok;        /* GOOD; of the block paths: everything asked for was delivered */
	bool transport; /* the link failed or the host gave up; else `sense` tells */
	bool gone;      /* with `transport`: the device is no longer there */
	bool end;       /* the block device ends before the end of the read, or has shrunk so far */
	uint8_t scsi_status;
	struct respin_sense sense;
	uint64_t elapsed_ns;
	uint32_t commands; /* sent below: the block path may send several, or none */
	uint32_t failed;   /* of these */
	uint32_t prefix;   /* not ok: sectors that were delivered before the bad one; page cache only */
	uint32_t lacking;  /* ok: sectors at the end of which the residual says that they did not come */
};

struct port_info {
	uint64_t sectors; /* now: a block device may shrink */
	uint32_t ecc_block;
	uint32_t max_sectors; /* in one command */
};

struct port_ops {
	void (*info)(void *self, struct port_info *info);
	void (*read)(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms, struct port_reply *reply);
	void (*speed)(void *self, uint32_t kbps); /* 0xffff: as fast as it goes; 0: as slow */
	void (*spin)(void *self);                 /* stop and start: a new session */
	uint64_t (*now_ns)(void *self);
	void (*wait_ns)(void *self, uint64_t ns);
	void (*destroy)(void *self);
	/* May be NULL. Asks the drive until it is ready or patience ends; starts it where it wants that. */
	bool (*ready)(void *self);
};

struct port {
	const struct port_ops *ops;
	void *self;
};

enum port_path {
	PORT_SG,     /* one command a read, no retry below */
	PORT_BLOCK,  /* O_DIRECT on /dev/srN: as Linux 6.1 splits and retries */
	PORT_CACHED, /* read() on /dev/srN without O_DIRECT: the page cache and its read-ahead in between */
};

/*
 * Takes the transport, gets the drive ready as the kernel would when the node
 * is opened. RESPIN_E_NOMEM, _NO_MEDIUM (no disc, or none it recognises),
 * _SOURCE (it never gets ready, or its answers make no sense).
 */
int port_transport(struct respin_transport *transport, enum port_path path, struct port *port,
		   struct respin_error *error);

/* Puts the Linux block device on top of a port of commands, and takes it in any case. RESPIN_E_NOMEM. */
int port_block(struct port *below, enum port_path path, struct port *port, struct respin_error *error);

#endif
