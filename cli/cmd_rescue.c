/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin rescue, sweep, patch: one session from the command line to the last
 * words. Wires the parts together; what is read when is the library's business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/session.h>

#include "closing.h"
#include "commands.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "record.h"
#include "say.h"
#include "stop.h"
#include "view.h"

/* How long a reader may take to make room for words: for one that is busy, not for one that is gone. */
#define ROOM_WAIT_MS 100

struct rescue {
	struct options options;
	struct view view;
	struct record log, events;
	char command_line[4096];
};

static int on_progress(void *arg, const struct respin_snapshot *snapshot)
{
	struct rescue *rescue = arg;
	stop_suspend();
	view_show(&rescue->view, snapshot);
	return 0;
}

/* A file of lines that fails is given up and said once; the rescue is worth more. */
static void write_line(struct rescue *rescue, struct record *record, const char *line)
{
	if (!record_line(record, line))
		view_news(&rescue->view, "%s: %s; no more lines are written there, the rescue goes on",
			  record->path, strerror(errno));
}

static void on_event(void *arg, const struct respin_event *event)
{
	struct rescue *rescue = arg;
	view_event(&rescue->view, event);
	if (!rescue->events.file)
		return;
	char *line = respin_event_json(event);
	if (line)
		write_line(rescue, &rescue->events, line);
	free(line);
}

static void on_log(void *arg, const struct respin_log *log)
{
	struct rescue *rescue = arg;
	const struct options *options = &rescue->options;
	if (rescue->log.file) {
		char line[4096];
		record_format_log(log, line, sizeof line);
		write_line(rescue, &rescue->log, line);
	}
	/* An error is what the run ends with, and is said then. */
	unsigned most = options->verbose ? 3 : options->quiet ? 0 : 2;
	if (log->level < 1 || log->level > most)
		return;
	char place[32] = "";
	if (log->lba >= 0)
		(void)snprintf(place, sizeof place, "LBA %" PRId64 ": ", log->lba);
	view_news(&rescue->view, "%s%s%s%s%s%s%s", log->level == 1 ? "warning: " : "", place, log->what,
		  log->detail ? ": " : "", log->detail ? log->detail : "", log->sys_errno ? ": " : "",
		  log->sys_errno ? strerrordesc_np(log->sys_errno) : "");
}

static void join(char *line, size_t cap, int argc, char **argv)
{
	size_t used = (size_t)snprintf(line, cap, "respin");
	for (int i = 0; i < argc && used < cap; i++)
		used += (size_t)snprintf(line + used, cap - used, " %s", argv[i]);
}

/* What the picture leaves out. No message: the library has looked at the same file and did not mind. */
static struct respin_map *load_domain(const struct options *options)
{
	struct respin_map *domain = NULL;
	char beside[4096];
	(void)snprintf(beside, sizeof beside, "%s.domain", options->image);
	static const struct respin_map_options loose = {.size = sizeof loose, .loose = 1};
	(void)respin_map_load(options->domain ? options->domain : beside, &loose, &domain, NULL);
	return domain;
}

static int create(struct rescue *rescue, struct respin_source *source, struct respin_session **session,
		  struct respin_error *error)
{
	const struct options *options = &rescue->options;
	const struct respin_output_options output = {
		.size = sizeof output,
		.image = options->image,
		.map = options->map,
		.domain = options->domain,
		.command_line = rescue->command_line,
		.source_path = options->source_file[0] ? options->source_file : NULL,
		.force = options->force,
		.keep_bad = options->keep_bad,
		.space_wait_s = options->space_wait_s,
		.emergency_dir = options->emergency_dir,
	};
	const struct respin_session_options create_options = {
		.size = sizeof create_options,
		.mode = options->mode,
		.sources = source,
		.source_count = 1,
		.output = &output,
		.callbacks = {.size = sizeof create_options.callbacks,
			      .arg = rescue,
			      .progress = on_progress,
			      .event = on_event,
			      .log = on_log},
	};
	return respin_session_create(&create_options, session, error);
}

/* Where nothing is drawn, the first line says what was begun. */
static void announce(const struct rescue *rescue)
{
	const struct view *view = &rescue->view;
	const struct options *options = &rescue->options;
	const struct respin_source_info *info = &view->info;
	char raw[1024], line[ESCAPE_ROOM(sizeof raw)];
	if (options->quiet || view->screen.terminal || !view_has_room(view, ROOM_WAIT_MS))
		return;
	(void)snprintf(raw, sizeof raw, "%s of %s (%s, %s) to %s", options->command, options->source,
		       info->medium[0] ? info->medium : info->kind,
		       quantity_bytes(info->units * info->unit_bytes).text, options->image);
	(void)fprintf(view->out, "%s\n", escape_text(line, sizeof line, raw));
	(void)fflush(view->out);
}

/* Whom sudo runs us for. -1: nobody. */
static int64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t number;
	return text && quantity_parse(text, 0, INT32_MAX, &number) ? (int64_t)number : -1;
}

/* What is left of a session when it is no more. */
struct ending {
	int code; /* what respin_session_run returned */
	struct respin_error error;
	struct respin_snapshot snapshot;
	bool known; /* there was memory for the snapshot */
};

/* Runs the session to its end and lets go of everything that it holds. */
static void run(struct rescue *rescue, struct respin_session *session, struct ending *ending)
{
	struct respin_summary summary = {.size = sizeof summary};
	stop_attach(session);
	rescue->view.domain = load_domain(&rescue->options);
	announce(rescue);
	/* Everything is open: from here on the process needs its directories and no more. */
	respin_session_confine(session, number_of("SUDO_UID"), number_of("SUDO_GID"));
	ending->code = respin_session_run(session, &summary, &ending->error);
	stop_attach(NULL);
	ending->known = respin_session_snapshot(session, &ending->snapshot) == 0;
	/* Before any word: a reader that does not read must keep no lock and no file. */
	respin_session_destroy(session);
	stop_over(ending->code < 0 ? respin_exit_status(ending->code) : ending->code);
}

static void last_words(struct rescue *rescue, const struct ending *ending)
{
	/* Who has stopped the program wants it to end; who has not may read as slowly as he likes. */
	if (stop_wanted() && !view_has_room(&rescue->view, ROOM_WAIT_MS))
		return;
	view_clear(&rescue->view);
	if (ending->code < 0 && ending->code != RESPIN_E_CANCELLED)
		(void)say_failure(ending->code, &ending->error);
	if (ending->known)
		closing_words(&rescue->view, &ending->snapshot, ending->code);
}

static void close_records(struct rescue *rescue)
{
	struct record *records[] = {&rescue->log, &rescue->events};
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		if (!record_close(records[i]))
			say("%s: %s; its last lines are missing", records[i]->path, strerror(errno));
}

static int rescue_source(struct rescue *rescue, struct respin_source *source)
{
	struct respin_error error = {0};
	struct respin_session *session = NULL;
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(source, &info);
	int status = record_open(&rescue->log, rescue->options.log, &rescue->options);
	if (!status)
		status = record_open(&rescue->events, rescue->options.events, &rescue->options);
	if (status)
		return status;
	view_init(&rescue->view, rescue->events.file == stdout ? stderr : stdout, &rescue->options, &info);
	int code = create(rescue, source, &session, &error);
	if (code < 0) {
		view_clear(&rescue->view);
		return say_failure(code, &error);
	}
	struct ending ending = {.snapshot = {.size = sizeof ending.snapshot}};
	run(rescue, session, &ending);
	last_words(rescue, &ending);
	respin_snapshot_finish(&ending.snapshot);
	code = ending.code;
	if (code == RESPIN_E_CANCELLED) {
		/* All is saved. Nothing that is left to be tidied up may hold the exit. */
		close_records(rescue);
		(void)fflush(NULL);
		_exit(STATUS_STOPPED);
	}
	view_finish(&rescue->view);
	return code < 0 ? respin_exit_status(code) : code;
}

int cmd_rescue(int argc, char **argv)
{
	struct rescue rescue = {0};
	join(rescue.command_line, sizeof rescue.command_line, argc, argv); /* before getopt_long sorts it */
	int status = options_parse(&rescue.options, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	stop_install();
	struct respin_error error = {0};
	struct respin_source source = {0};
	int code = respin_source_open_apart(rescue.options.source, &source, &error);
	if (code < 0)
		return say_failure(code, &error);
	status = rescue_source(&rescue, &source);
	close_records(&rescue);
	respin_source_destroy(&source);
	return status;
}
