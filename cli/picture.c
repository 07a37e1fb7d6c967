/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disc as a bar and as a disc, see picture.h.
 *
 * Round: the pixels between hub and rim are numbered along a spiral from the
 * inside out, and fragment i is pixel i. So every fragment has exactly one
 * pixel and equal areas mean equal bytes, as on the disc. One turn drawn stands
 * for thousands of real ones: the radius is true, the angle is not. Layers are
 * not known here and go on outside each other; the page of SVG knows better.
 */
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where the data of a 120 mm DVD or BD begin and end: 24 and 58 mm. A CD begins at 25 mm, which no pixel shows. */
#define HUB_TO_RIM (24.0 / 58.0)

enum kind kind_of(enum respin_status status)
{
	switch (status) {
	case RESPIN_FINISHED:
		return KIND_SAVED;
	case RESPIN_NON_TRIED:
		return KIND_UNTRIED;
	case RESPIN_NON_TRIMMED:
	case RESPIN_NON_SCRAPED:
		return KIND_HOPE;
	case RESPIN_BAD:
		return KIND_LOST;
	}
	return KIND_NONE;
}

enum ink kind_ink(enum kind kind)
{
	static const uint8_t inks[] = {
		[KIND_NONE] = INK_PLAIN, [KIND_SAVED] = INK_SAVED, [KIND_UNTRIED] = INK_UNTRIED,
		[KIND_HOPE] = INK_HOPE,  [KIND_LOST] = INK_LOST,
	};
	return inks[kind];
}

static bool picture_init(struct picture *picture, uint64_t total, size_t count)
{
	*picture = (struct picture){.total = total, .count = count, .head = PICTURE_NO_HEAD};
	picture->kinds = calloc(count ? count : 1, 1);
	return picture->kinds;
}

bool picture_bar(struct picture *picture, uint64_t total, unsigned cells)
{
	return picture_init(picture, total, (size_t)cells * BAR_DOTS);
}

void picture_finish(struct picture *picture)
{
	free(picture->kinds);
	free(picture->order);
	*picture = (struct picture){0};
}

void picture_clear(struct picture *picture)
{
	if (picture->count)
		memset(picture->kinds, KIND_NONE, picture->count);
	picture->head = PICTURE_NO_HEAD;
}

/* position * count / total; positions reach 2^63, but those of a disc need no 128 bits, which are slow to divide. */
static size_t fragment_of(const struct picture *picture, uint64_t position, bool up)
{
	uint64_t total = picture->total, more = up ? total - 1 : 0, product;
	if (!__builtin_mul_overflow(position, picture->count, &product) &&
	    !__builtin_add_overflow(product, more, &product))
		return (size_t)(product / total);
	return (size_t)(((unsigned __int128)position * picture->count + more) / total);
}

void picture_raise(struct picture *picture, uint64_t start, uint64_t count, enum kind kind)
{
	if (!count || start >= picture->total || !picture->count)
		return;
	uint64_t end = count > picture->total - start ? picture->total : start + count;
	size_t first = fragment_of(picture, start, false), past = fragment_of(picture, end, true);
	for (size_t i = first; i < past; i++)
		if (picture->kinds[i] < kind)
			picture->kinds[i] = (uint8_t)kind;
}

static uint64_t within(const struct picture *picture, uint64_t position)
{
	return position < picture->total ? position : picture->total - 1;
}

void picture_mark(struct picture *picture, uint64_t position)
{
	if (picture->total && picture->count)
		picture->head = fragment_of(picture, within(picture, position), false);
}

unsigned picture_cell(const struct picture *picture, uint64_t position)
{
	if (!picture->total || !picture->count)
		return 0;
	return (unsigned)(fragment_of(picture, within(picture, position), false) / BAR_DOTS);
}

/* Changes the ink only where it changes: a line of one colour costs one switch. */
struct brush {
	const struct screen *screen;
	FILE *out;
	enum ink ink, paper;
	bool wet;
};

static void dip(struct brush *brush, enum ink ink, enum ink paper)
{
	if (brush->wet && brush->ink == ink && brush->paper == paper)
		return;
	screen_inks(brush->screen, brush->out, ink, paper);
	brush->ink = ink;
	brush->paper = paper;
	brush->wet = true;
}

/* U+2800 plus one bit a dot; as UTF-8. */
static void put_braille(FILE *out, unsigned dots)
{
	(void)fprintf(out, "%c%c%c", 0xe2, 0xa0 | (int)(dots >> 6), 0x80 | (int)(dots & 0x3f));
}

static enum kind worst_of(const uint8_t *kinds)
{
	uint8_t worst = KIND_NONE;
	for (unsigned i = 0; i < BAR_DOTS; i++)
		if (kinds[i] > worst)
			worst = kinds[i];
	return (enum kind)worst;
}

static char mark_of(enum kind kind)
{
	return " +?*-"[kind];
}

void picture_draw_bar(const struct picture *picture, const struct screen *screen, FILE *out)
{
	/* The dots of a braille cell in the order in which a bar fills: left column up, then right. */
	static const uint8_t dots[BAR_DOTS] = {0x40, 0x04, 0x02, 0x01, 0x80, 0x20, 0x10, 0x08};
	struct brush brush = {.screen = screen, .out = out};
	for (size_t i = 0; i < picture->count; i += BAR_DOTS) {
		enum kind worst = worst_of(picture->kinds + i);
		if (!screen->utf8) {
			dip(&brush, kind_ink(worst), INK_PLAIN);
			(void)fputc(worst == KIND_NONE ? '.' : mark_of(worst), out);
			continue;
		}
		unsigned lit = 0;
		for (unsigned dot = 0; dot < BAR_DOTS; dot++)
			if (picture->kinds[i + dot] == KIND_SAVED)
				lit |= dots[dot];
		dip(&brush, INK_SAVED, worst > KIND_SAVED ? kind_ink(worst) : INK_PLAIN);
		put_braille(out, lit);
	}
	screen_ink(screen, out, INK_PLAIN);
}

bool picture_draw_marks(const struct picture *picture, FILE *out)
{
	bool any = 0;
	size_t blank = 0; /* no blanks at the end of a line */
	for (size_t i = 0; i < picture->count; i += BAR_DOTS) {
		enum kind worst = worst_of(picture->kinds + i);
		if (worst <= KIND_SAVED) {
			blank++;
			continue;
		}
		(void)fprintf(out, "%*s%c", (int)blank, "", mark_of(worst));
		blank = 0;
		any = 1;
	}
	return any;
}

struct pixel {
	float along; /* turns and part of a turn, from the inside out */
	uint32_t place;
};

static int by_spiral(const void *left, const void *right)
{
	const struct pixel *a = left, *b = right;
	return a->along < b->along ? -1 : a->along > b->along ? 1 : a->place < b->place ? -1 : 1;
}

/* Where on the spiral the middle of a pixel lies; negative: on the hub or beyond the rim. */
static float spiral_turns(double x, double y, double rim)
{
	double radius = hypot(x, y);
	if (radius > rim || radius < rim * HUB_TO_RIM)
		return -1;
	double part = 0.5 + atan2(y, x) / (2 * M_PI);
	double turn = floor(radius - rim * HUB_TO_RIM + 1 - part);
	return (float)(turn + part + 1);
}

bool picture_round(struct picture *picture, uint64_t total, unsigned rows, const struct screen *screen)
{
	/* A text cell is about twice as high as wide: half blocks make it two square pixels, braille eight. */
	unsigned side = rows * (screen->colour ? 2 : 4);
	size_t places = (size_t)side * side, found = 0;
	struct pixel *pixels = calloc(places ? places : 1, sizeof *pixels);
	for (uint32_t place = 0; pixels && place < places; place++) {
		double middle = (side - 1) / 2.0;
		uint32_t row = place / side, column = place % side;
		float along = spiral_turns(column - middle, row - middle, side / 2.0);
		if (along >= 0)
			pixels[found++] = (struct pixel){along, place};
	}
	bool done = pixels && picture_init(picture, total, found);
	if (done)
		picture->order = malloc((places ? places : 1) * sizeof *picture->order);
	done = done && picture->order;
	if (done) {
		qsort(pixels, found, sizeof *pixels, by_spiral);
		picture->side = side;
		memset(picture->order, 0xff, places * sizeof *picture->order);
		for (uint32_t i = 0; i < found; i++)
			picture->order[pixels[i].place] = i;
	}
	free(pixels);
	return done;
}

static enum kind pixel_kind(const struct picture *picture, unsigned x, unsigned y)
{
	uint32_t fragment = picture->order[(size_t)y * picture->side + x];
	return fragment == ROUND_OUTSIDE ? KIND_NONE : (enum kind)picture->kinds[fragment];
}

static bool is_head(const struct picture *picture, unsigned x, unsigned y)
{
	return picture->head != PICTURE_NO_HEAD &&
	       picture->order[(size_t)y * picture->side + x] == picture->head;
}

static void draw_blocks(const struct picture *picture, const struct screen *screen, unsigned row, FILE *out)
{
	struct brush brush = {.screen = screen, .out = out};
	for (unsigned x = 0; x < picture->side; x++) {
		enum kind upper = pixel_kind(picture, x, 2 * row);
		enum kind lower = pixel_kind(picture, x, 2 * row + 1);
		bool head_below = is_head(picture, x, 2 * row + 1);
		enum ink above = is_head(picture, x, 2 * row) ? INK_STRONG : kind_ink(upper);
		enum ink below = head_below ? INK_STRONG : kind_ink(lower);
		if (upper == KIND_NONE || head_below) /* no paper is as strong as the mark's ink */
			dip(&brush, below, kind_ink(upper));
		else
			dip(&brush, above, kind_ink(lower));
		(void)fputs(upper == KIND_NONE && lower == KIND_NONE ? " "
			    : upper == KIND_NONE || head_below       ? "▄"
								     : "▀",
			    out);
	}
	screen_ink(screen, out, INK_PLAIN);
}

static void draw_dots(const struct picture *picture, unsigned row, FILE *out)
{
	static const uint8_t dots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	for (unsigned cell = 0; cell < picture->side / 2; cell++) {
		unsigned lit = 0;
		for (unsigned y = 0; y < 4; y++)
			for (unsigned x = 0; x < 2; x++)
				if (pixel_kind(picture, 2 * cell + x, 4 * row + y) == KIND_SAVED)
					lit |= dots[y][x];
		put_braille(out, lit);
	}
}

void picture_draw_round(const struct picture *picture, const struct screen *screen, unsigned row, FILE *out)
{
	if (screen->colour)
		draw_blocks(picture, screen, row, out);
	else
		draw_dots(picture, row, out);
}
