/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disc as a picture: cut into equal fragments, each as bad as the worst
 * that lies in it, drawn as a bar or as a round disc. Knows neither maps nor
 * snapshots; whoever has one raises the fragments.
 */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <respin/types.h>

#include "screen.h"

/* From the least to the most remarkable: a fragment shows the highest that touches it. */
enum kind {
	KIND_NONE, /* not asked for */
	KIND_SAVED,
	KIND_UNTRIED,
	KIND_HOPE, /* tried in vain, still hoped for */
	KIND_LOST,
};

enum kind kind_of(enum respin_status status);
enum ink kind_ink(enum kind kind);

/* A bar cell is a braille sign of two by four dots: eight fragments. */
#define BAR_DOTS 8

struct picture {
	uint64_t total; /* positions, of whatever unit */
	size_t count;
	uint8_t *kinds;  /* enum kind, `count` of them */
	uint32_t *order; /* round: the fragment of each pixel, or ROUND_OUTSIDE */
	unsigned side;   /* round: pixels in a row and in a column */
	size_t head;     /* round: the fragment that is marked, or PICTURE_NO_HEAD */
};
#define PICTURE_NO_HEAD SIZE_MAX
#define ROUND_OUTSIDE UINT32_MAX

/* Everything NONE. False: no memory. */
bool picture_bar(struct picture *picture, uint64_t total, unsigned cells);
bool picture_round(struct picture *picture, uint64_t total, unsigned rows, const struct screen *screen);
void picture_finish(struct picture *picture);

/* Everything NONE again, and no mark. */
void picture_clear(struct picture *picture);

void picture_raise(struct picture *picture, uint64_t start, uint64_t count, enum kind kind);

/* Marks where the drive is; only a round disc in colours shows it. */
void picture_mark(struct picture *picture, uint64_t position);

/* The cell of a bar where a position lies. */
unsigned picture_cell(const struct picture *picture, uint64_t position);

/* One row of text, without line end. */
void picture_draw_bar(const struct picture *picture, const struct screen *screen, FILE *out);
/* Below a bar without colours: what the missing dots are. Nothing (and false) where nothing is missing. */
bool picture_draw_marks(const struct picture *picture, FILE *out);
/* Row `row` of a round disc of `rows`; twice as many columns as rows. */
void picture_draw_round(const struct picture *picture, const struct screen *screen, unsigned row, FILE *out);

#endif
