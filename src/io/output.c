/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The output as a whole: opening in five steps, what it tells, its end. The steps are in output_*.c. */
#include "io/output_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Members grow at the end: did the caller know of this one? */
#define OPTION_HAS(options, member)                                                                          \
	((options)->size >= offsetof(struct respin_output_options, member) + sizeof(options)->member)

CLEANUP_DEFINE(output, struct output, output_destroy)

void output_say(struct output *output, const char *format, ...)
{
	if (output->notice_count == OUTPUT_NOTICES_MAX)
		return;
	char *text = NULL;
	va_list args;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len >= 0)
		output->notices[output->notice_count++] = text;
}

struct mapfile_head output_head(const struct output *output)
{
	return (struct mapfile_head){
		.program = "respin " RESPIN_VERSION,
		.command_line = output->command_line,
		.phase = RESPIN_PHASE_COPYING,
		.pass = 1,
		.trailer = {.present = true,
			    .generation = output->generation,
			    .image_size_bytes = layout_pos(&output->layout, output->layout.units),
			    .keep_bytes = output->layout.unit_bytes},
	};
}

static int name_files(struct output *output, struct respin_error *error)
{
	const struct respin_output_options *options = output->options;
	int rc = place_open(&output->io, options->image, &output->image_at, error);
	if (rc)
		return rc;
	_cleanup_free_ char *beside = options->map ? NULL : files_name(options->image, ".map");
	const char *map = options->map ? options->map : beside;
	if (map && (rc = place_open(&output->io, map, &output->map_at, error)))
		return rc;
	if (map) {
		output->backup_name = files_name(output->map_at.name, ".bak");
		output->damaged_name = files_name(output->map_at.name, ".damaged");
		output->twin_name = files_name(output->map_at.name, ".twin");
		output->lock_name = files_name(output->map_at.name, ".lock");
	}
	if (options->command_line)
		output->command_line = strdup(options->command_line);
	if (!map || !output->backup_name || !output->damaged_name || !output->twin_name ||
	    !output->lock_name || (options->command_line && !output->command_line))
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	return 0;
}

/* Opened at the start, so that it is known to be there when it is needed. */
static int open_emergency(struct output *output, struct respin_error *error)
{
	const struct respin_output_options *options = output->options;
	if (!OPTION_HAS(options, emergency_dir) || !options->emergency_dir)
		return 0;
	struct place *at = &output->emergency_at;
	at->dir = output->io.ops->open_dir(output->io.self, options->emergency_dir);
	if (at->dir < 0)
		return error_set(error, RESPIN_E_INVALID, -at->dir, "%s: no directory for emergencies: %s",
				 options->emergency_dir, strerrordesc_np(-at->dir));
	at->path = strdup(options->emergency_dir);
	output->store.emergency = at;
	return at->path ? 0 : error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
}

int output_open(const struct respin_output_options *options, const struct respin_source_info *info,
		uint64_t seed, struct output **result, struct respin_error *error)
{
	*result = NULL;
	if (!options->image || !*options->image)
		return error_set(error, RESPIN_E_INVALID, 0, "no image named");
	_cleanup_(cleanup_output) struct output *output = calloc(1, sizeof *output);
	if (!output)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	output->io = options->io.ops ? options->io : respin_io_real();
	output->options = options;
	output->layout = (struct layout){info->units, info->unit_bytes, info->tail_bytes};
	output->ecc_block = info->ecc_block ? info->ecc_block : 1;
	output->lock_file = -1;
	output->emergency_at.dir = -1;
	store_init(&output->store, &output->io, &output->layout);

	int rc = name_files(output, error);
	if (!rc)
		rc = open_emergency(output, error);
	if (!rc)
		rc = output_check(output, error);
	if (!rc)
		rc = output_load_domain(output, error);
	if (!rc)
		rc = output_load_map(output, error);
	if (!rc)
		rc = output_begin(output, error);
	if (!rc)
		rc = output_choose_samples(output, seed, error);
	if (rc)
		return rc;
	output->options = NULL;
	sink_file_init(&output->sink, &output->store, output->domain);
	if (OPTION_HAS(options, space_wait_s))
		output->sink.wait_ns = options->space_wait_s * 1000000000ull;
	output->sink.exact = options->force;
	output->sink.no_holes = output->found.space.no_holes;
	struct respin_extent tail;
	if (output->domain && output->found.space.no_holes &&
	    map_find_back(output->domain, output->layout.units, MASK(RESPIN_FINISHED), &tail))
		output->sink.end_bytes = layout_pos(&output->layout, tail.range.start + tail.range.count);
	*result = take(output);
	return 0;
}

const struct respin_map *output_map(const struct output *output)
{
	return output->map;
}

const struct respin_map *output_domain(const struct output *output)
{
	return output->domain;
}

struct mapfile_resume output_resume(const struct output *output)
{
	return output->resume;
}

const struct output_sample *output_samples(const struct output *output, size_t *count)
{
	*count = output->sample_count;
	return output->samples;
}

const char *output_notice(const struct output *output, size_t i)
{
	return i < output->notice_count ? output->notices[i] : NULL;
}

struct respin_sink output_sink(struct output *output)
{
	return sink_file_sink(&output->sink);
}

void output_destroy(struct output *output)
{
	if (!output)
		return;
	const struct respin_io *io = &output->io;
	if (output->store.image >= 0)
		(void)io->ops->close(io->self, output->store.image);
	store_finish(&output->store);
	if (output->lock_file >= 0) {
		/* Safe while it is held: whoever gets a lock looks whether the name still means that file. */
		if (output->begun)
			(void)io->ops->unlink(io->self, output->map_at.dir, output->lock_name);
		(void)io->ops->close(io->self, output->lock_file);
	}
	map_destroy(output->map);
	map_destroy(output->domain);
	buf_finish(&output->found.map_text);
	for (size_t i = 0; i < output->notice_count; i++)
		free(output->notices[i]);
	free(output->backup_name);
	free(output->damaged_name);
	free(output->twin_name);
	free(output->lock_name);
	free(output->command_line);
	place_close(io, &output->emergency_at);
	place_close(io, &output->domain_at);
	place_close(io, &output->map_at);
	place_close(io, &output->image_at);
	free(output);
}
