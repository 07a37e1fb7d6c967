/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of somebody else's in a process of its own, with a pipe to its
 * standard input and one from its standard output, spoken to in lines. Knows
 * no protocol; sees to it that whatever the program does, its end included,
 * comes back as an error and leaves no zombie, no signal and no descriptor.
 */
#ifndef IO_PIPE_H
#define IO_PIPE_H

#include <respin/error.h>

#include <stddef.h>

struct pipe;

/*
 * Starts "/bin/sh -c command" in a process group of its own, so that Ctrl-C at
 * the terminal reaches us alone. RESPIN_E_NOMEM, RESPIN_E_SOURCE. That there is
 * no such command shows at the first line.
 */
int pipe_open(const char *command, struct pipe **pipe, struct respin_error *error);

/* Sends `line` and a newline. RESPIN_E_GONE: it does not read any more. */
int pipe_send(struct pipe *pipe, const char *line, struct respin_error *error);

/*
 * Waits for a line of at most `size` - 1 bytes (`size` above 64); puts it into `line`, terminated,
 * without its newline. RESPIN_E_GONE: the program has ended. RESPIN_E_SOURCE: the
 * line is longer, holds a NUL, or nothing came for long. RESPIN_E_CANCELLED.
 */
int pipe_receive(struct pipe *pipe, char *line, size_t size, struct respin_error *error);

/* For good: what waits for a line, now or later, ends with CANCELLED. Async-signal-safe. */
void pipe_interrupt(struct pipe *pipe);

/* Closes both pipes, and ends the program and its children if they do not take the hint. NULL is accepted. */
void pipe_destroy(struct pipe *pipe);

#endif
