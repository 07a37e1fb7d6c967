/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "sim:disc?key=value&..." says: the disc, its damage, the drive's manners.
 * Values may hold %XX. A key that does not exist is refused by name.
 *
 *   image=FILE          the sectors; without it a pattern of `seed`
 *   size=SECTORS        how many; with an image its own length if absent
 *   profile=cd|dvd|bd   or a number: 0x0011
 *   bad=LIST            sectors that fail always ("100,200-215")
 *   every=N             the middle one of every N sectors fails always
 *   weak=LIST           sectors that read at the try number `tries` (3)
 *   marginal=LIST       sectors that read with a recovered error
 *   blank=LIST          sectors that answer 8/00/00
 *   hang=LIST           a read of these comes back only when interrupted
 *   sense=KAAQQ         what a bad sector answers, in hex (31100)
 *   format=fixed|descriptor   how sense data are written
 *   ecc=1               a whole ECC block fails, not the sector alone
 *   info=honest|zero|chunk|none   INFORMATION: first bad LBA, 0, the request's first, not valid
 *   partial=1           the good sectors before a bad one are transferred
 *   resid=honest|zero   zero: as behind libata
 *   rest=poison|zero|stale   what a buffer holds where nothing arrived
 *   short=N             one GOOD read in N ends early
 *   latency_us, block_us, fail_ms   a command, each ECC block, each failure
 *   ready_ms=N          becoming ready so long
 *   medium=yes|none|open      disc, no disc, open tray
 *   type=N              peripheral device type (5)
 *   block_bytes=N, last=N     what READ CAPACITY claims
 *   max_kb=N            largest transfer
 *   pace=R              R seconds of the drive's time pass in one real second; 0: none at all
 *   seed=N
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <respin/error.h>

#include "sim/ranges.h"

enum sim_info { SIM_INFO_HONEST, SIM_INFO_ZERO, SIM_INFO_CHUNK, SIM_INFO_NONE };
enum sim_resid { SIM_RESID_HONEST, SIM_RESID_ZERO };
enum sim_rest { SIM_REST_POISON, SIM_REST_ZERO, SIM_REST_STALE };
enum sim_medium { SIM_MEDIUM_YES, SIM_MEDIUM_NONE, SIM_MEDIUM_OPEN };
enum sim_format { SIM_FORMAT_FIXED, SIM_FORMAT_DESCRIPTOR };

struct sim_options {
	char address[256];
	char *image; /* path or NULL */
	struct ranges bad, weak, marginal, blank, hang;
	uint64_t size, profile, tries, sense, ecc, info, partial, resid, rest, format;
	uint64_t every, short_one_in, latency_us, block_us, fail_ms, ready_ms;
	uint64_t medium, type, block_bytes, last, max_kb, pace, seed;
};

/* `address` is all of it, "sim:" included. RESPIN_E_INVALID, RESPIN_E_NOMEM. */
int sim_options_parse(struct sim_options *options, const char *address, struct respin_error *error);
void sim_options_finish(struct sim_options *options);

#endif
