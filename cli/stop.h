/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The person's wish to stop. The first SIGINT, SIGTERM or SIGHUP cancels the
 * session, the second ends the process at once; what is durable stays so.
 * Nothing but flags and async-signal-safe calls happens in a handler.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

struct respin_session;

/* Until a session is attached there is nothing to save, and the first signal ends the process. */
void stop_install(void);

/* Whom to cancel; NULL: nobody any more. */
void stop_attach(struct respin_session *session);

/*
 * All is saved and the session is no more: the process owes nothing but words.
 * A signal ends it with this status, and who has asked to stop does not wait
 * for the words to be read.
 */
void stop_over(int status);

/* The signal that asked to stop, or 0. */
int stop_wanted(void);

/* Was Ctrl-Z pressed? What is recorded is being saved then. */
bool stop_suspend_wanted(void);

/* To be called when it is; comes back when the process goes on. */
void stop_suspend(void);

/* True once after the process was suspended: the terminal is not as it was left. */
bool stop_was_suspended(void);

#endif
