/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the worlds of swarm.h and holds each run to the nine invariants. A world
 * with bytes writes through the shipped output into a file system in memory,
 * which may lose power in mid-run; the rescue is then taken up from what the
 * disk still holds. Every run is made twice and must have the same history.
 *
 * RESPIN_SEED: the first seed. RESPIN_SWARM: how many; else a slice, and 2,000
 * with RESPIN_LONG. A failure prints the line that replays it.
 */
#include "swarm.h"

#include <respin/sim.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/memio.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "core/mapfile.h"
#include "io/output.h"
#include "respin_open.h"
#include "respin_trial.h"

#define SLICE 40u
#define LONG 2000u
#define SECTOR 2048u
/* No world needs a month of drive time: invariant 7 in hours. */
#define LIMIT_NS (30ull * 86400 * 1000000000)
/* And in reads: a plain policy tries a sector in sweep, patch, scrape and three retry passes, some of them twice. */
#define READS_A_SECTOR 40u
/* Invariant 8: what ARCHITECTURE.md promises of a lane's depth and of the map's memory. */
#define DEPTH_SWEEP 4u
#define DEPTH_PATCH 1u
#define MAP_EXTENT_BYTES 32u
#define MAP_BASE_BYTES 65536u /* a map of few runs is a few nodes */
#define COMMANDS_MEDIAN 2000u
#define KIND_SHARE 20u /* one in so many is 5 % */

#define IMAGE "/out/disc.iso"
#define MAP "/out/disc.iso.map"

static struct swarm_world world; /* the one at work, for the replay line */

static void replay(void)
{
	char line[128];
	int n = snprintf(line, sizeof line, "replay: ./check swarm --seed %llu\n",
			 (unsigned long long)world.seed);
	if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(1);
}

static void died(int number)
{
	replay();
	signal(number, SIG_DFL);
	raise(number);
}

#define MUST(invariant, what, condition)                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			printf("seed %llu: invariant %d: %s (%s)\n", (unsigned long long)world.seed,         \
			       invariant, what, #condition);                                                 \
			replay();                                                                            \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

struct run {
	struct memio *memio;
	struct output *output;
	struct respin_sink inner;
	struct respin_map *seen; /* what was recorded, as we count it */
	uint64_t *delivered;     /* hash of the last bytes handed on, sector by sector; 0: none */
	uint64_t units;
	bool in_flight, cut;
	uint64_t unrecorded; /* outcomes that the sink has not seen yet */
	uint64_t reads, samples;
	uint64_t flying;
};

/* ---- invariants 5, 6, 7: what is asked for ---- */

static void on_event(void *arg, const struct respin_event *event)
{
	struct run *run = arg;
	const struct respin_request *request = event->request;
	struct respin_extent hit;
	switch (event->kind) {
	case RESPIN_EVENT_REQUEST:
		MUST(6, "a finished sector is read again",
		     !run->seen || !map_find(run->seen, request->range.start, MASK(RESPIN_FINISHED), &hit) ||
			     hit.range.start >= request->range.start + request->range.count);
		/* fall through */
	case RESPIN_EVENT_SAMPLE:
		MUST(5, "two commands at once", !run->in_flight);
		MUST(5, "a request outside the disc",
		     !run->units || (request->range.count > 0 && request->range.start < run->units &&
				     request->range.count <= run->units - request->range.start));
		MUST(8, "the lane ran ahead of the writer",
		     run->unrecorded <=
			     (request->phase <= RESPIN_PHASE_SWEEPING ? DEPTH_SWEEP : DEPTH_PATCH));
		run->in_flight = true;
		run->flying = request->seq;
		run->reads++;
		run->samples += event->kind == RESPIN_EVENT_SAMPLE;
		break;
	case RESPIN_EVENT_OUTCOME:
		MUST(5, "an answer to nothing", run->in_flight && event->outcome->request.seq == run->flying);
		run->in_flight = false;
		run->unrecorded +=
			!(event->outcome->request.flags & RESPIN_READ_SAMPLE) && event->outcome->span_count;
		break;
	default:
		break;
	}
}

/* ---- invariants 1 and 2: what is handed on ---- */

static int tap_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct run *run = self;
	uint64_t base = outcome->request.range.start;
	if (outcome->span_count && !outcome_decided(outcome))
		run->unrecorded--; /* what closes a rescue, or takes back, came from no command */
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		MUST(2, "a retraction without a lie", span->kind != RESPIN_SPAN_RETRACT || world.lies);
		MUST(1, "recovered without bytes",
		     span->kind != RESPIN_SPAN_RECOVERED || outcome->bytes || !world.payload);
		for (uint64_t unit = span->range.start;
		     world.payload && span->kind == RESPIN_SPAN_RECOVERED &&
		     unit < span->range.start + span->range.count;
		     unit++)
			run->delivered[unit] =
				hash_bytes(outcome->bytes + (unit - base) * SECTOR, SECTOR, 0) | 1;
		MUST(3, "no memory", map_apply(run->seen, span) == 0);
	}
	return run->inner.ops ? run->inner.ops->put(run->inner.self, outcome, error) : RESPIN_PUT_CONTINUE;
}

static int tap_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	struct run *run = self;
	return run->inner.ops ? run->inner.ops->flush(run->inner.self, why, error) : 0;
}

static int tap_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	struct run *run = self;
	return run->inner.ops ? run->inner.ops->close(run->inner.self, summary, error) : 0;
}

static void tap_destroy(void *self)
{
	(void)self;
}

static const struct respin_sink_ops tap = {.size = sizeof(struct respin_sink_ops),
					   .put = tap_put,
					   .flush = tap_flush,
					   .close = tap_close,
					   .destroy = tap_destroy};

/* ---- the disk: invariants 1, 3, 4 ---- */

/* The map as it lies on the disk, in sectors; NULL: none yet. */
static struct respin_map *map_on_disk(struct run *run)
{
	size_t len;
	const char *text = (const char *)memio_bytes(run->memio, MAP, &len);
	_cleanup_map_ struct respin_map *bytes = NULL;
	struct respin_map *map = NULL;
	struct mapfile_info info;
	if (!text)
		return NULL;
	MUST(4, "the map on disk is not valid",
	     mapfile_parse(text, len, MAP, NULL, &bytes, &info, NULL) == 0 &&
		     mapfile_import(bytes, run->units, SECTOR, 0, MAP, &map, NULL) == 0);
	return map;
}

static void check_image(struct run *run, const struct respin_map *map, int invariant)
{
	size_t len = 0;
	const unsigned char *image = memio_bytes(run->memio, IMAGE, &len);
	struct respin_extent extent;
	for (uint64_t pos = 0; map_find(map, pos, MASK(RESPIN_FINISHED), &extent);
	     pos = extent.range.start + extent.range.count)
		for (uint64_t i = 0; i < extent.range.count; i++) {
			uint64_t unit = extent.range.start + i;
			MUST(invariant, "finished, and not in the image",
			     image && (unit + 1) * SECTOR <= len);
			MUST(invariant, "the image is not what was delivered",
			     (hash_bytes(image + unit * SECTOR, SECTOR, 0) | 1) == run->delivered[unit]);
		}
}

/* How many finished sectors are as the first disc has them. */
static uint64_t count_true(struct run *run, const struct respin_map *map, const char *address)
{
	struct respin_transport drive;
	struct respin_error error;
	MUST(1, "the disc cannot be opened again", open_sim_transport(address, &drive, &error) == 0);
	struct disc *disc = (struct disc *)transport_sim_disc(&drive);
	struct respin_extent extent;
	unsigned char bytes[SECTOR];
	uint64_t count = 0;
	for (uint64_t pos = 0; map_find(map, pos, MASK(RESPIN_FINISHED), &extent);
	     pos = extent.range.start + extent.range.count)
		for (uint64_t i = 0; i < extent.range.count; i++) {
			uint64_t unit = extent.range.start + i;
			MUST(1, "the disc does not read itself", disc_read(disc, unit, 1, bytes));
			count += (hash_bytes(bytes, SECTOR, 0) | 1) == run->delivered[unit];
		}
	drive.ops->destroy(drive.self);
	return count;
}

static void check_truth(struct run *run, const struct respin_map *map, const char *address)
{
	uint64_t finished = map_count(map, RESPIN_FINISHED), as_is = count_true(run, map, address);
	if (!world.lies)
		MUST(1, "the image is not what the disc holds", as_is == finished);
	else /* the disc was changed; until its first block was read any other would do */
		MUST(1, "bytes of two discs are called finished", as_is == finished || as_is == 0);
}

static bool same_maps(const struct respin_map *a, const struct respin_map *b)
{
	struct respin_extent x, y;
	for (uint64_t pos = 0; map_find(a, pos, MASK_ALL, &x); pos = x.range.start + x.range.count)
		if (!map_find(b, pos, MASK_ALL, &y) || y.status != x.status || y.range.count != x.range.count)
			return false;
	return map_total(a) == map_total(b);
}

static int begin(void *arg, const struct respin_source_info *info, struct trial_output *output,
		 struct respin_error *error)
{
	struct run *run = arg;
	run->units = info->units;
	run->in_flight = false;
	map_destroy(run->seen);
	run->seen = NULL;
	output->sink = (struct respin_sink){&tap, run};
	if (!world.payload) {
		run->seen = output->map ? map_copy(output->map) : map_create(info->units, RESPIN_NON_TRIED);
		return run->seen ? 0 : RESPIN_E_NOMEM;
	}
	if (!run->delivered)
		run->delivered = calloc(info->units, sizeof *run->delivered);
	const struct respin_output_options options = {
		.size = sizeof options, .image = IMAGE, .io = memio_io(run->memio)};
	output_destroy(run->output);
	run->output = NULL;
	int code = output_open(&options, info, world.seed, &run->output, error);
	if (code < 0)
		return code;
	size_t count;
	const struct output_sample *samples = output_samples(run->output, &count);
	for (size_t i = 0; i < count && i < PLANNER_SAMPLES_MAX; i++)
		output->samples[output->sample_count++] =
			(struct planner_sample){samples[i].range, samples[i].hash};
	output->map = output_map(run->output);
	output->resume = output_resume(run->output);
	run->inner = output_sink(run->output);
	run->seen = map_copy(output->map);
	return 0;
}

static void ended(void *arg, const struct engine *engine, int code)
{
	struct run *run = arg;
	bool output_failed = code == RESPIN_E_OUTPUT || code == RESPIN_E_FULL;
	const struct respin_map *working = planner_map(engine->planner);
	run->in_flight = false;
	run->unrecorded = 0;
	MUST(8, "the map is fatter than its extents",
	     map_memory_bytes(working) <= MAP_BASE_BYTES + MAP_EXTENT_BYTES * map_extents(working));
	if (!output_failed)
		MUST(3, "the working map is not what was recorded", same_maps(working, run->seen));
	if (run->cut || !world.payload)
		return;
	_cleanup_map_ struct respin_map *map = map_on_disk(run);
	if (!output_failed)
		MUST(3, "the map on disk is not what was recorded",
		     map ? same_maps(map, run->seen)
			 : map_count(run->seen, RESPIN_NON_TRIED) == map_total(run->seen));
	if (map)
		check_image(run, map, 1);
}

/* Power and process come back, with what the disk kept. */
static bool power_back(void *arg, int code)
{
	struct run *run = arg;
	if (!world.cut_at || run->cut || code != RESPIN_E_OUTPUT)
		return false;
	run->cut = true;
	output_destroy(run->output);
	run->output = NULL;
	memio_reboot(run->memio, MEMIO_LOSE_SOME, world.seed);
	_cleanup_map_ struct respin_map *map = map_on_disk(run);
	if (map)
		check_image(run, map, 4);
	run->cut = false;
	world.cut_at = 0;
	return true;
}

struct result {
	uint64_t commands, history, virtual_ns;
	int code;
};

static struct result run_once(const char *address)
{
	struct run run = {.memio = memio_create()};
	struct trial trial;
	struct respin_error error;
	memio_dir(run.memio, "/out", 1);
	memio_knobs(run.memio)->keeps_cache = true;
	if (world.cut_at)
		memio_cut_before(run.memio, world.cut_at);
	const struct trial_options options = {.limit_ns = LIMIT_NS,
					      .callbacks = {.arg = &run, .event = on_event},
					      .output = begin,
					      .done = ended,
					      .again = power_back,
					      .arg = &run};
	int code = trial_run(address, &options, &trial, &error);
	/* A disc that is never recognised is an end, too. */
	struct result result = {trial.counts.commands, trial.history, trial.virtual_ns,
				code < 0 ? code : trial.code};
	MUST(7, "it did not end", trial.virtual_ns < LIMIT_NS + LIMIT_NS / 8);
	MUST(7, "too many reads", run.reads <= (trial.sittings + 1) * (64 + READS_A_SECTOR * run.units));
	if (world.payload && code == 0 && (!world.lies || world.swaps) && trial.counts.lies == 0 && run.seen)
		check_truth(&run, run.seen, address);
	output_destroy(run.output);
	map_destroy(run.seen);
	map_destroy(trial.map);
	memio_destroy(run.memio);
	free(run.delivered);
	return result;
}

static struct result run_world(const char *directory)
{
	char path[256], address[300];
	(void)snprintf(path, sizeof path, "%s/swarm-%llu.sim", directory, (unsigned long long)world.seed);
	(void)snprintf(address, sizeof address, "sim:%s?payload=%d", path, world.payload);
	FILE *file = fopen(path, "w");
	if (!file || fputs(world.text, file) < 0 || fclose(file)) {
		perror(path);
		exit(1);
	}
	uint64_t cut_at = world.cut_at;
	struct result first = run_once(address);
	world.cut_at = cut_at;
	struct result second = run_once(address);
	MUST(9, "the second run had another history",
	     first.history == second.history && first.commands == second.commands);
	(void)unlink(path);
	return first;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* Drawn, and the rescue lasted long enough for it. */
static bool was_met(unsigned kind, uint64_t virtual_ns)
{
	bool fault = kind >= SWARM_FAULTS && kind < SWARM_LISTS;
	return world.kinds[kind] &&
	       (!fault || world.fault_at_s[kind - SWARM_FAULTS] * 1e9 < (double)virtual_ns);
}

int main(void)
{
	uint64_t first = number_of("RESPIN_SEED", 1);
	uint64_t count = number_of("RESPIN_SWARM", getenv("RESPIN_LONG") ? LONG : SLICE);
	uint64_t met[SWARM_KINDS_MAX] = {0}, with_bytes = 0, ends[2] = {0}, cuts = 0;
	uint64_t *commands = calloc(count, sizeof *commands);
	char directory[] = "/tmp/respin-swarm-XXXXXX";
	if (!commands || !mkdtemp(directory))
		return 1;
	static const int deaths[] = {SIGABRT, SIGFPE, SIGSEGV, SIGBUS};
	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++)
		signal(deaths[i], died);
	for (uint64_t i = 0; i < count; i++) {
		swarm_draw(first + i, &world);
		cuts += world.cut_at != 0;
		struct result result = run_world(directory);
		commands[i] = result.commands;
		with_bytes += world.payload;
		ends[result.code < 0]++;
		for (unsigned kind = 0; kind < SWARM_KINDS_MAX; kind++)
			met[kind] += was_met(kind, result.virtual_ns);
		if (getenv("RESPIN_VERBOSE"))
			printf("%llu %s\n", (unsigned long long)world.seed, respin_code_name(result.code));
	}
	(void)rmdir(directory);
	qsort(commands, count, sizeof *commands, by_size);
	printf("swarm: seeds %llu-%llu, %llu with bytes, %llu power cuts, %llu came to their end, %llu were left\n"
	       "commands a run: median %llu, most %llu\n",
	       (unsigned long long)first, (unsigned long long)(first + count - 1),
	       (unsigned long long)with_bytes, (unsigned long long)cuts, (unsigned long long)ends[0],
	       (unsigned long long)ends[1], (unsigned long long)commands[count / 2],
	       (unsigned long long)commands[count - 1]);
	int code = 0;
	for (unsigned kind = 0; count >= SLICE && swarm_kind_name(kind); kind++) {
		if (met[kind] * KIND_SHARE < count || count >= LONG)
			printf("%-22s in %llu of %llu\n", swarm_kind_name(kind),
			       (unsigned long long)met[kind], (unsigned long long)count);
		if (count >= LONG && met[kind] * KIND_SHARE < count)
			code = 1;
	}
	if (count >= SLICE && commands[count / 2] < COMMANDS_MEDIAN)
		code = 1;
	printf("%s\n", code ? "the swarm is too tame" : "all invariants held");
	free(commands);
	return code;
}
