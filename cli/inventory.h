/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image holds, hashed: the whole of it and each file that is whole, in
 * one pass over the bytes. A file that lacks a byte gets no hash. Prints and
 * writes nothing.
 */
#ifndef CLI_INVENTORY_H
#define CLI_INVENTORY_H

#include <stdint.h>

#include <respin/files.h>
#include <respin/map.h>

#include "hashes.h"

enum inventory_verdict {
	INVENTORY_NO_FILE,   /* a directory, a link */
	INVENTORY_NOT_WHOLE, /* bytes are missing: no hash */
	INVENTORY_HASHED,
	INVENTORY_EXCESSIVE, /* together the files claim far more bytes than the image has: no hash */
};

/* One entry of the file system. The first three are everybody's, the rest is the pass's own. */
struct inventory_entry {
	uint64_t size_bytes;
	uint8_t verdict; /* enum inventory_verdict */
	uint8_t state;   /* enum respin_file_state */
	uint8_t later;   /* its pieces do not come in its own order: read by itself afterwards */
	uint32_t same;   /* the entry whose bytes are the very same ones; itself: none before it */
	size_t first_piece, next_piece, end_piece;
	struct hashing *hashing;
};

struct inventory {
	const char *image;
	int fd;
	struct hashes hashes;
	struct respin_map *map;     /* NULL: all of the image counts as there */
	struct respin_files *files; /* NULL: no file system that is known */
	struct respin_files_info info;
	uint64_t image_bytes;
	uint64_t lacking_bytes; /* within map and domain, not in the image: not read, or given up */
	uint64_t beyond_bytes;  /* finished by the map, but the image ends before */
	uint64_t hashed, not_whole, excessive; /* files */
	struct inventory_entry *entries;       /* info.count */
	unsigned char *digests;                /* hashes.bytes an entry */
	unsigned char image_digests[HASHES_MAX * HASHES_BYTES_MAX];
};

/*
 * Opens image, map and domain (NULL: none) and its files. `inventory->hashes` is chosen by then.
 * 0 or a negative code. Needs inventory_finish in any case.
 */
int inventory_open(struct inventory *inventory, const char *image, const char *map, const char *domain,
		   const struct respin_files_options *options, struct respin_error *error);
/* The pass. tick (may be NULL) hears how far it is; non-zero from it ends with RESPIN_E_CANCELLED. */
int inventory_hash(struct inventory *inventory, int (*tick)(void *arg, uint64_t done, uint64_t all),
		   void *arg, struct respin_error *error);
void inventory_finish(struct inventory *inventory);

/* Its digests; NULL: it has none. */
const unsigned char *inventory_digests(const struct inventory *inventory, uint64_t index);

/* Bytes that the file system claims and the image has not; 0: none, or it claims nothing. */
uint64_t inventory_truncated(const struct inventory *inventory);

#endif
