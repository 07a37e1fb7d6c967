/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive as a transport: its clock, and how data, residual and
 * sense reach the host. What the drive says stands in drive.c.
 */
#include "sim/transport_sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "core/classify.h"
#include "sim/drive.h"

#define PAGE 4096u /* as real transports align, so that callers cannot get used to less */
#define NS_PER_MS 1000000ull

static void sim_traits(void *self, struct respin_transport_traits *traits)
{
	struct drive *drive = self;
	*traits = (struct respin_transport_traits){
		.size = sizeof *traits,
		.name = "sim",
		.max_transfer_bytes = (uint32_t)drive->options.max_kb << 10,
		.resid_trusted = drive->options.resid == SIM_RESID_HONEST,
		.poison_trusted = drive->options.rest == SIM_REST_POISON,
	};
	(void)snprintf(traits->address, sizeof traits->address, "%s", drive->options.address);
}

static void *sim_buffer(void *self, size_t len)
{
	struct drive *drive = self;
	len = (len + PAGE - 1) / PAGE * PAGE;
	if (len <= drive->buffer_bytes)
		return drive->buffer;
	assert(!drive->buffer); /* it must stay valid until destroy */
	drive->buffer = aligned_alloc(PAGE, len);
	drive->stale = calloc(1, len);
	if (!drive->buffer || !drive->stale)
		return NULL;
	drive->buffer_bytes = len;
	return drive->buffer;
}

static uint64_t sim_now_ns(void *self)
{
	struct drive *drive = self;
	return atomic_load(&drive->now_ns);
}

/* Lets the drive's clock run; at a pace, real time passes with it. False: interrupted. */
static bool clock_run(struct drive *drive, uint64_t ns)
{
	uint64_t pace = drive->options.pace;
	atomic_fetch_add(&drive->now_ns, ns);
	if (pace && drive->host.self && ns / pace && drive->host.wait(drive->host.self, ns / pace))
		return false;
	return !atomic_load(&drive->interrupted);
}

static void sim_sleep_until_ns(void *self, uint64_t ns)
{
	struct drive *drive = self;
	uint64_t now = atomic_load(&drive->now_ns);
	if (ns > now)
		(void)clock_run(drive, ns - now);
}

/* SPC-3 4.5.3 and 4.5.2. */
static void sense_write(const struct drive *drive, const struct respin_sense *sense,
			struct respin_command_reply *reply)
{
	uint8_t *b = reply->sense;
	if (drive->options.format == SIM_FORMAT_DESCRIPTOR) {
		reply->sense_len = sense->has_info ? 20 : 8;
		b[0] = 0x72;
		b[1] = sense->key;
		b[2] = sense->asc;
		b[3] = sense->ascq;
		b[7] = (uint8_t)(reply->sense_len - 8);
		if (sense->has_info) {
			b[9] = 0x0a;
			b[10] = 0x80;
			be32_put(b + 16, (uint32_t)sense->info_lba);
		}
		return;
	}
	reply->sense_len = 18;
	b[0] = sense->has_info ? 0xf0 : 0x70;
	b[2] = sense->key;
	be32_put(b + 3, (uint32_t)sense->info_lba);
	b[7] = 10;
	b[12] = sense->asc;
	b[13] = sense->ascq;
}

/* What the host finds in its buffer behind what was moved. */
static void leave_rest(struct drive *drive, unsigned char *data, size_t moved, size_t len)
{
	if (drive->options.rest == SIM_REST_ZERO)
		memset(data + moved, 0, len - moved);
	if (drive->options.rest == SIM_REST_STALE)
		memcpy(data + moved, drive->stale + moved, len - moved);
	if (data == drive->buffer)
		memcpy(drive->stale, data, len);
}

static void sim_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct drive *drive = self;
	assert(command->data_len <= drive->options.max_kb << 10);
	*reply = (struct respin_command_reply){.residual = command->data_len};
	struct drive_answer answer = {0};
	uint64_t began = atomic_load(&drive->now_ns);
	bool timely = true, free_to_go = !atomic_load(&drive->interrupted);

	if (free_to_go) {
		drive_command(drive, command, command->data, &answer);
		timely = answer.took_ns / NS_PER_MS < command->timeout_ms || !command->timeout_ms;
		free_to_go = clock_run(drive, timely ? answer.took_ns : command->timeout_ms * NS_PER_MS);
		if (answer.hangs && drive->host.self)
			free_to_go = !drive->host.wait(drive->host.self, SIM_FOR_EVER);
	}
	reply->elapsed_ns = atomic_load(&drive->now_ns) - began;
	if (!free_to_go || !timely) {
		reply->host = free_to_go ? RESPIN_HOST_TIMEOUT : RESPIN_HOST_CANCELLED;
		return;
	}
	if (command->data_len) {
		leave_rest(drive, command->data, answer.moved, command->data_len);
		reply->residual = drive->options.resid == SIM_RESID_HONEST
					  ? command->data_len - (uint32_t)answer.moved
					  : 0;
	}
	if (answer.sense.key) {
		reply->scsi_status = SCSI_CHECK_CONDITION;
		sense_write(drive, &answer.sense, reply);
	}
}

static void sim_interrupt(void *self)
{
	struct drive *drive = self;
	atomic_store(&drive->interrupted, true);
	if (drive->host.self)
		drive->host.wake(drive->host.self);
}

static void sim_destroy(void *self)
{
	struct drive *drive = self;
	if (!drive)
		return;
	disc_finish(&drive->disc);
	sim_options_finish(&drive->options);
	if (drive->host.self)
		drive->host.destroy(drive->host.self);
	free(drive->buffer);
	free(drive->stale);
	free(drive);
}

static const struct respin_transport_ops ops = {
	.size = sizeof(struct respin_transport_ops),
	.traits = sim_traits,
	.buffer = sim_buffer,
	.exec = sim_exec,
	.interrupt = sim_interrupt,
	.now_ns = sim_now_ns,
	.sleep_until_ns = sim_sleep_until_ns,
	.destroy = sim_destroy,
};

int transport_sim_create(struct sim_options *options, struct respin_source *image,
			 const struct sim_host *host, struct respin_transport *transport,
			 struct respin_error *error)
{
	*transport = (struct respin_transport){0};
	struct sim_options taken = *options;
	*options = (struct sim_options){0};
	struct drive *drive = calloc(1, sizeof *drive);
	if (!drive) {
		sim_options_finish(&taken);
		if (image->ops)
			image->ops->destroy(image->self);
		if (host && host->self)
			host->destroy(host->self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a simulated drive");
	}
	drive->options = taken;
	if (host)
		drive->host = *host;
	drive->attention = true;
	drive->rng.state = taken.seed;
	int code = disc_init(&drive->disc, &drive->options, image, error);
	if (code < 0) {
		sim_destroy(drive);
		return code;
	}
	*transport = (struct respin_transport){&ops, drive};
	return 0;
}
