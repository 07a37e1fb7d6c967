/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive as a source: one request is one READ(10), its reply is handed on as
 * it is, with the evidence that residual and poison give. Never reads twice,
 * never waits, and does not decide what the bytes are worth.
 */
#include "mmc/source_mmc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/ops.h"
#include "base/rng.h"
#include "core/classify.h"
#include "core/poison.h"

static void mmc_info(void *self, struct respin_source_info *info)
{
	const struct source_mmc *mmc = self;
	*info = mmc->info;
}

static void reply_fill(struct source_mmc *mmc, const struct respin_command *command,
		       const struct respin_command_reply *from, struct respin_reply *reply)
{
	*reply = (struct respin_reply){
		.resid_trusted = mmc->traits.resid_trusted,
		.poison_trusted = mmc->traits.poison_trusted,
		.scsi_status = from->scsi_status,
		.host_status = from->host,
		.sys_errno = from->sys_errno,
		.asked_bytes = command->data_len,
		.residual_bytes = from->residual,
		.elapsed_ns = from->elapsed_ns,
		.fingerprint = from->fingerprint,
	};
	reply->reason = (uint8_t)classify_reply(from, &reply->sense);
	mmc_speed_note(mmc, (enum respin_reason)reply->reason);
}

static void mmc_read(void *self, const struct respin_request *request, void *buffer,
		     struct respin_reply *reply)
{
	struct source_mmc *mmc = self;
	struct respin_range range = request->range;
	assert(range.count > 0 && range.count <= mmc->info.max_request_units);
	assert(range.start < mmc->info.units && range.count <= mmc->info.units - range.start);

	struct respin_command command;
	struct respin_command_reply answer = {0};
	cdb_read_10(&command, (uint32_t)range.start, (uint16_t)range.count, request->flags & RESPIN_READ_FUA);
	command.timeout_ms = request->timeout_ms ? request->timeout_ms
						 : cdb_read_timeout_ms(range.count, mmc->info.ecc_block);
	command.data = mmc->buffer;

	uint64_t key = rng_mix(++mmc->reads ^ range.start << 32);
	if (!mmc->traits.no_payload)
		poison_fill(mmc->buffer, command.data_len, key);
	mmc_exec(mmc, &command, &answer);
	reply_fill(mmc, &command, &answer, reply);
	if (mmc->traits.no_payload) {
		reply->filled_bytes = command.data_len - answer.residual;
		return;
	}
	reply->filled_bytes = poison_filled(mmc->buffer, command.data_len, key);
	if (reply->reason == RESPIN_REASON_GOOD || reply->reason == RESPIN_REASON_RECOVERED)
		memcpy(buffer, mmc->buffer, command.data_len);
}

static enum respin_reason identify(struct source_mmc *mmc, struct respin_command_reply *answer,
				   struct respin_sense *sense)
{
	enum respin_reason reason = mmc_ready(mmc, answer, sense);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	mmc_speed_again(mmc); /* before the disc is looked at: what this uncovers is seen then */
	struct mmc_identity now;
	struct cdb_capacity capacity;
	struct cdb_configuration configuration;
	reason = mmc_identify(mmc, &now, &capacity, &configuration);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	return mmc_identity_same(&mmc->identity, &now) ? RESPIN_REASON_GOOD : RESPIN_REASON_MEDIUM_CHANGED;
}

/* The device may have come back under the same name as another one. */
static enum respin_reason reopen(struct source_mmc *mmc, struct respin_command_reply *answer,
				 struct respin_sense *sense)
{
	if (OPS_HAS(mmc->transport.ops, reopen)) {
		struct respin_error error = {0};
		int code = mmc->transport.ops->reopen(mmc->transport.self, &error);
		if (code == 0)
			code = mmc_attach(mmc, &error);
		answer->sys_errno = error.sys_errno;
		if (code == RESPIN_E_CANCELLED)
			return RESPIN_REASON_CANCELLED;
		if (code < 0)
			return RESPIN_REASON_LINK; /* it may come back: bridges take 5-15 s */
	}
	struct cdb_inquiry inquiry;
	mmc->speed.lost = true;
	enum respin_reason reason = mmc_inquire(mmc, &inquiry);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	if (inquiry.type != CDB_DEVICE_TYPE_MMC || strcmp(inquiry.vendor, mmc->info.vendor) != 0 ||
	    strcmp(inquiry.product, mmc->info.product) != 0)
		return RESPIN_REASON_GONE;
	return identify(mmc, answer, sense);
}

static void mmc_control(void *self, enum respin_drive_command what, struct respin_reply *reply)
{
	struct source_mmc *mmc = self;
	struct respin_command command;
	struct respin_command_reply answer = {0};
	struct respin_sense sense = {0};
	enum respin_reason reason = RESPIN_REASON_REFUSED;
	size_t arrived;

	switch (what) {
	case RESPIN_DRIVE_START:
		cdb_start_stop(&command, true, false);
		reason = mmc_command(mmc, &command, &answer, &sense, &arrived);
		break;
	case RESPIN_DRIVE_IDENTIFY:
		reason = identify(mmc, &answer, &sense);
		break;
	case RESPIN_DRIVE_REOPEN:
		reason = reopen(mmc, &answer, &sense);
		break;
	case RESPIN_DRIVE_SLOWER:
	case RESPIN_DRIVE_FASTER:
		reason = mmc_speed_step(mmc, what == RESPIN_DRIVE_FASTER, &answer, &sense);
		break;
	}
	*reply = (struct respin_reply){
		.reason = (uint8_t)reason,
		.scsi_status = answer.scsi_status,
		.host_status = answer.host,
		.sys_errno = answer.sys_errno,
		.sense = sense,
		.elapsed_ns = answer.elapsed_ns,
	};
}

static void mmc_interrupt(void *self)
{
	struct source_mmc *mmc = self;
	if (OPS_HAS(mmc->transport.ops, interrupt))
		mmc->transport.ops->interrupt(mmc->transport.self);
}

static uint64_t mmc_now_ns(void *self)
{
	struct source_mmc *mmc = self;
	return mmc->transport.ops->now_ns(mmc->transport.self);
}

static void mmc_sleep_until_ns(void *self, uint64_t ns)
{
	struct source_mmc *mmc = self;
	mmc->transport.ops->sleep_until_ns(mmc->transport.self, ns);
}

static void mmc_destroy(void *self)
{
	struct source_mmc *mmc = self;
	if (!mmc)
		return;
	mmc->transport.ops->destroy(mmc->transport.self);
	free(mmc);
}

/* Two tables: a source has a clock only if its transport lives by one. */
static const struct respin_source_ops ops_on_host_clock = {
	.size = sizeof(struct respin_source_ops),
	.info = mmc_info,
	.read = mmc_read,
	.control = mmc_control,
	.interrupt = mmc_interrupt,
	.destroy = mmc_destroy,
};

static const struct respin_source_ops ops_on_own_clock = {
	.size = sizeof(struct respin_source_ops),
	.info = mmc_info,
	.read = mmc_read,
	.control = mmc_control,
	.interrupt = mmc_interrupt,
	.now_ns = mmc_now_ns,
	.sleep_until_ns = mmc_sleep_until_ns,
	.destroy = mmc_destroy,
};

int source_mmc_create(struct respin_transport *transport, const struct mmc_clock *host,
		      struct respin_source *source, struct respin_error *error)
{
	struct respin_transport taken = *transport;
	*transport = (struct respin_transport){0};
	*source = (struct respin_source){0};
	struct source_mmc *mmc = calloc(1, sizeof *mmc);
	if (!mmc) {
		taken.ops->destroy(taken.self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a source");
	}
	mmc->transport = taken;
	mmc->host = host;
	int code = mmc_attach(mmc, error);
	if (code == 0)
		code = mmc_open(mmc, error);
	if (code < 0) {
		mmc_destroy(mmc);
		return code;
	}
	bool own_clock = OPS_HAS(taken.ops, now_ns) && OPS_HAS(taken.ops, sleep_until_ns);
	*source = (struct respin_source){own_clock ? &ops_on_own_clock : &ops_on_host_clock, mmc};
	return 0;
}
