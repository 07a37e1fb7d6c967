/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling a caller-owned error. Does not log and does not translate. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <respin/error.h>

/* Fills `error` (may be NULL) and returns `code`, so that `return error_set(...)` reads well. */
int error_set(struct respin_error *error, int code, int sys_errno, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
