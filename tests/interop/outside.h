/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of one's own and programs that nobody here wrote, run in it. Their
 * output is kept whole. Does not judge it.
 */
#ifndef TEST_OUTSIDE_H
#define TEST_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define OUTSIDE_SKIP 77 /* meson's exit status for a test that cannot run here */

/* Enters a new directory; at the end it goes with all its files, or stays for a look. */
void outside_init(void);
void outside_finish(void);
void outside_keep(void);

/* Whether `program` can be run at all; says what is missing if not. */
bool outside_has(const char *program, const char *package);

struct outside_result {
	int status;          /* exit status, or -1: ended by a signal or not started */
	struct buf out, err; /* both terminated; `len` without the terminator */
};

/* argv[0] is looked up in PATH; standard input is the file "stdin", if there is one, else empty. */
void outside_run(const char *const argv[], struct outside_result *result);
void outside_result_finish(struct outside_result *result);

/* Any failure ends the test: here, files are not what is being tested. */
void outside_write(const char *name, const void *data, size_t len);
void outside_read(const char *name, struct buf *data);

#endif
