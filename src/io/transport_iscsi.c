/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CDBs over an iSCSI session: one task at a time, its Data-In straight into the
 * buffer. Whatever ends a command but its answer ends the session as well, so
 * that nothing can come late; reopen begins a new one.
 */
#include "io/transport_iscsi.h"

#include <assert.h>
#include <errno.h>
#include <iscsi/scsi-lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "core/cdb.h"
#include "io/iscsi_session.h"

#define NS_PER_MS 1000000ull
#define MAX_TRANSFER_BYTES (256u << 10) /* any size would do; this keeps one command short */
#define PAGE_BYTES 4096u

struct transport_iscsi {
	struct iscsi_session session;
	unsigned char *buffer;
	size_t buffer_bytes;
};

static void iscsi_traits(void *self, struct respin_transport_traits *traits)
{
	const struct transport_iscsi *t = self;
	*traits = (struct respin_transport_traits){
		.size = sizeof *traits,
		.name = "iscsi",
		.max_transfer_bytes = MAX_TRANSFER_BYTES,
		.resid_trusted = 1,  /* RFC 7143 11.4.5: the target must tell */
		.poison_trusted = 1, /* Data-In lands in this very buffer, as far as it came */
	};
	(void)snprintf(traits->address, sizeof traits->address, "%s", t->session.address);
}

static void *iscsi_buffer(void *self, size_t len)
{
	struct transport_iscsi *t = self;
	len = (len + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	if (t->buffer)
		return len <= t->buffer_bytes ? t->buffer : NULL;
	t->buffer = aligned_alloc(PAGE_BYTES, len);
	t->buffer_bytes = t->buffer ? len : 0;
	return t->buffer;
}

/* RFC 7143 11.4.7.2: two bytes of length, then the sense data. */
static void sense_take(const struct scsi_task *task, struct respin_command_reply *reply)
{
	if (task->datain.size < 2 || !task->datain.data)
		return;
	size_t len = be16(task->datain.data);
	size_t here = (size_t)task->datain.size - 2;
	len = len < here ? len : here;
	len = len < sizeof reply->sense ? len : sizeof reply->sense;
	memcpy(reply->sense, task->datain.data + 2, len);
	reply->sense_len = (uint8_t)len;
}

static void task_answered(const struct scsi_task *task, const struct respin_command *command, int status,
			  struct respin_command_reply *reply)
{
	if (status < 0 || status > 0xff) { /* libiscsi's own: cancelled, error, timeout, redirect */
		reply->host = RESPIN_HOST_ERROR;
		reply->raw_host = (uint32_t)status;
		return;
	}
	reply->scsi_status = (uint8_t)status;
	reply->residual = 0;
	if (task->residual_status == SCSI_RESIDUAL_UNDERFLOW)
		reply->residual =
			task->residual < command->data_len ? (uint32_t)task->residual : command->data_len;
	if (status == SCSI_STATUS_CHECK_CONDITION)
		sense_take(task, reply);
}

static enum respin_host_status host_status(enum session_end end)
{
	switch (end) {
	case SESSION_DONE:
		return RESPIN_HOST_OK;
	case SESSION_INTERRUPTED:
		return RESPIN_HOST_CANCELLED;
	case SESSION_TIMEOUT:
		return RESPIN_HOST_TIMEOUT;
	default:
		return RESPIN_HOST_ERROR;
	}
}

static struct scsi_task *task_create(const struct respin_command *command)
{
	unsigned char cdb[RESPIN_CDB_MAX];
	memcpy(cdb, command->cdb, sizeof cdb);
	int direction = !command->data_len ? SCSI_XFER_NONE
			: command->data_in ? SCSI_XFER_READ
					   : SCSI_XFER_WRITE;
	int (*add)(struct scsi_task *, int, unsigned char *) =
		command->data_in ? scsi_task_add_data_in_buffer : scsi_task_add_data_out_buffer;
	struct scsi_task *task = scsi_create_task(command->cdb_len, cdb, direction, (int)command->data_len);
	if (task && command->data_len && add(task, (int)command->data_len, command->data)) {
		scsi_free_scsi_task(task);
		return NULL;
	}
	return task;
}

static void exec_guarded(struct transport_iscsi *t, const struct respin_command *command,
			 struct respin_command_reply *reply)
{
	struct iscsi_session *session = &t->session;
	enum session_end end = SESSION_LOST;
	struct scsi_task *task = session_alive(session) ? task_create(command) : NULL;
	session->done = false;
	bool sent = task && iscsi_scsi_command_async(session->context, session->url->lun, task,
						     session_on_done, NULL, session) == 0;
	if (sent)
		end = session_serve(session, clock_real_now_ns() + (uint64_t)command->timeout_ms * NS_PER_MS);
	reply->host = (uint8_t)host_status(end);
	reply->sys_errno = session->sys_errno;
	if (end == SESSION_DONE)
		task_answered(task, command, session->status, reply);
	else if (sent && !session->done)
		(void)iscsi_scsi_cancel_task(session->context, task);
	if (task)
		scsi_free_scsi_task(task);
	if (reply->host != RESPIN_HOST_OK)
		session_drop(session);
}

static void iscsi_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	struct transport_iscsi *t = self;
	assert(command->data_len <= MAX_TRANSFER_BYTES && command->data_len <= t->buffer_bytes);
	*reply = (struct respin_command_reply){.residual = command->data_len};
	if (!cdb_command_allowed(command)) { /* the write blocker: it is never sent */
		reply->host = RESPIN_HOST_ERROR;
		reply->sys_errno = EPERM;
		return;
	}
	if (atomic_load(&t->session.interrupted)) {
		reply->host = RESPIN_HOST_CANCELLED;
		return;
	}
	if (!t->session.context) {
		reply->host = RESPIN_HOST_ERROR;
		reply->sys_errno = ENOTCONN;
		return;
	}
	uint64_t began = clock_real_now_ns();
	struct session_guard guard;
	session_guard_begin(&guard);
	exec_guarded(t, command, reply);
	session_guard_end(&guard);
	reply->elapsed_ns = clock_real_now_ns() - began;
}

static void iscsi_interrupt(void *self)
{
	struct transport_iscsi *t = self;
	atomic_store(&t->session.interrupted, true);
	waiter_wake(&t->session.waiter);
}

static int iscsi_reopen(void *self, struct respin_error *error)
{
	struct transport_iscsi *t = self;
	return session_begin(&t->session, error);
}

static void iscsi_destroy(void *self)
{
	struct transport_iscsi *t = self;
	if (!t)
		return;
	session_finish(&t->session);
	free(t->buffer);
	free(t);
}

static const struct respin_transport_ops ops = {
	.size = sizeof(struct respin_transport_ops),
	.traits = iscsi_traits,
	.buffer = iscsi_buffer,
	.exec = iscsi_exec,
	.interrupt = iscsi_interrupt,
	.destroy = iscsi_destroy,
	.reopen = iscsi_reopen,
};

int transport_iscsi_open(const char *address, struct respin_transport *transport, struct respin_error *error)
{
	*transport = (struct respin_transport){0};
	struct transport_iscsi *t = calloc(1, sizeof *t);
	if (!t)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a transport");
	int code = session_init(&t->session, address, error);
	if (code == 0)
		code = session_begin(&t->session, error);
	if (code < 0) {
		iscsi_destroy(t);
		return code;
	}
	*transport = (struct respin_transport){&ops, t};
	return 0;
}
