/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening an output that is not refused: starting, going on, domains, backups,
 * samples, files without positions. Writing is test_store's.
 */
#include "desk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/hash.h"
#include "io/lineage.h"

#define LOCK "/out/disc.iso.map.lock"

static void fresh_start(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 5);
	desk.info.tail_bytes = 7;
	assert_int_equal(desk_open(&desk), 0);
	/* The map is durable before the image exists, and the image before anything is written. */
	long map = desk_find(&desk, MEMIO_SYNC_DIR, "/out", 1);
	long made = desk_find(&desk, MEMIO_CREATE, "disc.iso", 1);
	long synced = desk_find(&desk, MEMIO_SYNC, "disc.iso", 1);
	assert_true(desk_find(&desk, MEMIO_RENAME, ".disc.iso.map.tmp", 1) < map);
	assert_true(0 < map && map < made && made < synced);
	assert_true(synced < desk_find(&desk, MEMIO_SYNC_DIR, "/out", 2));
	size_t len;
	(void)memio_bytes(desk.memio, DESK_IMAGE, &len);
	assert_int_equal(len, 4 * 2048 + 7);
	desk_assert_map(&desk, "?????");
	assert_int_equal(output_resume(desk.output).phase, RESPIN_PHASE_COPYING);
	assert_null(memio_bytes(desk.memio, DESK_MAP ".bak", NULL));
	desk_finish(&desk);
}

/* A map that claims nothing, and no image: nothing is lost by beginning anew. */
static void starts_over(void **state)
{
	(void)state;
	static const char *const units[] = {"?*/-", ""};
	for (size_t i = 0; i < 2; i++) {
		struct desk desk;
		desk_init(&desk, 4);
		if (*units[i])
			desk_put_map(&desk, DESK_MAP, units[i]);
		else
			memio_text(desk.memio, DESK_MAP, "");
		assert_int_equal(desk_open(&desk), 0);
		desk_assert_map(&desk, "????");
		assert_int_equal(map_count(output_map(desk.output), RESPIN_NON_TRIED), 4);
		desk_finish(&desk);
	}
}

static void no_holes_here(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 64);
	struct memio_knobs *knobs = memio_knobs(desk.memio);
	knobs->space = (struct respin_io_space){.free_bytes = 1024, .no_holes = 1, .max_file_bytes = 8192};
	memio_fail(desk.memio, (struct memio_fault){MEMIO_TRUNCATE, "disc.iso", 1, 1, -EIO});
	assert_int_equal(desk_open(&desk), 0); /* not made long by truncation */
	assert_true(desk_was_told(&desk, "8192"));
	assert_true(desk_was_told(&desk, "MiB"));
	desk_finish(&desk);
	desk_init(&desk, 4);
	memio_knobs(desk.memio)->space.volatile_fs = 1;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_was_told(&desk, "in memory"));
	desk_finish(&desk);
}

static void host_numbers(void **state)
{
	(void)state;
	unsigned host = 77;
	assert_true(lineage_parse_host("0:0:0:0", &host));
	assert_int_equal(host, 0);
	assert_true(lineage_parse_host("13:0:1:2", &host));
	assert_int_equal(host, 13);
	static const char *const others[] = {"", "sda", "1:0:0", "1:0:0:0:0", "1:0:0:0x", "a:0:0:0"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(lineage_parse_host(others[i], &host));
}

/* The output's disk and the drive on one adapter: said once, refused never. */
static void disk_on_the_drives_adapter(void **state)
{
	(void)state;
	static const struct {
		const char *source, *disk_host;
		bool told;
	} cases[] = {{"/dev/sr0", "2:0:1:0", true},
		     {"/dev/sg1", "2:0:1:0", true},
		     {"/dev/sr0", "3:0:0:0", false},
		     {"/dev/sr0", NULL, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk;
		char dir[96];
		desk_init(&desk, 4);
		struct memio *memio = desk.memio;
		memio_dir(memio, "/dev", 1);
		memio_dir(memio, "/disk", makedev(8, 1));
		memio_node(memio, "/dev/sr0", RESPIN_IO_BLOCK, makedev(11, 0), 65536);
		memio_node(memio, "/dev/sg1", RESPIN_IO_OTHER, makedev(21, 1), 0);
		static const char *const dirs[] = {"/sys/dev/block/11:0/device/scsi_device",
						   "/sys/dev/block/11:0/device/scsi_device/2:0:0:0",
						   "/sys/dev/char/21:1/device/scsi_device",
						   "/sys/dev/char/21:1/device/scsi_device/2:0:0:0",
						   "/sys/dev/block/8:1",
						   "/sys/dev/block/8:1/..",
						   "/sys/dev/block/8:0/device/scsi_device"};
		for (size_t k = 0; k < sizeof dirs / sizeof *dirs; k++)
			memio_dir(memio, dirs[k], 20);
		memio_text(memio, "/sys/dev/block/8:1/partition", "1\n");
		memio_text(memio, "/sys/dev/block/8:1/../dev", "8:0\n");
		(void)snprintf(dir, sizeof dir, "%s/%s", dirs[6], cases[i].disk_host);
		if (cases[i].disk_host)
			memio_dir(memio, dir, 20);
		desk.options.source_path = cases[i].source;
		desk.options.image = "/disk/a.iso";
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_was_told(&desk, "SCSI host 2"), cases[i].told);
		desk_finish(&desk);
	}
}

/* In the end it is as long as what counts, also where its tail was never read. */
static void it_ends_as_long_as_the_disc(void **state)
{
	(void)state;
	static const struct {
		bool no_holes, domain;
		size_t units_first, units_last;
	} cases[] = {{false, false, 8, 8}, {false, true, 8, 8}, {true, false, 0, 8}, {true, true, 0, 5}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk;
		size_t len;
		desk_init(&desk, 8);
		desk_put_map(&desk, "/out/wanted", "??+++?");
		if (cases[i].domain)
			desk.options.domain = "/out/wanted";
		memio_knobs(desk.memio)->space.no_holes = cases[i].no_holes;
		assert_int_equal(desk_open(&desk), 0);
		(void)memio_bytes(desk.memio, DESK_IMAGE, &len);
		assert_int_equal(len, cases[i].units_first * 2048);
		assert_int_equal(desk_recover(&desk, 2, 1), 0);
		assert_int_equal(desk_close(&desk, false, NULL), 0);
		(void)memio_bytes(desk.memio, DESK_IMAGE, &len);
		/* Stopped: where length has to be written, nobody waits for zeros. */
		assert_int_equal(len, cases[i].no_holes ? 3 * 2048 : 8 * 2048);
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(desk_miss(&desk, 3, 1, RESPIN_NON_TRIMMED), 0);
		assert_int_equal(desk_close(&desk, true, NULL), 0);
		(void)memio_bytes(desk.memio, DESK_IMAGE, &len);
		assert_int_equal(len, cases[i].units_last * 2048);
		desk_finish(&desk);
	}
}

static void bad_gets_another_try(void **state)
{
	(void)state;
	for (uint8_t keep = 0; keep <= 1; keep++) {
		struct desk desk;
		desk_init(&desk, 6);
		desk_put_image(&desk, 6);
		desk_put_map(&desk, DESK_MAP, "+-*-+-");
		desk.options.keep_bad = keep;
		assert_int_equal(desk_open(&desk), 0);
		assert_int_equal(map_count(output_map(desk.output), RESPIN_BAD), keep ? 3 : 0);
		assert_int_equal(map_count(output_map(desk.output), RESPIN_NON_SCRAPED), keep ? 0 : 3);
		desk_assert_map(&desk, "+-*-+-"); /* on disk it changes with the next commit */
		assert_int_equal(desk_miss(&desk, 2, 1, RESPIN_NON_TRIMMED), 0);
		assert_int_equal(desk_flush(&desk), 0);
		desk_assert_map(&desk, keep ? "+-*-+-" : "+/*/+/");
		char *kept = desk_map(&desk, DESK_MAP ".bak");
		assert_string_equal(kept, "+-*-+-");
		free(kept);
		desk_finish(&desk);
	}
}

/* ddrescue counts bytes: a unit that is only partly '+' is not '+'. */
static void foreign_map_with_odd_borders(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk_put_image(&desk, 4);
	memio_text(desk.memio, DESK_MAP, "0x1000 * 1\n0 0x900 +\n0x900 0x1000 *\n0x1900 0x700 +\n");
	assert_int_equal(desk_open(&desk), 0);
	const struct respin_map *map = output_map(desk.output);
	assert_int_equal(map_at(map, 0), RESPIN_FINISHED);
	assert_int_equal(map_at(map, 1), RESPIN_NON_TRIMMED);
	assert_int_equal(map_at(map, 2), RESPIN_NON_TRIMMED);
	assert_int_not_equal(map_at(map, 3), RESPIN_FINISHED);
	assert_int_equal(output_resume(desk.output).phase, RESPIN_PHASE_TRIMMING);
	assert_int_equal(output_resume(desk.output).pos, 2);
	desk_finish(&desk);
}

static void domain_is_saved_and_found_again(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	desk_put_map(&desk, "/out/wanted", "??+++?");
	memio_dir(desk.memio, "/else", 6);
	desk.options.domain = "/out/wanted";
	assert_int_equal(desk_open(&desk), 0);
	const struct respin_map *domain = output_domain(desk.output);
	assert_non_null(domain);
	assert_int_equal(map_count(domain, RESPIN_FINISHED), 3);
	assert_int_equal(desk_recover(&desk, 2, 2), 0);
	struct respin_summary summary = {.size = sizeof summary};
	assert_int_equal(desk_close(&desk, false, &summary), 0);
	assert_int_equal(summary.stats.total, 3);
	assert_int_equal(summary.stats.finished, 2);
	desk_assert_map(&desk, "??++????");
	char *saved = desk_map(&desk, DESK_IMAGE ".domain");
	assert_string_equal(saved, "??+++???");
	free(saved);

	desk.options.domain = NULL;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_was_told(&desk, "3 of 8"));
	domain = output_domain(desk.output);
	assert_int_equal(map_count(domain, RESPIN_FINISHED), 3);
	assert_int_equal(map_at(domain, 2), RESPIN_FINISHED);
	size_t samples;
	const struct output_sample *sample = output_samples(desk.output, &samples);
	assert_int_equal(samples, 1);
	assert_int_equal(sample->range.start, 2);
	assert_int_equal(sample->range.count, 2);
	desk_drop(&desk);

	/* Said again it stays as it lies there. */
	assert_true(desk_find(&desk, MEMIO_RENAME, ".disc.iso.domain.tmp", 1) >= 0);
	desk.options.domain = "/out/wanted";
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(map_count(output_domain(desk.output), RESPIN_FINISHED), 3);
	assert_int_equal(desk_find(&desk, MEMIO_RENAME, ".disc.iso.domain.tmp", 2), -1);
	desk_drop(&desk);

	/* As many sectors, but others. */
	desk_put_map(&desk, "/out/others", "?+++??");
	desk.options.domain = "/out/others";
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_find(&desk, MEMIO_RENAME, ".disc.iso.domain.tmp", 2) >= 0);
	desk_drop(&desk);

	/* Another one replaces it; the whole disc takes it away for good. */
	desk_put_map(&desk, "/out/all", "++++++++");
	desk.options.domain = "/out/all";
	assert_int_equal(desk_open(&desk), 0);
	assert_null(output_domain(desk.output));
	desk_drop(&desk);
	desk.options.domain = NULL;
	assert_int_equal(desk_open(&desk), 0);
	assert_null(output_domain(desk.output));
	desk_finish(&desk);
}

static void domains_that_make_no_sense(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk.options.domain = "/out/none";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "/out/none");
	desk_put_map(&desk, "/out/empty", "????");
	desk.options.domain = "/out/empty";
	desk_assert_refused(&desk, RESPIN_E_INVALID, "/out/empty");
	memio_text(desk.memio, "/out/rubbish", "rubbish");
	desk.options.domain = "/out/rubbish";
	desk_assert_refused(&desk, RESPIN_E_MAP_DAMAGED, "/out/rubbish");
	/* What it covers in part counts as a whole; what lies beyond the disc does not matter. */
	memio_text(desk.memio, "/out/odd", "0 + 1\n0x1801 1 +\n0x1ff0 0x4000 +\n");
	desk.options.domain = "/out/odd";
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(map_count(output_domain(desk.output), RESPIN_FINISHED), 1);
	assert_int_equal(map_at(output_domain(desk.output), 3), RESPIN_FINISHED);
	desk_finish(&desk);
}

static void samples_are_seeded_and_finished(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 2000);
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 5, 500), 0);
	assert_int_equal(desk_recover(&desk, 1000, 1000), 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	struct output_sample first[OUTPUT_SAMPLES_MAX];
	for (unsigned round = 0; round < 2; round++) {
		size_t count;
		unsigned char bytes[16 * 2048];
		assert_int_equal(desk_open(&desk), 0);
		const struct output_sample *samples = output_samples(desk.output, &count);
		assert_in_range(count, 10, OUTPUT_SAMPLES_MAX);
		for (size_t i = 0; i < count; i++) {
			struct respin_range range = samples[i].range;
			assert_in_range(range.count, 1, 16);
			assert_int_equal(range.start / 16, (range.start + range.count - 1) / 16);
			assert_true(!i || range.start > samples[i - 1].range.start);
			for (uint64_t unit = 0; unit < range.count; unit++) {
				assert_int_equal(map_at(output_map(desk.output), range.start + unit),
						 RESPIN_FINISHED);
				desk_bytes(range.start + unit, bytes + unit * 2048, 2048);
			}
			assert_true(samples[i].hash == hash_bytes(bytes, range.count * 2048, 0));
		}
		if (round)
			assert_memory_equal(first, samples, count * sizeof *first);
		memcpy(first, samples, count * sizeof *first);
		desk_drop(&desk);
	}
	desk_finish(&desk);
}

static void the_end_is_told(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	desk.options.command_line = "respin rescue /dev/sr0\nx disc.iso";
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	assert_int_equal(desk_close(&desk, true, NULL), 0);
	size_t len;
	const char *text = (const char *)memio_bytes(desk.memio, DESK_MAP, &len);
	assert_non_null(memmem(text, len, "\n# Finished\n", 12));
	assert_non_null(memmem(text, len, "# Command line: respin rescue /dev/sr0", 38));
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(output_resume(desk.output).phase, RESPIN_PHASE_FINISHED);
	desk_finish(&desk);
}

static void dev_null(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_dir(desk.memio, "/dev", 1);
	memio_node(desk.memio, "/dev/null", RESPIN_IO_OTHER, makedev(1, 3), 0);
	desk.options.image = "/dev/null";
	desk.options.map = DESK_MAP;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_was_told(&desk, "/dev/null"));
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	desk_assert_map(&desk, "++??");
	assert_int_equal(desk_miss(&desk, 2, 2, RESPIN_NON_TRIMMED), 0);
	struct respin_summary summary = {.size = sizeof summary};
	assert_int_equal(desk_close(&desk, false, &summary), 0);
	assert_int_equal(summary.sync_ignored, 1);
	desk_assert_map(&desk, "++**");
	assert_int_equal(desk_open(&desk), 0); /* and on */
	size_t samples;
	(void)output_samples(desk.output, &samples);
	assert_int_equal(samples, 0);
	desk_finish(&desk);
}

static void killed_run_leaves_a_lock_file(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_text(desk.memio, LOCK, "");
	memio_text(desk.memio, "/out/.disc.iso.map.tmp", "half a map");
	assert_int_equal(desk_open(&desk), 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	assert_null(memio_bytes(desk.memio, LOCK, NULL));
	assert_null(memio_bytes(desk.memio, "/out/.disc.iso.map.tmp", NULL));
	desk_finish(&desk);
}

static void no_locks_here(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 4);
	memio_knobs(desk.memio)->lock_result = -ENOLCK;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk_was_told(&desk, "no locks"));
	desk_finish(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_start),
		cmocka_unit_test(starts_over),
		cmocka_unit_test(no_holes_here),
		cmocka_unit_test(host_numbers),
		cmocka_unit_test(disk_on_the_drives_adapter),
		cmocka_unit_test(it_ends_as_long_as_the_disc),
		cmocka_unit_test(bad_gets_another_try),
		cmocka_unit_test(foreign_map_with_odd_borders),
		cmocka_unit_test(domain_is_saved_and_found_again),
		cmocka_unit_test(domains_that_make_no_sense),
		cmocka_unit_test(samples_are_seeded_and_finished),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(dev_null),
		cmocka_unit_test(killed_run_leaves_a_lock_file),
		cmocka_unit_test(no_locks_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
