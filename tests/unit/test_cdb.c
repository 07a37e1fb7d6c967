/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands byte by byte as the standards have them, and answers: honest, cut, lying, random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "core/cdb.h"
#include "garbage.h"

static void check(const struct respin_command *c, size_t cdb_len, const char *bytes, uint32_t data_len)
{
	assert_int_equal(c->cdb_len, cdb_len);
	assert_memory_equal(c->cdb, bytes, cdb_len);
	for (size_t i = cdb_len; i < RESPIN_CDB_MAX; i++)
		assert_int_equal(c->cdb[i], 0);
	assert_int_equal(c->data_len, data_len);
	assert_int_equal(c->data_in, data_len > 0);
	assert_int_equal(c->timeout_ms, cdb_timeout_ms(c->cdb[0]));
	assert_true(c->timeout_ms >= 5000);
}

static void builders(void **state)
{
	(void)state;
	struct respin_command c;
	cdb_test_unit_ready(&c);
	check(&c, 6, "\0\0\0\0\0", 0);
	cdb_request_sense(&c, 252);
	check(&c, 6, "\3\0\0\0\xfc", 252);
	cdb_inquiry(&c, 96);
	check(&c, 6, "\x12\0\0\0\x60", 96);
	cdb_start_stop(&c, true, false);
	check(&c, 6, "\x1b\0\0\0\1", 0);
	cdb_start_stop(&c, false, true);
	check(&c, 6, "\x1b\0\0\0\2", 0);
	cdb_read_capacity(&c);
	check(&c, 10, "\x25\0\0\0\0\0\0\0\0", 8);
	cdb_read_10(&c, 0x12345678, 32, false);
	check(&c, 10, "\x28\0\x12\x34\x56\x78\0\0\x20", 65536);
	cdb_read_10(&c, 1, 1, true);
	check(&c, 10, "\x28\x08\0\0\0\1\0\0\1", 2048);
	cdb_read_12(&c, 0x12345678, 0x10000, true);
	check(&c, 12, "\xa8\x08\x12\x34\x56\x78\0\1\0\0\0", 0x8000000);
	cdb_read_toc(&c, 0, 0xaa, 804);
	check(&c, 10, "\x43\0\0\0\0\0\xaa\3\x24", 804);
	cdb_read_toc(&c, 2, 1, 0xffff);
	check(&c, 10, "\x43\2\2\0\0\0\1\xff\xff", 0xffff);
	cdb_get_configuration(&c, 2, 0x0010, 256);
	check(&c, 10, "\x46\2\0\x10\0\0\0\1\0", 256);
	cdb_read_disc_info(&c, 34);
	check(&c, 10, "\x51\0\0\0\0\0\0\0\x22", 34);
	cdb_read_track_info(&c, 1, 0x01020304, 36);
	check(&c, 10, "\x52\1\1\2\3\4\0\0\x24", 36);
	cdb_read_disc_structure(&c, 1, 2, 3, 2052);
	check(&c, 12, "\xad\1\0\0\0\0\2\3\x08\x04\0", 2052);
	cdb_mode_sense_10(&c, 2, 0x2a, 256);
	check(&c, 10, "\x5a\x08\xaa\0\0\0\0\1\0", 256);
}

static void read_timeouts(void **state)
{
	(void)state;
	assert_int_equal(cdb_read_timeout_ms(1, 16), 70000);
	assert_int_equal(cdb_read_timeout_ms(16, 16), 70000);
	assert_int_equal(cdb_read_timeout_ms(17, 16), 80000);
	assert_int_equal(cdb_read_timeout_ms(32, 1), 380000);
	assert_int_equal(cdb_read_timeout_ms(UINT64_MAX, 1), UINT32_MAX);
	assert_int_equal(cdb_timeout_ms(0xff), 0);
}

static void inquiry(void **state)
{
	(void)state;
	uint8_t b[36] = {0x05, 0x80, 5, 2, 31};
	memcpy(b + 8, "HL-DT-STBD-RE BU40N      1.03", 28);
	struct cdb_inquiry i;
	assert_true(cdb_parse_inquiry(b, sizeof b, &i));
	assert_int_equal(i.type, CDB_DEVICE_TYPE_MMC);
	assert_int_equal(i.qualifier, 0);
	assert_true(i.removable);
	assert_string_equal(i.vendor, "HL-DT-ST");
	assert_string_equal(i.product, "BD-RE BU40N");
	b[4] = 4; /* says that it is nine bytes long */
	assert_true(cdb_parse_inquiry(b, sizeof b, &i));
	assert_string_equal(i.vendor, "");
	b[4] = 255; /* says that it is longer than it is */
	assert_true(cdb_parse_inquiry(b, sizeof b, &i));
	assert_string_equal(i.vendor, "HL-DT-ST");
	b[0] = 0x7f; /* nothing there */
	assert_true(cdb_parse_inquiry(b, sizeof b, &i));
	assert_int_equal(i.qualifier, 3);
	b[10] = 0; /* a NUL ends text */
	assert_true(cdb_parse_inquiry(b, sizeof b, &i));
	assert_string_equal(i.vendor, "HL");
	assert_false(cdb_parse_inquiry(b, 4, &i));
}

static void capacity(void **state)
{
	(void)state;
	const uint8_t b[8] = {0, 0x22, 0xd0, 0x5f, 0, 0, 8, 0};
	struct cdb_capacity c;
	assert_true(cdb_parse_capacity(b, 8, &c));
	assert_int_equal(c.last_lba, 0x22d05f);
	assert_int_equal(c.block_bytes, 2048);
	assert_false(cdb_parse_capacity(b, 7, &c));
	assert_int_equal(c.last_lba, 0);
}

static void toc(void **state)
{
	(void)state;
	uint8_t b[4 + 3 * 8] = {0, 26, 1, 2};
	b[5] = 0x14, b[6] = 1;
	b[13] = 0x10, b[14] = 2, be32_put(b + 16, 1000);
	b[21] = 0x14, b[22] = 0xaa, be32_put(b + 24, 2000);
	struct cdb_toc t;
	assert_true(cdb_parse_toc(b, sizeof b, &t));
	assert_int_equal(t.count, 3);
	assert_int_equal(t.first, 1);
	assert_int_equal(t.last, 2);
	assert_true(t.tracks[0].control & CDB_TRACK_DATA);
	assert_false(t.tracks[1].control & CDB_TRACK_DATA);
	assert_int_equal(t.tracks[1].lba, 1000);
	assert_int_equal(t.tracks[2].number, CDB_TRACK_LEAD_OUT);
	assert_true(cdb_parse_toc(b, sizeof b - 1, &t)); /* half a descriptor is none */
	assert_int_equal(t.count, 2);
	be16_put(b, 0xffff); /* more than arrived */
	assert_true(cdb_parse_toc(b, sizeof b, &t));
	assert_int_equal(t.count, 3);
	be16_put(b, 10); /* less than arrived */
	assert_true(cdb_parse_toc(b, sizeof b, &t));
	assert_int_equal(t.count, 1);
	be16_put(b, 2); /* no descriptor at all */
	assert_false(cdb_parse_toc(b, sizeof b, &t));
	assert_false(cdb_parse_toc(b, 3, &t));
}

/* More tracks than a disc can have. */
static void toc_overflow(void **state)
{
	(void)state;
	static uint8_t b[4 + 300 * 8];
	be16_put(b, 0xffff);
	struct cdb_toc t;
	assert_true(cdb_parse_toc(b, sizeof b, &t));
	assert_int_equal(t.count, CDB_TOC_TRACKS);
}

static void configuration(void **state)
{
	(void)state;
	uint8_t b[8 + 8 + 12] = {0};
	be32_put(b, sizeof b - 4);
	be16_put(b + 6, 0x0012);
	be16_put(b + 8, 0x0003), b[11] = 4, b[12] = 0x39;
	be16_put(b + 16, 0x0010), b[19] = 8, be16_put(b + 24, 16);
	struct cdb_configuration c;
	assert_true(cdb_parse_configuration(b, sizeof b, &c));
	assert_int_equal(c.profile, 0x0012);
	assert_int_equal(c.blocking, 16);
	assert_true(c.can_load);
	b[12] = 0x29;
	b[19] = 4; /* a Random Readable feature too short for Blocking */
	assert_true(cdb_parse_configuration(b, sizeof b, &c));
	assert_int_equal(c.blocking, 0);
	assert_false(c.can_load);
	b[19] = 255; /* one that reaches beyond the answer */
	assert_true(cdb_parse_configuration(b, sizeof b, &c));
	assert_int_equal(c.blocking, 0);
	b[19] = 8;
	be32_put(b, UINT32_MAX); /* a length beyond the end of the world */
	assert_true(cdb_parse_configuration(b, sizeof b, &c));
	assert_int_equal(c.blocking, 16);
	be32_put(b, 0); /* and one that leaves no features */
	assert_true(cdb_parse_configuration(b, sizeof b, &c));
	assert_int_equal(c.profile, 0x0012);
	assert_int_equal(c.blocking, 0);
	assert_false(cdb_parse_configuration(b, 7, &c));
}

static void discs_and_tracks(void **state)
{
	(void)state;
	uint8_t b[36] = {0, 34, 0x0e, 1, 1, 1, 3};
	struct cdb_disc_info d;
	assert_true(cdb_parse_disc_info(b, 34, &d));
	assert_int_equal(d.status, 2);
	assert_int_equal(d.last_session_status, 3);
	assert_int_equal(d.sessions, 1);
	assert_int_equal(d.last_track, 3);
	b[1] = 8;
	assert_false(cdb_parse_disc_info(b, 34, &d));

	memset(b, 0, sizeof b);
	b[1] = 34, b[2] = 5, b[3] = 2, b[6] = 0x30, b[7] = 0x02;
	be32_put(b + 8, 700), be32_put(b + 20, 32), be32_put(b + 24, 9000), be32_put(b + 28, 9600);
	b[33] = 1;
	struct cdb_track_info t;
	assert_true(cdb_parse_track_info(b, sizeof b, &t));
	assert_int_equal(t.track, 5);
	assert_int_equal(t.session, 0x102);
	assert_true(t.packet && t.fixed_packet && !t.blank);
	assert_false(t.has_next_writable);
	assert_true(t.has_last_recorded);
	assert_int_equal(t.start, 700);
	assert_int_equal(t.last_recorded, 9600);
	assert_int_equal(t.packet_units, 32);
	assert_true(cdb_parse_track_info(b, 28, &t)); /* MMC-1 drives end here */
	assert_false(t.has_last_recorded);
	assert_false(cdb_parse_track_info(b, 27, &t));
}

static void structures_and_pages(void **state)
{
	(void)state;
	uint8_t b[4 + 17] = {0, 19};
	b[4] = 0x01, b[6] = 0x31;
	b[9] = 0x03, b[13] = 0xfd, b[14] = 0x2f, b[15] = 0x9f, b[17] = 0x22, b[18] = 0xd0, b[19] = 0x5f;
	struct cdb_dvd_physical p;
	assert_true(cdb_parse_dvd_physical(b, sizeof b, &p));
	assert_int_equal(p.layers, 2);
	assert_true(p.opposite_path);
	assert_int_equal(p.start_psn, 0x30000);
	assert_int_equal(p.end_psn, 0xfd2f9f);
	assert_int_equal(p.end_psn_layer0, 0x22d05f);
	assert_false(cdb_parse_dvd_physical(b, 19, &p));

	uint8_t m[8 + 4 + 12] = {0, 22, 0, 0, 0, 0, 0, 0, 0x0e, 2, 0, 0, 0x81, 10, 0, 5};
	size_t len;
	const uint8_t *page = cdb_parse_mode_page(m, sizeof m, 0x01, &len);
	assert_ptr_equal(page, m + 12); /* the PS bit is no part of the code */
	assert_int_equal(len, 12);
	assert_null(cdb_parse_mode_page(m, sizeof m, 0x2a, &len));
	assert_int_equal(len, 0);
	m[13] = 11; /* one byte more than there is */
	assert_null(cdb_parse_mode_page(m, sizeof m, 0x01, &len));
	be16_put(m + 6, 0xffff); /* block descriptors without end */
	assert_null(cdb_parse_mode_page(m, sizeof m, 0x0e, &len));
}

static void speeds(void **state)
{
	(void)state;
	uint32_t kbps[4];
	uint8_t b[8 + 3 * 16] = {0};
	be32_put(b, sizeof b - 4);
	be32_put(b + 8 + 8, 11080);
	be32_put(b + 24 + 8, 0); /* none of reading */
	be32_put(b + 40 + 8, 5540);
	assert_int_equal(cdb_parse_speeds(b, sizeof b, kbps, 4), 2);
	assert_int_equal(kbps[0], 11080);
	assert_int_equal(kbps[1], 5540);
	assert_int_equal(cdb_parse_speeds(b, sizeof b, kbps, 1), 1);
	assert_int_equal(cdb_parse_speeds(b, sizeof b - 1, kbps, 4), 1); /* half a descriptor is none */
	assert_int_equal(cdb_parse_speeds(b, 8, kbps, 4), 0);
	be32_put(b, 4 + 16); /* what lies behind is none of it */
	assert_int_equal(cdb_parse_speeds(b, sizeof b, kbps, 4), 1);
	be32_put(b, UINT32_MAX);
	assert_int_equal(cdb_parse_speeds(b, sizeof b, kbps, 4), 2);
	be32_put(b, 0);
	assert_int_equal(cdb_parse_speeds(b, sizeof b, kbps, 4), 0);

	struct respin_command c;
	uint8_t list[CDB_STREAMING_LEN];
	cdb_get_speeds(&c, 4);
	assert_memory_equal(c.cdb, ((uint8_t[]){0xac, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 0}), 12);
	assert_int_equal(c.data_len, 8 + 4 * 16);
	assert_true(c.data_in && c.timeout_ms);
	cdb_set_cd_speed(&c, 706);
	assert_memory_equal(c.cdb, ((uint8_t[]){0xbb, 0, 2, 0xc2, 0xff, 0xff, 0, 0, 0, 0, 0, 0}), 12);
	assert_true(!c.data_len && c.timeout_ms);
	cdb_set_streaming(&c);
	assert_memory_equal(c.cdb, ((uint8_t[]){0xb6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0}), 12);
	assert_true(!c.data_in && c.data_len == 28 && c.timeout_ms);
	cdb_streaming_list(list, 0x22d05f, 5540);
	assert_memory_equal(list,
			    ((uint8_t[]){0,    0,    0, 0, 0, 0,    0, 0, 0,    0x22, 0xd0, 0x5f, 0, 0,
					 0x15, 0xa4, 0, 0, 3, 0xe8, 0, 0, 0x15, 0xa4, 0,    0,    3, 0xe8}),
			    28);
	cdb_streaming_list(list, 0x22d05f, 0);
	assert_int_equal(list[0], 4);
}

/* Nothing is read beyond what arrived; the sanitizers watch. */
static void garbage(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	unsigned parsed = 0;
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		size_t len, page_len;
		uint8_t *b = garbage_bytes(&rng, i % 4 ? 64 : 1100, &len);
		assert_non_null(b);
		struct cdb_inquiry inq;
		struct cdb_capacity cap;
		struct cdb_toc t;
		struct cdb_configuration conf;
		struct cdb_disc_info disc;
		struct cdb_track_info track;
		struct cdb_dvd_physical dvd;
		parsed += cdb_parse_inquiry(b, len, &inq);
		assert_true(strlen(inq.vendor) <= 8 && strlen(inq.product) <= 16 &&
			    strlen(inq.revision) <= 4);
		parsed += cdb_parse_capacity(b, len, &cap);
		parsed += cdb_parse_toc(b, len, &t);
		assert_true(t.count <= CDB_TOC_TRACKS && 4u + t.count * 8u <= len + 4);
		parsed += cdb_parse_configuration(b, len, &conf);
		parsed += cdb_parse_disc_info(b, len, &disc);
		parsed += cdb_parse_track_info(b, len, &track);
		parsed += cdb_parse_dvd_physical(b, len, &dvd);
		uint32_t kbps[16];
		assert_true(cdb_parse_speeds(b, len, kbps, 16) <= 16);
		const uint8_t *page = cdb_parse_mode_page(b, len, (uint8_t)rng_below(&rng, 64), &page_len);
		assert_true(!page || (page >= b + 8 && page + page_len <= b + len));
		free(b);
	}
	assert_true(parsed > GARBAGE_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builders),
		cmocka_unit_test(read_timeouts),
		cmocka_unit_test(inquiry),
		cmocka_unit_test(capacity),
		cmocka_unit_test(toc),
		cmocka_unit_test(toc_overflow),
		cmocka_unit_test(configuration),
		cmocka_unit_test(discs_and_tracks),
		cmocka_unit_test(structures_and_pages),
		cmocka_unit_test(speeds),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
