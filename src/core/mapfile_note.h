/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The comments by which respin knows a map of its own: the sector size, the
 * promise of a last line, and that line with its checksum. To ddrescue they are
 * comments like any other, and a map that ddrescue has rewritten lacks them.
 */
#ifndef CORE_MAPFILE_NOTE_H
#define CORE_MAPFILE_NOTE_H

#include "core/mapfile.h"
#include "core/mapfile_lex.h"

/* What the comments of one file said. */
struct mapfile_notes {
	bool promised; /* a last line was announced */
	uint32_t keep_bytes;
	struct mapfile_trailer trailer;
	uint32_t crc;
	size_t trailer_start, trailer_end; /* offsets of the trailer's line */
};

/* Looks at one comment line. `next` is the offset of the line after it. */
void mapfile_note_read(struct mapfile_notes *notes, const struct mapfile_line *line, size_t next);

/* Whether the trailer is the last line and what stands before it is what was written. */
bool mapfile_note_intact(const struct mapfile_notes *notes, const char *text, size_t len);

/* The two ends of a file that is to have a trailer; `start` is where it begins in `out`. */
void mapfile_note_head(struct buf *out, const struct mapfile_trailer *trailer);
void mapfile_note_trailer(struct buf *out, size_t start, const struct mapfile_trailer *trailer);

#endif
