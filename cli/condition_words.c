/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A condition report: a table of rings, what to expect, what to do. And the same as JSON. Decides nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <respin/map.h>

#include "commands.h"
#include "condition.h"
#include "escape.h"
#include "prose.h"
#include "quantity.h"
#include "quote.h"

#define COLUMNS 79u
#define BANDS 12u /* lines of the table: rings are too many to read */
#define RINGS_A_BAND (CONDITION_RINGS / BANDS)

static const char *const grades[] = {"unknown", "sound", "weak", "damaged", "ruined"};

struct where {
	struct respin_place first, last;
	bool known;
	uint64_t from, until; /* LBA */
};

static struct where place_of(const struct condition *condition, const struct respin_source_info *info,
			     unsigned ring, unsigned rings)
{
	struct where where = {.first.size = sizeof where.first, .last.size = sizeof where.last};
	uint64_t from = condition->blocks * ring / CONDITION_RINGS * condition->ecc_block;
	uint64_t until = condition->blocks * (ring + rings) / CONDITION_RINGS * condition->ecc_block;
	until = until > info->units ? info->units : until;
	where.from = from;
	where.until = until ? until - 1 : 0;
	where.known = respin_disc_place(info, where.from, &where.first) > 0 &&
		      respin_disc_place(info, where.until, &where.last) > 0;
	return where;
}

static struct quantity place_words(const struct where *where)
{
	struct quantity q;
	if (!where->known)
		(void)snprintf(q.text, sizeof q.text, "from sector %" PRIu64, where->from);
	else if (where->first.layers > 1)
		(void)snprintf(q.text, sizeof q.text, "layer %" PRIu32 ", %2" PRIu32 " to %2" PRIu32 " mm",
			       where->first.layer, where->first.radius_um / 1000,
			       where->last.radius_um / 1000);
	else
		(void)snprintf(q.text, sizeof q.text, "%2" PRIu32 " to %2" PRIu32 " mm",
			       where->first.radius_um / 1000, where->last.radius_um / 1000);
	return q;
}

static struct quantity ms(uint64_t ns)
{
	struct quantity q;
	if (ns < 10000000000u)
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " ms", (ns + 500000) / 1000000);
	else
		(void)snprintf(q.text, sizeof q.text, "%" PRIu64 " s", (ns + 500000000) / 1000000000);
	return q;
}

static struct quantity share(double part)
{
	struct quantity q;
	(void)snprintf(q.text, sizeof q.text, part > 0 && part < 0.0005 ? "%.2f %%" : "%.1f %%", 100 * part);
	return q;
}

static struct quantity span(double least_s, double most_s)
{
	struct quantity q;
	struct quantity least = quantity_duration((uint64_t)least_s),
			most = quantity_duration((uint64_t)most_s);
	if (!strcmp(least.text, most.text))
		return least;
	(void)snprintf(q.text, sizeof q.text, "%.28s to %.28s", least.text, most.text);
	return q;
}

static void add(struct condition_ring *sum, const struct condition_ring *ring)
{
	sum->probes += ring->probes;
	sum->good += ring->good;
	sum->recovered += ring->recovered;
	sum->slow += ring->slow;
	sum->failed += ring->failed;
	sum->blank += ring->blank;
	sum->locked += ring->locked;
	sum->beyond += ring->beyond;
	sum->latency_ns += ring->latency_ns;
	if (ring->worst_ns > sum->worst_ns)
		sum->worst_ns = ring->worst_ns;
}

static void print_table(const struct condition *condition, const struct respin_source_info *info)
{
	(void)printf("\n%-20s %5s %6s %4s %9s %6s %8s %8s\n", "where", "reads", "failed", "slow", "recovered",
		     "absent", "mean", "longest");
	for (unsigned band = 0; band < BANDS; band++) {
		struct condition_ring sum = {0};
		unsigned ring = band * RINGS_A_BAND;
		struct where where = place_of(condition, info, ring, RINGS_A_BAND);
		for (unsigned i = 0; i < RINGS_A_BAND; i++)
			add(&sum, &condition->rings[ring + i]);
		(void)printf("%-20s %5u %6u %4u %9u %6u %8s %8s\n", place_words(&where).text, sum.probes,
			     sum.failed, sum.slow, sum.recovered, sum.blank + sum.locked + sum.beyond,
			     sum.good ? ms(sum.latency_ns / sum.good).text : "-",
			     sum.good ? ms(sum.worst_ns).text : "-");
	}
	(void)printf("\n");
}

static void print_grade(const struct condition *condition, const struct respin_source_info *info,
			const struct condition_verdict *verdict)
{
	static const char *const heads[] = {
		"Unknown: too little could be asked.",
		"Sound: nothing failed.",
		"Weak: nothing failed, but much of it was hard to read.",
		"Damaged.",
		"Badly damaged.",
	};
	char where[160] = "";
	if (verdict->first_damaged >= 0) {
		struct where first = place_of(condition, info, (unsigned)verdict->first_damaged, 1);
		struct where last = place_of(condition, info, (unsigned)verdict->last_damaged, 1);
		(void)snprintf(where, sizeof where,
			       " Failures lie between sector %" PRIu64 " and %" PRIu64 ".", first.from,
			       last.until);
	}
	prose(stdout, COLUMNS,
	      "%s At a first read %s of the blocks fail; the disc's true share is between %s and %s (99 of a hundred "
	      "such reports are right in that).%s",
	      heads[verdict->grade], share(verdict->share).text, share(verdict->least).text,
	      share(verdict->most).text, where);
	const struct condition_ring *all = &condition->all;
	if (all->blank)
		prose(stdout, COLUMNS,
		      "%s not recorded as data, by the drive's word: blank, audio, or a gap between sessions.",
		      all->blank == 1 ? "One place is" : quantity_count(all->blank, "place").text);
	if (all->locked)
		prose(stdout, COLUMNS, "%s locked by a copy protection. That is no damage.",
		      all->locked == 1 ? "One place is" : quantity_count(all->locked, "place").text);
	if (all->beyond)
		prose(stdout, COLUMNS,
		      "%s behind the disc's end, by the drive's word: it claims a capacity that is not true.",
		      all->beyond == 1 ? "One place is" : quantity_count(all->beyond, "place").text);
	if (verdict->hard > 0)
		prose(stdout, COLUMNS, "Of what was read, %s was slow or recovered by the drive.",
		      share(verdict->hard).text);
	if (condition->again)
		prose(stdout, COLUMNS,
		      "Asked once more, %u of %u failed blocks were read. A failure takes %s.",
		      condition->again_good, condition->again, ms(verdict->failure_ns).text);
	if (condition->hung)
		prose(stdout, COLUMNS, "The drive hung: %s got no answer within 45 s.",
		      quantity_count(condition->hung, "read").text);
	if (condition->stuck)
		prose(stdout, COLUMNS, "When the time was over, the drive still sat in a read.");
	if (condition->wedged)
		prose(stdout, COLUMNS,
		      "The drive stopped reading even what it had read before. That is the drive's failure, not the "
		      "disc's, and was not counted.");
	if (condition->other_disc)
		prose(stdout, COLUMNS, "The disc was changed meanwhile; the report is of the first one.");
	if (condition->lost)
		prose(stdout, COLUMNS, "The drive went away before the end.");
}

static void print_times(const struct condition_verdict *verdict)
{
	if (verdict->clean_s <= 0) {
		prose(stdout, COLUMNS,
		      "How long it takes is unknown: no stretch of it could be read in a row.");
		return;
	}
	prose(stdout, COLUMNS,
	      "To expect: %s a second. Nine tenths of what can be read: %s. The whole rescue, every retry included: %s.",
	      quantity_bytes((uint64_t)verdict->bytes_s).text,
	      span(verdict->bulk_least_s, verdict->bulk_most_s).text,
	      span(verdict->whole_least_s, verdict->whole_most_s).text);
}

static const char *advice(const struct condition *condition, const struct condition_verdict *verdict)
{
	if (condition->lost || condition->wedged)
		return "Try another drive, or this one after it was switched off; then ask for the condition again.";
	switch (verdict->grade) {
	case CONDITION_SOUND:
		return "Start now: 'respin rescue' will do.";
	case CONDITION_WEAK:
		return "Start now, while it still reads. Another drive may find it easier.";
	case CONDITION_DAMAGED:
		return "Look at the disc in slanting light, clean it from the middle outwards, and start: 'respin rescue' takes what "
		       "is whole first. What then is missing may read in another drive; the map goes on with it.";
	case CONDITION_RUINED:
		return "Clean the disc from the middle outwards and ask again, in another drive too: the one with the smaller share "
		       "is the one to begin with. If the surface is flaking, begin at once, and do not rub it.";
	case CONDITION_UNKNOWN:
		break;
	}
	return "Clean the disc, try another drive, and ask again.";
}

int condition_print(const struct condition *condition, const struct respin_source_info *info)
{
	struct condition_verdict verdict;
	condition_judge(condition, &verdict);
	(void)printf("condition  %s of %s in %u rings, %s of drive time\n",
		     quantity_count(condition->all.probes, "read").text,
		     quantity_count(condition->ecc_block, "sector").text, CONDITION_RINGS,
		     quantity_duration(condition->spent_ns / 1000000000u).text);
	print_table(condition, info);
	print_grade(condition, info, &verdict);
	print_times(&verdict);
	prose(stdout, COLUMNS, "%s", advice(condition, &verdict));
	return verdict.grade == CONDITION_SOUND || verdict.grade == CONDITION_WEAK ? STATUS_WHOLE
										   : STATUS_MISSING;
}

/* ---- JSON ---- */

static void json_seconds(const char *name, double seconds)
{
	(void)printf(",\"%s\":%.1f", name, seconds);
}

static void json_counts(const struct condition_ring *ring)
{
	(void)printf(
		"\"reads\":%u,\"good\":%u,\"failed\":%u,\"slow\":%u,\"recovered\":%u,\"not_recorded\":%u,"
		"\"locked\":%u,\"behind_end\":%u,\"mean_ms\":%.1f,\"longest_ms\":%.1f",
		ring->probes, ring->good, ring->failed, ring->slow, ring->recovered, ring->blank,
		ring->locked, ring->beyond, ring->good ? (double)ring->latency_ns / ring->good / 1e6 : 0,
		(double)ring->worst_ns / 1e6);
}

static void json_ring(const struct condition *condition, const struct respin_source_info *info, unsigned i)
{
	struct where where = place_of(condition, info, i, 1);
	(void)printf("%s{\"first\":%" PRIu64 ",\"last\":%" PRIu64, i ? "," : "", where.from, where.until);
	if (where.known)
		(void)printf(",\"layer\":%" PRIu32 ",\"from_mm\":%.2f,\"to_mm\":%.2f", where.first.layer,
			     where.first.radius_um / 1000.0, where.last.radius_um / 1000.0);
	(void)printf(",");
	json_counts(&condition->rings[i]);
	(void)printf("}");
}

static void json_source(const struct respin_source_info *info)
{
	const struct {
		const char *name, *text;
	} texts[] = {{"address", info->address}, {"kind", info->kind},       {"medium", info->medium},
		     {"vendor", info->vendor},   {"product", info->product}, {"revision", info->revision}};
	(void)printf("{\"units\":%" PRIu64 ",\"unit_bytes\":%" PRIu32 ",\"ecc_block\":%" PRIu32, info->units,
		     info->unit_bytes, info->ecc_block);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		(void)printf(",\"%s\":", texts[i].name);
		quote_json(stdout, texts[i].text);
	}
	(void)printf("}");
}

int condition_json(const struct condition *condition, const struct respin_source_info *info)
{
	struct condition_verdict verdict;
	condition_judge(condition, &verdict);
	(void)printf("{\"schema\":\"respin-condition-1\",\"source\":");
	json_source(info);
	(void)printf(
		",\"grade\":\"%s\",\"share\":%.6f,\"share_least\":%.6f,\"share_most\":%.6f,\"hard\":%.6f",
		grades[verdict.grade], verdict.share, verdict.least, verdict.most, verdict.hard);
	(void)printf(",\"absent\":%.6f,\"absent_least\":%.6f,\"absent_most\":%.6f", verdict.absent,
		     verdict.absent_least, verdict.absent_most);
	(void)printf(",\"typical_ms\":%.1f,\"failure_ms\":%.1f,\"again\":%u,\"again_good\":%u,\"hung\":%u",
		     (double)verdict.typical_ns / 1e6, (double)verdict.failure_ns / 1e6, condition->again,
		     condition->again_good, condition->hung);
	(void)printf(",\"stuck\":%s,\"wedged\":%s,\"other_disc\":%s,\"lost\":%s",
		     condition->stuck ? "true" : "false", condition->wedged ? "true" : "false",
		     condition->other_disc ? "true" : "false", condition->lost ? "true" : "false");
	(void)printf(",\"bytes_per_second\":%.0f", verdict.bytes_s);
	json_seconds("drive_seconds", (double)condition->spent_ns / 1e9);
	json_seconds("clean_seconds", verdict.clean_s);
	json_seconds("bulk_seconds_least", verdict.bulk_least_s);
	json_seconds("bulk_seconds_most", verdict.bulk_most_s);
	json_seconds("whole_seconds_least", verdict.whole_least_s);
	json_seconds("whole_seconds_most", verdict.whole_most_s);
	(void)printf(",\"advice\":");
	quote_json(stdout, advice(condition, &verdict));
	(void)printf(",\"all\":{");
	json_counts(&condition->all);
	(void)printf("},\"rings\":[");
	for (unsigned i = 0; i < CONDITION_RINGS; i++)
		json_ring(condition, info, i);
	(void)printf("]}\n");
	return verdict.grade == CONDITION_SOUND || verdict.grade == CONDITION_WEAK ? STATUS_WHOLE
										   : STATUS_MISSING;
}
