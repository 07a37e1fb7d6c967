/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapfile parser for judges: strict about the layout that GNU ddrescue writes, and sharing no code with respin, so that
 * a mistake in respin's parser cannot hide itself. It repairs nothing and knows neither image nor disc.
 */
#ifndef LAB_JUDGE_H
#define LAB_JUDGE_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pattern.h"

#define JUDGE_LINE 256

typedef void judge_block(void *arg, uint64_t position, uint64_t size, char status);

/* One line without its end. False: not what may stand here. */
static bool judge_line(const char *line, bool *begun, bool *blocks, uint64_t *end, judge_block *each,
		       void *arg)
{
	uint64_t position, size;
	char status, more;
	if (line[0] == '#')
		return true;
	if (!*begun) {
		*begun = true;
		return sscanf(line, "0x%" SCNx64 " %c", &position, &status) == 2 && strchr("?*/-FG+", status);
	}
	if (sscanf(line, "0x%" SCNx64 " 0x%" SCNx64 " %c %c", &position, &size, &status, &more) != 3 ||
	    !strchr("?*/-+", status) || (*blocks && position != *end) || (size == 0 && position != 0))
		return false;
	*blocks = true;
	*end = position + size;
	each(arg, position, size, status);
	return true;
}

/* Remarks, one status line, then blocks without a gap, each line with its end. False: this is no whole map. */
static inline bool judge_map(const char *text, size_t len, judge_block *each, void *arg)
{
	bool begun = false, blocks = false;
	uint64_t end = 0;
	for (size_t pos = 0; pos < len;) {
		char line[JUDGE_LINE];
		const char *stop = memchr(text + pos, '\n', len - pos);
		if (!stop)
			return false;
		size_t n = (size_t)(stop - (text + pos));
		snprintf(line, sizeof line, "%.*s", (int)n, text + pos);
		pos += n + 1;
		if ((n >= sizeof line && line[0] != '#') ||
		    !judge_line(line, &begun, &blocks, &end, each, arg))
			return false;
	}
	return begun && blocks;
}

/* The whole of a file, and room for a zero behind it; NULL: it cannot be opened. */
static inline void *judge_load(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	*len = 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	char *data = malloc((size_t)st.st_size + 1);
	if (!data)
		abort();
	for (ssize_t n; (n = pread(fd, data + *len, (size_t)st.st_size - *len, (off_t)*len)) > 0;)
		*len += (size_t)n;
	close(fd);
	return data;
}

/* An image against the disc, sector by sector. */
struct judgement {
	const unsigned char *image, *disc;
	size_t image_bytes, disc_bytes;
	uint64_t finished, unfinished; /* bytes that the map calls so */
	uint64_t wrong;                /* sectors that it calls finished, and are not the disc's */
	unsigned char *now;            /* a byte per sector that is finished and right */
};

static inline void judge_sectors(void *arg, uint64_t position, uint64_t size, char status)
{
	struct judgement *judgement = arg;
	if (status != '+') {
		judgement->unfinished += size;
		return;
	}
	judgement->finished += size;
	for (uint64_t pos = position; pos < position + size; pos += SECTOR) {
		if (pos + SECTOR > judgement->image_bytes || pos + SECTOR > judgement->disc_bytes ||
		    memcmp(judgement->image + pos, judgement->disc + pos, SECTOR) != 0)
			judgement->wrong++;
		else
			judgement->now[pos / SECTOR] = 1;
	}
}

#endif
