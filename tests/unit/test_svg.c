/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture of a disc: what lies in which cell, what the lines say of it, names that fight back, and its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/map.h"
#include "report/svg.h"
#include "report/xml.h"

static void wind(struct spiral *spiral, const char *name, uint64_t sectors)
{
	const struct medium *medium = medium_find(name);
	assert_non_null(medium);
	struct spiral_params params = {
		.medium = medium, .sectors = sectors, .velocity = 1, .pitch = 1, .stretch = 1, .scale = 1};
	spiral_init(spiral, &params);
}

static double sum_of(const struct rings *rings, unsigned layer, enum rings_kind kind)
{
	double sum = 0;
	for (unsigned ring = 0; ring < rings->ring_count; ring++)
		for (unsigned i = 0; i < rings->cell_count; i++)
			sum += rings_cells(rings, layer, ring)[i].turns[kind];
	return sum;
}

/* All of the track lies on the rings once, however it is cut, and where the spiral says. */
static void track_is_conserved(void **state)
{
	(void)state;
	for (size_t i = 0; i < media_count; i++) {
		struct spiral spiral;
		struct rings whole, pieces;
		wind(&spiral, media[i].name, media[i].sectors - 999);
		assert_true(rings_init(&whole, &spiral, 40, 100) && rings_init(&pieces, &spiral, 40, 100));
		rings_add(&whole, 0, (double)spiral.sectors + 1000, RINGS_SAVED);
		struct rng rng = {i};
		for (double from = 0; from < (double)spiral.sectors;) {
			double to = from + 1 + (double)rng_below(&rng, 5000);
			rings_add(&pieces, from, to, RINGS_SAVED);
			from = to;
		}
		for (unsigned layer = 0; layer < spiral.layer_count; layer++) {
			double inner = spiral.medium->opposite && layer % 2
					       ? (double)(spiral.layers[0].count - spiral.layers[layer].count)
					       : 0;
			struct spiral_place skipped;
			spiral_place(&spiral, inner, &skipped);
			double turns = spiral.turns - skipped.turn;
			if (!spiral.layers[layer].inward &&
			    spiral.layers[layer].count < spiral.layers[0].count) {
				spiral_place(&spiral, (double)spiral.layers[layer].count, &skipped);
				turns = skipped.turn;
			}
			assert_true(fabs(sum_of(&whole, layer, RINGS_SAVED) - turns) < 0.01);
			assert_true(fabs(sum_of(&pieces, layer, RINGS_SAVED) - turns) < 0.01);
			for (unsigned ring = 0; ring < 40; ring++)
				for (unsigned c = 0; c < 100; c++) {
					double a = rings_cells(&whole, layer, ring)[c].turns[RINGS_SAVED];
					double b = rings_cells(&pieces, layer, ring)[c].turns[RINGS_SAVED];
					assert_true(fabs(a - b) < 0.01);
				}
		}
		rings_finish(&whole);
		rings_finish(&pieces);
	}
}

/* One sector is in the cell of its radius and angle, and in no other. */
static void a_sector_has_its_place(void **state)
{
	(void)state;
	struct spiral spiral;
	wind(&spiral, "dvd-9", 0);
	struct rng rng = {3};
	for (int i = 0; i < 200; i++) {
		struct rings rings;
		struct spiral_place place;
		assert_true(rings_init(&rings, &spiral, 40, 8));
		double sector = num_floor(num_uniform(rng_next(&rng)) * (double)spiral.sectors);
		rings_add(&rings, sector, sector + 1, RINGS_LOST);
		spiral_place(&spiral, sector + 0.5, &place);
		unsigned ring = (unsigned)((place.r_mm - rings.r_mm) / rings.ring_mm);
		unsigned cell = (unsigned)((place.turn - num_floor(place.turn)) * 8);
		double turns = 1 / spiral_sectors_per_turn(&spiral, &place);
		double here = rings_cells(&rings, place.layer, ring)[cell].turns[RINGS_LOST];
		double all = sum_of(&rings, 0, RINGS_LOST) + sum_of(&rings, 1, RINGS_LOST);
		assert_true(here >= turns * 0.49 && fabs(all - turns) < 1e-6);
		rings_finish(&rings);
	}
}

static char *picture(struct respin_map *map, struct respin_svg_options options)
{
	struct respin_error error = {0};
	char *svg = NULL;
	options.size = sizeof options;
	if (respin_map_svg(map, &options, &svg, &error))
		fail_msg("%s", error.text);
	return svg;
}

static struct respin_map *disc(uint64_t sectors, enum respin_status status)
{
	struct respin_map *map = map_create(sectors * 2048, status);
	assert_non_null(map);
	return map;
}

static void mark(struct respin_map *map, uint64_t first, uint64_t count, enum respin_status status)
{
	assert_int_equal(map_set(map, (struct respin_range){first * 2048, count * 2048}, status), 0);
}

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* The group of lines of one kind on one layer, as text; free() it. */
static char *lines_of(const char *svg, char kind, unsigned layer)
{
	char head[] = "<g class=\"?\">";
	head[strlen(head) - 3] = kind;
	for (unsigned i = 0; i <= layer; i++, svg++)
		assert_non_null(svg = strstr(svg, head));
	const char *end = strchr(svg, '\n');
	return strndup(svg, (size_t)(end - svg));
}

static void assert_lines(const char *svg, char kind, unsigned layer, size_t circles)
{
	char *lines = lines_of(svg, kind, layer);
	if (occurrences(lines, "<circle") != circles)
		fail_msg("%c on layer %u: %zu circles, not %zu", kind, layer, occurrences(lines, "<circle"),
			 circles);
	free(lines);
}

static void a_whole_disc(void **state)
{
	(void)state;
	struct respin_map *map = disc(2295104, RESPIN_FINISHED);
	char *svg = picture(map, (struct respin_svg_options){.title = "whole"});
	assert_non_null(strstr(svg, "<title>whole</title><desc>saved: 100 %, not tried yet: 0 %"));
	assert_non_null(strstr(svg, "DVD-5, one layer (a guess): 2 295 104 sectors, 4.70 GB"));
	assert_lines(svg, 's', 0, 60); /* every ring, all around */
	assert_null(strstr(svg, "dasharray"));
	assert_lines(svg, 'l', 0, 0);
	free(svg);
	map_destroy(map);
}

/* A single sector of 12 million is a line, on its layer and its kind alone; and it is not rounded away. */
static void one_lost_sector(void **state)
{
	(void)state;
	static const enum respin_status statuses[] = {RESPIN_NON_TRIED, RESPIN_NON_TRIMMED,
						      RESPIN_NON_SCRAPED, RESPIN_BAD};
	for (size_t i = 0; i < 4; i++) {
		struct respin_map *map = disc(24438784, RESPIN_FINISHED);
		mark(map, 20000000, 1, statuses[i]);
		char *svg = picture(map, (struct respin_svg_options){0});
		assert_non_null(strstr(svg, "saved: &gt;99.99 %"));
		assert_non_null(strstr(svg, "&lt;0.01 %"));
		assert_non_null(strstr(svg, "2.05 kB"));
		for (unsigned layer = 0; layer < 2; layer++) {
			assert_lines(svg, 'u', layer, layer == 1 && i == 0);
			assert_lines(svg, 'h', layer, layer == 1 && (i == 1 || i == 2));
			assert_lines(svg, 'l', layer, layer == 1 && i == 3);
		}
		free(svg);
		map_destroy(map);
	}
}

/* What is lost at one radius on one layer, mirrored on the other: both lines are the same circle. */
static void layers_mirror(void **state)
{
	(void)state;
	struct respin_map *map = disc(2 * 2086912, RESPIN_FINISHED);
	mark(map, 1000000, 4096, RESPIN_BAD);
	mark(map, 2 * 2086912 - 1000000 - 4096, 4096, RESPIN_BAD);
	char *svg = picture(map, (struct respin_svg_options){0});
	char *lines[2] = {lines_of(svg, 'l', 0), lines_of(svg, 'l', 1)};
	assert_string_equal(lines[0], lines[1]);
	assert_true(occurrences(lines[0], "<circle") >= 1);
	assert_non_null(strstr(svg, "Layer 1, from the outside in"));
	free(svg);
	/* on a parallel disc they lie elsewhere */
	svg = picture(map, (struct respin_svg_options){.medium = "dvd-9-ptp"});
	free(lines[0]);
	free(lines[1]);
	lines[0] = lines_of(svg, 'l', 0);
	lines[1] = lines_of(svg, 'l', 1);
	assert_string_not_equal(lines[0], lines[1]);
	assert_null(strstr(svg, "a guess"));
	free(lines[0]);
	free(lines[1]);
	free(svg);
	map_destroy(map);
}

/* Half a turn of each of many turns, always the same half: a run of half a circle, in one dash. */
static void angles_are_kept(void **state)
{
	(void)state;
	struct spiral spiral;
	struct rings rings;
	wind(&spiral, "cd-74", 0);
	assert_true(svg_rings_init(&rings, &spiral));
	rings_add(&rings, 0, (double)spiral.sectors, RINGS_SAVED);
	struct svg_page page = {.rings = &rings, .medium = "a CD", .angles = "", .sector_bytes = 2048};
	/* over what was saved: each cell's lost half turns, exactly, in ring 30 */
	struct rings_cell *row = (struct rings_cell *)rings_cells(&rings, 0, 30);
	for (unsigned i = 45; i < 135; i++) {
		row[i].turns[RINGS_LOST] = row[i].turns[RINGS_SAVED];
		row[i].turns[RINGS_SAVED] = 0;
	}
	struct buf out = {0};
	svg_page_add(&out, &page);
	buf_add(&out, "", 1);
	assert_false(out.failed);
	int r = (int)floor((rings.r_mm + 30.5 * rings.ring_mm) * 44 + 0.5);
	double quarter = M_PI * r / 2;
	int from = (int)floor(quarter + 0.5), dash = (int)floor(3 * quarter + 0.5) - from;
	int length = (int)floor(4 * quarter + 0.5) + 99; /* of the pattern: more than once around */
	char want[100];
	(void)snprintf(want, sizeof want,
		       "<circle r=\"%d\" stroke-dashoffset=\"%d\" stroke-dasharray=\"%d %d\"/>", r,
		       length - from, dash, length - dash);
	char *lines = lines_of(out.data, 'l', 0);
	if (!strstr(lines, want))
		fail_msg("%s is not in %s", want, lines);
	assert_int_equal(occurrences(lines, "<circle"), 1);
	free(lines);
	buf_finish(&out);
	rings_finish(&rings);
}

static void a_domain(void **state)
{
	(void)state;
	struct respin_map *map = disc(300000, RESPIN_FINISHED), *domain = disc(300000, RESPIN_NON_TRIED);
	mark(map, 0, 1000, RESPIN_BAD);
	mark(map, 200000, 1000, RESPIN_BAD);
	mark(domain, 190000, 20000, RESPIN_FINISHED);
	char *svg = picture(map, (struct respin_svg_options){.domain = domain});
	assert_non_null(strstr(svg, "saved: 95.00 %"));
	assert_non_null(strstr(svg, "lost: 5.00 %"));
	assert_non_null(strstr(svg, "Blank: not asked for."));
	char *saved = lines_of(svg, 's', 0);
	assert_in_range(occurrences(saved, "<circle"), 2, 10);
	free(saved);
	free(svg);
	map_destroy(domain);
	map_destroy(map);
}

static void refusals(void **state)
{
	(void)state;
	struct respin_map *map = disc(2295104, RESPIN_FINISHED), *empty = map_create(0, RESPIN_NON_TRIED);
	struct respin_svg_options options = {.size = sizeof options, .medium = "dvd-6"};
	struct respin_error error = {0};
	char *svg = (char *)"";
	assert_int_equal(respin_map_svg(map, &options, &svg, &error), RESPIN_E_INVALID);
	assert_null(svg);
	assert_non_null(strstr(error.text, "dvd-6; there are cd-74"));
	assert_non_null(strstr(error.text, "bd-100"));
	options.medium = "cd-80";
	assert_int_equal(respin_map_svg(map, &options, &svg, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "2295104 sectors"));
	assert_int_equal(respin_map_svg(empty, NULL, &svg, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "nothing yet"));
	map_destroy(empty);
	map_destroy(map);

	/* a source of unknown size: as far as anything is known */
	map = map_create(INT64_MAX, RESPIN_NON_TRIED);
	mark(map, 0, 1234, RESPIN_FINISHED);
	svg = picture(map, (struct respin_svg_options){0});
	assert_non_null(strstr(svg, ": 1 234 sectors"));
	free(svg);
	map_destroy(map);
}

/* A disc whose spiral is known is drawn with its own angles: another velocity, another picture. */
static void a_known_spiral(void **state)
{
	(void)state;
	struct respin_map *map = disc(333000, RESPIN_FINISHED);
	for (uint64_t at = 0; at < 333000; at += 20)
		mark(map, at, 3, RESPIN_BAD);
	struct respin_svg_options options = {.size = sizeof options, .title = "known"};
	char *svg[4];
	for (int i = 0; i < 4; i++) {
		struct spiral_params params = {
			.medium = medium_find("cd-74"), .velocity = i ? 1.02 : 1, .pitch = 1};
		params.stretch = params.scale = 1;
		struct spiral spiral;
		spiral_init(&spiral, &params);
		static const char *const names[RINGS_KINDS] = {"", "fine", "blank", "hard", "dead"};
		const struct svg_page words = {
			.medium = "a CD", .angles = "as drawn & <so>", .names = i == 3 ? names : NULL};
		assert_true(svg_map(map, &options, &spiral, &words, &svg[i]));
	}
	assert_non_null(strstr(svg[2], ">lost</text>"));
	assert_non_null(strstr(svg[3], ">dead</text>"));
	assert_null(strstr(svg[3], "lost"));
	assert_non_null(strstr(svg[0], "a CD: 333 000 sectors, 682 MB"));
	assert_non_null(strstr(svg[0], "as drawn &amp; &lt;so&gt;"));
	assert_string_not_equal(svg[0], svg[1]);
	assert_string_equal(svg[1], svg[2]);
	for (int i = 0; i < 4; i++)
		free(svg[i]);
	map_destroy(map);
}

/* No line leaves the disc, however much is said to be on it. */
static void assert_on_disc(const char *svg)
{
	for (const char *at = svg; (at = strstr(at, " r=\"")); at++)
		assert_in_range(strtol(at + 4, NULL, 10), 1, 2640);
}

/* Sizes and sector sizes that no table has. */
static void odd_discs(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1, 2047, 2048, 2049, 100000, 1ull << 40, 1ull << 62};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct respin_map *map = map_create(sizes[i], RESPIN_NON_TRIED);
		assert_int_equal(map_set(map, (struct respin_range){sizes[i] / 2, sizes[i] - sizes[i] / 2},
					 RESPIN_BAD),
				 0);
		char *svg = picture(map, (struct respin_svg_options){0});
		assert_true(strlen(svg) < SVG_BYTES_MAX);
		char *lost = lines_of(svg, 'l', 0);
		free(lost);
		assert_on_disc(svg);
		assert_null(strstr(svg, "Blank"));
		free(svg);
		map_destroy(map);
	}
	struct respin_map *map = map_create(300000 * 2352ull, RESPIN_FINISHED);
	char *svg = picture(map, (struct respin_svg_options){.sector_bytes = 2352, .profile = 0x0008});
	assert_non_null(strstr(svg, "CD, 74 minutes (a guess): 300 000 sectors, 706 MB"));
	free(svg);
	map_destroy(map);
}

/* Cells as unlike their neighbours as cells can be, on every number of layers. */
static void never_large(void **state)
{
	(void)state;
	static const char *const names[] = {"bd-25", "bd-50", "bd-100"};
	size_t largest = 0;
	for (size_t i = 0; i < 3; i++) {
		struct spiral spiral;
		struct rings rings;
		wind(&spiral, names[i], 0);
		assert_true(svg_rings_init(&rings, &spiral));
		struct rng rng = {i};
		size_t cells = (size_t)spiral.layer_count * rings.ring_count * rings.cell_count;
		for (size_t c = 0; c < cells; c++)
			for (unsigned kind = 0; kind < RINGS_KINDS; kind++)
				rings.cells[c].turns[kind] =
					rng_below(&rng, 2) ? num_uniform(rng_next(&rng)) : (double)(c % 2);
		struct buf out = {0};
		struct svg_page page = {.rings = &rings, .medium = "", .angles = "", .sector_bytes = 2048};
		svg_page_add(&out, &page);
		assert_false(out.failed);
		assert_true(out.len < SVG_BYTES_MAX);
		largest = out.len > largest ? out.len : largest;
		buf_finish(&out);
		rings_finish(&rings);
	}
	assert_true(largest > SVG_BYTES_MAX / 4); /* or the test would prove nothing */
}

static void assert_xml(const char *text, size_t most, const char *want)
{
	struct buf out = {0};
	xml_add_text(&out, text, most);
	buf_add(&out, "", 1);
	assert_string_equal(out.data, want);
	buf_finish(&out);
}

static void names_that_fight_back(void **state)
{
	(void)state;
	assert_xml("a<b>&\"c\"'", 99, "a&lt;b&gt;&amp;&quot;c&quot;'");
	assert_xml("Müller \xe2\x82\xac \xf0\x9f\x92\xbf", 99, "Müller \xe2\x82\xac \xf0\x9f\x92\xbf");
#define NONE "\xef\xbf\xbd"
	assert_xml("\x1b[31m\x7f\n", 99, NONE "[31m" NONE NONE);
	assert_xml("\xc2\x9b", 99, NONE); /* C1 */
	assert_xml("\xe2\x80\xae"
		   "fdp",
		   99, NONE "fdp");                                       /* turned around */
	assert_xml("\xc0\xaf\xe0\x80\xaf", 99, NONE NONE NONE NONE NONE); /* longer than need be */
	assert_xml("\xed\xa0\x80", 99, NONE);                             /* a surrogate */
	assert_xml("\xef\xbf\xbf\xf4\x90\x80\x80", 99, NONE NONE);        /* no characters */
	assert_xml("\xe2\x82", 99, NONE NONE);                            /* cut */
	assert_xml("abcdef", 3, "abc\xe2\x80\xa6");
	assert_xml("abc", 3, "abc");
	assert_xml("&&&&", 2, "&amp;&amp;\xe2\x80\xa6");

	struct respin_map *map = disc(1000, RESPIN_FINISHED);
	char *svg = picture(map, (struct respin_svg_options){.title = "</title><script>alert(1)</script>"});
	assert_null(strstr(svg, "<script"));
	free(svg);
	map_destroy(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(track_is_conserved), cmocka_unit_test(a_sector_has_its_place),
		cmocka_unit_test(a_whole_disc),       cmocka_unit_test(one_lost_sector),
		cmocka_unit_test(layers_mirror),      cmocka_unit_test(angles_are_kept),
		cmocka_unit_test(a_domain),           cmocka_unit_test(refusals),
		cmocka_unit_test(a_known_spiral),     cmocka_unit_test(odd_discs),
		cmocka_unit_test(never_large),        cmocka_unit_test(names_that_fight_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
