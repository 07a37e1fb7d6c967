/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The port on a transport: getting ready, what a reply becomes. The Linux block
 * device on top: how requests are cut and tried again. The page cache in
 * between: the commands that a kernel 6.1 was seen to send for the same reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/be.h"
#include "core/cdb.h"
#include "script_transport.h"
#include "sim/port.h"
#include "toy_port.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* ---- a port on a transport ---- */

/* The first answers to TEST UNIT READY; then it is GOOD. */
struct turn {
	uint8_t key, asc, ascq;
};
static const struct turn *turns;
static unsigned turn_count;

static bool answer_turns(struct script *script, const struct respin_command *command,
			 struct respin_command_reply *reply)
{
	unsigned number = script->counts[CDB_TEST_UNIT_READY] - 1;
	if (command->cdb[0] != CDB_TEST_UNIT_READY || number >= turn_count)
		return false;
	script_sense(reply, turns[number].key, turns[number].asc, turns[number].ascq);
	return true;
}

static int open_port(struct script *script, enum port_path path, struct port *port)
{
	struct respin_transport transport = script_transport(script);
	struct respin_error error = {0};
	int code = port_transport(&transport, path, port, &error);
	assert_int_equal(code, error.code);
	return code;
}

static void test_ready(void **state)
{
	static const struct turn patience[] = {{6, 0x28, 0}, {2, 4, 1}, {2, 4, 1}, {2, 4, 2}, {2, 4, 1}};
	struct script script;
	struct port port;
	struct port_info info;
	(void)state;
	script_init(&script);
	script.answer = answer_turns;
	turns = patience;
	turn_count = 5;
	assert_int_equal(open_port(&script, PORT_SG, &port), 0);
	assert_int_equal(script.counts[CDB_TEST_UNIT_READY], 6);
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 1);
	port.ops->info(port.self, &info);
	assert_int_equal(info.sectors, 10000);
	assert_int_equal(info.ecc_block, 16);
	assert_int_equal(info.max_sectors, 32);
	port.ops->destroy(port.self);
	assert_int_equal(script.destroys, 1);
}

static void test_never_ready(void **state)
{
	static const struct turn gone[] = {{2, 0x3a, 0}}, becoming[] = {{2, 4, 1}};
	struct turn said[1000];
	struct script script;
	struct port port;
	(void)state;
	turns = said;
	turn_count = 1000;
	for (unsigned i = 0; i < 1000; i++)
		said[i] = gone[0];
	script_init(&script);
	script.answer = answer_turns;
	assert_int_equal(open_port(&script, PORT_SG, &port), RESPIN_E_NO_MEDIUM);
	assert_int_equal(script.destroys, 1);
	for (unsigned i = 0; i < 1000; i++)
		said[i] = becoming[0];
	script_init(&script);
	script.answer = answer_turns;
	assert_int_equal(open_port(&script, PORT_BLOCK, &port), RESPIN_E_SOURCE);
	assert_true(script.now_ns <= 121 * NS_PER_S);
	turn_count = 0;
	script_init(&script);
	script.block_bytes = 512;
	assert_int_equal(open_port(&script, PORT_SG, &port), RESPIN_E_SOURCE);
}

/* What READ(10) is answered with. */
static struct respin_command_reply read_reply;

static bool answer_read(struct script *script, const struct respin_command *command,
			struct respin_command_reply *reply)
{
	(void)script;
	if (command->cdb[0] != CDB_READ_10)
		return false;
	*reply = read_reply;
	return true;
}

static void test_read(void **state)
{
	struct script script;
	struct port port;
	struct port_reply reply;
	(void)state;
	script_init(&script);
	script.answer = answer_read;
	assert_int_equal(open_port(&script, PORT_SG, &port), 0);

	read_reply = (struct respin_command_reply){.elapsed_ns = 7};
	port.ops->read(port.self, 0x1234, 16, 10000, &reply);
	assert_true(reply.ok && !reply.transport && reply.lacking == 0);
	assert_int_equal(reply.elapsed_ns, 7);
	assert_int_equal(be32(script.last_read.cdb + 2), 0x1234);
	assert_int_equal(be16(script.last_read.cdb + 7), 16);
	assert_int_equal(script.last_read.timeout_ms, 10000);

	read_reply = (struct respin_command_reply){.residual = 3 * 2048 + 1};
	port.ops->read(port.self, 0, 16, 10000, &reply);
	assert_true(reply.ok);
	assert_int_equal(reply.lacking, 4);

	read_reply = (struct respin_command_reply){0};
	script_sense(&read_reply, 3, 0x11, 5);
	port.ops->read(port.self, 0, 16, 10000, &reply);
	assert_true(!reply.ok && !reply.transport && reply.failed == 1 && reply.sense.asc == 0x11);

	script_sense(&read_reply, 1, 0x18, 0);
	port.ops->read(port.self, 0, 16, 10000, &reply);
	assert_true(reply.ok);

	read_reply = (struct respin_command_reply){.host = RESPIN_HOST_TIMEOUT};
	port.ops->read(port.self, 0, 16, 10000, &reply);
	assert_true(!reply.ok && reply.transport && !reply.gone);
	read_reply = (struct respin_command_reply){.host = RESPIN_HOST_GONE};
	port.ops->read(port.self, 0, 16, 10000, &reply);
	assert_true(!reply.ok && reply.transport && reply.gone);
	port.ops->destroy(port.self);
}

static uint8_t speed_cdb[16];

static bool answer_speed(struct script *script, const struct respin_command *command,
			 struct respin_command_reply *reply)
{
	(void)script;
	(void)reply;
	if (command->cdb[0] != 0xbb)
		return false;
	memcpy(speed_cdb, command->cdb, sizeof speed_cdb);
	return true;
}

static void test_speed_and_spin(void **state)
{
	struct script script;
	struct port port;
	(void)state;
	script_init(&script);
	script.answer = answer_speed;
	assert_int_equal(open_port(&script, PORT_SG, &port), 0);
	port.ops->speed(port.self, 5540);
	assert_int_equal(be16(speed_cdb + 2), 5540);
	assert_int_equal(be16(speed_cdb + 4), 0xffff);
	uint64_t before_ns = port.ops->now_ns(port.self);
	port.ops->spin(port.self);
	assert_int_equal(script.counts[CDB_START_STOP_UNIT], 2);
	assert_true(port.ops->now_ns(port.self) - before_ns >= 5 * NS_PER_S);
	port.ops->wait_ns(port.self, 3 * NS_PER_S);
	assert_true(port.ops->now_ns(port.self) - before_ns >= 8 * NS_PER_S);
	port.ops->destroy(port.self);
}

/* ---- the block device: cutting and trying again ---- */

#define SCRIPTED_MAX 16u
/* What the drive answers to one command after the other; behind the last one: GOOD. */
struct scripted {
	struct port_reply replies[SCRIPTED_MAX];
	unsigned count, next;
	uint64_t lbas[64];
	uint32_t counts[64];
	unsigned asked;
};

static void scripted_told(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	struct scripted *scripted = toy->arg;
	if (scripted->asked < 64) {
		scripted->lbas[scripted->asked] = lba;
		scripted->counts[scripted->asked++] = count;
	}
	if (scripted->next < scripted->count) {
		*reply = scripted->replies[scripted->next++];
		reply->commands = 1;
		reply->failed = !reply->ok;
		if (!reply->ok && !reply->transport && !reply->scsi_status)
			reply->scsi_status = 2;
	}
}

static void block_open(struct toy_port *toy, struct scripted *scripted, enum port_path path, uint64_t sectors,
		       struct port *port)
{
	toy_port_init(toy, sectors, 16, port);
	toy->told = scripted_told;
	toy->arg = scripted;
	assert_int_equal(port_block(port, path, port, NULL), 0);
}

static struct port_reply sense(uint8_t key, uint8_t asc, uint8_t ascq)
{
	return (struct port_reply){.sense = {.key = key, .asc = asc, .ascq = ascq}};
}

static void test_cut(void **state)
{
	struct scripted scripted = {0};
	struct toy_port toy;
	struct port port;
	struct port_reply reply;
	(void)state;
	block_open(&toy, &scripted, PORT_BLOCK, 10000, &port);
	port.ops->read(port.self, 100, 150, 0, &reply);
	assert_true(reply.ok);
	assert_int_equal(reply.commands, 3);
	assert_int_equal(scripted.lbas[1], 164);
	assert_int_equal(scripted.counts[2], 22);

	/* What is in the queue is sent, whatever became of the first part; and nothing is delivered of it. */
	scripted = (struct scripted){.count = 1, .replies = {sense(3, 0x11, 0)}};
	port.ops->read(port.self, 100, 150, 0, &reply);
	assert_true(!reply.ok && reply.prefix == 0 && reply.commands == 3 && reply.failed == 1);

	/* A short transfer: the driver asks for the rest. */
	scripted = (struct scripted){.count = 1, .replies = {{.ok = true, .lacking = 5}}};
	port.ops->read(port.self, 100, 16, 0, &reply);
	assert_true(reply.ok);
	assert_int_equal(scripted.lbas[1], 111);
	assert_int_equal(scripted.counts[1], 5);
	port.ops->destroy(port.self);
	toy_port_finish(&toy);
}

static void test_tries(void **state)
{
	static const struct {
		struct port_reply reply;
		unsigned commands;
	} rows[] = {
		{{.sense = {.key = 3, .asc = 0x11}}, 1},
		{{.sense = {.key = 3, .asc = 0x11, .ascq = 5}}, 1},
		{{.sense = {.key = 3, .asc = 0x13}}, 1},
		{{.sense = {.key = 3, .asc = 0x14}}, 1},
		{{.sense = {.key = 3, .asc = 0x02}}, 4},
		{{.sense = {.key = 3, .asc = 0x10}}, 4},
		{{.sense = {.key = 3, .asc = 0x57}}, 4},
		{{.sense = {.key = 4, .asc = 0x44}}, 1},
		{{.sense = {.key = 4, .asc = 0x3e, .ascq = 2}}, 1},
		{{.sense = {.key = 5, .asc = 0x24}}, 1},
		{{.sense = {.key = 5, .asc = 0x21}}, 1},
		{{.sense = {.key = 8}}, 1},
		{{.sense = {.key = 11}}, 4},
		{{.sense = {.key = 2, .asc = 0x3a}}, 1},
		{{.sense = {.key = 6, .asc = 0x28}}, 1},
		{{.transport = true}, 4},
		{{.transport = true, .gone = true}, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scripted scripted = {.count = SCRIPTED_MAX};
		struct toy_port toy;
		struct port port;
		struct port_reply reply;
		for (unsigned n = 0; n < SCRIPTED_MAX; n++)
			scripted.replies[n] = rows[i].reply;
		block_open(&toy, &scripted, PORT_BLOCK, 10000, &port);
		port.ops->read(port.self, 100, 16, 0, &reply);
		assert_false(reply.ok);
		if (scripted.asked != rows[i].commands)
			fail_msg("row %zu: %u commands", i, scripted.asked);
		assert_int_equal(reply.failed, rows[i].commands);
		assert_int_equal(reply.gone, rows[i].reply.gone);
		port.ops->destroy(port.self);
		toy_port_finish(&toy);
	}
}

static void test_waits(void **state)
{
	struct scripted scripted = {.count = 3,
				    .replies = {sense(2, 4, 1), sense(2, 4, 1), {.scsi_status = 8}}};
	struct toy_port toy;
	struct port port;
	struct port_reply reply;
	(void)state;
	block_open(&toy, &scripted, PORT_BLOCK, 10000, &port);
	port.ops->read(port.self, 100, 16, 0, &reply); /* becoming ready, BUSY: it waits */
	assert_true(reply.ok && reply.commands == 4 && reply.sense.key == 0);
	assert_true(reply.elapsed_ns >= 30 * NS_PER_MS);

	/* After a time-out the reset is announced: that one is expected. */
	scripted = (struct scripted){.count = 2, .replies = {{.transport = true}, sense(6, 0x29, 0)}};
	port.ops->read(port.self, 100, 16, 0, &reply);
	assert_true(reply.ok && reply.commands == 3);

	/* Any other means another disc, perhaps: nothing is sent until somebody polled. */
	scripted = (struct scripted){.count = 1, .replies = {sense(6, 0x28, 0)}};
	port.ops->read(port.self, 100, 16, 0, &reply);
	assert_true(!reply.ok && reply.commands == 1);
	port.ops->read(port.self, 200, 16, 0, &reply);
	assert_true(!reply.ok && reply.commands == 0);
	port.ops->wait_ns(port.self, 2 * NS_PER_S);
	port.ops->read(port.self, 200, 16, 0, &reply);
	assert_true(reply.ok);
	port.ops->destroy(port.self);
	toy_port_finish(&toy);
}

static struct port_reply bad_at(uint64_t lba)
{
	return (struct port_reply){.sense = {.key = 3, .asc = 0x11, .has_info = 1, .info_lba = (int64_t)lba}};
}

static void test_shrinks(void **state)
{
	struct scripted scripted = {.count = 1, .replies = {bad_at(9920)}};
	struct toy_port toy;
	struct port port;
	struct port_reply reply;
	(void)state;
	block_open(&toy, &scripted, PORT_BLOCK, 10000, &port);
	port.ops->read(port.self, 9904, 32, 0, &reply); /* 80 sectors before the end: no matter */
	assert_false(reply.ok);
	port.ops->read(port.self, 9968, 32, 0, &reply);
	assert_true(reply.ok);
	scripted = (struct scripted){.count = 1, .replies = {bad_at(9975)}};
	port.ops->read(port.self, 9968, 16, 0, &reply); /* the failing bio's place, not the sector's */
	assert_false(reply.ok);
	port.ops->read(port.self, 9968, 1, 0, &reply);
	assert_true(!reply.ok && reply.end && reply.commands == 0);
	port.ops->read(port.self, 9950, 32, 0, &reply); /* what still lies before the end comes */
	assert_true(!reply.ok && reply.end && reply.prefix == 18);
	port.ops->destroy(port.self);
	toy_port_finish(&toy);
}

/* ---- the page cache ---- */

static char commands[2048];

static void cached_told(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	size_t len = strlen(commands);
	(void)toy;
	(void)snprintf(commands + len, sizeof commands - len, "%s%u+%u%s", len ? " " : "", (unsigned)lba,
		       count, reply->ok ? "" : "!");
}

struct cached_read {
	uint64_t lba;
	uint32_t count;
	uint32_t came; /* sectors; `count`: all */
	const char *commands;
};

/* Each row: what a guest with Debian's kernel 6.1.0-56 was seen to send for the same reads of the same disc. */
static void cached(uint64_t sectors, const uint64_t *bad, const struct cached_read *reads)
{
	struct toy_port toy;
	struct port port;
	toy_port_init(&toy, sectors, 16, &port);
	toy.told = cached_told;
	toy.info.max_sectors = 640;
	for (; *bad; bad++)
		toy_port_spoil(&toy, *bad, *bad, TOY_NEVER);
	assert_int_equal(port_block(&port, PORT_CACHED, &port, NULL), 0);
	for (; reads->count; reads++) {
		struct port_reply reply;
		*commands = 0;
		port.ops->read(port.self, reads->lba, reads->count, 0, &reply);
		assert_string_equal(commands, reads->commands);
		assert_int_equal(reply.ok ? reads->count : reply.prefix, reads->came);
		assert_int_equal(reply.ok, reads->came == reads->count);
	}
	port.ops->destroy(port.self);
	toy_port_finish(&toy);
}

static void test_cached(void **state)
{
	static const struct cached_read windows[] = {
		{0, 32, 32, "0+64"},
		{32, 32, 32, "64+64!"},
		/* The window failed as a whole: the next one, then page by page. */
		{64, 32, 32,
		 "128+64 64+2 66+2 68+2 70+2 72+2 74+2 76+2 78+2 80+2 82+2 84+2 86+2 88+2 90+2 92+2 94+2"},
		{96, 32, 4, "96+2 98+2 100+2!"},
		{128, 32, 32, "192+64"}, /* the window that reads on keeps its size */
		{160, 32, 32, ""},
		{192, 32, 32, "256+64"},
		{100, 1, 0, "100+2!"},
		{101, 1, 0, "100+2!"},
		{1000, 8, 8, "1000+2 1002+2 1004+2 1006+2"}, /* three failures: no more windows */
		{1008, 8, 8, "1008+2 1010+2 1012+2 1014+2"},
		{0, 0, 0, NULL}};
	static const struct cached_read smaller[] = {
		{100, 1, 0, "100+2! 100+2!"}, /* ahead, then for the reader */
		{1000, 32, 32, "1000+32"},
		{1032, 32, 32, "1032+32 1064+32"},
		{1064, 32, 32, "1096+32"},
		{0, 0, 0, NULL}};
	/* Half a page that came is not asked for again; a page that fails behind good ones is tried twice. */
	static const struct cached_read halves[] = {
		{5656, 32, 6, "5656+32! 5656+1 5657+1 5658+1 5659+1 5660+1 5661+1 5662+1 5663+1!"},
		{5660, 3, 2, "5663+1! 5663+1!"},
		{5663, 3, 0, "5663+1!"},
		{0, 0, 0, NULL}};
	(void)state;
	cached(6002, (const uint64_t[]){100, 0}, windows);
	cached(6002, (const uint64_t[]){100, 0}, smaller);
	cached(6001, (const uint64_t[]){5663, 0}, halves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),  cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_read),   cmocka_unit_test(test_speed_and_spin),
		cmocka_unit_test(test_cut),    cmocka_unit_test(test_tries),
		cmocka_unit_test(test_waits),  cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_cached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
