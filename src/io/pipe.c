/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program behind two pipes, see pipe.h. Reads ahead into a buffer of its own; never writes ahead. */
#include "io/pipe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "io/clock_real.h"

#define NS_PER_MS 1000000ull
/* A program that is to answer in virtual time has no reason to be silent for so long in real time. */
#define SILENCE_NS (60000 * NS_PER_MS)
/* What a program is given to end by itself, and again when it was told to by SIGTERM. */
#define FAREWELL_MS 300u
#define LOOK_NS (2 * NS_PER_MS) /* how often it is looked whether it has */

struct pipe {
	pid_t pid; /* also its process group */
	int to, from;
	struct waiter waiter;
	size_t start, end; /* what was read and not yet handed out */
	char ahead[4096];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define _cleanup_close_ _cleanup_(close_fd)

/* Both ends, above the standard streams: those are given to the program by their numbers. */
static int make_pipe(int *read_end, int *write_end)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	for (size_t i = 0; i < 2; i++) {
		if (fds[i] > STDERR_FILENO)
			continue;
		int higher = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(fds[i]);
		fds[i] = higher;
	}
	*read_end = fds[0];
	*write_end = fds[1];
	return fds[0] < 0 || fds[1] < 0 ? -EMFILE : 0;
}

/* With the signals as a program expects them, whatever we block, ignore or handle. */
static int start(const char *command, int in, int out, pid_t *pid)
{
	extern char **environ;
	char *const argv[] = {"sh", "-c", (char *)command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int err = posix_spawn_file_actions_init(&files);
	if (err)
		return -err;
	err = posix_spawnattr_init(&attr);
	if (err == 0) {
		posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
		posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
		posix_spawnattr_setpgroup(&attr, 0);
		posix_spawnattr_setsigmask(&attr, &none);
		posix_spawnattr_setsigdefault(&attr, &all);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							POSIX_SPAWN_SETSIGDEF);
		err = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

/* 0 or a negative errno; what was made by then is the caller's to take down. */
static int start_piped(struct pipe *pipe, const char *command)
{
	_cleanup_close_ int in = -1;
	_cleanup_close_ int out = -1;
	int r = waiter_init(&pipe->waiter);
	if (r == 0)
		r = make_pipe(&in, &pipe->to);
	if (r == 0)
		r = make_pipe(&pipe->from, &out);
	/* Lines are short and answered one by one: a full pipe means that nobody reads. */
	if (r == 0 &&
	    (fcntl(pipe->to, F_SETFL, O_NONBLOCK) < 0 || fcntl(pipe->from, F_SETFL, O_NONBLOCK) < 0))
		r = -errno;
	return r < 0 ? r : start(command, in, out, &pipe->pid);
}

int pipe_open(const char *command, struct pipe **result, struct respin_error *error)
{
	*result = NULL;
	struct pipe *pipe = calloc(1, sizeof *pipe);
	if (!pipe)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a process");
	pipe->to = pipe->from = pipe->waiter.fd = -1;
	int r = start_piped(pipe, command);
	if (r < 0) {
		pipe_destroy(pipe);
		return error_set(error, RESPIN_E_SOURCE, -r, "'%.200s' cannot be started: %s", command,
				 strerrordesc_np(-r));
	}
	*result = pipe;
	return 0;
}

/* Has it ended? It stays a zombie, so that its number and its group's remain its own. */
static bool has_ended(const struct pipe *pipe, siginfo_t *info, unsigned wait_ms)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t until = clock_real_now_ns() + wait_ms * NS_PER_MS;
	for (;;) {
		*info = (siginfo_t){0};
		int r = waitid(P_PID, (id_t)pipe->pid, info, WEXITED | WNOHANG | WNOWAIT);
		if (r == 0 && info->si_pid == pipe->pid)
			return true;
		if (r < 0 && errno != EINTR)
			return true; /* somebody else has waited for it: si_pid stays 0 */
		if (clock_real_now_ns() >= until)
			return false;
		nanosleep(&look, NULL);
	}
}

static int tell_end(const struct pipe *pipe, struct respin_error *error)
{
	siginfo_t info;
	if (!has_ended(pipe, &info, FAREWELL_MS))
		return error_set(error, RESPIN_E_GONE, 0, "the program closed its output");
	if (!info.si_pid)
		return error_set(error, RESPIN_E_GONE, 0, "the program ended");
	if (info.si_code == CLD_EXITED)
		return error_set(error, RESPIN_E_GONE, 0, "the program ended with status %d", info.si_status);
	return error_set(error, RESPIN_E_GONE, 0, "the program was ended by signal %d", info.si_status);
}

/*
 * A pipe without a reader raises SIGPIPE, which would end a process that knows
 * nothing of us: it is held back, and taken away where we have caused it.
 */
static ssize_t write_quietly(int fd, const char *data, size_t len)
{
	const struct timespec at_once = {0};
	sigset_t sigpipe, before, pending;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
	ssize_t n = write(fd, data, len);
	ssize_t r = n < 0 ? -errno : n;
	if (r == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int pipe_send(struct pipe *pipe, const char *line, struct respin_error *error)
{
	char text[512]; /* below PIPE_BUF: all of it or nothing */
	int len = snprintf(text, sizeof text, "%s\n", line);
	assert(len > 0 && (size_t)len < sizeof text);
	ssize_t n;
	do
		n = write_quietly(pipe->to, text, (size_t)len);
	while (n == -EINTR);
	if (n == len)
		return 0;
	if (n == -EPIPE)
		return tell_end(pipe, error);
	return error_set(error, RESPIN_E_GONE, n < 0 ? (int)-n : 0,
			 "the program does not read what it is told");
}

/* More bytes into the buffer; waits for them. */
static int fill(struct pipe *pipe, struct respin_error *error)
{
	memmove(pipe->ahead, pipe->ahead + pipe->start, pipe->end - pipe->start);
	pipe->end -= pipe->start;
	pipe->start = 0;
	uint64_t until = clock_real_now_ns() + SILENCE_NS;
	for (;;) {
		ssize_t n = read(pipe->from, pipe->ahead + pipe->end, sizeof pipe->ahead - pipe->end);
		if (n > 0) {
			pipe->end += (size_t)n;
			return 0;
		}
		if (n == 0)
			return tell_end(pipe, error);
		if (errno != EAGAIN && errno != EINTR)
			return error_set(error, RESPIN_E_GONE, errno, "the program cannot be read from: %s",
					 strerrordesc_np(errno));
		struct pollfd polls[] = {{.fd = pipe->from, .events = POLLIN},
					 {.fd = pipe->waiter.fd, .events = POLLIN}};
		uint64_t now = clock_real_now_ns();
		int left_ms = now < until ? (int)((until - now) / NS_PER_MS) + 1 : 0;
		int ready = poll(polls, 2, left_ms);
		if (polls[1].revents)
			return error_set(error, RESPIN_E_CANCELLED, 0,
					 "stopped while the program was at work");
		if (ready == 0)
			return error_set(error, RESPIN_E_SOURCE, 0, "the program says nothing for %llu s",
					 SILENCE_NS / NS_PER_MS / 1000);
	}
}

int pipe_receive(struct pipe *pipe, char *line, size_t size, struct respin_error *error)
{
	assert(size > 64 && size < sizeof pipe->ahead);
	const char *newline;
	while (!(newline = memchr(pipe->ahead + pipe->start, '\n', pipe->end - pipe->start))) {
		if (pipe->end - pipe->start >= size)
			break;
		int r = fill(pipe, error);
		if (r < 0)
			return r;
	}
	const char *begin = pipe->ahead + pipe->start;
	size_t len = newline ? (size_t)(newline - begin) : size;
	if (len >= size)
		return error_set(error, RESPIN_E_SOURCE, 0, "a line of more than %zu bytes: '%.40s...'",
				 size - 1, begin);
	if (memchr(begin, '\0', len))
		return error_set(error, RESPIN_E_SOURCE, 0, "a line with a NUL in it: '%.40s...'", begin);
	memcpy(line, begin, len);
	line[len] = '\0';
	pipe->start += len + 1;
	return 0;
}

void pipe_interrupt(struct pipe *pipe)
{
	waiter_wake(&pipe->waiter);
}

static void end_program(struct pipe *pipe)
{
	siginfo_t info;
	bool ended = has_ended(pipe, &info, FAREWELL_MS);
	if (ended && !info.si_pid)
		return; /* the number may be another's by now */
	if (!ended) {
		kill(-pipe->pid, SIGTERM);
		(void)has_ended(pipe, &info, FAREWELL_MS);
	}
	kill(-pipe->pid, SIGKILL); /* what it has left behind, too */
	while (waitpid(pipe->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void pipe_destroy(struct pipe *pipe)
{
	if (!pipe)
		return;
	close_fd(&pipe->to);
	close_fd(&pipe->from);
	if (pipe->pid > 0)
		end_program(pipe);
	waiter_finish(&pipe->waiter);
	free(pipe);
}
