/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books: what a program asked for and was given, and when. They are written
 * at its end, and a journal carries them, and every command, to the program
 * that goes on with the same drive. They change nothing.
 */
#ifndef PRELOAD_BOOKS_H
#define PRELOAD_BOOKS_H

#include <stdbool.h>
#include <stdio.h>

#include "journal.h"
#include "machine.h"
#include "person.h"

struct gain {
	uint64_t ns, sectors; /* saved by then */
};

struct counts {
	uint64_t sectors;             /* of the disc, as the drive claims it */
	uint64_t end_sectors;         /* as the kernel believes it by now; 0: not known */
	uint64_t reads, failed_reads; /* read calls, and READ commands over SG_IO */
	uint64_t asked_bytes, given_bytes;
	uint64_t commands, failed;  /* READ commands that reached the drive */
	uint64_t others;            /* all other commands */
	uint64_t rescued;           /* different sectors that were given */
	uint64_t saved;             /* of these: readable in truth */
	uint64_t first_ns, last_ns; /* of the reads: when the first one began and the last one ended */
	bool begun;
	uint64_t programs; /* that used the drive one after another, this one included */
	struct person person;
};

struct books {
	const struct settings *settings;
	struct counts counts;
	uint8_t *given; /* a bit for each sector */
	uint8_t *truth; /* ... that can be read; NULL: all count */
	uint64_t readable;
	struct gain *gains;
	size_t gain_count, gain_room, gains_written; /* ... of these, by the programs before */
	struct journal journal;
	long journal_end; /* where the next program's part of the file begins; 0: there is no file yet */
	bool replaying;
	FILE *log;
};

void books_open(struct books *books, const struct settings *settings);
/* Reads the journal of the programs before, does all of it again, takes over their counts. False: unusable. */
bool books_replay(struct books *books, const struct journal_again *again);
/* Known from now on; a second time: nothing. Takes the truth. */
void books_size(struct books *books, uint64_t sectors, uint8_t *truth, uint64_t readable);

void books_command(struct books *books, const struct respin_command *command, bool good);
void books_sleep(struct books *books, uint64_t ns);
void books_sought(struct books *books);
void books_replugged(struct books *books);
/* A read began at `began_ns` and ended now; `result` is bytes or -errno. */
void books_read(struct books *books, uint64_t began_ns, uint64_t now_ns, uint64_t pos_bytes,
		uint64_t asked_bytes, int64_t result);
void books_write(struct books *books, uint64_t now_ns, uint64_t wedges);

#endif
