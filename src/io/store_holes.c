/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which stretches of a fresh image are still holes, and writing around them. Syncs nothing. */
#include "io/store_holes.h"

#include <stdlib.h>
#include <string.h>

#include "io/files.h"

void holes_begin(struct holes *holes, uint64_t size_bytes)
{
	uint64_t stretches = size_bytes / HOLE_BYTES + 1;
	holes_finish(holes);
	if (size_bytes > HOLES_MAX_BYTES)
		return;
	holes->virgin = malloc((size_t)(stretches / 8 + 1));
	if (holes->virgin)
		memset(holes->virgin, 0xff, (size_t)(stretches / 8 + 1));
	holes->end_bytes = size_bytes;
}

void holes_finish(struct holes *holes)
{
	free(holes->virgin);
	*holes = (struct holes){0};
}

static bool is_virgin(const struct holes *holes, uint64_t stretch)
{
	return holes->virgin[stretch / 8] >> stretch % 8 & 1;
}

bool holes_have(const struct holes *holes, uint64_t pos_bytes, size_t len)
{
	if (!holes->virgin || !len)
		return false;
	for (uint64_t i = pos_bytes / HOLE_BYTES; i <= (pos_bytes + len - 1) / HOLE_BYTES; i++)
		if (!is_virgin(holes, i))
			return false;
	return true;
}

/* Data ends the comparison at its first bytes, zeros are compared as fast as memory goes. */
static bool is_zero(const unsigned char *data, size_t len)
{
	static const unsigned char zeros[16];
	if (len <= sizeof zeros)
		return !memcmp(data, zeros, len);
	return !memcmp(data, zeros, sizeof zeros) && !memcmp(data, data + sizeof zeros, len - sizeof zeros);
}

/* Notes that these bytes are written, unless they may stay away. */
static bool may_stay_away(struct holes *holes, const unsigned char *data, size_t len, uint64_t pos_bytes)
{
	uint64_t stretch = pos_bytes / HOLE_BYTES;
	bool whole =
		pos_bytes % HOLE_BYTES == 0 && (len == HOLE_BYTES || pos_bytes + len == holes->end_bytes);
	if (whole && is_virgin(holes, stretch) && is_zero(data, len))
		return true;
	/* Before the write: one that fails may have come half way. */
	holes->virgin[stretch / 8] &= (unsigned char)~(1u << stretch % 8);
	return false;
}

int holes_write(struct holes *holes, const struct respin_io *io, int file, const unsigned char *data,
		size_t len, uint64_t pos_bytes)
{
	if (!holes->virgin)
		return files_write(io, file, data, len, pos_bytes);
	size_t begun = 0, at = 0;
	while (at < len) {
		size_t part = HOLE_BYTES - (size_t)((pos_bytes + at) % HOLE_BYTES);
		if (part > len - at)
			part = len - at;
		if (may_stay_away(holes, data + at, part, pos_bytes + at)) {
			int rc = files_write(io, file, data + begun, at - begun, pos_bytes + begun);
			if (rc)
				return rc;
			begun = at + part;
		}
		at += part;
	}
	return files_write(io, file, data + begun, len - begun, pos_bytes + begun);
}
