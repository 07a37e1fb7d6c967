/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring of target_core_user with this test in the kernel's place: commands
 * in, status, sense, data and lengths out, around the ring's end and past
 * everything that is no command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/target_core_user.h>
#include <string.h>

#include "base/rng.h"
#include "io/tcmu_ring.h"
#include "script_transport.h"

#define MAP_BYTES (1u << 20)
#define RING_OFF 4096u
#define RING_BYTES 2048u
#define DATA_OFF 65536u

struct bench {
	_Alignas(4096) unsigned char map[MAP_BYTES];
	struct tcmu_mailbox *mailbox;
	struct script script;
	struct respin_transport transport;
	struct tcmu_ring ring;
};

static struct bench bench;

static int setup(void **state)
{
	struct respin_error error = {0};
	(void)state;
	memset(&bench, 0, sizeof bench);
	bench.mailbox = (void *)bench.map;
	bench.mailbox->version = 2;
	bench.mailbox->flags = TCMU_MAILBOX_FLAG_CAP_OOOC | TCMU_MAILBOX_FLAG_CAP_READ_LEN;
	bench.mailbox->cmdr_off = RING_OFF;
	bench.mailbox->cmdr_size = RING_BYTES;
	script_init(&bench.script);
	bench.transport = script_transport(&bench.script);
	assert_int_equal(tcmu_ring_init(&bench.ring, bench.map, MAP_BYTES, &error), 0);
	bench.ring.transport = &bench.transport;
	bench.ring.buffer = bench.script.buffer;
	bench.ring.buffer_bytes = SCRIPT_BUFFER_BYTES;
	return 0;
}

static struct tcmu_cmd_entry *entry_at(uint32_t at)
{
	return (void *)(bench.map + RING_OFF + at);
}

static struct tcmu_cmd_entry *put_raw(enum tcmu_opcode op, uint32_t len)
{
	uint32_t head = bench.mailbox->cmd_head;
	struct tcmu_cmd_entry *entry = entry_at(head);
	memset(entry, 0, len);
	entry->hdr.len_op = len | (uint32_t)op;
	bench.mailbox->cmd_head = (head + len) % RING_BYTES;
	return entry;
}

/* As the kernel lays a command out: entry, pieces, CDB; a pad where the ring's end would cut it. */
static struct tcmu_cmd_entry *put(const uint8_t *cdb, size_t cdb_len, const struct iovec *iov,
				  uint32_t iov_count)
{
	size_t base = offsetof(struct tcmu_cmd_entry, req.iov) + iov_count * sizeof *iov;
	if (base < sizeof(struct tcmu_cmd_entry))
		base = (sizeof(struct tcmu_cmd_entry) + 7) / 8 * 8;
	uint32_t len = (uint32_t)(base + (cdb_len + 7) / 8 * 8);
	if (RING_BYTES - bench.mailbox->cmd_head < len)
		put_raw(TCMU_OP_PAD, RING_BYTES - bench.mailbox->cmd_head);
	uint64_t at = RING_OFF + bench.mailbox->cmd_head;
	struct tcmu_cmd_entry *entry = put_raw(TCMU_OP_CMD, len);
	entry->req.iov_cnt = iov_count;
	entry->req.cdb_off = at + base;
	if (iov_count)
		memcpy((unsigned char *)entry + offsetof(struct tcmu_cmd_entry, req.iov), iov,
		       iov_count * sizeof *iov);
	memcpy(bench.map + at + base, cdb, cdb_len);
	return entry;
}

static struct iovec piece(uint64_t offset, size_t len)
{
	return (struct iovec){(void *)(uintptr_t)(DATA_OFF + offset), len};
}

static int step(void)
{
	struct respin_error error = {0};
	return tcmu_ring_step(&bench.ring, &error);
}

static void is_sense(const struct tcmu_cmd_entry *entry, unsigned key, unsigned asc, unsigned ascq)
{
	const uint8_t *sense = (const uint8_t *)entry->rsp.sense_buffer;
	assert_int_equal(entry->rsp.scsi_status, 2);
	assert_int_equal(sense[0], 0x70);
	assert_int_equal(sense[2], key);
	assert_int_equal(sense[12], asc);
	assert_int_equal(sense[13], ascq);
}

static void test_a_ring_that_is_none(void **state)
{
	(void)state;
	struct tcmu_ring ring;
	struct respin_error error = {0};
	assert_int_equal(tcmu_ring_init(&ring, bench.map, 100, &error), RESPIN_E_UNSUPPORTED);
	bench.mailbox->version = 3;
	assert_int_equal(tcmu_ring_init(&ring, bench.map, MAP_BYTES, &error), RESPIN_E_UNSUPPORTED);
	bench.mailbox->version = 2;
	bench.mailbox->cmdr_off = MAP_BYTES + 4096;
	assert_int_equal(tcmu_ring_init(&ring, bench.map, MAP_BYTES, &error), RESPIN_E_SOURCE);
	bench.mailbox->cmdr_off = MAP_BYTES - RING_BYTES + 8;
	assert_int_equal(tcmu_ring_init(&ring, bench.map, MAP_BYTES, &error), RESPIN_E_SOURCE);
	bench.mailbox->cmdr_off = RING_OFF;
	bench.mailbox->cmdr_size = 0;
	assert_int_equal(tcmu_ring_init(&ring, bench.map, MAP_BYTES, &error), RESPIN_E_SOURCE);
}

static void test_an_empty_ring(void **state)
{
	(void)state;
	assert_int_equal(step(), 0);
}

/* Data in pieces, fewer than there is room for, and the kernel is told how many. */
static void test_data_in(void **state)
{
	(void)state;
	static const uint8_t inquiry[6] = {0x12, 0, 0, 0, 96};
	const struct iovec iov[] = {piece(0, 10), piece(4096, 20), piece(8192, 66)};
	memset(bench.map + DATA_OFF, 0xee, 16384);
	memset(bench.script.buffer, 0x55, SCRIPT_BUFFER_BYTES); /* of the command before */
	struct tcmu_cmd_entry *entry = put(inquiry, 6, iov, 3);
	assert_int_equal(step(), 1);
	assert_int_equal(entry->rsp.scsi_status, 0);
	assert_int_equal(entry->rsp.read_len, 36);
	assert_true(entry->hdr.uflags & TCMU_UFLAG_READ_LEN);
	assert_memory_equal(bench.map + DATA_OFF + 8, "SC", 2);
	assert_memory_equal(bench.map + DATA_OFF + 4096, "RIPT  A DRIVE       ", 20);
	assert_memory_equal(bench.map + DATA_OFF + 8192, "  1.00", 6);
	assert_int_equal(bench.map[DATA_OFF + 10], 0xee);
	assert_int_equal(bench.map[DATA_OFF + 8192 + 6], 0xee);
	assert_int_equal(bench.mailbox->cmd_tail, bench.mailbox->cmd_head);
	assert_int_equal(step(), 0);
}

/* A kernel that cannot be told lengths gets zeros behind the data, nothing older. */
static void test_an_older_kernel(void **state)
{
	(void)state;
	static const uint8_t inquiry[6] = {0x12, 0, 0, 0, 96};
	const struct iovec iov[] = {piece(0, 96)};
	bench.ring.tells_length = false;
	memset(bench.map + DATA_OFF, 0xee, 96);
	memset(bench.script.buffer, 0x55, SCRIPT_BUFFER_BYTES);
	struct tcmu_cmd_entry *entry = put(inquiry, 6, iov, 1);
	assert_int_equal(step(), 1);
	assert_int_equal(entry->hdr.uflags, 0);
	assert_int_equal(entry->rsp.scsi_status, 0);
	assert_int_equal(bench.map[DATA_OFF + 35], '0');
	for (unsigned i = 36; i < 96; i++)
		assert_int_equal(bench.map[DATA_OFF + i], 0);
}

static bool fails_in_the_middle(struct script *script, const struct respin_command *command,
				struct respin_command_reply *reply)
{
	(void)script;
	if (command->cdb[0] != 0x28)
		return false;
	memset(command->data, 0x66, 2048);
	reply->residual = command->data_len - 2048;
	script_sense(reply, 3, 0x11, 0x05);
	reply->sense[0] = 0xf0;
	reply->sense[6] = 0x21;
	return true;
}

/* Sense with INFORMATION, and the bytes that came before it. */
static void test_sense_and_residual(void **state)
{
	(void)state;
	static const uint8_t read[10] = {0x28, 0, 0, 0, 0, 0x20, 0, 0, 4, 0};
	const struct iovec iov[] = {piece(0, 8192)};
	bench.script.answer = fails_in_the_middle;
	struct tcmu_cmd_entry *entry = put(read, 10, iov, 1);
	assert_int_equal(step(), 1);
	assert_int_equal(entry->rsp.scsi_status, 2);
	assert_int_equal((uint8_t)entry->rsp.sense_buffer[0], 0xf0);
	assert_int_equal((uint8_t)entry->rsp.sense_buffer[6], 0x21);
	assert_int_equal((uint8_t)entry->rsp.sense_buffer[12], 0x11);
	assert_int_equal(entry->rsp.read_len, 2048);
	assert_int_equal(bench.map[DATA_OFF + 2047], 0x66);
	assert_int_equal(bench.script.last_read.data_len, 8192);
	assert_int_equal(bench.script.last_read.cdb_len, 10);
	assert_int_equal(bench.script.last_read.timeout_ms, 0);
}

static unsigned char got[64];
static struct respin_command last;

static bool takes_data(struct script *script, const struct respin_command *command,
		       struct respin_command_reply *reply)
{
	(void)script;
	last = *command;
	if (command->data_len && !command->data_in)
		memcpy(got, command->data, command->data_len < sizeof got ? command->data_len : sizeof got);
	reply->residual = 0;
	return true;
}

static void test_data_out(void **state)
{
	(void)state;
	static const uint8_t mode_select[10] = {0x55, 0x10, 0, 0, 0, 0, 0, 0, 24};
	const struct iovec iov[] = {piece(0, 16), piece(100, 8)};
	bench.script.answer = takes_data;
	for (unsigned i = 0; i < 24; i++)
		bench.map[DATA_OFF + (i < 16 ? i : 84 + i)] = (unsigned char)(i + 1);
	struct tcmu_cmd_entry *entry = put(mode_select, 10, iov, 2);
	assert_int_equal(step(), 1);
	assert_int_equal(entry->rsp.scsi_status, 0);
	assert_int_equal(entry->hdr.uflags, 0);
	assert_int_equal(last.data_in, 0);
	assert_int_equal(last.data_len, 24);
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(got[i], i + 1);
}

static void test_cdb_lengths(void **state)
{
	(void)state;
	static const struct {
		uint8_t opcode, len;
	} cases[] = {{0x00, 6}, {0x28, 10}, {0x43, 10}, {0x88, 16}, {0xa8, 12}, {0xbe, 12}, {0xd8, 10}};
	bench.script.answer = takes_data;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t cdb[16] = {cases[i].opcode, [5] = 5, [9] = 9, [11] = 11, [15] = 15};
		put(cdb, sizeof cdb, NULL, 0);
		assert_int_equal(step(), 1);
		assert_int_equal(last.cdb_len, cases[i].len);
		assert_memory_equal(last.cdb, cdb, cases[i].len);
		assert_int_equal(last.data_len, 0);
		assert_null(last.data);
	}
}

static void test_what_no_drive_gets_to_see(void **state)
{
	(void)state;
	static const uint8_t variable[32] = {0x7f, [7] = 24}, read[10] = {0x28, [8] = 33};
	const struct iovec iov[] = {piece(0, SCRIPT_BUFFER_BYTES), piece(SCRIPT_BUFFER_BYTES, 2048)};
	struct tcmu_cmd_entry *entry = put(variable, sizeof variable, NULL, 0);
	assert_int_equal(step(), 1);
	is_sense(entry, 5, 0x20, 0);
	entry = put(read, 10, iov, 2); /* one sector more than the host adapter moves */
	assert_int_equal(step(), 1);
	is_sense(entry, 5, 0x24, 0);
	assert_int_equal(entry->rsp.read_len, 0);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(bench.script.counts[i], 0);
}

static uint8_t host;

static bool breaks(struct script *script, const struct respin_command *command,
		   struct respin_command_reply *reply)
{
	(void)script;
	(void)command;
	reply->host = host;
	return true;
}

static void test_broken_links(void **state)
{
	(void)state;
	static const uint8_t ready[6] = {0};
	bench.script.answer = breaks;
	struct tcmu_cmd_entry *entry = put(ready, 6, NULL, 0);
	host = RESPIN_HOST_RESET;
	assert_int_equal(step(), 1);
	is_sense(entry, 6, 0x29, 0);
	entry = put(ready, 6, NULL, 0);
	host = RESPIN_HOST_ERROR;
	assert_int_equal(step(), 1);
	is_sense(entry, 0xb, 0x47, 0x7f);
	entry = put(ready, 6, NULL, 0);
	host = RESPIN_HOST_CANCELLED;
	assert_int_equal(step(), 1);
	is_sense(entry, 2, 0x3a, 0);
	assert_false(bench.ring.away);
	entry = put(ready, 6, NULL, 0);
	host = RESPIN_HOST_GONE;
	assert_int_equal(step(), 1);
	assert_int_equal(entry->rsp.scsi_status, 8); /* BUSY */
	assert_true(bench.ring.away);
	entry = put(ready, 6, NULL, 0);
	assert_int_equal(step(), 1);
	assert_int_equal(entry->rsp.scsi_status, 8);
	assert_int_equal(bench.script.counts[0], 4); /* the last one was not sent */
	bench.ring.transport = NULL;                 /* nobody is there to serve */
	entry = put(ready, 6, NULL, 0);
	assert_int_equal(step(), 1);
	is_sense(entry, 2, 0x3a, 0);
}

/* A thousand commands of many lengths around a small ring, with other entries between them. */
static void test_around_the_ring(void **state)
{
	(void)state;
	static const uint8_t read[10] = {0x28, [8] = 1};
	struct rng rng = {7};
	for (unsigned i = 0; i < 1000; i++) {
		struct iovec iov[12];
		uint32_t count = 1 + (uint32_t)(rng_next(&rng) % 12);
		for (uint32_t j = 0; j < count; j++)
			iov[j] = piece(j * 4096u, 100);
		memset(bench.map + DATA_OFF, 0, 12 * 4096);
		if (i % 7 == 0 && RING_BYTES - bench.mailbox->cmd_head > 64)
			put_raw(TCMU_OP_TMR, 48);
		struct tcmu_cmd_entry *strange = NULL;
		if (i % 11 == 0 && RING_BYTES - bench.mailbox->cmd_head > 64)
			strange = put_raw((enum tcmu_opcode)5, 16);
		struct tcmu_cmd_entry *entry = put(read, 10, iov, count);
		assert_int_equal(step(), 1);
		assert_int_equal(entry->rsp.scsi_status, 0);
		assert_int_equal(entry->rsp.read_len, count * 100);
		assert_int_equal(bench.map[DATA_OFF + (count - 1) * 4096 + 99], 0x77);
		assert_int_equal(bench.map[DATA_OFF + (count - 1) * 4096 + 100], 0);
		if (strange && strange < entry)
			assert_true(strange->hdr.uflags & TCMU_UFLAG_UNKNOWN_OP);
		assert_int_equal(step(), 0);
	}
	assert_int_equal(bench.script.counts[0x28], 1000);
}

/* Several wait: each step answers one, in order. */
static void test_one_by_one(void **state)
{
	(void)state;
	static const uint8_t ready[6] = {0};
	for (unsigned i = 0; i < 3; i++)
		put(ready, 6, NULL, 0);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(step(), 1);
		assert_int_equal(bench.script.counts[0], i);
	}
	assert_int_equal(step(), 0);
}

/* Nothing that stands in the ring makes us look outside the shared memory. */
static void test_what_points_outside(void **state)
{
	static const uint8_t read[10] = {0x28, [8] = 1};
	const struct iovec good[] = {piece(0, 2048)};
	for (unsigned i = 0; i < 7; i++) {
		setup(state);
		struct tcmu_cmd_entry *entry = put(read, 10, good, 1);
		struct iovec *iov =
			(void *)((unsigned char *)entry + offsetof(struct tcmu_cmd_entry, req.iov));
		switch (i) {
		case 0:
			iov->iov_base = (void *)(uintptr_t)(MAP_BYTES - 2047);
			break;
		case 1:
			iov->iov_base = (void *)UINTPTR_MAX;
			break;
		case 2:
			iov->iov_len = SIZE_MAX;
			break;
		case 3:
			entry->req.cdb_off = MAP_BYTES - 9;
			bench.map[MAP_BYTES - 9] = 0x28;
			break;
		case 4:
			entry->req.iov_cnt = 1000;
			break;
		case 5:
			entry->hdr.len_op = TCMU_OP_CMD;
			break; /* no length at all */
		case 6:
			bench.mailbox->cmd_head = RING_BYTES + 8;
			break;
		}
		assert_int_equal(step(), RESPIN_E_SOURCE);
		assert_int_equal(bench.script.counts[0x28], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_ring_that_is_none, setup),
		cmocka_unit_test_setup(test_an_empty_ring, setup),
		cmocka_unit_test_setup(test_data_in, setup),
		cmocka_unit_test_setup(test_an_older_kernel, setup),
		cmocka_unit_test_setup(test_sense_and_residual, setup),
		cmocka_unit_test_setup(test_data_out, setup),
		cmocka_unit_test_setup(test_cdb_lengths, setup),
		cmocka_unit_test_setup(test_what_no_drive_gets_to_see, setup),
		cmocka_unit_test_setup(test_broken_links, setup),
		cmocka_unit_test_setup(test_around_the_ring, setup),
		cmocka_unit_test_setup(test_one_by_one, setup),
		cmocka_unit_test_setup(test_what_points_outside, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
