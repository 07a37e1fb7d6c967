/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin's own comments in a mapfile, written and read. The trailer's checksum
 * covers every byte before it; that it is whole itself is shown by its line end.
 */
#include "core/mapfile_note.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"

#define SECTOR_SIZE "# Sector size:"
#define PROMISE "# Last line begins with '# end': without it this file was cut short."
#define TRAILER "# end gen="

static void skip_blanks(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
}

static bool skip_word(const char **p, const char *end, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(end - *p) < len || memcmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

/* "NAME=NUMBER" after what was read so far. */
static bool read_field(const char **p, const char *end, const char *name, uint64_t *number)
{
	return skip_word(p, end, name) && mapfile_lex_decimal(p, end, number);
}

static bool read_crc(const char **p, const char *end, uint32_t *crc)
{
	if (!skip_word(p, end, " crc32c=") || end - *p < 8)
		return false;
	uint32_t value = 0;
	for (int i = 0; i < 8; i++) {
		const char *digits = "0123456789ABCDEF";
		const char *digit = memchr(digits, (*p)[i], 16);
		if (!digit)
			return false;
		value = value << 4 | (uint32_t)(digit - digits);
	}
	*p += 8;
	*crc = value;
	return true;
}

static bool read_trailer(const struct mapfile_line *line, struct mapfile_trailer *trailer, uint32_t *crc)
{
	const char *p = line->text, *end = line->text + line->len;
	uint64_t keep = 0;
	struct mapfile_trailer found = {.present = true};
	if (!read_field(&p, end, TRAILER, &found.generation) || !read_crc(&p, end, crc) ||
	    !read_field(&p, end, " image=", &found.image_dev) ||
	    !read_field(&p, end, ":", &found.image_ino) ||
	    !read_field(&p, end, " size=", &found.image_size_bytes))
		return false;
	if (read_field(&p, end, " keep=", &keep) && keep <= UINT32_MAX)
		found.keep_bytes = (uint32_t)keep;
	*trailer = found;
	return true;
}

void mapfile_note_read(struct mapfile_notes *notes, const struct mapfile_line *line, size_t next)
{
	if (mapfile_lex_is(line, PROMISE))
		notes->promised = true;
	if (mapfile_lex_is(line, SECTOR_SIZE)) {
		const char *p = line->text + strlen(SECTOR_SIZE), *end = line->text + line->len;
		uint64_t size;
		skip_blanks(&p, end);
		if (mapfile_lex_decimal(&p, end, &size) && size <= UINT32_MAX)
			notes->keep_bytes = (uint32_t)size;
	}
	/* Cut within its own line, a trailer says nothing that can be trusted. */
	if (!line->last && read_trailer(line, &notes->trailer, &notes->crc)) {
		notes->trailer_start = line->start;
		notes->trailer_end = next;
	}
}

bool mapfile_note_intact(const struct mapfile_notes *notes, const char *text, size_t len)
{
	return notes->trailer_end == len && notes->crc == crc32c(text, notes->trailer_start);
}

void mapfile_note_head(struct buf *out, const struct mapfile_trailer *trailer)
{
	if (trailer->keep_bytes)
		buf_addf(out, SECTOR_SIZE "  %" PRIu32 "\n", trailer->keep_bytes);
	if (trailer->present)
		buf_add_str(out, PROMISE "\n");
}

void mapfile_note_trailer(struct buf *out, size_t start, const struct mapfile_trailer *trailer)
{
	if (!trailer->present || out->failed)
		return;
	buf_addf(out, TRAILER "%" PRIu64 " crc32c=%08" PRIX32 " image=%" PRIu64 ":%" PRIu64 " size=%" PRIu64,
		 trailer->generation, crc32c(out->data + start, out->len - start), trailer->image_dev,
		 trailer->image_ino, trailer->image_size_bytes);
	if (trailer->keep_bytes)
		buf_addf(out, " keep=%" PRIu32, trailer->keep_bytes);
	buf_add_str(out, "\n");
}
