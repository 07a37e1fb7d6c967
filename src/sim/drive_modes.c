/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mode pages, SPC-3 6.9-6.10 and MMC-6 clause 7: sensed in four ways, of which
 * the saved one does not exist; of all fields only those of page 01h can be
 * changed that the drive lets change. What the fields do, the reading code knows.
 */
#include "sim/drive_answer.h"

#include <string.h>

#include "base/be.h"

#define PAGE_MAX 32u
#define PAGE_ALL 0x3fu
#define PAGE_ERROR_RECOVERY 0x01u

/* Page control, byte 2 bits 7..6. */
enum page_control { PC_CURRENT, PC_CHANGEABLE, PC_DEFAULT, PC_SAVED };

#define PAGE_01_LEN 12u
/* Byte 2: TB, transfer the bad block too; RC, go on in spite of errors; PER, report what took effort. */
#define RECOVERY_BITS (0x20u | 0x10u | 0x04u)

static void page_01_default(const struct drive *drive, uint8_t page[12])
{
	memset(page, 0, PAGE_01_LEN);
	page[0] = PAGE_ERROR_RECOVERY;
	page[1] = PAGE_01_LEN - 2;
	page[3] = (uint8_t)drive->scenario.drive.retries;
}

static size_t page_01(const struct drive *drive, enum page_control control, uint8_t *b)
{
	if (control == PC_CURRENT) {
		memcpy(b, drive->mode_page_01, PAGE_01_LEN);
		return PAGE_01_LEN;
	}
	page_01_default(drive, b);
	if (control == PC_CHANGEABLE) {
		memset(b + 2, 0, PAGE_01_LEN - 2);
		b[2] = RECOVERY_BITS;
		b[3] = drive->scenario.drive.retry_set ? 0 : 0xff; /* "taken" or "refused" */
	}
	return PAGE_01_LEN;
}

/* 0Dh, CD device parameters, obsolete since MMC-4: 60 seconds, 75 frames. */
static size_t page_0d(uint8_t *b)
{
	b[1] = 6;
	b[3] = 0x05; /* inactivity timer: 1 s */
	be16_put(b + 4, 60);
	be16_put(b + 6, 75);
	return 8;
}

/* 0Eh, audio control: two ports, full volume. */
static size_t page_0e(uint8_t *b)
{
	b[1] = 14;
	b[2] = 0x04; /* Immed */
	b[8] = 0x01;
	b[9] = 0xff;
	b[10] = 0x02;
	b[11] = 0xff;
	return 16;
}

/* 1Ah, power condition: stands by after so many units of 100 ms. */
static size_t page_1a(const struct drive *drive, uint8_t *b)
{
	uint64_t standby_ns = drive->scenario.drive.standby_ns;
	b[1] = 10;
	b[3] = standby_ns ? 0x01 : 0;
	be32_put(b + 8, (uint32_t)(standby_ns / 100000000u));
	return 12;
}

/* 1Dh, timeout and protect: seconds that groups of commands may take. */
static size_t page_1d(uint8_t *b)
{
	b[1] = 8;
	be16_put(b + 6, 30);
	be16_put(b + 8, 60);
	return 10;
}

static uint16_t kbps(uint32_t value)
{
	return value < 0xffff ? (uint16_t)value : 0xffff;
}

/* 2Ah, capabilities, legacy since MMC-4, yet what Linux and everyone asks for. No writing, no audio play. */
static size_t page_2a(const struct drive *drive, uint8_t *b)
{
	const struct drive_params *p = &drive->scenario.drive;
	b[1] = 30;
	b[2] = 0x03 | (p->reads >= READS_DVD ? 0x38 : 0); /* CD-R, CD-RW; DVD-ROM, DVD-R, DVD-RAM */
	b[4] = 0x40 | 0x20 | 0x10;                        /* multisession, mode 2 forms 1 and 2 */
	if (p->read_cd)
		b[5] = 0x02 | 0x01 | (p->c2 ? 0x10 : 0); /* CD-DA, stream accurate; C2 pointers: bit 4 */
	b[6] = 0x20 | 0x08 | 0x01 | (drive->locked ? 0x02 : 0); /* tray, eject, lock; locked now */
	uint32_t max = drive_kbps_max(drive);
	be16_put(b + 8, kbps(max));
	be16_put(b + 12, kbps((uint32_t)p->buffer_kb));
	be16_put(b + 14, kbps(drive_knows_disc(drive) ? drive_kbps_at(drive, drive->head.next_sector) : max));
	return 32;
}

static size_t page_fill(const struct drive *drive, uint8_t page, enum page_control control,
			uint8_t b[PAGE_MAX])
{
	size_t len;
	memset(b, 0, PAGE_MAX);
	b[0] = page;
	switch (page) {
	case PAGE_ERROR_RECOVERY:
		return page_01(drive, control, b);
	case 0x0d:
		len = page_0d(b);
		break;
	case 0x0e:
		len = page_0e(b);
		break;
	case 0x1a:
		len = page_1a(drive, b);
		break;
	case 0x1d:
		len = page_1d(b);
		break;
	case 0x2a:
		len = page_2a(drive, b);
		break;
	default:
		return 0;
	}
	if (control == PC_CHANGEABLE)
		memset(b + 2, 0, len - 2);
	return len;
}

/* MODE SENSE(6) and (10): a header, no block descriptors, one page or all in rising order. */
void answer_mode_sense(struct answering *a)
{
	static const uint8_t pages[] = {0x01, 0x0d, 0x0e, 0x1a, 0x1d, 0x2a};
	bool ten = a->cdb[0] != DRIVE_OP_MODE_SENSE_6;
	uint8_t asked = a->cdb[2] & 0x3f, subpage = a->cdb[3];
	enum page_control control = a->cdb[2] >> 6;
	size_t header = ten ? 8 : 4, len = header;
	unsigned char b[8 + sizeof pages * PAGE_MAX] = {0};
	if (control == PC_SAVED) { /* saving parameters not supported */
		answer_fail(a->answer, SENSE_ILLEGAL_REQUEST, 0x39, 0);
		return;
	}
	for (size_t i = 0; i < sizeof pages; i++)
		if (asked == pages[i] || asked == PAGE_ALL)
			len += page_fill(a->drive, pages[i], control, b + len);
	if (len == header || (subpage && !(asked == PAGE_ALL && subpage == 0xff))) {
		answer_bad_field(a->answer);
		return;
	}
	if (ten)
		be16_put(b, (uint16_t)(len - 2));
	else
		b[0] = (unsigned char)(len - 1);
	answer_reply(a, b, len, ten ? be16(a->cdb + 7) : a->cdb[4]);
}

/* Every page of the list may differ from what is set in changeable bits alone. */
static bool page_allowed(const struct drive *drive, const uint8_t *page, size_t len)
{
	uint8_t now[PAGE_MAX], mask[PAGE_MAX];
	uint8_t code = page[0] & 0x3f;
	if (page_fill(drive, code, PC_CURRENT, now) != len)
		return false;
	(void)page_fill(drive, code, PC_CHANGEABLE, mask);
	for (size_t i = 2; i < len; i++)
		if ((page[i] ^ now[i]) & ~mask[i])
			return false;
	return true;
}

#define LIST_HEADER 8u

/* SPC-3 6.8: all of the list or nothing of it. The bytes come in the command's buffer. */
void answer_mode_select(struct answering *a)
{
	const uint8_t *list = a->command->data;
	size_t len = be16(a->cdb + 7);
	if (!(a->cdb[1] & 0x10) || a->cdb[1] & 0x01) { /* PF; SP: nothing can be saved */
		answer_bad_field(a->answer);
		return;
	}
	if (!len)
		return;
	if (!list || len > a->command->data_len || a->command->data_in || len < LIST_HEADER ||
	    LIST_HEADER + be16(list + 6) > len) {
		answer_fail(a->answer, SENSE_ILLEGAL_REQUEST, 0x1a, 0); /* parameter list length error */
		return;
	}
	const uint8_t *recovery = NULL;
	for (size_t at = LIST_HEADER + be16(list + 6); at < len;) {
		size_t size = at + 1 < len ? 2u + list[at + 1] : 0;
		if (!size || size > len - at) {
			answer_fail(a->answer, SENSE_ILLEGAL_REQUEST, 0x1a, 0);
			return;
		}
		if (!page_allowed(a->drive, list + at, size)) {
			answer_bad_parameter(a->answer);
			return;
		}
		if ((list[at] & 0x3f) == PAGE_ERROR_RECOVERY)
			recovery = list + at;
		at += size;
	}
	if (recovery)
		memcpy(a->drive->mode_page_01 + 2, recovery + 2, PAGE_01_LEN - 2);
	a->answer->moved = len;
}
