/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The live view, see view.h: when to draw, the keys, and the news. What stands
 * in the picture is in frame.c, how it gets onto the screen in paint.c.
 */
#include "view.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "keyboard.h"
#include "say.h"
#include "stop.h"

/* How often a line is worth reading where there is no terminal. */
#define LINE_EVERY_NS 5000000000u

static uint64_t clock_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void view_init(struct view *view, FILE *out, const struct options *options,
	       const struct respin_source_info *info)
{
	*view = (struct view){
		.out = out,
		.options = options,
		.info = *info,
		.line_ns = clock_ns(),
		.steer.no_drive = info->plain,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	screen_look(&view->screen, out);
}

void view_finish(struct view *view)
{
	respin_map_destroy(view->domain);
	view->domain = NULL;
	art_finish(&view->art);
	paint_finish(&view->paint);
}

void view_news(struct view *view, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)pthread_mutex_lock(&view->lock);
	if (view->news_count < NEWS_HELD)
		(void)vsnprintf(view->news[view->news_count++], sizeof *view->news, format, args);
	else
		view->news_lost++;
	(void)pthread_mutex_unlock(&view->lock);
	va_end(args);
}

/* Takes the news out under the lock and prints them outside of it. */
static void print_news(struct view *view)
{
	char news[NEWS_HELD][sizeof *view->news];
	(void)pthread_mutex_lock(&view->lock);
	unsigned count = view->news_count, lost = view->news_lost;
	memcpy(news, view->news, count * sizeof *news);
	view->news_count = view->news_lost = 0;
	(void)pthread_mutex_unlock(&view->lock);
	if (count)
		paint_erase(&view->paint, view->out);
	for (unsigned i = 0; i < count; i++)
		say("%s", news[i]);
	if (lost)
		say("and %u more of this kind; --log FILE keeps them all", lost);
}

void view_event(struct view *view, const struct respin_event *event)
{
	(void)pthread_mutex_lock(&view->lock);
	struct view_drive *drive = &view->drive;
	why_event(&view->why, &view->info, event);
	if (event->request) {
		drive->request = *event->request;
		drive->asked = drive->busy = true;
		drive->since_ns = clock_ns();
	} else if (event->outcome) {
		drive->busy = false;
		if (event->outcome->reply.reason != RESPIN_REASON_GOOD) {
			drive->trouble = *event->outcome;
			drive->in_trouble = true;
		}
	}
	(void)pthread_mutex_unlock(&view->lock);
}

void view_files(struct view *view, const struct file_counts *counts)
{
	(void)pthread_mutex_lock(&view->lock);
	view->files = *counts;
	(void)pthread_mutex_unlock(&view->lock);
}

void view_steer(struct view *view, struct respin_session *session)
{
	bool wanted = session && view->screen.terminal && !view->options->quiet;
	view->steer.session = session;
	if (wanted)
		keyboard_install();
	else
		keyboard_finish();
}

/* Without a picture nothing would tell what the keys do. */
static void heed_keys(struct view *view, const struct respin_snapshot *snapshot)
{
	if (!view->steer.session)
		return;
	for (char key; (key = keyboard_next());)
		steer_key(&view->steer, key, snapshot, clock_ns());
	view->steer.keys = keyboard_heard();
}

/* A moment of all that a picture shows. */
static struct frame_now moment(struct view *view, const struct respin_snapshot *snapshot)
{
	struct frame_now now = {.view = view, .snapshot = snapshot, .clock_ns = clock_ns()};
	(void)pthread_mutex_lock(&view->lock);
	now.drive = view->drive;
	now.why = view->why;
	now.files = view->files;
	(void)pthread_mutex_unlock(&view->lock);
	if (now.drive.busy && now.clock_ns > now.drive.since_ns)
		now.busy_ns = now.clock_ns - now.drive.since_ns;
	return now;
}

static void draw(struct view *view, const struct frame_now *now)
{
	char *text = NULL;
	size_t len = 0;
	FILE *frame = open_memstream(&text, &len);
	if (!frame)
		return;
	bool resized = screen_resize(&view->screen);
	/* After a suspension the shell has written below: begin anew there. After a change of size the
	 * terminal has wrapped the old picture its own way: only a clean screen is a known one. */
	if (stop_was_suspended())
		paint_forget(&view->paint);
	else if (resized && view->paint.text)
		view->wipe = true;
	frame_draw(now, &view->art, frame);
	if (fclose(frame) == 0 && paint_lines(&view->paint, view->out, text, view->wipe, now->clock_ns))
		view->wipe = false;
	free(text);
}

/* True also where poll fails: the write says why. */
static bool takes(int file, int wait_ms)
{
	struct pollfd room = {.fd = file, .events = POLLOUT};
	return poll(&room, 1, wait_ms) != 0;
}

/* A terminal that was halted (Ctrl-S) must not halt the rescue with it. */
bool view_has_room(const struct view *view, int wait_ms)
{
	return takes(view->screen.fd, wait_ms) && takes(STDERR_FILENO, wait_ms); /* there the news go */
}

void view_show(struct view *view, const struct respin_snapshot *snapshot)
{
	rate_note(&view->rate, snapshot);
	heed_keys(view, snapshot);
	if (!view_has_room(view, 0))
		return;
	print_news(view);
	if (view->options->quiet)
		return;
	struct frame_now now = moment(view, snapshot);
	if (view->screen.terminal) {
		draw(view, &now);
		return;
	}
	uint64_t clock = clock_ns();
	if (clock - view->line_ns < LINE_EVERY_NS)
		return;
	view->line_ns = clock;
	char line[512];
	frame_line(&now, line, sizeof line);
	(void)fprintf(view->out, "%s\n", line);
	(void)fflush(view->out);
}

void view_suspend(struct view *view)
{
	if (!stop_suspend_wanted())
		return;
	if (view->paint.text && takes(view->screen.fd, 0)) {
		(void)fputc('\n', view->out); /* the shell's words begin below */
		(void)fflush(view->out);
	}
	stop_suspend();
}

void view_clear(struct view *view)
{
	paint_erase(&view->paint, view->out);
	print_news(view);
}
