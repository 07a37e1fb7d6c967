/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam to the output's file system: everything the store does to the world
 * goes through these calls. One real table (respin_io_real), one in memory for
 * the tests, which can fail and crash.
 *
 * Every call returns 0 or a count, or a negative errno (-EIO), never -1. No
 * call retries or hides an error; EINTR is the caller's to repeat. File
 * handles are small non-negative ints of the table's own.
 */
#ifndef RESPIN_IO_H
#define RESPIN_IO_H

#include <stddef.h>
#include <stdint.h>

#include <respin/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESPIN_IO_READ 0x01u
#define RESPIN_IO_WRITE 0x02u
#define RESPIN_IO_CREATE 0x04u    /* with EXCLUSIVE: must not exist */
#define RESPIN_IO_EXCLUSIVE 0x08u /* also: a block device nobody else has claimed */
#define RESPIN_IO_NOFOLLOW 0x10u

enum respin_io_kind {
	RESPIN_IO_REGULAR,
	RESPIN_IO_BLOCK,
	RESPIN_IO_OTHER, /* pipe, character device, socket: cannot be synced or read back */
	RESPIN_IO_DIRECTORY,
	RESPIN_IO_SYMLINK, /* only from stat_at, which does not follow */
};

struct respin_io_stat {
	uint64_t dev, ino;        /* of the file */
	uint64_t rdev;            /* of the device a node stands for, else 0 */
	uint64_t size_bytes;      /* of a block device: its capacity, 0 where it was not opened */
	uint64_t allocated_bytes; /* what it occupies; less than its size where it has holes */
	uint32_t links;
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	uint8_t kind; /* enum respin_io_kind */
	int64_t modified_ns; /* when its bytes changed last, as coarse as the file system is; 0: not known */
};

struct respin_io_space {
	uint64_t free_bytes;
	uint64_t max_file_bytes; /* 0: no limit known */
	uint8_t no_holes;        /* a file grown by truncate is written out (FAT) */
	uint8_t volatile_fs;     /* nothing here survives a power cut (tmpfs) */
	uint8_t loose_names;     /* a power cut during a rename may leave neither name (FAT, exFAT) */
};

struct respin_io_ops {
	size_t size; /* sizeof(struct respin_io_ops) of the implementer */
	int (*open_dir)(void *self, const char *path);
	/* `name` is one component below `dir`. */
	int (*open)(void *self, int dir, const char *name, unsigned flags, unsigned mode);
	int (*close)(void *self, int file);
	int64_t (*pread)(void *self, int file, void *data, size_t len, uint64_t pos_bytes);
	int64_t (*pwrite)(void *self, int file, const void *data, size_t len, uint64_t pos_bytes);
	/* On a file of kind OTHER, which has no positions. */
	int64_t (*write)(void *self, int file, const void *data, size_t len);
	int (*truncate)(void *self, int file, uint64_t size_bytes);
	int (*datasync)(void *self, int file);
	int (*sync)(void *self, int file);
	int (*sync_dir)(void *self, int dir);
	int (*rename)(void *self, int dir, const char *from, const char *to);
	int (*unlink)(void *self, int dir, const char *name);
	int (*stat)(void *self, int file, struct respin_io_stat *stat); /* of a directory too */
	int (*stat_at)(void *self, int dir, const char *name, struct respin_io_stat *stat);
	int (*stat_path)(void *self, const char *path, struct respin_io_stat *stat); /* follows links */
	int (*space)(void *self, int dir, struct respin_io_space *space);
	/* Exclusive advisory lock on the open file, kept until close; -EAGAIN: held. */
	int (*lock)(void *self, int file);
	/* Hints: begin write-back of a range; drop it from the cache. Never durability. */
	void (*start_writeback)(void *self, int file, uint64_t pos_bytes, uint64_t len);
	void (*drop_cache)(void *self, int file, uint64_t pos_bytes, uint64_t len);
	/* Calls fn for each name below dir; for finding a dead run's leftovers. */
	int (*list)(void *self, int dir, void (*fn)(void *arg, const char *name), void *arg);
	uint64_t (*now_ns)(void *self); /* monotonic */
	int64_t (*wall_s)(void *self);  /* seconds since the epoch, for the mapfile's comments */
	/* Gives a new file the mode and owner of the one it replaces, as far as permitted. */
	void (*adopt)(void *self, int file, const struct respin_io_stat *like);
};

struct respin_io {
	const struct respin_io_ops *ops;
	void *self;
};

/* The real file system of this process. Needs no release. */
RESPIN_API struct respin_io respin_io_real(void);

#ifdef __cplusplus
}
#endif
#endif
