/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clocks and waits: the drive's time is the program's. A program that computes
 * takes none of it. Clocks of processor time and timers with signals are left
 * alone: no peer bases a decision on them.
 */
#include "hooks.h"

#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

/* When the drive's clock began, as a wall clock: 2001-01-01T00:00:00Z, for ever, so that runs can be compared. */
#define EPOCH_S 978307200u
#define NS_PER_US 1000u

static bool is_ours(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return machine_settings();
	default:
		return false;
	}
}

HOOK int clock_gettime(clockid_t clock, struct timespec *at)
{
	if (!is_ours(clock))
		return (int)syscall(SYS_clock_gettime, clock, at);
	uint64_t now = LOCKED(machine_now_ns());
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	at->tv_sec = (time_t)(now / NS_PER_S + (wall ? EPOCH_S : 0));
	at->tv_nsec = (long)(now % NS_PER_S);
	return 0;
}

HOOK time_t time(time_t *at)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (at)
		*at = now.tv_sec;
	return now.tv_sec;
}

HOOK int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*at = (struct timeval){now.tv_sec, now.tv_nsec / NS_PER_US};
	return 0;
}

static void pass(uint64_t ns)
{
	machine_lock();
	machine_sleep_ns(ns);
	machine_unlock();
}

static uint64_t in_ns(const struct timespec *span)
{
	return (uint64_t)span->tv_sec * NS_PER_S + (uint64_t)span->tv_nsec;
}

HOOK int clock_nanosleep(clockid_t clock, int flags, const struct timespec *span, struct timespec *left)
{
	if (!is_ours(clock))
		return syscall(SYS_clock_nanosleep, clock, flags, span, left) < 0 ? errno : 0;
	uint64_t ns = in_ns(span);
	if (flags & TIMER_ABSTIME) {
		struct timespec now;
		(void)clock_gettime(clock, &now);
		ns = ns > in_ns(&now) ? ns - in_ns(&now) : 0;
	}
	pass(ns);
	return 0;
}

HOOK int nanosleep(const struct timespec *span, struct timespec *left)
{
	int code = clock_nanosleep(CLOCK_REALTIME, 0, span, left);
	return code ? (int)told(-code) : 0;
}

HOOK int usleep(useconds_t us)
{
	struct timespec span = {us / 1000000u, (long)(us % 1000000u) * NS_PER_US};
	return nanosleep(&span, NULL);
}

HOOK unsigned sleep(unsigned s)
{
	struct timespec span = {s, 0};
	(void)nanosleep(&span, NULL);
	return 0;
}

/* ---- waits with an end: what is ready is told at once, else the time simply passes ---- */

HOOK int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec none = {0, 0}, span = {timeout_ms / 1000, timeout_ms % 1000 * (long)NS_PER_MS};
	int ours = 0;
	if (!machine_settings())
		return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &span, NULL, 0);
	for (nfds_t i = 0; i < count; i++)
		ours += hooks_device(fds[i].fd) && fds[i].events;
	if (ours) { /* a drive's node is a placeholder that is always ready */
		return (int)syscall(SYS_ppoll, fds, count, &none, NULL, 0);
	}
	int ready = (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &none, NULL, 0);
	if (ready == 0 && timeout_ms > 0)
		pass((uint64_t)timeout_ms * (uint64_t)NS_PER_MS);
	return ready;
}

HOOK int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict odd,
		struct timeval *restrict timeout)
{
	struct timespec span = {0, 0};
	if (timeout)
		span = (struct timespec){timeout->tv_sec, timeout->tv_usec * (long)NS_PER_US};
	struct timespec none = {0, 0};
	bool virtual = machine_settings() && timeout;
	int ready = (int)syscall(SYS_pselect6, count, in, out, odd,
				 !timeout  ? NULL
				 : virtual ? &none
					   : &span,
				 NULL);
	if (virtual && ready == 0)
		pass(in_ns(&span));
	return ready;
}
