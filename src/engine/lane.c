/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The producer's side: ask the planner, do one command, judge it, fold it and
 * hand it on. No retry, no decision: those are the planner's.
 */
#include "engine/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/block.h"
#include "base/hash.h"

/* How far a lane may run ahead of the writer: in patch one item, so that what is
 * tried next never outruns what was kept; in sweep enough to hide a commit. */
#define DEPTH_PATCH 1u
#define DEPTH_SWEEP 4u
/* One block in so many is remembered for a probe: recent enough, and cheap. */
#define PROBE_EVERY 64u
/* Without payload every reading of a place gives the same nothing. */
#define NO_PAYLOAD_HASH 1u
/* While another lane holds what this one would need. */
#define NEWS_POLL_NS 20000000ull

static unsigned depth_of(enum respin_phase phase)
{
	return phase == RESPIN_PHASE_COPYING || phase == RESPIN_PHASE_SWEEPING ? DEPTH_SWEEP : DEPTH_PATCH;
}

struct lane *lane_create(struct engine *engine, unsigned index, struct respin_source *source)
{
	struct lane *lane = calloc(1, sizeof *lane);
	if (!lane)
		return NULL;
	lane->engine = engine;
	lane->index = index;
	lane->source = *source;
	*source = (struct respin_source){0};
	lane->unit_bytes = engine->unit.unit_bytes;
	struct respin_source_info info = {.size = sizeof info};
	lane->source.ops->info(lane->source.self, &info);
	lane->no_payload = info.no_payload;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&lane->mutex, NULL);
	pthread_cond_init(&lane->changed, &attr);
	pthread_condattr_destroy(&attr);
	return lane;
}

void lane_destroy(struct lane *lane)
{
	if (!lane)
		return;
	respin_source_destroy(&lane->source);
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->mutex);
	free(lane->doubts);
	free(lane);
}

static uint64_t lane_now_ns(const struct lane *lane)
{
	const struct respin_source *source = &lane->source;
	return source->ops->now_ns ? source->ops->now_ns(source->self) : engine_now_ns();
}

static void enter_command(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->busy = true;
	pthread_mutex_unlock(&lane->mutex);
}

/* Back from a command. A disowned lane ends here, with everything it owns. */
static void leave_command(struct lane *lane, struct item *item, unsigned char *bytes)
{
	pthread_mutex_lock(&lane->mutex);
	lane->busy = false;
	bool disowned = lane->disowned;
	pthread_cond_signal(&lane->changed);
	pthread_mutex_unlock(&lane->mutex);
	if (!disowned)
		return;
	/* `engine` may be gone by now. */
	free(item);
	respin_block_free(bytes);
	lane_destroy(lane);
	pthread_exit(NULL);
}

/*
 * Bytes that came with a doubt (recovered errors, no proof of arrival) are
 * believed once two reads of every unit agree.
 */
static bool agrees_with_earlier(struct lane *lane, const struct respin_request *request,
				const unsigned char *bytes)
{
	bool agrees = true;
	if (!lane->doubts)
		lane->doubts = calloc(DOUBTS, sizeof *lane->doubts);
	if (!lane->doubts)
		return false;
	for (uint64_t i = 0; i < request->range.count; i++) {
		uint64_t unit = request->range.start + i;
		uint64_t hash = bytes ? hash_bytes(bytes + i * lane->unit_bytes, lane->unit_bytes, 1) : 0;
		struct doubt now = {unit + 1, hash};
		struct doubt *earlier = &lane->doubts[unit % DOUBTS];
		agrees = agrees && earlier->unit == now.unit && earlier->hash == now.hash;
		*earlier = now;
	}
	return agrees;
}

static bool doubtful(const struct respin_reply *reply)
{
	if (reply->reason == RESPIN_REASON_RECOVERED)
		return true;
	return reply->reason == RESPIN_REASON_GOOD && !reply->resid_trusted && !reply->poison_trusted;
}

/* Fold and hand on in one step, so that both sides see one sequence. */
static void fold_and_push(struct lane *lane, struct item *item, uint64_t hash)
{
	struct engine *engine = lane->engine;
	bool sample = item->outcome.request.flags & RESPIN_READ_SAMPLE;
	struct respin_event event = {
		.kind = RESPIN_EVENT_OUTCOME, .outcome = &item->outcome, .now_ns = lane_now_ns(lane)};
	if (item->outcome.request.phase != RESPIN_PHASE_CLOSING)
		engine_event(engine, &event);
	item->now_ns = lane_now_ns(lane);
	pthread_mutex_lock(&engine->planner_mutex);
	int r = planner_fold(engine->planner, &item->outcome, hash, item->now_ns);
	bool keep = r == 0 && !sample && item->outcome.span_count > 0;
	if (keep && !engine->direct)
		queue_push(&engine->queue, item);
	pthread_mutex_unlock(&engine->planner_mutex);
	if (!keep) {
		respin_block_free(item->outcome.bytes);
		free(item);
	} else if (engine->direct) {
		engine->queue.outstanding[lane->index]++;
		consumer_take(engine, item);
	}
}

/* Bytes that no span keeps travel no further. */
static void drop_useless_bytes(struct respin_outcome *outcome)
{
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].kind == RESPIN_SPAN_RECOVERED ||
		    outcome->spans[i].kind == RESPIN_SPAN_PROVISIONAL)
			return;
	respin_block_free(outcome->bytes);
	outcome->bytes = NULL;
	outcome->bytes_len = 0;
}

static bool stop_for_memory(struct engine *engine)
{
	pthread_mutex_lock(&engine->planner_mutex);
	planner_stop(engine->planner, RESPIN_E_NOMEM);
	pthread_mutex_unlock(&engine->planner_mutex);
	return false;
}

/* What delays a rescue or ends it, for --log and --verbose; what marks sectors is in the events. */
static void log_trouble(struct lane *lane, const struct respin_request *request,
			const struct respin_reply *reply)
{
	struct engine *engine = lane->engine;
	if (reply->reason == RESPIN_REASON_CANCELLED)
		return; /* who asked for it knows */
	if (verdict_unanswered(request, reply) || reply->reason == RESPIN_REASON_TIMEOUT)
		engine_log(engine, LOG_NOTICE, "the drive does not answer",
			   engine->unit.first_lba + (int64_t)request->range.start, reply->sys_errno,
			   respin_reason_name((enum respin_reason)reply->reason));
}

static bool fit_for_probe(struct lane *lane, const struct respin_outcome *outcome)
{
	return outcome->span_count == 1 && outcome->spans[0].kind == RESPIN_SPAN_RECOVERED &&
	       lane->recovered++ % PROBE_EVERY == 0;
}

static bool lane_read(struct lane *lane, const struct respin_request *request)
{
	struct engine *engine = lane->engine;
	struct item *item = calloc(1, sizeof *item);
	size_t len = request->range.count * lane->unit_bytes;
	unsigned char *bytes = lane->no_payload ? NULL : block_alloc(len);
	if (!item || (!bytes && !lane->no_payload)) {
		free(item);
		respin_block_free(bytes);
		return stop_for_memory(engine);
	}
	/* The last look before the drive is spoken to. */
	if (!queue_wait_depth(&engine->queue, lane->index, depth_of(request->phase))) {
		free(item);
		respin_block_free(bytes);
		pthread_mutex_lock(&engine->planner_mutex);
		planner_release(engine->planner, lane->index);
		pthread_mutex_unlock(&engine->planner_mutex);
		return false;
	}
	struct respin_event event = {.kind = request->flags & RESPIN_READ_SAMPLE ? RESPIN_EVENT_SAMPLE
										 : RESPIN_EVENT_REQUEST,
				     .request = request,
				     .now_ns = lane_now_ns(lane)};
	engine_event(engine, &event);
	item->kind = ITEM_OUTCOME;
	item->lane = lane->index;
	struct respin_outcome *outcome = &item->outcome;
	outcome->request = *request;
	enter_command(lane);
	lane->source.ops->read(lane->source.self, request, bytes, &outcome->reply);
	if (doubtful(&outcome->reply))
		outcome->reply.agrees = agrees_with_earlier(lane, request, bytes);
	leave_command(lane, item, bytes);

	verdict(outcome, &engine->unit);
	log_trouble(lane, request, &outcome->reply);
	uint64_t hash = 0;
	outcome->bytes = bytes;
	outcome->bytes_len = outcome->reply.asked_bytes < len ? outcome->reply.asked_bytes : len;
	if (request->flags & RESPIN_READ_SAMPLE || fit_for_probe(lane, outcome))
		hash = bytes ? hash_bytes(bytes, outcome->bytes_len, 0) : NO_PAYLOAD_HASH;
	drop_useless_bytes(outcome);
	fold_and_push(lane, item, hash);
	return true;
}

static void lane_control(struct lane *lane, enum respin_drive_command control)
{
	struct engine *engine = lane->engine;
	struct respin_reply reply = {.reason = RESPIN_REASON_REFUSED};
	if (lane->source.ops->control) {
		enter_command(lane);
		lane->source.ops->control(lane->source.self, control, &reply);
		leave_command(lane, NULL, NULL);
	} else {
		/* A plain source has no state to ask for; reading on will tell. */
		reply.reason = RESPIN_REASON_GOOD;
	}
	static const char *const asked[] = {
		[RESPIN_DRIVE_START] = "told the drive to start",
		[RESPIN_DRIVE_IDENTIFY] = "looked whether it is still this disc",
		[RESPIN_DRIVE_REOPEN] = "opened the device anew",
	};
	engine_log(engine, LOG_DEBUG, asked[control], -1, reply.sys_errno,
		   respin_reason_name((enum respin_reason)reply.reason));
	pthread_mutex_lock(&engine->planner_mutex);
	planner_controlled(engine->planner, lane->index, control, (enum respin_reason)reply.reason,
			   lane_now_ns(lane));
	pthread_mutex_unlock(&engine->planner_mutex);
}

static void lane_wait(struct lane *lane, uint64_t until_ns)
{
	const struct respin_source_ops *ops = lane->source.ops;
	if (until_ns == 0) {
		queue_sleep(&lane->engine->queue, NEWS_POLL_NS);
		return;
	}
	if (ops->now_ns && ops->sleep_until_ns) {
		enter_command(lane);
		ops->sleep_until_ns(lane->source.self, until_ns);
		leave_command(lane, NULL, NULL);
		return;
	}
	uint64_t now_ns = lane_now_ns(lane);
	if (until_ns > now_ns)
		queue_sleep(&lane->engine->queue, until_ns - now_ns);
}

/* Everything so far becomes durable before this lane goes on. */
static bool lane_flush(struct lane *lane)
{
	struct engine *engine = lane->engine;
	struct item *item = calloc(1, sizeof *item);
	if (!item)
		return stop_for_memory(engine);
	item->kind = ITEM_FLUSH;
	item->lane = lane->index;
	item->why = RESPIN_FLUSH_PHASE;
	if (engine->direct) {
		engine->queue.outstanding[lane->index]++;
		consumer_take(engine, item);
		return true;
	}
	queue_push(&engine->queue, item);
	return queue_wait_depth(&engine->queue, lane->index, 0);
}

static bool lane_close_range(struct lane *lane, const struct respin_outcome *outcome)
{
	struct item *item = calloc(1, sizeof *item);
	if (!item)
		return stop_for_memory(lane->engine);
	item->kind = ITEM_OUTCOME;
	item->lane = lane->index;
	item->outcome = *outcome;
	fold_and_push(lane, item, 0);
	return true;
}

bool lane_step(struct lane *lane)
{
	struct engine *engine = lane->engine;
	struct step step;
	if (atomic_load(&engine->queue.stopping))
		return false;
	pthread_mutex_lock(&engine->planner_mutex);
	planner_next(engine->planner, lane->index, lane_now_ns(lane), &step);
	pthread_mutex_unlock(&engine->planner_mutex);
	switch (step.kind) {
	case STEP_READ:
		return lane_read(lane, &step.request);
	case STEP_CONTROL:
		lane_control(lane, step.control);
		return true;
	case STEP_WAIT:
		lane_wait(lane, step.until_ns);
		return true;
	case STEP_FLUSH:
		return lane_flush(lane);
	case STEP_CLOSE:
		/* Bounded like everything else: a hundred thousand leftovers must not pile up. */
		if (!queue_wait_depth(&engine->queue, lane->index, DEPTH_SWEEP))
			return false;
		return lane_close_range(lane, &step.outcome);
	case STEP_DONE:
		break;
	}
	return false;
}

void *lane_main(void *arg)
{
	struct lane *lane = arg;
	while (lane_step(lane))
		;
	pthread_mutex_lock(&lane->mutex);
	lane->ended = true;
	pthread_cond_signal(&lane->changed);
	pthread_mutex_unlock(&lane->mutex);
	sem_post(&lane->engine->wake);
	return NULL;
}

bool lane_join(struct lane *lane, uint64_t deadline_ns)
{
	struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
				    .tv_nsec = (long)(deadline_ns % 1000000000u)};
	pthread_mutex_lock(&lane->mutex);
	bool late = false;
	while (!lane->ended && !late)
		late = pthread_cond_timedwait(&lane->changed, &lane->mutex, &deadline) != 0;
	/* Outside a command the lane is on its way out and may be waited for. */
	bool disown = !lane->ended && lane->busy;
	lane->disowned = disown;
	pthread_mutex_unlock(&lane->mutex);
	if (disown)
		pthread_detach(lane->thread);
	else
		pthread_join(lane->thread, NULL);
	return !disown;
}
