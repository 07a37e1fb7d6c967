/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of video discs: whatever they say, titles end within their
 * budgets, their stretches follow each other in memory, and none of them runs
 * backwards.
 *
 * The input: which table; of a playlist the length of its stream and of one
 * clip's table, 16 bits each, and that table; then the table itself.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "fs/titles.h"

struct clip {
	uint8_t bytes[4096];
	size_t len;
	uint64_t stream_bytes;
	uint64_t asked;
};

static const uint8_t *clip_of(void *arg, uint32_t number, size_t *len, uint64_t *stream_bytes)
{
	struct clip *clip = arg;
	MUST(number <= 99999);
	clip->asked++;
	*len = clip->len;
	*stream_bytes = clip->stream_bytes;
	return number % 2 ? clip->bytes : NULL;
}

static void check(const struct fs_titles *titles)
{
	size_t next = 0;
	MUST(titles->count <= FS_TITLES_MAX && titles->segment_count <= FS_SEGMENTS_MAX &&
	     !titles->no_memory);
	for (size_t i = 0; i < titles->count; i++) {
		const struct fs_title *title = &titles->list[i];
		MUST(title->first == next && title->count <= titles->segment_count - next);
		next += title->count;
		for (size_t k = title->first; k < next; k++) {
			const struct fs_segment *segment = &titles->segments[k];
			MUST(segment->from_bytes < segment->until_bytes);
			MUST(segment->from_ms <= segment->until_ms && segment->until_ms <= title->length_ms);
		}
	}
	MUST(next == titles->segment_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct clip clip;
	struct fuzz_in in = fuzz_in(data, size);
	struct fs_titles titles = {0};
	unsigned kind = fuzz_u8(&in);
	clip = (struct clip){0};
	if (kind % 2) {
		clip.stream_bytes = (uint64_t)fuzz_u16(&in) * 6144;
		clip.len = fuzz_u16(&in) % (sizeof clip.bytes + 1);
		clip.len = fuzz_bytes(&in, clip.bytes, clip.len);
	}
	/* Copied, so that a byte beyond its end is seen to be one. */
	size_t len = fuzz_left(&in);
	uint8_t *table = malloc(len + 1);
	MUST(table);
	len = fuzz_bytes(&in, table, len);
	uint8_t *exact = realloc(table, len ? len : 1);
	MUST(exact);
	if (kind % 2)
		(void)bdmv_playlist_read(&titles, 1, exact, len, clip_of, &clip);
	else if (dvd_set_read(&titles, 1, exact, len))
		check(&titles);
	(void)dvd_numbers_read(&titles, exact, len);
	check(&titles);
	fs_titles_finish(&titles);
	free(exact);
	return 0;
}
