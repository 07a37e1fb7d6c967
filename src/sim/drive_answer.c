/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small helpers of drive_answer.h: how an answer fails, how much of one arrives. Not what it says. */
#include "sim/drive_answer.h"

#include <string.h>

#include "base/be.h"

void answer_fail(struct drive_answer *answer, uint8_t key, uint8_t asc, uint8_t ascq)
{
	answer->sense = (struct respin_sense){.key = key, .asc = asc, .ascq = ascq};
}

void answer_bad_field(struct drive_answer *answer)
{
	answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
}

void answer_bad_parameter(struct drive_answer *answer)
{
	answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x26, 0);
}

void answer_out_of_range(struct drive_answer *answer)
{
	answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x21, 0);
}

void answer_give(struct drive_answer *answer, unsigned char *data, const struct respin_command *command,
		 const void *bytes, size_t len)
{
	answer->moved = len < command->data_len ? len : command->data_len;
	if (answer->moved && data)
		memcpy(data, bytes, answer->moved);
}

void answer_reply(struct answering *a, const void *bytes, size_t len, uint32_t allocation)
{
	answer_give(a->answer, a->data, a->command, bytes, len < allocation ? len : allocation);
}

uint16_t answer_profile(const struct drive *drive)
{
	return drive_knows_disc(drive) ? drive->layout.profile : 0;
}

uint8_t answer_sense_bytes(const struct respin_sense *sense, bool descriptor, uint8_t bytes[20])
{
	memset(bytes, 0, 20);
	if (descriptor) {
		uint8_t len = sense->has_info ? 20 : 8;
		bytes[0] = 0x72;
		bytes[1] = sense->key;
		bytes[2] = sense->asc;
		bytes[3] = sense->ascq;
		bytes[7] = (uint8_t)(len - 8);
		if (sense->has_info) {
			bytes[9] = 0x0a;  /* additional length of the information descriptor */
			bytes[10] = 0x80; /* VALID */
			be32_put(bytes + 16, (uint32_t)sense->info_lba);
		}
		return len;
	}
	bytes[0] = sense->has_info ? 0xf0 : 0x70;
	bytes[2] = sense->key;
	be32_put(bytes + 3, sense->has_info ? (uint32_t)sense->info_lba : 0);
	bytes[7] = 18 - 8;
	bytes[12] = sense->asc;
	bytes[13] = sense->ascq;
	return 18;
}

void answer_state(const struct drive *drive, struct respin_sense *sense)
{
	*sense = (struct respin_sense){0};
	switch (drive->state) {
	case DRIVE_NO_MEDIUM: /* medium not present, tray closed or open */
		*sense = (struct respin_sense){
			.key = SENSE_NOT_READY, .asc = 0x3a, .ascq = drive->tray_open ? 0x02 : 0x01};
		break;
	case DRIVE_LOADING:
	case DRIVE_SPINUP: /* becoming ready */
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x04, .ascq = 0x01};
		break;
	case DRIVE_STOPPED: /* initializing command required */
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x04, .ascq = 0x02};
		break;
	case DRIVE_UNRECOGNISED:
		*sense = drive->unknown_sense;
		break;
	case DRIVE_WEDGED:
		*sense = drive->wedge_sense;
		break;
	default:
		break;
	}
}
