/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controls through the public surface, as the live view uses them: a simulated
 * drive in a child process that keeps real time, and somebody who presses keys
 * when he sees what the last one did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <respin/session.h>

#include "fake_sink.h"

#define SECOND_NS 1000000000ull

struct person {
	struct respin_session *session;
	enum { READING, PAUSED, WENT_ON, SLOWED, FINISHED } did;
	uint64_t reads;  /* when the pause was seen */
	unsigned looks;  /* in the pause */
	bool read_on;    /* though it was paused */
	uint32_t kbps;   /* after SLOWER */
	uint64_t end_ns; /* patience with all of it */
};

static void press(struct person *person, enum respin_control what)
{
	respin_session_control(person->session, what);
	person->did++;
}

static int look(void *arg, const struct respin_snapshot *now)
{
	struct person *person = arg;
	if (!person->end_ns)
		person->end_ns = now->now_ns + 20 * SECOND_NS;
	switch (person->did) {
	case READING:
		if (now->reads > 20)
			press(person, RESPIN_CONTROL_PAUSE);
		break;
	case PAUSED: /* a command that was out when it began may still come back */
		assert_int_equal(now->paused, 1);
		if (person->looks++ == 0)
			break;
		if (person->looks == 2)
			person->reads = now->reads;
		person->read_on |= now->reads != person->reads;
		if (person->looks == 3)
			press(person, RESPIN_CONTROL_GO_ON);
		break;
	case WENT_ON:
		if (now->reads > person->reads)
			press(person, RESPIN_CONTROL_SLOWER);
		break;
	case SLOWED:
		person->kbps = now->speed_kbps;
		if (person->kbps)
			press(person, RESPIN_CONTROL_FINISH);
		break;
	case FINISHED:
		break;
	}
	return now->now_ns > person->end_ns;
}

static void as_the_view_does(void **state)
{
	(void)state;
	struct person person = {0};
	struct fake_sink sink;
	struct respin_source source;
	struct respin_error error = {0};
	if (respin_source_open_apart("sim:cd-clean?scale=4&payload=1&pace=20", &source, &error) < 0)
		fail_msg("%s", error.text);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	fake_sink_init(&sink, info.units, info.unit_bytes);
	struct respin_session_options options = {
		.size = sizeof options,
		.sources = &source,
		.source_count = 1,
		.sink = fake_sink(&sink),
		.callbacks = {.size = sizeof options.callbacks, .arg = &person, .progress = look}};
	assert_int_equal(respin_session_create(&options, &person.session, &error), 0);
	struct respin_summary summary = {.size = sizeof summary};
	int result = respin_session_run(person.session, &summary, &error);
	assert_int_equal(person.did, FINISHED);
	assert_int_equal(result, 1);
	assert_false(person.read_on);
	assert_true(person.looks >= 3); /* who looks is called in a pause, too */
	assert_true(person.kbps > 0);
	assert_true(summary.stats.finished > 0 && summary.stats.non_tried > 0);
	assert_int_equal(summary.stats.finished + summary.stats.non_tried, summary.stats.total);
	assert_true(sink.finished);
	/* A caller of an older header has a shorter snapshot: nothing is written behind it. */
	struct respin_snapshot now;
	memset(&now, 0xee, sizeof now);
	now.size = offsetof(struct respin_snapshot, mood);
	assert_int_equal(respin_session_snapshot(person.session, &now), 0);
	assert_int_equal(now.stats.finished, summary.stats.finished);
	assert_int_equal(now.mood, 0xee);
	assert_int_equal(now.speed_kbps, 0xeeeeeeee);
	respin_snapshot_finish(&now);
	respin_session_destroy(person.session);
	fake_sink_finish(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_view_does),
	};
	return cmocka_run_group_tests_name("session_control", tests, NULL, NULL);
}
