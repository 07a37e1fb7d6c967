/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pattern that no disc holds, put into a buffer before a read: what is left
 * of it afterwards never arrived. It differs with every key and every word, so
 * that neither old poison nor a shifted buffer passes for bytes from the disc.
 */
#ifndef CORE_POISON_H
#define CORE_POISON_H

#include <stddef.h>
#include <stdint.h>

/* `data` is aligned to 8 bytes; a tail of less than 8 is left alone. */
void poison_fill(void *data, size_t len, uint64_t key);

/* Bytes before the first poison left standing; rounded down where that is not sharp. */
size_t poison_filled(const void *data, size_t len, uint64_t key);

#endif
