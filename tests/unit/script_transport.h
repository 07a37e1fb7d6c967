/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport that a test writes itself, one function for all commands, with an
 * optical drive's plain answers where it does not want to care.
 */
#ifndef RESPIN_TEST_SCRIPT_TRANSPORT_H
#define RESPIN_TEST_SCRIPT_TRANSPORT_H

#include <stdbool.h>

#include <respin/source.h>

#define SCRIPT_BUFFER_BYTES (64u << 10)

struct script {
	/* True: the command was answered. False: script_plain does it. */
	bool (*answer)(struct script *script, const struct respin_command *command,
		       struct respin_command_reply *reply);
	struct respin_transport_traits traits;
	uint32_t last_lba, block_bytes;
	uint16_t profile, blocking;
	uint64_t now_ns;
	unsigned counts[256]; /* by operation code */
	struct respin_command last_read;
	unsigned reopens, destroys, interrupts;
	int reopen_code;
	uint64_t number; /* the test's own */
	_Alignas(4096) unsigned char buffer[SCRIPT_BUFFER_BYTES];
};

/* A DVD-ROM of 10 000 sectors in a drive without quirks; residual and poison trusted. */
void script_init(struct script *script);
struct respin_transport script_transport(struct script *script);

/* CHECK CONDITION with fixed sense data. */
void script_sense(struct respin_command_reply *reply, unsigned key, unsigned asc, unsigned ascq);

/* GOOD with `len` bytes of data, as far as they fit. */
void script_data(const struct respin_command *command, struct respin_command_reply *reply, const void *bytes,
		 size_t len);

void script_plain(struct script *script, const struct respin_command *command,
		  struct respin_command_reply *reply);

#endif
