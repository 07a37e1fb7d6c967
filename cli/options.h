/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "respin rescue", "sweep" and "patch" were asked to do: the command line
 * and nothing that has to be looked up.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include <respin/session.h>

#include "watcher.h"

struct options {
	const char *command; /* "rescue", "sweep", "patch" */
	enum respin_mode mode;
	const char *source, *image;
	char source_file[4096]; /* the file behind the source, or "": nothing may be written there */
	const char *map;        /* NULL: IMAGE.map */
	const char *domain;     /* NULL: IMAGE.domain if there is one */
	const char *log, *events;
	const char *emergency_dir; /* NULL: none */
	enum order order;          /* what comes first */
	const char *pattern;       /* ORDER_PATTERN */
	uint32_t space_wait_s;
	const char *note; /* for the ledger; NULL: none */
	const char *on_done;       /* for sh, at the end; NULL: nothing */
	bool bell, notify;
	bool quiet, verbose, force, keep_bad, no_ledger;
};

/* -1: go on. Otherwise everything was said, and it is the exit status. */
int options_parse(struct options *options, int argc, char **argv);

#define OPTIONS_GO_ON (-1)

/*
 * What getopt_long found wrong, as a usage message. For commands with options
 * of their own; `found` is what it returned ('?' or ':').
 */
int options_refuse(const char *command, int found, char **argv);

#endif
