/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parent's side of a source in a child process: one question, one answer,
 * and an interrupt that waits for neither. Reaps the child when it can and
 * never waits for one that the kernel does not let go.
 */
#include "io/source_proc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "io/clock_real.h"

#define NS_PER_MS 1000000ull
/* A child that is idle closes its device and is gone; one that sits in a command is told to leave it. */
#define LEAVE_IDLE_NS (1000 * NS_PER_MS)
#define LEAVE_BUSY_NS (150 * NS_PER_MS)
/* Then it is killed. What survives this sits in the kernel, and goes when that lets it go. */
#define LEAVE_KILLED_NS (50 * NS_PER_MS)
#define LOOK_NS NS_PER_MS

struct source_proc {
	pid_t pid;
	int socket;
	int lifeline;
	struct waiter waiter;
	void *shared;
	struct respin_source_info info;
	_Atomic uint64_t now_ns;
	uint64_t serial;
	bool busy; /* a question was left unanswered: there will be no other */
	int dead;  /* 0, or why no answer can come: EOWNERDEAD, EPROTO */
};

enum outcome { ANSWERED, CANCELLED, DEAD };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum outcome died(struct source_proc *proc, int why)
{
	proc->dead = why;
	if (why == EPROTO)
		kill(proc->pid, SIGKILL);
	return DEAD;
}

/*
 * 0, or why no answer can come. One question is under way at most: where there is no room for it, the child has
 * answered without reading, and waiting for it could last for ever.
 */
static int send_question(struct source_proc *proc, const struct proc_question *question)
{
	ssize_t n;
	do
		n = send(proc->socket, question, sizeof *question, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof *question)
		return 0;
	return n < 0 && errno == EAGAIN ? EPROTO : EOWNERDEAD;
}

/* A message of exactly `len` bytes. */
static ssize_t receive(int socket, void *message, size_t len)
{
	ssize_t n;
	do
		n = recv(socket, message, len, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n;
}

static enum outcome await(struct source_proc *proc, struct proc_answer *answer, size_t len)
{
	struct pollfd polls[] = {{.fd = proc->socket, .events = POLLIN},
				 {.fd = proc->waiter.fd, .events = POLLIN}};
	int ready;
	do
		ready = poll(polls, 2, -1);
	while (ready < 0 && errno == EINTR);
	if (!polls[0].revents) {
		proc->busy = true;
		return CANCELLED;
	}
	ssize_t n = receive(proc->socket, answer, len);
	if (n <= 0)
		return died(proc, EOWNERDEAD);
	if ((size_t)n != len || answer->serial != proc->serial || answer->now_ns > PROC_NOW_MAX_NS)
		return died(proc, EPROTO);
	uint64_t now_ns = atomic_load_explicit(&proc->now_ns, memory_order_relaxed);
	if (answer->now_ns > now_ns) /* a clock that goes back would be a lie */
		atomic_store_explicit(&proc->now_ns, answer->now_ns, memory_order_relaxed);
	return ANSWERED;
}

static enum outcome ask(struct source_proc *proc, struct proc_question *question, struct proc_answer *answer)
{
	if (proc->dead)
		return DEAD;
	if (proc->busy)
		return CANCELLED;
	size_t len = question->verb == PROC_CONTROL ? sizeof *answer : offsetof(struct proc_answer, info);
	question->serial = ++proc->serial;
	int unsent = send_question(proc, question);
	if (unsent)
		return died(proc, unsent);
	return await(proc, answer, len);
}

static void no_answer(const struct source_proc *proc, enum outcome outcome, uint64_t asked_bytes,
		      struct respin_reply *reply)
{
	bool dead = outcome == DEAD;
	*reply = (struct respin_reply){
		.reason = dead ? RESPIN_REASON_GONE : RESPIN_REASON_CANCELLED,
		.host_status = dead ? RESPIN_HOST_GONE : RESPIN_HOST_CANCELLED,
		.sys_errno = dead ? proc->dead : 0,
		.asked_bytes = asked_bytes,
		.residual_bytes = asked_bytes,
	};
}

static void proc_info(void *self, struct respin_source_info *info)
{
	const struct source_proc *proc = self;
	*info = proc->info;
}

static void proc_read(void *self, const struct respin_request *request, void *buffer,
		      struct respin_reply *reply)
{
	struct source_proc *proc = self;
	struct respin_range range = request->range;
	assert(range.count > 0 && range.count <= proc->info.max_request_units);
	assert(range.start < proc->info.units && range.count <= proc->info.units - range.start);

	size_t len = (size_t)range.count * proc->info.unit_bytes;
	struct proc_question question = {.verb = PROC_READ, .request = *request};
	struct proc_answer answer;
	enum outcome outcome = ask(proc, &question, &answer);
	if (outcome == ANSWERED && !source_proc_check_reply(&answer.reply, len))
		outcome = died(proc, EPROTO);
	if (outcome != ANSWERED) {
		no_answer(proc, outcome, len, reply);
		return;
	}
	*reply = answer.reply;
	if (buffer && !proc->info.no_payload)
		memcpy(buffer, proc->shared, len); /* once: from here on nobody else can change them */
}

static void proc_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	struct source_proc *proc = self;
	struct proc_question question = {.verb = PROC_CONTROL, .command = command};
	struct proc_answer answer;
	enum outcome outcome = ask(proc, &question, &answer);
	if (outcome == ANSWERED &&
	    !(source_proc_check_reply(&answer.reply, 0) && source_proc_check_info(&answer.info)))
		outcome = died(proc, EPROTO);
	if (outcome != ANSWERED) {
		no_answer(proc, outcome, 0, reply);
		return;
	}
	*reply = answer.reply;
	/* What buffers and maps were made for stays; another disc shows in the reply and the identity. */
	const struct respin_source_info *now = &answer.info;
	if (now->units == proc->info.units && now->unit_bytes == proc->info.unit_bytes &&
	    now->max_request_units == proc->info.max_request_units &&
	    now->no_payload == proc->info.no_payload)
		proc->info = *now;
}

static void proc_interrupt(void *self)
{
	struct source_proc *proc = self;
	waiter_wake(&proc->waiter);
}

static uint64_t proc_now_ns(void *self)
{
	struct source_proc *proc = self;
	return atomic_load_explicit(&proc->now_ns, memory_order_relaxed);
}

static void proc_sleep_until_ns(void *self, uint64_t ns)
{
	struct source_proc *proc = self;
	struct proc_question question = {.verb = PROC_SLEEP, .until_ns = ns};
	struct proc_answer answer;
	if (ask(proc, &question, &answer) == DEAD) /* who sleeps until then must wake up then */
		atomic_store_explicit(&proc->now_ns, ns > proc_now_ns(proc) ? ns : proc_now_ns(proc),
				      memory_order_relaxed);
}

/* True: there is no such child any more. */
static bool reaped(pid_t pid, uint64_t patience_ns)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t end = clock_real_now_ns() + patience_ns;
	for (;;) {
		pid_t done = waitpid(pid, NULL, WNOHANG);
		if (done == pid || (done < 0 && errno == ECHILD))
			return true;
		if (clock_real_now_ns() >= end)
			return false;
		nanosleep(&look, NULL);
	}
}

static void proc_destroy(void *self)
{
	struct source_proc *proc = self;
	if (!proc)
		return;
	close_fd(&proc->socket);
	close_fd(&proc->lifeline);
	/* Killing may be refused to who has given up being root: the lifeline has told it, too. */
	if (proc->pid > 0 && !reaped(proc->pid, proc->busy ? LEAVE_BUSY_NS : LEAVE_IDLE_NS)) {
		kill(proc->pid, SIGKILL);
		(void)reaped(proc->pid, LEAVE_KILLED_NS);
	}
	if (proc->shared)
		munmap(proc->shared, PROC_SHARED_BYTES);
	waiter_finish(&proc->waiter);
	free(proc);
}

/* Two tables, as source_mmc has them: a source has a clock only if its drive lives by one. */
static const struct respin_source_ops ops_on_host_clock = {
	.size = sizeof(struct respin_source_ops),
	.info = proc_info,
	.read = proc_read,
	.control = proc_control,
	.interrupt = proc_interrupt,
	.destroy = proc_destroy,
};

static const struct respin_source_ops ops_on_own_clock = {
	.size = sizeof(struct respin_source_ops),
	.info = proc_info,
	.read = proc_read,
	.control = proc_control,
	.interrupt = proc_interrupt,
	.now_ns = proc_now_ns,
	.sleep_until_ns = proc_sleep_until_ns,
	.destroy = proc_destroy,
};

/* 0 or a negative errno; what was made by then is proc_destroy's. */
static int start(struct source_proc *proc, const char *address, const struct source_proc_opener *opener)
{
	int sockets[2], line[2];
	int r = waiter_init(&proc->waiter);
	if (r < 0)
		return r;
	proc->shared = mmap(NULL, PROC_SHARED_BYTES, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (proc->shared == MAP_FAILED) {
		proc->shared = NULL;
		return -errno;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	proc->socket = sockets[0];
	if (pipe2(line, O_CLOEXEC) < 0) {
		r = -errno;
		close(sockets[1]);
		return r;
	}
	proc->lifeline = line[1];
	struct proc_child child = {address, opener, proc->shared, sockets[1], line[0], getpid()};
	proc->pid = fork();
	r = proc->pid < 0 ? -errno : 0;
	if (proc->pid == 0)
		source_proc_serve(&child);
	close(sockets[1]);
	close(line[0]);
	return r;
}

static int greeted(struct source_proc *proc, struct proc_greeting *greeting, struct respin_error *error)
{
	ssize_t n = receive(proc->socket, greeting, sizeof *greeting);
	if (n <= 0)
		return error_set(error, RESPIN_E_SOURCE, EOWNERDEAD,
				 "the process that was to open the source has died");
	if (n != (ssize_t)sizeof *greeting || !source_proc_check_greeting(greeting)) {
		(void)died(proc, EPROTO);
		return error_set(error, RESPIN_E_SOURCE, EPROTO,
				 "the process that opened the source says what makes no sense");
	}
	if (greeting->code < 0)
		return error_set(error, greeting->code, greeting->error.sys_errno, "%s",
				 greeting->error.text);
	return 0;
}

int source_proc_open(const char *address, const struct source_proc_opener *opener,
		     struct respin_source *source, struct respin_error *error)
{
	*source = (struct respin_source){0};
	struct source_proc *proc = calloc(1, sizeof *proc);
	if (!proc)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a source");
	proc->socket = proc->lifeline = proc->waiter.fd = -1;
	struct proc_greeting greeting = {0};
	int r = start(proc, address, opener);
	int code = r < 0 ? error_set(error, RESPIN_E_NOMEM, -r,
				     "no process for the source can be started: %s", strerrordesc_np(-r))
			 : greeted(proc, &greeting, error);
	if (code < 0) {
		proc_destroy(proc);
		return code;
	}
	proc->info = greeting.info;
	atomic_store(&proc->now_ns, greeting.now_ns);
	*source = (struct respin_source){greeting.own_clock ? &ops_on_own_clock : &ops_on_host_clock, proc};
	return 0;
}
