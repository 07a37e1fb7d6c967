/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file system in memory behind respin_io_ops, for tests: it keeps a log, fails
 * where it is told to, and can lose power. What was written and not synced is
 * kept apart from what is on the disk, per file and per directory, so that a
 * reboot can lose all of it, none of it, or a seeded part. It does not model
 * permissions, and symbolic links only as far as respin refuses them.
 */
#ifndef TESTS_MEMIO_H
#define TESTS_MEMIO_H

#include <stdbool.h>

#include <respin/io.h>

enum memio_op {
	MEMIO_ANY, /* in a fault: every call that changes the world (for a short count: every write) */
	MEMIO_CREATE,
	MEMIO_PWRITE,
	MEMIO_WRITE,
	MEMIO_TRUNCATE,
	MEMIO_DATASYNC,
	MEMIO_SYNC,
	MEMIO_SYNC_DIR,
	MEMIO_RENAME,
	MEMIO_LINK,
	MEMIO_UNLINK,
	/* From here on: calls that change nothing. They are not logged. */
	MEMIO_OPEN,
	MEMIO_PREAD,
	MEMIO_STAT,
	MEMIO_LOCK,
	MEMIO_OTHER,
};

/* One call that changed the world, or tried to. */
struct memio_call {
	enum memio_op op;
	char name[64]; /* of a file, or the old name of a rename */
	char to[64];   /* the new name of a rename or link */
	uint64_t pos, len;
	int64_t result;
};

/* The nth matching call, and `times` - 1 after it, answer `result` instead. */
struct memio_fault {
	enum memio_op op;
	const char *name; /* NULL: any file */
	unsigned nth;     /* from 1 */
	unsigned times;
	int64_t result; /* negative: an errno. Else a write stops after so many bytes, and a sync lies */
};

struct memio_knobs {
	uint64_t now_ns, tick_ns; /* the clock moves by a tick at every look at it */
	struct respin_io_space space;
	int lock_result; /* what every lock answers; 0: it works */
	bool keeps_cache; /* dropping clean pages costs nothing and shows nothing: for large images */
};

enum memio_loss {
	MEMIO_LOSE_ALL,  /* nothing that was not synced is there */
	MEMIO_KEEP_ALL,  /* all of it is: only the process died */
	MEMIO_LOSE_SOME, /* of each file any part, torn at 16 bytes; of a directory the first changes */
};

struct memio;

struct memio *memio_create(void);
void memio_destroy(struct memio *memio);
struct respin_io memio_io(struct memio *memio);
struct memio_knobs *memio_knobs(struct memio *memio);

/* The world before the test, all of it durable. Paths are absolute; a file's directory comes first. */
void memio_dir(struct memio *memio, const char *path, uint64_t dev);
void memio_file(struct memio *memio, const char *path, const void *data, size_t len);
void memio_text(struct memio *memio, const char *path, const char *text);
void memio_node(struct memio *memio, const char *path, enum respin_io_kind kind, uint64_t rdev,
		uint64_t size_bytes);
void memio_symlink(struct memio *memio, const char *path, const char *target);
void memio_remove(struct memio *memio, const char *path);
void memio_hardlink(struct memio *memio, const char *path, const char *other);

/* What a reader would see now; NULL: no such file. */
const unsigned char *memio_bytes(struct memio *memio, const char *path, size_t *len);

void memio_fail(struct memio *memio, struct memio_fault fault);

/* The power goes before the nth (from 1) call that changes the world; 0: never. */
void memio_cut_before(struct memio *memio, uint64_t nth);
/* Power and process are back; faults, locks and handles are gone, and so is what was not synced. */
void memio_reboot(struct memio *memio, enum memio_loss loss, uint64_t seed);

/* The calls that changed the world so far. */
const struct memio_call *memio_log(const struct memio *memio, size_t *count);

#endif
