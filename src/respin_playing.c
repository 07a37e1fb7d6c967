/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The playing time that an image lacks: finds a disc's tables and streams among
 * its files, has src/fs read the tables, and looks up what is missing of the
 * streams. Decodes nothing.
 */
#include <respin/files.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fs/titles.h"

#define TABLE_BYTES_MAX (8u << 20) /* the longest that are known have some hundreds of kilobytes */
#define STREAM_PARTS 9u            /* of a title set, VTS_nn_1.VOB to VTS_nn_9.VOB */
#define JOIN_MS 500u               /* a video object unit lasts so long: nothing is to be seen between */
#define NOWHERE UINT64_MAX

enum role { TABLE, BACKUP, STREAM, CLIP, CLIP_BACKUP };

/* A file that matters, by what its path says. */
struct piece {
	enum respin_playing_kind kind;
	enum role role;
	uint32_t number; /* title set, playlist or clip */
	uint32_t order;  /* of a stream: its part, from 1 */
	uint64_t file, size_bytes;
	uint64_t begin_bytes; /* of a stream: where the part begins in it */
	/* What was asked last of it: from here on, the first missing stretch is that one. */
	uint64_t asked;
	struct respin_extent answer;
};

struct pieces {
	struct piece *list;
	size_t count, cap;
};

static void pieces_finish(struct pieces *pieces)
{
	free(pieces->list);
}

/* ---- which files ---- */

/* "VTS_01_1.VOB" against "VTS_##_#.VOB": digits are taken in order, a # each; case does not matter. */
static bool fits(const char *name, const char *form, uint32_t digits[5])
{
	size_t taken = 0;
	for (; *form && *name; form++, name++) {
		if (*form == '#' && isdigit((unsigned char)*name) && taken < 5)
			digits[taken++] = (uint32_t)(*name - '0');
		else if (*form == '#' || toupper((unsigned char)*name) != *form)
			return false;
	}
	return !*form && !*name;
}

static bool is_dvd(const char *name, struct piece *piece)
{
	uint32_t d[5] = {0};
	piece->kind = RESPIN_PLAYING_TITLE;
	if (fits(name, "VIDEO_TS/VIDEO_TS.IFO", d) || fits(name, "VIDEO_TS/VTS_##_0.IFO", d))
		piece->role = TABLE;
	else if (fits(name, "VIDEO_TS/VIDEO_TS.BUP", d) || fits(name, "VIDEO_TS/VTS_##_0.BUP", d))
		piece->role = BACKUP;
	else if (fits(name, "VIDEO_TS/VTS_##_#.VOB", d) && d[2])
		piece->role = STREAM;
	else
		return false;
	piece->number = d[0] * 10 + d[1]; /* 0: the disc's own table */
	piece->order = d[2];
	return true;
}

static bool is_bdmv(const char *name, bool backup, struct piece *piece)
{
	uint32_t d[5] = {0};
	piece->kind = RESPIN_PLAYING_PLAYLIST;
	if (fits(name, "PLAYLIST/#####.MPLS", d) || fits(name, "PLAYLIST/#####.MPL", d))
		piece->role = backup ? BACKUP : TABLE;
	else if (fits(name, "CLIPINF/#####.CLPI", d) || fits(name, "CLIPINF/#####.CPI", d))
		piece->role = backup ? CLIP_BACKUP : CLIP;
	else if (fits(name, "STREAM/#####.M2TS", d) || fits(name, "STREAM/#####.MTS", d))
		piece->role = STREAM;
	else
		return false;
	piece->number = (((d[0] * 10 + d[1]) * 10 + d[2]) * 10 + d[3]) * 10 + d[4];
	piece->order = 1;
	return true;
}

/* By the last two names of the path, and whether BACKUP stands before them. */
static bool is_piece(const char *path, struct piece *piece)
{
	const char *last = strrchr(path, '/'), *above = last;
	while (above && above > path && above[-1] != '/')
		above--;
	if (!above)
		return false;
	size_t before = (size_t)(above - path);
	bool backup = before >= 7 && !strncasecmp(above - 7, "BACKUP/", 7);
	return is_dvd(above, piece) || is_bdmv(above, backup, piece);
}

static int by_stream(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The parts of a title set lie end to end; one whose name is lost was as long as the first. */
static void place_streams(struct pieces *pieces)
{
	for (size_t i = 1; i < pieces->count; i++) {
		const struct piece *before = &pieces->list[i - 1];
		struct piece *piece = &pieces->list[i];
		if (piece->role != STREAM || before->role != STREAM || piece->kind != before->kind ||
		    piece->number != before->number || piece->order <= before->order)
			continue;
		piece->begin_bytes =
			before->begin_bytes + before->size_bytes * (piece->order - before->order);
	}
}

static int collect(struct respin_files *files, struct pieces *pieces)
{
	struct respin_file file = {.size = sizeof file};
	int more;
	for (uint64_t i = 0; (more = respin_files_at(files, i, &file)) > 0; i++) {
		struct piece piece = {.file = i, .size_bytes = file.size_bytes, .asked = NOWHERE};
		if (file.kind != RESPIN_FILE_REGULAR || !is_piece(file.path, &piece))
			continue;
		if (pieces->count == pieces->cap) {
			size_t cap = pieces->cap ? 2 * pieces->cap : 64;
			struct piece *larger = reallocarray(pieces->list, cap, sizeof *larger);
			if (!larger)
				return RESPIN_E_NOMEM;
			pieces->list = larger;
			pieces->cap = cap;
		}
		pieces->list[pieces->count++] = piece;
	}
	if (pieces->count)
		qsort(pieces->list, pieces->count, sizeof *pieces->list, by_stream);
	place_streams(pieces);
	return more;
}

/* The first of them, in their order; NULL: there is none. */
static struct piece *piece_of(const struct pieces *pieces, enum respin_playing_kind kind, enum role role,
			      uint32_t number)
{
	const struct piece key = {.kind = kind, .role = role, .number = number};
	size_t low = 0, high = pieces->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_stream(&pieces->list[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	struct piece *found = low < pieces->count ? &pieces->list[low] : NULL;
	return found && found->kind == kind && found->role == role && found->number == number ? found : NULL;
}

/* ---- tables ---- */

struct bytes {
	uint8_t *at;
	size_t len;
};

static void bytes_finish(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){0};
}

/* All of a table. False: something of it is missing, or it is none. */
static bool load(struct respin_files *files, const struct piece *piece, struct bytes *bytes)
{
	struct respin_extent missing;
	bytes_finish(bytes);
	if (!piece || !piece->size_bytes || piece->size_bytes > TABLE_BYTES_MAX ||
	    respin_files_missing(files, piece->file, 0, &missing))
		return false;
	bytes->at = malloc((size_t)piece->size_bytes);
	bytes->len = (size_t)piece->size_bytes;
	return bytes->at &&
	       respin_files_read(files, piece->file, bytes->at, bytes->len, 0) == (int64_t)bytes->len;
}

struct look {
	struct respin_files *files;
	struct pieces pieces;
	struct fs_titles titles;
	struct bytes table, clip;
	uint32_t clip_number;
	void (*tell)(void *arg, const struct respin_playing *playing);
	void *arg;
};

/* bdmv_clip_lookup; the last one is kept, playlists use the same clip again and again. */
static const uint8_t *clip_of(void *arg, uint32_t number, size_t *len, uint64_t *stream_bytes)
{
	struct look *look = arg;
	const struct piece *stream = piece_of(&look->pieces, RESPIN_PLAYING_PLAYLIST, STREAM, number);
	*stream_bytes = stream ? stream->size_bytes : 0;
	if (!look->clip.at || look->clip_number != number) {
		look->clip_number = number;
		if (!load(look->files, piece_of(&look->pieces, RESPIN_PLAYING_PLAYLIST, CLIP, number),
			  &look->clip) &&
		    !load(look->files, piece_of(&look->pieces, RESPIN_PLAYING_PLAYLIST, CLIP_BACKUP, number),
			  &look->clip))
			bytes_finish(&look->clip);
	}
	*len = look->clip.len;
	return look->clip.at;
}

static bool read_table(struct look *look, const struct piece *piece)
{
	if (!load(look->files, piece, &look->table))
		return false;
	const uint8_t *at = look->table.at;
	if (piece->kind == RESPIN_PLAYING_PLAYLIST)
		return bdmv_playlist_read(&look->titles, piece->number, at, look->table.len, clip_of, look);
	return piece->number ? dvd_set_read(&look->titles, piece->number, at, look->table.len)
			     : dvd_numbers_read(&look->titles, at, look->table.len);
}

/* ---- what is missing ---- */

/* The first missing stretch of the part at or after `pos`; false: none. */
static bool missing_from(struct look *look, struct piece *piece, uint64_t pos, struct respin_extent *stretch)
{
	if (piece->asked == NOWHERE || pos < piece->asked ||
	    pos >= piece->answer.range.start + piece->answer.range.count) {
		piece->asked = pos;
		if (!respin_files_missing(look->files, piece->file, pos, &piece->answer))
			piece->answer = (struct respin_extent){{NOWHERE / 2, 1}, RESPIN_FINISHED};
	}
	*stretch = piece->answer;
	if (stretch->range.start < pos) {
		stretch->range.count -= pos - stretch->range.start;
		stretch->range.start = pos;
	}
	return stretch->status != RESPIN_FINISHED;
}

static uint64_t ms_at(const struct fs_segment *segment, uint64_t bytes)
{
	uint64_t len = segment->until_bytes - segment->from_bytes, in = bytes - segment->from_bytes;
	uint64_t ms = segment->until_ms - segment->from_ms;
	return segment->from_ms + (uint64_t)((unsigned __int128)in * ms / len);
}

static void flush(struct look *look, struct respin_playing *part)
{
	if (part->status != RESPIN_FINISHED)
		look->tell(look->arg, part);
	part->status = RESPIN_FINISHED;
}

/* Bytes of a segment that are missing, joined to what was before them. */
static void add_missing(struct look *look, struct respin_playing *part, const struct fs_segment *segment,
			uint64_t from, uint64_t until, uint8_t status)
{
	uint64_t from_ms = ms_at(segment, from), until_ms = ms_at(segment, until);
	if (part->status == status && from_ms >= part->from_ms && from_ms <= part->until_ms + JOIN_MS) {
		part->until_ms = until_ms > part->until_ms ? until_ms : part->until_ms;
		return;
	}
	flush(look, part);
	part->status = status;
	part->from_ms = from_ms;
	part->until_ms = until_ms;
}

/* A segment over the parts of its stream; where there is no part, nothing is left of it. */
static void look_up(struct look *look, struct respin_playing *part, const struct fs_segment *segment)
{
	struct piece *piece = piece_of(&look->pieces, part->kind, STREAM, segment->stream);
	const struct piece *end = look->pieces.list + look->pieces.count;
	uint64_t pos = segment->from_bytes;
	for (; piece && piece < end && piece->kind == part->kind && piece->role == STREAM &&
	       piece->number == segment->stream && pos < segment->until_bytes;
	     piece++) {
		uint64_t until = piece->begin_bytes + piece->size_bytes;
		if (until <= pos)
			continue;
		if (pos < piece->begin_bytes && piece->begin_bytes < segment->until_bytes) {
			add_missing(look, part, segment, pos, piece->begin_bytes, RESPIN_BAD);
			pos = piece->begin_bytes;
		}
		until = until < segment->until_bytes ? until : segment->until_bytes;
		struct respin_extent stretch;
		while (pos < until && missing_from(look, piece, pos - piece->begin_bytes, &stretch) &&
		       piece->begin_bytes + stretch.range.start < until) {
			uint64_t from = piece->begin_bytes + stretch.range.start;
			pos = from + stretch.range.count < until ? from + stretch.range.count : until;
			add_missing(look, part, segment, from, pos, stretch.status);
		}
		pos = pos < until ? until : pos;
	}
	if (pos < segment->until_bytes)
		add_missing(look, part, segment, pos, segment->until_bytes, RESPIN_BAD);
}

static void tell_title(struct look *look, enum respin_playing_kind kind, const struct fs_title *title)
{
	struct respin_playing part = {.size = sizeof part,
				      .kind = (uint8_t)kind,
				      .status = RESPIN_FINISHED,
				      .number =
					      kind == RESPIN_PLAYING_PLAYLIST ? title->in_set : title->number,
				      .set = title->set,
				      .in_set = title->in_set,
				      .length_ms = title->length_ms};
	look->tell(look->arg, &part);
	for (size_t i = 0; i < title->count; i++)
		look_up(look, &part, &look->titles.segments[title->first + i]);
	flush(look, &part);
}

/* The tables of one kind, each or its backup. The disc's own DVD-Video table comes last: it numbers the titles. */
static void tell_kind(struct look *look, enum respin_playing_kind kind)
{
	const struct pieces *pieces = &look->pieces;
	uint32_t last = UINT32_MAX;
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->list[i];
		/* A backup alone will do, and so will streams without either. */
		if (piece->kind != kind || piece->role > STREAM || piece->number == last ||
		    (kind == RESPIN_PLAYING_TITLE && !piece->number) ||
		    (kind == RESPIN_PLAYING_PLAYLIST && piece->role == STREAM) ||
		    (piece->role > TABLE && piece_of(pieces, kind, TABLE, piece->number)) ||
		    (piece->role > BACKUP && piece_of(pieces, kind, BACKUP, piece->number)))
			continue;
		last = piece->number;
		if (read_table(look, piece_of(pieces, kind, TABLE, last)) ||
		    read_table(look, piece_of(pieces, kind, BACKUP, last)))
			continue;
		const struct respin_playing unknown = {
			.size = sizeof unknown,
			.kind = (uint8_t)kind,
			.status = RESPIN_FINISHED,
			.unknown = 1,
			.number = kind == RESPIN_PLAYING_PLAYLIST ? last : 0,
			.set = kind == RESPIN_PLAYING_TITLE ? last : 0,
		};
		look->tell(look->arg, &unknown);
	}
	if (kind == RESPIN_PLAYING_TITLE && !read_table(look, piece_of(pieces, kind, TABLE, 0)))
		(void)read_table(look, piece_of(pieces, kind, BACKUP, 0));
	for (size_t i = 0; i < look->titles.count; i++)
		tell_title(look, kind, &look->titles.list[i]);
}

int respin_files_playing(struct respin_files *files,
			 void (*tell)(void *arg, const struct respin_playing *playing), void *arg,
			 struct respin_error *error)
{
	struct look look = {.files = files, .tell = tell, .arg = arg};
	int code = collect(files, &look.pieces);
	for (unsigned kind = RESPIN_PLAYING_TITLE; code == 0 && kind <= RESPIN_PLAYING_PLAYLIST; kind++) {
		tell_kind(&look, (enum respin_playing_kind)kind);
		if (look.titles.no_memory)
			code = RESPIN_E_NOMEM;
		fs_titles_finish(&look.titles);
	}
	pieces_finish(&look.pieces);
	bytes_finish(&look.table);
	bytes_finish(&look.clip);
	return code < 0 ? error_set(error, code, 0, "no memory for the titles") : 0;
}
