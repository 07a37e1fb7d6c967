/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The consumer's side: put, record, publish; one thread, the only one that
 * speaks to the sink. It calls nothing to its left: it can only raise the stop
 * flag.
 */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/ops.h"

/* Nothing came for so long: what is recorded becomes durable, at no one's cost. */
#define IDLE_MS 200u
/* While the disk is full: room is seen soon, and a long wait costs next to nothing. */
#define ROOM_POLL_MIN_NS 1000000000ull
#define ROOM_POLL_MAX_NS 5000000000ull

/* One call of the sink, as often as it takes. */
struct call {
	enum { CALL_PUT, CALL_FLUSH, CALL_CLOSE } what;
	struct respin_outcome *outcome; /* CALL_PUT */
	enum respin_flush why;          /* CALL_FLUSH */
};

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

static void tell_notices(struct engine *engine)
{
	const char *notice;
	while (OPS_HAS(engine->sink.ops, notice) && (notice = engine->sink.ops->notice(engine->sink.self)))
		engine_log(engine, LOG_WARNING, "note", -1, 0, notice);
}

static int call_once(struct engine *engine, const struct call *call, struct respin_error *error)
{
	const struct respin_sink *sink = &engine->sink;
	int r = 0;
	view_begin(engine->view, engine_now_ns());
	switch (call->what) {
	case CALL_PUT:
		r = sink->ops->put(sink->self, call->outcome, error);
		break;
	case CALL_FLUSH:
		r = sink->ops->flush(sink->self, call->why, error);
		break;
	case CALL_CLOSE:
		r = sink->ops->close(sink->self, &engine->summary, error);
		break;
	}
	tell_notices(engine);
	return r;
}

/* Somebody stops the run, or nobody is there to make room: the sink gets one last chance to save what it has. */
static int call_last(struct engine *engine, const struct call *call, struct respin_error *why)
{
	static const struct call stopping = {.what = CALL_FLUSH, .why = RESPIN_FLUSH_STOPPING};
	struct respin_error full = *why;
	int r = OPS_HAS(engine->sink.ops, flush) ? call_once(engine, &stopping, why) : 0;
	bool asked = r >= 0;
	if (asked)
		r = call_once(engine, call, why);
	if (r == RESPIN_PUT_WAIT) { /* it was told not to */
		asked = false;
		*why = full;
		r = RESPIN_E_FULL;
	}
	if (!asked && call->what == CALL_PUT)
		respin_block_free(call->outcome->bytes); /* the sink never took them */
	return r;
}

/*
 * Where there is no room: again and again until there is, the sink gives up or
 * somebody stops the run. Meanwhile the lanes stand still, because nothing is
 * recorded and their depth is used up.
 */
static int call_sink(struct engine *engine, const struct call *call)
{
	struct respin_error why = {0};
	uint64_t wait_ns = 0;
	int r;
	while ((r = call_once(engine, call, &why)) == RESPIN_PUT_WAIT) {
		if (!wait_ns)
			engine_log(engine, LOG_WARNING, "paused until there is room", -1, 0, why.text);
		wait_ns += ROOM_POLL_MIN_NS;
		view_begin(engine->view, 0); /* this is no stuck output */
		if (!engine->direct)
			queue_sleep(&engine->queue, wait_ns < ROOM_POLL_MAX_NS ? wait_ns : ROOM_POLL_MAX_NS,
				    queue_nudges(&engine->queue));
		if (engine->direct || atomic_load(&engine->queue.stopping)) {
			r = call_last(engine, call, &why);
			break;
		}
	}
	view_begin(engine->view, 0);
	if (r >= 0 && wait_ns)
		engine_log(engine, LOG_WARNING, "there is room again, going on", -1, 0, NULL);
	if (r < 0)
		engine->error = why;
	return r;
}

static int no_account(struct engine *engine, int code)
{
	return error_set(&engine->error, code, 0,
			 "no memory to keep account; what was read is taken up by the next run");
}

static void put(struct engine *engine, struct respin_outcome *outcome)
{
	if (engine->put_result != 0) {
		respin_block_free(outcome->bytes);
		return;
	}
	announce_phase(engine, (enum respin_phase)outcome->request.phase);
	struct respin_outcome recorded = *outcome;
	int r = call_sink(engine, &(struct call){.what = CALL_PUT, .outcome = outcome});
	if (r >= 0) {
		int v = view_record(engine->view, &recorded);
		if (v < 0)
			r = no_account(engine, v);
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
	int r = call_sink(engine, &(struct call){.what = CALL_FLUSH, .why = why});
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
	int unknown = view_snapshot(engine->view, engine_now_ns(), false, &now);
	if (unknown == 0)
		engine->summary.stats = now.stats;
	engine->summary.size = sizeof engine->summary;
	int r = call_sink(engine, &(struct call){.what = CALL_CLOSE});
	/* Nothing of nothing would pass for a whole disc. */
	if (r >= 0 && unknown < 0)
		r = no_account(engine, unknown);
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
			consumer_flush(engine, atomic_load(&engine->queue.stopping) ? RESPIN_FLUSH_STOPPING
										    : RESPIN_FLUSH_RISK);
			atomic_fetch_add(&engine->saves, 1);
			sem_post(&engine->wake);
			break;
		case POP_IDLE:
			consumer_flush(engine, RESPIN_FLUSH_IDLE);
			break;
		case POP_END:
			engine_conclude(engine);
			atomic_store(&engine->consumer_ended, true);
			sem_post(&engine->wake);
			return NULL;
		}
	}
}
