/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of the ISO 9660 walker share: volumes and records, and Rock Ridge. For src/fs alone. */
#ifndef FS_ISO9660_H
#define FS_ISO9660_H

#include "fs/build.h"

/* A directory record, ECMA-119 9.1, taken apart. */
struct iso_record {
	uint64_t lba; /* where the data begin, behind an extended attribute record; blocks of the volume */
	uint32_t size_bytes;
	uint8_t flags, unit_blocks, gap_blocks;
	const uint8_t *date, *name, *system_use;
	size_t name_len, system_len;
};
#define ISO_FLAG_DIRECTORY 0x02u
#define ISO_FLAG_ASSOCIATED 0x04u
#define ISO_FLAG_MULTI_EXTENT 0x80u

/* False: no record of ours; the sector is at its end, or nonsense. */
bool iso_record_take(const uint8_t *at, size_t left, struct iso_record *record);

/* The root by what it is, a directory that is its own parent, near the session's beginning: its record. */
bool iso_search_root(struct fs_build *build, uint64_t session_lba, uint8_t record[34]);

/*
 * Where the newest session begins, if something lies behind the first one's
 * volume; else 0. *older: behind it lies the root of one that cannot be read.
 */
uint64_t iso_newest_session(const struct fs_reader *reader, bool *older);

/* What Rock Ridge (IEEE P1282) adds to a record. */
struct rock_ridge {
	char name[1024];    /* "" : none */
	char target[1024];  /* of a symbolic link */
	uint32_t mode;      /* 0: not said */
	uint64_t child_lba; /* CL: the directory lies there, moved out of the way; 0: no */
	bool relocated;     /* RE: shown where it was moved from */
	int64_t modified_s; /* INT64_MIN: not said */
	bool broken;
};

/* Bytes to skip before the first field (SUSP SP), from the root's own record; -1: no Rock Ridge here. */
int rock_ridge_skip(const struct iso_record *root);
void rock_ridge_read(struct fs_build *build, const struct iso_record *record, unsigned skip,
		     struct rock_ridge *out);

/* Seconds since the epoch of civil time, `quarters` of an hour east of Greenwich; INT64_MIN: no such time. */
int64_t fs_seconds(int year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second,
		   int quarters);
/* ECMA-119 9.1.5: seven bytes. */
int64_t iso_date(const uint8_t *date);

#endif
