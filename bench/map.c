/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the map and the planner cost when damage is scattered: a million records
 * at random, and the classic trap, one bad sector in every 256 KiB of a BD-25,
 * through planner, working map, the sink's map and the virtual executor, without
 * payload and without the sector-by-sector phase. CPU time, best of three.
 */
#include <respin/respin.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "engine/engine.h"

#define RECORDS 1000000u
#define RECORDS_BAR_S 2.0
#define BYTES_BAR 32.0
#define TRAP_AREAS 100000u
#define TRAP_EVERY 128u /* sectors: 256 KiB */
#define TRAP_BAR_S 2.0

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double records(double *bytes_an_extent)
{
	struct rng rng = {7};
	const uint64_t total = 1ull << 40;
	struct respin_map *map = map_create(total, RESPIN_NON_TRIED);
	double from = cpu_s();
	for (unsigned i = 0; i < RECORDS; i++) {
		struct respin_range range = {rng_below(&rng, total - 16), 16};
		int r = map_set(map, range, (enum respin_status)(1 + rng_below(&rng, 4)));
		assert(r == 0);
		(void)r;
	}
	double took = cpu_s() - from;
	*bytes_an_extent = (double)map_memory_bytes(map) / (double)map_extents(map);
	map_destroy(map);
	return took;
}

/* A disc that is bad in the middle of every stretch; no bytes. */
static void trap_info(void *self, struct respin_source_info *info)
{
	(void)self;
	*info = (struct respin_source_info){.size = sizeof *info,
					    .units = (uint64_t)TRAP_AREAS * TRAP_EVERY,
					    .unit_bytes = 2048,
					    .ecc_block = 16,
					    .max_request_units = 32,
					    .no_payload = 1};
}

static void trap_read(void *self, const struct respin_request *request, void *buffer,
		      struct respin_reply *reply)
{
	(void)self;
	(void)buffer;
	uint64_t start = request->range.start, end = start + request->range.count;
	uint64_t bad = start - start % TRAP_EVERY + TRAP_EVERY / 2;
	uint64_t len = request->range.count * 2048;
	*reply = (struct respin_reply){
		.asked_bytes = len, .filled_bytes = len, .resid_trusted = 1, .poison_trusted = 1};
	if ((bad >= start && bad < end) || bad + TRAP_EVERY < end) {
		reply->reason = RESPIN_REASON_MEDIUM;
		reply->scsi_status = 2;
	}
}

static uint64_t trap_now(void *self)
{
	(void)self;
	return 0;
}

static void nothing(void *self)
{
	(void)self;
}

static const struct respin_source_ops trap_source = {.size = sizeof trap_source,
						     .info = trap_info,
						     .read = trap_read,
						     .now_ns = trap_now,
						     .destroy = nothing};

/* The sink's side: a map, until the sector-by-sector phase begins. */
static int map_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	(void)error;
	if (outcome->request.phase >= RESPIN_PHASE_SCRAPING)
		return RESPIN_PUT_STOP;
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (map_apply(self, &outcome->spans[i]) < 0)
			return RESPIN_E_NOMEM;
	return RESPIN_PUT_CONTINUE;
}

static int map_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	(void)self;
	(void)summary;
	(void)error;
	return 0;
}

static const struct respin_sink_ops map_sink = {
	.size = sizeof map_sink, .put = map_put, .close = map_close, .destroy = nothing};

static double trap(uint64_t *areas)
{
	uint64_t units = (uint64_t)TRAP_AREAS * TRAP_EVERY;
	struct respin_map *map = map_create(units, RESPIN_NON_TRIED);
	struct respin_map *kept = map_create(units, RESPIN_NON_TRIED);
	struct respin_source source = {&trap_source, NULL};
	struct engine_config config = {.mode = RESPIN_MODE_RESCUE,
				       .sources = &source,
				       .source_count = 1,
				       .sink = {&map_sink, kept},
				       .map = map,
				       .resume = {.phase = RESPIN_PHASE_COPYING}};
	struct engine *engine;
	struct respin_error error;
	struct respin_summary summary;
	int r = engine_create(&config, &engine, &error);
	assert(r == 0);
	(void)r;
	double from = cpu_s();
	(void)engine_run_virtual(engine, &summary, &error);
	double took = cpu_s() - from;
	*areas = map_areas(kept, RESPIN_NON_SCRAPED);
	engine_destroy(engine);
	map_destroy(kept);
	map_destroy(map);
	return took;
}

int main(void)
{
	const char *text = getenv("RESPIN_BENCH_SLACK");
	double slack = text ? strtod(text, NULL) : 1, best_records = 1e9, best_trap = 1e9, bytes = 0;
	uint64_t areas = 0;
	for (int i = 0; i < 3; i++) {
		double took = records(&bytes);
		best_records = took < best_records ? took : best_records;
		took = trap(&areas);
		best_trap = took < best_trap ? took : best_trap;
	}
	printf("%u scattered records: %.2f s of CPU (bar %.1f), %.1f bytes an extent (bar %.0f)\n", RECORDS,
	       best_records, RECORDS_BAR_S, bytes, BYTES_BAR);
	printf("one bad sector in 256 KiB, %llu bad areas: %.2f s of CPU (bar %.1f)\n",
	       (unsigned long long)areas, best_trap, TRAP_BAR_S);
	bool good = best_records < RECORDS_BAR_S * slack && best_trap < TRAP_BAR_S * slack &&
		    bytes <= BYTES_BAR && areas == TRAP_AREAS;
	return good ? 0 : 1;
}
