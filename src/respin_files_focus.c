/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a rescue that wants files first reads next: what the walkers of src/fs
 * look for and do not find, and the bytes that files lack. Reads image and map,
 * changes neither; when which of them is read is the planner's business.
 */
#include <respin/files.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "core/map.h"
#include "core/mapfile.h"
#include "fs/tree.h"
#include "io/confine.h"

/*
 * ECMA-119 6.2.1: the system area, then the volume descriptors, of which no
 * disc has more than a handful. The walker would ask for them one after the
 * other; they cost less than the questions.
 */
#define BEGIN_SECTORS 32u

/* An image as the walkers see it, and what they missed. */
struct missing {
	int image;
	uint64_t image_bytes;
	struct respin_map *map; /* of bytes; NULL: all of the image is there */
	struct respin_map *lacking;
	bool no_memory;
};

static void finish(struct missing *missing)
{
	map_destroy(missing->map);
	map_destroy(missing->lacking);
	if (missing->image >= 0)
		(void)close(missing->image);
}

static bool is_there(const struct missing *missing, struct respin_range range)
{
	struct respin_extent part;
	if (range.start > missing->image_bytes || range.count > missing->image_bytes - range.start)
		return false;
	return !missing->map || (respin_map_next(missing->map, range.start, MASK(RESPIN_FINISHED), &part) &&
				 part.range.start == range.start && part.range.count >= range.count);
}

/* What was tried and failed is lacking all the same, but a walker may look elsewhere then. */
static int note(struct missing *missing, struct respin_range range)
{
	struct respin_extent part;
	if (map_set(missing->lacking, range, RESPIN_FINISHED) < 0) {
		missing->no_memory = true;
		return -ENOMEM;
	}
	bool untried = missing->map &&
		       respin_map_next(missing->map, range.start, MASK(RESPIN_NON_TRIED), &part) &&
		       part.range.start < range.start + range.count;
	return untried ? -ENODATA : -EBADMSG;
}

static int read_there(const struct missing *missing, struct respin_range range, void *data)
{
	for (size_t done = 0; done < range.count;) {
		ssize_t n = pread(missing->image, (char *)data + done, range.count - done,
				  (off_t)(range.start + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		done += (size_t)n;
	}
	return 0;
}

static int read_sectors(void *self, uint64_t lba, uint32_t count, void *data)
{
	struct missing *missing = self;
	const struct respin_range range = {lba * FS_SECTOR, (uint64_t)count * FS_SECTOR};
	return is_there(missing, range) ? read_there(missing, range, data) : note(missing, range);
}

/* What only may be of use is used, and not asked for. */
static int peek_sectors(void *self, uint64_t lba, uint32_t count, void *data)
{
	const struct missing *missing = self;
	const struct respin_range range = {lba * FS_SECTOR, (uint64_t)count * FS_SECTOR};
	return is_there(missing, range) ? read_there(missing, range, data) : -ENODATA;
}

static int open_missing(struct missing *missing, const char *image, const char *map,
			struct respin_error *error)
{
	missing->lacking = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	if (!missing->lacking)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
	map_set_span(missing->lacking, (struct respin_range){0, MAPFILE_MAX_POS});
	int code = map ? respin_map_load(map, NULL, &missing->map, error) : 0;
	if (code < 0)
		return code;
	missing->image = open(image, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	off_t end = missing->image < 0 ? -1 : lseek(missing->image, 0, SEEK_END);
	if (end < 0)
		return error_set(error, RESPIN_E_INVALID, errno, "%.300s: cannot be read: %s", image,
				 strerrordesc_np(errno));
	missing->image_bytes = (uint64_t)end;
	return 0;
}

/* The last byte that the map or the image speaks of; a map's span may end in what no sector is. */
static uint64_t end_of_disc(const struct missing *missing)
{
	struct respin_range span = missing->map ? respin_map_span(missing->map) : (struct respin_range){0};
	return fs_disc_end(span.start + span.count, missing->image_bytes);
}

/*
 * Both kinds in any case: on a bridge disc each may lead where the other does
 * not. fs_read besides, which goes to the newest session that can be seen.
 */
static int walk(struct missing *missing, const struct respin_files_options *options)
{
	static int (*const walkers[])(const struct fs_reader *, const struct fs_options *, struct fs_tree **,
				      struct respin_error *) = {fs_udf, fs_iso9660, fs_read};
	const struct fs_reader reader = {missing, end_of_disc(missing) / FS_SECTOR, read_sectors,
					 peek_sectors};
	const struct fs_options how = {.session_lba = options ? options->session_lba : 0,
				       .plain = options && options->plain};
	uint64_t begin = how.session_lba < reader.sectors ? how.session_lba : reader.sectors;
	uint64_t end = reader.sectors - begin < BEGIN_SECTORS ? reader.sectors : begin + BEGIN_SECTORS;
	for (uint64_t lba = begin; lba < end; lba++) {
		const struct respin_range range = {lba * FS_SECTOR, FS_SECTOR};
		if (!is_there(missing, range) && note(missing, range) == -ENOMEM)
			return RESPIN_E_NOMEM;
	}
	for (size_t i = 0; i < sizeof walkers / sizeof *walkers; i++) {
		struct fs_tree *tree = NULL;
		struct respin_error why = {0};
		int code = walkers[i](&reader, &how, &tree, &why);
		fs_tree_destroy(tree);
		if (missing->no_memory || (code < 0 && code != RESPIN_E_UNSUPPORTED))
			return missing->no_memory ? RESPIN_E_NOMEM : code;
	}
	return 0;
}

int respin_files_structure(const char *image, const char *map, const struct respin_files_options *options,
			   struct respin_map **lacking, struct respin_error *error)
{
	_cleanup_(finish) struct missing missing = {.image = -1};
	*lacking = NULL;
	int code = open_missing(&missing, image, map, error);
	if (code < 0)
		return code;
	code = walk(&missing, options);
	if (code < 0)
		return error_set(error, code, 0, "%.300s: %s", image, respin_code_name(code));
	*lacking = take(missing.lacking);
	return 0;
}

static int add_file(struct respin_files *files, uint64_t index, struct respin_map *lacking)
{
	struct respin_file_run run = {.size = sizeof run};
	for (uint64_t pos = 0; respin_files_run(files, index, pos, &run);
	     pos = run.file_bytes + run.len_bytes)
		if (run.placed && !run.hole && run.status != RESPIN_FINISHED &&
		    run.disc_bytes < MAPFILE_MAX_POS && run.len_bytes <= MAPFILE_MAX_POS - run.disc_bytes &&
		    map_set(lacking, (struct respin_range){run.disc_bytes, run.len_bytes}, RESPIN_FINISHED))
			return RESPIN_E_NOMEM;
	return 0;
}

int respin_files_lacking(struct respin_files *files, int (*want)(void *arg, const struct respin_file *file),
			 void *arg, struct respin_map **result, struct respin_error *error)
{
	_cleanup_map_ struct respin_map *lacking = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	struct respin_file file = {.size = sizeof file};
	int code = lacking ? 0 : RESPIN_E_NOMEM, more = 0;
	*result = NULL;
	if (lacking)
		map_set_span(lacking, (struct respin_range){0, MAPFILE_MAX_POS});
	for (uint64_t i = 0; code == 0 && (more = respin_files_at(files, i, &file)) > 0; i++)
		if (file.kind == RESPIN_FILE_REGULAR && file.state != RESPIN_FILE_WHOLE &&
		    (!want || want(arg, &file)))
			code = add_file(files, i, lacking);
	if (code < 0 || more < 0)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for the places of files");
	*result = take(lacking);
	return 0;
}

void respin_files_confine(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)confine_files(NULL, 0, CONFINE_ALONE);
	(void)confine_capabilities(CONFINE_KEEP_OPENING);
	(void)confine_calls(CONFINE_ALONE);
}
