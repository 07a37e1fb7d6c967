/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libiscsi's asynchronous calls under a poll loop of our own, so that timeouts
 * are ours and an interrupt works at once. Never logs in again by itself: that
 * would swallow unit attentions.
 */
#include "io/iscsi_session.h"

#include <errno.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/error.h"
#include "io/iscsi_address.h"

#define INITIATOR "iqn.2026-01.org.respin:librespin"
#define NS_PER_S 1000000000ull
#define CONNECT_TIMEOUT_NS (10 * NS_PER_S) /* a host that is there answers in milliseconds */

void session_on_done(struct iscsi_context *context, int status, void *data, void *arg)
{
	(void)context, (void)data;
	struct iscsi_session *session = arg;
	session->status = status;
	session->done = true;
}

/* Called a second time when the connection is torn down: that is not the answer to anything. */
static void on_connected(struct iscsi_context *context, int status, void *data, void *arg)
{
	struct iscsi_session *session = arg;
	if (!session->connected)
		session_on_done(context, status, data, session);
	session->connected = true;
}

static void sigpipe_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGPIPE);
}

void session_guard_begin(struct session_guard *guard)
{
	sigset_t pipe, waiting;
	sigpipe_set(&pipe);
	sigpending(&waiting);
	guard->was_pending = sigismember(&waiting, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &guard->before);
}

void session_guard_end(struct session_guard *guard)
{
	sigset_t pipe;
	sigpipe_set(&pipe);
	while (!guard->was_pending && sigtimedwait(&pipe, NULL, &(struct timespec){0}) == SIGPIPE)
		;
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

static int socket_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof err;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? errno : err;
}

enum session_end session_serve(struct iscsi_session *session, uint64_t end_ns)
{
	while (!session->done) {
		if (atomic_load(&session->interrupted))
			return SESSION_INTERRUPTED;
		struct pollfd fds[2] = {
			{.fd = iscsi_get_fd(session->context),
			 .events = (short)iscsi_which_events(session->context)},
			{.fd = session->waiter.fd, .events = POLLIN},
		};
		if (fds[0].fd < 0)
			return SESSION_LOST;
		uint64_t now = clock_real_now_ns();
		if (now >= end_ns)
			return SESSION_TIMEOUT;
		struct timespec left = {.tv_sec = (time_t)((end_ns - now) / NS_PER_S),
					.tv_nsec = (long)((end_ns - now) % NS_PER_S)};
		int n = ppoll(fds, 2, &left, NULL);
		if (n < 0 && errno != EINTR)
			return SESSION_LOST;
		if (n <= 0 || !fds[0].revents)
			continue;
		if (fds[0].revents & POLLERR && (session->sys_errno = socket_error(fds[0].fd)))
			return SESSION_LOST;
		if (iscsi_service(session->context, fds[0].revents) < 0 && !session->done)
			return SESSION_LOST;
	}
	return SESSION_DONE;
}

bool session_alive(struct iscsi_session *session)
{
	for (;;) {
		struct pollfd fd = {.fd = iscsi_get_fd(session->context), .events = POLLIN};
		if (fd.fd < 0)
			return false;
		if (poll(&fd, 1, 0) <= 0)
			return true;
		if (iscsi_service(session->context, fd.revents) < 0 ||
		    fd.revents & (POLLHUP | POLLERR | POLLNVAL) || !iscsi_is_logged_in(session->context))
			return false;
	}
}

void session_drop(struct iscsi_session *session)
{
	if (session->context)
		iscsi_destroy_context(session->context);
	session->context = NULL;
}

/* The socket's errno or libiscsi's last word, on one line. */
static void last_error(struct iscsi_session *session, char *text, size_t size)
{
	const char *from =
		session->sys_errno ? strerrordesc_np(session->sys_errno) : iscsi_get_error(session->context);
	if (!from || !*from || strstr(from, "reconnect")) /* what it says of a closed socket helps nobody */
		from = "the connection was closed";
	(void)snprintf(text, size, "%s", from);
	text[strcspn(text, "\r\n")] = 0;
}

/* RFC 7143 11.13.5: class 2, details 1 and 2, as libiscsi prints them. */
static bool is_denial(const char *text)
{
	return strstr(text, "(513)") || strstr(text, "(514)");
}

/* Waits for the answer to a step of the login, if it could be sent (0). */
static int step(struct iscsi_session *session, int sent, const char *what, uint64_t end_ns,
		struct respin_error *error)
{
	char text[160];
	enum session_end end = sent == 0 ? session_serve(session, end_ns) : SESSION_LOST;
	bool good = session->done && session->status == SCSI_STATUS_GOOD;
	session->done = false;
	if (end == SESSION_DONE && good)
		return 0;
	if (end == SESSION_INTERRUPTED)
		return error_set(error, RESPIN_E_CANCELLED, 0, "%s: stopped while connecting",
				 session->address);
	if (end == SESSION_TIMEOUT)
		return error_set(error, RESPIN_E_SOURCE, ETIMEDOUT, "%s: %s: no answer within %u s",
				 session->address, what, (unsigned)(CONNECT_TIMEOUT_NS / NS_PER_S));
	last_error(session, text, sizeof text);
	return error_set(error, is_denial(text) ? RESPIN_E_PERMISSION : RESPIN_E_SOURCE, session->sys_errno,
			 "%s: %s: %s", session->address, what, text);
}

/* No TEST UNIT READY, as libiscsi's own full connect would send: it fails on a drive that is not ready. */
static int connect_and_login(struct iscsi_session *session, struct respin_error *error)
{
	uint64_t end = clock_real_now_ns() + CONNECT_TIMEOUT_NS;
	session->done = false;
	int code = step(session,
			iscsi_connect_async(session->context, session->url->portal, on_connected, session),
			"cannot connect", end, error);
	if (code < 0)
		return code;
	return step(session, iscsi_login_async(session->context, session_on_done, session), "cannot log in",
		    end, error);
}

int session_begin(struct iscsi_session *session, struct respin_error *error)
{
	session_drop(session);
	session->sys_errno = 0;
	session->connected = false;
	const struct iscsi_url *url = session->url;
	struct iscsi_context *context = session->context = iscsi_create_context(INITIATOR);
	if (context)
		iscsi_set_noautoreconnect(context, 1);
	if (!context || iscsi_set_session_type(context, ISCSI_SESSION_NORMAL) ||
	    iscsi_set_header_digest(context, ISCSI_HEADER_DIGEST_NONE_CRC32C) ||
	    iscsi_set_targetname(context, url->target) ||
	    (url->user[0] && iscsi_set_initiator_username_pwd(context, url->user, url->passwd))) {
		session_drop(session);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for an iSCSI session");
	}
	struct session_guard guard;
	session_guard_begin(&guard);
	int code = connect_and_login(session, error);
	if (code < 0)
		session_drop(session);
	session_guard_end(&guard);
	return code;
}

int session_init(struct iscsi_session *session, const char *address, struct respin_error *error)
{
	session->context = NULL;
	session->url = NULL;
	(void)snprintf(session->address, sizeof session->address, "%s", address);
	if (waiter_init(&session->waiter) < 0)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for an iSCSI session");
	int code = iscsi_address_check(address, error);
	if (code < 0)
		return code;
	struct iscsi_context *parser = iscsi_create_context(INITIATOR);
	if (!parser)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for an iSCSI session");
	session->url = iscsi_parse_full_url(parser, address);
	iscsi_destroy_context(parser);
	if (!session->url)
		return error_set(error, RESPIN_E_INVALID, 0, "%s: want iscsi://HOST[:PORT]/IQN/LUN", address);
	return 0;
}

void session_finish(struct iscsi_session *session)
{
	struct session_guard guard;
	session_guard_begin(&guard);
	session_drop(session);
	session_guard_end(&guard);
	if (session->url)
		iscsi_destroy_url(session->url);
	session->url = NULL;
	waiter_finish(&session->waiter);
}
