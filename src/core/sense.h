/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sense data as bytes -> the few fields that are used. What they mean is classify's business. */
#ifndef CORE_SENSE_H
#define CORE_SENSE_H

#include <stdbool.h>
#include <stddef.h>

#include <respin/types.h>

/* Sense keys (SPC-3 4.5.6). */
enum sense_key {
	SENSE_NO_SENSE = 0x0,
	SENSE_RECOVERED = 0x1,
	SENSE_NOT_READY = 0x2,
	SENSE_MEDIUM_ERROR = 0x3,
	SENSE_HARDWARE_ERROR = 0x4,
	SENSE_ILLEGAL_REQUEST = 0x5,
	SENSE_UNIT_ATTENTION = 0x6,
	SENSE_DATA_PROTECT = 0x7,
	SENSE_BLANK_CHECK = 0x8,
	SENSE_ABORTED_COMMAND = 0xb,
};

/*
 * Decodes fixed (70h, 71h) and descriptor (72h, 73h) sense data of any length.
 * False, and an empty *sense, where there is no sense key to be had. Nothing
 * beyond `len`, nor beyond the length the data claim for themselves, is used.
 */
bool sense_decode(const uint8_t *bytes, size_t len, struct respin_sense *sense);

#endif
