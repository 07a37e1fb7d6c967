/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger on a real file: what is told is what happened, over several runs;
 * a killed writer leaves it whole; strangers' files are left alone, and what
 * they hide in one does not run; without a place it lives in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/ledger.h"

struct desk {
	char dir[64], path[96];
};

static int set_up(void **state)
{
	static struct desk desk;
	(void)snprintf(desk.dir, sizeof desk.dir, "/tmp/respin-ledger-XXXXXX");
	assert_non_null(mkdtemp(desk.dir));
	(void)snprintf(desk.path, sizeof desk.path, "%s/i.ledger", desk.dir);
	*state = &desk;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *desk = *state;
	char journal[128];
	(void)snprintf(journal, sizeof journal, "%s-journal", desk->path);
	(void)unlink(desk->path);
	(void)unlink(journal);
	return rmdir(desk->dir);
}

static struct respin_ledger *created(const char *path, int expected)
{
	struct respin_ledger *ledger = NULL;
	struct respin_error error = {0};
	assert_int_equal(respin_ledger_create(path, &ledger, &error), expected);
	assert_non_null(ledger);
	return ledger;
}

static void begin(struct respin_ledger *ledger, const char *command, const char *vendor)
{
	struct respin_source_info source = {
		.size = sizeof source, .units = 1000, .unit_bytes = 2048, .profile = 0x10};
	(void)snprintf(source.vendor, sizeof source.vendor, "%s", vendor);
	const struct respin_ledger_run run = {
		.size = sizeof run, .command_line = command, .version = "1", .source = &source};
	respin_ledger_begin(ledger, &run);
}

/* One answer: a range read, or failed with a reason. */
static void answer(struct respin_ledger *ledger, uint64_t now_ns, uint64_t start, enum respin_reason reason)
{
	struct respin_outcome outcome = {.request = {.range = {start, 16}, .phase = RESPIN_PHASE_TRIMMING},
					 .reply = {.reason = (uint8_t)reason, .elapsed_ns = 7},
					 .span_count = 1};
	bool good = reason == RESPIN_REASON_GOOD;
	outcome.spans[0] = (struct respin_span){{start, 16},
						good ? RESPIN_SPAN_RECOVERED : RESPIN_SPAN_RETRY,
						good ? RESPIN_FINISHED : RESPIN_NON_SCRAPED,
						(uint8_t)reason};
	outcome.reply.sense.key = good ? 0 : 3;
	const struct respin_event event = {
		.size = sizeof event, .kind = RESPIN_EVENT_OUTCOME, .now_ns = now_ns, .outcome = &outcome};
	respin_ledger_event(ledger, &event);
}

struct told {
	unsigned runs, attempts, notes;
	uint64_t gained[8], spins, last_ns;
	int64_t ended[8];
	int codes[8];
	struct respin_attempt last;
	char command[8][64], vendor[16], note[64];
};

static int on_run(void *arg, const struct respin_ledger_run *run)
{
	struct told *told = arg;
	unsigned n = told->runs++ % 8;
	told->gained[n] = run->gained;
	told->ended[n] = run->ended_s;
	told->codes[n] = run->code;
	(void)snprintf(told->command[n], sizeof told->command[n], "%s", run->command_line);
	(void)snprintf(told->vendor, sizeof told->vendor, "%s", run->source->vendor);
	return 0;
}

static int on_attempt(void *arg, const struct respin_attempt *attempt)
{
	struct told *told = arg;
	told->attempts++;
	told->spins = attempt->spin;
	told->last = *attempt;
	return 0;
}

static int on_note(void *arg, const struct respin_ledger_note *note)
{
	struct told *told = arg;
	told->notes++;
	(void)snprintf(told->note, sizeof told->note, "%s", note->text);
	return 0;
}

static struct told tell(struct respin_ledger *ledger)
{
	struct told told = {0};
	assert_int_equal(respin_ledger_runs(ledger, on_run, &told), 0);
	assert_int_equal(respin_ledger_attempts(ledger, on_attempt, &told), 0);
	assert_int_equal(respin_ledger_notes(ledger, on_note, &told), 0);
	return told;
}

static struct told read_back(const char *path)
{
	struct respin_ledger *ledger = NULL;
	assert_int_equal(respin_ledger_open(path, &ledger, NULL), 0);
	struct told told = tell(ledger);
	respin_ledger_destroy(ledger);
	return told;
}

static void two_runs(void **state)
{
	struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	begin(ledger, "respin rescue a b", "ACME");
	answer(ledger, 100, 0, RESPIN_REASON_GOOD);
	answer(ledger, 300, 16, RESPIN_REASON_MEDIUM);
	respin_ledger_end(ledger, RESPIN_E_CANCELLED);
	respin_ledger_destroy(ledger);
	ledger = created(desk->path, 0);
	begin(ledger, "respin rescue again", "OTHER");
	respin_ledger_note(ledger, "disc cleaned");
	answer(ledger, 5, 16, RESPIN_REASON_RESET);
	answer(ledger, 6, 16, RESPIN_REASON_MEDIUM);
	answer(ledger, 9, 32, RESPIN_REASON_GOOD);
	respin_ledger_destroy(ledger); /* as one that was never told its end */

	struct told told = read_back(desk->path);
	assert_int_equal(told.runs, 2);
	assert_int_equal(told.attempts, 5);
	assert_int_equal(told.notes, 1);
	assert_string_equal(told.note, "disc cleaned");
	assert_string_equal(told.command[0], "respin rescue a b");
	assert_string_equal(told.command[1], "respin rescue again");
	assert_string_equal(told.vendor, "OTHER");
	assert_int_equal(told.gained[0], 16);
	assert_int_equal(told.codes[0], RESPIN_E_CANCELLED);
	assert_true(told.ended[0] > 0);
	assert_int_equal(told.ended[1], 0);
	assert_int_equal(told.last.run, 2);
	assert_int_equal(told.last.time_ns, 4);
	assert_int_equal(told.last.range.start, 32);
	assert_int_equal(told.last.gained, 16);
	assert_int_equal(told.last.status, RESPIN_FINISHED);
	assert_int_equal(told.last.phase, RESPIN_PHASE_TRIMMING);
	assert_int_equal(told.spins, 1);
}

/* The writer's thread, while events come. */
static void by_the_writer(void **state)
{
	struct desk *desk = *state;
	struct respin_snapshot snapshot = {.size = sizeof snapshot, .speed_kbps = 1385};
	struct respin_ledger *ledger = created(desk->path, 0);
	begin(ledger, "c", "v");
	for (unsigned i = 0; i < 3000; i++) {
		if (i % 1000 == 0)
			assert_int_equal(respin_ledger_progress(ledger, &snapshot, NULL), 0);
		answer(ledger, i, i, RESPIN_REASON_GOOD);
	}
	respin_ledger_end(ledger, 0);
	respin_ledger_destroy(ledger);
	struct told told = read_back(desk->path);
	assert_int_equal(told.attempts, 3000);
	assert_int_equal(told.last.speed_kbps, 1385);
	assert_int_equal(told.last.time_ns, 2999);
}

static void what_finds_no_room(void **state)
{
	struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	begin(ledger, "c", "v");
	for (unsigned i = 0; i < LEDGER_HELD_MAX + 10; i++)
		answer(ledger, i, i, RESPIN_REASON_GOOD);
	respin_ledger_end(ledger, 0);
	struct told told = tell(ledger);
	assert_int_equal(told.attempts, LEDGER_HELD_MAX);
	assert_memory_equal(told.note, "10 attempts", 11);
	assert_int_equal(told.gained[0], 16 * (LEDGER_HELD_MAX + 10));
	respin_ledger_destroy(ledger);
}

/* In a child that ends without a word, in the middle of its writing. */
static void killed(void **state)
{
	struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	begin(ledger, "c", "v");
	answer(ledger, 1, 0, RESPIN_REASON_GOOD);
	respin_ledger_destroy(ledger);
	for (unsigned round = 0; round < 5; round++) {
		pid_t child = fork();
		if (child == 0) {
			ledger = created(desk->path, 0);
			(void)ledger_do(
				ledger->db,
				"PRAGMA cache_size = 1"); /* so that it reaches the file before the commit */
			(void)ledger_do(ledger->db, "BEGIN IMMEDIATE");
			for (unsigned i = 0; i < 1000; i++)
				(void)ledger_do(ledger->db, "INSERT INTO note VALUES (1, 1, 'half')");
			(void)raise(SIGKILL);
		}
		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		struct told told = read_back(desk->path);
		assert_int_equal(told.notes, 0);
		assert_int_equal(told.attempts, 1);
	}
}

static void a_strangers_file(void **state)
{
	struct desk *desk = *state;
	FILE *file = fopen(desk->path, "w");
	assert_non_null(file);
	assert_true(fputs("my diary, not a database at all, and longer than a header of one hundred bytes is,"
			  " so that it is looked at\n",
			  file) >= 0);
	assert_int_equal(fclose(file), 0);
	struct stat before, after;
	assert_int_equal(stat(desk->path, &before), 0);
	struct respin_ledger *ledger = created(desk->path, 1);
	begin(ledger, "c", "v");
	answer(ledger, 1, 0, RESPIN_REASON_GOOD);
	respin_ledger_end(ledger, 0);
	assert_int_equal(tell(ledger).attempts, 1); /* in memory */
	respin_ledger_destroy(ledger);
	assert_int_equal(stat(desk->path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(respin_ledger_open(desk->path, &ledger, NULL), RESPIN_E_INVALID);
	assert_null(ledger);
	/* Nor is a directory one. */
	assert_int_equal(respin_ledger_open(desk->dir, &ledger, NULL), RESPIN_E_INVALID);
	respin_ledger_destroy(created(desk->dir, 1));
}

static void hidden_in_it(void **state)
{
	struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	begin(ledger, "c", "v");
	answer(ledger, 1, 0, RESPIN_REASON_GOOD);
	respin_ledger_destroy(ledger);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(
		ledger_do(db, "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM attempt; END"),
		SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	ledger = created(desk->path, 0);
	respin_ledger_note(ledger, "n");
	assert_int_equal(tell(ledger).attempts, 1);
	assert_int_equal(tell(ledger).notes, 1);
	respin_ledger_destroy(ledger);
	/* A number that no run can have written. */
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(ledger_do(db, "UPDATE attempt SET reason = 4711"), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	struct told told = {0};
	assert_int_equal(respin_ledger_open(desk->path, &ledger, NULL), 0);
	assert_int_equal(respin_ledger_attempts(ledger, on_attempt, &told), RESPIN_E_INVALID);
	respin_ledger_destroy(ledger);
	/* A view in a table's place. */
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(
		ledger_do(db, "DROP TABLE note; CREATE VIEW note AS SELECT 1 AS run, 1 AS time, 'x' AS text"),
		SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(respin_ledger_open(desk->path, &ledger, NULL), RESPIN_E_INVALID);
	respin_ledger_destroy(created(desk->path, 1));
}

/* The disk is full from some point on: said once, nothing else changes, and what was there can be read. */
static void no_more_room(void **state)
{
	struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	struct respin_error error = {0};
	begin(ledger, "c", "v");
	struct rlimit before, small = {32768, RLIM_INFINITY};
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 5000; i++)
		answer(ledger, i, i, RESPIN_REASON_GOOD);
	assert_true(ledger_write(ledger) == SQLITE_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(respin_ledger_progress(ledger, &snapshot, &error), 1);
	assert_int_not_equal(error.code, 0);
	assert_int_equal(respin_ledger_progress(ledger, &snapshot, &error), 0);
	assert_int_equal(tell(ledger).attempts, 5000);
	respin_ledger_destroy(ledger);
	assert_int_equal(read_back(desk->path).runs, 1);
}

static void nothing_to_do(void **state)
{
	(void)state;
	const struct respin_snapshot snapshot = {.size = sizeof snapshot};
	respin_ledger_destroy(NULL);
	respin_ledger_event(NULL, NULL);
	assert_int_equal(respin_ledger_progress(NULL, &snapshot, NULL), 0);
	respin_ledger_end(NULL, 0);
}

static void *lets_go(void *other)
{
	(void)usleep(150000);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	return NULL;
}

/* Another's lock is no damage; a short one is waited for. */
static void another_holds_it(void **state)
{
	const struct desk *desk = *state;
	struct respin_ledger *ledger = created(desk->path, 0);
	struct respin_error error = {0};
	sqlite3 *other = NULL;
	begin(ledger, "first", "V");
	respin_ledger_end(ledger, 0);
	respin_ledger_destroy(ledger);
	assert_int_equal(sqlite3_open(desk->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(respin_ledger_create(desk->path, &ledger, &error), 1);
	assert_non_null(strstr(error.text, "locked"));
	respin_ledger_destroy(ledger);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, lets_go, other), 0);
	respin_ledger_destroy(created(desk->path, 0));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(by_the_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_finds_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_strangers_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hidden_in_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_more_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_holds_it, set_up, tear_down),
		cmocka_unit_test(nothing_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
