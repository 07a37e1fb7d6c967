/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list, a mutex, two conditions. Timeouts are on the monotonic clock. */
#include "engine/queue.h"

#include <stdlib.h>
#include <time.h>

void queue_init(struct queue *queue)
{
	*queue = (struct queue){.first = NULL};
	queue->last = &queue->first;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, &attr);
	pthread_cond_init(&queue->recorded, &attr);
	pthread_condattr_destroy(&attr);
}

void queue_finish(struct queue *queue)
{
	while (queue->first) {
		struct item *item = queue->first;
		queue->first = item->next;
		respin_block_free(item->outcome.bytes);
		free(item);
	}
	pthread_cond_destroy(&queue->recorded);
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
}

static struct timespec after_ns(uint64_t ns)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += (uint64_t)t.tv_nsec;
	t.tv_sec += (time_t)(ns / 1000000000u);
	t.tv_nsec = (long)(ns % 1000000000u);
	return t;
}

void queue_push(struct queue *queue, struct item *item)
{
	pthread_mutex_lock(&queue->mutex);
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
	queue->outstanding[item->lane]++;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

enum pop queue_pop(struct queue *queue, unsigned timeout_ms, struct item **item)
{
	struct timespec deadline = after_ns(timeout_ms * 1000000ull);
	enum pop pop = POP_ITEM;
	pthread_mutex_lock(&queue->mutex);
	while (!queue->first && !queue->closed && !queue->flush_now)
		if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &deadline))
			break;
	if (queue->first) {
		*item = queue->first;
		queue->first = (*item)->next;
		if (!queue->first)
			queue->last = &queue->first;
	} else if (queue->flush_now) {
		queue->flush_now = false;
		pop = POP_FLUSH;
	} else {
		pop = queue->closed ? POP_END : POP_IDLE;
	}
	pthread_mutex_unlock(&queue->mutex);
	return pop;
}

void queue_recorded(struct queue *queue, unsigned lane)
{
	pthread_mutex_lock(&queue->mutex);
	queue->outstanding[lane]--;
	pthread_cond_broadcast(&queue->recorded);
	pthread_mutex_unlock(&queue->mutex);
}

bool queue_wait_depth(struct queue *queue, unsigned lane, unsigned depth)
{
	pthread_mutex_lock(&queue->mutex);
	while (queue->outstanding[lane] > depth && !atomic_load(&queue->stopping))
		pthread_cond_wait(&queue->recorded, &queue->mutex);
	pthread_mutex_unlock(&queue->mutex);
	return !atomic_load(&queue->stopping);
}

unsigned queue_nudges(struct queue *queue)
{
	return atomic_load(&queue->nudges);
}

void queue_nudge(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	atomic_fetch_add(&queue->nudges, 1);
	pthread_cond_broadcast(&queue->recorded);
	pthread_mutex_unlock(&queue->mutex);
}

void queue_sleep(struct queue *queue, uint64_t duration_ns, unsigned seen)
{
	struct timespec deadline = after_ns(duration_ns);
	pthread_mutex_lock(&queue->mutex);
	while (!atomic_load(&queue->stopping) && atomic_load(&queue->nudges) == seen)
		if (pthread_cond_timedwait(&queue->recorded, &queue->mutex, &deadline))
			break;
	pthread_mutex_unlock(&queue->mutex);
}

void queue_stop(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	atomic_store(&queue->stopping, true);
	pthread_cond_broadcast(&queue->recorded);
	pthread_mutex_unlock(&queue->mutex);
}

void queue_flush_now(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->flush_now = true;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}
