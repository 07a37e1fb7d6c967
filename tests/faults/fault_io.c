/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of fault_io.h. */
#include "fault_io.h"

#include <errno.h>

#include "alloc.h"
#include "sweep.h"

#define DELAY_NS 60000000000ull

const char *const fault_call_names[CALLS] = {
	"open_dir", "open",   "close",  "pread", "pwrite",  "write",     "truncate", "datasync", "sync",
	"sync_dir", "rename", "unlink", "stat",  "stat_at", "stat_path", "space",    "lock",     "list"};
const char *const fault_span_names[SPANS] = {"once", "kind", "all"};

bool fault_io_fits(enum fault_call call, enum fault_way way)
{
	bool writes = call == CALL_PWRITE || call == CALL_WRITE;
	switch (way) {
	case WAY_SHORT_ONE:
	case WAY_SHORT_ALL:
		return writes || call == CALL_PREAD;
	case WAY_TORN:
		return writes;
	case WAY_DONE: /* of a sync it would be no lie that can be told from a failure */
		return writes || call == CALL_TRUNCATE || call == CALL_RENAME || call == CALL_UNLINK ||
		       call == CALL_SYNC_DIR;
	default:
		return true;
	}
}

/* The plan that strikes this call; NULL: none. */
static const struct fault_plan *strike(struct fault_io *fault, enum fault_call call)
{
	uint64_t index = fault->calls++;
	if (index < FAULT_TRACE)
		fault->trace[index] = (uint8_t)call;
	if (fault->limit && fault->calls > fault->limit)
		sweep_stuck("%llu calls and no end: hangs", (unsigned long long)fault->calls);
	for (unsigned i = 0; i < fault->plan_count; i++) {
		const struct fault_plan *plan = &fault->plans[i];
		if (index == plan->at) {
			fault->begun[i] = true;
			fault->kinds[i] = call;
		}
		bool hit = index == plan->at ||
			   (fault->begun[i] && plan->span == SPAN_KIND && call == fault->kinds[i]) ||
			   (fault->begun[i] && plan->span == SPAN_ALL);
		if (!hit || !fault_io_fits(call, plan->way))
			continue;
		fault->struck++;
		return plan;
	}
	return NULL;
}

static bool delayed(struct fault_io *fault, const struct fault_plan *plan)
{
	if (plan && plan->way == WAY_DELAY)
		memio_knobs(fault->memio)->now_ns += DELAY_NS;
	return !plan || plan->way == WAY_DELAY;
}

/* Calls that return 0 or an errno: `doing` happens unless it fails. */
#define SIMPLE(call, doing)                                                                                  \
	do {                                                                                                 \
		struct fault_io *fault = self;                                                               \
		const struct fault_plan *plan = strike(fault, call);                                         \
		const struct respin_io *io = &fault->below;                                                  \
		if (delayed(fault, plan))                                                                    \
			return ALLOC_HELD(doing);                                                            \
		if (plan->way == WAY_DONE)                                                                   \
			(void)ALLOC_HELD(doing);                                                             \
		return -plan->err;                                                                           \
	} while (0)

static int count_open(struct fault_io *fault, int file)
{
	fault->handles += file >= 0;
	return file;
}

static int f_open_dir(void *self, const char *path)
{
	SIMPLE(CALL_OPEN_DIR, count_open(fault, io->ops->open_dir(io->self, path)));
}

static int f_open(void *self, int dir, const char *name, unsigned flags, unsigned mode)
{
	SIMPLE(CALL_OPEN, count_open(fault, io->ops->open(io->self, dir, name, flags, mode)));
}

/* The handle is gone whatever close says. */
static int f_close(void *self, int file)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_CLOSE);
	int rc = ALLOC_HELD(fault->below.ops->close(fault->below.self, file));
	fault->handles--;
	return delayed(fault, plan) ? rc : -plan->err;
}

static size_t length(const struct fault_plan *plan, size_t len)
{
	switch (plan->way) {
	case WAY_TORN:
		return len / 2;
	case WAY_SHORT_ONE:
		return len - 1;
	case WAY_DONE:
		return len;
	default:
		return 0;
	}
}

static int64_t f_pread(void *self, int file, void *data, size_t len, uint64_t pos_bytes)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_PREAD);
	const struct respin_io *io = &fault->below;
	if (delayed(fault, plan))
		return ALLOC_HELD(io->ops->pread(io->self, file, data, len, pos_bytes));
	if (plan->way == WAY_ERROR)
		return -plan->err;
	if (plan->way == WAY_SHORT_ALL)
		return 0;
	int64_t n = ALLOC_HELD(io->ops->pread(io->self, file, data, len, pos_bytes));
	return n > 0 ? n - 1 : n;
}

static int64_t f_pwrite(void *self, int file, const void *data, size_t len, uint64_t pos_bytes)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_PWRITE);
	const struct respin_io *io = &fault->below;
	if (delayed(fault, plan))
		return ALLOC_HELD(io->ops->pwrite(io->self, file, data, len, pos_bytes));
	size_t some = length(plan, len);
	int64_t n = some ? ALLOC_HELD(io->ops->pwrite(io->self, file, data, some, pos_bytes)) : 0;
	return plan->way == WAY_SHORT_ONE || plan->way == WAY_SHORT_ALL ? n : -plan->err;
}

static int64_t f_write(void *self, int file, const void *data, size_t len)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_WRITE);
	const struct respin_io *io = &fault->below;
	if (delayed(fault, plan))
		return ALLOC_HELD(io->ops->write(io->self, file, data, len));
	size_t some = length(plan, len);
	int64_t n = some ? ALLOC_HELD(io->ops->write(io->self, file, data, some)) : 0;
	return plan->way == WAY_SHORT_ONE || plan->way == WAY_SHORT_ALL ? n : -plan->err;
}

static int f_truncate(void *self, int file, uint64_t size_bytes)
{
	SIMPLE(CALL_TRUNCATE, io->ops->truncate(io->self, file, size_bytes));
}

/* The file system below fails the sync itself: it knows what becomes of the pages. */
static int failing_sync(struct fault_io *fault, const struct fault_plan *plan, enum memio_op op)
{
	if (plan->err != EINTR && !delayed(fault, plan))
		memio_fail(fault->memio,
			   (struct memio_fault){.op = op, .nth = 1, .times = 1, .result = -plan->err});
	return plan->err == EINTR ? -EINTR : 0;
}

static int f_datasync(void *self, int file)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_DATASYNC);
	int rc = plan ? failing_sync(fault, plan, MEMIO_DATASYNC) : 0;
	return rc ? rc : ALLOC_HELD(fault->below.ops->datasync(fault->below.self, file));
}

static int f_sync(void *self, int file)
{
	struct fault_io *fault = self;
	const struct fault_plan *plan = strike(fault, CALL_SYNC);
	int rc = plan ? failing_sync(fault, plan, MEMIO_SYNC) : 0;
	return rc ? rc : ALLOC_HELD(fault->below.ops->sync(fault->below.self, file));
}

static int f_sync_dir(void *self, int dir)
{
	SIMPLE(CALL_SYNC_DIR, io->ops->sync_dir(io->self, dir));
}

static int f_rename(void *self, int dir, const char *from, const char *to)
{
	SIMPLE(CALL_RENAME, io->ops->rename(io->self, dir, from, to));
}

static int f_unlink(void *self, int dir, const char *name)
{
	SIMPLE(CALL_UNLINK, io->ops->unlink(io->self, dir, name));
}

static int f_stat(void *self, int file, struct respin_io_stat *stat)
{
	SIMPLE(CALL_STAT, io->ops->stat(io->self, file, stat));
}

static int f_stat_at(void *self, int dir, const char *name, struct respin_io_stat *stat)
{
	SIMPLE(CALL_STAT_AT, io->ops->stat_at(io->self, dir, name, stat));
}

static int f_stat_path(void *self, const char *path, struct respin_io_stat *stat)
{
	SIMPLE(CALL_STAT_PATH, io->ops->stat_path(io->self, path, stat));
}

static int f_space(void *self, int dir, struct respin_io_space *space)
{
	SIMPLE(CALL_SPACE, io->ops->space(io->self, dir, space));
}

static int f_lock(void *self, int file)
{
	SIMPLE(CALL_LOCK, io->ops->lock(io->self, file));
}

/* It calls back, and what is called must run out of memory as everything else. */
struct listener {
	void (*fn)(void *arg, const char *name);
	void *arg;
};

static void hear(void *self, const char *name)
{
	const struct listener *listener = self;
	alloc_hold(-1);
	listener->fn(listener->arg, name);
	alloc_hold(1);
}

static int list_unheld(const struct respin_io *io, int dir, void (*fn)(void *arg, const char *name),
		       void *arg)
{
	struct listener listener = {fn, arg};
	return io->ops->list(io->self, dir, hear, &listener);
}

static int f_list(void *self, int dir, void (*fn)(void *arg, const char *name), void *arg)
{
	SIMPLE(CALL_LIST, list_unheld(io, dir, fn, arg));
}

/* Hints and clocks cannot fail. */
static void f_start_writeback(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	const struct respin_io *io = &((struct fault_io *)self)->below;
	io->ops->start_writeback(io->self, file, pos_bytes, len);
}

static void f_drop_cache(void *self, int file, uint64_t pos_bytes, uint64_t len)
{
	const struct respin_io *io = &((struct fault_io *)self)->below;
	alloc_hold(1);
	io->ops->drop_cache(io->self, file, pos_bytes, len);
	alloc_hold(-1);
}

static uint64_t f_now_ns(void *self)
{
	const struct respin_io *io = &((struct fault_io *)self)->below;
	return io->ops->now_ns(io->self);
}

static int64_t f_wall_s(void *self)
{
	const struct respin_io *io = &((struct fault_io *)self)->below;
	return io->ops->wall_s(io->self);
}

static void f_adopt(void *self, int file, const struct respin_io_stat *like)
{
	const struct respin_io *io = &((struct fault_io *)self)->below;
	io->ops->adopt(io->self, file, like);
}

void fault_io_init(struct fault_io *fault, struct memio *memio)
{
	*fault = (struct fault_io){.memio = memio, .below = memio_io(memio)};
}

struct respin_io fault_io_table(struct fault_io *fault)
{
	static const struct respin_io_ops ops = {
		.size = sizeof ops,
		.open_dir = f_open_dir,
		.open = f_open,
		.close = f_close,
		.pread = f_pread,
		.pwrite = f_pwrite,
		.write = f_write,
		.truncate = f_truncate,
		.datasync = f_datasync,
		.sync = f_sync,
		.sync_dir = f_sync_dir,
		.rename = f_rename,
		.unlink = f_unlink,
		.stat = f_stat,
		.stat_at = f_stat_at,
		.stat_path = f_stat_path,
		.space = f_space,
		.lock = f_lock,
		.start_writeback = f_start_writeback,
		.drop_cache = f_drop_cache,
		.list = f_list,
		.now_ns = f_now_ns,
		.wall_s = f_wall_s,
		.adopt = f_adopt,
	};
	return (struct respin_io){&ops, fault};
}
