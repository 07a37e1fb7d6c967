/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a ledger: the database, and what waits to be written to it.
 * ledger.c opens and makes, ledger_write.c adds, ledger_read.c tells.
 */
#ifndef IO_LEDGER_H
#define IO_LEDGER_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include <respin/ledger.h>

/*
 * Attempts that wait. The writer takes them once a second, and no drive gives
 * more than some thousand answers in one: beyond this the disk hangs, and what
 * is left out is said in a note.
 */
#define LEDGER_HELD_MAX 65536u

struct ledger_held {
	struct respin_attempt *rows;
	size_t count, cap;
};

struct respin_ledger {
	pthread_mutex_t db_lock; /* for the database; held while the disk works */
	sqlite3 *db;
	bool in_memory;

	pthread_mutex_t lock; /* for all that follows; never held while the disk works */
	pthread_cond_t wake, ended;
	struct ledger_held held;
	uint64_t left_out; /* attempts that found no room */
	uint64_t run;      /* the one that has begun; 0: none */
	uint64_t begun_ns; /* the source's clock at its first event */
	bool timed;
	uint64_t gained; /* units, in this run */
	uint32_t speed_kbps;
	uint32_t spin;
	bool away; /* the last answer said that the drive was not there, or not ready */
	bool has_writer, stop, writer_ended;
	bool trouble; /* not told yet: */
	struct respin_error why;
};

/* One statement without an answer. SQLITE_OK or why not. */
int ledger_do(sqlite3 *db, const char *sql);

/* From here on in memory; what the file has stays there. */
int ledger_into_memory(struct respin_ledger *ledger);

/* Writes what is held in one transaction. SQLITE_OK; SQLITE_BUSY: it still waits. */
int ledger_write(struct respin_ledger *ledger);

/* Stops the writer. False: it hangs, and keeps the ledger. */
bool ledger_stop(struct respin_ledger *ledger);

#endif
