/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One rescue in motion: planner, lanes, queue, consumer, view. Two executors
 * drive the same lane_step: threads in the program, one loop in virtual time
 * for tests and benches. Knows sources and sinks by their ops alone.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <respin/session.h>

#include "core/mood.h"
#include "core/planner.h"
#include "core/verdict.h"
#include "engine/queue.h"
#include "engine/view.h"

struct engine_config {
	enum respin_mode mode;
	struct respin_source *sources; /* taken */
	unsigned source_count;
	struct respin_sink sink;         /* borrowed; destroyed by the caller after engine_destroy */
	const struct respin_map *map;    /* copied */
	const struct respin_map *domain; /* borrowed */
	struct mapfile_resume resume;
	const struct planner_sample *samples; /* copied */
	unsigned sample_count;
	struct respin_callbacks callbacks;
};

#define MOOD_BITS 3 /* both in one word, so that nobody reads half of it */

struct engine {
	pthread_mutex_t planner_mutex; /* never held across I/O */
	struct planner *planner;
	struct queue queue;
	struct view *view;
	struct lane *lanes[LANES_MAX]; /* an entry is NULL once its lane was disowned */
	unsigned lane_count;
	struct verdict_unit unit;
	bool direct; /* virtual executor: the lane's thread is the consumer too */

	/* The consumer's own. */
	struct respin_sink sink;
	struct respin_error error; /* the first failure */
	int put_result;            /* 0, RESPIN_PUT_STOP or the first failure's code */
	bool dirty;                /* recorded since the last flush */
	uint64_t commits;          /* as last told by the sink */
	uint64_t source_now_ns;    /* the source's clock when the last item left its lane */
	struct respin_summary summary;

	struct respin_callbacks callbacks;
	pthread_mutex_t event_mutex; /* one event at a time */
	atomic_uchar phase_told;
	uint64_t started_ns;

	atomic_bool cancelled;
	atomic_bool consumer_ended;
	atomic_bool save_wanted;
	atomic_uint asked;      /* ASKED_*: what a person wants */
	atomic_int speed_steps; /* the same, for the drive's speed: SLOWER counts down */
	atomic_bool nudge;      /* lanes that sleep are to look at it */
	/* What each lane says of its drive. */
	_Atomic uint64_t mood[LANES_MAX];       /* since_ns << MOOD_BITS | enum respin_mood */
	_Atomic uint64_t command_ns[LANES_MAX]; /* of the host's clock; 0: no command is out */
	_Atomic uint32_t speed_kbps[LANES_MAX];
	atomic_uint saves; /* flushes that were asked for and are done */
	sem_t wake; /* posted by cancel and by threads that end; safe from signal handlers */
};

/* RESPIN_E_NOMEM; the sources are taken in any case. */
int engine_create(struct engine_config *config, struct engine **engine, struct respin_error *error);
void engine_destroy(struct engine *engine);

/* As respin_session_run; with threads, or all in this thread on the source's clock. */
int engine_run_threads(struct engine *engine, struct respin_summary *summary, struct respin_error *error);
int engine_run_virtual(struct engine *engine, struct respin_summary *summary, struct respin_error *error);

void engine_cancel(struct engine *engine); /* async-signal-safe */
void engine_save(struct engine *engine);   /* async-signal-safe */
void engine_control(struct engine *engine, enum respin_control what); /* async-signal-safe */
/* Tells the planner what was asked for since. Its mutex is held. */
void engine_obey(struct engine *engine);
int engine_snapshot(struct engine *engine, struct respin_snapshot *snapshot);
uint64_t engine_now_ns(void); /* the host's monotonic clock */

/* events.c: what callbacks hear. */
void engine_event(struct engine *engine, struct respin_event *event);
enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG }; /* respin_log.level */
void engine_log(struct engine *engine, unsigned level, const char *what, int64_t lba, int sys_errno,
		const char *detail);

/* consumer.c: one item put and recorded, one flush, the end. */
void consumer_take(struct engine *engine, struct item *item);
void consumer_flush(struct engine *engine, enum respin_flush why);
void consumer_close(struct engine *engine);
void *consumer_main(void *engine);

/* After the lanes: the last item and the sink's end (consumer); what run() answers. */
void engine_conclude(struct engine *engine);
int engine_result(struct engine *engine, struct respin_summary *summary, struct respin_error *error);

#endif
