/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the replaced calls share: which descriptors are ours, and the way round
 * the replacements, which is the system call itself.
 */
#ifndef PRELOAD_HOOKS_H
#define PRELOAD_HOOKS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "devices.h"
#include "machine.h"

#define HOOK __attribute__((visibility("default")))

#define HOOKS_FDS 4096 /* descriptors beyond are the system's, whatever was opened */

/* NULL: the system's own. */
struct device *hooks_device(int fd);
void hooks_set(int fd, struct device *device);

/* A result as the kernel gives it, -errno, as the C library does. */
static inline long told(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* With the machine locked for the time of one expression. */
#define LOCKED(expression)                                                                                   \
	({                                                                                                   \
		machine_lock();                                                                              \
		__typeof__(expression) result_ = (expression);                                               \
		machine_unlock();                                                                            \
		result_;                                                                                     \
	})

#endif
