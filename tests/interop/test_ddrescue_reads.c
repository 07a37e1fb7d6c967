/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policies "ddrescue" and "ddrescue-tuned" beside the program itself: every
 * read at the same place, of the same length, with the same outcome, in the
 * same order, on discs of all sizes with damage by lot. The program's own test
 * mode makes the errors, as O_DIRECT shows them: nothing comes of a read that
 * fails. What comes of one through the page cache is the lab's (ddrescue.sh).
 *
 * RESPIN_SEED is the seed, COUNT (or RESPIN_LONG) says how many discs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "outside.h"
#include "sim/rival.h"
#include "toy_port.h"

#define SECTOR 2048
#define COUNT_FAST 60
#define COUNT_LONG 2000
#define READS_MAX 400000u

static uint64_t seed = 1, count = COUNT_FAST;

struct asked {
	uint64_t lba;
	uint32_t count;
	bool ok;
};

struct log {
	struct asked *reads;
	size_t count;
};

static void log_add(struct log *log, uint64_t lba, uint32_t sectors, bool ok)
{
	assert_true(log->count < READS_MAX);
	log->reads[log->count++] = (struct asked){lba, sectors, ok};
}

static void note(struct toy_port *toy, uint64_t lba, uint32_t sectors, struct port_reply *reply)
{
	log_add(toy->arg, lba, sectors, reply->ok);
}

/* ---- discs ---- */

struct disc {
	uint64_t sectors;
	uint32_t ecc_block;
};

static void spoil(struct toy_port *toy, struct rng *rng, const struct disc *disc)
{
	uint64_t pieces = rng_below(rng, 60), longest = (uint64_t[]){1, 3, 17, 100, 900}[rng_below(rng, 5)];
	for (uint64_t i = 0; i < pieces; i++) {
		uint64_t first = rng_below(rng, disc->sectors);
		toy_port_spoil(toy, first, first + rng_below(rng, longest), TOY_NEVER);
	}
	if (rng_below(rng, 3) == 0) { /* a gouge: once a turn, a little further each time */
		uint64_t turn = 2 + rng_below(rng, 90), at = rng_below(rng, disc->sectors);
		for (unsigned i = 0; i < 150; i++)
			toy_port_spoil(toy, at + i * turn, at + i * turn + rng_below(rng, 2), TOY_NEVER);
	}
	toy->fails[disc->sectors - 1] = 0; /* test mode cuts the disc off behind the last good sector */
}

static void write_test_map(const struct toy_port *toy)
{
	FILE *map = fopen("test.map", "we");
	assert_non_null(map);
	fputs("0 ? 1\n", map);
	for (uint64_t first = 0, end; first < toy->info.sectors; first = end) {
		for (end = first + 1; end < toy->info.sectors && !toy->fails[end] == !toy->fails[first];)
			end++;
		fprintf(map, "%" PRIu64 " %" PRIu64 " %c\n", first * SECTOR, (end - first) * SECTOR,
			toy->fails[first] ? '-' : '+');
	}
	assert_int_equal(fclose(map), 0);
}

/* ---- the program ---- */

static void collect(struct log *log)
{
	FILE *file = fopen("reads", "re");
	char line[256];
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		unsigned long long pos, size, copied, errors;
		if (sscanf(line, "0x%llx %llu %llu %llu", &pos, &size, &copied, &errors) == 4)
			log_add(log, pos / SECTOR, (uint32_t)(size / SECTOR), errors == 0);
	}
	(void)fclose(file);
}

static void run_program(const char *const options[], struct log *log)
{
	const char *argv[16] = {"ddrescue", "-q", "-f", "-b2048", "-Htest.map", "--log-reads=reads"};
	size_t argc = 6;
	struct outside_result result;
	for (; *options; options++)
		argv[argc++] = *options;
	argv[argc++] = "disc";
	argv[argc++] = "/dev/null";
	argv[argc++] = "rescue.map";
	outside_run(argv, &result);
	if (result.status != 0)
		fail_msg("seed %" PRIu64 ": ddrescue ends with %d: %s", seed, result.status,
			 (const char *)result.err.data);
	outside_result_finish(&result);
	collect(log);
}

static void run_real(const struct disc *disc, bool tuned, struct log *log)
{
	(void)unlink("rescue.map");
	int fd = open("disc", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(disc->sectors * SECTOR)), 0);
	(void)close(fd);
	if (tuned) {
		run_program((const char *[]){disc->ecc_block > 16 ? "-c32" : "-c16", "-n", NULL}, log);
		run_program((const char *[]){"-r3", NULL}, log);
	} else {
		run_program((const char *[]){NULL}, log);
	}
}

static void compare(const struct log *real, const struct log *ours, const struct disc *disc, bool tuned,
		    uint64_t lot)
{
	size_t least = real->count < ours->count ? real->count : ours->count, i = 0;
	while (i < least && real->reads[i].lba == ours->reads[i].lba &&
	       real->reads[i].count == ours->reads[i].count && real->reads[i].ok == ours->reads[i].ok)
		i++;
	if (i == real->count && i == ours->count)
		return;
	outside_keep();
	fail_msg("seed %" PRIu64 ", disc %" PRIu64 " of %" PRIu64 " sectors, %s: read %zu is %" PRIu64
		 "+%u, ours %" PRIu64 "+%u; %zu reads, ours %zu",
		 seed, lot, disc->sectors, tuned ? "tuned" : "plain", i,
		 i < real->count ? real->reads[i].lba : 0, i < real->count ? real->reads[i].count : 0,
		 i < ours->count ? ours->reads[i].lba : 0, i < ours->count ? ours->reads[i].count : 0,
		 real->count, ours->count);
}

static void test_reads(void **state)
{
	/* Small ones of every awkward length, and some by lot. */
	static const uint64_t sizes[] = {1, 2, 31, 32, 33, 1000, 5000, 51203, 60000};
	static const uint32_t blocks[] = {1, 16, 32};
	struct log real = {calloc(READS_MAX, sizeof *real.reads), 0};
	struct log ours = {calloc(READS_MAX, sizeof *ours.reads), 0};
	uint64_t reads = 0;
	(void)state;
	for (uint64_t lot = 0; lot < count; lot++) {
		struct rng rng = {.state = rng_mix(seed) + lot};
		struct disc disc = {.sectors =
					    lot % 2 ? sizes[rng_below(&rng, 9)] : 1 + rng_below(&rng, 40000),
				    .ecc_block = blocks[rng_below(&rng, 3)]};
		bool tuned = rng_below(&rng, 2);
		struct toy_port toy;
		struct port port;
		struct rival_result result;
		toy_port_init(&toy, disc.sectors, disc.ecc_block, &port);
		spoil(&toy, &rng, &disc);
		write_test_map(&toy);
		real.count = ours.count = 0;
		run_real(&disc, tuned, &real);
		toy.told = note;
		toy.arg = &ours;
		struct rival_config config = {.map = map_create(disc.sectors, RESPIN_NON_TRIED)};
		assert_non_null(config.map);
		rival_find(tuned ? "ddrescue-tuned" : "ddrescue")->run(&port, &config, &result);
		assert_int_equal(result.reads, ours.count);
		compare(&real, &ours, &disc, tuned, lot);
		reads += ours.count;
		map_destroy(config.map);
		toy_port_finish(&toy);
	}
	printf("seed %" PRIu64 ": %" PRIu64 " discs, %" PRIu64 " reads, all the same\n", seed, count, reads);
	free(real.reads);
	free(ours.reads);
}

/* The policy is that of 1.27; other versions may skip otherwise. */
static bool right_version(void)
{
	struct outside_result result;
	outside_run((const char *[]){"ddrescue", "--version", NULL}, &result);
	bool right = strstr((const char *)result.out.data, "1.27") != NULL;
	if (!right)
		printf("skipped: this is not GNU ddrescue 1.27 but %.40s\n", (const char *)result.out.data);
	outside_result_finish(&result);
	return right;
}

int main(void)
{
	const char *text = getenv("RESPIN_SEED");
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads)};
	if (text)
		seed = strtoull(text, NULL, 0);
	if (getenv("RESPIN_LONG"))
		count = COUNT_LONG;
	if ((text = getenv("COUNT")))
		count = strtoull(text, NULL, 0);
	outside_init();
	bool can = outside_has("ddrescue", "gddrescue") && right_version();
	int failed = can ? cmocka_run_group_tests(tests, NULL, NULL) : OUTSIDE_SKIP;
	if (failed == 0 || failed == OUTSIDE_SKIP)
		outside_finish();
	return failed;
}
