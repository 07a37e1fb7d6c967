/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What reads of a damaged disc cost and say in the simulated drive: time,
 * speed, sense, luck. Damage is put in by hand, block by block; the switches
 * that hurt a scheduler have a test of their own.
 */
#include "drive_case.h"

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* ---- time of failures and of effort ---- */

#define FAILURES 300u

/* The median time of failures, far enough from each other; the share within one sigma into *within. */
static double fail_median(const char *keys, uint8_t retries, double *within)
{
	static uint64_t ns[FAILURES];
	char all[256];
	(void)snprintf(all, sizeof all, QUIET "%s", keys);
	begin(BD, all);
	drive_desk_hurt(&t, 0, FAILURES * 20, DEAD, 0);
	the_drive()->mode_page_01[3] = retries;
	for (unsigned i = 0; i < FAILURES; i++) {
		struct desk_reply r = block(i * 20);
		assert_true(failed(&r));
		ns[i] = r.ns;
	}
	end();
	qsort(ns, FAILURES, sizeof *ns, by_size);
	double median = (double)ns[FAILURES / 2];
	unsigned inside = 0;
	for (unsigned i = 0; i < FAILURES; i++)
		inside += (double)ns[i] > median * 0.7047 && (double)ns[i] < median * 1.419; /* e^+-0.35 */
	*within = (double)inside / FAILURES;
	return median / 1e9;
}

static void fail_times(void **state)
{
	(void)state;
	double within;
	double s = fail_median("fail_ms=5000", 5, &within);
	assert_true(s > 4.6 && s < 5.6);
	assert_true(within > 0.60 && within < 0.78);
	double fewer = fail_median("fail_ms=5000 retry_floor=0.15", 1, &within);
	assert_true(fewer > 0.2 * 4.6 && fewer < 0.2 * 5.6 + 0.1);
	double floored = fail_median("fail_ms=5000 retry_floor=0.5", 0, &within);
	assert_true(floored > 0.5 * 4.6 && floored < 0.5 * 5.6 + 0.1);
	double more = fail_median("fail_ms=5000", 10, &within);
	assert_true(more > 2 * 4.6 && more < 2 * 5.6);
}

static void effort(void **state)
{
	(void)state;
	begin(BD, QUIET "");
	drive_desk_hurt(&t, 1000, 1, 0.72, 0);
	drive_desk_hurt(&t, 2000, 1, 0.65, 0);
	struct desk_reply r = block(1000);
	assert_int_equal(r.status, 0); /* nobody asked to be told */
	assert_in_range(r.ns, 480 * DESK_MS, 2900 * DESK_MS);
	assert_true(block(1000).ns < 2 * DESK_MS); /* it is in the buffer now */
	assert_true(block(2000).ns < 300 * DESK_MS);
	the_drive()->mode_page_01[2] = 0x04; /* PER */
	drive_desk_read_fua(&t, 0, 0);
	r = block(1000);
	assert_int_equal(r.sense.key, SENSE_RECOVERED);
	assert_int_equal(r.residual, 0);
	end();
}

/* ---- what a failure says ---- */

static void senses(void **state)
{
	(void)state;
	unsigned lec = 0, seek = 0, id = 0, timeout = 0, servo = 0;
	begin(BD, QUIET "info_p=0.7");
	drive_desk_hurt(&t, 0, 20000, DEAD, 0);
	unsigned valid = 0, all = 2000;
	for (unsigned i = 0; i < all; i++) {
		struct desk_reply r = block(i * 10);
		assert_true(failed(&r));
		uint32_t code = (uint32_t)r.sense.key << 16 | (uint32_t)r.sense.asc << 8 | r.sense.ascq;
		lec += code == 0x31105;
		seek += code == 0x30200;
		id += code == 0x31000;
		timeout += code == 0x43e02;
		servo += code >= 0x40900 && code <= 0x40904;
		valid += r.sense.has_info;
		if (r.sense.has_info)
			assert_int_equal(r.sense.info_lba, i * 320);
	}
	end();
	assert_in_range(lec, 1740, 1860); /* nine in ten */
	assert_int_equal(lec + seek + id + timeout + servo, all);
	assert_true(seek > 20 && id > 20 && timeout > 20 && servo > 20);
	assert_in_range(valid, 1320, 1480);

	begin(BD, QUIET "sense=30900");
	drive_desk_hurt(&t, 5, 1, DEAD, 0);
	struct desk_reply r = block(5);
	assert_int_equal(r.sense.asc, 0x09);
	end();
}

static struct desk_reply three_blocks(const char *keys)
{
	char all[256];
	(void)snprintf(all, sizeof all, QUIET "info_p=1 %s", keys);
	begin(DVD, all);
	drive_desk_hurt(&t, 101, 1, DEAD, 0);
	struct desk_reply r = drive_desk_read(&t, 1600, 48);
	assert_true(failed(&r));
	return r;
}

static void informations(void **state)
{
	(void)state;
	assert_int_equal(three_blocks("info=honest").sense.info_lba, 1616);
	end();
	assert_int_equal(three_blocks("info=zero").sense.info_lba, 0);
	end();
	assert_int_equal(three_blocks("info=chunk").sense.info_lba, 1600);
	end();
	assert_int_equal(three_blocks("info=none").sense.has_info, 0);
	end();
	/* the good part before: its bytes, its residual, and that it is in the buffer */
	assert_int_equal(three_blocks("partial=1 resid=honest").residual, 32 * DISC_SECTOR);
	assert_int_equal(desk_data[16 * DISC_SECTOR], 0xa5);
	assert_memory_not_equal(desk_data, desk_data + 16 * DISC_SECTOR, DISC_SECTOR);
	assert_true(drive_desk_read(&t, 1600, 16).ns < 2 * DESK_MS);
	end();
	assert_int_equal(three_blocks("partial=1 resid=zero").residual, 0);
	end();
	assert_int_equal(three_blocks("partial=0 resid=honest").residual, 48 * DISC_SECTOR);
	assert_int_equal(desk_data[0], 0xa5);
	end();
}

/* ---- speed after errors ---- */

static double x_far_out(void)
{
	static uint64_t other; /* never the one that the buffer holds */
	block(143000 + ++other % 2 * 200);
	return the_drive()->rate.x;
}

static void step_down(void **state)
{
	(void)state;
	begin(DVD, QUIET "hold_s=120 hold_sectors=0");
	drive_desk_hurt(&t, 100, 3, DEAD, 0);
	assert_true(x_far_out() > 15);
	block(100);
	uint64_t at = t.ops->now_ns(t.self);
	assert_true(x_far_out() < 8.1 && the_drive()->rate.x > 7.5);
	drive_desk_sleep(&t, at + 118 * DESK_S - t.ops->now_ns(t.self));
	assert_true(x_far_out() < 8.1);
	drive_desk_sleep(&t, 4 * DESK_S);
	assert_true(x_far_out() > 15);
	block(100);
	block(101);
	block(102);
	block(100);
	block(101); /* 8, 4, 2, and never less */
	assert_true(x_far_out() < 2.1 && the_drive()->rate.x > 1.9);
	drive_desk_sleep(&t, 122 * DESK_S);
	assert_true(x_far_out() < 4.1); /* one step at a time */
	drive_desk_sleep(&t, 122 * DESK_S);
	assert_true(x_far_out() < 8.1 && the_drive()->rate.x > 7.5);
	end();

	begin(DVD, QUIET "step_down=0");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	block(100);
	assert_true(x_far_out() > 15);
	end();
}

static void step_up(void **state)
{
	(void)state;
	begin(DVD, QUIET "hold_s=120 hold_sectors=2000");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	block(100);
	for (uint64_t b = 200; b < 300; b++)
		block(b);
	assert_true(x_far_out() < 8.1);
	for (uint64_t b = 300; b < 360; b++)
		block(b);
	assert_true(x_far_out() > 15);
	end();
	/* what it reads on its own account counts, too */
	begin(DVD, QUIET "hold_s=120 hold_sectors=2000");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	block(100);
	for (uint64_t b = 200; b < 330; b++) {
		block(b);
		drive_desk_sleep(&t, 100 * DESK_MS);
	}
	assert_true(the_drive()->counts.cache_sectors > 1600);
	assert_true(x_far_out() > 15);
	end();
	static const char *const keys[] = {QUIET "rearm=1", QUIET "rearm=0"};
	for (int i = 0; i < 2; i++) {
		begin(DVD, keys[i]);
		drive_desk_hurt(&t, 100, 1, DEAD, 0);
		block(100);
		drive_desk_speed(&t, 0xffff);
		assert_int_equal(x_far_out() > 15, i == 0);
		end();
	}
}

/* ---- the way to the host ---- */

static void slow_link(void **state)
{
	(void)state;
	begin(DVD, QUIET "link_mb_s=0.1"); /* 20 ms a sector, whether or not the buffer had it */
	assert_in_range(drive_desk_read(&t, 160000, 64).ns, 1310 * DESK_MS, 1900 * DESK_MS);
	drive_desk_sleep(&t, DESK_S);
	assert_in_range(drive_desk_read(&t, 160064, 32).ns, 655 * DESK_MS, 665 * DESK_MS);
	end();
}

/* With nobody there who could interrupt it, the host's patience ends a read that never returns. */
static void hang(void **state)
{
	(void)state;
	begin("disc dvd-5 size=32000 hang=1600;drive plain", QUIET);
	struct desk_reply r = drive_desk_read(&t, 1600, 16);
	assert_int_equal(r.host, RESPIN_HOST_TIMEOUT);
	assert_true(r.ns >= 10 * DESK_S);
	assert_int_equal(the_drive()->counts.timeouts, 1);
	assert_int_equal(drive_desk_read(&t, 1616, 16).status, 0);
	end();
}

/* ---- luck ---- */

/* Of 200 blocks with an obstruction of x, how many read at the first try. */
static unsigned reads_of(const char *keys, double x, double alpha, uint16_t kbps, bool from_afar)
{
	unsigned good = 0;
	char all[256];
	(void)snprintf(all, sizeof all, QUIET "%s", keys);
	begin(DVD, all);
	drive_desk_speed(&t, kbps);
	for (uint64_t i = 0; i < 200; i++)
		drive_desk_hurt(&t, 120000 + i * 100, 1, x, alpha);
	for (uint64_t i = 0; i < 200; i++) {
		uint64_t b = 120000 + i * 100;
		for (uint64_t run_up = from_afar ? 20 : 0; run_up; run_up--)
			block(b - run_up);
		good += block(b).status == 0;
	}
	end();
	return good;
}

static void margins(void **state)
{
	(void)state;
	/* speed: readable slowly, not fast */
	assert_true(reads_of("step_down=0", 0.95, 0.2, 0xffff, false) < 20);
	assert_true(reads_of("step_down=0", 0.80, 0.2, 2770, false) > 180);
	/* an approach from 20 blocks before lets the servo settle */
	unsigned hasty = reads_of("step_down=0", 1, 0, 5540, false);
	unsigned settled = reads_of("step_down=0", 1, 0, 5540, true);
	assert_true(settled > hasty + 20);
	/* a tired laser */
	assert_true(reads_of("step_down=0 bias=-0.4", 0.8, 0, 5540, false) < 20);
	assert_true(reads_of("step_down=0 bias=0", 0.7, 0, 5540, false) > 180);
}

static void fatigue(void **state)
{
	(void)state;
	/* heat: margin falls while it works, and comes back when it rests */
	begin(DVD, "session_s=never wedge_at=0 warm_margin=0.01 warm_k=20 warm_s=600 standby_s=60");
	struct drive *drive = the_drive();
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	block(1000);
	double cool = drive->margin;
	for (unsigned i = 0; i < 400; i++) {
		block(2000 + i * 50);
		drive_desk_sleep(&t, 10 * DESK_S);
	}
	block(1000);
	double hot = drive->margin;
	assert_true(hot < cool - 0.15 && hot > -0.2 - 0.02);
	drive_desk_sleep(&t, 3600 * DESK_S);
	block(1); /* wakes it */
	assert_true(drive->temperature < 1);
	end();

	/* wear: an hour of failing takes it for good; a block that is read to pieces, too */
	begin("disc dvd-5 drawn=0 read_wear=0.01;drive hh-sata-dvd",
	      QUIET "wear=0.1 fail_sigma=0 fail_ms=36000 retry_margin=0");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	for (unsigned i = 0; i < 100; i++)
		block(1000);
	assert_true(the_drive()->margin < -0.099 && the_drive()->margin > -0.101);
	double x = (double)the_drive()->disc.blocks[1000].x;
	assert_true(x > DEAD + 0.99 && x < DEAD + 1.01);
	end();

	begin(DVD, QUIET "");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	for (unsigned i = 0; i < 20; i++)
		block(1000);
	assert_true(the_drive()->margin > -1e-9);
	end();
}

/* A small retry count costs margin, not only time. */
static void retries_cost_margin(void **state)
{
	(void)state;
	begin(DVD, QUIET "retry_margin=0.02 retry_floor=0.2");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	block(1000);
	assert_true(the_drive()->margin > -1e-9);
	the_drive()->mode_page_01[3] = 0;
	block(1000);
	assert_true(the_drive()->margin < -0.0159 && the_drive()->margin > -0.0161);
	end();
}

/* The first try of a block in a session is the same, whatever was read before it. */
static void order_does_not_matter(void **state)
{
	(void)state;
	static bool forth[400], back[400];
	for (int pass = 0; pass < 2; pass++) {
		begin(DVD, QUIET "step_down=0");
		for (uint64_t i = 0; i < 400; i++)
			drive_desk_hurt(&t, 1000 + i * 300, 1, 1.0, 0);
		for (uint64_t n = 0; n < 400; n++) {
			uint64_t i = pass ? 399 - n : n;
			(pass ? back : forth)[i] = block(1000 + i * 300).status == 0;
		}
		end();
	}
	unsigned good = 0;
	for (unsigned i = 0; i < 400; i++)
		good += forth[i];
	assert_in_range(good, 60, 340);
	assert_memory_equal(forth, back, sizeof forth);
}

/* ---- lists of sectors, on a drive with mechanics ---- */

static void lists(void **state)
{
	(void)state;
	begin("disc dvd-5 drawn=0 bad=1605 weak=3205 tries=3 marginal=4805 every=100000;drive hh-sata-dvd",
	      QUIET);
	struct desk_reply r = drive_desk_read(&t, 1600, 16);
	assert_true(failed(&r));
	assert_int_equal(r.sense.info_lba, 1605);
	assert_true(r.ns > DESK_S);
	assert_int_equal(drive_desk_read(&t, 1600, 5).status, 0);
	r = drive_desk_read(&t, 1605, 1); /* its block was read, the sector was not */
	assert_true(failed(&r));
	assert_int_equal(drive_desk_read(&t, 1606, 10).status, 0);
	assert_true(the_drive()->step < 4); /* it stepped down */
	for (int i = 0; i < 3; i++) {
		r = drive_desk_read(&t, 3205, 1);
		assert_int_equal(failed(&r), i < 2);
	}
	r = drive_desk_read(&t, 4800, 16);
	assert_int_equal(r.sense.key, SENSE_RECOVERED);
	assert_int_equal(r.sense.info_lba, 4805);
	assert_true(r.ns > 150 * DESK_MS);
	r = drive_desk_read(&t, 49999, 2);
	assert_true(failed(&r));
	assert_int_equal(r.sense.info_lba, 50000);
	end();

	/* a buffer that was filled before does not make a listed sector good */
	begin("disc dvd-5 drawn=0 bad=100 ecc=1;drive hh-sata-dvd", QUIET);
	assert_int_equal(drive_desk_read(&t, 0, 16).status, 0);
	drive_desk_sleep(&t, DESK_S);
	assert_int_equal(drive_desk_read(&t, 80, 16).status, 0);
	r = drive_desk_read(&t, 96, 1);
	assert_true(failed(&r));
	end();
}

static void gaps(void **state)
{
	(void)state;
	static const char disc[] = "disc cd-74 drawn=0 sessions=0-99999,111400-199999;drive hh-sata-dvd";
	begin(disc, QUIET "gap_s=20 gap_gone=0");
	struct desk_reply r = drive_desk_read(&t, 99990, 20);
	assert_true(failed(&r));
	assert_int_equal(r.sense.info_lba, 100000);
	assert_true(r.ns > 20 * DESK_S);
	assert_int_equal(drive_desk_read(&t, 111400, 16).status, 0);
	end();
	begin(disc, QUIET "gap_s=20 gap_gone=1");
	r = drive_desk_read(&t, 105000, 1);
	assert_int_equal(r.host, RESPIN_HOST_ERROR);
	assert_int_equal(drive_desk_read(&t, 0, 1).host, RESPIN_HOST_GONE);
	end();
}

/* ---- what is refused, and sameness ---- */

static void refusals(void **state)
{
	(void)state;
	begin(DVD, QUIET "");
	uint64_t n = the_drive()->disc.sectors;
	assert_int_equal(drive_desk_read(&t, n - 1, 1).status, 0);
	assert_int_equal(drive_desk_read(&t, n - 1, 2).sense.asc, 0x21);
	assert_int_equal(drive_desk_read(&t, n, 1).sense.asc, 0x21);
	assert_int_equal(drive_desk_read(&t, 0, 0).status, 0);
	struct respin_command command;
	struct desk_reply r;
	cdb_read_10(&command, 0, 16, false);
	command.data_len = 15 * DISC_SECTOR;
	drive_desk_exec(&t, &command, &r);
	assert_int_equal(r.sense.asc, 0x24);
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	command = (struct respin_command){.cdb = {DRIVE_OP_VERIFY_10, 0, 0, 0, 0x06, 0x40, 0, 0, 16},
					  .cdb_len = 10,
					  .timeout_ms = 60000};
	drive_desk_exec(&t, &command, &r);
	assert_true(failed(&r)); /* VERIFY meets the same damage, and moves nothing */
	end();
	begin("disc cd-74 drawn=0;drive old-cdrom", "");
	assert_int_equal(drive_desk_stream(&t, 0, 1).sense.asc, 0x20);
	end();
}

static uint64_t history(uint64_t seed)
{
	char text[256];
	uint64_t hash = 0;
	(void)snprintf(text, sizeof text,
		       "seed %llu;disc dvd-5;drive hh-sata-dvd halo=2 "
		       "lie_zero=0.01 jitter_us=200 fail_cached=0.5 wedge_at=5 wedge_p=0.1",
		       (unsigned long long)seed);
	drive_desk_open_dry(&t, text);
	struct rng rng = {11};
	drive_desk_hurt(&t, 0, 3000, 1.0, 0.05);
	for (unsigned i = 0; i < 3000; i++) {
		struct desk_reply r = drive_desk_read(&t, rng_below(&rng, 60000), 16);
		hash = rng_mix(hash ^ r.ns) + r.sense.key * 65536u + r.sense.asc * 256u + r.residual;
	}
	end();
	return hash;
}

static void sameness(void **state)
{
	(void)state;
	uint64_t first = history(1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(history(1), first);
	assert_int_not_equal(history(2), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_times),
		cmocka_unit_test(effort),
		cmocka_unit_test(senses),
		cmocka_unit_test(informations),
		cmocka_unit_test(step_down),
		cmocka_unit_test(step_up),
		cmocka_unit_test(slow_link),
		cmocka_unit_test(hang),
		cmocka_unit_test(margins),
		cmocka_unit_test(fatigue),
		cmocka_unit_test(retries_cost_margin),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(lists),
		cmocka_unit_test(gaps),
		cmocka_unit_test(refusals),
		cmocka_unit_test(sameness),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
