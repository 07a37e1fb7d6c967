/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs scripts through output_open and the sink, as a consumer would. Judges nothing. */
#include "scene.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/rng.h"

#define TICK_NS 2000000000u /* longer than any small map's commit interval */
#define STALE_BYTE 0xee

const struct mode crash_modes[MODES] = {
	[MODE_EXT4] = {"ext4", MEMIO_REPORT_NOW, false, false, false},
	[MODE_LATE] = {"ext4-late", MEMIO_REPORT_LATE, false, false, true},
	[MODE_ONCE] = {"ext4-once", MEMIO_REPORT_ONCE, false, false, true},
	[MODE_BTRFS] = {"btrfs", MEMIO_REPORT_NOW, true, false, true},
	[MODE_BTRFS_LATE] = {"btrfs-late", MEMIO_REPORT_LATE, true, false, true},
	[MODE_BTRFS_ONCE] = {"btrfs-once", MEMIO_REPORT_ONCE, true, false, true},
	[MODE_EXFAT] = {"exfat", MEMIO_REPORT_NOW, false, true, false},
};

const char *scene_dir(unsigned dir)
{
	return dir ? "/maps" : "/out";
}

unsigned scene_map_dir(const struct scene *scene)
{
	return scene->workload->elsewhere ? 1 : 0;
}

uint64_t scene_pos(const struct scene *scene, uint64_t unit)
{
	uint64_t pos = unit * scene->workload->unit_bytes;
	return pos < scene->image_bytes ? pos : scene->image_bytes;
}

/* Never like stale bytes, garbage or zeros. */
static void fill_truth(struct scene *scene)
{
	const char *zeros = scene->workload->zeros;
	for (uint64_t unit = 0; unit < scene->units; unit++)
		for (uint64_t pos = scene_pos(scene, unit); pos < scene_pos(scene, unit + 1); pos++)
			scene->truth[pos] =
				zeros && zeros[unit] == '0' ? 0 : (unsigned char)(rng_mix(pos + 1) % 127 + 1);
}

/* What a test may leave out: the sync of the image. The explorer must see it. */
static int planted_sync(void *self, int file)
{
	struct respin_io real = memio_io(self);
	struct respin_io_stat stat, image;
	const char *path = "/out/" CRASH_IMAGE;
	if (!real.ops->stat(self, file, &stat) && !real.ops->stat_path(self, path, &image) &&
	    stat.ino == image.ino)
		return 0;
	return real.ops->sync(self, file);
}

static struct respin_io scene_io(const struct scene *scene)
{
	static struct respin_io_ops planted;
	struct respin_io io = memio_io(scene->memio);
	if (!scene->unsynced)
		return io;
	planted = *io.ops;
	planted.sync = planted.datasync = planted_sync;
	return (struct respin_io){&planted, io.self};
}

void scene_init(struct scene *scene, const struct workload *workload, const struct mode *mode)
{
	bool unsynced = scene->unsynced;
	*scene = (struct scene){.workload = workload, .mode = mode, .units = strlen(workload->goal)};
	scene->unsynced = unsynced;
	assert(scene->units <= CRASH_UNITS_MAX);
	uint32_t cut = workload->tail_bytes ? workload->unit_bytes - workload->tail_bytes : 0;
	scene->image_bytes = scene->units * workload->unit_bytes - cut;
	scene->truth = malloc(scene->image_bytes);
	assert(scene->truth);
	fill_truth(scene);

	scene->memio = memio_create();
	memio_dir(scene->memio, scene_dir(0), 5);
	memio_dir(scene->memio, scene_dir(1), 6);
	struct memio_knobs *knobs = memio_knobs(scene->memio);
	knobs->report = mode->report;
	knobs->reverts = mode->reverts;
	knobs->loose_dirs = mode->loose;
	knobs->space.no_holes = knobs->space.loose_names = mode->loose;
	scene->options =
		(struct respin_output_options){.size = sizeof scene->options,
					       .image = "/out/" CRASH_IMAGE,
					       .map = workload->elsewhere ? "/maps/" CRASH_MAP : NULL,
					       .domain = workload->domain ? "/maps/domain" : NULL,
					       .force = workload->force,
					       .keep_bad = workload->keep_bad,
					       .io = scene_io(scene)};
	scene->info = (struct respin_source_info){.size = sizeof scene->info,
						  .units = scene->units,
						  .unit_bytes = workload->unit_bytes,
						  .tail_bytes = workload->tail_bytes,
						  .ecc_block = 4};
}

static void drop(struct scene *scene)
{
	if (scene->sink.ops)
		scene->sink.ops->destroy(scene->sink.self);
	scene->sink = (struct respin_sink){0};
	output_destroy(scene->output);
	scene->output = NULL;
}

void scene_finish(struct scene *scene)
{
	drop(scene);
	memio_destroy(scene->memio);
	free(scene->truth);
	scene->memio = NULL;
	scene->truth = NULL;
}

/* A map as GNU ddrescue writes it. */
static void put_map(struct scene *scene, const char *path, const char *letters)
{
	char text[8192];
	int len = snprintf(text, sizeof text,
			   "# Mapfile. Created by GNU ddrescue version 1.27\n"
			   "0x00000000     ?               1\n");
	for (uint64_t unit = 0; unit < scene->units; unit++)
		len += snprintf(text + len, sizeof text - (size_t)len, "0x%08llX  0x%08llX  %c\n",
				(unsigned long long)scene_pos(scene, unit),
				(unsigned long long)(scene_pos(scene, unit + 1) - scene_pos(scene, unit)),
				letters[unit]);
	memio_text(scene->memio, path, text);
}

static void put_foreign(struct scene *scene)
{
	const char *letters = scene->workload->foreign;
	unsigned char *image = calloc(1, scene->image_bytes);
	assert(image);
	for (uint64_t unit = 0; unit < scene->units; unit++) {
		uint64_t pos = scene_pos(scene, unit);
		if (letters[unit] != '+')
			continue;
		memcpy(image + pos, scene->truth + pos, scene_pos(scene, unit + 1) - pos);
		scene->recorded |= 1ull << unit;
	}
	memio_file(scene->memio, scene->options.image, image, scene->image_bytes);
	put_map(scene, "/out/" CRASH_MAP, letters);
	free(image);
}

void scene_prepare(struct scene *scene)
{
	const struct workload *workload = scene->workload;
	if (workload->domain)
		put_map(scene, "/maps/domain", workload->domain);
	if (workload->foreign)
		put_foreign(scene);
	if (workload->stale_bytes) {
		unsigned char *stale = malloc(workload->stale_bytes);
		assert(stale);
		memset(stale, STALE_BYTE, workload->stale_bytes);
		memio_file(scene->memio, scene->options.image, stale, workload->stale_bytes);
		free(stale);
	}
	if (workload->before) {
		int rc = scene_run(scene, workload->before);
		if (rc)
			fprintf(stderr, "%s: before: %s\n", workload->name, scene->error.text);
		assert(!rc);
		memio_reboot(scene->memio, MEMIO_KEEP_ALL, 0);
	}
	scene->committed = scene->promised = scene->recorded;
}

void scene_set_fault(struct scene *scene, const struct crash_fault *fault)
{
	memio_knobs(scene->memio)->partial_seed = fault->partial_seed;
	memio_knobs(scene->memio)->lies_after = fault->lies;
	if (fault->nth)
		memio_fail(scene->memio,
			   (struct memio_fault){MEMIO_ANY, NULL, fault->nth, fault->times, fault->result});
}

static int open_output(struct scene *scene)
{
	int rc = output_open(&scene->options, &scene->info, 1, &scene->output, &scene->error);
	if (rc)
		return rc;
	scene->sink = output_sink(scene->output);
	scene->commits = scene->sink.ops->commits(scene->sink.self);
	scene->phase = RESPIN_PHASE_COPYING;
	scene->flags = 0;
	return 0;
}

/* What a call has made durable beside its own purpose. */
static int settle(struct scene *scene, int rc, bool promises)
{
	uint64_t commits = scene->sink.ops->commits(scene->sink.self);
	if (commits != scene->commits)
		scene->committed = scene->recorded;
	scene->commits = commits;
	if (!rc && promises)
		scene->promised = scene->committed = scene->recorded;
	assert(rc != RESPIN_PUT_WAIT && rc != RESPIN_PUT_STOP);
	return rc;
}

static struct respin_span span_of(char letter, uint64_t unit)
{
	struct respin_span span = {
		.range = {unit, 1}, .kind = RESPIN_SPAN_RETRY, .status = RESPIN_NON_TRIMMED};
	switch (letter) {
	case '+':
		span.kind = RESPIN_SPAN_RECOVERED;
		span.status = RESPIN_FINISHED;
		break;
	case 'p':
		span.kind = RESPIN_SPAN_PROVISIONAL;
		span.status = RESPIN_NON_SCRAPED;
		break;
	case '!':
		span.kind = RESPIN_SPAN_RETRACT;
		break;
	case '-':
		span.kind = RESPIN_SPAN_UNREADABLE;
		span.status = RESPIN_BAD;
		break;
	case '/':
		span.status = RESPIN_NON_SCRAPED;
		break;
	default:
		break;
	}
	return span;
}

/* The disc's bytes, or for what is not proved something near them. */
static void add_bytes(struct scene *scene, struct respin_outcome *outcome, uint64_t unit, char letter)
{
	uint64_t pos = scene_pos(scene, unit), end = scene_pos(scene, unit + 1);
	for (; pos < end; pos++)
		outcome->bytes[outcome->bytes_len++] =
			letter == 'p' ? scene->truth[pos] ^ 0x80 : scene->truth[pos];
}

static int put(struct scene *scene, uint64_t start, const char *letters, size_t count)
{
	struct respin_outcome outcome = {.request = {.seq = scene->seq++,
						     .range = {start, count},
						     .phase = scene->phase,
						     .flags = scene->flags}};
	uint64_t before = scene->recorded;
	bool bytes = memchr(letters, '+', count) || memchr(letters, 'p', count);
	if (bytes)
		outcome.bytes = block_alloc(count * scene->workload->unit_bytes);
	assert(outcome.bytes || !bytes);
	for (size_t i = 0; i < count; i++) {
		struct respin_span span = span_of(letters[i], start + i);
		struct respin_span *last = i ? &outcome.spans[outcome.span_count - 1] : NULL;
		if (bytes)
			add_bytes(scene, &outcome, start + i, letters[i]);
		if (letters[i] == '+')
			scene->recorded |= 1ull << (start + i);
		if (letters[i] == '!') {
			scene->recorded &= ~(1ull << (start + i));
			scene->promised &= scene->recorded;
			scene->committed &= scene->recorded;
		}
		if (last && last->kind == span.kind && last->status == span.status) {
			last->range.count++;
			continue;
		}
		assert(outcome.span_count < RESPIN_SPANS_MAX);
		outcome.spans[outcome.span_count++] = span;
	}
	int rc = scene->sink.ops->put(scene->sink.self, &outcome, &scene->error);
	if (rc)
		scene->recorded &= before;
	respin_block_free(outcome.bytes);
	return settle(scene, rc, false);
}

static int end(struct scene *scene, bool complete)
{
	struct respin_summary summary = {.size = sizeof summary};
	struct respin_outcome last = {.request = {.phase = RESPIN_PHASE_FINISHED}};
	int rc = complete ? scene->sink.ops->put(scene->sink.self, &last, &scene->error) : 0;
	rc = settle(scene, rc, false);
	return rc ? rc
		  : settle(scene, scene->sink.ops->close(scene->sink.self, &summary, &scene->error), true);
}

static int obey(struct scene *scene, const char *word)
{
	char *letters;
	switch (*word) {
	case 'F':
		return settle(scene,
			      scene->sink.ops->flush(scene->sink.self, RESPIN_FLUSH_RISK, &scene->error),
			      true);
	case 'T':
		memio_knobs(scene->memio)->now_ns += TICK_NS;
		return 0;
	case 'P':
		scene->phase =
			scene->phase == RESPIN_PHASE_COPYING ? RESPIN_PHASE_TRIMMING : RESPIN_PHASE_SCRAPING;
		return 0;
	case 'B':
		scene->flags = RESPIN_READ_BACKWARDS;
		return 0;
	case 'W':
		memio_fail_writeback(scene->memio, scene->options.image);
		return 0;
	case 'E':
	case 'e':
		return end(scene, *word == 'E');
	default: {
		uint64_t start = strtoull(word, &letters, 10);
		assert(*letters == ':');
		return put(scene, start, letters + 1, strcspn(letters + 1, " "));
	}
	}
}

int scene_run(struct scene *scene, const char *script)
{
	int rc = open_output(scene);
	for (const char *word = script; !rc && *word; word += strspn(word, " ")) {
		rc = obey(scene, word);
		word += strcspn(word, " ");
	}
	drop(scene);
	return rc;
}

/* What counts, as the output has it, is what was said at the start. */
static int check_domain(struct scene *scene)
{
	const char *said = scene->workload->domain;
	const struct respin_map *domain = output_domain(scene->output);
	for (uint64_t unit = 0; unit < scene->units; unit++)
		if ((!domain || map_at(domain, unit) == RESPIN_FINISHED) != (!said || said[unit] == '+')) {
			(void)snprintf(scene->error.text, sizeof scene->error.text,
				       "what counts has changed: unit %llu", (unsigned long long)unit);
			return RESPIN_E_INVALID;
		}
	return 0;
}

/* Up to a block at a time, with a flush after the first one. */
int scene_resume(struct scene *scene)
{
	const struct workload *workload = scene->workload;
	/* What counts need not be said again once there is a map. */
	char map[64];
	(void)snprintf(map, sizeof map, "%s/%s", scene_dir(scene_map_dir(scene)), CRASH_MAP);
	if (memio_bytes(scene->memio, map, NULL))
		scene->options.domain = NULL;
	int rc = open_output(scene);
	if (!rc)
		rc = check_domain(scene);
	uint64_t missing = 0;
	for (uint64_t unit = 0; !rc && unit < scene->units; unit++)
		if (map_at(output_map(scene->output), unit) != RESPIN_FINISHED &&
		    (!workload->domain || workload->domain[unit] == '+'))
			missing |= 1ull << unit;
	bool flushed = false;
	for (uint64_t unit = 0; !rc && unit < scene->units;) {
		uint64_t count = 0;
		while (count < RESPIN_SPANS_MAX && unit + count < scene->units &&
		       missing >> (unit + count) & 1)
			count++;
		if (count) {
			rc = put(scene, unit, workload->goal + unit, count);
			if (!rc && !flushed)
				rc = obey(scene, "F");
			flushed = true;
		}
		unit += count ? count : 1;
	}
	if (!rc)
		rc = end(scene, true);
	drop(scene);
	return rc;
}
