/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nothing that could change a disc or a drive gets through: all operation codes,
 * lengths and flags, thrown at each transport that reaches real drives. The
 * kernel and the iSCSI library are played by this file, which counts what
 * arrives. Which commands a rescue does send is the fault sweep's business.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/cdb.h"
#include "io/transport_sgio.h"

#ifdef HAVE_ISCSI
#include <iscsi/scsi-lowlevel.h>

#include "io/iscsi_session.h"
#include "io/transport_iscsi.h"
#endif

/* ---- what lies below the transports ---- */

static int fake_fd = -1;
static unsigned arrived;
static unsigned lists_out;
static unsigned char last[16];
static size_t last_len;

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0;
	va_end(args);
	if (strcmp(path, "/dev/fake-sr") != 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	fake_fd = memfd_create("fake", MFD_CLOEXEC);
	return fake_fd;
}

int __open64_2(const char *path, int flags); /* what a hardened build calls */
int __open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

int fstat64(int fd, struct stat64 *st);
int fstat64(int fd, struct stat64 *st)
{
	int rc = (int)syscall(SYS_fstat, fd, st);
	if (fd == fake_fd) {
		st->st_mode = S_IFBLK;
		st->st_rdev = makedev(SCSI_CDROM_MAJOR, 4000);
	}
	return rc;
}

static void arrive(const unsigned char *cdb, size_t len)
{
	arrived++;
	last_len = len;
	memcpy(last, cdb, len < sizeof last ? len : sizeof last);
}

/* The one list that may go to a drive says how fast it reads. */
static void goes_out(const unsigned char *cdb, const void *data, size_t len)
{
	const unsigned char *list = data;
	assert_int_equal(cdb[0], 0xb6);
	assert_int_equal(len, 28);
	assert_int_equal(list[0] & ~0x04, 0);
	lists_out++;
}

int ioctl(int fd, unsigned long request, ...);
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (fd != fake_fd)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	if (request == SG_GET_VERSION_NUM) {
		*(int *)arg = 30536;
		return 0;
	}
	if (request == SG_IO) {
		const struct sg_io_hdr *io = arg;
		if (io->dxfer_direction == SG_DXFER_TO_DEV)
			goes_out(io->cmdp, io->dxferp, io->dxfer_len);
		assert_int_not_equal(io->dxfer_direction, SG_DXFER_TO_FROM_DEV);
		arrive(io->cmdp, io->cmd_len);
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

#ifdef HAVE_ISCSI
/* In the place of iscsi_session.c: a session that needs no network. */
int session_init(struct iscsi_session *session, const char *address, struct respin_error *error)
{
	static struct iscsi_url url;
	(void)address, (void)error;
	session->url = &url;
	return waiter_init(&session->waiter);
}

int session_begin(struct iscsi_session *session, struct respin_error *error)
{
	(void)error;
	session->context = (struct iscsi_context *)session; /* not NULL: connected */
	return 0;
}

void session_drop(struct iscsi_session *session)
{
	session->context = NULL;
}

void session_finish(struct iscsi_session *session)
{
	waiter_finish(&session->waiter);
}

void session_on_done(struct iscsi_context *context, int status, void *data, void *session)
{
	(void)context, (void)status, (void)data, (void)session;
}

enum session_end session_serve(struct iscsi_session *session, uint64_t end_ns)
{
	(void)session, (void)end_ns;
	return SESSION_DONE;
}

bool session_alive(struct iscsi_session *session)
{
	return session->context;
}

void session_guard_begin(struct session_guard *guard)
{
	(void)guard;
}

void session_guard_end(struct session_guard *guard)
{
	(void)guard;
}

int iscsi_scsi_command_async(struct iscsi_context *iscsi, int lun, struct scsi_task *task,
			     iscsi_command_cb cb, struct iscsi_data *d, void *private_data)
{
	(void)iscsi, (void)lun, (void)cb, (void)d, (void)private_data;
	if (task->xfer_dir == SCSI_XFER_WRITE)
		goes_out(task->cdb, task->iovector_out.iov[0].iov_base, task->iovector_out.iov[0].iov_len);
	arrive(task->cdb, (size_t)task->cdb_size);
	return 0;
}
#endif

/* ---- what may pass, written down once more ---- */

static bool zeros(const unsigned char *bytes, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++)
		if (bytes[i])
			return false;
	return true;
}

/* One of two that make a drive read slower or faster, and touch nothing else. */
static bool sets_speed(const struct respin_command *command)
{
	const unsigned char *cdb = command->cdb, *list = command->data;
	if (cdb[0] == 0xbb)
		return !command->data_len && !cdb[1] && cdb[4] == 0xff && cdb[5] == 0xff && zeros(cdb, 6, 11);
	return zeros(cdb, 1, 9) && cdb[10] == 28 && !cdb[11] && command->data_len == 28 &&
	       !command->data_in && (list[0] == 0 || list[0] == 4) && zeros(list, 1, 3);
}

static bool harmless(const struct respin_command *command)
{
	const unsigned char *cdb = command->cdb;
	size_t len = command->cdb_len;
	static const struct {
		unsigned char opcode, len;
	} list[] = {
		{0x00, 6},  {0x03, 6},  {0x12, 6},  {0x1b, 6},  {0x25, 10}, {0x28, 10},
		{0x43, 10}, {0x46, 10}, {0x4a, 10}, {0x51, 10}, {0x52, 10}, {0x5a, 10},
		{0xa8, 12}, {0xac, 12}, {0xad, 12}, {0xbd, 12}, {0xbe, 12},
	};
	if (len == 12 && (cdb[0] == 0xb6 || cdb[0] == 0xbb))
		return sets_speed(command);
	if (command->data_len && !command->data_in)
		return false;
	for (size_t i = 0; len && i < sizeof list / sizeof *list; i++)
		if (cdb[0] == list[i].opcode)
			return len == list[i].len && !cdb[len - 1] && (cdb[0] != 0x1b || cdb[4] == 0x01);
	return false;
}

static unsigned thrown;

static void throw(struct respin_transport * transport, const struct respin_command *command)
{
	struct respin_command_reply reply = {.host = 0xee};
	bool ours = harmless(command);
	unsigned before = arrived;
	transport->ops->exec(transport->self, command, &reply);
	thrown++;
	if (arrived - before != ours)
		fail_msg("opcode %02x, %u bytes, %02x .. %02x: %s", command->cdb[0], command->cdb_len,
			 command->cdb[1], command->cdb[4], ours ? "held back" : "LET THROUGH");
	assert_true(ours == cdb_command_allowed(command));
	if (ours) {
		assert_int_equal(last_len, command->cdb_len);
		assert_memory_equal(last, command->cdb, last_len);
	} else {
		assert_int_equal(reply.host, RESPIN_HOST_ERROR);
		assert_int_equal(reply.sys_errno, EPERM);
		assert_int_equal(reply.residual, command->data_len);
	}
}

/* Every operation code, in every length, with every service action, flag and control byte, with data and without. */
static void throw_all(struct respin_transport *transport)
{
	static const unsigned char lens[] = {0, 1, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16};
	void *buffer = transport->ops->buffer(transport->self, 4096);
	assert_non_null(buffer);
	for (unsigned opcode = 0; opcode < 256; opcode++)
		for (size_t l = 0; l < sizeof lens; l++)
			for (unsigned byte = 1; byte < (lens[l] > 1 ? lens[l] : 2u); byte++)
				for (unsigned value = 0; value < 256; value += value < 32 ? 1 : 29) {
					struct respin_command command = {.cdb_len = lens[l], .timeout_ms = 1};
					command.cdb[0] = (uint8_t)opcode;
					command.cdb[byte] = (uint8_t)value;
					if (value & 1) {
						command.data_in = 1;
						command.data_len = 512;
						command.data = buffer;
					}
					throw(transport, &command);
				}
}

/* SET STREAMING with its list, and with everything else that could be put there. */
static void throw_lists(struct respin_transport *transport)
{
	struct respin_command command;
	uint8_t *list = transport->ops->buffer(transport->self, 4096);
	unsigned before = lists_out;
	for (unsigned len = 0; len <= 64; len++)
		for (unsigned flags = 0; flags < 256; flags++) {
			cdb_set_streaming(&command);
			cdb_streaming_list(list, 1000, 5540);
			list[0] = (uint8_t)flags;
			command.data = list;
			command.data_len = len;
			throw(transport, &command);
			command.data_in = 1;
			throw(transport, &command);
		}
	assert_int_equal(lists_out - before, 2); /* with "restore defaults" and without */
	cdb_set_streaming(&command);
	for (unsigned byte = 1; byte < 4; byte++) {
		cdb_streaming_list(list, 1000, 5540);
		command.data = list;
		command.data_len = 28;
		assert_true(cdb_command_allowed(&command));
		list[byte] = 1; /* reserved */
		assert_false(cdb_command_allowed(&command));
	}
	command.data = NULL; /* it says that there is a list, and there is none */
	assert_false(cdb_command_allowed(&command));
	for (unsigned byte = 0; byte < 12; byte++)
		for (unsigned bit = 0; bit < 8; bit++) {
			cdb_set_cd_speed(&command, 706);
			command.cdb[byte] ^= (uint8_t)(1u << bit);
			throw(transport, &command);
			cdb_set_streaming(&command);
			cdb_streaming_list(list, 1000, 0);
			command.data = list;
			command.cdb[byte] ^= (uint8_t)(1u << bit);
			throw(transport, &command);
		}
	assert_int_equal(lists_out - before, 2);
	/* Another command does not take it along. */
	static const uint8_t others[] = {0x00, 0x28, 0x5a, 0xa8, 0xac, 0xbb};
	for (size_t i = 0; i < sizeof others; i++) {
		command = (struct respin_command){.cdb = {others[i]},
						  .cdb_len = cdb_len(others[i]),
						  .data_len = 28,
						  .data = list,
						  .timeout_ms = 1};
		throw(transport, &command);
	}
	assert_int_equal(lists_out - before, 2);
}

static void sgio_sends_nothing_else(void **state)
{
	(void)state;
	struct respin_transport transport;
	struct respin_error error = {0};
	if (transport_sgio_open("/dev/fake-sr", &transport, &error) < 0)
		fail_msg("%s", error.text);
	throw_all(&transport);
	throw_lists(&transport);
	transport.ops->destroy(transport.self);
	assert_in_range(thrown, 100000, 10000000);
}

static void iscsi_sends_nothing_else(void **state)
{
	(void)state;
#ifdef HAVE_ISCSI
	struct respin_transport transport;
	struct respin_error error = {0};
	if (transport_iscsi_open("iscsi://fake/iqn/1", &transport, &error) < 0)
		fail_msg("%s", error.text);
	throw_all(&transport);
	throw_lists(&transport);
	transport.ops->destroy(transport.self);
#else
	skip();
#endif
}

/* By name, so that nobody adds one of them to both lists without seeing what it is. */
static void what_writes_is_not_on_the_list(void **state)
{
	(void)state;
	static const unsigned char writers[] = {
		0x04,                   /* FORMAT UNIT */
		0x0a, 0x2a, 0x8a, 0xaa, /* WRITE (6) (10) (16) (12) */
		0x15, 0x55,             /* MODE SELECT: drives keep pages */
		0x1d,                   /* SEND DIAGNOSTIC */
		0x1e,                   /* PREVENT ALLOW MEDIUM REMOVAL */
		0x2e, 0xae,             /* WRITE AND VERIFY */
		0x35,                   /* SYNCHRONIZE CACHE: closes what is open on some drives */
		0x39, 0x3a, 0x3b,       /* COMPARE, COPY AND VERIFY, WRITE BUFFER: firmware */
		0x3f, 0x41, 0x42,       /* WRITE LONG, WRITE SAME, UNMAP */
		0x53, 0x54, 0x58, 0x5b,
		0x5c, 0x5d, /* RESERVE TRACK, SEND OPC, REPAIR TRACK, CLOSE, -, CUE SHEET */
		0x5e, 0x5f, /* PERSISTENT RESERVE */
		0x85, 0xa1, /* ATA PASS-THROUGH; A1h is BLANK, too */
		0xa3, 0xa4, /* SEND KEY, REPORT KEY: protection is not ours */
		0xa6,       /* LOAD/UNLOAD MEDIUM */
		0xbf,       /* SEND DISC STRUCTURE */
		0x7f,       /* variable length: anything */
	};
	for (size_t i = 0; i < sizeof writers; i++)
		for (size_t r = 0; cdb_rule(r); r++)
			assert_int_not_equal(cdb_rule(r)->opcode, writers[i]);
	for (size_t r = 0; cdb_rule(r); r++)
		assert_true(cdb_rule(r)->opcode < 0xc0); /* a vendor's own */
}

static void what_is_built_may_be_sent(void **state)
{
	(void)state;
	struct respin_command c[15];
	cdb_test_unit_ready(&c[0]);
	cdb_request_sense(&c[1], 18);
	cdb_inquiry(&c[2], 96);
	cdb_start_stop(&c[3], true, false);
	cdb_read_capacity(&c[4]);
	cdb_read_10(&c[5], 1, 2, true);
	cdb_read_12(&c[6], 1, 2, true);
	cdb_read_toc(&c[7], 2, 1, 804);
	cdb_get_configuration(&c[8], 2, 0x10, 256);
	cdb_read_disc_info(&c[9], 34);
	cdb_read_track_info(&c[10], 1, 1, 40);
	cdb_read_disc_structure(&c[11], 1, 0, 0, 4100);
	cdb_mode_sense_10(&c[12], 0, 0x2a, 40);
	cdb_get_speeds(&c[13], 16);
	cdb_set_cd_speed(&c[14], 706);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		assert_true(cdb_command_allowed(&c[i]));
	cdb_start_stop(&c[0], false, true); /* the tray stays where it is */
	assert_false(cdb_allowed(c[0].cdb, c[0].cdb_len));
	cdb_start_stop(&c[0], true, true);
	assert_false(cdb_allowed(c[0].cdb, c[0].cdb_len));
	assert_false(cdb_allowed(c[0].cdb, 0));
}

/* docs/drives.md tells the same list: "| 28 | READ (10) | MMC-6 6.14 | ... |". */
static void the_page_tells_the_list(void **state)
{
	(void)state;
	const char *root = getenv("RESPIN_SOURCE");
	char path[4096], line[512];
	if (!root)
		skip();
	(void)snprintf(path, sizeof path, "%s/docs/drives.md", root);
	FILE *page = fopen(path, "r");
	assert_non_null(page);
	size_t rule = 0;
	bool here = false;
	while (fgets(line, sizeof line, page)) {
		if (!strncmp(line, "## ", 3))
			here = !strcmp(line, "## What may be sent\n");
		if (!here || strncmp(line, "| ", 2) || !strncmp(line, "| opcode", 8))
			continue;
		char expected[128];
		assert_non_null(cdb_rule(rule));
		(void)snprintf(expected, sizeof expected, "| %02X | %s | %s |", cdb_rule(rule)->opcode,
			       cdb_rule(rule)->name, cdb_rule(rule)->clause);
		if (strncmp(line, expected, strlen(expected)) != 0)
			fail_msg("expected %s, found %s", expected, line);
		rule++;
	}
	(void)fclose(page);
	assert_true(rule > 0 && !cdb_rule(rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sgio_sends_nothing_else),        cmocka_unit_test(iscsi_sends_nothing_else),
		cmocka_unit_test(what_writes_is_not_on_the_list), cmocka_unit_test(what_is_built_may_be_sent),
		cmocka_unit_test(the_page_tells_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
