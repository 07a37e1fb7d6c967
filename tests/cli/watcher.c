/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A watcher whose process is dead, silent, mad or malicious: one notice, and the
 * rescue goes on with the whole disc. In the place of cli/watcher_child.c stands
 * a child that behaves as each test wants it to. Nothing is rescued here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <respin/error.h>
#include <respin/map.h>

#include "../../cli/stop.h"
#include "../../cli/watcher_wire.h"

enum manner {
	ANSWERS,    /* structure once, then a file once, then nothing more */
	DIES,       /* at the first question */
	DIES_LATER, /* in the middle of an answer */
	SILENT,
	OTHER_SERIAL,
	TOO_MANY,      /* more ranges than may be */
	BEYOND,        /* a range that ends behind all positions */
	EMPTY_RANGE,   /* a range of nothing */
	COUNT_RANGES,  /* ranges where only figures were asked for */
	SAME_FOR_EVER, /* names the same again and again */
};

static enum manner manner;

/* cli/stop.c: nobody wants to. */
int stop_wanted(void)
{
	return 0;
}

static void say(int socket, const void *data, size_t len)
{
	if (send(socket, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(1);
}

static void answer(int socket, const struct watcher_question *question, unsigned asked)
{
	struct watcher_answer reply = {.serial = question->serial,
				       .counts = {.known = true, .whole = 3, .wanted = 1},
				       .range_count = question->verb == WATCHER_COUNT ? 0 : 1};
	struct respin_range range = {asked * UINT64_C(100000), 2048};
	if (manner == ANSWERS && asked % 2)
		reply.range_count = 0;
	if (manner == OTHER_SERIAL)
		reply.serial++;
	if (manner == TOO_MANY)
		reply.range_count = UINT64_MAX;
	if (manner == BEYOND)
		range.count = UINT64_MAX - 5;
	if (manner == EMPTY_RANGE)
		range.count = 0;
	if (manner == COUNT_RANGES)
		reply.range_count = 1;
	if (manner == SAME_FOR_EVER)
		range.start = 0;
	say(socket, &reply, manner == DIES_LATER ? sizeof reply / 2 : sizeof reply);
	if (manner == DIES_LATER)
		_exit(1);
	if (reply.range_count == 1)
		say(socket, &range, sizeof range);
}

void watcher_serve(const struct watcher_job *job, int socket, int lifeline)
{
	struct watcher_question question;
	(void)job;
	/* The parent's ends: so that this one ends with the parent. */
	(void)close_range((unsigned)(lifeline > socket ? lifeline : socket) + 1, ~0u, 0);
	for (int fd = 3; fd <= (lifeline > socket ? lifeline : socket); fd++)
		if (fd != socket && fd != lifeline)
			(void)close(fd);
	for (unsigned asked = 0; recv(socket, &question, sizeof question, MSG_WAITALL) == sizeof question;
	     asked++) {
		if (manner == DIES)
			_exit(1);
		if (manner != SILENT)
			answer(socket, &question, asked);
	}
	_exit(0);
}

struct told {
	unsigned count;
	char last[256];
};

static void tell(void *arg, const char *text)
{
	struct told *told = arg;
	told->count++;
	(void)snprintf(told->last, sizeof told->last, "%s", text);
}

static struct watcher *start(enum manner how, enum order order, struct told *told)
{
	const struct watcher_job job = {
		.image = "-", .map = "-", .order = order, .pattern = "x", .tell = tell, .arg = told};
	*told = (struct told){0};
	manner = how;
	struct watcher *watcher = watcher_start(&job);
	assert_non_null(watcher);
	return watcher;
}

static void test_stages(void **state)
{
	(void)state;
	struct told told;
	struct respin_map *map;
	struct respin_extent extent;
	struct watcher *watcher = start(ANSWERS, ORDER_PATTERN, &told);
	assert_int_equal(watcher_focus(watcher, 0, &map), RESPIN_FOCUS_ON);
	assert_true(respin_map_next(map, 0, 1u << RESPIN_FINISHED, &extent));
	assert_int_equal(extent.range.start, 0);
	assert_int_equal(extent.range.count, 2048);
	respin_map_destroy(map);
	/* The structure lacks nothing more; the files do. */
	assert_int_equal(watcher_focus(watcher, 1, &map), RESPIN_FOCUS_ON);
	assert_true(respin_map_next(map, 0, 1u << RESPIN_FINISHED, &extent));
	assert_int_equal(extent.range.start, 200000);
	respin_map_destroy(map);
	assert_false(watcher_said_enough(watcher));
	assert_int_equal(watcher_focus(watcher, 2, &map), RESPIN_FOCUS_ENOUGH);
	assert_null(map);
	assert_true(watcher_said_enough(watcher));
	assert_non_null(strstr(told.last, "the one file that was asked for lacks"));
	watcher_end(watcher);
}

/* What was named before in a stage is not named again: it was tried. */
static void test_the_same_ends(void **state)
{
	(void)state;
	struct told told;
	struct respin_map *map;
	struct watcher *watcher = start(SAME_FOR_EVER, ORDER_FILES_FIRST, &told);
	for (unsigned stage = 0; stage < 2; stage++) { /* structure, files */
		assert_int_equal(watcher_focus(watcher, stage, &map), RESPIN_FOCUS_ON);
		respin_map_destroy(map);
	}
	assert_int_equal(watcher_focus(watcher, 2, &map), RESPIN_FOCUS_REST);
	watcher_end(watcher);
}

static void test_bad_children(void **state)
{
	(void)state;
	static const enum manner manners[] = {DIES,     DIES_LATER, SILENT,     OTHER_SERIAL,
					      TOO_MANY, BEYOND,     EMPTY_RANGE};
	for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
		struct told told;
		struct respin_map *map;
		struct watcher_counts counts;
		struct watcher *watcher = start(manners[i], ORDER_PATTERN, &told);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(watcher_focus(watcher, 0, &map), RESPIN_FOCUS_REST);
			assert_null(map);
		}
		assert_int_equal(told.count, 1);
		assert_non_null(strstr(told.last, "the rescue goes on with the whole disc"));
		assert_false(watcher_said_enough(watcher));
		assert_false(watcher_look(watcher, &counts));
		assert_false(watcher_last_look(watcher, &counts));
		watcher_end(watcher);
	}
}

static bool look_for(struct watcher *watcher, struct watcher_counts *counts, unsigned ms)
{
	for (unsigned i = 0; i < ms / 10; i++) {
		const struct timespec pause = {0, 10000000};
		if (watcher_look(watcher, counts))
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static void test_counting(void **state)
{
	(void)state;
	struct told told;
	struct watcher_counts counts;
	struct watcher *watcher = start(ANSWERS, ORDER_PLAIN, &told);
	assert_true(look_for(watcher, &counts, 2000));
	assert_int_equal(counts.whole, 3);
	/* Not again at once, unless it is for the last words. */
	assert_false(look_for(watcher, &counts, 50));
	assert_true(watcher_last_look(watcher, &counts));
	watcher_end(watcher);

	watcher = start(COUNT_RANGES, ORDER_PLAIN, &told);
	(void)look_for(watcher, &counts, 300);
	assert_int_equal(told.count, 1);
	assert_non_null(strstr(told.last, "they are counted no more"));
	watcher_end(watcher);
	assert_false(watcher_look(NULL, &counts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_the_same_ends),
		cmocka_unit_test(test_bad_children),
		cmocka_unit_test(test_counting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
