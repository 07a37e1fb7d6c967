/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fingerprints (XXH3, 64 bits). Not for secrets: whoever can choose the bytes can collide them. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);

#endif
