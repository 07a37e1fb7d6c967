/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slower and faster, down to the simulated drive: the steps, the commands, the
 * rate that comes of it, refusals, and that a drive that forgot is told again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <respin/source.h>

#include "base/be.h"
#include "core/cdb.h"
#include "script_transport.h"

static struct respin_source opened(const char *address, bool apart)
{
	struct respin_source source = {0};
	struct respin_error error = {0};
	int code = apart ? respin_source_open_apart(address, &source, &error)
			 : respin_source_open(address, &source, &error);
	if (code < 0)
		fail_msg("%s: %s", address, error.text);
	return source;
}

static enum respin_reason told(struct respin_source *source, enum respin_drive_command what)
{
	struct respin_reply reply = {0};
	source->ops->control(source->self, what, &reply);
	return (enum respin_reason)reply.reason;
}

static struct respin_source_info info_of(const struct respin_source *source)
{
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(source, &info);
	return info;
}

/* kB/s of a stretch at the same place, the first reads apart. */
static uint64_t rate_at(struct respin_source *source, uint64_t start)
{
	const struct respin_source_info info = info_of(source);
	unsigned char *buffer = malloc((size_t)info.max_request_units * info.unit_bytes);
	uint64_t bytes = 0, ns = 0;
	for (unsigned i = 0; i < 400; i++) {
		struct respin_request request = {
			.range = {start + i * info.max_request_units, info.max_request_units},
			.ecc_block = info.ecc_block};
		struct respin_reply reply = {0};
		source->ops->read(source->self, &request, buffer, &reply);
		assert_int_equal(reply.reason, RESPIN_REASON_GOOD);
		if (i >= 200) {
			bytes += reply.asked_bytes;
			ns += reply.elapsed_ns;
		}
	}
	free(buffer);
	return bytes * 1000000 / ns;
}

/* Down the whole ladder, each step slower, and up again to where it began. */
static void walk(const char *address, bool apart, unsigned steps_min)
{
	struct respin_source source = opened(address, apart);
	uint64_t first = rate_at(&source, 10000), last = first;
	uint32_t asked = 0;
	unsigned steps = 0;
	assert_int_equal(info_of(&source).speed_kbps, 0);
	while (told(&source, RESPIN_DRIVE_SLOWER) == RESPIN_REASON_GOOD) {
		uint32_t kbps = info_of(&source).speed_kbps;
		uint64_t rate = rate_at(&source, 10000);
		assert_true(kbps > 0 && (!asked || kbps < asked));
		assert_true(rate < last);
		asked = kbps;
		last = rate;
		assert_true(++steps < 20);
	}
	assert_true(steps >= steps_min);
	assert_true(last * 3 < first);
	assert_int_equal(info_of(&source).speed_kbps, asked); /* there is no lower one: nothing changed */
	for (unsigned i = 0; i < steps; i++)
		assert_int_equal(told(&source, RESPIN_DRIVE_FASTER), RESPIN_REASON_GOOD);
	assert_int_equal(info_of(&source).speed_kbps, 0);
	assert_in_range(rate_at(&source, 10000), first * 95 / 100, first * 105 / 100);
	assert_int_equal(told(&source, RESPIN_DRIVE_FASTER), RESPIN_REASON_REFUSED);
	respin_source_destroy(&source);
}

static void slower_is_slower(void **state)
{
	(void)state;
	walk("sim:cd-clean?payload=0", false, 2);
	walk("sim:dvd-cancel?payload=0", false, 2);
	walk("sim:bd-clean?payload=0", false, 2);
}

static void through_a_child(void **state)
{
	(void)state;
	walk("sim:dvd-cancel?payload=0", true, 2);
}

/* ---- what is sent, and what comes of strange answers ---- */

static struct script script;
static uint32_t told_kbps;                    /* by the last command that was taken; 0: its defaults */
static bool streaming_refused, speed_refused; /* 05/20/00 */
static unsigned told_times, attention_next;
static uint8_t host; /* what the host says instead of the drive; 0: nothing */

static bool answer(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	(void)s;
	bool streaming = c->cdb[0] == CDB_SET_STREAMING, speed = c->cdb[0] == CDB_SET_CD_SPEED;
	if (!streaming && !speed)
		return false;
	told_times++;
	if (host) {
		r->host = host;
	} else if (attention_next) {
		script_sense(r, 6, attention_next, 0);
		attention_next = 0;
	} else if (streaming ? streaming_refused : speed_refused) {
		script_sense(r, 5, 0x20, 0);
	} else if (streaming) {
		const uint8_t *list = c->data;
		assert_int_equal(c->data_in, 0);
		assert_int_equal(c->data_len, 28);
		assert_int_equal(be32(list + 4), 0);
		assert_int_equal(be32(list + 8), s->last_lba);
		assert_int_equal(be32(list + 16), 1000);
		told_kbps = list[0] & 4 ? 0 : be32(list + 12);
		r->residual = 0;
	} else {
		told_kbps = be16(c->cdb + 2) == 0xffff ? 0 : be16(c->cdb + 2);
	}
	return true;
}

static struct respin_source scripted(uint16_t profile)
{
	struct respin_source source;
	struct respin_error error = {0};
	script_init(&script);
	script.profile = profile;
	script.answer = answer;
	told_kbps = told_times = attention_next = 0;
	streaming_refused = speed_refused = false;
	host = 0;
	struct respin_transport transport = script_transport(&script);
	assert_int_equal(respin_source_mmc(&transport, &source, &error), 0);
	assert_int_equal(told_times, 0); /* left as it was found */
	return source;
}

/* A drive that names no speeds: those of its kind. */
static void usual_steps(void **state)
{
	(void)state;
	static const struct {
		uint16_t profile;
		uint8_t opcode;
		uint32_t kbps[3];
	} cases[] = {
		{0x0008, CDB_SET_CD_SPEED, {7056, 5644, 4233}},
		{0x0010, CDB_SET_STREAMING, {16620, 11080, 8310}},
		{0x0040, CDB_SET_STREAMING, {35968, 26976, 17984}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_source source = scripted(cases[i].profile);
		for (unsigned step = 0; step < 3; step++) {
			assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), RESPIN_REASON_GOOD);
			assert_int_equal(told_kbps, cases[i].kbps[step]);
			assert_int_equal(info_of(&source).speed_kbps, cases[i].kbps[step]);
		}
		assert_int_equal(script.counts[cases[i].opcode], 3);
		assert_int_equal(told_times, 3);
		respin_source_destroy(&source);
	}
}

/* A DVD drive without SET STREAMING may have the older command; one that has neither loses nothing. */
static void a_drive_may_refuse(void **state)
{
	(void)state;
	struct respin_source source = scripted(0x0010);
	streaming_refused = true;
	assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), RESPIN_REASON_GOOD);
	assert_int_equal(told_kbps, 16620);
	speed_refused = true;
	assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), RESPIN_REASON_REFUSED);
	assert_int_equal(info_of(&source).speed_kbps, 16620); /* as before */
	assert_int_equal(told(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	respin_source_destroy(&source);
}

/* What stands in between is for the planner to see: the disc may be another one. */
static void an_attention_is_handed_on(void **state)
{
	(void)state;
	struct respin_source source = scripted(0x0010);
	attention_next = 0x28;
	assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), RESPIN_REASON_MEDIUM_CHANGED);
	assert_int_equal(told_kbps, 0);
	/* It looks, as after each such answer; and the wish is not forgotten. */
	assert_int_equal(told(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	assert_int_equal(told_kbps, 16620);
	assert_int_equal(told_times, 2);
	respin_source_destroy(&source);
}

static bool reset_at_reads(struct script *s, const struct respin_command *c, struct respin_command_reply *r)
{
	if (c->cdb[0] != CDB_READ_10)
		return answer(s, c, r);
	script_sense(r, 6, 0x29, 0);
	return true;
}

static void a_drive_that_forgot_is_told_again(void **state)
{
	(void)state;
	static unsigned char buffer[16 * 2048];
	const struct respin_request request = {.range = {0, 16}, .ecc_block = 16};
	struct respin_reply reply;
	struct respin_source source = scripted(0x0010);
	assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), RESPIN_REASON_GOOD);
	assert_int_equal(told(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	assert_int_equal(told_times, 1); /* it has forgotten nothing */
	script.answer = reset_at_reads;
	source.ops->read(source.self, &request, buffer, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_RESET);
	told_kbps = 0;
	assert_int_equal(told(&source, RESPIN_DRIVE_IDENTIFY), RESPIN_REASON_GOOD);
	assert_int_equal(told_kbps, 16620);
	told_kbps = 0;
	assert_int_equal(told(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_GOOD);
	assert_int_equal(told_kbps, 16620);
	assert_int_equal(told_times, 3);
	/* At its own choice there is nothing to tell it. */
	assert_int_equal(told(&source, RESPIN_DRIVE_FASTER), RESPIN_REASON_GOOD);
	assert_int_equal(told_kbps, 0);
	assert_int_equal(told(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_GOOD);
	assert_int_equal(told_times, 4);
	respin_source_destroy(&source);
}

/* Once is enough, or each look at the drive would cost half a minute and a reset. */
static void a_drive_that_hangs_on_it_is_left_alone(void **state)
{
	(void)state;
	static const struct {
		uint8_t host;
		enum respin_reason reason;
	} cases[] = {{RESPIN_HOST_TIMEOUT, RESPIN_REASON_TIMEOUT}, {RESPIN_HOST_ERROR, RESPIN_REASON_LINK}};
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct respin_source source = scripted(0x0010);
		host = cases[k].host;
		assert_int_equal(told(&source, RESPIN_DRIVE_SLOWER), cases[k].reason);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(told(&source, RESPIN_DRIVE_REOPEN), RESPIN_REASON_GOOD);
		assert_true(told_times >= 2 && told_times <= 4); /* in both ways, and once more each */
		assert_int_equal(info_of(&source).speed_kbps, 0);
		respin_source_destroy(&source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slower_is_slower),
		cmocka_unit_test(through_a_child),
		cmocka_unit_test(usual_steps),
		cmocka_unit_test(a_drive_may_refuse),
		cmocka_unit_test(an_attention_is_handed_on),
		cmocka_unit_test(a_drive_that_forgot_is_told_again),
		cmocka_unit_test(a_drive_that_hangs_on_it_is_left_alone),
	};
	return cmocka_run_group_tests_name("reading_speed", tests, NULL, NULL);
}
