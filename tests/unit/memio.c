/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of the file system in memory: handles, the log, faults and power.
 * What is on the disk is memio_disk's business. Speed is no aim.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memio_disk.h"

#define HANDLES_MAX 64u
#define FAULTS_MAX 16u

struct handle {
	bool open;
	struct dir *dir;
	struct inode *inode;
	unsigned failures_known; /* of the inode's: what this handle has been told, or came too late for */
	char name[64];
};

struct memio {
	struct memio_knobs knobs;
	struct world world;
	struct handle handles[HANDLES_MAX];
	struct memio_fault faults[FAULTS_MAX];
	size_t fault_count;
	struct memio_call *log;
	size_t log_count;
	uint64_t changes_since_boot, cut_before;
	bool off;
	void (*before)(void *arg);
	void *before_arg;
};

/* ---- the log, faults and power ---- */

static const char *name_of(const struct memio *memio, int file)
{
	assert(file >= 0 && file < (int)HANDLES_MAX && memio->handles[file].open);
	return memio->handles[file].name;
}

static bool changes_world(enum memio_op op)
{
	return op < MEMIO_OPEN;
}

/* 0: go on. Otherwise *result is the answer; for a write it may be a short count. */
static bool intercepted(struct memio *memio, enum memio_op op, const char *name, int64_t *result)
{
	if (!memio->off && changes_world(op)) {
		if (memio->before)
			memio->before(memio->before_arg);
		memio->changes_since_boot++;
		memio->off = memio->cut_before && memio->changes_since_boot >= memio->cut_before;
	}
	if (memio->off) {
		*result = -ENODEV;
		return true;
	}
	for (size_t i = 0; i < memio->fault_count; i++) {
		struct memio_fault *fault = &memio->faults[i];
		bool hit =
			fault->op == op || (fault->op == MEMIO_ANY && changes_world(op) &&
					    (fault->result < 0 || op == MEMIO_PWRITE || op == MEMIO_WRITE));
		if (!hit || !fault->times || (fault->name && strcmp(fault->name, name) != 0))
			continue;
		if (fault->nth > 1) {
			fault->nth--;
			continue;
		}
		fault->times--;
		*result = fault->result;
		return true;
	}
	return false;
}

static int64_t record(struct memio *memio, struct memio_call call, const char *name, const char *to)
{
	memio->log = realloc(memio->log, (memio->log_count + 1) * sizeof *memio->log);
	assert(memio->log && strlen(name) < sizeof call.name);
	memcpy(call.name, name, strlen(name) + 1);
	if (to)
		memcpy(call.to, to, strlen(to) + 1);
	memio->log[memio->log_count++] = call;
	return call.result;
}

/* ---- the table ---- */

static struct handle *handle_of(struct memio *memio, int file)
{
	assert(file >= 0 && file < (int)HANDLES_MAX && memio->handles[file].open);
	return &memio->handles[file];
}

static int new_handle(struct memio *memio, struct dir *dir, struct inode *inode, const char *name)
{
	for (int i = 0; i < (int)HANDLES_MAX; i++) {
		struct handle *handle = &memio->handles[i];
		if (handle->open)
			continue;
		*handle = (struct handle){.open = true, .dir = dir, .inode = inode};
		handle->failures_known = inode ? inode->failures : 0;
		memcpy(handle->name, name, strlen(name) + 1);
		return i;
	}
	return -EMFILE;
}

static int mem_open_dir(void *self, const char *path)
{
	struct memio *memio = self;
	int64_t result;
	if (intercepted(memio, MEMIO_OTHER, path, &result))
		return (int)result;
	struct dir *dir = world_find_dir(&memio->world, path);
	return dir ? new_handle(memio, dir, NULL, "(directory)") : -ENOENT;
}

static int mem_open(void *self, int dir, const char *name, unsigned flags, unsigned mode)
{
	struct memio *memio = self;
	struct dir *where = handle_of(memio, dir)->dir;
	struct entry *entry = disk_find(where, name);
	struct inode *inode = entry ? entry->inode : NULL;
	bool create = !inode && flags & RESPIN_IO_CREATE;
	int64_t result;
	if (intercepted(memio, create ? MEMIO_CREATE : MEMIO_OPEN, name, &result))
		return (int)result;
	if (inode && flags & RESPIN_IO_CREATE && flags & RESPIN_IO_EXCLUSIVE)
		return -EEXIST;
	if (inode && inode->kind == RESPIN_IO_SYMLINK) {
		if (flags & RESPIN_IO_NOFOLLOW)
			return -ELOOP;
		inode = world_find(&memio->world, inode->target, true);
	}
	if (!inode && !create)
		return -ENOENT;
	if (create) {
		inode = world_new(&memio->world, where->dev, RESPIN_IO_REGULAR);
		inode->mode = mode & 0755;
		disk_set_entry(where, name, inode, memio->log_count);
		(void)record(memio, (struct memio_call){.op = MEMIO_CREATE}, name, NULL);
	}
	return new_handle(memio, NULL, inode, name);
}

static int mem_close(void *self, int file)
{
	struct memio *memio = self;
	struct handle *handle = handle_of(memio, file);
	if (handle->inode && handle->inode->locked_by == file + 1)
		handle->inode->locked_by = 0;
	*handle = (struct handle){0};
	return 0;
}

static int64_t mem_pread(void *self, int file, void *data, size_t len, uint64_t pos_bytes)
{
	struct memio *memio = self;
	struct inode *inode = handle_of(memio, file)->inode;
	int64_t result;
	if (intercepted(memio, MEMIO_PREAD, name_of(memio, file), &result)) {
		if (result <= 0)
			return result;
		len = (size_t)result < len ? (size_t)result : len;
	}
	if (pos_bytes >= inode->now.size)
		return 0;
	if (len > inode->now.size - pos_bytes)
		len = inode->now.size - (size_t)pos_bytes;
	memcpy(data, inode->now.data + pos_bytes, len);
	return (int64_t)len;
}

static int64_t store_bytes(struct memio *memio, enum memio_op op, int file, const void *data, size_t len,
			   uint64_t pos)
{
	struct memio_call call = {.op = op, .pos = pos, .len = len, .result = (int64_t)len};
	struct inode *inode = handle_of(memio, file)->inode;
	int64_t result;
	if (intercepted(memio, op, name_of(memio, file), &result))
		call.result = result < (int64_t)len ? result : (int64_t)len;
	if (call.result > 0)
		disk_write(inode, pos, data, (size_t)call.result, memio->log_count);
	return record(memio, call, name_of(memio, file), NULL);
}

static int64_t mem_pwrite(void *self, int file, const void *data, size_t len, uint64_t pos_bytes)
{
	struct memio *memio = self;
	if (handle_of(memio, file)->inode->kind == RESPIN_IO_OTHER)
		return -ESPIPE;
	return store_bytes(memio, MEMIO_PWRITE, file, data, len, pos_bytes);
}

static int64_t mem_write(void *self, int file, const void *data, size_t len)
{
	struct memio *memio = self;
	return store_bytes(memio, MEMIO_WRITE, file, data, len, handle_of(memio, file)->inode->now.size);
}

static int mem_truncate(void *self, int file, uint64_t size_bytes)
{
	struct memio *memio = self;
	struct memio_call call = {.op = MEMIO_TRUNCATE, .len = size_bytes};
	if (!intercepted(memio, MEMIO_TRUNCATE, name_of(memio, file), &call.result))
		disk_resize(handle_of(memio, file)->inode, size_bytes, memio->log_count);
	return (int)record(memio, call, name_of(memio, file), NULL);
}

/* Told now or never: what was lost before this handle was opened, nobody tells it. */
static bool owes_failure(struct memio *memio, struct handle *handle)
{
	if (handle->failures_known == handle->inode->failures)
		return false;
	handle->failures_known = handle->inode->failures;
	for (size_t i = 0; memio->knobs.report == MEMIO_REPORT_ONCE && i < HANDLES_MAX; i++)
		if (memio->handles[i].inode == handle->inode)
			memio->handles[i].failures_known = handle->inode->failures;
	return true;
}

/* The pages are taken for clean, and were not written. `result`: what is to be told. */
static int fail_sync(struct memio *memio, struct handle *handle, int result)
{
	struct inode *inode = handle->inode;
	if (result == -EINTR)
		return result;
	bool owed = handle->failures_known != inode->failures;
	if (memio->knobs.report == MEMIO_REPORT_LATE && result < 0 && !inode->late && !owed) {
		disk_fail_late(inode, &memio->knobs, result);
		return 0;
	}
	disk_fail(inode, &memio->knobs);
	inode->late = 0;
	inode->lies = memio->knobs.lies_after && result < 0;
	if (result < 0) {
		inode->failures++;
		(void)owes_failure(memio, handle);
	}
	return result;
}

static int sync_inode(struct memio *memio, struct handle *handle)
{
	struct inode *inode = handle->inode;
	if (inode->kind == RESPIN_IO_OTHER)
		return -EINVAL;
	if (inode->late)
		return fail_sync(memio, handle, inode->late);
	if (inode->lies) {
		/* Of the bytes alone: nobody could tell a length that is only remembered from one that lasts. */
		disk_grow(inode);
		return fail_sync(memio, handle, 0);
	}
	disk_sync(inode);
	return owes_failure(memio, handle) ? -EIO : 0;
}

static int sync_handle(struct memio *memio, enum memio_op op, int file)
{
	struct memio_call call = {.op = op};
	struct handle *handle = handle_of(memio, file);
	if (!intercepted(memio, op, name_of(memio, file), &call.result))
		call.result = sync_inode(memio, handle);
	else if (!memio->off)
		call.result = fail_sync(memio, handle, (int)call.result);
	return (int)record(memio, call, name_of(memio, file), NULL);
}

static int mem_datasync(void *self, int file)
{
	return sync_handle(self, MEMIO_DATASYNC, file);
}

static int mem_sync(void *self, int file)
{
	return sync_handle(self, MEMIO_SYNC, file);
}

static int mem_sync_dir(void *self, int dir)
{
	struct memio *memio = self;
	struct memio_call call = {.op = MEMIO_SYNC_DIR};
	struct dir *where = handle_of(memio, dir)->dir;
	if (!intercepted(memio, MEMIO_SYNC_DIR, where->path, &call.result))
		disk_sync_dir(where);
	return (int)record(memio, call, where->path, NULL);
}

static int mem_rename(void *self, int dir, const char *from, const char *to)
{
	struct memio *memio = self;
	struct memio_call call = {.op = MEMIO_RENAME};
	struct dir *where = handle_of(memio, dir)->dir;
	struct entry *entry = disk_find(where, from);
	if (intercepted(memio, MEMIO_RENAME, from, &call.result))
		return (int)record(memio, call, from, to);
	if (!entry) {
		call.result = -ENOENT;
	} else {
		struct inode *inode = entry->inode;
		/* Where names are loose, the old target goes by itself, and may be all that goes. */
		if (memio->knobs.loose_dirs && disk_find(where, to))
			disk_set_entry(where, to, NULL, memio->log_count);
		disk_set_entry(where, to, inode, memio->log_count);
		disk_set_entry(where, from, NULL, memio->log_count);
	}
	return (int)record(memio, call, from, to);
}

static int mem_unlink(void *self, int dir, const char *name)
{
	struct memio *memio = self;
	struct memio_call call = {.op = MEMIO_UNLINK};
	struct dir *where = handle_of(memio, dir)->dir;
	if (!memio->off && !disk_find(where, name))
		return -ENOENT;
	if (!intercepted(memio, MEMIO_UNLINK, name, &call.result))
		disk_set_entry(where, name, NULL, memio->log_count);
	return (int)record(memio, call, name, NULL);
}

static void fill_stat(const struct memio *memio, const struct inode *inode, struct respin_io_stat *stat)
{
	*stat = (struct respin_io_stat){.dev = inode->dev,
					.ino = inode->ino,
					.rdev = inode->rdev,
					.size_bytes = inode->now.size,
					.allocated_bytes = inode->now.size,
					.links = world_links(&memio->world, inode),
					.mode = inode->mode,
					.kind = (uint8_t)inode->kind,
					.modified_ns = inode->writes};
}

static int mem_stat(void *self, int file, struct respin_io_stat *stat)
{
	struct memio *memio = self;
	struct handle *handle = handle_of(memio, file);
	int64_t result;
	if (intercepted(memio, MEMIO_STAT, handle->name, &result))
		return (int)result;
	if (handle->inode)
		fill_stat(memio, handle->inode, stat);
	else
		*stat = (struct respin_io_stat){.dev = handle->dir->dev,
						.ino = (uint64_t)(uintptr_t)handle->dir,
						.links = 2,
						.kind = RESPIN_IO_DIRECTORY};
	return 0;
}

static int mem_stat_at(void *self, int dir, const char *name, struct respin_io_stat *stat)
{
	struct memio *memio = self;
	struct entry *entry = disk_find(handle_of(memio, dir)->dir, name);
	int64_t result;
	if (intercepted(memio, MEMIO_STAT, name, &result))
		return (int)result;
	if (!entry)
		return -ENOENT;
	fill_stat(memio, entry->inode, stat);
	return 0;
}

static int mem_stat_path(void *self, const char *path, struct respin_io_stat *stat)
{
	struct memio *memio = self;
	struct inode *inode = world_find(&memio->world, path, true);
	int64_t result;
	if (intercepted(memio, MEMIO_STAT, path, &result))
		return (int)result;
	if (!inode)
		return -ENOENT;
	fill_stat(memio, inode, stat);
	return 0;
}

static int mem_space(void *self, int dir, struct respin_io_space *space)
{
	struct memio *memio = self;
	(void)dir;
	int64_t result;
	if (intercepted(memio, MEMIO_OTHER, "(space)", &result))
		return (int)result;
	*space = memio->knobs.space;
	return 0;
}

static int mem_lock(void *self, int file)
{
	struct memio *memio = self;
	struct inode *inode = handle_of(memio, file)->inode;
	int64_t result;
	if (intercepted(memio, MEMIO_LOCK, name_of(memio, file), &result))
		return (int)result;
	if (memio->knobs.lock_result)
		return memio->knobs.lock_result;
	if (inode->locked_by && inode->locked_by != file + 1)
		return -EAGAIN;
	inode->locked_by = file + 1;
	return 0;
}

static void mem_start_writeback(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	(void)self, (void)file, (void)pos_bytes, (void)len;
}

static void mem_drop_cache(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	(void)pos_bytes, (void)len;
	const struct memio *memio = self;
	if (!memio->knobs.keeps_cache)
		disk_drop_cache(handle_of(self, file)->inode);
}

static int mem_list(void *self, int dir, void (*fn)(void *arg, const char *name), void *arg)
{
	struct dir *where = handle_of(self, dir)->dir;
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (where->now[i].inode)
			fn(arg, where->now[i].name);
	return 0;
}

static uint64_t mem_now_ns(void *self)
{
	struct memio *memio = self;
	return memio->knobs.now_ns += memio->knobs.tick_ns;
}

static int64_t mem_wall_s(void *self)
{
	(void)self;
	return 1000000000;
}

static void mem_adopt(void *self, int file, const struct respin_io_stat *like)
{
	handle_of(self, file)->inode->mode = like->mode;
}

/* ---- for the tests ---- */

struct memio *memio_create(void)
{
	struct memio *memio = calloc(1, sizeof *memio);
	assert(memio);
	memio->knobs.space.free_bytes = 1u << 20; /* too little for the store to hold a reserve */
	return memio;
}

void memio_destroy(struct memio *memio)
{
	world_finish(&memio->world);
	free(memio->log);
	free(memio);
}

struct memio_knobs *memio_knobs(struct memio *memio)
{
	return &memio->knobs;
}

void memio_fail(struct memio *memio, struct memio_fault fault)
{
	assert(memio->fault_count < FAULTS_MAX);
	memio->faults[memio->fault_count++] = fault;
}

void memio_fail_writeback(struct memio *memio, const char *path)
{
	struct inode *inode = world_find(&memio->world, path, true);
	assert(inode);
	if (!inode->change_count)
		return;
	disk_fail(inode, &memio->knobs);
	inode->failures++;
}

void memio_watch(struct memio *memio, void (*before)(void *arg), void *arg)
{
	memio->before = before;
	memio->before_arg = arg;
}

struct world *memio_world(struct memio *memio)
{
	return &memio->world;
}

void memio_cut_before(struct memio *memio, uint64_t nth)
{
	memio->cut_before = nth ? memio->changes_since_boot + nth : 0;
}

void memio_reboot(struct memio *memio, enum memio_loss loss, uint64_t seed)
{
	struct rng rng = {seed};
	struct world *world = &memio->world;
	for (size_t i = 0; i < world->file_count; i++)
		disk_reboot_file(world->files[i], loss, &rng);
	for (size_t i = 0; i < world->dir_count; i++)
		disk_reboot_dir(world->dirs[i], loss, memio->knobs.loose_dirs, &rng);
	memset(memio->handles, 0, sizeof memio->handles);
	memio->fault_count = 0;
	memio->off = false;
	memio->cut_before = 0;
	memio->changes_since_boot = 0;
}

const struct memio_call *memio_log(const struct memio *memio, size_t *count)
{
	*count = memio->log_count;
	return memio->log;
}

struct respin_io memio_io(struct memio *memio)
{
	static const struct respin_io_ops ops = {
		.size = sizeof ops,
		.open_dir = mem_open_dir,
		.open = mem_open,
		.close = mem_close,
		.pread = mem_pread,
		.pwrite = mem_pwrite,
		.write = mem_write,
		.truncate = mem_truncate,
		.datasync = mem_datasync,
		.sync = mem_sync,
		.sync_dir = mem_sync_dir,
		.rename = mem_rename,
		.unlink = mem_unlink,
		.stat = mem_stat,
		.stat_at = mem_stat_at,
		.stat_path = mem_stat_path,
		.space = mem_space,
		.lock = mem_lock,
		.start_writeback = mem_start_writeback,
		.drop_cache = mem_drop_cache,
		.list = mem_list,
		.now_ns = mem_now_ns,
		.wall_s = mem_wall_s,
		.adopt = mem_adopt,
	};
	return (struct respin_io){&ops, memio};
}
