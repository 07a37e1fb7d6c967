/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Damage that is given by sectors and not by places: what a burner spoilt, and lists from the field. */
#include "sim/damage.h"

#include "base/num.h"
#include "sim/draw.h"

#define RUN_SIGMA 0.8 /* spread of the lengths of spoilt ranges, log-normal (estimate) */

enum range_draw { RANGE_AT, RANGE_LENGTH };

static void add_blocks(struct canvas *canvas, uint64_t first, uint64_t last, const struct shape *shape)
{
	last = last < canvas->disc->block_count ? last : canvas->disc->block_count - 1;
	for (; first <= last; first++)
		canvas_add(canvas, first, shape->depth, shape->alpha);
}

/* Two items in one block hit it once. */
void damage_list(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	(void)key;
	uint64_t size = canvas->disc->ecc_block, next = 0;
	for (size_t i = 0; i < shape->list.count; i++) {
		uint64_t first = shape->list.items[i].first / size, last = shape->list.items[i].last / size;
		add_blocks(canvas, first > next ? first : next, last, shape);
		next = last + 1;
	}
}

void damage_badwrite(struct canvas *canvas, const struct shape *shape, uint64_t key)
{
	if (shape->list.count) {
		damage_list(canvas, shape, key);
		return;
	}
	double end = (double)canvas->disc->sectors, from = shape->at.from, to = shape->at.to;
	from = from < end ? from : end;
	to = to < end ? to : end;
	for (uint64_t i = 0; i < shape->count; i++) {
		double at = from + (to - from) * num_uniform(draw(key, i, RANGE_AT));
		double blocks = num_lognormal(draw(key, i, RANGE_LENGTH), shape->length, RUN_SIGMA) + 0.5;
		uint64_t first = (uint64_t)at / canvas->disc->ecc_block;
		uint64_t count = blocks > 1 ? (uint64_t)blocks : 1;
		add_blocks(canvas, first, first + count - 1, shape);
	}
}
