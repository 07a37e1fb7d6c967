/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of titles, put together within their budgets. Knows no disc. */
#include "fs/titles.h"

#include <stdlib.h>

void fs_titles_finish(struct fs_titles *titles)
{
	free(titles->list);
	free(titles->segments);
	*titles = (struct fs_titles){0};
}

/* Room for one more of `each` bytes; false: none, or too many. */
static bool grow(struct fs_titles *titles, void **list, size_t count, size_t *cap, size_t each, size_t most)
{
	if (count < *cap)
		return true;
	if (count >= most)
		return false;
	size_t wanted = *cap ? 2 * *cap : 16;
	void *larger = reallocarray(*list, wanted, each);
	if (!larger) {
		titles->no_memory = true;
		return false;
	}
	*list = larger;
	*cap = wanted;
	return true;
}

bool fs_titles_step(struct fs_titles *titles, uint64_t steps)
{
	titles->steps += steps;
	return titles->steps <= FS_TITLE_STEPS_MAX;
}

struct fs_title *fs_titles_begin(struct fs_titles *titles, uint32_t set, uint32_t in_set)
{
	if (!grow(titles, (void **)&titles->list, titles->count, &titles->cap, sizeof *titles->list,
		  FS_TITLES_MAX))
		return NULL;
	titles->list[titles->count] =
		(struct fs_title){.set = set, .in_set = in_set, .first = titles->segment_count};
	return &titles->list[titles->count++];
}

void fs_titles_add(struct fs_titles *titles, struct fs_segment segment)
{
	if (!titles->count || segment.until_bytes <= segment.from_bytes ||
	    segment.until_ms < segment.from_ms ||
	    !grow(titles, (void **)&titles->segments, titles->segment_count, &titles->segment_cap,
		  sizeof *titles->segments, FS_SEGMENTS_MAX))
		return;
	struct fs_title *title = &titles->list[titles->count - 1];
	titles->segments[titles->segment_count++] = segment;
	title->count++;
	if (segment.until_ms > title->length_ms)
		title->length_ms = segment.until_ms;
}
