/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Geometry against real discs and against itself: capacities, angles, layers, tolerances, the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <respin/map.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/spiral.h"

static struct spiral_params nominal(const char *name)
{
	const struct medium *medium = medium_find(name);
	assert_non_null(medium);
	return (struct spiral_params){
		.medium = medium, .velocity = 1, .pitch = 1, .stretch = 1, .scale = 1, .seed = 7};
}

/* A disc with every tolerance at work. */
static struct spiral_params crooked(const char *name)
{
	struct spiral_params params = nominal(name);
	params.velocity = 1.023;
	params.pitch = 0.991;
	params.r0_shift_mm = -0.17;
	params.drift = 0.006;
	params.pitch_walk = 0.004;
	params.eccentric_mm = 0.05;
	params.decentre_mm = 0.1;
	return params;
}

static struct spiral_place place_at(const struct spiral *spiral, double sector)
{
	struct spiral_place place;
	spiral_place(spiral, sector, &place);
	return place;
}

static void near(double got, double want, double off, const char *what)
{
	if (!(fabs(got - want) <= off))
		fail_msg("%s: %.12g, not %.12g +- %g", what, got, want, off);
}

/* Sectors between the standard's radii at the standard's pitch, against what real discs hold. */
static void capacities(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double sectors, within;
	} real[] = {
		{"cd-74", 333000, 0.002},      {"cd-80", 359849, 0.002},
		{"dvd-5", 2295104, 0.002},     {"dvd-5", 2298496, 0.002},
		{"dvd-9", 2 * 2086912, 0.002}, {"dvd-9-ptp", 2 * 2086912, 0.002},
		{"bd-25", 12219392, 0.0001},   {"bd-50", 24438784, 0.0001},
		{"bd-66", 32585728, 0.0001},   {"bd-100", 48878592, 0.0001},
	};
	for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
		const struct medium *m = medium_find(real[i].name);
		double track = NUM_PI * (m->r_out_mm * m->r_out_mm - m->r0_mm * m->r0_mm) / m->pitch_mm;
		double formula = m->layers * track / m->sector_mm;
		near(formula / real[i].sectors, 1, real[i].within, m->name);
		near((double)m->sectors / real[i].sectors, 1, real[i].within, m->name);

		/* and the spiral agrees with the formula: a full disc ends at 58 mm */
		struct spiral spiral;
		struct spiral_params params = nominal(m->name);
		spiral_init(&spiral, &params);
		near(place_at(&spiral, 0).r_mm, m->r0_mm, 1e-9, m->name);
		near(place_at(&spiral, (double)spiral.layers[0].count - 1e-3).r_mm, m->r_out_mm, 0.02,
		     m->name);
	}
}

/* What the standards say of one medium, from another side: velocity, speed of the data, turns. */
static void figures_of_the_standards(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double m_per_s, bytes_per_s, turns;
	} known[] = {
		{"cd-74", 1.211, 153600, 20625},   {"cd-80", 1.196, 153600, 22000},
		{"dvd-5", 3.49, 1384615, 45946},   {"dvd-9", 3.84, 1384615, 45946},
		{"bd-25", 4.917, 4495600, 106250}, {"bd-100", 3.687, 4495600, 106250},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct spiral_params params = nominal(known[i].name);
		const struct medium *m = params.medium;
		struct spiral spiral;
		spiral_init(&spiral, &params);
		near(m->sector_mm * m->sectors_per_s / 1000, known[i].m_per_s, known[i].m_per_s * 0.002,
		     m->name);
		near(m->sectors_per_s * 2048, known[i].bytes_per_s, known[i].bytes_per_s * 0.001, m->name);
		near(spiral.turns, known[i].turns, known[i].turns * 0.001, m->name);
	}
}

static void the_table(void **state)
{
	(void)state;
	assert_int_equal(media_count, 9);
	for (size_t i = 0; i < media_count; i++) {
		const struct medium *m = &media[i];
		assert_ptr_equal(medium_find(m->name), m);
		assert_true(m->title && m->layers >= 1 && m->layers <= SPIRAL_LAYERS_MAX);
		assert_true(m->burst_mm > 0 && m->beam_mm > 0 && m->burst_mm < m->ecc_block * m->sector_mm);
		assert_int_equal(m->sectors % (m->ecc_block * m->layers), 0);
	}
	assert_null(medium_find("dvd"));
	assert_null(medium_find(""));
}

static void guesses(void **state)
{
	(void)state;
	static const struct {
		uint16_t profile;
		uint64_t sectors;
		const char *name;
	} cases[] = {
		{0x08, 1000, "cd-74"},     {0x09, 333500, "cd-74"},    {0x0a, 359849, "cd-80"},
		{0x09, 450000, "cd-80"},   {0x10, 1000, "dvd-5"},      {0x1b, 2295104, "dvd-5"},
		{0x10, 2298496, "dvd-5"},  {0x10, 4173824, "dvd-9"},   {0x2b, 1000000, "dvd-9"},
		{0x40, 11826176, "bd-25"}, {0x43, 12219392, "bd-25"},  {0x40, 23652352, "bd-50"},
		{0x40, 30000000, "bd-66"}, {0x41, 48878592, "bd-100"}, {0x40, 62500864, "bd-100"},
		{0, 300000, "cd-74"},      {0, 2295104, "dvd-5"},      {0, 12219392, "bd-25"},
		{0, UINT64_MAX, "bd-100"}, {0xffff, 4171712, "dvd-9"}, {0x50, 7340032, "bd-25"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(medium_guess(cases[i].profile, cases[i].sectors)->name, cases[i].name);
}

/* Later sectors lie at later turns, and the angle of the surface goes with them, over every border. */
static void angles_grow(void **state)
{
	(void)state;
	for (size_t i = 0; i < media_count; i++) {
		struct spiral_params params = crooked(media[i].name);
		struct spiral spiral;
		spiral_init(&spiral, &params);
		struct spiral_place last = place_at(&spiral, 0);
		for (double sector = 1; sector <= (double)spiral.sectors; sector += 997.3) {
			struct spiral_place place = place_at(&spiral, sector);
			if (place.layer == last.layer) {
				double turns = 997.3 / spiral_sectors_per_turn(&spiral, &place);
				assert_true(place.turn > last.turn);
				if (sector > 1)
					near(place.turn - last.turn, turns, turns * 0.05, media[i].name);
				bool inward = spiral.layers[place.layer].inward;
				assert_true(inward ? place.r_mm < last.r_mm : place.r_mm > last.r_mm);
			} else {
				assert_int_equal(place.layer, last.layer + 1);
			}
			last = place;
		}
	}
}

/* The square of the sectors in a turn is a straight line over the sectors: 4 pi p / L of slope. */
static void square_of_turn_is_linear(void **state)
{
	(void)state;
	for (size_t i = 0; i < media_count; i++) {
		const struct medium *m = &media[i];
		struct spiral_params params = nominal(m->name);
		struct spiral spiral;
		spiral_init(&spiral, &params);
		double p0 = 2 * NUM_PI * m->r0_mm / m->sector_mm,
		       slope = 4 * NUM_PI * m->pitch_mm / m->sector_mm;
		for (double n = 0; n < (double)spiral.layers[0].count; n += 10007) {
			struct spiral_place place = place_at(&spiral, n);
			double p = spiral_sectors_per_turn(&spiral, &place);
			near(p * p, p0 * p0 + slope * n, 1e-9 * p * p, m->name);
		}
		/* k turns after n: n + k P + k^2 pi p / L */
		struct spiral_place place = place_at(&spiral, 5000);
		double p = spiral_sectors_per_turn(&spiral, &place), k = 300;
		double later = 5000 + k * p + k * k * NUM_PI * m->pitch_mm / m->sector_mm;
		near(spiral_at_turn(&spiral, 0, place.turn + k), later, 1e-6, m->name);
	}
}

/* Under each sector of an opposite layer lies the mirrored one of the first; of a parallel one, the same. */
static void layers_lie_over_each_other(void **state)
{
	(void)state;
	static const char *const names[] = {"dvd-9", "dvd-9-ptp", "bd-50", "bd-66", "bd-100"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct spiral_params params = nominal(names[i]);
		params.drift = 0.006;
		params.sectors = params.medium->sectors - 12345; /* the last layer is a little emptier */
		struct spiral spiral;
		spiral_init(&spiral, &params);
		double n0 = (double)spiral.layers[0].count, n1 = (double)spiral.layers[1].count;
		assert_true(n1 <= n0 && n1 > n0 - 20000);
		for (double m = 0; m < n1; m += 20011) {
			struct spiral_place under = place_at(&spiral, n0 + m + 0.5);
			double over = params.medium->opposite ? n0 - 1 - m : m;
			assert_int_equal(under.layer, 1);
			near(under.r_mm, place_at(&spiral, over + 0.5).r_mm, 1e-9, names[i]);
		}
		/* the turn is counted from the layer's own first sector */
		near(place_at(&spiral, n0).turn, 0, 1e-7, names[i]);
		if (spiral.layer_count == 3) {
			double first = (double)spiral.layers[2].first;
			near(place_at(&spiral, first + 1000).r_mm, place_at(&spiral, 1000).r_mm, 1e-9,
			     names[i]);
		}
		assert_true(spiral.layers[1].angle != spiral.layers[0].angle);
	}
}

static void there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < media_count; i++) {
		struct spiral_params params = crooked(media[i].name);
		struct spiral spiral;
		spiral_init(&spiral, &params);
		struct rng rng = {i};
		for (int k = 0; k < 20000; k++) {
			double sector = num_uniform(rng_next(&rng)) * (double)spiral.sectors;
			struct spiral_place place = place_at(&spiral, sector);
			near(spiral_at_radius(&spiral, place.layer, place.r_mm), sector, 1e-4, "radius");
			near(spiral_at_turn(&spiral, place.layer, place.turn), sector, 1e-4, "turn");
		}
	}
}

/* Zones are an accident of the arithmetic: no step in radius, in turn or in the way back shows one. */
static void zones_are_continuous(void **state)
{
	(void)state;
	struct spiral_params params = crooked("bd-50");
	struct spiral spiral;
	spiral_init(&spiral, &params);
	double least = INFINITY, most = 0;
	for (unsigned i = 1; i < spiral.zone_count; i++) {
		double at = spiral.zones[i].first;
		struct spiral_place before = place_at(&spiral, at - 1e-3),
				    after = place_at(&spiral, at + 1e-3);
		near(after.r_mm, before.r_mm, 1e-8, "radius");
		near(after.turn, before.turn, 1e-4, "turn");
		assert_true(after.turn > before.turn);
		near(spiral_at_turn(&spiral, 0, after.turn) - spiral_at_turn(&spiral, 0, before.turn), 2e-3,
		     1e-4, "back");
		least = fmin(least, spiral.zones[i].sector_mm);
		most = fmax(most, spiral.zones[i].sector_mm);
	}
	/* and they did drift, by about what was asked and no more */
	double drift = (most - least) / (most + least);
	assert_true(drift > 0.003 && drift <= 0.006);
}

/* What a turn on a scaled disc spans, in angle and radius, has the shape it has on the whole one. */
static void scaled(void **state)
{
	(void)state;
	for (size_t i = 0; i < media_count; i++) {
		struct spiral_params params = nominal(media[i].name);
		struct spiral whole, tenth;
		spiral_init(&whole, &params);
		params.scale = 10;
		spiral_init(&tenth, &params);
		double count = (double)tenth.layers[0].count;
		near((double)tenth.sectors / (double)whole.sectors, 0.1, 1e-3, media[i].name);
		near(tenth.turns / whole.turns, 0.1, 1e-3, media[i].name);
		for (double u = 0; u <= 1; u += 0.125) {
			struct spiral_place a = place_at(&whole, u * ((double)whole.layers[0].count - 1));
			struct spiral_place b = place_at(&tenth, u * (count - 1));
			near(b.r_mm, a.r_mm, 2e-3, media[i].name);
			near(spiral_sectors_per_turn(&tenth, &b), spiral_sectors_per_turn(&whole, &a), 0.01,
			     media[i].name);
		}
	}
}

/* Fixed packets spend 39 sectors of track on 32; a faster disc has longer sectors. */
static void stretched(void **state)
{
	(void)state;
	struct spiral_params params = nominal("cd-74");
	struct spiral plain, packets;
	spiral_init(&plain, &params);
	params.stretch = 39.0 / 32;
	params.sectors = params.medium->sectors * 32 / 39;
	spiral_init(&packets, &params);
	near(place_at(&packets, (double)packets.sectors).r_mm, place_at(&plain, (double)plain.sectors).r_mm,
	     1e-3, "end");
	params = nominal("cd-74");
	params.velocity = 1.03;
	spiral_init(&packets, &params);
	struct spiral_place place = place_at(&packets, 0), other = place_at(&plain, 0);
	near(spiral_sectors_per_turn(&plain, &other) / spiral_sectors_per_turn(&packets, &place), 1.03, 1e-9,
	     "velocity");
}

static void ends(void **state)
{
	(void)state;
	static const char *const names[] = {"cd-74", "dvd-9", "bd-100"};
	static const uint64_t sizes[] = {1, 2, 16, 17, 33, 65, 1000};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			struct spiral_params params = nominal(names[i]);
			params.sectors = sizes[k];
			struct spiral spiral;
			spiral_init(&spiral, &params);
			uint64_t sum = 0;
			for (unsigned layer = 0; layer < spiral.layer_count; layer++) {
				const struct spiral_layer *l = &spiral.layers[layer];
				assert_int_equal(l->first, sum);
				sum += l->count;
				double first = (double)l->first, end = first + (double)l->count;
				double near_end = spiral_at_radius(&spiral, layer, 0.001);
				double far_end = spiral_at_radius(&spiral, layer, 1000);
				near(near_end, l->inward ? end : first, 0, "innermost");
				near(far_end, l->inward ? first : end, 0, "outermost");
				near(spiral_at_turn(&spiral, layer, -1e9), first, 0, "before");
				near(spiral_at_turn(&spiral, layer, 1e9), end, 0, "behind");
			}
			assert_int_equal(sum, sizes[k]);
			struct spiral_place place = place_at(&spiral, (double)sizes[k]);
			assert_true(place.r_mm > 23.9 && place.r_mm < 26 && place.layer < spiral.layer_count);
		}
}

/* In the hand: an offset centre moves radius and angle as plane geometry says. */
static void eccentric(void **state)
{
	(void)state;
	struct spiral_params params = nominal("dvd-9");
	params.eccentric_mm = 0.2;
	params.decentre_mm = 0.1;
	struct spiral spiral;
	spiral_init(&spiral, &params);
	near(hypot(spiral.layers[0].x_mm, spiral.layers[0].y_mm), 0.2, 1e-12, "eccentric");
	near(hypot(spiral.layers[1].x_mm, spiral.layers[1].y_mm), 0.2, 0.1 + 1e-9, "decentred");
	assert_true(spiral.layers[0].x_mm != spiral.layers[1].x_mm);
	struct rng rng = {9};
	double least = INFINITY, most = 0;
	for (int i = 0; i < 20000; i++) {
		double sector = num_uniform(rng_next(&rng)) * (double)spiral.sectors, r, angle;
		struct spiral_place place = place_at(&spiral, sector);
		const struct spiral_layer *layer = &spiral.layers[place.layer];
		spiral_surface(&spiral, &place, &r, &angle);
		double a = 2 * M_PI * (place.turn + layer->angle);
		double x = layer->x_mm + place.r_mm * cos(a), y = layer->y_mm + place.r_mm * sin(a);
		near(r, hypot(x, y), 1e-9, "radius");
		near(remainder(angle - atan2(y, x) / (2 * M_PI), 1), 0, 1e-9, "angle");
		assert_true(angle >= 0 && angle < 1);
		least = fmin(least, r - place.r_mm);
		most = fmax(most, r - place.r_mm);
	}
	assert_true(least < -0.19 && most > 0.19);

	params.eccentric_mm = params.decentre_mm = 0;
	spiral_init(&spiral, &params);
	struct spiral_place place = place_at(&spiral, 123456.5);
	double r, angle;
	spiral_surface(&spiral, &place, &r, &angle);
	assert_true(r == place.r_mm && angle == place.turn - floor(place.turn));
}

/* One seed, one disc, to the last bit, whatever the compiler made of it. */
static void promised_bits(void **state)
{
	(void)state;
	uint64_t digest = 0;
	for (size_t i = 0; i < media_count; i++) {
		struct spiral_params params = crooked(media[i].name);
		struct spiral spiral;
		spiral_init(&spiral, &params);
		for (double sector = 0; sector < (double)spiral.sectors;
		     sector += (double)spiral.sectors / 777) {
			struct spiral_place place = place_at(&spiral, sector);
			double values[4] = {place.r_mm, place.turn};
			spiral_surface(&spiral, &place, &values[2], &values[3]);
			for (size_t k = 0; k < 4; k++) {
				uint64_t bits;
				memcpy(&bits, &values[k], sizeof bits);
				digest = rng_mix(digest ^ bits) + k;
			}
		}
	}
	if (digest != 0xbb2c322d8efccac3u)
		fail_msg("the bits changed: %016jx", (uintmax_t)digest);
}

/* However small a disc is made, each of its layers has a block. */
static void smallest(void **state)
{
	(void)state;
	static const char *const names[] = {"cd-74", "dvd-9", "bd-100"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct spiral_params params = nominal(names[i]);
		struct spiral spiral;
		params.scale = 1e12;
		spiral_init(&spiral, &params);
		assert_int_equal(spiral.sectors, (uint64_t)params.medium->ecc_block * params.medium->layers);
		for (unsigned layer = 0; layer < spiral.layer_count; layer++)
			assert_int_equal(spiral.layers[layer].count, params.medium->ecc_block);
	}
}

/* The nominal disc, for people. Layers of a DVD-9 run against each other. */
static void places_for_people(void **state)
{
	(void)state;
	static const struct {
		uint16_t profile;
		uint64_t units, unit;
		double r_mm;
		uint32_t layer, layers;
		double kbps;
	} cases[] = {
		{0x10, 4173824, 0, 24, 0, 2, 1385}, /* DVD-9 */
		{0x10, 4173824, 2086911, 58, 0, 2, 1385},   {0x10, 4173824, 4173823, 24, 1, 2, 1385},
		{0x08, 333000, 0, 25, 0, 1, 176.4},         /* CD: raw sectors are what its drives count */
		{0x40, 12219392, 12219391, 58, 0, 1, 4496}, /* BD */
	};
	struct respin_source_info info = {.size = sizeof info};
	struct respin_place place = {.size = sizeof place};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		info.profile = cases[i].profile;
		info.units = cases[i].units;
		assert_int_equal(respin_disc_place(&info, cases[i].unit, &place), 1);
		assert_true(fabs(place.radius_um / 1000.0 - cases[i].r_mm) < 0.3);
		assert_int_equal(place.layer, cases[i].layer);
		assert_int_equal(place.layers, cases[i].layers);
		assert_true(fabs(place.kbps_1x / cases[i].kbps - 1) < 0.002);
		assert_int_equal(place.size, sizeof place);
	}
	assert_int_equal(respin_disc_place(&info, info.units, &place), 0);
	info.profile = 0; /* a file lies on no disc that anybody knows */
	assert_int_equal(respin_disc_place(&info, 0, &place), 0);
	assert_int_equal(respin_disc_place(&(struct respin_source_info){.profile = 8}, 0, &place), 0);
}

/* Who knows only the first members gets those; who knows more than there are is told so. */
static void places_for_other_headers(void **state)
{
	(void)state;
	const struct respin_source_info info = {.size = sizeof info, .units = 333000, .profile = 8};
	struct {
		struct respin_place place;
		uint64_t later;
	} wide = {.place = {.size = sizeof wide}, .later = 4711};
	assert_int_equal(respin_disc_place(&info, 0, &wide.place), 1);
	assert_int_equal(wide.place.size, sizeof wide.place);
	assert_int_equal(wide.later, 4711);
	wide.place = (struct respin_place){.size = offsetof(struct respin_place, layer), .layer = 77};
	assert_int_equal(respin_disc_place(&info, 0, &wide.place), 1);
	assert_int_equal(wide.place.size, offsetof(struct respin_place, layer));
	assert_true(wide.place.radius_um > 20000);
	assert_int_equal(wide.place.layer, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capacities),
		cmocka_unit_test(figures_of_the_standards),
		cmocka_unit_test(the_table),
		cmocka_unit_test(guesses),
		cmocka_unit_test(angles_grow),
		cmocka_unit_test(square_of_turn_is_linear),
		cmocka_unit_test(layers_lie_over_each_other),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(zones_are_continuous),
		cmocka_unit_test(scaled),
		cmocka_unit_test(smallest),
		cmocka_unit_test(stretched),
		cmocka_unit_test(ends),
		cmocka_unit_test(eccentric),
		cmocka_unit_test(promised_bits),
		cmocka_unit_test(places_for_people),
		cmocka_unit_test(places_for_other_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
