/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The protocol of drive models against a scripted one: what is said, what is
 * believed, and that every kind of nonsense ends the conversation with its line
 * and its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/model.h"

#define READY                                                                                                \
	"READY medium dvd-5 sectors 1000 ecc 16 nominal_r0_mm 24.0 pitch_um 0.74 sector_mm 5.158 "           \
	"layers 1 speeds 4\n"

/* Says its lines one by one, and remembers what it was told. */
struct script {
	const char *lines;
	char told[1024];
	unsigned destroyed;
};

static int script_send(void *self, const char *line, struct respin_error *error)
{
	struct script *script = self;
	size_t len = strlen(script->told);
	(void)error;
	(void)snprintf(script->told + len, sizeof script->told - len, "%s|", line);
	return 0;
}

static int script_receive(void *self, char *line, size_t size, struct respin_error *error)
{
	struct script *script = self;
	size_t len = strcspn(script->lines, "\n");
	if (!*script->lines)
		return error_set(error, RESPIN_E_GONE, 0, "the script is over");
	assert_true(len < size);
	memcpy(line, script->lines, len);
	line[len] = '\0';
	script->lines += len + (script->lines[len] == '\n');
	return 0;
}

static void script_interrupt(void *self)
{
	(void)self;
}

static void script_destroy(void *self)
{
	struct script *script = self;
	script->destroyed++;
}

static const struct model_link_ops script_ops = {script_send, script_receive, script_interrupt,
						 script_destroy};

static struct model *opened(struct script *script, struct respin_error *failure)
{
	struct model_link link = {&script_ops, script};
	struct model *model = NULL;
	struct respin_error error = {0};
	assert_int_equal(model_create("sim:exec:test", &link, failure, &model, &error), 0);
	assert_null(link.ops); /* taken */
	return model;
}

static void test_ready(void **state)
{
	(void)state;
	struct script script = {.lines = READY};
	struct model *model = opened(&script, NULL);
	const struct model_facts *facts = model_facts(model);
	assert_string_equal(facts->medium, "dvd-5");
	assert_int_equal(facts->sectors, 1000);
	assert_int_equal(facts->ecc_block, 16);
	assert_true(facts->r0_mm == 24.0 && facts->pitch_um == 0.74 && facts->sector_mm == 5.158);
	assert_int_equal(facts->layers, 1);
	assert_int_equal(facts->speeds, 4);

	struct respin_source source;
	struct respin_source_info info = {.size = sizeof info};
	model_source(model, &source);
	respin_source_info(&source, &info);
	assert_int_equal(info.units, 1000);
	assert_int_equal(info.ecc_block, 16);
	assert_int_equal(info.max_request_units, 32);
	assert_int_equal(info.profile, 0x10);
	assert_int_equal(info.no_payload, 1);
	assert_string_equal(info.address, "sim:exec:test");
	assert_string_equal(info.medium, "dvd-5");
	respin_source_destroy(&source);
	assert_string_equal(script.told, "QUIT|");
	assert_int_equal(script.destroyed, 1);
}

/* The keys in any order, what may be left out, and keys of another day. */
static void test_ready_at_its_shortest(void **state)
{
	(void)state;
	struct script script = {.lines = "READY  ecc 32 colour green sectors 4294967295\tmedium UHD-100\r\n"};
	struct model *model = opened(&script, NULL);
	assert_int_equal(model_facts(model)->sectors, UINT32_MAX);
	assert_int_equal(model_facts(model)->layers, 1);
	assert_int_equal(model_facts(model)->speeds, 1);
	assert_true(model_facts(model)->pitch_um == 0);
	model_destroy(model);
}

static void test_nonsense_instead_of_ready(void **state)
{
	(void)state;
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"hello\n", "a model begins with READY"},
		{"\n", "a model begins with READY"},
		{"OK 0\n", "a model begins with READY"},
		{"READY\n", "medium is missing"},
		{"READY medium cd sectors 10\n", "ecc is missing"},
		{"READY medium cd ecc 1\n", "sectors is missing"},
		{"READY medium cd sectors 10 ecc\n", "the last word has no value"},
		{"READY medium cd sectors 0 ecc 1\n", "sectors is not a number"},
		{"READY medium cd sectors -5 ecc 1\n", "sectors is not a number"},
		{"READY medium cd sectors 4294967296 ecc 1\n", "sectors is not a number"},
		{"READY medium cd sectors 99999999999999999999999 ecc 1\n", "sectors is not a number"},
		{"READY medium cd sectors 1e5 ecc 1\n", "sectors is not a number"},
		{"READY medium cd sectors 10 ecc 0\n", "ecc is not a number"},
		{"READY medium cd sectors 10 ecc 33\n", "ecc is not a number"},
		{"READY medium cd sectors 10 ecc 1 layers none\n", "layers is not a number"},
		{"READY medium cd sectors 10 ecc 1 speeds 0\n", "speeds is not a number"},
		{"READY medium cd sectors 10 ecc 1 pitch_um nan\n", "pitch_um is not a length"},
		{"READY medium cd sectors 10 ecc 1 sector_mm 1.2.3\n", "sector_mm is not a length"},
		{"READY medium cd sectors 10 ecc 1 nominal_r0_mm .\n", "nominal_r0_mm is not a length"},
		{"", "the script is over"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct script script = {.lines = cases[i].line};
		struct model_link link = {&script_ops, &script};
		struct model *model = NULL;
		struct respin_error error = {0}, failure = {0};
		assert_int_equal(model_create("sim:exec:test", &link, &failure, &model, &error),
				 RESPIN_E_SOURCE);
		assert_null(model);
		assert_non_null(strstr(error.text, cases[i].why));
		assert_int_equal(script.destroyed, 1);
		assert_int_equal(failure.code, 0);
	}
}

static void read_units(struct respin_source *source, uint64_t start, uint64_t count,
		       struct respin_reply *reply)
{
	struct respin_request request = {.range = {start, count}, .ecc_block = 16};
	source->ops->read(source->self, &request, NULL, reply);
}

static void test_reading(void **state)
{
	(void)state;
	struct script script = {.lines = READY "OK 5000\nBAD 48 ECC 6000\nBAD 64 SERVO 7000\nBAD 79 ID 7000\n"
					       "BAD 64 WEDGE 9000\n"};
	struct respin_source source;
	struct respin_reply reply;
	model_source(opened(&script, NULL), &source);
	assert_int_equal(source.ops->now_ns(source.self), 0);
	read_units(&source, 0, 32, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_GOOD);
	assert_int_equal(reply.elapsed_ns, 5000);
	assert_int_equal(reply.residual_bytes, 0);
	assert_true(reply.resid_trusted);
	assert_int_equal(source.ops->now_ns(source.self), 5000);

	read_units(&source, 32, 32, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_MEDIUM);
	assert_int_equal(reply.scsi_status, 2);
	assert_int_equal(reply.sense.asc << 8 | reply.sense.ascq, 0x1105);
	assert_true(reply.sense.has_info);
	assert_int_equal(reply.sense.info_lba, 48);
	assert_int_equal(reply.residual_bytes, 16 * 2048);
	assert_int_equal(reply.elapsed_ns, 1000);

	read_units(&source, 64, 16, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_MEDIUM);
	assert_int_equal(reply.sense.asc, 0x09);
	assert_int_equal(reply.sense.info_lba, 64);
	read_units(&source, 64, 16, &reply); /* the last sector asked for; no time passed */
	assert_int_equal(reply.reason, RESPIN_REASON_MEDIUM);
	assert_int_equal(reply.sense.asc, 0x10);
	assert_int_equal(reply.sense.info_lba, 79);
	read_units(&source, 64, 16, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_HARDWARE);
	assert_false(reply.sense.has_info); /* it speaks of itself, not of a place */
	respin_source_destroy(&source);
	assert_string_equal(script.told, "READ 0 32|READ 32 32|READ 64 16|READ 64 16|READ 64 16|QUIT|");
}

static void test_waiting_and_spinning(void **state)
{
	(void)state;
	struct script script = {.lines =
					READY "OK 1500000000\nOK 1501000000\nOK 1600999000\nOK 9000000000\n"};
	struct respin_source source;
	struct respin_reply reply;
	model_source(opened(&script, NULL), &source);
	source.ops->sleep_until_ns(source.self, 1500000000);
	source.ops->sleep_until_ns(source.self, 1500000000); /* it is that late already */
	source.ops->sleep_until_ns(source.self, 1500000001); /* at least a millisecond */
	source.ops->sleep_until_ns(source.self, 1601000000); /* a model that counts in doubles */
	assert_int_equal(source.ops->now_ns(source.self), 1600999000);
	source.ops->control(source.self, RESPIN_DRIVE_IDENTIFY, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_GOOD);
	source.ops->control(source.self, RESPIN_DRIVE_START, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_GOOD);
	assert_int_equal(reply.elapsed_ns, 7399001000);
	respin_source_destroy(&source);
	assert_string_equal(script.told, "IDLE 1.500|IDLE 0.001|IDLE 0.100|SPIN|QUIT|");
}

static void test_nonsense_instead_of_an_answer(void **state)
{
	(void)state;
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"\n", "an empty line"},
		{"GOOD 6000\n", "neither OK nor BAD"},
		{"OK\n", "the clock is not"},
		{"OK soon\n", "the clock is not"},
		{"OK 6000.5\n", "the clock is not"},
		{"OK 6e3\n", "the clock is not"},
		{"OK -1\n", "the clock is not"},
		{"OK 18446744073709551615\n", "the clock is not"},
		{"OK 99999999999999999999999\n", "the clock is not"},
		{"OK 6000 7000\n", "more words than there should be"},
		{"OK 4999\n", "the clock went back"},
		{"BAD\n", "BAD is not followed by an LBA"},
		{"BAD here ECC 6000\n", "BAD is not followed by an LBA"},
		{"BAD 40\n", "the sense is not"},
		{"BAD 40 SCRATCH 6000\n", "the sense is not"},
		{"BAD 40 ECC\n", "the clock is not"},
		{"BAD 31 ECC 6000\n", "that LBA was not asked for"},
		{"BAD 64 ECC 6000\n", "that LBA was not asked for"},
		{"BAD 18446744073709551615 ECC 6000\n", "that LBA was not asked for"},
		{"", "the script is over"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char lines[512];
		(void)snprintf(lines, sizeof lines, READY "OK 5000\n%sOK 9000\n", cases[i].line);
		if (!*cases[i].line)
			lines[strlen(lines) - strlen("OK 9000\n")] = '\0';
		struct script script = {.lines = lines};
		struct respin_error failure = {0};
		struct respin_source source;
		struct respin_reply reply;
		model_source(opened(&script, &failure), &source);
		read_units(&source, 0, 32, &reply);
		assert_int_equal(failure.code, 0);
		read_units(&source, 32, 32, &reply);
		assert_int_equal(reply.reason, RESPIN_REASON_GONE);
		assert_true(failure.code < 0);
		assert_non_null(strstr(failure.text, cases[i].why));
		assert_non_null(strstr(failure.text, "READ 32 32"));
		if (*cases[i].line) { /* which line, and what it said */
			char quoted[64];
			(void)snprintf(quoted, sizeof quoted, "line 3, '%.*s'",
				       (int)strcspn(cases[i].line, "\n"), cases[i].line);
			assert_non_null(strstr(failure.text, quoted));
		}
		/* From here on nothing is asked and nothing believed; the clock runs, so that waits end. */
		struct respin_error first = failure;
		read_units(&source, 64, 1, &reply);
		assert_int_equal(reply.reason, RESPIN_REASON_GONE);
		source.ops->sleep_until_ns(source.self, 77000);
		assert_int_equal(source.ops->now_ns(source.self), 77000);
		assert_string_equal(failure.text, first.text);
		respin_source_destroy(&source);
		assert_string_equal(script.told, "READ 0 32|READ 32 32|QUIT|");
		assert_int_equal(script.destroyed, 1);
	}
}

static void test_an_idle_that_passes_no_time(void **state)
{
	(void)state;
	struct script script = {.lines = READY "OK 5000\nOK 5000\n"};
	struct respin_error failure = {0};
	struct respin_source source;
	struct respin_reply reply;
	model_source(opened(&script, &failure), &source);
	read_units(&source, 0, 32, &reply);
	source.ops->sleep_until_ns(source.self, 2000000000);
	assert_non_null(strstr(failure.text, "its clock moved by less"));
	respin_source_destroy(&source);
}

static void test_orders_are_not_answered_with_bad(void **state)
{
	(void)state;
	struct script script = {.lines = READY "BAD 0 ECC 1\n"};
	struct respin_error failure = {0};
	struct port port;
	model_port(opened(&script, &failure), &port);
	port.ops->speed(port.self, 0xffff);
	assert_non_null(strstr(failure.text, "only READ can be answered with BAD"));
	port.ops->destroy(port.self);
}

static void test_interrupted(void **state)
{
	(void)state;
	struct script script = {.lines = READY "OK 1\n"};
	struct respin_error failure = {0};
	struct respin_source source;
	struct respin_reply reply;
	model_source(opened(&script, &failure), &source);
	source.ops->interrupt(source.self);
	read_units(&source, 0, 32, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_CANCELLED);
	assert_int_equal(failure.code, 0);
	respin_source_destroy(&source);
}

static void test_the_port(void **state)
{
	(void)state;
	struct script script = {.lines = READY
				"OK 10\nBAD 3 ECC 1000\nOK 2000\nOK 3000\nOK 4000\nOK 5000\nOK 1000005000\n"};
	struct respin_error failure = {0};
	struct port port;
	struct port_info info;
	struct port_reply reply;
	model_port(opened(&script, &failure), &port);
	port.ops->info(port.self, &info);
	assert_int_equal(info.sectors, 1000);
	assert_int_equal(info.ecc_block, 16);
	assert_int_equal(info.max_sectors, 512);
	port.ops->read(port.self, 0, 512, 60000, &reply);
	assert_true(reply.ok);
	assert_int_equal(reply.elapsed_ns, 10);
	assert_int_equal(reply.commands, 1);
	assert_int_equal(reply.failed, 0);
	port.ops->read(port.self, 0, 16, 60000, &reply);
	assert_false(reply.ok || reply.transport);
	assert_int_equal(reply.failed, 1);
	assert_int_equal(reply.sense.info_lba, 3);
	port.ops->speed(port.self, 0xffff);
	port.ops->speed(port.self, 0);
	port.ops->speed(port.self, 706);
	port.ops->spin(port.self);
	port.ops->wait_ns(port.self, 1000000000);
	assert_int_equal(port.ops->now_ns(port.self), 1000005000);
	assert_int_equal(failure.code, 0);
	port.ops->read(port.self, 0, 16, 60000, &reply); /* the script is over */
	assert_false(reply.ok);
	assert_true(reply.transport);
	port.ops->destroy(port.self);
	assert_string_equal(script.told,
			    "READ 0 512|READ 0 16|SPEED 0|SPEED 3|SPEED 2|SPIN|IDLE 1.000|READ 0 16|QUIT|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_at_its_shortest),
		cmocka_unit_test(test_nonsense_instead_of_ready),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_waiting_and_spinning),
		cmocka_unit_test(test_nonsense_instead_of_an_answer),
		cmocka_unit_test(test_an_idle_that_passes_no_time),
		cmocka_unit_test(test_orders_are_not_answered_with_bad),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_the_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
