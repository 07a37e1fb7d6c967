/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The image and the map on disk, and the one rule between them: the map never
 * calls finished what the image does not durably hold. Spans gather in an open
 * group; a commit syncs the image, then folds the group into the durable map,
 * then replaces the mapfile. Does not decide when to commit (sink_file does),
 * does not open or refuse (output does). One thread.
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include <stdbool.h>

#include <respin/sink.h>

#include "core/map.h"
#include "core/mapfile.h"
#include "io/files.h"
#include "io/layout.h"
#include "io/store_holes.h"
#include "io/store_past.h"
#include "io/store_witness.h"

/* One stretch written to the image and not known to be durable. */
struct store_write {
	struct respin_range range;
	const unsigned char *data; /* in one of the blocks; NULL where nothing is retained */
};

/* What was written and recorded since the last commit. */
struct group {
	struct respin_span *spans;
	size_t span_count, span_cap;
	struct store_write *writes;
	size_t write_count, write_cap;
	unsigned char **blocks; /* ours until the commit */
	size_t block_count, block_cap;
	uint64_t memory_bytes;
};

struct store {
	struct respin_io io;
	struct place *image_at, *map_at;
	int image;          /* one handle for life: a new one may never hear of an older write's failure */
	uint8_t image_kind; /* enum respin_io_kind */
	bool retain;        /* a sync can fail here, and then needs the bytes once more */
	struct layout layout;

	struct respin_map *map; /* what is durable; with the saved mapfile as its text */
	struct mapfile_head head;
	char start_time[24], current_time[24];
	struct buf text;

	struct respin_io_stat image_id;
	struct respin_io_stat map_id; /* the mapfile as we renamed or read it last */
	uint64_t map_hash;            /* of its text */
	bool has_map;                 /* otherwise none is expected at its place */
	bool has_like;                /* a map was there: its mode and owner are kept */
	struct respin_io_stat like;
	const char *twin_name; /* a second copy, where a rename may lose both names; NULL: none */
	bool has_twin;
	bool map_unsure; /* replacing it failed half way: the twin is the copy that is certain */
	const struct place *emergency; /* where the last map goes if its own place fails; NULL: nowhere */
	const char *keep_name;         /* under this name the map found goes on; NULL: not at all */
	struct buf keep_text;          /* the map found */
	int reserve;                   /* an unlinked file that holds room for the last map; -1: none */
	uint64_t reserve_bytes;
	bool wants_reserve;

	struct holes holes;
	struct witness witness;
	struct past past;
	struct group group;
	bool rewrite; /* a sync failed for want of room: before the next one the group is written once more */
	bool unsaved; /* the map on disk is older than the durable one: there was no room for it */
	bool reopened;        /* since the last commit: only one try between two */
	int map_gone;         /* the negative errno with which the map's place cannot even be looked at */
	char notice[512];     /* what a person should know and was not told yet; empty: nothing */
	uint64_t written_end; /* the image is at least so long, or somebody has cut it */
	struct respin_range ahead; /* bytes in sequence whose write-back was not begun yet */
	uint64_t commits, committed_ns, last_save_ns;
	bool touched;      /* something was put: the map at the end will differ */
	unsigned repaired; /* syncs that failed and whose bytes were written once more */
	bool sync_ignored;
};

/* Zeroes it and takes note of the layout; the caller fills in files, map and head. */
void store_init(struct store *store, const struct respin_io *io, const struct layout *layout);
/* Frees the group and the text; files and the map are the caller's. */
void store_finish(struct store *store);

/*
 * Writes the bytes of the outcome's spans and records the spans in the open
 * group. Takes outcome->bytes, unless it fails. RESPIN_E_OUTPUT, _FULL, _NOMEM,
 * _OTHER_FILE: nothing of this outcome is recorded; the group is as it was.
 */
int store_put(struct store *store, struct respin_outcome *outcome, struct respin_error *error);

/* Something is recorded that no map on disk tells yet. */
bool store_is_dirty(const struct store *store);

/*
 * Makes the group durable. `last`: also where there is nothing new, with a full
 * sync. If the image cannot be synced, the group is written once more from
 * memory; if that fails too, it is dropped, the map of the older durable state
 * is saved and RESPIN_E_OUTPUT or _FULL returned. RESPIN_E_FULL and still dirty:
 * everything is kept; call it again when there is room, or store_give_up.
 * RESPIN_E_OTHER_FILE: image or map is no longer ours; nothing is touched.
 */
int store_commit(struct store *store, bool last, struct respin_error *error);

/*
 * There will be no room: drops what the commit that failed has kept. A group is
 * gone, and the map of the older durable state is saved; a map goes elsewhere,
 * if there is such a place, and *error gets to know it.
 */
void store_give_up(struct store *store, struct respin_error *error);

/* The durable map as text; false: no memory. */
bool store_render(struct store *store);
/* Renders it and replaces the mapfile. */
int store_save_map(struct store *store, struct respin_error *error);

/* The second copy is of no more use. */
void store_drop_twin(struct store *store);

/* Holds some room back for the last map, or holds it again; false: there is none. Gives it away. */
bool store_hold_reserve(struct store *store);
void store_free_reserve(struct store *store);

/* files_error, and what to do about it. */
int store_error(struct respin_error *error, int rc, const char *path, const char *what);

/* Adds a sentence to what the person should know. */
void store_say(struct store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Has the disk no room now, which may change? (A file that may not be longer is another matter.) */
bool store_lacks_room(int rc);

/* Writes the whole group once more. 0 or a negative errno. */
int store_rewrite(struct store *store);

/*
 * store_rescue.c: the server forgot our handles (ESTALE). Opens the image's
 * directory and the image anew, makes sure that it is the same one, and writes
 * the group once more. 0 or the negative errno with which the output is gone.
 */
int store_reopen(struct store *store);
/* stat of the image, reopened once if need be. */
int store_stat_image(struct store *store, struct respin_io_stat *stat);
/* stat of a name, its directory reopened once if need be. */
int store_stat_at(struct store *store, struct place *place, struct respin_io_stat *stat);
/* The durable map into the emergency directory, if there is one. `error` says why, and gets to know where. */
void store_save_elsewhere(struct store *store, struct respin_error *error);

/* Gives up the group: its blocks are freed, its spans forgotten. */
void group_clear(struct group *group);

#endif
