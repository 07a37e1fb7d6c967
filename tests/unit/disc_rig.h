/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Discs for tests, made of the text of their keys: no scenario file, no parser,
 * no drive. A mistake in the text fails the test.
 */
#ifndef RESPIN_TEST_DISC_RIG_H
#define RESPIN_TEST_DISC_RIG_H

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sim/disc.h"

struct disc_rig {
	struct scenario scenario;
	struct disc disc;
};

static inline void disc_rig_keys(const struct key_table *table, void *into, char *pairs)
{
	char *save = NULL;
	for (char *pair = strtok_r(pairs, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
		struct respin_error error = {0};
		char *value = strchr(pair, '=');
		assert_non_null(value);
		*value++ = 0;
		const struct key *key = keys_find(table, pair);
		if (!key)
			fail_msg("no key of %s is called %s", table->name, pair);
		if (keys_set(key, into, value, &error) < 0)
			fail_msg("%s", error.text);
	}
}

/* One more damage: "radial width=8 r=30..42". */
static inline void disc_rig_damage(struct disc_rig *rig, const char *text)
{
	char copy[256];
	assert_true(strlen(text) < sizeof copy);
	memcpy(copy, text, strlen(text) + 1);
	size_t name = strcspn(copy, " ");
	char *rest = copy + name + (copy[name] != 0);
	copy[name] = 0;
	struct shape *shape = &rig->scenario.shapes[rig->scenario.shape_count++];
	for (unsigned kind = 0; kind < SHAPE_KINDS; kind++) {
		if (strcmp(shape_names[kind], copy))
			continue;
		*shape = (struct shape){.kind = (enum shape_kind)kind};
		keys_defaults(&shape_keys[kind], shape);
		disc_rig_keys(&shape_keys[kind], shape, rest);
		return;
	}
	fail_msg("no damage is called %s", copy);
}

/* "bd-25 drawn=0 drift=0", or "plain size=1000", and its damages, the last one NULL. Without the disc itself. */
static inline struct disc_rig *disc_rig_scenario(const char *disc, uint64_t seed, const char *const *damages)
{
	char copy[256];
	assert_true(strlen(disc) < sizeof copy);
	memcpy(copy, disc, strlen(disc) + 1);
	struct disc_rig *rig = calloc(1, sizeof *rig);
	assert_non_null(rig);
	size_t name = strcspn(copy, " ");
	char *rest = copy + name + (copy[name] != 0);
	copy[name] = 0;
	keys_defaults(&disc_keys, &rig->scenario.disc);
	rig->scenario.disc.medium = medium_find(copy);
	assert_true(rig->scenario.disc.medium || !strcmp(copy, "plain"));
	disc_rig_keys(&disc_keys, &rig->scenario.disc, rest);
	rig->scenario.seed = seed;
	for (; damages && *damages; damages++)
		disc_rig_damage(rig, *damages);
	return rig;
}

static inline struct disc_rig *disc_rig_create(const char *disc, uint64_t seed, const char *const *damages)
{
	struct disc_rig *rig = disc_rig_scenario(disc, seed, damages);
	struct respin_source none = {0};
	struct respin_error error = {0};
	if (disc_init(&rig->disc, &rig->scenario, &none, &error) < 0)
		fail_msg("%s", error.text);
	return rig;
}

static inline void disc_rig_destroy(struct disc_rig *rig)
{
	disc_finish(&rig->disc);
	keys_finish(&disc_keys, &rig->scenario.disc);
	for (unsigned i = 0; i < rig->scenario.shape_count; i++)
		keys_finish(&shape_keys[rig->scenario.shapes[i].kind], &rig->scenario.shapes[i]);
	free(rig);
}

#define DAMAGES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The middle of a block. */
static inline struct spiral_place disc_rig_place(const struct disc *disc, uint64_t block)
{
	struct spiral_place place;
	spiral_place(&disc->spiral, ((double)block + 0.5) * disc->ecc_block, &place);
	return place;
}

#define NOMINAL " drawn=0 drift=0 pitch_walk=0 "
/* A disc with all its faults: drift, eccentric, layers beside each other. */
#define FAULTY                                                                                               \
	" drawn=0 drift=0.006 pitch_walk=0.003 eccentric=0.08 decentre=0.1 velocity=1.01 r0_shift=-0.1 "

static const char *const every_medium[] = {"cd-74", "cd-80", "dvd-5", "dvd-9", "dvd-9-ptp",
					   "bd-25", "bd-50", "bd-66", "bd-100"};
#define MEDIA (sizeof every_medium / sizeof *every_medium)

static inline struct disc *disc_of(struct disc_rig *rig)
{
	return &rig->disc;
}

static inline double x_of(const struct disc *disc, uint64_t block)
{
	return (double)disc->blocks[block].x;
}

static inline double sum_x(const struct disc *disc)
{
	double sum = 0;
	for (uint64_t i = 0; i < disc->block_count; i++)
		sum += x_of(disc, i);
	return sum;
}

static inline uint64_t count_over(const struct disc *disc, double limit)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < disc->block_count; i++)
		count += x_of(disc, i) > limit;
	return count;
}

static inline double max_x(const struct disc *disc)
{
	double max = 0;
	for (uint64_t i = 0; i < disc->block_count; i++)
		max = x_of(disc, i) > max ? x_of(disc, i) : max;
	return max;
}

/* a - b in turns, -0.5 .. 0.5 */
static inline double turn_gap(double a, double b)
{
	double gap = a - b;
	return gap - num_floor(gap + 0.5);
}

static inline bool close_to(double a, double b, double by)
{
	return a > b - by && a < b + by;
}

#endif
