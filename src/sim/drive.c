/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the simulated drive answers to each CDB. Not how long the host waits for it, nor what arrives. */
#include "sim/drive.h"

#include <string.h>

#include "base/be.h"
#include "core/cdb.h"

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull

static void fail(struct drive_answer *answer, uint8_t key, uint8_t asc, uint8_t ascq)
{
	answer->sense = (struct respin_sense){.key = key, .asc = asc, .ascq = ascq};
}

/* Puts as much of an answer into the buffer as was asked for. */
static void give(struct drive_answer *answer, unsigned char *data, const struct respin_command *command,
		 const void *bytes, size_t len)
{
	answer->moved = len < command->data_len ? len : command->data_len;
	if (answer->moved)
		memcpy(data, bytes, answer->moved);
}

static void answer_inquiry(struct drive *drive, const struct respin_command *command, unsigned char *data,
			   struct drive_answer *answer)
{
	unsigned char b[36] = {0};
	b[0] = (unsigned char)drive->options.type;
	b[1] = 0x80;
	b[2] = 0x05; /* SPC-3 */
	b[3] = 0x02;
	b[4] = sizeof b - 5;
	memcpy(b + 8, "RESPIN  SIMULATED DRIVE 0.1 ", 28);
	give(answer, data, command, b, sizeof b);
}

static void answer_request_sense(const struct respin_command *command, unsigned char *data,
				 struct drive_answer *answer)
{
	unsigned char b[18] = {0x70};
	b[7] = sizeof b - 8;
	give(answer, data, command, b, sizeof b);
}

static void answer_capacity(struct drive *drive, const struct respin_command *command, unsigned char *data,
			    struct drive_answer *answer)
{
	unsigned char b[8];
	uint64_t last = drive->options.last < UINT64_MAX ? drive->options.last : drive->disc.sectors - 1;
	be32_put(b, (uint32_t)last);
	be32_put(b + 4, (uint32_t)drive->options.block_bytes);
	give(answer, data, command, b, sizeof b);
}

static void answer_configuration(struct drive *drive, const struct respin_command *command,
				 unsigned char *data, struct drive_answer *answer)
{
	unsigned char b[28] = {0};
	be32_put(b, sizeof b - 4);
	be16_put(b + 6, (uint16_t)drive->options.profile);
	be16_put(b + 8, 0x0003); /* removable medium: tray, cannot load by itself */
	b[11] = 4;
	b[12] = 0x29;
	be16_put(b + 16, 0x0010); /* random readable */
	b[18] = 0x01;             /* current */
	b[19] = 8;
	be32_put(b + 20, CDB_LOGICAL_BLOCK);
	be16_put(b + 24, (uint16_t)drive->disc.ecc_block);
	give(answer, data, command, b, sizeof b);
}

static void answer_toc(struct drive *drive, const struct respin_command *command, unsigned char *data,
		       struct drive_answer *answer)
{
	if (command->cdb[2] & 0x0f) {
		fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
		return;
	}
	unsigned char b[20] = {0};
	be16_put(b, sizeof b - 2);
	b[2] = b[3] = 1;
	b[5] = b[13] = 0x10 | CDB_TRACK_DATA;
	b[6] = 1;
	b[14] = CDB_TRACK_LEAD_OUT;
	be32_put(b + 16, (uint32_t)drive->disc.sectors);
	give(answer, data, command, b, sizeof b);
}

static void answer_disc_info(const struct respin_command *command, unsigned char *data,
			     struct drive_answer *answer)
{
	unsigned char b[34] = {0};
	be16_put(b, sizeof b - 2);
	b[2] = 0x0e; /* finalised, last session complete */
	b[3] = b[4] = b[5] = b[6] = 1;
	give(answer, data, command, b, sizeof b);
}

static void answer_mode_sense(const struct respin_command *command, unsigned char *data,
			      struct drive_answer *answer)
{
	if ((command->cdb[2] & 0x3f) != 0x01) {
		fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
		return;
	}
	unsigned char b[8 + 12] = {0};
	be16_put(b, sizeof b - 2);
	b[8] = 0x01; /* error recovery, MMC-6 7.3 */
	b[9] = 0x0a;
	b[11] = 5; /* read retry count */
	give(answer, data, command, b, sizeof b);
}

/* INFORMATION as the options want it: honest, zero, the chunk's address, or not valid. */
static void information(struct drive *drive, struct drive_answer *answer, uint64_t start, uint64_t first)
{
	answer->sense.has_info = drive->options.info != SIM_INFO_NONE;
	if (drive->options.info == SIM_INFO_HONEST)
		answer->sense.info_lba = (int64_t)first;
	else if (drive->options.info == SIM_INFO_CHUNK)
		answer->sense.info_lba = (int64_t)start;
}

static void read_failed(struct drive *drive, uint64_t start, uint64_t first, unsigned char *data,
			struct drive_answer *answer)
{
	answer->took_ns += drive->options.fail_ms * NS_PER_MS;
	information(drive, answer, start, first);
	if (drive->options.partial && disc_read(&drive->disc, start, first - start, data))
		answer->moved = (first - start) * DISC_SECTOR;
}

/* What does not arrive is not written either: the poison behind it must stay. */
static void read_good(struct drive *drive, uint64_t start, uint64_t count, unsigned char *data,
		      struct drive_answer *answer)
{
	uint64_t one_in = drive->options.short_one_in;
	if (one_in && !answer->sense.key && rng_below(&drive->rng, one_in) == 0)
		count = rng_below(&drive->rng, count);
	if (disc_read(&drive->disc, start, count, data))
		answer->moved = count * DISC_SECTOR;
	else
		fail(answer, SENSE_HARDWARE_ERROR, 0x44, 0);
}

static void answer_read(struct drive *drive, const struct respin_command *command, unsigned char *data,
			struct drive_answer *answer)
{
	const struct sim_options *o = &drive->options;
	const uint8_t *cdb = command->cdb;
	uint64_t start = be32(cdb + 2);
	uint64_t count = cdb[0] == CDB_READ_10 ? be16(cdb + 7) : be32(cdb + 6);
	uint64_t first = start;

	if (start >= drive->disc.sectors || count > drive->disc.sectors - start) {
		fail(answer, SENSE_ILLEGAL_REQUEST, 0x21, 0);
		return;
	}
	if (count == 0)
		return;
	if (count * DISC_SECTOR > command->data_len) {
		fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
		return;
	}
	answer->took_ns += ((start + count - 1) / drive->disc.ecc_block - start / drive->disc.ecc_block + 1) *
			   o->block_us * NS_PER_US;
	answer->hangs = ranges_find(&o->hang, start, start + count - 1, &first);
	switch (disc_try(&drive->disc, start, count, &first)) {
	case DISC_GOOD:
		read_good(drive, start, count, data, answer);
		break;
	case DISC_MARGINAL:
		fail(answer, SENSE_RECOVERED, 0x18, 0x02);
		information(drive, answer, start, first);
		read_good(drive, start, count, data, answer);
		break;
	case DISC_BLANK:
		fail(answer, SENSE_BLANK_CHECK, 0, 0);
		read_failed(drive, start, first, data, answer);
		break;
	case DISC_BAD:
		fail(answer, (uint8_t)(o->sense >> 16), (uint8_t)(o->sense >> 8), (uint8_t)o->sense);
		read_failed(drive, start, first, data, answer);
		break;
	}
}

/* Unit attention, spin-up, no disc: what stands before every command that needs the medium. */
static bool not_ready(struct drive *drive, struct drive_answer *answer)
{
	if (drive->attention) {
		drive->attention = false;
		fail(answer, SENSE_UNIT_ATTENTION, 0x29, 0);
	} else if (drive->options.medium == SIM_MEDIUM_NONE) {
		fail(answer, SENSE_NOT_READY, 0x3a, 0x01);
	} else if (drive->options.medium == SIM_MEDIUM_OPEN) {
		fail(answer, SENSE_NOT_READY, 0x3a, 0x02);
	} else if (atomic_load(&drive->now_ns) < drive->options.ready_ms * NS_PER_MS) {
		fail(answer, SENSE_NOT_READY, 0x04, 0x01);
	}
	return answer->sense.key != 0;
}

static void answer_medium_command(struct drive *drive, const struct respin_command *command,
				  unsigned char *data, struct drive_answer *answer)
{
	switch (command->cdb[0]) {
	case CDB_TEST_UNIT_READY:
		break;
	case CDB_READ_CAPACITY:
		answer_capacity(drive, command, data, answer);
		break;
	case CDB_READ_TOC:
		answer_toc(drive, command, data, answer);
		break;
	case CDB_READ_DISC_INFO:
		answer_disc_info(command, data, answer);
		break;
	case CDB_READ_10:
	case CDB_READ_12:
		answer_read(drive, command, data, answer);
		break;
	default:
		fail(answer, SENSE_ILLEGAL_REQUEST, 0x20, 0);
		break;
	}
}

void drive_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer)
{
	*answer = (struct drive_answer){.took_ns = drive->options.latency_us * NS_PER_US};
	switch (command->cdb[0]) {
	case CDB_INQUIRY:
		answer_inquiry(drive, command, data, answer);
		return;
	case CDB_REQUEST_SENSE:
		answer_request_sense(command, data, answer);
		return;
	case CDB_GET_CONFIGURATION:
		answer_configuration(drive, command, data, answer);
		return;
	case CDB_MODE_SENSE_10:
		answer_mode_sense(command, data, answer);
		return;
	case CDB_START_STOP_UNIT:
		return;
	default:
		if (!not_ready(drive, answer))
			answer_medium_command(drive, command, data, answer);
		return;
	}
}
