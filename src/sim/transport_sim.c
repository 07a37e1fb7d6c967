/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive as a transport: its clock, the host's patience, and how
 * data, residual and sense reach the host. What the drive says and does stands
 * in the drive_*.c files.
 */
#include "sim/transport_sim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/cdb.h"
#include "core/classify.h"
#include "core/map.h"
#include "sim/drive_answer.h"

#define PAGE 4096u /* as real transports align, so that callers cannot get used to less */
#define NS_PER_MS 1000000ull
#define DEAD_NS 10000u /* a call on a device that is no longer there [E] */

struct transport_sim {
	struct drive drive;
	uint64_t
		unplugs; /* what the drive had counted when it was opened: one more, and this handle is dead */
};

static void sim_traits(void *self, struct respin_transport_traits *traits)
{
	const struct scenario *scenario = &((struct transport_sim *)self)->drive.scenario;
	*traits = (struct respin_transport_traits){
		.size = sizeof *traits,
		.name = "sim",
		.max_transfer_bytes = (uint32_t)scenario->drive.max_kb << 10,
		.resid_trusted = scenario->drive.resid == SIM_RESID_HONEST,
		.poison_trusted = scenario->drive.rest == SIM_REST_POISON,
		.no_payload = !scenario->payload,
	};
	(void)snprintf(traits->address, sizeof traits->address, "%s", scenario->address);
}

static void *sim_buffer(void *self, size_t len)
{
	struct drive *drive = &((struct transport_sim *)self)->drive;
	len = (len + PAGE - 1) / PAGE * PAGE;
	if (len <= drive->buffer_bytes)
		return drive->buffer;
	assert(!drive->buffer); /* it must stay valid until destroy */
	drive->buffer = aligned_alloc(PAGE, len);
	drive->stale = calloc(1, len);
	if (!drive->buffer || !drive->stale) { /* as if nobody had asked: one may ask again */
		free(drive->buffer);
		free(drive->stale);
		drive->buffer = drive->stale = NULL;
		return NULL;
	}
	drive->buffer_bytes = len;
	return drive->buffer;
}

static uint64_t sim_now_ns(void *self)
{
	struct drive *drive = &((struct transport_sim *)self)->drive;
	return atomic_load_explicit(&drive->now_ns, memory_order_relaxed);
}

/* Lets the drive's clock run; at a pace, real time passes with it. False: interrupted. */
static bool clock_run(struct drive *drive, uint64_t ns)
{
	uint64_t pace = drive->scenario.pace;
	/* Whoever else looks at the clock only looks: one writer, no locked addition. */
	uint64_t now = atomic_load_explicit(&drive->now_ns, memory_order_relaxed);
	atomic_store_explicit(&drive->now_ns, now + ns, memory_order_relaxed);
	if (pace && drive->host.self && ns / pace && drive->host.wait(drive->host.self, ns / pace))
		return false;
	return !atomic_load_explicit(&drive->interrupted, memory_order_relaxed);
}

static void sim_sleep_until_ns(void *self, uint64_t ns)
{
	uint64_t now = sim_now_ns(self);
	if (ns > now)
		(void)clock_run(&((struct transport_sim *)self)->drive, ns - now);
}

/* What the host finds in its buffer behind what was moved. */
static void leave_rest(struct drive *drive, unsigned char *data, size_t moved, size_t len)
{
	uint64_t rest = drive->scenario.drive.rest;
	bool own = data == drive->buffer; /* a caller's buffer has no previous command */
	bool kept = rest == SIM_REST_STALE || drive->scenario.drive.lie_stale > 0;
	if (rest == SIM_REST_ZERO)
		memset(data + moved, 0, len - moved);
	if (rest == SIM_REST_STALE && own)
		memcpy(data + moved, drive->stale + moved, len - moved);
	if (kept && own)
		memcpy(drive->stale, data, len);
}

/* Without payload the data of reads are not moved; everything else always is. */
static bool is_payload(uint8_t opcode)
{
	return opcode == CDB_READ_10 || opcode == CDB_READ_12 || opcode == DRIVE_OP_READ_CD;
}

/* The numbers that Linux gives these, for the log (scsi_status.h). */
static void host_says(struct respin_command_reply *reply, enum respin_host_status host)
{
	static const uint8_t linux_host[] = {
		[RESPIN_HOST_OK] = 0x00,        /* DID_OK */
		[RESPIN_HOST_GONE] = 0x01,      /* DID_NO_CONNECT */
		[RESPIN_HOST_TIMEOUT] = 0x03,   /* DID_TIME_OUT */
		[RESPIN_HOST_RESET] = 0x08,     /* DID_RESET */
		[RESPIN_HOST_ERROR] = 0x07,     /* DID_ERROR */
		[RESPIN_HOST_CANCELLED] = 0x05, /* DID_ABORT */
	};
	reply->host = (uint8_t)host;
	reply->raw_host = linux_host[host];
}

static void answer_arrives(struct drive *drive, const struct respin_command *command, unsigned char *data,
			   const struct drive_answer *answer, struct respin_command_reply *reply)
{
	if (answer->host) {
		host_says(reply, (enum respin_host_status)answer->host);
		return;
	}
	if (command->data_len) {
		if (data && command->data_in)
			leave_rest(drive, data, answer->moved, command->data_len);
		reply->residual = drive->scenario.drive.resid == SIM_RESID_HONEST
					  ? command->data_len - (uint32_t)answer->claimed
					  : 0;
	}
	if (answer->sense.key) {
		bool descriptor = drive->scenario.drive.format == SIM_FORMAT_DESCRIPTOR;
		reply->scsi_status = SCSI_CHECK_CONDITION;
		reply->sense_len = answer_sense_bytes(&answer->sense, descriptor, reply->sense);
	}
}

/* The command goes to the drive, and time passes: to its answer, or to the end of the host's patience. */
static void command_runs(struct transport_sim *sim, const struct respin_command *command,
			 struct respin_command_reply *reply)
{
	struct drive *drive = &sim->drive;
	struct drive_answer answer = {0};
	bool payload = drive->scenario.payload || !is_payload(command->cdb[0]);
	unsigned char *data = payload ? command->data : NULL;
	uint64_t patience = command->timeout_ms * NS_PER_MS;

	drive_command(drive, command, data, &answer);
	if (drive->counts.unplugs != sim->unplugs && !answer.host)
		answer.host = RESPIN_HOST_GONE;         /* it went and came back since the last command */
	bool alone = answer.hangs && !drive->host.self; /* nobody can interrupt it */
	bool timely = !patience || (!alone && answer.took_ns < patience);
	bool goes_on = clock_run(drive, timely ? answer.took_ns : patience);
	if (answer.hangs && drive->host.self && goes_on)
		goes_on = !drive->host.wait(drive->host.self, SIM_FOR_EVER);
	if (goes_on && !timely)
		goes_on = clock_run(drive, drive_host_gave_up(drive));
	if (!goes_on)
		host_says(reply, RESPIN_HOST_CANCELLED);
	else if (!timely)
		host_says(reply, RESPIN_HOST_TIMEOUT);
	else
		answer_arrives(drive, command, data, &answer, reply);
	reply->fingerprint = answer.fingerprint;
}

static void sim_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct transport_sim *sim = self;
	struct drive *drive = &sim->drive;
	uint64_t began = sim_now_ns(self);
	*reply = (struct respin_command_reply){.residual = command->data_len};
	if (atomic_load_explicit(&drive->interrupted, memory_order_relaxed)) {
		host_says(reply, RESPIN_HOST_CANCELLED);
	} else if (command->data_len > drive->scenario.drive.max_kb << 10) {
		host_says(reply, RESPIN_HOST_ERROR); /* more than the host adapter moves at once */
		reply->sys_errno = EIO;
	} else if (drive->counts.unplugs != sim->unplugs) {
		(void)clock_run(drive, DEAD_NS);
		host_says(reply, RESPIN_HOST_GONE);
	} else {
		command_runs(sim, command, reply);
	}
	reply->elapsed_ns = sim_now_ns(self) - began;
}

static void sim_interrupt(void *self)
{
	struct drive *drive = &((struct transport_sim *)self)->drive;
	atomic_store(&drive->interrupted, true);
	if (drive->host.self)
		drive->host.wake(drive->host.self);
}

/* A device under the same name: opened anew it answers, if it is there. */
static int sim_reopen(void *self, struct respin_error *error)
{
	struct transport_sim *sim = self;
	struct drive *drive = &sim->drive;
	const char *address = drive->scenario.address;
	if (atomic_load(&drive->interrupted))
		return error_set(error, RESPIN_E_CANCELLED, 0, "%s: stopped", address);
	drive_power_tick(drive, sim_now_ns(self));
	if (drive->state != DRIVE_GONE && drive->renamed)
		return error_set(error, RESPIN_E_GONE, ENXIO, "%s: the drive came back under another name",
				 address);
	if (!drive_reopen(drive))
		return error_set(error, RESPIN_E_GONE, ENXIO, "%s: no drive is attached there", address);
	sim->unplugs = drive->counts.unplugs;
	return 0;
}

static void sim_destroy(void *self)
{
	struct transport_sim *sim = self;
	if (!sim)
		return;
	struct drive *drive = &sim->drive;
	drive_stop(drive);
	disc_finish(&drive->disc);
	scenario_finish(&drive->scenario);
	if (drive->host.self)
		drive->host.destroy(drive->host.self);
	free(drive->buffer);
	free(drive->stale);
	map_destroy(drive->wrong);
	free(sim);
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
	.reopen = sim_reopen,
};

int transport_sim_create(struct scenario *scenario, struct respin_source *image, const struct sim_host *host,
			 struct respin_transport *transport, struct respin_error *error)
{
	*transport = (struct respin_transport){0};
	struct transport_sim *sim = calloc(1, sizeof *sim);
	if (!sim) {
		scenario_finish(scenario);
		if (image->ops)
			image->ops->destroy(image->self);
		*image = (struct respin_source){0};
		if (host && host->self)
			host->destroy(host->self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a simulated drive");
	}
	struct drive *drive = &sim->drive;
	drive->scenario = *scenario;
	memset(scenario, 0, sizeof *scenario); /* its content is the drive's now */
	if (host)
		drive->host = *host;
	int code = disc_init(&drive->disc, &drive->scenario, image, error);
	if (code < 0) {
		sim_destroy(sim);
		return code;
	}
	drive_start(drive);
	*transport = (struct respin_transport){&ops, sim};
	return 0;
}

bool transport_sim_rediscover(const struct respin_transport *transport)
{
	assert(transport->ops == &ops);
	struct transport_sim *sim = transport->self;
	drive_power_tick(&sim->drive, sim_now_ns(sim));
	if (!drive_reopen(&sim->drive))
		return false;
	sim->unplugs = sim->drive.counts.unplugs;
	return true;
}

#define REPLUG_NS 10000000000ull /* a careful hand */

void transport_sim_replug(const struct respin_transport *transport)
{
	assert(transport->ops == &ops);
	struct transport_sim *sim = transport->self;
	drive_power_tick(&sim->drive, sim_now_ns(sim));
	drive_vanish(&sim->drive, sim_now_ns(sim), REPLUG_NS, true, false);
}

#define EXCHANGE_NS 60000000000ull /* to find the right one, too */

bool transport_sim_right_disc(const struct respin_transport *transport)
{
	assert(transport->ops == &ops);
	struct transport_sim *sim = transport->self;
	struct drive *drive = &sim->drive;
	drive_power_tick(drive, sim_now_ns(sim));
	if (!drive->discs || drive->scenario.image || drive->tray_open)
		return false;
	drive_right_disc(drive, sim_now_ns(sim), EXCHANGE_NS);
	sim_sleep_until_ns(sim, sim_now_ns(sim) + EXCHANGE_NS);
	drive_power_tick(drive, sim_now_ns(sim));
	return true;
}

void transport_sim_counts(const struct respin_transport *transport, struct sim_counts *counts)
{
	assert(transport->ops == &ops);
	*counts = ((const struct transport_sim *)transport->self)->drive.counts;
}

const struct disc *transport_sim_disc(const struct respin_transport *transport)
{
	assert(transport->ops == &ops);
	return &((const struct transport_sim *)transport->self)->drive.disc;
}

const struct respin_map *transport_sim_wrong(const struct respin_transport *transport)
{
	assert(transport->ops == &ops);
	return ((const struct transport_sim *)transport->self)->drive.wrong;
}
