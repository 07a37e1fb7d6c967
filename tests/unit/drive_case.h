/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of the simulated drive share: one drive at a time on the desk,
 * a preset with everything switched off that a test is not about, short ways
 * to ask it. Included once by each of them.
 */
#ifndef TESTS_DRIVE_CASE_H
#define TESTS_DRIVE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cdb.h"
#include "drive_desk.h"

#define BD "disc bd-25 drawn=0;drive slim-usb-bd"
#define DVD "disc dvd-5 drawn=0;drive hh-sata-dvd"
/* What the presets do beside the plain physics; each test switches on what it is about. */
#define OFF "refocus_p=0 prefetch_stall=0 relock_ms=0 fail_cached=0 jitter_us=0 warm_margin=0 "
/* Neither sleep nor a new session, nor a bridge that breaks. */
#define STEADY "standby_s=0 session_s=never bridge_p=0 "
#define QUIET STEADY "wedge_at=0 "
#define DEAD 5.0 /* x of a block that no luck reads */

static struct respin_transport t;

/* `after`: lines behind the drive's; `keys` over all of it. Not waited for. */
static inline void begin_raw(const char *drive, const char *keys, const char *after)
{
	char text[768];
	(void)snprintf(text, sizeof text, "%s;%s?" OFF "%s", drive, after, keys);
	drive_desk_open(&t, text);
}

static inline void begin(const char *drive, const char *keys)
{
	begin_raw(drive, keys, "");
	drive_desk_ready(&t);
}

static inline void end(void)
{
	drive_desk_close(&t);
}

static inline struct drive *the_drive(void)
{
	return drive_desk_drive(&t);
}

static inline uint64_t now(void)
{
	return t.ops->now_ns(t.self);
}

static inline void sleep_until_s(uint64_t s)
{
	drive_desk_sleep(&t, s * DESK_S - now());
}

/* One ECC block. */
static inline struct desk_reply block(uint64_t number)
{
	return drive_desk_read(&t, drive_desk_sector(&t, number), the_drive()->disc.ecc_block);
}

static inline bool failed(const struct desk_reply *reply)
{
	return reply->sense.key == SENSE_MEDIUM_ERROR || reply->sense.key == SENSE_HARDWARE_ERROR;
}

static inline uint32_t code(const struct desk_reply *r)
{
	return (uint32_t)r->sense.key << 16 | (uint32_t)r->sense.asc << 8 | r->sense.ascq;
}

/* Sense as KAAQQ, or what became of the link. */
#define LINK(host) (0xf0000u + (host))
static inline uint32_t tur(void)
{
	struct desk_reply r = drive_desk_tur(&t);
	return r.host ? LINK(r.host) : code(&r);
}

static inline uint32_t read_code(uint64_t lba)
{
	struct desk_reply r = drive_desk_read(&t, lba, 32);
	return r.host ? LINK(r.host) : code(&r);
}

#endif
