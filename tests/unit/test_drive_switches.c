/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every switch of the simulated drive that hurts a clever scheduler, and every
 * lie, each shown on and off: what it costs, and that it costs nothing else.
 */
#include "drive_case.h"

/* ---- switches ---- */

static void from_memory(void **state)
{
	(void)state;
	begin(DVD, QUIET "fail_cached=1 fail_cached_ms=200 fua=honoured");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	struct desk_reply first = block(100), again = drive_desk_read(&t, 1605, 1);
	assert_true(first.ns > DESK_S);
	assert_true(failed(&again));
	assert_int_equal(again.sense.asc, first.sense.asc);
	assert_in_range(again.ns, 200 * DESK_MS, 230 * DESK_MS);
	again = drive_desk_read_fua(&t, 1605, 1);
	assert_true(again.ns > DESK_S);
	drive_desk_sleep(&t, 61 * DESK_S); /* it forgets */
	assert_true(block(100).ns > DESK_S);
	end();

	/* not where some sectors of the block are readable: those must not fail with the others */
	begin("disc dvd-5 drawn=0 bad=1605;drive hh-sata-dvd", QUIET "fail_cached=1");
	first = block(100);
	assert_true(failed(&first));
	assert_int_equal(drive_desk_read(&t, 1600, 5).status, 0);
	end();

	begin(DVD, QUIET "fail_cached=0");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	block(100);
	assert_true(drive_desk_read(&t, 1605, 1).ns > DESK_S);
	end();
}

/* What answers from memory has not moved the laser: the bucket stays as it was. */
static void from_memory_cold(void **state)
{
	(void)state;
	begin(DVD, STEADY "wedge_at=3 wedge_p=1 bucket_leak_s=3600 fail_cached=1");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	block(100);
	for (unsigned i = 0; i < 16; i++) {
		struct desk_reply r = drive_desk_read(&t, 1600 + i, 1);
		assert_true(failed(&r));
		assert_true(r.ns < DESK_S);
	}
	assert_true(the_drive()->wedge_bucket <= 1);
	assert_int_equal(the_drive()->counts.wedges, 0);
	assert_int_equal(the_drive()->counts.failed_reads, 17);
	end();
}

/* Which failures tell where they were, which repeats come from memory, which crash the bridge: as bits. */
#define COINS 24u
struct coins {
	uint32_t told, cached, crashed;
};
static struct coins coins_of(bool backwards)
{
	struct coins coins = {0};
	begin(DVD, STEADY
	      "wedge_at=0 step_down=0 info_p=0.5 fail_cached=0.5 bridge_p=0.3 back_ms=10 fua=honoured");
	drive_desk_hurt(&t, 100, COINS * 2, DEAD, 0);
	for (unsigned i = 0; i < COINS; i++) {
		unsigned k = backwards ? COINS - 1 - i : i;
		uint32_t bit = 1u << k;
		struct desk_reply r = block(100 + 2 * k);
		if (r.host) {
			coins.crashed |= bit;
			drive_desk_sleep(&t, DESK_S);
			transport_sim_rediscover(&t);
			drive_desk_ready(&t);
			continue;
		}
		coins.told |= r.sense.has_info ? bit : 0;
		coins.cached |= the_drive()->cache.failed_block == 100 + 2 * k ? bit : 0;
	}
	end();
	return coins;
}

static void in_any_order(void **state)
{
	(void)state;
	struct coins there = coins_of(false), back = coins_of(true);
	assert_int_equal(there.told, back.told);
	assert_int_equal(there.cached, back.cached);
	assert_int_equal(there.crashed, back.crashed);
	for (unsigned i = 0; i < 3; i++) { /* and they are coins */
		uint32_t bits = i == 0 ? there.told : i == 1 ? there.cached : there.crashed;
		assert_in_range(__builtin_popcount(bits), 2, COINS - 4);
	}
	/* one block, try after try: not always the same either; nor without damage by shapes or mechanics */
	static const char *const drives[] = {DVD, "disc dvd-5 size=32000 bad=1600;drive plain"};
	for (unsigned d = 0; d < 2; d++) {
		begin(drives[d], QUIET "step_down=0 info_p=0.5");
		if (d == 0)
			drive_desk_hurt(&t, 100, 1, DEAD, 0);
		unsigned told = 0;
		for (unsigned i = 0; i < 40; i++)
			told += block(100).sense.has_info;
		assert_in_range(told, 8, 32);
		end();
	}
}

/* A scratch in every fifth block, which the host knows and skips. Returns seconds; failures must be none. */
static double skipping_s(const char *keys)
{
	char all[256];
	(void)snprintf(all, sizeof all, QUIET "%s", keys);
	begin(BD, all);
	for (uint64_t b = 4; b < 500; b += 5)
		drive_desk_hurt(&t, b, 1, DEAD, 0);
	uint64_t from = t.ops->now_ns(t.self);
	for (uint64_t b = 0; b < 500; b++)
		if (b % 5 != 4)
			assert_int_equal(block(b).status, 0);
	double s = (double)(t.ops->now_ns(t.self) - from) / 1e9;
	end();
	return s;
}

static void stalls(void **state)
{
	(void)state;
	double never = skipping_s("prefetch_stall=0"), some = skipping_s("prefetch_stall=0.3");
	double always = skipping_s("prefetch_stall=1");
	assert_true(never < 10);
	/* 99 crossings of half a failure of 5.3 s (the mean of the log-normal) */
	assert_true(always - never > 99 * 2.65 * 0.8 && always - never < 99 * 2.65 * 1.2);
	assert_true(some - never > 0.15 * (always - never) && some - never < 0.5 * (always - never));

	/* who wants the bad block itself pays for it once */
	begin(BD, QUIET "prefetch_stall=1 fail_sigma=0 fail_ms=5000");
	drive_desk_hurt(&t, 8, 1, DEAD, 0);
	for (uint64_t b = 0; b < 8; b++)
		block(b);
	assert_in_range(block(8).ns, 4900 * DESK_MS, 5100 * DESK_MS);
	/* and who jumps far away waits for the firmware, too */
	for (uint64_t b = 0; b < 8; b++)
		block(b);
	assert_true(block(100000).ns > 400 * DESK_MS);
	end();
}

static void relocks(void **state)
{
	(void)state;
	double without = skipping_s("relock_ms=0"), with = skipping_s("relock_ms=250");
	assert_true(with - without > 99 * 0.25 - 0.5 && with - without < 99 * 0.25 + 0.5);
}

static void halos(void **state)
{
	(void)state;
	begin(BD, QUIET "halo=3 halo_fail=0");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	for (uint64_t b = 990; b < 1000; b++)
		assert_true(block(b).ns < 300 * DESK_MS);
	for (uint64_t b = 1001; b < 1004; b++)
		assert_in_range(block(b).ns, 480 * DESK_MS, 2900 * DESK_MS);
	assert_true(block(1004).ns < 300 * DESK_MS);
	end();

	begin(BD, QUIET "halo=3 halo_fail=1");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	block(999);
	for (uint64_t b = 1001; b < 1004; b++) {
		struct desk_reply r = block(b);
		assert_true(failed(&r));
	}
	assert_int_equal(block(1004).status, 0);
	the_drive()->scenario.drive.halo = 0;
	assert_int_equal(block(1001).status, 0); /* there is nothing wrong with it */
	end();

	begin(BD, QUIET "halo=0");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	block(999);
	assert_true(block(1001).ns < 100 * DESK_MS);
	end();
}

static void streaming(void **state)
{
	(void)state;
	static unsigned char good[16 * DISC_SECTOR];
	begin(DVD, QUIET "stream=corrupt fail_sigma=0");
	assert_int_equal(drive_desk_stream(&t, 1600, 16).status, 0);
	memcpy(good, desk_data, sizeof good);
	block(50000); /* out of the buffer with it */
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	struct desk_reply r = drive_desk_stream(&t, 1600, 16);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.residual, 0);
	assert_true(r.ns < 300 * DESK_MS);
	assert_memory_not_equal(good, desk_data, sizeof good);
	assert_int_equal(the_drive()->counts.lies, 1);
	r = drive_desk_read(&t, 1600, 16); /* the wrong bytes are not what the buffer holds */
	assert_true(failed(&r));
	assert_int_equal(drive_desk_stream(&t, 3200, 16).status, 0);
	assert_int_equal(the_drive()->counts.lies, 1);
	end();

	begin(DVD, QUIET "stream=honest stream_factor=0.3 fail_sigma=0 fail_ms=8000");
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	r = drive_desk_stream(&t, 1600, 16);
	assert_true(failed(&r));
	assert_in_range(r.ns, 2400 * DESK_MS, 2700 * DESK_MS);
	end();

	begin(DVD, QUIET "stream=refused");
	assert_int_equal(drive_desk_stream(&t, 1600, 16).sense.asc, 0x24);
	end();

	begin(DVD, QUIET "mode_01=10"); /* RC, as somebody left it: every read is a stream */
	drive_desk_hurt(&t, 100, 1, DEAD, 0);
	assert_int_equal(drive_desk_read(&t, 1600, 16).status, 0);
	assert_memory_not_equal(good, desk_data, sizeof good);
	end();
}

static void partial_blocks(void **state)
{
	(void)state;
	begin(DVD, QUIET "partial_blocks=1 step_down=0");
	drive_desk_hurt(&t, 100, 1, 2.0, 0);
	unsigned first = 16, bad = 0, last = 0;
	for (unsigned i = 0; i < 16; i++) {
		struct desk_reply r = drive_desk_read(&t, 1600 + i, 1);
		if (!failed(&r))
			continue;
		first = i < first ? i : first;
		last = i;
		bad++;
	}
	assert_int_equal(bad, 3); /* twice 6.35 mm of sectors of 5.16 mm */
	assert_int_equal(last - first + 1, bad);
	struct desk_reply r = block(100);
	assert_true(failed(&r));
	assert_int_equal(r.sense.info_lba, 1600 + first);
	end();

	begin(DVD, QUIET "partial_blocks=0 step_down=0");
	drive_desk_hurt(&t, 100, 1, 2.0, 0);
	for (unsigned i = 0; i < 16; i++) {
		r = drive_desk_read(&t, 1600 + i, 1);
		assert_true(failed(&r));
	}
	end();

	begin(BD, QUIET "partial_blocks=1"); /* a BD's codes run through all of a cluster */
	drive_desk_hurt(&t, 100, 1, 2.0, 0);
	for (unsigned i = 0; i < 32; i++) {
		r = drive_desk_read(&t, 3200 + i, 1);
		assert_true(failed(&r));
	}
	end();
}

/* ---- lies ---- */

static void lies(void **state)
{
	(void)state;
	static unsigned char before[16 * DISC_SECTOR], zeros[16 * DISC_SECTOR], next[15 * DISC_SECTOR];
	begin(DVD, QUIET "lie_stale=1");
	drive_desk_read(&t, 1600, 16);
	memcpy(before, desk_data, sizeof before);
	struct desk_reply r = drive_desk_read(&t, 3200, 16);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.residual, 0);
	assert_memory_equal(before, desk_data, sizeof before);
	end();

	begin(DVD, QUIET "lie_zero=1");
	drive_desk_read(&t, 1600, 16);
	assert_memory_equal(zeros, desk_data, sizeof zeros);
	end();

	begin(DVD, QUIET "");
	drive_desk_read(&t, 1601, 15);
	memcpy(next, desk_data, sizeof next);
	end();
	begin(DVD, QUIET "lie_neighbour=1");
	drive_desk_read(&t, 1600, 15);
	assert_memory_equal(next, desk_data, sizeof next);
	assert_int_equal(drive_desk_read(&t, 2295088, 16).status, 0); /* none behind: those before */
	end();

	begin(DVD, QUIET "lie_short=1 resid=honest");
	r = drive_desk_read(&t, 1600, 16);
	assert_int_equal(r.status, 0);
	assert_true(r.residual > 0 && r.residual % DISC_SECTOR == 0);
	assert_int_equal(desk_data[16 * DISC_SECTOR - 1], 0xa5);
	end();
	/* two ways to be short at once: of nothing, nothing less is left */
	begin("disc dvd-5 size=20000;drive hh-sata-dvd", "lie_short=1 resid=honest short=1");
	for (uint64_t lba = 0; lba < 320; lba++)
		assert_true(drive_desk_read(&t, lba, (uint32_t)(1 + lba % 3)).residual > 0);
	end();
	begin(DVD, QUIET "lie_short=1 resid=zero");
	r = drive_desk_read(&t, 1600, 16);
	assert_int_equal(r.residual, 0);
	assert_int_equal(desk_data[16 * DISC_SECTOR - 1], 0xa5);
	end();
}

static void rates_of_lies(void **state)
{
	(void)state;
	begin(DVD, QUIET "lie_stale=0.05 lie_zero=0.05 lie_neighbour=0.05 lie_short=0.05");
	for (uint64_t b = 0; b < 2000; b++)
		block(b);
	assert_in_range(the_drive()->counts.lies, 340, 460);
	end();
	begin(DVD, QUIET "lie_zero=1 lie_where=hard");
	drive_desk_hurt(&t, 500, 1, 0.75, 0);
	for (uint64_t b = 0; b < 1000; b++)
		if (b != 499)
			block(b);
	assert_int_equal(the_drive()->counts.lies, 1);
	end();
	begin(DVD, QUIET "");
	for (uint64_t b = 0; b < 1000; b++)
		block(b);
	assert_int_equal(the_drive()->counts.lies, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_memory),
		cmocka_unit_test(stalls),
		cmocka_unit_test(relocks),
		cmocka_unit_test(halos),
		cmocka_unit_test(from_memory_cold),
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(streaming),
		cmocka_unit_test(partial_blocks),
		cmocka_unit_test(lies),
		cmocka_unit_test(rates_of_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
