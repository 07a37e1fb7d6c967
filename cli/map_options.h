/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of "respin map", which is GNU ddrescuelog's: options,
 * numbers with multipliers, types of blocks. Opens no file.
 */
#ifndef CLI_MAP_OPTIONS_H
#define CLI_MAP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <respin/types.h>

/* ddrescuelog's exit statuses, not the rest of the program's. */
#define MAP_OK 0
#define MAP_TROUBLE 1
#define MAP_DAMAGED 2

enum map_format { FORMAT_LIST, FORMAT_BITMAP_LE, FORMAT_BITMAP_BE };

/* The operations with a letter are called by it. */
#define OPERATION_SHIFT 256

struct map_command {
	int operation; /* 0: none yet */
	uint64_t block_bytes;
	uint64_t from_bytes, to_bytes, size_bytes; /* -i, -o, -s; to: as from; size: everything */
	const char *domain, *other;                /* -m; of -p -P -x -y -z */
	unsigned types;                            /* of -l: 1 << enum respin_status */
	uint8_t change[RESPIN_STATUSES];           /* of -a and -n: what becomes of each */
	enum respin_status listed, unlisted;       /* of -c; of -C: listed */
	enum map_format format;
	bool binary, loose, force;
	int verbosity; /* -1: quiet */
};

/*
 * Takes the options of argv; what is left begins at optind. MAP_OK, or
 * MAP_TROUBLE with everything said. *only_told: the help or the version was
 * asked for and given.
 */
int map_options(struct map_command *command, int argc, char **argv, bool *only_told);

/* Says why, unless quiet, and answers MAP_TROUBLE. */
int map_refuse(const struct map_command *command, const char *argument, const char *why);

#endif
