/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rescues argv[1] to argv[2], tells how far it is whenever a tenth more of the
 * disc is safe, and where the damage lies; a third word is a number of bad
 * areas at which it stops. What was read by then is saved, and the same command
 * goes on from there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <respin/respin.h>

struct watch {
	uint64_t told;      /* tenths */
	uint64_t bad_areas; /* stop at so many; 0: never */
};

/* About four times a second, from the thread in respin_session_run; once more at the end. */
static int progress(void *arg, const struct respin_snapshot *snapshot)
{
	struct watch *watch = arg;
	const struct respin_stats *stats = &snapshot->stats;
	uint64_t tenths = stats->total ? stats->finished * 10 / stats->total : 0;
	if (tenths > watch->told) {
		watch->told = tenths;
		(void)printf("%3" PRIu64 " %%, %" PRIu64 " bad areas\n", tenths * 10, stats->bad_areas);
	}
	return watch->bad_areas && stats->bad_areas >= watch->bad_areas; /* not 0: stop */
}

/* All that is not finished, in order: the counters and this list are of one moment. */
static void print_missing(struct respin_session *session)
{
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	if (respin_session_snapshot(session, &snapshot) < 0)
		return;
	for (uint64_t i = 0; i < snapshot.range_count; i++)
		(void)printf("%c sectors %" PRIu64 " to %" PRIu64 "\n",
			     respin_status_char((enum respin_status)snapshot.ranges[i].status),
			     snapshot.ranges[i].range.start,
			     snapshot.ranges[i].range.start + snapshot.ranges[i].range.count - 1);
	respin_snapshot_finish(&snapshot);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	struct watch watch = {.bad_areas = argc > 3 ? strtoull(argv[3], NULL, 10) : 0};
	struct respin_error error = {0};
	struct respin_source source = {0};
	struct respin_session *session = NULL;
	const struct respin_output_options output = {.size = sizeof output, .image = argv[2]};
	const struct respin_session_options options = {
		.size = sizeof options,
		.mode = RESPIN_MODE_RESCUE,
		.sources = &source,
		.source_count = 1,
		.output = &output,
		.callbacks = {.size = sizeof options.callbacks, .arg = &watch, .progress = progress}};
	struct respin_summary summary = {.size = sizeof summary};
	int code = respin_source_open(argv[1], &source, &error);
	if (code == 0)
		code = respin_session_create(&options, &session, &error);
	if (code == 0)
		code = respin_session_run(session, &summary, &error);
	if (session)
		print_missing(session);
	(void)printf("%s\n", code < 0 ? error.text : code ? "sectors are missing" : "everything is saved");
	respin_session_destroy(session);
	return code < 0 ? respin_exit_status(code) : code;
}
