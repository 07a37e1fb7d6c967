/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One iSCSI session: connect, log in, serve until something is done. A session
 * that is lost stays lost until it is begun anew. Knows nothing of commands.
 */
#ifndef IO_ISCSI_SESSION_H
#define IO_ISCSI_SESSION_H

#include <iscsi/iscsi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <respin/error.h>

#include "io/clock_real.h"

struct iscsi_session {
	struct iscsi_context *context; /* NULL: lost, or not begun */
	struct iscsi_url *url;
	struct waiter waiter;
	atomic_bool interrupted;
	bool connected;
	bool done;     /* what the callback left: one connect, login or command at a time */
	int status;    /* SCSI_STATUS_* */
	int sys_errno; /* why the connection was lost, where the socket tells */
	char address[256];
};

enum session_end { SESSION_DONE, SESSION_TIMEOUT, SESSION_INTERRUPTED, SESSION_LOST };

/* RESPIN_E_INVALID (address), RESPIN_E_NOMEM; session_finish in any case. */
int session_init(struct iscsi_session *session, const char *address, struct respin_error *error);
void session_finish(struct iscsi_session *session);

/* Connects and logs in, after dropping what there was. RESPIN_E_SOURCE, _PERMISSION, _CANCELLED, _NOMEM. */
int session_begin(struct iscsi_session *session, struct respin_error *error);
void session_drop(struct iscsi_session *session);

/* For libiscsi's calls: private data is the session. */
void session_on_done(struct iscsi_context *context, int status, void *data, void *session);

/* Serves the connection until `done`, end_ns, an interrupt, or its loss. Clear `done` before. */
enum session_end session_serve(struct iscsi_session *session, uint64_t end_ns);

/* Serves what came in meanwhile: pings to answer, or the end of the connection (false). */
bool session_alive(struct iscsi_session *session);

/* libiscsi writes without MSG_NOSIGNAL: a SIGPIPE of ours must not reach the program. */
struct session_guard {
	sigset_t before;
	bool was_pending;
};
void session_guard_begin(struct session_guard *guard);
void session_guard_end(struct session_guard *guard);

#endif
