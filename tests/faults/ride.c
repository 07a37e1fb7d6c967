/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rescues of ride.h. Starts no thread. */
#include "ride.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "core/cdb.h"
#include "engine/engine.h"
#include "io/output.h"
#include "mmc/source_mmc.h"
#include "respin_open.h"
#include "sweep.h"

#define SECTOR 2048u
#define IMAGE "/out/disc.iso"
#define MAP "/out/disc.iso.map"
/* The output's clock: a commit becomes due now and then. */
#define TICK_NS 30000000ull

unsigned char *ride_truth(const char *address, uint64_t units)
{
	struct respin_transport drive;
	struct respin_error error = {0};
	if (open_sim_transport(address, &drive, &error) < 0)
		sweep_stuck("%s", error.text);
	unsigned char *bytes = malloc(units * SECTOR), *buffer = drive.ops->buffer(drive.self, 32 * SECTOR);
	for (uint64_t at = 0; at < units; at += 16) {
		struct respin_command command;
		struct respin_command_reply reply;
		uint64_t count = units - at < 16 ? units - at : 16;
		do {
			cdb_read_10(&command, (uint32_t)at, (uint16_t)count, false);
			command.data = buffer;
			drive.ops->exec(drive.self, &command, &reply);
		} while (reply.scsi_status == 2 && (reply.sense[2] & 0xf) == 6); /* unit attentions first */
		if (reply.host || reply.scsi_status || reply.residual)
			sweep_stuck("%s: no whole disc", address);
		memcpy(bytes + at * SECTOR, buffer, count * SECTOR);
	}
	drive.ops->destroy(drive.self);
	return bytes;
}

bool ride_init(struct ride *ride, const char *address, uint64_t units, const unsigned char *truth)
{
	assert(units <= RIDE_UNITS_MAX);
	*ride = (struct ride){.units = units, .truth = truth, .memio = memio_create()};
	memio_dir(ride->memio, "/out", 5);
	memio_knobs(ride->memio)->tick_ns = TICK_NS;
	fault_io_init(&ride->fault, ride->memio);
	struct respin_error error = {0};
	if (open_sim_transport(address, &ride->drive, &error) < 0) {
		memio_destroy(ride->memio);
		ride->memio = NULL;
		ride->error = error;
		return false;
	}
	fault_drive_init(&ride->wrong, &ride->drive);
	return true;
}

void ride_finish(struct ride *ride)
{
	if (ride->memio)
		memio_destroy(ride->memio);
	if (ride->drive.ops)
		ride->drive.ops->destroy(ride->drive.self);
	block_trim();
}

static uint64_t no_clock(void)
{
	abort(); /* the drive has one of its own */
}

static void no_sleep(uint64_t ns)
{
	(void)ns;
	abort();
}

/* Two steps down and one up, each between other reads: with the ladder learned, and without. */
static void press_keys(void *arg, const struct respin_event *event)
{
	struct ride *ride = arg;
	if (event->kind != RESPIN_EVENT_REQUEST || ride->requests++ > 5 || ride->requests % 2)
		return;
	engine_control(ride->engine, ride->requests == 6 ? RESPIN_CONTROL_FASTER : RESPIN_CONTROL_SLOWER);
}

static int run(struct ride *ride, struct output *output, struct respin_source *source)
{
	struct planner_sample samples[OUTPUT_SAMPLES_MAX];
	size_t count;
	const struct output_sample *from = output_samples(output, &count);
	for (size_t i = 0; i < count; i++)
		samples[i] = (struct planner_sample){from[i].range, from[i].hash};
	struct engine_config config = {.mode = ride->mode,
				       .sources = source,
				       .source_count = 1,
				       .sink = output_sink(output),
				       .map = output_map(output),
				       .domain = output_domain(output),
				       .resume = output_resume(output),
				       .samples = samples,
				       .sample_count = (unsigned)count};
	if (ride->slower)
		config.callbacks = (struct respin_callbacks){
			.size = sizeof config.callbacks, .arg = ride, .event = press_keys};
	struct engine *engine;
	int rc = engine_create(&config, &engine, &ride->error);
	if (rc < 0)
		return rc;
	ride->engine = engine;
	ride->requests = 0;
	ride->begun = true;
	rc = engine_run_virtual(engine, &ride->summary, &ride->error);
	ride->history = planner_history(engine->planner);
	engine_destroy(engine);
	return rc;
}

int ride_sit(struct ride *ride)
{
	static const struct mmc_clock none = {no_clock, no_sleep};
	struct respin_transport transport = fault_drive_transport(&ride->wrong);
	struct respin_source source;
	struct output *output = NULL;
	ride->error = (struct respin_error){0};
	ride->summary = (struct respin_summary){.size = sizeof ride->summary};
	ride->begun = false;
	int rc = source_mmc_create(&transport, &none, &source, &ride->error);
	if (rc < 0)
		return rc;
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	struct respin_output_options options = {
		.size = sizeof options, .image = IMAGE, .io = fault_io_table(&ride->fault)};
	rc = output_open(&options, &info, 1, &output, &ride->error);
	if (rc >= 0)
		rc = run(ride, output, &source);
	respin_source_destroy(&source);
	output_destroy(output);
	return rc;
}

uint64_t ride_check(struct ride *ride, uint64_t *bad)
{
	size_t len, size = 0;
	uint64_t finished = 0;
	const unsigned char *text = memio_bytes(ride->memio, MAP, &len);
	const unsigned char *image = memio_bytes(ride->memio, IMAGE, &size);
	struct respin_map *bytes = NULL, *map = NULL;
	struct mapfile_info info;
	*bad = 0;
	memset(ride->letters, 0, sizeof ride->letters);
	if (!text)
		return 0;
	if (mapfile_parse((const char *)text, len, MAP, NULL, &bytes, &info, NULL) || info.torn ||
	    mapfile_import(bytes, ride->units, SECTOR, 0, MAP, &map, NULL)) {
		sweep_wrong(SWEEP_LOST, "the map on disk is not valid");
		map_destroy(bytes);
		return 0;
	}
	struct respin_extent part;
	*bad = map_count(map, RESPIN_BAD);
	for (uint64_t pos = 0; map_find(map, pos, MASK(RESPIN_FINISHED), &part);
	     pos = part.range.start + part.range.count) {
		uint64_t at = part.range.start * SECTOR, n = part.range.count * SECTOR;
		finished += part.range.count;
		if (!image || at + n > size || memcmp(image + at, ride->truth + at, n) != 0)
			sweep_wrong(SWEEP_FALSE_FINISHED, "within %llu+%llu",
				    (unsigned long long)part.range.start,
				    (unsigned long long)part.range.count);
	}
	for (uint64_t unit = 0; unit < ride->units; unit++)
		ride->letters[unit] = respin_status_char(map_at(map, unit));
	map_destroy(bytes);
	map_destroy(map);
	return finished;
}
