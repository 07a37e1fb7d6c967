/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The executor of tests and benches: everything in the caller's thread, lanes
 * in turn, time as the sources' clocks say. Commits come at phase changes.
 */
#include "engine/engine.h"
#include "engine/lane.h"

int engine_run_virtual(struct engine *engine, struct respin_summary *summary, struct respin_error *error)
{
	engine->direct = true;
	bool working = true;
	while (working) {
		working = false;
		for (unsigned i = 0; i < engine->lane_count; i++)
			working |= lane_step(engine->lanes[i]);
		if (atomic_load(&engine->cancelled)) {
			planner_stop(engine->planner, RESPIN_E_CANCELLED);
			queue_stop(&engine->queue);
		}
	}
	engine_conclude(engine);
	return engine_result(engine, summary, error);
}
