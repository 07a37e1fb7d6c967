/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs in the lab's guest: shows what a buffer holds after READ(10) through SG_IO failed or ended short, block by block,
 * for each kind of node and buffer, and which driver and which profile stand behind the node. It is the evidence for
 * what the transport believes about its own buffers; it uses no code of respin and recovers nothing.
 *
 *   qemu-probe LABEL NODE BAD    prints one line per finding
 *
 * The disc is the pattern of seed 1, with a read error at the sector BAD.
 *
 * Letters: D the right data, P poison kept, 0 zeros, S what the previous command left there, x anything else.
 */
#include "pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <scsi/sg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SEED 1
#define WINDOW 16 /* blocks in every buffer; the bad one is put in the middle */
#define SHORT 4   /* blocks asked for in the short read, with a buffer of WINDOW */
#define POISON 0xA5

#ifndef SG_FLAG_MMAP_IO
#define SG_FLAG_MMAP_IO 4 /* the C library's header is older than the kernel's */
#endif

enum buffer_kind { ALIGNED, UNALIGNED, MAPPED, TO_FROM };

struct probe {
	const char *label;
	int fd;
	enum buffer_kind kind;
	unsigned char *buffer;
	struct sg_io_hdr io;
	unsigned char sense[64];
};

/* Sends one command; 0, or the errno of the ioctl. */
static int probe_send(struct probe *p, const unsigned char *cdb, unsigned length)
{
	p->io = (struct sg_io_hdr){.interface_id = 'S', .timeout = 30000};
	p->io.dxfer_direction = p->kind == TO_FROM ? SG_DXFER_TO_FROM_DEV : SG_DXFER_FROM_DEV;
	p->io.dxfer_len = length;
	p->io.dxferp = p->kind == MAPPED ? NULL : p->buffer;
	p->io.flags = p->kind == MAPPED ? SG_FLAG_MMAP_IO : 0;
	p->io.cmdp = (unsigned char *)cdb;
	p->io.cmd_len = cdb[0] < 0x20 ? 6 : 10; /* SPC-4 4.2.5.1: the group code */
	p->io.sbp = p->sense;
	p->io.mx_sb_len = sizeof p->sense;
	memset(p->sense, 0, sizeof p->sense);
	return ioctl(p->fd, SG_IO, &p->io) ? errno : 0;
}

static int probe_read(struct probe *p, uint32_t lba, unsigned blocks)
{
	const unsigned char cdb[10] = {0x28,
				       0,
				       (unsigned char)(lba >> 24),
				       (unsigned char)(lba >> 16),
				       (unsigned char)(lba >> 8),
				       (unsigned char)lba,
				       0,
				       0,
				       (unsigned char)blocks};
	return probe_send(p, cdb, WINDOW * SECTOR);
}

static char block_letter(const unsigned char *block, uint32_t lba, uint32_t stale_lba)
{
	unsigned char want[SECTOR];
	pattern_sector(SEED, lba, want);
	if (!memcmp(block, want, SECTOR))
		return 'D';
	pattern_sector(SEED, stale_lba, want);
	if (!memcmp(block, want, SECTOR))
		return 'S';
	memset(want, POISON, SECTOR);
	if (!memcmp(block, want, SECTOR))
		return 'P';
	memset(want, 0, SECTOR);
	return memcmp(block, want, SECTOR) ? 'x' : '0';
}

/* INQUIRY for the 36 bytes that every drive has (SPC-4 6.6), into a larger buffer: a host whose residual can be trusted
 * tells what is missing, and one where poison is kept leaves the rest alone. Touches no medium. */
static void show_inquiry(struct probe *p, const char *kind)
{
	enum { ASKED = 36, BUFFER = 4096 };
	const unsigned char cdb[10] = {0x12, 0, 0, 0, ASKED};

	probe_read(p, 0, WINDOW);
	memset(p->buffer, POISON, BUFFER);
	if (probe_send(p, cdb, BUFFER))
		return;
	printf("%s %s inquiry: status %02X resid %s end %s\n", p->label, kind, p->io.status,
	       p->io.resid == BUFFER - ASKED ? "true" : "false",
	       p->buffer[BUFFER - 1] == POISON ? "poison" : "overwritten");
}

/* One command whose predecessor read LBA 0 through the same buffer, and what it left. */
static void show_read(struct probe *p, const char *kind, const char *what, uint32_t lba, unsigned blocks)
{
	char letters[WINDOW + 1] = "";

	probe_read(p, 0, WINDOW);
	memset(p->buffer, POISON, WINDOW * SECTOR);
	int error = probe_read(p, lba, blocks);
	if (error) {
		printf("%s %s %s: %s\n", p->label, kind, what, strerror(error));
		return;
	}
	for (unsigned i = 0; i < WINDOW; i++)
		letters[i] = block_letter(p->buffer + i * SECTOR, lba + i, i);
	printf("%s %s %s: status %02X resid %d data %s", p->label, kind, what, p->io.status, p->io.resid,
	       letters);
	if (p->io.host_status || p->io.sb_len_wr)
		printf(" host %02X sense ", p->io.host_status);
	for (unsigned i = 0; i < p->io.sb_len_wr && i < 18; i++)
		printf("%02X", p->sense[i]);
	printf("\n");
}

/* Which driver stands behind the node, asked of the open descriptor as anything but a test would have to. */
static void show_driver(struct probe *p, const char *node)
{
	char link[64], path[PATH_MAX], name[256], driver[64] = "";
	struct stat st;

	if (fstat(p->fd, &st))
		return;
	snprintf(link, sizeof link, "/sys/dev/%s/%u:%u/device", S_ISCHR(st.st_mode) ? "char" : "block",
		 major(st.st_rdev), minor(st.st_rdev));
	if (!realpath(link, path))
		return;
	const char *host = strstr(path, "/host");
	if (host) {
		snprintf(name, sizeof name, "/sys/class/scsi_host/%.*s/proc_name",
			 (int)strcspn(host + 1, "/"), host + 1);
		FILE *file = fopen(name, "re");
		if (file && fscanf(file, "%63s", driver) != 1)
			driver[0] = 0;
		if (file)
			fclose(file);
	}
	printf("%s is %s, driver '%s' at %s\n", p->label, node, driver, path);
}

static void show_disc(struct probe *p)
{
	static const unsigned char configuration[10] = {0x46, 0, 0, 0, 0, 0, 0, 0, 8}; /* MMC-6 6.5 */
	static const unsigned char capacity[10] = {0x25};                              /* MMC-6 6.24 */

	if (!probe_send(p, configuration, 8) && !p->io.status)
		printf("%s profile %02X%02X\n", p->label, p->buffer[6], p->buffer[7]);
	if (!probe_send(p, capacity, 8) && !p->io.status)
		printf("%s last LBA %02X%02X%02X%02X\n", p->label, p->buffer[0], p->buffer[1], p->buffer[2],
		       p->buffer[3]);
}

/* Opens the node afresh for every kind of buffer, so that no kind sees what another left. */
static int show_kind(const char *label, const char *node, uint32_t bad_lba, enum buffer_kind kind)
{
	static const char *const names[] = {"aligned", "unaligned", "mapped", "to_from"};
	_Alignas(4096) static unsigned char memory[(WINDOW + 2) * SECTOR];
	struct probe p = {.label = label, .fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC), .kind = kind};
	int size = WINDOW * SECTOR;

	p.buffer = kind == UNALIGNED ? memory + 2 : memory;
	if (p.fd >= 0 && kind == MAPPED) {
		ioctl(p.fd, SG_SET_RESERVED_SIZE, &size);
		p.buffer = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, p.fd, 0);
	}
	if (p.fd < 0 || p.buffer == MAP_FAILED) {
		printf("%s %s: %s\n", label, names[kind], strerror(errno));
		return 1;
	}
	if (kind == ALIGNED) {
		show_driver(&p, node);
		show_disc(&p);
	}
	show_read(&p, names[kind], "good", WINDOW, WINDOW);
	show_read(&p, names[kind], "failing", bad_lba - WINDOW / 2, WINDOW);
	show_read(&p, names[kind], "short", WINDOW, SHORT);
	show_read(&p, names[kind], "empty", WINDOW, 0);
	show_inquiry(&p, names[kind]);
	if (kind == MAPPED)
		munmap(p.buffer, (size_t)size);
	close(p.fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: qemu-probe LABEL NODE BAD\n");
		return 2;
	}
	uint32_t bad_lba = (uint32_t)strtoul(argv[3], NULL, 0);
	int failed = 0;
	int last = strstr(argv[2], "/sg") ? TO_FROM : UNALIGNED; /* the others are sg's alone */
	for (int kind = ALIGNED; kind <= last; kind++)
		failed |= show_kind(argv[1], argv[2], bad_lba, (enum buffer_kind)kind);
	return failed;
}
