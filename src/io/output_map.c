/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the mapfile on disk to the map to go on from: the map, its backup, a new
 * one, or a refusal. Reads only; what must be saved first is noted for later.
 */
#include "io/output_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"

void loaded_finish(struct loaded *loaded)
{
	map_destroy(loaded->bytes);
	buf_finish(&loaded->text);
	*loaded = (struct loaded){0};
}

int output_load_file(const struct output *output, const struct place *at, unsigned flags,
		     const struct respin_map_options *how, struct loaded *loaded, struct respin_error *error)
{
	const char *path = at->path;
	int rc = files_load(&output->io, at->dir, at->name, flags, MAPFILE_MAX_BYTES, &loaded->text,
			    &loaded->stat);
	if (rc == -EINVAL && flags & RESPIN_IO_NOFOLLOW)
		return error_set(error, RESPIN_E_INVALID, EINVAL, "%s: is not a regular file: move it away",
				 path);
	if (rc == -EFBIG)
		return error_set(error, RESPIN_E_MAP_DAMAGED, EFBIG, "%s: too large for a mapfile", path);
	if (rc)
		return files_error(error, rc, path, "cannot be read");
	return mapfile_parse(loaded->text.data ? loaded->text.data : "", loaded->text.len, path, how,
			     &loaded->bytes, &loaded->info, error);
}

int output_check_units(const struct output *output, const struct loaded *loaded, const char *path,
		       struct respin_error *error)
{
	uint32_t ours = output->layout.unit_bytes, theirs = loaded->info.keep_bytes;
	if (!theirs || theirs == ours)
		return 0;
	return error_set(error, RESPIN_E_MAP_SIZE, 0,
			 "%s: belongs to an image with %u bytes a sector, this source gives %u: "
			 "name another image",
			 path, theirs, ours);
}

static int start_over(struct output *output, struct respin_error *error)
{
	map_destroy(output->map);
	output->map = map_create(output->layout.units, RESPIN_NON_TRIED);
	output->resume = (struct mapfile_resume){.phase = RESPIN_PHASE_COPYING};
	output->found.save_first = true;
	return output->map ? 0 : error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");
}

static bool holds_data(const struct output *output)
{
	return output->found.image_there && output->found.image.kind != RESPIN_IO_OTHER;
}

/* Where the image ends before the map's last '+' does. */
static int check_length(struct output *output, struct respin_error *error)
{
	const struct layout *layout = &output->layout;
	const struct findings *found = &output->found;
	struct respin_extent last;
	if (found->image_there && found->image.kind == RESPIN_IO_OTHER)
		return 0; /* nothing can be looked up there */
	if (!map_find_back(output->map, layout->units, MASK(RESPIN_FINISHED), &last))
		return 0;
	uint64_t end = layout_pos(layout, last.range.start + last.range.count);
	uint64_t have = found->image_there ? found->image.size_bytes : 0;
	if (have >= end)
		return 0;
	if (!output->options->force)
		return error_set(error, RESPIN_E_IMAGE_SHORT, 0,
				 "%s: has %llu bytes, its map claims data up to byte %llu: is it the right "
				 "image? --force takes the missing part for unread",
				 output->image_at.path, (unsigned long long)have, (unsigned long long)end);
	output_say(output, "%s: shorter than its map claims; the missing part is taken for unread",
		   output->image_at.path);
	output->found.save_first = true;
	uint64_t first = have / layout->unit_bytes;
	struct respin_extent lost;
	while (map_find(output->map, first, MASK(RESPIN_FINISHED), &lost))
		if (map_set(output->map, lost.range, RESPIN_NON_TRIED) < 0)
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");
	return 0;
}

/* Who starts again wants another try. Outside the domain nothing changes. */
static int reopen_bad(struct output *output, struct respin_error *error)
{
	struct respin_extent bad;
	if (output->options->keep_bad)
		return 0;
	while (domain_find(output->map, output->domain, 0, MASK(RESPIN_BAD), &bad))
		if (map_set(output->map, bad.range, RESPIN_NON_SCRAPED) < 0)
			return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the map");
	return 0;
}

static int use(struct output *output, struct loaded *loaded, const char *path, struct respin_error *error)
{
	const struct layout *layout = &output->layout;
	const struct mapfile_info *info = &loaded->info;
	int rc = output_check_units(output, loaded, path, error);
	if (rc)
		return rc;
	uint64_t full = layout_pos(layout, layout->units);
	if (info->trailer.present && info->trailer.image_size_bytes && info->trailer.image_size_bytes != full)
		return error_set(error, RESPIN_E_MAP_SIZE, 0,
				 "%s: describes a disc of %llu bytes, this one has %llu: name another image",
				 path, (unsigned long long)info->trailer.image_size_bytes,
				 (unsigned long long)full);
	rc = mapfile_import(loaded->bytes, layout->units, layout->unit_bytes, layout->tail_bytes, path,
			    &output->map, error);
	if (rc)
		return rc;
	output->generation = info->trailer.generation;
	if (info->state == MAPFILE_EDITED)
		output_say(output, "%s: was changed by hand or by another program", path);
	if (!output->found.image_there && !map_count(output->map, RESPIN_FINISHED))
		return start_over(output, error);
	output->resume = mapfile_resume(map_position(loaded->bytes), layout->unit_bytes, layout->units);
	rc = check_length(output, error);
	return rc ? rc : reopen_bad(output, error);
}

/* A file that is there and cannot be read says nothing of its worth: it must not be passed over. */
static bool cannot_be_read(int rc, const struct respin_error *why)
{
	return rc && rc != RESPIN_E_MAP_DAMAGED && why->sys_errno != ENOENT;
}

static int pass_on(const struct respin_error *why, struct respin_error *error)
{
	if (error)
		*error = *why;
	return why->code;
}

/* The copy that is kept where a rename may lose both names. Only a whole one, as we wrote it, is taken. */
static int use_twin(struct output *output, const char *why, bool *used, struct respin_error *error)
{
	const struct place *at = &output->map_at;
	_cleanup_(loaded_finish) struct loaded twin = {0};
	_cleanup_free_ char *path = files_name(at->path, ".twin");
	*used = false;
	if (!path)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	struct respin_error unread = {0};
	int rc = output_load_file(output, &(struct place){at->dir, output->twin_name, path},
				  RESPIN_IO_NOFOLLOW, NULL, &twin, &unread);
	if (cannot_be_read(rc, &unread))
		return pass_on(&unread, error);
	if (rc || twin.info.state != MAPFILE_WHOLE || twin.info.torn || !twin.info.trailer.present)
		return 0;
	output_say(output, "%s: going on from its second copy %s", why, path);
	output->found.save_first = true;
	*used = true;
	return use(output, &twin, path, error);
}

/* The map is of no use. `why` says how it failed; it becomes the refusal's text. */
static int use_backup(struct output *output, const struct respin_error *why, struct respin_error *error)
{
	const struct place *at = &output->map_at;
	output->found.keep_as_damaged = output->found.map_text.len > 0;
	output->found.save_first = true;

	bool used;
	int rc = use_twin(output, why->text, &used, error);
	if (rc || used)
		return rc;
	_cleanup_(loaded_finish) struct loaded backup = {0};
	_cleanup_free_ char *path = files_name(at->path, ".bak");
	if (!path)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	struct respin_error unread = {0};
	rc = output_load_file(output, &(struct place){at->dir, output->backup_name, path}, RESPIN_IO_NOFOLLOW,
			      NULL, &backup, &unread);
	if (cannot_be_read(rc, &unread))
		return pass_on(&unread, error);
	if (!rc && backup.info.state != MAPFILE_EMPTY && !backup.info.torn) {
		output_say(output, "%s: going on from its backup %s", why->text, path);
		return use(output, &backup, path, error);
	}
	if (output->options->force) {
		output_say(output, "%s: starting over", why->text);
		return start_over(output, error);
	}
	return error_set(error, RESPIN_E_MAP_DAMAGED, 0,
			 "%s, and there is no usable backup: mend it, or start over with --force", why->text);
}

static int without_map(struct output *output, struct respin_error *error)
{
	const struct place *at = &output->map_at;
	if (!holds_data(output))
		return start_over(output, error);
	char gone[512];
	bool used = false;
	(void)snprintf(gone, sizeof gone, "%s: is gone", at->path);
	int rc = output->found.twin_there ? use_twin(output, gone, &used, error) : 0;
	if (rc || used)
		return rc;
	if (output->options->force) {
		output_say(output, "%s: there is no map, everything is read anew", output->image_at.path);
		return start_over(output, error);
	}
	struct respin_io_stat backup;
	bool hint = !output->io.ops->stat_at(output->io.self, at->dir, output->backup_name, &backup);
	return error_set(error, RESPIN_E_IMAGE_NO_MAP, 0,
			 "%s: exists, but there is no map %s%s: %s, or overwrite it with --force",
			 output->image_at.path, at->path, hint ? " (only its .bak)" : "",
			 hint ? "rename the .bak to use it" : "name its map or another image");
}

int output_load_map(struct output *output, struct respin_error *error)
{
	struct findings *found = &output->found;
	const struct place *at = &output->map_at;
	struct respin_io_stat twin;
	found->twin_there = !output->io.ops->stat_at(output->io.self, at->dir, output->twin_name, &twin);
	if (!found->map_there)
		return without_map(output, error);

	_cleanup_(loaded_finish) struct loaded loaded = {0};
	struct respin_error why = {0};
	int rc = output_load_file(output, at, RESPIN_IO_NOFOLLOW, NULL, &loaded, &why);
	if (rc && rc != RESPIN_E_MAP_DAMAGED) {
		if (error)
			*error = why;
		return rc;
	}
	found->map = loaded.stat;
	found->map_text = loaded.text;
	loaded.text = (struct buf){0};
	if (!rc && loaded.info.state == MAPFILE_EMPTY) {
		if (!holds_data(output))
			return start_over(output, error);
		rc = error_set(&why, RESPIN_E_MAP_DAMAGED, 0, "%s: is empty beside an image", at->path);
	}
	/* Cut between two lines it would parse, and say nothing of the rest. */
	if (!rc && loaded.info.torn)
		rc = error_set(&why, RESPIN_E_MAP_DAMAGED, 0, "%s: was cut short", at->path);
	if (rc)
		return use_backup(output, &why, error);
	found->keep_as_backup = true;
	return use(output, &loaded, at->path, error);
}
