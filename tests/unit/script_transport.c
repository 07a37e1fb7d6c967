/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scripted transport of the unit tests. Knows no damage: that is the script's. */
#include "script_transport.h"

#include <string.h>

#include "base/be.h"
#include "core/cdb.h"

void script_init(struct script *script)
{
	memset(script, 0, sizeof *script);
	script->traits = (struct respin_transport_traits){.size = sizeof script->traits,
							  .name = "script",
							  .address = "script",
							  .max_transfer_bytes = SCRIPT_BUFFER_BYTES,
							  .resid_trusted = 1,
							  .poison_trusted = 1};
	script->last_lba = 9999;
	script->block_bytes = 2048;
	script->profile = 0x0010;
	script->blocking = 16;
}

void script_sense(struct respin_command_reply *reply, unsigned key, unsigned asc, unsigned ascq)
{
	reply->scsi_status = 2;
	reply->sense_len = 18;
	reply->sense[0] = 0x70;
	reply->sense[2] = (uint8_t)key;
	reply->sense[7] = 10;
	reply->sense[12] = (uint8_t)asc;
	reply->sense[13] = (uint8_t)ascq;
}

void script_data(const struct respin_command *command, struct respin_command_reply *reply, const void *bytes,
		 size_t len)
{
	if (len > command->data_len)
		len = command->data_len;
	memcpy(command->data, bytes, len);
	reply->residual = command->data_len - (uint32_t)len;
}

void script_plain(struct script *script, const struct respin_command *command,
		  struct respin_command_reply *reply)
{
	uint8_t b[36] = {0};
	switch (command->cdb[0]) {
	case CDB_TEST_UNIT_READY:
	case CDB_START_STOP_UNIT:
		break;
	case CDB_INQUIRY:
		b[0] = 5, b[4] = 31;
		memcpy(b + 8, "SCRIPT  A DRIVE         1.00", 28);
		script_data(command, reply, b, 36);
		break;
	case CDB_READ_CAPACITY:
		be32_put(b, script->last_lba), be32_put(b + 4, script->block_bytes);
		script_data(command, reply, b, 8);
		break;
	case CDB_GET_CONFIGURATION:
		be32_put(b, 16), be16_put(b + 6, script->profile);
		be16_put(b + 8, 0x0010), b[11] = 8, be16_put(b + 16, script->blocking);
		script_data(command, reply, b, 20);
		break;
	case CDB_READ_TOC:
		b[1] = 10, b[2] = b[3] = 1, b[5] = 0x14, b[6] = 1;
		script_data(command, reply, b, 12);
		break;
	case CDB_READ_10:
		memset(command->data, 0x77, command->data_len);
		reply->residual = 0;
		break;
	default:
		script_sense(reply, 5, 0x20, 0);
		break;
	}
}

static void traits(void *self, struct respin_transport_traits *traits)
{
	*traits = ((struct script *)self)->traits;
}

static void *buffer(void *self, size_t len)
{
	return len <= SCRIPT_BUFFER_BYTES ? ((struct script *)self)->buffer : NULL;
}

static void exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct script *script = self;
	*reply = (struct respin_command_reply){.residual = command->data_len};
	script->counts[command->cdb[0]]++;
	if (command->cdb[0] == CDB_READ_10)
		script->last_read = *command;
	if (!script->answer || !script->answer(script, command, reply))
		script_plain(script, command, reply);
}

static void interrupt(void *self)
{
	((struct script *)self)->interrupts++;
}

static uint64_t now_ns(void *self)
{
	return ((struct script *)self)->now_ns;
}

static void sleep_until_ns(void *self, uint64_t ns)
{
	struct script *script = self;
	if (ns > script->now_ns)
		script->now_ns = ns;
}

static void destroy(void *self)
{
	((struct script *)self)->destroys++;
}

static int reopen(void *self, struct respin_error *error)
{
	(void)error;
	struct script *script = self;
	script->reopens++;
	return script->reopen_code;
}

struct respin_transport script_transport(struct script *script)
{
	static const struct respin_transport_ops ops = {
		.size = sizeof ops,
		.traits = traits,
		.buffer = buffer,
		.exec = exec,
		.interrupt = interrupt,
		.now_ns = now_ns,
		.sleep_until_ns = sleep_until_ns,
		.destroy = destroy,
		.reopen = reopen,
	};
	return (struct respin_transport){&ops, script};
}
