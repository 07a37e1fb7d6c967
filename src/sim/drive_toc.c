/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of a disc as a drive hands them out: READ TOC/PMA/ATIP, READ DISC
 * INFORMATION, READ TRACK INFORMATION (MMC-6 6.25, 6.21, 6.26). They are copies
 * of the layout; whether it is true is the scenario's business.
 */
#include "sim/drive_answer.h"

#include "base/be.h"
#include "core/cdb.h"

#define TOC_MAX (4u + 11u * (LAYOUT_TRACKS_MAX * 4u)) /* full TOC: three points a session and the tracks */
#define ADR_POSITION 0x10u                            /* Q sub-channel mode 1: current position */
#define LEAD_IN_FRAMES 150u                           /* LBA 0 is 00:02:00 */

/* 6.25: READ TOC formats. */
enum toc_format { TOC_TRACKS, TOC_SESSIONS, TOC_FULL, TOC_CD_TEXT = 5 };

struct frames {
	uint8_t minute, second, frame;
};

/* 4.2.3.1; what is too far for three bytes is FFh:3Bh:4Ah, 255:59:74. */
static struct frames msf_of(uint64_t lba)
{
	uint64_t at = lba + LEAD_IN_FRAMES;
	if (at / 75 / 60 > 255)
		return (struct frames){255, 59, 74};
	return (struct frames){(uint8_t)(at / 75 / 60), (uint8_t)(at / 75 % 60), (uint8_t)(at % 75)};
}

static void address_put(uint8_t *field, uint64_t lba, bool msf)
{
	struct frames at = msf_of(lba);
	if (!msf) {
		be32_put(field, (uint32_t)lba);
		return;
	}
	field[0] = 0;
	field[1] = at.minute;
	field[2] = at.second;
	field[3] = at.frame;
}

static uint8_t control(const struct layout_track *track)
{
	return ADR_POSITION | (track->audio ? 0 : CDB_TRACK_DATA);
}

/* 6.25.3.2: every track from the one asked for, then the lead-out of the last session. */
static void toc_tracks(struct answering *a, const struct layout_toc *toc, bool msf)
{
	unsigned char b[4 + 8 * (LAYOUT_TRACKS_MAX + 1)] = {0};
	uint8_t from = a->cdb[6];
	size_t len = 4;
	if (from > toc->track_count && from != CDB_TRACK_LEAD_OUT) {
		answer_bad_field(a->answer);
		return;
	}
	b[2] = toc->tracks[0].number;
	b[3] = toc->tracks[toc->track_count - 1].number;
	for (unsigned i = 0; i < toc->track_count; i++) {
		if (toc->tracks[i].number < from)
			continue;
		b[len + 1] = control(&toc->tracks[i]);
		b[len + 2] = toc->tracks[i].number;
		address_put(b + len + 4, toc->tracks[i].start, msf);
		len += 8;
	}
	b[len + 1] = control(&toc->tracks[toc->track_count - 1]);
	b[len + 2] = CDB_TRACK_LEAD_OUT;
	address_put(b + len + 4, toc->sessions[toc->session_count - 1].lead_out, msf);
	len += 8;
	be16_put(b, (uint16_t)(len - 2));
	answer_reply(a, b, len, be16(a->cdb + 7));
}

/* 6.25.3.3: where the last complete session begins. */
static void toc_sessions(struct answering *a, const struct layout_toc *toc, bool msf)
{
	const struct layout_track *first =
		&toc->tracks[toc->sessions[toc->session_count - 1].first_track - 1];
	unsigned char b[12] = {0, sizeof b - 2, 1, (unsigned char)toc->session_count};
	b[5] = control(first);
	b[6] = first->number;
	address_put(b + 8, first->start, msf);
	answer_reply(a, b, sizeof b, be16(a->cdb + 7));
}

/* One entry of the lead-in, 11 bytes: minute, second and frame of the point stand in `at`. */
static size_t point_put(unsigned char *b, uint8_t session, uint8_t adr_control, uint8_t point,
			struct frames at)
{
	b[0] = session;
	b[1] = adr_control;
	b[3] = point;
	b[8] = at.minute;
	b[9] = at.second;
	b[10] = at.frame;
	return 11;
}

/* 6.25.3.4: what stands in each lead-in, sessions from the one asked for. CD alone has it. */
static void toc_full(struct answering *a, const struct layout_toc *toc)
{
	unsigned char b[TOC_MAX] = {0};
	size_t len = 4;
	if (a->cdb[6] > toc->session_count) {
		answer_bad_field(a->answer);
		return;
	}
	b[2] = 1;
	b[3] = (unsigned char)toc->session_count;
	for (unsigned i = 0; i < toc->session_count; i++) {
		const struct layout_session *s = &toc->sessions[i];
		const struct layout_track *first = &toc->tracks[s->first_track - 1];
		const struct layout_track *last = &toc->tracks[s->last_track - 1];
		uint8_t number = (uint8_t)(i + 1);
		if (number < a->cdb[6])
			continue;
		/* A0h: first track and kind of disc (00h: CD-DA or CD-ROM); A1h: last track; A2h: lead-out. */
		len += point_put(b + len, number, control(first), 0xa0,
				 (struct frames){s->first_track, 0, 0});
		len += point_put(b + len, number, control(last), 0xa1, (struct frames){s->last_track, 0, 0});
		len += point_put(b + len, number, control(last), 0xa2, msf_of(s->lead_out));
		for (const struct layout_track *t = first; t <= last; t++)
			len += point_put(b + len, number, control(t), t->number, msf_of(t->start));
	}
	be16_put(b, (uint16_t)(len - 2));
	answer_reply(a, b, len, be16(a->cdb + 7));
}

/* The format stands in byte 2; where that is 0, SFF-8020 drives took it from byte 9, and Linux still asks so. */
void answer_toc(struct answering *a)
{
	struct layout_toc toc;
	const struct layout *layout = &a->drive->layout;
	uint8_t format = a->cdb[2] & 0x0f;
	bool msf = a->cdb[1] & 0x02;
	if (!format)
		format = a->cdb[9] >> 6;
	layout_toc(layout, &toc);
	if (!layout->has_sessions || !toc.track_count) {
		answer_bad_field(a->answer);
		return;
	}
	static const unsigned char no_text[4] = {0, 2};
	if (format == TOC_TRACKS)
		toc_tracks(a, &toc, msf);
	else if (format == TOC_SESSIONS)
		toc_sessions(a, &toc, msf);
	else if (format == TOC_FULL && layout->family == FAMILY_CD)
		toc_full(a, &toc);
	else if (format == TOC_CD_TEXT && layout->family == FAMILY_CD)
		answer_reply(a, no_text, sizeof no_text, be16(a->cdb + 7));
	else
		answer_bad_field(a->answer);
}

enum disc_status { DISC_EMPTY, DISC_INCOMPLETE, DISC_FINALISED, DISC_OTHER };
enum session_status { SESSION_EMPTY, SESSION_INCOMPLETE, SESSION_COMPLETE = 3 };

/* 6.21.3.1: standard disc information. */
void answer_disc_info(struct answering *a)
{
	const struct layout *layout = &a->drive->layout;
	unsigned char b[34] = {0, sizeof b - 2};
	if (a->cdb[1] & 0x07) {
		answer_bad_field(a->answer);
		return;
	}
	unsigned count = layout->session_count;
	const struct layout_session *last = &layout->sessions[count ? count - 1 : 0];
	b[2] = layout->open ? SESSION_INCOMPLETE << 2 | DISC_INCOMPLETE
			    : SESSION_COMPLETE << 2 | DISC_FINALISED;
	if (layout_is_rewritable(layout->profile))
		b[2] |= 0x10; /* erasable */
	b[3] = 1;
	b[4] = (unsigned char)count;
	b[5] = last->first_track;
	b[6] = last->last_track;
	b[7] = 0x20; /* URU: for any use */
	/* Start of the last lead-in, last possible start of a lead-out: none. */
	be32_put(b + 16, UINT32_MAX);
	be32_put(b + 20, UINT32_MAX);
	answer_reply(a, b, sizeof b, be16(a->cdb + 7));
}

enum address_type { ADDRESS_LBA, ADDRESS_TRACK, ADDRESS_SESSION };
#define TRACK_INVISIBLE 0xffu

static const struct layout_track *track_asked(struct answering *a)
{
	const struct layout *layout = &a->drive->layout;
	uint32_t number = be32(a->cdb + 2);
	switch (a->cdb[1] & 0x03) {
	case ADDRESS_LBA:
		return layout_track_at(layout, number);
	case ADDRESS_TRACK:
		if (number == TRACK_INVISIBLE && layout->open)
			number = layout->track_count;
		return number && number <= layout->track_count ? &layout->tracks[number - 1] : NULL;
	case ADDRESS_SESSION:
		if (!number || number > layout->session_count)
			return NULL;
		return &layout->tracks[layout->sessions[number - 1].first_track - 1];
	default:
		return NULL;
	}
}

/* A track on which writing could go on: the last one of an open disc. */
static bool is_open(const struct layout *layout, const struct layout_track *track)
{
	return layout->open && track->number == layout->track_count && layout->next_writable >= track->start;
}

/* 6.26.3 */
void answer_track_info(struct answering *a)
{
	const struct layout *layout = &a->drive->layout;
	const struct layout_track *track = track_asked(a);
	unsigned char b[36] = {0, sizeof b - 2};
	if (!track) {
		answer_bad_field(a->answer);
		return;
	}
	bool open = is_open(layout, track);
	uint64_t next = open && layout->next_writable < track->end ? layout->next_writable : track->end;
	b[2] = track->number;
	b[3] = track->session;
	b[5] = track->audio ? 0 : CDB_TRACK_DATA;
	b[6] = track->audio ? 0x0f : 0x01; /* data mode: unknown, mode 1 */
	if (next == track->start)
		b[6] |= 0x40; /* blank */
	if (layout->fixed_packets) {
		b[6] |= 0x20 | 0x10; /* packet, fixed */
		be32_put(b + 20, LAYOUT_PACKET);
	}
	be32_put(b + 8, (uint32_t)track->start);
	be32_put(b + 24, (uint32_t)(track->end - track->start));
	if (open && next < track->end) {
		b[7] |= 0x01; /* NWA_V */
		be32_put(b + 12, (uint32_t)next);
		be32_put(b + 16, (uint32_t)(track->end - next));
	}
	/* A CD's closed tracks do not say; what was recorded of others is known. */
	if (next > track->start && (open || layout->family != FAMILY_CD)) {
		b[7] |= 0x02; /* LRA_V */
		be32_put(b + 28, (uint32_t)(next - 1));
	}
	answer_reply(a, b, sizeof b, be16(a->cdb + 7));
}
