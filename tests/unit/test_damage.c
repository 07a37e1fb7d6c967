/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shapes on the surface against what they must do to blocks. The judge walks
 * along the track in steps and asks of each place, as the disc lies in the
 * hand, whether the shape is within the beam: slow, and without a ring, a turn
 * or a canvas in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/num.h"
#include "disc_rig.h"

#define STEP_MM 0.04  /* of the judge along the track */
#define RING_MM 0.011 /* outlines are exact to half a ring, and a grazed one is long */

/* ---- The judge ------------------------------------------------------------------------------------ */

struct judged {
	double r, to; /* mm */
	double angle; /* turns: of the inner end, or of the middle */
	double slope; /* turns per mm */
	double length, width, beam;
};
typedef bool inside_fn(const struct judged *shape, double r, double angle);

/* Any point of the gouge within the beam? Its points are a chord at each radius. */
static bool in_gouge(const struct judged *s, double r, double angle)
{
	double far = turn_gap(angle, s->angle + s->slope * (r - s->r)) * 2 * NUM_PI * r;
	if (r < s->r - s->beam || r > s->to + s->beam || far * far > s->width * s->width)
		return false; /* the beam is much less than the other half of the width */
	for (int i = -25; i <= 25; i++) {
		double up = s->beam * i / 25, at = r + up;
		if (at < s->r || at > s->to)
			continue;
		double middle = s->angle + s->slope * (at - s->r);
		double gap = turn_gap(angle, middle) * 2 * NUM_PI * r;
		gap = (gap < 0 ? -gap : gap) - s->width / 2;
		gap = gap > 0 ? gap : 0;
		if (gap * gap + up * up <= s->beam * s->beam)
			return true;
	}
	return false;
}

/* Within the beam of an arc with round ends around the hole's centre. */
static bool in_arc(const struct judged *s, double r, double angle)
{
	double half = (s->length - s->width) / 2 / (2 * NUM_PI * s->r), off = turn_gap(angle, s->angle);
	double inside = off < -half ? -half : off > half ? half : off;
	double x = r * num_cos_turn(off) - s->r * num_cos_turn(inside);
	double y = r * num_sin_turn(off) - s->r * num_sin_turn(inside);
	double reach = s->width / 2 + s->beam;
	return x * x + y * y <= reach * reach;
}

/* Least and most that a block may have lost: outlines are exact to half a ring. */
struct verdict {
	double least, most;
};

static struct verdict judge_block(const struct disc *disc, uint64_t block, inside_fn *inside,
				  const struct judged *shape)
{
	struct judged less = *shape, more = *shape;
	less.beam -= RING_MM;
	more.beam += RING_MM;
	double sector = disc->spiral.medium->sector_mm, least = 0, most = 0;
	double size = disc->ecc_block, n = num_floor(size * sector / STEP_MM);
	for (double step = 0; step < n; step++) {
		struct spiral_place place;
		double r, angle;
		spiral_place(&disc->spiral, ((double)block + (step + 0.5) / n) * size, &place);
		spiral_surface(&disc->spiral, &place, &r, &angle);
		if (!inside(&more, r, angle))
			continue;
		most += 1;
		least += inside(&less, r, angle);
	}
	/* in sectors, for codes count bits and not mm; the ends of two defects' pieces may fall between steps */
	double unit = size * sector / disc->spiral.medium->burst_mm;
	return (struct verdict){(least - 2) / n * unit, (most + 2) / n * unit};
}

/* Blocks all over the shape and some beyond: every one must be as judged. */
static void judge(const struct disc *disc, inside_fn *inside, const struct judged *shape, uint64_t blocks)
{
	double low = shape->r - 1, high = (shape->to > 0 ? shape->to : shape->r) + 1;
	unsigned hits = 0;
	for (unsigned layer = 0; layer < disc->spiral.layer_count; layer++) {
		double a = spiral_at_radius(&disc->spiral, layer, low);
		double b = spiral_at_radius(&disc->spiral, layer, high);
		uint64_t first = (uint64_t)(a < b ? a : b) / disc->ecc_block;
		uint64_t end = (uint64_t)(a < b ? b : a) / disc->ecc_block, step = (end - first) / blocks | 1;
		for (uint64_t block = first; block < end; block += step) {
			struct verdict verdict = judge_block(disc, block, inside, shape);
			double x = x_of(disc, block);
			if (x < verdict.least || x > verdict.most)
				fail_msg("block %llu at %.3f mm: %.4f, judged %.4f to %.4f",
					 (unsigned long long)block, disc_rig_place(disc, block).r_mm, x,
					 verdict.least, verdict.most);
			hits += verdict.least > 0;
		}
	}
	assert_true(hits > blocks / 20);
}

/* ---- Strokes -------------------------------------------------------------------------------------- */

static void gouge_is_where_it_is(void **state)
{
	(void)state;
	for (size_t i = 2; i < MEDIA;
	     i++) { /* CD: its own test, for a burst there hits more than one sector */
		char text[256];
		(void)snprintf(text, sizeof text, "%s" FAULTY, every_medium[i]);
		struct disc_rig *rig = disc_rig_create(
			text, 3, DAMAGES("radial r=31..36 angle=0.3 slope=0.011 width=3 rough=0"));
		struct judged gouge = {.r = 31,
				       .to = 36,
				       .angle = 0.3,
				       .slope = 0.011,
				       .width = 3,
				       .beam = rig->disc.spiral.medium->beam_mm / 2};
		judge(disc_of(rig), in_gouge, &gouge, 200);
		disc_rig_destroy(rig);
	}
}

/* Each turn between its ends is crossed once, none beyond, at one angle; and it fails there. */
static void gouge_fails_every_turn(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create(
		"dvd-5" NOMINAL, 1, DAMAGES("radial r=30..40 angle=0.25 slope=0 width=14 rough=0"));
	struct disc *disc = disc_of(rig);
	double first = spiral_at_radius(&disc->spiral, 0, 30), last = spiral_at_radius(&disc->spiral, 0, 40);
	struct spiral_place a, b;
	spiral_place(&disc->spiral, first, &a);
	spiral_place(&disc->spiral, last, &b);
	double chord = (14 + 0.49) / disc->spiral.medium->burst_mm, turns = b.turn - a.turn;
	double ends = 0.49 / 0.74e-3; /* turns that the beam adds at the two ends, with shorter chords */
	assert_true(sum_x(disc) > chord * turns && sum_x(disc) < chord * (turns + ends));
	/* Every turn has a block that fails, although a burst may be split between two: 14.5 mm make 2.3 bursts. */
	double last_turn = a.turn;
	for (uint64_t block = (uint64_t)first / 16; block <= (uint64_t)last / 16; block++) {
		double half = 8 * 2 / spiral_sectors_per_turn(&disc->spiral, &a);
		struct spiral_place place = disc_rig_place(disc, block);
		if (x_of(disc, block) <= 1)
			continue;
		assert_true(place.turn - last_turn < 1.7);
		last_turn = place.turn;
		double off = turn_gap(place.turn, 0.25);
		assert_true(off < half && off > -half);
	}
	assert_true(last_turn > b.turn - 2);
	/* Nothing beyond the beam's reach. */
	for (uint64_t block = 0; block < disc->block_count; block++) {
		double r = disc_rig_place(disc, block).r_mm;
		if (r < 30 - 0.25 - 0.01 || r > 40 + 0.25 + 0.01)
			assert_true(x_of(disc, block) == 0);
	}
	disc_rig_destroy(rig);
}

static void arc_is_where_it_is(void **state)
{
	(void)state;
	for (size_t i = 2; i < MEDIA; i++) {
		char text[256];
		(void)snprintf(text, sizeof text, "%s" FAULTY, every_medium[i]);
		struct disc_rig *rig =
			disc_rig_create(text, 5, DAMAGES("arc r=45 angle=0.7 length=40 width=0.6"));
		struct judged arc = {.r = 45,
				     .angle = 0.7,
				     .length = 40,
				     .width = 0.6,
				     .beam = rig->disc.spiral.medium->beam_mm / 2};
		judge(disc_of(rig), in_arc, &arc, 400);
		disc_rig_destroy(rig);
	}
}

/* 6.35 mm of a DVD: shorter ones are corrected, longer ones fail a block on each turn that they touch. */
static void arc_against_the_burst_limit(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES("arc r=40 length=5.7 width=0.5"));
	assert_true(max_x(disc_of(rig)) > 0.9 && max_x(disc_of(rig)) < 1);
	disc_rig_destroy(rig);
	rig = disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES("arc r=40 length=14 width=0.5"));
	double turns = (0.5 + 0.49) / 0.74e-3;
	assert_true((double)count_over(disc_of(rig), 1) > 0.9 * turns);
	assert_true((double)count_over(disc_of(rig), 1) < 1.1 * 2 * turns);
	disc_rig_destroy(rig);
}

/* A burst on the border of two blocks is divided between them. */
static void bursts_are_split(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 1,
					       DAMAGES("radial r=30..32 angle=0.25 slope=0 width=8 rough=0"));
	struct disc *disc = disc_of(rig);
	double chord = 8.49 / disc->spiral.medium->burst_mm;
	unsigned whole = 0, split = 0, survived = 0;
	uint64_t from = (uint64_t)spiral_at_radius(&disc->spiral, 0, 30.3) / 16;
	uint64_t to = (uint64_t)spiral_at_radius(&disc->spiral, 0, 31.7) / 16;
	for (uint64_t block = from; block < to; block++) {
		double x = x_of(disc, block), next = x_of(disc, block + 1);
		if (x <= 0 || x_of(disc, block - 1) > 0)
			continue;
		double both = x + next;
		assert_true(both > chord - 0.02 && both < chord + 0.02);
		whole += next == 0;
		split += next > 0;
		survived += x < 1 && next < 1;
	}
	assert_true(whole > 1000 && split > 100);
	assert_true(survived > 50); /* neither fails */
	disc_rig_destroy(rig);
}

/* Erasures add up, and an inner block spans more of a turn: light scratches hurt there first. */
static void inner_blocks_span_more(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 2,
					       DAMAGES("radial count=40 r=24..58 slope=0 width=0.3 rough=0"));
	struct disc *disc = disc_of(rig);
	double inner = 0, outer = 0;
	for (uint64_t i = 100; i < 1100; i++) {
		inner += x_of(disc, i) / 1000;
		outer += x_of(disc, disc->block_count - 100 - i) / 1000;
	}
	assert_true(inner > 2.1 * outer && inner < 2.7 * outer); /* 58 / 24 = 2.4 */
	disc_rig_destroy(rig);
}

/* CIRC: 3.6 mm spoil one to three sectors, on every turn. */
static void compact_disc(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create(
		"cd-74" NOMINAL, 1, DAMAGES("radial r=30..34 angle=0.5 slope=0 width=2.9 rough=0"));
	struct disc *disc = disc_of(rig);
	uint64_t from = (uint64_t)spiral_at_radius(&disc->spiral, 0, 30.4);
	uint64_t to = (uint64_t)spiral_at_radius(&disc->spiral, 0, 33.6), bursts = 0;
	for (uint64_t i = from; i < to; i++) {
		if (x_of(disc, i) <= 1)
			continue;
		uint64_t run = 0;
		for (; x_of(disc, i) > 1; i++)
			run++;
		assert_in_range(run, 1, 3);
		bursts++;
	}
	double turns = 3.2 / 1.6e-3;
	assert_true((double)bursts > 0.98 * turns && (double)bursts < 1.02 * turns);
	disc_rig_destroy(rig);
}

static void beam_widens(void **state)
{
	(void)state;
	static const struct {
		const char *disc;
		double beam;
	} rows[] = {{"dvd-5" NOMINAL, 0.49}, {"bd-25" NOMINAL, 0.125}};
	for (size_t i = 0; i < 2; i++) {
		struct disc_rig *rig = disc_rig_create(rows[i].disc, 1,
						       DAMAGES("radial r=40..41 slope=0 width=0.2 rough=0"));
		double chord = max_x(disc_of(rig)) * rig->disc.spiral.medium->burst_mm;
		assert_true(chord > 0.2 + rows[i].beam - 0.01 && chord < 0.2 + rows[i].beam + 0.01);
		disc_rig_destroy(rig);
		/* Under the beam's focus, in the data layer, there is no blur. */
		rig = disc_rig_create(rows[i].disc, 1, DAMAGES("puncture r=40 angle=0.1 width=1.5"));
		chord = max_x(disc_of(rig)) * rig->disc.spiral.medium->burst_mm;
		assert_true(chord > 1.48 && chord < 1.51);
		disc_rig_destroy(rig);
	}
}

static void widths_change(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create("bd-25" NOMINAL, 1,
					       DAMAGES("radial r=30..40 slope=0 width=10 taper=1 rough=0"));
	struct disc *disc = disc_of(rig);
	double inner = 0, outer = 0;
	uint64_t end = (uint64_t)spiral_at_radius(&disc->spiral, 0, 39.5) / 32;
	for (uint64_t i = (uint64_t)spiral_at_radius(&disc->spiral, 0, 30.5) / 32, n = 0; n < 100; i++, n++) {
		inner = x_of(disc, i) > inner ? x_of(disc, i) : inner;
		outer = x_of(disc, end - n) > outer ? x_of(disc, end - n) : outer;
	}
	assert_true(inner > 1.1 && outer < 0.1);
	disc_rig_destroy(rig);
	rig = disc_rig_create("bd-25" NOMINAL, 1, DAMAGES("radial r=30..40 slope=0 width=6 rough=0.3"));
	double low = 9, high = 0;
	for (double r = 30.5; r < 39.5; r += 0.1) {
		double most = 0;
		uint64_t from = (uint64_t)spiral_at_radius(&rig->disc.spiral, 0, r) / 32;
		for (uint64_t i = from; i < from + 40; i++)
			most = x_of(disc_of(rig), i) > most ? x_of(disc_of(rig), i) : most;
		low = most < low ? most : low;
		high = most > high ? most : high;
	}
	assert_true(high > 1.5 * low);
	disc_rig_destroy(rig);
}

/* A scratch of two turns that winds along: it covers those turns whole, and once. */
static void winding_scratch(void **state)
{
	(void)state;
	struct disc_rig *rig =
		disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES("spiral r=40..40.1 length=503 width=0.05"));
	struct disc *disc = disc_of(rig);
	double whole = 16 * disc->spiral.medium->sector_mm / disc->spiral.medium->burst_mm;
	assert_true(max_x(disc) > 0.999 * whole && max_x(disc) < 1.001 * whole);
	double turns = (double)count_over(disc, 0.999 * whole) /
		       (spiral_sectors_per_turn(&disc->spiral, &(struct spiral_place){.r_mm = 40}) / 16);
	assert_true(turns > 0.49 / 0.74e-3 && turns < (0.49 + 0.05 + 0.1 + 0.02) / 0.74e-3);
	disc_rig_destroy(rig);
	/* Two hundred times around, on a layer that lies beside the hole: nothing counts twice there either. */
	rig = disc_rig_create("bd-25" FAULTY, 1, DAMAGES("spiral r=38..38.6 length=50000 width=0.02"));
	disc = disc_of(rig);
	whole = 32 * disc->spiral.medium->sector_mm / disc->spiral.medium->burst_mm;
	assert_true(max_x(disc) > 0.999 * whole && max_x(disc) < 1.003 * whole);
	disc_rig_destroy(rig);
}

static void star_has_arms(void **state)
{
	(void)state;
	struct disc_rig *rig = disc_rig_create(
		"bd-25" NOMINAL, 4, DAMAGES("star r=40 angle=0.5 count=6 length=10 width=3 taper=0"));
	struct disc *disc = disc_of(rig);
	double centre = 0;
	for (uint64_t i = 0; i < disc->block_count; i++) {
		struct spiral_place place = disc_rig_place(disc, i);
		double r, angle, off = place.r_mm - 40;
		spiral_surface(&disc->spiral, &place, &r, &angle);
		if (x_of(disc, i) > 0)
			assert_true(off < 30 && off > -30);
		centre = off < 1 && off > -1 && x_of(disc, i) > centre ? x_of(disc, i) : centre;
	}
	assert_true(centre > 0.7); /* several arms in one block */
	assert_true(count_over(disc, 0) > 1000);
	disc_rig_destroy(rig);
}

/* The servo was thrown off: what comes within the next turns is gone, too, now and then. */
static void servo_loss(void **state)
{
	(void)state;
	static const char *const servo[] = {"0", "3"};
	uint64_t hit[3];
	for (size_t i = 0; i < 3; i++) {
		char text[128];
		(void)snprintf(text, sizeof text,
			       "radial r=40..41 slope=0 width=8 rough=0 servo=%s servo_p=%s", servo[i > 0],
			       i == 2 ? "0.01" : "1");
		struct disc_rig *rig = disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES(text));
		hit[i] = count_over(disc_of(rig), 0.9);
		disc_rig_destroy(rig);
		/* A crossing that is over before the servo minds does nothing. */
		(void)snprintf(text, sizeof text, "radial r=40..41 slope=0 width=1 rough=0 servo=%s",
			       servo[i > 0]);
		rig = disc_rig_create("dvd-5" NOMINAL, 1, DAMAGES(text));
		assert_int_equal(count_over(disc_of(rig), 0.9), 0);
		disc_rig_destroy(rig);
	}
	/* 1 mm and the beam are 2000 turns of 3 blocks; all of them are gone, or three turns in every hundred. */
	assert_true(hit[1] > 2 * hit[0]);
	assert_true(hit[2] > hit[0] + hit[0] / 50 && hit[2] < hit[0] + hit[0] / 3);
}

static bool in_hole(const struct judged *s, double r, double angle)
{
	double off = turn_gap(angle, s->angle);
	double x = r * num_cos_turn(off) - s->r, y = r * num_sin_turn(off);
	double reach = s->width / 2 + s->beam; /* none, but for the ring's slack */
	return x * x + y * y <= reach * reach;
}

static void puncture_is_where_it_is(void **state)
{
	(void)state;
	for (size_t i = 2; i < MEDIA; i++) {
		char text[256];
		(void)snprintf(text, sizeof text, "%s" FAULTY, every_medium[i]);
		struct disc_rig *rig = disc_rig_create(text, 5, DAMAGES("puncture r=33 angle=0.9 width=2.5"));
		struct judged hole = {.r = 33, .angle = 0.9, .width = 2.5};
		judge(disc_of(rig), in_hole, &hole, 200);
		disc_rig_destroy(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gouge_is_where_it_is),
		cmocka_unit_test(gouge_fails_every_turn),
		cmocka_unit_test(arc_is_where_it_is),
		cmocka_unit_test(puncture_is_where_it_is),
		cmocka_unit_test(arc_against_the_burst_limit),
		cmocka_unit_test(bursts_are_split),
		cmocka_unit_test(inner_blocks_span_more),
		cmocka_unit_test(compact_disc),
		cmocka_unit_test(beam_widens),
		cmocka_unit_test(widths_change),
		cmocka_unit_test(winding_scratch),
		cmocka_unit_test(star_has_arms),
		cmocka_unit_test(servo_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
