/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading again what has been read before, to compare: the samples of a resumed
 * run, and the canaries of a check, which follows every absence of the drive,
 * every row of quick failures and everything else that a change of disc could
 * hide behind. Nothing of it enters the image.
 */
#include "core/planner_private.h"

/*
 * So many agreeing blocks make a disc the same: after a sign the newest, which
 * is near, and the oldest; without one the oldest, which every look has seen,
 * and each time another one, since discs of one series begin alike.
 */
#define AGREE_ENOUGH 2u
/* One block differs: so many others must agree before it counts as a lie of the drive's. */
#define CLEARED_BY 2u
/* A marginal block may fail once; so many in a row say that nobody can tell today. */
#define UNREAD_MAX 3u
/* Where only one block is known it is tried twice: then the drive is not what it was. */
#define PROBE_TRIES 2u
/* The bit of a block whose bytes nobody knows. */
#define ANY_BLOCK 31u
#define KNOWN_MAX (1 + CANARIES + PLANNER_SAMPLES_MAX)
_Static_assert(KNOWN_MAX <= ANY_BLOCK, "one bit each");

bool canary_known(const struct planner *planner)
{
	for (unsigned i = 0; i < planner->sample_count; i++)
		if (planner->samples[i].hash)
			return true;
	return planner->newest.range.count > 0;
}

static bool same_place(const struct canary *a, const struct canary *b)
{
	return a->range.count && a->range.start == b->range.start;
}

/* The newest first; then those of this run from the oldest on; then the samples of an earlier one. */
static unsigned all_known(const struct planner *planner, struct canary known[KNOWN_MAX])
{
	unsigned count = 0;
	if (planner->newest.range.count)
		known[count++] = planner->newest;
	for (unsigned i = 0; i < planner->canary_count; i++)
		if (!same_place(&planner->canary[i], &planner->newest))
			known[count++] = planner->canary[i];
	for (unsigned i = 0; i < planner->sample_count; i++)
		if (planner->samples[i].hash)
			known[count++] = (struct canary){planner->samples[i].range, planner->samples[i].hash};
	return count;
}

unsigned planner_canaries(const struct planner *planner, struct planner_sample samples[PLANNER_SAMPLES_MAX])
{
	struct canary known[KNOWN_MAX];
	unsigned count = all_known(planner, known);
	count = count < PLANNER_SAMPLES_MAX ? count : PLANNER_SAMPLES_MAX;
	for (unsigned i = 0; i < count; i++)
		samples[i] = (struct planner_sample){known[i].range, known[i].hash};
	return count;
}

/* Nothing is known to compare with: any block that the map calls finished shows that the drive reads. */
static bool any_block(const struct planner *planner, struct canary *canary)
{
	struct respin_extent extent;
	if (!domain_find(planner->map, planner->domain, 0, MASK(RESPIN_FINISHED), &extent))
		return false;
	if (extent.range.count > planner->info.ecc_block)
		extent.range.count = planner->info.ecc_block ? planner->info.ecc_block : 1;
	*canary = (struct canary){.range = extent.range};
	return true;
}

/* One that was not asked for in this check: newest, oldest, then the others, each check beginning elsewhere. */
static bool choose_canary(const struct planner *planner, struct check *check)
{
	struct canary known[KNOWN_MAX];
	unsigned count = all_known(planner, known);
	for (unsigned i = 0; i < count; i++) {
		unsigned at = i < 2 ? i : 2 + (i - 2 + planner->checks) % (count - 2);
		if (check->asked & 1u << at)
			continue;
		check->asked |= 1u << at;
		check->now = known[at];
		return true;
	}
	if (count || check->asked & 1u << ANY_BLOCK || !any_block(planner, &check->now))
		return false;
	check->asked |= 1u << ANY_BLOCK;
	return true;
}

void check_demand(struct planner_lane *lane, bool strict)
{
	struct check *check = &lane->check;
	if (!check->due)
		*check = (struct check){.due = true, .strict = strict};
	if (!strict)
		return;
	/* What agreed before the drive was away says nothing of the disc that is in it now. */
	*check = (struct check){.due = true, .strict = true, .unread = check->unread};
}

void check_by_age(struct planner *planner, unsigned lane_index)
{
	struct check *check = &planner->lane[lane_index].check;
	check_demand(&planner->lane[lane_index], false);
	if (planner->canary_count > 1 && planner->newest.range.count)
		check->asked |= 1u;
}

static void forget(struct planner *planner, const struct canary *canary)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < planner->canary_count; i++)
		if (!same_place(&planner->canary[i], canary))
			planner->canary[kept++] = planner->canary[i];
	planner->canary_count = kept;
	for (unsigned i = 0; i < planner->sample_count; i++)
		if (planner->samples[i].range.start == canary->range.start)
			planner->samples[i].hash = 0;
	if (same_place(&planner->newest, canary))
		planner->newest = kept ? planner->canary[kept - 1] : (struct canary){0};
}

/*
 * A block that twice reads otherwise than once, on a disc that others prove to
 * be the same: the drive lied, then or now. What it gave first is in the image.
 */
static void caught_lying(struct planner *planner, const struct canary *canary)
{
	planner->lie = canary->range;
	forget(planner, canary);
}

static void conclude(struct planner *planner, unsigned lane_index, uint64_t now_ns)
{
	struct planner_lane *lane = &planner->lane[lane_index];
	struct check check = lane->check;
	lane->check = (struct check){0};
	planner->checks++;
	bool cleared = check.differ ? check.agreed >= CLEARED_BY : check.agreed > 0;
	if (check.differ > 1 || ((check.differ || check.suspect) && !cleared)) {
		identity_other(planner, lane_index);
		return;
	}
	if (check.differ)
		caught_lying(planner, &check.lie);
	/* The same failure would cost as much the next time, and there are others. */
	if (check.agreed && check.failed.range.count && planner->canary_count > AGREE_ENOUGH)
		forget(planner, &check.failed);
	if (check.agreed) {
		identity_same(planner, lane_index, now_ns);
		return;
	}
	if (check.strict && check.unread >= PROBE_TRIES && !check.read)
		planner_stop(planner, RESPIN_E_SOURCE);
	identity_unknown(planner, lane_index, now_ns);
}

/* Is there a question left? */
static bool goes_on(const struct check *check)
{
	if (check->doubt)
		return true;
	if (check->differ) /* who contradicts whom? Everything that is known is asked */
		return check->differ < 2;
	if (check->suspect && !check->agreed) /* one odd answer that never came again is no other disc yet */
		return true;
	return check->agreed < AGREE_ENOUGH && check->unread < UNREAD_MAX;
}

bool check_next(struct planner *planner, unsigned lane_index, uint64_t now_ns, struct policy_choice *choice,
		unsigned *flags)
{
	struct check *check = &planner->lane[lane_index].check;
	if (!check->due)
		return false;
	bool found = check->doubt || choose_canary(planner, check);
	if (!found && check->strict && check->unread && check->unread < PROBE_TRIES && !check->read) {
		check->asked = 0;
		found = choose_canary(planner, check);
	}
	if (!found) {
		conclude(planner, lane_index, now_ns);
		return false;
	}
	check->asking = true;
	*flags = RESPIN_READ_SAMPLE;
	if (check->doubt && !check->fua_fails)
		*flags |= RESPIN_READ_FUA; /* not the same mistake out of the drive's cache */
	if (check->again)
		*flags |= RESPIN_READ_AGAIN;
	check->again = false;
	*choice = (struct policy_choice){.range = check->now.range, .ecc_block = 1};
	return true;
}

static bool came_whole(const struct respin_outcome *outcome)
{
	const struct respin_span *span = &outcome->spans[0];
	return outcome->span_count == 1 &&
	       (span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL);
}

/* Bytes that were corrected with effort prove a disc, but they do not disprove it. */
static bool speaks_against(const struct respin_outcome *outcome)
{
	return outcome->spans[0].reason != RESPIN_REASON_RECOVERED;
}

static void canary_compare(struct check *check, const struct respin_outcome *outcome, uint64_t hash)
{
	uint64_t doubt = check->doubt;
	check->doubt = 0;
	if (!check->now.hash || !hash) {
		check->read++;
	} else if (hash == check->now.hash) {
		check->read++;
		check->agreed++;
	} else if (!speaks_against(outcome)) {
		check->unread++;
	} else if (!doubt) {
		check->doubt = hash; /* memory flips, and drives lie: once more before it is believed */
	} else if (hash == doubt) {
		check->read++;
		check->differ++;
		check->lie = check->now;
	} else {
		check->unread++; /* something else each time: this says nothing of the disc */
	}
}

static void canary_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash,
			uint64_t now_ns)
{
	unsigned lane_index = outcome->request.lane;
	struct planner_lane *lane = &planner->lane[lane_index];
	struct check *check = &lane->check;
	check->asking = false;
	if (came_whole(outcome)) {
		planner->alive = true;
		lane->fast_failures = 0;
		canary_compare(check, outcome, hash);
	} else if (check->doubt && outcome->reply.reason == RESPIN_REASON_REFUSED && !check->fua_fails) {
		check->fua_fails = true;
	} else {
		check->suspect |= check->doubt != 0;
		check->doubt = 0;
		check->unread++;
		check->failed = check->now;
	}
	if (!goes_on(check))
		conclude(planner, lane_index, now_ns);
}

/* Twice otherwise than the image has it: another disc, another image, or a storage that lies. */
static void sample_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash,
			uint64_t now_ns)
{
	unsigned lane_index = outcome->request.lane;
	struct planner_lane *lane = &planner->lane[lane_index];
	uint64_t expected = 0, doubt = lane->sample_doubt;
	lane->sample_doubt = 0;
	if (!came_whole(outcome))
		return; /* what was readable once and is not now says nothing against the disc */
	planner->alive = true;
	lane->fast_failures = 0;
	for (unsigned i = 0; i < planner->sample_count; i++)
		if (planner->samples[i].range.start == outcome->request.range.start)
			expected = planner->samples[i].hash;
	if (!expected || !hash || !speaks_against(outcome))
		return;
	if (hash == expected) {
		identity_same(planner, lane_index, now_ns);
	} else if (!doubt) {
		lane->sample_doubt = hash;
		lane->request = outcome->request;
		lane->again = true;
	} else if (hash == doubt) {
		identity_other(planner, lane_index);
	}
}

void probe_fold(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash, uint64_t now_ns)
{
	if (planner->lane[outcome->request.lane].check.asking)
		canary_fold(planner, outcome, hash, now_ns);
	else
		sample_fold(planner, outcome, hash, now_ns);
}

/* When all places are taken every second one is given up, and of what comes only half as much is taken. */
static void spread(struct planner *planner, const struct canary *canary)
{
	if (planner->canaries_seen++ % planner->canary_stride)
		return;
	if (planner->canary_count == CANARIES) {
		planner->canary_count = 0;
		for (unsigned i = 0; i < CANARIES; i += 2)
			planner->canary[planner->canary_count++] = planner->canary[i];
		planner->canary_stride *= 2;
	}
	planner->canary[planner->canary_count++] = *canary;
}

void canary_note(struct planner *planner, const struct respin_outcome *outcome, uint64_t hash)
{
	if (!hash || outcome->span_count != 1 || outcome->spans[0].kind != RESPIN_SPAN_RECOVERED)
		return;
	planner->newest = (struct canary){outcome->request.range, hash};
	spread(planner, &planner->newest);
}
