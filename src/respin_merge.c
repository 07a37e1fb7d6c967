/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merging, up to the first byte: the images and their maps, whether they are of
 * one disc, the output. Like respin.c it knows every floor; what counts where
 * images differ is core/merge.c's to say.
 */
#include "respin_merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/ops.h"

/* So many places tell one disc from another, and are read in a few seconds. */
#define COMPARED_MAX 256u

void merge_say(const struct merge *merge, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (merge->options->callbacks.notice)
		merge->options->callbacks.notice(merge->options->callbacks.arg, text);
}

static int no_memory(struct respin_error *error)
{
	return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a merge");
}

static bool forced(const struct merge *merge)
{
	return merge->options->output->force;
}

/* ---- the images ---- */

static bool same_file(const struct respin_io_stat *a, const struct respin_io_stat *b)
{
	return a->ino && a->dev == b->dev && a->ino == b->ino;
}

/* Copies of one image are one reading. */
static void join_families(struct merge *merge, unsigned last)
{
	const struct partial *b = &merge->images[last];
	merge->voices.family[last] = (uint8_t)last;
	for (unsigned i = 0; i < last; i++) {
		const struct partial *a = &merge->images[i];
		bool made_as_one = a->trailer.present && b->trailer.present && a->trailer.image_ino &&
				   a->trailer.image_ino == b->trailer.image_ino &&
				   a->trailer.image_dev == b->trailer.image_dev;
		if (!made_as_one && (!a->map_hash || a->map_hash != b->map_hash))
			continue;
		merge->voices.family[last] = merge->voices.family[i];
		merge_say(merge, "%s: its map is a copy of %s's: where they agree they count as one reading",
			  b->image_path, a->image_path);
		return;
	}
}

static int open_images(struct merge *merge, struct respin_error *error)
{
	const struct respin_merge_options *options = merge->options;
	for (unsigned i = 0; i < options->image_count; i++) {
		const struct respin_merge_image *image = &options->images[i];
		int rc = partial_open(image->address, image->whole, &merge->images[i], error);
		if (rc < 0)
			return rc;
		merge->count++;
		for (unsigned k = 0; k < i; k++)
			if (same_file(&merge->images[k].image_id, &merge->images[i].image_id))
				return error_set(
					error, RESPIN_E_SAME_FILE, 0,
					"%s: is the same file as %s, and no second reading: name it once",
					merge->images[i].image_path, merge->images[k].image_path);
		join_families(merge, i);
	}
	return 0;
}

/* ---- one disc? ---- */

static uint64_t size_of(const struct partial *partial)
{
	return layout_pos(&partial->layout, partial->layout.units);
}

/* The image that says how long the disc is, and how long a sector. */
static const struct partial *measure(const struct merge *merge)
{
	const struct partial *best = &merge->images[0];
	for (unsigned i = 1; i < merge->count; i++) {
		const struct partial *other = &merge->images[i];
		if (other->sized > best->sized ||
		    (other->sized == best->sized && size_of(other) > size_of(best)))
			best = other;
	}
	return best;
}

static int fit_layouts(struct merge *merge, struct respin_error *error)
{
	const struct partial *best = measure(merge);
	const char *path = best->image_path;
	uint64_t size = size_of(best);
	uint32_t unit = best->layout.unit_bytes;
	for (unsigned i = 0; i < merge->count && !best->unit_known; i++)
		if (merge->images[i].unit_known) {
			best = &merge->images[i];
			unit = best->layout.unit_bytes;
		}
	merge->layout = (struct layout){(size + unit - 1) / unit, unit, (uint32_t)(size % unit)};
	for (unsigned i = 0; i < merge->count; i++) {
		struct partial *image = &merge->images[i];
		if (image->unit_known && image->layout.unit_bytes != unit)
			return error_set(error, RESPIN_E_MAP_SIZE, 0,
					 "%s: has sectors of %u bytes, %s of %u: they cannot be merged",
					 image->image_path, image->layout.unit_bytes, best->image_path, unit);
		if (image->sized && size_of(image) != size && !forced(merge))
			return error_set(error, RESPIN_E_OTHER_DISC, 0,
					 "%s: is of a disc of %" PRIu64 " bytes, %s of one of %" PRIu64
					 ": another disc? --force merges them nevertheless",
					 image->image_path, size_of(image), path, size);
		if (image->layout.units == merge->layout.units && image->layout.unit_bytes == unit &&
		    image->layout.tail_bytes == merge->layout.tail_bytes)
			continue;
		int rc = partial_refit(image, &merge->layout, error);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Reads the places that both have, and compares them. */
static int compare(const struct merge *merge, unsigned a, unsigned b, struct merge_likeness *likeness,
		   struct respin_error *error)
{
	uint64_t units[COMPARED_MAX];
	_cleanup_free_ unsigned char *bytes = malloc(2 * (size_t)merge->layout.unit_bytes);
	*likeness = (struct merge_likeness){0};
	if (!bytes)
		return no_memory(error);
	unsigned char *other = bytes + merge->layout.unit_bytes;
	size_t count = merge_common(merge->images[a].map, merge->images[b].map, units, COMPARED_MAX);
	for (size_t i = 0; i < count; i++) {
		struct respin_range unit = {units[i], 1};
		/* What cannot be read says nothing. */
		if (partial_read(&merge->images[a], unit, bytes) == 0 &&
		    partial_read(&merge->images[b], unit, other) == 0)
			merge_compare(likeness, units[i], bytes, other, partial_bytes(&merge->layout, unit));
	}
	return 0;
}

static int refuse_other(const struct merge *merge, unsigned a, unsigned b,
			const struct merge_likeness *likeness, struct respin_error *error)
{
	return error_set(error, RESPIN_E_OTHER_DISC, 0,
			 "%s: is not of the disc that %s is of: of %" PRIu64 " sectors compared %" PRIu64
			 " differ%s: leave it out, or merge it nevertheless with --force",
			 merge->images[b].image_path, merge->images[a].image_path, likeness->compared,
			 likeness->differing,
			 likeness->volumes_differ ? ", and the volumes' names or dates, too" : "");
}

/* 1: `candidate` is of the disc of those in `known`; 0: none of them has anything to compare. */
static int recognise(const struct merge *merge, uint64_t known, unsigned candidate,
		     struct respin_error *error)
{
	struct merge_likeness likeness;
	for (; known; known &= known - 1) {
		unsigned a = (unsigned)__builtin_ctzll(known);
		int rc = compare(merge, a, candidate, &likeness, error);
		if (rc < 0)
			return rc;
		enum merge_same same = merge_judge(&likeness);
		if (same == MERGE_OTHER_DISC)
			return refuse_other(merge, a, candidate, &likeness, error);
		if (same == MERGE_SAME_DISC)
			return 1;
	}
	return 0;
}

/* Each must be known by one that is known: two halves are, if a third one overlaps both. */
static int check_identity(const struct merge *merge, struct respin_error *error)
{
	uint64_t known = 1, all = (UINT64_C(1) << merge->count) - 1;
	for (bool news = true; news && known != all;) {
		news = false;
		for (unsigned i = 1; i < merge->count; i++) {
			int rc = known >> i & 1 ? 0 : recognise(merge, known, i, error);
			if (rc < 0)
				return rc;
			if (rc > 0) {
				known |= UINT64_C(1) << i;
				news = true;
			}
		}
	}
	if (known == all)
		return 0;
	unsigned stranger = (unsigned)__builtin_ctzll(~known);
	return error_set(
		error, RESPIN_E_OTHER_DISC, 0,
		"%s: no written sector that it shares with another image shows that it is of the same "
		"disc: if you know that it is, use --force",
		merge->images[stranger].image_path);
}

/* ---- the output ---- */

/* Nothing that the output writes may be one of the images or their maps. */
static int check_places(const struct merge *merge, const struct respin_io *io, struct respin_error *error)
{
	static const char *const of_image[] = {"", ".domain", ".conflicts", ".conflicts.part"};
	static const char *const of_map[] = {"", ".bak", ".damaged", ".twin", ".lock", ".tmp"};
	const struct respin_output_options *output = merge->options->output;
	_cleanup_free_ char *map = output->map ? strdup(output->map) : files_name(output->image, ".map");
	if (!map)
		return no_memory(error);
	size_t images = sizeof of_image / sizeof *of_image, maps = sizeof of_map / sizeof *of_map;
	for (size_t i = 0; i < images + maps; i++) {
		_cleanup_free_ char *path = i < images ? files_name(output->image, of_image[i])
						       : files_name(map, of_map[i - images]);
		struct respin_io_stat there;
		if (!path)
			return no_memory(error);
		if (io->ops->stat_path(io->self, path, &there) != 0)
			continue;
		for (unsigned k = 0; k < merge->count; k++)
			if (same_file(&there, &merge->images[k].image_id) ||
			    same_file(&there, &merge->images[k].map_id))
				return error_set(
					error, RESPIN_E_SAME_FILE, 0,
					"%s: belongs to an image that is to be merged: choose another "
					"name for the output",
					path);
	}
	return 0;
}

static int open_output(struct merge *merge, struct respin_error *error)
{
	struct respin_output_options output = *merge->options->output;
	const struct respin_io io = output.io.ops ? output.io : respin_io_real();
	uint64_t size = layout_pos(&merge->layout, merge->layout.units);
	struct respin_source_info info = {.size = sizeof info,
					  .units = merge->layout.units,
					  .unit_bytes = merge->layout.unit_bytes,
					  .tail_bytes = merge->layout.tail_bytes,
					  .ecc_block = 1,
					  .plain = 1,
					  .identity = hash_bytes(&size, sizeof size, 0) | 1};
	int rc = check_places(merge, &io, error);
	if (rc < 0)
		return rc;
	output.source_path = NULL;
	output.keep_bad = 1; /* what it gave up is weighed with what the others did */
	rc = output_open(&output, &info, info.identity, &merge->output, error);
	if (rc < 0)
		return rc;
	const char *notice;
	for (size_t i = 0; (notice = output_notice(merge->output, i)); i++)
		merge_say(merge, "%s", notice);
	merge->sink = output_sink(merge->output);
	_cleanup_free_ char *list = files_name(output.image, ".conflicts");
	if (!list)
		return no_memory(error);
	return conflicts_open(&merge->conflicts, &io, list, merge->layout.units, &merge->past, error);
}

/* The output as it was, as the last of the voices. */
static int open_own(struct merge *merge, struct respin_error *error)
{
	struct partial *own = &merge->images[merge->count];
	const struct respin_map *map = output_map(merge->output);
	*own = (struct partial){.image = -1, .layout = merge->layout};
	merge->voices.family[merge->count] = (uint8_t)merge->count;
	merge->voices.own = UINT64_C(1) << merge->count;
	own->map = map_copy(map);
	own->image_path = strdup(merge->options->output->image);
	if (!own->map || !own->image_path)
		return no_memory(error);
	if (!map_count(map, RESPIN_FINISHED))
		return 0;
	own->image = partial_open_image(own->image_path, &own->image_id, error);
	if (own->image < 0 || forced(merge))
		return own->image < 0 ? own->image : 0;
	int rc = recognise(merge, merge->voices.own - 1, merge->count, error);
	if (rc == 0)
		rc = error_set(error, RESPIN_E_OTHER_DISC, 0,
			       "%s: no written sector that it shares with an image shows that it is of the "
			       "same disc: name another output, or use --force",
			       own->image_path);
	return rc < 0 ? rc : 0;
}

static void head_conflicts(struct merge *merge)
{
	char line[4096 + 64];
	(void)snprintf(
		line, sizeof line,
		"What the images disagree about, in sectors of %u bytes: kind, first sector, how many,",
		merge->layout.unit_bytes);
	conflicts_head(&merge->conflicts, line);
	conflicts_head(&merge->conflicts,
		       "then each version: the images that have it, and the hash of its bytes.");
	for (unsigned i = 0; i <= merge->count; i++) {
		(void)snprintf(line, sizeof line, "%u  %s%s", i + 1, merge->images[i].image_path,
			       i == merge->count ? " (as it was)" : "");
		conflicts_head(&merge->conflicts, line);
	}
}

static int merge_all(struct merge *merge, struct respin_error *error)
{
	int rc = open_images(merge, error);
	if (rc == 0)
		rc = fit_layouts(merge, error);
	if (rc == 0 && !forced(merge))
		rc = check_identity(merge, error);
	if (rc == 0)
		rc = open_output(merge, error);
	if (rc == 0)
		rc = open_own(merge, error);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i <= merge->count; i++)
		merge->voices.map[i] = merge->images[i].map;
	merge->voices.count = merge->count + 1;
	head_conflicts(merge);
	return merge_walk(merge, error);
}

static void merge_finish(struct merge *merge)
{
	for (unsigned i = 0; i < MERGE_VOICES_MAX; i++) {
		partial_close(&merge->images[i]);
		free(merge->buffers[i]);
	}
	map_destroy(merge->past);
	if (merge->conflicts.io.ops)
		conflicts_finish(&merge->conflicts);
	output_destroy(merge->output);
	free(merge);
}

int respin_merge(const struct respin_merge_options *options, struct respin_merge_report *report,
		 struct respin_error *error)
{
	if (options->image_count < 1 || options->image_count > RESPIN_MERGE_IMAGES_MAX)
		return error_set(error, RESPIN_E_INVALID, 0, "a merge takes 1 to %u images",
				 RESPIN_MERGE_IMAGES_MAX);
	struct merge *merge = calloc(1, sizeof *merge); /* too large for a stack */
	if (!merge)
		return no_memory(error);
	merge->options = options;
	for (unsigned i = 0; i < MERGE_VOICES_MAX; i++)
		merge->images[i].image = -1;
	int rc = merge_all(merge, error);
	if (report) {
		size_t size = report->size < sizeof *report ? report->size : sizeof *report;
		memcpy(report, &merge->report, size);
		report->size = size;
	}
	merge_finish(merge);
	return rc;
}
