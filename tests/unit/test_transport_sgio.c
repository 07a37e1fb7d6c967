/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SG_IO without a device: this program's own open64, fstat64 and ioctl stand
 * before the C library's and play the kernel's part for /dev/fake-sr and
 * /dev/fake-sg. What real kernels do is the lab's business (qemu-*).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <scsi/sg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/cdb.h"
#include "core/classify.h"
#include "io/sysfs.h"
#include "io/transport_sgio.h"

#define FLAG_MMAP_IO 4u

/* ---- the kernel ---- */

static struct {
	bool sg;
	int open_errno[3]; /* of the successive opens; 0: works */
	int open_flags[4];
	unsigned opens;
	int fd;          /* a memfd, which mmap takes as it takes sg's reserve buffer */
	int max_sectors; /* BLKSECTGET; -1: refused */
	bool no_reserve;
	/* what SG_IO does */
	int ioctl_errno;
	struct sg_io_hdr answer; /* status, host_status, driver_status, resid, sb_len_wr */
	struct sg_io_hdr seen;
	unsigned char cdb[16];
	bool signals_blocked;
	unsigned commands;
} kernel;

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0;
	va_end(args);
	if (strncmp(path, "/dev/fake-", 10))
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	unsigned i = kernel.opens++;
	if (i < 4)
		kernel.open_flags[i] = flags;
	if (i < 3 && kernel.open_errno[i]) {
		errno = kernel.open_errno[i];
		return -1;
	}
	kernel.fd = memfd_create("fake", MFD_CLOEXEC);
	return ftruncate(kernel.fd, 64 << 10) == 0 ? kernel.fd : -1;
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
	if (fd == kernel.fd) {
		st->st_mode = kernel.sg ? S_IFCHR : S_IFBLK;
		st->st_rdev = makedev(kernel.sg ? SCSI_GENERIC_MAJOR : SCSI_CDROM_MAJOR, 4000);
	}
	return rc;
}

static int sg_io(struct sg_io_hdr *io)
{
	static const unsigned char sense[18] = {0xf0, 0, 3, 0, 0, 0, 9, 10, 0, 0, 0, 0, 0x11};
	sigset_t blocked;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	kernel.signals_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGUSR1);
	kernel.commands++;
	kernel.seen = *io;
	memcpy(kernel.cdb, io->cmdp, io->cmd_len);
	if (kernel.ioctl_errno) {
		errno = kernel.ioctl_errno;
		return -1;
	}
	io->status = kernel.answer.status;
	io->host_status = kernel.answer.host_status;
	io->driver_status = kernel.answer.driver_status;
	io->resid = kernel.answer.resid;
	io->sb_len_wr = kernel.answer.sb_len_wr;
	memcpy(io->sbp, sense, io->sb_len_wr < sizeof sense ? io->sb_len_wr : sizeof sense);
	return 0;
}

int ioctl(int fd, unsigned long request, ...);
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (fd != kernel.fd)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	switch (request) {
	case SG_GET_VERSION_NUM:
		*(int *)arg = 30536;
		return 0;
	case SG_SET_RESERVED_SIZE:
		return 0;
	case SG_GET_RESERVED_SIZE:
		*(int *)arg = kernel.no_reserve ? 4096 : 64 << 10;
		return 0;
	case BLKSECTGET:
		if (kernel.max_sectors < 0) {
			errno = ENOTTY;
			return -1;
		}
		if (kernel.sg)
			*(int *)arg = kernel.max_sectors * 512;
		else
			*(unsigned short *)arg = (unsigned short)kernel.max_sectors;
		return 0;
	case SG_IO:
		return sg_io(arg);
	default:
		errno = ENOTTY;
		return -1;
	}
}

static struct respin_transport transport;
static struct respin_transport_traits traits;
static unsigned char *buffer;

static int kernel_reset(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof kernel);
	kernel.fd = -1;
	kernel.max_sectors = 256;
	return 0;
}

static void attach(bool sg)
{
	kernel.sg = sg;
	struct respin_error error = {0};
	if (transport_sgio_open(sg ? "/dev/fake-sg" : "/dev/fake-sr", &transport, &error) < 0)
		fail_msg("%s", error.text);
	buffer = transport.ops->buffer(transport.self, 64 << 10);
	assert_non_null(buffer);
	transport.ops->traits(transport.self, &traits);
}

static struct respin_command_reply send_read(void)
{
	struct respin_command command;
	struct respin_command_reply reply;
	memset(&reply, 0xee, sizeof reply);
	cdb_read_10(&command, 1, 16, false);
	command.data = buffer;
	command.timeout_ms = 70000;
	transport.ops->exec(transport.self, &command, &reply);
	return reply;
}

static void detach(void)
{
	transport.ops->destroy(transport.self);
}

static void sr_command(void **state)
{
	(void)state;
	attach(false);
	assert_int_equal(kernel.opens, 1);
	assert_int_equal(kernel.open_flags[0] & (O_ACCMODE | O_EXCL | O_NONBLOCK | O_CLOEXEC),
			 O_RDWR | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal((uintptr_t)buffer % 4096, 0); /* the kernel bounces anything else */
	assert_int_equal(traits.max_transfer_bytes, 128 << 10);
	assert_int_equal(traits.resid_trusted, 0); /* a host that nobody knows */
	assert_int_equal(traits.poison_trusted, 1);
	struct respin_command_reply reply = send_read();
	assert_int_equal(kernel.seen.interface_id, 'S');
	assert_int_equal(kernel.seen.dxfer_direction, SG_DXFER_FROM_DEV);
	assert_int_equal(kernel.seen.dxfer_len, 16 * 2048);
	assert_ptr_equal(kernel.seen.dxferp, buffer);
	assert_int_equal(kernel.seen.flags, 0);
	assert_int_equal(kernel.seen.timeout, 70000);
	assert_int_equal(kernel.seen.cmd_len, 10);
	assert_int_equal(kernel.cdb[0], CDB_READ_10);
	assert_true(kernel.signals_blocked);
	assert_int_equal(reply.host, RESPIN_HOST_OK);
	assert_int_equal(reply.residual, 0);
	assert_int_equal(reply.sense_len, 0);
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM)); /* and they come again afterwards */
	detach();
}

static void sg_maps_its_buffer(void **state)
{
	(void)state;
	attach(true);
	assert_int_equal(traits.max_transfer_bytes, 128 << 10);
	assert_int_equal(traits.poison_trusted, 1);
	(void)send_read();
	assert_int_equal(kernel.seen.flags, FLAG_MMAP_IO);
	assert_null(kernel.seen.dxferp);
	detach();
}

/* Without the mapping sg copies, and gives back the previous command's data: then poison proves nothing. */
static void sg_without_a_map(void **state)
{
	(void)state;
	/* On a host that is not known to tell what arrived, stale bytes would agree with themselves. */
	struct respin_error error = {0};
	kernel.no_reserve = true;
	kernel.sg = true;
	assert_int_equal(transport_sgio_open("/dev/fake-sg", &transport, &error), RESPIN_E_PERMISSION);
	kernel_reset(NULL);
	kernel.open_errno[0] = EACCES; /* readers may not have O_EXCL on sg, nor map */
	kernel.open_errno[1] = EPERM;
	kernel.sg = true;
	assert_int_equal(transport_sgio_open("/dev/fake-sg", &transport, &error), RESPIN_E_PERMISSION);
	assert_non_null(strstr(error.text, "/dev/sr"));
	assert_int_equal(kernel.opens, 3);
	assert_int_equal(kernel.open_flags[2] & (O_ACCMODE | O_EXCL), O_RDONLY);
}

static void opening_fails(void **state)
{
	(void)state;
	static const struct {
		int errs[3];
		unsigned opens;
		int code;
		const char *text;
	} rows[] = {
		{{EBUSY}, 1, RESPIN_E_SOURCE, "in use"}, /* never past somebody else's lock */
		{{EACCES, EACCES, EACCES}, 3, RESPIN_E_PERMISSION, "cdrom"},
		{{EROFS, EBUSY}, 2, RESPIN_E_SOURCE, "in use"},
		{{ENXIO}, 1, RESPIN_E_SOURCE, "no drive"},
		{{ENODEV}, 1, RESPIN_E_SOURCE, "no drive"},
		{{EIO}, 1, RESPIN_E_SOURCE, "fake-sr"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_error error = {0};
		kernel_reset(NULL);
		memcpy(kernel.open_errno, rows[i].errs, sizeof kernel.open_errno);
		assert_int_equal(transport_sgio_open("/dev/fake-sr", &transport, &error), rows[i].code);
		assert_int_equal(kernel.opens, rows[i].opens);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_null(transport.ops);
	}
}

static void transfer_limits(void **state)
{
	(void)state;
	kernel.max_sectors = 240; /* usb-storage on USB 2 */
	attach(false);
	assert_int_equal(traits.max_transfer_bytes, 120 << 10);
	detach();
	kernel_reset(NULL);
	kernel.max_sectors = -1;
	attach(true);
	assert_int_equal(traits.max_transfer_bytes, 64 << 10);
	detach();
}

/* Host, driver, status, sense and residual, each by itself and against each other. */
static void answers(void **state)
{
	(void)state;
	static const struct {
		struct sg_io_hdr answer;
		enum respin_reason reason;
		uint32_t residual;
		unsigned sense_len;
	} rows[] = {
		{{.resid = 4096}, RESPIN_REASON_GOOD, 4096, 0},
		{{.resid = -8}, RESPIN_REASON_GOOD, 0, 0},
		{{.resid = 99999999}, RESPIN_REASON_GOOD, 32768, 0},
		{{.status = 2, .driver_status = 8, .sb_len_wr = 18}, RESPIN_REASON_MEDIUM, 0, 18},
		{{.status = 2, .driver_status = 8}, RESPIN_REASON_ABORTED, 0, 0},
		{{.host_status = 7}, RESPIN_REASON_LINK, 0, 0}, /* GOOD, and zeros for data */
		{{.host_status = 7, .status = 2, .sb_len_wr = 18}, RESPIN_REASON_LINK, 0, 18},
		{{.host_status = 3}, RESPIN_REASON_TIMEOUT, 0, 0},
		{{.host_status = 1}, RESPIN_REASON_GONE, 0, 0},
		{{.host_status = 8}, RESPIN_REASON_RESET, 0, 0},
		{{.driver_status = 6}, RESPIN_REASON_TIMEOUT, 0, 0},
		{{.host_status = 0x13, .status = 2, .driver_status = 8, .sb_len_wr = 18},
		 RESPIN_REASON_MEDIUM,
		 0,
		 18},
		{{.status = 8}, RESPIN_REASON_BECOMING_READY, 0, 0},
		{{.status = 2, .sb_len_wr = 255}, RESPIN_REASON_MEDIUM, 0, RESPIN_SENSE_MAX},
	};
	attach(false);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		kernel.answer = rows[i].answer;
		struct respin_command_reply reply = send_read();
		struct respin_sense sense;
		enum respin_reason reason = classify_reply(&reply, &sense);
		if (reason != rows[i].reason)
			fail_msg("row %zu: %s", i, respin_reason_name(reason));
		assert_int_equal(reply.residual, rows[i].residual);
		assert_int_equal(reply.sense_len, rows[i].sense_len);
	}
	detach();
}

static void refused_by_the_system(void **state)
{
	(void)state;
	static const struct {
		int err;
		enum respin_reason reason;
	} rows[] = {
		{ENODEV, RESPIN_REASON_GONE}, {ENXIO, RESPIN_REASON_GONE}, {ENOTTY, RESPIN_REASON_GONE},
		{EPERM, RESPIN_REASON_LINK},  {EIO, RESPIN_REASON_LINK},   {ENOMEM, RESPIN_REASON_LINK},
		{EINVAL, RESPIN_REASON_LINK},
	};
	attach(true);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		kernel.ioctl_errno = rows[i].err;
		kernel.commands = 0;
		struct respin_command_reply reply = send_read();
		struct respin_sense sense;
		assert_int_equal(classify_reply(&reply, &sense), rows[i].reason);
		assert_int_equal(reply.sys_errno, rows[i].err);
		assert_int_equal(reply.residual, 32768); /* nothing came */
		assert_int_equal(kernel.commands, 1);
	}
	detach();
}

static void reopens(void **state)
{
	(void)state;
	for (int sg = 0; sg < 2; sg++) {
		kernel_reset(NULL);
		attach(sg);
		assert_int_equal(transport.ops->reopen(transport.self, NULL), 0);
		assert_int_equal(kernel.opens, 2);
		buffer = transport.ops->buffer(transport.self, 64 << 10);
		assert_non_null(buffer);
		assert_int_equal(send_read().host, RESPIN_HOST_OK);
		kernel.open_errno[2] = ENXIO;
		struct respin_error error = {0};
		assert_int_equal(transport.ops->reopen(transport.self, &error), RESPIN_E_SOURCE);
		detach();
	}
}

static void host_table(void **state)
{
	(void)state;
	static const struct {
		const char *driver, *path;
		bool resid, poison;
	} rows[] = {
		{"usb-storage", "/sys/devices/pci0/usb1/1-1/1-1:1.0/host2/target2:0:0/2:0:0:0", true, false},
		{"uas", "/sys/devices/pci0/usb1/host2/target2:0:0/2:0:0:0", true, false},
		{"ahci", "/sys/devices/pci0/ata1/host0/target0:0:0/0:0:0:0", false, true},
		{"pata_via", "/sys/devices/pci0/ata1/host0/target0:0:0/0:0:0:0", false, true},
		{"iscsi_tcp", "/sys/devices/platform/host9/session1/target9:0:0/9:0:0:1", true, true},
		{"virtio_scsi", "/sys/devices/pci0/virtio1/host0/target0:0:0/0:0:0:0", false, true},
		{"", "", false, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sysfs_host host;
		sysfs_host_judge(rows[i].driver, rows[i].path, &host);
		assert_int_equal(host.resid_trusted, rows[i].resid);
		assert_int_equal(host.poison_trusted, rows[i].poison);
		assert_string_equal(host.driver, rows[i].driver);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sr_command, kernel_reset),
		cmocka_unit_test_setup(sg_maps_its_buffer, kernel_reset),
		cmocka_unit_test_setup(sg_without_a_map, kernel_reset),
		cmocka_unit_test_setup(opening_fails, kernel_reset),
		cmocka_unit_test_setup(transfer_limits, kernel_reset),
		cmocka_unit_test_setup(answers, kernel_reset),
		cmocka_unit_test_setup(refused_by_the_system, kernel_reset),
		cmocka_unit_test_setup(reopens, kernel_reset),
		cmocka_unit_test_setup(host_table, kernel_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
