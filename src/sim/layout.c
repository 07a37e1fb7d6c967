/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of layout.h: lists of sectors into sessions and tracks, and back. */
#include "sim/layout.h"

#include <assert.h>

#include "core/sense.h"

/* MMC-6 5.3.1. */
enum profile {
	PROFILE_CD_ROM = 0x0008,
	PROFILE_CD_R = 0x0009,
	PROFILE_CD_RW = 0x000a,
	PROFILE_DVD_ROM = 0x0010,
	PROFILE_DVD_R = 0x0011,
	PROFILE_DVD_RAM = 0x0012,
	PROFILE_DVD_RW_RESTRICTED = 0x0013,
	PROFILE_DVD_RW_SEQUENTIAL = 0x0014,
	PROFILE_DVD_R_DL = 0x0015,
	PROFILE_DVD_R_DL_JUMP = 0x0016,
	PROFILE_DVD_RW_DL = 0x0017,
	PROFILE_DVD_PLUS_RW = 0x001a,
	PROFILE_DVD_PLUS_R = 0x001b,
	PROFILE_DVD_PLUS_RW_DL = 0x002a,
	PROFILE_DVD_PLUS_R_DL = 0x002b,
	PROFILE_BD_ROM = 0x0040,
	PROFILE_BD_R_SRM = 0x0041,
	PROFILE_BD_R_RRM = 0x0042,
	PROFILE_BD_RE = 0x0043,
};

uint16_t layout_profile(const struct disc_params *params)
{
	if (params->profile)
		return (uint16_t)params->profile;
	return params->medium ? params->medium->profile : PROFILE_DVD_ROM;
}

bool layout_is_write_once(uint16_t profile)
{
	switch (profile) {
	case PROFILE_CD_R:
	case PROFILE_DVD_R:
	case PROFILE_DVD_R_DL:
	case PROFILE_DVD_R_DL_JUMP:
	case PROFILE_DVD_PLUS_R:
	case PROFILE_DVD_PLUS_R_DL:
	case PROFILE_BD_R_SRM:
	case PROFILE_BD_R_RRM:
		return true;
	default:
		return false;
	}
}

bool layout_is_rewritable(uint16_t profile)
{
	switch (profile) {
	case PROFILE_CD_RW:
	case PROFILE_DVD_RAM:
	case PROFILE_DVD_RW_RESTRICTED:
	case PROFILE_DVD_RW_SEQUENTIAL:
	case PROFILE_DVD_RW_DL:
	case PROFILE_DVD_PLUS_RW:
	case PROFILE_DVD_PLUS_RW_DL:
	case PROFILE_BD_RE:
		return true;
	default:
		return false;
	}
}

/* Their TOC is made up by the drive out of the borders (Katata to T10, 2002). */
static bool is_dvd_minus(uint16_t profile)
{
	switch (profile) {
	case PROFILE_DVD_R:
	case PROFILE_DVD_RW_RESTRICTED:
	case PROFILE_DVD_RW_SEQUENTIAL:
	case PROFILE_DVD_R_DL:
	case PROFILE_DVD_R_DL_JUMP:
	case PROFILE_DVD_RW_DL:
		return true;
	default:
		return false;
	}
}

#define PACKET_STRETCH 1.2 /* 32 blocks of 39 count: the track is 1.22 times as long per LBA */

static enum medium_family family_of(const struct disc_params *params, uint16_t profile)
{
	if (!params->profile && params->medium)
		return params->medium->family;
	if (profile >= PROFILE_CD_ROM && profile <= PROFILE_CD_RW)
		return FAMILY_CD;
	return profile >= PROFILE_BD_ROM && profile <= PROFILE_BD_RE ? FAMILY_BD : FAMILY_DVD;
}

static void track_add(struct layout *layout, uint64_t start, uint64_t end, bool audio)
{
	if (layout->track_count == LAYOUT_TRACKS_MAX || start >= end)
		return;
	unsigned number = ++layout->track_count;
	layout->tracks[number - 1] = (struct layout_track){
		.start = start,
		.end = end,
		.number = (uint8_t)number,
		.session = (uint8_t)layout->session_count,
		.audio = audio,
	};
}

/* A session is cut into tracks where its sectors change between data and audio. */
static void session_add(struct layout *layout, uint64_t start, uint64_t end)
{
	if (layout->track_count == LAYOUT_TRACKS_MAX || start >= end)
		return;
	struct layout_session *session = &layout->sessions[layout->session_count++];
	session->start = start;
	session->lead_out = end;
	session->first_track = (uint8_t)(layout->track_count + 1);
	const struct ranges *audio = &layout->params->audio;
	for (size_t i = 0; i < audio->count && start < end; i++) {
		uint64_t first = audio->items[i].first, next = audio->items[i].last + 1;
		if (next <= start || first >= end)
			continue;
		first = first < start ? start : first;
		next = next > end ? end : next;
		track_add(layout, start, first, false);
		track_add(layout, first, next, true);
		start = next;
	}
	track_add(layout, start, end, false);
	session->last_track = (uint8_t)layout->track_count;
}

/*
 * Open discs: a disc that can be written once and is blank at its end, or one
 * whose capacity reads 0, because no session was ever completed.
 */
static void find_open(struct layout *layout)
{
	const struct disc_params *p = layout->params;
	const struct ranges *blank = &p->blank;
	const struct ranges_item *tail = blank->count ? &blank->items[blank->count - 1] : NULL;
	bool blank_tail = tail && tail->last + 1 >= layout->sectors;
	layout->has_sessions = p->last != 0;
	layout->open = !layout->has_sessions || (blank_tail && layout_is_write_once(layout->profile));
	layout->next_writable = blank_tail ? tail->first : layout->sectors;
}

void layout_init(struct layout *layout, const struct disc_params *params, uint64_t sectors)
{
	*layout = (struct layout){.params = params, .sectors = sectors, .profile = layout_profile(params)};
	layout->family = family_of(params, layout->profile);
	if (!params->sessions.count)
		session_add(layout, 0, sectors);
	for (size_t i = 0; i < params->sessions.count; i++) {
		uint64_t end = params->sessions.items[i].last + 1;
		session_add(layout, params->sessions.items[i].first, end < sectors ? end : sectors);
	}
	find_open(layout);
	layout->fixed_packets = layout->profile == PROFILE_CD_RW && params->stretch >= PACKET_STRETCH;
	layout->plain =
		!params->sessions.count && !params->audio.count && !params->blank.count && !params->runout;
}

const struct layout_track *layout_track_at(const struct layout *layout, uint64_t sector)
{
	for (unsigned i = 0; i < layout->track_count; i++)
		if (sector < layout->tracks[i].end)
			return sector >= layout->tracks[i].start ? &layout->tracks[i] : NULL;
	return NULL;
}

/* Run-out stands at the end of data tracks alone. */
static uint64_t runout_start(const struct layout *layout, const struct layout_track *track)
{
	uint64_t runout = track->audio ? 0 : layout->params->runout;
	uint64_t len = track->end - track->start;
	return track->end - (runout < len ? runout : len);
}

/* Keeps the earlier of two findings; of two at one place the first that was found. */
static void found(enum layout_kind *kind, uint64_t *at, enum layout_kind other, uint64_t where)
{
	if (*kind == LAYOUT_DATA || where < *at) {
		*kind = other;
		*at = where;
	}
}

static void look_at_tracks(const struct layout *layout, uint64_t start, uint64_t last, enum layout_kind *kind,
			   uint64_t *at)
{
	uint64_t next = start; /* up to here every sector lies in a track */
	for (unsigned i = 0; i < layout->track_count && layout->tracks[i].start <= last; i++) {
		const struct layout_track *track = &layout->tracks[i];
		if (track->end <= start)
			continue;
		if (track->start > next)
			break;
		next = track->end;
		uint64_t runout = runout_start(layout, track);
		runout = runout > start ? runout : start;
		if (runout < track->end && runout <= last)
			found(kind, at, LAYOUT_RUNOUT, runout);
		if (track->audio)
			found(kind, at, LAYOUT_AUDIO, track->start > start ? track->start : start);
	}
	if (next <= last)
		found(kind, at, LAYOUT_GAP, next);
}

enum layout_kind layout_look(const struct layout *layout, uint64_t start, uint64_t count, uint64_t *first)
{
	assert(count > 0);
	enum layout_kind kind = LAYOUT_DATA;
	uint64_t last = start + count - 1, at = start, blank;
	if (ranges_find(&layout->params->blank, start, last, &blank))
		found(&kind, &at, LAYOUT_BLANK, blank);
	look_at_tracks(layout, start, last, &kind, &at);
	*first = at;
	return kind;
}

/* MMC-6 annex F; which of them a drive takes for a place that holds nothing differs: estimates. */
void layout_sense(const struct layout *layout, enum layout_kind kind, struct respin_sense *sense)
{
	switch (kind) {
	case LAYOUT_DATA:
		*sense = (struct respin_sense){0};
		return;
	case LAYOUT_AUDIO: /* illegal mode for this track */
		*sense = (struct respin_sense){.key = SENSE_ILLEGAL_REQUEST, .asc = 0x64};
		return;
	case LAYOUT_GAP: /* no seek complete: a lead-in counts other addresses */
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x02};
		return;
	case LAYOUT_RUNOUT: /* L-EC uncorrectable */
		*sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x11, .ascq = 0x05};
		return;
	case LAYOUT_BLANK: /* DVD: redumper #127, a DVD+R past its end; the others: blank check */
		if (layout->family == FAMILY_DVD && layout->params->medium)
			*sense = (struct respin_sense){.key = SENSE_ILLEGAL_REQUEST, .asc = 0x64};
		else
			*sense = (struct respin_sense){.key = SENSE_BLANK_CHECK};
		return;
	}
}

uint32_t layout_last_lba(const struct layout *layout)
{
	if (layout->params->last != UINT64_MAX)
		return (uint32_t)layout->params->last;
	if (!layout->session_count)
		return 0;
	uint64_t lead_out = layout->sessions[layout->session_count - 1].lead_out;
	return lead_out ? (uint32_t)(lead_out - 1) : 0;
}

void layout_toc(const struct layout *layout, struct layout_toc *toc)
{
	*toc = (struct layout_toc){.track_count = layout->track_count,
				   .session_count = layout->session_count};
	for (unsigned i = 0; i < layout->track_count; i++)
		toc->tracks[i] = layout->tracks[i];
	for (unsigned i = 0; i < layout->session_count; i++)
		toc->sessions[i] = layout->sessions[i];
	if (!is_dvd_minus(layout->profile) || layout->session_count <= 2)
		return;
	const struct layout_session *last = &layout->sessions[layout->session_count - 1];
	const struct layout_session *before = last - 1;
	toc->session_count = toc->track_count = 2;
	toc->tracks[0] = (struct layout_track){layout->sessions[0].start, before->lead_out, 1, 1, false};
	toc->tracks[1] = (struct layout_track){last->start, last->lead_out, 2, 2, false};
	toc->sessions[0] = (struct layout_session){layout->sessions[0].start, before->lead_out, 1, 1};
	toc->sessions[1] = (struct layout_session){last->start, last->lead_out, 2, 2};
}
