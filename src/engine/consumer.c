/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The consumer's side: put, record, publish; one thread, the only one that
 * speaks to the sink. It calls nothing to its left: it can only raise the stop
 * flag.
 */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/ops.h"

/* Nothing came for so long: what is recorded becomes durable, at no one's cost. */
#define IDLE_MS 200u

static void announce_phase(struct engine *engine, enum respin_phase phase)
{
	if (engine->phase_told == (uint8_t)phase)
		return;
	engine->phase_told = (uint8_t)phase;
	struct respin_event event = {
		.kind = RESPIN_EVENT_PHASE, .phase = (uint8_t)phase, .now_ns = engine->source_now_ns};
	engine_event(engine, &event);
}

static void announce_commits(struct engine *engine)
{
	if (!OPS_HAS(engine->sink.ops, commits))
		return;
	uint64_t commits = engine->sink.ops->commits(engine->sink.self);
	if (commits == engine->commits)
		return;
	engine->commits = commits;
	struct respin_snapshot now = {.size = sizeof now};
	if (view_snapshot(engine->view, engine_now_ns(), false, &now) < 0)
		return;
	struct respin_event event = {.kind = RESPIN_EVENT_COMMIT,
				     .phase = engine->phase_told,
				     .now_ns = engine->source_now_ns,
				     .stats = now.stats};
	engine_event(engine, &event);
}

/* The first failure is the one that counts; the lanes see the flag before their next command. */
static void fail(struct engine *engine, int code)
{
	if (engine->put_result < 0)
		return;
	engine->put_result = code;
	queue_stop(&engine->queue);
}

static void put(struct engine *engine, struct respin_outcome *outcome)
{
	if (engine->put_result != 0) {
		respin_block_free(outcome->bytes);
		return;
	}
	announce_phase(engine, (enum respin_phase)outcome->request.phase);
	view_begin(engine->view, engine_now_ns());
	struct respin_outcome recorded = *outcome;
	int r = engine->sink.ops->put(engine->sink.self, outcome, &engine->error);
	if (r >= 0) {
		int v = view_record(engine->view, &recorded);
		if (v < 0)
			r = v;
	}
	engine->dirty = true;
	if (r < 0) {
		fail(engine, r);
	} else if (r == RESPIN_PUT_STOP) {
		engine->put_result = RESPIN_PUT_STOP;
		queue_stop(&engine->queue);
	}
}

void consumer_flush(struct engine *engine, enum respin_flush why)
{
	if (engine->put_result < 0 || !OPS_HAS(engine->sink.ops, flush))
		return;
	if (!engine->dirty && why == RESPIN_FLUSH_IDLE)
		return;
	view_begin(engine->view, engine_now_ns());
	int r = engine->sink.ops->flush(engine->sink.self, why, &engine->error);
	view_begin(engine->view, 0);
	if (r < 0)
		fail(engine, r);
	else
		engine->dirty = false;
	announce_commits(engine);
}

void consumer_take(struct engine *engine, struct item *item)
{
	if (item->now_ns)
		engine->source_now_ns = item->now_ns;
	if (item->kind == ITEM_OUTCOME) {
		put(engine, &item->outcome);
		announce_commits(engine);
	} else {
		consumer_flush(engine, item->why);
	}
	queue_recorded(&engine->queue, item->lane);
	free(item);
}

void consumer_close(struct engine *engine)
{
	if (engine->put_result < 0)
		return;
	struct respin_snapshot now = {.size = sizeof now};
	if (view_snapshot(engine->view, engine_now_ns(), false, &now) == 0)
		engine->summary.stats = now.stats;
	engine->summary.size = sizeof engine->summary;
	int r = engine->sink.ops->close(engine->sink.self, &engine->summary, &engine->error);
	if (r < 0)
		fail(engine, r);
	announce_commits(engine);
}

void *consumer_main(void *arg)
{
	struct engine *engine = arg;
	for (;;) {
		struct item *item;
		switch (queue_pop(&engine->queue, IDLE_MS, &item)) {
		case POP_ITEM:
			consumer_take(engine, item);
			break;
		case POP_FLUSH:
			consumer_flush(engine, RESPIN_FLUSH_STOPPING);
			break;
		case POP_IDLE:
			consumer_flush(engine, RESPIN_FLUSH_IDLE);
			break;
		case POP_END:
			engine_conclude(engine);
			return NULL;
		}
	}
}
