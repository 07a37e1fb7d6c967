/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is it the same disc, the same image, the same map? Plays every scenario of
 * swaps.c and resumes.c to its end and holds it to three things: the exit
 * status, one clear line, and no byte that is called finished and is not the
 * right disc's; and those of keeps.c, which must not be refused. RESPIN_CASE:
 * one of them, by its number.
 */
#include <stdio.h>
#include <stdlib.h>

#include "stage.h"

struct sums {
	unsigned number, played, good;
	unsigned long long foreign;
};

static void judge(struct stage *stage, const struct scenario *scenario, bool refused, struct sums *sums)
{
	unsigned before = stage_failures;
	scenario->play(stage);
	uint64_t foreign = stage_foreign(stage);
	char why[600];
	if (stage->status != scenario->status && (!scenario->status2 || stage->status != scenario->status2)) {
		(void)snprintf(why, sizeof why, "exit status %d, not %d (%s)", stage->status,
			       scenario->status, stage->error.text);
		stage_fail(stage, why);
	}
	if (refused && stage->lines != 1) {
		(void)snprintf(why, sizeof why, "%u lines say why", stage->lines);
		stage_fail(stage, why);
	}
	if (foreign) {
		(void)snprintf(why, sizeof why, "%llu foreign bytes are called finished",
			       (unsigned long long)foreign);
		stage_fail(stage, why);
	}
	sums->foreign += foreign;
	sums->good += stage_failures == before;
	if (stage_failures != before)
		printf("REPLAY: RESPIN_CASE=%u ./check identity\n", sums->number);
}

static void play(const struct scenario *scenarios, bool refused, struct sums *sums)
{
	const char *only = getenv("RESPIN_CASE");
	for (const struct scenario *scenario = scenarios; scenario->name; scenario++) {
		struct stage stage;
		sums->number++;
		if (only && strtoul(only, NULL, 10) != sums->number)
			continue;
		stage_init(&stage, scenario->name);
		sums->played++;
		judge(&stage, scenario, refused, sums);
		if (only)
			printf("%s: exit status %d, %s\n", scenario->name, stage.status, stage.error.text);
		stage_finish(&stage);
	}
}

int main(void)
{
	struct sums wrong = {0}, same = {0};
	setvbuf(stdout, NULL, _IOLBF, 0);
	play(swaps, true, &wrong);
	play(resumes, true, &wrong);
	same.number = wrong.number;
	play(keeps, false, &same);
	printf("identity: %u of %u refused, %llu foreign bytes\n", wrong.good, wrong.played, wrong.foreign);
	printf("identity: %u of %u not refused, %llu foreign bytes\n", same.good, same.played, same.foreign);
	return stage_failures != 0 || wrong.played + same.played == 0;
}
