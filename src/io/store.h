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

/* Where units lie in the image. */
struct layout {
	uint64_t units;
	uint32_t unit_bytes, tail_bytes;
};

/* The byte at which a unit begins; of `units`, where the image ends. */
static inline uint64_t layout_pos(const struct layout *layout, uint64_t unit)
{
	uint64_t pos = unit * layout->unit_bytes;
	if (unit == layout->units && layout->tail_bytes)
		pos -= layout->unit_bytes - layout->tail_bytes;
	return pos;
}

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
	const struct place *image_at, *map_at;
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
	bool has_map;                 /* otherwise none is expected at its place */
	bool has_like;                /* a map was there: its mode and owner are kept */
	struct respin_io_stat like;
	const char *keep_name;       /* under this name the map found goes on; NULL: not at all */
	struct buf keep_text;        /* the map found */
	int reserve; /* an unlinked file that holds room for the last map; -1: none */

	struct group group;
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
 * group. Takes outcome->bytes. RESPIN_E_OUTPUT, _FULL, _NOMEM: nothing of this
 * outcome is recorded; the group is as it was.
 */
int store_put(struct store *store, struct respin_outcome *outcome, struct respin_error *error);

bool store_is_dirty(const struct store *store);

/*
 * Makes the group durable. `last`: also where there is nothing new, with a full
 * sync. If the image cannot be synced, the group is written once more from
 * memory; if that fails too, it is dropped, the map of the older durable state
 * is saved and RESPIN_E_OUTPUT or _FULL returned. RESPIN_E_OTHER_FILE: image or
 * map is no longer ours; nothing is touched.
 */
int store_commit(struct store *store, bool last, struct respin_error *error);

/* Renders and replaces the mapfile as the durable map has it. */
int store_save_map(struct store *store, struct respin_error *error);

/* Holds some room back for the last map; gives it away. */
void store_hold_reserve(struct store *store);
void store_free_reserve(struct store *store);

/* Gives up the group: its blocks are freed, its spans forgotten. */
void group_clear(struct group *group);

#endif
