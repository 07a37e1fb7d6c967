/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the UDF walker share: tags, partitions, files as extents. For src/fs alone. */
#ifndef FS_UDF_H
#define FS_UDF_H

#include "fs/build.h"

/* Descriptor tags, ECMA-167 3/7.2.1 and 4/7.2.1. */
enum udf_tag {
	UDF_SPARING = 0,
	UDF_ANCHOR = 2,
	UDF_POINTER = 3,
	UDF_PARTITION = 5,
	UDF_LOGICAL_VOLUME = 6,
	UDF_TERMINATOR = 8,
	UDF_FILE_SET = 256,
	UDF_IDENTIFIER = 257,
	UDF_EXTENT = 258,
	UDF_INDIRECT = 259,
	UDF_FILE = 261,
	UDF_EXTENDED_FILE = 266,
};

#define UDF_PARTS_MAX 8u
#define UDF_EXTENTS_MAX 65536u /* of one file: a damaged list must not go on for ever */

/* An address in the volume: 4/7.1. */
struct udf_at {
	uint32_t block;
	uint16_t part;
};

/* A stretch of a file, in order. */
struct udf_extent {
	struct udf_at at;
	uint64_t begin_bytes; /* its place in the file: what the ones before it have */
	uint32_t len_bytes;
	bool hole; /* allocated or not, it was never recorded */
};

/* What an ICB says of a file. Its extents are the caller's to free. */
struct udf_file {
	uint8_t type; /* 4/14.6.6 */
	uint64_t size_bytes;
	int64_t modified_s;
	struct udf_extent *extents;
	size_t extent_count, extent_cap;
	/* The data lie in the ICB itself. */
	bool embedded;
	uint64_t embedded_bytes; /* where, from the disc's first byte */
	uint32_t embedded_len;
	bool broken; /* its list of extents could not be followed to the end */
};

enum udf_part_kind { PART_PLAIN, PART_VIRTUAL, PART_SPARABLE, PART_METADATA };

struct udf_part {
	enum udf_part_kind kind;
	uint16_t number;
	bool found; /* its descriptor was there */
	uint64_t start, blocks;
	/* virtual: where each block lies; sparable: original packet and its stand-in, in pairs, sorted */
	uint32_t *table;
	size_t table_count;
	uint32_t packet_blocks;
	/* metadata */
	struct udf_file file, mirror; /* the mirror has no extents where it cannot be read */
	uint32_t main_at, mirror_at;
	uint8_t sparing_tables[16]; /* four locations as they lie there */
	unsigned sparing_count;
	uint32_t sparing_bytes;
};

struct udf {
	struct fs_build build;
	struct udf_part parts[UDF_PARTS_MAX];
	unsigned part_count;
	uint16_t revision; /* BCD, 0x0250 */
	struct udf_at file_set;
	uint8_t volume[128]; /* a dstring */
	bool found;
	uint64_t session_lba; /* where it must begin, or where the VAT's ICB lies; 0: the newest one */
	bool anchored;        /* it has an anchor of its own */
	enum fs_doubt doubt;
	uint64_t vat_lba; /* of the ICB of the VAT that was taken; 0: none */
};

/* Is it a descriptor of this kind, with the right checksum, and a right CRC where it has one? */
bool udf_is(const uint8_t *bytes, size_t len, enum udf_tag tag);

/* Anchors, volume descriptors, and what the partitions need; false: no UDF there. */
bool udf_open(struct udf *udf);
void udf_close(struct udf *udf);

/* Where a block lies on the disc; false: nowhere that is known. */
bool udf_lba(const struct udf *udf, struct udf_at at, uint64_t *lba);
/* The same for up to `most` blocks that follow: how many of them lie there in a row. 0: not even the first. */
uint64_t udf_run(const struct udf *udf, struct udf_at at, uint64_t most, uint64_t *lba);

/*
 * One block of the volume, and where it was found. `which` 1: not as it lies
 * first of all, but its copy in the mirror of a metadata partition. False: it
 * cannot be read, or has no copy.
 */
bool udf_block(struct udf *udf, struct udf_at at, unsigned which, uint8_t *data, uint64_t *lba);

/* Is it the ICB of a VAT, from what it says of itself? */
bool udf_is_vat(const uint8_t *sector);

/* Reads an ICB. False: it cannot be read, or is none. */
bool udf_file_read(struct udf *udf, struct udf_at at, struct udf_file *file);
void udf_file_finish(struct udf_file *file);

/* The extent that this byte lies in, or NULL. */
const struct udf_extent *udf_extent_at(const struct udf_file *file, uint64_t pos);

/* One sector of a file's own bytes, zeros in holes. False: it is missing. */
bool udf_file_sector(struct udf *udf, const struct udf_file *file, uint64_t sector, uint8_t *data);

/* OSTA CS0 (UDF 2.1.1) and dstrings (2.1.3) to UTF-8. */
void udf_text(const uint8_t *bytes, size_t len, char *to, size_t cap);
void udf_dstring(const uint8_t *bytes, size_t field, char *to, size_t cap);
int64_t udf_time(const uint8_t *stamp);

#endif
