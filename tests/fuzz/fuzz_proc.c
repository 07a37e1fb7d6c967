/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child process that has been taken over by what it parsed: it says what it
 * likes of its source and of every read, struct by struct. What passes the
 * parent's checks goes through the engine, which must end, and mark nothing
 * finished without bytes.
 */
#include "fuzz.h"

#include <stddef.h>

#include <respin/session.h>

#include "engine/engine.h"
#include "io/source_proc.h"

#define READS_MAX 400u
#define LOOKS_MAX 400000u

static struct {
	struct fuzz_in in;
	struct respin_source_info info;
	unsigned reads, looks;
	uint64_t now_ns;
} child;

static void get_info(void *self, struct respin_source_info *info)
{
	(void)self;
	*info = child.info;
}

/* As the parent has it: an answer that makes no sense is a source that is gone. */
static void say(struct respin_reply *reply, uint64_t asked_bytes)
{
	memset(reply, 0, sizeof *reply);
	(void)fuzz_bytes(&child.in, reply, sizeof *reply);
	bool over = !fuzz_left(&child.in) || ++child.reads > READS_MAX;
	if (over || !source_proc_check_reply(reply, asked_bytes))
		*reply = (struct respin_reply){.reason = RESPIN_REASON_GONE, .asked_bytes = asked_bytes};
	child.now_ns += reply->elapsed_ns;
}

static void read_units(void *self, const struct respin_request *request, void *bytes,
		       struct respin_reply *reply)
{
	(void)self;
	uint64_t len = request->range.count * child.info.unit_bytes;
	MUST(request->range.count >= 1 && request->range.count <= child.info.max_request_units);
	MUST(request->range.start < child.info.units &&
	     request->range.count <= child.info.units - request->range.start);
	MUST(len <= PROC_SHARED_BYTES);
	/* A good read in few bytes: an input of several kilobytes a reply would be too much to ask for. */
	if (fuzz_u8(&child.in) & 1) {
		*reply = (struct respin_reply){.resid_trusted = 1, .asked_bytes = len, .filled_bytes = len};
		if (!fuzz_left(&child.in) || ++child.reads > READS_MAX)
			reply->reason = RESPIN_REASON_GONE;
	} else {
		say(reply, len);
	}
	if (bytes)
		memset(bytes, (int)child.reads, len < 64 ? len : 64);
}

static void control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	(void)self;
	(void)command;
	say(reply, 0);
}

static uint64_t now_ns(void *self)
{
	(void)self;
	MUST(++child.looks < LOOKS_MAX);
	return child.now_ns;
}

static void sleep_until_ns(void *self, uint64_t ns)
{
	(void)self;
	child.now_ns = ns > child.now_ns ? ns : child.now_ns;
}

static void nothing(void *self)
{
	(void)self;
}

static const struct respin_source_ops source_ops = {
	.size = sizeof source_ops,
	.info = get_info,
	.read = read_units,
	.control = control,
	.now_ns = now_ns,
	.sleep_until_ns = sleep_until_ns,
	.destroy = nothing,
};

static int put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	(void)self;
	(void)error;
	uint64_t next = outcome->request.range.start;
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		MUST(span->range.start == next && span->range.count > 0);
		MUST(span->kind != RESPIN_SPAN_RECOVERED || outcome->bytes || child.info.no_payload);
		next += span->range.count;
	}
	MUST(next <= child.info.units);
	respin_block_free(outcome->bytes);
	outcome->bytes = NULL;
	return RESPIN_PUT_CONTINUE;
}

static int end(void *self, struct respin_summary *summary, struct respin_error *error)
{
	(void)self;
	(void)summary;
	(void)error;
	return 0;
}

static void rescue(uint8_t how)
{
	static const struct respin_sink_ops sink_ops = {
		.size = sizeof sink_ops, .put = put, .close = end, .destroy = nothing};
	struct respin_source source = {&source_ops, NULL};
	struct respin_map *map = map_create(child.info.units, RESPIN_NON_TRIED);
	struct engine_config config = {.mode = (enum respin_mode)(how % 3),
				       .sources = &source,
				       .source_count = 1,
				       .sink = {&sink_ops, NULL},
				       .map = map,
				       .resume = {.phase = RESPIN_PHASE_COPYING}};
	struct engine *engine;
	struct respin_error error = {0};
	MUST(map && engine_create(&config, &engine, &error) == 0);
	struct respin_summary summary = {.size = sizeof summary};
	int code = engine_run_virtual(engine, &summary, &error);
	MUST(code <= 1);
	engine_destroy(engine);
	map_destroy(map);
}

/* Sane where the input does not say otherwise: eight bytes instead of five hundred. */
static void draw_info(void)
{
	static const uint32_t blocks[] = {1, 16, 32, 5};
	uint8_t how = fuzz_u8(&child.in);
	child.info = (struct respin_source_info){.size = sizeof child.info,
						 .units = 1 + fuzz_u16(&child.in),
						 .unit_bytes = how & 1 ? 16 : 2048,
						 .ecc_block = blocks[how >> 1 & 3],
						 .max_request_units = 1 + (fuzz_u8(&child.in) & 31),
						 .profile = 0x10,
						 .plain = how >> 3 & 1,
						 .no_payload = how >> 4 & 1};
	if (how & 0x80) {
		size_t at = offsetof(struct respin_source_info, units);
		(void)fuzz_bytes(&child.in, (uint8_t *)&child.info + at,
				 offsetof(struct respin_source_info, kind) - at);
	}
	if (how & 0x40)
		memset(child.info.medium, 'x', sizeof child.info.medium);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proc_greeting greeting;
	child.in = fuzz_in(data, size);
	child.reads = child.looks = 0;
	child.now_ns = 1;
	draw_info();
	memset(&greeting, 0, sizeof greeting);
	greeting.info = child.info;
	uint8_t how = fuzz_u8(&child.in);
	if (how & 0x80) {
		greeting.code = (int8_t)fuzz_u8(&child.in);
		memset(greeting.error.text, 'x', sizeof greeting.error.text);
	}
	greeting.own_clock = how >> 5 & 3;
	if (!source_proc_check_greeting(&greeting))
		return 0;
	MUST(memchr(greeting.error.text, 0, sizeof greeting.error.text));
	MUST(greeting.code <= 0 && (greeting.code == 0 || respin_exit_status(greeting.code) >= 2));
	if (greeting.code != 0)
		return 0;
	child.info = greeting.info;
	MUST(memchr(child.info.medium, 0, sizeof child.info.medium));
	if (child.info.max_request_units * (uint64_t)child.info.unit_bytes > 256u << 10)
		return 0; /* allowed, and only slow */
	rescue(how);
	return 0;
}
