/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call of respin_io_ops counted, and some of them made to fail, on top of
 * the file system in memory. Calls that change nothing count as well. Which
 * bytes a failed sync loses is the file system's business below.
 */
#ifndef FAULTS_FAULT_IO_H
#define FAULTS_FAULT_IO_H

#include <stdbool.h>

#include "../unit/memio.h"

enum fault_call {
	CALL_OPEN_DIR,
	CALL_OPEN,
	CALL_CLOSE,
	CALL_PREAD,
	CALL_PWRITE,
	CALL_WRITE,
	CALL_TRUNCATE,
	CALL_DATASYNC,
	CALL_SYNC,
	CALL_SYNC_DIR,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_STAT,
	CALL_STAT_AT,
	CALL_STAT_PATH,
	CALL_SPACE,
	CALL_LOCK,
	CALL_LIST,
	CALLS
};
extern const char *const fault_call_names[CALLS];

enum fault_way {
	WAY_ERROR,     /* nothing happens, an errno comes back */
	WAY_TORN,      /* a write does half of it, and then an errno comes back */
	WAY_DONE,      /* it happens, and an errno comes back all the same */
	WAY_SHORT_ONE, /* a read or write is one byte short; of a single byte: none */
	WAY_SHORT_ALL, /* it moves nothing and says 0 */
	WAY_DELAY,     /* it takes a minute */
};

enum fault_span {
	SPAN_ONCE,
	SPAN_KIND, /* from there on every call of that kind */
	SPAN_ALL,  /* from there on every call */
	SPANS
};
extern const char *const fault_span_names[SPANS];

struct fault_plan {
	uint64_t at; /* the index of a call, from 0 */
	enum fault_way way;
	int err;
	enum fault_span span;
};

#define FAULT_PLANS 2u
#define FAULT_TRACE 4096u

struct fault_io {
	struct memio *memio;
	struct respin_io below;
	struct fault_plan plans[FAULT_PLANS];
	unsigned plan_count;
	uint64_t calls, limit;              /* limit: more of them are a hang */
	uint64_t struck;                    /* faults that came out */
	int64_t handles;                    /* open ones */
	enum fault_call kinds[FAULT_PLANS]; /* what SPAN_KIND goes on with */
	bool begun[FAULT_PLANS];
	uint8_t trace[FAULT_TRACE]; /* enum fault_call of each call */
};

void fault_io_init(struct fault_io *fault, struct memio *memio);
struct respin_io fault_io_table(struct fault_io *fault);

/* Can this kind of call go wrong in this way at all? */
bool fault_io_fits(enum fault_call call, enum fault_way way);

#endif
