/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file or device stands on: its file system's device, the disk of a
 * partition, the file behind a loop device, the parts of a mapped device. Asked
 * of sysfs through respin_io_ops; what cannot be asked is left out.
 */
#ifndef IO_LINEAGE_H
#define IO_LINEAGE_H

#include <stdbool.h>

#include <respin/io.h>

#define LINEAGE_MAX 64u /* nodes; real stacks have fewer than ten */

enum lineage_kind { LINEAGE_FILE, LINEAGE_BLOCK, LINEAGE_CHARACTER };

struct lineage_node {
	uint8_t kind;      /* enum lineage_kind */
	uint64_t dev, ino; /* devices have no ino */
};

struct lineage {
	size_t own; /* the first ones are the thing itself, under all its names */
	size_t count;
	struct lineage_node nodes[LINEAGE_MAX];
};

void lineage_of(const struct respin_io *io, const struct respin_io_stat *stat, struct lineage *lineage);

/* "2:0:0:0", as sysfs names a SCSI device: the number of its host. False: no such name. */
bool lineage_parse_host(const char *name, unsigned *host);

/* Do both have a disk or drive of their own on one SCSI host? *host says on which. */
bool lineage_share_host(const struct respin_io *io, const struct lineage *a, const struct lineage *b,
			unsigned *host);

/* Does one of them stand on the other, or are they the same? */
bool lineage_meet(const struct lineage *a, const struct lineage *b);

#endif
