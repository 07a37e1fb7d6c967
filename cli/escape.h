/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way for foreign text (names from discs, drives, paths, messages) to
 * the terminal or a log. Decides by the locale whether bytes beyond ASCII are
 * text. Never shortens in the middle of an escape.
 */
#ifndef CLI_ESCAPE_H
#define CLI_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for every escaped form of a text of `len` bytes. */
#define ESCAPE_ROOM(len) (4 * (len) + 1)

/*
 * Copies `text` to `out`. What could move a cursor, turn text around, hide
 * or forge a line becomes \xNN, byte by byte: C0, DEL, C1, bidi controls,
 * invisible characters, line separators, invalid UTF-8; a backslash is
 * doubled. Returns `out`, always terminated, cut if `cap` is too small.
 */
char *escape_text(char *out, size_t cap, const char *text);

/* Columns that escaped text takes, and the bytes of it that fit into `columns`. */
size_t escape_columns(const char *text);
size_t escape_fit(const char *text, size_t columns);

/* Bytes of the well-formed UTF-8 character at `text` (terminated), whatever the locale; 0: it is none. */
size_t escape_char(const char *text);

/* Whether the locale's text is UTF-8. */
bool escape_utf8(void);

#endif
