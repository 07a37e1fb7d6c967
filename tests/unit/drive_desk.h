/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated drive on the desk of a test: made from a scenario's text, asked
 * by CDBs, looked into. It knows no expectations.
 */
#ifndef TESTS_DRIVE_DESK_H
#define TESTS_DRIVE_DESK_H

#include <respin/transport.h>

#include "sim/drive.h"

#define DESK_MS 1000000ull
#define DESK_S 1000000000ull

struct desk_reply {
	uint8_t host, status;
	struct respin_sense sense;
	uint32_t residual;
	uint64_t ns;
};

/*
 * `text` as in a .sim file without its title, but with ';' for line ends. Behind a '?' may follow keys
 * and values with blanks between, of which the last of one name holds. Fails the test if it does not parse.
 */
void drive_desk_open(struct respin_transport *transport, const char *text);
/* The same without payload: nothing is moved, which is faster. */
void drive_desk_open_dry(struct respin_transport *transport, const char *text);
void drive_desk_close(struct respin_transport *transport);
/* The drive itself. */
struct drive *drive_desk_drive(const struct respin_transport *transport);

/* TEST UNIT READY every 500 ms until it is ready; fails the test after ten minutes. Returns the drive's time. */
uint64_t drive_desk_ready(struct respin_transport *transport);
void drive_desk_sleep(struct respin_transport *transport, uint64_t ns);

void drive_desk_exec(struct respin_transport *transport, struct respin_command *command,
		     struct desk_reply *reply);
struct desk_reply drive_desk_read(struct respin_transport *transport, uint64_t lba, uint32_t count);
struct desk_reply drive_desk_read_fua(struct respin_transport *transport, uint64_t lba, uint32_t count);
struct desk_reply drive_desk_stream(struct respin_transport *transport, uint64_t lba, uint32_t count);
struct desk_reply drive_desk_tur(struct respin_transport *transport);
struct desk_reply drive_desk_start_stop(struct respin_transport *transport, uint8_t what);
struct desk_reply drive_desk_speed(struct respin_transport *transport, uint16_t kbps);

/* Damage by hand: the disc has no shapes, these blocks alone are hit. */
void drive_desk_hurt(struct respin_transport *transport, uint64_t block, uint64_t count, double x,
		     double alpha);
/* The first sector of an ECC block. */
uint64_t drive_desk_sector(const struct respin_transport *transport, uint64_t block);

/* What the last read moved; poisoned with 0xa5 before each. */
extern unsigned char *desk_data;

#endif
