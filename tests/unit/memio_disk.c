/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and directories that can lose what was not synced. A later explorer of
 * crash states chooses other parts of the change lists; the lists are complete.
 */
#include "memio_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEAR_BYTES 16u /* the smallest part of a write that survives alone */

static void content_resize(struct content *content, size_t size)
{
	if (size > content->size) {
		content->data = realloc(content->data, size);
		assert(content->data);
		memset(content->data + content->size, 0, size - content->size);
	}
	content->size = size;
}

static void content_write(struct content *content, uint64_t pos, const void *data, size_t len)
{
	if (!len)
		return;
	if (pos + len > content->size)
		content_resize(content, (size_t)pos + len);
	memcpy(content->data + pos, data, len);
}

static void content_copy(struct content *to, const struct content *from)
{
	content_resize(to, 0);
	content_write(to, 0, from->data, from->size);
}

static struct change *new_change(struct inode *inode)
{
	inode->changes = realloc(inode->changes, (inode->change_count + 1) * sizeof *inode->changes);
	assert(inode->changes);
	struct change *change = &inode->changes[inode->change_count++];
	*change = (struct change){0};
	return change;
}

void disk_write(struct inode *inode, uint64_t pos, const void *data, size_t len)
{
	struct change *change = new_change(inode);
	change->pos = pos;
	change->len = len;
	change->data = malloc(len ? len : 1);
	assert(change->data);
	memcpy(change->data, data, len);
	content_write(&inode->now, pos, data, len);
}

void disk_resize(struct inode *inode, uint64_t size)
{
	struct change *change = new_change(inode);
	change->resize = true;
	change->pos = size;
	content_resize(&inode->now, (size_t)size);
}

void disk_put(struct inode *inode, const void *data, size_t len)
{
	if (data) {
		content_write(&inode->now, 0, data, len);
		content_write(&inode->disk, 0, data, len);
		return;
	}
	content_resize(&inode->now, len);
	content_resize(&inode->disk, len);
}

static void apply_change(struct content *disk, const struct change *change)
{
	if (change->resize)
		content_resize(disk, (size_t)change->pos);
	else
		content_write(disk, change->pos, change->data, change->len);
}

static void apply_torn(struct content *disk, const struct change *change, struct rng *rng)
{
	for (size_t at = 0; at < change->len; at += TEAR_BYTES) {
		size_t len = change->len - at < TEAR_BYTES ? change->len - at : TEAR_BYTES;
		if (rng_below(rng, 2))
			content_write(disk, change->pos + at, change->data + at, len);
	}
}

void disk_forget(struct inode *inode)
{
	for (size_t i = 0; i < inode->change_count; i++)
		free(inode->changes[i].data);
	free(inode->changes);
	inode->changes = NULL;
	inode->change_count = 0;
}

void disk_sync(struct inode *inode)
{
	for (size_t i = 0; i < inode->change_count; i++)
		apply_change(&inode->disk, &inode->changes[i]);
	disk_forget(inode);
}

/* Clean pages are read from the disk again: after a failed sync, that shows what was lost. */
void disk_drop_cache(struct inode *inode)
{
	size_t size = inode->now.size;
	if (inode->change_count)
		return;
	content_copy(&inode->now, &inode->disk);
	content_resize(&inode->now, size);
}

static struct entry *find_entry(struct entry *entries, const char *name)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (entries[i].inode && !strcmp(entries[i].name, name))
			return &entries[i];
	return NULL;
}

struct entry *disk_find(struct dir *dir, const char *name)
{
	return find_entry(dir->now, name);
}

static void set_entry(struct entry *entries, const char *name, struct inode *inode)
{
	struct entry *entry = find_entry(entries, name);
	for (size_t i = 0; !entry && inode && i < ENTRIES_MAX; i++)
		if (!entries[i].inode)
			entry = &entries[i];
	assert(entry || !inode);
	if (!entry)
		return;
	assert(strlen(name) < sizeof entry->name);
	memcpy(entry->name, name, strlen(name) + 1);
	entry->inode = inode;
}

void disk_set_entry(struct dir *dir, const char *name, struct inode *inode)
{
	set_entry(dir->now, name, inode);
	dir->changes = realloc(dir->changes, (dir->change_count + 1) * sizeof *dir->changes);
	assert(dir->changes);
	struct entry *change = &dir->changes[dir->change_count++];
	*change = (struct entry){.inode = inode};
	memcpy(change->name, name, strlen(name) + 1);
}

void disk_put_entry(struct dir *dir, const char *name, struct inode *inode)
{
	set_entry(dir->now, name, inode);
	set_entry(dir->disk, name, inode);
}

static void sync_changes(struct dir *dir, size_t changes)
{
	for (size_t i = 0; i < changes; i++)
		set_entry(dir->disk, dir->changes[i].name, dir->changes[i].inode);
	free(dir->changes);
	dir->changes = NULL;
	dir->change_count = 0;
}

void disk_sync_dir(struct dir *dir)
{
	sync_changes(dir, dir->change_count);
}

void disk_reboot_file(struct inode *inode, enum memio_loss loss, struct rng *rng)
{
	for (size_t i = 0; i < inode->change_count; i++) {
		uint64_t fate = loss == MEMIO_LOSE_SOME ? rng_below(rng, 4) : loss == MEMIO_KEEP_ALL;
		if (fate == 1 || fate == 2)
			apply_change(&inode->disk, &inode->changes[i]);
		else if (fate == 3)
			apply_torn(&inode->disk, &inode->changes[i], rng);
	}
	disk_forget(inode);
	inode->locked_by = 0;
	content_copy(&inode->now, &inode->disk);
}

void disk_reboot_dir(struct dir *dir, enum memio_loss loss, struct rng *rng)
{
	sync_changes(dir, loss == MEMIO_KEEP_ALL    ? dir->change_count
			  : loss == MEMIO_LOSE_SOME ? rng_below(rng, dir->change_count + 1)
						    : 0);
	memcpy(dir->now, dir->disk, sizeof dir->now);
}

struct dir *world_find_dir(struct world *world, const char *path)
{
	for (size_t i = 0; i < world->dir_count; i++)
		if (!strcmp(world->dirs[i]->path, path))
			return world->dirs[i];
	return NULL;
}

struct dir *world_split(struct world *world, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	assert(slash);
	char parent[256];
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	assert(len < sizeof parent);
	memcpy(parent, path, len);
	parent[len] = '\0';
	*name = slash + 1;
	return world_find_dir(world, parent);
}

struct inode *world_find(struct world *world, const char *path, bool follow)
{
	const char *name;
	struct dir *dir = world_split(world, path, &name);
	struct entry *entry = dir ? disk_find(dir, name) : NULL;
	if (entry && follow && entry->inode->kind == RESPIN_IO_SYMLINK)
		return world_find(world, entry->inode->target, true);
	return entry ? entry->inode : NULL;
}

struct inode *world_new(struct world *world, uint64_t dev, enum respin_io_kind kind)
{
	assert(world->file_count < FILES_MAX);
	struct inode *inode = calloc(1, sizeof *inode);
	assert(inode);
	*inode = (struct inode){.dev = dev, .ino = world->file_count + 100, .kind = kind, .mode = 0644};
	world->files[world->file_count++] = inode;
	return inode;
}

struct dir *world_new_dir(struct world *world, const char *path, uint64_t dev)
{
	assert(world->dir_count < DIRS_MAX && strlen(path) < sizeof((struct dir *)0)->path);
	struct dir *dir = calloc(1, sizeof *dir);
	assert(dir);
	memcpy(dir->path, path, strlen(path) + 1);
	dir->dev = dev;
	world->dirs[world->dir_count++] = dir;
	return dir;
}

uint32_t world_links(const struct world *world, const struct inode *inode)
{
	uint32_t links = 0;
	for (size_t d = 0; d < world->dir_count; d++)
		for (size_t e = 0; e < ENTRIES_MAX; e++)
			links += world->dirs[d]->now[e].inode == inode;
	return links;
}

void world_finish(struct world *world)
{
	for (size_t i = 0; i < world->file_count; i++) {
		disk_forget(world->files[i]);
		free(world->files[i]->now.data);
		free(world->files[i]->disk.data);
		free(world->files[i]);
	}
	for (size_t i = 0; i < world->dir_count; i++) {
		free(world->dirs[i]->changes);
		free(world->dirs[i]);
	}
}
