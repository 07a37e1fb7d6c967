/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The map and its counting against an array of letters: every change is made to
 * both, every question is put to both. Knows the tree by its answers alone.
 */
#include "fuzz.h"

#include "core/map.h"
#include "core/stats.h"

#define UNITS_MAX 4096u

static uint8_t letters[UNITS_MAX], wanted[UNITS_MAX];

struct pair {
	struct respin_map *map, *domain;
	uint64_t units;
	struct tally tally;
};

static bool fits(uint64_t unit, unsigned mask, bool in_domain)
{
	return MASK(letters[unit]) & mask && (!in_domain || wanted[unit] == RESPIN_FINISHED);
}

/* The run at or after `from`, by looking at every letter. */
static bool slow_find(const struct pair *pair, uint64_t from, unsigned mask, bool in_domain,
		      struct respin_extent *run)
{
	while (from < pair->units && !fits(from, mask, in_domain))
		from++;
	if (from >= pair->units)
		return false;
	*run = (struct respin_extent){{from, 1}, letters[from]};
	while (from + run->range.count < pair->units && letters[from + run->range.count] == run->status &&
	       fits(from + run->range.count, mask, in_domain))
		run->range.count++;
	return true;
}

static bool slow_find_back(const struct pair *pair, uint64_t before, unsigned mask, bool in_domain,
			   struct respin_extent *run)
{
	if (before > pair->units)
		before = pair->units;
	while (before > 0 && !fits(before - 1, mask, in_domain))
		before--;
	if (before == 0)
		return false;
	*run = (struct respin_extent){{before - 1, 1}, letters[before - 1]};
	while (run->range.start > 0 && letters[run->range.start - 1] == run->status &&
	       fits(run->range.start - 1, mask, in_domain)) {
		run->range.start--;
		run->range.count++;
	}
	return true;
}

static void same(bool found, bool expected, const struct respin_extent *a, const struct respin_extent *b)
{
	MUST(found == expected);
	MUST(!found || (a->range.start == b->range.start && a->range.count == b->range.count &&
			a->status == b->status));
}

static void ask(const struct pair *pair, struct fuzz_in *in)
{
	uint64_t at = fuzz_u16(in) % (pair->units + 2);
	uint8_t how = fuzz_u8(in);
	unsigned mask = how & MASK_ALL;
	struct respin_extent a = {0}, b = {0};
	same(map_find(pair->map, at, mask, &a), slow_find(pair, at, mask, false, &b), &a, &b);
	same(map_find_back(pair->map, at, mask, &a), slow_find_back(pair, at, mask, false, &b), &a, &b);
	const struct respin_map *domain = pair->domain;
	same(domain_find(pair->map, domain, at, mask, &a), slow_find(pair, at, mask, domain, &b), &a, &b);
	same(domain_find_back(pair->map, domain, at, mask, &a), slow_find_back(pair, at, mask, domain, &b),
	     &a, &b);
	if (at < pair->units)
		MUST(map_at(pair->map, at) == letters[at]);
}

static struct respin_range range_of(const struct pair *pair, struct fuzz_in *in)
{
	uint64_t start = fuzz_u16(in) % (pair->units + 1), count = fuzz_u8(in);
	if (count & 0x80)
		count = (count & 0x7f) * 32;
	return (struct respin_range){start, count < pair->units - start ? count : pair->units - start};
}

static bool outside(const struct pair *pair, struct respin_range range)
{
	for (uint64_t i = 0; pair->domain && i < range.count; i++)
		if (wanted[range.start + i] != RESPIN_FINISHED)
			return true;
	return false;
}

static void set(struct pair *pair, struct respin_range range, uint8_t status)
{
	if (outside(pair, range))
		return; /* nothing outside the domain ever changes */
	MUST(map_set(pair->map, range, (enum respin_status)status) == 0);
	memset(letters + range.start, status, range.count);
}

/* A span as the verdict would make it: what may not be is not asked for. */
static void apply(struct pair *pair, struct respin_range range, uint8_t how)
{
	static const uint8_t status_of[] = {RESPIN_FINISHED, RESPIN_NON_SCRAPED, RESPIN_NON_TRIMMED,
					    RESPIN_BAD, RESPIN_NON_TRIMMED};
	uint8_t kind = how % 5;
	struct respin_span span = {range, kind, status_of[kind], 0};
	bool keeps = kind == RESPIN_SPAN_RECOVERED || kind == RESPIN_SPAN_RETRACT;
	for (uint64_t i = 0; !keeps && i < range.count; i++)
		if (letters[range.start + i] == RESPIN_FINISHED)
			return;
	if (outside(pair, range))
		return;
	MUST(map_apply(pair->map, &span) == 0);
	memset(letters + range.start, span.status, range.count);
}

/* Many short runs at once: what makes a tree split and join. */
static void comb(struct pair *pair, struct respin_range range, uint8_t how)
{
	uint64_t step = 2 + (how >> 5);
	for (uint64_t at = range.start; at < range.start + range.count; at += step)
		set(pair, (struct respin_range){at, 1}, how % RESPIN_STATUSES);
}

static void replace_by_copy(struct pair *pair)
{
	struct respin_map *copy = map_copy(pair->map);
	MUST(copy && map_extents(copy) == map_extents(pair->map));
	map_destroy(pair->map);
	pair->map = copy;
}

static void check(const struct pair *pair)
{
	uint64_t count[RESPIN_STATUSES] = {0}, areas[RESPIN_STATUSES] = {0}, runs = 0, pos = 0;
	struct respin_stats stats, slow = {0};
	bool was_bad = false;
	for (uint64_t i = 0; i < pair->units; i++) {
		bool border = i == 0 || letters[i] != letters[i - 1];
		bool in = !pair->domain || wanted[i] == RESPIN_FINISHED;
		count[letters[i]]++;
		areas[letters[i]] += border;
		runs += border;
		slow.total += in;
		slow.finished += in && letters[i] == RESPIN_FINISHED;
		slow.non_tried += in && letters[i] == RESPIN_NON_TRIED;
		slow.bad += in && letters[i] == RESPIN_BAD;
		bool bad = in && letters[i] != RESPIN_FINISHED && letters[i] != RESPIN_NON_TRIED;
		slow.retryable += bad && letters[i] != RESPIN_BAD;
		slow.bad_areas += bad && (border || !was_bad);
		was_bad = bad;
	}
	for (unsigned i = 0; i < RESPIN_STATUSES; i++)
		MUST(count[i] == map_count(pair->map, (enum respin_status)i) &&
		     areas[i] == map_areas(pair->map, (enum respin_status)i));
	MUST(runs == map_extents(pair->map) && map_memory_bytes(pair->map) > 0);
	tally_stats(&pair->tally, pair->map, &stats);
	MUST(memcmp(&stats, &slow, sizeof stats) == 0);
	struct respin_extent run[7];
	for (size_t n; (n = map_runs(pair->map, pos, run, 7)) > 0;)
		for (size_t i = 0; i < n; i++) {
			MUST(run[i].range.start == pos);
			for (uint64_t k = 0; k < run[i].range.count; k++)
				MUST(letters[pos + k] == run[i].status);
			pos += run[i].range.count;
		}
	MUST(pos == pair->units);
}

static void begin(struct pair *pair, struct fuzz_in *in)
{
	static const uint64_t sizes[] = {16, 128, 128, 1024, 128, 16, 1024, UNITS_MAX};
	uint8_t how = fuzz_u8(in);
	pair->units = fuzz_u16(in) % (sizes[how >> 3 & 7] + 1);
	uint8_t status = (uint8_t)((how & 7) % RESPIN_STATUSES);
	pair->map = map_create(pair->units, (enum respin_status)status);
	memset(letters, status, pair->units);
	MUST(pair->map);
	if (!(how & 0x40))
		return;
	pair->domain = map_create(pair->units, RESPIN_NON_TRIED);
	MUST(pair->domain);
	memset(wanted, RESPIN_NON_TRIED, pair->units);
	for (unsigned i = how >> 7; i < 3; i++) {
		struct respin_range range = range_of(pair, in);
		MUST(map_set(pair->domain, range, RESPIN_FINISHED) == 0);
		memset(wanted + range.start, RESPIN_FINISHED, range.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = fuzz_in(data, size);
	struct pair pair = {0};
	begin(&pair, &in);
	tally_init(&pair.tally, pair.map, pair.domain);
	while (fuzz_left(&in)) {
		uint8_t op = fuzz_u8(&in);
		struct respin_range range = range_of(&pair, &in);
		switch (op & 7) {
		case 0:
		case 1:
			set(&pair, range, (uint8_t)(op >> 3) % RESPIN_STATUSES);
			break;
		case 2:
		case 3:
			apply(&pair, range, op >> 3);
			break;
		case 4:
			comb(&pair, range, op);
			break;
		case 5:
		case 6:
			ask(&pair, &in);
			break;
		default:
			replace_by_copy(&pair);
			break;
		}
	}
	check(&pair);
	map_destroy(pair.map);
	map_destroy(pair.domain);
	return 0;
}
