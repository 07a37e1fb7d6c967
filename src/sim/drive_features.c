/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GET CONFIGURATION, MMC-6 6.6 and clause 5: which profiles and features the
 * simulated drive has, and which of them apply to the disc in it. Features of
 * writing are left out: it cannot write.
 */
#include "sim/drive_answer.h"

#include <string.h>

#include "base/be.h"
#include "core/cdb.h"

#define HEADER 8u
#define FEATURES_MAX 512u

enum feature {
	FEATURE_PROFILES = 0x0000,
	FEATURE_CORE = 0x0001,
	FEATURE_MORPHING = 0x0002,
	FEATURE_REMOVABLE = 0x0003,
	FEATURE_RANDOM_READABLE = 0x0010,
	FEATURE_MULTI_READ = 0x001d,
	FEATURE_CD_READ = 0x001e,
	FEATURE_DVD_READ = 0x001f,
	FEATURE_BD_READ = 0x0040,
	FEATURE_POWER = 0x0100,
	FEATURE_TIMEOUT = 0x0105,
	FEATURE_STREAMING = 0x0107,
	FEATURE_SERIAL = 0x0108,
};

/* Byte 2 of a feature descriptor: version in bits 5..2, Persistent, Current. */
#define VERSION(n) (uint8_t)((n) << 2)
#define PERSISTENT 0x02u
#define CURRENT 0x01u

/* Requested type, byte 1 bits 1..0. */
enum requested { ASKED_ALL, ASKED_CURRENT, ASKED_ONE };

struct features {
	unsigned char bytes[FEATURES_MAX];
	size_t len;
	uint8_t asked;
	uint16_t start;
};

static void feature_add(struct features *f, uint16_t code, uint8_t flags, const void *data, size_t len)
{
	if (f->asked == ASKED_ONE ? code != f->start : code < f->start)
		return;
	if (f->asked == ASKED_CURRENT && !(flags & CURRENT))
		return;
	unsigned char *b = f->bytes + f->len;
	be16_put(b, code);
	b[2] = flags;
	b[3] = (uint8_t)len;
	if (len)
		memcpy(b + 4, data, len);
	f->len += 4 + len;
}

/* 5.3.1: what the drive reads, best first, the current one marked. */
static void add_profiles(struct features *f, const struct drive *drive)
{
	static const uint16_t profiles[] = {
		0x0043, 0x0042, 0x0041, 0x0040,                                 /* BD-RE, BD-R, BD-ROM */
		0x002b, 0x002a, 0x001b, 0x001a,                                 /* DVD+R, DVD+RW */
		0x0017, 0x0016, 0x0015, 0x0014, 0x0013, 0x0012, 0x0011, 0x0010, /* DVD-R .. DVD-ROM */
		0x000a, 0x0009, 0x0008,                                         /* CD */
	};
	uint64_t reads = drive->scenario.drive.reads;
	uint16_t last = reads == READS_BD ? 0xffff : reads == READS_DVD ? 0x003f : 0x000f;
	uint16_t current = answer_profile(drive);
	unsigned char data[4 * (sizeof profiles / sizeof *profiles)] = {0};
	size_t len = 0;
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		if (profiles[i] > last)
			continue;
		be16_put(data + len, profiles[i]);
		data[len + 2] = profiles[i] == current;
		len += 4;
	}
	feature_add(f, FEATURE_PROFILES, VERSION(0) | PERSISTENT | CURRENT, data, len);
}

/* Who it is, and what it does with and without a disc. */
static void add_persistent(struct features *f, const struct drive *drive)
{
	/* Physical interface standard: 7, Serial ATA, as half-height and bridged slim drives say alike; INQ2 = 0. */
	static const unsigned char core[8] = {0, 0, 0, 7};
	static const unsigned char morphing[4] = {0}; /* events by GET EVENT STATUS, polled */
	/* Tray (001b), Eject, Lock; Load only where the drive can pull its tray in: slim ones cannot. */
	unsigned char removable[4] = {0x20 | 0x08 | 0x01};
	if (drive->scenario.drive.load)
		removable[0] |= 0x10;
	feature_add(f, FEATURE_CORE, VERSION(2) | PERSISTENT | CURRENT, core, sizeof core);
	feature_add(f, FEATURE_MORPHING, VERSION(1) | PERSISTENT | CURRENT, morphing, sizeof morphing);
	feature_add(f, FEATURE_REMOVABLE, VERSION(2) | PERSISTENT | CURRENT, removable, sizeof removable);
}

static void add_reading(struct features *f, const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	bool disc = drive_knows_disc(drive);
	enum medium_family family = drive->layout.family;
	unsigned char readable[8] = {0};
	be32_put(readable, CDB_LOGICAL_BLOCK);
	be16_put(readable + 4, disc ? (uint16_t)drive->disc.ecc_block : 1);
	readable[6] = 1;                                     /* PP: there is a mode page 01h */
	unsigned char cd[4] = {p->c2 ? 0x02 : 0};            /* C2 pointers; no CD-Text, no DAP */
	static const unsigned char dvd[4] = {0x01, 0, 0x03}; /* MULTI110; DVD-RW and DVD-R DL */
	/* 5.3.23: classes of BD-RE (8-15), BD-R (16-23) and BD-ROM (24-31) that can be read: version 1 of each. */
	unsigned char bd[28] = {0};
	bd[5] = bd[13] = bd[21] = 0x02;

	feature_add(f, FEATURE_RANDOM_READABLE, VERSION(0) | (disc ? CURRENT : 0), readable, sizeof readable);
	feature_add(f, FEATURE_MULTI_READ, disc && family == FAMILY_CD ? CURRENT : 0, NULL, 0);
	if (p->read_cd)
		feature_add(f, FEATURE_CD_READ, VERSION(2) | (disc && family == FAMILY_CD ? CURRENT : 0), cd,
			    sizeof cd);
	if (p->reads >= READS_DVD)
		feature_add(f, FEATURE_DVD_READ, VERSION(1) | (disc && family == FAMILY_DVD ? CURRENT : 0),
			    dvd, sizeof dvd);
	if (p->reads >= READS_BD)
		feature_add(f, FEATURE_BD_READ, VERSION(0) | (disc && family == FAMILY_BD ? CURRENT : 0), bd,
			    sizeof bd);
}

static void add_rest(struct features *f, const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	static const unsigned char timeout[4] = {0}; /* Group3 = 0, Unit Length not given */
	/* RBCB, SCS, MP2A: READ BUFFER CAPACITY, SET CD SPEED and mode page 2Ah work; no write speeds. */
	static const unsigned char streaming[4] = {0x10 | 0x08 | 0x04};
	char serial[13];
	answer_serial(drive, serial);
	feature_add(f, FEATURE_POWER, VERSION(0) | PERSISTENT | CURRENT, NULL, 0);
	feature_add(f, FEATURE_TIMEOUT, VERSION(1) | PERSISTENT | CURRENT, timeout, sizeof timeout);
	if (p->read12)
		feature_add(f, FEATURE_STREAMING, VERSION(4) | (drive_knows_disc(drive) ? CURRENT : 0),
			    streaming, sizeof streaming);
	feature_add(f, FEATURE_SERIAL, VERSION(0) | PERSISTENT | CURRENT, serial, 12);
}

void answer_configuration(struct answering *a)
{
	struct features f = {.len = HEADER, .asked = a->cdb[1] & 0x03, .start = be16(a->cdb + 2)};
	if (f.asked > ASKED_ONE) {
		answer_bad_field(a->answer);
		return;
	}
	add_profiles(&f, a->drive);
	add_persistent(&f, a->drive);
	add_reading(&f, a->drive);
	add_rest(&f, a->drive);
	be32_put(f.bytes, (uint32_t)(f.len - 4));
	be16_put(f.bytes + 6, answer_profile(a->drive));
	answer_reply(a, f.bytes, f.len, be16(a->cdb + 7));
}
