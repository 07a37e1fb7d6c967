/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and directories that can lose what was not synced. tests/crash chooses
 * other parts of the change lists than a reboot here does; the lists are complete.
 */
#include "memio_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void content_resize(struct content *content, size_t size)
{
	if (size > content->cap) {
		content->cap = size;
		content->data = realloc(content->data, size);
		assert(content->data);
	}
	if (size > content->size)
		memset(content->data + content->size, 0, size - content->size);
	content->size = size;
}

static unsigned char *content_room(struct content *content, uint64_t pos, size_t len)
{
	if (pos + len > content->size)
		content_resize(content, (size_t)pos + len);
	return content->data + pos;
}

static void content_write(struct content *content, uint64_t pos, const void *data, size_t len)
{
	if (len)
		memcpy(content_room(content, pos, len), data, len);
}

void content_copy(struct content *to, const struct content *from)
{
	to->size = 0;
	content_write(to, 0, from->data, from->size);
}

static void content_finish(struct content *content)
{
	free(content->data);
	*content = (struct content){0};
}

static struct change *new_change(struct inode *inode, size_t call)
{
	inode->changes = realloc(inode->changes, (inode->change_count + 1) * sizeof *inode->changes);
	assert(inode->changes);
	struct change *change = &inode->changes[inode->change_count++];
	*change = (struct change){.call = call};
	return change;
}

void disk_write(struct inode *inode, uint64_t pos, const void *data, size_t len, size_t call)
{
	struct change *change = new_change(inode, call);
	inode->writes++;
	change->pos = pos;
	change->len = len;
	change->data = malloc(len ? len : 1);
	assert(change->data);
	memcpy(change->data, data, len);
	content_write(&inode->now, pos, data, len);
}

void disk_resize(struct inode *inode, uint64_t size, size_t call)
{
	struct change *change = new_change(inode, call);
	inode->writes++;
	change->resize = true;
	change->pos = size;
	content_resize(&inode->now, (size_t)size);
}

static void set_solid(struct inode *inode, uint64_t pos, const unsigned char *data, size_t len)
{
	size_t grains = (size_t)(pos + len + TEAR_BYTES - 1) / TEAR_BYTES;
	if (grains > inode->solid_count) {
		inode->solid = realloc(inode->solid, grains);
		assert(inode->solid);
		memset(inode->solid + inode->solid_count, 0, grains - inode->solid_count);
		inode->solid_count = grains;
	}
	for (size_t i = 0; i < len; i++)
		if (!data || data[i])
			inode->solid[(size_t)(pos + i) / TEAR_BYTES] = 1;
}

void disk_put(struct inode *inode, const void *data, size_t len, bool holes)
{
	if (data) {
		content_write(&inode->now, 0, data, len);
		content_write(&inode->disk, 0, data, len);
		set_solid(inode, 0, holes ? data : NULL, len); /* zeros may be a hole */
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

static bool grain_kept(struct fate fate, size_t grain)
{
	if (fate.kind == FATE_HEAD)
		return grain < fate.arg;
	if (fate.kind == FATE_REST)
		return grain >= fate.arg;
	return rng_mix(fate.arg * 4096u + grain + 1) & 1;
}

static void apply_torn(struct content *disk, const struct change *change, struct fate fate)
{
	for (size_t at = 0; at < change->len; at += TEAR_BYTES) {
		size_t len = change->len - at < TEAR_BYTES ? change->len - at : TEAR_BYTES;
		if (grain_kept(fate, at / TEAR_BYTES))
			content_write(disk, change->pos + at, change->data + at, len);
	}
}

static void apply_garbage(struct content *disk, const struct inode *inode, const struct change *change)
{
	unsigned char *bytes = change->len ? content_room(disk, change->pos, change->len) : NULL;
	for (size_t i = 0; i < change->len; i++) {
		size_t grain = (size_t)(change->pos + i) / TEAR_BYTES;
		if (grain >= inode->solid_count || !inode->solid[grain])
			bytes[i] = GARBAGE_BYTE;
	}
}

static void apply_fate(struct content *disk, const struct inode *inode, const struct change *change,
		       struct fate fate)
{
	switch (change->resize && fate.kind != FATE_LOST ? FATE_KEPT : (enum fate_kind)fate.kind) {
	case FATE_KEPT:
		apply_change(disk, change);
		break;
	case FATE_GARBAGE:
		apply_garbage(disk, inode, change);
		break;
	case FATE_SIZE:
		(void)content_room(disk, change->pos, change->len);
		break;
	case FATE_HEAD:
	case FATE_REST:
	case FATE_GRAINS:
		apply_torn(disk, change, fate);
		break;
	default:
		break;
	}
}

void disk_apply_fates(struct content *disk, const struct inode *inode, const struct fate *fates)
{
	bool any_last = false;
	for (size_t i = 0; i < inode->change_count; i++) {
		const struct change *change = &inode->changes[i];
		apply_fate(disk, inode, change, fates[i]);
		any_last |= fates[i].kind == FATE_LAST && !change->resize;
	}
	for (size_t i = 0; any_last && i < inode->change_count; i++)
		if (fates[i].kind == FATE_LAST && !inode->changes[i].resize)
			apply_change(disk, &inode->changes[i]);
}

struct fate fate_draw(const struct change *change, struct rng *rng)
{
	static const uint8_t often[] = {FATE_LOST, FATE_LOST, FATE_LOST, FATE_KEPT,
					FATE_KEPT, FATE_KEPT, FATE_LAST, FATE_GARBAGE,
					FATE_SIZE, FATE_HEAD, FATE_REST, FATE_GRAINS};
	struct fate fate = {.kind = often[rng_below(rng, sizeof often)]};
	size_t grains = (change->len + TEAR_BYTES - 1) / TEAR_BYTES;
	if (change->resize || (grains < 2 && fate.kind >= FATE_HEAD))
		fate.kind = (uint16_t)rng_below(rng, 2);
	else if (fate.kind == FATE_HEAD || fate.kind == FATE_REST)
		fate.arg = (uint16_t)(1 + rng_below(rng, grains - 1 < 4095 ? grains - 1 : 4095));
	else if (fate.kind == FATE_GRAINS)
		fate.arg = (uint16_t)rng_below(rng, 4096);
	return fate;
}

static void forget_changes(struct inode *inode)
{
	for (size_t i = 0; i < inode->change_count; i++)
		free(inode->changes[i].data);
	free(inode->changes);
	inode->changes = NULL;
	inode->change_count = 0;
}

static void apply_all(struct content *disk, const struct inode *inode)
{
	for (size_t i = 0; i < inode->change_count; i++)
		apply_change(disk, &inode->changes[i]);
}

static void apply_drawn(struct content *disk, const struct inode *inode, uint64_t seed)
{
	struct rng rng = {seed};
	for (size_t i = 0; seed && i < inode->change_count; i++)
		apply_fate(disk, inode, &inode->changes[i], fate_draw(&inode->changes[i], &rng));
}

static void give_blocks(struct inode *inode)
{
	for (size_t i = 0; i < inode->change_count; i++)
		if (!inode->changes[i].resize)
			set_solid(inode, inode->changes[i].pos, NULL, inode->changes[i].len);
}

void disk_sync(struct inode *inode)
{
	apply_all(&inode->disk, inode);
	give_blocks(inode);
	if (inode->in_journal) {
		/* The journal goes on, and with it what only it still had. */
		apply_all(&inode->below, inode);
		content_copy(&inode->disk, &inode->below);
		inode->in_journal = false;
	}
	forget_changes(inode);
}

/* What a reader sees keeps its length: that is in memory in any case. */
static void show(struct inode *inode, const struct content *bytes)
{
	size_t size = inode->now.size;
	content_copy(&inode->now, bytes);
	content_resize(&inode->now, size);
}

void disk_fail(struct inode *inode, const struct memio_knobs *knobs)
{
	apply_drawn(&inode->disk, inode, knobs->partial_seed);
	if (inode->in_journal)
		apply_drawn(&inode->below, inode, knobs->partial_seed);
	forget_changes(inode);
	if (knobs->reverts)
		show(inode, inode->in_journal ? &inode->below : &inode->disk);
}

void disk_grow(struct inode *inode)
{
	if (inode->now.size > inode->disk.size)
		content_resize(&inode->disk, inode->now.size);
}

void disk_fail_late(struct inode *inode, const struct memio_knobs *knobs, int late)
{
	if (!inode->in_journal)
		content_copy(&inode->below, &inode->disk);
	inode->in_journal = true;
	inode->late = late;
	apply_drawn(&inode->below, inode, knobs->partial_seed);
	apply_all(&inode->disk, inode);
	content_resize(&inode->below, inode->disk.size); /* lengths are the file system's own business */
	give_blocks(inode);
	forget_changes(inode);
}

/* Clean pages are read from the disk again: after a failed sync, that shows what was lost. */
void disk_drop_cache(struct inode *inode)
{
	if (!inode->change_count)
		show(inode, &inode->disk);
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

void set_entry(struct entry *entries, const char *name, struct inode *inode)
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

void disk_set_entry(struct dir *dir, const char *name, struct inode *inode, size_t call)
{
	set_entry(dir->now, name, inode);
	dir->changes = realloc(dir->changes, (dir->change_count + 1) * sizeof *dir->changes);
	assert(dir->changes);
	struct entry *change = &dir->changes[dir->change_count++];
	*change = (struct entry){.inode = inode, .call = call};
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
	struct fate *fates = calloc(inode->change_count + 1, sizeof *fates);
	assert(fates);
	for (size_t i = 0; i < inode->change_count; i++)
		fates[i] = loss == MEMIO_LOSE_SOME
				   ? fate_draw(&inode->changes[i], rng)
				   : (struct fate){.kind = loss == MEMIO_KEEP_ALL ? FATE_KEPT : FATE_LOST};
	disk_apply_fates(&inode->disk, inode, fates);
	free(fates);
	forget_changes(inode);
	inode->locked_by = 0;
	inode->in_journal = false; /* it was replayed */
	inode->late = 0;
	content_copy(&inode->now, &inode->disk);
}

void disk_reboot_dir(struct dir *dir, enum memio_loss loss, bool loose, struct rng *rng)
{
	if (loss == MEMIO_LOSE_SOME && loose) {
		size_t kept = 0;
		for (size_t i = 0; i < dir->change_count; i++)
			if (rng_below(rng, 2))
				dir->changes[kept++] = dir->changes[i];
		sync_changes(dir, kept);
	} else {
		sync_changes(dir, loss == MEMIO_KEEP_ALL    ? dir->change_count
				  : loss == MEMIO_LOSE_SOME ? rng_below(rng, dir->change_count + 1)
							    : 0);
	}
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
	struct inode *inode = calloc(1, sizeof *inode);
	world->files = realloc(world->files, (world->file_count + 1) * sizeof(struct inode *));
	assert(inode && world->files);
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
		forget_changes(world->files[i]);
		content_finish(&world->files[i]->now);
		content_finish(&world->files[i]->disk);
		content_finish(&world->files[i]->below);
		free(world->files[i]->solid);
		free(world->files[i]);
	}
	free(world->files);
	for (size_t i = 0; i < world->dir_count; i++) {
		free(world->dirs[i]->changes);
		free(world->dirs[i]);
	}
}
