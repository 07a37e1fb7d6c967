/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a disc is laid out: sessions, tracks, the gaps between them, run-out
 * blocks, places that were never recorded. Derived from disc_params; tells what
 * a sector is and what the tables of the disc say. No damage, no time, no bytes.
 */
#ifndef SIM_LAYOUT_H
#define SIM_LAYOUT_H

#include <respin/types.h>

#include "sim/disc_params.h"

/* What stands at a sector. Everything but DATA is refused to READ. */
enum layout_kind {
	LAYOUT_DATA,
	LAYOUT_AUDIO,
	LAYOUT_GAP,    /* lead-out and lead-in between two sessions */
	LAYOUT_RUNOUT, /* the blocks that a burner stops in: never whole */
	LAYOUT_BLANK,  /* not recorded */
};

#define LAYOUT_TRACKS_MAX 99u /* of a CD; what a TOC can number */
#define LAYOUT_PACKET 32u     /* blocks, as DirectCD and InCD write them */

struct layout_track {
	uint64_t start, end; /* [start, end), run-out included */
	uint8_t number, session;
	bool audio;
};

struct layout_session {
	uint64_t start, lead_out;
	uint8_t first_track, last_track;
};

struct layout {
	const struct disc_params *params; /* borrowed */
	uint16_t profile;
	enum medium_family family;
	uint64_t sectors;
	bool plain; /* every sector is data: nothing to look up */
	/* Not finalised: it could be written on, from next_writable. No complete session at all: `last` is 0. */
	bool open, has_sessions;
	uint64_t next_writable;
	bool fixed_packets; /* of LAYOUT_PACKET blocks: the addressing leaves out 7 link blocks behind each */
	unsigned track_count, session_count;
	struct layout_track tracks[LAYOUT_TRACKS_MAX];
	struct layout_session sessions[LAYOUT_TRACKS_MAX];
};

/* Of a disc of `sectors`, which is disc.sectors. Borrows `params`. */
void layout_init(struct layout *layout, const struct disc_params *params, uint64_t sectors);

/*
 * The first sector of start .. start + count - 1 that READ does not deliver,
 * into *first, and what it is; LAYOUT_DATA: all of them are data. count > 0.
 */
enum layout_kind layout_look(const struct layout *layout, uint64_t start, uint64_t count, uint64_t *first);

static inline enum layout_kind layout_find(const struct layout *layout, uint64_t start, uint64_t count,
					   uint64_t *first)
{
	return layout->plain ? LAYOUT_DATA : layout_look(layout, start, count, first);
}

/*
 * What a drive answers to READ there. Audio and, on DVD, the unrecorded are
 * refused at once (05/64/00); blank elsewhere 8/00/00; gaps and run-out are
 * tried and fail: they cost what a failing block costs.
 */
void layout_sense(const struct layout *layout, enum layout_kind kind, struct respin_sense *sense);
static inline bool layout_is_slow(enum layout_kind kind)
{
	return kind == LAYOUT_GAP || kind == LAYOUT_RUNOUT;
}

/* The track that holds a sector; NULL: none (a gap). */
const struct layout_track *layout_track_at(const struct layout *layout, uint64_t sector);

/* What READ CAPACITY claims as the last LBA, true or not. */
uint32_t layout_last_lba(const struct layout *layout);

/*
 * The sessions as READ TOC shows them: those of the disc, but on DVD-R and
 * DVD-RW at most two tracks, all borders but the last merged into the first.
 */
struct layout_toc {
	unsigned track_count, session_count;
	struct layout_track tracks[LAYOUT_TRACKS_MAX];
	struct layout_session sessions[LAYOUT_TRACKS_MAX];
};
void layout_toc(const struct layout *layout, struct layout_toc *toc);

/* The profile of a disc: what it says, or its medium's, or that of a DVD-ROM. */
uint16_t layout_profile(const struct disc_params *params);

/* May it be written, once or again and again? By its profile, MMC-6 5.3.1. */
bool layout_is_write_once(uint16_t profile);
bool layout_is_rewritable(uint16_t profile);

#endif
