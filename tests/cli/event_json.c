/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin_event_json with events that no drive would cause: every word of every enumeration, values beyond them,
 * the largest figures, missing parts. What a real run writes is looked at by events.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <respin/session.h>

static json_t *parsed(const struct respin_event *event)
{
	char *text = respin_event_json(event);
	assert_non_null(text);
	assert_null(strpbrk(text, "\r\n"));
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_object(line));
	free(text);
	return line;
}

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	assert_non_null(text);
	return text;
}

static json_int_t figure(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

/* Every value has a word of its own; one beyond the last is unknown, and no crash. */
static void test_words(void **state)
{
	(void)state;
	struct respin_outcome outcome = {.span_count = 1};
	struct respin_event event = {.size = sizeof event, .kind = RESPIN_EVENT_OUTCOME, .outcome = &outcome};
	char seen[RESPIN_REASON_GIVEN_UP + 1][32];
	for (uint8_t reason = 0; reason <= RESPIN_REASON_GIVEN_UP + 1; reason++) {
		outcome.reply.reason = outcome.spans[0].reason = reason;
		json_t *line = parsed(&event);
		const json_t *span = json_array_get(json_object_get(line, "spans"), 0);
		assert_string_equal(word(line, "reason"), word(span, "reason"));
		if (reason > RESPIN_REASON_GIVEN_UP) {
			assert_string_equal(word(line, "reason"), "unknown");
		} else {
			assert_true(strlen(word(line, "reason")) < sizeof *seen);
			(void)snprintf(seen[reason], sizeof *seen, "%s", word(line, "reason"));
			for (uint8_t i = 0; i < reason; i++)
				assert_string_not_equal(seen[i], seen[reason]);
		}
		json_decref(line);
	}
	outcome.request.phase = outcome.request.status = outcome.spans[0].kind = UINT8_MAX;
	json_t *line = parsed(&event);
	assert_string_equal(word(line, "phase"), "unknown");
	assert_string_equal(word(line, "status"), "unknown");
	json_decref(line);
	event.kind = UINT8_MAX;
	line = parsed(&event);
	assert_string_equal(word(line, "event"), "unknown");
	json_decref(line);
}

static void test_request(void **state)
{
	(void)state;
	const struct respin_request request = {
		.seq = 7,
		.range = {4711, 32},
		.lane = 2,
		.timeout_ms = 80000,
		.ecc_block = 16,
		.phase = RESPIN_PHASE_SCRAPING,
		.status = RESPIN_NON_SCRAPED,
		.failed = RESPIN_NON_SCRAPED,
		.flags = RESPIN_READ_BACKWARDS | RESPIN_READ_FUA,
	};
	const struct respin_event event = {
		.size = sizeof event, .kind = RESPIN_EVENT_REQUEST, .now_ns = 99, .request = &request};
	json_t *line = parsed(&event);
	assert_string_equal(word(line, "schema"), "respin-events-1");
	assert_string_equal(word(line, "event"), "request");
	assert_string_equal(word(line, "phase"), "scraping");
	assert_string_equal(word(line, "status"), "/");
	assert_int_equal(figure(line, "now_ns"), 99);
	assert_int_equal(figure(line, "seq"), 7);
	assert_int_equal(figure(line, "start"), 4711);
	assert_int_equal(figure(line, "count"), 32);
	assert_int_equal(figure(line, "timeout_ms"), 80000);
	const json_t *flags = json_object_get(line, "flags");
	assert_int_equal(json_array_size(flags), 2);
	assert_string_equal(json_string_value(json_array_get(flags, 0)), "backwards");
	assert_string_equal(json_string_value(json_array_get(flags, 1)), "fua");
	json_decref(line);
}

static void test_sense(void **state)
{
	(void)state;
	struct respin_outcome outcome = {.reply = {.sense = {.key = 3, .asc = 0x11, .ascq = 5}}};
	const struct respin_event event = {
		.size = sizeof event, .kind = RESPIN_EVENT_OUTCOME, .outcome = &outcome};
	json_t *line = parsed(&event);
	const json_t *sense = json_object_get(line, "sense");
	assert_int_equal(figure(sense, "key"), 3);
	assert_int_equal(figure(sense, "asc"), 0x11);
	assert_int_equal(figure(sense, "ascq"), 5);
	assert_true(json_is_null(json_object_get(sense, "info_lba")));
	json_decref(line);
	outcome.reply.sense.has_info = 1;
	outcome.reply.sense.info_lba = -150;
	line = parsed(&event);
	assert_int_equal(figure(json_object_get(line, "sense"), "info_lba"), -150);
	json_decref(line);
	outcome.reply.sense = (struct respin_sense){0};
	line = parsed(&event);
	assert_true(json_is_null(json_object_get(line, "sense")));
	json_decref(line);
}

/* A count beyond what the array can hold is somebody's mistake, but no reason to read beyond it. */
static void test_bounds(void **state)
{
	(void)state;
	const struct respin_outcome outcome = {.span_count = UINT32_MAX};
	struct respin_event event = {.size = sizeof event,
				     .kind = RESPIN_EVENT_OUTCOME,
				     .now_ns = UINT64_MAX,
				     .outcome = &outcome};
	json_t *line = parsed(&event);
	assert_int_equal(json_array_size(json_object_get(line, "spans")), RESPIN_SPANS_MAX);
	assert_true(figure(line, "now_ns") == INT64_MAX);
	json_decref(line);
	for (uint8_t kind = RESPIN_EVENT_REQUEST; kind <= RESPIN_EVENT_END; kind++) {
		event = (struct respin_event){.size = sizeof event, .kind = kind};
		json_decref(parsed(&event)); /* neither request nor outcome: still a line */
	}
}

static void test_end(void **state)
{
	(void)state;
	const struct respin_event event = {
		.size = sizeof event,
		.kind = RESPIN_EVENT_END,
		.phase = RESPIN_PHASE_FINISHED,
		.stats = {.total = 100,
			  .finished = 60,
			  .non_tried = 5,
			  .retryable = 15,
			  .bad = 20,
			  .bad_areas = 3},
		.code = RESPIN_E_CANCELLED,
		.history = 0x00deadbeef00cafe,
	};
	json_t *line = parsed(&event);
	assert_string_equal(word(line, "history"), "00deadbeef00cafe");
	assert_int_equal(figure(line, "code"), RESPIN_E_CANCELLED);
	assert_int_equal(figure(line, "total"), 100);
	assert_int_equal(figure(line, "finished"), 60);
	assert_int_equal(figure(line, "non_tried"), 5);
	assert_int_equal(figure(line, "retryable"), 15);
	assert_int_equal(figure(line, "bad"), 20);
	assert_int_equal(figure(line, "bad_areas"), 3);
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),  cmocka_unit_test(test_request), cmocka_unit_test(test_sense),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
