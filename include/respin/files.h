/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files in an image, and what a rescue has of each: ISO 9660 (ECMA-119)
 * with Joliet and Rock Ridge, UDF (ECMA-167) 1.02 to 2.60. Works on images
 * that lack parts, directories included, and says what is lacking. Names and
 * links are the disc's: escape them before they are shown, and never use one
 * as a path.
 */
#ifndef RESPIN_FILES_H
#define RESPIN_FILES_H

#include <respin/error.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct respin_files;

enum respin_file_kind {
	RESPIN_FILE_REGULAR,
	RESPIN_FILE_DIRECTORY,
	RESPIN_FILE_SYMLINK,
	RESPIN_FILE_OTHER, /* devices, sockets: a name and nothing else */
};

enum respin_file_state {
	RESPIN_FILE_WHOLE,     /* every byte is in the image */
	RESPIN_FILE_HIT,       /* some are missing */
	RESPIN_FILE_UNTOUCHED, /* none is there, and none was given up */
	RESPIN_FILE_UNKNOWN,   /* a name is there; where the bytes lie cannot be read */
};

struct respin_file {
	size_t size;          /* sizeof(struct respin_file) of the caller */
	const char *path;     /* "/" between names; UTF-8; valid until the next respin_files_at */
	const char *target;   /* of a symbolic link, as the disc has it; else NULL */
	uint64_t size_bytes;  /* as the file system says */
	uint64_t have_bytes;  /* in the image */
	uint64_t hoped_bytes; /* not there yet: non-tried, or failed and not given up */
	uint64_t lost_bytes;  /* given up, or beyond the end of the image's map */
	int64_t modified_s;   /* since the epoch; INT64_MIN: unknown */
	uint8_t kind;         /* enum respin_file_kind */
	uint8_t state;  /* enum respin_file_state; of a directory WHOLE or UNKNOWN: is its list complete? */
	uint8_t orphan; /* nothing leads to it any more; it hangs where it can */
	uint8_t broken; /* what the disc says of it contradicts itself */
};

struct respin_files_info {
	size_t size;           /* sizeof(struct respin_files_info) of the caller */
	char format[24];       /* "Rock Ridge", "UDF 2.50", ... */
	char volume[128];      /* its name, UTF-8 */
	uint64_t count;        /* of entries, for respin_files_at */
	uint64_t image_bytes;  /* of the image as it is */
	uint64_t volume_bytes; /* as the file system claims; 0: it does not */
	uint64_t states[4];    /* regular files by enum respin_file_state */
	uint64_t directories, incomplete_directories;
	uint8_t cut; /* more entries than anybody can want: the rest is left out */
};

struct respin_files_options {
	size_t size;
	uint64_t session_lba; /* the session to look at begins there; 0: the first one */
	uint8_t plain;        /* ISO 9660's own names, even where there are better ones */
};

/*
 * Reads what `image` holds. map: its mapfile; NULL: everything in the image
 * counts as there. options may be NULL. RESPIN_E_INVALID (cannot be read),
 * _MAP_DAMAGED, _UNSUPPORTED (no file system that is known), _NOMEM.
 */
RESPIN_API int respin_files_open(const char *image, const char *map,
				 const struct respin_files_options *options, struct respin_files **files,
				 struct respin_error *error);
RESPIN_API void respin_files_destroy(struct respin_files *files); /* NULL is accepted */

RESPIN_API void respin_files_info(const struct respin_files *files, struct respin_files_info *info);

/* An entry, from 0; a directory comes before what is in it. 1, 0 behind the last one, or RESPIN_E_NOMEM. */
RESPIN_API int respin_files_at(struct respin_files *files, uint64_t index, struct respin_file *file);

/*
 * The first stretch of the file at or after byte `from` that the image lacks:
 * its place in the file, and its status on the disc (RESPIN_BAD also where the
 * image ends before). 1, or 0 where nothing is missing any more.
 */
RESPIN_API int respin_files_missing(const struct respin_files *files, uint64_t index, uint64_t from,
				    struct respin_extent *stretch);

/*
 * Up to `len` bytes of the file from `pos_bytes` on; zeros where it was never
 * recorded and where bytes are missing (respin_files_missing tells). How many,
 * 0 at the end, or RESPIN_E_INVALID: the image cannot be read.
 */
RESPIN_API int64_t respin_files_read(struct respin_files *files, uint64_t index, void *data, size_t len,
				     uint64_t pos_bytes);

#ifdef __cplusplus
}
#endif
#endif
