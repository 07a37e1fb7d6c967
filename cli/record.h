/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that grows by whole lines while a rescue runs: --log and --events. It
 * is added to, never overwritten, and its failure never stops a rescue.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include <respin/session.h>

#include "options.h"

struct record {
	FILE *file; /* NULL: not asked for, or given up */
	const char *path;
};

/* PATH NULL: nothing to do. "-": standard output. Otherwise 0, or an exit status after a message. */
int record_open(struct record *record, const char *path, const struct options *options);

/* Writes the line and flushes it. False: it failed, now; later calls do nothing. */
bool record_line(struct record *record, const char *line);

/* False: the last bytes could not be written. */
bool record_close(struct record *record);

/* A log record as "key=value ..." (docs/man/respin.1, LOG). */
void record_format_log(const struct respin_log *log, char *line, size_t cap);

#endif
