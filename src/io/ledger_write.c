/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is added to a ledger. Events are kept in memory and written once a
 * second by a thread of the ledger's own, so that neither a lane nor the
 * person's screen waits for this file.
 */
#include "io/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define WRITE_EVERY_S 1
/* How long the end of a run waits for its last rows: a disk that takes longer would hold up the person. */
#define END_WAIT_S 1
#define NOTE_MAX 4096

static struct timespec in_s(int s)
{
	struct timespec when;
	(void)clock_gettime(CLOCK_REALTIME, &when);
	when.tv_sec += s;
	return when;
}

/* ---- an event becomes a row ---- */

/* Answers after which the drive, when it is there again, has begun to turn anew. */
static bool says_away(uint8_t reason)
{
	switch ((enum respin_reason)reason) {
	case RESPIN_REASON_BECOMING_READY:
	case RESPIN_REASON_NEEDS_START:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_RESET:
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_GONE:
		return true;
	default:
		return false;
	}
}

static struct respin_attempt row_of(struct respin_ledger *ledger, const struct respin_event *event)
{
	const struct respin_outcome *outcome = event->outcome;
	const struct respin_request *request = &outcome->request;
	struct respin_attempt row = {
		.size = sizeof row,
		.run = ledger->run,
		.range = request->range,
		.time_ns = event->now_ns - ledger->begun_ns,
		.elapsed_ns = outcome->reply.elapsed_ns,
		.lane = request->lane,
		.spin = ledger->spin,
		.speed_kbps = ledger->speed_kbps,
		.phase = request->phase,
		.reason = outcome->reply.reason,
		.flags = request->flags,
		.status = outcome->span_count ? RESPIN_FINISHED : request->status,
		.sense = outcome->reply.sense,
	};
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		if (span->kind == RESPIN_SPAN_RECOVERED && !(request->flags & RESPIN_READ_SAMPLE))
			row.gained += span->range.count;
		if (span->status < row.status)
			row.status = span->status;
	}
	return row;
}

/* No command produced these: what is given up in the end, or taken back. */
static bool is_decision(const struct respin_outcome *outcome)
{
	return outcome->span_count && (outcome->spans[0].kind == RESPIN_SPAN_UNREADABLE ||
				       outcome->spans[0].kind == RESPIN_SPAN_RETRACT);
}

static bool make_room(struct ledger_held *held)
{
	if (held->count < held->cap)
		return true;
	size_t cap = held->cap ? 2 * held->cap : 256;
	struct respin_attempt *larger =
		cap <= LEDGER_HELD_MAX ? reallocarray(held->rows, cap, sizeof *larger) : NULL;
	if (!larger)
		return false;
	held->rows = larger;
	held->cap = cap;
	return true;
}

static void keep(struct respin_ledger *ledger, const struct respin_event *event)
{
	uint8_t reason = event->outcome->reply.reason;
	if (!ledger->timed)
		ledger->begun_ns = event->now_ns;
	ledger->timed = true;
	ledger->spin += ledger->away && !says_away(reason);
	ledger->away = says_away(reason);
	struct respin_attempt row = row_of(ledger, event);
	ledger->gained += row.gained;
	if (make_room(&ledger->held))
		ledger->held.rows[ledger->held.count++] = row;
	else
		ledger->left_out++;
}

void respin_ledger_event(struct respin_ledger *ledger, const struct respin_event *event)
{
	if (!ledger)
		return;
	(void)pthread_mutex_lock(&ledger->lock);
	if (event->kind == RESPIN_EVENT_REQUEST && !ledger->timed) {
		ledger->begun_ns = event->now_ns;
		ledger->timed = true;
	}
	if (ledger->run && event->outcome && !is_decision(event->outcome))
		keep(ledger, event);
	(void)pthread_mutex_unlock(&ledger->lock);
}

/* ---- rows become a transaction ---- */

static int insert(sqlite3_stmt *query, const struct respin_attempt *row)
{
	const int64_t values[] = {(int64_t)row->run,
				  (int64_t)row->time_ns,
				  (int64_t)row->range.start,
				  (int64_t)row->range.count,
				  (int64_t)row->gained,
				  (int64_t)row->elapsed_ns,
				  row->phase,
				  row->reason,
				  row->status,
				  row->flags,
				  row->sense.key,
				  row->sense.asc,
				  row->sense.ascq,
				  row->speed_kbps,
				  row->spin,
				  row->lane};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		(void)sqlite3_bind_int64(query, (int)i + 1, values[i]);
	int rc = sqlite3_step(query);
	(void)sqlite3_reset(query);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int write_rows(sqlite3 *db, const struct ledger_held *held)
{
	sqlite3_stmt *query = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO main.attempt VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
				    -1, &query, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < held->count; i++)
		rc = insert(query, &held->rows[i]);
	(void)sqlite3_finalize(query);
	return rc;
}

static int write_totals(sqlite3 *db, uint64_t run, uint64_t gained)
{
	char sql[128];
	(void)snprintf(sql, sizeof sql, "UPDATE main.run SET gained = %" PRId64 " WHERE number = %" PRId64,
		       (int64_t)gained, (int64_t)run);
	return ledger_do(db, sql);
}

static int write_all(sqlite3 *db, const struct ledger_held *held, uint64_t run, uint64_t gained)
{
	int rc = ledger_do(db, "BEGIN IMMEDIATE");
	if (rc != SQLITE_OK)
		return rc;
	rc = write_rows(db, held);
	if (rc == SQLITE_OK)
		rc = write_totals(db, run, gained);
	if (rc == SQLITE_OK)
		rc = ledger_do(db, "COMMIT");
	if (rc != SQLITE_OK)
		(void)ledger_do(db, "ROLLBACK");
	return rc;
}

/* What could not be written waits on, before what has come since. */
static void give_back(struct respin_ledger *ledger, const struct ledger_held *held)
{
	(void)pthread_mutex_lock(&ledger->lock);
	struct ledger_held newer = ledger->held, both = *held;
	for (size_t i = 0; i < newer.count; i++)
		if (make_room(&both))
			both.rows[both.count++] = newer.rows[i];
		else
			ledger->left_out++;
	ledger->held = both;
	(void)pthread_mutex_unlock(&ledger->lock);
	free(newer.rows);
}

static void note_trouble(struct respin_ledger *ledger, int rc)
{
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->trouble = true;
	(void)error_set(&ledger->why, rc == SQLITE_FULL ? RESPIN_E_FULL : RESPIN_E_OUTPUT, 0,
			"the ledger cannot be written: %s; it is kept in memory", sqlite3_errstr(rc));
	(void)pthread_mutex_unlock(&ledger->lock);
}

int ledger_write(struct respin_ledger *ledger)
{
	(void)pthread_mutex_lock(&ledger->lock);
	struct ledger_held held = ledger->held;
	uint64_t run = ledger->run, gained = ledger->gained;
	ledger->held = (struct ledger_held){0};
	(void)pthread_mutex_unlock(&ledger->lock);
	(void)pthread_mutex_lock(&ledger->db_lock);
	int rc = SQLITE_OK;
	if (held.count && ledger->db)
		rc = write_all(ledger->db, &held, run, gained);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && !ledger->in_memory) {
		note_trouble(ledger, rc);
		rc = ledger_into_memory(ledger);
		if (rc == SQLITE_OK)
			rc = write_all(ledger->db, &held, run, gained);
	}
	(void)pthread_mutex_unlock(&ledger->db_lock);
	if (rc == SQLITE_BUSY)
		give_back(ledger, &held);
	else
		free(held.rows);
	return rc;
}

/* ---- the writer ---- */

static void *writer(void *arg)
{
	struct respin_ledger *ledger = arg;
	bool stop = false;
	while (!stop) {
		struct timespec when = in_s(WRITE_EVERY_S);
		(void)pthread_mutex_lock(&ledger->lock);
		while (!ledger->stop && pthread_cond_timedwait(&ledger->wake, &ledger->lock, &when) == 0)
			;
		stop = ledger->stop;
		(void)pthread_mutex_unlock(&ledger->lock);
		(void)ledger_write(ledger);
	}
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->writer_ended = true;
	(void)pthread_cond_signal(&ledger->ended);
	(void)pthread_mutex_unlock(&ledger->lock);
	return NULL;
}

int respin_ledger_progress(struct respin_ledger *ledger, const struct respin_snapshot *snapshot,
			   struct respin_error *error)
{
	pthread_t thread;
	if (!ledger)
		return 0;
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->speed_kbps = snapshot->speed_kbps;
	if (!ledger->has_writer && !ledger->stop && pthread_create(&thread, NULL, writer, ledger) == 0) {
		(void)pthread_detach(thread);
		ledger->has_writer = true;
	}
	bool told = ledger->trouble;
	if (told && error)
		*error = ledger->why;
	ledger->trouble = false;
	(void)pthread_mutex_unlock(&ledger->lock);
	return told;
}

bool ledger_stop(struct respin_ledger *ledger)
{
	struct timespec when = in_s(END_WAIT_S);
	int rc = 0;
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->stop = true;
	(void)pthread_cond_signal(&ledger->wake);
	while (ledger->has_writer && !ledger->writer_ended && rc == 0)
		rc = pthread_cond_timedwait(&ledger->ended, &ledger->lock, &when);
	bool over = !ledger->has_writer || ledger->writer_ended;
	(void)pthread_mutex_unlock(&ledger->lock);
	return over;
}

/* ---- runs and notes ---- */

static void bind_text(sqlite3_stmt *query, int place, const char *text)
{
	if (text && *text)
		(void)sqlite3_bind_text(query, place, text, -1, SQLITE_TRANSIENT);
}

static void bind_source(sqlite3_stmt *query, const struct respin_source_info *source)
{
	char identity[20];
	const int64_t numbers[] = {source->profile, (int64_t)source->units, source->unit_bytes,
				   source->ecc_block, source->first_lba};
	(void)snprintf(identity, sizeof identity, "%016" PRIx64, source->identity);
	const char *const texts[] = {source->address, source->kind,     source->medium, source->vendor,
				     source->product, source->revision, identity};
	for (int i = 0; i < 7; i++)
		bind_text(query, 4 + i, texts[i]);
	for (int i = 0; i < 5; i++)
		(void)sqlite3_bind_int64(query, 11 + i, numbers[i]);
}

void respin_ledger_begin(struct respin_ledger *ledger, const struct respin_ledger_run *run)
{
	sqlite3_stmt *query = NULL;
	if (!ledger)
		return;
	(void)pthread_mutex_lock(&ledger->db_lock);
	if (sqlite3_prepare_v2(
		    ledger->db,
		    "INSERT INTO main.run(started, command, version, address, kind, medium, vendor, "
		    "product, revision, identity, profile, units, unit_bytes, ecc_block, first_lba) "
		    "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
		    -1, &query, NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int64(query, 1, (int64_t)time(NULL));
		bind_text(query, 2, run->command_line);
		bind_text(query, 3, run->version);
		if (run->source)
			bind_source(query, run->source);
	}
	int rc = query ? sqlite3_step(query) : SQLITE_ERROR;
	uint64_t number = rc == SQLITE_DONE ? (uint64_t)sqlite3_last_insert_rowid(ledger->db) : 0;
	(void)sqlite3_finalize(query);
	(void)pthread_mutex_unlock(&ledger->db_lock);
	if (rc != SQLITE_DONE)
		note_trouble(ledger, rc);
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->run = number;
	ledger->gained = ledger->begun_ns = ledger->left_out = 0;
	ledger->spin = ledger->speed_kbps = 0;
	ledger->timed = ledger->away = false;
	(void)pthread_mutex_unlock(&ledger->lock);
}

void respin_ledger_note(struct respin_ledger *ledger, const char *text)
{
	sqlite3_stmt *query = NULL;
	size_t len = strnlen(text, NOTE_MAX);
	if (!ledger)
		return;
	(void)pthread_mutex_lock(&ledger->lock);
	uint64_t run = ledger->run;
	(void)pthread_mutex_unlock(&ledger->lock);
	(void)pthread_mutex_lock(&ledger->db_lock);
	if (sqlite3_prepare_v2(
		    ledger->db,
		    "INSERT INTO main.note VALUES (coalesce(?1, (SELECT max(number) FROM main.run), 0), ?2, ?3)",
		    -1, &query, NULL) == SQLITE_OK) {
		if (run)
			(void)sqlite3_bind_int64(query, 1, (int64_t)run);
		(void)sqlite3_bind_int64(query, 2, (int64_t)time(NULL));
		(void)sqlite3_bind_text(query, 3, text, (int)len, SQLITE_STATIC);
	}
	int rc = query ? sqlite3_step(query) : SQLITE_ERROR;
	(void)sqlite3_finalize(query);
	(void)pthread_mutex_unlock(&ledger->db_lock);
	if (rc != SQLITE_DONE)
		note_trouble(ledger, rc);
}

static void note_left_out(struct respin_ledger *ledger, uint64_t left_out)
{
	char text[128];
	(void)snprintf(text, sizeof text,
		       "%" PRIu64 " attempts are not in this ledger: its disk was too slow", left_out);
	if (left_out)
		respin_ledger_note(ledger, text);
}

void respin_ledger_end(struct respin_ledger *ledger, int code)
{
	char sql[160];
	if (!ledger || !ledger_stop(ledger))
		return;
	(void)ledger_write(ledger);
	(void)pthread_mutex_lock(&ledger->lock);
	uint64_t run = ledger->run, left_out = ledger->left_out;
	/* Another run may follow. */
	ledger->stop = ledger->has_writer = ledger->writer_ended = false;
	(void)pthread_mutex_unlock(&ledger->lock);
	if (!run)
		return;
	note_left_out(ledger, left_out);
	(void)snprintf(sql, sizeof sql,
		       "UPDATE main.run SET ended = %" PRId64 ", code = %d WHERE number = %" PRId64,
		       (int64_t)time(NULL), code, (int64_t)run);
	(void)pthread_mutex_lock(&ledger->db_lock);
	(void)ledger_do(ledger->db, sql);
	(void)pthread_mutex_unlock(&ledger->db_lock);
	(void)pthread_mutex_lock(&ledger->lock);
	ledger->run = 0;
	(void)pthread_mutex_unlock(&ledger->lock);
}
