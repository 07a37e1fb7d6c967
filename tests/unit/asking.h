/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A test that asks the simulated drive in CDBs: opens one by its address, waits
 * until it is ready, sends bytes and holds what came back. Judges nothing.
 */
#ifndef RESPIN_TEST_ASKING_H
#define RESPIN_TEST_ASKING_H

#include <stdbool.h>

#include "sim/transport_sim.h"

#define ASKING_BYTES (128u << 10)
#define ASKING_FILL 0xeeu /* what the buffer holds before every command */

struct asking {
	struct respin_transport transport;
	struct respin_command_reply reply;
	struct respin_sense sense;
	uint32_t arrived; /* bytes, by the residual */
	uint32_t timeout_ms;
	uint8_t bytes[ASKING_BYTES];
};

/* "sim:disc?..." without the prefix. _raw: the drive may still be loading, attentions are pending. */
void asking_open_raw(struct asking *asking, const char *keys);
void asking_open(struct asking *asking, const char *keys);
void asking_close(struct asking *asking);

/* Time passes; then whatever attention is pending is taken. */
void asking_wait_s(struct asking *asking, unsigned seconds);

/* Returns 0xKAAQQ of the sense data, 0 for GOOD; 0x1000000 | host status where no answer came. */
uint32_t asking_send(struct asking *asking, const uint8_t *cdb, size_t cdb_len, bool in, uint32_t len);

#define ASK(asking, len, ...)                                                                                \
	asking_send(asking, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), true, len)
/* The data go out: asking->bytes, len of them. */
#define TELL(asking, len, ...)                                                                               \
	asking_send(asking, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), false,   \
		    len)
/* Four, three and two bytes of a CDB. */
#define B4(v) (uint8_t)((v) >> 24), (uint8_t)((v) >> 16), (uint8_t)((v) >> 8), (uint8_t)(v)
#define B3(v) (uint8_t)((v) >> 16), (uint8_t)((v) >> 8), (uint8_t)(v)
#define B2(v) (uint8_t)((v) >> 8), (uint8_t)(v)

#define BAD_OPCODE 0x52000u
#define BAD_FIELD 0x52400u
#define BAD_PARAMETER 0x52600u
#define BAD_LENGTH 0x51a00u
#define OUT_OF_RANGE 0x52100u
#define ILLEGAL_MODE 0x56400u
#define WRONG_FORMAT 0x53002u
#define NO_ANSWER(host) (0x1000000u | (host))

#endif
