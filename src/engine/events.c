/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the caller hears: events and log records, one at a time, in order. Makes no sentences. */
#include "engine/engine.h"

#include <time.h>

uint64_t engine_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void engine_event(struct engine *engine, struct respin_event *event)
{
	if (!engine->callbacks.event)
		return;
	event->size = sizeof *event;
	pthread_mutex_lock(&engine->event_mutex);
	engine->callbacks.event(engine->callbacks.arg, event);
	pthread_mutex_unlock(&engine->event_mutex);
}

void engine_log(struct engine *engine, unsigned level, const char *what, int64_t lba, int sys_errno,
		const char *detail)
{
	if (!engine->callbacks.log)
		return;
	struct respin_log log = {.size = sizeof log,
				 .level = (uint8_t)level,
				 .phase = engine->phase_told,
				 .sys_errno = sys_errno,
				 .lba = lba,
				 .what = what,
				 .detail = detail};
	pthread_mutex_lock(&engine->event_mutex);
	engine->callbacks.log(engine->callbacks.arg, &log);
	pthread_mutex_unlock(&engine->event_mutex);
}
