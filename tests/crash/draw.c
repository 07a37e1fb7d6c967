/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workloads by lot: a disc of some units, an earlier state, a script of outcomes,
 * flushes and pauses, perhaps a fault. A seed draws the same workload until this
 * file changes.
 */
#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "explore.h"

#define UNITS_MIN 4u
#define UNITS_MORE 17u
#define STEPS_MIN 4u
#define STEPS_MORE 9u
#define CALLS_DRAWN 70u /* a fault strikes somewhere here; beyond the end it does not */

struct drawn {
	struct workload workload;
	char name[32], script[600], before[64], goal[CRASH_UNITS_MAX + 1], zeros[CRASH_UNITS_MAX + 1],
		domain[CRASH_UNITS_MAX + 1];
	bool recovered[CRASH_UNITS_MAX];
};

static bool chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

static void draw_disc(struct drawn *drawn, struct rng *rng)
{
	struct workload *workload = &drawn->workload;
	uint64_t units = UNITS_MIN + rng_below(rng, UNITS_MORE);
	for (uint64_t i = 0; i < units; i++) {
		drawn->goal[i] = chance(rng, 88) ? '+' : chance(rng, 50) ? '-' : '/';
		drawn->zeros[i] = chance(rng, 15) ? '0' : '+';
		drawn->domain[i] = chance(rng, 70) ? '+' : '?';
	}
	drawn->domain[rng_below(rng, units)] = '+';
	workload->unit_bytes = 64;
	workload->tail_bytes = chance(rng, 30) ? (uint32_t)(1 + rng_below(rng, 63)) : 0;
	workload->goal = drawn->goal;
	workload->zeros = drawn->zeros;
	workload->domain = chance(rng, 15) ? drawn->domain : NULL;
	workload->elsewhere = chance(rng, 12);
	workload->keep_bad = chance(rng, 25);
}

/* A letter for a unit that is not finished yet; inside the domain alone, as a planner would. */
static char letter_for(const struct drawn *drawn, uint64_t unit, struct rng *rng)
{
	if (drawn->goal[unit] == '+')
		return chance(rng, 70) ? '+' : chance(rng, 50) ? 'p' : '*';
	return chance(rng, 60) ? drawn->goal[unit] : '*';
}

static bool may_ask(const struct drawn *drawn, uint64_t unit)
{
	return drawn->goal[unit] && !drawn->recovered[unit] &&
	       (!drawn->workload.domain || drawn->domain[unit] == '+');
}

static size_t draw_put(struct drawn *drawn, struct rng *rng, char *text, size_t cap)
{
	uint64_t units = strlen(drawn->goal), start = rng_below(rng, units), tried = 0;
	while (!may_ask(drawn, start) && tried++ < units)
		start = (start + 1) % units;
	if (!may_ask(drawn, start))
		return 0;
	size_t len = (size_t)snprintf(text, cap, " %u:", (unsigned)start);
	uint64_t most = 1 + rng_below(rng, 6);
	for (uint64_t unit = start; unit < start + most && may_ask(drawn, unit); unit++) {
		text[len] = letter_for(drawn, unit, rng);
		drawn->recovered[unit] = text[len++] == '+';
	}
	text[len] = '\0';
	return len;
}

static size_t draw_retraction(struct drawn *drawn, struct rng *rng, char *text, size_t cap)
{
	uint64_t units = strlen(drawn->goal), unit = rng_below(rng, units);
	if (!drawn->recovered[unit])
		return 0;
	drawn->recovered[unit] = false;
	return (size_t)snprintf(text, cap, " %u:!", (unsigned)unit);
}

static void draw_script(struct drawn *drawn, struct rng *rng)
{
	uint64_t steps = STEPS_MIN + rng_below(rng, STEPS_MORE);
	char *text = drawn->script;
	size_t len = 0, cap = sizeof drawn->script;
	for (uint64_t i = 0; i < steps; i++) {
		len += draw_put(drawn, rng, text + len, cap - len);
		if (chance(rng, 12))
			len += draw_retraction(drawn, rng, text + len, cap - len);
		static const char *const words[] = {" F", " F", " T", " P", " B", " W", "", "", "", ""};
		len += (size_t)snprintf(text + len, cap - len, "%s", words[rng_below(rng, 10)]);
	}
	(void)snprintf(text + len, cap - len, chance(rng, 70) ? " E" : " e");
	memmove(text, text + 1, strlen(text)); /* the first blank */
}

static void draw_fault(struct crash_fault *fault, struct rng *rng)
{
	static const int results[] = {-EIO, -EIO, -EIO, -EIO, -ENOSPC, -EDQUOT, -EROFS, -ESTALE, 0, 7};
	*fault = (struct crash_fault){0};
	if (chance(rng, 40))
		return;
	fault->nth = (unsigned)(1 + rng_below(rng, CALLS_DRAWN));
	fault->result = results[rng_below(rng, sizeof results / sizeof *results)];
	/* One byte short for ever, or nothing for ever, is another matter: the disk is full. */
	fault->times = fault->result < 0 && chance(rng, 30) ? 1000 : 1 + (unsigned)rng_below(rng, 2);
	fault->partial_seed = chance(rng, 50) ? rng_next(rng) >> 32 : 0;
}

void crash_draw(uint64_t seed, struct crash_case *at)
{
	static struct drawn drawn;
	struct rng rng = {rng_mix(seed + 1)};
	drawn = (struct drawn){0};
	struct workload *workload = &drawn.workload;
	draw_disc(&drawn, &rng);
	switch (rng_below(&rng, 4)) {
	case 0: {
		size_t len = draw_put(&drawn, &rng, drawn.before, sizeof drawn.before - 4);
		if (len)
			memmove(drawn.before, drawn.before + 1, len);
		(void)snprintf(drawn.before + strlen(drawn.before), 4, "%se", len ? " " : "");
		workload->before = drawn.before;
		break;
	}
	case 1:
		workload->stale_bytes = (uint32_t)(1 + rng_below(&rng, 2000));
		workload->force = true;
		break;
	default:
		break;
	}
	draw_script(&drawn, &rng);
	(void)snprintf(drawn.name, sizeof drawn.name, "seed:%llu", (unsigned long long)seed);
	workload->name = drawn.name;
	workload->script = drawn.script;
	*at = (struct crash_case){workload, &crash_modes[rng_below(&rng, MODES)], {0}};
	draw_fault(&at->fault, &rng);
}
