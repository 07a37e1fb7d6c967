/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam that carries CDBs: SG_IO, iSCSI, the simulated drive. A transport
 * moves one command at a time and reports what it saw; it never retries, never
 * interprets sense data and never decides. source_mmc is written once on top.
 */
#ifndef RESPIN_TRANSPORT_H
#define RESPIN_TRANSPORT_H

#include <respin/error.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESPIN_CDB_MAX 16   /* SPC-4 4.2.2: fixed length CDBs */
#define RESPIN_SENSE_MAX 96 /* long enough for every descriptor that is read */

/* How the command ended below the SCSI status. */
enum respin_host_status {
	RESPIN_HOST_OK,        /* scsi_status and sense tell the rest */
	RESPIN_HOST_GONE,      /* no such device any more */
	RESPIN_HOST_TIMEOUT,   /* timeout_ms passed; the host has aborted it */
	RESPIN_HOST_RESET,     /* a bus reset took it; worth another try */
	RESPIN_HOST_ERROR,     /* protocol or bridge failure */
	RESPIN_HOST_CANCELLED, /* interrupt() was called */
};

struct respin_command {
	uint8_t cdb[RESPIN_CDB_MAX];
	uint8_t cdb_len;
	uint8_t data_in;   /* 1: the device sends `data_len` bytes; 0: no data, or it gets them */
	uint32_t data_len; /* at most traits.max_transfer_bytes */
	void *data;        /* from ops->buffer for reads; owned by the transport */
	uint32_t timeout_ms;
};

struct respin_command_reply {
	uint8_t host;        /* enum respin_host_status */
	uint8_t scsi_status; /* SAM-5 5.3.1: 0 GOOD, 2 CHECK CONDITION, ... */
	uint8_t sense_len;
	uint8_t sense[RESPIN_SENSE_MAX];
	uint32_t residual; /* data_len minus what is said to have moved */
	uint32_t raw_host; /* the system's own host status, for the log */
	int sys_errno;     /* why the system refused, or 0 */
	uint64_t elapsed_ns;
	uint64_t fingerprint; /* with traits.no_payload: a hash of what would have come; 0: unknown */
};

struct respin_transport_traits {
	size_t size;
	char name[16];
	char address[256];
	uint32_t max_transfer_bytes;
	uint8_t resid_trusted;  /* a short transfer shows in the residual */
	uint8_t poison_trusted; /* bytes that did not arrive leave the buffer alone */
	uint8_t no_payload;     /* data of reads are not moved at all: for simulations of time alone */
};

struct respin_transport_ops {
	size_t size; /* sizeof(struct respin_transport_ops) of the implementer */
	void (*traits)(void *self, struct respin_transport_traits *traits);
	/* The buffer of reads, at least `len` bytes, valid until destroy. NULL: no memory. */
	void *(*buffer)(void *self, size_t len);
	/* Always fills the reply; a failing device is no failure of exec. */
	void (*exec)(void *self, const struct respin_command *command, struct respin_command_reply *reply);
	/* Optional: make an exec in another thread return CANCELLED soon. Async-signal-safe. */
	void (*interrupt)(void *self);
	/* Optional: the clock this device lives by; without it the host's. */
	uint64_t (*now_ns)(void *self);
	/* Optional, with now_ns: let that clock run until `ns`. */
	void (*sleep_until_ns)(void *self, uint64_t ns);
	void (*destroy)(void *self);
	/*
	 * Optional: the link failed, open the same device anew. Between commands
	 * only; traits and buffer are to be asked for again. 0 or a negative code.
	 */
	int (*reopen)(void *self, struct respin_error *error);
};

struct respin_transport {
	const struct respin_transport_ops *ops;
	void *self;
};

#ifdef __cplusplus
}
#endif
#endif
