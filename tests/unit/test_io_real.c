/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same output on the file system of this machine: does the real table of
 * calls do what the one in memory stands for? In a directory of its own.
 */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/block.h"

#define UNITS 1000u
#define BYTES ((size_t)UNITS * 2048)

struct place_to_work {
	char dir[64];
	struct respin_output_options options;
	struct respin_source_info info;
	struct respin_error error;
};

static int setup(void **state)
{
	static struct place_to_work work;
	work = (struct place_to_work){.dir = "/tmp/respin-test-XXXXXX"};
	if (!mkdtemp(work.dir) || chdir(work.dir))
		return -1;
	(void)umask(022);
	work.options = (struct respin_output_options){.size = sizeof work.options, .image = "disc.iso"};
	work.info = (struct respin_source_info){
		.size = sizeof work.info, .units = UNITS, .unit_bytes = 2048, .ecc_block = 16};
	*state = &work;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"disc.iso", "disc.iso.map", "disc.iso.map.bak",
					    "link.iso", "out.map",      "other.iso"};
	struct place_to_work *work = *state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(names[i]);
	return chdir("/") || rmdir(work->dir); /* fails if anything else was left behind */
}

static int open_output(struct place_to_work *work, struct output **output)
{
	work->error = (struct respin_error){0};
	return output_open(&work->options, &work->info, 7, output, &work->error);
}

static int put(struct output *output, uint64_t start, uint64_t count, struct respin_error *error)
{
	struct respin_sink sink = output_sink(output);
	struct respin_outcome outcome = {.request = {.range = {start, count}, .phase = RESPIN_PHASE_COPYING},
					 .span_count = 1,
					 .spans = {{.range = {start, count},
						    .kind = RESPIN_SPAN_RECOVERED,
						    .status = RESPIN_FINISHED}},
					 .bytes_len = count * 2048,
					 .bytes = block_alloc(count * 2048)};
	memset(outcome.bytes, (int)(start % 251 + 1), count * 2048);
	return sink.ops->put(sink.self, &outcome, error);
}

static int announce_finished(struct output *output, struct respin_error *error)
{
	struct respin_sink sink = output_sink(output);
	struct respin_outcome outcome = {.request = {.phase = RESPIN_PHASE_FINISHED}};
	return sink.ops->put(sink.self, &outcome, error);
}

static int finish(struct output *output, struct respin_error *error)
{
	struct respin_sink sink = output_sink(output);
	struct respin_summary summary = {.size = sizeof summary};
	int rc = sink.ops->close(sink.self, &summary, error);
	sink.ops->destroy(sink.self);
	output_destroy(output);
	return rc;
}

static void a_rescue_in_two_runs(void **state)
{
	struct place_to_work *work = *state;
	struct output *output;
	struct stat st;
	assert_int_equal(open_output(work, &output), 0);
	assert_int_equal(stat("disc.iso", &st), 0);
	assert_int_equal(st.st_size, BYTES);
	assert_int_equal(st.st_blocks, 0); /* holes */
	assert_int_equal(put(output, 0, 32, &work->error), 0);
	assert_int_equal(put(output, 500, 512 - 12, &work->error), 0);

	/* A second run, even in this process, is refused; with and without the lock file. */
	struct output *second;
	assert_int_equal(open_output(work, &second), RESPIN_E_LOCKED);
	work->options.map = "out.map";
	assert_int_equal(open_output(work, &second), RESPIN_E_LOCKED);
	assert_int_equal(access("out.map.lock", F_OK), -1);
	work->options.map = NULL;
	assert_int_equal(finish(output, &work->error), 0);

	assert_int_equal(chmod("disc.iso.map", 0664), 0);
	assert_int_equal(open_output(work, &output), 0);
	size_t samples;
	(void)output_samples(output, &samples);
	assert_in_range(samples, 8, 16);
	assert_int_equal(map_count(output_map(output), RESPIN_FINISHED), 532);
	assert_int_equal(put(output, 32, 468, &work->error), 0);
	assert_int_equal(announce_finished(output, &work->error), 0);
	assert_int_equal(finish(output, &work->error), 0);
	assert_int_equal(stat("disc.iso.map", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0664); /* whoever could write it still can */
	assert_int_equal(access("disc.iso.map.bak", F_OK), 0);
	assert_int_equal(access("disc.iso.map.lock", F_OK), -1);

	int file = open("disc.iso", O_RDONLY);
	unsigned char byte;
	static const struct {
		off_t unit;
		unsigned start;
	} probes[] = {{0, 0}, {31, 0}, {32, 32}, {499, 32}, {500, 500}, {999, 500}};
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		assert_int_equal(pread(file, &byte, 1, probes[i].unit * 2048 + 2047), 1);
		assert_int_equal(byte, probes[i].start % 251 + 1);
	}
	close(file);
}

static void links_are_not_followed(void **state)
{
	struct place_to_work *work = *state;
	struct output *output;
	assert_int_equal(symlink("other.iso", "link.iso"), 0);
	work->options.image = "link.iso";
	assert_int_equal(open_output(work, &output), RESPIN_E_INVALID);
	int file = open("other.iso", O_WRONLY | O_CREAT, 0644);
	assert_true(file >= 0);
	close(file);
	work->options.source_path = "other.iso";
	assert_int_equal(open_output(work, &output), RESPIN_E_SAME_FILE);
	work->options.image = "other.iso";
	work->options.force = 1;
	assert_int_equal(open_output(work, &output), RESPIN_E_SAME_FILE);
	struct respin_io io = respin_io_real();
	int dir = io.ops->open_dir(io.self, ".");
	assert_int_equal(io.ops->open(io.self, dir, "link.iso", RESPIN_IO_READ | RESPIN_IO_NOFOLLOW, 0),
			 -ELOOP);
	assert_int_equal(io.ops->open(io.self, dir, "none", RESPIN_IO_READ | RESPIN_IO_NOFOLLOW, 0), -ENOENT);
	io.ops->close(io.self, dir);
}

static void devices_without_positions(void **state)
{
	struct place_to_work *work = *state;
	struct output *output;
	work->options.image = "/dev/null";
	assert_int_equal(open_output(work, &output), RESPIN_E_INVALID);
	work->options.map = "out.map";
	assert_int_equal(open_output(work, &output), 0);
	assert_int_equal(put(output, 0, 100, &work->error), 0);
	struct respin_sink sink = output_sink(output);
	struct respin_summary summary = {.size = sizeof summary};
	assert_int_equal(sink.ops->close(sink.self, &summary, &work->error), 0);
	assert_int_equal(summary.sync_ignored, 1);
	assert_int_equal(summary.stats.finished, 100);
	output_destroy(output);
	assert_int_equal(unlink("out.map"), 0);

	work->options.image = "/dev/full";
	assert_int_equal(open_output(work, &output), 0);
	assert_int_equal(put(output, 0, 100, &work->error), RESPIN_E_FULL);
	assert_int_equal(work->error.sys_errno, ENOSPC);
	output_destroy(output);
}

/* The process may not write files as long as the disc: said first, and then an error, not a signal's end. */
static void file_size_limit(void **state)
{
	struct place_to_work *work = *state;
	struct output *output;
	struct rlimit old, limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = BYTES / 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int opened = open_output(work, &output);
	int told = 0;
	for (size_t i = 0; !opened && output_notice(output, i); i++)
		told += strstr(output_notice(output, i), "1024000") != NULL;
	int first = opened ? opened : put(output, 0, 32, &work->error);
	int second = opened ? opened : put(output, 600, 32, &work->error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(opened, 0);
	output_destroy(output);
	assert_int_equal(told, 1);
	assert_int_equal(first, 0);
	assert_int_equal(second, RESPIN_E_FULL);
	assert_int_equal(work->error.sys_errno, EFBIG);
	assert_int_equal(open_output(work, &output), 0); /* what came before was saved */
	assert_int_equal(map_count(output_map(output), RESPIN_FINISHED), 32);
	output_destroy(output);
}

static void space_and_time(void **state)
{
	(void)state;
	struct respin_io io = respin_io_real();
	struct respin_io_space space;
	int dir = io.ops->open_dir(io.self, "/dev/shm");
	if (dir < 0)
		skip();
	assert_int_equal(io.ops->space(io.self, dir, &space), 0);
	assert_true(space.volatile_fs);
	assert_false(space.no_holes);
	io.ops->close(io.self, dir);
	uint64_t now = io.ops->now_ns(io.self);
	assert_true(io.ops->now_ns(io.self) >= now && now > 0);
	assert_true(io.ops->wall_s(io.self) > 1600000000);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_rescue_in_two_runs),      IN_A_DIRECTORY(links_are_not_followed),
		IN_A_DIRECTORY(devices_without_positions), IN_A_DIRECTORY(file_size_limit),
		cmocka_unit_test(space_and_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
