/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The invariants of one state, and its class. Every text is parsed once, however many states share it. */
#include "check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "core/mapfile.h"

void checker_init(struct checker *checker)
{
	*checker = (struct checker){.readings = calloc(READINGS, sizeof *checker->readings)};
	assert(checker->readings);
}

void checker_reset(struct checker *checker, const struct scene *scene)
{
	checker->scene = scene;
	if (checker->reading_count)
		memset(checker->readings, 0, READINGS * sizeof *checker->readings);
	checker->reading_count = 0;
}

void checker_finish(struct checker *checker)
{
	free(checker->readings);
	checker->readings = NULL;
}

static void take_letters(const struct scene *scene, const struct respin_map *bytes, struct reading *reading)
{
	_cleanup_map_ struct respin_map *map = NULL;
	const struct workload *workload = scene->workload;
	if (mapfile_import(bytes, scene->units, workload->unit_bytes, workload->tail_bytes, "map", &map,
			   NULL))
		return;
	for (uint64_t unit = 0; unit < scene->units; unit++) {
		enum respin_status status = map_at(map, unit);
		reading->letters[unit] = respin_status_char(status);
		if (status == RESPIN_FINISHED)
			reading->finished |= 1ull << unit;
	}
	reading->valid = true;
}

static void parse(const struct scene *scene, const void *text, size_t len, struct reading *reading)
{
	_cleanup_map_ struct respin_map *bytes = NULL;
	struct mapfile_info info = {0};
	int rc = mapfile_parse(text, len, "map", NULL, &bytes, &info, NULL);
	reading->torn = info.torn;
	if (!rc && !info.torn && info.state == MAPFILE_WHOLE)
		take_letters(scene, bytes, reading);
	uint64_t said[] = {(uint64_t)rc, info.torn, info.state, info.keep_bytes,
			   info.trailer.image_size_bytes};
	reading->meaning =
		hash_bytes(reading->letters, sizeof reading->letters, hash_bytes(said, sizeof said, 0));
}

const struct reading *checker_read(struct checker *checker, const void *text, size_t len)
{
	uint64_t key = hash_bytes(text, len, 0) | 1;
	size_t slot = key >> 20 & (READINGS - 1);
	while (checker->readings[slot].key && checker->readings[slot].key != key)
		slot = (slot + 1) & (READINGS - 1);
	struct reading *reading = &checker->readings[slot];
	if (reading->key)
		return reading;
	assert(checker->reading_count < READINGS - 1);
	checker->reading_count++;
	reading->key = key;
	parse(checker->scene, text, len, reading);
	if (checker->on_text && reading->valid)
		checker->on_text(checker->arg, text, len);
	return reading;
}

static bool fault(struct checker *checker, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fault(struct checker *checker, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(checker->reason, sizeof checker->reason, format, args);
	va_end(args);
	return false;
}

static const struct reading *read_file(struct checker *checker, struct state *state, const char *name)
{
	size_t len;
	int file = state_find(state, scene_map_dir(checker->scene), name);
	if (file < 0)
		return NULL;
	const unsigned char *text = state_bytes(state, (unsigned)file, &len);
	return checker_read(checker, text, len);
}

/* S1 for one map, whatever its name. */
static bool judge_bytes(struct checker *checker, const struct reading *reading, const unsigned char *image,
			size_t len, const char *name)
{
	const struct scene *scene = checker->scene;
	for (uint64_t rest = reading->finished; rest; rest &= rest - 1) {
		uint64_t unit = (uint64_t)__builtin_ctzll(rest);
		uint64_t pos = scene_pos(scene, unit), end = scene_pos(scene, unit + 1);
		if (!image || len < end)
			return fault(checker, "S1: %s calls unit %llu finished, the image ends before", name,
				     (unsigned long long)unit);
		if (memcmp(image + pos, scene->truth + pos, end - pos) != 0)
			return fault(checker,
				     "S1: %s calls unit %llu finished, and its bytes are not the disc's",
				     name, (unsigned long long)unit);
	}
	return true;
}

static bool judge_backup(struct checker *checker, const struct reading *map, struct state *state)
{
	if (!checker->found || map->key == checker->found)
		return true;
	const struct reading *backup = read_file(checker, state, CRASH_MAP ".bak");
	return (backup && backup->key == checker->found) ||
	       fault(checker, "S7: the map found was replaced, and is not kept");
}

bool checker_judge(struct checker *checker, struct state *state)
{
	const struct scene *scene = checker->scene;
	size_t len = 0;
	if (checker->reading_count > READINGS / 2)
		checker_reset(checker, scene);
	int file = state_find(state, 0, CRASH_IMAGE);
	const unsigned char *image = file < 0 ? NULL : state_bytes(state, (unsigned)file, &len);
	const struct reading *map = read_file(checker, state, CRASH_MAP);
	const struct reading *twin = read_file(checker, state, CRASH_MAP ".twin");
	checker->finished = 0;
	if (map && !map->valid)
		return fault(checker, "S3: the map is not valid");
	/* Where a rename may lose both names, a second copy stands in. */
	const struct reading *best = map ? map : twin && twin->valid && scene->mode->loose ? twin : NULL;
	if (!best && (scene->promised || scene->committed || scene->workload->before))
		return fault(checker, "S3: there is no map");
	if (best && !judge_bytes(checker, best, image, len, map ? "the map" : "the twin"))
		return false;
	checker->finished = best ? best->finished : 0;
	if (map && !judge_backup(checker, map, state))
		return false;
	uint64_t missing = ~checker->finished & ~scene->excused;
	if (scene->promised & missing)
		return fault(checker, "S2: promised and not finished: units %llx",
			     (unsigned long long)(scene->promised & missing));
	if (scene->committed & missing)
		return fault(checker, "S6: more than one commit's work is lost: units %llx",
			     (unsigned long long)(scene->committed & missing));
	return true;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);
	return len > tail && !strcmp(name + len - tail, suffix);
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	return !len || (!*bytes && !memcmp(bytes, bytes + 1, len - 1));
}

static uint64_t image_class(const struct checker *checker, const unsigned char *image, size_t len)
{
	const struct scene *scene = checker->scene;
	const char *zeros = scene->workload->zeros;
	uint64_t stale = 0;
	for (uint64_t unit = 0; zeros && unit < scene->units; unit++) {
		uint64_t pos = scene_pos(scene, unit), end = scene_pos(scene, unit + 1);
		if (zeros[unit] == '0' && end <= len && !(checker->finished >> unit & 1) &&
		    !is_zero(image + pos, end - pos))
			stale |= 1ull << unit;
	}
	uint64_t said[] = {stale, len};
	return hash_bytes(said, sizeof said, 0);
}

uint64_t checker_class(struct checker *checker, struct state *state)
{
	uint64_t sum = 0; /* in whatever order the names come */
	for (size_t i = 0; i < state->name_count; i++) {
		const struct state_name *name = &state->names[i];
		size_t len;
		const unsigned char *bytes = state_bytes(state, name->file, &len);
		uint64_t what = len / 256; /* of a file that is only in the way */
		if (*name->name != '.' && !has_suffix(name->name, ".lock")) {
			what = strcmp(name->name, CRASH_IMAGE) ? checker_read(checker, bytes, len)->meaning
							       : image_class(checker, bytes, len);
		}
		sum += rng_mix(hash_bytes(name->name, strlen(name->name), what) + name->dir);
	}
	return sum;
}
