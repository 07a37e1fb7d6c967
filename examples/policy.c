/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy of one's own, as far as what comes first goes: discs rot from the
 * outside in, so the outer third of argv[1] is saved to argv[2] before anything
 * else. How a range is read, and what becomes of damage, stays respin's. Prints
 * the order in which the thirds of the disc were begun.
 */
#include <inttypes.h>
#include <stdio.h>

#include <respin/respin.h>

struct plan {
	uint64_t units;
	uint32_t unit_bytes;
	unsigned begun; /* thirds of which something was read, as bits */
};

/*
 * Asked before the first read, and again when the last answer is done with. The
 * map counts bytes, and what is finished in it is what is wanted now; the session
 * takes it.
 */
static enum respin_focus focus(void *arg, unsigned stage, struct respin_map **map)
{
	const struct plan *plan = arg;
	const uint64_t from = (plan->units * 2 + 2) / 3;
	const struct respin_range all = {0, plan->units * plan->unit_bytes};
	const struct respin_range rim = {from * plan->unit_bytes, (plan->units - from) * plan->unit_bytes};
	if (stage > 0 || respin_map_create(all, map, NULL) < 0)
		return RESPIN_FOCUS_REST; /* what is left of the disc, in its order */
	if (respin_map_set(*map, rim, RESPIN_FINISHED) < 0) {
		respin_map_destroy(*map);
		return RESPIN_FOCUS_REST;
	}
	return RESPIN_FOCUS_ON;
}

static void event(void *arg, const struct respin_event *event)
{
	struct plan *plan = arg;
	if (event->kind != RESPIN_EVENT_REQUEST)
		return;
	unsigned third = (unsigned)(event->request->range.start * 3 / plan->units);
	if (plan->begun & 1u << third)
		return;
	plan->begun |= 1u << third;
	static const char *const names[] = {"inner", "middle", "outer"};
	(void)printf("%s third\n", names[third]);
}

int main(int argc, char **argv)
{
	struct respin_error error = {0};
	struct respin_source source = {0};
	struct respin_source_info info = {.size = sizeof info};
	struct respin_session *session = NULL;
	struct plan plan = {0};
	struct respin_output_options output = {.size = sizeof output, .image = argc == 3 ? argv[2] : ""};
	struct respin_session_options options = {
		.size = sizeof options,
		.mode = RESPIN_MODE_RESCUE,
		.sources = &source,
		.source_count = 1,
		.output = &output,
		.callbacks = {
			.size = sizeof options.callbacks, .arg = &plan, .event = event, .focus = focus}};
	struct respin_summary summary = {.size = sizeof summary};
	int code = respin_source_open(argc == 3 ? argv[1] : "", &source, &error);
	if (code == 0) {
		respin_source_info(&source, &info);
		plan.units = info.units;
		plan.unit_bytes = info.unit_bytes;
		code = respin_session_create(&options, &session, &error);
	}
	if (code == 0)
		code = respin_session_run(session, &summary, &error);
	(void)printf("%s\n", code < 0 ? error.text : code ? "sectors are missing" : "everything is saved");
	respin_session_destroy(session);
	return code < 0 ? respin_exit_status(code) : code;
}
