/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All the shapes of a scenario, drawn one after the other on one disc. What each does stands in damage_*.c. */
#include "sim/damage.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/draw.h"

#define KEY_SHAPES 0x7368617065u /* the lot of the shapes, apart from those of reads and geometry */

static damage_fn *const draws[SHAPE_KINDS] = {
	[SHAPE_RADIAL] = damage_radial,
	[SHAPE_ARC] = damage_arc,
	[SHAPE_SPIRAL] = damage_spiral,
	[SHAPE_STAR] = damage_star,
	[SHAPE_HAIRLINES] = damage_hairlines,
	[SHAPE_SMUDGE] = damage_smudge,
	[SHAPE_PINHOLES] = damage_pinholes,
	[SHAPE_PUNCTURE] = damage_puncture,
	[SHAPE_ROT] = damage_rot,
	[SHAPE_FADE] = damage_fade,
	[SHAPE_WARP] = damage_warp,
	[SHAPE_BADWRITE] = damage_badwrite,
	[SHAPE_LIST] = damage_list,
};

/* Blocks for the shapes, all sound; none where no shape needs them. */
static int make_blocks(struct disc *disc, struct respin_error *error)
{
	const struct scenario *scenario = disc->scenario;
	bool needed = false;
	for (unsigned i = 0; i < scenario->shape_count; i++) {
		enum shape_kind kind = scenario->shapes[i].kind;
		if (shape_has_place(kind) && !disc->has_geometry)
			return error_set(error, RESPIN_E_INVALID, 0,
					 "sim: damage '%s' needs a disc with a medium", shape_names[kind]);
		needed |= draws[kind] != NULL;
	}
	if (!needed)
		return 0;
	if (!disc->blocks)
		disc->blocks = calloc(disc->block_count, sizeof *disc->blocks);
	else
		memset(disc->blocks, 0, disc->block_count * sizeof *disc->blocks);
	return disc->blocks ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for damage");
}

/* The speed sensitivity of a block: of what obstructs it, the mean. */
static void settle(struct disc *disc)
{
	for (uint64_t i = 0; i < disc->block_count; i++)
		if (disc->blocks[i].x > 0)
			disc->blocks[i].alpha /= disc->blocks[i].x;
}

int damage_build(struct disc *disc, struct respin_error *error)
{
	const struct scenario *scenario = disc->scenario;
	struct canvas canvas;
	int code = make_blocks(disc, error);
	disc->leadin_x = 0;
	for (unsigned i = 0; i < scenario->shape_count; i++)
		if (scenario->shapes[i].kind == SHAPE_LEADIN)
			disc->leadin_x += scenario->shapes[i].depth;
	if (code < 0 || !disc->blocks)
		return code;
	bool failed = !canvas_init(&canvas, disc);
	for (unsigned i = 0; !failed && i < scenario->shape_count; i++) {
		const struct shape *shape = &scenario->shapes[i];
		if (draws[shape->kind])
			draws[shape->kind](&canvas, shape, draw(scenario->seed ^ KEY_SHAPES, i, shape->kind));
		failed = canvas.failed;
	}
	canvas_finish(&canvas);
	settle(disc);
	return failed ? error_set(error, RESPIN_E_NOMEM, 0, "no memory for damage") : 0;
}
