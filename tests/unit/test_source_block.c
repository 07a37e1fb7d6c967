/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files as sources, and every errno that a read can end with: this program's
 * own pread64 stands before the C library's and fails as it is told. Real bad
 * sectors are the lab's business (loop).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <respin/source.h>

#include "io/source_block.h"

#define SECTOR 2048u

/* ---- the scripted pread ---- */

static struct {
	int failures[4]; /* errno of the next calls; 0: works */
	unsigned calls;
	ssize_t at_most; /* bytes that a working call moves */
	size_t last_len;
	bool last_aligned;
} script;

ssize_t pread64(int fd, void *buf, size_t len, off64_t pos);
ssize_t pread64(int fd, void *buf, size_t len, off64_t pos)
{
	unsigned call = script.calls++;
	script.last_len = len;
	script.last_aligned = (uintptr_t)buf % 512 == 0 && len % 512 == 0;
	if (call < 4 && script.failures[call]) {
		errno = script.failures[call];
		return -1;
	}
	ssize_t n = syscall(SYS_pread64, fd, buf, len, pos);
	return n > script.at_most ? script.at_most : n;
}

static void script_clear(void)
{
	memset(&script, 0, sizeof script);
	script.at_most = SSIZE_MAX;
}

/* ---- files ---- */

static char path[64];

static int make_file(const char *dir, size_t len)
{
	(void)snprintf(path, sizeof path, "%s/block-XXXXXX", dir);
	int fd = mkstemp(path);
	if (fd < 0)
		return -1;
	unsigned char *data = malloc(len ? len : 1);
	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)(i / SECTOR * 7 + i % 251);
	ssize_t n = write(fd, data, len);
	free(data);
	close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

static void check_bytes(const unsigned char *data, uint64_t pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != (unsigned char)((pos + i) / SECTOR * 7 + (pos + i) % 251))
			fail_msg("byte %zu differs", i);
}

static unsigned char *buffer; /* page-aligned, 1 MiB and a bit */

static struct respin_reply get_into(struct respin_source *s, void *to, uint64_t start, uint64_t count)
{
	struct respin_request request = {.range = {start, count}};
	struct respin_reply reply;
	memset(buffer, 0, (1 << 20) + 4096);
	s->ops->read(s->self, &request, to, &reply);
	return reply;
}

static struct respin_reply get(struct respin_source *s, uint64_t start, uint64_t count)
{
	return get_into(s, buffer, start, count);
}

static struct respin_source open_file(size_t len)
{
	struct respin_source source;
	script_clear();
	assert_int_equal(make_file(".", len), 0);
	assert_int_equal(respin_source_open(path, &source, NULL), 0);
	return source;
}

static void close_file(struct respin_source *source)
{
	respin_source_destroy(source);
	unlink(path);
}

static void reads_in(const char *dir)
{
	size_t len = 5 * (1 << 20) + 3 * SECTOR + 777;
	script_clear();
	if (make_file(dir, len) < 0) {
		print_message("%s: cannot be written, not tested\n", dir);
		return;
	}
	struct respin_source s;
	struct respin_source_info info = {.size = sizeof info};
	assert_int_equal(respin_source_open(path, &s, NULL), 0);
	respin_source_info(&s, &info);
	assert_int_equal(info.units, len / SECTOR + 1);
	assert_int_equal(info.tail_bytes, 777);
	assert_int_equal(info.max_request_units, 512);
	assert_int_equal(info.plain, 1);
	assert_string_equal(info.kind, "file");
	for (uint64_t at = 0; at < info.units; at += 512) {
		uint64_t count = info.units - at < 512 ? info.units - at : 512;
		unsigned char *to = at % 1024 ? buffer : buffer + 1; /* also into unaligned memory */
		struct respin_reply r = get_into(&s, to, at, count);
		size_t want = at + count == info.units ? (size_t)(len - at * SECTOR) : count * SECTOR;
		assert_int_equal(r.reason, RESPIN_REASON_GOOD);
		assert_int_equal(r.asked_bytes, want);
		assert_int_equal(r.filled_bytes, want);
		assert_int_equal(r.residual_bytes, 0);
		check_bytes(to, at * SECTOR, want);
	}
	struct respin_reply r = get(&s, info.units - 1, 1); /* the short tail alone */
	assert_int_equal(r.reason, RESPIN_REASON_GOOD);
	assert_int_equal(r.asked_bytes, 777);
	check_bytes(buffer, (info.units - 1) * SECTOR, 777);
	assert_int_equal(buffer[777], 0);
	close_file(&s);
}

static void reads_files(void **state)
{
	(void)state;
	reads_in(".");        /* O_DIRECT, where this file system has it */
	reads_in("/dev/shm"); /* tmpfs refuses it on many kernels */
}

static void one_pread_a_request(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	(void)get(&s, 0, 512);
	assert_int_equal(script.calls, 1);
	assert_int_equal(script.last_len, 1 << 20);
	close_file(&s);
}

static void reasons(void **state)
{
	(void)state;
	static const struct {
		int err;
		enum respin_reason reason;
	} rows[] = {
		{EIO, RESPIN_REASON_MEDIUM},        {ENODATA, RESPIN_REASON_MEDIUM},
		{EILSEQ, RESPIN_REASON_MEDIUM},     {EREMOTEIO, RESPIN_REASON_MEDIUM},
		{ETIMEDOUT, RESPIN_REASON_TIMEOUT}, {ENXIO, RESPIN_REASON_GONE},
		{ENODEV, RESPIN_REASON_GONE},       {ENOMEDIUM, RESPIN_REASON_GONE},
		{EBADF, RESPIN_REASON_GONE},        {ESHUTDOWN, RESPIN_REASON_GONE},
		{ESTALE, RESPIN_REASON_GONE},       {ENOTCONN, RESPIN_REASON_GONE},
		{ENOMEM, RESPIN_REASON_LINK},       {EACCES, RESPIN_REASON_LINK},
		{ENOLINK, RESPIN_REASON_LINK},      {12345, RESPIN_REASON_LINK},
	};
	struct respin_source s = open_file(1 << 20);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		script_clear();
		script.failures[0] = rows[i].err;
		struct respin_reply r = get(&s, 16, 16);
		if (r.reason != rows[i].reason)
			fail_msg("errno %d: %s", rows[i].err,
				 respin_reason_name((enum respin_reason)r.reason));
		assert_int_equal(r.sys_errno, rows[i].err);
		assert_int_equal(r.filled_bytes, 0);
		assert_int_not_equal(r.scsi_status, 0); /* nothing of it may be kept */
		assert_int_equal(script.calls, 1);      /* and nothing is read twice */
	}
	close_file(&s);
}

static void short_reads(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	script.at_most = 5 * SECTOR + 100;
	struct respin_reply r = get(&s, 16, 16);
	assert_int_equal(r.reason, RESPIN_REASON_SHORT);
	assert_int_equal(r.filled_bytes, 5 * SECTOR + 100);
	assert_int_equal(r.residual_bytes, 11 * SECTOR - 100);
	assert_int_equal(r.scsi_status, 0);
	assert_true(r.resid_trusted);
	check_bytes(buffer, 16 * SECTOR, 5 * SECTOR);
	script_clear();
	script.at_most = 0; /* nothing, though the file is long enough */
	assert_int_equal(get(&s, 16, 16).reason, RESPIN_REASON_MEDIUM);
	close_file(&s);
}

static void direct_is_dropped(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	script.failures[0] = EINVAL;
	struct respin_reply r = get(&s, 16, 16);
	if (script.calls == 1) { /* this file system had none to begin with */
		assert_int_equal(r.reason, RESPIN_REASON_LINK);
	} else {
		assert_int_equal(r.reason, RESPIN_REASON_GOOD);
		check_bytes(buffer, 16 * SECTOR, 16 * SECTOR);
		script_clear();
		(void)get_into(&s, buffer + 1, 16, 16);
		assert_int_equal(script.calls, 1);
		assert_false(script.last_aligned); /* straight into the caller's memory from now on */
		check_bytes(buffer + 1, 16 * SECTOR, 16 * SECTOR);
	}
	close_file(&s);
}

static void interrupted_calls(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	script.failures[0] = script.failures[1] = EINTR;
	assert_int_equal(get(&s, 16, 16).reason, RESPIN_REASON_GOOD);
	assert_int_equal(script.calls, 3);
	close_file(&s);
}

/* A file that shrinks is not the source any more; none of it is a bad sector. */
static void shrunk(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	struct respin_reply r;
	assert_int_equal(truncate(path, 100 * SECTOR), 0);
	assert_int_equal(get(&s, 0, 16).reason, RESPIN_REASON_GOOD);
	assert_int_equal(get(&s, 96, 16).reason, RESPIN_REASON_GONE);
	assert_int_equal(get(&s, 200, 16).reason, RESPIN_REASON_GONE);
	script_clear();
	script.failures[0] = EIO;
	assert_int_equal(get(&s, 200, 16).reason, RESPIN_REASON_GONE);
	s.ops->control(s.self, RESPIN_DRIVE_IDENTIFY, &r);
	assert_int_equal(r.reason, RESPIN_REASON_GONE);
	s.ops->control(s.self, RESPIN_DRIVE_REOPEN, &r);
	assert_int_equal(r.reason, RESPIN_REASON_MEDIUM_CHANGED);
	close_file(&s);
}

static void control(void **state)
{
	(void)state;
	struct respin_source s = open_file(1 << 20);
	struct respin_reply r;
	s.ops->control(s.self, RESPIN_DRIVE_IDENTIFY, &r);
	assert_int_equal(r.reason, RESPIN_REASON_GOOD);
	s.ops->control(s.self, RESPIN_DRIVE_REOPEN, &r);
	assert_int_equal(r.reason, RESPIN_REASON_GOOD);
	assert_int_equal(get(&s, 16, 16).reason, RESPIN_REASON_GOOD);
	s.ops->control(s.self, RESPIN_DRIVE_START, &r);
	assert_int_equal(r.reason, RESPIN_REASON_REFUSED);
	unlink(path);
	s.ops->control(s.self, RESPIN_DRIVE_REOPEN, &r);
	assert_int_equal(r.reason, RESPIN_REASON_LINK);
	assert_int_equal(get(&s, 16, 16).reason, RESPIN_REASON_GOOD); /* the old descriptor still works */
	respin_source_destroy(&s);
}

static void refusals(void **state)
{
	(void)state;
	struct respin_source s;
	struct respin_error error = {0};
	assert_int_equal(respin_source_open("no/such/file", &s, &error), RESPIN_E_SOURCE);
	assert_int_equal(error.sys_errno, ENOENT);
	assert_non_null(strstr(error.text, "no/such/file"));
	assert_int_equal(respin_source_open(".", &s, &error), RESPIN_E_SOURCE);
	assert_int_equal(respin_source_open("/dev/null", &s, &error), RESPIN_E_NOT_OPTICAL);
	assert_int_equal(respin_source_open("", &s, &error), RESPIN_E_INVALID);
	assert_int_equal(respin_source_open("ftp://x", &s, &error), RESPIN_E_INVALID);
	assert_int_equal(make_file(".", 0), 0);
	assert_int_equal(respin_source_open(path, &s, &error), RESPIN_E_SOURCE);
	assert_non_null(strstr(error.text, "empty"));
	unlink(path);
	assert_int_equal(make_file(".", 4096), 0);
	assert_int_equal(chmod(path, 0), 0);
	int code = respin_source_open(path, &s, &error);
	if (geteuid() == 0) {
		assert_int_equal(code, 0); /* root may */
		respin_source_destroy(&s);
	} else {
		assert_int_equal(code, RESPIN_E_PERMISSION);
	}
	unlink(path);
}

/* A name with a colon is a path if it is there. */
static void names_with_colons(void **state)
{
	(void)state;
	struct respin_source s;
	int fd = open("disc:1", O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(respin_source_open("disc:1", &s, NULL), 0);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&s, &info);
	assert_int_equal(info.units, 1);
	assert_int_equal(info.tail_bytes, 1);
	respin_source_destroy(&s);
	unlink("disc:1");
}

int main(void)
{
	buffer = aligned_alloc(4096, (1 << 20) + 4096);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_files),
		cmocka_unit_test(one_pread_a_request),
		cmocka_unit_test(reasons),
		cmocka_unit_test(short_reads),
		cmocka_unit_test(direct_is_dropped),
		cmocka_unit_test(interrupted_calls),
		cmocka_unit_test(shrunk),
		cmocka_unit_test(control),
		cmocka_unit_test(refusals),
		cmocka_unit_test(names_with_colons),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(buffer);
	return rc;
}
