/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SPC-3 4.5: sense data. Every length in it is checked against what arrived; a
 * field that did not arrive whole counts as absent. Does not interpret.
 */
#include "core/sense.h"

#include "base/be.h"

#define RESPONSE_FIXED 0x70u      /* 4.5.3; 71h: deferred (4.5.5) */
#define RESPONSE_DESCRIPTOR 0x72u /* 4.5.2; 73h: deferred */

#define FIXED_VALID 0x80u
#define DESCRIPTOR_INFORMATION 0x00u /* 4.5.2.2 */
#define INFORMATION_LEN 12u          /* type, additional length 0Ah, VALID, reserved, 8 bytes */

static void information_set(struct respin_sense *sense, uint64_t value)
{
	if (value > INT64_MAX)
		return;
	sense->has_info = 1;
	sense->info_lba = (int64_t)value;
}

static bool fixed_decode(const uint8_t *b, size_t len, struct respin_sense *sense)
{
	if (len < 3)
		return false;
	sense->key = b[2] & 0x0f;
	if (len < 8)
		return true;
	size_t claimed = 8u + b[7];
	if (len > claimed)
		len = claimed;
	if (b[0] & FIXED_VALID)
		information_set(sense, be32(b + 3));
	if (len > 12)
		sense->asc = b[12];
	if (len > 13)
		sense->ascq = b[13];
	return true;
}

static void descriptors_decode(const uint8_t *b, size_t len, struct respin_sense *sense)
{
	for (size_t at = 8; at + 2 <= len;) {
		size_t size = 2u + b[at + 1];
		if (size > len - at)
			return;
		if (b[at] == DESCRIPTOR_INFORMATION && size >= INFORMATION_LEN && b[at + 2] & FIXED_VALID)
			information_set(sense, be64(b + at + 4));
		at += size;
	}
}

static bool descriptor_decode(const uint8_t *b, size_t len, struct respin_sense *sense)
{
	if (len < 2)
		return false;
	sense->key = b[1] & 0x0f;
	if (len > 2)
		sense->asc = b[2];
	if (len > 3)
		sense->ascq = b[3];
	if (len < 8)
		return true;
	size_t claimed = 8u + b[7];
	descriptors_decode(b, len < claimed ? len : claimed, sense);
	return true;
}

bool sense_decode(const uint8_t *bytes, size_t len, struct respin_sense *sense)
{
	*sense = (struct respin_sense){0};
	if (len == 0)
		return false;
	unsigned response = bytes[0] & 0x7fu;
	sense->deferred = response & 1u;
	bool found = false;
	if ((response & ~1u) == RESPONSE_FIXED)
		found = fixed_decode(bytes, len, sense);
	else if ((response & ~1u) == RESPONSE_DESCRIPTOR)
		found = descriptor_decode(bytes, len, sense);
	if (!found)
		*sense = (struct respin_sense){0};
	return found;
}
