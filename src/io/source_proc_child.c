/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The child's side: gives up everything but its two ends and the drive, opens
 * the source, serves one question after the other. It decides nothing, and it
 * ends when its parent hangs up or is no more.
 */
#include "io/source_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ops.h"
#include "io/confine.h"
#include "io/transport_sgio.h"

/* How long a device may take to be closed once the parent has hung up. */
#define FAREWELL_S 1u

static struct respin_source source; /* for the handler; there is one child in a process */

/* The parent wants no more, perhaps in the middle of a command, or is no more. */
static void on_hang_up(int number)
{
	(void)number;
	if (source.ops && OPS_HAS(source.ops, interrupt))
		source.ops->interrupt(source.self);
	(void)alarm(FAREWELL_S);
}

/* What a terminal or a service manager tells the whole group is the parent's to decide. */
static void set_signals(void)
{
	static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP,
				   SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
	static const int plain[] = {SIGCHLD, SIGCONT, SIGALRM, SIGPIPE, SIGXFSZ};
	struct sigaction action = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
		(void)sigaction(deaf[i], &action, NULL);
	action.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		(void)sigaction(plain[i], &action, NULL);
	action.sa_handler = on_hang_up;
	(void)sigfillset(&action.sa_mask);
	(void)sigaction(SIGIO, &action, NULL);
	sigset_t none;
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void close_between(int first, int last)
{
	if (first <= last)
		(void)close_range((unsigned)first, (unsigned)last, 0);
}

/* No output, no log, no terminal: nothing that was open before stays open. */
static void close_others(const struct proc_child *child)
{
	int low = child->socket < child->lifeline ? child->socket : child->lifeline;
	int high = child->socket < child->lifeline ? child->lifeline : child->socket;
	close_between(STDERR_FILENO + 1, low - 1);
	close_between(low + 1, high - 1);
	(void)close_range((unsigned)high + 1, ~0u, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (SANITIZED && fd == STDERR_FILENO)
			continue; /* what the sanitizer finds must be seen */
		if (null < 0)
			(void)close(fd);
		else
			(void)dup2(null, fd);
	}
	if (null > STDERR_FILENO)
		(void)close(null);
}

static void confine(const struct proc_child *child)
{
	/* The drive's node is the one thing that may be opened for writing, which some commands need. */
	struct stat st;
	int node = -1;
	if (stat(child->address, &st) == 0 && transport_sgio_takes(&st))
		node = open(child->address, O_PATH | O_CLOEXEC);
	const struct confine_place place = {node, CONFINE_DEVICE};
	(void)confine_files(&place, node >= 0, CONFINE_ALONE);
	if (node >= 0)
		(void)close(node);
	(void)confine_calls(CONFINE_ALONE);
}

static int greet(const struct proc_child *child)
{
	struct proc_greeting greeting = {.code = 0};
	if (!child->opener->runs_programs)
		confine(child);
	greeting.code = child->opener->open(child->address, &source, &greeting.error);
	if (child->opener->runs_programs)
		confine(child);
	if (greeting.code == 0) {
		greeting.info.size = sizeof greeting.info;
		source.ops->info(source.self, &greeting.info);
		greeting.info.size = sizeof greeting.info;
		greeting.own_clock = OPS_HAS(source.ops, now_ns) && OPS_HAS(source.ops, sleep_until_ns);
		greeting.now_ns = greeting.own_clock ? source.ops->now_ns(source.self) : 0;
	}
	if (send(child->socket, &greeting, sizeof greeting, MSG_NOSIGNAL) != (ssize_t)sizeof greeting)
		return -1;
	return greeting.code;
}

static void serve(const struct proc_child *child, const struct proc_question *question,
		  struct proc_answer *answer)
{
	const struct respin_source_ops *ops = source.ops;
	switch ((enum proc_verb)question->verb) {
	case PROC_READ:
		ops->read(source.self, &question->request, child->shared, &answer->reply);
		break;
	case PROC_CONTROL:
		/* A plain source has no state to ask for, reading on will tell; and no speeds. */
		answer->reply.reason = question->command == RESPIN_DRIVE_SLOWER ||
						       question->command == RESPIN_DRIVE_FASTER
					       ? RESPIN_REASON_REFUSED
					       : RESPIN_REASON_GOOD;
		if (OPS_HAS(ops, control))
			ops->control(source.self, (enum respin_drive_command)question->command,
				     &answer->reply);
		answer->info.size = sizeof answer->info;
		ops->info(source.self, &answer->info);
		answer->info.size = sizeof answer->info;
		break;
	case PROC_SLEEP:
		if (OPS_HAS(ops, sleep_until_ns))
			ops->sleep_until_ns(source.self, question->until_ns);
		break;
	}
	answer->serial = question->serial;
	answer->now_ns = OPS_HAS(ops, now_ns) ? ops->now_ns(source.self) : 0;
}

/* False: the parent has hung up. */
static bool next(const struct proc_child *child)
{
	struct proc_question question;
	struct proc_answer answer = {0};
	ssize_t n;
	do
		n = recv(child->socket, &question, sizeof question, 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof question)
		return false;
	serve(child, &question, &answer);
	size_t len = question.verb == PROC_CONTROL ? sizeof answer : offsetof(struct proc_answer, info);
	do
		n = send(child->socket, &answer, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

static void give_up_everything(const struct proc_child *child)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != child->parent)
		_exit(0); /* it died before that was said */
	(void)prctl(PR_SET_NAME, "respin-drive");
	(void)setsid();
	set_signals();
	close_others(child);
	(void)fcntl(child->lifeline, F_SETOWN, getpid());
	(void)fcntl(child->lifeline, F_SETFL, O_ASYNC | O_NONBLOCK);
	(void)prctl(PR_SET_DUMPABLE, 0);
	/* Nodes may belong to others than root: to open them again is all that is kept. */
	(void)confine_capabilities(CONFINE_KEEP_OPENING);
}

void source_proc_serve(const struct proc_child *child)
{
	give_up_everything(child);
	if (greet(child) == 0)
		while (next(child))
			;
	(void)alarm(FAREWELL_S);
	if (source.ops)
		source.ops->destroy(source.self);
	_exit(0); /* what the parent registered for its own end is not ours to run */
}
