/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line to the person: what, why, what to do. Everything goes to stderr,
 * after "respin: ", escaped; nothing here decides anything.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <respin/error.h>

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A failure of the library, whose text says what, why and what to do. Returns the exit status. */
int say_failure(int code, const struct respin_error *error);

/* Wrong usage of `command` (NULL: of the program). Returns the exit status. */
int say_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
