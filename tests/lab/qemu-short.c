/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into a program in the lab's guest: makes a drive answer READ(10) and READ(12) short, with status GOOD. A
 * read that would cross one of the sectors listed in QEMU_SHORT ("100 200") ends before it, because fewer blocks are
 * asked of the drive than the program asked for; the buffer and its length stay the program's. All that follows (what
 * the residual says, what the rest of the buffer holds) is the true kernel's and the true host driver's own doing.
 * It invents no error and touches no data.
 */
#include <dlfcn.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* How many of `blocks` from `lba` on come before the first listed sector. */
static uint32_t blocks_before(uint32_t lba, uint32_t blocks)
{
	const char *list = getenv("QEMU_SHORT");
	while (list && *list) {
		char *end;
		unsigned long sector = strtoul(list, &end, 10);
		if (sector >= lba && sector - lba < blocks)
			blocks = (uint32_t)(sector - lba);
		list = *end ? end + 1 : end;
	}
	return blocks;
}

static void shorten(unsigned char *cdb)
{
	if (cdb[0] == 0x28) { /* READ(10), SBC-3 5.9 */
		uint32_t blocks = blocks_before(be32(cdb + 2), (uint32_t)cdb[7] << 8 | cdb[8]);
		cdb[7] = (unsigned char)(blocks >> 8);
		cdb[8] = (unsigned char)blocks;
	} else if (cdb[0] == 0xA8) { /* READ(12), SBC-3 5.10 */
		uint32_t blocks = blocks_before(be32(cdb + 2), be32(cdb + 6));
		cdb[6] = (unsigned char)(blocks >> 24);
		cdb[7] = (unsigned char)(blocks >> 16);
		cdb[8] = (unsigned char)(blocks >> 8);
		cdb[9] = (unsigned char)blocks;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, ...);
	va_list arguments;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request != SG_IO)
		return next(fd, request, argument);

	struct sg_io_hdr *io = argument;
	unsigned char cdb[16] = {0};
	unsigned char *asked = io->cmdp;
	memcpy(cdb, asked, io->cmd_len < sizeof cdb ? io->cmd_len : sizeof cdb);
	shorten(cdb);
	io->cmdp = cdb;
	int result = next(fd, request, argument);
	io->cmdp = asked;
	return result;
}
