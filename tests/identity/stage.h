/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage of the identity scenarios: a drive that follows a script, with two
 * discs of one size and table of contents to put into it; whole sessions that
 * write real files; and the count of bytes that are called finished and are not
 * the first disc's. What is played on it is in swaps.c, resumes.c and keeps.c.
 */
#ifndef TESTS_IDENTITY_STAGE_H
#define TESTS_IDENTITY_STAGE_H

#include <respin/session.h>

#include "../unit/script_transport.h"

#define STAGE_UNITS 12000u /* 375 reads of 32 sectors */
#define STAGE_SECTOR 2048u

enum stage_disc {
	DISC_RIGHT,
	DISC_TWIN,   /* same size and table of contents, other bytes */
	DISC_SERIES, /* as the twin, but all from sector 6000 on is the same */
	DISC_LONGER,
};

/* What the host sees of what happens at a read. */
enum stage_sign {
	SIGN_NONE,
	SIGN_CHANGED,     /* 06/28/00 */
	SIGN_RESET,       /* 06/29/00 */
	SIGN_NOT_READY,   /* 02/04/01, `times` commands long */
	SIGN_NO_MEDIUM,   /* 02/3A/01 likewise */
	SIGN_NEEDS_START, /* 02/04/02 until START */
	SIGN_LINK,        /* the bridge fails; opened anew it answers */
	SIGN_TIMEOUT,
	SIGN_ABORTED, /* 0B/00/00 */
	SIGN_SLOW,    /* GOOD, after 8 s */
	SIGN_RESTED,  /* a minute passes before the command */
	SIGN_GONE,    /* the device is gone for good */
};

/* One thing that happens, at a read (from 0, counted over all sessions of the stage). */
struct stage_event {
	uint64_t at; /* 0: unused */
	enum stage_sign sign;
	unsigned times;
	bool swaps;
	enum stage_disc disc; /* the one inside from then on */
};

#define STAGE_EVENTS 4
#define STAGE_LIES 4

struct stage {
	struct script script; /* first: answers find the stage by it */
	char dir[64], image[96], map[96], scratch[96];
	const char *name;

	/* The script. */
	struct stage_event event[STAGE_EVENTS];
	struct respin_range bad[4]; /* 03/11/05 */
	bool foreign_is_bad;        /* the other disc has them, too */
	uint64_t bad_from;          /* from this read on */
	struct respin_range slow;   /* 8 s each time, and then GOOD */
	uint64_t lie[STAGE_LIES];   /* these reads (from 1) come with a wrong byte */
	uint64_t latency_ns;        /* of every read */
	void (*on_event)(struct stage *stage, const struct respin_event *event);
	const char *vendor; /* 8 characters; NULL: the script's */

	/* How it stands. */
	enum stage_disc inside;
	enum stage_sign pending;
	unsigned left; /* commands that `pending` lasts; until START or reopening: all */
	uint64_t reads, samples, count;
	struct respin_session *session;

	/* How it went. */
	int code;
	struct respin_error error;
	int status; /* exit status */
	unsigned lines;
	struct respin_stats stats;
};

void stage_init(struct stage *stage, const char *name);
void stage_finish(struct stage *stage);

/* A whole session with the scripted drive, or with the source at an address. */
void stage_run(struct stage *stage, bool force);
void stage_run_source(struct stage *stage, struct respin_source *source,
		      const struct respin_output_options *options);
void stage_run_address(struct stage *stage, const char *address, bool force);
/* The program: `respin rescue --quiet` and these arguments, NULL last. */
void stage_cli(struct stage *stage, const char *const *arguments);
/* Expects that something else went before: clears what the last run left. */
void stage_again(struct stage *stage);

/* A part of the right disc is rescued already: everything but 100 sectors. */
void stage_half(struct stage *stage);

/* The bytes of a sector of one of the discs; a file with the first `units` of it. */
void stage_sector(enum stage_disc disc, uint64_t unit, unsigned char bytes[STAGE_SECTOR]);
void stage_disc_file(struct stage *stage, const char *name, enum stage_disc disc, uint64_t units);
/* DIR/NAME, in a buffer that the next three calls leave alone. */
const char *stage_path(const struct stage *stage, const char *name);
void stage_copy(const char *from, const char *to);
void stage_text(const char *path, const char *text);

/* Bytes that the map calls finished and that are not the right disc's. */
uint64_t stage_foreign(const struct stage *stage);
/* The same for any map of any image. */
uint64_t stage_foreign_in(const char *image, const char *map);

struct scenario {
	const char *name;
	int status;  /* exit status that is right */
	int status2; /* or this one; 0: none */
	void (*play)(struct stage *stage);
};

extern const struct scenario swaps[], resumes[], keeps[]; /* a NULL name ends each */

/* A scenario that does not go as it must says why; the run goes on to the next one. */
void stage_fail(struct stage *stage, const char *what);
extern unsigned stage_failures;

#endif
