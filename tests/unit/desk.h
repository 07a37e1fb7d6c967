/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A rescue without a source: an output on memio, outcomes made by hand, and what
 * must be true of image and map at any time. The disc's bytes are a function of
 * unit and place, so that no test needs a copy of them.
 */
#ifndef TESTS_DESK_H
#define TESTS_DESK_H

#include "io/output.h"
#include "memio.h"

#define DESK_IMAGE "/out/disc.iso"
#define DESK_MAP "/out/disc.iso.map"

struct desk {
	struct memio *memio;
	struct respin_output_options options;
	struct respin_source_info info;
	struct output *output;
	struct respin_sink sink;
	struct respin_error error;
	uint64_t seq;
	enum respin_phase phase; /* of the requests to come */
	uint8_t flags;
};

/* A directory /out, a disc of `units` units of 2048 bytes in ECC blocks of 16. */
void desk_init(struct desk *desk, uint64_t units);
void desk_finish(struct desk *desk);

int desk_open(struct desk *desk);
/* Closes the sink (complete: all is done) and the output. */
int desk_close(struct desk *desk, bool complete, struct respin_summary *summary);
/* As after a failure, or as a process that is killed. */
void desk_drop(struct desk *desk);

/* One put each; the result of put. */
int desk_recover(struct desk *desk, uint64_t start, uint64_t count);
int desk_miss(struct desk *desk, uint64_t start, uint64_t count, enum respin_status status);
/* An outcome of several spans: one letter a unit, 'p' for provisional, '!' for a retraction. */
int desk_put(struct desk *desk, uint64_t start, const char *units);
int desk_flush(struct desk *desk);

void desk_bytes(uint64_t unit, unsigned char *bytes, size_t len);

/* The mapfile at `path` as one letter a unit; NULL: not there or not valid. free() it. */
char *desk_map(struct desk *desk, const char *path);
void desk_assert_map(struct desk *desk, const char *expected);

/* Every unit that the map on disk calls finished is in the image. Returns how many there are. */
uint64_t desk_assert_truth(struct desk *desk);

/* The index in the log of the nth (from 1) call of this kind on this name; -1: none. */
long desk_find(struct desk *desk, enum memio_op op, const char *name, unsigned nth);

/* Opening answers `code`, names `named` in one line, and changes nothing. */
void desk_assert_refused(struct desk *desk, int code, const char *named);
/* Whether a notice of the open output has these words. */
bool desk_was_told(const struct desk *desk, const char *words);

/* An image of the first `units` units, longer than the disc too; a map as GNU ddrescue writes it. */
void desk_put_image(struct desk *desk, uint64_t units);
void desk_put_map(struct desk *desk, const char *path, const char *units);

#endif
