/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The optical drive as a source, over scripted answers: how it is opened, what
 * it makes of strange targets, and that one read is one command. Over the
 * simulated drive see test_transport_sim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "core/cdb.h"
#include "garbage.h"
#include "script_transport.h"

#define SECOND 1000000000ull

static struct script script;

typedef bool answer_fn(struct script *script, const struct respin_command *command,
		       struct respin_command_reply *reply);

static int open_with(answer_fn *answer, struct respin_source *source, struct respin_error *error)
{
	script.answer = answer;
	struct respin_transport transport = script_transport(&script);
	int code = respin_source_mmc(&transport, source, error);
	assert_null(transport.ops); /* taken in any case */
	assert_int_equal(script.destroys, code < 0);
	return code;
}

static int setup(void **state)
{
	(void)state;
	script_init(&script);
	return 0;
}

static void opens(void **state)
{
	(void)state;
	struct respin_source source;
	struct respin_source_info info = {.size = sizeof info};
	assert_int_equal(open_with(NULL, &source, NULL), 0);
	respin_source_info(&source, &info);
	assert_int_equal(info.units, 10000);
	assert_int_equal(info.unit_bytes, 2048);
	assert_int_equal(info.ecc_block, 16);
	assert_int_equal(info.max_request_units, 32);
	assert_int_equal(info.profile, 0x0010);
	assert_true(info.identity != 0);
	assert_string_equal(info.kind, "mmc");
	assert_string_equal(info.vendor, "SCRIPT");
	assert_string_equal(info.product, "A DRIVE");
	assert_string_equal(info.medium, "DVD-ROM");
	source.ops->interrupt(source.self);
	assert_int_equal(script.interrupts, 1);
	respin_source_destroy(&source);
	assert_int_equal(script.destroys, 1);
	assert_int_equal(script.counts[CDB_READ_10], 0); /* opening reads nothing */
	respin_source_destroy(&source);                  /* empty by now */
}

/* Only INQUIRY and READ CAPACITY must be there; tgt refuses most of the rest. */
static bool refuse_the_rest(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	(void)s;
	if (c->cdb[0] == CDB_INQUIRY || c->cdb[0] == CDB_READ_CAPACITY)
		return false;
	script_sense(r, 5, 0x20, 0);
	return true;
}

static void optional_commands_may_fail(void **state)
{
	(void)state;
	struct respin_source source;
	struct respin_source_info info = {.size = sizeof info};
	assert_int_equal(open_with(refuse_the_rest, &source, NULL), 0);
	respin_source_info(&source, &info);
	assert_int_equal(info.units, 10000);
	assert_int_equal(info.profile, 0);
	assert_int_equal(info.ecc_block, 1); /* small enough for a CD */
	respin_source_destroy(&source);
}

static bool attentions(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] == CDB_INQUIRY || s->number == 0)
		return false;
	s->number--;
	script_sense(r, 6, s->number % 2 ? 0x29 : 0x28, 0);
	return true;
}

static void attentions_are_cleared(void **state)
{
	(void)state;
	struct respin_source source;
	script.number = 5;
	assert_int_equal(open_with(attentions, &source, NULL), 0);
	respin_source_destroy(&source);
}

static void endless_attentions_end(void **state)
{
	(void)state;
	struct respin_source source;
	script.number = UINT64_MAX;
	assert_int_equal(open_with(attentions, &source, NULL), RESPIN_E_SOURCE);
}

static bool other_type(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_INQUIRY)
		return false;
	uint8_t b[36] = {(uint8_t)s->number};
	b[4] = 31;
	script_data(c, r, b, sizeof b);
	return true;
}

static void not_optical(void **state)
{
	(void)state;
	static const uint8_t types[] = {0x00, 0x01, 0x07, 0x0c, 0x1e};
	for (size_t i = 0; i < sizeof types; i++) {
		struct respin_source source;
		struct respin_error error = {0};
		script_init(&script);
		script.number = types[i];
		assert_int_equal(open_with(other_type, &source, &error), RESPIN_E_NOT_OPTICAL);
		assert_non_null(strstr(error.text, "not an optical drive"));
		assert_int_equal(script.counts[CDB_TEST_UNIT_READY], 0); /* and nothing more is sent to it */
	}
	script_init(&script);
	script.number = 0x7f; /* no such logical unit */
	struct respin_source source;
	assert_int_equal(open_with(other_type, &source, NULL), RESPIN_E_SOURCE);
}

/* Not ready with ASC/ASCQ from the script's number, until the time in its upper half. */
static bool not_ready(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_TEST_UNIT_READY || s->now_ns >= (s->number >> 16) * SECOND)
		return false;
	script_sense(r, 2, s->number >> 8 & 0xff, s->number & 0xff);
	return true;
}

static int open_not_ready(uint64_t seconds, unsigned asc, unsigned ascq, struct respin_error *error)
{
	struct respin_source source;
	script_init(&script);
	script.number = seconds << 16 | asc << 8 | ascq;
	int code = open_with(not_ready, &source, error);
	respin_source_destroy(&source);
	return code;
}

static void waits_for_the_disc(void **state)
{
	(void)state;
	assert_int_equal(open_not_ready(40, 0x04, 0x01, NULL), 0);
	assert_in_range(script.now_ns, 40 * SECOND, 44 * SECOND);
	assert_in_range(script.counts[CDB_TEST_UNIT_READY], 10, 40); /* not asked too often */
	assert_int_equal(open_not_ready(1000, 0x04, 0x01, NULL), RESPIN_E_NO_MEDIUM);
	assert_in_range(script.now_ns, 50 * SECOND, 60 * SECOND);
	assert_int_equal(open_not_ready(5, 0x04, 0x02, NULL), 0);
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 1);
}

static void no_disc(void **state)
{
	(void)state;
	struct respin_error error = {0};
	assert_int_equal(open_not_ready(1000, 0x3a, 0x01, &error), RESPIN_E_NO_MEDIUM);
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 3); /* it may be recognised at the next try */
	assert_int_equal(open_not_ready(3, 0x3a, 0x00, NULL), 0);
	assert_int_equal(open_not_ready(3, 0x30, 0x02, NULL), 0);
	assert_int_equal(open_not_ready(1000, 0x3a, 0x02, &error), RESPIN_E_NO_MEDIUM);
	assert_non_null(strstr(error.text, "tray is open"));
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 0); /* fingers may be in it */
}

static void strange_capacities(void **state)
{
	(void)state;
	static const struct {
		uint32_t last_lba, block_bytes;
		const char *text;
	} rows[] = {
		{0, 2048, "no readable sectors"}, {UINT32_MAX, 2048, "FFFFFFFFh"}, {9999, 0, "0 bytes"},
		{9999, 512, "512 bytes"},         {9999, 2352, "2352 bytes"},      {9999, 2336, "2336 bytes"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_source source;
		struct respin_error error = {0};
		script_init(&script);
		script.last_lba = rows[i].last_lba;
		script.block_bytes = rows[i].block_bytes;
		assert_int_equal(open_with(NULL, &source, &error), RESPIN_E_SOURCE);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_null(source.ops);
	}
}

static bool short_capacity(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	(void)s;
	if (c->cdb[0] != CDB_READ_CAPACITY)
		return false;
	script_data(c, r, "\0\0\x27\x0f", 4);
	return true;
}

static bool no_host(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	(void)c;
	r->host = (uint8_t)s->number;
	return true;
}

static void broken_answers(void **state)
{
	(void)state;
	struct respin_source source;
	assert_int_equal(open_with(short_capacity, &source, NULL), RESPIN_E_SOURCE);
	script_init(&script);
	script.number = RESPIN_HOST_GONE;
	assert_int_equal(open_with(no_host, &source, NULL), RESPIN_E_SOURCE);
	assert_int_equal(script.counts[CDB_INQUIRY], 1);
	script_init(&script);
	script.number = RESPIN_HOST_ERROR;
	assert_int_equal(open_with(no_host, &source, NULL), RESPIN_E_SOURCE);
	assert_in_range(script.counts[CDB_INQUIRY], 2, 4);
}

/* ---- reads ---- */

static unsigned char bytes[SCRIPT_BUFFER_BYTES];

static struct respin_reply read_at(struct respin_source *source, uint64_t start, uint64_t count,
				   unsigned flags)
{
	struct respin_request request = {.range = {start, count}, .flags = (uint8_t)flags};
	struct respin_reply reply;
	memset(bytes, 0x11, sizeof bytes);
	memset(&reply, 0xee, sizeof reply);
	source->ops->read(source->self, &request, bytes, &reply);
	return reply;
}

static void reads(void **state)
{
	(void)state;
	struct respin_source source;
	assert_int_equal(open_with(NULL, &source, NULL), 0);
	struct respin_reply r = read_at(&source, 9968, 32, 0);
	assert_int_equal(r.reason, RESPIN_REASON_GOOD);
	assert_int_equal(r.asked_bytes, 65536);
	assert_int_equal(r.filled_bytes, 65536);
	assert_int_equal(r.residual_bytes, 0);
	assert_true(r.resid_trusted && r.poison_trusted && !r.agrees);
	assert_memory_equal(script.last_read.cdb, "\x28\0\0\0\x26\xf0\0\0\x20\0", 10);
	assert_int_equal(script.last_read.timeout_ms, 80000);
	assert_int_equal(bytes[0], 0x77);
	assert_int_equal(bytes[65535], 0x77);
	r = read_at(&source, 5, 1, RESPIN_READ_FUA);
	assert_memory_equal(script.last_read.cdb, "\x28\x08\0\0\0\x05\0\0\x01\0", 10);
	assert_int_equal(script.last_read.timeout_ms, 70000);
	assert_int_equal(bytes[2048], 0x11);
	assert_int_equal(script.counts[CDB_READ_10], 2);
	respin_source_destroy(&source);
}

/* Everything that may come instead of data, one command each, nothing retried. */
static bool misread(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_READ_10 || !s->number)
		return false;
	memset(c->data, 0x66, 2048);
	switch (s->number) {
	case 1: /* 3/11/05 with INFORMATION */
		script_sense(r, 3, 0x11, 5);
		r->sense[0] = 0xf0;
		be32_put(r->sense + 3, 1008);
		break;
	case 2:
		script_sense(r, 6, 0x28, 0);
		break;
	case 3: /* deferred: an earlier command's */
		script_sense(r, 3, 0x11, 5);
		r->sense[0] = 0x71;
		break;
	case 4: /* GOOD, cut short, told */
		r->residual = c->data_len - 2048;
		break;
	case 5: /* GOOD, cut short, not told */
		r->residual = 0;
		break;
	case 6: /* GOOD beside a failed host: no success */
		r->host = RESPIN_HOST_ERROR;
		r->residual = 0;
		break;
	case 7: /* recovered error */
		memset(c->data, 0x66, c->data_len);
		script_sense(r, 1, 0x18, 2);
		r->residual = 0;
		break;
	case 8:
		script_sense(r, 0xb, 0, 6);
		break;
	default: /* GOOD and nothing came */
		memset(c->data, 0, 0);
		script_sense(r, 2, 4, 1);
		break;
	}
	return true;
}

static void misreads(void **state)
{
	(void)state;
	static const struct {
		enum respin_reason reason;
		uint64_t filled;
		bool bytes;
	} rows[] = {
		{RESPIN_REASON_MEDIUM, 2048, false},
		{RESPIN_REASON_MEDIUM_CHANGED, 2048, false},
		{RESPIN_REASON_ABORTED, 2048, false},
		{RESPIN_REASON_GOOD, 2048, true},
		{RESPIN_REASON_GOOD, 2048, true},
		{RESPIN_REASON_LINK, 2048, false},
		{RESPIN_REASON_RECOVERED, 65536, true},
		{RESPIN_REASON_ABORTED, 2048, false},
		{RESPIN_REASON_BECOMING_READY, 2048, false},
	};
	struct respin_source source;
	assert_int_equal(open_with(misread, &source, NULL), 0);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		script.number = i + 1;
		memset(script.counts, 0, sizeof script.counts);
		struct respin_reply r = read_at(&source, 1000, 32, 0);
		assert_int_equal(r.reason, rows[i].reason);
		assert_int_equal(r.filled_bytes, rows[i].filled);
		assert_int_equal(bytes[0], rows[i].bytes ? 0x66 : 0x11);
		assert_int_equal(r.sense.has_info, i == 0);
		assert_int_equal(r.sense.info_lba, i == 0 ? 1008 : 0);
		assert_int_equal(r.sense.deferred, i == 2);
		assert_int_equal(script.counts[CDB_READ_10], 1);
		unsigned commands = 0;
		for (unsigned op = 0; op < 256; op++)
			commands += script.counts[op];
		assert_int_equal(commands, 1);
	}
	script.number = 4;
	assert_int_equal(read_at(&source, 1000, 32, 0).residual_bytes, 65536 - 2048);
	respin_source_destroy(&source);
}

/* Poison must differ from read to read: old poison is no data either. */
static bool nothing_moves(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_READ_10)
		return false;
	uint64_t word;
	memcpy(&word, c->data, sizeof word);
	assert_int_not_equal(word, s->number);
	s->number = word;
	r->residual = 0;
	return true;
}

static void poison_changes(void **state)
{
	(void)state;
	struct respin_source source;
	assert_int_equal(open_with(nothing_moves, &source, NULL), 0);
	for (int i = 0; i < 10; i++) {
		struct respin_reply r = read_at(&source, 1000, 8, 0);
		assert_int_equal(r.reason, RESPIN_REASON_GOOD);
		assert_int_equal(r.filled_bytes, 0);
	}
	respin_source_destroy(&source);
}

/* A host that never counts is found out by an answer that is shorter than asked. */
static bool no_residual(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	script_plain(s, c, r);
	r->residual = 0;
	return true;
}

static void lying_residual(void **state)
{
	(void)state;
	struct respin_source source;
	assert_int_equal(open_with(no_residual, &source, NULL), 0);
	struct respin_reply r = read_at(&source, 0, 8, 0);
	assert_int_equal(r.resid_trusted, 0);
	assert_int_equal(r.poison_trusted, 1);
	respin_source_destroy(&source);
}

/* ---- control ---- */

static enum respin_reason control(struct respin_source *source, enum respin_drive_command command)
{
	struct respin_reply reply;
	source->ops->control(source->self, command, &reply);
	return (enum respin_reason)reply.reason;
}

static void identify(void **state)
{
	(void)state;
	struct respin_source source;
	struct respin_source_info before = {.size = sizeof before}, after = {.size = sizeof after};
	assert_int_equal(open_with(not_ready, &source, NULL), 0);
	respin_source_info(&source, &before);
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	script.last_lba--;
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_MEDIUM_CHANGED);
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_MEDIUM_CHANGED); /* still */
	script.last_lba++;
	script.profile = 0x0011;
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_MEDIUM_CHANGED);
	script.profile = 0x0010;
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	script.number = 1000ull << 16 | 0x3a02;
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_NO_MEDIUM);
	script.number = 1000ull << 16 | 0x0401;
	assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_BECOMING_READY);
	assert_int_equal(script.now_ns, 0); /* it never waits */
	respin_source_info(&source, &after);
	assert_int_equal(before.identity, after.identity);
	script.counts[CDB_START_STOP_UNIT] = 0;
	assert_int_equal(control(&source, RESPIN_DRIVE_START), RESPIN_REASON_GOOD);
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 1);
	respin_source_destroy(&source);
}

/* A lead-in that reads at one try and not at the other is the same disc. */
static bool no_toc(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_READ_TOC || !s->number)
		return false;
	script_sense(r, 3, 0x57, 0);
	return true;
}

static void toc_comes_and_goes(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct respin_source source;
		script_init(&script);
		script.number = i;
		assert_int_equal(open_with(no_toc, &source, NULL), 0);
		script.number = !i;
		assert_int_equal(control(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
		respin_source_destroy(&source);
	}
}

static bool other_drive(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_INQUIRY)
		return false;
	script_plain(s, c, r);
	((char *)c->data)[16] = 'B';
	return true;
}

static void reopens(void **state)
{
	(void)state;
	struct respin_source source;
	assert_int_equal(open_with(NULL, &source, NULL), 0);
	assert_int_equal(control(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_GOOD);
	assert_int_equal(script.reopens, 1);
	script.reopen_code = RESPIN_E_SOURCE;
	assert_int_equal(control(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_LINK);
	script.reopen_code = RESPIN_E_CANCELLED;
	assert_int_equal(control(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_CANCELLED);
	script.reopen_code = 0;
	script.answer = other_drive; /* another device took the name */
	assert_int_equal(control(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_GONE);
	script.answer = NULL;
	script.last_lba = 77;
	assert_int_equal(control(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_MEDIUM_CHANGED);
	respin_source_destroy(&source);
}

/* Random answers of random length to everything: an error or a source, never a crash. */
static struct rng rng;

static bool one_in(uint64_t n)
{
	return rng_below(&rng, n) == 0;
}

static bool random_answer(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	(void)s;
	uint8_t *data = c->data;
	for (uint32_t i = 0; i < c->data_len && i < 1100; i++)
		data[i] = one_in(3) ? (uint8_t)rng_next(&rng) : 0;
	if (c->cdb[0] == CDB_INQUIRY && !one_in(8))
		data[0] = 5;
	if (c->cdb[0] == CDB_READ_CAPACITY && !one_in(3))
		be32_put(data + 4, 2048);
	r->residual = one_in(3) ? (uint32_t)rng_below(&rng, (uint64_t)c->data_len * 2 + 1) : 0;
	r->host = one_in(20) ? (uint8_t)rng_below(&rng, 7) : 0;
	for (size_t i = 0; i < sizeof r->sense; i++)
		r->sense[i] = (uint8_t)rng_next(&rng);
	r->sense[0] = (uint8_t)(0x70 + rng_below(&rng, 4));
	if (one_in(8)) {
		r->scsi_status = one_in(2) ? 2 : (uint8_t)rng_next(&rng);
		r->sense_len = (uint8_t)rng_next(&rng);
	}
	return true;
}

static void garbage(void **state)
{
	(void)state;
	rng = garbage_rng();
	unsigned opened = 0;
	for (int i = 0; i < 3000; i++) {
		struct respin_source source;
		struct respin_error error = {0};
		struct respin_source_info info = {.size = sizeof info};
		script.destroys = 0;
		script.now_ns = 0;
		if (open_with(random_answer, &source, &error) < 0) {
			assert_true(error.code < 0 && error.text[0]);
			continue;
		}
		opened++;
		respin_source_info(&source, &info);
		assert_true(info.units > 1 && info.max_request_units >= 1);
		uint64_t count =
			1 + rng_below(&rng, info.units < info.max_request_units ? info.units
										: info.max_request_units);
		struct respin_reply r = read_at(&source, rng_below(&rng, info.units - count + 1), count, 0);
		assert_true(r.reason <= RESPIN_REASON_CANCELLED);
		assert_true(r.filled_bytes <= r.asked_bytes);
		(void)control(&source, RESPIN_DRIVE_IDENTIFY);
		(void)control(&source, RESPIN_DRIVE_REOPEN);
		respin_source_destroy(&source);
	}
	assert_true(opened > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens, setup),
		cmocka_unit_test_setup(optional_commands_may_fail, setup),
		cmocka_unit_test_setup(attentions_are_cleared, setup),
		cmocka_unit_test_setup(endless_attentions_end, setup),
		cmocka_unit_test_setup(not_optical, setup),
		cmocka_unit_test_setup(waits_for_the_disc, setup),
		cmocka_unit_test_setup(no_disc, setup),
		cmocka_unit_test_setup(strange_capacities, setup),
		cmocka_unit_test_setup(broken_answers, setup),
		cmocka_unit_test_setup(reads, setup),
		cmocka_unit_test_setup(misreads, setup),
		cmocka_unit_test_setup(poison_changes, setup),
		cmocka_unit_test_setup(lying_residual, setup),
		cmocka_unit_test_setup(identify, setup),
		cmocka_unit_test_setup(toc_comes_and_goes, setup),
		cmocka_unit_test_setup(reopens, setup),
		cmocka_unit_test_setup(garbage, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
