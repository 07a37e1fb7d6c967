/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The byte blocks that travel from a lane to the sink: page-aligned, as O_DIRECT
 * and the poison of /dev/sr want them, and used again instead of being given
 * back. Any thread may allocate, any other may free. Does not clear them.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>

#include <respin/sink.h> /* respin_block_free */

#define BLOCK_ALIGN 4096u

/* At least `len` bytes, contents undefined. NULL: no memory. Free with respin_block_free. */
unsigned char *block_alloc(size_t len);

/* What a block really occupies: more than was asked for, much more for a single sector. */
size_t block_memory(const unsigned char *bytes);

/* Gives all idle blocks back to the system. */
void block_trim(void);

#endif
