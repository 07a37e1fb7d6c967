/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapfile's lines put together into a map of bytes: what may follow what, what
 * a trailer proves, and whether the text was cut short. Repairs nothing. Fields
 * are mapfile_lex.c's, our own comments mapfile_note.c's.
 */
#include "core/mapfile.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "core/mapfile_lex.h"
#include "core/mapfile_note.h"

/* Of a long path its end tells more, and the reason after it must still fit. */
#define NAME_SHOWN 300

/* "0 1 ?" and its line end */
#define LINE_MIN 6

struct parser {
	struct mapfile_lex lex;
	struct mapfile_notes notes;
	struct respin_map_position position;
	bool has_status;
	uint64_t blocks;

	struct respin_map *map;
	struct respin_range span;    /* from the first block's start to the last one's end */
	struct respin_extent merged; /* strict: equal neighbours, not yet in the map */

	bool loose;
	enum respin_status gap_status;
	struct respin_map *seen; /* loose: '+' where a block has spoken */

	const char *name;
	struct respin_error *error;
};

static uint64_t end_of(struct respin_range range)
{
	return range.start + range.count;
}

static int no_memory(struct parser *p)
{
	return error_set(p->error, RESPIN_E_NOMEM, 0, "%s: no memory for the map", p->name);
}

static int damaged(struct parser *p, const char *reason, const char *detail)
{
	return error_set(p->error, RESPIN_E_MAP_DAMAGED, 0, "%s: line %" PRIu64 ": %s%s%s", p->name,
			 p->lex.line, reason, detail ? ": " : "", detail ? detail : "");
}

static int flush(struct parser *p)
{
	if (map_set(p->map, p->merged.range, (enum respin_status)p->merged.status) < 0)
		return no_memory(p);
	p->merged.range.count = 0;
	return 0;
}

static int add_strict(struct parser *p, const struct respin_extent *block)
{
	if (p->blocks > 0 && block->range.start != end_of(p->span))
		return damaged(p, "blocks are not contiguous",
			       block->range.start < end_of(p->span) ? "this one lies over the one before"
								    : "there is a gap before this one");
	if (p->blocks == 0)
		p->span.start = block->range.start;
	p->span.count = end_of(block->range) - p->span.start;

	if (p->merged.range.count > 0 && p->merged.status == block->status) {
		p->merged.range.count += block->range.count;
		return 0;
	}
	int code = flush(p);
	p->merged = *block;
	return code;
}

/* Whether a block of another status has already spoken about a part of this one. */
static bool contradicts(struct parser *p, const struct respin_extent *block)
{
	uint64_t end = end_of(block->range);
	struct respin_extent seen, other;
	for (uint64_t pos = block->range.start; pos < end; pos = end_of(seen.range)) {
		if (!map_find(p->seen, pos, MASK(RESPIN_FINISHED), &seen) || seen.range.start >= end)
			return false;
		if (map_find(p->map, seen.range.start, MASK_ALL & ~MASK(block->status), &other) &&
		    other.range.start < end && other.range.start < end_of(seen.range))
			return true;
	}
	return false;
}

static int add_loose(struct parser *p, const struct respin_extent *block)
{
	if (contradicts(p, block))
		return damaged(p, "blocks of different status overlap", NULL);
	if (map_set(p->map, block->range, (enum respin_status)block->status) < 0 ||
	    map_set(p->seen, block->range, RESPIN_FINISHED) < 0)
		return no_memory(p);
	if (end_of(block->range) > p->span.count)
		p->span.count = end_of(block->range);
	return 0;
}

/* Gaps get their status; where the last block has that one too, it has no end. */
static int fill_gaps(struct parser *p)
{
	struct respin_extent gap;
	for (uint64_t pos = 0; map_find(p->seen, pos, MASK_UNFINISHED, &gap); pos = end_of(gap.range)) {
		if (gap.range.start >= p->span.count)
			break;
		if (map_set(p->map, gap.range, p->gap_status) < 0)
			return no_memory(p);
	}
	if (p->span.count == 0 || map_at(p->map, p->span.count - 1) != p->gap_status)
		return 0;
	struct respin_range rest = {p->span.count, MAPFILE_MAX_POS - p->span.count};
	p->span.count = MAPFILE_MAX_POS;
	return map_set(p->map, rest, p->gap_status) < 0 ? no_memory(p) : 0;
}

static int add_line(struct parser *p, const struct mapfile_line *line)
{
	if (!p->has_status) {
		const char *reason = mapfile_lex_status(line, &p->position);
		p->has_status = true;
		return reason ? damaged(p, "bad or missing status line", reason) : 0;
	}
	struct respin_extent block;
	const char *reason = mapfile_lex_block(line, &block);
	if (reason)
		return damaged(p, "bad block line", reason);
	if (p->blocks >= MAPFILE_MAX_EXTENTS)
		return damaged(p, "more blocks than any disc can need", NULL);
	int code = p->loose ? add_loose(p, &block) : add_strict(p, &block);
	p->blocks++;
	return code;
}

/*
 * More lines that begin with a number than there may be blocks: known before a
 * tree of them is built. Only where the text is long enough for so many.
 */
static bool too_many_lines(const struct mapfile_lex *lex)
{
	uint64_t lines = 0;
	if (lex->len / LINE_MIN <= MAPFILE_MAX_EXTENTS)
		return false;
	for (const char *at = lex->text, *end = at + lex->len; at < end; lines++) {
		lines -= *at < '0' || *at > '9';
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		at = stop ? stop + 1 : end;
	}
	return lines > MAPFILE_MAX_EXTENTS + 1; /* one is the status line */
}

static int parse(struct parser *p)
{
	if (p->lex.len > MAPFILE_MAX_BYTES)
		return error_set(p->error, RESPIN_E_MAP_DAMAGED, 0,
				 "%s: longer than any disc can need (%u MiB at most)", p->name,
				 MAPFILE_MAX_BYTES >> 20);
	if (too_many_lines(&p->lex))
		return error_set(p->error, RESPIN_E_MAP_DAMAGED, 0,
				 "%s: more blocks than any disc can need (%u at most)", p->name,
				 MAPFILE_MAX_EXTENTS);
	p->map = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	if (p->loose)
		p->seen = map_create(MAPFILE_MAX_POS, RESPIN_NON_TRIED);
	if (!p->map || (p->loose && !p->seen))
		return no_memory(p);

	struct mapfile_line line;
	while (mapfile_lex_next(&p->lex, &line)) {
		if (line.comment) {
			mapfile_note_read(&p->notes, &line, p->lex.pos);
			continue;
		}
		int code = add_line(p, &line);
		if (code < 0)
			return code;
	}
	int code = p->loose ? fill_gaps(p) : flush(p);
	if (code < 0)
		return code;
	map_set_span(p->map, p->span);
	*map_position(p->map) = p->position;
	return 0;
}

static void fill_info(const struct parser *p, bool parsed, struct mapfile_info *info)
{
	const struct mapfile_notes *notes = &p->notes;
	const char *text = p->lex.text;
	size_t len = p->lex.len;
	bool in_mid_line = len == 0 || text[len - 1] != '\n';

	*info = (struct mapfile_info){.trailer = notes->trailer};
	info->keep_bytes = notes->keep_bytes ? notes->keep_bytes : notes->trailer.keep_bytes;
	/* A map by hand may lack its last line end: with a block in it, it is a map. */
	info->torn =
		(in_mid_line && (!parsed || p->blocks == 0)) || (notes->promised && !notes->trailer.present);
	if (p->blocks == 0)
		info->state = MAPFILE_EMPTY;
	else if (parsed && notes->trailer.present && !mapfile_note_intact(notes, text, len))
		info->state = MAPFILE_EDITED;
}

int mapfile_parse(const char *text, size_t len, const char *name, const struct respin_map_options *options,
		  struct respin_map **map, struct mapfile_info *info, struct respin_error *error)
{
	size_t name_len = strlen(name);
	struct parser p = {
		.lex = {.text = text, .len = len},
		.position = {.status = '?', .pass = 1},
		.name = name_len > NAME_SHOWN ? name + name_len - NAME_SHOWN : name,
		.error = error,
	};
	if (options) {
		assert(options->size >= sizeof *options && options->gap_status < RESPIN_STATUSES);
		p.loose = options->loose;
		p.gap_status = (enum respin_status)options->gap_status;
	}
	int code = parse(&p);
	if (info && len <= MAPFILE_MAX_BYTES)
		fill_info(&p, code == 0, info);
	else if (info)
		*info = (struct mapfile_info){0};
	map_destroy(p.seen);
	if (code < 0)
		map_destroy(p.map);
	else
		*map = p.map;
	return code;
}
