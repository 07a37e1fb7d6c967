/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The producer's side: ask the planner, do one command, judge it, fold it and
 * hand it on. No retry, no decision: those are the planner's.
 */
#include "engine/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/block.h"
#include "base/hash.h"

/*
 * How far a lane may run ahead of the writer. In patch one item, so that what is
 * tried next never outruns what was kept. In sweep enough to hide a commit: 16
 * MiB are 0.2 s of the fastest drive (BD 16x, 72 MB/s), which at its 64 KiB a
 * command are as many items as there may be; and never fewer than a few.
 */
#define DEPTH_PATCH 1u
#define DEPTH_SWEEP 4u
#define DEPTH_SWEEP_MAX 256u
#define QUEUE_BYTES (16u << 20)
/* One block in so many is a canary: recent enough, and cheap. */
#define CANARY_EVERY UINT64_C(64)
/* A block that took this long may not be read again so soon. */
#define CANARY_NS 1000000000ull
/* Without payload every reading of a place gives the same nothing. */
#define NO_PAYLOAD_HASH 1u
/* While another lane holds what this one would need. */
#define NEWS_POLL_NS 20000000ull
/* While a person pauses: it is told when that ends, so this only lets a source's own clock go along. */
#define PAUSE_LOOK_NS 250000000ull

static unsigned depth_of(uint8_t phase, size_t len)
{
	if (phase != RESPIN_PHASE_COPYING && phase != RESPIN_PHASE_SWEEPING)
		return DEPTH_PATCH;
	size_t depth = len ? QUEUE_BYTES / len : 0;
	if (depth > DEPTH_SWEEP_MAX)
		return DEPTH_SWEEP_MAX;
	return depth > DEPTH_SWEEP ? (unsigned)depth : DEPTH_SWEEP;
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
	if (lane->held)
		respin_block_free(lane->held->outcome.bytes);
	free(lane->held);
	free(lane->doubts);
	free(lane);
}

/* The host's clock goes on while the machine sleeps: drives are opened then. */
static uint64_t host_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t lane_now_ns(const struct lane *lane)
{
	const struct respin_source *source = &lane->source;
	return source->ops->now_ns ? source->ops->now_ns(source->self) : host_now_ns();
}

static void enter_command(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	lane->busy = true;
	pthread_mutex_unlock(&lane->mutex);
}

/* For whoever looks from outside: since when, or 0. */
static void command_out(struct lane *lane, uint64_t since_ns)
{
	atomic_store_explicit(&lane->engine->command_ns[lane->index], since_ns, memory_order_relaxed);
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

/* Fold and hand on in one step, so that both sides see one sequence; or hold. */
static void fold_and_push(struct lane *lane, struct item *item, uint64_t hash)
{
	struct engine *engine = lane->engine;
	bool sample = item->outcome.request.flags & RESPIN_READ_SAMPLE;
	item->now_ns = lane_now_ns(lane);
	pthread_mutex_lock(&engine->planner_mutex);
	int r = planner_fold(engine->planner, &item->outcome, hash, item->now_ns);
	bool keep = r == 0 && !sample && item->outcome.span_count > 0;
	if (keep)
		drop_useless_bytes(&item->outcome);
	if (keep && !engine->direct)
		queue_push(&engine->queue, item);
	pthread_mutex_unlock(&engine->planner_mutex);
	if (r == PLANNER_HOLD) {
		lane->held = item;
		lane->held_hash = hash;
	} else if (!keep) {
		respin_block_free(item->outcome.bytes);
		free(item);
	} else if (engine->direct) {
		engine->queue.outstanding[lane->index]++;
		consumer_take(engine, item);
	}
}

static bool let_go(struct lane *lane)
{
	struct item *item = lane->held;
	assert(item);
	lane->held = NULL;
	fold_and_push(lane, item, lane->held_hash);
	return true;
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
	/* A source in a process of its own (io/source_proc.h). */
	if (reply->sys_errno == EOWNERDEAD || reply->sys_errno == EPROTO)
		engine_log(engine, LOG_WARNING,
			   reply->sys_errno == EPROTO
				   ? "the process that reads from the drive went astray and was ended"
				   : "the process that reads from the drive has died",
			   -1, 0, NULL);
	else if (verdict_unanswered(request, reply) || reply->reason == RESPIN_REASON_TIMEOUT)
		engine_log(engine, LOG_NOTICE, "the drive does not answer",
			   engine->unit.first_lba + (int64_t)request->range.start, reply->sys_errno,
			   respin_reason_name((enum respin_reason)reply->reason));
}

/* Padding is the same on every disc: eight bytes again and again tell none from another. */
static bool tells_nothing(const unsigned char *bytes, uint64_t len)
{
	return bytes && (len <= 8 || memcmp(bytes, bytes + 8, len - 8) == 0);
}

static bool is_canary(struct lane *lane, const struct respin_outcome *outcome)
{
	if (outcome->span_count != 1 || outcome->spans[0].kind != RESPIN_SPAN_RECOVERED)
		return false;
	lane->passed_over++;
	bool due = !lane->has_canary || lane->passed_over >= CANARY_EVERY;
	bool slow = outcome->reply.elapsed_ns > CANARY_NS;
	/* Where everything is slow a slow one will do. */
	if (!due || (slow && lane->passed_over < 2 * CANARY_EVERY) ||
	    tells_nothing(outcome->bytes, outcome->bytes_len))
		return false;
	lane->has_canary = true;
	lane->passed_over = 0;
	return true;
}

static uint64_t hash_of(const struct respin_outcome *outcome)
{
	uint64_t hash = outcome->bytes ? hash_bytes(outcome->bytes, outcome->bytes_len, 0)
				       : outcome->reply.fingerprint;
	return hash ? hash : NO_PAYLOAD_HASH;
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
	/* The last look before the drive is spoken to. What is held is an item more that nobody has recorded. */
	unsigned depth = depth_of(request->phase, len) - (lane->held ? 1 : 0);
	if (!queue_wait_depth(&engine->queue, lane->index, depth)) {
		free(item);
		respin_block_free(bytes);
		pthread_mutex_lock(&engine->planner_mutex);
		planner_release(engine->planner, lane->index);
		pthread_mutex_unlock(&engine->planner_mutex);
		return true; /* the next step winds up */
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
	command_out(lane, engine_now_ns());
	enter_command(lane);
	lane->source.ops->read(lane->source.self, request, bytes, &outcome->reply);
	if (doubtful(&outcome->reply))
		outcome->reply.agrees = agrees_with_earlier(lane, request, bytes);
	leave_command(lane, item, bytes);
	command_out(lane, 0);

	verdict(outcome, &engine->unit);
	log_trouble(lane, request, &outcome->reply);
	uint64_t hash = 0;
	outcome->bytes = bytes;
	outcome->bytes_len = outcome->reply.asked_bytes < len ? outcome->reply.asked_bytes : len;
	if (request->flags & RESPIN_READ_SAMPLE || is_canary(lane, outcome))
		hash = hash_of(outcome);
	drop_useless_bytes(outcome);
	event = (struct respin_event){
		.kind = RESPIN_EVENT_OUTCOME, .outcome = outcome, .now_ns = lane_now_ns(lane)};
	engine_event(engine, &event);
	fold_and_push(lane, item, hash);
	return true;
}

/* What was asked of the drive, also when it had to be asked again. */
static void tell_speed(struct lane *lane)
{
	struct respin_source_info info = {.size = sizeof info};
	lane->source.ops->info(lane->source.self, &info);
	atomic_store(&lane->engine->speed_kbps[lane->index], info.speed_kbps);
}

static void lane_control(struct lane *lane, enum respin_drive_command control)
{
	struct engine *engine = lane->engine;
	bool changes_speed = control == RESPIN_DRIVE_SLOWER || control == RESPIN_DRIVE_FASTER;
	struct respin_reply reply = {.reason = RESPIN_REASON_REFUSED};
	if (lane->source.ops->control) {
		command_out(lane, engine_now_ns());
		enter_command(lane);
		lane->source.ops->control(lane->source.self, control, &reply);
		leave_command(lane, NULL, NULL);
		command_out(lane, 0);
		tell_speed(lane);
	} else if (!changes_speed) {
		/* A plain source has no state to ask for; reading on will tell. */
		reply.reason = RESPIN_REASON_GOOD;
	}
	static const char *const asked[] = {
		[RESPIN_DRIVE_START] = "told the drive to start",
		[RESPIN_DRIVE_IDENTIFY] = "looked whether it is still this disc",
		[RESPIN_DRIVE_REOPEN] = "opened the device anew",
		[RESPIN_DRIVE_SLOWER] = "asked the drive to read slower",
		[RESPIN_DRIVE_FASTER] = "asked the drive to read faster",
	};
	engine_log(engine, LOG_DEBUG, asked[control], -1, reply.sys_errno,
		   respin_reason_name((enum respin_reason)reply.reason));
	if (changes_speed && reply.reason == RESPIN_REASON_REFUSED && !lane->speed_refused) {
		lane->speed_refused = true; /* once is enough */
		engine_log(engine, LOG_NOTICE, "the drive does not take another reading speed", -1,
			   reply.sys_errno, NULL);
	}
	pthread_mutex_lock(&engine->planner_mutex);
	planner_controlled(engine->planner, lane->index, control, (enum respin_reason)reply.reason,
			   lane_now_ns(lane));
	pthread_mutex_unlock(&engine->planner_mutex);
}

static void lane_wait(struct lane *lane, uint64_t until_ns)
{
	const struct respin_source_ops *ops = lane->source.ops;
	if (until_ns == 0) {
		queue_sleep(&lane->engine->queue, NEWS_POLL_NS, lane->nudges);
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
		queue_sleep(&lane->engine->queue, until_ns - now_ns, lane->nudges);
}

/* A drive that lives by a clock of its own grows older, too; in virtual time nothing else passes. */
static void lane_pause(struct lane *lane)
{
	const struct respin_source_ops *ops = lane->source.ops;
	bool own_clock = ops->now_ns && ops->sleep_until_ns;
	uint64_t from_ns = host_now_ns(), passed_ns = PAUSE_LOOK_NS;
	if (!lane->engine->direct || !own_clock) {
		queue_sleep(&lane->engine->queue, PAUSE_LOOK_NS, lane->nudges);
		passed_ns = host_now_ns() - from_ns;
	}
	if (own_clock)
		lane_wait(lane, lane_now_ns(lane) + passed_ns);
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
	(void)queue_wait_depth(&engine->queue, lane->index, 0);
	return true; /* if told to stop, the next step winds up: something may be held */
}

/* Nobody is asked on behalf of a run that is being stopped. */
static bool lane_ask_focus(struct lane *lane, unsigned stage)
{
	struct engine *engine = lane->engine;
	struct respin_map *map = NULL;
	if (!lane_flush(lane))
		return false;
	if (atomic_load(&engine->cancelled) || atomic_load(&engine->queue.stopping))
		return true;
	enum respin_focus answer = engine->callbacks.focus(engine->callbacks.arg, stage, &map);
	pthread_mutex_lock(&engine->planner_mutex);
	planner_focus(engine->planner, answer, map);
	pthread_mutex_unlock(&engine->planner_mutex);
	respin_map_destroy(map);
	return true;
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

static void tell_mood(struct lane *lane, enum respin_mood mood)
{
	_Atomic uint64_t *word = &lane->engine->mood[lane->index];
	if ((atomic_load(word) & ((1u << MOOD_BITS) - 1)) != mood)
		atomic_store(word, engine_now_ns() << MOOD_BITS | mood);
}

bool lane_step(struct lane *lane)
{
	struct engine *engine = lane->engine;
	struct step step;
	bool stopping = atomic_load(&engine->queue.stopping);
	lane->nudges = queue_nudges(&engine->queue);
	pthread_mutex_lock(&engine->planner_mutex);
	engine_obey(engine);
	if (stopping)
		planner_wind_up(engine->planner, lane->index, &step);
	else
		planner_next(engine->planner, lane->index, lane_now_ns(lane), &step);
	tell_mood(lane, planner_mood(engine->planner, lane->index));
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
	case STEP_PAUSED:
		lane_pause(lane);
		return true;
	case STEP_FLUSH:
		return lane_flush(lane);
	case STEP_CLOSE:
		/* Bounded like everything else: a hundred thousand leftovers must not pile up. */
		if (!queue_wait_depth(&engine->queue, lane->index, DEPTH_SWEEP) &&
		    step.outcome.spans[0].kind != RESPIN_SPAN_RETRACT) /* what is wrong goes in any case */
			return false;
		return lane_close_range(lane, &step.outcome);
	case STEP_HELD:
		return let_go(lane);
	case STEP_FOCUS:
		return lane_ask_focus(lane, step.stage);
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
