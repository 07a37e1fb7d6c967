/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapfile from anywhere: what parses is a map that adds up, comes back the
 * same from what it renders to, is found out when it is cut or edited, and
 * gives no unit of a disc more than all of its bytes have. The first two bytes
 * say how it is read and what for; the rest is the file.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "core/map.h"
#include "core/mapfile.h"

#define RUNS 64u

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

/* Runs follow each other without a gap, neighbours differ, and the counts are what they add up to. */
static void check_map(const struct respin_map *map)
{
	uint64_t count[RESPIN_STATUSES] = {0}, areas[RESPIN_STATUSES] = {0}, pos = 0, extents = 0;
	struct respin_extent runs[RUNS];
	unsigned before = RESPIN_STATUSES;
	for (size_t n; (n = map_runs(map, pos, runs, RUNS)) > 0;)
		for (size_t i = 0; i < n; i++) {
			MUST(runs[i].range.start == pos && runs[i].range.count > 0);
			MUST(runs[i].status < RESPIN_STATUSES && runs[i].status != before);
			before = runs[i].status;
			count[before] += runs[i].range.count;
			areas[before]++;
			extents++;
			pos = end_of(runs[i].range);
		}
	MUST(pos == map_total(map) && extents == map_extents(map));
	for (unsigned i = 0; i < RESPIN_STATUSES; i++)
		MUST(count[i] == map_count(map, (enum respin_status)i) &&
		     areas[i] == map_areas(map, (enum respin_status)i));
	MUST(map_span(map).start <= pos && map_span(map).count <= pos - map_span(map).start);
}

static void check_same(const struct respin_map *a, const struct respin_map *b)
{
	struct respin_extent x, y;
	MUST(map_total(a) == map_total(b) && map_extents(a) == map_extents(b));
	for (uint64_t pos = 0; map_find(a, pos, MASK_ALL, &x); pos = end_of(x.range))
		MUST(map_find(b, pos, MASK_ALL, &y) && x.status == y.status &&
		     x.range.count == y.range.count);
}

/* What is written is read back as it was; cut short or changed, it is not taken for whole. */
static void check_rendered(const struct respin_map *map, const struct mapfile_info *info, uint8_t how)
{
	static struct buf text; /* kept */
	struct mapfile_trailer trailer = info->trailer;
	trailer.present = !(how & 1);
	trailer.keep_bytes = info->keep_bytes;
	struct mapfile_head head = {.program = "fuzz",
				    .command_line = how & 2 ? "a\nb\t#c" : NULL,
				    .phase = (enum respin_phase)(how >> 2 & 7),
				    .pos = map_position((struct respin_map *)map)->pos_bytes,
				    .trailer = trailer};
	buf_clear(&text);
	mapfile_render(map, 1, 0, &head, &text);
	MUST(!text.failed);
	struct respin_map *again = NULL;
	struct mapfile_info told;
	MUST(mapfile_parse(text.data, text.len, "again", NULL, &again, &told, NULL) == 0);
	check_same(map, again);
	bool blocks = map_span(map).count > 0;
	MUST(told.state == (blocks ? MAPFILE_WHOLE : MAPFILE_EMPTY) && !told.torn);
	MUST(told.trailer.present == trailer.present && told.keep_bytes == trailer.keep_bytes);
	if (trailer.present)
		MUST(told.trailer.generation == trailer.generation &&
		     told.trailer.image_dev == trailer.image_dev &&
		     told.trailer.image_ino == trailer.image_ino &&
		     told.trailer.image_size_bytes == trailer.image_size_bytes &&
		     told.trailer.keep_bytes == trailer.keep_bytes);
	map_destroy(again);
	if (!blocks || !trailer.present || !(how & 0x40))
		return;

	uint64_t at = how & 0x80 ? text.len - 1 - how : (uint64_t)how * text.len / 256;
	again = NULL;
	int code = mapfile_parse(text.data, (size_t)at, "cut", NULL, &again, &told, NULL);
	MUST(code < 0 || told.torn || told.state == MAPFILE_EMPTY);
	map_destroy(code < 0 ? NULL : again);

	const char *last = memrchr(text.data, '\n', text.len - 1);
	if (at >= (uint64_t)(last - text.data))
		return;
	text.data[at] ^= 1;
	again = NULL;
	code = mapfile_parse(text.data, text.len, "edited", NULL, &again, &told, NULL);
	MUST(code < 0 || told.torn || told.state != MAPFILE_WHOLE);
	map_destroy(code < 0 ? NULL : again);
}

static void check_unit(const struct respin_map *bytes, const struct respin_extent *run, uint32_t unit_bytes,
		       uint64_t size)
{
	struct respin_extent less;
	uint64_t start = run->range.start * unit_bytes, end = end_of(run->range) * unit_bytes;
	unsigned below = (1u << run->status) - 1; /* every status that is less processed */
	if (end > size)
		end = size;
	if (below && map_find(bytes, start, below, &less))
		MUST(less.range.start >= end);
}

static void check_import(const struct respin_map *bytes, uint8_t how)
{
	static const uint32_t units_of[] = {1, 512, 2048, 2352};
	uint32_t unit_bytes = units_of[how & 3], tail = how & 4 ? unit_bytes / 2 : 0;
	struct respin_range span = map_span(bytes);
	uint64_t units = end_of(span) / unit_bytes + (how >> 3 & 3);
	if (how & 0x20)
		units = how;
	if (units > MAPFILE_MAX_POS / unit_bytes)
		units = MAPFILE_MAX_POS / unit_bytes;
	uint64_t size = units * unit_bytes - (units && tail ? unit_bytes - tail : 0);
	struct respin_map *map = NULL;
	if (mapfile_import(bytes, units, unit_bytes, tail, "fuzz", &map, NULL) < 0)
		return;
	check_map(map);
	MUST(map_total(map) == units);
	struct respin_extent run;
	for (uint64_t pos = 0; map_find(map, pos, MASK_ALL, &run); pos = end_of(run.range))
		check_unit(bytes, &run, unit_bytes, size);
	struct mapfile_resume resume = mapfile_resume(map_position(map), unit_bytes, units);
	MUST(resume.pos <= units && resume.phase <= RESPIN_PHASE_FINISHED);
	map_destroy(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct respin_map_options options = {.size = sizeof options,
					     .loose = data[0] & 1,
					     .gap_status = (uint8_t)(data[0] >> 1 & 7) % RESPIN_STATUSES};
	struct respin_error error = {0};
	struct mapfile_info info;
	struct respin_map *map = NULL;
	const char *name = data[0] & 0x10 ? "a/rather/long/name.map" : "m";
	int code = mapfile_parse((const char *)data + 2, size - 2, name, &options, &map, &info, &error);
	if (code < 0) {
		MUST(error.code == code && code == RESPIN_E_MAP_DAMAGED);
		MUST(*error.text && !memchr(error.text, '\n', strlen(error.text)));
		return 0;
	}
	check_map(map);
	MUST(info.state != MAPFILE_EDITED || info.trailer.present);
	if (data[0] & 0x20)
		check_rendered(map, &info, data[1]);
	if (data[0] & 0x40)
		check_import(map, data[1]);
	map_destroy(map);
	return 0;
}
