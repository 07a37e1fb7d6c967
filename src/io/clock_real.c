/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CLOCK_MONOTONIC and an eventfd. No time of day. */
#include "io/clock_real.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

uint64_t clock_real_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void clock_real_sleep_until_ns(uint64_t ns)
{
	struct timespec until = timespec_of(ns);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

int waiter_init(struct waiter *waiter)
{
	waiter->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return waiter->fd < 0 ? -errno : 0;
}

void waiter_finish(struct waiter *waiter)
{
	if (waiter->fd >= 0)
		close(waiter->fd);
	waiter->fd = -1;
}

void waiter_wake(struct waiter *waiter)
{
	int saved = errno;
	const uint64_t one = 1;
	/* A full counter refuses, and is as good as one more. */
	if (write(waiter->fd, &one, sizeof one) < 0)
		errno = saved;
}

bool waiter_wait(struct waiter *waiter, uint64_t ns)
{
	bool endless = ns == UINT64_MAX;
	uint64_t end = endless ? UINT64_MAX : clock_real_now_ns() + ns;
	for (;;) {
		uint64_t now = clock_real_now_ns();
		struct timespec left = timespec_of(now < end ? end - now : 0);
		struct pollfd poll = {.fd = waiter->fd, .events = POLLIN};
		int n = ppoll(&poll, 1, endless ? NULL : &left, NULL);
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}
