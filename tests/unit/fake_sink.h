/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink for tests: keeps image and map in memory, checks that all calls come
 * from one thread, and can fail, stop or stall at a chosen put.
 */
#ifndef TESTS_FAKE_SINK_H
#define TESTS_FAKE_SINK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <respin/sink.h>

#include "core/map.h"

#define FULL_FOR_EVER UINT32_MAX

struct fake_sink {
	unsigned char *image;
	struct respin_map *map;
	uint32_t unit_bytes;
	uint64_t fail_at, stop_at, stall_at; /* puts, from 1; 0: never */
	/* No room: from this put on, so many times, or until somebody stops; also at each close. */
	uint64_t full_at;
	atomic_uint full_times, full_closes;
	sem_t stalled, go_on;

	atomic_ullong puts, flushes, closes, destroys, waits;
	atomic_ullong flushed; /* puts before the last flush */
	bool has_thread;
	pthread_t thread;
	uint8_t last_phase;
	atomic_uint stopping; /* flushes that a stop asked for */
	bool finished;        /* PHASE_FINISHED was announced */
};

void fake_sink_init(struct fake_sink *fake, uint64_t units, uint32_t unit_bytes);
void fake_sink_finish(struct fake_sink *fake);
struct respin_sink fake_sink(struct fake_sink *fake);

#endif
