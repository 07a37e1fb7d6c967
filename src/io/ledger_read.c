/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a ledger tells. The file may come from anywhere: a number that no run
 * can have written ends the telling.
 */
#include "io/ledger.h"

#include <stdlib.h>
#include <string.h>

/* Puts row after row before `each`; the caller's answer, or RESPIN_E_INVALID. */
static int for_each(struct respin_ledger *ledger, const char *sql, int (*each)(void *arg, sqlite3_stmt *row),
		    void *arg)
{
	sqlite3_stmt *query = NULL;
	int answer = 0, rc = SQLITE_ERROR;
	(void)pthread_mutex_lock(&ledger->db_lock);
	if (sqlite3_prepare_v2(ledger->db, sql, -1, &query, NULL) == SQLITE_OK)
		while (answer == 0 && (rc = sqlite3_step(query)) == SQLITE_ROW)
			answer = each(arg, query);
	(void)sqlite3_finalize(query);
	(void)pthread_mutex_unlock(&ledger->db_lock);
	return answer ? answer : rc == SQLITE_DONE ? 0 : RESPIN_E_INVALID;
}

/* A number from 0 to `most`; beyond: *bad. */
static uint64_t number(sqlite3_stmt *row, int column, uint64_t most, bool *bad)
{
	int64_t value = sqlite3_column_int64(row, column);
	*bad |= value < 0 || (uint64_t)value > most;
	return (uint64_t)value;
}

static void copy(sqlite3_stmt *row, int column, char *to, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	size_t len = text ? strnlen(text, cap - 1) : 0;
	if (len)
		memcpy(to, text, len);
	to[len] = '\0';
}

struct telling {
	int (*run)(void *arg, const struct respin_ledger_run *run);
	int (*attempt)(void *arg, const struct respin_attempt *attempt);
	int (*note)(void *arg, const struct respin_ledger_note *note);
	void *arg;
};

static const char *text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text ? text : "";
}

static int tell_run(void *arg, sqlite3_stmt *row)
{
	const struct telling *telling = arg;
	struct respin_source_info source = {.size = sizeof source};
	char identity[20];
	bool bad = false;
	copy(row, 7, source.address, sizeof source.address);
	copy(row, 8, source.kind, sizeof source.kind);
	copy(row, 9, source.medium, sizeof source.medium);
	copy(row, 10, source.vendor, sizeof source.vendor);
	copy(row, 11, source.product, sizeof source.product);
	copy(row, 12, source.revision, sizeof source.revision);
	copy(row, 13, identity, sizeof identity);
	source.identity = strtoull(identity, NULL, 16);
	source.profile = (uint16_t)number(row, 14, UINT16_MAX, &bad);
	source.units = number(row, 15, INT64_MAX, &bad);
	source.unit_bytes = (uint32_t)number(row, 16, UINT32_MAX, &bad);
	source.ecc_block = (uint32_t)number(row, 17, UINT32_MAX, &bad);
	source.first_lba = sqlite3_column_int64(row, 18);
	const struct respin_ledger_run run = {
		.size = sizeof run,
		.number = number(row, 0, INT64_MAX, &bad),
		.started_s = sqlite3_column_int64(row, 1),
		.ended_s = sqlite3_column_int64(row, 2),
		.code = sqlite3_column_int(row, 3),
		.gained = number(row, 4, INT64_MAX, &bad),
		.command_line = text_of(row, 5),
		.version = text_of(row, 6),
		.source = &source,
	};
	return bad ? RESPIN_E_INVALID : telling->run(telling->arg, &run);
}

static int tell_attempt(void *arg, sqlite3_stmt *row)
{
	const struct telling *telling = arg;
	bool bad = false;
	const struct respin_attempt attempt = {
		.size = sizeof attempt,
		.run = number(row, 0, INT64_MAX, &bad),
		.time_ns = number(row, 1, INT64_MAX, &bad),
		.range = {number(row, 2, INT64_MAX / 2, &bad), number(row, 3, INT64_MAX / 2, &bad)},
		.gained = number(row, 4, INT64_MAX, &bad),
		.elapsed_ns = number(row, 5, INT64_MAX, &bad),
		.phase = (uint8_t)number(row, 6, RESPIN_PHASE_FINISHED, &bad),
		.reason = (uint8_t)number(row, 7, RESPIN_REASON_GIVEN_UP, &bad),
		.status = (uint8_t)number(row, 8, RESPIN_FINISHED, &bad),
		.flags = (uint8_t)number(row, 9, UINT8_MAX, &bad),
		.sense = {.key = (uint8_t)number(row, 10, 15, &bad),
			  .asc = (uint8_t)number(row, 11, UINT8_MAX, &bad),
			  .ascq = (uint8_t)number(row, 12, UINT8_MAX, &bad)},
		.speed_kbps = (uint32_t)number(row, 13, UINT32_MAX, &bad),
		.spin = (uint32_t)number(row, 14, UINT32_MAX, &bad),
		.lane = (uint32_t)number(row, 15, UINT32_MAX, &bad),
	};
	return bad ? RESPIN_E_INVALID : telling->attempt(telling->arg, &attempt);
}

static int tell_note(void *arg, sqlite3_stmt *row)
{
	const struct telling *telling = arg;
	bool bad = false;
	const struct respin_ledger_note note = {.size = sizeof note,
						.run = number(row, 0, INT64_MAX, &bad),
						.time_s = sqlite3_column_int64(row, 1),
						.text = text_of(row, 2)};
	return bad ? RESPIN_E_INVALID : telling->note(telling->arg, &note);
}

int respin_ledger_runs(struct respin_ledger *ledger,
		       int (*each)(void *arg, const struct respin_ledger_run *run), void *arg)
{
	struct telling telling = {.run = each, .arg = arg};
	return for_each(
		ledger,
		"SELECT number, started, coalesce(ended, 0), coalesce(code, 0), coalesce(gained, 0), "
		"command, version, address, kind, medium, vendor, product, revision, identity, profile, "
		"units, unit_bytes, ecc_block, first_lba FROM main.run ORDER BY number",
		tell_run, &telling);
}

int respin_ledger_attempts(struct respin_ledger *ledger,
			   int (*each)(void *arg, const struct respin_attempt *attempt), void *arg)
{
	struct telling telling = {.attempt = each, .arg = arg};
	return for_each(
		ledger,
		"SELECT run, time_ns, start, count, gained, elapsed_ns, phase, reason, status, flags, "
		"sense_key, asc, ascq, speed_kbps, spin, lane FROM main.attempt ORDER BY rowid",
		tell_attempt, &telling);
}

int respin_ledger_notes(struct respin_ledger *ledger,
			int (*each)(void *arg, const struct respin_ledger_note *note), void *arg)
{
	struct telling telling = {.note = each, .arg = arg};
	return for_each(ledger, "SELECT run, time, text FROM main.note ORDER BY rowid", tell_note, &telling);
}
