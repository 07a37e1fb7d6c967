/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive model of somebody else's that says what it likes, line by line: the
 * first breach of the protocol ends the conversation, the engine on top of it
 * comes to its end, and nobody computes with what makes no sense.
 */
#include "fuzz.h"

#include <respin/session.h>

#include "engine/engine.h"
#include "sim/model.h"

#define COMMANDS_MAX 2000u

static struct {
	const char *at, *end;
	unsigned commands;
} talk;

static int talk_send(void *self, const char *line, struct respin_error *error)
{
	(void)self;
	(void)error;
	MUST(*line && !strchr(line, '\n'));
	talk.commands++;
	return talk.commands > COMMANDS_MAX ? RESPIN_E_GONE : 0;
}

/* As the pipe gives lines: whole, without their end, shorter than the buffer; else an error. */
static int talk_receive(void *self, char *line, size_t size, struct respin_error *error)
{
	(void)self;
	const char *end = memchr(talk.at, '\n', (size_t)(talk.end - talk.at));
	size_t len = end ? (size_t)(end - talk.at) : 0;
	if (!end || len >= size || memchr(talk.at, 0, len)) {
		if (error)
			*error = (struct respin_error){.code = RESPIN_E_GONE, .text = "no line"};
		return RESPIN_E_GONE;
	}
	memcpy(line, talk.at, len);
	line[len] = '\0';
	talk.at = end + 1;
	return 0;
}

static void nothing(void *self)
{
	(void)self;
}

static int put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	(void)self;
	(void)error;
	MUST(!outcome->bytes);
	return RESPIN_PUT_CONTINUE;
}

static int end(void *self, struct respin_summary *summary, struct respin_error *error)
{
	(void)self;
	(void)summary;
	(void)error;
	return 0;
}

static void rescue(struct model *model, uint8_t how)
{
	static const struct respin_sink_ops sink_ops = {
		.size = sizeof sink_ops, .put = put, .close = end, .destroy = nothing};
	struct respin_source source;
	model_source(model, &source);
	struct respin_source_info info = {.size = sizeof info};
	source.ops->info(source.self, &info);
	MUST(info.units >= 1 && info.ecc_block >= 1 && info.max_request_units >= 1);
	MUST(memchr(info.medium, 0, sizeof info.medium) && memchr(info.address, 0, sizeof info.address));
	if (how & 0x40) {
		struct respin_reply reply;
		source.ops->control(source.self, (enum respin_drive_command)(how & 1), &reply);
		if (how & 2)
			source.ops->interrupt(source.self);
	}
	struct respin_map *map = map_create(info.units, RESPIN_NON_TRIED);
	struct respin_error error = {0};
	struct engine_config config = {.mode = (enum respin_mode)(how % 3),
				       .sources = &source,
				       .source_count = 1,
				       .sink = {&sink_ops, NULL},
				       .map = map,
				       .resume = {.phase = RESPIN_PHASE_COPYING}};
	struct engine *engine;
	MUST(map && engine_create(&config, &engine, &error) == 0);
	struct respin_summary summary = {.size = sizeof summary};
	int code = engine_run_virtual(engine, &summary, &error);
	MUST(code <= 1);
	engine_destroy(engine);
	map_destroy(map);
}

static void use_port(struct model *model, const uint8_t *data, size_t size)
{
	struct fuzz_in in = fuzz_in(data, size < 64 ? size : 64);
	struct port port;
	struct port_info info;
	struct port_reply reply;
	model_port(model, &port);
	port.ops->info(port.self, &info);
	while (fuzz_left(&in)) {
		uint8_t how = fuzz_u8(&in);
		uint64_t before = port.ops->now_ns(port.self), lba = fuzz_u16(&in) % info.sectors;
		uint32_t count = 1 + how % 64;
		if (how == 0xff)
			port.ops->spin(port.self);
		else if (how & 0x80)
			port.ops->speed(port.self, how);
		else if (how & 0x40)
			port.ops->wait_ns(port.self, how * 100000u);
		else
			port.ops->read(port.self, lba, count, 1000, &reply);
		MUST(port.ops->now_ns(port.self) >= before);
	}
	port.ops->destroy(port.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct model_link_ops link_ops = {talk_send, talk_receive, nothing, nothing};
	if (size < 1)
		return 0;
	talk.at = (const char *)data + 1;
	talk.end = (const char *)data + size;
	talk.commands = 0;
	struct model_link link = {&link_ops, NULL};
	struct respin_error failure = {0}, error = {0};
	struct model *model;
	int code = model_create("sim:exec:fuzz", &link, &failure, &model, &error);
	MUST(!code == !!model && (code == 0 || (error.code == code && *error.text)));
	if (code < 0)
		return 0;
	const struct model_facts *facts = model_facts(model);
	MUST(facts->sectors >= 1 && facts->ecc_block >= 1 && facts->layers >= 1 && facts->speeds >= 1);
	MUST(facts->r0_mm >= 0 && facts->pitch_um >= 0 && facts->sector_mm >= 0);
	if (data[0] & 0x80)
		use_port(model, data, size);
	else
		rescue(model, data[0]);
	return 0;
}
