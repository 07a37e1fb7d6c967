/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Putting an engine together, its end, and what its run amounts to. Starts no thread. */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/ops.h"
#include "engine/lane.h"

static int fill_engine(struct engine *engine, struct engine_config *config)
{
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&config->sources[0], &info);
	engine->unit = (struct verdict_unit){info.unit_bytes, info.first_lba};
	struct planner_config planner = {.info = &info,
					 .mode = config->mode,
					 .map = config->map,
					 .domain = config->domain,
					 .resume = config->resume,
					 .samples = config->samples,
					 .sample_count = config->sample_count,
					 .lanes = config->source_count,
					 .focus = OPS_HAS(&config->callbacks, focus)};
	engine->planner = planner_create(&planner);
	engine->view = view_create(config->map, config->domain);
	if (!engine->planner || !engine->view)
		return RESPIN_E_NOMEM;
	for (unsigned i = 0; i < config->source_count; i++) {
		engine->lanes[i] = lane_create(engine, i, &config->sources[i]);
		if (!engine->lanes[i])
			return RESPIN_E_NOMEM;
		engine->lane_count++;
	}
	return 0;
}

int engine_create(struct engine_config *config, struct engine **result, struct respin_error *error)
{
	struct engine *engine = calloc(1, sizeof *engine);
	int r = RESPIN_E_NOMEM;
	if (engine) {
		pthread_mutex_init(&engine->planner_mutex, NULL);
		pthread_mutex_init(&engine->event_mutex, NULL);
		queue_init(&engine->queue);
		sem_init(&engine->wake, 0, 0);
		engine->started_ns = engine_now_ns();
		for (unsigned i = 0; i < LANES_MAX; i++)
			engine->mood[i] = engine->started_ns << MOOD_BITS | RESPIN_MOOD_WELL;
		engine->sink = config->sink;
		engine->callbacks = config->callbacks;
		engine->phase_told = RESPIN_PHASE_SAMPLE;
		r = fill_engine(engine, config);
	}
	for (unsigned i = 0; i < config->source_count; i++)
		respin_source_destroy(&config->sources[i]);
	if (r < 0) {
		engine_destroy(engine);
		return error_set(error, r, 0, "no memory for a rescue of this size");
	}
	*result = engine;
	return 0;
}

void engine_destroy(struct engine *engine)
{
	if (!engine)
		return;
	for (unsigned i = 0; i < engine->lane_count; i++)
		lane_destroy(engine->lanes[i]);
	queue_finish(&engine->queue);
	view_destroy(engine->view);
	planner_destroy(engine->planner);
	sem_destroy(&engine->wake);
	pthread_mutex_destroy(&engine->event_mutex);
	pthread_mutex_destroy(&engine->planner_mutex);
	free(engine);
}

void engine_cancel(struct engine *engine)
{
	atomic_store(&engine->cancelled, true);
	sem_post(&engine->wake);
}

void engine_save(struct engine *engine)
{
	atomic_store(&engine->save_wanted, true);
	sem_post(&engine->wake);
}

/* PAUSED stays until GO_ON, FINISH for good, SKIP until the planner knows. */
enum { ASKED_PAUSED = 1, ASKED_SKIP = 2, ASKED_FINISH = 4 };
/* More steps than a drive has speeds: a key that is held down asks for no more. */
#define SPEED_STEPS_MAX 16

void engine_control(struct engine *engine, enum respin_control what)
{
	switch (what) {
	case RESPIN_CONTROL_PAUSE:
		atomic_fetch_or(&engine->asked, ASKED_PAUSED);
		break;
	case RESPIN_CONTROL_GO_ON:
		atomic_fetch_and(&engine->asked, ~(unsigned)ASKED_PAUSED);
		break;
	case RESPIN_CONTROL_SLOWER:
		atomic_fetch_sub(&engine->speed_steps, 1);
		break;
	case RESPIN_CONTROL_FASTER:
		atomic_fetch_add(&engine->speed_steps, 1);
		break;
	case RESPIN_CONTROL_SKIP:
		atomic_fetch_or(&engine->asked, ASKED_SKIP);
		break;
	case RESPIN_CONTROL_FINISH:
		atomic_fetch_or(&engine->asked, ASKED_FINISH);
		break;
	}
	atomic_store(&engine->nudge, true);
	sem_post(&engine->wake);
}

void engine_obey(struct engine *engine)
{
	unsigned asked = atomic_fetch_and(&engine->asked, ~(unsigned)ASKED_SKIP);
	int steps = atomic_exchange(&engine->speed_steps, 0);
	planner_control(engine->planner, asked & ASKED_PAUSED ? RESPIN_CONTROL_PAUSE : RESPIN_CONTROL_GO_ON);
	for (int i = 0; i < -steps && i < SPEED_STEPS_MAX; i++)
		planner_control(engine->planner, RESPIN_CONTROL_SLOWER);
	for (int i = 0; i < steps && i < SPEED_STEPS_MAX; i++)
		planner_control(engine->planner, RESPIN_CONTROL_FASTER);
	if (asked & ASKED_SKIP)
		planner_control(engine->planner, RESPIN_CONTROL_SKIP);
	if (asked & ASKED_FINISH)
		planner_control(engine->planner, RESPIN_CONTROL_FINISH);
}

static void fill_mood(struct engine *engine, uint64_t now_ns, struct respin_snapshot *snapshot)
{
	struct mood moods[LANES_MAX];
	unsigned asked = atomic_load(&engine->asked);
	snapshot->speed_kbps = 0;
	for (unsigned i = 0; i < engine->lane_count; i++) {
		uint64_t word = atomic_load(&engine->mood[i]);
		uint32_t kbps = atomic_load(&engine->speed_kbps[i]);
		moods[i] = (struct mood){.mood = (enum respin_mood)(word & ((1u << MOOD_BITS) - 1)),
					 .since_ns = word >> MOOD_BITS,
					 .command_ns = atomic_load(&engine->command_ns[i])};
		if (kbps && (!snapshot->speed_kbps || kbps < snapshot->speed_kbps))
			snapshot->speed_kbps = kbps;
	}
	snapshot->mood = (uint8_t)mood_worst(moods, engine->lane_count, now_ns, &snapshot->mood_since_ns);
	snapshot->paused = (asked & ASKED_PAUSED) && !(asked & ASKED_FINISH);
}

int engine_snapshot(struct engine *engine, struct respin_snapshot *snapshot)
{
	uint64_t now_ns = engine_now_ns();
	int r = view_snapshot(engine->view, now_ns, true, snapshot);
	if (r < 0)
		return r;
	pthread_mutex_lock(&engine->planner_mutex);
	planner_stage(engine->planner, snapshot);
	pthread_mutex_unlock(&engine->planner_mutex);
	snapshot->size = sizeof *snapshot;
	snapshot->now_ns = now_ns;
	snapshot->started_ns = engine->started_ns;
	fill_mood(engine, now_ns, snapshot);
	return 0;
}

void engine_conclude(struct engine *engine)
{
	if (engine->put_result == 0 && planner_phase(engine->planner) == RESPIN_PHASE_FINISHED) {
		struct item *item = calloc(1, sizeof *item);
		if (item) {
			item->outcome.request = (struct respin_request){
				.range = {engine->summary.stats.total, 0}, .phase = RESPIN_PHASE_FINISHED};
			engine->queue.outstanding[0]++;
			consumer_take(engine, item);
		}
	}
	consumer_close(engine);
	view_close(engine->view);
}

/* One line for an end that came from the source's side. */
static int source_error(int code, struct respin_error *error)
{
	static const struct {
		int code;
		const char *text;
	} lines[] = {
		{RESPIN_E_CANCELLED, "stopped; everything read so far is saved"},
		{RESPIN_E_GONE, "the source is gone; everything read so far is saved; connect it "
				"again and run the same command"},
		{RESPIN_E_NO_MEDIUM, "the drive no longer recognises a disc; everything read so far "
				     "is saved; put it in again and run the same command"},
		{RESPIN_E_OTHER_DISC, "this is not the disc that the image came from; nothing of it "
				      "was stored"},
		{RESPIN_E_SOURCE, "the drive answers nothing but errors; everything read so far is "
				  "saved; switch it off and on and run the same command"},
		{RESPIN_E_NOMEM, "no memory; everything read so far is saved"},
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (lines[i].code == code)
			return error_set(error, code, 0, "%s", lines[i].text);
	return error_set(error, code, 0, "%s", respin_code_name(code));
}

int engine_result(struct engine *engine, struct respin_summary *summary, struct respin_error *error)
{
	const struct respin_stats *stats = &engine->summary.stats;
	int code = planner_code(engine->planner);
	if (code == 0 && atomic_load(&engine->cancelled))
		code = RESPIN_E_CANCELLED;
	if (engine->put_result < 0) {
		code = engine->put_result;
		if (error)
			*error = engine->error;
	} else {
		if (summary)
			*summary = engine->summary;
		if (code < 0)
			(void)source_error(code, error);
	}
	bool missing = stats->finished != stats->total && !planner_satisfied(engine->planner);
	struct respin_event event = {.kind = RESPIN_EVENT_END,
				     .now_ns = engine->source_now_ns,
				     .phase = (uint8_t)planner_phase(engine->planner),
				     .stats = *stats,
				     .code = code ? code : missing,
				     .history = planner_history(engine->planner)};
	engine_event(engine, &event);
	return event.code;
}
