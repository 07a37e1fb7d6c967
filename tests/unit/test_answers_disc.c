/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the simulated drive says of the disc: capacity, TOC, tracks, sessions,
 * structures, speeds; and what READ makes of places that are no data. Layouts
 * are held against arrays that a slow loop fills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "base/be.h"
#include "core/cdb.h"
#include "garbage.h"
#include "sim/layout.h"

static struct asking a;

static void capacity(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		uint32_t last, block;
	} rows[] = {
		{"size=1000", 999, 2048},
		{"size=1000&last=1999", 1999, 2048}, /* lies, both ways */
		{"size=1000&last=10", 10, 2048},
		{"size=1000&last=0", 0, 2048}, /* never finalised */
		{"size=1000&block_bytes=2352", 999, 2352},
		{"disc=cd-74", 332999, 2048},
		{"disc=cd-74&sessions=0-9999,21400-30000", 30000, 2048}, /* the end of the last session */
		{"disc=bd-50", 2 * 12219392 - 1, 2048},
		{"disc=bd-25&profile=0x41&r0_shift=0.62&size=11826176", 11826175, 2048}, /* spare areas */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cdb_capacity parsed;
		struct respin_command command;
		asking_open(&a, rows[i].keys);
		cdb_read_capacity(&command);
		assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, 8), 0);
		assert_true(cdb_parse_capacity(a.bytes, a.arrived, &parsed));
		assert_int_equal(parsed.last_lba, rows[i].last);
		assert_int_equal(parsed.block_bytes, rows[i].block);
		asking_close(&a);
	}
}

static void toc_get(struct cdb_toc *toc, uint8_t track)
{
	assert_int_equal(ASK(&a, 804, 0x43, 0, 0, 0, 0, 0, track, B2(804), 0), 0);
	assert_int_equal(be16(a.bytes), a.arrived - 2);
	assert_true(cdb_parse_toc(a.bytes, a.arrived, toc));
}

static void toc_plain(void **state)
{
	(void)state;
	struct cdb_toc toc;
	asking_open(&a, "size=4500"); /* as it always was: 20 bytes, one track */
	toc_get(&toc, 0);
	static const uint8_t wanted[20] = {0, 18, 1, 1,    0,    0x14, 1, 0, 0,    0,
					   0, 0,  0, 0x14, 0xaa, 0,    0, 0, 0x11, 0x94};
	assert_int_equal(a.arrived, sizeof wanted);
	assert_memory_equal(a.bytes, wanted, sizeof wanted);
	/* As minutes, seconds, frames: 00:02:00, and 01:02:00 at the end. */
	assert_int_equal(ASK(&a, 804, 0x43, 2, 0, 0, 0, 0, 0, B2(804), 0), 0);
	assert_memory_equal(a.bytes + 8, "\0\0\2\0", 4);
	assert_memory_equal(a.bytes + 16, "\0\1\2\0", 4);
	toc_get(&toc, CDB_TRACK_LEAD_OUT);
	assert_int_equal(toc.count, 1);
	assert_int_equal(toc.tracks[0].lba, 4500);
	assert_int_equal(ASK(&a, 804, 0x43, 0, 0, 0, 0, 0, 2, B2(804), 0), BAD_FIELD); /* no track 2 */
	for (uint8_t format = 2; format < 16; format++) /* a DVD has no lead-in with points in it */
		assert_int_equal(ASK(&a, 804, 0x43, 0, format, 0, 0, 0, 0, B2(804), 0), BAD_FIELD);
	asking_close(&a);
	asking_open(&a, "size=2000000"); /* further than three bytes can count */
	assert_int_equal(ASK(&a, 804, 0x43, 2, 0, 0, 0, 0, 0, B2(804), 0), 0);
	assert_memory_equal(a.bytes + 16, "\0\xff\x3b\x4a", 4);
	asking_close(&a);
	asking_open(&a, "size=1000&last=0"); /* no complete session: no table */
	assert_int_equal(ASK(&a, 804, 0x43, 0, 0, 0, 0, 0, 0, B2(804), 0), BAD_FIELD);
	asking_close(&a);
}

/* Two sessions on a CD-R; the second holds audio behind its data. */
#define TWO_SESSIONS "disc=cd-74&profile=9&sessions=0-9999,21400-30000&audio=25000-30000&runout=2"

static void toc_sessions(void **state)
{
	(void)state;
	struct cdb_toc toc;
	asking_open(&a, TWO_SESSIONS);
	toc_get(&toc, 0);
	assert_int_equal(toc.count, 4);
	static const struct cdb_toc_track wanted[] = {
		{1, 4, 0}, {2, 4, 21400}, {3, 0, 25000}, {CDB_TRACK_LEAD_OUT, 0, 30001}};
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(toc.tracks[i].number, wanted[i].number);
		assert_int_equal(toc.tracks[i].control, wanted[i].control);
		assert_int_equal(toc.tracks[i].lba, wanted[i].lba);
	}
	assert_int_equal(toc.first, 1);
	assert_int_equal(toc.last, 3);
	toc_get(&toc, 3);
	assert_int_equal(toc.count, 2);
	assert_int_equal(toc.tracks[0].number, 3);
	/* Format 1, asked for as MMC has it and as Linux does: in the control byte. */
	static const uint8_t session[12] = {0, 10, 1, 2, 0, 0x14, 2, 0, 0, 0, 0x53, 0x98};
	assert_int_equal(ASK(&a, 12, 0x43, 0, 1, 0, 0, 0, 0, B2(12), 0), 0);
	assert_memory_equal(a.bytes, session, sizeof session);
	assert_int_equal(ASK(&a, 12, 0x43, 0, 0, 0, 0, 0, 0, B2(12), 0x40), 0);
	assert_memory_equal(a.bytes, session, sizeof session);
	/* Format 2: three points and the tracks of each session. */
	static const uint8_t points[][7] = {
		{1, 0x14, 0xa0, 1, 0, 0},  {1, 0x14, 0xa1, 1, 0, 0}, {1, 0x14, 0xa2, 2, 15, 25},
		{1, 0x14, 1, 0, 2, 0},     {2, 0x14, 0xa0, 2, 0, 0}, {2, 0x10, 0xa1, 3, 0, 0},
		{2, 0x10, 0xa2, 6, 42, 1}, {2, 0x14, 2, 4, 47, 25},  {2, 0x10, 3, 5, 35, 25},
	};
	assert_int_equal(ASK(&a, 804, 0x43, 2, 2, 0, 0, 0, 0, B2(804), 0), 0);
	assert_int_equal(a.arrived, 4 + 11 * 9);
	assert_int_equal(be16(a.bytes), a.arrived - 2);
	assert_memory_equal(a.bytes + 2, "\1\2", 2);
	for (unsigned i = 0; i < 9; i++) {
		const uint8_t *b = a.bytes + 4 + 11 * i;
		const uint8_t got[7] = {b[0], b[1], b[3], b[8], b[9], b[10], 0};
		assert_memory_equal(got, points[i], 6);
	}
	assert_int_equal(ASK(&a, 804, 0x43, 2, 2, 0, 0, 0, 2, B2(804), 0), 0); /* from session 2 on */
	assert_int_equal(a.arrived, 4 + 11 * 5);
	assert_int_equal(ASK(&a, 804, 0x43, 2, 2, 0, 0, 0, 3, B2(804), 0), BAD_FIELD);
	/* Format 5: there is no CD-Text. */
	assert_int_equal(ASK(&a, 804, 0x43, 0, 5, 0, 0, 0, 0, B2(804), 0), 0);
	assert_int_equal(a.arrived, 4);
	assert_memory_equal(a.bytes, "\0\2\0\0", 4);
	asking_close(&a);
}

static uint32_t read_10(uint32_t lba, uint16_t count)
{
	struct respin_command command;
	cdb_read_10(&command, lba, count, false);
	return asking_send(&a, command.cdb, command.cdb_len, true, command.data_len);
}

static void places_that_are_no_data(void **state)
{
	(void)state;
	asking_open(&a, TWO_SESSIONS "&blank=5000-5099&fail_ms=3000");
	assert_int_equal(read_10(0, 32), 0);
	assert_int_equal(read_10(4999, 1), 0);
	assert_int_equal(read_10(4990, 20), 0x80000); /* a hole that was never recorded */
	assert_int_equal(a.sense.info_lba, 5000);
	assert_int_equal(read_10(5100, 1), 0);
	assert_int_equal(read_10(9997, 1), 0);
	assert_int_equal(read_10(9990, 16), 0x31105); /* run-out: the last two of a data track */
	assert_int_equal(a.sense.info_lba, 9998);
	assert_true(a.reply.elapsed_ns >= 3000000000u);
	assert_int_equal(read_10(10000, 1), 0x30200); /* between the sessions */
	assert_true(a.reply.elapsed_ns >= 3000000000u);
	assert_int_equal(read_10(21399, 2), 0x30200);
	assert_int_equal(read_10(21400, 16), 0);
	assert_int_equal(read_10(24990, 16), 0x31105);
	assert_int_equal(read_10(25000, 1), ILLEGAL_MODE); /* audio: refused, at once */
	assert_true(a.reply.elapsed_ns < 1000000u);
	assert_int_equal(read_10(30000, 1), ILLEGAL_MODE);
	assert_int_equal(read_10(30001, 1), 0x30200); /* the disc goes on behind its last session */
	assert_int_equal(read_10(333000, 1), OUT_OF_RANGE);
	asking_close(&a);
	asking_open(&a, "disc=dvd-5&profile=0x1b&blank=703040-2295103"); /* redumper #127 */
	assert_int_equal(read_10(703039, 1), 0);
	assert_int_equal(read_10(703024, 32), ILLEGAL_MODE);
	asking_close(&a);
	asking_open(&a, "disc=bd-25&profile=0x43&blank=1000-1031");
	assert_int_equal(read_10(1000, 1), 0x80000);
	asking_close(&a);
}

static void track_get(uint8_t type, uint32_t number, struct cdb_track_info *info)
{
	struct respin_command command;
	cdb_read_track_info(&command, type, number, 64);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, 64), 0);
	assert_int_equal(a.arrived, 36);
	assert_true(cdb_parse_track_info(a.bytes, a.arrived, info));
}

static void disc_info_get(struct cdb_disc_info *info)
{
	struct respin_command command;
	cdb_read_disc_info(&command, 64);
	assert_int_equal(asking_send(&a, command.cdb, command.cdb_len, true, 64), 0);
	assert_int_equal(a.arrived, 34);
	assert_true(cdb_parse_disc_info(a.bytes, a.arrived, info));
}

/* Five borders: the TOC shows two tracks, READ TRACK INFORMATION knows all. */
static void dvd_r_borders(void **state)
{
	(void)state;
	static const uint32_t starts[] = {0, 40000, 60000, 80000, 100000};
	struct cdb_toc toc;
	struct cdb_track_info track;
	struct cdb_disc_info disc;
	asking_open(&a, "disc=dvd-5&profile=0x11&drive=hh-sata-dvd&size=120000&"
			"sessions=0-19999,40000-49999,60000-69999,80000-89999,100000-119999");
	toc_get(&toc, 0);
	assert_int_equal(toc.count, 3);
	assert_int_equal(toc.tracks[0].lba, 0);
	assert_int_equal(toc.tracks[1].lba, 100000);
	assert_int_equal(toc.tracks[2].lba, 120000);
	assert_int_equal(ASK(&a, 12, 0x43, 0, 1, 0, 0, 0, 0, B2(12), 0), 0);
	assert_memory_equal(a.bytes + 2, "\1\2", 2);
	assert_int_equal(be32(a.bytes + 8), 100000);
	for (uint32_t i = 0; i < 5; i++) {
		track_get(1, i + 1, &track);
		assert_int_equal(track.start, starts[i]);
		assert_int_equal(track.session, i + 1);
		assert_int_equal(track.size, i == 0 || i == 4 ? 20000 : 10000);
		assert_true(track.has_last_recorded && !track.has_next_writable && !track.blank);
		assert_int_equal(track.last_recorded, track.start + track.size - 1);
		track_get(0, starts[i] + 5, &track); /* by LBA */
		assert_int_equal(track.track, i + 1);
		track_get(2, i + 1, &track); /* by session */
		assert_int_equal(track.start, starts[i]);
	}
	disc_info_get(&disc);
	assert_int_equal(disc.sessions, 5);
	assert_int_equal(disc.last_track, 5);
	assert_int_equal(disc.status, 2);
	assert_int_equal(ASK(&a, 64, 0x52, 1, B4(6), 0, B2(64), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 64, 0x52, 1, B4(0), 0, B2(64), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 64, 0x52, 1, B4(0xff), 0, B2(64), 0), BAD_FIELD); /* nothing is open */
	assert_int_equal(ASK(&a, 64, 0x52, 2, B4(6), 0, B2(64), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 64, 0x52, 3, B4(1), 0, B2(64), 0), BAD_FIELD);
	assert_int_equal(ASK(&a, 64, 0x52, 0, B4(30000), 0, B2(64), 0), BAD_FIELD); /* between borders */
	assert_int_equal(ASK(&a, 64, 0x51, 1, B4(0), 0, B2(64), 0), BAD_FIELD);
	asking_close(&a);
	asking_open(&a, "disc=dvd-5&profile=0x1b&size=120000&sessions=0-19999,40000-49999,60000-119999");
	toc_get(&toc, 0);
	assert_int_equal(toc.count, 4); /* DVD+R shows all of them */
	asking_close(&a);
}

static void open_discs(void **state)
{
	(void)state;
	struct cdb_track_info track;
	struct cdb_disc_info disc;
	/* A camcorder's: no session was ever completed, the rest is blank. */
	asking_open(&a, "disc=dvd-5&profile=0x11&size=100000&last=0&blank=60000-99999");
	disc_info_get(&disc);
	assert_int_equal(disc.status, 1);
	assert_int_equal(disc.last_session_status, 1);
	assert_false(disc.erasable);
	track_get(1, 0xff, &track);
	assert_int_equal(track.track, 1);
	assert_true(track.has_next_writable && track.has_last_recorded);
	assert_int_equal(track.next_writable, 60000);
	assert_int_equal(track.last_recorded, 59999);
	assert_int_equal(track.size, 100000);
	assert_int_equal(be32(a.bytes + 16), 40000); /* free blocks */
	asking_close(&a);
	/* Rewritable discs are complete, holes or not. */
	asking_open(&a, "disc=bd-25&profile=0x43&size=100000&blank=60000-99999");
	disc_info_get(&disc);
	assert_int_equal(disc.status, 2);
	assert_true(disc.erasable);
	track_get(1, 1, &track);
	assert_true(!track.has_next_writable && track.has_last_recorded);
	asking_close(&a);
	/* A CD-R whose third session waits, all blank; a closed CD track does not tell its end. */
	asking_open(&a, "disc=cd-74&profile=9&sessions=0-999,12400-12999,20000-29999&blank=20000-332999");
	disc_info_get(&disc);
	assert_int_equal(disc.status, 1);
	assert_int_equal(disc.sessions, 3);
	track_get(1, 3, &track);
	assert_true(track.blank && track.has_next_writable && !track.has_last_recorded);
	assert_int_equal(track.next_writable, 20000);
	track_get(1, 2, &track);
	assert_true(!track.blank && !track.has_next_writable && !track.has_last_recorded);
	asking_close(&a);
	asking_open(&a, "disc=cd-74&profile=0xa&size=100000&stretch=1.22");
	track_get(0, 0, &track);
	assert_true(track.packet && track.fixed_packet);
	assert_int_equal(track.packet_units, 32);
	asking_close(&a);
}

static uint32_t structure(uint8_t kind, uint8_t layer, uint8_t format, uint16_t len)
{
	struct respin_command command;
	cdb_read_disc_structure(&command, kind, layer, format, len);
	return asking_send(&a, command.cdb, command.cdb_len, true, len);
}

static void dvd_structures(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		uint8_t layer, layers, book, layer_type, density;
		bool opposite;
		uint32_t end, end_0;
	} rows[] = {
		{"disc=dvd-5", 0, 1, 0x01, 1, 0, false, 0x30000 + 2295104 - 1, 0},
		{"disc=dvd-5&profile=0x1b", 0, 1, 0xa1, 2, 0, false, 0x30000 + 2295104 - 1, 0},
		{"disc=dvd-5&profile=0x14", 0, 1, 0x32, 4, 0, false, 0x30000 + 2295104 - 1, 0},
		{"disc=dvd-9", 0, 2, 0x01, 1, 0x10, true, 0xfcffff, 0x30000 + 2086912 - 1},
		{"disc=dvd-9", 1, 2, 0x01, 1, 0x10, true, 0xfcffff, 0x30000 + 2086912 - 1},
		{"disc=dvd-9-ptp", 1, 2, 0x01, 1, 0x10, false, 0x30000 + 2086912 - 1, 0},
		{"size=5000", 0, 1, 0x01, 1, 0, false, 0x30000 + 5000 - 1, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cdb_dvd_physical parsed;
		asking_open(&a, rows[i].keys);
		assert_int_equal(structure(0, rows[i].layer, 0, 4096), 0);
		assert_int_equal(a.arrived, 4 + 2048);
		assert_int_equal(be16(a.bytes), 2050);
		assert_true(cdb_parse_dvd_physical(a.bytes, a.arrived, &parsed));
		assert_int_equal(parsed.layers, rows[i].layers);
		assert_int_equal(parsed.opposite_path, rows[i].opposite);
		assert_int_equal(parsed.start_psn, 0x30000);
		assert_int_equal(parsed.end_psn, rows[i].end);
		assert_int_equal(parsed.end_psn_layer0, rows[i].end_0);
		assert_int_equal(a.bytes[4], rows[i].book);
		assert_int_equal(a.bytes[5], 0x02);
		assert_int_equal(a.bytes[6] & 0x0f, rows[i].layer_type);
		assert_int_equal(a.bytes[7], rows[i].density);
		assert_int_equal(structure(0, rows[i].layers, 0, 4096), BAD_FIELD); /* no such layer */
		assert_int_equal(structure(1, 0, 0, 4096), WRONG_FORMAT);
		assert_int_equal(structure(0, 0, 4, 4096), BAD_FIELD);
		assert_int_equal(structure(2, 0, 0, 4096), BAD_FIELD);
		asking_close(&a);
	}
	asking_open(&a, "disc=cd-74");
	assert_int_equal(structure(0, 0, 0, 4096), WRONG_FORMAT);
	asking_close(&a);
	asking_open(&a, "disc=dvd-9&size=4000000"); /* layers filled evenly, in ECC blocks */
	assert_int_equal(structure(0, 0, 0, 2052), 0);
	uint32_t first = be24(a.bytes + 17) + 1 - 0x30000,
		 second = be24(a.bytes + 13) + 1 - (~be24(a.bytes + 17) & 0xffffff);
	assert_int_equal(first % 16, 0);
	assert_int_equal(first + second, 4000000);
	asking_close(&a);
}

static void bd_structures(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *type;
		unsigned layers, unit;
		uint32_t zone; /* sectors of a layer, spare areas included */
	} rows[] = {
		{"disc=bd-25", "BDO", 1, 64, 12219392},
		{"disc=bd-50", "BDO", 2, 64, 12219392},
		{"disc=bd-100", "BDO", 3, 64, 16292864},
		{"disc=bd-25&profile=0x41&r0_shift=0.62&size=11826176", "BDR", 1, 112, 12219392},
		{"disc=bd-50&profile=0x43&size=23652352", "BDW", 2, 112, 12219392},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		asking_open(&a, rows[i].keys);
		assert_int_equal(structure(1, 0, 0, 8192), 0);
		assert_int_equal(a.arrived, 4 + 4096);
		assert_int_equal(be16(a.bytes), 4098);
		uint64_t sectors = 0;
		for (unsigned n = 0; n < rows[i].layers; n++) {
			const uint8_t *u = a.bytes + 4 + n * rows[i].unit;
			assert_memory_equal(u, "DI\1", 3);
			assert_int_equal(u[3], rows[i].layers << 3 | n);
			assert_memory_equal(u + 8, rows[i].type, 3);
			assert_int_equal(u[12] >> 4, rows[i].layers);
			/* Aaru and redumper count a layer so: from the first to the last address unit. */
			assert_int_equal(be32(u + 28) + 2 - be32(u + 24), rows[i].zone);
			sectors += be32(u + 28) + 2 - be32(u + 24);
			if (n == 0)
				assert_int_equal(be32(u + 24), 0x100000);
			if (n == 1)
				assert_int_equal(be32(u + 28), 0x1effffe); /* the mirrored beginning */
			assert_int_equal(be32(u + 20) - 1,
					 be32(a.bytes + 4 + (rows[i].layers - 1) * rows[i].unit + 28));
		}
		assert_int_equal(sectors, (uint64_t)rows[i].zone * rows[i].layers);
		assert_memory_equal(a.bytes + 4 + rows[i].layers * rows[i].unit, "\0\0", 2);
		assert_int_equal(structure(0, 0, 0, 4096), WRONG_FORMAT);
		assert_int_equal(structure(1, 0, 0xff, 4096), 0); /* the list: 00h and itself */
		assert_int_equal(a.arrived, 12);
		assert_memory_equal(a.bytes, "\x00\x0a\x00\x00\x00\x40\x10\x02\xff\x40\x00\x0a", 12);
		asking_close(&a);
	}
}

/* GET PERFORMANCE type 0, tolerance 10b: whole descriptors that hang together. */
static unsigned performance(uint32_t from, uint32_t last, uint16_t max)
{
	assert_int_equal(ASK(&a, 8 + 16 * 64, 0xac, 0x10, B4(from), 0, 0, B2(max), 0, 0), 0);
	unsigned count = (be32(a.bytes) - 4) / 16;
	assert_int_equal(be32(a.bytes), 4 + 16 * count);
	assert_int_equal(a.arrived, 8 + 16 * (count < max ? count : max));
	for (unsigned i = 0; i < count && i < max; i++) {
		const uint8_t *d = a.bytes + 8 + 16 * i;
		assert_int_equal(be32(d), i ? be32(d - 8) + 1 : from);
		assert_true(be32(d + 8) >= be32(d));
		assert_true(be32(d + 4) > 0 && be32(d + 12) > 0);
		if (i + 1 == count)
			assert_int_equal(be32(d + 8), last);
	}
	return count;
}

static void performances(void **state)
{
	(void)state;
	asking_open(&a, "disc=bd-25&drive=slim-usb-bd&drawn=0");
	uint32_t last = 12219391;
	assert_int_equal(performance(0, last, 64), 1); /* CAV: one line is near enough */
	assert_in_range(be32(a.bytes + 12), 11000, 11400);
	assert_in_range(be32(a.bytes + 20), 26900, 27000);
	assert_int_equal(performance(0, last, 0), 1); /* how many are there? */
	assert_int_equal(performance(6000000, last, 64), 1);
	uint32_t middle = be32(a.bytes + 12);
	assert_in_range(middle, 19000, 21000);
	/* SET CD SPEED halves it; FFFFh takes it back. */
	assert_int_equal(TELL(&a, 0, 0xbb, 0, B2(8992), 0, 0, 0, 0, 0, 0, 0, 0), 0);
	(void)performance(0, last, 64);
	assert_in_range(be32(a.bytes + 20), 8950, 9000);
	assert_int_equal(TELL(&a, 0, 0xbb, 0, B2(0xffff), 0, 0, 0, 0, 0, 0, 0, 0), 0);
	(void)performance(0, last, 64);
	assert_in_range(be32(a.bytes + 20), 26900, 27000);
	/* SET STREAMING: 18000 kB in 1000 ms is 4x; RDD the default. */
	static const struct {
		uint8_t flags, len;
		uint32_t kb, ms, answer, speed;
	} streams[] = {{0, 28, 18000, 1000, 0, 17982},
		       {0x04, 28, 0, 0, 0, 26974},
		       {0, 28, 18000, 0, BAD_PARAMETER, 26974},
		       {0, 27, 18000, 1000, BAD_LENGTH, 26974}};
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		memset(a.bytes, 0, 28);
		a.bytes[0] = streams[i].flags;
		memcpy(a.bytes + 8, (const uint8_t[]){B4(last), B4(streams[i].kb), B4(streams[i].ms)}, 12);
		assert_int_equal(TELL(&a, 28, 0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 0, streams[i].len, 0),
				 streams[i].answer);
		(void)performance(0, last, 64);
		assert_in_range(be32(a.bytes + 20), streams[i].speed - 30, streams[i].speed + 30);
	}
	/* Type 3: a descriptor for each speed, the fastest first. */
	assert_int_equal(ASK(&a, 256, 0xac, 0, B4(0), 0, 0, B2(8), 3, 0), 0);
	assert_int_equal(a.arrived, 8 + 16 * 3);
	static const uint32_t speeds[] = {26974, 17982, 8991};
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(be32(a.bytes + 8 + 16 * i + 4), last);
		assert_in_range(be32(a.bytes + 8 + 16 * i + 8), speeds[i] - 1, speeds[i] + 1);
	}
	assert_int_equal(ASK(&a, 64, 0xac, 0x11, B4(0), 0, 0, B2(1), 0, 0), 0); /* no exceptions */
	assert_int_equal(a.arrived, 8);
	assert_int_equal(ASK(&a, 64, 0xac, 0x00, B4(0), 0, 0, B2(1), 0, 0), BAD_FIELD); /* tolerance */
	assert_int_equal(ASK(&a, 64, 0xac, 0x14, B4(0), 0, 0, B2(1), 0, 0), BAD_FIELD); /* writing */
	assert_int_equal(ASK(&a, 64, 0xac, 0x10, B4(0), 0, 0, B2(1), 1, 0), BAD_FIELD);
	asking_close(&a);
	asking_open(&a, "disc=dvd-9&drive=hh-sata-dvd&drawn=0"); /* P-CAV on two layers, out and back */
	unsigned count = performance(0, 2 * 2086912 - 1, 64);
	assert_in_range(count, 4, 12);
	uint32_t top = 8 * 1385;
	assert_in_range(be32(a.bytes + 8 + 4), top / 2, top * 7 / 10); /* 12x rpm at 24 mm */
	assert_in_range(be32(a.bytes + 8 + 16 * (count / 2) + 4), top - 30, top + 30);
	assert_in_range(be32(a.bytes + 8 + 16 * (count - 1) + 12), top / 2, top * 7 / 10);
	asking_close(&a);
}

/* A disc as an array of what each sector is, filled the slow way. */
static void fill(uint8_t *kinds, uint64_t size, const struct disc_params *p)
{
	uint64_t found;
	for (uint64_t s = 0; s < size; s++) {
		bool in = !p->sessions.count || ranges_find(&p->sessions, s, s, &found);
		bool audio = ranges_find(&p->audio, s, s, &found);
		kinds[s] = !in ? LAYOUT_GAP : audio ? LAYOUT_AUDIO : LAYOUT_DATA;
	}
	for (uint64_t s = 0; s < size; s++) /* the end of each data track */
		if (kinds[s] == LAYOUT_DATA)
			for (uint64_t n = 1; n <= p->runout; n++)
				if (s + n >= size ||
				    (kinds[s + n] != LAYOUT_DATA && kinds[s + n] != LAYOUT_RUNOUT)) {
					kinds[s] = LAYOUT_RUNOUT | 0x80;
					break;
				}
	for (uint64_t s = 0; s < size; s++) {
		kinds[s] &= 0x7f;
		if (ranges_find(&p->blank, s, s, &found))
			kinds[s] = LAYOUT_BLANK;
	}
}

static void list_random(struct rng *rng, struct ranges *list, uint64_t size, unsigned most)
{
	for (uint64_t i = rng_below(rng, most + 1); i > 0; i--) {
		char text[64];
		uint64_t first = rng_below(rng, size), last = first + rng_below(rng, size / 6);
		(void)snprintf(text, sizeof text, "%llu-%llu", (unsigned long long)first,
			       (unsigned long long)last);
		assert_true(ranges_parse(list, text));
	}
}

static void layouts(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	struct layout *layout = malloc(sizeof *layout);
	assert_non_null(layout);
	for (int round = 0; round < 1000; round++) {
		uint64_t size = 30 + rng_below(&rng, 200), first = 0;
		uint8_t kinds[256];
		struct disc_params p = {.profile = 9, .last = UINT64_MAX, .runout = rng_below(&rng, 4)};
		list_random(&rng, &p.sessions, size, 4);
		list_random(&rng, &p.audio, size, 3);
		list_random(&rng, &p.blank, size, 2);
		fill(kinds, size, &p);
		layout_init(layout, &p, size);
		for (uint64_t s = 0; s < size; s++) {
			assert_int_equal(layout_find(layout, s, 1, &first), kinds[s]);
			uint64_t count = 1 + rng_below(&rng, size - s), at = s;
			while (at < s + count && kinds[at] == LAYOUT_DATA)
				at++;
			enum layout_kind kind = layout_find(layout, s, count, &first);
			assert_int_equal(kind, at < s + count ? kinds[at] : LAYOUT_DATA);
			if (kind != LAYOUT_DATA)
				assert_int_equal(first, at);
			const struct layout_track *track = layout_track_at(layout, s);
			assert_int_equal(track != NULL,
					 !p.sessions.count || ranges_find(&p.sessions, s, s, &first));
		}
		for (unsigned i = 0; i < layout->track_count; i++)
			assert_int_equal(layout->tracks[i].number, i + 1);
		ranges_finish(&p.sessions);
		ranges_finish(&p.audio);
		ranges_finish(&p.blank);
	}
	free(layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capacity),       cmocka_unit_test(toc_plain),
		cmocka_unit_test(toc_sessions),   cmocka_unit_test(places_that_are_no_data),
		cmocka_unit_test(dvd_r_borders),  cmocka_unit_test(open_discs),
		cmocka_unit_test(dvd_structures), cmocka_unit_test(bd_structures),
		cmocka_unit_test(performances),   cmocka_unit_test(layouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
