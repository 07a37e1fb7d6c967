/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source for tests: units that hold a pattern, fail, or answer strangely, on
 * a clock of its own. It counts what is asked of it, checks that it is asked
 * once at a time, and can be made to stay inside a command.
 */
#ifndef TESTS_FAKE_SOURCE_H
#define TESTS_FAKE_SOURCE_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <respin/source.h>

#define FAKE_UNIT 64u /* bytes; small, so that tests can be large */

enum fake_unit {
	FAKE_GOOD,
	FAKE_BAD,      /* 03/11/00 */
	FAKE_MARGINAL, /* 01/17/00, with bytes */
	FAKE_SLOW_BAD, /* 03/11/00 after 10 s */
	FAKE_FICKLE,   /* 01/17/00, and other bytes every time */
	FAKE_DEADLY,   /* takes the link away; it comes back */
};

struct fake_read {
	struct respin_request request;
	uint8_t reason;
};

/* Answers instead of the disc, once, at the nth read (from 0). */
struct fake_script {
	uint64_t nth;
	uint8_t reason;
	bool used;
};

struct fake_source {
	uint64_t units;
	uint32_t ecc_block, request_max;
	uint8_t *unit;        /* enum fake_unit each */
	bool info;            /* failures carry INFORMATION */
	bool ecc_fails_whole; /* a bad unit takes its ECC block with it */
	bool untrusted;       /* neither residual nor poison prove anything */
	uint64_t short_units; /* GOOD, but only so many units arrive; 0: all */
	bool short_tells;     /* ...and the residual says so */
	uint64_t recovery_ns; /* what a recovered error costs */
	uint64_t deaf_from;   /* from this read on (from 1) every answer is deaf_reason, at once */
	uint8_t deaf_reason;
	uint64_t swapped_at; /* before this read (from 1) the disc is changed for another one of its kind */
	struct fake_script script[8];
	enum respin_reason control_answer;
	void (*after_read)(void *arg, uint64_t reads);
	void (*after_sleep)(void *arg, uint64_t now_ns); /* its clock was let run */
	void *arg;
	uint8_t speed_answer;       /* enum respin_reason to SLOWER and FASTER */
	atomic_uint slower, faster; /* so often asked */
	atomic_uint speed_kbps;     /* in the info: FAKE_TOP_KBPS, less 100 for each step down */

	atomic_ullong clock_ns;
	atomic_uint reads, controls, interrupts;
	atomic_bool inside;
	struct fake_read *log; /* the first FAKE_LOG reads */
	bool hang;             /* a read waits for `release` */
	sem_t release, entered;
	atomic_bool destroyed;
};

#define FAKE_LOG 65536u
#define FAKE_TOP_KBPS 5540u

void fake_source_init(struct fake_source *fake, uint64_t units, uint32_t ecc_block, uint32_t request_max);
void fake_source_finish(struct fake_source *fake);
struct respin_source fake_source(struct fake_source *fake);

/* What a unit holds. */
void fake_fill(uint64_t unit, unsigned char bytes[FAKE_UNIT]);

#endif
