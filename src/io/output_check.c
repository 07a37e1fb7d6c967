/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is who before anything is made: is the image a file, does it lie on the
 * source, does another run hold it? Opens and locks what is there, makes nothing.
 */
#include "io/output_parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "io/lineage.h"

/* A lock file that vanishes between opening and locking belongs to a run that just ended. */
#define LOCK_TRIES 8u

static int refuse_link(const char *path, struct respin_error *error)
{
	return error_set(error, RESPIN_E_INVALID, 0,
			 "%s: is a symbolic link: name the file that it points to", path);
}

static int look_at_image(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *at = &output->image_at;
	struct findings *found = &output->found;
	found->image.kind = RESPIN_IO_REGULAR; /* what it will be, if it is not there */
	int rc = io->ops->stat_at(io->self, at->dir, at->name, &found->image);
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return files_error(error, rc, at->path, "cannot be looked at");
	found->image_there = true;
	if (found->image.kind == RESPIN_IO_SYMLINK) {
		found->image_is_link = true;
		rc = io->ops->stat_path(io->self, at->path, &found->image);
		if (rc)
			return error_set(error, RESPIN_E_INVALID, -rc, "%s: is a symbolic link to nothing",
					 at->path);
	}
	if (found->image.kind == RESPIN_IO_DIRECTORY)
		return error_set(error, RESPIN_E_INVALID, EISDIR, "%s: is a directory: name a file in it",
				 at->path);
	return 0;
}

static int look_at_map(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *at = &output->map_at;
	struct findings *found = &output->found;
	if (found->image.kind == RESPIN_IO_OTHER && !output->options->map)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%s: is neither a file nor a block device: name a mapfile as well",
				 output->image_at.path);
	int rc = io->ops->stat_at(io->self, at->dir, at->name, &found->map);
	if (rc == -ENOENT && strcmp(at->path, output->image_at.path) != 0)
		return 0;
	if (rc && rc != -ENOENT)
		return files_error(error, rc, at->path, "cannot be looked at");
	if (rc ||
	    (found->image_there && found->map.ino == found->image.ino && found->map.dev == found->image.dev))
		return error_set(error, RESPIN_E_INVALID, 0, "%s: image and map are the same file", at->path);
	if (found->map.kind == RESPIN_IO_SYMLINK)
		return refuse_link(at->path, error);
	if (found->map.kind != RESPIN_IO_REGULAR)
		return error_set(error, RESPIN_E_INVALID, 0, "%s: is not a regular file: a map must be one",
				 at->path);
	found->map_there = true;
	return 0;
}

static int name_domain(struct output *output, struct respin_error *error)
{
	/* Nobody wants a file in /dev. */
	const struct place *at =
		output->found.image.kind == RESPIN_IO_REGULAR ? &output->image_at : &output->map_at;
	_cleanup_free_ char *path = files_name(at->path, ".domain");
	if (!path)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");
	return place_open(&output->io, path, &output->domain_at, error);
}

static int refuse_source(const struct output *output, const char *path, struct respin_error *error)
{
	return error_set(error, RESPIN_E_SAME_FILE, 0,
			 "%s: lies on the source %s: choose another place for the output", path,
			 output->options->source_path);
}

/* A drive that hangs or is reset takes its adapter's other devices with it for a while. */
static void tell_host(struct output *output, const char *path, const struct lineage *ours,
		      const struct lineage *theirs)
{
	unsigned host;
	if (output->told_host || !lineage_share_host(&output->io, ours, theirs, &host))
		return;
	output->told_host = true;
	output_say(
		output,
		"%s: its disk hangs on the same adapter as the drive %s (SCSI host %u): a drive that hangs or "
		"is reset holds up the disk as well; better write elsewhere",
		path, output->options->source_path, host);
}

/* Nothing of that name, or nothing that we may see: a source that is no file is its own problem. */
static bool is_absent(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES || rc == -ENAMETOOLONG || rc == -ELOOP;
}

/* Where the files go: no directory may lie on the source. */
static int check_places(struct output *output, const struct lineage *theirs, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *places[] = {&output->image_at, &output->map_at};
	struct lineage ours;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct respin_io_stat directory;
		if (i == 0 && output->found.image.kind != RESPIN_IO_REGULAR)
			continue; /* a device node is written to, not the directory that holds it */
		int rc = io->ops->stat(io->self, places[i]->dir, &directory);
		if (rc)
			return files_error(error, rc, places[i]->path, "its directory cannot be looked at");
		lineage_of(io, &directory, &ours);
		if (lineage_meet(&ours, theirs))
			return refuse_source(output, places[i]->path, error);
		tell_host(output, places[i]->path, &ours, theirs);
	}
	return 0;
}

/* No file of ours may be the source. */
static int check_names(const struct output *output, const struct respin_io_stat *source,
		       struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const char *names[] = {output->map_at.name, output->backup_name, output->damaged_name,
			       output->twin_name,   output->lock_name,   output->domain_at.name};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct respin_io_stat own;
		int dir = names[i] == output->domain_at.name ? output->domain_at.dir : output->map_at.dir;
		int rc = io->ops->stat_at(io->self, dir, names[i], &own);
		if (!rc && own.dev == source->dev && own.ino == source->ino)
			return refuse_source(output, names[i], error);
		if (rc && !is_absent(rc))
			return files_error(error, rc, names[i], "cannot be looked at");
	}
	return 0;
}

/* The image must not be the source, nor lie on it, nor hold it. */
static int check_source(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct findings *found = &output->found;
	const char *source_path = output->options->source_path;
	struct respin_io_stat source;
	int rc = source_path ? io->ops->stat_path(io->self, source_path, &source) : -ENOENT;
	if (rc)
		return is_absent(rc) ? 0 : files_error(error, rc, source_path, "cannot be looked at");

	struct lineage theirs, ours;
	lineage_of(io, &source, &theirs);
	if (found->image_there) {
		lineage_of(io, &found->image, &ours);
		if (lineage_meet(&ours, &theirs))
			return refuse_source(output, output->image_at.path, error);
		if (found->image.kind == RESPIN_IO_BLOCK)
			tell_host(output, output->image_at.path, &ours, &theirs);
	}
	rc = check_places(output, &theirs, error);
	return rc ? rc : check_names(output, &source, error);
}

int output_lock(struct output *output, int file, const char *path, struct respin_error *error)
{
	int rc = output->io.ops->lock(output->io.self, file);
	if (!rc)
		return 0;
	if (rc == -EAGAIN)
		return error_set(error, RESPIN_E_LOCKED, EAGAIN,
				 "%s: another run works on it: wait until it has ended", path);
	output_say(output, "%s: this file system has no locks: do not start a second run", path);
	return 0;
}

/* A lock file left by a run that was killed, or held by one that lives. None is made here. */
static int lock_map(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		int file = files_open(io, output->map_at.dir, output->lock_name,
				      RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_NOFOLLOW, 0);
		if (file == -ENOENT)
			return 0;
		if (file < 0)
			return files_error(error, file, output->lock_name, "cannot be opened");
		output->lock_file = file;
		int rc = output_lock(output, file, output->map_at.path, error);
		if (rc)
			return rc;
		struct respin_io_stat open, named;
		rc = io->ops->stat(io->self, file, &open);
		int named_rc = io->ops->stat_at(io->self, output->map_at.dir, output->lock_name, &named);
		if (rc || (named_rc && named_rc != -ENOENT))
			return files_error(error, rc ? rc : named_rc, output->lock_name,
					   "cannot be looked at");
		if (!named_rc && open.dev == named.dev && open.ino == named.ino)
			return 0;
		output->lock_file = -1;
		(void)io->ops->close(io->self, file);
	}
	return error_set(error, RESPIN_E_LOCKED, EAGAIN, "%s: other runs work on it", output->map_at.path);
}

static int open_image(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	struct findings *found = &output->found;
	const char *path = output->image_at.path;
	if (!found->image_there || found->image.kind == RESPIN_IO_OTHER)
		return 0; /* a pipe waits for its reader: it is opened last */
	uint8_t kind = found->image.kind;
	unsigned flags = RESPIN_IO_READ | RESPIN_IO_WRITE;
	if (!found->image_is_link)
		flags |= RESPIN_IO_NOFOLLOW;
	if (kind == RESPIN_IO_BLOCK)
		flags |= RESPIN_IO_EXCLUSIVE;
	int file = files_open(io, output->image_at.dir, output->image_at.name, flags, 0);
	if (file == -EBUSY)
		return error_set(error, RESPIN_E_LOCKED, EBUSY, "%s: is mounted or used by another program",
				 path);
	if (file < 0)
		return files_error(error, file, path, "cannot be opened");
	output->store.image = file;
	int rc = io->ops->stat(io->self, file, &found->image);
	if (rc)
		return files_error(error, rc, path, "cannot be looked at");
	if (found->image.kind != kind) /* what was checked is not what was opened */
		return error_set(error, RESPIN_E_LOCKED, 0,
				 "%s: another program just replaced it: start again", path);
	return output_lock(output, file, path, error);
}

/* What is written there appears under its other names, too: in a backup, say. */
static int check_links(const struct output *output, struct respin_error *error)
{
	const struct respin_io_stat *image = &output->found.image;
	if (image->kind != RESPIN_IO_REGULAR || image->links < 2 || output->options->force)
		return 0;
	return error_set(
		error, RESPIN_E_INVALID, EMLINK,
		"%s: has %u names (hard links), and all of them would change: copy it, or use --force",
		output->image_at.path, image->links);
}

static int check_capacity(const struct output *output, struct respin_error *error)
{
	uint64_t need = layout_pos(&output->layout, output->layout.units);
	uint64_t have = output->found.image.size_bytes;
	if (output->found.image.kind != RESPIN_IO_BLOCK || have >= need)
		return 0;
	return error_set(error, RESPIN_E_FULL, 0,
			 "%s: holds %llu bytes, the source has %llu: use a larger device",
			 output->image_at.path, (unsigned long long)have, (unsigned long long)need);
}

int output_check(struct output *output, struct respin_error *error)
{
	int rc = look_at_image(output, error);
	if (!rc)
		rc = look_at_map(output, error);
	if (!rc)
		rc = name_domain(output, error);
	if (!rc)
		rc = check_source(output, error);
	if (!rc)
		rc = check_links(output, error);
	if (!rc && output->found.image_is_link && output->found.image.kind == RESPIN_IO_REGULAR)
		rc = refuse_link(output->image_at.path, error);
	if (!rc)
		rc = lock_map(output, error);
	if (!rc)
		rc = open_image(output, error);
	if (!rc)
		rc = check_capacity(output, error);
	return rc;
}
