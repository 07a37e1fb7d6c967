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
#include <respin/map.h>
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
	RESPIN_FILE_HIT,       /* some are missing, or where the rest lies cannot be read */
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

/* A piece of a file whose bytes lie together and have one status. */
struct respin_file_run {
	size_t size;
	uint64_t file_bytes; /* where in the file */
	uint64_t disc_bytes; /* where in the image; of a hole 0 */
	uint64_t len_bytes;
	uint8_t status; /* enum respin_status; of a hole RESPIN_FINISHED */
	uint8_t hole;   /* never recorded: zeros */
	uint8_t placed; /* 0: the file system says that it is there, but not where */
};

/* Why the list may not be that of the disc as it was last. */
enum respin_files_doubt {
	RESPIN_FILES_SURE,
	RESPIN_FILES_OLDER, /* what was written last cannot be read: this is how the disc was before */
	RESPIN_FILES_UNMOVED, /* the table of packets that were moved is gone: old bytes may pass for new ones */
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
	uint8_t cut;   /* more entries than anybody can want: the rest is left out */
	uint8_t doubt; /* enum respin_files_doubt */
	uint64_t
		session_lba; /* where the session begins that these are; of UDF, where the ICB of its VAT lies */
};

struct respin_files_options {
	size_t size;
	uint64_t session_lba; /* the session to look at, as respin_files_sessions tells it; 0: the newest */
	uint8_t plain;        /* ISO 9660's own names, even where there are better ones */
	uint8_t first;        /* with session_lba 0: the session that begins there, not the newest */
};

/* A state that the disc was in when a session had been written. */
struct respin_files_session {
	uint64_t lba; /* where it begins; of UDF, where the ICB of its VAT lies */
	uint8_t udf;
};
#define RESPIN_SESSIONS_MAX 10000 /* respin_files_sessions tells no more */

/*
 * Reads what `image` holds. map: its mapfile; NULL: everything in the image
 * counts as there. options may be NULL. RESPIN_E_INVALID (cannot be read),
 * _MAP_DAMAGED, _UNSUPPORTED (no file system that is known), _NOMEM.
 */
RESPIN_API int respin_files_open(const char *image, const char *map,
				 const struct respin_files_options *options, struct respin_files **files,
				 struct respin_error *error);
/*
 * The sessions that can still be found, the newest last: how many, `most` of
 * them at most. Reads the whole image. RESPIN_E_INVALID, _MAP_DAMAGED, _NOMEM.
 */
RESPIN_API int respin_files_sessions(const char *image, const char *map, struct respin_files_session *list,
				     size_t most, struct respin_error *error);
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

/* The first piece at or after byte `from` of the file, cut there. 1, or 0: no more. */
RESPIN_API int respin_files_run(const struct respin_files *files, uint64_t index, uint64_t from,
				struct respin_file_run *run);

/*
 * Up to `len` bytes of the file from `pos_bytes` on; zeros where it was never
 * recorded and where bytes are missing (respin_files_missing tells). How many,
 * 0 at the end, or RESPIN_E_INVALID: the image cannot be read.
 */
RESPIN_API int64_t respin_files_read(struct respin_files *files, uint64_t index, void *data, size_t len,
				     uint64_t pos_bytes);

enum respin_playing_kind {
	RESPIN_PLAYING_TITLE,    /* of DVD-Video */
	RESPIN_PLAYING_PLAYLIST, /* of BDMV: a Blu-ray disc's, or a camcorder's */
};

/* A title, or a part of its playing time that the image lacks. */
struct respin_playing {
	size_t size;
	uint8_t kind;
	uint8_t status; /* enum respin_status of the part; RESPIN_FINISHED: this is about the title as a whole */
	uint8_t unknown; /* neither the table nor its backup can be read: nothing but `set` or `number` is told */
	uint32_t number;      /* as players show it; 0: not known. Of a playlist: its name */
	uint32_t set, in_set; /* DVD-Video: the title set, and the title's number in it */
	uint64_t length_ms;
	uint64_t from_ms, until_ms;
};

/*
 * The titles of a disc with VIDEO_TS or BDMV, each followed by those parts of
 * its playing time that are missing: by the disc's own tables, and between
 * their points by bytes. Where they lie close together they are told as one.
 * 0, also where nothing plays, or RESPIN_E_NOMEM.
 */
RESPIN_API int respin_files_playing(struct respin_files *files,
				    void (*tell)(void *arg, const struct respin_playing *playing), void *arg,
				    struct respin_error *error);

/*
 * What a rescue that wants files first has to read next, as maps of bytes where
 * finished means wanted; the caller destroys them. For callbacks.focus.
 *
 * The first is about the file system itself: descriptors, tables, directories
 * that a look at what is there asks for and does not find. Of an image that has
 * nothing yet these are the places where one would begin; what is there then
 * leads on, step by step. Also where respin_files_open fails. map may be NULL.
 * RESPIN_E_INVALID, _MAP_DAMAGED, _NOMEM.
 */
RESPIN_API int respin_files_structure(const char *image, const char *map,
				      const struct respin_files_options *options, struct respin_map **lacking,
				      struct respin_error *error);

/*
 * What the image lacks of the regular files for which want() is not 0; want may
 * be NULL: of all. `file` is valid during the call. RESPIN_E_NOMEM.
 */
RESPIN_API int respin_files_lacking(struct respin_files *files,
				    int (*want)(void *arg, const struct respin_file *file), void *arg,
				    struct respin_map **lacking, struct respin_error *error);

/*
 * Of the whole process, for good: it can open and read files, and no more than
 * that; it writes to what is open, starts nothing and signals nobody. For who
 * looks at images that nobody vouches for. Best effort.
 */
RESPIN_API void respin_files_confine(void);

#ifdef __cplusplus
}
#endif
#endif
