/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first changes, in an order that leaves at every instant what the next run
 * can go on from: lock, backup, domain, first map, and only then the image.
 */
#include "io/output_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

#define NEW_FILE_MODE 0666u
#define MIB (UINT64_C(1) << 20)
/* What else may grow meanwhile. */
#define SPACE_SPARE (64u * MIB)
/* The map, its backup, its successor, and room for growth. */
#define SPACE_MAPS 4u

static int make_lock(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const char *path = output->map_at.path;
	if (output->lock_file < 0) {
		unsigned flags = RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_EXCLUSIVE |
				 RESPIN_IO_NOFOLLOW;
		int file = files_open(io, output->map_at.dir, output->lock_name, flags, NEW_FILE_MODE);
		if (file == -EEXIST)
			return error_set(error, RESPIN_E_LOCKED, EEXIST, "%s: another run just began on it",
					 path);
		if (file < 0)
			return files_error(error, file, path, "no lock can be made beside it");
		output->lock_file = file;
		int rc = output_lock(output, file, path, error);
		if (rc)
			return rc;
	}
	output->begun = true;
	return 0;
}

/* A whole run may have come and gone between the look at the map and the lock. */
static int check_unchanged(const struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	struct respin_io_stat now;
	int rc = io->ops->stat_at(io->self, output->map_at.dir, output->map_at.name, &now);
	bool there = !rc;
	if (rc && rc != -ENOENT)
		return files_error(error, rc, output->map_at.path, "cannot be looked at");
	if (there == output->found.map_there && (!there || files_same(&now, &output->found.map)))
		return 0;
	return error_set(error, RESPIN_E_LOCKED, 0, "%s: another run just worked on it: start again",
			 output->map_at.path);
}

/* Kept before the first save replaces it; a run that saves nothing leaves no trace. */
static void keep_old_map(struct output *output)
{
	struct findings *found = &output->found;
	output->store.keep_name = found->keep_as_backup    ? output->backup_name
				  : found->keep_as_damaged ? output->damaged_name
							   : NULL;
	output->store.keep_text = found->map_text;
	found->map_text = (struct buf){0};
}

/* The run that saved it may have ended between its rename and the folder's sync; the map comes after it here, too. */
static int sync_found_domain(struct output *output, struct respin_error *error)
{
	int rc = output->found.domain_there ? files_sync_dir(&output->io, output->domain_at.dir) : 0;
	return rc ? files_error(error, rc, output->domain_at.path, "its folder cannot be synced") : 0;
}

static int save_domain(struct output *output, struct respin_error *error)
{
	if (!output->found.save_domain)
		return sync_found_domain(output, error);
	_cleanup_map_ struct respin_map *whole =
		output->domain ? NULL : map_create(output->layout.units, RESPIN_FINISHED);
	const struct respin_map *domain = output->domain ? output->domain : whole;
	struct mapfile_head head = output_head(output);
	head.phase = RESPIN_PHASE_FINISHED;
	struct buf text = {0};
	if (domain)
		mapfile_render(domain, output->layout.unit_bytes, output->layout.tail_bytes, &head, &text);
	int rc = domain ? files_replace(&output->io, output->domain_at.dir, output->domain_at.name, &text,
					NULL, &output->found.domain)
			: -ENOMEM;
	buf_finish(&text);
	return rc ? files_error(error, rc, output->domain_at.path, "cannot be saved") : 0;
}

static void fill_store(struct output *output)
{
	struct store *store = &output->store;
	const struct findings *found = &output->found;
	store->image_at = &output->image_at;
	store->map_at = &output->map_at;
	store->image_kind = found->image.kind;
	store->retain = found->image.kind != RESPIN_IO_OTHER && !found->space.volatile_fs;
	store->map = output->map;
	store->head = output_head(output);
	store->head.phase = output->resume.phase;
	store->head.pos = output->resume.pos;
	store->map_id = store->like = found->map;
	store->has_map = store->has_like = found->map_there;
	store->twin_name = found->loose_names || found->twin_there ? output->twin_name : NULL;
	store->map_hash = hash_bytes(found->map_text.data, found->map_text.len, 0);
	witness_begin(&store->witness, &output->layout);
}

/* Its place in the folder is synced, so that the first commit need not care. */
static int make_image(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *at = &output->image_at;
	const struct respin_io_space *space = &output->found.space;
	uint64_t full = layout_pos(&output->layout, output->layout.units);
	unsigned flags = RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_EXCLUSIVE |
			 RESPIN_IO_NOFOLLOW;
	int file = files_open(io, at->dir, at->name, flags, NEW_FILE_MODE);
	if (file < 0)
		return files_error(error, file, at->path, "cannot be made");
	output->store.image = file;
	int rc = output_lock(output, file, at->path, error);
	if (rc)
		return rc;
	/* Without holes the system would write gigabytes of zeros: it grows as it is written. */
	bool hole = !space->no_holes && (!space->max_file_bytes || full <= space->max_file_bytes);
	if (hole)
		rc = files_truncate(io, file, full);
	if (!rc)
		rc = files_sync(io, file);
	if (!rc)
		rc = files_sync_dir(io, at->dir);
	if (!rc && hole)
		holes_begin(&output->store.holes, full);
	return rc ? files_error(error, rc, at->path, "cannot be made") : 0;
}

static int open_other(struct output *output, struct respin_error *error)
{
	unsigned flags = RESPIN_IO_WRITE;
	if (!output->found.image_is_link)
		flags |= RESPIN_IO_NOFOLLOW;
	const struct place *at = &output->image_at;
	output->store.image = files_open(&output->io, at->dir, at->name, flags, 0);
	if (output->store.image < 0)
		return files_error(error, output->store.image, at->path, "cannot be opened");
	output_say(output,
		   "%s: is neither a file nor a block device: it gets the bytes in the order "
		   "in which they are read, and nothing is known to be kept",
		   at->path);
	return 0;
}

static void say_space(struct output *output)
{
	const struct findings *found = &output->found;
	const struct respin_io_space *space = &found->space;
	const struct layout *layout = &output->layout;
	if (found->image.kind != RESPIN_IO_REGULAR)
		return;
	const char *path = output->image_at.path;
	uint64_t need = 0, end = 0, full = layout_pos(layout, layout->units);
	struct respin_extent part;
	for (uint64_t pos = 0; domain_find(output->map, output->domain, pos, MASK_UNFINISHED, &part);) {
		pos = part.range.start + part.range.count;
		end = layout_pos(layout, pos);
		need += end - layout_pos(layout, part.range.start);
	}
	uint64_t unallocated =
		full - (found->image.allocated_bytes < full ? found->image.allocated_bytes : full);
	if (found->image_there && need > unallocated)
		need = unallocated;
	need += SPACE_SPARE + SPACE_MAPS * found->map_text.len;
	if (space->free_bytes < need)
		output_say(output, "%s: %llu MiB are free, up to %llu MiB may be needed", path,
			   (unsigned long long)(space->free_bytes / MIB), (unsigned long long)(need / MIB));
	if (space->max_file_bytes && end > space->max_file_bytes)
		output_say(output,
			   "%s: a file here can have %llu bytes, the disc has %llu: the rest will "
			   "not fit",
			   path, (unsigned long long)space->max_file_bytes, (unsigned long long)full);
	if (space->volatile_fs)
		output_say(output, "%s: lies in memory: nothing there survives a power cut", path);
}

/*
 * The run before may have ended between its last rename and the folder's sync. This one goes on from that map, and
 * may have nothing to add to it: then, too, what it calls saved must be.
 */
static int sync_found_map(struct output *output, struct respin_error *error)
{
	int rc = files_sync_dir(&output->io, output->map_at.dir);
	return rc ? files_error(error, rc, output->map_at.path, "its folder cannot be synced") : 0;
}

static int begin_files(struct output *output, struct respin_error *error)
{
	int rc = save_domain(output, error);
	if (rc)
		return rc;
	fill_store(output);
	keep_old_map(output);
	if (output->found.save_first)
		rc = store_save_map(&output->store, error);
	else if (output->found.map_there)
		rc = sync_found_map(output, error);
	if (rc)
		return rc;
	if (output->found.image.kind == RESPIN_IO_OTHER)
		return open_other(output, error);
	return output->found.image_there ? 0 : make_image(output, error);
}

int output_begin(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	struct findings *found = &output->found;
	int dir = found->image.kind == RESPIN_IO_REGULAR ? output->image_at.dir : output->map_at.dir;
	int rc = io->ops->space(io->self, dir, &found->space);
	if (rc)
		return files_error(error, rc, output->image_at.path, "cannot be asked for space");
	struct respin_io_space beside;
	found->loose_names = !io->ops->space(io->self, output->map_at.dir, &beside) && beside.loose_names;
	if (found->image.kind != RESPIN_IO_REGULAR)
		found->space.volatile_fs = 0;
	say_space(output);
	rc = make_lock(output, error);
	if (!rc)
		rc = check_unchanged(output, error);
	if (!rc)
		rc = begin_files(output, error);
	if (rc)
		return rc;

	struct store *store = &output->store;
	struct respin_io_stat image;
	if (!io->ops->stat(io->self, store->image, &image)) {
		store->image_id = image;
		store->head.trailer.image_dev = image.dev;
		store->head.trailer.image_ino = image.ino;
	}
	if (found->image_there && found->image.kind == RESPIN_IO_REGULAR)
		(void)witness_read(&store->witness, io, store->image, output->map);
	if (found->space.free_bytes >= SPACE_SPARE && !found->space.volatile_fs)
		(void)store_hold_reserve(store);
	return 0;
}
