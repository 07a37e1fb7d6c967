/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sample of an image compared with the disc it came from. Blocks are spread
 * over all that is finished, one in each of N stretches of the same length, at a
 * place that the seed chooses. A difference is believed when it was read twice.
 */
#ifndef CLI_REREAD_H
#define CLI_REREAD_H

#include <stdint.h>
#include <stdio.h>

#include <respin/map.h>

struct inventory;

/* A block that did not come out as the image has it. Sectors counted as the disc does. */
struct reread_find {
	int64_t lba;
	uint32_t sectors;
	uint8_t what; /* enum reread_what */
};

enum reread_what {
	REREAD_DIFFERS,    /* the disc says something else, twice the same */
	REREAD_UNSTEADY,   /* the disc says something else each time: as good as different */
	REREAD_WAVERED,    /* at first something else, then what the image has */
	REREAD_UNREADABLE, /* not readable now: no difference */
};

struct reread {
	const char *source; /* NULL: not asked for */
	uint64_t wanted, seed;
	uint64_t asked, same, differing, wavered, unreadable; /* blocks */
	uint32_t block_sectors;
	struct reread_find *finds;
	uint64_t find_count;
};

/* Prints what it finds to `words` (NULL: nothing). Returns the exit status, after a message: the findings are none of it. */
int reread_run(struct reread *reread, const struct inventory *inventory, FILE *words);
void reread_print(const struct reread *reread, FILE *out);
void reread_json(FILE *out, const struct reread *reread);
void reread_finish(struct reread *reread);

#endif
