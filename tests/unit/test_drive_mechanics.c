/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long the simulated drive takes where nothing is wrong: whole discs,
 * seeks, turns, speeds, the buffer. Figures of data sheets and measurements,
 * not of the code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/num.h"
#include "drive_desk.h"

/* The clock alone: what the presets have beside it is switched off. */
#define CLOCK "?jitter_us=0 "
#define BD "disc bd-25 drawn=0 drift=0 pitch_walk=0;drive slim-usb-bd" CLOCK
#define DVD "disc dvd-5 drawn=0 drift=0 pitch_walk=0;drive hh-sata-dvd" CLOCK
#define CD "disc cd-74 drawn=0 drift=0 pitch_walk=0;drive old-cdrom" CLOCK

static double share(double a, double b)
{
	double d = a / b - 1;
	return d < 0 ? -d : d;
}

static void assert_near(double got, double want, double within)
{
	if (share(got, want) > within)
		fail_msg("%g is not within %g of %g", got, within, want);
}

/* ---- whole discs ---- */

static double stream_s(const char *text)
{
	struct respin_transport t;
	drive_desk_open_dry(&t, text);
	uint64_t begin = drive_desk_ready(&t), sectors = drive_desk_drive(&t)->disc.sectors;
	for (uint64_t lba = 0; lba < sectors; lba += 32) {
		uint32_t count = sectors - lba < 32 ? (uint32_t)(sectors - lba) : 32;
		struct desk_reply r = drive_desk_read(&t, lba, count);
		assert_int_equal(r.status, 0);
		assert_int_equal(r.host, 0);
	}
	double seconds = (double)(t.ops->now_ns(t.self) - begin) / 1e9;
	assert_true(drive_desk_drive(&t)->counts.seeks < 4);
	drive_desk_close(&t);
	return seconds;
}

static void streams(void **state)
{
	(void)state;
	assert_near(stream_s(DVD), 300, 0.03);
	assert_near(stream_s(BD), 1312, 0.03);
	assert_near(stream_s(BD "bd_x=2,4,8,12"), 656, 0.03);
	assert_near(stream_s("disc dvd-9 drawn=0;drive hh-sata-dvd dvd_dl_curve=cav"), 1090, 0.03);
	assert_near(stream_s("disc dvd-9 drawn=0;drive hh-sata-dvd dvd_dl_curve=cav dvd_dl_x=12"), 730, 0.03);
	/* 74 minutes at 1x, read at a mean of 0.715 of 24x */
	assert_near(stream_s(CD), 74 * 60 / (24 * 0.715), 0.03);
	/* CLV: the disc's length over the speed, to the second */
	assert_near(stream_s(CD "cd_curve=clv cd_x=4,8"), 74 * 60 / 8.0, 0.005);
	/* on a disc whose sectors are 3 % longer a turn brings fewer of them; CLV follows the bits */
	assert_near(stream_s("disc cd-74 drawn=0 velocity=1.03 size=300000;drive old-cdrom") /
			    stream_s("disc cd-74 drawn=0 size=300000;drive old-cdrom"),
		    1.03 * 0.987, 0.01); /* it ends further out */
}

/* ---- seeks ---- */

static double random_ms(const char *text, unsigned tries)
{
	struct respin_transport t;
	struct rng rng = {3};
	uint64_t sum = 0;
	drive_desk_open_dry(&t, text);
	drive_desk_ready(&t);
	struct drive *drive = drive_desk_drive(&t);
	for (unsigned i = 0; i < tries; i++) {
		uint64_t block = rng_below(&rng, drive->disc.block_count);
		sum += drive_desk_read(&t, drive_desk_sector(&t, block), drive->disc.ecc_block).ns;
	}
	drive_desk_close(&t);
	return (double)sum / tries / 1e6;
}

static void random_access(void **state)
{
	(void)state;
	double dvd = random_ms(DVD, 2000), bd = random_ms(BD, 2000), cd = random_ms(CD, 2000);
	assert_true(dvd > 100 && dvd < 160);
	assert_true(bd > 150 && bd < 190 * 1.4);
	assert_true(cd > 90 && cd < 150);
}

/* From one sector to another, and back. */
static uint64_t hop(struct respin_transport *t, uint64_t from, uint64_t to)
{
	drive_desk_read(t, from, 32);
	return drive_desk_read(t, to, 32).ns;
}

static void distances(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD);
	drive_desk_ready(&t);
	struct drive *drive = drive_desk_drive(&t);
	uint64_t turn = 13 * DESK_MS, block = 6 * DESK_MS; /* at most: 4857 rpm, 2.48x */
	uint64_t last = drive->disc.sectors - 32;
	/* a few blocks on: read over, block by block */
	uint64_t over = hop(&t, 3200, 3200 + 8 * 32);
	assert_in_range(over, 7 * drive->rate.block_ns, 9 * block);
	/* a little further: settling, a root of tracks, and the turn */
	uint64_t near = hop(&t, 32000, 32000 + 300 * 32);
	assert_in_range(near, 20 * DESK_MS, 25 * DESK_MS + turn + block);
	uint64_t stroke = hop(&t, 0, last);
	assert_in_range(stroke, 230 * DESK_MS, 240 * DESK_MS + turn + block);
	assert_in_range(hop(&t, last, 0), 230 * DESK_MS, 240 * DESK_MS + turn + block);
	drive_desk_close(&t);
}

/* Between two visits to one block lie whole turns. */
static void turns(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD "quantum_us=0 prefetch=0");
	drive_desk_ready(&t);
	struct drive *drive = drive_desk_drive(&t);
	for (uint64_t lba = 0; lba < 12000000; lba += 999968) {
		drive_desk_read_fua(&t, lba, 32);
		uint64_t first = drive->head.at_ns, turn = drive->rate.turn_ns;
		drive_desk_sleep(&t, lba % 7 * 1234567);
		drive_desk_read_fua(&t, lba, 32);
		double passed = (double)(drive->head.at_ns - first) / (double)turn;
		double off = passed - num_floor(passed + 0.5);
		assert_true(passed > 1 && off < 0.01 && off > -0.01);
	}
	drive_desk_close(&t);
}

static void layers(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, "disc bd-50 drawn=0;drive slim-usb-bd refocus_p=0 jitter_us=0");
	drive_desk_ready(&t);
	uint64_t n = drive_desk_drive(&t)->disc.spiral.layers[1].first;
	/* the same radius on the other layer: no way to go but the jump of the focus */
	uint64_t there = hop(&t, n - 3200, n + 3200 - 32);
	assert_in_range(there, 50 * DESK_MS, 70 * DESK_MS);
	/* straight on over the edge costs a jump, too */
	uint64_t on = hop(&t, n - 32, n);
	assert_in_range(on, 30 * DESK_MS, 70 * DESK_MS);
	drive_desk_close(&t);

	drive_desk_open_dry(&t, "disc bd-50 drawn=0;drive slim-usb-bd refocus_p=1");
	drive_desk_ready(&t);
	assert_true(hop(&t, n - 3200, n + 3200 - 32) >= 850 * DESK_MS);
	drive_desk_close(&t);
}

/* ---- speeds ---- */

static double x_at(struct respin_transport *t, uint64_t lba)
{
	drive_desk_read(t, lba, 32);
	return drive_desk_drive(t)->rate.x;
}

static void curves(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		double inner, middle, outer;
	} rows[] = {
		{"dvd_curve=cav", 6.62, 11.03, 16}, /* 16 x r / 58 */
		{"dvd_curve=clv dvd_x=8", 8, 8, 8},
		{"dvd_curve=pcav dvd_x=8", 4.97, 8, 8}, /* the rpm of 12x, at most 8x */
		{"dvd_curve=zclv", 8.97, 11.31,
		 16}, /* four rings of 8.5 mm, each as fast as CAV at its rim */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_transport t;
		char text[256];
		(void)snprintf(text, sizeof text, "%s%s", DVD, rows[i].keys);
		drive_desk_open_dry(&t, text);
		drive_desk_ready(&t);
		const struct spiral *spiral = drive_desk_drive(&t)->spiral;
		uint64_t middle = (uint64_t)spiral_at_radius(spiral, 0, 40);
		assert_near(x_at(&t, 0), rows[i].inner, 0.01);
		assert_near(x_at(&t, middle), rows[i].middle, 0.01);
		assert_near(x_at(&t, 2295072), rows[i].outer, 0.01);
		drive_desk_close(&t);
	}
}

/* CAV: the square of the speed is linear in the LBA, from which a program may learn the geometry. */
static void square_is_linear(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD);
	drive_desk_ready(&t);
	double a = x_at(&t, 1000000), b = x_at(&t, 6000000), c = x_at(&t, 11000000);
	assert_near(c * c - b * b, b * b - a * a, 0.005);
	drive_desk_close(&t);
}

static double asked_x(const char *keys, uint16_t kbps, uint64_t after_ns)
{
	struct respin_transport t;
	char text[256];
	(void)snprintf(text, sizeof text, "%s%s", DVD, keys);
	drive_desk_open_dry(&t, text);
	drive_desk_ready(&t);
	assert_int_equal(drive_desk_speed(&t, kbps).status, 0);
	drive_desk_sleep(&t, after_ns);
	double x = x_at(&t, 2295072);
	drive_desk_close(&t);
	return x;
}

static void speed_commands(void **state)
{
	(void)state;
	assert_near(asked_x("", 5540, 0), 4, 0.01);
	assert_near(asked_x("", 5538, 0), 4, 0.01);
	assert_near(asked_x("", 7000, 0), 4, 0.01); /* the step below */
	assert_near(asked_x("", 0, 0), 2, 0.01);    /* never below the slowest */
	assert_near(asked_x("", 0xffff, 0), 16, 0.01);
	assert_near(asked_x("speed_cmd=ignored", 5540, 100 * DESK_S), 16, 0.01);
	assert_near(asked_x("speed_cmd=late", 5540, 0), 16, 0.01);
	assert_near(asked_x("speed_cmd=late", 5540, 21 * DESK_S), 4, 0.01);
}

static void ramps(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, DVD "ramp=3000");
	drive_desk_ready(&t);
	drive_desk_read(&t, 0, 32);
	double before = drive_desk_drive(&t)->head.rpm;
	assert_near(before, 9194, 0.01); /* DVD 16x CAV */
	drive_desk_speed(&t, 2770);      /* 2x: 1149 rpm */
	uint64_t ns = drive_desk_read(&t, 320000, 32).ns;
	assert_true(ns > (uint64_t)((before - 1149) / 3000 * 1e9));
	assert_true(ns < (uint64_t)((before - 1149) / 3000 * 1e9) + 300 * DESK_MS);
	assert_true(drive_desk_read(&t, 32000, 32).ns < 300 * DESK_MS); /* once */
	drive_desk_close(&t);
	/* on CLV every long seek is a change of rpm */
	assert_true(random_ms(DVD "dvd_curve=clv dvd_x=8 ramp=1000", 500) >
		    random_ms(DVD "dvd_x=8 ramp=1000", 500) + 100);
}

/* ---- buffer ---- */

static void buffer(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD "quantum_us=0 link_mb_s=150 latency_us=250");
	drive_desk_ready(&t);
	struct drive *drive = drive_desk_drive(&t);
	drive_desk_read(&t, 0, 32);
	uint64_t bus = 250000 + 32 * 13653;
	assert_in_range(drive_desk_read(&t, 0, 32).ns, bus, bus + 1000); /* again: no disc in it */
	drive_desk_sleep(&t, DESK_S); /* it reads on, and stops when full */
	assert_in_range(drive_desk_read(&t, 32, 32).ns, bus, bus + 1000);
	assert_in_range(drive->cache.end, 1400, 1600);
	assert_int_equal(drive->cache.filling, false);
	/* elsewhere, and it is gone */
	drive_desk_read(&t, 5000000, 32);
	assert_true(drive_desk_read(&t, 32, 32).ns > 50 * DESK_MS);
	drive_desk_close(&t);
}

/* A host that pauses meets bursts: from the buffer, then a wait until it fills again. */
static void bursts(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD "buffer_kb=1024 refill=0.2 refill_ms=60");
	drive_desk_ready(&t);
	drive_desk_read(&t, 0, 32);
	drive_desk_sleep(&t, DESK_S);
	unsigned fast = 0, slow = 0;
	for (uint64_t lba = 32; lba < 32 * 40; lba += 32) {
		uint64_t ns = drive_desk_read(&t, lba, 32).ns;
		fast += ns < DESK_MS;
		slow += ns > 40 * DESK_MS;
	}
	assert_in_range(fast, 9, 14);
	assert_int_equal(slow, 1);
	drive_desk_close(&t);
}

static void no_prefetch(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD "prefetch=0");
	drive_desk_ready(&t);
	struct drive *drive = drive_desk_drive(&t);
	drive_desk_read(&t, 0, 32);
	drive_desk_sleep(&t, DESK_S);
	assert_true(drive_desk_read(&t, 32, 32).ns > drive->rate.block_ns); /* waits for the turn */
	assert_int_equal(drive->cache.end, 64);
	drive_desk_close(&t);
}

static void fua(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t, BD);
	drive_desk_ready(&t);
	drive_desk_read(&t, 0, 32);
	assert_true(drive_desk_read(&t, 0, 32).ns < DESK_MS);
	assert_true(drive_desk_read_fua(&t, 0, 32).ns > 10 * DESK_MS);
	drive_desk_read_fua(&t, 0, 0); /* empties the buffer */
	assert_true(drive_desk_read(&t, 0, 32).ns > 10 * DESK_MS);
	drive_desk_close(&t);

	drive_desk_open_dry(&t, BD "fua=ignored fua_cached=0.6");
	drive_desk_ready(&t);
	unsigned cached = 0;
	for (unsigned i = 0; i < 1000; i++)
		cached += drive_desk_read_fua(&t, 0, 32).ns < DESK_MS;
	assert_in_range(cached, 550, 650);
	drive_desk_close(&t);

	drive_desk_open_dry(&t, CD);
	drive_desk_ready(&t);
	struct desk_reply r = drive_desk_read_fua(&t, 0, 16);
	assert_int_equal(r.sense.key, SENSE_ILLEGAL_REQUEST);
	assert_int_equal(r.sense.asc, 0x24);
	drive_desk_close(&t);
}

/* ---- the host's clock ---- */

static void jitter(void **state)
{
	(void)state;
	struct respin_transport t;
	drive_desk_open_dry(&t,
			    "disc plain size=100000;drive plain jitter_us=300 latency_us=100 jitter_sigma=1");
	drive_desk_ready(&t);
	unsigned rare = 0, most = 0;
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t ns = drive_desk_read(&t, 0, 16).ns;
		least = ns < least ? ns : least;
		rare += ns > 50 * DESK_MS;
		most += ns <= 2100000;
	}
	assert_true(least >= 200000);
	assert_in_range(rare, 5, 45); /* one in a thousand */
	assert_int_equal(most + rare, 20000);
	drive_desk_close(&t);

	drive_desk_open_dry(&t, BD "quantum_us=125");
	drive_desk_ready(&t);
	for (uint64_t i = 0; i < 100; i++) {
		drive_desk_read(&t, i * 77777 / 32 * 32, 32);
		assert_int_equal(t.ops->now_ns(t.self) % 125000, 0);
	}
	drive_desk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(random_access),
		cmocka_unit_test(distances),
		cmocka_unit_test(turns),
		cmocka_unit_test(layers),
		cmocka_unit_test(curves),
		cmocka_unit_test(square_is_linear),
		cmocka_unit_test(speed_commands),
		cmocka_unit_test(ramps),
		cmocka_unit_test(buffer),
		cmocka_unit_test(bursts),
		cmocka_unit_test(no_prefetch),
		cmocka_unit_test(fua),
		cmocka_unit_test(jitter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
