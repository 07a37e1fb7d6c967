/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine that a preloaded program believes to run on: one simulated
 * drive, the clock that it lives by, and the books that are kept of both.
 * It is made at the first call that needs it, from the environment:
 *
 *   RESPIN_PRELOAD_SCENARIO   sim:...; without it every call goes its usual way
 *   RESPIN_PRELOAD_BLOCK      the path that shall be the drive's block device (/dev/sr0)
 *   RESPIN_PRELOAD_SG         the path that shall be its SG_IO node (/dev/sg0)
 *   RESPIN_PRELOAD_OUTPUT     a file that remembers its length and no bytes
 *   RESPIN_PRELOAD_STATS      gets one JSON line at the end
 *   RESPIN_PRELOAD_DELIVERED  gets a mapfile: '+' what the program was given
 *   RESPIN_PRELOAD_LOG        gets a line for every read
 *   RESPIN_PRELOAD_TAKEN_BACK gets a domain mapfile: what failed only because the drive was stuck
 *   RESPIN_PRELOAD_JOURNAL    lets a second program go on where the first one left the drive
 *   RESPIN_PRELOAD_LIMIT_S    seconds of the drive's time after which the program gets SIGINT
 *
 * It knows no system call that it replaces; those are in hooks_*.c.
 */
#ifndef PRELOAD_MACHINE_H
#define PRELOAD_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/transport.h>

#define SECTOR 2048u
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

struct settings {
	const char *scenario, *block, *sg, *output;
	const char *stats, *delivered, *log, *journal, *taken_back;
	uint64_t limit_ns; /* 0: none */
};

/* NULL: no scenario was given, or this thread is inside the machine already. */
const struct settings *machine_settings(void);

const struct settings *machine_settings_inside(void); /* the same, for the machine itself */

/* One program, one drive: everything below is called with the machine locked. */
void machine_lock(void);
void machine_unlock(void);

uint64_t machine_now_ns(void);
void machine_sleep_ns(uint64_t ns); /* lets the drive's clock run */
/* What the person beside the program does: looks for a drive that was lost (false: not there yet), pulls its plug. */
bool machine_rediscover(void);
void machine_replug(void);

const struct respin_transport_traits *machine_traits(void);
void *machine_buffer(void); /* traits.max_transfer_bytes long */
bool machine_payload(void); /* bytes are moved, not outcomes alone */

/* Fills in command->data (the machine's buffer), sends, counts, keeps what a READ brought. */
void machine_exec(struct respin_command *command, struct respin_command_reply *reply);
/* The same as a transport, which is nobody's to destroy. */
struct respin_transport machine_transport(void);

/* The disc has so many sectors: their bytes are kept as they arrive, where there are any. */
void machine_size(uint64_t sectors);
/* Bytes that have arrived, to the program. */
void machine_fetch(uint64_t pos_bytes, uint64_t len, void *into);

/* The program gets SIGINT, once the machine is unlocked. */
void machine_interrupt(void);

struct books;
struct books *machine_books(void);

/* Writes what is to be written at the end; may come more than once. */
void machine_finish(void);

#endif
