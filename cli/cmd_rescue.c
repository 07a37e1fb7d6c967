/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin rescue, sweep, patch: one session from the command line to the last
 * words. Wires the parts together; what is read when is the library's business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <respin/ledger.h>
#include <respin/session.h>

#include "closing.h"
#include "commands.h"
#include "escape.h"
#include "on_done.h"
#include "options.h"
#include "quantity.h"
#include "record.h"
#include "say.h"
#include "stop.h"
#include "view.h"
#include "wanted.h"
#include "watcher.h"

/* How long a reader may take to make room for words: for one that is busy, not for one that is gone. */
#define ROOM_WAIT_MS 100

struct rescue {
	struct options options;
	struct view view;
	struct record log, events;
	struct respin_ledger *ledger; /* NULL: none */
	struct watcher *watcher;      /* NULL: nobody looks at the files */
	struct on_done done;
	char map[4096]; /* where the watcher finds it */
	char command_line[4096];
};

static void show_files(struct rescue *rescue, const struct watcher_counts *counts)
{
	const struct file_counts shown = {.watched = true,
					  .known = counts->known,
					  .whole = counts->whole,
					  .hit = counts->hit,
					  .untouched = counts->untouched,
					  .unknown = counts->unknown};
	view_files(&rescue->view, &shown);
}

static void on_watched(void *arg, const char *text)
{
	struct rescue *rescue = arg;
	if (!rescue->options.quiet)
		view_news(&rescue->view, "%s", text);
}

static enum respin_focus on_focus(void *arg, unsigned stage, struct respin_map **map)
{
	struct rescue *rescue = arg;
	return watcher_focus(rescue->watcher, stage, map);
}

static int on_progress(void *arg, const struct respin_snapshot *snapshot)
{
	struct rescue *rescue = arg;
	struct respin_error why = {0};
	view_suspend(&rescue->view);
	if (respin_ledger_progress(rescue->ledger, snapshot, &why) && !rescue->options.quiet)
		view_news(&rescue->view, "note: %s", why.text);
	struct watcher_counts counts;
	if (watcher_look(rescue->watcher, &counts))
		show_files(rescue, &counts);
	on_done_look(&rescue->done, snapshot);
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
	respin_ledger_event(rescue->ledger, event);
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
			      .log = on_log,
			      .focus = rescue->watcher && options->order != ORDER_PLAIN ? on_focus : NULL},
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

/* Is it a file, or will it be one? */
static bool will_be_file(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

/* Files can be looked at only where image and map can be read again meanwhile. 0, or the exit status. */
static int check_watched(struct rescue *rescue)
{
	const struct options *options = &rescue->options;
	bool files = will_be_file(options->image) && will_be_file(rescue->map);
	if (rescue->watcher && files) {
		show_files(rescue, &(struct watcher_counts){0});
		return 0;
	}
	watcher_end(rescue->watcher);
	rescue->watcher = NULL;
	if (options->order == ORDER_PLAIN)
		return 0;
	say("%s: %s; without --files-first, --only and --used-only it can be read in its order",
	    options->image,
	    files ? "no process can be started that looks at the files"
		  : "which files are on the disc can be seen only in an image that is a file");
	return STATUS_REFUSED;
}

/* Before any thread, and before there is anything that it must not hold. */
static void start_watcher(struct rescue *rescue)
{
	const struct options *options = &rescue->options;
	const struct watcher_job job = {.image = options->image,
					.map = rescue->map,
					.order = options->order,
					.pattern = options->pattern,
					.tell = on_watched,
					.arg = rescue};
	(void)snprintf(rescue->map, sizeof rescue->map, "%s%s", options->map ? options->map : options->image,
		       options->map ? "" : ".map");
	if (!options->quiet || options->order != ORDER_PLAIN)
		rescue->watcher = watcher_start(&job);
}

/* Beside an image that is a file, the history of how it came to be. The rescue does not depend on it. */
static void open_ledger(struct rescue *rescue)
{
	const struct options *options = &rescue->options;
	struct respin_error why = {0};
	struct stat image;
	char path[4096];
	if (options->no_ledger || stat(options->image, &image) < 0 || !S_ISREG(image.st_mode))
		return;
	(void)snprintf(path, sizeof path, "%s.ledger", options->image);
	if (respin_ledger_create(path, &rescue->ledger, &why) && !options->quiet)
		view_news(&rescue->view,
			  "note: no ledger beside the image, the rescue goes on without its history: %s",
			  why.text);
	const struct respin_ledger_run run = {.size = sizeof run,
					      .command_line = rescue->command_line,
					      .version = RESPIN_VERSION,
					      .source = &rescue->view.info};
	respin_ledger_begin(rescue->ledger, &run);
	if (options->note)
		respin_ledger_note(rescue->ledger, options->note);
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
	bool known;  /* there was memory for the snapshot */
	bool enough; /* it was to read some files and no more, and came to that end */
	struct watcher_counts files;
};

/* A run of some files is judged by them: what nobody reads is no loss, and a name that nobody can read is one. */
static void judge(struct rescue *rescue, struct ending *ending)
{
	if (ending->code < 0)
		return;
	ending->enough = watcher_said_enough(rescue->watcher);
	if (ending->enough)
		ending->code = !watcher_satisfied(rescue->watcher, &ending->files);
	struct watcher_counts counts;
	if (watcher_last_look(rescue->watcher, &counts))
		show_files(rescue, &counts);
}

/* Runs the session to its end and lets go of everything that it holds. */
static void run(struct rescue *rescue, struct respin_session *session, struct ending *ending)
{
	struct respin_summary summary = {.size = sizeof summary};
	stop_attach(session);
	view_steer(&rescue->view, session);
	rescue->view.domain = load_domain(&rescue->options);
	announce(rescue);
	/* Everything is open: from here on the process needs its directories and no more. */
	respin_session_confine(session, number_of("SUDO_UID"), number_of("SUDO_GID"));
	open_ledger(rescue);
	ending->code = respin_session_run(session, &summary, &ending->error);
	stop_attach(NULL);
	view_steer(&rescue->view, NULL);
	judge(rescue, ending);
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
	if (ending->known && ending->enough)
		wanted_words(&rescue->view, &ending->snapshot, &ending->files, ending->code == 0);
	else if (ending->known)
		closing_words(&rescue->view, &ending->snapshot, ending->code);
}

static void close_records(struct rescue *rescue)
{
	struct record *records[] = {&rescue->log, &rescue->events};
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		if (!record_close(records[i]))
			say("%s: %s; its last lines are missing", records[i]->path, strerror(errno));
}

/* Tells who does not look. Everything is closed by then. */
static void call(struct rescue *rescue, const struct ending *ending)
{
	const struct respin_stats *stats = &ending->snapshot.stats;
	const uint64_t unit_bytes = rescue->view.info.unit_bytes;
	const struct on_done_report report = {
		.status = ending->code < 0 ? respin_exit_status(ending->code) : ending->code,
		.image = rescue->options.image,
		.map = rescue->options.map,
		.saved_bytes = stats->finished * unit_bytes,
		.hoped_bytes = (stats->total - stats->finished - stats->bad) * unit_bytes,
		.lost_bytes = stats->bad * unit_bytes};
	on_done_end(&rescue->done, &report, ending->code == RESPIN_E_CANCELLED);
}

static void end_ledger(struct rescue *rescue, int code)
{
	respin_ledger_end(rescue->ledger, code);
	respin_ledger_destroy(rescue->ledger);
	rescue->ledger = NULL;
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
	status = check_watched(rescue);
	if (status)
		return status;
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
		call(rescue, &ending);
		end_ledger(rescue, code);
		_exit(STATUS_STOPPED);
	}
	end_ledger(rescue, code);
	view_finish(&rescue->view);
	close_records(rescue);
	respin_source_destroy(source);
	(void)fflush(NULL);
	call(rescue, &ending);
	return code < 0 ? respin_exit_status(code) : code;
}

int cmd_rescue(int argc, char **argv)
{
	struct rescue rescue = {0};
	join(rescue.command_line, sizeof rescue.command_line, argc, argv); /* before getopt_long sorts it */
	int status = options_parse(&rescue.options, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	const struct options *options = &rescue.options;
	status = on_done_start(&rescue.done, options->on_done, options->bell, options->notify);
	if (status)
		return status;
	start_watcher(&rescue);
	stop_install();
	struct respin_error error = {0};
	struct respin_source source = {0};
	int code = respin_source_open_apart(rescue.options.source, &source, &error);
	if (code < 0) {
		watcher_end(rescue.watcher);
		return say_failure(code, &error);
	}
	status = rescue_source(&rescue, &source);
	close_records(&rescue);
	respin_source_destroy(&source);
	watcher_end(rescue.watcher);
	on_done_end(&rescue.done, NULL, false);
	return status;
}
