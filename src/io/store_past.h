/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The group committed last, as one hash a unit. A file system may report a lost
 * write only at the next sync (ext4 with data=journal did): then that group is in
 * doubt although its own sync succeeded, and its bytes are no longer at hand.
 */
#ifndef IO_STORE_PAST_H
#define IO_STORE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <respin/types.h>

struct past_write {
	struct respin_range range;
	size_t first; /* of its hashes */
};

struct past {
	struct past_write *writes;
	size_t count, write_cap;
	uint64_t *hashes;
	size_t hash_count, hash_cap;
	uint64_t doubted;  /* units that were taken back, in all */
	unsigned repaired; /* store->repaired when it was taken */
};

struct store;

/*
 * The open group was committed: it takes the place of the one before, or joins it where that was written once
 * more. Without memory nothing more is remembered.
 */
void past_take(struct store *store);
void past_finish(struct past *past);

/*
 * Reads it from the image. What is as it was is written again, if `rewrite`;
 * what is not is called finished no longer. 0 or the negative errno of the first call that failed.
 */
int past_check(struct store *store, bool rewrite);

#endif
