/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the keys mean: pause, slower, faster, skip, finish, stop. Turns them
 * into wishes to the session and says what became of them. Reads no terminal.
 */
#ifndef CLI_STEER_H
#define CLI_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/session.h>

struct steer {
	struct respin_session *session; /* NULL: nobody to ask any more */
	bool keys;                      /* they are heard */
	bool help;                      /* the list of keys is shown */
	bool no_drive;                  /* a plain source: no speed to set */
	bool ending;                    /* finishing was asked for */
	uint64_t sure_until_ns;         /* finishing takes the key twice: until then */
	uint64_t said_until_ns;
	char said[96]; /* what the last key brought, as a clause */
};

/* One key, at `now_ns`; 0: only time has passed. */
void steer_key(struct steer *steer, char key, const struct respin_snapshot *snapshot, uint64_t now_ns);

/* What is to be said of the last key; NULL: nothing (any more). */
const char *steer_said(const struct steer *steer, uint64_t now_ns);

/* The keys in short, for one line of so many columns; and the list of them, by line. NULL: no more. */
const char *steer_hint(const struct steer *steer, bool paused, unsigned columns);
struct steer_help {
	const char *keys, *what;
};
const struct steer_help *steer_list(unsigned line);

#endif
