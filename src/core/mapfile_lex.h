/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapfile's lines and fields, as leniently as GNU ddrescue reads them and no
 * more so. Does not know what the fields mean together; mapfile_parse.c does.
 */
#ifndef CORE_MAPFILE_LEX_H
#define CORE_MAPFILE_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <respin/map.h>

/* ddrescue keeps this much of a line, counted from its first visible character. */
#define MAPFILE_LINE_KEPT 127

struct mapfile_lex {
	const char *text;
	size_t len, pos;
	uint64_t line; /* number of the line returned last, from 1 */
};

struct mapfile_line {
	const char *text; /* not terminated; begins with a visible character */
	size_t len;
	size_t start; /* offset of the line in the file */
	bool comment; /* a line that is nothing but a comment; `text` begins with '#' */
	bool last;    /* no line end follows */
};

/* The next line that is not blank. False: the text is over. */
bool mapfile_lex_next(struct mapfile_lex *lex, struct mapfile_line *line);

/* Whether a comment line begins with `prefix`. */
bool mapfile_lex_is(const struct mapfile_line *line, const char *prefix);

/* Both return NULL, or what is wrong with the line. */
const char *mapfile_lex_status(const struct mapfile_line *line, struct respin_map_position *position);
const char *mapfile_lex_block(const struct mapfile_line *line, struct respin_extent *extent);

/* Unsigned decimal at *p, before end; false: none, or too large. Moves *p. */
bool mapfile_lex_decimal(const char **p, const char *end, uint64_t *number);

#endif
