/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * READ CD, MMC-6 6.19: sectors of data and of audio, field by field, with C2
 * pointers drawn from the damage. What the disc gives and what that costs is
 * drive_fetch's; sub-channels, mode 2 and the pregap before LBA 0 are refused.
 */
#include <string.h>

#include "base/be.h"
#include "base/num.h"
#include "sim/drive_answer.h"
#include "sim/drive_parts.h"
#include "sim/raw_sector.h"

/* Byte 9. */
#define FIELD_SYNC 0x80u
#define FIELD_SUBHEADER 0x40u
#define FIELD_HEADER 0x20u
#define FIELD_USER 0x10u
#define FIELD_PARITY 0x08u

enum sector_type { TYPE_ANY, TYPE_AUDIO, TYPE_MODE_1, TYPE_MODE_2, TYPE_FORM_1, TYPE_FORM_2 };

#define C2_BYTES (RAW_SECTOR / 8)
enum c2_wanted { C2_NONE, C2_POINTERS, C2_AND_BLOCK }; /* 0, 294 or 296 bytes */

/* CIRC works on frames of 24 bytes, 98 in a sector; a frame that C2 cannot correct is marked [D]. */
#define FRAME 24u
#define FRAMES (RAW_SECTOR / FRAME)
#define FRAMES_PER_X 60.0 /* so many more are marked as the obstruction grows by 1 [E] */
#define LISTED_X 1.5      /* what a sector that a list calls bad is taken for [E] */

struct reading {
	struct drive *drive;
	struct drive_answer *answer;
	unsigned char *data; /* NULL: nothing is to be moved */
	uint64_t start, count;
	uint8_t fields;
	enum sector_type type;
	enum c2_wanted c2;
};

/* ---- what is asked ---- */

/* Table 351: fields must lie side by side; of a mode 1 sector the subheader is empty. */
static bool fields_legal(uint8_t fields)
{
	bool sync = fields & FIELD_SYNC, header = fields & FIELD_HEADER;
	bool user = fields & FIELD_USER, parity = fields & FIELD_PARITY;
	if (parity && !user)
		return false;
	return !(sync && user && !header);
}

static size_t main_bytes(const struct reading *r, bool audio)
{
	uint8_t fields = r->fields;
	if (audio)
		return fields & FIELD_USER ? RAW_SECTOR : 0;
	return (fields & FIELD_SYNC ? RAW_SYNC : 0) + (fields & FIELD_HEADER ? RAW_HEADER : 0) +
	       (fields & FIELD_USER ? RAW_USER : 0) + (fields & FIELD_PARITY ? RAW_PARITY : 0);
}

static size_t sector_bytes(const struct reading *r, bool audio)
{
	static const size_t c2_bytes[] = {0, C2_BYTES, C2_BYTES + 2};
	return main_bytes(r, audio) + c2_bytes[r->c2];
}

static bool is_audio(const struct reading *r, uint64_t sector)
{
	uint64_t first;
	return layout_find(&r->drive->layout, sector, 1, &first) == LAYOUT_AUDIO;
}

/* The CDB, checked; false: answered already. */
static bool asked(struct reading *r, const struct respin_command *command)
{
	const uint8_t *cdb = command->cdb;
	const struct drive *drive = r->drive;
	unsigned c2 = cdb[9] >> 1 & 3;
	r->start = be32(cdb + 2);
	r->count = be24(cdb + 6);
	r->fields = cdb[9] & 0xf8;
	r->type = cdb[1] >> 2 & 7;
	r->c2 = c2 <= C2_AND_BLOCK ? c2 : C2_NONE;
	if (drive->layout.family != FAMILY_CD) { /* illegal mode for this track: there are no such sectors */
		answer_fail(r->answer, SENSE_ILLEGAL_REQUEST, 0x64, 0);
		return false;
	}
	if (r->type > TYPE_FORM_2 || c2 > C2_AND_BLOCK || (c2 && !drive->scenario.drive.c2) || cdb[10] & 7 ||
	    !fields_legal(r->fields)) {
		answer_bad_field(r->answer);
		return false;
	}
	if (r->start >= drive->disc.sectors || r->count > drive->disc.sectors - r->start) {
		answer_out_of_range(r->answer);
		return false;
	}
	size_t bytes = 0;
	for (uint64_t i = 0; i < r->count; i++) {
		bool audio = is_audio(r, r->start + i);
		bytes += sector_bytes(r, audio);
		if (r->type != TYPE_ANY && r->type != (audio ? TYPE_AUDIO : TYPE_MODE_1)) {
			answer_fail(r->answer, SENSE_ILLEGAL_REQUEST, 0x64, 0);
			return false;
		}
		if (bytes > command->data_len) {
			answer_bad_field(r->answer);
			return false;
		}
	}
	return true;
}

/* ---- what is delivered ---- */

/*
 * Marks bytes in as many frames as the obstruction spoils, around a place that
 * each read finds anew; half the bytes of such a frame are right by chance.
 */
static void c2_draw(const struct drive *drive, uint64_t sector, double over, uint8_t c2[C2_BYTES])
{
	uint64_t hash = drive_draw(drive, CHANCE_WRONG, sector, drive->counts.reads);
	double wanted = 1 + over * FRAMES_PER_X;
	unsigned frames = FRAMES;
	if (wanted < frames)
		frames = (unsigned)wanted;
	unsigned first = (unsigned)(hash % FRAMES);
	for (unsigned i = 0; i < frames; i++) {
		uint64_t bits = rng_mix(hash + i) | 1;
		for (unsigned b = 0; b < FRAME; b++)
			if (bits >> b & 1) {
				unsigned at = (first + i) % FRAMES * FRAME + b;
				c2[at / 8] |= (uint8_t)(0x80 >> at % 8);
			}
	}
}

/* What is marked is wrong: interpolated or read wrongly. */
static void spoil(uint8_t raw[RAW_SECTOR], const uint8_t c2[C2_BYTES])
{
	for (unsigned i = 0; i < RAW_SECTOR; i++)
		if (c2[i / 8] >> (7 - i % 8) & 1)
			raw[i] ^= (uint8_t)(rng_mix(i) | 1);
}

/* An audio sector: the disc's 2048 bytes, and 304 more that belong to them. */
static void audio_make(uint64_t sector, uint8_t raw[RAW_SECTOR])
{
	for (unsigned i = RAW_USER; i < RAW_SECTOR; i++)
		raw[i] = (uint8_t)(rng_mix(sector * RAW_SECTOR + i) >> 8);
}

/* Main channel, then error field: pointers alone, or the OR of all, a zero, and the pointers. */
static void fields_put(const struct reading *r, bool audio, const uint8_t raw[RAW_SECTOR],
		       const uint8_t c2[C2_BYTES], unsigned char *out)
{
	static const struct {
		uint8_t field;
		uint16_t at, len;
	} parts[] = {{FIELD_SYNC, 0, RAW_SYNC},
		     {FIELD_HEADER, RAW_SYNC, RAW_HEADER},
		     {FIELD_USER, RAW_SYNC + RAW_HEADER, RAW_USER},
		     {FIELD_PARITY, RAW_SECTOR - RAW_PARITY, RAW_PARITY}};
	if (audio && main_bytes(r, true))
		memcpy(out, raw, RAW_SECTOR);
	if (audio)
		out += main_bytes(r, true);
	for (size_t i = 0; i < sizeof parts / sizeof *parts && !audio; i++)
		if (r->fields & parts[i].field) {
			memcpy(out, raw + parts[i].at, parts[i].len);
			out += parts[i].len;
		}
	if (r->c2 == C2_AND_BLOCK) {
		uint8_t any = 0;
		for (unsigned i = 0; i < C2_BYTES; i++)
			any |= c2[i];
		*out++ = any;
		*out++ = 0;
	}
	if (r->c2)
		memcpy(out, c2, C2_BYTES);
}

/* One sector behind those that were moved. `wrong`: C2 gave up on it, and so did L-EC. */
static bool deliver(struct reading *r, uint64_t sector, bool audio, bool wrong)
{
	struct drive *drive = r->drive;
	uint8_t raw[RAW_SECTOR], c2[C2_BYTES] = {0}, user[RAW_USER];
	size_t bytes = sector_bytes(r, audio);
	double x = (double)disc_block(&drive->disc, sector / drive->disc.ecc_block).x;
	if (r->data) {
		if (!disc_read(&drive->disc, sector, 1, user)) {
			answer_fail(r->answer, SENSE_HARDWARE_ERROR, 0x44, 0);
			return false;
		}
		if (audio) {
			memcpy(raw, user, RAW_USER);
			audio_make(sector, raw);
		} else {
			raw_sector_mode1(raw, (uint32_t)sector, user);
		}
		/* Below the edge C2 may give up a frame or two that L-EC mends. */
		if (wrong || x > DRIVE_EFFORT_X)
			c2_draw(drive, sector, wrong ? (x > 1 ? x : LISTED_X) - 1 : 0, c2);
		if (wrong)
			spoil(raw, c2);
		fields_put(r, audio, raw, c2, r->data + r->answer->moved);
	}
	r->answer->moved += bytes;
	return true;
}

/* ---- the sectors ---- */

/* A run of anything but audio, until it ends or fails. */
static bool data_run(struct reading *r, uint64_t sector, uint64_t count)
{
	struct drive *drive = r->drive;
	struct drive_fetch fetch = {.start = sector, .count = count};
	drive_fetch(drive, &fetch, r->answer);
	bool failed = r->answer->host || (r->answer->sense.key && r->answer->sense.key != SENSE_RECOVERED);
	uint64_t good = !failed ? count : drive->scenario.drive.partial ? fetch.good : 0;
	/* With wrong bytes among them: those of the damaged blocks. */
	for (uint64_t i = 0; i < good; i++) {
		bool wrong = fetch.wrong && drive_block_hard(drive, sector + i, sector + i + 1) == sector + i;
		if (!deliver(r, sector + i, false, wrong))
			return false;
	}
	return !failed;
}

/* Audio goes on whatever happens, and says so in its C2 pointers: there is no L-EC, and no second try. */
static bool audio_sector(struct reading *r, uint64_t sector)
{
	struct drive_fetch fetch = {.start = sector, .count = 1, .audio = true};
	drive_fetch(r->drive, &fetch, r->answer);
	if (r->answer->host)
		return false;
	bool wrong = fetch.wrong || !fetch.good;
	r->answer->sense = (struct respin_sense){0};
	return deliver(r, sector, true, wrong);
}

void drive_read_cd(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer)
{
	struct reading r = {.drive = drive, .answer = answer, .data = data};
	if (!drive->scenario.drive.read_cd) {
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x20, 0);
		return;
	}
	drive->counts.reads++;
	if (!asked(&r, command))
		return;
	uint64_t end = r.start + r.count;
	for (uint64_t sector = r.start; sector < end;) {
		uint64_t next = sector + 1;
		if (is_audio(&r, sector)) {
			if (!audio_sector(&r, sector))
				return;
		} else {
			while (next < end && !is_audio(&r, next))
				next++;
			if (!data_run(&r, sector, next - sector))
				return;
		}
		sector = next;
	}
}
