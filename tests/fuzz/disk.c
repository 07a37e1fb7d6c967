/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disk of disk.h. Every file has two copies, the system's and the disk's;
 * between them stands the log of its changes since the last sync that worked.
 */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

#define FILES_MAX 32u /* also those that have no name any more */
#define HANDLES_MAX 32u
#define FILE_BYTES (288u << 10) /* the largest image that a target makes, and its map */
#define LOG_MAX 4096u
#define ARENA_BYTES (2u << 20)
#define NAMES_MAX 16u
#define TORN 16u
#define DIR_HANDLE 1000
#define TICK_NS 20000000u /* every look at the clock: commits come by time too */

struct file {
	uint8_t *now, *disk;
	size_t size, disk_size;
	uint32_t ino;
	bool locked, stale; /* stale: a sync failed, so clean pages may not be what is on the disk */
	unsigned pending;
};

struct change {
	struct file *file;
	bool resize;
	size_t pos, len; /* of a resize: the size */
	uint8_t *data;   /* in the arena */
};

struct entry {
	char name[40];
	struct file *file;
};

struct names {
	struct entry entries[NAMES_MAX];
	size_t count;
};

static struct {
	struct file files[FILES_MAX];
	size_t file_count;
	struct names now, steps[NAMES_MAX * 8],
		disk; /* the folder, and how it came to be since its last sync */
	size_t step_count;
	struct change log[LOG_MAX];
	size_t log_count, arena_used;
	uint8_t arena[ARENA_BYTES];
	struct handle {
		struct file *file;
		bool holds_lock;
	} handles[HANDLES_MAX];
	struct disk_fault faults[DISK_FAULTS_MAX];
	unsigned fault_count;
	uint64_t changes, cut_before, now_ns;
	uint32_t inodes;
	bool off;
} disk;

static struct entry *find(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->entries[i].name, name))
			return &names->entries[i];
	return NULL;
}

static void drop(struct names *names, const char *name)
{
	struct entry *entry = find(names, name);
	if (entry)
		*entry = names->entries[--names->count];
}

static bool name(struct names *names, const char *text, struct file *file)
{
	struct entry *entry = find(names, text);
	if (!entry) {
		if (names->count == NAMES_MAX)
			return false;
		entry = &names->entries[names->count++];
		(void)snprintf(entry->name, sizeof entry->name, "%s", text);
	}
	entry->file = file;
	return true;
}

static void folder_changed(void)
{
	if (disk.step_count < sizeof disk.steps / sizeof *disk.steps)
		disk.steps[disk.step_count++] = disk.now;
}

static void store(uint8_t *bytes, size_t *size, size_t pos, const uint8_t *data, size_t len)
{
	if (pos > *size)
		memset(bytes + *size, 0, pos - *size);
	memcpy(bytes + pos, data, len);
	if (pos + len > *size)
		*size = pos + len;
}

static void resize(uint8_t *bytes, size_t *size, size_t to)
{
	if (to > *size)
		memset(bytes + *size, 0, to - *size);
	*size = to;
}

static struct change *note(struct file *file, size_t len)
{
	if (disk.log_count == LOG_MAX || ARENA_BYTES - disk.arena_used < len)
		return NULL;
	struct change *change = &disk.log[disk.log_count++];
	*change = (struct change){.file = file, .len = len, .data = disk.arena + disk.arena_used};
	disk.arena_used += len;
	file->pending++;
	return change;
}

/* Off the log with the file's changes; what survives reaches the disk. */
static void settle(struct file *file, bool all, struct rng *rng)
{
	size_t kept = 0;
	for (size_t i = 0; i < disk.log_count; i++) {
		struct change *change = &disk.log[i];
		if (change->file != file) {
			disk.log[kept++] = *change;
			continue;
		}
		uint64_t luck = all ? 0 : rng_next(rng);
		if (luck & 1)
			continue;
		if (change->resize) {
			resize(file->disk, &file->disk_size, change->pos);
			continue;
		}
		size_t len = change->len;
		if (luck & 2) /* torn */
			len = (size_t)(luck >> 8) % (len / TORN + 1) * TORN;
		store(file->disk, &file->disk_size, change->pos, change->data, len);
	}
	disk.log_count = kept;
	file->pending = 0;
	if (!kept)
		disk.arena_used = 0;
}

static void back_to_disk(struct file *file)
{
	memcpy(file->now, file->disk, file->disk_size);
	file->size = file->disk_size;
	file->stale = false;
}

static bool is_in(const struct names *names, const struct file *file)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->entries[i].file == file)
			return true;
	return false;
}

/* No name leads to it, now or after a power cut, and nobody has it open. */
static bool is_free(const struct file *file)
{
	bool used = is_in(&disk.now, file) || is_in(&disk.disk, file);
	for (size_t i = 0; i < disk.step_count && !used; i++)
		used = is_in(&disk.steps[i], file);
	for (size_t i = 0; i < HANDLES_MAX && !used; i++)
		used = disk.handles[i].file == file;
	return !used;
}

static struct file *new_file(void)
{
	struct file *file = NULL;
	if (disk.file_count < FILES_MAX)
		file = &disk.files[disk.file_count++];
	for (size_t i = 0; i < FILES_MAX && !file; i++)
		file = is_free(&disk.files[i]) ? &disk.files[i] : NULL;
	if (!file)
		return NULL;
	if (!file->now) {
		file->now = malloc(FILE_BYTES);
		file->disk = malloc(FILE_BYTES);
		MUST(file->now && file->disk);
	}
	settle(file, true, NULL);
	file->size = file->disk_size = 0;
	file->ino = ++disk.inodes + 10;
	file->locked = file->stale = false;
	file->pending = 0;
	return file;
}

/* True: the call answers *result instead. */
static bool intercepted(int *result, bool *reverts)
{
	disk.changes++;
	disk.off = disk.off || (disk.cut_before && disk.changes >= disk.cut_before);
	if (disk.off) {
		*result = -ENODEV;
		return true;
	}
	for (unsigned i = 0; i < disk.fault_count; i++) {
		const struct disk_fault *fault = &disk.faults[i];
		if (disk.changes < fault->nth || disk.changes - fault->nth >= fault->times)
			continue;
		*result = fault->error;
		if (reverts)
			*reverts = fault->reverts;
		return true;
	}
	return false;
}

/* ---- the table ---- */

static int d_open_dir(void *self, const char *path)
{
	(void)self;
	if (disk.off)
		return -ENODEV;
	return strcmp(path, DISK_FOLDER) ? -ENOENT : DIR_HANDLE;
}

static int new_handle(struct file *file)
{
	for (int i = 0; i < (int)HANDLES_MAX; i++)
		if (!disk.handles[i].file) {
			disk.handles[i] = (struct handle){.file = file};
			return i;
		}
	return -EMFILE;
}

static int d_open(void *self, int dir, const char *text, unsigned flags, unsigned mode)
{
	(void)self, (void)mode;
	int result;
	MUST(dir == DIR_HANDLE && strlen(text) < sizeof disk.now.entries->name && !strchr(text, '/'));
	struct entry *entry = find(&disk.now, text);
	if (disk.off)
		return -ENODEV;
	if (entry)
		return flags & RESPIN_IO_EXCLUSIVE && flags & RESPIN_IO_CREATE ? -EEXIST
									       : new_handle(entry->file);
	if (!(flags & RESPIN_IO_CREATE))
		return -ENOENT;
	if (intercepted(&result, NULL))
		return result ? result : -EIO;
	struct file *file = new_file();
	if (!file || !name(&disk.now, text, file))
		return -ENOSPC;
	folder_changed();
	return new_handle(file);
}

static struct file *file_of(int handle)
{
	MUST(handle >= 0 && handle < (int)HANDLES_MAX && disk.handles[handle].file);
	return disk.handles[handle].file;
}

static int d_close(void *self, int handle)
{
	(void)self;
	if (handle == DIR_HANDLE)
		return 0;
	struct file *file = file_of(handle);
	if (disk.handles[handle].holds_lock)
		file->locked = false;
	disk.handles[handle] = (struct handle){0};
	return 0;
}

static int64_t d_pread(void *self, int handle, void *data, size_t len, uint64_t pos)
{
	(void)self;
	const struct file *file = file_of(handle);
	if (disk.off)
		return -ENODEV;
	if (pos >= file->size)
		return 0;
	size_t n = file->size - (size_t)pos < len ? file->size - (size_t)pos : len;
	memcpy(data, file->now + pos, n);
	return (int64_t)n;
}

static int64_t d_pwrite(void *self, int handle, const void *data, size_t len, uint64_t pos)
{
	(void)self;
	struct file *file = file_of(handle);
	int result;
	if (intercepted(&result, NULL)) {
		if (result)
			return result;
		len = (len + 1) / 2;
	}
	if (pos > FILE_BYTES || len > FILE_BYTES - pos)
		return -EFBIG;
	struct change *change = note(file, len);
	if (!change)
		return -ENOSPC;
	change->pos = (size_t)pos;
	memcpy(change->data, data, len);
	store(file->now, &file->size, (size_t)pos, data, len);
	return (int64_t)len;
}

static int d_truncate(void *self, int handle, uint64_t size)
{
	(void)self;
	struct file *file = file_of(handle);
	int result;
	if (intercepted(&result, NULL))
		return result ? result : -EIO;
	if (size > FILE_BYTES)
		return -EFBIG;
	struct change *change = note(file, 0);
	if (!change)
		return -ENOSPC;
	change->resize = true;
	change->pos = (size_t)size;
	resize(file->now, &file->size, (size_t)size);
	return 0;
}

static int d_sync(void *self, int handle)
{
	(void)self;
	int result;
	bool reverts = false;
	struct file *file = handle == DIR_HANDLE ? NULL : file_of(handle);
	bool fails = intercepted(&result, &reverts);
	if (fails && (disk.off || result == -EINTR)) /* nothing was tried yet */
		return result;
	if (fails && !result)
		result = -EIO;
	if (!file) {
		if (fails)
			return result;
		disk.disk = disk.now;
		disk.step_count = 0;
		return 0;
	}
	/* A failed sync leaves clean pages: some reached the disk, and nobody will try again. */
	struct rng rng = {disk.changes};
	settle(file, !fails, &rng);
	file->stale = file->stale || fails;
	if (fails && reverts)
		back_to_disk(file);
	return fails ? result : 0;
}

static int d_rename(void *self, int dir, const char *from, const char *to)
{
	(void)self, (void)dir;
	int result;
	struct entry *entry = find(&disk.now, from);
	if (intercepted(&result, NULL))
		return result ? result : -EIO;
	if (!entry)
		return -ENOENT;
	struct file *file = entry->file;
	if (!name(&disk.now, to, file))
		return -ENOSPC;
	drop(&disk.now, from);
	folder_changed();
	return 0;
}

static int d_unlink(void *self, int dir, const char *text)
{
	(void)self, (void)dir;
	int result;
	if (!find(&disk.now, text))
		return -ENOENT;
	if (intercepted(&result, NULL))
		return result ? result : -EIO;
	drop(&disk.now, text);
	folder_changed();
	return 0;
}

static void fill_stat(const struct file *file, struct respin_io_stat *stat)
{
	*stat = (struct respin_io_stat){.dev = 5, .ino = file ? file->ino : 2, .links = 1, .mode = 0644};
	stat->kind = file ? RESPIN_IO_REGULAR : RESPIN_IO_DIRECTORY;
	if (!file)
		return;
	stat->size_bytes = stat->allocated_bytes = file->size;
	stat->links = 0;
	for (size_t i = 0; i < disk.now.count; i++)
		stat->links += disk.now.entries[i].file == file;
}

static int d_stat(void *self, int handle, struct respin_io_stat *stat)
{
	(void)self;
	if (disk.off)
		return -ENODEV;
	fill_stat(handle == DIR_HANDLE ? NULL : file_of(handle), stat);
	return 0;
}

static int d_stat_at(void *self, int dir, const char *text, struct respin_io_stat *stat)
{
	(void)self, (void)dir;
	const struct entry *entry = find(&disk.now, text);
	if (disk.off)
		return -ENODEV;
	if (!entry)
		return -ENOENT;
	fill_stat(entry->file, stat);
	return 0;
}

static int d_stat_path(void *self, const char *path, struct respin_io_stat *stat)
{
	const char *slash = strrchr(path, '/');
	return slash ? d_stat_at(self, DIR_HANDLE, slash + 1, stat) : -ENOENT;
}

static int d_space(void *self, int dir, struct respin_io_space *space)
{
	(void)self, (void)dir;
	*space = (struct respin_io_space){.free_bytes = 1u << 20}; /* too little for a reserve of megabytes */
	return disk.off ? -ENODEV : 0;
}

static int d_lock(void *self, int handle)
{
	(void)self;
	struct file *file = file_of(handle);
	if (disk.off)
		return -ENODEV;
	if (file->locked)
		return -EAGAIN;
	file->locked = disk.handles[handle].holds_lock = true;
	return 0;
}

static void d_start_writeback(void *self, int handle, uint64_t pos, uint64_t len)
{
	(void)self, (void)handle, (void)pos, (void)len;
}

/* Clean pages go, and with them what a failed sync has left in them; dirty ones stay. */
static void d_drop_cache(void *self, int handle, uint64_t pos, uint64_t len)
{
	(void)self, (void)pos, (void)len;
	struct file *file = file_of(handle);
	if (!file->pending && file->stale)
		back_to_disk(file);
}

static uint64_t d_now_ns(void *self)
{
	(void)self;
	return disk.now_ns += TICK_NS;
}

static int64_t d_wall_s(void *self)
{
	(void)self;
	return 1700000000;
}

static void d_adopt(void *self, int handle, const struct respin_io_stat *like)
{
	(void)self, (void)handle, (void)like;
}

struct respin_io disk_io(void)
{
	static const struct respin_io_ops ops = {
		.size = sizeof ops,
		.open_dir = d_open_dir,
		.open = d_open,
		.close = d_close,
		.pread = d_pread,
		.pwrite = d_pwrite,
		.truncate = d_truncate,
		.datasync = d_sync,
		.sync = d_sync,
		.sync_dir = d_sync,
		.rename = d_rename,
		.unlink = d_unlink,
		.stat = d_stat,
		.stat_at = d_stat_at,
		.stat_path = d_stat_path,
		.space = d_space,
		.lock = d_lock,
		.start_writeback = d_start_writeback,
		.drop_cache = d_drop_cache,
		.now_ns = d_now_ns,
		.wall_s = d_wall_s,
		.adopt = d_adopt,
	};
	return (struct respin_io){&ops, NULL};
}

/* ---- what the target does ---- */

void disk_reset(void)
{
	disk.file_count = disk.step_count = disk.log_count = disk.arena_used = 0;
	disk.now.count = disk.disk.count = 0;
	disk.inodes = 0;
	memset(disk.handles, 0, sizeof disk.handles);
	disk.fault_count = 0;
	disk.changes = disk.cut_before = disk.now_ns = 0;
	disk.off = false;
}

void disk_fail(struct disk_fault fault)
{
	if (disk.fault_count < DISK_FAULTS_MAX)
		disk.faults[disk.fault_count++] = fault;
}

void disk_no_faults(void)
{
	disk.fault_count = 0;
}

uint64_t disk_changes(void)
{
	return disk.changes;
}

void disk_cut_before(uint64_t changes)
{
	disk.cut_before = changes ? disk.changes + changes : 0;
}

void disk_kill(void)
{
	memset(disk.handles, 0, sizeof disk.handles);
	for (size_t i = 0; i < disk.file_count; i++)
		disk.files[i].locked = false;
}

void disk_reboot(uint64_t seed)
{
	struct rng rng = {seed};
	for (size_t i = 0; i < disk.file_count; i++) {
		settle(&disk.files[i], false, &rng);
		back_to_disk(&disk.files[i]);
	}
	size_t survives = (size_t)(rng_next(&rng) % (disk.step_count + 1));
	if (survives)
		disk.disk = disk.steps[survives - 1];
	disk.now = disk.disk;
	disk.step_count = 0;
	disk.off = false;
	disk.cut_before = 0;
	disk_no_faults();
	disk_kill();
}

const uint8_t *disk_bytes(const char *text, size_t *len)
{
	const struct entry *entry = find(&disk.now, text);
	*len = entry ? entry->file->size : 0;
	return entry ? entry->file->now : NULL;
}

void disk_put(const char *text, const void *data, size_t len)
{
	struct file *file = new_file();
	if (!file || len > FILE_BYTES)
		return;
	memcpy(file->now, data, len);
	memcpy(file->disk, data, len);
	file->size = file->disk_size = len;
	(void)name(&disk.now, text, file);
	(void)name(&disk.disk, text, file);
	disk.step_count = 0;
	disk.disk = disk.now;
}

void disk_remove(const char *text)
{
	drop(&disk.now, text);
	disk.disk = disk.now;
	disk.step_count = 0;
}
