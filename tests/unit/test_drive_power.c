/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive gets ready, stops, sleeps, loses its link or its power:
 * what the host sees of it, and what the host's own timeouts and resets do.
 */
#include "drive_case.h"

enum { STOP = 0, START = 1 };

#define GONE LINK(RESPIN_HOST_GONE)
#define HOST_ERROR LINK(RESPIN_HOST_ERROR)
#define HOST_RESET LINK(RESPIN_HOST_RESET)

/* ---- getting ready, stopping, sleeping ---- */

static void loading(void **state)
{
	(void)state;
	begin_raw(BD, "", "");
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x20401);
	assert_int_equal(read_code(0), 0x20401);
	sleep_until_s(19);
	assert_int_equal(tur(), 0x20401);
	sleep_until_s(21);
	assert_int_equal(tur(), 0);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->session, 0);
	end();
	begin_raw("disc plain size=1000 medium=none;drive plain", "", "");
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x23a01);
	end();
	begin_raw("disc plain size=1000 medium=open;drive plain", "", "");
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x23a02);
	end();
	begin_raw("disc plain size=1000;drive plain ready_ms=5000", "", "");
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x20401);
	sleep_until_s(5);
	assert_int_equal(tur(), 0);
	end();
}

static void spin_cycle(void **state)
{
	(void)state;
	begin(BD, STEADY);
	uint32_t session = the_drive()->session;
	assert_int_equal(read_code(0), 0);
	assert_int_equal(drive_desk_start_stop(&t, STOP).status, 0);
	assert_int_equal(tur(), 0x20402);
	assert_int_equal(read_code(0), 0x20402);
	struct desk_reply r = drive_desk_start_stop(&t, START);
	assert_in_range(r.ns, 4 * DESK_S, 5 * DESK_S); /* it waits for the end */
	assert_int_equal(tur(), 0);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->session, session + 1);
	/* IMMED: it does not */
	drive_desk_start_stop(&t, STOP);
	struct respin_command command;
	cdb_start_stop(&command, true, false);
	command.cdb[1] = 1;
	drive_desk_exec(&t, &command, &r);
	assert_true(r.ns < DESK_MS);
	assert_int_equal(tur(), 0x20401);
	drive_desk_sleep(&t, 4 * DESK_S);
	assert_int_equal(tur(), 0);
	/* a START without a stop is nothing */
	session = the_drive()->session;
	drive_desk_start_stop(&t, START);
	assert_int_equal(the_drive()->session, session);
	end();
	/* an ideal drive is up at once, and silently */
	begin("disc plain size=1000;drive plain", "");
	session = the_drive()->session;
	drive_desk_start_stop(&t, STOP);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->session, session + 1);
	end();
}

static void standby(void **state)
{
	(void)state;
	begin(BD, "standby_s=60 session_s=never");
	uint32_t session = the_drive()->session;
	read_code(0);
	drive_desk_sleep(&t, 58 * DESK_S);
	assert_true(drive_desk_read(&t, 320000, 32).ns < DESK_S);
	for (int i = 0; i < 61; i++) {
		drive_desk_sleep(&t, DESK_S);
		assert_int_equal(tur(), 0); /* asking does not keep it awake */
	}
	assert_int_equal(the_drive()->state, DRIVE_STANDBY);
	struct desk_reply r = drive_desk_read(&t, 320000, 32);
	assert_int_equal(r.status, 0);
	assert_in_range(r.ns, 4 * DESK_S, 5 * DESK_S);
	assert_int_equal(the_drive()->session, session + 1);
	end();
	begin(BD, "standby_s=0 session_s=never");
	read_code(0);
	drive_desk_sleep(&t, 3600 * DESK_S);
	assert_true(drive_desk_read(&t, 320000, 32).ns < DESK_S);
	end();
}

static void sessions_by_time(void **state)
{
	(void)state;
	begin(DVD, "standby_s=0 session_s=900");
	uint32_t session = the_drive()->session;
	sleep_until_s(890);
	read_code(0);
	assert_int_equal(the_drive()->session, session);
	sleep_until_s(910);
	read_code(0);
	assert_int_equal(the_drive()->session, session + 1);
	sleep_until_s(910 + 3 * 900);
	read_code(0);
	assert_int_equal(the_drive()->session, session + 4);
	assert_int_equal(the_drive()->counts.sessions, the_drive()->session + 1);
	end();
}

/* ---- the host gives up ---- */

static struct desk_reply impatient(uint64_t lba, uint32_t timeout_ms)
{
	struct respin_command command;
	struct desk_reply r;
	cdb_read_10(&command, (uint32_t)lba, 32, false);
	command.timeout_ms = timeout_ms;
	drive_desk_exec(&t, &command, &r);
	return r;
}

static void timeouts(void **state)
{
	(void)state;
	begin(BD, STEADY "gone_p=0 fail_ms=8000 fail_sigma=0 reset_s=6 wedge_at=0");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	drive_desk_speed(&t, 8991);
	the_drive()->mode_page_01[3] = 1;
	the_drive()->mode_page_01[2] = 4;
	the_drive()->mode_page_01[3] = 5;
	struct desk_reply r = impatient(32000, 1500);
	assert_int_equal(r.host, RESPIN_HOST_TIMEOUT);
	assert_in_range(r.ns, 1500 * DESK_MS + 3 * DESK_S, 1500 * DESK_MS + 9 * DESK_S);
	assert_int_equal(tur(), 0x62903);
	assert_int_equal(the_drive()->mode_page_01[2], 0);
	assert_true(the_drive()->wedge_bucket >= 3);
	assert_int_equal(the_drive()->counts.timeouts, 1);
	assert_int_equal(impatient(32000, 60000).host, RESPIN_HOST_OK);
	end();

	begin(BD, STEADY "gone_p=1 fail_ms=8000 fail_sigma=0 renames=0");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	r = impatient(32000, 1500);
	assert_int_equal(r.host, RESPIN_HOST_TIMEOUT);
	assert_int_equal(tur(), GONE);
	drive_desk_sleep(&t, 9 * DESK_S);
	assert_int_equal(t.ops->reopen(t.self, NULL), 0);
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(read_code(0), 0);
	end();

	begin("disc plain size=1000 bad=5;drive plain fail_ms=8000", "");
	r = impatient(0, 1500);
	assert_int_equal(r.host, RESPIN_HOST_TIMEOUT);
	assert_int_equal(r.ns, 1500 * DESK_MS);
	assert_int_equal(tur(), 0); /* the ideal drive does not mind */
	end();
}

/* ---- the link ---- */

static void bridge(void **state)
{
	(void)state;
	begin(BD, "bridge_p=1 back_ms=8000 renames=1 standby_s=0 session_s=never");
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	uint32_t session = the_drive()->session;
	assert_int_equal(read_code(0), 0);
	assert_int_equal(read_code(32000), LINK(RESPIN_HOST_ERROR));
	assert_int_equal(read_code(0), GONE);
	assert_true(t.ops->reopen(t.self, NULL) < 0);
	assert_false(transport_sim_rediscover(&t));
	drive_desk_sleep(&t, 9 * DESK_S);
	assert_int_equal(read_code(0), GONE); /* under its old name, for ever */
	assert_true(t.ops->reopen(t.self, NULL) < 0);
	assert_true(transport_sim_rediscover(&t));
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->session, session); /* the disc never stopped */
	assert_int_equal(the_drive()->counts.unplugs, 1);
	end();
	begin(BD, "bridge_p=0 standby_s=0 wedge_at=0");
	drive_desk_hurt(&t, 1000, 200, DEAD, 0);
	for (uint64_t b = 1000; b < 1200; b++)
		read_code(b * 32);
	assert_int_equal(the_drive()->counts.unplugs, 0);
	end();
}

static void unplugged(void **state)
{
	(void)state;
	begin_raw(BD, STEADY "fail_ms=8000 fail_sigma=0", "fault unplug at=100s for=8s");
	drive_desk_ready(&t);
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	uint32_t session = the_drive()->session;
	sleep_until_s(97);
	struct desk_reply r = drive_desk_read(&t, 32000, 32);
	assert_int_equal(r.host, RESPIN_HOST_GONE); /* in the middle of it */
	assert_int_equal(now(), 100 * DESK_S);
	assert_true(t.ops->reopen(t.self, NULL) < 0);
	sleep_until_s(109);
	assert_int_equal(t.ops->reopen(t.self, NULL), 0);
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x20401); /* it had no power: it loads */
	sleep_until_s(129);
	assert_int_equal(read_code(0), 0);
	assert_int_equal(the_drive()->session, session + 1);
	end();
	begin_raw(BD, STEADY, "fault unplug at=100s for=never");
	drive_desk_ready(&t);
	sleep_until_s(100000);
	assert_int_equal(read_code(0), GONE);
	assert_true(t.ops->reopen(t.self, NULL) < 0);
	end();
}

static void resets(void **state)
{
	(void)state;
	begin_raw(BD, STEADY "fail_ms=8000 fail_sigma=0", "fault reset at=100s");
	drive_desk_ready(&t);
	drive_desk_hurt(&t, 1000, 1, DEAD, 0);
	sleep_until_s(97);
	assert_int_equal(read_code(32000), HOST_RESET);
	assert_int_equal(now(), 100 * DESK_S);
	assert_int_equal(tur(), 0x62902);
	assert_int_equal(read_code(0), 0);
	end();
}

static void brown_outs(void **state)
{
	(void)state;
	begin(BD, "standby_s=60 session_s=never brownout=1 back_ms=8000 renames=0 load_s=5");
	unsigned gone = 0;
	for (int i = 0; i < 100; i++) {
		drive_desk_sleep(&t, 61 * DESK_S);
		if (read_code(0) == LINK(RESPIN_HOST_ERROR)) {
			gone++;
			drive_desk_sleep(&t, 9 * DESK_S);
			assert_int_equal(t.ops->reopen(t.self, NULL), 0);
			drive_desk_ready(&t);
		}
	}
	assert_in_range(gone, 35, 65); /* 4857 rpm of 10000 */
	end();
	begin(BD, "standby_s=60 session_s=never brownout=0");
	for (int i = 0; i < 20; i++) {
		drive_desk_sleep(&t, 61 * DESK_S);
		assert_int_equal(read_code(0), 0);
	}
	end();
}

/* Attentions wait in line, each once. */
static void attentions(void **state)
{
	(void)state;
	begin(DVD, STEADY);
	drive_attend(the_drive(), 0x28, 0);
	drive_attend(the_drive(), 0x29, 0);
	drive_attend(the_drive(), 0x28, 0);
	drive_attend(the_drive(), 0x2a, 1);
	assert_int_equal(tur(), 0x62800);
	assert_int_equal(tur(), 0x62900);
	assert_int_equal(tur(), 0x62a01);
	assert_int_equal(tur(), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loading),    cmocka_unit_test(spin_cycle),
		cmocka_unit_test(standby),    cmocka_unit_test(sessions_by_time),
		cmocka_unit_test(timeouts),   cmocka_unit_test(bridge),
		cmocka_unit_test(unplugged),  cmocka_unit_test(resets),
		cmocka_unit_test(brown_outs), cmocka_unit_test(attentions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
