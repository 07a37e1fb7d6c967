/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The spiral as a chain of zones, each exactly Archimedean: with sectors of
 * length L on a track of pitch p, r^2 = r0^2 + n L p / pi and turn = (r - r0) / p.
 * A place costs one guess of the zone and one square root. Layers share the
 * zones: position in a layer is counted in sectors from its inner end.
 */
#include "core/spiral.h"

#include <assert.h>

#include "base/num.h"
#include "base/rng.h"

enum draw { DRAW_VELOCITY = 1, DRAW_PITCH, DRAW_ANGLE, DRAW_ECCENTRIC, DRAW_DECENTRE };

static double draw(uint64_t seed, enum draw what, unsigned which)
{
	return num_uniform(rng_mix(rng_mix(seed ^ 0x737069726c616cu) + what * UINT64_C(64) + which));
}

/* A smooth wandering between -1 and 1 over the disc, u = 0..1 from the inside: one slow wave and one faster. */
static double wander(uint64_t seed, enum draw what, double u)
{
	return (2 * num_sin_turn(u + draw(seed, what, 0)) + num_sin_turn(3 * u + draw(seed, what, 1))) / 3;
}

static void fill_layers(struct spiral *spiral, const struct spiral_params *params)
{
	const struct medium *medium = params->medium;
	uint64_t block = medium->ecc_block, blocks = (spiral->sectors + block - 1) / block, first = 0;
	uint64_t share = (blocks + medium->layers - 1) / medium->layers * block;
	for (unsigned i = 0; i < medium->layers; i++) {
		struct spiral_layer *layer = &spiral->layers[i];
		uint64_t left = spiral->sectors - first;
		layer->first = first;
		layer->count = left < share ? left : share;
		layer->inward = medium->opposite && i % 2 == 1;
		layer->angle = i ? draw(params->seed, DRAW_ANGLE, i) : 0;
		double to = draw(params->seed, DRAW_ECCENTRIC, i);
		layer->x_mm = params->eccentric_mm * num_cos_turn(to);
		layer->y_mm = params->eccentric_mm * num_sin_turn(to);
		if (i) {
			to = draw(params->seed, DRAW_DECENTRE, i);
			layer->x_mm += params->decentre_mm * num_cos_turn(to);
			layer->y_mm += params->decentre_mm * num_sin_turn(to);
		}
		first += layer->count;
	}
}

static double zone_radius(const struct spiral_zone *zone, double sectors)
{
	return num_sqrt(zone->r_mm * zone->r_mm + sectors * zone->area);
}

static void fill_zones(struct spiral *spiral, const struct spiral_params *params)
{
	const struct medium *medium = params->medium;
	double length = medium->sector_mm * params->velocity * params->stretch;
	double pitch = medium->pitch_mm * params->pitch * params->scale;
	double width =
		(double)spiral->layers[0].count / SPIRAL_ZONES; /* sectors; the first layer is the fullest */
	double r = medium->r0_mm + params->r0_shift_mm, turn = 0;
	assert(length > 0 && pitch > 0 && r > 0);

	spiral->zone_count = SPIRAL_ZONES;
	spiral->zones_per_sector = 1 / width;
	for (unsigned i = 0; i < SPIRAL_ZONES; i++) {
		struct spiral_zone *zone = &spiral->zones[i];
		double u = (i + 0.5) / SPIRAL_ZONES;
		*zone = (struct spiral_zone){
			.first = i * width,
			.r_mm = r,
			.turn = turn,
			.sector_mm = length * (1 + params->drift * wander(params->seed, DRAW_VELOCITY, u)),
			.pitch_mm = pitch * (1 + params->pitch_walk * wander(params->seed, DRAW_PITCH, u)),
		};
		zone->area = zone->sector_mm * zone->pitch_mm / NUM_PI;
		r = zone_radius(zone, width);
		turn += (r - zone->r_mm) / zone->pitch_mm;
	}
	spiral->turns = turn;
}

/* Of a full disc, or a full one made smaller: whole ECC blocks, as many on each layer. */
static uint64_t full_disc(const struct medium *medium, double scale)
{
	uint64_t step = (uint64_t)medium->ecc_block * medium->layers;
	uint64_t steps = (uint64_t)((double)medium->sectors / scale) / step;
	return steps ? steps * step : step;
}

void spiral_init(struct spiral *spiral, const struct spiral_params *params)
{
	const struct medium *medium = params->medium;
	assert(medium->layers >= 1 && medium->layers <= SPIRAL_LAYERS_MAX);
	assert(params->scale > 0);
	*spiral = (struct spiral){
		.medium = medium,
		.sectors = params->sectors ? params->sectors : full_disc(medium, params->scale),
		.layer_count = medium->layers,
	};
	fill_layers(spiral, params);
	fill_zones(spiral, params);
}

/* `n` sectors from the inner end. Rounding may put the guess one zone off at a border, where either will do. */
static const struct spiral_zone *zone_of(const struct spiral *spiral, double n)
{
	double guess = n * spiral->zones_per_sector;
	unsigned i = guess > 0 ? (unsigned)guess : 0;
	return &spiral->zones[i < spiral->zone_count ? i : spiral->zone_count - 1];
}

/* Radius and turn, counted from the inner end. */
static double inner_place(const struct spiral *spiral, double n, double *r)
{
	const struct spiral_zone *zone = zone_of(spiral, n);
	*r = zone_radius(zone, n - zone->first);
	return zone->turn + (*r - zone->r_mm) / zone->pitch_mm;
}

/* Inward layers begin where the first layer ended: sector m lies under sector N0 - 1 - m. */
static double turned(const struct spiral *spiral, double n)
{
	return (double)spiral->layers[0].count - n;
}

void spiral_place(const struct spiral *spiral, double sector, struct spiral_place *place)
{
	unsigned i = spiral->layer_count - 1;
	while (i > 0 && sector < (double)spiral->layers[i].first)
		i--;
	const struct spiral_layer *layer = &spiral->layers[i];
	double n = sector - (double)layer->first;
	place->layer = i;
	if (layer->inward)
		place->turn = spiral->turns - inner_place(spiral, turned(spiral, n), &place->r_mm);
	else
		place->turn = inner_place(spiral, n, &place->r_mm);
}

/* Back from n sectors from the inner end to a sector of the disc, kept within the layer. */
static double layer_sector(const struct spiral *spiral, const struct spiral_layer *layer, double n)
{
	n = layer->inward ? turned(spiral, n) : n;
	n = n > 0 ? n : 0;
	double count = (double)layer->count;
	return (double)layer->first + (n < count ? n : count);
}

/* The last zone that begins at or below a radius or, if that is 0, a turn; both grow outward. */
static const struct spiral_zone *zone_from(const struct spiral *spiral, double r, double turn)
{
	unsigned low = 0, high = spiral->zone_count;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		const struct spiral_zone *zone = &spiral->zones[middle];
		if (r > 0 ? zone->r_mm <= r : zone->turn <= turn)
			low = middle;
		else
			high = middle;
	}
	return &spiral->zones[low];
}

static double zone_sector(const struct spiral_zone *zone, double r)
{
	return zone->first + (r - zone->r_mm) * (r + zone->r_mm) / zone->area;
}

double spiral_at_radius(const struct spiral *spiral, unsigned layer, double r_mm)
{
	assert(layer < spiral->layer_count);
	r_mm = r_mm > spiral->zones[0].r_mm ? r_mm : spiral->zones[0].r_mm;
	return layer_sector(spiral, &spiral->layers[layer], zone_sector(zone_from(spiral, r_mm, 0), r_mm));
}

double spiral_at_turn(const struct spiral *spiral, unsigned layer, double turn)
{
	assert(layer < spiral->layer_count);
	if (spiral->layers[layer].inward)
		turn = spiral->turns - turn;
	turn = turn > 0 ? turn : 0;
	const struct spiral_zone *zone = zone_from(spiral, 0, turn);
	double r = zone->r_mm + (turn - zone->turn) * zone->pitch_mm;
	return layer_sector(spiral, &spiral->layers[layer], zone_sector(zone, r));
}

void spiral_surface(const struct spiral *spiral, const struct spiral_place *place, double *r_mm,
		    double *angle)
{
	const struct spiral_layer *layer = &spiral->layers[place->layer];
	double turn = place->turn + layer->angle, x = layer->x_mm, y = layer->y_mm;
	*r_mm = place->r_mm;
	if (x != 0 || y != 0) {
		double cosine = num_cos_turn(turn), sine = num_sin_turn(turn);
		double along = place->r_mm + x * cosine + y * sine, across = y * cosine - x * sine;
		/* the offset is below 1 % of the radius: four terms of the arc tangent are exact */
		double t = across / along, t2 = t * t;
		*r_mm = num_sqrt(along * along + across * across);
		turn += t * (1 + t2 * (-1.0 / 3 + t2 * (1.0 / 5 - t2 / 7))) / (2 * NUM_PI);
	}
	*angle = turn - num_floor(turn);
}

double spiral_sectors_per_turn(const struct spiral *spiral, const struct spiral_place *place)
{
	return 2 * NUM_PI * place->r_mm / zone_from(spiral, place->r_mm, 0)->sector_mm;
}
