/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process that waits for the end of a rescue, see on_done.h. Whoever dies without a word starts nothing. */
#include "on_done.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "quantity.h"
#include "say.h"

/* What goes through the pipe: less than PIPE_BUF, so whole or not at all. */
struct news {
	enum { NEWS_NEED = 1, NEWS_DONE } kind;
	int status;
	uint64_t saved_bytes, hoped_bytes, lost_bytes;
	char image[1500], map[1500];
	char text[160];
};

static void put_number(const char *name, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof text, "%" PRIu64, number);
	(void)setenv(name, text, 1);
}

static void put_environment(const struct news *news)
{
	put_number("RESPIN_STATUS", (uint64_t)news->status);
	put_number("RESPIN_SAVED", news->saved_bytes);
	put_number("RESPIN_HOPED", news->hoped_bytes);
	put_number("RESPIN_LOST", news->lost_bytes);
	(void)setenv("RESPIN_IMAGE", news->image, 1);
	(void)setenv("RESPIN_MAP", news->map, 1);
}

/* Nobody to show it to, or no such program: then nobody is told. */
static void notify(const struct news *news)
{
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
			(void)dup2(null, fd);
		(void)execlp("notify-send", "notify-send", "--app-name=respin", "--icon=media-optical", "--",
			     "respin", news->text, (char *)NULL);
		_exit(STATUS_USAGE);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The signals that end the rescue are the rescue's business; the command gets them as they were, nohup's wish too. */
static void set_signals(bool deaf)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	static struct sigaction before[sizeof signals / sizeof *signals];
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		(void)sigaction(signals[i], deaf ? &ignore : &before[i], deaf ? &before[i] : NULL);
}

static _Noreturn void wait_for_news(int pipe, const char *command, bool notifies)
{
	struct news news;
	set_signals(true);
	for (ssize_t n; (n = read(pipe, &news, sizeof news)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof news)
			break;
		if (notifies)
			notify(&news);
		if (news.kind != NEWS_DONE)
			continue;
		if (!command)
			break;
		put_environment(&news);
		set_signals(false);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	_exit(0);
}

int on_done_start(struct on_done *done, const char *command, bool bell, bool notifies)
{
	int ends[2];
	*done = (struct on_done){.bell = bell, .pipe = -1, .child = -1};
	if (!command && !notifies)
		return 0;
	if (pipe2(ends, O_CLOEXEC) == 0) {
		(void)fflush(NULL);
		done->child = fork();
		if (done->child == 0) {
			(void)close(ends[1]);
			wait_for_news(ends[0], command, notifies);
		}
		(void)close(ends[0]);
		done->pipe = ends[1];
	}
	if (done->child > 0) {
		/* News on the way come from the thread that draws: they are dropped, not waited for. */
		if (done->pipe >= 0)
			(void)fcntl(done->pipe, F_SETFL, O_NONBLOCK);
		return 0;
	}
	say("no process can be started that waits for the end: %s; try without --on-done and --notify",
	    strerror(errno));
	return STATUS_REFUSED;
}

static void send_news(const struct on_done *done, const struct news *news)
{
	/* A reader that is gone is noticed by nobody: nothing depends on it. */
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	while (write(done->pipe, news, sizeof *news) < 0 && errno == EINTR)
		;
	(void)signal(SIGPIPE, before);
}

static void ring(const struct on_done *done)
{
	if (done->bell && isatty(STDERR_FILENO))
		(void)!write(STDERR_FILENO, "\a", 1);
}

void on_done_look(struct on_done *done, const struct respin_snapshot *snapshot)
{
	bool gone = snapshot->mood == RESPIN_MOOD_AWAY;
	bool needs = gone || snapshot->output_stuck_ms > 0;
	if (needs && !done->needed) {
		struct news news = {.kind = NEWS_NEED};
		(void)snprintf(news.text, sizeof news.text, "%s",
			       gone ? "The drive is gone. Plug it in again: the rescue goes on by itself."
				    : "The output takes nothing more. Is the disk full?");
		ring(done);
		if (done->pipe >= 0)
			send_news(done, &news);
	}
	done->needed = needs;
}

static void tell(const struct on_done *done, const struct on_done_report *report)
{
	struct news news = {.kind = NEWS_DONE,
			    .status = report->status,
			    .saved_bytes = report->saved_bytes,
			    .hoped_bytes = report->hoped_bytes,
			    .lost_bytes = report->lost_bytes};
	(void)snprintf(news.image, sizeof news.image, "%s", report->image);
	(void)snprintf(news.map, sizeof news.map, "%s%s", report->map ? report->map : report->image,
		       report->map ? "" : ".map");
	uint64_t missing = report->hoped_bytes + report->lost_bytes;
	if (report->status > STATUS_MISSING)
		(void)snprintf(news.text, sizeof news.text, "The rescue has stopped (status %d), %s saved.",
			       report->status, quantity_bytes(report->saved_bytes).text);
	else
		(void)snprintf(news.text, sizeof news.text, "The rescue has ended: %s saved, %s missing.",
			       quantity_bytes(report->saved_bytes).text, quantity_bytes(missing).text);
	send_news(done, &news);
}

void on_done_end(struct on_done *done, const struct on_done_report *report, bool leave)
{
	if (report)
		ring(done);
	if (done->pipe < 0)
		return;
	if (!leave)
		(void)fcntl(done->pipe, F_SETFL, 0);
	if (report)
		tell(done, report);
	(void)close(done->pipe);
	done->pipe = -1;
	while (!leave && waitpid(done->child, NULL, 0) < 0 && errno == EINTR)
		;
}
