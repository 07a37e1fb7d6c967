/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disc of disc.h: an image file or a pattern, its place on the spiral, and
 * lists of what is wrong. Damage by shapes is made in damage.c; no file is
 * opened here.
 */
#include "sim/disc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"
#include "core/geometry.h"
#include "sim/damage.h"
#include "sim/draw.h"

#define PROFILE_DVD_ROM 0x0010
#define DRAW_BURST 48u /* between what luck and what the drive draw for a block */

/* Tolerances of one disc (IEC 60908, ECMA-267, BD white paper; eccentricity and decentring are estimates). */
#define VELOCITY_TOLERANCE 0.03
#define PITCH_TOLERANCE 0.01
#define PITCH_TOLERANCE_CD 0.06
#define CHOSEN_MIN 0.9      /* nobody writes slower than this to get more on a disc */
#define R0_TOLERANCE_MM 0.2 /* inwards only */
#define ECCENTRIC_SIGMA_MM 0.02
#define ECCENTRIC_MAX_MM 0.06
#define DECENTRE_MAX_MM 0.1
#define LEAD_OUT_MM 0.3 /* a full disc may end so much further out than the nominal radius */
#define RIM_MM 59.5     /* there is no disc beyond: it ends at 60, and its edge is no track */

enum disc_draw { DRAW_VELOCITY = 64, DRAW_PITCH, DRAW_R0, DRAW_ECCENTRIC, DRAW_DECENTRE };

/* -1 .. 1 */
static double draw_both(uint64_t seed, enum disc_draw what)
{
	return 2 * num_uniform(draw(seed, 0, what)) - 1;
}

static double area(const struct spiral_params *p)
{
	const struct medium *m = p->medium;
	double sectors = p->sectors ? (double)p->sectors : (double)m->sectors / p->scale;
	return sectors * m->sector_mm * p->velocity * p->stretch * m->pitch_mm * p->pitch * p->scale / NUM_PI;
}

/* Around what the keys say. A burner or a plant chooses the velocity so that what is written fits. */
static void draw_geometry(struct spiral_params *p)
{
	bool cd = p->medium->family == FAMILY_CD;
	double off = num_normal(draw(p->seed, 0, DRAW_ECCENTRIC)) * ECCENTRIC_SIGMA_MM;
	off = off < 0 ? -off : off;
	p->velocity *= 1 + VELOCITY_TOLERANCE * draw_both(p->seed, DRAW_VELOCITY);
	p->pitch *= 1 + (cd ? PITCH_TOLERANCE_CD : PITCH_TOLERANCE) * draw_both(p->seed, DRAW_PITCH);
	p->r0_shift_mm -= R0_TOLERANCE_MM * num_uniform(draw(p->seed, 0, DRAW_R0));
	p->eccentric_mm += off < ECCENTRIC_MAX_MM ? off : ECCENTRIC_MAX_MM;
	p->decentre_mm += DECENTRE_MAX_MM * num_uniform(draw(p->seed, 0, DRAW_DECENTRE));
	double r0 = p->medium->r0_mm + p->r0_shift_mm, r1 = p->medium->r_out_mm + LEAD_OUT_MM;
	double room = (r1 * r1 - r0 * r0) / (area(p) / (double)p->medium->layers);
	room = room > CHOSEN_MIN ? room : CHOSEN_MIN;
	p->velocity *= room < 1 ? room : 1;
}

static int make_spiral(struct disc *disc, struct respin_error *error)
{
	const struct disc_params *params = &disc->scenario->disc;
	struct spiral_params p = {
		.medium = params->medium,
		.sectors = disc->sectors,
		.velocity = params->velocity,
		.pitch = params->pitch,
		.r0_shift_mm = params->r0_shift_mm,
		.stretch = params->stretch,
		.drift = params->drift,
		.pitch_walk = params->pitch_walk,
		.scale = params->scale,
		.eccentric_mm = params->eccentric_mm,
		.decentre_mm = params->decentre_mm,
		.seed = disc->scenario->seed,
	};
	if (params->drawn)
		draw_geometry(&p);
	spiral_init(&disc->spiral, &p);
	disc->sectors = disc->spiral.sectors;
	disc->has_geometry = true;
	struct spiral_place end;
	spiral_place(&disc->spiral, (double)disc->spiral.layers[0].count, &end);
	if (end.r_mm > RIM_MM)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "sim: %llu sectors do not fit: a %s would end at %.1f mm, and it has 60",
				 (unsigned long long)disc->sectors, params->medium->name, end.r_mm);
	return 0;
}

/* How many sectors: as asked for, as the image has, or as the medium holds (0). */
static int count_sectors(struct disc *disc, struct respin_error *error)
{
	const struct disc_params *params = &disc->scenario->disc;
	disc->sectors = params->size;
	if (disc->image.ops) {
		struct respin_source_info info = {.size = sizeof info};
		disc->image.ops->info(disc->image.self, &info);
		if (params->size > info.units)
			return error_set(error, RESPIN_E_INVALID, 0,
					 "sim: size=%llu, but the image has only %llu sectors",
					 (unsigned long long)params->size, (unsigned long long)info.units);
		if (!disc->sectors)
			disc->sectors = info.units;
	}
	if (!disc->sectors && !params->medium)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "sim: a disc needs a medium, image=FILE or size=SECTORS");
	return 0;
}

static int make_lists(struct disc *disc, struct respin_error *error)
{
	const struct disc_params *params = &disc->scenario->disc;
	const struct ranges *weak = &params->weak;
	disc->has_lists = params->bad.count || weak->count || params->marginal.count || params->blank.count ||
			  params->every;
	if (!weak->sectors)
		return 0;
	if (weak->items[weak->count - 1].last >= disc->sectors)
		return error_set(error, RESPIN_E_INVALID, 0, "sim: weak= lists sectors beyond the disc");
	disc->tries = calloc(weak->sectors, 1);
	return disc->tries ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for weak sectors");
}

int disc_init(struct disc *disc, const struct scenario *scenario, struct respin_source *image,
	      struct respin_error *error)
{
	const struct disc_params *params = &scenario->disc;
	*disc = (struct disc){.scenario = scenario, .image = *image, .profile = (uint16_t)params->profile};
	*image = (struct respin_source){0};
	if (!disc->profile)
		disc->profile = params->medium ? params->medium->profile : PROFILE_DVD_ROM;
	int code = count_sectors(disc, error);
	if (code == 0 && params->medium)
		code = make_spiral(disc, error);
	if (code < 0)
		return code;
	disc->ecc_block = params->medium ? params->medium->ecc_block
					 : geometry_ecc_block(disc->profile, 0, disc->sectors);
	disc->block_count = (disc->sectors + disc->ecc_block - 1) / disc->ecc_block;
	code = make_lists(disc, error);
	return code < 0 ? code : damage_build(disc, error);
}

void disc_finish(struct disc *disc)
{
	if (disc->image.ops)
		disc->image.ops->destroy(disc->image.self);
	free(disc->tries);
	free(disc->blocks);
	*disc = (struct disc){0};
}

/* DVD's rows are corrected one by one; the burst begins anywhere in the block. */
uint64_t disc_burst(const struct disc *disc, uint64_t block, uint64_t seed, uint64_t *begin)
{
	const struct medium *medium = disc->spiral.medium;
	uint64_t ecc = disc->ecc_block, len = ecc;
	double burst = (double)disc->blocks[block].x * medium->burst_mm / medium->sector_mm;
	if (burst < (double)ecc - 1)
		len = (uint64_t)burst + 1;
	*begin = block * ecc + draw(seed, block, DRAW_BURST) % (ecc - len + 1);
	return len;
}

int disc_clean(struct disc *disc)
{
	disc->cleanings++;
	return damage_build(disc, NULL);
}

/* A weak sector fails until its try number `tries`. */
static bool weak_fails(struct disc *disc, uint64_t sector)
{
	uint8_t *tries = &disc->tries[ranges_index(&disc->scenario->disc.weak, sector)];
	if (*tries < UINT8_MAX)
		++*tries;
	return *tries < disc->scenario->disc.tries;
}

/* The first failing sector of first .. last. */
static bool find_bad(struct disc *disc, uint64_t first, uint64_t last, uint64_t *found)
{
	const struct disc_params *params = &disc->scenario->disc;
	bool bad = ranges_find(&params->bad, first, last, found);
	uint64_t every = params->every;
	if (every) {
		uint64_t next = (first + every - 1 - every / 2) / every * every + every / 2;
		if (next <= last && (!bad || next < *found)) {
			*found = next;
			bad = true;
		}
	}
	uint64_t end = bad ? *found : last;
	uint64_t weak;
	while (disc->tries && first <= end && ranges_find(&params->weak, first, end, &weak)) {
		if (weak_fails(disc, weak)) {
			*found = weak;
			return true;
		}
		first = weak + 1;
	}
	return bad;
}

enum disc_condition disc_look(struct disc *disc, uint64_t start, uint64_t count, uint64_t *first)
{
	assert(count > 0 && start < disc->sectors && count <= disc->sectors - start);
	const struct disc_params *params = &disc->scenario->disc;
	uint64_t last = start + count - 1;
	uint64_t ecc = params->ecc ? disc->ecc_block : 1;
	uint64_t from = start - start % ecc, to = last - last % ecc + ecc - 1;
	uint64_t bad, blank;
	bool is_bad = find_bad(disc, from, to, &bad);
	bool is_blank = ranges_find(&params->blank, start, last, &blank);
	if (is_bad) {
		bad -= bad % ecc;
		bad = bad < start ? start : bad;
	}
	if (is_blank && (!is_bad || blank < bad)) {
		*first = blank;
		return DISC_BLANK;
	}
	if (is_bad) {
		*first = bad;
		return DISC_BAD;
	}
	return ranges_find(&params->marginal, start, last, first) ? DISC_MARGINAL : DISC_GOOD;
}

static void pattern(uint64_t seed, uint64_t sector, unsigned char *out)
{
	struct rng rng = {rng_mix(seed + 1) ^ rng_mix(sector + 1)};
	for (size_t i = 0; i < DISC_SECTOR; i += sizeof(uint64_t)) {
		uint64_t word = rng_next(&rng);
		memcpy(out + i, &word, sizeof word);
	}
}

bool disc_read(struct disc *disc, uint64_t start, uint64_t count, void *out)
{
	unsigned char *bytes = out;
	if (count == 0)
		return true;
	if (!disc->image.ops) {
		for (uint64_t i = 0; i < count; i++)
			pattern(disc->scenario->seed, start + i, bytes + i * DISC_SECTOR);
		return true;
	}
	struct respin_request request = {.range = {start, count}};
	struct respin_reply reply;
	memset(out, 0, count * DISC_SECTOR); /* a short last sector is filled up */
	disc->image.ops->read(disc->image.self, &request, out, &reply);
	return reply.reason == RESPIN_REASON_GOOD;
}
