/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive model seen as a source (our policies) and as a port (the rivals).
 * What the model says becomes sense data as a drive would send them; nothing
 * is read twice, and no byte of payload exists.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/classify.h"
#include "core/geometry.h"
#include "core/sense.h"
#include "sim/model_private.h"

#define SECTOR_BYTES 2048u
/* 1 MiB, what the most capable host adapters move in one command. */
#define PORT_SECTORS_MAX 512u
#define SPEED_FASTEST_KBPS 0xffffu /* SET CD SPEED, MMC-6 6.37 */

/* As drives put it. A wedged drive's answer has no LBA: it speaks of itself. */
static struct respin_sense sense_of(const struct model_answer *answer)
{
	static const struct respin_sense senses[MODEL_SENSES] = {
		[MODEL_ECC] = {SENSE_MEDIUM_ERROR, 0x11, 0x05, 0, 1, 0},     /* L-EC uncorrectable */
		[MODEL_SERVO] = {SENSE_MEDIUM_ERROR, 0x09, 0x00, 0, 1, 0},   /* track following error */
		[MODEL_ID] = {SENSE_MEDIUM_ERROR, 0x10, 0x00, 0, 1, 0},      /* ID CRC or ECC error */
		[MODEL_WEDGE] = {SENSE_HARDWARE_ERROR, 0x44, 0x00, 0, 0, 0}, /* internal target failure */
	};
	struct respin_sense sense = senses[answer->sense];
	sense.info_lba = sense.has_info ? (int64_t)answer->bad_lba : 0;
	return sense;
}

/* A pressed disc of the family that the name begins with; else whatever fails together tells. */
static uint16_t profile_of(const struct model_facts *facts)
{
	static const struct {
		const char *name;
		uint32_t ecc_block;
		uint16_t profile; /* MMC-6 5.3.1 */
	} families[] = {{"cd", 1, 0x0008}, {"dvd", 16, 0x0010}, {"bd", 32, 0x0040}, {"uhd", 32, 0x0040}};
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (!strncasecmp(facts->medium, families[i].name, strlen(families[i].name)))
			return families[i].profile;
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (facts->ecc_block == families[i].ecc_block)
			return families[i].profile;
	return 0;
}

static void source_info(void *self, struct respin_source_info *info)
{
	const struct model *model = self;
	const struct model_facts *facts = &model->facts;
	*info = (struct respin_source_info){
		.size = sizeof *info,
		.units = facts->sectors,
		.unit_bytes = SECTOR_BYTES,
		.ecc_block = facts->ecc_block,
		.max_request_units =
			geometry_request_units(facts->ecc_block, SECTOR_BYTES, GEOMETRY_REQUEST_BYTES),
		.profile = profile_of(facts),
		.kind = "model",
		.no_payload = 1,
	};
	memcpy(info->address, model->address, sizeof info->address);
	memcpy(info->medium, facts->medium, sizeof info->medium);
}

/* The model is gone or talks nonsense: nothing that was asked for has an answer. */
static uint8_t broken_reason(struct model *model)
{
	return atomic_load(&model->interrupted) ? RESPIN_REASON_CANCELLED : RESPIN_REASON_GONE;
}

static void source_read(void *self, const struct respin_request *request, void *buffer,
			struct respin_reply *reply)
{
	struct model *model = self;
	struct model_answer answer;
	uint64_t began_ns = model->now_ns, bytes = request->range.count * SECTOR_BYTES;
	(void)buffer;
	*reply = (struct respin_reply){.resid_trusted = 1, .asked_bytes = bytes};
	if (!model_read(model, request->range.start, (uint32_t)request->range.count, &answer)) {
		reply->reason = broken_reason(model);
		reply->residual_bytes = bytes;
		return;
	}
	reply->elapsed_ns = model->now_ns - began_ns;
	if (answer.ok) {
		reply->reason = RESPIN_REASON_GOOD;
		reply->filled_bytes = bytes;
		return;
	}
	reply->scsi_status = SCSI_CHECK_CONDITION;
	reply->sense = sense_of(&answer);
	reply->reason = (uint8_t)classify_sense(&reply->sense);
	reply->filled_bytes = (answer.bad_lba - request->range.start) * SECTOR_BYTES;
	reply->residual_bytes = bytes - reply->filled_bytes;
}

static void source_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	struct model *model = self;
	uint64_t began_ns = model->now_ns;
	bool works = command == RESPIN_DRIVE_START ? model_spin(model) : !model->broken;
	*reply = (struct respin_reply){.reason = works ? RESPIN_REASON_GOOD : broken_reason(model),
				       .elapsed_ns = model->now_ns - began_ns};
}

static void source_interrupt(void *self)
{
	struct model *model = self;
	atomic_store(&model->interrupted, true);
	model->link.ops->interrupt(model->link.self);
}

static uint64_t face_now_ns(void *self)
{
	const struct model *model = self;
	return model->now_ns;
}

/* A broken model's clock runs by itself, so that whoever waits for it comes to the end. */
static void source_sleep_until_ns(void *self, uint64_t ns)
{
	struct model *model = self;
	if (ns > model->now_ns && !model_idle(model, ns - model->now_ns))
		model->now_ns = ns;
}

static void face_destroy(void *self)
{
	model_destroy(self);
}

static const struct respin_source_ops source_ops = {
	.size = sizeof(struct respin_source_ops),
	.info = source_info,
	.read = source_read,
	.control = source_control,
	.interrupt = source_interrupt,
	.now_ns = face_now_ns,
	.sleep_until_ns = source_sleep_until_ns,
	.destroy = face_destroy,
};

void model_source(struct model *model, struct respin_source *source)
{
	*source = (struct respin_source){&source_ops, model};
}

static void port_info(void *self, struct port_info *info)
{
	const struct model *model = self;
	*info = (struct port_info){
		.sectors = model->facts.sectors,
		.ecc_block = model->facts.ecc_block,
		.max_sectors = PORT_SECTORS_MAX,
	};
}

static void port_read(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms, struct port_reply *reply)
{
	struct model *model = self;
	struct model_answer answer;
	uint64_t began_ns = model->now_ns;
	(void)timeout_ms; /* the protocol knows none: the host is patient */
	*reply = (struct port_reply){.commands = 1};
	reply->transport = !model_read(model, lba, count, &answer);
	reply->ok = !reply->transport && answer.ok;
	reply->failed = !reply->ok;
	reply->elapsed_ns = model->now_ns - began_ns;
	if (!reply->ok && !reply->transport)
		reply->sense = sense_of(&answer);
}

/* A model names its speeds by their rank; of what lies between the ends it is told the middle. */
static void port_speed(void *self, uint32_t kbps)
{
	struct model *model = self;
	unsigned slowest = model->facts.speeds - 1;
	(void)model_speed(model, kbps >= SPEED_FASTEST_KBPS ? 0 : kbps == 0 ? slowest : (slowest + 1) / 2);
}

static void port_spin(void *self)
{
	(void)model_spin(self);
}

static void port_wait_ns(void *self, uint64_t ns)
{
	struct model *model = self;
	source_sleep_until_ns(self, model->now_ns + ns);
}

static const struct port_ops port_ops = {
	.info = port_info,
	.read = port_read,
	.speed = port_speed,
	.spin = port_spin,
	.now_ns = face_now_ns,
	.wait_ns = port_wait_ns,
	.destroy = face_destroy,
};

void model_port(struct model *model, struct port *port)
{
	*port = (struct port){&port_ops, model};
}
