/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output's whole life as a list of operations: opened, written to, flushed,
 * closed, killed, without power, on a disk that fails, and taken up again. A
 * model of letters knows what may be claimed. Where nobody else has touched the
 * files, no '+' differs from the disc, no acknowledged '+' is lost, the map on
 * disk is whole, and the last run ends with everything.
 */
#include "fuzz.h"

#include "base/block.h"
#include "base/rng.h"
#include "core/mapfile.h"
#include "disk.h"
#include "io/output.h"

#define UNITS_MAX 48u
#define UNIT_MAX 512u
#define IMAGE "i"
#define MAP "i.map"
#define OPS_MAX 64u

static struct {
	struct respin_source_info info;
	struct output *output;
	struct respin_sink sink;
	uint8_t status[UNITS_MAX]; /* as recorded by the run at work */
	bool acked[UNITS_MAX];     /* '+' that a flush has called durable */
	bool trusted;              /* nobody else has touched the files */
	bool stained;              /* a sync failed and the system still shows what is on no disk */
	uint64_t seq;
} run;

static size_t unit_len(uint64_t unit)
{
	bool tail = unit + 1 == run.info.units && run.info.tail_bytes;
	return tail ? run.info.tail_bytes : run.info.unit_bytes;
}

static void fill(uint64_t unit, bool true_bytes, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)((unit * 31 + i) | 1) ^ (true_bytes ? 0 : 0xee);
}

static struct respin_map *map_on_disk(void)
{
	size_t len;
	const uint8_t *text = disk_bytes(MAP, &len);
	struct respin_map *bytes = NULL, *map = NULL;
	struct mapfile_info info;
	if (!text)
		return NULL;
	MUST(mapfile_parse((const char *)text, len, MAP, NULL, &bytes, &info, NULL) == 0);
	MUST(!info.torn && info.state == MAPFILE_WHOLE && info.trailer.present);
	MUST(mapfile_import(bytes, run.info.units, run.info.unit_bytes, run.info.tail_bytes, MAP, &map,
			    NULL) == 0);
	map_destroy(bytes);
	return map;
}

/* S1, S2, S3: looked at where no run is at work. */
static void check_disk(void)
{
	if (!run.trusted)
		return;
	size_t len;
	struct respin_map *map = map_on_disk();
	const uint8_t *image = disk_bytes(IMAGE, &len);
	uint8_t expected[UNIT_MAX];
	for (uint64_t unit = 0; unit < run.info.units; unit++) {
		bool claimed = map && map_at(map, unit) == RESPIN_FINISHED;
		MUST(claimed || !run.acked[unit]);
		if (!claimed)
			continue;
		fill(unit, true, expected, unit_len(unit));
		MUST(image && len >= unit * run.info.unit_bytes + unit_len(unit));
		MUST(!memcmp(image + unit * run.info.unit_bytes, expected, unit_len(unit)));
	}
	map_destroy(map);
}

static void drop_run(void)
{
	if (run.sink.ops)
		run.sink.ops->destroy(run.sink.self);
	run.sink = (struct respin_sink){0};
	output_destroy(run.output);
	run.output = NULL;
}

static int open_run(uint8_t how)
{
	struct respin_output_options options = {.size = sizeof options,
						.image = DISK_FOLDER "/" IMAGE,
						.force = how & 1,
						.keep_bad = how >> 1 & 1,
						.command_line = how & 4 ? "respin rescue" : NULL,
						.domain = how & 8 ? DISK_FOLDER "/n" : NULL,
						.io = disk_io()};
	struct respin_error error = {0};
	int code = output_open(&options, &run.info, how, &run.output, &error);
	MUST(code == 0 || (error.code == code && *error.text));
	MUST(!code == !!run.output);
	if (options.force)
		memset(run.acked, 0, sizeof run.acked);
	if (code < 0)
		return code;
	run.sink = output_sink(run.output);
	for (uint64_t unit = 0; unit < run.info.units; unit++) {
		run.status[unit] = (uint8_t)map_at(output_map(run.output), unit);
		MUST(!run.trusted || !run.acked[unit] || run.status[unit] == RESPIN_FINISHED);
	}
	return 0;
}

/* One letter's span; of what may not be said of this unit, something that may. */
static struct respin_span span_of(uint64_t unit, uint8_t letter)
{
	struct respin_span span = {{unit, 1}, RESPIN_SPAN_RECOVERED, RESPIN_FINISHED, 0};
	unsigned kind = letter % 8;
	if (kind < 3)
		return span;
	if (run.status[unit] == RESPIN_FINISHED) {
		span.kind = RESPIN_SPAN_RETRACT;
		span.status = RESPIN_NON_TRIMMED;
		return kind == 7 ? span
				 : (struct respin_span){{unit, 1}, RESPIN_SPAN_RECOVERED, RESPIN_FINISHED, 0};
	}
	span.kind = kind == 3   ? RESPIN_SPAN_PROVISIONAL
		    : kind == 4 ? RESPIN_SPAN_UNREADABLE
				: RESPIN_SPAN_RETRY;
	span.status = kind == 4 ? RESPIN_BAD : kind == 5 ? RESPIN_NON_TRIMMED : RESPIN_NON_SCRAPED;
	return span;
}

static bool has_bytes(const struct respin_span *span)
{
	return span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL;
}

static bool add_span(struct respin_outcome *outcome, struct respin_span span)
{
	struct respin_span *last = outcome->span_count ? &outcome->spans[outcome->span_count - 1] : NULL;
	if (last && last->kind == span.kind && last->status == span.status) {
		last->range.count++;
		return true;
	}
	if (outcome->span_count == RESPIN_SPANS_MAX)
		return false;
	outcome->spans[outcome->span_count++] = span;
	return true;
}

static void add_bytes(struct respin_outcome *outcome)
{
	bool any = false;
	for (uint32_t i = 0; i < outcome->span_count; i++)
		any = any || has_bytes(&outcome->spans[i]);
	if (!any)
		return;
	outcome->bytes = block_alloc(outcome->request.range.count * run.info.unit_bytes);
	MUST(outcome->bytes);
	for (uint32_t i = 0; i < outcome->span_count; i++)
		for (uint64_t k = 0; k < outcome->spans[i].range.count; k++) {
			uint64_t unit = outcome->spans[i].range.start + k;
			fill(unit, outcome->spans[i].kind == RESPIN_SPAN_RECOVERED,
			     outcome->bytes + outcome->bytes_len, unit_len(unit));
			outcome->bytes_len += unit_len(unit);
		}
}

static void put(uint64_t start, uint64_t count, struct fuzz_in *in, uint8_t how)
{
	struct respin_outcome outcome = {.request = {.seq = run.seq++,
						     .range = {start, 0},
						     .phase = RESPIN_PHASE_COPYING + how % 5,
						     .flags = how & 0x40 ? RESPIN_READ_BACKWARDS : 0}};
	uint8_t letter = fuzz_u8(in);
	for (uint64_t i = 0; i < count; i++) {
		struct respin_span span = span_of(start + i, letter);
		if (how & 0x80)
			letter = fuzz_u8(in);
		if (!add_span(&outcome, span))
			break;
		outcome.request.range.count++;
	}
	add_bytes(&outcome);
	for (uint32_t i = 0; i < outcome.span_count; i++)
		for (uint64_t k = 0; k < outcome.spans[i].range.count; k++) {
			uint64_t unit = outcome.spans[i].range.start + k;
			run.status[unit] = outcome.spans[i].status;
			if (outcome.spans[i].kind == RESPIN_SPAN_RETRACT)
				run.acked[unit] = false;
		}
	struct respin_error error = {0};
	int code = run.sink.ops->put(run.sink.self, &outcome, &error);
	MUST(code == RESPIN_PUT_CONTINUE || (error.code == code && *error.text));
	respin_block_free(outcome.bytes); /* a sink that fails may leave them */
	if (code < 0)
		drop_run();
}

static void acknowledge(void)
{
	for (uint64_t unit = 0; unit < run.info.units; unit++)
		run.acked[unit] = run.acked[unit] || run.status[unit] == RESPIN_FINISHED;
}

static void flush(void)
{
	struct respin_error error = {0};
	int code = run.sink.ops->flush(run.sink.self, RESPIN_FLUSH_RISK, &error);
	MUST(code >= 0 || (error.code == code && *error.text));
	if (code < 0)
		drop_run();
	else
		acknowledge();
}

static int close_run(bool complete)
{
	struct respin_summary summary = {.size = sizeof summary};
	struct respin_error error = {0};
	struct respin_outcome end = {.request = {.phase = RESPIN_PHASE_FINISHED}};
	int code = complete ? run.sink.ops->put(run.sink.self, &end, &error) : 0;
	if (code >= 0)
		code = run.sink.ops->close(run.sink.self, &summary, &error);
	MUST(code >= 0 || (error.code == code && *error.text));
	if (code == 0)
		acknowledge();
	drop_run();
	return code;
}

/* Somebody else's hands: from here on the only promise is to stand it. */
static void meddle(struct fuzz_in *in, uint8_t how)
{
	static uint8_t bytes[8192];
	size_t len;
	const char *name = how & 8 ? IMAGE : how & 16 ? MAP ".bak" : how & 32 ? IMAGE ".domain" : MAP;
	const uint8_t *old = disk_bytes(name, &len);
	run.trusted = false;
	switch (how & 3) {
	case 0:
		disk_remove(name);
		return;
	case 1: /* another text */
		len = fuzz_bytes(in, bytes, fuzz_u16(in) % sizeof bytes);
		break;
	default: /* an edited one, or a shorter one */
		len = len < sizeof bytes ? len : sizeof bytes;
		if (len)
			memcpy(bytes, old, len);
		if (how & 2 && len)
			bytes[fuzz_u16(in) % len] = fuzz_u8(in);
		if (how & 4)
			len = len ? fuzz_u16(in) % len : 0;
		break;
	}
	disk_put(name, bytes, len);
}

static void fail(struct fuzz_in *in)
{
	static const int errors[] = {-5, -28, -4, -30, -116, 0, -122, -12};
	uint8_t how = fuzz_u8(in);
	struct disk_fault fault = {.nth = (uint16_t)(disk_changes() + 1 + fuzz_u8(in) % 32),
				   .times = how & 8 ? 500 : 1 + (how >> 4 & 1),
				   .error = errors[how & 7],
				   .reverts = how & 0x80};
	if (fault.error == -4)
		fault.times = 1; /* interrupted for ever is no failure but patience */
	disk_fail(fault);
}

static void begin(struct fuzz_in *in)
{
	static const uint32_t sizes[] = {64, 16, 512, 17};
	uint8_t how = fuzz_u8(in);
	disk_reset();
	run.info = (struct respin_source_info){.size = sizeof run.info,
					       .units = 1 + fuzz_u8(in) % UNITS_MAX,
					       .unit_bytes = sizes[how & 3],
					       .ecc_block = 1 + (how >> 2 & 7)};
	run.info.tail_bytes = how & 0x20 ? run.info.unit_bytes / 2 : 0;
	memset(run.acked, 0, sizeof run.acked);
	run.trusted = true;
	run.seq = 0;
	if (how & 0x40) { /* what lay there before */
		static uint8_t stale[4096];
		memset(stale, 0xa5, sizeof stale);
		disk_put(IMAGE, stale, 1 + how * 7u);
		(void)open_run(1);
		drop_run();
	}
}

/* Whatever happened, the next run goes on from it and ends with everything. */
static void finish(uint64_t seed)
{
	drop_run();
	disk_no_faults();
	disk_reboot(seed);
	check_disk();
	int code = open_run(run.trusted ? 0 : 1);
	MUST(code == 0 || !run.trusted);
	if (code < 0)
		return;
	struct fuzz_in none = {0};
	for (uint64_t unit = 0; unit < run.info.units && run.output; unit++)
		if (run.status[unit] != RESPIN_FINISHED)
			put(unit, 1, &none, 0);
	if (!run.output)
		return;
	code = close_run(true);
	MUST(code == 0 || !run.trusted);
	check_disk();
	for (uint64_t unit = 0; unit < run.info.units; unit++)
		MUST(!run.trusted || run.acked[unit]);
}

static void step(struct fuzz_in *in, uint8_t op)
{
	uint64_t start;
	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		start = fuzz_u8(in) % run.info.units;
		if (!run.output && open_run(0) < 0)
			return;
		put(start, 1 + (op >> 3) % (run.info.units - start), in, fuzz_u8(in));
		return;
	case 3:
		if (run.output)
			flush();
		else
			(void)open_run(run.trusted ? op >> 3 & 7 : op >> 3);
		return;
	case 4:
		if (run.output)
			(void)close_run(op & 8);
		if (!run.output && op & 16)
			meddle(in, fuzz_u8(in));
		return;
	case 5:
		fail(in);
		return;
	case 6:
		disk_cut_before(1 + fuzz_u8(in) % 40);
		return;
	default:
		drop_run();
		if (op & 8)
			disk_reboot(op);
		else
			disk_kill();
		if (op & 8)
			check_disk();
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = fuzz_in(data, size);
	begin(&in);
	for (unsigned i = 0; i < OPS_MAX && fuzz_left(&in); i++)
		step(&in, fuzz_u8(&in));
	finish(size);
	return 0;
}
