/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The oracle: what it calls readable, what its times are made of, and that in
 * the runs made here (small copies of the built-in scenarios, one seed, the
 * rivals on each and our policy on some) nobody is faster than LB0. LB1 is an
 * estimate and no bound; these runs are slower than that, too.
 *
 * RESPIN_SEED is the seed of the scenarios.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive_desk.h"
#include "respin_trial.h"
#include "sim/oracle.h"
#include "sim/rival.h"

#define SECTORS_MOST 30000u       /* of a disc in the long row: it is made smaller until it has no more */
#define LIMIT_NS (10000 * DESK_S) /* of drive time a policy; nobody is fast after that */
#define SITTINGS_MOST 8u          /* some drop off again and again; what counts is had by then */
#define BACK_STEPS 120u           /* times 5 s: a drive that is not back by then is dead */

static uint64_t seed = 1;

static void open_address(struct respin_transport *transport, const char *address, const char *text)
{
	struct scenario *scenario = calloc(1, sizeof *scenario);
	struct respin_source image = {0};
	struct respin_error error = {0};
	assert_non_null(scenario);
	if (scenario_address(scenario, address, text, &error) < 0 ||
	    transport_sim_create(scenario, &image, NULL, transport, &error) < 0)
		fail_msg("%s: %s", address, error.text);
	free(scenario);
}

static struct oracle ask(const struct respin_transport *transport)
{
	struct oracle oracle;
	assert_int_equal(oracle_find(transport_sim_disc(transport), &oracle, NULL), 0);
	for (unsigned i = 0; i < ORACLE_SHARES; i++) {
		assert_true(oracle.lb0_ns[i] <= oracle.lb1_ns[i]);
		assert_true(i == 0 || oracle.lb0_ns[i - 1] <= oracle.lb0_ns[i]);
		assert_true(i == 0 || oracle.lb1_ns[i - 1] <= oracle.lb1_ns[i]);
	}
	return oracle;
}

static struct oracle ask_desk(const char *text)
{
	struct respin_transport transport;
	drive_desk_open_dry(&transport, text);
	struct oracle oracle = ask(&transport);
	drive_desk_close(&transport);
	return oracle;
}

static void near(uint64_t ns, double s, double share)
{
	double is = (double)ns / DESK_S;
	if (is < s * (1 - share) || is > s * (1 + share))
		fail_msg("%.3f s, not %.3f s", is, s);
}

/* Blocks and commands, one after the other: exact. */
static void test_ideal(void **state)
{
	struct oracle oracle = ask_desk(
		"disc plain size=1600;drive plain block_us=1000 latency_us=100 max_kb=64 ready_ms=500");
	(void)state;
	assert_int_equal(oracle.readable, 1600);
	assert_int_equal(oracle.dead, 0);
	assert_int_equal(oracle.lb0_ns[4], 500 * DESK_MS + 100 * DESK_MS + 50 * DESK_MS / 10);
	assert_int_equal(oracle.lb0_ns[0], 500 * DESK_MS + 50 * DESK_MS + 25 * DESK_MS / 10);
	assert_int_equal(oracle.lb1_ns[4], oracle.lb0_ns[4]);
}

/* Sectors that lists and layout forbid. */
static void test_lists(void **state)
{
	(void)state;
	struct oracle oracle =
		ask_desk("disc plain size=1600 bad=100,200-215 blank=300-331 weak=500 tries=3 every=800;"
			 "drive plain block_us=1000 fail_ms=100");
	assert_int_equal(oracle.readable, 1600 - 1 - 16 - 32 - 2);
	assert_int_equal(oracle.lb0_ns[4], 99 * DESK_MS); /* one block has nothing to give */
	oracle = ask_desk("disc plain size=1600 bad=100 ecc=1;drive plain block_us=1000");
	assert_int_equal(oracle.dead, 16);
	oracle = ask_desk(
		"disc cd-74 size=300000 sessions=0-219999,231400-299999 audio=0-219999 runout=2;drive plain");
	assert_int_equal(oracle.readable, 299999 - 231400 + 1 - 2);
}

/* A full disc at full speed takes what the standards' geometry and the drive's curve say (16x CAV: five minutes). */
static void test_stream(void **state)
{
	(void)state;
	struct oracle oracle = ask_desk("disc dvd-5;drive hh-sata-dvd load_s=0");
	near(oracle.lb0_ns[4], 300, 0.02);
	oracle = ask_desk("disc bd-25;drive slim-usb-bd load_s=0");
	near(oracle.lb0_ns[4], 1312, 0.02);
	/* The outer half is the faster one: of a CAV disc less than half the time. */
	assert_true(oracle.lb0_ns[0] * 5 < oracle.lb0_ns[4] * 2);
	struct oracle loading = ask_desk("disc bd-25;drive slim-usb-bd load_s=20");
	assert_int_equal(loading.lb0_ns[4] - oracle.lb0_ns[4], 20 * DESK_S);
}

/* Blocks 1000, 1002 .. are dead: a way over each gap, which is one block long. */
static void test_gaps(void **state)
{
	static const char text[] = "disc dvd-5 size=160000;drive hh-sata-dvd load_s=0";
	struct respin_transport transport;
	(void)state;
	drive_desk_open_dry(&transport, text);
	struct oracle whole = ask(&transport);
	for (uint64_t block = 1000; block < 3000; block += 2)
		drive_desk_hurt(&transport, block, 1, 3, 0);
	struct oracle holed = ask(&transport);
	assert_int_equal(holed.dead, 16000);
	/* What is passed over takes as long as what is read; the last way is free. */
	near(holed.lb0_ns[4], (double)whole.lb0_ns[4] / DESK_S, 0.001);
	/* One gap of 5000 blocks: a seek is shorter. */
	drive_desk_close(&transport);
	drive_desk_open_dry(&transport, text);
	drive_desk_hurt(&transport, 1000, 4000, 3, 0);
	drive_desk_hurt(&transport, 5002, 4000, 3, 0);
	holed = ask(&transport);
	assert_int_equal(holed.dead, 8000 * 16);
	near(holed.lb0_ns[4], (double)whole.lb0_ns[4] / DESK_S * 0.2, 0.15);
	drive_desk_close(&transport);
}

/* Blocks that read now and then: half of the tries fail, and whoever knows the coins pays for none. */
static void test_chances(void **state)
{
	static const char text[] =
		"disc dvd-5 size=160000 sigma_block=0 sigma_region=0 sigma_global=0 u_sigma=0 tau=1;"
		"drive hh-sata-dvd load_s=0 dvd_x=16 retry_set=refused";
	struct respin_transport transport;
	(void)state;
	drive_desk_open_dry(&transport, text);
	struct oracle whole = ask(&transport);
	drive_desk_hurt(&transport, 5000, 100, 0.9,
			0); /* logit 0.1: 0.52; each speed has its own luck of 0.03 */
	struct oracle hurt = ask(&transport);
	assert_int_equal(hurt.dead, 0);
	double effort = 100 * 0.15, tries = 100 * 8 * (1 / 0.525 - 1);
	near(hurt.lb0_ns[4] - whole.lb0_ns[4], effort, 0.01);
	near(hurt.lb1_ns[4] - whole.lb1_ns[4], effort + tries, 0.1);
	near(hurt.lb1_ns[2], (double)whole.lb1_ns[2] / DESK_S, 0.02); /* 99 % without them */
	drive_desk_hurt(&transport, 5000, 100, 1.5, 0);               /* logit -0.5: 0.38 */
	hurt = ask(&transport);
	assert_int_equal(hurt.dead, 1600);
	drive_desk_close(&transport);
}

/* Far past the edge at the nominal speed, and yet readable: it spins slowly enough. */
static void test_slow(void **state)
{
	struct respin_transport transport;
	(void)state;
	for (unsigned fast = 0; fast < 2; fast++) {
		drive_desk_open_dry(&transport, fast ? "disc dvd-5 size=160000;drive hh-sata-dvd dvd_x=16"
						     : "disc dvd-5 size=160000;drive hh-sata-dvd dvd_x=2,16");
		drive_desk_hurt(&transport, 5000, 100, 2.2, 1);
		assert_int_equal(ask(&transport).dead, fast ? 1600 : 0);
		drive_desk_close(&transport);
	}
}

/* Drives that hand out what lies beside the scratch: 3 sectors of each block are dead, 13 are not. */
static void test_beside(void **state)
{
	static const char text[] = "disc dvd-5 size=160000;drive hh-sata-dvd partial_blocks=1";
	struct respin_transport transport;
	(void)state;
	drive_desk_open_dry(&transport, text);
	drive_desk_hurt(&transport, 5000, 100, 2, 0);
	struct oracle oracle = ask(&transport);
	assert_int_equal(oracle.dead, 300);
	struct respin_map *map = map_create(160000, RESPIN_FINISHED);
	assert_non_null(map);
	assert_int_equal(oracle_truth(transport_sim_disc(&transport), map), 0);
	assert_int_equal(map_count(map, RESPIN_BAD), 300);
	assert_int_equal(map_count(map, RESPIN_NON_TRIMMED), 0);
	/* The drive is of the same mind. */
	drive_desk_ready(&transport);
	for (uint64_t s = 5000 * 16; s < 5002 * 16; s++)
		assert_int_equal(drive_desk_read(&transport, s, 1).status != 0, map_at(map, s) == RESPIN_BAD);
	map_destroy(map);
	drive_desk_close(&transport);
}

static void test_truth(void **state)
{
	struct respin_transport transport;
	(void)state;
	drive_desk_open_dry(&transport,
			    "disc dvd-5 size=32000 bad=100-101 blank=3200-3231 weak=5000;drive plain");
	struct respin_map *map = map_create(32000, RESPIN_FINISHED);
	assert_non_null(map);
	drive_desk_hurt(&transport, 1000, 2, 3, 0);
	drive_desk_hurt(&transport, 1100, 50, 0.95, 0);
	assert_int_equal(oracle_truth(transport_sim_disc(&transport), map), 0);
	assert_int_equal(map_at(map, 99), RESPIN_FINISHED);
	assert_int_equal(map_at(map, 100), RESPIN_BAD);
	assert_int_equal(map_at(map, 102), RESPIN_FINISHED);
	assert_int_equal(map_at(map, 3200), RESPIN_NON_TRIED);
	assert_int_equal(map_at(map, 5000), RESPIN_NON_TRIMMED);
	assert_int_equal(map_at(map, 16000), RESPIN_BAD);
	assert_int_equal(map_at(map, 16031), RESPIN_BAD);
	assert_int_equal(map_at(map, 16032), RESPIN_FINISHED);
	assert_int_equal(map_count(map, RESPIN_NON_TRIED), 32);
	assert_in_range(map_count(map, RESPIN_NON_TRIMMED), 1 + 16 * 10, 1 + 16 * 50);
	struct oracle oracle = ask(&transport);
	assert_int_equal(oracle.dead, map_count(map, RESPIN_BAD) + map_count(map, RESPIN_NON_TRIED));
	map_destroy(map);
	drive_desk_close(&transport);
}

/* ---- below every policy ---- */

struct race {
	const char *scenario, *policy;
	struct oracle oracle;
	unsigned reached;
	uint64_t compared;
};

static void gained(void *arg, uint64_t now_ns, uint64_t finished)
{
	struct race *race = arg;
	for (; race->reached < ORACLE_SHARES; race->reached++) {
		unsigned i = race->reached;
		if ((double)finished < oracle_shares[i] * (double)race->oracle.readable)
			return;
		race->compared++;
		if (now_ns < race->oracle.lb0_ns[i] || now_ns < race->oracle.lb1_ns[i])
			fail_msg("%s, seed %llu: %s has %g of all after %.3f s; LB0 is %.3f s, LB1 %.3f s",
				 race->scenario, (unsigned long long)seed, race->policy, oracle_shares[i],
				 (double)now_ns / DESK_S, (double)race->oracle.lb0_ns[i] / DESK_S,
				 (double)race->oracle.lb1_ns[i] / DESK_S);
	}
}

static void lend_nothing(void *self)
{
	(void)self;
}

/* The drive stays with the test when a port is destroyed. */
static struct respin_transport lend(const struct respin_transport *transport)
{
	static struct respin_transport_ops ops;
	ops = *transport->ops;
	ops.destroy = lend_nothing;
	return (struct respin_transport){&ops, transport->self};
}

static bool comes_back(const struct respin_transport *transport)
{
	for (unsigned i = 0; i < BACK_STEPS; i++) {
		uint64_t now_ns = transport->ops->now_ns(transport->self);
		transport->ops->sleep_until_ns(transport->self, now_ns + 5 * DESK_S);
		if (transport_sim_rediscover(transport))
			return true;
	}
	return false;
}

static void race_run(struct race *race, const char *address, const char *text, const struct rival *rival)
{
	struct respin_transport transport;
	struct rival_place place = {0};
	struct respin_map *map = NULL;
	struct rival_result result = {0};
	open_address(&transport, address, text);
	race->policy = rival->name;
	race->reached = 0;
	for (unsigned i = 0; i == 0 || (i < SITTINGS_MOST && result.gone && comes_back(&transport)); i++) {
		struct respin_transport lent = lend(&transport);
		struct port port;
		struct port_info info;
		if (port_transport(&lent, rival->path, &port, NULL) < 0)
			break; /* a disc that this drive never recognises */
		port.ops->info(port.self, &info);
		if (!map)
			map = map_create(info.sectors, RESPIN_NON_TRIED);
		assert_non_null(map);
		struct rival_config config = {
			.limit_ns = LIMIT_NS, .map = map, .place = &place, .gained = gained, .arg = race};
		rival->run(&port, &config, &result);
		port.ops->destroy(port.self);
	}
	map_destroy(map);
	transport.ops->destroy(transport.self);
}

/* Adds scale= to the address where the disc would be larger than SECTORS_MOST. */
static void open_small(struct respin_transport *transport, char *address, size_t size, const char *text)
{
	open_address(transport, address, text);
	uint64_t sectors = transport_sim_disc(transport)->sectors;
	if (sectors <= SECTORS_MOST)
		return;
	transport->ops->destroy(transport->self);
	size_t len = strlen(address);
	(void)snprintf(address + len, size - len, "&scale=%llu",
		       (unsigned long long)(sectors / SECTORS_MOST + 1));
	open_address(transport, address, text);
}

static void test_below_all(void **state)
{
	uint64_t compared = 0;
	(void)state;
	for (size_t i = 0; i < scenario_text_count; i++) {
		struct race race = {.scenario = scenario_texts[i].name};
		struct respin_transport transport;
		char address[128];
		(void)snprintf(address, sizeof address, "sim:%s?payload=0&seed=%llu", race.scenario,
			       (unsigned long long)seed);
		open_small(&transport, address, sizeof address, scenario_texts[i].text);
		race.oracle = ask(&transport);
		transport.ops->destroy(transport.self);
		for (size_t r = 0; r < rival_count; r++)
			race_run(&race, address, scenario_texts[i].text, &rivals[r]);
		compared += race.compared;
	}
	printf("seed %llu: %zu scenarios, %zu policies, %llu times compared\n", (unsigned long long)seed,
	       scenario_text_count, rival_count, (unsigned long long)compared);
	assert_true(compared > 10 * scenario_text_count);
}

/* Ours, on every fourth of them. */
static void test_below_ours(void **state)
{
	unsigned compared = 0;
	(void)state;
	for (size_t i = 0; i < scenario_text_count; i += 4) {
		struct respin_transport transport;
		char address[128];
		(void)snprintf(address, sizeof address, "sim:%s?payload=0&seed=%llu", scenario_texts[i].name,
			       (unsigned long long)seed);
		open_small(&transport, address, sizeof address, scenario_texts[i].text);
		struct oracle oracle = ask(&transport);
		transport.ops->destroy(transport.self);
		struct trial_options options = {.limit_ns = LIMIT_NS, .readable = oracle.readable};
		struct trial trial;
		struct respin_error error = {0};
		if (trial_run(address, &options, &trial, &error) < 0)
			fail_msg("%s: %s", address, error.text);
		for (unsigned s = 0; s < ORACLE_SHARES; s++) {
			compared += trial.reached_ns[s] != UINT64_MAX;
			if (trial.reached_ns[s] < oracle.lb0_ns[s])
				fail_msg("%s: %g of all after %.3f s; LB0 is %.3f s", address,
					 oracle_shares[s], (double)trial.reached_ns[s] / DESK_S,
					 (double)oracle.lb0_ns[s] / DESK_S);
		}
		map_destroy(trial.map);
	}
	assert_true(compared > scenario_text_count / 4);
}

/* And not far below: a linear copy of a healthy disc takes hardly longer. */
static void test_tight(void **state)
{
	static const char *const texts[] = {"disc dvd-5;drive hh-sata-dvd",
					    "disc bd-25 size=3000000;drive slim-usb-bd",
					    "disc cd-74;drive old-cdrom", "disc dvd-9;drive hh-sata-dvd"};
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct respin_transport transport;
		struct port port;
		struct rival_result result;
		drive_desk_open_dry(&transport, texts[i]);
		struct oracle oracle = ask(&transport);
		struct respin_transport lent = lend(&transport);
		assert_int_equal(port_transport(&lent, PORT_SG, &port, NULL), 0);
		struct rival_config config = {
			.map = map_create(transport_sim_disc(&transport)->sectors, RESPIN_NON_TRIED)};
		assert_non_null(config.map);
		rival_find("linear")->run(&port, &config, &result);
		uint64_t now_ns = port.ops->now_ns(port.self);
		assert_true(now_ns >= oracle.lb1_ns[4]);
		near(now_ns, (double)oracle.lb1_ns[4] / DESK_S, 0.06);
		map_destroy(config.map);
		port.ops->destroy(port.self);
		drive_desk_close(&transport);
	}
}

int main(void)
{
	const char *text = getenv("RESPIN_SEED");
	if (text)
		seed = strtoull(text, NULL, 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ideal),      cmocka_unit_test(test_lists),
		cmocka_unit_test(test_stream),     cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_chances),    cmocka_unit_test(test_truth),
		cmocka_unit_test(test_tight),      cmocka_unit_test(test_below_all),
		cmocka_unit_test(test_slow),       cmocka_unit_test(test_beside),
		cmocka_unit_test(test_below_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
