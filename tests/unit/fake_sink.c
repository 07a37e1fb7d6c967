/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake sink. What it holds afterwards is what a test compares. */
#include "fake_sink.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void fake_sink_init(struct fake_sink *fake, uint64_t units, uint32_t unit_bytes)
{
	memset(fake, 0, sizeof *fake);
	fake->unit_bytes = unit_bytes;
	fake->image = calloc(units ? units : 1, unit_bytes);
	fake->map = map_create(units, RESPIN_NON_TRIED);
	assert(fake->image && fake->map);
	sem_init(&fake->stalled, 0, 0);
	sem_init(&fake->go_on, 0, 0);
}

void fake_sink_finish(struct fake_sink *fake)
{
	sem_destroy(&fake->stalled);
	sem_destroy(&fake->go_on);
	map_destroy(fake->map);
	free(fake->image);
}

/* One consumer: whoever calls first makes all calls. */
static void same_thread(struct fake_sink *fake)
{
	if (!fake->has_thread) {
		fake->thread = pthread_self();
		fake->has_thread = true;
	}
	assert(pthread_equal(fake->thread, pthread_self()));
}

static int no_room(struct fake_sink *fake, struct respin_error *error)
{
	atomic_fetch_add(&fake->waits, 1);
	(void)error_set(error, RESPIN_E_FULL, ENOSPC, "no room");
	return atomic_load(&fake->stopping) ? RESPIN_E_FULL : RESPIN_PUT_WAIT;
}

static bool is_full(atomic_uint *times)
{
	unsigned left = atomic_load(times);
	if (!left)
		return false;
	if (left != FULL_FOR_EVER)
		atomic_fetch_sub(times, 1);
	return true;
}

static int sink_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct fake_sink *fake = self;
	same_thread(fake);
	if (outcome->span_count == 0) {
		fake->finished = outcome->request.phase == RESPIN_PHASE_FINISHED;
		return RESPIN_PUT_CONTINUE;
	}
	if (fake->full_at && atomic_load(&fake->puts) + 1 >= fake->full_at && is_full(&fake->full_times)) {
		int r = no_room(fake, error);
		if (r < 0)
			respin_block_free(outcome->bytes);
		return r;
	}
	uint64_t nth = atomic_fetch_add(&fake->puts, 1) + 1;
	fake->last_phase = outcome->request.phase;
	if (nth == fake->stall_at) {
		sem_post(&fake->stalled);
		sem_wait(&fake->go_on);
	}
	if (fake->fail_at && nth >= fake->fail_at) {
		respin_block_free(outcome->bytes);
		return error_set(error, RESPIN_E_FULL, ENOSPC, "put %llu failed", (unsigned long long)nth);
	}
	uint64_t base = outcome->request.range.start;
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		bool has_bytes = span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL;
		assert(!has_bytes || outcome->bytes);
		if (has_bytes)
			memcpy(fake->image + span->range.start * fake->unit_bytes,
			       outcome->bytes + (span->range.start - base) * fake->unit_bytes,
			       span->range.count * fake->unit_bytes);
		int r = map_apply(fake->map, span);
		assert(r == 0);
		(void)r;
	}
	respin_block_free(outcome->bytes);
	return nth == fake->stop_at ? RESPIN_PUT_STOP : RESPIN_PUT_CONTINUE;
}

static int sink_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	struct fake_sink *fake = self;
	(void)error;
	if (why == RESPIN_FLUSH_STOPPING)
		atomic_fetch_add(&fake->stopping, 1);
	same_thread(fake);
	atomic_fetch_add(&fake->flushes, 1);
	atomic_store(&fake->flushed, atomic_load(&fake->puts));
	return 0;
}

static int sink_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	struct fake_sink *fake = self;
	(void)summary;
	same_thread(fake);
	if (is_full(&fake->full_closes))
		return no_room(fake, error);
	atomic_fetch_add(&fake->closes, 1);
	return 0;
}

static void sink_destroy(void *self)
{
	struct fake_sink *fake = self;
	atomic_fetch_add(&fake->destroys, 1);
}

static const struct respin_sink_ops sink_ops = {
	.size = sizeof sink_ops,
	.put = sink_put,
	.flush = sink_flush,
	.close = sink_close,
	.destroy = sink_destroy,
};

struct respin_sink fake_sink(struct fake_sink *fake)
{
	return (struct respin_sink){&sink_ops, fake};
}
