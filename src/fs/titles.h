/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What plays when: titles of DVD-Video and of BDMV discs as stretches of
 * streams, each with its part of the playing time. From the bytes of the disc's
 * tables alone, which are hostile; knows no files and no map.
 */
#ifndef FS_TITLES_H
#define FS_TITLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Budgets: a disc has 99 titles, or some hundreds of playlists with some thousands of points of entry each. */
#define FS_TITLES_MAX 4096u
#define FS_SEGMENTS_MAX 1000000u
#define FS_TITLE_STEPS_MAX 30000000u

/* Bytes of a stream, and when they play: evenly in between. */
struct fs_segment {
	uint32_t stream; /* DVD-Video: the title set; BDMV: the number that is the clip's name */
	uint64_t from_bytes, until_bytes;
	uint64_t from_ms, until_ms; /* of the title */
};

struct fs_title {
	uint32_t number; /* as players show it; 0: the disc does not tell it any more */
	uint32_t set,
		in_set; /* DVD-Video: the title set, and its number there; BDMV: 0, and the playlist's number */
	uint64_t length_ms;
	size_t first, count; /* segments */
};

struct fs_titles {
	struct fs_title *list;
	size_t count, cap;
	struct fs_segment *segments;
	size_t segment_count, segment_cap;
	uint64_t steps; /* what was looked at, in all */
	bool no_memory;
};

void fs_titles_finish(struct fs_titles *titles);

/* A new one, whose segments follow. NULL: no memory, or more than any disc has. */
struct fs_title *fs_titles_begin(struct fs_titles *titles, uint32_t set, uint32_t in_set);
/* To the last title; times that run backwards or bytes that do so are left out. */
void fs_titles_add(struct fs_titles *titles, struct fs_segment segment);

/* Counts so many points that are to be looked at. False: no disc asks for so much. */
bool fs_titles_step(struct fs_titles *titles, uint64_t steps);

/* VTS_nn_0.IFO or its BUP. False: it is none. */
bool dvd_set_read(struct fs_titles *titles, uint32_t set, const uint8_t *bytes, size_t len);
/* VIDEO_TS.IFO or its BUP: the numbers of the titles, when all sets were read. */
bool dvd_numbers_read(struct fs_titles *titles, const uint8_t *bytes, size_t len);

/* A clip's information: bytes that the caller keeps until the playlist was read. NULL: there is none. */
typedef const uint8_t *bdmv_clip_lookup(void *arg, uint32_t clip, size_t *len, uint64_t *stream_bytes);
/* A playlist. False: it is none. */
bool bdmv_playlist_read(struct fs_titles *titles, uint32_t number, const uint8_t *bytes, size_t len,
			bdmv_clip_lookup *lookup, void *arg);

#endif
