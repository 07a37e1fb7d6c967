/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program's executor: a thread a lane, one consumer, and the caller's own
 * thread for progress and cancel. It waits for no command beyond its deadline.
 */
#include <time.h>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/lane.h"

/* As often as a person can follow. */
#define PROGRESS_NS 250000000ull
/* run() returns within a second of a cancel; the rest of it is for the last commit. */
#define CANCEL_PATIENCE_NS 700000000ull

/* Somebody waits for what is recorded to last; no longer than for an output that answers at all. */
#define SAVE_PATIENCE_NS 1000000000ull

static void wait_for_news(struct engine *engine)
{
	uint64_t until_ns = engine_now_ns() + PROGRESS_NS;
	struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
				 .tv_nsec = (long)(until_ns % 1000000000u)};
	(void)sem_clockwait(&engine->wake, CLOCK_MONOTONIC, &until);
	if (atomic_exchange(&engine->nudge, false))
		queue_nudge(&engine->queue);
}

static bool all_ended(struct engine *engine)
{
	bool ended = true;
	for (unsigned i = 0; i < engine->lane_count; i++) {
		struct lane *lane = engine->lanes[i];
		pthread_mutex_lock(&lane->mutex);
		ended = ended && (lane->ended || !lane->has_thread);
		pthread_mutex_unlock(&lane->mutex);
	}
	return ended;
}

static void save_now(struct engine *engine)
{
	unsigned before = atomic_load(&engine->saves);
	uint64_t end_ns = engine_now_ns() + SAVE_PATIENCE_NS;
	queue_flush_now(&engine->queue);
	while (atomic_load(&engine->saves) == before && !atomic_load(&engine->consumer_ended) &&
	       !atomic_load(&engine->cancelled) && engine_now_ns() < end_ns)
		wait_for_news(engine);
}

static void tell_progress(struct engine *engine)
{
	if (atomic_exchange(&engine->save_wanted, false))
		save_now(engine);
	if (!engine->callbacks.progress)
		return;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	if (engine_snapshot(engine, &snapshot) < 0)
		return;
	if (engine->callbacks.progress(engine->callbacks.arg, &snapshot) != 0)
		atomic_store(&engine->cancelled, true);
	respin_snapshot_finish(&snapshot);
}

static void stop_lanes(struct engine *engine)
{
	if (atomic_load(&engine->cancelled)) {
		pthread_mutex_lock(&engine->planner_mutex);
		planner_stop(engine->planner, RESPIN_E_CANCELLED);
		pthread_mutex_unlock(&engine->planner_mutex);
	}
	queue_stop(&engine->queue);
	queue_flush_now(&engine->queue);
	for (unsigned i = 0; i < engine->lane_count; i++) {
		struct respin_source *source = &engine->lanes[i]->source;
		if (source->ops->interrupt)
			source->ops->interrupt(source->self);
	}
}

static void join_lanes(struct engine *engine, uint64_t deadline_ns)
{
	for (unsigned i = 0; i < engine->lane_count; i++) {
		struct lane *lane = engine->lanes[i];
		if (lane && lane->has_thread && !lane_join(lane, deadline_ns))
			engine->lanes[i] = NULL; /* it destroys itself when its command ends */
	}
}

/* It may be writing the last of it, or wait for room: that can be shown, and cancelled. */
static void await_consumer(struct engine *engine)
{
	while (!atomic_load(&engine->consumer_ended)) {
		wait_for_news(engine);
		if (atomic_load(&engine->cancelled))
			queue_stop(&engine->queue);
		else
			tell_progress(engine);
	}
}

static int start(struct engine *engine, pthread_t *consumer, struct respin_error *error)
{
	if (pthread_create(consumer, NULL, consumer_main, engine))
		return error_set(error, RESPIN_E_NOMEM, 0, "cannot start a thread");
	for (unsigned i = 0; i < engine->lane_count; i++) {
		struct lane *lane = engine->lanes[i];
		lane->has_thread = pthread_create(&lane->thread, NULL, lane_main, lane) == 0;
		if (!lane->has_thread) {
			pthread_mutex_lock(&engine->planner_mutex); /* the lanes before it run already */
			planner_stop(engine->planner, RESPIN_E_NOMEM);
			pthread_mutex_unlock(&engine->planner_mutex);
			break;
		}
	}
	return 0;
}

int engine_run_threads(struct engine *engine, struct respin_summary *summary, struct respin_error *error)
{
	pthread_t consumer;
	uint64_t deadline_ns = UINT64_MAX;
	int r = start(engine, &consumer, error);
	if (r < 0)
		return r;
	while (!all_ended(engine)) {
		wait_for_news(engine);
		if (!atomic_load(&engine->cancelled))
			tell_progress(engine);
		/* The user or the output wants no more: wait for no drive to see that. */
		if (atomic_load(&engine->cancelled) || atomic_load(&engine->queue.stopping)) {
			deadline_ns = engine_now_ns() + CANCEL_PATIENCE_NS;
			stop_lanes(engine);
			break;
		}
	}
	join_lanes(engine, deadline_ns);
	queue_close(&engine->queue);
	await_consumer(engine);
	pthread_join(consumer, NULL);
	tell_progress(engine);
	return engine_result(engine, summary, error);
}
