/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running and judging the rescues of workload.h. Which there are stands in workload_list.c. */
#include "workload.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/block.h"
#include "base/rng.h"
#include "core/stats.h"
#include "sweep.h"

#define UNIT 2048u
#define IMAGE "/out/disc.iso"
#define MAP_BESIDE "/out/disc.iso.map"
#define MAP_ELSEWHERE "/maps/disc.map"

static const char *map_path(const struct work *work)
{
	return work->load->elsewhere ? MAP_ELSEWHERE : MAP_BESIDE;
}

/* What the disc holds: never the zero of a hole, never the same twice. */
static const unsigned char *truth(uint64_t unit)
{
	static unsigned char disc[WORK_UNITS_MAX][UNIT];
	static bool made;
	for (uint64_t i = 0; !made && i < sizeof disc; i++)
		disc[i / UNIT][i % UNIT] = (unsigned char)rng_mix(i / 8 + 1) | 1;
	made = true;
	return disc[unit];
}

static size_t unit_len(const struct work *work, uint64_t unit)
{
	const struct workload *load = work->load;
	return unit + 1 == load->units && load->tail_bytes ? load->tail_bytes : UNIT;
}

static void add(struct respin_outcome *outcome, struct respin_span span)
{
	struct respin_span *last = outcome->span_count ? &outcome->spans[outcome->span_count - 1] : NULL;
	if (last && last->kind == span.kind && last->status == span.status) {
		last->range.count++;
		return;
	}
	assert(outcome->span_count < RESPIN_SPANS_MAX);
	outcome->spans[outcome->span_count++] = span;
}

static struct respin_span span_of(char letter, uint64_t unit)
{
	static const struct {
		char letter;
		uint8_t kind, status;
	} kinds[] = {
		{'+', RESPIN_SPAN_RECOVERED, RESPIN_FINISHED},
		{'p', RESPIN_SPAN_PROVISIONAL, RESPIN_NON_SCRAPED},
		{'!', RESPIN_SPAN_RETRACT, RESPIN_NON_TRIMMED},
		{'-', RESPIN_SPAN_UNREADABLE, RESPIN_BAD},
		{'/', RESPIN_SPAN_RETRY, RESPIN_NON_SCRAPED},
		{'*', RESPIN_SPAN_RETRY, RESPIN_NON_TRIMMED},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].letter == letter)
			return (struct respin_span){
				.range = {unit, 1}, .kind = kinds[i].kind, .status = kinds[i].status};
	abort();
}

/* A commit may have come with it: then everything recorded so far is promised. */
static void take_note(struct work *work)
{
	uint64_t commits = work->sink.ops->commits(work->sink.self);
	if (commits != work->commits)
		memcpy(work->acknowledged, work->recorded, sizeof work->acknowledged);
	work->commits = commits;
}

static int put(struct work *work, uint64_t start, const char *letters, size_t count)
{
	struct respin_outcome outcome = {.request = {.range = {start, count}, .phase = RESPIN_PHASE_COPYING}};
	bool bytes = false;
	for (size_t i = 0; i < count; i++) {
		add(&outcome, span_of(letters[i], start + i));
		bytes |= letters[i] == '+' || letters[i] == 'p';
		if (letters[i] == '!') /* from now on either answer is right */
			work->acknowledged[start + i] = work->recorded[start + i] = '?';
	}
	if (bytes)
		outcome.bytes = ALLOC_HELD(block_alloc(count * UNIT));
	for (size_t i = 0; bytes && i < count; i++) {
		size_t len = unit_len(work, start + i);
		memcpy(outcome.bytes + outcome.bytes_len, truth(start + i), len);
		outcome.bytes_len += len;
	}
	int rc = work->sink.ops->put(work->sink.self, &outcome, &work->error);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (letters[i] == '+')
			work->recorded[start + i] = '+';
	if (rc >= 0)
		take_note(work);
	return rc;
}

static int end(struct work *work, bool complete)
{
	struct respin_summary summary = {.size = sizeof summary};
	struct respin_outcome last = {.request = {.phase = RESPIN_PHASE_FINISHED}};
	int rc = complete ? work->sink.ops->put(work->sink.self, &last, &work->error) : 0;
	if (rc >= 0)
		rc = work->sink.ops->close(work->sink.self, &summary, &work->error);
	if (rc >= 0)
		memcpy(work->acknowledged, work->recorded, sizeof work->acknowledged);
	return rc;
}

static int flush(struct work *work)
{
	int rc = work->sink.ops->flush(work->sink.self, RESPIN_FLUSH_RISK, &work->error);
	if (rc >= 0)
		memcpy(work->acknowledged, work->recorded, sizeof work->acknowledged);
	work->commits = work->sink.ops->commits(work->sink.self);
	return rc;
}

static int play(struct work *work, const char *script)
{
	int rc = 0;
	for (const char *at = script; *at && rc >= 0; at += strspn(at, " ")) {
		char *rest = NULL;
		unsigned long start = strtoul(at, &rest, 10);
		if (rest != at) {
			size_t count = strcspn(++rest, " ");
			rc = put(work, start, rest, count);
			at = rest + count;
			continue;
		}
		switch (*at++) {
		case 'F':
			rc = flush(work);
			break;
		case 'T':
			memio_knobs(work->memio)->now_ns += 2000000000ull;
			break;
		case 'C':
			rc = end(work, true);
			break;
		case 'E':
			rc = end(work, false);
			break;
		default:
			abort();
		}
	}
	return rc;
}

static void drop(struct work *work)
{
	if (work->sink.ops)
		work->sink.ops->destroy(work->sink.self);
	work->sink = (struct respin_sink){0};
	output_destroy(work->output);
	work->output = NULL;
}

static int open_output(struct work *work)
{
	work->error = (struct respin_error){0};
	work->commits = 0;
	int rc = output_open(&work->options, &work->info, 1, &work->output, &work->error);
	assert(!rc == !!work->output);
	if (!rc)
		work->sink = output_sink(work->output);
	return rc;
}

int work_run(struct work *work)
{
	int rc = open_output(work);
	if (!rc)
		rc = play(work, work->load->script);
	drop(work);
	return rc < 0 ? rc : 0;
}

static void put_domain(struct work *work)
{
	char text[4096];
	int len = snprintf(text, sizeof text, "0x00000000     ?               1\n");
	for (size_t i = 0; work->load->domain[i]; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, "0x%08zX  0x%08X  %c\n", i * UNIT,
				UNIT, work->load->domain[i]);
	memio_text(work->memio, "/maps/domain.map", text);
	work->options.domain = "/maps/domain.map";
}

void work_init(struct work *work, const struct workload *load)
{
	*work = (struct work){.load = load, .memio = memio_create()};
	assert(load->units <= WORK_UNITS_MAX);
	memio_dir(work->memio, "/out", 5);
	memio_dir(work->memio, "/maps", 5);
	memio_dir(work->memio, "/src", 6);
	struct respin_io_space *space = &memio_knobs(work->memio)->space;
	space->no_holes = load->no_holes;
	space->volatile_fs = load->in_memory;
	if (load->plenty)
		space->free_bytes = 1ull << 40;
	if (load->image == WORK_BLOCK)
		memio_node(work->memio, IMAGE, RESPIN_IO_BLOCK, 0x801, (uint64_t)load->units * UNIT);
	if (load->image == WORK_PIPE)
		memio_node(work->memio, IMAGE, RESPIN_IO_OTHER, 0, 0);
	memset(work->recorded, '?', load->units);
	memset(work->acknowledged, '?', load->units);
	fault_io_init(&work->fault, work->memio);
	work->info = (struct respin_source_info){.size = sizeof work->info,
						 .units = load->units,
						 .unit_bytes = UNIT,
						 .tail_bytes = load->tail_bytes,
						 .ecc_block = 16};
	work->options = (struct respin_output_options){.size = sizeof work->options,
						       .image = IMAGE,
						       .map = load->elsewhere ? MAP_ELSEWHERE : NULL,
						       .io = fault_io_table(&work->fault)};
	if (load->domain)
		put_domain(work);
	if (load->before) {
		work->options.force = load->image == WORK_BLOCK; /* whatever lies on the device */
		int rc = open_output(work);
		if (!rc)
			rc = play(work, load->before);
		if (rc < 0)
			sweep_stuck("%s: what was before fails: %s", load->name, work->error.text);
		drop(work);
		memio_reboot(work->memio, MEMIO_KEEP_ALL, 0);
	}
	if (load->arrange)
		load->arrange(work->memio);
	if (load->force) {
		memset(work->recorded, '?', load->units);
		memset(work->acknowledged, '?', load->units);
	}
	work->options.force = load->force;
	work->options.keep_bad = load->keep_bad;
	work->options.source_path = load->source_path;
	fault_io_init(&work->fault, work->memio);
}

void work_finish(struct work *work)
{
	drop(work);
	memio_destroy(work->memio);
	block_trim();
}

/* The mapfile on disk in units; NULL: none, or no valid one. */
static struct respin_map *map_on_disk(struct work *work)
{
	size_t len;
	const unsigned char *text = memio_bytes(work->memio, map_path(work), &len);
	/* A map that was torn when the run began stays until the first save; its backup counts. */
	if (text && work->load->torn && len == sizeof WORK_TORN_MAP - 1 && !memcmp(text, WORK_TORN_MAP, len))
		text = memio_bytes(work->memio, "/out/disc.iso.map.bak", &len);
	struct respin_map *bytes = NULL, *map = NULL;
	struct mapfile_info info;
	if (!text)
		return NULL;
	if (mapfile_parse((const char *)text, len, "map", NULL, &bytes, &info, NULL) || info.torn ||
	    info.state == MAPFILE_EMPTY ||
	    mapfile_import(bytes, work->load->units, UNIT, work->load->tail_bytes, "map", &map, NULL))
		sweep_wrong(SWEEP_LOST, "the map on disk is not valid");
	map_destroy(bytes);
	return map;
}

void work_check(struct work *work)
{
	if (work->load->image == WORK_PIPE || work->load->refused)
		return;
	struct respin_map *map = map_on_disk(work);
	size_t size = 0;
	const unsigned char *image = memio_bytes(work->memio, IMAGE, &size);
	for (uint64_t unit = 0; unit < work->load->units; unit++) {
		bool finished = map && map_at(map, unit) == RESPIN_FINISHED;
		size_t len = unit_len(work, unit);
		if (work->acknowledged[unit] == '+' && !finished && !work->late)
			sweep_wrong(SWEEP_LOST, "unit %u was acknowledged", (unsigned)unit);
		if (!finished)
			continue;
		if (!image || unit * UNIT + len > size || memcmp(image + unit * UNIT, truth(unit), len) != 0)
			sweep_wrong(SWEEP_FALSE_FINISHED, "unit %u", (unsigned)unit);
	}
	map_destroy(map);
}

/* Everything that counts is read; then the disk must hold it. */
static int go_on(struct work *work)
{
	char letters[WORK_UNITS_MAX];
	memset(letters, '+', sizeof letters);
	const struct respin_map *map = output_map(work->output), *domain = output_domain(work->output);
	struct respin_map *start = map_copy(map);
	struct respin_extent rest;
	int rc = 0;
	for (uint64_t pos = 0; rc >= 0 && domain_find(start, domain, pos, MASK_UNFINISHED, &rest);
	     pos = rest.range.start + rest.range.count)
		rc = put(work, rest.range.start, letters, rest.range.count);
	map_destroy(start);
	return rc < 0 ? rc : end(work, true);
}

void work_resume(struct work *work)
{
	const struct workload *load = work->load;
	if (load->refused)
		return;
	fault_io_init(&work->fault, work->memio);
	work->options.io = fault_io_table(&work->fault);
	work->options.force = 0;
	int rc = open_output(work);
	if ((rc == RESPIN_E_IMAGE_NO_MAP || rc == RESPIN_E_MAP_DAMAGED) &&
	    load->force) { /* no first map yet */
		work->options.force = 1;
		rc = open_output(work);
	}
	if (!rc)
		rc = go_on(work);
	drop(work);
	if (rc < 0) {
		sweep_wrong(SWEEP_LOST, "the resume ends with %s: %s", respin_code_name(rc),
			    work->error.text);
		return;
	}
	work_check(work);
	struct respin_map *map = load->image == WORK_PIPE ? NULL : map_on_disk(work);
	for (uint64_t unit = 0; map && unit < load->units; unit++)
		if (map_at(map, unit) != RESPIN_FINISHED && (!load->domain || load->domain[unit] == '+'))
			sweep_wrong(SWEEP_LOST, "after the resume unit %u is not there", (unsigned)unit);
	map_destroy(map);
	if (memio_bytes(work->memio, load->elsewhere ? "/maps/disc.map.lock" : "/out/disc.iso.map.lock",
			NULL))
		sweep_wrong(SWEEP_LEAK, "the lock file is still there");
}
