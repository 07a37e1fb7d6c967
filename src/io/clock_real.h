/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's monotonic clock, and a sleep that another thread or a signal handler can end. */
#ifndef IO_CLOCK_REAL_H
#define IO_CLOCK_REAL_H

#include <stdbool.h>
#include <stdint.h>

uint64_t clock_real_now_ns(void);
void clock_real_sleep_until_ns(uint64_t ns);

/* Once woken it stays awake. The descriptor becomes readable, so that poll() can wait for it. */
struct waiter {
	int fd;
};

int waiter_init(struct waiter *waiter); /* 0 or a negative errno */
void waiter_finish(struct waiter *waiter);
void waiter_wake(struct waiter *waiter); /* async-signal-safe */

/* True if it was woken, false after `ns`; UINT64_MAX: no end. */
bool waiter_wait(struct waiter *waiter, uint64_t ns);

#endif
