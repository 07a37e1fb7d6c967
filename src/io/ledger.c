/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ledgers, opened and made. A file that is there may be anybody's: it is used
 * only if its tables are these to the letter, and neither its views nor its
 * triggers ever run. Nothing is synced: after a power cut the ledger may be
 * damaged, and then it is history that is lost.
 */
#include "io/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"

#define APPLICATION_ID 1920168046 /* "rspn" */
#define VERSION 1
/* Who reads it or writes a note is done by then; a run that began without its ledger stays without. */
#define BUSY_WAIT_MS 500

static const char *const tables[][2] = {
	{"run", "CREATE TABLE run(number INTEGER PRIMARY KEY, started INTEGER, ended INTEGER, code INTEGER, "
		"gained INTEGER, command TEXT, version TEXT, address TEXT, kind TEXT, medium TEXT, "
		"vendor TEXT, product TEXT, revision TEXT, identity TEXT, profile INTEGER, units INTEGER, "
		"unit_bytes INTEGER, ecc_block INTEGER, first_lba INTEGER)"},
	{"attempt",
	 "CREATE TABLE attempt(run INTEGER, time_ns INTEGER, start INTEGER, count INTEGER, gained INTEGER, "
	 "elapsed_ns INTEGER, phase INTEGER, reason INTEGER, status INTEGER, flags INTEGER, "
	 "sense_key INTEGER, asc INTEGER, ascq INTEGER, speed_kbps INTEGER, spin INTEGER, lane INTEGER)"},
	{"note", "CREATE TABLE note(run INTEGER, time INTEGER, text TEXT)"},
};
#define TABLES (sizeof tables / sizeof *tables)

int ledger_do(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *query = NULL;
	int64_t answer = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW)
		answer = sqlite3_column_int64(query, 0);
	(void)sqlite3_finalize(query);
	return answer;
}

/* Is this table there, as it would be made here? */
static bool has_table(sqlite3 *db, const char *name, const char *sql)
{
	sqlite3_stmt *query = NULL;
	bool same = sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?",
				       -1, &query, NULL) == SQLITE_OK &&
		    sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
		    sqlite3_step(query) == SQLITE_ROW && sqlite3_column_text(query, 0) &&
		    !strcmp((const char *)sqlite3_column_text(query, 0), sql);
	(void)sqlite3_finalize(query);
	return same;
}

static bool is_ledger(sqlite3 *db)
{
	bool is = ask(db, "PRAGMA application_id") == APPLICATION_ID &&
		  ask(db, "PRAGMA user_version") == VERSION;
	for (size_t i = 0; is && i < TABLES; i++)
		is = has_table(db, tables[i][0], tables[i][1]);
	return is;
}

static int make_tables(sqlite3 *db)
{
	char pragmas[128];
	(void)snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       APPLICATION_ID, VERSION);
	int rc = ledger_do(db, "BEGIN IMMEDIATE");
	for (size_t i = 0; rc == SQLITE_OK && i < TABLES; i++)
		rc = ledger_do(db, tables[i][1]);
	if (rc == SQLITE_OK)
		rc = ledger_do(db, pragmas);
	int end = ledger_do(db, rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
	return rc == SQLITE_OK ? end : rc;
}

/* What a stranger has put into the file must not run. */
static void tame(sqlite3 *db)
{
	static const int off[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
				  SQLITE_DBCONFIG_TRUSTED_SCHEMA};
	for (size_t i = 0; i < sizeof off / sizeof *off; i++)
		(void)sqlite3_db_config(db, off[i], 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)ledger_do(db, "PRAGMA cell_size_check = 1; PRAGMA mmap_size = 0; PRAGMA temp_store = 2");
	(void)sqlite3_busy_timeout(db, BUSY_WAIT_MS);
	/* A journal, so that kill -9 leaves it whole; no sync, so that it never holds up a rescue. */
	(void)ledger_do(db, "PRAGMA synchronous = 0");
}

/* A path, not one of SQLite's URIs or its names for memory. */
static int open_file(struct respin_ledger *ledger, const char *path, int flags)
{
	char whole[4096];
	(void)snprintf(whole, sizeof whole, "%s%s", *path == '/' ? "" : "./", path);
	int rc = sqlite3_open_v2(whole, &ledger->db, flags | SQLITE_OPEN_FULLMUTEX, NULL);
	if (rc == SQLITE_OK)
		tame(ledger->db);
	return rc;
}

static void close_file(struct respin_ledger *ledger)
{
	(void)sqlite3_close_v2(ledger->db);
	ledger->db = NULL;
}

int ledger_into_memory(struct respin_ledger *ledger)
{
	close_file(ledger);
	ledger->in_memory = true;
	int rc = sqlite3_open_v2(":memory:", &ledger->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	return rc == SQLITE_OK ? make_tables(ledger->db) : rc;
}

static struct respin_ledger *create(void)
{
	struct respin_ledger *ledger = calloc(1, sizeof *ledger);
	if (!ledger)
		return NULL;
	ledger->db_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	ledger->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	ledger->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	ledger->ended = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	return ledger;
}

void respin_ledger_destroy(struct respin_ledger *ledger)
{
	if (!ledger || !ledger_stop(ledger))
		return;
	(void)ledger_write(ledger);
	close_file(ledger);
	free(ledger->held.rows);
	free(ledger);
}

CLEANUP_DEFINE(ledger, struct respin_ledger, respin_ledger_destroy)

int respin_ledger_open(const char *path, struct respin_ledger **result, struct respin_error *error)
{
	*result = NULL;
	_cleanup_(cleanup_ledger) struct respin_ledger *ledger = create();
	struct stat there;
	if (!ledger)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a ledger");
	if (stat(path, &there) || !S_ISREG(there.st_mode))
		return error_set(error, RESPIN_E_INVALID, 0, "%.300s: no such file", path);
	/* To write, if that may be: a killed run may have left something to be rolled back. */
	if (open_file(ledger, path, SQLITE_OPEN_READWRITE) == SQLITE_OK && is_ledger(ledger->db)) {
		*result = take(ledger);
		return 0;
	}
	close_file(ledger);
	if (open_file(ledger, path, SQLITE_OPEN_READONLY) != SQLITE_OK || !is_ledger(ledger->db))
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%.300s: not a ledger of this version, or damaged", path);
	*result = take(ledger);
	return 0;
}

/* NULL, or why this file cannot be the ledger. */
static const char *open_to_add(struct respin_ledger *ledger, const char *path)
{
	struct stat there;
	bool is_new = stat(path, &there) < 0 || (S_ISREG(there.st_mode) && there.st_size == 0);
	if (!is_new && !S_ISREG(there.st_mode))
		return "not a regular file";
	int rc = open_file(ledger, path, SQLITE_OPEN_READWRITE | (is_new ? SQLITE_OPEN_CREATE : 0));
	if (rc == SQLITE_OK && is_new)
		rc = make_tables(ledger->db);
	if (rc != SQLITE_OK)
		return sqlite3_errstr(rc);
	/* Whether it can be written shows now, not when the first attempts are there. */
	if (!is_new)
		rc = ledger_do(ledger->db, "BEGIN IMMEDIATE; ROLLBACK");
	if (rc != SQLITE_BUSY && !is_ledger(ledger->db))
		return "not a ledger of this version, or damaged";
	return rc == SQLITE_OK ? NULL : sqlite3_errstr(rc);
}

int respin_ledger_create(const char *path, struct respin_ledger **result, struct respin_error *error)
{
	*result = NULL;
	_cleanup_(cleanup_ledger) struct respin_ledger *ledger = create();
	if (!ledger)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a ledger");
	const char *why = open_to_add(ledger, path);
	if (why) {
		(void)error_set(error, RESPIN_E_OUTPUT, 0, "%.300s: %s", path, why);
		if (ledger_into_memory(ledger) != SQLITE_OK)
			return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a ledger");
	}
	*result = take(ledger);
	return why ? 1 : 0;
}
