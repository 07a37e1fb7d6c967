/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive wedges and is cured; its disc is changed, wiped, taken
 * out, or not recognised.
 */
#include "drive_case.h"

enum { STOP = 0, START = 1, EJECT = 2, LOAD = 3 };

/* ---- wedging ---- */

/* Failures of 0.9 s each, which are quick enough to fill the bucket. */
#define QUICK STEADY "fail_ms=900 fail_sigma=0 step_down=0 "

static unsigned fail_until_wedged(unsigned most)
{
	drive_desk_hurt(&t, 1000, 100, DEAD, 0);
	for (unsigned i = 1; i <= most; i++) {
		read_code(drive_desk_sector(&t, 1000 + (i - 1) % 100));
		if (the_drive()->wedged)
			return i;
	}
	return 0;
}

static bool is_wedged(void)
{
	struct desk_reply r = drive_desk_read(&t, 0, 32);
	if (code(&r) != 0x44400 && code(&r) != 0x52400)
		return false;
	assert_in_range(r.ns, 50 * DESK_MS, 101 * DESK_MS);
	return true;
}

static void wedges(void **state)
{
	(void)state;
	begin(BD, QUICK "wedge_p=1");
	uint64_t from = now();
	assert_int_equal(fail_until_wedged(20), 7);
	assert_in_range(now() - from, 6300 * DESK_MS, 6900 * DESK_MS);
	assert_true(is_wedged());
	assert_int_equal(tur(), 0); /* it looks well */
	assert_int_equal(the_drive()->counts.wedges, 1);
	drive_desk_sleep(&t, 600 * DESK_S); /* rest alone does not help this one */
	assert_true(is_wedged());
	end();
	begin(BD, QUICK "wedge_p=0");
	assert_int_equal(fail_until_wedged(60), 0);
	end();
	begin(BD, QUICK "wedge_at=0 wedge_p=1");
	assert_int_equal(fail_until_wedged(60), 0);
	end();
	/* failures as slow as this drive's own leak out as fast as they come */
	begin(BD, STEADY "fail_ms=5100 fail_sigma=0 wedge_p=1");
	assert_int_equal(fail_until_wedged(100), 0);
	end();
	begin(BD, QUICK "wedge_p=0.5");
	unsigned at = fail_until_wedged(60);
	assert_in_range(at, 7, 20);
	end();
}

static void wedge_answers(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		uint32_t read, ready;
	} rows[] = {{QUICK "wedge_p=1 wedge_as=hardware", 0x44400, 0},
		    {QUICK "wedge_p=1 wedge_as=invalid", 0x52400, 0},
		    {QUICK "wedge_p=1 wedge_as=busy", 0x20401, 0x20401}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(BD, rows[i].keys);
		fail_until_wedged(20);
		assert_int_equal(read_code(0), rows[i].read);
		assert_int_equal(tur(), rows[i].ready);
		end();
	}
}

static void wedge_leaks(void **state)
{
	(void)state;
	/* pauses of 5 s after each failure keep the level down, whenever it leaks */
	static const char *const leaks[] = {"bucket_leaks=always", "bucket_leaks=idle"};
	for (int i = 0; i < 2; i++) {
		char keys[256];
		(void)snprintf(keys, sizeof keys, "%swedge_p=1 %s", QUICK, leaks[i]);
		begin(BD, keys);
		drive_desk_hurt(&t, 1000, 100, DEAD, 0);
		for (uint64_t b = 1000; b < 1060; b++) {
			read_code(b * 32);
			drive_desk_sleep(&t, 5 * DESK_S);
		}
		assert_int_equal(the_drive()->counts.wedges, 0);
		end();
		/* reading good areas instead cools it only where it leaks always */
		begin(BD, keys);
		drive_desk_hurt(&t, 1000, 100, DEAD, 0);
		for (uint64_t b = 1000; b < 1060; b++) {
			read_code(b * 32);
			for (uint64_t until = now() + 5 * DESK_S, lba = 3200000; now() < until; lba += 32)
				read_code(lba);
		}
		assert_int_equal(the_drive()->counts.wedges > 0, i == 1);
		end();
	}
}

static void cures(void **state)
{
	(void)state;
	begin(BD, QUICK "wedge_p=1 cure_p=1");
	fail_until_wedged(20);
	drive_desk_start_stop(&t, STOP); /* too short a rest */
	drive_desk_start_stop(&t, START);
	assert_true(is_wedged());
	drive_desk_start_stop(&t, STOP);
	drive_desk_sleep(&t, 5 * DESK_S);
	drive_desk_start_stop(&t, START);
	assert_int_equal(read_code(0), 0);
	end();

	unsigned cured = 0;
	begin(BD, QUICK "wedge_p=1 cure_p=0.8");
	for (int i = 0; i < 100; i++) {
		drive_wedge(the_drive());
		drive_desk_start_stop(&t, STOP);
		drive_desk_sleep(&t, 6 * DESK_S);
		drive_desk_start_stop(&t, START);
		cured += !the_drive()->wedged;
		the_drive()->wedged = false;
		the_drive()->state = DRIVE_READY;
	}
	assert_in_range(cured, 68, 92);
	end();

	begin(DVD, QUICK "wedge_at=6 wedge_p=1 wedge_cure=wait cure_wait_s=30 cure_p=1");
	fail_until_wedged(20);
	drive_desk_sleep(&t, 29 * DESK_S);
	assert_true(is_wedged()); /* which begins the wait anew */
	drive_desk_sleep(&t, 29 * DESK_S);
	assert_true(is_wedged());
	drive_desk_sleep(&t, 31 * DESK_S);
	tur();
	assert_int_equal(read_code(0), 0);
	end();

	begin(DVD, QUICK "wedge_at=6 wedge_p=1 wedge_cure=power");
	fail_until_wedged(20);
	drive_desk_start_stop(&t, STOP);
	drive_desk_sleep(&t, 60 * DESK_S);
	drive_desk_start_stop(&t, START);
	assert_true(is_wedged());
	drive_desk_start_stop(&t, EJECT);
	drive_desk_start_stop(&t, LOAD);
	drive_desk_ready(&t);
	assert_int_equal(read_code(0), 0);
	end();
}

/* ---- discs ---- */

static void swaps(void **state)
{
	(void)state;
	static unsigned char first[32 * DISC_SECTOR];
	begin_raw(DVD, STEADY, "fault swap at=100s for=10s");
	drive_desk_ready(&t);
	drive_desk_read(&t, 320, 32);
	memcpy(first, desk_data, sizeof first);
	uint32_t session = the_drive()->session;
	sleep_until_s(101);
	assert_int_equal(read_code(320), 0x23a02);
	sleep_until_s(111);
	assert_int_equal(read_code(320), 0x20401);
	sleep_until_s(123);
	assert_int_equal(read_code(320), 0x62800);
	assert_int_equal(read_code(320), 0);
	assert_memory_not_equal(first, desk_data, sizeof first);
	assert_int_equal(the_drive()->session, session + 1);
	assert_int_equal(the_drive()->discs, 1);
	end();

	/* somebody ate the attention; the wait shows */
	begin_raw(DVD, STEADY, "fault swap at=100s for=10s silent=1");
	drive_desk_ready(&t);
	sleep_until_s(123);
	assert_int_equal(read_code(320), 0);
	assert_memory_not_equal(first, desk_data, sizeof first);
	end();

	/* nothing shows */
	begin_raw(DVD, STEADY, "fault swap at=100s for=0s silent=1");
	drive_desk_ready(&t);
	sleep_until_s(99);
	assert_int_equal(read_code(320), 0);
	assert_memory_equal(first, desk_data, sizeof first);
	sleep_until_s(101);
	assert_int_equal(read_code(320), 0);
	assert_memory_not_equal(first, desk_data, sizeof first);
	end();

	/* opened and closed: the same disc */
	begin_raw(DVD, STEADY, "fault open at=100s for=10s");
	drive_desk_ready(&t);
	sleep_until_s(123);
	assert_int_equal(read_code(320), 0x62800);
	assert_int_equal(read_code(320), 0);
	assert_memory_equal(first, desk_data, sizeof first);
	end();
}

static void wiped(void **state)
{
	(void)state;
	begin_raw(DVD, STEADY,
		  "damage smudge count=1 length=14 width=10 weight=0.5;fault clean at=100s for=60s");
	drive_desk_ready(&t);
	uint32_t session = the_drive()->session;
	sleep_until_s(130);
	assert_int_equal(tur(), 0x23a02);
	sleep_until_s(180);
	assert_int_equal(tur(), 0x62800);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->disc.cleanings, 1);
	assert_int_equal(the_drive()->session, session + 1);
	end();
}

static void tray(void **state)
{
	(void)state;
	struct respin_command lock = {.cdb = {DRIVE_OP_PREVENT_REMOVAL, 0, 0, 0, 1}, .cdb_len = 6};
	struct desk_reply r;
	begin(DVD, STEADY);
	drive_desk_exec(&t, &lock, &r);
	r = drive_desk_start_stop(&t, EJECT);
	assert_int_equal(code(&r), 0x55302);
	lock.cdb[4] = 0;
	drive_desk_exec(&t, &lock, &r);
	assert_int_equal(drive_desk_start_stop(&t, EJECT).status, 0);
	assert_int_equal(tur(), 0x23a02);
	r = drive_desk_start_stop(&t, LOAD);
	assert_int_equal(r.status, 0);
	assert_in_range(r.ns, 12 * DESK_S, 13 * DESK_S);
	assert_int_equal(tur(), 0x62800);
	assert_int_equal(read_code(0), 0);
	end();

	begin(BD, STEADY); /* a slim drive cannot pull its tray in */
	drive_desk_start_stop(&t, EJECT);
	r = drive_desk_start_stop(&t, LOAD);
	assert_int_equal(code(&r), 0x52400);
	drive_desk_sleep(&t, 3600 * DESK_S);
	assert_int_equal(tur(), 0x23a02);
	end();

	begin(BD, STEADY "hand_s=300"); /* but a person can */
	drive_desk_start_stop(&t, EJECT);
	drive_desk_sleep(&t, 290 * DESK_S);
	assert_int_equal(tur(), 0x23a02);
	drive_desk_sleep(&t, 20 * DESK_S);
	assert_int_equal(tur(), 0x20401);
	drive_desk_ready(&t);
	end();
}

/* Of 200 loads, how many were recognised. */
static unsigned recognised_of(const char *disc, const char *keys, double leadin_x)
{
	unsigned known = 0;
	begin_raw(disc, keys, "");
	for (int i = 0; i < 200; i++) {
		the_drive()->disc.leadin_x = leadin_x;
		drive_desk_start_stop(&t, STOP);
		drive_desk_start_stop(&t, START);
		tur();
		known += the_drive()->state == DRIVE_READY;
	}
	end();
	return known;
}

static void recognition(void **state)
{
	(void)state;
	assert_int_equal(recognised_of(BD, STEADY, 0), 200);
	assert_in_range(recognised_of(BD, STEADY "recognise_p=0.3", 0), 40, 80);
	assert_int_equal(recognised_of(BD, STEADY "recognise_p=0", 0), 0);
	assert_in_range(recognised_of(BD, STEADY, 1.0), 75, 125); /* a lead-in at its edge */
	assert_true(recognised_of(BD, STEADY, 0.5) > 180);
	assert_int_equal(recognised_of(BD, STEADY, 4.0), 0);

	static const struct {
		const char *as;
		uint32_t code;
	} rows[] = {
		{"no_disc", 0x23a00}, {"incompatible", 0x23000}, {"no_toc", 0x35700}, {"becoming", 0x20401}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char keys[128];
		(void)snprintf(keys, sizeof keys, "recognise_p=0 unknown_as=%s", rows[i].as);
		begin_raw(BD, keys, "");
		sleep_until_s(120);
		tur();
		assert_int_equal(tur(), rows[i].code);
		assert_int_equal(read_code(0), rows[i].code);
		end();
	}
	/* a drive that is too old for the disc says so, always */
	begin_raw("disc bd-25;drive old-cdrom", "", "");
	sleep_until_s(60);
	tur();
	assert_int_equal(tur(), 0x23000);
	end();
	/* the precious mount: a nap loses it */
	begin(DVD, "recognise_p=0.0 loaded=1 standby_s=60");
	assert_int_equal(read_code(0), 0);
	drive_desk_sleep(&t, 70 * DESK_S);
	assert_int_not_equal(read_code(0), 0);
	assert_int_equal(the_drive()->state, DRIVE_UNRECOGNISED);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wedges), cmocka_unit_test(wedge_answers), cmocka_unit_test(wedge_leaks),
		cmocka_unit_test(cures),  cmocka_unit_test(swaps),         cmocka_unit_test(wiped),
		cmocka_unit_test(tray),   cmocka_unit_test(recognition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
