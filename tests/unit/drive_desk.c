/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desk of drive_desk.h, on the transport that every user of the simulated drive has. */
#include "drive_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/be.h"
#include "core/cdb.h"

#define DATA_BYTES (1u << 20)
#define READ_TIMEOUT_MS 3600000u /* no test is about this one */

unsigned char *desk_data;

static void desk_open(struct respin_transport *transport, const char *text, bool payload)
{
	char lines[1024];
	int len = snprintf(lines, sizeof lines, "title A desk;%s", text);
	assert_true(len > 0 && (size_t)len < sizeof lines);
	char *keys = strchr(lines, '?');
	if (keys)
		*keys++ = 0;
	for (char *end = lines; (end = strchr(end, ';'));)
		*end = '\n';
	struct scenario *scenario = calloc(1, sizeof *scenario);
	struct respin_source image = {0};
	struct respin_error error = {0};
	assert_non_null(scenario);
	if (scenario_parse(scenario, "desk", lines, &error) < 0)
		fail_msg("%s", error.text);
	while (keys && *(keys += strspn(keys, " "))) {
		char *key = keys, *value = strchr(key, '=');
		assert_non_null(value);
		*value++ = 0;
		keys = value + strcspn(value, " ");
		if (*keys)
			*keys++ = 0;
		if (scenario_override(scenario, key, value, &error) < 0)
			fail_msg("%s", error.text);
	}
	if (scenario_override(scenario, "payload", payload ? "1" : "0", &error) < 0 ||
	    transport_sim_create(scenario, &image, NULL, transport, &error) < 0)
		fail_msg("%s", error.text);
	free(scenario);
	desk_data = transport->ops->buffer(transport->self, DATA_BYTES);
	assert_non_null(desk_data);
}

void drive_desk_open(struct respin_transport *transport, const char *text)
{
	desk_open(transport, text, true);
}

void drive_desk_open_dry(struct respin_transport *transport, const char *text)
{
	desk_open(transport, text, false);
}

void drive_desk_close(struct respin_transport *transport)
{
	transport->ops->destroy(transport->self);
}

struct drive *drive_desk_drive(const struct respin_transport *transport)
{
	return transport->self; /* its first member */
}

void drive_desk_hurt(struct respin_transport *transport, uint64_t block, uint64_t count, double x,
		     double alpha)
{
	struct disc *disc = &drive_desk_drive(transport)->disc;
	if (!disc->blocks)
		disc->blocks = calloc(disc->block_count, sizeof *disc->blocks);
	assert_non_null(disc->blocks);
	for (; count; count--)
		disc->blocks[block++] = (struct disc_block){.x = (float)x, .alpha = (float)alpha};
}

uint64_t drive_desk_sector(const struct respin_transport *transport, uint64_t block)
{
	return block * drive_desk_drive(transport)->disc.ecc_block;
}

void drive_desk_sleep(struct respin_transport *transport, uint64_t ns)
{
	transport->ops->sleep_until_ns(transport->self, transport->ops->now_ns(transport->self) + ns);
}

void drive_desk_exec(struct respin_transport *transport, struct respin_command *command,
		     struct desk_reply *reply)
{
	struct respin_command_reply raw;
	command->data = desk_data;
	if (command->data_len)
		memset(desk_data, 0xa5, command->data_len);
	transport->ops->exec(transport->self, command, &raw);
	*reply = (struct desk_reply){
		.host = raw.host, .status = raw.scsi_status, .residual = raw.residual, .ns = raw.elapsed_ns};
	sense_decode(raw.sense, raw.sense_len, &reply->sense);
}

static struct desk_reply exec(struct respin_transport *transport, struct respin_command *command)
{
	struct desk_reply reply;
	drive_desk_exec(transport, command, &reply);
	return reply;
}

struct desk_reply drive_desk_read(struct respin_transport *transport, uint64_t lba, uint32_t count)
{
	struct respin_command command;
	cdb_read_10(&command, (uint32_t)lba, (uint16_t)count, false);
	command.timeout_ms = READ_TIMEOUT_MS;
	return exec(transport, &command);
}

struct desk_reply drive_desk_read_fua(struct respin_transport *transport, uint64_t lba, uint32_t count)
{
	struct respin_command command;
	cdb_read_10(&command, (uint32_t)lba, (uint16_t)count, true);
	command.timeout_ms = READ_TIMEOUT_MS;
	return exec(transport, &command);
}

struct desk_reply drive_desk_stream(struct respin_transport *transport, uint64_t lba, uint32_t count)
{
	struct respin_command command;
	cdb_read_12(&command, (uint32_t)lba, count, false);
	command.cdb[10] = 0x80;
	command.timeout_ms = READ_TIMEOUT_MS;
	return exec(transport, &command);
}

struct desk_reply drive_desk_tur(struct respin_transport *transport)
{
	struct respin_command command;
	cdb_test_unit_ready(&command);
	return exec(transport, &command);
}

struct desk_reply drive_desk_start_stop(struct respin_transport *transport, uint8_t what)
{
	struct respin_command command;
	cdb_start_stop(&command, what & 1, what & 2);
	command.timeout_ms = READ_TIMEOUT_MS;
	return exec(transport, &command);
}

struct desk_reply drive_desk_speed(struct respin_transport *transport, uint16_t kbps)
{
	struct respin_command command = {
		.cdb = {DRIVE_OP_SET_CD_SPEED, 0, (uint8_t)(kbps >> 8), (uint8_t)kbps, 0xff, 0xff},
		.cdb_len = 12,
		.timeout_ms = 10000};
	return exec(transport, &command);
}

uint64_t drive_desk_ready(struct respin_transport *transport)
{
	for (int i = 0; i < 1200; i++) {
		struct desk_reply reply = drive_desk_tur(transport);
		if (reply.host == RESPIN_HOST_OK && reply.status == 0)
			return transport->ops->now_ns(transport->self);
		drive_desk_sleep(transport, 500 * DESK_MS);
	}
	fail_msg("never ready");
	return 0;
}
