/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the live view that are functions over values: rates and the time left, reasons, keys, lines on a
 * terminal, places on a disc. What they make together is looked at by screens.sh and terminal.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paint.h"
#include "rate.h"
#include "steer.h"
#include "stop.h"
#include "why.h"

#define TICKS 400
#define SECOND_NS UINT64_C(1000000000)
#define START_NS (7 * SECOND_NS)

/* What the parts reach that is not here. */
static enum respin_control asked[16];
static unsigned asked_count;

void respin_session_control(struct respin_session *session, enum respin_control what)
{
	(void)session;
	assert_true(asked_count < 16);
	asked[asked_count++] = what;
}

int stop_wanted(void)
{
	return 0;
}

/* A disc of 100 000 sectors, read at 1000 a second, looked at four times a second. */
static struct respin_snapshot at(double seconds, enum respin_phase phase)
{
	struct respin_snapshot snapshot = {
		.size = sizeof snapshot, .phase = (uint8_t)phase, .started_ns = START_NS};
	snapshot.now_ns = START_NS + (uint64_t)(seconds * 1e9);
	snapshot.gained = (uint64_t)(seconds * 1000);
	snapshot.reads = snapshot.gained / 16;
	snapshot.stats.total = 100000;
	snapshot.stats.finished = snapshot.gained;
	snapshot.stats.non_tried = 100000 - snapshot.gained;
	return snapshot;
}

static const char *left(const struct rate *rate, const struct respin_snapshot *snapshot)
{
	static char text[160];
	rate_time_left(rate, snapshot, 16, text, sizeof text);
	return text;
}

static void test_rate_steady(void **state)
{
	(void)state;
	struct rate rate = {0};
	struct respin_snapshot snapshot = at(0, RESPIN_PHASE_COPYING);
	rate_note(&rate, &snapshot);
	assert_string_equal(left(&rate, &snapshot), "not known yet");
	for (unsigned quarter = 1; quarter <= 80; quarter++) {
		snapshot = at(quarter / 4.0, RESPIN_PHASE_COPYING);
		rate_note(&rate, &snapshot);
	}
	assert_true(rate_now(&rate, &snapshot) > 999 && rate_now(&rate, &snapshot) < 1001);
	assert_string_equal(left(&rate, &snapshot), "about 1 min 20 s");
	snapshot.stats.retryable = 40;
	assert_string_equal(left(&rate, &snapshot), "about 1 min 20 s, then 3 blocks that failed: unknown");
}

/* A drive that became slow makes a range; one that stands still leaves no upper end. */
static void test_rate_range(void **state)
{
	(void)state;
	struct rate rate = {0};
	struct respin_snapshot snapshot = {0};
	for (unsigned quarter = 0; quarter <= 120; quarter++) {
		double seconds = quarter / 4.0;
		snapshot = at(seconds, RESPIN_PHASE_COPYING);
		if (seconds > 20)
			snapshot.gained = 20000 + (uint64_t)((seconds - 20) * 500);
		snapshot.stats.non_tried = 100000 - snapshot.gained;
		rate_note(&rate, &snapshot);
	}
	assert_string_equal(left(&rate, &snapshot), "1 min 30 s to 2 min 30 s");
	for (unsigned quarter = 1; quarter <= 44; quarter++) {
		snapshot.now_ns += SECOND_NS / 4;
		rate_note(&rate, &snapshot);
	}
	assert_memory_equal(left(&rate, &snapshot), "at least ", 9);
}

/* A pause is no slowness: the average and the guess are those of before. */
static void test_rate_pause(void **state)
{
	(void)state;
	struct rate rate = {0};
	struct respin_snapshot snapshot = {0};
	for (unsigned quarter = 0; quarter <= 80; quarter++) {
		snapshot = at(quarter / 4.0, RESPIN_PHASE_COPYING);
		rate_note(&rate, &snapshot);
	}
	snapshot.paused = 1;
	for (unsigned minute = 0; minute < 60; minute++) {
		snapshot.now_ns += 60 * SECOND_NS;
		rate_note(&rate, &snapshot);
	}
	snapshot.paused = 0;
	rate_note(&rate, &snapshot);
	double average = rate_average(&rate, &snapshot);
	assert_true(average > 999 && average < 1001);
	assert_string_equal(left(&rate, &snapshot), "about 1 min 20 s");
}

static void test_rate_unknown(void **state)
{
	(void)state;
	struct rate rate = {0};
	struct respin_snapshot snapshot = at(10, RESPIN_PHASE_TRIMMING);
	snapshot.stats.non_tried = 0;
	snapshot.stats.retryable = 312 * 16 - 5;
	rate_note(&rate, &snapshot);
	assert_string_equal(left(&rate, &snapshot), "unknown: depends on 312 blocks");
	snapshot.phase = RESPIN_PHASE_SCRAPING;
	rate_note(&rate, &snapshot);
	assert_string_equal(left(&rate, &snapshot), "unknown: depends on 4 987 sectors");
	snapshot.now_ns += 10 * SECOND_NS;
	snapshot.reads += 4;
	rate_note(&rate, &snapshot);
	assert_string_equal(left(&rate, &snapshot),
			    "unknown: depends on 4 987 sectors; a try takes 2.5 s now");
	snapshot.phase = RESPIN_PHASE_CLOSING;
	assert_string_equal(left(&rate, &snapshot), "none");
}

static const struct respin_source_info dvd = {.size = sizeof dvd, .units = 100000, .ecc_block = 16};

static struct respin_request request(enum respin_phase phase, uint64_t start, uint64_t count)
{
	return (struct respin_request){.range = {start, count}, .ecc_block = 16, .phase = (uint8_t)phase};
}

/* One request and its outcome. */
static void tried(struct why *why, enum respin_phase phase, uint64_t start, uint64_t count,
		  enum respin_reason reason)
{
	struct respin_outcome outcome = {.request = request(phase, start, count), .span_count = 1};
	bool good = reason == RESPIN_REASON_GOOD;
	outcome.reply.reason = (uint8_t)reason;
	outcome.spans[0] = (struct respin_span){
		.range = {start, count},
		.kind = good ? RESPIN_SPAN_RECOVERED : RESPIN_SPAN_RETRY,
		.reason = (uint8_t)reason,
	};
	struct respin_event event = {
		.size = sizeof event, .kind = RESPIN_EVENT_REQUEST, .request = &outcome.request};
	why_event(why, &dvd, &event);
	event = (struct respin_event){
		.size = sizeof event, .kind = RESPIN_EVENT_OUTCOME, .outcome = &outcome};
	why_event(why, &dvd, &event);
}

static const char *reason_for(const struct why *why, const struct respin_request *next)
{
	static char text[192];
	why_words(why, next, &dvd, text, sizeof text);
	return text;
}

static void test_why_counts(void **state)
{
	(void)state;
	struct why why = {0};
	struct respin_request next = request(RESPIN_PHASE_TRIMMING, 320, 16);
	assert_string_equal(reason_for(&why, &next), "this block failed as a whole before; once more");
	tried(&why, RESPIN_PHASE_COPYING, 320, 16, RESPIN_REASON_MEDIUM);
	assert_string_equal(reason_for(&why, &next), "this block failed as a whole once; once more");
	tried(&why, RESPIN_PHASE_TRIMMING, 320, 16, RESPIN_REASON_MEDIUM);
	next = request(RESPIN_PHASE_SCRAPING, 327, 1);
	assert_string_equal(reason_for(&why, &next), "sector by sector: this block failed as a whole twice");
	next.range.start = 336; /* the neighbour */
	assert_string_equal(reason_for(&why, &next), "sector by sector: this block failed as a whole before");
	for (unsigned i = 0; i < 3; i++)
		tried(&why, RESPIN_PHASE_RETRYING, 327, 1, RESPIN_REASON_HARDWARE);
	next = request(RESPIN_PHASE_RETRYING, 327, 1);
	assert_string_equal(reason_for(&why, &next), "this sector failed 3 times; again, for luck changes");
	/* A lost link says nothing of the place. */
	tried(&why, RESPIN_PHASE_RETRYING, 327, 1, RESPIN_REASON_LINK);
	assert_string_equal(reason_for(&why, &next), "this sector failed 3 times; again, for luck changes");
	next.flags = RESPIN_READ_LAST;
	assert_string_equal(reason_for(&why, &next),
			    "each try here took the drive away; this is the last one");
}

static void test_why_jumps(void **state)
{
	(void)state;
	struct why why = {0};
	struct respin_request next = request(RESPIN_PHASE_COPYING, 16, 16);
	tried(&why, RESPIN_PHASE_COPYING, 0, 16, RESPIN_REASON_GOOD);
	assert_string_equal(reason_for(&why, &next), "what was never tried, keeping clear of damage");
	tried(&why, RESPIN_PHASE_COPYING, 16, 16, RESPIN_REASON_MEDIUM);
	tried(&why, RESPIN_PHASE_COPYING, 1040, 16, RESPIN_REASON_GOOD);
	next.range.start = 1056;
	assert_string_equal(reason_for(&why, &next),
			    "jumped over 1 024 sectors, as LBA 16 failed; they come later");
	next.flags = RESPIN_READ_BACKWARDS;
	assert_string_equal(reason_for(&why, &next), "backwards, towards the damage from its far side");
	next.flags = 0;
	for (uint64_t i = 0; i < 100; i++)
		tried(&why, RESPIN_PHASE_COPYING, 1056 + 16 * i, 16, RESPIN_REASON_GOOD);
	assert_string_equal(reason_for(&why, &next), "what was never tried, keeping clear of damage");
}

/* More failures than are remembered: less is said, and nothing that is not so. */
static void test_why_forgets(void **state)
{
	(void)state;
	struct why why = {0};
	for (uint64_t block = 0; block < 20 * WHY_SLOTS; block++)
		tried(&why, RESPIN_PHASE_TRIMMING, block * 16, 16, RESPIN_REASON_MEDIUM);
	unsigned once = 0;
	for (uint64_t block = 0; block < 20 * WHY_SLOTS; block++) {
		struct respin_request next = request(RESPIN_PHASE_TRIMMING, block * 16, 16);
		const char *text = reason_for(&why, &next);
		once += strstr(text, " once;") != NULL;
		assert_true(strstr(text, " once;") || strstr(text, " before;"));
	}
	assert_true(once > WHY_SLOTS / 2 && once <= WHY_SLOTS);
}

static struct respin_session *const nobody = (struct respin_session *)&asked_count;

static void test_keys(void **state)
{
	(void)state;
	struct steer steer = {.session = nobody, .keys = true};
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	asked_count = 0;
	steer_key(&steer, 'p', &snapshot, 1);
	snapshot.paused = 1;
	steer_key(&steer, ' ', &snapshot, 2);
	steer_key(&steer, '-', &snapshot, 3);
	steer_key(&steer, '+', &snapshot, 4);
	steer_key(&steer, '=', &snapshot, 5);
	steer_key(&steer, 's', &snapshot, 6);
	const enum respin_control want[] = {RESPIN_CONTROL_PAUSE,  RESPIN_CONTROL_GO_ON,
					    RESPIN_CONTROL_SLOWER, RESPIN_CONTROL_FASTER,
					    RESPIN_CONTROL_FASTER, RESPIN_CONTROL_SKIP};
	assert_int_equal(asked_count, 6);
	assert_memory_equal(asked, want, sizeof want);
	assert_string_equal(steer_said(&steer, 7), "this area is left for later");
	assert_null(steer_said(&steer, 60 * SECOND_NS));
	steer_key(&steer, 'x', &snapshot, 8);
	steer_key(&steer, '?', &snapshot, 9);
	assert_int_equal(asked_count, 6);
	assert_true(steer.help);
}

/* Finishing wants the key twice, soon, and nothing between. */
static void test_finish(void **state)
{
	(void)state;
	struct steer steer = {.session = nobody};
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	asked_count = 0;
	steer_key(&steer, 'f', &snapshot, SECOND_NS);
	steer_key(&steer, 'f', &snapshot, 60 * SECOND_NS);
	steer_key(&steer, 'h', &snapshot, 61 * SECOND_NS);
	steer_key(&steer, 'f', &snapshot, 61 * SECOND_NS);
	assert_int_equal(asked_count, 0);
	steer_key(&steer, 'f', &snapshot, 62 * SECOND_NS);
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked[0], RESPIN_CONTROL_FINISH);
	/* A file has no speed, and nobody is asked when nobody is there. */
	steer.no_drive = true;
	steer_key(&steer, '-', &snapshot, 63 * SECOND_NS);
	steer.session = NULL;
	steer_key(&steer, 's', &snapshot, 64 * SECOND_NS);
	assert_int_equal(asked_count, 1);
}

/* What a frame costs in bytes; *drawn: whether it was drawn. */
static size_t painted(struct paint *paint, const char *text, uint64_t now_ns, char **bytes, bool *drawn)
{
	size_t len = 0;
	FILE *out = open_memstream(bytes, &len);
	assert_non_null(out);
	*drawn = paint_lines(paint, out, text, false, now_ns);
	assert_int_equal(fclose(out), 0);
	return len;
}

static void test_paint_changes(void **state)
{
	(void)state;
	struct paint paint = {0};
	char *bytes;
	bool drawn;
	assert_true(painted(&paint, "one\ntwo\nthree", 1, &bytes, &drawn) > 0);
	free(bytes);
	assert_int_equal(painted(&paint, "one\ntwo\nthree", 2, &bytes, &drawn), 0);
	free(bytes);
	(void)painted(&paint, "one\n2\nthree", 3, &bytes, &drawn);
	assert_string_equal(bytes, "\r\033[1A2\033[K\r\n");
	free(bytes);
	(void)painted(&paint, "one\n2", 4, &bytes, &drawn);
	assert_string_equal(bytes, "\r\033[1A\n\033[J\033[A");
	free(bytes);
	(void)painted(&paint, "one\n2\nthree", 5, &bytes, &drawn);
	assert_string_equal(bytes, "\r\nthree\033[K");
	free(bytes);
	paint_finish(&paint);
}

/* Frames that change all over, forty a second for ten seconds, of several sizes: never more than 30 kB in any second. */
static void test_paint_bound(void **state)
{
	(void)state;
	static size_t at_tick[TICKS];
	for (size_t size = 500; size <= 29000; size += 9500) {
		struct paint paint = {0};
		unsigned frames = 0;
		char *text = malloc(size + 1);
		memset(text, 'a', size);
		text[size] = '\0';
		memset(at_tick, 0, sizeof at_tick);
		for (unsigned tick = 0; tick < TICKS; tick++) {
			char *bytes;
			bool drawn;
			text[0] = tick & 1 ? 'x' : 'y';
			at_tick[tick] = painted(&paint, text, (tick + 1) * SECOND_NS / 40, &bytes, &drawn);
			frames += drawn && at_tick[tick] > 0;
			free(bytes);
		}
		for (unsigned tick = 0; tick + 40 <= TICKS; tick++) {
			size_t sum = 0;
			for (unsigned i = 0; i < 40; i++)
				sum += at_tick[tick + i];
			assert_true(sum <= 30000);
		}
		assert_true(frames >= 4); /* held back, but never for good */
		free(text);
		paint_finish(&paint);
	}
}

static void test_place(void **state)
{
	(void)state;
	struct respin_place place = {.size = sizeof place};
	struct respin_source_info info = {.size = sizeof info, .units = 4173824, .profile = 0x10};
	assert_int_equal(respin_disc_place(&info, 0, &place), 1);
	assert_in_range(place.radius_um, 23900, 24100);
	assert_int_equal(place.layer, 0);
	assert_int_equal(place.layers, 2);
	assert_true(place.kbps_1x > 1384 && place.kbps_1x < 1386);
	assert_true(place.sectors_1x > 676 && place.sectors_1x < 677);
	assert_int_equal(respin_disc_place(&info, 2086911, &place), 1);
	assert_in_range(place.radius_um, 57800, 58200);
	assert_int_equal(place.layer, 0);
	assert_int_equal(respin_disc_place(&info, 4173823, &place),
			 1); /* back where it began, one layer up */
	assert_in_range(place.radius_um, 23900, 24100);
	assert_int_equal(place.layer, 1);
	assert_int_equal(respin_disc_place(&info, 4173824, &place), 0);
	info = (struct respin_source_info){.size = sizeof info, .units = 333000, .profile = 8};
	assert_int_equal(respin_disc_place(&info, 166500, &place), 1);
	assert_in_range(place.radius_um, 44000,
			45200); /* half the area lies within the root of the mean square */
	assert_true(place.kbps_1x > 176.3 && place.kbps_1x < 176.5);
	info.profile = 0; /* a file */
	assert_int_equal(respin_disc_place(&info, 0, &place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_steady), cmocka_unit_test(test_rate_range),
		cmocka_unit_test(test_rate_pause),  cmocka_unit_test(test_rate_unknown),
		cmocka_unit_test(test_why_counts),  cmocka_unit_test(test_why_jumps),
		cmocka_unit_test(test_why_forgets), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_finish),      cmocka_unit_test(test_paint_changes),
		cmocka_unit_test(test_paint_bound), cmocka_unit_test(test_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
