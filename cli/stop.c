/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals, see stop.h. */
#include "stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <respin/session.h>

#include "commands.h"
#include "keyboard.h"

/* How long somebody who has stopped the program may have to wait for its last words. */
#define LAST_WORDS_S 1

static _Atomic(struct respin_session *) running;
static atomic_bool attached; /* there is, or was, something to save */
static atomic_int wanted;
static atomic_int leave_with = STATUS_STOPPED; /* the status of who waits for nothing */
static atomic_bool suspended;
static atomic_bool suspend_wanted;

static void on_stop(int number)
{
	int nobody = 0;
	bool first = atomic_compare_exchange_strong(&wanted, &nobody, number);
	if (!first || !atomic_load(&attached)) {
		keyboard_release();
		_exit(atomic_load(&leave_with));
	}
	struct respin_session *session = atomic_load(&running);
	if (session)
		respin_session_cancel(session);
}

static void on_continue(int number)
{
	(void)number;
	atomic_store(&suspended, true);
}

/* Who sleeps for a week, or is never woken, has nothing unsaved. A second wish does not wait for that. */
static void on_suspend(int number)
{
	(void)number;
	struct respin_session *session = atomic_load(&running);
	if (session && !atomic_exchange(&suspend_wanted, true)) {
		respin_session_save(session);
		return;
	}
	keyboard_release();
	(void)raise(SIGSTOP);
}

static void heed_suspend(void)
{
	struct sigaction action = {.sa_handler = on_suspend, .sa_flags = SA_RESTART}, before;
	(void)sigfillset(&action.sa_mask);
	if (sigaction(SIGTSTP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		(void)sigaction(SIGTSTP, &action, NULL);
}

bool stop_suspend_wanted(void)
{
	return atomic_load(&suspend_wanted);
}

void stop_suspend(void)
{
	if (!stop_suspend_wanted())
		return;
	/* As everybody's: a process that nobody could wake is not put to sleep. */
	struct sigaction plain = {.sa_handler = SIG_DFL};
	(void)sigaction(SIGTSTP, &plain, NULL);
	keyboard_release();
	(void)raise(SIGTSTP);
	atomic_store(&suspend_wanted, false);
	heed_suspend();
}

void stop_install(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		struct sigaction before;
		/* nohup's wish: a terminal that goes away is no reason to stop. */
		if (stops[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
		    before.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(stops[i], &action, NULL);
	}
	heed_suspend();
	action.sa_handler = on_continue;
	(void)sigaction(SIGCONT, &action, NULL);
	/* A closed pipe or a file-size limit shows as EPIPE or EFBIG where it happens. */
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
	(void)sigaction(SIGXFSZ, &action, NULL);
}

void stop_attach(struct respin_session *session)
{
	atomic_store(&running, session);
	atomic_store(&attached, true);
}

/* Words that fit are told from those that do not before they are written; this is for what is seen too late. */
static void leave_soon(void)
{
	struct sigaction action = {.sa_handler = on_stop};
	(void)sigfillset(&action.sa_mask);
	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(LAST_WORDS_S);
}

void stop_over(int status)
{
	atomic_store(&leave_with, status);
	atomic_store(&attached, false);
	if (stop_wanted())
		leave_soon();
}

int stop_wanted(void)
{
	return atomic_load(&wanted);
}

bool stop_was_suspended(void)
{
	return atomic_exchange(&suspended, false);
}
