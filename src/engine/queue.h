/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bounded way from the lanes to the one consumer. The bound is kept where
 * commands are issued (depth), so a push never waits and may be done under the
 * planner's mutex. It carries items; it does not look into them.
 */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <respin/sink.h>

#include "core/policy.h"

enum item_kind {
	ITEM_OUTCOME,
	ITEM_FLUSH,
};

struct item {
	struct item *next;
	enum item_kind kind;
	unsigned lane;
	uint64_t now_ns;               /* on the source's clock */
	enum respin_flush why;         /* ITEM_FLUSH */
	struct respin_outcome outcome; /* ITEM_OUTCOME; owns its bytes */
};

enum pop {
	POP_ITEM,
	POP_FLUSH, /* drained, and someone asks for durability now */
	POP_IDLE,  /* the timeout passed */
	POP_END,   /* closed and drained */
};

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;   /* for the consumer */
	pthread_cond_t recorded; /* for the lanes */
	struct item *first, **last;
	unsigned outstanding[LANES_MAX]; /* pushed and not yet recorded */
	bool closed;
	bool flush_now;
	atomic_bool stopping; /* lanes look before each command */
	atomic_uint nudges;   /* so often sleepers were told to look */
};

void queue_init(struct queue *queue);
void queue_finish(struct queue *queue); /* frees what is left */

void queue_push(struct queue *queue, struct item *item); /* takes it; never waits */
enum pop queue_pop(struct queue *queue, unsigned timeout_ms, struct item **item);
void queue_recorded(struct queue *queue, unsigned lane);

/* Waits until at most `depth` items of the lane are unrecorded. False: stopping. */
bool queue_wait_depth(struct queue *queue, unsigned lane, unsigned depth);
/*
 * Sleeps; returns early when stopping, and when it was nudged since
 * queue_nudges() gave `seen`.
 */
void queue_sleep(struct queue *queue, uint64_t duration_ns, unsigned seen);
void queue_nudge(struct queue *queue);
unsigned queue_nudges(struct queue *queue);

void queue_stop(struct queue *queue);      /* lanes end before their next command */
void queue_flush_now(struct queue *queue); /* once drained, the consumer gets POP_FLUSH */
void queue_close(struct queue *queue);     /* nothing more will be pushed */

#endif
