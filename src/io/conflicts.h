/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of what images disagree about, beside the image that was made of
 * them: one line a run, for people, and for the next merge, which must know
 * what was left open. Grows in a file of another name and takes its place at
 * the end; a run that was cut off leaves that file, and it is read, too.
 */
#ifndef IO_CONFLICTS_H
#define IO_CONFLICTS_H

#include <stdbool.h>

#include <respin/error.h>
#include <respin/io.h>

#include "base/buf.h"
#include "core/map.h"
#include "io/files.h"

struct conflicts {
	struct respin_io io;
	struct place at;
	char *growing_name;
	int file; /* -1: nothing to list so far */
	uint64_t len_bytes, lines;
	struct buf head, text;
	bool named; /* its name is durable */
};

/*
 * PATH: the list's. *past becomes a map of `units` in which '+' is what an
 * earlier merge left open and '/' what it settled; NULL: nothing.
 * RESPIN_E_INVALID (no list), the codes of an output.
 */
int conflicts_open(struct conflicts *conflicts, const struct respin_io *io, const char *path, uint64_t units,
		   struct respin_map **past, struct respin_error *error);

/* A line of the head, without '#' and line end; before the first conflict. */
void conflicts_head(struct conflicts *conflicts, const char *line);
/* A line: "open" or "settled", the range, and who says what. Written before the map tells of it. */
int conflicts_add(struct conflicts *conflicts, bool open, struct respin_range range, const char *sides,
		  struct respin_error *error);

/* The list is whole: it takes the place of the earlier one, or there is none any more. */
int conflicts_close(struct conflicts *conflicts, struct respin_error *error);
/* Lets go of everything; what was not closed stays as a run that was cut off leaves it. */
void conflicts_finish(struct conflicts *conflicts);

#endif
