/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies on memio's disk and what only the system knows so far: files and
 * directories, each with the changes between the two. No handles, no faults.
 */
#ifndef TESTS_MEMIO_DISK_H
#define TESTS_MEMIO_DISK_H

#include <stdbool.h>

#include "memio.h"

#include "base/rng.h"

#define ENTRIES_MAX 64u

struct change {
	bool resize;
	uint64_t pos; /* or the new size */
	size_t len;
	unsigned char *data;
};

struct content {
	unsigned char *data;
	size_t size;
};

struct inode {
	uint64_t dev, ino, rdev;
	enum respin_io_kind kind;
	uint32_t mode;
	char target[256]; /* of a symbolic link */
	struct content now, disk;
	struct change *changes;
	size_t change_count;
	int locked_by; /* handle + 1 */
};

struct entry {
	char name[64];
	struct inode *inode; /* NULL: the name is to be removed */
};

struct dir {
	char path[256];
	uint64_t dev;
	struct entry now[ENTRIES_MAX], disk[ENTRIES_MAX];
	struct entry *changes; /* a rename is two of them: a power cut may leave both names */
	size_t change_count;
};

#define FILES_MAX 16384u
#define DIRS_MAX 64u

/* All files and directories; none is freed before the end. */
struct world {
	struct inode *files[FILES_MAX];
	size_t file_count;
	struct dir *dirs[DIRS_MAX];
	size_t dir_count;
};

struct dir *world_find_dir(struct world *world, const char *path);
/* The directory of an absolute path (NULL: none), and the name in it. */
struct dir *world_split(struct world *world, const char *path, const char **name);
struct inode *world_find(struct world *world, const char *path, bool follow);
struct inode *world_new(struct world *world, uint64_t dev, enum respin_io_kind kind);
struct dir *world_new_dir(struct world *world, const char *path, uint64_t dev);
uint32_t world_links(const struct world *world, const struct inode *inode);
void world_finish(struct world *world);

/* Changes what a reader sees, and takes note of it for the next sync. */
void disk_write(struct inode *inode, uint64_t pos, const void *data, size_t len);
void disk_resize(struct inode *inode, uint64_t size);
void disk_set_entry(struct dir *dir, const char *name, struct inode *inode);

/* Changes both: for the world before the test. */
void disk_put(struct inode *inode, const void *data, size_t len);
void disk_put_entry(struct dir *dir, const char *name, struct inode *inode);

void disk_sync(struct inode *inode);
void disk_forget(struct inode *inode); /* a failed sync: the changes will never be written */
void disk_drop_cache(struct inode *inode);
void disk_sync_dir(struct dir *dir);
struct entry *disk_find(struct dir *dir, const char *name);

void disk_reboot_file(struct inode *inode, enum memio_loss loss, struct rng *rng);
void disk_reboot_dir(struct dir *dir, enum memio_loss loss, struct rng *rng);

#endif
