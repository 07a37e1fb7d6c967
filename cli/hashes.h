/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A choice of hashes, and one run of all of them over a stream of bytes
 * (OpenSSL's libcrypto does the work). Knows neither files nor images.
 */
#ifndef CLI_HASHES_H
#define CLI_HASHES_H

#include <stdbool.h>
#include <stddef.h>

#define HASHES_MAX 8u
#define HASHES_BYTES_MAX 64u /* of one digest */

struct hashes {
	unsigned count;
	struct hashes_kind {
		const char *name; /* "sha256" */
		const char *tag;  /* as the coreutils write it before a name: "SHA256" */
		unsigned bytes;
		size_t offset; /* of its digest among those of one stream */
	} kinds[HASHES_MAX];
	size_t bytes; /* all digests of one stream */
};

/* What can be asked for, for a message: "md5, sha1, ..." */
extern const char hashes_names[];

/* Adds "sha256", or "md5,sha1,..."; twice is once. False: there is no such hash (in this build). */
bool hashes_add(struct hashes *hashes, const char *list);

/* The one of that tag, or of that many bytes; NULL: none that is known. Need not be among the chosen ones. */
const char *hashes_by_tag(const char *tag, size_t len);
const char *hashes_by_bytes(size_t bytes);

/* Its place among the chosen ones; HASHES_MAX: it is not. */
unsigned hashes_find(const struct hashes *hashes, const char *name);

struct hashing;

/* NULL: no memory. */
struct hashing *hashing_begin(const struct hashes *hashes);
/* False: libcrypto failed, and the stream's digests are worth nothing. */
bool hashing_feed(struct hashing *hashing, const void *data, size_t len);
/* Puts the digests one behind the other (hashes.bytes), and frees. */
bool hashing_end(struct hashing *hashing, unsigned char *digests);
void hashing_destroy(struct hashing *hashing); /* NULL is accepted */

/* Lower case, terminated: 2 * bytes + 1. */
void hashes_hex(const unsigned char *digest, unsigned bytes, char *out);
#define HASHES_HEX_MAX (2 * HASHES_BYTES_MAX + 1)

#endif
