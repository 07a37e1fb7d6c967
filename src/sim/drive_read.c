/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * READ(10), READ(12) and VERIFY(10): is the request allowed, which bytes arrive,
 * and the lies of drives that tell some. Time and luck stand in drive_fetch.c.
 */
#include <string.h>

#include "base/be.h"
#include "base/num.h"
#include "core/cdb.h"
#include "core/map.h"
#include "sim/cache.h"
#include "sim/drive_parts.h"

#define FUA 0x08u       /* byte 1, SPC-3 and MMC-6 6.14 */
#define STREAMING 0x80u /* READ(12) byte 10, MMC-6 6.15 */

enum lie { LIE_NONE, LIE_STALE, LIE_ZERO, LIE_NEIGHBOUR, LIE_SHORT };

/* One draw for all four, so that their shares add up. */
static enum lie lie_drawn(struct drive *drive, const struct drive_fetch *fetch)
{
	const struct drive_params *p = &drive->scenario.drive;
	double sum = p->lie_stale + p->lie_zero + p->lie_neighbour + p->lie_short;
	if (!(sum > 0) || (p->lie_where == LIE_HARD && !fetch->effort))
		return LIE_NONE;
	double u = num_uniform(drive_draw(drive, CHANCE_LIE, fetch->start, drive->counts.reads));
	if ((u -= p->lie_stale) < 0)
		return LIE_STALE;
	if ((u -= p->lie_zero) < 0)
		return LIE_ZERO;
	if ((u -= p->lie_neighbour) < 0)
		return LIE_NEIGHBOUR;
	return u < p->lie_short ? LIE_SHORT : LIE_NONE;
}

/* The sectors beside: those behind, at the end of the disc those before. */
static uint64_t neighbour(const struct drive *drive, uint64_t start, uint64_t count)
{
	if (start + 1 + count <= drive->disc.sectors)
		return start + 1;
	return start ? start - 1 : 0;
}

/* Not the disc's bytes, yet the same at every look: of a stream that nobody corrected. */
static void scramble(const struct drive *drive, uint64_t start, unsigned char *data, size_t len)
{
	struct rng rng = {drive_draw(drive, CHANCE_WRONG, start, 0)};
	for (size_t at = rng_below(&rng, 64); at < len; at += 1 + rng_below(&rng, 256))
		data[at] ^= (unsigned char)(1 + rng_below(&rng, 255));
}

/*
 * Books about what the host was given, for who judges a rescue. Of the disc
 * that was asked for: whatever comes from another one is wrong.
 */
static void delivered(struct drive *drive, uint64_t start, uint64_t count, bool right)
{
	right = right && !drive->discs;
	if (!count || (right && !drive->wrong))
		return;
	if (!drive->wrong)
		drive->wrong = map_create(drive->disc.sectors, RESPIN_FINISHED);
	uint64_t total = drive->wrong ? map_total(drive->wrong) : 0; /* another disc may be longer */
	if (start < total)
		(void)map_set(drive->wrong,
			      (struct respin_range){start, count < total - start ? count : total - start},
			      right ? RESPIN_FINISHED : RESPIN_BAD);
}

/* Without payload: what would have come, as far as two readings have to be told apart. */
static uint64_t fingerprint(struct drive *drive, uint64_t start, uint64_t count, enum lie lie, bool wrong)
{
	uint64_t print = rng_mix(rng_mix(drive->scenario.seed + 1) ^ rng_mix(start + 1) ^ count << 1 ^ wrong);
	if (lie == LIE_ZERO)
		print = count;
	if (lie == LIE_STALE)
		print = drive->stale_print;
	drive->stale_print = print;
	return print;
}

/* GOOD. What does not arrive is not written either: the poison behind it must stay. */
static void read_good(struct drive *drive, const struct drive_fetch *fetch, unsigned char *data,
		      struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t start = fetch->start, count = fetch->count;
	bool clean = !answer->sense.key;
	if (p->short_one_in && clean && rng_below(&drive->rng, p->short_one_in) == 0)
		count = rng_below(&drive->rng, count);
	enum lie lie = clean ? lie_drawn(drive, fetch) : LIE_NONE;
	if (lie == LIE_SHORT && count) /* short= may have left nothing */
		count = drive_draw(drive, CHANCE_LIE, start, drive->counts.reads + 1) % count;
	if (lie == LIE_NEIGHBOUR)
		start = neighbour(drive, start, count);
	if (lie != LIE_NONE || fetch->wrong || count < fetch->count)
		drive->counts.lies++;
	delivered(drive, fetch->start, count, (lie == LIE_NONE || lie == LIE_SHORT) && !fetch->wrong);
	delivered(drive, fetch->start + count, fetch->count - count, false);
	answer->moved = count * DISC_SECTOR;
	if (!data) {
		answer->fingerprint = fingerprint(drive, start, count, lie, fetch->wrong);
		return;
	}
	if (lie == LIE_ZERO) {
		memset(data, 0, answer->moved);
	} else if (lie == LIE_STALE && drive->stale) {
		memcpy(data, drive->stale, answer->moved);
	} else if (!disc_read(&drive->disc, start, count, data)) {
		answer->moved = 0;
		answer_fail(answer, SENSE_HARDWARE_ERROR, 0x44, 0);
	} else if (fetch->wrong) {
		scramble(drive, start, data, answer->moved);
	}
}

static void read_failed(struct drive *drive, const struct drive_fetch *fetch, unsigned char *data,
			struct drive_answer *answer)
{
	if (!drive->scenario.drive.partial || !fetch->good)
		return;
	if (!data || disc_read(&drive->disc, fetch->start, fetch->good, data))
		answer->moved = fetch->good * DISC_SECTOR;
	delivered(drive, fetch->start, fetch->good, true);
}

/* Fields that this drive or any other refuses. False: it has been answered. */
static bool read_allowed(struct drive *drive, const struct respin_command *command,
			 const struct drive_fetch *fetch, struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	bool verify = command->cdb[0] == DRIVE_OP_VERIFY_10;
	if (command->cdb[0] == CDB_READ_12 && !p->read12)
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x20, 0);
	else if ((fetch->fua && p->fua == FUA_REFUSED) || (fetch->streaming && p->stream == STREAM_REFUSED))
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
	else if (fetch->start >= drive->disc.sectors || fetch->count > drive->disc.sectors - fetch->start)
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x21, 0);
	else if (!verify && fetch->count * DISC_SECTOR > command->data_len)
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
	return !answer->sense.key;
}

void drive_read(struct drive *drive, const struct respin_command *command, unsigned char *data,
		struct drive_answer *answer)
{
	const uint8_t *cdb = command->cdb;
	bool twelve = cdb[0] == CDB_READ_12;
	struct drive_fetch fetch = {
		.start = be32(cdb + 2),
		.count = twelve ? be32(cdb + 6) : be16(cdb + 7),
		.fua = cdb[1] & FUA,
		.streaming = twelve && (cdb[10] & STREAMING),
	};
	drive->counts.reads++;
	if (!read_allowed(drive, command, &fetch, answer))
		return;
	if (!fetch.count) {
		/* Nothing, but past the buffer: programs empty it so. */
		if (fetch.fua && drive->scenario.drive.fua == FUA_HONOURED)
			cache_forget(&drive->cache);
		return;
	}
	drive_fetch(drive, &fetch, answer);
	if (answer->host != RESPIN_HOST_OK || cdb[0] == DRIVE_OP_VERIFY_10)
		return;
	if (answer->sense.key && answer->sense.key != SENSE_RECOVERED)
		read_failed(drive, &fetch, data, answer);
	else
		read_good(drive, &fetch, data, answer);
}
