/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive, through respin_source_open as every user meets it: its
 * damage, its lies, its clock, its options. One thread; engine tests do the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <respin/source.h>

#include "garbage.h"
#include "sim/ranges.h"
#include "sim/scenario.h"

#define SECTOR 2048u
#define MS 1000000ull

static unsigned char bytes[64u << 10];

static struct respin_source disc(const char *options)
{
	char address[512];
	struct respin_source source;
	struct respin_error error = {0};
	(void)snprintf(address, sizeof address, "sim:disc?%s", options);
	if (respin_source_open(address, &source, &error) < 0)
		fail_msg("%s", error.text);
	return source;
}

static struct respin_reply get(struct respin_source *source, uint64_t start, uint64_t count)
{
	struct respin_request request = {.range = {start, count}};
	struct respin_reply reply;
	memset(bytes, 0, sizeof bytes);
	source->ops->read(source->self, &request, bytes, &reply);
	return reply;
}

static enum respin_reason reason(struct respin_source *source, uint64_t start, uint64_t count)
{
	return (enum respin_reason)get(source, start, count).reason;
}

static void pattern_is_stable(void **state)
{
	(void)state;
	static unsigned char first[sizeof bytes];
	struct respin_source a = disc("size=1000&seed=5"), b = disc("size=1000&seed=5&profile=bd");
	struct respin_source c = disc("size=1000&seed=6");
	assert_int_equal(reason(&a, 100, 32), RESPIN_REASON_GOOD);
	memcpy(first, bytes, sizeof first);
	assert_int_equal(reason(&b, 100, 32), RESPIN_REASON_GOOD);
	assert_memory_equal(first, bytes, sizeof first);
	assert_int_equal(reason(&b, 101, 1), RESPIN_REASON_GOOD); /* the same sector, asked for alone */
	assert_memory_equal(first + SECTOR, bytes, SECTOR);
	assert_memory_not_equal(first, first + SECTOR, SECTOR);
	assert_int_equal(reason(&c, 100, 32), RESPIN_REASON_GOOD);
	assert_memory_not_equal(first, bytes, SECTOR);
	respin_source_destroy(&a);
	respin_source_destroy(&b);
	respin_source_destroy(&c);
}

static void image_behind(void **state)
{
	(void)state;
	char path[] = "image-XXXXXX", options[64];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 50; i++) {
		memset(bytes, (int)i + 1, SECTOR);
		assert_int_equal(write(fd, bytes, i == 49 ? 100 : SECTOR), i == 49 ? 100 : SECTOR);
	}
	close(fd);
	(void)snprintf(options, sizeof options, "image=%s&bad=7", path);
	struct respin_source source = disc(options);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	assert_int_equal(info.units, 50);
	assert_int_equal(reason(&source, 40, 10), RESPIN_REASON_GOOD);
	assert_int_equal(bytes[0], 41);
	assert_int_equal(bytes[9 * SECTOR + 99], 50);
	assert_int_equal(bytes[9 * SECTOR + 100], 0); /* a drive has no short sectors */
	assert_int_equal(reason(&source, 0, 8), RESPIN_REASON_MEDIUM);
	respin_source_destroy(&source);
	unlink(path);
}

static void damage(void **state)
{
	(void)state;
	struct respin_source s = disc("size=1000&bad=100,200-215&weak=300&tries=2&marginal=400&blank=500");
	assert_int_equal(reason(&s, 68, 32), RESPIN_REASON_GOOD);
	struct respin_reply r = get(&s, 96, 32);
	assert_int_equal(r.reason, RESPIN_REASON_MEDIUM);
	assert_int_equal(r.sense.info_lba, 100);
	assert_int_equal(r.residual_bytes, r.asked_bytes);
	assert_int_equal(r.filled_bytes, 0);
	assert_int_equal(get(&s, 205, 32).sense.info_lba, 205);
	assert_int_equal(reason(&s, 216, 32), RESPIN_REASON_GOOD);
	assert_int_equal(reason(&s, 300, 1), RESPIN_REASON_MEDIUM);
	assert_int_equal(reason(&s, 300, 1), RESPIN_REASON_GOOD);
	r = get(&s, 400, 1);
	assert_int_equal(r.reason, RESPIN_REASON_RECOVERED);
	assert_int_equal(r.filled_bytes, SECTOR);
	assert_int_equal(reason(&s, 500, 1), RESPIN_REASON_NOT_RECORDED);
	respin_source_destroy(&s);
}

static void ecc_blocks_fail_whole(void **state)
{
	(void)state;
	struct respin_source s = disc("size=1000&bad=100&ecc=1");
	assert_int_equal(reason(&s, 95, 1), RESPIN_REASON_GOOD);
	assert_int_equal(reason(&s, 96, 1), RESPIN_REASON_MEDIUM);
	assert_int_equal(reason(&s, 111, 1), RESPIN_REASON_MEDIUM);
	assert_int_equal(reason(&s, 112, 1), RESPIN_REASON_GOOD);
	assert_int_equal(get(&s, 80, 32).sense.info_lba, 96);
	assert_int_equal(get(&s, 104, 8).sense.info_lba, 104);
	respin_source_destroy(&s);
}

static void information(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		unsigned has_info;
		int64_t lba;
	} rows[] = {
		{"info=honest", 1, 100}, {"info=zero", 1, 0},           {"info=chunk", 1, 90},
		{"info=none", 0, 0},     {"format=descriptor", 1, 100}, {"format=descriptor&info=none", 0, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char options[128];
		(void)snprintf(options, sizeof options, "size=1000&bad=100&sense=31105&%s", rows[i].options);
		struct respin_source s = disc(options);
		struct respin_reply r = get(&s, 90, 20);
		assert_int_equal(r.reason, RESPIN_REASON_MEDIUM);
		assert_int_equal(r.sense.ascq, 5);
		assert_int_equal(r.sense.has_info, rows[i].has_info);
		assert_int_equal(r.sense.info_lba, rows[i].lba);
		respin_source_destroy(&s);
	}
}

/* What hosts make of a failure and of a short GOOD; the four rows of the lab's measurement. */
static void hosts(void **state)
{
	(void)state;
	struct respin_source s = disc("size=1000&bad=100&partial=1");
	struct respin_reply r = get(&s, 90, 20);
	assert_int_equal(r.residual_bytes, 10 * SECTOR);
	assert_int_equal(r.filled_bytes, 10 * SECTOR);
	respin_source_destroy(&s);

	s = disc("size=1000&short=1&resid=zero");
	r = get(&s, 0, 32);
	assert_int_equal(r.reason, RESPIN_REASON_GOOD);
	assert_int_equal(r.residual_bytes, 0);
	assert_true(r.filled_bytes < r.asked_bytes);
	assert_true(!r.resid_trusted && r.poison_trusted);
	respin_source_destroy(&s);

	s = disc("size=1000&short=1&rest=zero");
	r = get(&s, 0, 32);
	assert_true(r.residual_bytes > 0 && r.resid_trusted && !r.poison_trusted);
	assert_int_equal(r.filled_bytes, r.asked_bytes); /* zeros look like data */
	respin_source_destroy(&s);

	s = disc("size=1000&short=2&rest=stale&resid=zero");
	static unsigned char earlier[sizeof bytes];
	bool stale = false;
	for (uint64_t at = 0; at < 320; at += 32) {
		memcpy(earlier, bytes, sizeof earlier);
		r = get(&s, at, 32);
		assert_true(!r.resid_trusted && !r.poison_trusted);
		stale |= at && !memcmp(earlier + 31 * SECTOR, bytes + 31 * SECTOR, SECTOR);
	}
	assert_true(stale); /* GOOD, with the previous command's data at the end */
	respin_source_destroy(&s);
}

static void its_clock(void **state)
{
	(void)state;
	struct respin_source s = disc("size=1000&bad=100&latency_us=2000&block_us=500&fail_ms=3500");
	uint64_t begin = s.ops->now_ns(s.self);
	struct respin_reply r = get(&s, 0, 32);
	assert_int_equal(r.elapsed_ns, 3 * MS);
	assert_int_equal(get(&s, 100, 1).elapsed_ns, 3502 * MS + MS / 2);
	assert_int_equal(s.ops->now_ns(s.self) - begin, 3505 * MS + MS / 2);
	s.ops->sleep_until_ns(s.self, begin + 60000 * MS);
	assert_int_equal(s.ops->now_ns(s.self), begin + 60000 * MS);
	s.ops->sleep_until_ns(s.self, begin); /* gone by */
	assert_int_equal(s.ops->now_ns(s.self), begin + 60000 * MS);
	struct respin_request request = {.range = {100, 1}, .timeout_ms = 1000};
	s.ops->read(s.self, &request, bytes, &r);
	assert_int_equal(r.reason, RESPIN_REASON_TIMEOUT);
	assert_int_equal(r.elapsed_ns, 1000 * MS);
	respin_source_destroy(&s);
}

static uint64_t real_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static void paces(void **state)
{
	(void)state;
	struct respin_source s = disc("size=1000&pace=100&bad=100&fail_ms=10000");
	uint64_t begin = real_ns();
	assert_int_equal(get(&s, 100, 1).elapsed_ns, 10000 * MS);
	assert_in_range(real_ns() - begin, 100 * MS, 2000 * MS);
	respin_source_destroy(&s);
}

static void *interrupt_soon(void *arg)
{
	struct respin_source *source = arg;
	nanosleep(&(struct timespec){.tv_nsec = 50 * (long)MS}, NULL);
	source->ops->interrupt(source->self);
	return NULL;
}

static void interrupted(void **state)
{
	(void)state;
	static const char *const discs[] = {"size=1000&hang=5", "size=1000&pace=1&bad=5&fail_ms=20000"};
	for (size_t i = 0; i < 2; i++) {
		struct respin_source s = disc(discs[i]);
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &s), 0);
		uint64_t begin = real_ns();
		assert_int_equal(reason(&s, 0, 32), RESPIN_REASON_CANCELLED);
		assert_true(real_ns() - begin < 2000 * MS);
		pthread_join(thread, NULL);
		assert_int_equal(reason(&s, 100, 1), RESPIN_REASON_CANCELLED); /* it stays so */
		respin_source_destroy(&s);
	}
}

static int open_code(const char *address, const char *word)
{
	struct respin_source source;
	struct respin_error error = {0};
	int code = respin_source_open(address, &source, &error);
	if (code == 0)
		respin_source_destroy(&source);
	else if (!strstr(error.text, word))
		fail_msg("%s: '%s' does not speak of '%s'", address, error.text, word);
	return code;
}

static void drives(void **state)
{
	(void)state;
	assert_int_equal(open_code("sim:disc?size=9&ready_ms=5000", ""), 0);
	assert_int_equal(open_code("sim:disc?size=9&medium=none", "no disc"), RESPIN_E_NO_MEDIUM);
	assert_int_equal(open_code("sim:disc?size=9&medium=open", "tray"), RESPIN_E_NO_MEDIUM);
	assert_int_equal(open_code("sim:disc?size=9&type=0", "disk"), RESPIN_E_NOT_OPTICAL);
	assert_int_equal(open_code("sim:disc?size=9&last=0", "no readable"), RESPIN_E_SOURCE);
	assert_int_equal(open_code("sim:disc?size=9&block_bytes=2352", "2352"), RESPIN_E_SOURCE);
}

static void wrong_options(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"sim:", "sim:disc"},
		{"sim:tape?size=9", "sim:disc"},
		{"sim:disco", "sim:disc"},
		{"sim:disc", "size"},
		{"sim:disc?size=0", "size"},
		{"sim:disc?size", "KEY=VALUE"},
		{"sim:disc?size=9&colour=red", "'colour'"},
		{"sim:disc?size=-9", "size=-9"},
		{"sim:disc?size=9x", "size=9x"},
		{"sim:disc?size=99999999999999999999", "size="},
		{"sim:disc?size=9&ecc=2", "ecc=2"},
		{"sim:disc?size=9&info=perhaps", "info=perhaps"},
		{"sim:disc?size=9&profile=vhs", "profile=vhs"},
		{"sim:disc?size=9&bad=", "bad="},
		{"sim:disc?size=9&bad=5-", "bad=5-"},
		{"sim:disc?size=9&bad=5-4", "bad=5-4"},
		{"sim:disc?size=9&bad=1,,2", "bad=1,,2"},
		{"sim:disc?size=9&bad=1;2", "bad=1;2"},
		{"sim:disc?size=9&weak=20", "weak"},
		{"sim:disc?size=9&tries=0", "tries"},
		{"sim:disc?size=9&max_kb=1", "max_kb"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(open_code(rows[i][0], rows[i][1]), RESPIN_E_INVALID);
	assert_int_equal(open_code("sim:disc?image=no/such/file", "no/such/file"), RESPIN_E_SOURCE);
	assert_int_equal(open_code("sim:disc?size=%39", ""), 0); /* %XX */
}

/* Lists against an array of flags. */
static void ranges(void **state)
{
	(void)state;
	struct rng rng = garbage_rng();
	for (int round = 0; round < 200; round++) {
		bool flags[300] = {false};
		char text[512] = "";
		size_t len = 0;
		for (uint64_t i = rng_below(&rng, 8) + 1; i > 0; i--) {
			uint64_t first = rng_below(&rng, 250), last = first + rng_below(&rng, 40);
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu-%llu", len ? "," : "",
						(unsigned long long)first, (unsigned long long)last);
			for (uint64_t s = first; s <= last; s++)
				flags[s] = true;
		}
		struct ranges list = {0};
		assert_true(ranges_parse(&list, text));
		uint64_t next = 300, count = 0, found;
		for (uint64_t s = 300; s-- > 0;) {
			next = flags[s] ? s : next;
			assert_int_equal(ranges_find(&list, s, 299, &found), next < 300);
			if (next < 300)
				assert_int_equal(found, next);
			assert_int_equal(ranges_find(&list, s, s, &found), flags[s]);
		}
		for (uint64_t s = 0; s < 300; s++)
			if (flags[s])
				assert_int_equal(ranges_index(&list, s), count++);
		assert_int_equal(list.sectors, count);
		ranges_finish(&list);
	}
}

static void garbage(void **state)
{
	(void)state;
	static const char letters[] = "size=bad&weak,-0123456789%&?=image=&info=zero&pace";
	struct rng rng = garbage_rng();
	struct scenario *scenario = calloc(1, sizeof *scenario); /* too large for a stack */
	assert_non_null(scenario);
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		char text[64] = "sim:disc?";
		for (size_t n = 9; n < 9 + rng_below(&rng, 50); n++)
			text[n] = letters[rng_below(&rng, sizeof letters - 1)];
		struct respin_error error = {0};
		int code = scenario_address(scenario, text, NULL, &error);
		assert_true(code == 0 || (code == RESPIN_E_INVALID && error.text[0]));
		scenario_finish(scenario);
	}
	free(scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_is_stable),
		cmocka_unit_test(image_behind),
		cmocka_unit_test(damage),
		cmocka_unit_test(ecc_blocks_fail_whole),
		cmocka_unit_test(information),
		cmocka_unit_test(hosts),
		cmocka_unit_test(its_clock),
		cmocka_unit_test(paces),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(drives),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(ranges),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
