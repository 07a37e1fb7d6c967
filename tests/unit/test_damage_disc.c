/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What shapes do to whole discs: fields of fine lines, spots, layers, rot and
 * warp, sectors by number; and what must hold for every shape. That each stroke
 * lies where it should is test_damage.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/num.h"
#include "disc_rig.h"
#include "sim/luck.h"

/* ---- Fields of hairlines, spots ------------------------------------------------------------------- */

static void hairlines_fail_only_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEDIA; i++)
		for (uint64_t seed = 1; seed <= 12; seed++) {
			struct disc_rig *rig = disc_rig_create(
				every_medium[i], seed, DAMAGES("hairlines count=1 length=60 width=0.1"));
			if (max_x(disc_of(rig)) > LUCK_SAFE_X)
				fail_msg("%s seed %llu: one hairline takes %.3f", every_medium[i],
					 (unsigned long long)seed, max_x(disc_of(rig)));
			assert_true(sum_x(disc_of(rig)) > 0);
			disc_rig_destroy(rig);
		}
	static const char *const few[] = {"cd-74", "dvd-5", "bd-25"};
	for (size_t i = 0; i < 3; i++) {
		struct disc_rig *rig = disc_rig_create(few[i], 1, DAMAGES("hairlines count=400"));
		uint64_t bad = count_over(disc_of(rig), 1);
		assert_true(bad > 1000 && bad < rig->disc.block_count / 2);
		disc_rig_destroy(rig);
	}
}

/* Radii of a layer's damage. */
static void extent(const struct disc *disc, unsigned layer, double *low, double *high)
{
	*low = 99;
	*high = 0;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		struct spiral_place place = disc_rig_place(disc, i);
		if (place.layer != layer || x_of(disc, i) <= 0)
			continue;
		*low = place.r_mm < *low ? place.r_mm : *low;
		*high = place.r_mm > *high ? place.r_mm : *high;
	}
}

static void pinholes_cluster(void **state)
{
	(void)state;
	struct disc_rig *rig =
		disc_rig_create("dvd-5" NOMINAL, 3, DAMAGES("pinholes count=200 spread=1 width=0.3"));
	struct disc *disc = disc_of(rig);
	/* 12 clusters of 1 mm: most of the disc's radii see no hole at all ... */
	bool seen[34] = {false};
	unsigned rings = 0;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		unsigned ring = (unsigned)(disc_rig_place(disc, i).r_mm - 24);
		if (x_of(disc, i) > 0 && ring < 34 && !seen[ring]) {
			seen[ring] = true;
			rings++;
		}
	}
	assert_in_range(rings, 3, 32);
	disc_rig_destroy(rig);
	/* ... and on two layers each hole is in one of them. */
	double sums[3];
	static const char *const layers[] = {"0", "1", "2"};
	for (size_t i = 0; i < 3; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "pinholes layer=%s", layers[i]);
		rig = disc_rig_create("bd-50" NOMINAL, 3, DAMAGES(text));
		sums[i] = sum_x(disc_of(rig));
		double low, high;
		extent(disc_of(rig), 0, &low, &high);
		assert_int_equal(high > 0, i != 2);
		extent(disc_of(rig), 1, &low, &high);
		assert_int_equal(high > 0, i != 1);
		disc_rig_destroy(rig);
	}
	assert_true(sums[0] > 0.9 * sums[1] && sums[0] < 1.1 * sums[1]);
	assert_true(sums[2] > 0.9 * sums[1] && sums[2] < 1.1 * sums[1]);
}

static void smudge_is_marginal_and_wiped(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create(
		"dvd-5" NOMINAL, 6,
		DAMAGES("smudge r=40 angle=0.2 weight=0.5", "radial r=50..52 slope=0 width=8 rough=0"));
	struct disc *disc = disc_of(rig);
	uint64_t scratch = (uint64_t)spiral_at_radius(&disc->spiral, 0, 49) / 16;
	double before = 0, after = 0, gouge[2] = {0, 0};
	bool *touched = calloc(disc->block_count, sizeof *touched);
	assert_non_null(touched);
	for (uint64_t i = 0; i < disc->block_count; i++) {
		touched[i] = x_of(disc, i) > 0;
		*(i < scratch ? &before : &gouge[0]) += x_of(disc, i);
		if (i < scratch && x_of(disc, i) > 0) {
			assert_true(x_of(disc, i) < 1.3); /* 14.5 mm, half clear, are just over a burst */
			assert_true(disc->blocks[i].alpha > 0.0799f && disc->blocks[i].alpha < 0.0801f);
		}
	}
	assert_int_equal(disc_clean(disc), 0);
	unsigned moved = 0;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		*(i < scratch ? &after : &gouge[1]) += x_of(disc, i);
		moved += i < scratch && x_of(disc, i) > 0 && !touched[i];
	}
	assert_true(before > 100);
	assert_true(after > 0.25 * before && after < 0.4 * before); /* a fifth stays, a little moves */
	assert_true(moved > 100);
	assert_true(gouge[1] > 0.999 * gouge[0]); /* dirt may have come to it */
	free(touched);
	disc_rig_destroy(rig);
}

/* ---- Layers --------------------------------------------------------------------------------------- */

static void layers_below_each_other(void **state)
{
	(void)state;
	static const char *const discs[] = {"dvd-9" NOMINAL, "dvd-9-ptp" NOMINAL, "bd-50" NOMINAL,
					    "bd-100" NOMINAL};
	for (size_t i = 0; i < 4; i++) {
		struct disc_rig *rig = disc_rig_create(discs[i], 2, DAMAGES("puncture r=40 width=3"));
		struct disc *disc = disc_of(rig);
		for (unsigned layer = 0; layer < disc->spiral.layer_count; layer++) {
			double low, high;
			extent(disc, layer, &low, &high);
			assert_true(close_to(low, 38.5, 0.01) && close_to(high, 41.5, 0.01));
		}
		disc_rig_destroy(rig);
	}
	/* Opposite track: a bad sector x of the first layer, and bad ones around 2 N0 - 1 - x. */
	struct disc_rig *rig = disc_rig_create("dvd-9" NOMINAL, 2, DAMAGES("arc r=30 length=30 width=0.3"));
	struct disc *disc = disc_of(rig);
	uint64_t mirrored = disc->block_count - 1, turn = 6;
	for (uint64_t i = 0; i < disc->block_count / 2; i++) {
		double near = 0;
		if (x_of(disc, i) <= 1 || x_of(disc, i - turn * 20) <= 0 || x_of(disc, i + turn * 20) <= 0)
			continue;
		for (uint64_t j = mirrored - i - turn; j <= mirrored - i + turn; j++)
			near = x_of(disc, j) > near ? x_of(disc, j) : near;
		assert_true(near > 0.5);
	}
	disc_rig_destroy(rig);
}

static void layers_beside_each_other(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("bd-50" NOMINAL "decentre=0.1", 2,
					       DAMAGES("puncture r=40 angle=0.3 width=1"));
	double low, high, x = rig->disc.spiral.layers[1].x_mm, y = rig->disc.spiral.layers[1].y_mm;
	double beside = x * num_cos_turn(0.3) + y * num_sin_turn(0.3);
	extent(disc_of(rig), 0, &low, &high);
	assert_true(close_to((low + high) / 2, 40, 0.02));
	extent(disc_of(rig), 1, &low, &high);
	assert_true(close_to((low + high) / 2, 40 - beside, 0.02));
	disc_rig_destroy(rig);
	/* Controls where a mirror must not help: one layer is hit, the other is sound. */
	for (unsigned only = 1; only <= 2; only++) {
		char text[64];
		(void)snprintf(text, sizeof text, "arc r=40 length=30 layer=%u", only);
		rig = disc_rig_create("bd-50", 2, DAMAGES(text));
		extent(disc_of(rig), only - 1, &low, &high);
		assert_true(high > 39);
		extent(disc_of(rig), 2 - only, &low, &high);
		assert_true(high == 0);
		disc_rig_destroy(rig);
	}
}

/* ---- Without an outline --------------------------------------------------------------------------- */

static void rot_and_fade(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("bd-25" NOMINAL, 1, DAMAGES("fade depth=1.25 softness=4"));
	struct disc *disc = disc_of(rig);
	for (uint64_t i = 1; i < disc->block_count; i++)
		assert_true(x_of(disc, i) >= x_of(disc, i - 1));
	assert_true(close_to(max_x(disc), 1.25, 0.01));
	uint64_t inner = (uint64_t)spiral_at_radius(&disc->spiral, 0, 54) / 32;
	assert_true(close_to(x_of(disc, inner), 1.25 / 2.718281828, 0.01));
	disc_rig_destroy(rig);

	rig = disc_rig_create("dvd-9" FAULTY, 1,
			      DAMAGES("rot depth=1.2 softness=1.2 width=2 crescent=1.5 angle=0.4"));
	disc = disc_of(rig);
	double sums[2][2] = {{0, 0}, {0, 0}};
	for (uint64_t i = 0; i < disc->block_count; i++) {
		struct spiral_place place = disc_rig_place(disc, i);
		double r, angle;
		spiral_surface(&disc->spiral, &place, &r, &angle);
		if (x_of(disc, i) <= 0 || place.r_mm < 53 || place.r_mm > 55)
			continue;
		double off = turn_gap(angle, 0.4),
		       expected = 1.2 * num_exp((r - 56 + 1.5 * num_cos_turn(off)) / 1.2);
		sums[place.layer][off < 0.25 && off > -0.25] += x_of(disc, i);
		assert_true(x_of(disc, i) > 0.5 * expected && x_of(disc, i) < 2 * expected);
	}
	for (unsigned layer = 0; layer < 2; layer++)
		assert_true(sums[layer][1] > 2 * sums[layer][0] && sums[layer][0] > 0);
	disc_rig_destroy(rig);
}

static void warp_is_worse_outside(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES("warp angle=0.1 tilt=0.6"));
	struct disc *disc = disc_of(rig);
	double at50 = 0, at25 = 0;
	unsigned peaks = 0;
	double most = -1;
	uint64_t from = (uint64_t)spiral_at_radius(&disc->spiral, 0, 50) / 16;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		double r = disc_rig_place(disc, i).r_mm, x = x_of(disc, i);
		at50 = close_to(r, 50, 0.1) && x > at50 ? x : at50;
		at25 = close_to(r, 25, 0.1) && x > at25 ? x : at25;
		assert_true(x == 0 || close_to((double)disc->blocks[i].alpha, 0.2, 0.001));
		/* up and down, twice in each of 100 turns of 3.8 blocks */
		if (i > from && i < from + 380) {
			peaks += x > x_of(disc, i - 1) && x > x_of(disc, i + 1);
			most = x > most ? x : most;
		}
	}
	assert_true(close_to(at50, 1, 0.1)); /* D6: 4x, the reference, is the limit at 50 mm */
	assert_true(at25 < 0.4 * at50);
	assert_true(peaks > 120 && peaks < 210);
	disc_rig_destroy(rig);
}

/* ---- By sectors ----------------------------------------------------------------------------------- */

static void by_sectors(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 1,
					       DAMAGES("list list=96,100,101,111,160-200 depth=3",
						       "badwrite list=1600-1610", "leadin depth=0.7"));
	struct disc *disc = disc_of(rig);
	static const struct {
		uint64_t block;
		double x;
	} rows[] = {{5, 0}, {6, 3}, {7, 0}, {9, 0}, {10, 3}, {12, 3}, {13, 0}, {99, 0}, {100, 1.5}, {101, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(x_of(disc, rows[i].block) == rows[i].x);
	assert_int_equal(count_over(disc, 0), 5);
	assert_true(disc->leadin_x == 0.7);
	disc_rig_destroy(rig);

	rig = disc_rig_create("bd-25", 1, DAMAGES("badwrite count=5 at=320000..640000 length=1"));
	disc = disc_of(rig);
	assert_in_range(count_over(disc, 1), 5, 20);
	for (uint64_t i = 0; i < disc->block_count; i++)
		assert_true(x_of(disc, i) == 0 || (i >= 10000 && i <= 20010));
	disc_rig_destroy(rig);

	/* No geometry: lists, yes; shapes, no. */
	rig = disc_rig_create("plain size=1000 profile=bd", 1, DAMAGES("list list=999"));
	assert_int_equal(rig->disc.block_count, 32);
	assert_true(x_of(disc_of(rig), 31) == 5);
	disc_rig_destroy(rig);
	rig = disc_rig_scenario("plain size=1000", 1, DAMAGES("smudge"));
	struct respin_source none = {0};
	struct respin_error error = {0};
	assert_int_equal(disc_init(&rig->disc, &rig->scenario, &none, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "smudge"));
	disc_rig_destroy(rig);
	rig = disc_rig_scenario("bd-25 size=16000000", 1, NULL); /* as drawn discs */
	assert_int_equal(disc_init(&rig->disc, &rig->scenario, &none, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "do not fit"));
	disc_rig_destroy(rig);
	rig = disc_rig_scenario("plain", 1, NULL);
	assert_int_equal(disc_init(&rig->disc, &rig->scenario, &none, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "size"));
	disc_rig_destroy(rig);
}

/* Lead-in alone: no blocks are kept for it. */
static void sound_discs_are_small(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("bd-100", 1, DAMAGES("leadin"));
	assert_null(rig->disc.blocks);
	assert_true(disc_block(disc_of(rig), 17).x == 0);
	assert_int_equal(disc_clean(disc_of(rig)), 0);
	disc_rig_destroy(rig);
}

/* ---- All of them ---------------------------------------------------------------------------------- */

static const char *const every_shape[] = {
	"radial count=3 length=drawn slope=drawn servo=2 servo_p=0.3",
	"arc count=2",
	"spiral",
	"star",
	"hairlines count=60",
	"smudge count=3",
	"pinholes",
	"puncture count=2",
	"rot",
	"fade",
	"warp",
	"badwrite count=9",
	"leadin",
	"list list=7-90000",
};
#define SHAPES (sizeof every_shape / sizeof *every_shape)

static void same_seed_same_bits(void **state)
{
	(void)state;
	for (size_t m = 0; m < MEDIA; m += 3) /* cd-74 dvd-9 bd-50 */
		for (size_t i = 0; i < SHAPES; i++) {
			struct disc_rig *a = disc_rig_create(every_medium[m], 11, DAMAGES(every_shape[i]));
			struct disc_rig *b = disc_rig_create(every_medium[m], 11, DAMAGES(every_shape[i]));
			struct disc_rig *c = disc_rig_create(every_medium[m], 12, DAMAGES(every_shape[i]));
			size_t bytes = a->disc.block_count * sizeof(struct disc_block);
			if (a->disc.blocks) {
				assert_memory_equal(a->disc.blocks, b->disc.blocks, bytes);
				assert_true(strncmp(every_shape[i], "list", 4) == 0 ||
					    memcmp(a->disc.blocks, c->disc.blocks, bytes) != 0);
				for (uint64_t n = 0; n < a->disc.block_count; n++) {
					struct disc_block block = a->disc.blocks[n];
					assert_true(block.x >= 0 && block.x < 1000);
					assert_true(block.alpha >= 0 && block.alpha <= 1);
				}
			} else {
				assert_true(a->disc.leadin_x > 0);
			}
			disc_rig_destroy(a);
			disc_rig_destroy(b);
			disc_rig_destroy(c);
		}
}

/* Wider is worse, for the disc and for every block. */
static void wider_is_worse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool blocks; /* an ellipse's or an arc's ends do not only grow, they also move */
	} rows[] = {
		{"radial count=4 slope=drawn", true},
		{"spiral", true},
		{"star", true},
		{"puncture", true},
		{"pinholes spread=5", true},
		{"smudge", false},
		{"arc length=20", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct disc_rig *before = NULL;
		for (double width = 0.5; width < 5; width *= 2) {
			char text[128];
			(void)snprintf(text, sizeof text, "%s width=%g", rows[i].text, width);
			struct disc_rig *rig = disc_rig_create("dvd-5", 4, DAMAGES(text));
			if (before)
				assert_true(sum_x(disc_of(rig)) > sum_x(disc_of(before)));
			for (uint64_t b = 0; before && rows[i].blocks && b < rig->disc.block_count; b++)
				if (x_of(disc_of(rig), b) <
				    x_of(disc_of(before), b) - 0.01) /* zones meet to so much */
					fail_msg("%s: block %llu: %f, narrower %f", text,
						 (unsigned long long)b, x_of(disc_of(rig), b),
						 x_of(disc_of(before), b));
			if (before)
				disc_rig_destroy(before);
			before = rig;
		}
		disc_rig_destroy(before);
	}
}

/* Each defect adds what it does alone, and speed sensitivity is their mean. */
static void damages_add_up(void **state)
{
	(void)state;
	struct disc_rig *a = disc_rig_create("dvd-5", 1, DAMAGES("smudge r=45 angle=0.5"));
	struct disc_rig *b =
		disc_rig_create("dvd-5", 1, DAMAGES("list list=0", "radial r=42..50 width=2 rough=0"));
	struct disc_rig *both = disc_rig_create(
		"dvd-5", 1, DAMAGES("smudge r=45 angle=0.5", "radial r=42..50 width=2 rough=0"));
	unsigned together = 0;
	for (uint64_t i = 1; i < a->disc.block_count; i++) {
		double x = x_of(disc_of(a), i), y = x_of(disc_of(b), i), sum = x_of(disc_of(both), i);
		assert_true(close_to(sum, x + y, 1e-4));
		if (x <= 0.01 || y <= 0.01)
			continue;
		together++;
		assert_true(close_to((double)both->disc.blocks[i].alpha, (x * 0.08 + y * 0.03) / sum, 1e-4));
	}
	assert_true(together > 100);
	disc_rig_destroy(a);
	disc_rig_destroy(b);
	disc_rig_destroy(both);
}

/* A tenth of the turns, each as before. */
static void small_discs_keep_their_chords(void **state)
{
	(void)state;
	static const char *const damage[] = {"radial r=30..44 angle=0.5 slope=0.005 width=9 rough=0"};
	struct disc_rig *big = disc_rig_create("bd-25" NOMINAL, 1, DAMAGES(damage[0]));
	struct disc_rig *small = disc_rig_create("bd-25" NOMINAL "scale=10", 1, DAMAGES(damage[0]));
	assert_true(close_to((double)small->disc.sectors, (double)big->disc.sectors / 10, 64));
	assert_true(close_to(max_x(disc_of(small)), max_x(disc_of(big)), 0.01));
	assert_true(close_to(sum_x(disc_of(small)) * 10, sum_x(disc_of(big)), 0.02 * sum_x(disc_of(big))));
	assert_true(close_to((double)count_over(disc_of(small), 1) * 10, (double)count_over(disc_of(big), 1),
			     0.05 * (double)count_over(disc_of(big), 1)));
	disc_rig_destroy(big);
	disc_rig_destroy(small);
}

/* Fixed packets: an LBA has more track, so that a scratch takes as much of it as of any other. */
static void packets_are_longer(void **state)
{
	(void)state;
	static const char *const damage[] = {"radial r=30..34 slope=0 width=2 rough=0"};
	struct disc_rig *plain = disc_rig_create("cd-74" NOMINAL "size=240000", 1, DAMAGES(damage[0]));
	struct disc_rig *packet =
		disc_rig_create("cd-74" NOMINAL "size=240000 stretch=1.22", 1, DAMAGES(damage[0]));
	assert_true(close_to(max_x(disc_of(plain)), max_x(disc_of(packet)), 0.01));
	disc_rig_destroy(plain);
	disc_rig_destroy(packet);
}

/* Drawn discs differ, within their tolerances, and hold what they claim. */
static void discs_differ(void **state)
{
	(void)state;
	for (size_t m = 0; m < MEDIA; m++) {
		double low = 9, high = 0;
		for (uint64_t seed = 1; seed <= 40; seed++) {
			struct disc_rig *rig = disc_rig_create(every_medium[m], seed, NULL);
			const struct spiral *spiral = &rig->disc.spiral;
			double length = spiral->zones[0].sector_mm / spiral->medium->sector_mm;
			struct spiral_place end;
			spiral_place(spiral, (double)spiral->layers[0].count - 0.01, &end);
			assert_int_equal(rig->disc.sectors, spiral->medium->sectors);
			assert_true(end.r_mm < spiral->medium->r_out_mm + 0.5 && end.r_mm > 54);
			assert_true(spiral->zones[0].r_mm <= spiral->medium->r0_mm &&
				    spiral->zones[0].r_mm > spiral->medium->r0_mm - 0.21);
			low = length < low ? length : low;
			high = length > high ? length : high;
			disc_rig_destroy(rig);
		}
		assert_true(high - low > 0.02 && low > 0.9 && high < 1.04);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hairlines_fail_only_together),
		cmocka_unit_test(pinholes_cluster),
		cmocka_unit_test(smudge_is_marginal_and_wiped),
		cmocka_unit_test(layers_below_each_other),
		cmocka_unit_test(layers_beside_each_other),
		cmocka_unit_test(rot_and_fade),
		cmocka_unit_test(warp_is_worse_outside),
		cmocka_unit_test(by_sectors),
		cmocka_unit_test(sound_discs_are_small),
		cmocka_unit_test(same_seed_same_bits),
		cmocka_unit_test(wider_is_worse),
		cmocka_unit_test(damages_add_up),
		cmocka_unit_test(small_discs_keep_their_chords),
		cmocka_unit_test(packets_are_longer),
		cmocka_unit_test(discs_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
