/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Manifests as sha256sum and its kin write and check them: hash, name, a line a
 * file. With more than one hash the lines have tags, as "cksum -a sha256 --tag"
 * writes them. Files that are not whole stand there as remarks, without a hash.
 */
#ifndef CLI_MANIFEST_H
#define CLI_MANIFEST_H

#include <stdio.h>

#include "inventory.h"

/* The files. Returns the exit status. */
int manifest_write(FILE *out, const struct inventory *inventory);
/* The image itself, by the last part of its name. */
int manifest_write_image(FILE *out, const struct inventory *inventory);

struct manifest_entry {
	char *name;
	const char *hash; /* hashes.h; NULL: a remark that the file was not whole */
	unsigned char digest[HASHES_BYTES_MAX];
	bool seen;
};

struct manifest {
	const char *path;
	struct manifest_entry *entries; /* by name */
	size_t count;
};

/* Reads PATH, and adds the hashes it needs to `hashes`. Returns the exit status, after a message. */
int manifest_load(struct manifest *manifest, const char *path, struct hashes *hashes);
void manifest_finish(struct manifest *manifest);

struct manifest_result {
	uint64_t same, differing, gone, not_whole, new;
};

/* Compares, with a line to `out` for each difference. Returns the exit status of what could go wrong. */
int manifest_check(struct manifest *manifest, const struct inventory *inventory, FILE *out,
		   struct manifest_result *result);

#endif
