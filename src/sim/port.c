/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A port on a transport: every read is one READ(10), every reply is told as it
 * came. It gets the drive ready once, as opening the node does; from then on
 * it repeats nothing and decides nothing.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "core/cdb.h"
#include "core/classify.h"
#include "core/geometry.h"
#include "core/sense.h"
#include "sim/port.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* Discs of two layers were seen to take a minute until they are ready; twice that is no longer patience. */
#define READY_WITHIN_NS (120 * NS_PER_S)
/* libfreemkv and udev alike ask about twice a second; faster polling makes some drives slower. */
#define READY_STEP_NS (500 * NS_PER_MS)
/* "No medium" right after loading often means "not recognised yet". */
#define MEDIUM_WITHIN_NS (60 * NS_PER_S)
/* Between stop and start of a spin cycle, and after it: what libfreemkv found to cure a wedged drive. */
#define SPIN_REST_NS (5 * NS_PER_S)

#define SET_CD_SPEED 0xbbu /* MMC-6 6.37 */
#define SPEED_TIMEOUT_MS 30000u
#define SPEED_NO_CHANGE 0xffffu /* as write speed: the fastest; nothing is written */

#define CONFIGURATION_BYTES 64u /* the header with the profile, and the Random Readable feature behind it */
#define FEATURE_RANDOM_READABLE 0x0010u

struct port_sg {
	struct respin_transport transport;
	struct respin_transport_traits traits;
	struct port_info info;
	unsigned char *buffer;
};

static uint64_t sg_now_ns(void *self)
{
	const struct port_sg *sg = self;
	return sg->transport.ops->now_ns(sg->transport.self);
}

static void sg_wait_ns(void *self, uint64_t ns)
{
	const struct port_sg *sg = self;
	sg->transport.ops->sleep_until_ns(sg->transport.self, sg_now_ns(self) + ns);
}

/* Sends it; true: GOOD. */
static bool sg_exec(struct port_sg *sg, struct respin_command *command, struct port_reply *reply,
		    uint32_t *residual)
{
	struct respin_command_reply answer = {0};
	command->data = command->data_len ? sg->buffer : NULL;
	*reply = (struct port_reply){.commands = 1};
	sg->transport.ops->exec(sg->transport.self, command, &answer);
	reply->elapsed_ns = answer.elapsed_ns;
	reply->scsi_status = answer.scsi_status;
	reply->transport = answer.host != RESPIN_HOST_OK;
	reply->gone = answer.host == RESPIN_HOST_GONE;
	reply->ok = !reply->transport && answer.scsi_status == SCSI_GOOD;
	if (!reply->transport && answer.scsi_status == SCSI_CHECK_CONDITION) {
		(void)sense_decode(answer.sense, answer.sense_len, &reply->sense);
		/* The block layer and libfreemkv alike take what was recovered. */
		reply->ok = reply->sense.key == SENSE_RECOVERED && !reply->sense.deferred;
	}
	reply->failed = !reply->ok;
	*residual = answer.residual;
	return reply->ok;
}

static void sg_read(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms, struct port_reply *reply)
{
	struct port_sg *sg = self;
	struct respin_command command;
	uint32_t residual;
	assert(count > 0 && count <= sg->info.max_sectors && lba + count <= UINT32_MAX);
	cdb_read_10(&command, (uint32_t)lba, (uint16_t)count, false);
	command.timeout_ms = timeout_ms;
	if (!sg_exec(sg, &command, reply, &residual) || !sg->traits.resid_trusted)
		return;
	if (residual > command.data_len)
		residual = command.data_len;
	reply->lacking = (residual + CDB_LOGICAL_BLOCK - 1) / CDB_LOGICAL_BLOCK;
}

static void sg_speed(void *self, uint32_t kbps)
{
	struct respin_command command = {
		.cdb = {SET_CD_SPEED}, .cdb_len = 12, .timeout_ms = SPEED_TIMEOUT_MS};
	struct port_reply reply;
	uint32_t residual;
	be16_put(command.cdb + 2, (uint16_t)(kbps > 0xffff ? 0xffff : kbps));
	be16_put(command.cdb + 4, SPEED_NO_CHANGE);
	(void)sg_exec(self, &command, &reply, &residual); /* a drive may refuse: then it stays as it is */
}

static void sg_start_stop(struct port_sg *sg, bool start)
{
	struct respin_command command;
	struct port_reply reply;
	uint32_t residual;
	cdb_start_stop(&command, start, false);
	(void)sg_exec(sg, &command, &reply, &residual);
}

/* TEST UNIT READY until it is GOOD: 0, RESPIN_E_NO_MEDIUM, RESPIN_E_SOURCE. */
static int sg_get_ready(struct port_sg *sg)
{
	uint64_t began_ns = sg_now_ns(sg);
	for (;;) {
		struct respin_command command;
		struct port_reply reply;
		uint32_t residual;
		cdb_test_unit_ready(&command);
		if (sg_exec(sg, &command, &reply, &residual))
			return 0;
		uint64_t spent_ns = sg_now_ns(sg) - began_ns;
		enum respin_reason reason = reply.transport || reply.scsi_status != SCSI_CHECK_CONDITION
						    ? RESPIN_REASON_LINK
						    : classify_sense(&reply.sense);
		if (reason == RESPIN_REASON_NO_MEDIUM && spent_ns >= MEDIUM_WITHIN_NS)
			return RESPIN_E_NO_MEDIUM;
		if (spent_ns >= READY_WITHIN_NS)
			return RESPIN_E_SOURCE;
		if (reason == RESPIN_REASON_NEEDS_START)
			sg_start_stop(sg, true);
		sg_wait_ns(sg, READY_STEP_NS);
	}
}

static bool sg_ready(void *self)
{
	return sg_get_ready(self) == 0;
}

static void sg_spin(void *self)
{
	sg_start_stop(self, false);
	sg_wait_ns(self, SPIN_REST_NS);
	sg_start_stop(self, true);
	(void)sg_get_ready(self);
}

static void sg_info(void *self, struct port_info *info)
{
	const struct port_sg *sg = self;
	*info = sg->info;
}

static void sg_destroy(void *self)
{
	struct port_sg *sg = self;
	sg->transport.ops->destroy(sg->transport.self);
	free(sg);
}

static const struct port_ops sg_ops = {
	.info = sg_info,
	.read = sg_read,
	.speed = sg_speed,
	.spin = sg_spin,
	.now_ns = sg_now_ns,
	.wait_ns = sg_wait_ns,
	.destroy = sg_destroy,
	.ready = sg_ready,
};

/* Profile and blocking decide the ECC block; a drive that does not tell is judged by the size. */
static void sg_learn_ecc_block(struct port_sg *sg)
{
	struct respin_command command;
	struct cdb_configuration configuration = {0};
	struct port_reply reply;
	uint32_t residual;
	cdb_get_configuration(&command, 2, FEATURE_RANDOM_READABLE, CONFIGURATION_BYTES);
	if (sg_exec(sg, &command, &reply, &residual) && residual < command.data_len)
		(void)cdb_parse_configuration(sg->buffer, command.data_len - residual, &configuration);
	sg->info.ecc_block =
		geometry_ecc_block(configuration.profile, configuration.blocking, sg->info.sectors);
}

static int sg_learn(struct port_sg *sg, struct respin_error *error)
{
	struct respin_command command;
	struct cdb_capacity capacity;
	struct port_reply reply;
	uint32_t residual;
	int code = sg_get_ready(sg);
	if (code < 0)
		return error_set(error, code, 0,
				 code == RESPIN_E_NO_MEDIUM ? "there is no disc that the drive recognises"
							    : "the drive does not get ready");
	cdb_read_capacity(&command);
	if (!sg_exec(sg, &command, &reply, &residual) || residual >= command.data_len ||
	    !cdb_parse_capacity(sg->buffer, command.data_len - residual, &capacity) ||
	    capacity.block_bytes != CDB_LOGICAL_BLOCK || capacity.last_lba >= UINT32_MAX - UINT16_MAX)
		return error_set(error, RESPIN_E_SOURCE, 0, "the drive's capacity makes no sense");
	sg->info.sectors = (uint64_t)capacity.last_lba + 1;
	sg_learn_ecc_block(sg);
	return 0;
}

int port_transport(struct respin_transport *transport, enum port_path path, struct port *port,
		   struct respin_error *error)
{
	assert(transport->ops->now_ns && transport->ops->sleep_until_ns);
	struct port_sg *sg = calloc(1, sizeof *sg);
	*port = (struct port){0};
	if (!sg) {
		transport->ops->destroy(transport->self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a port");
	}
	sg->transport = *transport;
	sg->traits.size = sizeof sg->traits;
	transport->ops->traits(transport->self, &sg->traits);
	sg->info.max_sectors = sg->traits.max_transfer_bytes / CDB_LOGICAL_BLOCK;
	if (sg->info.max_sectors > UINT16_MAX) /* READ(10) counts in 16 bits */
		sg->info.max_sectors = UINT16_MAX;
	sg->buffer = transport->ops->buffer(transport->self, sg->traits.max_transfer_bytes);
	struct port direct = {&sg_ops, sg};
	int code = !sg->buffer ? error_set(error, RESPIN_E_NOMEM, 0, "no memory for a transfer")
		   : sg->info.max_sectors == 0
			   ? error_set(error, RESPIN_E_SOURCE, 0, "the host adapter moves less than a sector")
			   : sg_learn(sg, error);
	if (code < 0) {
		sg_destroy(sg);
		return code;
	}
	if (path != PORT_SG)
		return port_block(&direct, path, port, error);
	*port = direct;
	return 0;
}
