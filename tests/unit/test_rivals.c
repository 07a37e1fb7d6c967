/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each foreign policy on a disc without a drive: it reads what can be read,
 * ends, repeats itself exactly, goes on where it was cut off, and has the marks
 * by which it is known. That ddrescue's reads are the program's own is shown by
 * tests/interop and tests/lab.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "core/sense.h"
#include "sim/rival_run.h"
#include "toy_port.h"

#define NS_PER_S 1000000000ull

struct trial {
	struct toy_port toy;
	struct port port;
	struct rival_config config;
	struct rival_result result;
	struct rival_place place;
	uint64_t lbas[4096];
	uint32_t counts[4096];
	size_t asked;
	uint64_t gained;      /* as told last */
	uint64_t gained_less; /* times that it fell */
	unsigned gone_at;     /* this read, from 1, finds no device; 0: never */
	unsigned way;         /* how the drive is stuck */
	bool full;            /* the output */
};

static void see_read(void *arg, uint64_t lba, uint32_t count, const struct port_reply *reply)
{
	struct trial *trial = arg;
	(void)reply;
	if (trial->asked < 4096) {
		trial->lbas[trial->asked] = lba;
		trial->counts[trial->asked] = count;
	}
	trial->asked++;
}

static void see_gain(void *arg, uint64_t now_ns, uint64_t finished)
{
	struct trial *trial = arg;
	assert_int_equal(now_ns, trial->toy.now_ns);
	trial->gained_less += finished <= trial->gained;
	trial->gained = finished;
}

static void pull_the_plug(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	struct trial *trial = toy->arg;
	(void)lba;
	(void)count;
	if (trial->gone_at && toy->reads == trial->gone_at)
		*reply = (struct port_reply){.transport = true, .gone = true, .commands = 1, .failed = 1};
}

static void trial_begin(struct trial *trial, uint64_t sectors, uint32_t ecc_block)
{
	memset(trial, 0, sizeof *trial);
	toy_port_init(&trial->toy, sectors, ecc_block, &trial->port);
	trial->toy.arg = trial;
	trial->toy.told = pull_the_plug;
	trial->config = (struct rival_config){.map = map_create(sectors, RESPIN_NON_TRIED),
					      .place = &trial->place,
					      .gained = see_gain,
					      .read = see_read,
					      .arg = trial};
	assert_non_null(trial->config.map);
}

static void trial_run(struct trial *trial, const char *name)
{
	const struct rival *rival = rival_find(name);
	assert_non_null(rival);
	rival->run(&trial->port, &trial->config, &trial->result);
}

static void trial_end(struct trial *trial)
{
	map_destroy(trial->config.map);
	toy_port_finish(&trial->toy);
}

/* Damage of all kinds; `stubborn`: of what reads in the end, so often it fails. */
static void spoil(struct toy_port *toy, uint64_t seed, uint8_t stubborn)
{
	struct rng rng = {.state = seed};
	uint64_t sectors = toy->info.sectors;
	for (unsigned i = 0; i < 12; i++) {
		uint64_t first = rng_below(&rng, sectors), length = 1 + rng_below(&rng, i < 9 ? 20 : 300);
		toy_port_spoil(toy, first, first + length,
			       rng_below(&rng, 3) && stubborn ? stubborn : TOY_NEVER);
	}
}

static uint64_t dead(const struct toy_port *toy)
{
	uint64_t unit = toy->whole_blocks ? toy->info.ecc_block : 1, count = 0;
	for (uint64_t block = 0; block < toy->info.sectors; block += unit) {
		uint64_t end = block + unit < toy->info.sectors ? block + unit : toy->info.sectors;
		bool bad = false;
		for (uint64_t s = block; s < end; s++)
			bad = bad || toy->fails[s] == TOY_NEVER;
		count += bad ? end - block : 0;
	}
	return count;
}

/* Clean discs of every awkward length: each sector once, in few reads. */
static void test_clean(void **state)
{
	static const uint64_t sizes[] = {1, 31, 32, 33, 5000, 20011};
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (size_t i = 0; i < 6; i++) {
			struct trial trial;
			trial_begin(&trial, sizes[i], 16);
			trial_run(&trial, rivals[r].name);
			assert_true(trial.result.ended && !trial.result.gone);
			assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED), sizes[i]);
			assert_int_equal(trial.toy.sectors, sizes[i]);
			assert_int_equal(trial.result.failed, 0);
			assert_int_equal(trial.result.reads, trial.toy.reads);
			assert_true(trial.result.reads <= sizes[i] / 16 + 1);
			assert_int_equal(trial.gained, sizes[i]);
			assert_int_equal(trial.gained_less, 0);
			trial_end(&trial);
		}
}

/* What never reads is lacking at the end, and nothing else; where whole blocks fail, whole blocks. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (uint64_t seed = 0; seed < 12; seed++) {
			struct trial trial;
			static const uint32_t blocks[] = {1, 16, 32};
			trial_begin(&trial, 6000 + seed * 7, blocks[seed % 3]);
			trial.toy.whole_blocks = true;
			spoil(&trial.toy, seed, 0);
			uint64_t lacking = dead(&trial.toy);
			trial_run(&trial, rivals[r].name);
			assert_true(trial.result.ended);
			uint64_t finished = map_count(trial.config.map, RESPIN_FINISHED);
			/* The predecessor's patch gives up on ranges: it may leave what would read. */
			if (strcmp(rivals[r].name, "predecessor") != 0)
				assert_int_equal(finished, trial.toy.info.sectors - lacking);
			assert_true(finished <= trial.toy.info.sectors - lacking);
			assert_int_equal(map_count(trial.config.map, RESPIN_NON_TRIED), 0);
			assert_int_equal(trial.result.failed, trial.toy.failed);
			assert_true(trial.result.virtual_ns == trial.toy.now_ns);
			trial_end(&trial);
		}
}

/* What reads at the second try is had by all that try again. */
static void test_second_try(void **state)
{
	static const char *const names[] = {"linear", "bisection", "predecessor", "ddrescue-tuned"};
	(void)state;
	for (size_t r = 0; r < 4; r++) {
		struct trial trial;
		trial_begin(&trial, 3000, 16);
		toy_port_spoil(&trial.toy, 1000, 1000, 1);
		toy_port_spoil(&trial.toy, 2000, 2000, 2);
		trial_run(&trial, names[r]);
		assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED), 3000);
		trial_end(&trial);
	}
}

static void test_repeats(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++) {
		uint64_t histories[3];
		for (unsigned i = 0; i < 3; i++) {
			struct trial trial;
			trial_begin(&trial, 5000, 16);
			spoil(&trial.toy, 5 + i / 2, 3);
			trial_run(&trial, rivals[r].name);
			histories[i] = trial.result.history;
			trial_end(&trial);
		}
		assert_true(histories[0] == histories[1]);
		assert_true(histories[0] != histories[2]);
	}
}

static void test_limit(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++) {
		struct trial trial;
		trial_begin(&trial, 20000, 16);
		spoil(&trial.toy, 9, 0);
		trial.config.limit_ns = 60 * NS_PER_S;
		trial_run(&trial, rivals[r].name);
		assert_false(trial.result.ended);
		assert_false(trial.result.gone);
		assert_true(trial.result.virtual_ns > 60 * NS_PER_S &&
			    trial.result.virtual_ns < 200 * NS_PER_S);
		trial_end(&trial);
	}
}

/* The device goes away in mid-run, comes back, and the same policy goes on: nothing is read twice for that. */
static void test_gone(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (unsigned at = 5; at < 400; at += 67) {
			struct trial trial;
			trial_begin(&trial, 5000, 16);
			trial.toy.whole_blocks = true;
			spoil(&trial.toy, 3, 0);
			uint64_t lacking = dead(&trial.toy);
			trial.gone_at = at;
			trial_run(&trial, rivals[r].name);
			if (trial.result.gone) {
				assert_false(trial.result.ended);
				trial_run(&trial, rivals[r].name);
			}
			assert_true(trial.result.ended);
			/* ddrescue takes the read that met nobody for a bad one: a sector, if it was one. */
			uint64_t taken = strncmp(rivals[r].name, "ddrescue", 8) == 0;
			if (strcmp(rivals[r].name, "predecessor") != 0)
				assert_in_range(map_count(trial.config.map, RESPIN_FINISHED),
						5000 - lacking - taken, 5000 - lacking);
			assert_int_equal(map_count(trial.config.map, RESPIN_NON_TRIED), 0);
			assert_true(trial.gained_less <= 1);
			trial_end(&trial);
		}
}

/* From its reads[gone_at] on the drive is stuck, until it is put back on its feet. */
static void get_stuck(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	static const struct respin_sense ways[] = {{.key = SENSE_HARDWARE_ERROR, .asc = 0x44},
						   {.key = SENSE_ILLEGAL_REQUEST, .asc = 0x24},
						   {.key = SENSE_NOT_READY, .asc = 0x04, .ascq = 0x02},
						   {.key = SENSE_NOT_READY, .asc = 0x3a}};
	struct trial *trial = toy->arg;
	(void)lba;
	(void)count;
	if (toy->reads < trial->gone_at)
		return;
	*reply = (struct port_reply){.commands = 1, .failed = 1, .scsi_status = 2, .elapsed_ns = 1000000};
	if (trial->way < 4)
		reply->sense = ways[trial->way];
	else
		reply->transport = true;
}

/* A person stops a program on a stuck drive, and what it failed to read meanwhile is as it was. */
static void test_stuck(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (unsigned way = 0; way < 5; way++) {
			struct trial trial;
			trial_begin(&trial, 200000, 16);
			trial.toy.told = get_stuck;
			trial.gone_at = 200;
			trial.way = way;
			trial_run(&trial, rivals[r].name);
			bool gives_up =
				trial.result.ended; /* the predecessor does at once, where the link fails */
			assert_true(gives_up || trial.result.gone);
			if (!strcmp(rivals[r].name, "predecessor"))
				assert_true(trial.toy.reads >= 200);
			else
				assert_int_equal(trial.toy.reads,
						 199 + (way == 3 ? 1 : RIVAL_STUCK_FAILURES));
			if (strcmp(rivals[r].name, "predecessor") != 0)
				assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED) +
							 map_count(trial.config.map, RESPIN_NON_TRIED),
						 200000);
			trial.gone_at = UINT32_MAX;
			trial_run(&trial, rivals[r].name);
			assert_true(trial.result.ended);
			if (strcmp(rivals[r].name, "predecessor") != 0)
				assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED), 200000);
			trial_end(&trial);
		}
}

/* Slow failures, and failures of the disc, are nobody's business but the policy's. */
static void test_not_stuck(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (unsigned slow = 0; slow < 2; slow++) {
			struct trial trial;
			trial_begin(&trial, 5000, 16);
			toy_port_spoil(&trial.toy, 1000, 1999, TOY_NEVER);
			trial.toy.sense = (struct respin_sense){.key = SENSE_MEDIUM_ERROR, .asc = 0x11};
			if (slow)
				trial.toy.sense =
					(struct respin_sense){.key = SENSE_HARDWARE_ERROR, .asc = 0x3e};
			trial.toy.fail_ns = slow ? 2 * NS_PER_S : 50000000;
			trial_run(&trial, rivals[r].name);
			assert_true(trial.result.ended && !trial.result.gone);
			trial_end(&trial);
		}
}

static bool full_at(void *arg, uint64_t lba, uint32_t count)
{
	struct trial *trial = arg;
	(void)lba;
	(void)count;
	return !trial->full || trial->toy.reads < 100;
}

static bool stop_at(void *arg)
{
	struct trial *trial = arg;
	return !trial->full && trial->toy.reads == 100;
}

/* A full output loses what came; a user's stop nothing. Both go on afterwards. */
static void test_outside(void **state)
{
	(void)state;
	for (size_t r = 0; r < rival_count; r++)
		for (unsigned full = 0; full < 2; full++) {
			struct trial trial;
			trial_begin(&trial, 5000, 16);
			trial.config.put = full_at;
			trial.config.stop = stop_at;
			trial.full = full;
			trial_run(&trial, rivals[r].name);
			assert_false(trial.result.ended);
			assert_int_equal(trial.toy.reads, 100);
			assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED) +
						 map_count(trial.config.map, RESPIN_NON_TRIED),
					 5000);
			trial.full = false;
			trial_run(&trial, rivals[r].name);
			assert_true(trial.result.ended);
			assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED), 5000);
			trial_end(&trial);
		}
}

/* Manual, --skip-size: a 100000th of the disc but at least 64 KiB, seen in steps of 64 KiB; then twice as much. */
static void test_ddrescue_skips(void **state)
{
	static const struct {
		uint64_t sectors, first;
	} rows[] = {{360000, 32},    {2295104, 32},   {4171712, 64},
		    {12219392, 128}, {24438784, 256}, {48878592, 512}};
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct trial trial;
		trial_begin(&trial, rows[i].sectors, 32);
		toy_port_spoil(&trial.toy, 0, 9999, TOY_NEVER);
		trial.config.limit_ns = 11 * NS_PER_S;
		trial_run(&trial, "ddrescue-tuned");
		assert_int_equal(trial.lbas[0], 0);
		assert_int_equal(trial.counts[0], 32);
		assert_int_equal(trial.lbas[1], 32 + rows[i].first);
		assert_int_equal(trial.lbas[2], 64 + rows[i].first * 3);
		trial_end(&trial);
	}
}

/* The phases on one bad sector, as the manual tells them. */
static void test_ddrescue_phases(void **state)
{
	static const struct {
		uint64_t lba;
		uint32_t count;
	} reads[] = {{0, 16},  {16, 16},                     /* fails; 64 KiB are skipped */
		     {64, 16}, {80, 16}, {48, 16}, {32, 16}, /* back to what was skipped */
		     {16, 1},  {17, 1},  {18, 1},            /* the leading edge */
		     {31, 1},  {30, 1},  {29, 1},  {28, 1},  {27, 1}, {26, 1},
		     {25, 1},  {24, 1},  {23, 1},  {22, 1},  {21, 1},           /* the trailing one */
		     {19, 1},  {20, 1},                                         /* what is between */
		     {18, 1},  {21, 1},  {21, 1},  {18, 1},  {18, 1}, {21, 1}}; /* three retries */
	struct trial trial;
	(void)state;
	trial_begin(&trial, 96, 16);
	toy_port_spoil(&trial.toy, 18, 18, TOY_NEVER);
	toy_port_spoil(&trial.toy, 21, 21, TOY_NEVER);
	trial_run(&trial, "ddrescue-tuned");
	assert_int_equal(trial.asked, sizeof reads / sizeof *reads);
	for (size_t i = 0; i < trial.asked; i++) {
		assert_int_equal(trial.lbas[i], reads[i].lba);
		assert_int_equal(trial.counts[i], reads[i].count);
	}
	assert_int_equal(map_count(trial.config.map, RESPIN_BAD), 2);
	trial_end(&trial);
}

/* The first error of a sweep: at the slowest from then on, 64 MiB further, after half a minute. */
static void test_predecessor_sweep(void **state)
{
	struct trial trial;
	(void)state;
	trial_begin(&trial, 400000, 32);
	toy_port_spoil(&trial.toy, 64, 64, TOY_NEVER);
	toy_port_spoil(&trial.toy, 96 + 32768, 96 + 32768, TOY_NEVER);
	trial.config.limit_ns = 120 * NS_PER_S;
	trial_run(&trial, "predecessor");
	static const uint64_t lbas[] = {0, 32, 64, 96 + 32768, 128 + 32768 + 65536};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(trial.lbas[i], lbas[i]);
	assert_true(trial.toy.slowest >= 1);
	assert_int_equal(map_at(trial.config.map, 96), RESPIN_NON_TRIMMED);
	assert_int_equal(map_at(trial.config.map, 95 + 32768), RESPIN_NON_TRIMMED);
	assert_true(trial.result.virtual_ns > 2 * 37 * NS_PER_S);
	trial_end(&trial);
}

/* Sixteen answers of a wedged drive in a row break the sweep off. */
static void test_predecessor_wedge(void **state)
{
	struct trial trial;
	(void)state;
	trial_begin(&trial, 20000000, 32);
	toy_port_spoil(&trial.toy, 0, 19999999, TOY_NEVER);
	trial.toy.sense = (struct respin_sense){.key = SENSE_HARDWARE_ERROR, .asc = 0x44};
	trial.toy.fail_ns = 50000000;
	trial.config.limit_ns = 16 * 31 * NS_PER_S;
	trial_run(&trial, "predecessor");
	assert_int_equal(trial.lbas[1] - trial.lbas[0], 32 + 524288);
	assert_int_equal(trial.lbas[15] - trial.lbas[14], 32 + 524288);
	assert_int_equal(trial.lbas[16], trial.lbas[15]); /* the place where it broke off is not recorded */
	trial_end(&trial);
}

/* A patch walks down, leads each single sector in with the three before it, and asks the kernel too. */
static void test_predecessor_patch(void **state)
{
	struct trial trial;
	(void)state;
	trial_begin(&trial, 3200, 32);
	toy_port_spoil(&trial.toy, 3190, 3190, TOY_NEVER);
	trial_run(&trial, "predecessor");
	static const struct {
		uint64_t lba;
		uint32_t count;
	} reads[] = {{3168, 32},                         /* the sweep, to the disc's end */
		     {3168, 32}, {3168, 32}, {3168, 32}, /* patch: the block, and twice through /dev/srN */
		     {3196, 1},  {3197, 1},  {3198, 1},  {3199, 1}};
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(trial.lbas[99 + i], reads[i].lba);
		assert_int_equal(trial.counts[99 + i], reads[i].count);
	}
	assert_true(map_count(trial.config.map, RESPIN_FINISHED) >= 3190);
	assert_int_equal(map_at(trial.config.map, 3190), RESPIN_NON_TRIMMED);
	trial_end(&trial);
}

static void test_bisection_order(void **state)
{
	struct trial trial;
	(void)state;
	trial_begin(&trial, 1600, 16);
	toy_port_spoil(&trial.toy, 32, 47, TOY_NEVER);
	trial_run(&trial, "bisection");
	/* From the beginning to the error; then the rest of 1552 from its middle on; then its lower half. */
	assert_int_equal(trial.lbas[2], 32);
	assert_int_equal(trial.lbas[3], 816);
	assert_int_equal(trial.lbas[3 + 49], 432);
	assert_int_equal(map_count(trial.config.map, RESPIN_FINISHED), 1584);
	trial_end(&trial);
}

static void test_names(void **state)
{
	static const char *const names[] = {"linear", "bisection", "predecessor", "ddrescue",
					    "ddrescue-tuned"};
	(void)state;
	assert_int_equal(rival_count, 5);
	for (size_t i = 0; i < rival_count; i++) {
		assert_string_equal(rivals[i].name, names[i]);
		assert_ptr_equal(rival_find(names[i]), &rivals[i]);
		assert_non_null(rivals[i].title);
	}
	assert_null(rival_find("respin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_second_try),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_not_stuck),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_ddrescue_skips),
		cmocka_unit_test(test_ddrescue_phases),
		cmocka_unit_test(test_predecessor_sweep),
		cmocka_unit_test(test_predecessor_wedge),
		cmocka_unit_test(test_predecessor_patch),
		cmocka_unit_test(test_bisection_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
