/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashes of a stream, see hashes.h. The list here is the one that the coreutils can check. */
#include "hashes.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

const char hashes_names[] = "md5, sha1, sha224, sha256, sha384, sha512, blake2b";

static const struct {
	const char *name, *tag, *crypto;
	unsigned bytes;
} known[] = {
	{"md5", "MD5", "MD5", 16},
	{"sha1", "SHA1", "SHA1", 20},
	{"sha224", "SHA224", "SHA224", 28},
	{"sha256", "SHA256", "SHA256", 32},
	{"sha384", "SHA384", "SHA384", 48},
	{"sha512", "SHA512", "SHA512", 64},
	{"blake2b", "BLAKE2b", "BLAKE2B512", 64},
};
#define KNOWN (sizeof known / sizeof *known)

struct hashing {
	const struct hashes *hashes;
	EVP_MD_CTX *contexts[HASHES_MAX];
};

static const EVP_MD *find_md(const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (!strcmp(known[i].name, name))
			return EVP_get_digestbyname(known[i].crypto);
	return NULL;
}

static bool add_one(struct hashes *hashes, const char *name, size_t len)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i].name) != len || memcmp(known[i].name, name, len) != 0)
			continue;
		if (hashes_find(hashes, known[i].name) < HASHES_MAX)
			return true;
		if (hashes->count == HASHES_MAX || !find_md(known[i].name))
			return false;
		hashes->kinds[hashes->count++] =
			(struct hashes_kind){known[i].name, known[i].tag, known[i].bytes, hashes->bytes};
		hashes->bytes += known[i].bytes;
		return true;
	}
	return false;
}

bool hashes_add(struct hashes *hashes, const char *list)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");
		if (!add_one(hashes, list, len))
			return false;
		list += len;
		if (!*list)
			return true;
	}
}

const char *hashes_by_tag(const char *tag, size_t len)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strlen(known[i].tag) == len && !memcmp(known[i].tag, tag, len))
			return known[i].name;
	return NULL;
}

const char *hashes_by_bytes(size_t bytes)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].bytes == bytes)
			return known[i].name;
	return NULL;
}

unsigned hashes_find(const struct hashes *hashes, const char *name)
{
	for (unsigned i = 0; i < hashes->count; i++)
		if (!strcmp(hashes->kinds[i].name, name))
			return i;
	return HASHES_MAX;
}

struct hashing *hashing_begin(const struct hashes *hashes)
{
	struct hashing *hashing = calloc(1, sizeof *hashing);
	if (!hashing)
		return NULL;
	hashing->hashes = hashes;
	for (unsigned i = 0; i < hashes->count; i++) {
		hashing->contexts[i] = EVP_MD_CTX_new();
		if (hashing->contexts[i] &&
		    EVP_DigestInit_ex(hashing->contexts[i], find_md(hashes->kinds[i].name), NULL))
			continue;
		hashing_destroy(hashing);
		return NULL;
	}
	return hashing;
}

bool hashing_feed(struct hashing *hashing, const void *data, size_t len)
{
	bool good = true;
	for (unsigned i = 0; i < hashing->hashes->count; i++)
		good = EVP_DigestUpdate(hashing->contexts[i], data, len) && good;
	return good;
}

bool hashing_end(struct hashing *hashing, unsigned char *digests)
{
	bool good = true;
	for (unsigned i = 0; i < hashing->hashes->count; i++)
		good = EVP_DigestFinal_ex(hashing->contexts[i], digests + hashing->hashes->kinds[i].offset,
					  NULL) &&
		       good;
	hashing_destroy(hashing);
	return good;
}

void hashing_destroy(struct hashing *hashing)
{
	if (!hashing)
		return;
	for (unsigned i = 0; i < HASHES_MAX; i++)
		EVP_MD_CTX_free(hashing->contexts[i]);
	free(hashing);
}

void hashes_hex(const unsigned char *digest, unsigned bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * (size_t)bytes] = '\0';
}
