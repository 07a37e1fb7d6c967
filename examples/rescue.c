/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rescues argv[1] to argv[2] with librespin's public headers alone, and goes on
 * where it was left. No options and no signals: Ctrl-C is as safe as kill -9.
 */
#include <stdio.h>

#include <respin/respin.h>

static int progress(void *arg, const struct respin_snapshot *snapshot)
{
	(void)fprintf(arg, "\r%llu of %llu sectors", (unsigned long long)snapshot->stats.finished,
		      (unsigned long long)snapshot->stats.total);
	return 0; /* anything else would stop the rescue */
}

int main(int argc, char **argv)
{
	struct respin_error error = {0};
	struct respin_source source = {0};
	struct respin_session *session = NULL;
	struct respin_output_options output = {.size = sizeof output, .image = argc == 3 ? argv[2] : ""};
	struct respin_session_options options = {
		.size = sizeof options,
		.mode = RESPIN_MODE_RESCUE,
		.sources = &source,
		.source_count = 1,
		.output = &output,
		.callbacks = {.size = sizeof options.callbacks, .arg = stdout, .progress = progress}};
	struct respin_summary summary = {.size = sizeof summary};
	int code = respin_source_open(argc == 3 ? argv[1] : "", &source, &error);
	if (code == 0)
		code = respin_session_create(&options, &session, &error);
	if (code == 0)
		code = respin_session_run(session, &summary, &error);
	(void)printf("\n%s\n", code < 0 ? error.text : code ? "sectors are missing" : "everything is saved");
	respin_session_destroy(session);
	return code < 0 ? respin_exit_status(code) : code;
}
