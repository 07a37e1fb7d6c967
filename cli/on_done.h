/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells somebody who does not look: --bell, --notify and --on-done. The program
 * gives up starting others before it reads a strange disc, so a small process
 * that is started first waits for the news. It reads nothing of the disc.
 */
#ifndef CLI_ON_DONE_H
#define CLI_ON_DONE_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/session.h>

struct on_done {
	bool bell;
	int pipe, child; /* -1: nobody waits */
	bool needed;     /* a person was called, and what called for him has not passed */
};

/* Before anything is open that the process must not inherit. `command` may be NULL. 0, or the exit status. */
int on_done_start(struct on_done *done, const char *command, bool bell, bool notify);

/* Calls once for each time that the drive is gone or the output stuck. */
void on_done_look(struct on_done *done, const struct respin_snapshot *snapshot);

/* What the command is told. */
struct on_done_report {
	int status;
	const char *image, *map; /* NULL: IMAGE.map */
	uint64_t saved_bytes, hoped_bytes, lost_bytes;
};

/*
 * When everything is closed and saved; waits for the command unless `leave`
 * (the person has stopped the program and wants to be rid of it). NULL: there is
 * nothing to tell, the run never began.
 */
void on_done_end(struct on_done *done, const struct on_done_report *report, bool leave);

#endif
