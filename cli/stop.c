/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals, see stop.h. */
#include "stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <respin/session.h>

#include "commands.h"

static _Atomic(struct respin_session *) running;
static atomic_bool attached; /* there is, or was, something to save */
static atomic_int wanted;
static atomic_bool suspended;

static void on_stop(int number)
{
	int nobody = 0;
	bool first = atomic_compare_exchange_strong(&wanted, &nobody, number);
	if (!first || !atomic_load(&attached))
		_exit(STATUS_STOPPED);
	struct respin_session *session = atomic_load(&running);
	if (session)
		respin_session_cancel(session);
}

static void on_continue(int number)
{
	(void)number;
	atomic_store(&suspended, true);
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

int stop_wanted(void)
{
	return atomic_load(&wanted);
}

bool stop_was_suspended(void)
{
	return atomic_exchange(&suspended, false);
}
