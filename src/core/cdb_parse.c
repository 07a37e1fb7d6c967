/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parsers of what drives answer. `len` is what arrived; a length field may only
 * shorten it. Nothing is read beyond, whatever the bytes say. No judgement of
 * whether an answer is plausible: that is the caller's.
 */
#include "core/cdb.h"

#include <string.h>

#include "base/be.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A fixed-width field: ends at a NUL or before trailing blanks. `out` has size + 1 bytes. */
static void text_copy(char *out, const uint8_t *field, size_t size)
{
	size_t n = 0;
	while (n < size && field[n])
		n++;
	while (n && field[n - 1] == ' ')
		n--;
	memcpy(out, field, n);
	out[n] = 0;
}

/* SPC-3 6.4.2. Text that did not arrive stays empty: some bridges send five bytes. */
bool cdb_parse_inquiry(const uint8_t *bytes, size_t len, struct cdb_inquiry *out)
{
	*out = (struct cdb_inquiry){0};
	if (len < 5)
		return false;
	len = smaller(len, 5u + bytes[4]);
	out->qualifier = bytes[0] >> 5;
	out->type = bytes[0] & 0x1f;
	out->removable = bytes[1] & 0x80;
	if (len >= 16)
		text_copy(out->vendor, bytes + 8, 8);
	if (len >= 32)
		text_copy(out->product, bytes + 16, 16);
	if (len >= 36)
		text_copy(out->revision, bytes + 32, 4);
	return true;
}

/* MMC-6 6.18.3 */
bool cdb_parse_capacity(const uint8_t *bytes, size_t len, struct cdb_capacity *out)
{
	*out = (struct cdb_capacity){0};
	if (len < 8)
		return false;
	out->last_lba = be32(bytes);
	out->block_bytes = be32(bytes + 4);
	return true;
}

/* MMC-6 6.25.3.2: format 0. Tracks beyond the hundredth and half descriptors are dropped. */
bool cdb_parse_toc(const uint8_t *bytes, size_t len, struct cdb_toc *out)
{
	*out = (struct cdb_toc){0};
	if (len < 4)
		return false;
	len = smaller(len, 2u + be16(bytes));
	for (size_t at = 4; at + 8 <= len && out->count < CDB_TOC_TRACKS; at += 8)
		out->tracks[out->count++] = (struct cdb_toc_track){
			.number = bytes[at + 2],
			.control = bytes[at + 1] & 0x0f,
			.lba = be32(bytes + at + 4),
		};
	if (!out->count)
		return false;
	out->first = bytes[2];
	out->last = bytes[3];
	return true;
}

#define FEATURE_REMOVABLE 0x0003u       /* MMC-6 5.3.4 */
#define FEATURE_RANDOM_READABLE 0x0010u /* MMC-6 5.3.12 */

static void feature_take(const uint8_t *feature, size_t len, struct cdb_configuration *out)
{
	unsigned code = be16(feature);
	if (code == FEATURE_RANDOM_READABLE && len >= 10)
		out->blocking = be16(feature + 8);
	if (code == FEATURE_REMOVABLE && len >= 5)
		out->can_load = feature[4] & 0x10;
}

/* MMC-6 6.6.3: header, then features of 4 + additional length bytes each. */
bool cdb_parse_configuration(const uint8_t *bytes, size_t len, struct cdb_configuration *out)
{
	*out = (struct cdb_configuration){0};
	if (len < 8)
		return false;
	out->profile = be16(bytes + 6);
	uint64_t claimed = 4u + (uint64_t)be32(bytes);
	if (claimed < len)
		len = (size_t)claimed;
	for (size_t at = 8; at + 4 <= len;) {
		size_t size = 4u + bytes[at + 3];
		if (size > len - at)
			break;
		feature_take(bytes + at, size, out);
		at += size;
	}
	return true;
}

/* MMC-6 6.21.3.1: standard disc information */
bool cdb_parse_disc_info(const uint8_t *bytes, size_t len, struct cdb_disc_info *out)
{
	*out = (struct cdb_disc_info){0};
	if (len < 2)
		return false;
	len = smaller(len, 2u + be16(bytes));
	if (len < 12)
		return false;
	out->status = bytes[2] & 3;
	out->last_session_status = bytes[2] >> 2 & 3;
	out->erasable = bytes[2] & 0x10;
	out->sessions = (uint16_t)(bytes[9] << 8 | bytes[4]);
	out->first_track = (uint16_t)(bytes[10] << 8 | bytes[5]);
	out->last_track = (uint16_t)(bytes[11] << 8 | bytes[6]);
	return true;
}

/* MMC-6 6.26.3 */
bool cdb_parse_track_info(const uint8_t *bytes, size_t len, struct cdb_track_info *out)
{
	*out = (struct cdb_track_info){0};
	if (len < 2)
		return false;
	len = smaller(len, 2u + be16(bytes));
	if (len < 28)
		return false;
	out->track = bytes[2];
	out->session = bytes[3];
	out->blank = bytes[6] & 0x40;
	out->packet = bytes[6] & 0x20;
	out->fixed_packet = bytes[6] & 0x10;
	out->has_next_writable = bytes[7] & 0x01;
	out->start = be32(bytes + 8);
	out->next_writable = be32(bytes + 12);
	out->packet_units = be32(bytes + 20);
	out->size = be32(bytes + 24);
	if (len >= 32) {
		out->has_last_recorded = bytes[7] & 0x02;
		out->last_recorded = be32(bytes + 28);
	}
	if (len >= 34) {
		out->track |= (uint16_t)(bytes[32] << 8);
		out->session |= (uint16_t)(bytes[33] << 8);
	}
	return true;
}

bool cdb_parse_dvd_physical(const uint8_t *bytes, size_t len, struct cdb_dvd_physical *out)
{
	*out = (struct cdb_dvd_physical){0};
	if (len < 2)
		return false;
	len = smaller(len, 2u + be16(bytes));
	if (len < 4 + 16)
		return false;
	const uint8_t *b = bytes + 4;
	out->book = b[0] >> 4;
	out->layers = (uint8_t)((b[2] >> 5 & 3) + 1);
	out->opposite_path = b[2] & 0x10;
	out->start_psn = be24(b + 5);
	out->end_psn = be24(b + 9);
	out->end_psn_layer0 = be24(b + 13);
	return true;
}

#define MODE_HEADER 8u /* SPC-3 7.4.3: mode parameter header(10) */

const uint8_t *cdb_parse_mode_page(const uint8_t *bytes, size_t len, uint8_t code, size_t *page_len)
{
	*page_len = 0;
	if (len < MODE_HEADER)
		return NULL;
	len = smaller(len, 2u + be16(bytes));
	for (size_t at = MODE_HEADER + be16(bytes + 6); at + 2 <= len;) {
		size_t size = 2u + bytes[at + 1];
		if (size > len - at)
			return NULL;
		if ((bytes[at] & 0x3f) == code) {
			*page_len = size;
			return bytes + at;
		}
		at += size;
	}
	return NULL;
}

/* MMC-6 6.8.3.4: header of 8 bytes, then 16 a speed, of which bytes 8 to 11 are that of reading. */
unsigned cdb_parse_speeds(const uint8_t *bytes, size_t len, uint32_t *kbps, unsigned max)
{
	unsigned count = 0;
	if (len < 8)
		return 0;
	uint64_t claimed = 4u + (uint64_t)be32(bytes); /* MMC-6 6.8.3.1: what follows the field itself */
	if (claimed < len)
		len = (size_t)claimed;
	for (size_t at = 8; at + 16 <= len && count < max; at += 16) {
		uint32_t speed = be32(bytes + at + 8);
		if (speed)
			kbps[count++] = speed;
	}
	return count;
}
