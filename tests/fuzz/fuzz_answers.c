/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a drive may answer to everything but a read: the same bytes go through
 * every parser. Length fields lie, the input's end does not: the buffer is as
 * long as what arrived. Says nothing of what the answers are believed for.
 */
#include "fuzz.h"

#include "core/cdb.h"
#include "core/geometry.h"
#include "core/medium.h"

static void check_text(const char *text, size_t room)
{
	size_t len = strnlen(text, room);
	MUST(len < room && (len == 0 || text[len - 1] != ' '));
}

static void inquiry(const uint8_t *bytes, size_t len)
{
	struct cdb_inquiry out;
	bool ok = cdb_parse_inquiry(bytes, len, &out);
	MUST(ok == (len >= 5));
	check_text(out.vendor, sizeof out.vendor);
	check_text(out.product, sizeof out.product);
	check_text(out.revision, sizeof out.revision);
	MUST(out.type < 32 && out.qualifier < 8);
}

static void toc(const uint8_t *bytes, size_t len)
{
	struct cdb_toc out;
	bool ok = cdb_parse_toc(bytes, len, &out);
	MUST(out.count <= CDB_TOC_TRACKS && ok == (out.count > 0));
	MUST(4 + out.count * 8u <= len || !ok);
	for (unsigned i = 0; i < out.count; i++)
		MUST(out.tracks[i].control < 16);
}

/* What becomes of profile and blocking: never nought, never more than a request can hold. */
static void configuration(const uint8_t *bytes, size_t len)
{
	struct cdb_configuration out;
	if (!cdb_parse_configuration(bytes, len, &out))
		return;
	static const uint64_t sizes[] = {1, 333000, 2295104, 12219392, UINT32_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint32_t ecc = geometry_ecc_block(out.profile, out.blocking, sizes[i]);
		MUST(ecc >= 1 && ecc <= GEOMETRY_ECC_BLOCK_MAX);
		uint32_t most = 2048u + (uint32_t)len * 2048u;
		uint32_t units = geometry_request_units(ecc, 2048, most);
		MUST(units >= 1 && units * 2048u <= most);
		MUST(units % ecc == 0 || ecc % units == 0);
		MUST(medium_guess(out.profile, sizes[i]));
	}
	MUST(*geometry_name(out.profile));
}

static void modes(const uint8_t *bytes, size_t len)
{
	for (unsigned code = 0; code < 64; code++) {
		size_t size;
		const uint8_t *page = cdb_parse_mode_page(bytes, len, (uint8_t)code, &size);
		if (!page) {
			MUST(size == 0);
			continue;
		}
		MUST(page >= bytes + 8 && size >= 2 && size <= (size_t)(bytes + len - page));
		MUST((page[0] & 0x3f) == code);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cdb_capacity capacity;
	struct cdb_disc_info disc;
	struct cdb_track_info track;
	struct cdb_dvd_physical physical;
	inquiry(data, size);
	MUST(cdb_parse_capacity(data, size, &capacity) == (size >= 8));
	toc(data, size);
	configuration(data, size);
	MUST(!cdb_parse_disc_info(data, size, &disc) || (disc.status < 4 && size >= 12));
	uint32_t kbps[16];
	unsigned speeds = cdb_parse_speeds(data, size, kbps, 16);
	MUST(speeds <= 16 && (!speeds || 8 + speeds * 16 <= size));
	MUST(!cdb_parse_track_info(data, size, &track) || size >= 28);
	MUST(!cdb_parse_dvd_physical(data, size, &physical) ||
	     (size >= 20 && physical.layers >= 1 && physical.layers <= 4 && physical.book < 16));
	modes(data, size);
	return 0;
}
