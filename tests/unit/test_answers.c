/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the simulated drive says of itself and of its mode, byte by byte against
 * SPC-3 and MMC-6, and through the parsers that the rescue uses. Tables of
 * discs stand in test_answers_disc.c, READ CD in test_answers_cd.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "asking.h"
#include "base/be.h"
#include "core/cdb.h"
#include "garbage.h"

#define TWO_SESSIONS "disc=cd-74&sessions=0-9999,21400-30000&audio=25000-30000&runout=2"

static struct asking a;

/* Every command that the simulated drive has. */
static const uint8_t known[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2b,
				0x2f, 0x35, 0x3c, 0x43, 0x46, 0x4a, 0x51, 0x52, 0x55,
				0x5a, 0x5c, 0xa8, 0xac, 0xad, 0xb6, 0xbb, 0xbd, 0xbe};

static void inquiry(void **state)
{
	(void)state;
	static const char *const rows[][4] = {
		{"size=100", "RESPIN", "SIMULATED DRIVE", "0.1"},
		{"disc=bd-25&drive=slim-usb-bd", "HL-DT-ST", "BD-RE  BU40N", "1.00"},
		{"disc=dvd-5&drive=hh-sata-dvd", "HL-DT-ST", "DVDRAM GH24", "LG00"},
		{"disc=cd-74&drive=old-cdrom", "MATSHITA", "CD-ROM CR-594", "0S13"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cdb_inquiry parsed;
		asking_open_raw(&a, rows[i][0]); /* it answers while it loads, and takes no attention away */
		assert_int_equal(ASK(&a, 255, 0x12, 0, 0, 0, 255, 0), 0);
		assert_int_equal(a.arrived, 96);
		assert_int_equal(a.bytes[4], 96 - 5);
		assert_int_equal(a.bytes[2], 5); /* SPC-3 */
		assert_int_equal(a.bytes[3], 2);
		assert_true(cdb_parse_inquiry(a.bytes, a.arrived, &parsed));
		assert_int_equal(parsed.type, CDB_DEVICE_TYPE_MMC);
		assert_int_equal(parsed.qualifier, 0);
		assert_true(parsed.removable);
		assert_string_equal(parsed.vendor, rows[i][1]);
		assert_string_equal(parsed.product, rows[i][2]);
		assert_string_equal(parsed.revision, rows[i][3]);
		assert_int_equal(ASK(&a, 36, 0x12, 0, 0, 0, 36, 0), 0);
		assert_int_equal(a.bytes[4], 96 - 5); /* the length is of all, not of what fits */
		assert_int_equal(ASK(&a, 96, 0x12, 0, 0x80, 0, 96, 0), BAD_FIELD);
		assert_int_equal(ASK(&a, 96, 0x12, 0x02, 0, 0, 96, 0), BAD_FIELD);
		asking_close(&a);
	}
	asking_open(&a, "size=9&type=0");
	assert_int_equal(ASK(&a, 96, 0x12, 0, 0, 0, 96, 0), 0);
	assert_int_equal(a.bytes[0], 0);
	asking_close(&a);
}

static void vital_product_data(void **state)
{
	(void)state;
	uint8_t serial[12];
	asking_open(&a, "size=100");
	assert_int_equal(ASK(&a, 255, 0x12, 1, 0x00, 0, 255, 0), 0);
	assert_int_equal(a.arrived, 4 + 3);
	assert_memory_equal(a.bytes, "\x05\x00\x00\x03\x00\x80\x83", 7);
	assert_int_equal(ASK(&a, 255, 0x12, 1, 0x80, 0, 255, 0), 0);
	assert_int_equal(a.arrived, 4 + 12);
	assert_memory_equal(a.bytes, "\x05\x80\x00\x0c", 4);
	memcpy(serial, a.bytes + 4, sizeof serial);
	for (size_t i = 0; i < sizeof serial; i++)
		assert_in_range(serial[i], 0x21, 0x7e);
	assert_int_equal(ASK(&a, 255, 0x12, 1, 0x83, 0, 255, 0), 0);
	assert_int_equal(be16(a.bytes + 2), a.arrived - 4);
	assert_int_equal(a.bytes[4], 2); /* ASCII */
	assert_int_equal(a.bytes[5], 1); /* of the logical unit, by T10 vendor identification */
	assert_int_equal(a.bytes[7], a.arrived - 8);
	assert_memory_equal(a.bytes + 8, "RESPIN  SIMULATED DRIVE ", 24);
	assert_memory_equal(a.bytes + 32, serial, sizeof serial);
	assert_int_equal(ASK(&a, 255, 0x12, 1, 0xb0, 0, 255, 0), BAD_FIELD);
	asking_close(&a);
}

static void request_sense(void **state)
{
	(void)state;
	asking_open_raw(&a, "size=100&ready_ms=5000");
	assert_int_equal(ASK(&a, 252, 0x03, 0, 0, 0, 252, 0), 0);
	assert_int_equal(a.arrived, 18);
	assert_int_equal(a.bytes[0], 0x70);
	assert_int_equal(a.bytes[7], 10);
	assert_int_equal(a.bytes[2] << 16 | a.bytes[12] << 8 | a.bytes[13],
			 0x62900); /* the attention, taken */
	assert_int_equal(ASK(&a, 18, 0x03, 0, 0, 0, 18, 0), 0);
	assert_int_equal(a.bytes[2] << 16 | a.bytes[12] << 8 | a.bytes[13], 0x20401);
	assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), 0x20401);
	assert_int_equal(ASK(&a, 18, 0x03, 1, 0, 0, 18, 0), 0);
	assert_int_equal(a.arrived, 8);
	assert_memory_equal(a.bytes, "\x72\x02\x04\x01\0\0\0\0", 8);
	asking_wait_s(&a, 6);
	assert_int_equal(ASK(&a, 18, 0x03, 0, 0, 0, 18, 0), 0);
	assert_int_equal(a.bytes[2], 0);
	asking_close(&a);

	static const struct {
		const char *keys;
		uint32_t sense;
	} rows[] = {{"size=9&medium=none", 0x23a01}, {"size=9&medium=open", 0x23a02}};
	for (size_t i = 0; i < 2; i++) {
		asking_open_raw(&a, rows[i].keys);
		asking_wait_s(&a, 1);
		assert_int_equal(TELL(&a, 0, 0, 0, 0, 0, 0, 0), rows[i].sense);
		assert_int_equal(ASK(&a, 18, 0x03, 0, 0, 0, 18, 0), 0);
		assert_int_equal(a.bytes[2] << 16 | a.bytes[12] << 8 | a.bytes[13], rows[i].sense);
		asking_close(&a);
	}
}

/* Every descriptor once, in rising order, of legal length; returns the feature or NULL. */
static const uint8_t *feature_find(unsigned code, unsigned *count)
{
	const uint8_t *found = NULL;
	int before = -1;
	size_t len = 4u + be32(a.bytes);
	assert_int_equal(len, a.arrived);
	*count = 0;
	for (size_t at = 8; at < len; at += 4u + a.bytes[at + 3]) {
		assert_true(at + 4u + a.bytes[at + 3] <= len);
		assert_int_equal(a.bytes[at + 3] % 4, 0);
		assert_true(be16(a.bytes + at) > before);
		before = be16(a.bytes + at);
		++*count;
		if (be16(a.bytes + at) == code)
			found = a.bytes + at;
	}
	return found;
}

static const uint8_t *feature(unsigned code)
{
	unsigned count;
	assert_int_equal(ASK(&a, 1024, 0x46, 0, 0, 0, 0, 0, 0, B2(1024), 0), 0);
	return feature_find(code, &count);
}

/* Profile, blocking, and which of the reading features are there and current. */
static void configuration(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		uint16_t profile, blocking;
		bool can_load;
		int cd, dvd, bd; /* -1: not there; 0: not current; 1: current */
	} rows[] = {
		{"size=100", 0x0010, 16, false, 0, 1, 0},
		{"size=100&profile=0x001b", 0x001b, 16, false, 0, 1, 0},
		{"disc=cd-74&drive=old-cdrom", 0x0008, 1, true, 1, -1, -1},
		{"disc=cd-80&profile=9&drive=hh-sata-dvd", 0x0009, 1, true, 1, 0, -1},
		{"disc=dvd-9&drive=hh-sata-dvd", 0x0010, 16, true, 0, 1, -1},
		{"disc=bd-50&drive=slim-usb-bd", 0x0040, 32, false, 0, 0, 1},
		{"disc=bd-25&profile=0x43&drive=slim-usb-bd", 0x0043, 32, false, 0, 0, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cdb_configuration parsed;
		asking_open(&a, rows[i].keys);
		assert_int_equal(ASK(&a, 256, 0x46, 0, 0, 0, 0, 0, 0, B2(256), 0), 0);
		assert_true(cdb_parse_configuration(a.bytes, a.arrived, &parsed));
		assert_int_equal(parsed.profile, rows[i].profile);
		assert_int_equal(parsed.blocking, rows[i].blocking);
		assert_int_equal(parsed.can_load, rows[i].can_load);
		const int wanted[] = {rows[i].cd, rows[i].dvd, rows[i].bd};
		const unsigned codes[] = {0x1e, 0x1f, 0x40};
		for (unsigned n = 0; n < 3; n++) {
			const uint8_t *f = feature(codes[n]);
			assert_int_equal(f ? f[2] & 1 : -1, wanted[n]);
		}
		/* The current profile is the one that is marked in the list. */
		const uint8_t *list = feature(0);
		unsigned marked = 0;
		for (unsigned n = 0; n < list[3]; n += 4)
			if (list[4 + n + 2] & 1) {
				assert_int_equal(be16(list + 4 + n), rows[i].profile);
				marked++;
			}
		assert_int_equal(marked, 1);
		asking_close(&a);
	}
}

static void features(void **state)
{
	(void)state;
	unsigned count;
	asking_open(&a, "disc=bd-25&drive=slim-usb-bd");
	static const uint16_t all[] = {0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x001d, 0x001e,
				       0x001f, 0x0040, 0x0100, 0x0105, 0x0107, 0x0108};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_non_null(feature(all[i]));
		/* Requested type 2: that one alone. */
		assert_int_equal(ASK(&a, 256, 0x46, 2, B2(all[i]), 0, 0, 0, B2(256), 0), 0);
		assert_non_null(feature_find(all[i], &count));
		assert_int_equal(count, 1);
	}
	assert_int_equal(feature(1)[2], 0x0b);
	assert_int_equal(feature(1)[3], 8);
	assert_int_equal(feature(2)[2], 0x07);
	assert_int_equal(be32(feature(0x10) + 4), 2048);
	assert_int_equal(feature(0x10)[10], 1);   /* PP */
	assert_int_equal(feature(0x1e)[4], 0x02); /* C2 */
	assert_int_equal(feature(0x40)[3], 28);
	assert_int_equal(feature(0x107)[4], 0x1c);
	assert_int_equal(feature(0x108)[3], 12);
	/* Type 1: current ones; type 0 with a start: from there on. */
	assert_int_equal(ASK(&a, 256, 0x46, 1, 0, 0, 0, 0, 0, B2(256), 0), 0);
	assert_null(feature_find(0x1e, &count));
	assert_non_null(feature_find(0x40, &count));
	assert_int_equal(ASK(&a, 256, 0x46, 0, 0, 0x20, 0, 0, 0, B2(256), 0), 0); /* so asks Linux */
	assert_null(feature_find(0x1f, &count));
	assert_non_null(feature_find(0x40, &count));
	assert_int_equal(ASK(&a, 16, 0x46, 2, 0, 0x28, 0, 0, 0, B2(16), 0), 0); /* MRW: there is none */
	assert_int_equal(a.arrived, 8);
	assert_int_equal(be32(a.bytes), 4);
	assert_int_equal(ASK(&a, 256, 0x46, 3, 0, 0, 0, 0, 0, B2(256), 0), BAD_FIELD);
	asking_close(&a);
	asking_open_raw(&a, "size=9&medium=none");
	assert_int_equal(ASK(&a, 8, 0x46, 0, 0, 0, 0, 0, 0, B2(8), 0), 0);
	assert_int_equal(be16(a.bytes + 6), 0); /* no disc: no profile */
	assert_int_equal(feature(0x10)[2] & 1, 0);
	asking_close(&a);
}

static uint32_t events(uint8_t classes)
{
	return ASK(&a, 8, 0x4a, 1, 0, 0, classes, 0, 0, B2(8), 0);
}

static void event_status(void **state)
{
	(void)state;
	asking_open_raw(&a, "size=100");
	assert_int_equal(events(0x10), 0);
	assert_memory_equal(a.bytes, "\x00\x06\x04\x5e\x02\x02\x00\x00", 8); /* new medium; there is one */
	assert_int_equal(events(0x10), 0);
	assert_memory_equal(a.bytes, "\x00\x06\x04\x5e\x00\x02\x00\x00", 8);
	assert_int_equal(events(0x7e), 0);
	assert_int_equal(a.bytes[2], 1); /* nothing happened: the lowest class that was asked for */
	assert_int_equal(events(0x04), 0);
	assert_memory_equal(a.bytes, "\x00\x06\x02\x5e\x00\x01\x00\x00", 8); /* active */
	assert_int_equal(events(0x40), 0);
	assert_memory_equal(a.bytes, "\x00\x06\x06\x5e\x00\x00\x00\x00", 8); /* not busy */
	assert_int_equal(events(0x20), 0);
	assert_int_equal(a.arrived, 4);
	assert_memory_equal(a.bytes, "\x00\x02\x80\x5e", 4); /* no such class */
	assert_int_equal(ASK(&a, 8, 0x4a, 0, 0, 0, 0x10, 0, 0, B2(8), 0), BAD_FIELD);
	/* Out it goes: gone, and the tray is open. */
	assert_int_equal(TELL(&a, 0, 0x1b, 0, 0, 0, 2, 0), 0);
	assert_int_equal(events(0x10), 0);
	assert_memory_equal(a.bytes, "\x00\x06\x04\x5e\x03\x01\x00\x00", 8);
	asking_close(&a);
}

static void mechanism(void **state)
{
	(void)state;
	asking_open(&a, "size=100&buffer_kb=512");
	assert_int_equal(ASK(&a, 64, 0xbd, 0, 0, 0, 0, 0, 0, 0, B2(64), 0, 0), 0);
	assert_int_equal(a.arrived, 8);
	assert_int_equal(a.bytes[1], 0);
	assert_int_equal(be16(a.bytes + 6), 0);
	assert_int_equal(ASK(&a, 12, 0x5c, 0, 0, 0, 0, 0, 0, B2(12), 0), 0);
	assert_memory_equal(a.bytes, "\x00\x0a\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00", 12);
	assert_int_equal(ASK(&a, 12, 0x5c, 1, 0, 0, 0, 0, 0, B2(12), 0), 0);
	assert_memory_equal(a.bytes, "\x00\x0a\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00", 12);
	assert_int_equal(ASK(&a, 4, 0x3c, 3, 0, 0, 0, 0, 0, 0, 4, 0), 0);
	assert_memory_equal(a.bytes, "\x00\x08\x00\x00", 4);
	assert_int_equal(ASK(&a, 512, 0x3c, 2, 0, 0, 0, 0, B3(512), 0), 0);
	assert_int_equal(a.arrived, 512);
	assert_int_equal(ASK(&a, 512, 0x3c, 2, 0, B3((512u << 10) + 1), B3(512), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 512, 0x3c, 0x0a, 0, 0, 0, 0, B3(512), 0), BAD_FIELD);
	assert_int_equal(TELL(&a, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0); /* nothing to write */
	assert_int_equal(TELL(&a, 0, 0x2b, 0, B4(50), 0, 0, 0, 0), 0);
	assert_int_equal(TELL(&a, 0, 0x2b, 0, B4(100), 0, 0, 0, 0), OUT_OF_RANGE);
	assert_int_equal(TELL(&a, 0, 0x2f, 0, B4(90), 0, B2(10), 0), 0);
	assert_int_equal(TELL(&a, 0, 0x2f, 0, B4(91), 0, B2(10), 0), OUT_OF_RANGE);
	/* Locked: the page says so, and the tray stays. */
	assert_int_equal(TELL(&a, 0, 0x1e, 0, 0, 0, 1, 0), 0);
	assert_int_equal(TELL(&a, 0, 0x1b, 0, 0, 0, 2, 0), 0x55302);
	assert_int_equal(TELL(&a, 0, 0x1e, 0, 0, 0, 0, 0), 0);
	assert_int_equal(TELL(&a, 0, 0x1b, 0, 0, 0, 2, 0), 0);
	assert_int_equal(ASK(&a, 8, 0xbd, 0, 0, 0, 0, 0, 0, 0, B2(8), 0, 0), 0);
	assert_int_equal(a.bytes[1], 0x10); /* door open */
	asking_close(&a);
}

/* What is no command, or not this drive's. */
static void unknown_commands(void **state)
{
	(void)state;
	asking_open(&a, "size=100");
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		uint8_t cdb[16] = {(uint8_t)opcode};
		if (memchr(known, (int)opcode, sizeof known))
			continue;
		assert_int_equal(asking_send(&a, cdb, sizeof cdb, false, 0), BAD_OPCODE);
		assert_int_equal(asking_send(&a, cdb, sizeof cdb, true, 64), BAD_OPCODE);
		assert_int_equal(a.arrived, 0);
	}
	asking_close(&a);
	asking_open(&a, "disc=cd-74&drive=old-cdrom&read_cd=0");
	static const uint8_t lacks[] = {0xa8, 0xac, 0xad, 0xb6, 0xbe};
	for (size_t i = 0; i < sizeof lacks; i++) {
		uint8_t cdb[12] = {lacks[i]};
		assert_int_equal(asking_send(&a, cdb, sizeof cdb, true, 64), BAD_OPCODE);
	}
	asking_close(&a);
}

static const uint8_t *mode(uint8_t control, uint8_t page, size_t *len)
{
	struct respin_command command;
	cdb_mode_sense_10(&command, control, page, 512);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, 512), 0);
	assert_int_equal(be16(a.bytes), a.arrived - 2);
	assert_int_equal(be16(a.bytes + 6), 0);
	return cdb_parse_mode_page(a.bytes, a.arrived, page, len);
}

static void mode_sense(void **state)
{
	(void)state;
	static const uint8_t pages[] = {0x01, 0x0d, 0x0e, 0x1a, 0x1d, 0x2a}, lens[] = {12, 8, 16, 12, 10, 32};
	size_t len, at = 8;
	uint8_t single[6][32], six[256];
	asking_open(&a, "disc=bd-25&drive=slim-usb-bd");
	for (size_t i = 0; i < sizeof pages; i++) {
		const uint8_t *page = mode(0, pages[i], &len);
		assert_non_null(page);
		assert_int_equal(len, lens[i]);
		memcpy(single[i], page, len);
		page = mode(1, pages[i], &len); /* changeable: of page 01h alone */
		for (size_t n = 2; n < len && pages[i] != 0x01; n++)
			assert_int_equal(page[n], 0);
	}
	assert_int_equal(ASK(&a, 512, 0x5a, 8, 0x3f, 0, 0, 0, 0, B2(512), 0), 0);
	for (size_t i = 0; i < sizeof pages; at += lens[i++])
		assert_memory_equal(a.bytes + at, single[i], lens[i]);
	assert_int_equal(at, a.arrived);
	memcpy(six, a.bytes + 8, at - 8);
	assert_int_equal(ASK(&a, 255, 0x1a, 8, 0x3f, 0xff, 255, 0), 0);
	assert_int_equal(a.arrived, at - 4);
	assert_int_equal(a.bytes[0], a.arrived - 1);
	assert_memory_equal(a.bytes + 4, six, at - 8);
	assert_int_equal(ASK(&a, 255, 0x5a, 8, 0xc1, 0, 0, 0, 0, B2(255), 0), 0x53900); /* saved */
	assert_int_equal(ASK(&a, 255, 0x5a, 8, 0x05, 0, 0, 0, 0, B2(255), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 255, 0x5a, 8, 0x01, 1, 0, 0, 0, B2(255), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 255, 0x5a, 8, 0x3f, 1, 0, 0, 0, B2(255), 0), BAD_FIELD);

	const uint8_t *page = single[5];
	assert_int_equal(page[2], 0x3b);
	assert_true(page[5] & 0x10);                    /* C2 pointers: bit 4 */
	assert_int_equal(page[6], 0x29);                /* tray, eject, lock; not locked */
	assert_int_equal(be16(page + 8), 26974);        /* 6x; drives say 26976 */
	assert_int_equal(be16(page + 12), 4064);        /* KiB */
	assert_in_range(be16(page + 14), 11000, 11400); /* at the hub: 2.48x of 6x CAV */
	assert_int_equal(TELL(&a, 0, 0x1e, 0, 0, 0, 1, 0), 0);
	assert_int_equal(mode(0, 0x2a, &len)[6], 0x2b);
	assert_int_equal(single[0][3], 5);
	asking_close(&a);
	asking_open(&a, "disc=cd-74&drive=old-cdrom");
	assert_int_equal(mode(0, 0x2a, &len)[2], 0x03);
	assert_false(mode(0, 0x2a, &len)[5] & 0x10);
	asking_close(&a);
}

/* MODE SELECT(10) with page 01h: header, page, `len` bytes of both. */
static uint32_t select_01(uint8_t flags, uint8_t recovery, uint8_t retries, uint8_t len)
{
	const uint8_t list[20] = {[8] = 0x01, [9] = 0x0a, [10] = recovery, [11] = retries};
	memcpy(a.bytes, list, sizeof list);
	return TELL(&a, len, 0x55, flags, 0, 0, 0, 0, 0, B2(len), 0);
}

static void mode_select(void **state)
{
	(void)state;
	size_t len;
	asking_open(&a, "size=100");
	assert_int_equal(mode(1, 0x01, &len)[3], 0xff);
	assert_int_equal(mode(1, 0x01, &len)[2], 0x34); /* TB, RC, PER */
	assert_int_equal(select_01(0x10, 0, 17, 20), 0);
	assert_int_equal(a.reply.residual, 0);
	assert_int_equal(mode(0, 0x01, &len)[3], 17);
	assert_int_equal(mode(2, 0x01, &len)[3], 5);
	assert_int_equal(select_01(0x10, 0x04, 0, 20), 0);
	assert_memory_equal(mode(0, 0x01, &len), "\x01\x0a\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12);
	assert_int_equal(select_01(0x10, 0x01, 3, 20), BAD_PARAMETER); /* DCR cannot be set */
	assert_int_equal(select_01(0x11, 0, 3, 20), BAD_FIELD);        /* nor anything saved */
	assert_int_equal(select_01(0x00, 0, 3, 20), BAD_FIELD);        /* PF = 0 */
	assert_int_equal(select_01(0x10, 0, 3, 19), BAD_LENGTH);
	assert_int_equal(select_01(0x10, 0, 3, 9), BAD_LENGTH);
	assert_int_equal(select_01(0x10, 0, 3, 4), BAD_LENGTH);
	assert_int_equal(select_01(0x10, 0, 3, 8), 0); /* no page: nothing to do */
	assert_int_equal(mode(0, 0x01, &len)[3], 0);
	assert_int_equal(TELL(&a, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 0, 0), 0);
	/* All pages as they are: taken; one bit of a fixed one: not. */
	for (unsigned bit = 0; bit < 2; bit++) {
		(void)mode(0, 0x3f, &len);
		uint8_t n = (uint8_t)a.arrived;
		memset(a.bytes, 0, 8);
		a.bytes[n - 1] ^= (uint8_t)bit;
		assert_int_equal(TELL(&a, n, 0x55, 0x10, 0, 0, 0, 0, 0, 0, n, 0), bit ? BAD_PARAMETER : 0);
	}
	asking_close(&a);
	asking_open(&a, "disc=cd-74&drive=old-cdrom");
	assert_int_equal(mode(1, 0x01, &len)[3], 0);
	assert_int_equal(select_01(0x10, 0, 3, 20), BAD_PARAMETER);
	assert_int_equal(select_01(0x10, 0, 5, 20), 0); /* as it was */
	asking_close(&a);
}

/*
 * Whatever the allocation length, the answer is the beginning of the full one,
 * the residual says how much of it, and nothing is written behind.
 */
static void allocation_lengths(void **state)
{
	(void)state;
	static const struct {
		uint8_t cdb[12], cdb_len, at, size; /* where the allocation length stands */
	} rows[] = {
		{{0x12}, 6, 3, 2},           {{0x12, 1, 0x83}, 6, 3, 2},
		{{0x03}, 6, 4, 1},           {{0x43}, 10, 7, 2},
		{{0x43, 2, 2}, 10, 7, 2},    {{0x43, 0, 1}, 10, 7, 2},
		{{0x46}, 10, 7, 2},          {{0x4a, 1, 0, 0, 0x10}, 10, 7, 2},
		{{0x51}, 10, 7, 2},          {{0x52, 1, 0, 0, 0, 1}, 10, 7, 2},
		{{0x5a, 8, 0x3f}, 10, 7, 2}, {{0x1a, 8, 0x3f}, 6, 4, 1},
		{{0x5c}, 10, 7, 2},          {{0xbd}, 12, 8, 2},
		{{0x3c, 3}, 10, 6, 3},
	};
	static uint8_t full[1024];
	asking_open(&a, "disc=cd-74&drive=hh-sata-dvd&sessions=0-999,8000-8999");
	assert_int_equal(events(0x10), 0); /* the event of the start */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t cdb[12];
		memcpy(cdb, rows[i].cdb, sizeof cdb);
		memset(cdb + rows[i].at, 0, rows[i].size);
		cdb[rows[i].at + rows[i].size - 1] = 0xff;
		if (rows[i].size > 1)
			cdb[rows[i].at + rows[i].size - 2] = 0x03;
		assert_int_equal(asking_send(&a, cdb, rows[i].cdb_len, true, sizeof full), 0);
		uint32_t whole = a.arrived;
		assert_in_range(whole, 4, 255 + 768);
		memcpy(full, a.bytes, whole);
		for (uint32_t n = 0; n < whole + 3 && n < 256; n++) {
			memset(cdb + rows[i].at, 0, rows[i].size);
			cdb[rows[i].at + rows[i].size - 1] = (uint8_t)n;
			assert_int_equal(asking_send(&a, cdb, rows[i].cdb_len, true, sizeof full), 0);
			assert_int_equal(a.arrived, n < whole ? n : whole);
			assert_memory_equal(a.bytes, full, a.arrived);
			for (uint32_t k = a.arrived; k < sizeof full; k++)
				assert_int_equal(a.bytes[k], ASKING_FILL);
			/* The host's buffer may be the smaller one. */
			assert_int_equal(asking_send(&a, cdb, rows[i].cdb_len, true, n / 2), 0);
			assert_int_equal(a.arrived, n / 2 < whole ? n / 2 : whole);
			assert_int_equal(a.bytes[n / 2], ASKING_FILL);
		}
	}
	asking_close(&a);
}

/* Random CDBs, random lists: no answer beyond its buffer, and never neither data nor a reason. */
static void garbage(void **state)
{
	(void)state;
	static const char *const discs[] = {"size=1000", TWO_SESSIONS,
					    "disc=dvd-9&drive=hh-sata-dvd&stream=honest",
					    "disc=bd-100&drive=slim-usb-bd&bridge_p=0", "size=9&medium=none"};
	struct rng rng = garbage_rng();
	for (size_t d = 0; d < sizeof discs / sizeof *discs; d++) {
		asking_open_raw(&a, discs[d]);
		for (int i = 0; i < GARBAGE_ROUNDS / 4; i++) {
			uint8_t cdb[16];
			for (size_t n = 0; n < sizeof cdb; n++)
				cdb[n] = rng_below(&rng, 3) ? 0 : (uint8_t)rng_next(&rng);
			cdb[0] = rng_below(&rng, 8) ? known[rng_below(&rng, sizeof known)] : cdb[0];
			uint32_t len = (uint32_t)rng_below(&rng, rng_below(&rng, 4) ? 300 : 60000);
			bool in = rng_below(&rng, 3) > 0;
			for (size_t n = 0; !in && n < 64; n++)
				a.bytes[n] = rng_below(&rng, 2) ? 0 : (uint8_t)rng_next(&rng);
			(void)asking_send(&a, cdb, sizeof cdb, in, len);
			for (uint32_t n = a.arrived; in && n < a.arrived + 64; n++)
				assert_int_equal(a.bytes[n], ASKING_FILL);
		}
		asking_close(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inquiry),
		cmocka_unit_test(vital_product_data),
		cmocka_unit_test(request_sense),
		cmocka_unit_test(configuration),
		cmocka_unit_test(features),
		cmocka_unit_test(event_status),
		cmocka_unit_test(mechanism),
		cmocka_unit_test(unknown_commands),
		cmocka_unit_test(mode_sense),
		cmocka_unit_test(mode_select),
		cmocka_unit_test(allocation_lengths),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
