/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Zeros that need not be written: where a fresh image is still the hole that we
 * made, all-zero bytes stay one. It remembers where anything was ever written;
 * it knows no map, and says nothing of files that were there before.
 */
#ifndef IO_STORE_HOLES_H
#define IO_STORE_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <respin/io.h>

/*
 * A hole begins and ends at a multiple of this: the ECC block of a DVD, and
 * larger than any file system's block, so that it really costs nothing.
 */
#define HOLE_BYTES (32u << 10)
/* A source may claim any size, and the bits grow with it: 32 MiB of them are enough, no disc comes near. */
#define HOLES_MAX_BYTES (8ull << 40)

/* Zeroed: nothing is a hole, everything is written. */
struct holes {
	unsigned char *virgin; /* a bit for each stretch of HOLE_BYTES; NULL: none is a hole */
	uint64_t end_bytes;
};

/* The file was made by us, is one hole of so many bytes, and that is durable. Too large, or without memory: no holes. */
void holes_begin(struct holes *holes, uint64_t size_bytes);
void holes_finish(struct holes *holes);

/* Is it still a hole, from end to end? */
bool holes_have(const struct holes *holes, uint64_t pos_bytes, size_t len);

/* files_write, but for zeros that are there already. */
int holes_write(struct holes *holes, const struct respin_io *io, int file, const unsigned char *data,
		size_t len, uint64_t pos_bytes);

#endif
