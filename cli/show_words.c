/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A surveyed map in plain words, see show_words.h. */
#include "show_words.h"

#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "prose.h"
#include "quantity.h"

/* Where the line is too short for both, the label stands above. */
static void amount(const struct survey *survey, const struct screen *screen, enum kind kind,
		   const char *label, uint64_t bytes, unsigned columns, FILE *out)
{
	char line[192];
	bool narrow = columns < DISC_VIEW_WORDS;
	(void)snprintf(line, sizeof line, narrow ? "  %s bytes %s" : "%15s bytes%9s",
		       quantity_grouped(bytes).text, quantity_percent(bytes, survey->total).text);
	line[escape_fit(line, columns)] = '\0';
	screen_ink(screen, out, kind_ink(kind));
	(void)fprintf(out, "%-*s", narrow ? 0 : 16, label);
	screen_ink(screen, out, INK_PLAIN);
	(void)fprintf(out, "%s%s\n", narrow ? "\n" : "", line);
}

static void area(const struct survey *survey, enum kind kind, const char *what, unsigned columns, FILE *out)
{
	const struct survey_kind *count = &survey->kinds[kind];
	if (!count->count)
		return;
	struct quantity largest = quantity_grouped(count->largest.count);
	if (count->areas == 1)
		prose(out, columns, "%s: one area, %s bytes at byte %" PRIu64 ".", what, largest.text,
		      count->largest.start);
	else
		prose(out, columns, "%s: %s, the largest %s bytes at byte %" PRIu64 ".", what,
		      quantity_count(count->areas, "area").text, largest.text, count->largest.start);
}

/* What the map's status line says of the last run. */
static void last_run(const struct survey *survey, unsigned columns, FILE *out)
{
	struct respin_map_position position;
	respin_map_position(survey->map, &position);
	static const struct {
		char status;
		const char *doing;
	} phases[] = {
		{'?', "reading what was never tried"},
		{'*', "trimming damaged blocks"},
		{'/', "scraping sector by sector"},
		{'-', "retrying what failed"},
		{'F', "filling"},
		{'G', "generating"},
	};
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		if (phases[i].status == position.status)
			prose(out, columns, "The last run was %s at byte %" PRIu64 ".", phases[i].doing,
			      position.pos_bytes);
	if (position.status == '+')
		prose(out, columns, "The last run came to its end.");
}

static void next(const struct survey *survey, unsigned columns, FILE *out)
{
	if (survey->kinds[KIND_UNTRIED].count || survey->end_unknown)
		prose(out, columns, "Next: 'respin rescue' with the same SOURCE and IMAGE goes on.");
	else if (survey->kinds[KIND_HOPE].count)
		prose(out, columns,
		      "Next: 'respin patch' tries what failed once more, 'respin rescue' goes on to the end.");
	else if (survey->kinds[KIND_LOST].count)
		prose(out, columns,
		      "Next: 'respin rescue' tries what is lost again: reads are a matter of luck. Cleaning the disc "
		      "or another drive may help.");
	else
		prose(out, columns, "Nothing is left to do.");
}

void show_words(const char *path, const struct survey *survey, const struct screen *screen, unsigned columns,
		FILE *out)
{
	const struct survey_kind *kinds = survey->kinds;
	char title[ESCAPE_ROOM(4096)];
	(void)escape_text(title, sizeof title, path);
	title[escape_fit(title, columns)] = '\0';
	screen_ink(screen, out, INK_STRONG);
	(void)fprintf(out, "%s", title);
	screen_ink(screen, out, INK_PLAIN);
	(void)fputc('\n', out);
	if (!survey->total) {
		prose(out, columns, "The map says nothing yet: nothing was tried.");
		return;
	}
	if (survey->end_unknown)
		prose(out, columns, "%s and a rest of unknown size", quantity_bytes(survey->total).text);
	else
		prose(out, columns, "%s%s", quantity_bytes(survey->total).text,
		      survey->domain ? " in the domain; the rest of the disc does not count" : "");
	(void)fputc('\n', out);
	amount(survey, screen, KIND_SAVED, "saved", kinds[KIND_SAVED].count, columns, out);
	amount(survey, screen, kinds[KIND_HOPE].count ? KIND_HOPE : KIND_UNTRIED, "still hoped for",
	       kinds[KIND_UNTRIED].count + kinds[KIND_HOPE].count, columns, out);
	amount(survey, screen, KIND_LOST, "lost", kinds[KIND_LOST].count, columns, out);
	(void)fputc('\n', out);
	area(survey, KIND_UNTRIED, "Never tried", columns, out);
	area(survey, KIND_HOPE, "Failed so far", columns, out);
	area(survey, KIND_LOST, "Lost", columns, out);
	last_run(survey, columns, out);
	next(survey, columns, out);
}
