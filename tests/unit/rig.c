/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rig of the engine's tests, and the invariants that every run is held to. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rig_init(struct rig *rig, uint64_t units, uint32_t ecc_block, uint32_t request_max)
{
	memset(rig, 0, sizeof *rig);
	fake_source_init(&rig->source, units, ecc_block, request_max);
	fake_sink_init(&rig->sink, units, FAKE_UNIT);
	rig->map = map_create(units, RESPIN_NON_TRIED);
	rig->resume.phase = RESPIN_PHASE_COPYING;
	assert_non_null(rig->map);
}

void rig_finish(struct rig *rig)
{
	fake_source_finish(&rig->source);
	fake_sink_finish(&rig->sink);
	map_destroy(rig->map);
	map_destroy(rig->domain);
}

void rig_damage(struct rig *rig, uint64_t start, uint64_t count, enum fake_unit what)
{
	memset(rig->source.unit + start, (int)what, count);
}

void rig_engine(struct rig *rig)
{
	struct respin_source source = fake_source(&rig->source);
	struct engine_config config = {.mode = rig->mode,
				       .sources = &source,
				       .source_count = 1,
				       .sink = fake_sink(&rig->sink),
				       .map = rig->map,
				       .domain = rig->domain,
				       .resume = rig->resume,
				       .samples = rig->samples,
				       .sample_count = rig->sample_count,
				       .callbacks = rig->callbacks};
	rig->source.reads = 0;
	map_destroy(rig->sink.map);
	rig->sink.map = map_copy(rig->map);
	assert_int_equal(engine_create(&config, &rig->engine, &rig->error), 0);
}

/* The invariants (ARCHITECTURE.md) 1 to 3 and 5 to 7, as far as one run shows them. */
void rig_check(struct rig *rig, int result)
{
	const struct respin_map *working = planner_map(rig->engine->planner);
	struct respin_extent extent;
	uint64_t reads = rig->source.reads < FAKE_LOG ? rig->source.reads : FAKE_LOG;
	/* 1: where it says finished, the image equals the disc. */
	for (uint64_t pos = 0; map_find(rig->sink.map, pos, MASK(RESPIN_FINISHED), &extent);
	     pos = extent.range.start + extent.range.count)
		for (uint64_t i = 0; i < extent.range.count; i++) {
			unsigned char truth[FAKE_UNIT];
			uint64_t u = extent.range.start + i;
			if (map_at(rig->map, u) == RESPIN_FINISHED)
				continue; /* was there before */
			fake_fill(u, truth);
			assert_memory_equal(rig->sink.image + u * FAKE_UNIT, truth, FAKE_UNIT);
		}
	/* 2: nothing went back. */
	for (uint64_t pos = 0; map_find(rig->map, pos, MASK(RESPIN_FINISHED), &extent);
	     pos = extent.range.start + extent.range.count) {
		struct respin_extent now;
		assert_true(map_find(rig->sink.map, extent.range.start, MASK_ALL, &now));
		assert_int_equal(now.status, RESPIN_FINISHED);
		assert_true(now.range.count >= extent.range.count);
	}
	/* 3: if the output did not fail, working map = map written. */
	if (rig->sink.fail_at == 0 && rig->sink.stop_at == 0)
		for (uint64_t pos = 0; map_find(working, pos, MASK_ALL, &extent);
		     pos = extent.range.start + extent.range.count) {
			struct respin_extent other;
			assert_true(map_find(rig->sink.map, pos, MASK_ALL, &other));
			assert_int_equal(other.status, extent.status);
			assert_int_equal(other.range.count, extent.range.count);
		}
	/* 5, 6: inside the domain, and nothing finished is read again, samples apart. */
	struct respin_map *seen = map_copy(rig->map);
	for (uint64_t i = 0; i < reads; i++) {
		const struct respin_request *request = &rig->source.log[i].request;
		uint64_t end = request->range.start + request->range.count;
		struct respin_extent hit;
		if (rig->domain) {
			assert_true(map_find(rig->domain, request->range.start, MASK_ALL, &hit));
			assert_int_equal(hit.status, RESPIN_FINISHED);
			assert_true(hit.range.start + hit.range.count >= end);
		}
		if (request->flags & RESPIN_READ_SAMPLE)
			continue;
		bool again = map_find(seen, request->range.start, MASK(RESPIN_FINISHED), &hit) &&
			     hit.range.start < end;
		assert_false(again);
		if (rig->source.log[i].reason == RESPIN_REASON_GOOD && !rig->source.short_units &&
		    !rig->source.untrusted)
			map_set(seen, request->range, RESPIN_FINISHED);
	}
	map_destroy(seen);
	/* 7: every run ends; a generous bound on what a plain policy may cost. */
	assert_true(rig->source.reads <= 64 + 40 * rig->source.units);
	if (result == 0 && !rig->enough)
		assert_int_equal(rig->summary.stats.finished, rig->summary.stats.total);
}

static int run(struct rig *rig,
	       int (*execute)(struct engine *, struct respin_summary *, struct respin_error *))
{
	rig_engine(rig);
	int result = execute(rig->engine, &rig->summary, &rig->error);
	rig->history = planner_history(rig->engine->planner);
	rig_check(rig, result);
	engine_destroy(rig->engine);
	rig->engine = NULL;
	return result;
}

static void *runner_main(void *arg)
{
	struct rig_runner *runner = arg;
	runner->result = engine_run_threads(runner->rig->engine, &runner->rig->summary, &runner->rig->error);
	return NULL;
}

void rig_start(struct rig_runner *runner, struct rig *rig)
{
	*runner = (struct rig_runner){.rig = rig};
	rig_engine(rig);
	assert_int_equal(pthread_create(&runner->thread, NULL, runner_main, runner), 0);
}

void rig_join(struct rig_runner *runner)
{
	assert_int_equal(pthread_join(runner->thread, NULL), 0);
}

int rig_run_virtual(struct rig *rig)
{
	return run(rig, engine_run_virtual);
}

int rig_run_threads(struct rig *rig)
{
	return run(rig, engine_run_threads);
}

const char *rig_list(const struct respin_map *map, enum respin_status status)
{
	static char text[512];
	size_t len = 0;
	struct respin_extent extent;
	text[0] = '\0';
	for (uint64_t pos = 0; len < sizeof text - 48 && map_find(map, pos, MASK(status), &extent);
	     pos = extent.range.start + extent.range.count) {
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu", len ? " " : "",
					(unsigned long long)extent.range.start);
		if (extent.range.count > 1)
			len += (size_t)snprintf(
				text + len, sizeof text - len, "-%llu",
				(unsigned long long)(extent.range.start + extent.range.count - 1));
	}
	return text;
}
