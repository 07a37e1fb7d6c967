/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world of the file system in memory before a test begins, all of it durable,
 * and what a reader sees of it. Makes no call of the table.
 */
#include <assert.h>
#include <string.h>

#include "memio_disk.h"

static void put_durably(struct memio *memio, const char *path, struct inode *inode)
{
	const char *name;
	struct dir *dir = world_split(memio_world(memio), path, &name);
	assert(dir);
	disk_put_entry(dir, name, inode);
}

void memio_dir(struct memio *memio, const char *path, uint64_t dev)
{
	(void)world_new_dir(memio_world(memio), path, dev);
	/* Listed by its parent, if that is there. */
	const char *name;
	struct dir *parent = world_split(memio_world(memio), path, &name);
	if (parent && *name)
		put_durably(memio, path, world_new(memio_world(memio), parent->dev, RESPIN_IO_DIRECTORY));
}

void memio_file(struct memio *memio, const char *path, const void *data, size_t len)
{
	const char *name;
	struct dir *dir = world_split(memio_world(memio), path, &name);
	assert(dir);
	struct inode *inode = world_new(memio_world(memio), dir->dev, RESPIN_IO_REGULAR);
	disk_put(inode, data, len, !memio_knobs(memio)->space.no_holes);
	put_durably(memio, path, inode);
}

void memio_text(struct memio *memio, const char *path, const char *text)
{
	memio_file(memio, path, text, strlen(text));
}

void memio_node(struct memio *memio, const char *path, enum respin_io_kind kind, uint64_t rdev,
		uint64_t size_bytes)
{
	memio_file(memio, path, "", 0);
	struct inode *inode = world_find(memio_world(memio), path, false);
	inode->kind = kind;
	inode->rdev = rdev;
	disk_put(inode, NULL, (size_t)size_bytes, true);
}

void memio_symlink(struct memio *memio, const char *path, const char *target)
{
	memio_node(memio, path, RESPIN_IO_SYMLINK, 0, 0);
	struct inode *inode = world_find(memio_world(memio), path, false);
	assert(strlen(target) < sizeof inode->target);
	memcpy(inode->target, target, strlen(target) + 1);
}

void memio_remove(struct memio *memio, const char *path)
{
	put_durably(memio, path, NULL);
}

void memio_hardlink(struct memio *memio, const char *path, const char *other)
{
	struct inode *inode = world_find(memio_world(memio), other, false);
	assert(inode);
	put_durably(memio, path, inode);
}

const unsigned char *memio_bytes(struct memio *memio, const char *path, size_t *len)
{
	struct inode *inode = world_find(memio_world(memio), path, true);
	if (!inode)
		return NULL;
	if (len)
		*len = inode->now.size;
	return inode->now.data ? inode->now.data : (const unsigned char *)"";
}
