/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map as GNU ddrescue writes it, byte for byte its layout, with a few comments
 * of respin's own (mapfile_note.c). Written out by hand instead of printf: a map
 * of 1e5 areas is saved while a drive waits. Does not decide what is durable.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "core/mapfile.h"
#include "core/mapfile_note.h"

/* "0x" and at least 8 digits, at most 16. */
#define HEX_MIN 8
#define HEX_MAX 16
/* "0x" POS "  0x" SIZE "  " STATUS "\n" */
#define BLOCK_MAX (2 + HEX_MAX + 4 + HEX_MAX + 2 + 1 + 1)
/* Lines rendered between two looks at the buffer's room. */
#define BATCH ((size_t)64)

static char *put_hex(char *out, uint64_t number)
{
	int digits = number ? (67 - __builtin_clzll(number)) / 4 : 0;
	if (digits < HEX_MIN)
		digits = HEX_MIN;
	for (int i = digits - 1; i >= 0; i--, number >>= 4)
		out[i] = "0123456789ABCDEF"[number & 15];
	return out + digits;
}

static char *put_block(char *out, uint64_t pos, uint64_t size, enum respin_status status)
{
	memcpy(out, "0x", 2);
	out = put_hex(out + 2, pos);
	memcpy(out, "  0x", 4);
	out = put_hex(out + 4, size);
	memcpy(out, "  ", 2);
	out[2] = "?*/-+"[status];
	out[3] = '\n';
	return out + 4;
}

/* How units become bytes. */
struct scale {
	uint64_t units;
	uint32_t unit_bytes, tail_bytes;
};

static uint64_t to_bytes(const struct scale *scale, uint64_t unit)
{
	if (unit < scale->units || unit == 0 || !scale->tail_bytes)
		return unit * scale->unit_bytes;
	return (scale->units - 1) * scale->unit_bytes + scale->tail_bytes;
}

static void render_blocks(const struct respin_map *map, const struct scale *scale, struct buf *out)
{
	struct respin_range span = map_span(map);
	struct respin_extent runs[BATCH];
	uint64_t pos = span.start, end = span.start + span.count;
	uint64_t pos_bytes = to_bytes(scale, pos);
	while (pos < end) {
		char *room = buf_room(out, BATCH * BLOCK_MAX), *p = room;
		if (!room)
			return;
		size_t n = map_runs(map, pos, runs, BATCH);
		assert(n > 0); /* the map reaches at least to the end of its span */
		for (size_t i = 0; i < n && pos < end; i++) {
			pos = runs[i].range.start + runs[i].range.count;
			if (pos > end)
				pos = end;
			uint64_t next_bytes = to_bytes(scale, pos);
			p = put_block(p, pos_bytes, next_bytes - pos_bytes,
				      (enum respin_status)runs[i].status);
			pos_bytes = next_bytes;
		}
		out->len += (size_t)(p - room);
	}
}

/* ddrescue takes everything to the line end for a comment; nothing may end the line early. */
static void render_raw(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '\n')
			buf_add_str(out, "\\n");
		else if (c < ' ' || c == 0x7f)
			buf_addf(out, "\\x%02X", c);
		else
			buf_add(out, text, 1);
	}
}

/*
 * ddrescue's pass 5 never turns back: '?' left before its position would stay
 * unread, and the map would be called finished all the same.
 */
static uint64_t safe_pos(const struct respin_map *map, const struct mapfile_head *head)
{
	struct respin_extent first;
	if (head->phase == RESPIN_PHASE_SWEEPING && map_find(map, 0, MASK(RESPIN_NON_TRIED), &first) &&
	    first.range.start < head->pos)
		return first.range.start;
	return head->pos;
}

/*
 * Where ddrescue goes on when it takes the rescue over. What respin's first
 * sweep skips, ddrescue's passes 2 to 4 would nibble at and pass 5 read through:
 * that is our second sweep. What we cannot read stays '/' until the very end, so
 * everything after trimming is scraping to ddrescue.
 */
static void render_position(const struct mapfile_head *head, uint64_t pos_bytes, struct buf *out)
{
	const char *direction = head->backwards ? "(backwards)" : "(forwards)";
	char status = '?';
	unsigned pass = 1;
	switch (head->phase) {
	case RESPIN_PHASE_SAMPLE:
	case RESPIN_PHASE_COPYING:
	case RESPIN_PHASE_SWEEPING:
		pass = head->phase == RESPIN_PHASE_SWEEPING ? 5 : 1;
		buf_addf(out, "# Copying non-tried blocks... Pass %u %s\n", pass, direction);
		break;
	case RESPIN_PHASE_TRIMMING:
		status = '*';
		buf_addf(out, "# Trimming failed blocks... %s\n", direction);
		break;
	case RESPIN_PHASE_SCRAPING:
	case RESPIN_PHASE_CLOSING:
		status = '/';
		buf_addf(out, "# Scraping failed blocks... %s\n", direction);
		break;
	case RESPIN_PHASE_RETRYING:
		status = '/';
		buf_addf(out, "# Retrying bad sectors... Retry %" PRIu32 " %s\n", head->pass ? head->pass : 1,
			 direction);
		break;
	case RESPIN_PHASE_FINISHED:
		status = '+';
		buf_add_str(out, "# Finished\n");
		break;
	}
	char line[2 + HEX_MAX + 1] = "0x";
	*put_hex(line + 2, pos_bytes) = '\0';
	buf_addf(out, "# current_pos  current_status  current_pass\n%s     %c               %u\n", line,
		 status, pass);
}

static void render_head(const struct mapfile_head *head, struct buf *out)
{
	buf_addf(out, "# Mapfile. Created by %s\n", head->program);
	if (head->command_line) {
		buf_add_str(out, "# Command line: ");
		render_raw(out, head->command_line);
		buf_add_str(out, "\n");
	}
	if (head->start_time)
		buf_addf(out, "# Start time:   %s\n", head->start_time);
	if (head->current_time)
		buf_addf(out, "# Current time: %s\n", head->current_time);
	mapfile_note_head(out, &head->trailer);
}

void mapfile_render(const struct respin_map *map, uint32_t unit_bytes, uint32_t tail_bytes,
		    const struct mapfile_head *head, struct buf *out)
{
	struct scale scale = {map_total(map), unit_bytes, tail_bytes};
	uint64_t whole;
	assert(unit_bytes > 0 && tail_bytes < unit_bytes);
	assert(!__builtin_mul_overflow(scale.units, unit_bytes, &whole) && whole <= MAPFILE_MAX_POS);

	size_t start = out->len;
	render_head(head, out);
	render_position(head, to_bytes(&scale, safe_pos(map, head)), out);
	buf_add_str(out, "#      pos        size  status\n");
	render_blocks(map, &scale, out);
	mapfile_note_trailer(out, start, &head->trailer);
}
