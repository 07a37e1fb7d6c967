/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transport of fault_drive.h. */
#include "fault_drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/ops.h"
#include "base/rng.h"
#include "core/cdb.h"
#include "core/classify.h"
#include "sweep.h"

#define NS_PER_MS 1000000ull
#define QUICK_NS (5 * NS_PER_MS)
#define UNHURRIED_NS (1300 * NS_PER_MS)
#define LATE_NS (60000 * NS_PER_MS)

static void pass(struct fault_drive *fault, uint64_t ns)
{
	const struct respin_transport *below = &fault->below;
	below->ops->sleep_until_ns(below->self, below->ops->now_ns(below->self) + ns);
}

static uint64_t info_of(const struct wrong *wrong, const struct respin_command *command)
{
	bool read = command->cdb[0] == CDB_READ_10;
	uint64_t first = read ? be32(command->cdb + 2) : 0;
	uint64_t count = read ? be16(command->cdb + 7) : 1;
	switch (wrong->info) {
	case INFO_FIRST:
		return first;
	case INFO_MIDDLE:
		return first + count / 2;
	case INFO_LAST:
		return first + count - 1;
	case INFO_BEFORE:
		return first ? first - 1 : UINT32_MAX;
	case INFO_BEHIND:
		return first + count;
	case INFO_HUGE:
		return wrong->descriptor ? UINT64_MAX - 5 : UINT32_MAX;
	default:
		return 0;
	}
}

/* SPC-3 4.5.2, 4.5.3 */
static void sense_put(const struct wrong *wrong, const struct respin_command *command,
		      struct respin_command_reply *reply)
{
	uint8_t *s = reply->sense;
	uint64_t info = info_of(wrong, command);
	bool valid = wrong->info != INFO_NONE;
	memset(s, 0, sizeof reply->sense);
	reply->scsi_status = SCSI_CHECK_CONDITION;
	if (wrong->descriptor) {
		s[0] = wrong->deferred ? 0x73 : 0x72;
		s[1] = wrong->key, s[2] = wrong->asc, s[3] = wrong->ascq;
		reply->sense_len = valid ? 20 : 8;
		if (!valid)
			return;
		s[7] = 12, s[9] = 10, s[10] = 0x80;
		be32_put(s + 12, (uint32_t)(info >> 32)), be32_put(s + 16, (uint32_t)info);
		return;
	}
	s[0] = (uint8_t)((wrong->deferred ? 0x71 : 0x70) | (valid ? 0x80 : 0));
	s[2] = wrong->key, s[7] = 10, s[12] = wrong->asc, s[13] = wrong->ascq;
	be32_put(s + 3, (uint32_t)info);
	reply->sense_len = 18;
}

static void noise_put(struct fault_drive *fault, struct respin_command_reply *reply)
{
	struct rng rng = {fault->seed + fault->commands};
	reply->scsi_status = SCSI_CHECK_CONDITION;
	reply->sense_len = (uint8_t)fault->wrong->number;
	for (size_t i = 0; i < reply->sense_len && i < sizeof reply->sense; i++) /* it may claim more */
		reply->sense[i] = (uint8_t)rng_next(&rng);
	/* Every other one at least looks like sense data, or no more than the first byte would be read. */
	if (reply->sense_len && fault->seed & 1)
		reply->sense[0] = (uint8_t)(0x70 | (reply->sense[0] & 3));
}

/* The drive does its work; of the data only a part gets into the host's buffer. */
static void cut_data(struct fault_drive *fault, const struct respin_command *command,
		     struct respin_command_reply *reply)
{
	const struct wrong *wrong = fault->wrong;
	size_t kept = (size_t)command->data_len * wrong->percent / 100;
	unsigned char *before = command->data_len ? malloc(command->data_len) : NULL;
	if (before)
		memcpy(before, command->data, command->data_len);
	fault->below.ops->exec(fault->below.self, command, reply);
	if (before)
		memcpy((unsigned char *)command->data + kept, before + kept, command->data_len - kept);
	free(before);
	reply->residual = wrong->kind == WRONG_SHORT ? command->data_len - (uint32_t)kept : 0;
}

static void go_wrong(struct fault_drive *fault, const struct respin_command *command,
		     struct respin_command_reply *reply)
{
	const struct wrong *wrong = fault->wrong;
	const struct respin_transport *below = &fault->below;
	*reply = (struct respin_command_reply){.residual = command->data_len};
	switch (wrong->kind) {
	case WRONG_DATA:
		below->ops->exec(below->self, command, reply);
		/* fall through */
	case WRONG_SENSE:
		sense_put(wrong, command, reply);
		break;
	case WRONG_STATUS:
		reply->scsi_status = wrong->status;
		break;
	case WRONG_HOST:
		reply->host = wrong->host;
		if (wrong->host == RESPIN_HOST_TIMEOUT)
			pass(fault, command->timeout_ms * NS_PER_MS);
		break;
	case WRONG_SHORT:
	case WRONG_SILENT:
		cut_data(fault, command, reply);
		break;
	case WRONG_RESIDUAL:
		below->ops->exec(below->self, command, reply);
		reply->residual = wrong->number;
		break;
	case WRONG_GARBAGE:
		noise_put(fault, reply);
		break;
	case WRONG_SLOW:
		pass(fault, LATE_NS);
		below->ops->exec(below->self, command, reply);
		break;
	}
	pass(fault, fault->quick ? QUICK_NS : UNHURRIED_NS);
}

static void answer(struct fault_drive *fault, uint64_t index, const struct respin_command *command,
		   struct respin_command_reply *reply)
{
	if (!cdb_allowed(command->cdb, command->cdb_len))
		sweep_stuck("opcode %02X is not on the list", command->cdb[0]);
	if (fault->limit && fault->commands > fault->limit)
		sweep_stuck("%llu commands and no end: hangs", (unsigned long long)fault->commands);
	bool hit = fault->wrong && index >= fault->at &&
		   (fault->times == FOR_EVER || index - fault->at < fault->times);
	if (!hit) {
		fault->below.ops->exec(fault->below.self, command, reply);
		return;
	}
	fault->struck++;
	uint64_t began = fault->below.ops->now_ns(fault->below.self);
	go_wrong(fault, command, reply);
	reply->elapsed_ns = fault->below.ops->now_ns(fault->below.self) - began;
}

static void f_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct fault_drive *fault = self;
	uint64_t index = fault->commands++;
	answer(fault, index, command, reply);
	if (sweep_replays())
		printf("  %3llu %5llu ms %02X %u+%u: %u/%02x %X/%02X/%02X\n", (unsigned long long)index,
		       (unsigned long long)(reply->elapsed_ns / NS_PER_MS), command->cdb[0],
		       be32(command->cdb + 2), be16(command->cdb + 7), reply->host, reply->scsi_status,
		       reply->sense[2] & 15u, reply->sense[12], reply->sense[13]);
}

static void f_traits(void *self, struct respin_transport_traits *traits)
{
	const struct respin_transport *below = &((struct fault_drive *)self)->below;
	below->ops->traits(below->self, traits);
}

static void *f_buffer(void *self, size_t len)
{
	const struct respin_transport *below = &((struct fault_drive *)self)->below;
	return below->ops->buffer(below->self, len);
}

static uint64_t f_now_ns(void *self)
{
	const struct respin_transport *below = &((struct fault_drive *)self)->below;
	return below->ops->now_ns(below->self);
}

static void f_sleep_until_ns(void *self, uint64_t ns)
{
	const struct respin_transport *below = &((struct fault_drive *)self)->below;
	below->ops->sleep_until_ns(below->self, ns);
}

static int f_reopen(void *self, struct respin_error *error)
{
	const struct respin_transport *below = &((struct fault_drive *)self)->below;
	return OPS_HAS(below->ops, reopen) ? below->ops->reopen(below->self, error) : 0;
}

static void f_destroy(void *self)
{
	(void)self; /* the drive is still there when a rescue has ended */
}

void fault_drive_init(struct fault_drive *fault, const struct respin_transport *below)
{
	*fault = (struct fault_drive){.below = *below};
}

struct respin_transport fault_drive_transport(struct fault_drive *fault)
{
	static const struct respin_transport_ops ops = {
		.size = sizeof ops,
		.traits = f_traits,
		.buffer = f_buffer,
		.exec = f_exec,
		.now_ns = f_now_ns,
		.sleep_until_ns = f_sleep_until_ns,
		.destroy = f_destroy,
		.reopen = f_reopen,
	};
	return (struct respin_transport){&ops, fault};
}
