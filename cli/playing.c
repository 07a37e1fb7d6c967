/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "title 1 of 1:32:10: 00:12:31-00:12:33 missing", see playing.h. */
#include "playing.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "quantity.h"
#include "say.h"

/* A title that is in pieces is not worth a line for each: the rest is summed up. */
#define PLACES_MAX 20u

/* A title while its missing parts come in. */
struct telling {
	char name[48];
	uint64_t places, rest_ms;
};

/* Whole seconds, as a player shows them. */
static const char *clock_text(uint64_t seconds, char out[32])
{
	(void)snprintf(out, 32, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60,
		       seconds % 60);
	return out;
}

static void name_title(const struct respin_playing *playing, char *out, size_t cap)
{
	if (playing->kind == RESPIN_PLAYING_PLAYLIST)
		(void)snprintf(out, cap, "playlist %05" PRIu32, playing->number);
	else if (playing->number)
		(void)snprintf(out, cap, "title %" PRIu32, playing->number);
	else if (playing->in_set)
		(void)snprintf(out, cap, "title %" PRIu32 " of set %" PRIu32, playing->in_set, playing->set);
	else
		(void)snprintf(out, cap, "title set %" PRIu32, playing->set);
}

static void end_title(struct telling *telling)
{
	if (telling->places > PLACES_MAX)
		(void)printf("%s: %" PRIu64 " more places, %s in all\n", telling->name,
			     telling->places - PLACES_MAX,
			     quantity_duration((telling->rest_ms + 999) / 1000).text);
	telling->places = telling->rest_ms = 0;
}

static void tell(void *arg, const struct respin_playing *playing)
{
	struct telling *telling = arg;
	char from[32], until[32];
	if (playing->status == RESPIN_FINISHED) { /* a title begins */
		end_title(telling);
		name_title(playing, telling->name, sizeof telling->name);
		if (playing->unknown)
			(void)printf(
				"%s: when it plays cannot be told, neither its table nor the backup is whole\n",
				telling->name);
		return;
	}
	if (++telling->places > PLACES_MAX) {
		telling->rest_ms += playing->until_ms - playing->from_ms;
		return;
	}
	/* What a person would skip: the second in which it begins to that in which it ends. */
	uint64_t first = playing->from_ms / 1000, last = (playing->until_ms + 999) / 1000;
	(void)printf("%s of %s: %s-%s missing\n", telling->name,
		     quantity_clock(playing->length_ms / 1000).text, clock_text(first, from),
		     clock_text(last > first ? last : first + 1, until));
}

int playing_print(struct respin_files *files)
{
	struct respin_error error = {0};
	struct telling telling = {.places = 0};
	int code = respin_files_playing(files, tell, &telling, &error);
	end_title(&telling);
	return code < 0 ? say_failure(code, &error) : STATUS_WHOLE;
}
