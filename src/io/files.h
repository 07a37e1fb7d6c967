/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every output file needs, over respin_io_ops: a place (directory and
 * name), whole reads and writes, and a durable replacement. Repeats EINTR and
 * short counts, nothing else. All results are 0 or a negative errno.
 */
#ifndef IO_FILES_H
#define IO_FILES_H

#include <stdbool.h>

#include <respin/error.h>
#include <respin/io.h>

#include "base/buf.h"

/* Resolved once: later renames and links of directories above do not lead us elsewhere. */
struct place {
	int dir; /* -1: not open */
	char *name;
	char *path; /* as it was given, for messages */
};

/* RESPIN_E_INVALID (not a file's name), RESPIN_E_OUTPUT (no such directory), RESPIN_E_NOMEM. */
int place_open(const struct respin_io *io, const char *path, struct place *place, struct respin_error *error);
/* The same directory anew, by its path: the old handle is of no use any more. 0 or a negative errno. */
int place_reopen(const struct respin_io *io, struct place *place);
void place_close(const struct respin_io *io, struct place *place);

/* "NAME" and "SUFFIX" in one string; NULL: no memory. */
char *files_name(const char *name, const char *suffix);

/* The code for an errno of the output: RESPIN_E_FULL, _NOMEM or _OUTPUT. */
int files_code(int rc);
/* error_set with files_code: "PATH: WHAT: reason". */
int files_error(struct respin_error *error, int rc, const char *path, const char *what);

int files_open(const struct respin_io *io, int dir, const char *name, unsigned flags, unsigned mode);
int files_write(const struct respin_io *io, int file, const void *data, size_t len, uint64_t pos_bytes);
/* To a file without positions. */
int files_stream(const struct respin_io *io, int file, const void *data, size_t len);
/* -ENODATA: the file ends before. */
int files_read(const struct respin_io *io, int file, void *data, size_t len, uint64_t pos_bytes);
int files_truncate(const struct respin_io *io, int file, uint64_t size_bytes);
int files_datasync(const struct respin_io *io, int file);
int files_sync(const struct respin_io *io, int file);
/* Where directories cannot be synced (SMB), that is no error. */
int files_sync_dir(const struct respin_io *io, int dir);

/*
 * Reads a whole small file. `flags`: 0, or RESPIN_IO_NOFOLLOW for a name that we chose ourselves: whatever somebody
 * else put there that is no regular file answers -EINVAL and is not opened. -EFBIG: more than `max`. stat may be NULL.
 */
int files_load(const struct respin_io *io, int dir, const char *name, unsigned flags, size_t max,
	       struct buf *out, struct respin_io_stat *stat);

/*
 * Puts `text` in the place of `name`, so that at every instant, also after a
 * power cut, the name holds either the old or the new text: a
 * temporary file, synced, renamed, the directory synced. A temporary file that
 * is in the way was left by a dead run: the caller holds the lock. `like`: mode
 * and owner to keep, or NULL. *made is filled as soon as the name is the new
 * file, also when the last step then fails.
 */
int files_replace(const struct respin_io *io, int dir, const char *name, const struct buf *text,
		  const struct respin_io_stat *like, struct respin_io_stat *made);

/* Is it the same file, unchanged in length? */
bool files_same(const struct respin_io_stat *a, const struct respin_io_stat *b);

#endif
