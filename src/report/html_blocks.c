/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the attempts of all runs say of each place: how often it was tried, how
 * long an answer took, how fast it read, what the drive complained of. Kept by
 * stretches of a few sectors, shown by the grid's cells, the gravest one of each.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdlib.h>

/* Stretches are an ECC block, or longer on a disc that would have more of them than this (9 bytes each). */
#define BLOCKS_MOST 2000000u

struct html_block {
	uint16_t attempts;
	uint8_t latency, speed, sense; /* classes, see below; 0: nothing is known */
};

struct step {
	uint64_t most; /* a figure up to this belongs to the class */
	const char *words;
};

/* Classes from harmless to grave; class 0 is not known, class 1 stands first. */
#define CLASSES 6u
static const struct step attempt_steps[CLASSES] = {
	{1, "once"},           {2, "twice"},           {5, "3 to 5 times"},
	{10, "6 to 10 times"}, {20, "11 to 20 times"}, {UINT64_MAX, "more often"},
};
static const struct step latency_steps[CLASSES] = {
	{50, "up to 50 ms"}, {200, "up to 0.2 s"},  {1000, "up to 1 s"},
	{5000, "up to 5 s"}, {15000, "up to 15 s"}, {UINT64_MAX, "longer"},
};
/* Eighths of the disc's own speed, falling. */
static const struct step speed_steps[CLASSES] = {
	{64, "8x and faster"}, {32, "4x to 8x"},  {16, "2x to 4x"},
	{8, "1x to 2x"},       {2, "1/4x to 1x"}, {0, "slower than 1/4x"},
};

enum sense_class {
	SENSE_NOTHING,
	SENSE_MARGINAL,
	SENSE_UNREADABLE,
	SENSE_BROKEN,
	SENSE_LINK,
	SENSE_REFUSED,
	SENSE_ODD
};
static const char *const sense_words[CLASSES] = {
	"read, but only just",           "unreadable (medium error)", "servo or seek (hardware error)",
	"no answer, link or drive away", "locked or refused",         "something else",
};

static const struct {
	const char *name, *title, *about;
} overlays[HTML_OVERLAYS] = {
	[OVERLAY_ATTEMPTS] = {"attempts", "Attempts",
			      "How often the most stubborn block of each place was asked for."},
	[OVERLAY_LATENCY] = {"latency", "Latency", "How long the slowest answer at each place took."},
	[OVERLAY_SPEED] =
		{"speed", "Speed",
		 "How fast each place read, as multiples of the disc's own speed; where reads differ, the slowest that was good."},
	[OVERLAY_SENSE] = {"sense", "Sense", "The gravest complaint of the drive at each place."},
};

static uint8_t sense_of(uint8_t reason)
{
	switch (reason) {
	case RESPIN_REASON_GOOD:
	case RESPIN_REASON_SKIPPED:
	case RESPIN_REASON_CANCELLED:
	case RESPIN_REASON_GIVEN_UP:
		return SENSE_NOTHING;
	case RESPIN_REASON_RECOVERED:
		return SENSE_MARGINAL;
	case RESPIN_REASON_MEDIUM:
	case RESPIN_REASON_NOT_RECORDED:
		return SENSE_UNREADABLE;
	case RESPIN_REASON_HARDWARE:
		return SENSE_BROKEN;
	case RESPIN_REASON_TIMEOUT:
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_GONE:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_RESET:
		return SENSE_LINK;
	case RESPIN_REASON_LOCKED:
	case RESPIN_REASON_REFUSED:
		return SENSE_REFUSED;
	default:
		return SENSE_ODD;
	}
}

/* What says most about the place: damage before a link that was away, and that before what is merely odd. */
static bool graver(uint8_t sense, uint8_t than)
{
	static const uint8_t gravity[] = {
		[SENSE_NOTHING] = 0, [SENSE_ODD] = 1,        [SENSE_MARGINAL] = 2, [SENSE_LINK] = 3,
		[SENSE_REFUSED] = 4, [SENSE_UNREADABLE] = 5, [SENSE_BROKEN] = 6};
	return gravity[sense] > gravity[than];
}

static uint8_t rising(const struct step *steps, uint64_t figure)
{
	uint8_t grade = 0;
	while (figure > steps[grade].most)
		grade++;
	return (uint8_t)(grade + 1);
}

static uint8_t falling(const struct step *steps, uint64_t figure)
{
	uint8_t grade = 0;
	while (figure < steps[grade].most)
		grade++;
	return (uint8_t)(grade + 1);
}

bool html_blocks_begin(struct html *html)
{
	struct html_history *history = &html->history;
	uint64_t sectors = html->end_bytes / html->sector_bytes + 1;
	history->block = html->medium->ecc_block;
	while (sectors / history->block >= BLOCKS_MOST)
		history->block *= 2;
	history->block_count = (size_t)(sectors / history->block + 1);
	history->blocks = calloc(history->block_count, sizeof *history->blocks);
	return history->blocks;
}

/* Eighths of 1x, of a read that brought all it was asked for. */
static uint8_t speed_of(const struct html *html, const struct respin_attempt *attempt)
{
	bool good = attempt->reason == RESPIN_REASON_GOOD || attempt->reason == RESPIN_REASON_RECOVERED;
	if (!good || !attempt->elapsed_ns)
		return 0;
	double seconds = (double)attempt->elapsed_ns / 1e9;
	double eighths = (double)attempt->range.count / seconds / html->medium->sectors_per_s * 8;
	return falling(speed_steps, eighths < 1e6 ? (uint64_t)eighths : 1000000);
}

void html_blocks_attempt(struct html *html, const struct respin_attempt *attempt)
{
	struct html_history *history = &html->history;
	uint64_t first = attempt->range.start / history->block;
	uint64_t last = attempt->range.start +
			attempt->range.count; /* hostile numbers may wrap: then it lies nowhere */
	if (!attempt->range.count || last < attempt->range.start)
		return;
	last = (last - 1) / history->block;
	uint8_t latency = rising(latency_steps, attempt->elapsed_ns / 1000000);
	uint8_t speed = speed_of(html, attempt), sense = sense_of(attempt->reason);
	for (uint64_t i = first; i <= last && i < history->block_count; i++) {
		struct html_block *block = &history->blocks[i];
		if (block->attempts < UINT16_MAX)
			block->attempts++;
		block->latency = latency > block->latency ? latency : block->latency;
		block->speed = speed > block->speed ? speed : block->speed;
		block->sense = graver(sense, block->sense) ? sense : block->sense;
	}
}

static uint8_t grade_of(const struct html_block *block, enum html_overlay overlay)
{
	switch (overlay) {
	case OVERLAY_ATTEMPTS:
		return block->attempts ? rising(attempt_steps, block->attempts) : 0;
	case OVERLAY_LATENCY:
		return block->latency;
	case OVERLAY_SPEED:
		return block->speed;
	default:
		return block->sense;
	}
}

struct painting {
	uint8_t *cells;
	uint8_t grade;
	bool by_sense;
};

static void paint(void *arg, size_t cell, double turns)
{
	const struct painting *painting = arg;
	uint8_t old = painting->cells[cell];
	bool more = painting->by_sense ? graver(painting->grade, old) : painting->grade > old;
	if (more && turns > 0)
		painting->cells[cell] = painting->grade;
}

static void paint_overlay(const struct html *html, enum html_overlay overlay, uint8_t *cells)
{
	const struct html_history *history = &html->history;
	double block = (double)history->block;
	for (size_t i = 0; i < history->block_count;) {
		struct painting painting = {cells, grade_of(&history->blocks[i], overlay),
					    overlay == OVERLAY_SENSE};
		size_t end = i + 1;
		while (end < history->block_count &&
		       grade_of(&history->blocks[end], overlay) == painting.grade)
			end++;
		if (painting.grade)
			rings_visit(&html->rings, (double)i * block, (double)end * block, paint, &painting);
		i = end;
	}
}

bool html_blocks_add_json(struct buf *out, const struct html *html)
{
	const struct rings *rings = &html->rings;
	size_t count = (size_t)html->spiral.layer_count * rings->ring_count * rings->cell_count;
	buf_add_str(out, ",\n\"overlays\":{");
	for (unsigned i = 0; html->history.blocks && i < HTML_OVERLAYS; i++) {
		uint8_t *cells = calloc(count, 1);
		if (!cells)
			return false;
		paint_overlay(html, (enum html_overlay)i, cells);
		buf_addf(out, "%s\"%s\":\"", i ? "\",\n" : "", overlays[i].name);
		html_add_cells(out, cells, count);
		free(cells);
	}
	buf_add_str(out, html->history.blocks ? "\"}" : "}");
	return true;
}

static const char *words_of(unsigned overlay, unsigned grade)
{
	static const struct step *const steps[] = {[OVERLAY_ATTEMPTS] = attempt_steps,
						   [OVERLAY_LATENCY] = latency_steps,
						   [OVERLAY_SPEED] = speed_steps};
	return overlay == OVERLAY_SENSE ? sense_words[grade] : steps[overlay][grade].words;
}

void html_blocks_add_legends(struct buf *out, const struct html *html)
{
	for (unsigned i = 0; html->history.blocks && i < HTML_OVERLAYS; i++) {
		buf_addf(out, "<div class=\"legend\" data-for=\"%s\" data-title=\"%s\" hidden><p>%s</p><ul>",
			 overlays[i].name, overlays[i].title, overlays[i].about);
		for (unsigned grade = 0; grade < CLASSES; grade++)
			buf_addf(out, "<li><span class=\"key %c%u\"></span>%s</li>",
				 i == OVERLAY_SENSE ? 'c' : 'q', grade + 1, words_of(i, grade));
		buf_add_str(out, "</ul></div>\n");
	}
}
