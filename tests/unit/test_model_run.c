/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our engine, in virtual time, on the drive model that is given as argument: a
 * program in another process. What is missing at the end is what the model
 * itself, asked anew, calls bad. Twice the same, bit by bit; and a model that
 * dies in the middle loses no sector for good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "respin_open.h"
#include "sim/model.h"

#define SECTORS 100000ull

static const char *program;

struct run {
	struct respin_map *map;
	struct respin_error failure;
	struct respin_summary summary;
	uint64_t history, virtual_ns;
	int result;
};

static int put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct run *run = self;
	(void)error;
	assert_null(outcome->bytes); /* a model has none */
	for (uint32_t i = 0; i < outcome->span_count; i++)
		assert_true(map_apply(run->map, &outcome->spans[i]) >= 0);
	return RESPIN_PUT_CONTINUE;
}

static int closed(void *self, struct respin_summary *summary, struct respin_error *error)
{
	(void)self;
	(void)summary;
	(void)error;
	return 0;
}

static void destroyed(void *self)
{
	(void)self;
}

static const struct respin_sink_ops sink_ops = {
	.size = sizeof sink_ops, .put = put, .close = closed, .destroy = destroyed};

static void note_time(void *arg, const struct respin_event *event)
{
	struct run *run = arg;
	if (event->kind == RESPIN_EVENT_OUTCOME)
		run->virtual_ns = event->now_ns;
}

static void rescue(const char *command, struct run *run)
{
	struct respin_error error = {0};
	struct model *model;
	struct respin_source source;
	char address[512];
	(void)snprintf(address, sizeof address, "sim:exec:%s", command);
	*run = (struct run){.map = map_create(SECTORS, RESPIN_NON_TRIED)};
	assert_non_null(run->map);
	assert_int_equal(open_model(address, &run->failure, &model, &error), 0);
	assert_int_equal(model_facts(model)->sectors, SECTORS);
	model_source(model, &source);
	struct engine_config config = {
		.mode = RESPIN_MODE_RESCUE,
		.sources = &source,
		.source_count = 1,
		.sink = {&sink_ops, run},
		.map = run->map,
		.resume = {.phase = RESPIN_PHASE_COPYING},
		.callbacks = {.size = sizeof config.callbacks, .arg = run, .event = note_time}};
	struct engine *engine;
	assert_int_equal(engine_create(&config, &engine, &error), 0);
	run->summary.size = sizeof run->summary;
	run->result = engine_run_virtual(engine, &run->summary, &error);
	run->history = planner_history(engine->planner);
	engine_destroy(engine);
}

/* One question for each area, in a process of its own: good areas are read in one go, bad sectors one by one. */
static void hold_against_the_truth(const struct run *run, const char *command)
{
	char address[512];
	struct model *model;
	struct port port;
	struct respin_error error = {0};
	struct respin_extent extent;
	(void)snprintf(address, sizeof address, "sim:exec:%s", command);
	assert_int_equal(open_model(address, NULL, &model, &error), 0);
	model_port(model, &port);
	for (uint64_t pos = 0; map_find(run->map, pos, MASK_ALL, &extent);
	     pos = extent.range.start + extent.range.count) {
		struct port_reply reply;
		bool finished = extent.status == RESPIN_FINISHED;
		uint64_t step = finished ? extent.range.count : 1;
		for (uint64_t i = 0; i < extent.range.count; i += step) {
			port.ops->read(port.self, extent.range.start + i, (uint32_t)step, 0, &reply);
			assert_int_equal(reply.ok, finished);
			assert_false(reply.transport);
		}
	}
	port.ops->destroy(port.self);
}

static void test_a_rescue_finds_the_damage(void **state)
{
	(void)state;
	char command[400];
	struct run run, again;
	(void)snprintf(command, sizeof command, "exec '%s' %llu", program, SECTORS);
	rescue(command, &run);
	assert_int_equal(run.failure.code, 0);
	assert_int_equal(run.result, 1);
	assert_true(run.summary.stats.bad > 1000 && run.summary.stats.bad < SECTORS / 2);
	assert_int_equal(run.summary.stats.bad + run.summary.stats.finished, SECTORS);
	hold_against_the_truth(&run, command);

	rescue(command, &again);
	assert_int_equal(again.history, run.history);
	assert_int_equal(again.virtual_ns, run.virtual_ns);
	print_message("%llu of %llu sectors are bad; %.1f h of the drive's time\n",
		      (unsigned long long)run.summary.stats.bad, SECTORS, (double)run.virtual_ns / 3.6e12);
	map_destroy(run.map);
	map_destroy(again.map);
}

/* What was read is kept, nothing is given up, and why it ended is known. */
static void test_a_model_that_dies(void **state)
{
	(void)state;
	char command[400];
	struct run run;
	(void)snprintf(command, sizeof command, "sed -u 1000q | '%s' %llu", program, SECTORS);
	rescue(command, &run);
	assert_int_equal(run.result, RESPIN_E_GONE);
	assert_true(run.failure.code < 0);
	assert_non_null(strstr(run.failure.text, "after 1001 lines"));
	assert_true(map_count(run.map, RESPIN_FINISHED) > 10000);
	assert_int_equal(map_count(run.map, RESPIN_BAD), 0);
	map_destroy(run.map);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *address, *why;
		int code;
	} cases[] = {
		{"sim:exec:", "the command is missing", RESPIN_E_INVALID},
		{"sim:exec:  ", "the command is missing", RESPIN_E_INVALID},
		{"sim:exec:echo hello", "its first line is 'hello'", RESPIN_E_SOURCE},
		{"sim:exec:exit 7", "the program ended with status 7 before it said READY", RESPIN_E_SOURCE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_source source = {0};
		struct respin_error error = {0};
		assert_int_equal(respin_source_open(cases[i].address, &source, &error), cases[i].code);
		assert_non_null(strstr(error.text, cases[i].why));
	}
}

/* Through the front door, and refused where bytes are wanted. */
static void test_there_is_nothing_to_save(void **state)
{
	(void)state;
	char address[512];
	struct respin_source source = {0};
	struct respin_error error = {0};
	struct respin_session *session = NULL;
	(void)snprintf(address, sizeof address, "sim:exec:'%s' 1000", program);
	assert_int_equal(respin_source_open(address, &source, &error), 0);
	struct respin_output_options output = {.size = sizeof output, .image = "image"};
	struct respin_session_options options = {.size = sizeof options,
						 .mode = RESPIN_MODE_RESCUE,
						 .sources = &source,
						 .source_count = 1,
						 .output = &output};
	assert_true(respin_session_create(&options, &session, &error) < 0);
	assert_null(session);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rescue_finds_the_damage),
		cmocka_unit_test(test_a_model_that_dies),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_there_is_nothing_to_save),
	};
	if (argc != 2) {
		print_message("skipped: the drive model to run is not named\n");
		return 77;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
