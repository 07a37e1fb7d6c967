/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that only tells: which answer belongs to which command, and the
 * short ones among them: INQUIRY, REQUEST SENSE, READ CAPACITY, events, buffer,
 * mechanism. The long ones have files of their own. Reads no sector.
 */
#include "sim/drive_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/be.h"
#include "base/hash.h"
#include "core/cdb.h"

#define SERIAL_LEN 12u

/* Text of a fixed width, filled up with blanks; '_' stands for one (SPC-3 4.4.1). */
static void text_put(unsigned char *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	for (size_t i = 0; i < size && text && text[i]; i++)
		field[i] = text[i] == '_' ? ' ' : (unsigned char)text[i];
}

/* One serial number for each kind of drive: it is how a drive is known again under another name. */
const char *answer_serial(const struct drive *drive, char serial[13])
{
	const char *product = drive->scenario.drive.product;
	uint64_t hash = hash_bytes(product ? product : "", product ? strlen(product) : 0, 0);
	(void)snprintf(serial, SERIAL_LEN + 1, "SIM%09u", (unsigned)(hash % 1000000000u));
	return serial;
}

static void vital_product_data(struct answering *a)
{
	static const uint8_t pages[] = {0x00, 0x80, 0x83};
	unsigned char b[64] = {(unsigned char)a->drive->scenario.drive.type, a->cdb[2]};
	size_t len = 4;
	char serial[SERIAL_LEN + 1];
	answer_serial(a->drive, serial);
	switch (a->cdb[2]) {
	case 0x00: /* SPC-3 7.6.9: supported pages */
		memcpy(b + len, pages, sizeof pages);
		len += sizeof pages;
		break;
	case 0x80: /* 7.6.10: unit serial number */
		memcpy(b + len, serial, SERIAL_LEN);
		len += SERIAL_LEN;
		break;
	case 0x83:           /* 7.6.3: one designator, by T10 vendor identification, of the logical unit */
		b[4] = 0x02; /* ASCII */
		b[5] = 0x01;
		b[7] = 8 + 16 + SERIAL_LEN;
		text_put(b + 8, 8, a->drive->scenario.drive.vendor);
		text_put(b + 16, 16, a->drive->scenario.drive.product);
		memcpy(b + 32, serial, SERIAL_LEN);
		len += 4u + 8 + 16 + SERIAL_LEN;
		break;
	default:
		answer_bad_field(a->answer);
		return;
	}
	be16_put(b + 2, (uint16_t)(len - 4));
	answer_reply(a, b, len, be16(a->cdb + 3));
}

/* SPC-3 6.4, with the version descriptors of SAM-3, SPC-3 and MMC-6 (no version claimed). */
static void inquiry(struct answering *a)
{
	const struct drive_params *p = &a->drive->scenario.drive;
	if (a->cdb[1] & 0x01) {
		vital_product_data(a);
		return;
	}
	if (a->cdb[1] || a->cdb[2]) {
		answer_bad_field(a->answer);
		return;
	}
	unsigned char b[96] = {(unsigned char)p->type};
	b[1] = 0x80; /* removable */
	b[2] = 0x05; /* SPC-3 */
	b[3] = 0x02;
	b[4] = sizeof b - 5;
	text_put(b + 8, 8, p->vendor);
	text_put(b + 16, 16, p->product);
	text_put(b + 32, 4, p->revision);
	be16_put(b + 58, 0x0060);
	be16_put(b + 60, 0x0300);
	be16_put(b + 62, 0x04e0);
	answer_reply(a, b, sizeof b, be16(a->cdb + 3));
}

/* SPC-3 6.27: an attention that is pending goes with it, else it tells how the drive is. */
static void request_sense(struct answering *a)
{
	struct drive *drive = a->drive;
	struct respin_sense sense;
	if (drive->attention_count) {
		struct drive_attention first = drive->attentions[0];
		sense = (struct respin_sense){
			.key = SENSE_UNIT_ATTENTION, .asc = first.asc, .ascq = first.ascq};
		drive->attention_count--;
		memmove(drive->attentions, drive->attentions + 1,
			drive->attention_count * sizeof *drive->attentions);
	} else {
		answer_state(drive, &sense);
	}
	uint8_t b[20];
	uint8_t len = answer_sense_bytes(&sense, a->cdb[1] & 0x01, b);
	answer_reply(a, b, len, a->cdb[4]);
}

/* MMC-6 6.18 */
static void capacity(struct answering *a)
{
	unsigned char b[8];
	be32_put(b, layout_last_lba(&a->drive->layout));
	be32_put(b + 4, (uint32_t)a->drive->scenario.disc.block_bytes);
	answer_reply(a, b, sizeof b, sizeof b);
}

/* Classes of events, MMC-6 6.7.2. */
enum event_class { EVENT_OPERATIONAL = 1, EVENT_POWER, EVENT_EXTERNAL, EVENT_MEDIA, EVENT_BUSY = 6 };
#define EVENT_CLASSES                                                                                        \
	(1u << EVENT_OPERATIONAL | 1u << EVENT_POWER | 1u << EVENT_EXTERNAL | 1u << EVENT_MEDIA |            \
	 1u << EVENT_BUSY)

enum media_event { MEDIA_NO_EVENT, MEDIA_EJECT_REQUEST, MEDIA_NEW, MEDIA_REMOVED };

/* What has changed since the host asked last. */
static enum media_event media_event(struct drive *drive, bool present)
{
	bool changed = drive->told_discs != drive->discs && drive->told_present;
	enum media_event event = present && (!drive->told_present || changed) ? MEDIA_NEW
				 : !present && drive->told_present            ? MEDIA_REMOVED
									      : MEDIA_NO_EVENT;
	drive->told_present = present;
	drive->told_discs = drive->discs;
	return event;
}

static uint8_t power_status(const struct drive *drive)
{
	return drive->state == DRIVE_STANDBY || drive->state == DRIVE_STOPPED ? 3 : 1; /* standby, active */
}

/* MMC-6 6.7: polled only. The lowest of the classes asked for that has something to tell, else the lowest. */
static void event_status(struct answering *a)
{
	struct drive *drive = a->drive;
	unsigned asked = a->cdb[4] & EVENT_CLASSES;
	unsigned char b[8] = {0, 0, 0x80, EVENT_CLASSES}; /* NEA: none of these classes */
	if (!(a->cdb[1] & 0x01)) {
		answer_bad_field(a->answer);
		return;
	}
	if (!asked) {
		be16_put(b, 2);
		answer_reply(a, b, 4, be16(a->cdb + 7));
		return;
	}
	unsigned class = (unsigned)__builtin_ctz(asked);
	bool loading = drive->state == DRIVE_LOADING || drive->state == DRIVE_SPINUP;
	enum media_event event = MEDIA_NO_EVENT;
	if (asked & 1u << EVENT_MEDIA) {
		event = media_event(drive, drive->disc_inside && !drive->tray_open && !loading);
		class = event != MEDIA_NO_EVENT ? EVENT_MEDIA : class;
	}
	be16_put(b, sizeof b - 2);
	b[2] = (unsigned char)class;
	switch (class) {
	case EVENT_POWER:
		b[5] = power_status(drive);
		break;
	case EVENT_MEDIA:
		b[4] = (unsigned char)event;
		b[5] = (unsigned char)((drive->disc_inside && !drive->tray_open ? 2 : 0) | drive->tray_open);
		break;
	case EVENT_BUSY:
		b[5] = loading; /* 6.7.2.8: in units of 100 ms */
		if (loading && drive->ready_ns > atomic_load(&drive->now_ns)) {
			uint64_t left = (drive->ready_ns - atomic_load(&drive->now_ns)) / 100000000u;
			be16_put(b + 6, left < 0xffff ? (uint16_t)left : 0xffff);
		}
		break;
	default:
		break;
	}
	answer_reply(a, b, sizeof b, be16(a->cdb + 7));
}

/* MMC-6 6.10: no changer. */
static void mechanism_status(struct answering *a)
{
	unsigned char b[8] = {0};
	if (a->drive->tray_open)
		b[1] = 0x10;
	be24_put(b + 2, (uint32_t)a->drive->head.next_sector);
	answer_reply(a, b, sizeof b, be16(a->cdb + 8));
}

/* MMC-6 6.16: bytes, or blocks where Block is set; all of it is free, since nothing is ever written. */
static void buffer_capacity(struct answering *a)
{
	unsigned char b[12] = {0, sizeof b - 2};
	uint32_t bytes = (uint32_t)a->drive->scenario.drive.buffer_kb << 10;
	bool blocks = a->cdb[1] & 0x01;
	b[3] = blocks;
	be32_put(b + 4, blocks ? 0 : bytes);
	be32_put(b + 8, blocks ? bytes / CDB_LOGICAL_BLOCK : bytes);
	answer_reply(a, b, sizeof b, be16(a->cdb + 7));
}

enum buffer_mode { BUFFER_COMBINED, BUFFER_DATA = 2, BUFFER_DESCRIPTOR };

/* SPC-3 6.15: how large the buffer is. What lies in it is nobody's business: zeros. */
static void read_buffer(struct answering *a)
{
	static const unsigned char zeros[1024];
	unsigned char header[4] = {0};
	uint32_t size = (uint32_t)a->drive->scenario.drive.buffer_kb << 10;
	uint32_t offset = be24(a->cdb + 3), allocation = be24(a->cdb + 6);
	if (a->cdb[2]) {
		answer_bad_field(a->answer);
		return;
	}
	be24_put(header + 1, size <= 0xffffff ? size : 0xffffff);
	switch (a->cdb[1] & 0x1f) {
	case BUFFER_COMBINED:
	case BUFFER_DESCRIPTOR:
		answer_reply(a, header, sizeof header, allocation);
		break;
	case BUFFER_DATA:
		if (offset > size)
			answer_bad_field(a->answer);
		else
			answer_reply(a, zeros, size - offset < sizeof zeros ? size - offset : sizeof zeros,
				     allocation);
		break;
	default:
		answer_bad_field(a->answer);
		break;
	}
}

static void prevent(struct answering *a)
{
	drive_prevent(a->drive, a->command);
}

/* SYNCHRONIZE CACHE: nothing was ever written. */
static void nothing(struct answering *a)
{
	(void)a;
}

/* Commands that a drive may not know: then they are none of these, and 05/20/00. */
static bool knows(const struct drive_params *params, uint8_t opcode)
{
	switch (opcode) {
	case CDB_READ_DISC_STRUCTURE:
		return params->structure;
	case DRIVE_OP_GET_PERFORMANCE:
		return params->performance;
	case DRIVE_OP_SET_STREAMING:
		return params->performance && params->read12;
	default:
		return true;
	}
}

static const struct {
	uint8_t opcode;
	void (*answer)(struct answering *a);
} answers[] = {
	{CDB_INQUIRY, inquiry},
	{CDB_REQUEST_SENSE, request_sense},
	{CDB_READ_CAPACITY, capacity},
	{DRIVE_OP_PREVENT_REMOVAL, prevent},
	{DRIVE_OP_SYNCHRONIZE_CACHE, nothing},
	{DRIVE_OP_READ_BUFFER, read_buffer},
	{DRIVE_OP_GET_EVENT_STATUS, event_status},
	{DRIVE_OP_READ_BUFFER_CAPACITY, buffer_capacity},
	{DRIVE_OP_MECHANISM_STATUS, mechanism_status},
	{CDB_GET_CONFIGURATION, answer_configuration},
	{CDB_READ_TOC, answer_toc},
	{CDB_READ_DISC_INFO, answer_disc_info},
	{CDB_READ_TRACK_INFO, answer_track_info},
	{CDB_READ_DISC_STRUCTURE, answer_structure},
	{DRIVE_OP_MODE_SENSE_6, answer_mode_sense},
	{CDB_MODE_SENSE_10, answer_mode_sense},
	{DRIVE_OP_MODE_SELECT_10, answer_mode_select},
	{DRIVE_OP_GET_PERFORMANCE, answer_performance},
	{DRIVE_OP_SET_CD_SPEED, answer_set_cd_speed},
	{DRIVE_OP_SET_STREAMING, answer_set_streaming},
};

bool drive_identity(struct drive *drive, const struct respin_command *command, unsigned char *data,
		    struct drive_answer *answer)
{
	struct answering a = {drive, command, command->cdb, data, answer};
	if (!knows(&drive->scenario.drive, command->cdb[0]))
		return false;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (answers[i].opcode != command->cdb[0])
			continue;
		answers[i].answer(&a);
		return true;
	}
	return false;
}
