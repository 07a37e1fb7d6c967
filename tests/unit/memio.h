/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file system in memory behind respin_io_ops, for tests: it keeps a log, fails
 * where it is told to, and can lose power. What was written and not synced is
 * kept apart from what is on the disk, per file and per directory, so that a
 * reboot can lose all of it, none of it, or a seeded part, and an explorer can
 * choose any part. It does not model permissions, and symbolic links only as far
 * as respin refuses them.
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

/* Who hears that pages were lost. In each case they are clean afterwards, and another sync succeeds. */
enum memio_report {
	MEMIO_REPORT_NOW,  /* this sync, and the next one on each other handle that was open (errseq_t) */
	MEMIO_REPORT_ONCE, /* the first sync that comes, on whatever handle */
	/*
	 * The next one: this one finds all of it in the journal and is content (ext4,
	 * data=journal, before Linux 5.14). A power cut still finds it there, until a
	 * later sync succeeds and the journal is used anew: what was not written again
	 * by then is lost.
	 */
	MEMIO_REPORT_LATE,
};

struct memio_knobs {
	uint64_t now_ns, tick_ns; /* the clock moves by a tick at every look at it */
	struct respin_io_space space;
	int lock_result;  /* what every lock answers; 0: it works */
	bool keeps_cache; /* dropping clean pages costs nothing and shows nothing: for large images */
	/* A sync that fails: */
	enum memio_report report;
	bool reverts;          /* the cache shows the old bytes again (btrfs), not the new ones (ext4, xfs) */
	uint64_t partial_seed; /* a part drawn from this reaches the disk; 0: nothing does */
	bool lies_after;       /* the next sync of the same file writes nothing either, and calls it done */
	/* Of directory changes any may survive a power cut, not only the first ones; of a rename, either half. */
	bool loose_dirs;
};

enum memio_loss {
	MEMIO_LOSE_ALL,  /* nothing that was not synced is there */
	MEMIO_KEEP_ALL,  /* all of it is: only the process died */
	MEMIO_LOSE_SOME, /* of each file any part, in any order, torn at 16 bytes; of a directory the first
			    changes, or any */
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

/* The system writes the file back by itself and fails: what was not synced is lost, a later sync tells. */
void memio_fail_writeback(struct memio *memio, const char *path);

/* `before` is called before each call that changes the world, also before one that will fail. */
void memio_watch(struct memio *memio, void (*before)(void *arg), void *arg);

/* The power goes before the nth (from 1) call that changes the world; 0: never. */
void memio_cut_before(struct memio *memio, uint64_t nth);
/* Power and process are back; faults, locks and handles are gone, and so is what was not synced. */
void memio_reboot(struct memio *memio, enum memio_loss loss, uint64_t seed);

/* The calls that changed the world so far. */
const struct memio_call *memio_log(const struct memio *memio, size_t *count);

#endif
