/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies on memio's disk and what only the system knows so far: files and
 * directories, each with the changes between the two; and what may become of a
 * change in a power cut. No handles, no faults.
 */
#ifndef TESTS_MEMIO_DISK_H
#define TESTS_MEMIO_DISK_H

#include <stdbool.h>

#include "memio.h"

#include "base/rng.h"

#define ENTRIES_MAX 64u

#define TEAR_BYTES 16u    /* the smallest part of a write that survives alone */
#define GARBAGE_BYTE 0xa5 /* what a block holds that was allocated and never written */

struct change {
	bool resize;
	uint64_t pos; /* or the new size */
	size_t len;
	unsigned char *data;
	size_t call; /* its place in the log */
};

/* What becomes of one change in a power cut. A change of size is kept or lost. */
enum fate_kind {
	FATE_LOST,
	FATE_KEPT,
	FATE_LAST,    /* kept, and written after all the others, also after newer ones */
	FATE_GARBAGE, /* blocks were given to it, and hold anything; where there were some before, it is lost */
	FATE_SIZE,    /* the file has grown, with zeros */
	FATE_HEAD,    /* only the first `arg` grains of TEAR_BYTES */
	FATE_REST,    /* all but these */
	FATE_GRAINS, /* those that `arg` draws */
	FATES,
};

struct fate {
	uint16_t kind, arg;
};

struct content {
	unsigned char *data;
	size_t size, cap;
};

struct inode {
	uint64_t dev, ino, rdev;
	enum respin_io_kind kind;
	uint32_t mode;
	char target[256]; /* of a symbolic link */
	struct content now, disk;
	struct change *changes;
	size_t change_count;
	int64_t writes;       /* so far: its time of modification */
	int locked_by;        /* handle + 1 */
	unsigned failures;    /* to write it back, so far */
	unsigned char *solid; /* a byte a grain: it was durably written once, so it has blocks */
	size_t solid_count;
	bool in_journal;      /* a sync has failed, and only the journal still holds what it was to write */
	struct content below; /* the disk without the journal */
	int late;             /* the errno that the next sync will tell */
	bool lies;            /* the next sync will tell nothing, and do nothing */
};

struct entry {
	char name[64];
	struct inode *inode; /* NULL: the name is to be removed */
	size_t call;         /* of a change: its place in the log */
};

struct dir {
	char path[256];
	uint64_t dev;
	struct entry now[ENTRIES_MAX], disk[ENTRIES_MAX];
	struct entry *changes; /* a rename is two of them: a power cut may leave both names */
	size_t change_count;
};

#define DIRS_MAX 64u

/* All files and directories; none is freed before the end. */
struct world {
	struct inode **files;
	size_t file_count;
	struct dir *dirs[DIRS_MAX];
	size_t dir_count;
};

struct world *memio_world(struct memio *memio);

struct dir *world_find_dir(struct world *world, const char *path);
/* The directory of an absolute path (NULL: none), and the name in it. */
struct dir *world_split(struct world *world, const char *path, const char **name);
struct inode *world_find(struct world *world, const char *path, bool follow);
struct inode *world_new(struct world *world, uint64_t dev, enum respin_io_kind kind);
struct dir *world_new_dir(struct world *world, const char *path, uint64_t dev);
uint32_t world_links(const struct world *world, const struct inode *inode);
void world_finish(struct world *world);

/* Changes what a reader sees, and takes note of it for the next sync. `call`: its place in the log. */
void disk_write(struct inode *inode, uint64_t pos, const void *data, size_t len, size_t call);
void disk_resize(struct inode *inode, uint64_t size, size_t call);
void disk_set_entry(struct dir *dir, const char *name, struct inode *inode, size_t call);

/* Changes both: for the world before the test. `holes`: zeros may have no blocks. */
void disk_put(struct inode *inode, const void *data, size_t len, bool holes);
void disk_put_entry(struct dir *dir, const char *name, struct inode *inode);

void disk_sync(struct inode *inode);
/* A write-back that failed: the changes will never be written, beyond what partial_seed draws. */
void disk_fail(struct inode *inode, const struct memio_knobs *knobs);
void disk_grow(struct inode *inode); /* makes its length last, nothing else */
/* The same, and the journal still holds them: `late` is told by the next sync. */
void disk_fail_late(struct inode *inode, const struct memio_knobs *knobs, int late);
void disk_drop_cache(struct inode *inode);
void disk_sync_dir(struct dir *dir);
struct entry *disk_find(struct dir *dir, const char *name);

/* What is on the disk after a power cut in which the inode's changes had these fates, one each. */
void disk_apply_fates(struct content *disk, const struct inode *inode, const struct fate *fates);
struct fate fate_draw(const struct change *change, struct rng *rng);

void content_copy(struct content *to, const struct content *from);
void set_entry(struct entry *entries, const char *name, struct inode *inode);

void disk_reboot_file(struct inode *inode, enum memio_loss loss, struct rng *rng);
void disk_reboot_dir(struct dir *dir, enum memio_loss loss, bool loose, struct rng *rng);

#endif
