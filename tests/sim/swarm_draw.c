/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the worlds of swarm.h. Everything comes from the seed; runs nothing. */
#include "swarm.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

/* What a world's drive may be like beside its preset; each is drawn or not. */
const char *const swarm_manners[] = {
	"prefetch_stall=0.3", "relock_ms=250",     "halo=4",
	"fail_cached=0.7",    "bucket_leaks=idle", "speed_cmd=ignored",
	"speed_cmd=late",     "info=zero",         "info=chunk",
	"info=none",          "resid=zero",        "rest=zero",
	"rest=stale",         "short=200",         "format=descriptor",
	"jitter_us=300",      "warm_margin=0.002", "wear=0.5",
	"wedge_at=4",         "gone_p=0.1",        "bridge_p=0.02",
	"lie_zero=0.01",      "lie_stale=0.01",    "lie_neighbour=0.01",
	"lie_short=0.01",     "recognise_p=0.5",   "partial_blocks=1",
	"standby_s=30",
};
const unsigned swarm_manner_count = sizeof swarm_manners / sizeof *swarm_manners;

/* Most rescues of a small disc take longer. */
#define LATEST_S 60

static const char *const list_names[] = {"bad", "weak", "marginal", "blank"};

enum family { CD, DVD, BD };
/* In the list of discs. */
#define FIRST_DVD 2u
#define FIRST_BD 5u

struct hat {
	struct rng rng;
	struct swarm_world *world;
	enum family family; /* of the disc */
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void say(struct hat *hat, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(hat->world->text + hat->len, sizeof hat->world->text - hat->len, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < sizeof hat->world->text - hat->len);
	hat->len += (size_t)n;
}

static uint64_t below(struct hat *hat, uint64_t n)
{
	return rng_below(&hat->rng, n);
}

static double between(struct hat *hat, double from, double to)
{
	return from + (to - from) * ((double)below(hat, 10001) / 10000);
}

/* A disc small enough to hold its bytes in memory twice, or a whole one without bytes. */
static void draw_disc(struct hat *hat)
{
	static const struct {
		const char *name;
		double scale; /* about 30,000 sectors */
	} discs[] = {{"cd-74", 11},  {"cd-80", 12},  {"dvd-5", 76},   {"dvd-9", 140},  {"dvd-9-ptp", 140},
		     {"bd-25", 400}, {"bd-50", 800}, {"bd-66", 1080}, {"bd-100", 1600}};
	struct swarm_world *world = hat->world;
	world->payload = below(hat, 3) != 0;
	unsigned which = (unsigned)below(hat, world->payload ? 9 : 6);
	hat->family = which < FIRST_DVD ? CD : which < FIRST_BD ? DVD : BD;
	say(hat, "title drawn by lot\nseed %llu\ndisc %s", (unsigned long long)world->seed,
	    discs[which].name);
	uint64_t sectors = hat->family == CD ? 330000 : 2000000;
	if (world->payload) {
		say(hat, " scale=%.0f", discs[which].scale);
		sectors = 20000;
	}
	if (below(hat, 3) == 0)
		say(hat, " drawn=1");
	for (unsigned i = 0; i < 4; i++) {
		if (below(hat, 5))
			continue;
		world->kinds[SWARM_LISTS + i] = true;
		uint64_t at = below(hat, sectors / 2);
		say(hat, " %s=%llu,%llu-%llu", list_names[i], (unsigned long long)at,
		    (unsigned long long)at + 40, (unsigned long long)at + 40 + below(hat, 200));
	}
	say(hat, "\n");
}

static void draw_drive(struct hat *hat)
{
	/* The later ones read no more than the discs of their time. */
	static const char *const presets[] = {"slim-usb-bd", "plain", "hh-sata-dvd", "old-cdrom"};
	static const unsigned readers[] = {[CD] = 4, [DVD] = 3, [BD] = 2};
	say(hat, "drive %s", presets[below(hat, readers[hat->family])]);
	/* A host adapter that carries little: a small disc then takes as many commands as a large one. */
	static const unsigned limits_kb[] = {16, 16, 32, 64};
	if (hat->world->payload)
		say(hat, " max_kb=%u", limits_kb[below(hat, sizeof limits_kb / sizeof *limits_kb)]);
	for (unsigned i = 0; i < swarm_manner_count; i++) {
		char key[32];
		if (below(hat, 6))
			continue;
		(void)snprintf(key, sizeof key, " %.*s=", (int)strcspn(swarm_manners[i], "="),
			       swarm_manners[i]);
		if (strstr(hat->world->text, key))
			continue; /* info= and others stand there in more than one value */
		hat->world->kinds[SWARM_MANNERS + i] = true;
		hat->world->lies = hat->world->lies || !strncmp(swarm_manners[i], "lie_", 4);
		say(hat, " %s", swarm_manners[i]);
	}
	say(hat, "\n");
}

static void draw_damage(struct hat *hat)
{
	for (unsigned kind = 0; kind < SHAPE_KINDS; kind++) {
		if (below(hat, 7))
			continue;
		const struct key_table *table = &shape_keys[kind];
		hat->world->kinds[SWARM_SHAPES + kind] = true;
		say(hat, "damage %s", shape_names[kind]);
		if (keys_find(table, "r")) {
			double r = between(hat, 25, 50);
			say(hat, " r=%.2f..%.2f", r, r + between(hat, 0.2, 4));
		}
		if (keys_find(table, "list"))
			say(hat, " list=%llu-%llu", (unsigned long long)below(hat, 9000),
			    (unsigned long long)(9000 + below(hat, 300)));
		say(hat, "\n");
	}
}

static void draw_faults(struct hat *hat)
{
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++) {
		if (below(hat, 7))
			continue;
		hat->world->kinds[SWARM_FAULTS + kind] = true;
		double at_s = hat->world->fault_at_s[kind] = between(hat, 1, LATEST_S);
		say(hat, "fault %s at=%.1fs", fault_names[kind], at_s);
		if (keys_find(&fault_keys[kind], "for"))
			say(hat, " for=%.1fs", between(hat, 1, 60));
		if (kind == FAULT_SWAP) {
			bool silent = below(hat, 2);
			hat->world->swaps = !hat->world->lies;
			hat->world->lies = true; /* two discs: what was delivered is the only truth */
			say(hat, " silent=%s", silent ? "yes" : "no");
		}
		say(hat, "\n");
	}
}

void swarm_draw(uint64_t seed, struct swarm_world *world)
{
	struct hat hat = {.rng = {rng_mix(seed) + 1}, .world = world};
	*world = (struct swarm_world){.seed = seed};
	draw_disc(&hat);
	draw_drive(&hat);
	draw_damage(&hat);
	draw_faults(&hat);
	if (world->payload && below(&hat, 3) == 0)
		world->cut_at = 1 + below(&hat, 400);
}

const char *swarm_kind_name(unsigned kind)
{
	if (kind < SWARM_FAULTS)
		return shape_names[kind - SWARM_SHAPES];
	if (kind < SWARM_LISTS)
		return fault_names[kind - SWARM_FAULTS];
	if (kind < SWARM_MANNERS)
		return list_names[kind - SWARM_LISTS];
	return kind - SWARM_MANNERS < swarm_manner_count ? swarm_manners[kind - SWARM_MANNERS] : NULL;
}
