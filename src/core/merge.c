/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stretches, votes and likeness, see merge.h. */
#include "core/merge.h"

#include <assert.h>
#include <string.h>

/*
 * A drive that lies may spoil some sectors of an image, another disc differs
 * almost everywhere that is not empty: more than one in eight is another disc.
 */
#define DIFFERING_PART 8u
/* ECMA-119 8.1, 6.7.1.2: the first volume descriptor; ECMA-167 3/8.4.2.1: UDF's anchor. */
#define VOLUME_UNIT 16u
#define ANCHOR_UNIT 256u
#define VOLUME_MARK "\001CD001"
/* The least that settles a dispute. */
#define SETTLED_VOTES 2u

/* ---- stretches ---- */

/*
 * Of what nobody has: given up only if every voice gave it up; else as far as
 * anybody got. An image that never tried it leaves the hope that its drive might.
 */
static enum respin_status unfinished(const uint8_t *statuses, unsigned count, uint64_t own)
{
	bool all_bad = true;
	uint8_t most = RESPIN_NON_TRIED;
	for (unsigned i = 0; i < count; i++) {
		uint8_t status = statuses[i];
		if ((own >> i & 1) && status == RESPIN_NON_TRIED)
			continue; /* it has not got so far yet */
		if (status != RESPIN_BAD)
			all_bad = false;
		else
			status = RESPIN_NON_SCRAPED;
		if (status > most)
			most = status;
	}
	return all_bad ? RESPIN_BAD : (enum respin_status)most;
}

struct merge_stretch merge_look(const struct merge_voices *voices, uint64_t from, uint64_t max)
{
	struct merge_stretch stretch = {.range = {from, max}};
	uint8_t statuses[MERGE_VOICES_MAX];
	assert(voices->count >= 1 && voices->count <= MERGE_VOICES_MAX && max > 0);
	for (unsigned i = 0; i < voices->count; i++) {
		struct respin_extent run;
		bool found = map_find(voices->map[i], from, MASK_ALL, &run);
		assert(found && run.range.start == from);
		(void)found;
		statuses[i] = run.status;
		if (run.range.count < stretch.range.count)
			stretch.range.count = run.range.count;
		if (run.status == RESPIN_FINISHED)
			stretch.holders |= UINT64_C(1) << i;
	}
	stretch.status =
		stretch.holders ? RESPIN_FINISHED : (uint8_t)unfinished(statuses, voices->count, voices->own);
	return stretch;
}

/* ---- votes ---- */

static void sort_out(const unsigned char *const bytes[], size_t len, uint64_t holders,
		     struct merge_verdict *verdict)
{
	const unsigned char *first[MERGE_VOICES_MAX];
	verdict->version_count = 0;
	for (uint64_t left = holders; left; left &= left - 1) {
		unsigned voice = (unsigned)__builtin_ctzll(left), i = 0;
		while (i < verdict->version_count && memcmp(first[i], bytes[voice], len) != 0)
			i++;
		if (i == verdict->version_count) {
			first[i] = bytes[voice];
			verdict->versions[verdict->version_count++] = (struct merge_version){0};
		}
		verdict->versions[i].members |= UINT64_C(1) << voice;
	}
}

/* Copies of one image are one reading. */
static unsigned count_votes(const struct merge_voices *voices, uint64_t members)
{
	uint64_t families = 0;
	unsigned votes = 0;
	for (; members; members &= members - 1)
		families |= UINT64_C(1) << voices->family[__builtin_ctzll(members)];
	for (; families; families &= families - 1)
		votes++;
	return votes;
}

void merge_vote(const struct merge_voices *voices, const unsigned char *const bytes[], size_t len,
		uint64_t holders, enum merge_past past, struct merge_verdict *verdict)
{
	assert(holders);
	sort_out(bytes, len, holders, verdict);
	unsigned most = 0, ways = 0;
	/* Where a merge left it open, the output can only have its bytes from a reading since then. */
	uint64_t silent = past == MERGE_LEFT_OPEN ? 0 : voices->own;
	for (unsigned i = 0; i < verdict->version_count; i++) {
		struct merge_version *version = &verdict->versions[i];
		uint64_t others = version->members & ~silent;
		version->votes = others ? count_votes(voices, others) : 1;
		if (past == MERGE_WAS_SETTLED && version->members & voices->own &&
		    version->votes < SETTLED_VOTES)
			version->votes = SETTLED_VOTES;
		if (version->votes > most) {
			most = version->votes;
			ways = 0;
			verdict->winners = version->members;
		}
		ways += version->votes == most;
	}
	verdict->kind = verdict->version_count == 1 ? RESPIN_MERGE_AGREED : RESPIN_MERGE_SETTLED;
	if (ways > 1 ||
	    (past == MERGE_LEFT_OPEN && most < SETTLED_VOTES && !(verdict->winners & voices->own))) {
		verdict->kind = RESPIN_MERGE_OPEN;
		verdict->winners = 0;
	}
}

bool merge_same_verdict(const struct merge_verdict *a, const struct merge_verdict *b)
{
	if (a->kind != b->kind || a->winners != b->winners || a->version_count != b->version_count)
		return false;
	for (unsigned i = 0; i < a->version_count; i++)
		if (a->versions[i].members != b->versions[i].members)
			return false;
	return true;
}

/* ---- likeness ---- */

/* The next stretch that both have, from `from` on. */
static bool both_have(const struct respin_map *a, const struct respin_map *b, uint64_t from,
		      struct respin_range *range)
{
	struct respin_extent in_a, in_b;
	while (map_find(a, from, MASK(RESPIN_FINISHED), &in_a) &&
	       map_find(b, in_a.range.start, MASK(RESPIN_FINISHED), &in_b)) {
		uint64_t end_a = in_a.range.start + in_a.range.count;
		uint64_t end_b = in_b.range.start + in_b.range.count;
		from = in_b.range.start;
		if (from >= end_a)
			continue; /* b goes on behind this run of a */
		*range = (struct respin_range){from, (end_a < end_b ? end_a : end_b) - from};
		return true;
	}
	return false;
}

static bool has(const struct respin_map *map, uint64_t unit)
{
	return unit < map_total(map) && map_at(map, unit) == RESPIN_FINISHED;
}

/* k / n of the whole, rounded down; n is small. */
static uint64_t share(uint64_t whole, uint64_t k, uint64_t n)
{
	return whole / n * k + whole % n * k / n;
}

size_t merge_common(const struct respin_map *a, const struct respin_map *b, uint64_t *units, size_t max)
{
	static const uint64_t first[] = {VOLUME_UNIT, ANCHOR_UNIT};
	struct respin_range range;
	uint64_t total = 0, before = 0;
	size_t count = 0;
	for (size_t i = 0; i < sizeof first / sizeof *first && count < max; i++)
		if (has(a, first[i]) && has(b, first[i]))
			units[count++] = first[i];
	for (uint64_t from = 0; both_have(a, b, from, &range); from = range.start + range.count)
		total += range.count;
	uint64_t wanted = max - count, taken = 0;
	if (wanted > total)
		wanted = total;
	for (uint64_t from = 0; taken < wanted; from = range.start + range.count) {
		bool found = both_have(a, b, from, &range);
		assert(found); /* as many as were counted */
		for (uint64_t at; taken < wanted && (at = share(total, taken, wanted)) < before + range.count;
		     taken++)
			units[count++] = range.start + (at - before);
		before += range.count;
	}
	return count;
}

static bool is_uniform(const unsigned char *bytes, size_t len)
{
	return len < 2 || memcmp(bytes, bytes + 1, len - 1) == 0;
}

void merge_compare(struct merge_likeness *likeness, uint64_t unit, const unsigned char *a,
		   const unsigned char *b, size_t len)
{
	bool same = memcmp(a, b, len) == 0;
	size_t mark = sizeof VOLUME_MARK - 1;
	likeness->compared++;
	likeness->telling += !same || !is_uniform(a, len);
	likeness->differing += !same;
	if (unit == VOLUME_UNIT && !same && len > mark && !memcmp(a, VOLUME_MARK, mark) &&
	    !memcmp(b, VOLUME_MARK, mark))
		likeness->volumes_differ = 1;
}

enum merge_same merge_judge(const struct merge_likeness *likeness)
{
	if (likeness->volumes_differ || likeness->differing * DIFFERING_PART > likeness->telling)
		return MERGE_OTHER_DISC;
	return likeness->telling ? MERGE_SAME_DISC : MERGE_NOBODY_KNOWS;
}
