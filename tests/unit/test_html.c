/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page of HTML: its sums are the map's, a sector is drawn where it lies, foreign text stays text, no map, list or
 * ledger makes it large or slow, and advice follows its rules. Files and ledger are stood in for: what the page asks of
 * them is defined here. That it works in a browser is the business of tests/browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "core/map.h"
#include "report/amount.h"
#include "report/html.h"

#include "html_world.h"

/* ---- making and reading pages ---- */

static char *page_of(struct respin_report_options options)
{
	struct respin_error error = {0};
	char *html = NULL;
	options.size = sizeof options;
	if (respin_report_html(&options, &html, &error))
		fail_msg("%s", error.text);
	return html;
}

static struct respin_map *disc(uint64_t sectors, enum respin_status status)
{
	struct respin_map *map = map_create(sectors * SECTOR, status);
	assert_non_null(map);
	return map;
}

static void mark(struct respin_map *map, uint64_t first, uint64_t count, enum respin_status status)
{
	assert_int_equal(map_set(map, (struct respin_range){first * SECTOR, count * SECTOR}, status), 0);
}

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

static bool has(const char *html, const char *word)
{
	return strstr(html, word) != NULL;
}

/* The page's data, taken apart; json_decref it. */
static json_t *data_of(const char *html)
{
	static const char open[] = "<script type=\"application/json\" id=\"data\">";
	const char *from = strstr(html, open);
	assert_non_null(from);
	from += strlen(open);
	const char *to = strchr(from, '<'); /* the data have none themselves */
	assert_non_null(to);
	assert_memory_equal(to, "</script>", 9);
	json_error_t error;
	json_t *data = json_loadb(from, (size_t)(to - from), 0, &error);
	if (!data)
		fail_msg("the data are no JSON: %s", error.text);
	return data;
}

/* Undoes html_add_cells. */
static size_t cells_of(const char *text, uint8_t *cells, size_t most)
{
	size_t count = 0;
	while (*text) {
		uint8_t value = (uint8_t)(*text++ - 'A');
		char *end;
		unsigned long times = strtoul(text, &end, 10);
		times = end == text ? 1 : times;
		text = end;
		assert_true(value < 26 && count + times <= most);
		memset(cells + count, value, times);
		count += times;
	}
	return count;
}

static size_t plane(json_t *from, const char *name, uint8_t *cells, size_t most)
{
	const char *text = json_string_value(json_object_get(from, name));
	assert_non_null(text);
	return cells_of(text, cells, most);
}

#define CELLS_MOST 100000

/* ---- the tests ---- */

static void sums_are_the_maps(void **state)
{
	(void)state;
	struct rng rng = {11};
	for (int round = 0; round < 30; round++) {
		uint64_t sectors = 1000 + rng_below(&rng, 2000000);
		struct respin_map *map = disc(sectors, RESPIN_FINISHED);
		for (int i = 0; i < 200; i++) {
			uint64_t first = rng_below(&rng, sectors), count = 1 + rng_below(&rng, 300);
			mark(map, first, first + count < sectors ? count : sectors - first,
			     (enum respin_status)rng_below(&rng, RESPIN_STATUSES));
		}
		char *html = page_of((struct respin_report_options){.map = map}), word[80];
		const uint64_t sums[] = {
			map_count(map, RESPIN_FINISHED),
			map_count(map, RESPIN_NON_TRIED) + map_count(map, RESPIN_NON_TRIMMED) +
				map_count(map, RESPIN_NON_SCRAPED),
			map_count(map, RESPIN_BAD),
		};
		const char *at = html;
		for (int i = 0; i < 3; i++) {
			(void)snprintf(word, sizeof word, " %s bytes</p>", amount_grouped(sums[i]).text);
			at = strstr(at, "class=\"tile ");
			assert_non_null(at);
			const char *found = strstr(at, word), *next = strstr(at + 1, "class=\"tile ");
			if (!found || (next && found > next))
				fail_msg("round %d: tile %d does not say%s", round, i, word);
			at++;
		}
		json_t *data = data_of(html);
		assert_int_equal(json_array_size(json_object_get(data, "places")),
				 occurrences(html, "class=\"pick place\""));
		json_decref(data);
		free(html);
		map_destroy(map);
	}
}

/* One lost sector is one cell or two, at its ring and angle, on its layer; and all else is saved. */
static void a_sector_has_its_place(void **state)
{
	(void)state;
	static uint8_t calm[CELLS_MOST], grave[CELLS_MOST];
	static const char *const names[] = {"cd-80", "dvd-5", "dvd-9", "bd-50", "bd-100"};
	struct rng rng = {5};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct medium *medium = medium_find(names[i]);
		uint64_t sector = rng_below(&rng, medium->sectors);
		struct respin_map *map = disc(medium->sectors, RESPIN_FINISHED);
		mark(map, sector, 1, RESPIN_BAD);
		char *html = page_of((struct respin_report_options){.map = map, .medium = names[i]});
		json_t *data = data_of(html);
		size_t count = plane(data, "calm", calm, CELLS_MOST);
		assert_int_equal(count, plane(data, "grave", grave, CELLS_MOST));
		size_t rings = (size_t)json_integer_value(json_object_get(data, "rings"));
		size_t around = (size_t)json_integer_value(json_object_get(data, "cells"));
		assert_int_equal(count, rings * around * medium->layers);
		struct spiral spiral;
		struct spiral_place place;
		struct spiral_params params = {.medium = medium,
					       .velocity = 1,
					       .pitch = 1,
					       .stretch = 1,
					       .scale = 1,
					       .sectors = medium->sectors};
		spiral_init(&spiral, &params);
		spiral_place(&spiral, (double)sector + 0.5, &place);
		double inner = (double)json_integer_value(json_object_get(data, "inner")) / 1000;
		double width = (double)json_integer_value(json_object_get(data, "ring")) / 1000;
		unsigned marked = 0;
		for (size_t cell = 0; cell < count; cell++) {
			if (!grave[cell])
				continue;
			marked++;
			assert_int_equal(cell / (rings * around), place.layer);
			double ring = (place.r_mm - inner) / width - (double)(cell / around % rings);
			double turn = place.turn - (double)(uint64_t)place.turn;
			double angle = turn * (double)around - (double)(cell % around);
			/* A sector is up to a 17th of a turn long, so its middle lies a few cells from its ends. */
			assert_true(ring > -0.1 && ring < 1.1);
			assert_true((angle > -20 && angle < 20) || angle > (double)around - 20 ||
				    angle < 20 - (double)around);
		}
		assert_true(marked >= 1 && marked <= 32);
		json_decref(data);
		free(html);
		map_destroy(map);
	}
}

static const char nasty[] =
	"</script><script>alert(1)</script><!--\"' onload=x &amp; {{data}} ]]>\x01\x1b[31m\xe2\x80\xae"
	"gpj\xff\xc0\x80\xe2\x80\xa8";

static void foreign_text_stays_text(void **state)
{
	(void)state;
	struct respin_map *map = disc(400000, RESPIN_FINISHED);
	mark(map, 500, 1, RESPIN_BAD);
	struct respin_files files = {
		.count = 50, .sectors = 100, .hit_every = 10, .name = nasty, .missing = RESPIN_BAD};
	struct respin_ledger ledger = {.runs = 3, .drives = 2, .text = nasty};
	char *html = page_of((struct respin_report_options){
		.map = map,
		.files = &files,
		.ledger = &ledger,
		.title = nasty,
		.image = nasty,
		.version = nasty,
		.sha256 = nasty,
	});
	char *plain = page_of((struct respin_report_options){.map = map, .title = "t"});
	assert_int_equal(occurrences(html, "<script"), 2);
	assert_int_equal(occurrences(html, "</script"), 2);
	assert_int_equal(occurrences(html, "<!--"), 0);
	assert_int_equal(occurrences(html, "<b>&") + occurrences(html, "<i>"), 0);
	assert_int_equal(occurrences(html, "alert(1)"), occurrences(html, "&lt;script&gt;alert(1)"));
	assert_true(occurrences(html, "alert(1)") > 60);
	assert_false(has(html, "\xe2\x80\xae") || has(html, "\xe2\x80\xa8") || has(html, "\xff") ||
		     has(html, "\xc0"));
	for (const char *p = html; *p; p++)
		assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t');
	assert_true(
		has(html, "<code>respin files --extract DIR IMAGE</code>")); /* no such name in a command */
	assert_true(has(html, "<li>Title 1, 1:30:00: missing 1:02:03 to 1:02:05 (lost), "));
	json_decref(data_of(html));
	json_decref(data_of(plain));
	free(plain);
	free(html);
	map_destroy(map);
}

static double now(void)
{
	struct timespec at;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at), 0);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* The most of everything at once: neither large nor slow. The bar is wide, for sanitizers; what grows with the square breaks it. */
static void nothing_makes_it_large(void **state)
{
	(void)state;
	static const char *const names[] = {"dvd-5", "bd-100"};
	char name[4000];
	memset(name, '"', sizeof name);
	name[sizeof name - 1] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct medium *medium = medium_find(names[i]);
		struct rng rng = {i};
		struct respin_map *map = disc(medium->sectors, RESPIN_FINISHED);
		for (uint64_t area = 0; area < 100000; area++)
			mark(map, area * (medium->sectors / 100000), 1 + rng_below(&rng, 8),
			     (enum respin_status)rng_below(&rng, 4));
		struct respin_files files = {.count = 100000,
					     .sectors = 20,
					     .hit_every = 1 + i,
					     .name = name,
					     .missing = RESPIN_BAD};
		struct respin_ledger ledger = {
			.runs = 10000,
			.drives = 9,
			.text = name,
			.attempts = 100000,
			.step = medium->sectors / 100000,
			.attempt = {.size = sizeof ledger.attempt,
				    .run = 1,
				    .range = {0, 1},
				    .gained = 1,
				    .elapsed_ns = 1000000000,
				    .reason = RESPIN_REASON_MEDIUM},
		};
		double start = now();
		char *html = page_of((struct respin_report_options){.map = map,
								    .files = &files,
								    .ledger = &ledger,
								    .title = name,
								    .image = name,
								    .medium = names[i]});
		double took = now() - start;
		print_message("%s: %zu bytes, %.2f s\n", names[i], strlen(html), took);
		assert_true(strlen(html) < HTML_BYTES_MAX);
		assert_true(took < 15);
		json_t *data = data_of(html);
		assert_true(json_array_size(json_object_get(data, "places")) <= PLACES_SHOWN);
		assert_int_equal(json_array_size(json_object_get(data, "files")),
				 occurrences(html, "class=\"pick file\""));
		assert_true(has(html, " more are not listed here, some of them hit"));
		json_decref(data);
		free(html);
		map_destroy(map);
	}
}

/* What a place was like is on the disc where the place is, the gravest counts, and nothing is claimed of the rest. */
static void attempts_are_seen(void **state)
{
	(void)state;
	static uint8_t cells[CELLS_MOST];
	struct respin_map *map = disc(2000000, RESPIN_FINISHED);
	struct respin_ledger ledger = {
		.runs = 1,
		.drives = 1,
		.text = "x",
		.attempts = 30,
		.attempt = {.size = sizeof ledger.attempt,
			    .run = 1,
			    .range = {1000000, 16},
			    .elapsed_ns = UINT64_C(20000000000),
			    .reason = RESPIN_REASON_MEDIUM},
	};
	static const struct {
		const char *name;
		uint8_t value;
	} expected[] = {{"attempts", 6}, {"latency", 6}, {"speed", 0}, {"sense", 2}};
	char *html = page_of((struct respin_report_options){.map = map, .ledger = &ledger});
	json_t *data = data_of(html), *overlays = json_object_get(data, "overlays");
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		size_t count = plane(overlays, expected[i].name, cells, CELLS_MOST), seen = 0;
		for (size_t cell = 0; cell < count; cell++) {
			assert_true(cells[cell] == 0 || cells[cell] == expected[i].value);
			seen += cells[cell] != 0;
		}
		assert_int_equal(seen > 0, expected[i].value > 0);
		assert_true(seen < 480);
	}
	json_decref(data);
	assert_true(has(html, "10 min 0 s of the drive"));
	free(html);
	ledger.attempts = 1;
	ledger.attempt.reason = RESPIN_REASON_GOOD;
	ledger.attempt.elapsed_ns = 40000; /* 16 sectors: 400,000 a second, hundreds of times 1x */
	ledger.attempt.gained = 16;
	html = page_of((struct respin_report_options){.map = map, .ledger = &ledger});
	data = data_of(html);
	size_t count = plane(json_object_get(data, "overlays"), "speed", cells, CELLS_MOST);
	assert_non_null(memchr(cells, 1, count));
	json_decref(data);
	free(html);
	/* What cannot be true: it lies nowhere and takes no time. */
	ledger.attempt = (struct respin_attempt){
		.range = {UINT64_MAX - 3, 16}, .time_ns = UINT64_MAX, .elapsed_ns = UINT64_MAX};
	ledger.attempts = 5;
	html = page_of((struct respin_report_options){.map = map, .ledger = &ledger});
	free(html);
	map_destroy(map);
}

static void advice_follows_its_rules(void **state)
{
	(void)state;
	struct respin_map *whole = disc(2000000, RESPIN_FINISHED), *untried = disc(2000000, RESPIN_FINISHED);
	struct respin_map *middle = disc(2000000, RESPIN_FINISHED), *rim = disc(2295104, RESPIN_FINISHED);
	mark(untried, 1000, 10, RESPIN_NON_TRIED);
	mark(middle, 1000000, 10, RESPIN_BAD);
	mark(rim, 2290000, 10, RESPIN_NON_SCRAPED);
	struct respin_files safe = {.count = 9, .sectors = 9, .name = "a"},
			    hit = {.count = 9, .sectors = 9, .hit_every = 3, .name = "a"};
	struct respin_files torn = {.count = 9, .sectors = 9, .hit_every = 3, .name = "a", .incomplete = 1};
	struct respin_files older = {.count = 9, .sectors = 9, .name = "a", .doubt = RESPIN_FILES_OLDER},
			    endless = {.count = 9, .sectors = 9, .name = "a", .cut = 1},
			    unread = {.count = 9, .sectors = 9, .name = "a", .incomplete = 1};
	struct respin_files longer = hit;
	longer.missing = RESPIN_BAD;
	struct respin_ledger one = {.runs = 2, .drives = 1, .text = ""},
			     two = {.runs = 2, .drives = 2, .text = ""};
	struct respin_ledger gone = {.runs = 1, .drives = 1, .text = "", .last_run_code = RESPIN_E_GONE};
	const struct {
		struct respin_report_options options;
		const char *told, *not_told;
	} cases[] = {
		{{.map = whole, .image = "a/b.iso"}, "respin verify a/b.iso", "another drive"},
		{{.map = untried}, "were never tried", "Check it"},
		{{.map = rim}, "not given up", "were never tried"},
		{{.map = middle, .files = &safe}, "<b>Every file is whole.</b>", "Copy out what is whole"},
		{{.map = middle, .files = &hit}, "Copy out what is whole", "Every file is whole"},
		{{.map = middle, .files = &torn}, "The directories come first", "Every file is whole"},
		{{.map = middle, .files = &older}, "9 files that are known, 9 are", "very file is whole"},
		{{.map = middle, .files = &endless}, "9 files that are known, 9 are", "very file is whole"},
		{{.map = whole, .files = &unread}, "9 files that are known, 9 are", "very file is whole"},
		{{.map = whole, .files = &longer}, "Read the disc again", "Nothing is missing: "},
		{{.map = middle, .ledger = &one}, "Only one was used so far", "drives were used."},
		{{.map = middle}, "If only one was used so far", "Only one was used"},
		{{.map = middle, .ledger = &two}, "2 drives were used.", "Try another drive"},
		{{.map = middle, .ledger = &gone}, "Look at the cable", "2 drives"},
		{{.map = middle}, "against the light", "outermost"},
		{{.map = rim}, "outermost 6 mm", "against the light"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *html = page_of(cases[i].options);
		if (!has(html, cases[i].told) || has(html, cases[i].not_told))
			fail_msg("case %zu: \"%s\" %d, \"%s\" %d", i, cases[i].told, has(html, cases[i].told),
				 cases[i].not_told, has(html, cases[i].not_told));
		free(html);
	}
	map_destroy(rim);
	map_destroy(middle);
	map_destroy(untried);
	map_destroy(whole);
}

static void refuses_what_makes_no_sense(void **state)
{
	(void)state;
	struct respin_map *nothing = disc(0, RESPIN_FINISHED), *much = disc(3000000, RESPIN_FINISHED);
	const struct respin_report_options wrong[] = {
		{.size = sizeof wrong[0]},
		{.size = sizeof wrong[0], .map = nothing},
		{.size = sizeof wrong[0], .map = much, .medium = "cd-99"},
		{.size = sizeof wrong[0], .map = much, .medium = "cd-80"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct respin_error error = {0};
		char *html = (char *)&error;
		assert_int_equal(respin_report_html(&wrong[i], &html, &error), RESPIN_E_INVALID);
		assert_true(error.text[0] && !html);
	}
	struct respin_ledger damaged = {.runs = 1, .drives = 1, .text = "", .code = RESPIN_E_INVALID};
	char *html = page_of((struct respin_report_options){.map = much, .ledger = &damaged});
	assert_true(has(html, "The ledger is damaged"));
	free(html);
	map_destroy(much);
	map_destroy(nothing);
}

/* One sector, or more than any disc has; and a ledger that counts in what no drive ever read. */
static void odd_sizes_are_drawn(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1, 2, 15, 333, UINT64_C(1) << 32, UINT64_C(1) << 50};
	static const uint32_t units[] = {0, 1, 2048, 2352, UINT32_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
			struct respin_map *map = disc(sizes[i], RESPIN_FINISHED);
			mark(map, sizes[i] - 1, 1, RESPIN_BAD);
			struct respin_ledger ledger = {
				.runs = 1,
				.drives = 1,
				.text = "",
				.unit_bytes = units[u],
				.attempts = 3,
				.attempt = {.range = {0, 32}, .gained = UINT64_MAX / 2, .elapsed_ns = 1},
			};
			char *html = page_of((struct respin_report_options){.map = map, .ledger = &ledger});
			json_t *data = data_of(html);
			assert_int_equal(json_array_size(json_object_get(data, "places")), 1);
			json_decref(data);
			free(html);
			map_destroy(map);
		}
}

static void times_are_of_the_calendar(void **state)
{
	(void)state;
	static const struct {
		int64_t time_s;
		const char *text;
	} cases[] = {
		{1, ">1970-01-01 00:00 UTC<"},
		{951782400, ">2000-02-29 00:00 UTC<"},
		{951868799, ">2000-02-29 23:59 UTC<"},
		{951868800, ">2000-03-01 00:00 UTC<"},
		{1709164800, ">2024-02-29 00:00 UTC<"},
		{4107542400, ">2100-03-01 00:00 UTC<"},
		{1767225599, ">2025-12-31 23:59 UTC<"},
		{INT64_MAX, "unknown"},
		{INT64_MIN, "unknown"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = {0};
		html_add_time(&out, cases[i].time_s);
		buf_add(&out, "", 1);
		if (!has(out.data, cases[i].text))
			fail_msg("%s, not %s", out.data, cases[i].text);
		buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_the_maps),           cmocka_unit_test(a_sector_has_its_place),
		cmocka_unit_test(foreign_text_stays_text),     cmocka_unit_test(nothing_makes_it_large),
		cmocka_unit_test(attempts_are_seen),           cmocka_unit_test(advice_follows_its_rules),
		cmocka_unit_test(refuses_what_makes_no_sense), cmocka_unit_test(odd_sizes_are_drawn),
		cmocka_unit_test(times_are_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
