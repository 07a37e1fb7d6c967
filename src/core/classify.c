/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of docs/drives.md as code. What drives and hosts answer for damage
 * differs so much that several rows look odd; each says why. Decides nothing.
 */
#include "core/classify.h"

#include "core/sense.h"

/* Additional sense codes (SPC-3 annex D), as far as they matter here. */
enum asc {
	ASC_LU_NOT_READY = 0x04,
	ASC_LBA_OUT_OF_RANGE = 0x21,
	ASC_MEDIUM_CHANGED = 0x28,
	ASC_RESET = 0x29,
	ASC_INCOMPATIBLE_MEDIUM = 0x30,
	ASC_NO_MEDIUM = 0x3a,
	ASC_END_OF_USER_AREA = 0x63,
	ASC_ILLEGAL_MODE = 0x64,
	ASC_COPY_PROTECTION = 0x6f,
};

/* 04h: which qualifiers pass by themselves. */
static enum respin_reason not_ready_04(uint8_t ascq)
{
	switch (ascq) {
	case 0x02: /* initializing command required */
		return RESPIN_REASON_NEEDS_START;
	case 0x01: /* becoming ready */
	case 0x04: /* format, rebuild, recalculation, operation, long write, self-test in progress */
	case 0x05:
	case 0x06:
	case 0x07:
	case 0x08:
	case 0x09:
	case 0x0a: /* asymmetric access state transition */
	case 0x1a: /* START STOP UNIT in progress */
		return RESPIN_REASON_BECOMING_READY;
	default:
		return RESPIN_REASON_NOT_READY;
	}
}

static enum respin_reason not_ready(const struct respin_sense *sense)
{
	switch (sense->asc) {
	case ASC_LU_NOT_READY:
		return not_ready_04(sense->ascq);
	case ASC_NO_MEDIUM:
	case ASC_INCOMPATIBLE_MEDIUM: /* a bad lead-in: not recognised rather than not there */
		return RESPIN_REASON_NO_MEDIUM;
	case ASC_MEDIUM_CHANGED: /* belongs to key 6; some drives send it here */
		return RESPIN_REASON_MEDIUM_CHANGED;
	case ASC_RESET:
		return RESPIN_REASON_RESET;
	default:
		return RESPIN_REASON_NOT_READY;
	}
}

static enum respin_reason illegal_request(const struct respin_sense *sense)
{
	switch (sense->asc) {
	case ASC_LBA_OUT_OF_RANGE: /* also what some emulators and half-read discs answer for damage */
		return RESPIN_REASON_OUT_OF_RANGE;
	case ASC_END_OF_USER_AREA:
	case ASC_ILLEGAL_MODE: /* CD: another kind of sector; DVD, BD: not recorded */
		return RESPIN_REASON_NOT_RECORDED;
	case ASC_INCOMPATIBLE_MEDIUM:
	case ASC_NO_MEDIUM:
		return RESPIN_REASON_NO_MEDIUM;
	default:
		return RESPIN_REASON_REFUSED;
	}
}

static enum respin_reason unit_attention(const struct respin_sense *sense)
{
	if (sense->asc == ASC_MEDIUM_CHANGED)
		return RESPIN_REASON_MEDIUM_CHANGED;
	return sense->asc == ASC_NO_MEDIUM ? RESPIN_REASON_NO_MEDIUM : RESPIN_REASON_RESET;
}

enum respin_reason classify_sense(const struct respin_sense *sense)
{
	if (sense->asc == ASC_COPY_PROTECTION && sense->key != SENSE_RECOVERED)
		return RESPIN_REASON_LOCKED;
	/* SPC-3 4.5.5: a deferred error is an earlier command's; this one was not done. What it says of the
	 * drive holds, what it says of a place does not: ask once more. */
	if (sense->deferred && sense->key != SENSE_NOT_READY && sense->key != SENSE_UNIT_ATTENTION)
		return RESPIN_REASON_ABORTED;
	switch (sense->key) {
	case SENSE_RECOVERED:
		return RESPIN_REASON_RECOVERED;
	case SENSE_NOT_READY:
		return not_ready(sense);
	case SENSE_MEDIUM_ERROR: /* 02h, 06h, 09h, 15h as well: the servo failed at this place */
		return RESPIN_REASON_MEDIUM;
	case SENSE_HARDWARE_ERROR: /* 3Eh/02h is an ordinary answer for clear tape: the latency tells */
		return RESPIN_REASON_HARDWARE;
	case SENSE_ILLEGAL_REQUEST:
		return illegal_request(sense);
	case SENSE_UNIT_ATTENTION:
		return unit_attention(sense);
	case SENSE_DATA_PROTECT:
		return RESPIN_REASON_LOCKED;
	case SENSE_BLANK_CHECK: /* whatever the ASC: a hole, or damage without a signal */
		return RESPIN_REASON_NOT_RECORDED;
	default: /* 0Bh; and no sense, vendor specific, reserved: nothing to build upon */
		return RESPIN_REASON_ABORTED;
	}
}

static enum respin_reason by_status(uint8_t status, bool has_sense, const struct respin_sense *sense)
{
	bool silent = !has_sense || sense->key == SENSE_NO_SENSE;
	switch (status) {
	case SCSI_GOOD: /* sense beside GOOD is rare; what it says against the data counts */
		return silent ? RESPIN_REASON_GOOD : classify_sense(sense);
	case SCSI_CHECK_CONDITION: /* without sense: failed, nobody says why */
		return silent ? RESPIN_REASON_ABORTED : classify_sense(sense);
	case SCSI_BUSY:
	case SCSI_TASK_SET_FULL:
		return RESPIN_REASON_BECOMING_READY;
	case SCSI_RESERVATION_CONFLICT: /* another initiator holds the drive */
		return RESPIN_REASON_NOT_READY;
	case SCSI_CONDITION_MET:
	case SCSI_ACA_ACTIVE:
	case SCSI_TASK_ABORTED:
		return RESPIN_REASON_ABORTED;
	default: /* no such status: a bridge in trouble */
		return RESPIN_REASON_LINK;
	}
}

enum respin_reason classify_reply(const struct respin_command_reply *reply, struct respin_sense *sense)
{
	size_t len = reply->sense_len < RESPIN_SENSE_MAX ? reply->sense_len : RESPIN_SENSE_MAX;
	bool has_sense = sense_decode(reply->sense, len, sense);
	switch (reply->host) {
	case RESPIN_HOST_OK:
		return by_status(reply->scsi_status, has_sense, sense);
	case RESPIN_HOST_GONE:
		return RESPIN_REASON_GONE;
	case RESPIN_HOST_TIMEOUT:
		return RESPIN_REASON_TIMEOUT;
	case RESPIN_HOST_RESET:
		return RESPIN_REASON_RESET;
	case RESPIN_HOST_CANCELLED:
		return RESPIN_REASON_CANCELLED;
	default:
		return RESPIN_REASON_LINK;
	}
}

/* host_status, include/scsi/scsi_status.h of Linux; 10h-13h could be seen from outside before 6.1. */
enum linux_host {
	DID_OK = 0x00,
	DID_NO_CONNECT = 0x01,
	DID_BUS_BUSY = 0x02,
	DID_TIME_OUT = 0x03,
	DID_RESET = 0x08,
	DID_PASSTHROUGH = 0x0a,
	DID_SOFT_ERROR = 0x0b,
	DID_IMM_RETRY = 0x0c,
	DID_REQUEUE = 0x0d,
	DID_TARGET_FAILURE = 0x10,
	DID_MEDIUM_ERROR = 0x13,
};

#define DRIVER_TIMEOUT 0x06u
#define DRIVER_SENSE 0x08u /* "there is sense data": no error in itself */
#define DRIVER_MASK 0x0fu  /* the upper half once held suggestions */

enum respin_host_status classify_linux_host(unsigned host_status, unsigned driver_status, bool has_sense)
{
	unsigned driver = driver_status & DRIVER_MASK;
	switch (host_status) {
	case DID_OK:
	case DID_PASSTHROUGH:
		break;
	case DID_NO_CONNECT:
		return RESPIN_HOST_GONE;
	case DID_TIME_OUT:
		return RESPIN_HOST_TIMEOUT;
	case DID_BUS_BUSY:
	case DID_RESET:
	case DID_SOFT_ERROR:
	case DID_IMM_RETRY:
	case DID_REQUEUE:
		return RESPIN_HOST_RESET;
	default:
		if (host_status < DID_TARGET_FAILURE || host_status > DID_MEDIUM_ERROR || !has_sense)
			return RESPIN_HOST_ERROR;
	}
	if (driver == 0 || driver == DRIVER_SENSE)
		return RESPIN_HOST_OK;
	return driver == DRIVER_TIMEOUT ? RESPIN_HOST_TIMEOUT : RESPIN_HOST_ERROR;
}
