/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rescue's side of a watcher, see watcher.h: asks, waits no longer than it
 * said, and believes nothing unchecked. What comes first, stage by stage, is
 * decided here; which bytes that are, by the other side.
 */
#include "watcher.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"
#include "quantity.h"
#include "stop.h"
#include "watcher_wire.h"

/* Files do not change faster than a person looks; and nobody shall notice what the looking costs. */
#define LOOK_EVERY_MS 3000u
#define LOOK_SHARE 100u /* of the time: one part in so many */
/* While somebody waits for it, a wish to stop is seen so soon. */
#define POLL_MS 50
/* The last words wait no longer for the last figures. */
#define LAST_LOOK_MS 2000u
/* Each of them costs a flush, and no sane file system is so deep. */
#define STRUCTURE_ROUNDS_MAX 1000u

#define NEVER_MS UINT64_MAX

struct watcher {
	struct watcher_job job;
	int socket, lifeline;

	pthread_mutex_t lock; /* for all that follows */
	bool dead;
	uint32_t serial;
	bool asked;       /* a count is outstanding */
	uint64_t look_ms; /* when the next one is due */
	struct watcher_answer answer;
	size_t have; /* bytes of it */
	struct watcher_counts counts;
	bool news;

	/* What comes first. Of the lane that asks: one at a time. */
	enum watcher_verb stage;
	unsigned rounds;
	struct respin_map *named; /* in this stage so far */
	bool has_begun, enough, no_file_system;
};

static uint64_t clock_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the process ---- */

/* A grandchild: nobody has to wait for it, and it is nobody's child who counts his own. */
static bool fork_away(const struct watcher_job *job, int sockets[2], int lifelines[2])
{
	pid_t child = fork();
	if (child == 0) {
		pid_t grandchild = fork();
		if (grandchild == 0)
			watcher_serve(job, sockets[1], lifelines[1]);
		_exit(grandchild < 0);
	}
	int status = 1;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			(void)close(pair[i]);
}

struct watcher *watcher_start(const struct watcher_job *job)
{
	int sockets[2] = {-1, -1}, lifelines[2] = {-1, -1};
	struct watcher *watcher = calloc(1, sizeof *watcher);
	if (!watcher || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, lifelines) < 0 ||
	    !fork_away(job, sockets, lifelines)) {
		close_pair(sockets);
		close_pair(lifelines);
		free(watcher);
		return NULL;
	}
	(void)close(sockets[1]);
	(void)close(lifelines[1]);
	watcher->job = *job;
	watcher->socket = sockets[0];
	watcher->lifeline = lifelines[0];
	watcher->stage = WATCHER_STRUCTURE;
	(void)pthread_mutex_init(&watcher->lock, NULL);
	return watcher;
}

void watcher_end(struct watcher *watcher)
{
	if (!watcher)
		return;
	(void)close(watcher->socket);
	(void)close(watcher->lifeline);
	respin_map_destroy(watcher->named);
	(void)pthread_mutex_destroy(&watcher->lock);
	free(watcher);
}

static void tell(const struct watcher *watcher, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void tell(const struct watcher *watcher, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started one line above */
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	watcher->job.tell(watcher->job.arg, text);
}

/* Said once. What was wished for cannot be found any more, so everything is. */
static void bury(struct watcher *watcher, const char *why)
{
	if (!watcher->dead)
		tell(watcher, "the process that looks at the files %s; %s", why,
		     watcher->job.order == ORDER_PLAIN || watcher->enough
			     ? "they are counted no more, the rescue goes on"
			     : "the rescue goes on with the whole disc, in its order");
	watcher->dead = true;
}

/* ---- talking ---- */

static bool ask(struct watcher *watcher, enum watcher_verb verb)
{
	const struct watcher_question question = {++watcher->serial, verb};
	ssize_t n = send(watcher->socket, &question, sizeof question, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n != (ssize_t)sizeof question)
		bury(watcher, "is gone");
	watcher->have = 0;
	return !watcher->dead;
}

/* More of what is to come, by then. False: it does not come, and why was said; or somebody wants to stop. */
static bool receive(struct watcher *watcher, void *data, size_t len, size_t *have, uint64_t until_ms)
{
	while (*have < len) {
		ssize_t n = recv(watcher->socket, (char *)data + *have, len - *have, MSG_DONTWAIT);
		if (n > 0) {
			*have += (size_t)n;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			bury(watcher, "is gone");
			return false;
		}
		uint64_t now_ms = clock_ms();
		if (now_ms >= until_ms || stop_wanted())
			return false;
		uint64_t left_ms = until_ms - now_ms;
		struct pollfd poll_on = {.fd = watcher->socket, .events = POLLIN};
		(void)poll(&poll_on, 1, left_ms < POLL_MS ? (int)left_ms : POLL_MS);
	}
	return true;
}

/* The answer without its ranges. */
static bool receive_answer(struct watcher *watcher, uint64_t until_ms)
{
	struct watcher_answer *answer = &watcher->answer;
	if (!receive(watcher, answer, sizeof *answer, &watcher->have, until_ms))
		return false;
	if (answer->serial != watcher->serial || answer->range_count > WATCHER_RANGES_MAX) {
		bury(watcher, "talks nonsense");
		return false;
	}
	return true;
}

static void take_counts(struct watcher *watcher)
{
	watcher->news = true;
	watcher->counts = watcher->answer.code == 0 ? watcher->answer.counts : (struct watcher_counts){0};
}

/* An outstanding count, to its end. */
static bool finish_count(struct watcher *watcher, uint64_t until_ms)
{
	if (!watcher->asked)
		return true;
	if (!receive_answer(watcher, until_ms))
		return false;
	watcher->asked = false;
	uint64_t pause_ms = LOOK_SHARE * (watcher->answer.took_ms < 60000 ? watcher->answer.took_ms : 60000);
	watcher->look_ms = clock_ms() + (pause_ms > LOOK_EVERY_MS ? pause_ms : LOOK_EVERY_MS);
	if (watcher->answer.range_count) {
		bury(watcher, "talks nonsense");
		return false;
	}
	take_counts(watcher);
	return true;
}

bool watcher_look(struct watcher *watcher, struct watcher_counts *counts)
{
	if (!watcher || pthread_mutex_trylock(&watcher->lock) != 0)
		return false; /* somebody is asking for more */
	if (!watcher->dead && !watcher->asked && clock_ms() >= watcher->look_ms)
		watcher->asked = ask(watcher, WATCHER_COUNT);
	if (!watcher->dead)
		(void)finish_count(watcher, 0);
	bool news = watcher->news;
	watcher->news = false;
	*counts = watcher->counts;
	(void)pthread_mutex_unlock(&watcher->lock);
	return news;
}

bool watcher_last_look(struct watcher *watcher, struct watcher_counts *counts)
{
	if (!watcher)
		return false;
	uint64_t until_ms = clock_ms() + LAST_LOOK_MS;
	(void)pthread_mutex_lock(&watcher->lock);
	bool done = !watcher->dead && finish_count(watcher, until_ms);
	if (done)
		done = watcher->asked = ask(watcher, WATCHER_COUNT);
	done = done && finish_count(watcher, until_ms);
	*counts = watcher->counts;
	(void)pthread_mutex_unlock(&watcher->lock);
	return done && counts->known;
}

/* ---- what comes first ---- */

/* One more range; what was named in this stage before is left out. False: it is no range. */
static bool add_new(struct watcher *watcher, struct respin_map *map, struct respin_range range, bool *any)
{
	struct respin_extent part;
	if (!range.count || range.start >= INT64_MAX || range.count > INT64_MAX - range.start)
		return false;
	uint64_t end = range.start + range.count;
	for (uint64_t pos = range.start;
	     pos < end && respin_map_next(watcher->named, pos, 1u << RESPIN_NON_TRIED, &part) &&
	     part.range.start < end;
	     pos = part.range.start + part.range.count) {
		if (part.range.count > end - part.range.start)
			part.range.count = end - part.range.start;
		*any = true;
		if (respin_map_set(map, part.range, RESPIN_FINISHED) < 0)
			return false;
	}
	return respin_map_set(watcher->named, range, RESPIN_FINISHED) == 0;
}

/* The ranges of an answer. False: they did not come, or are none. */
static bool receive_ranges(struct watcher *watcher, struct respin_map *map, bool *any, uint64_t until_ms)
{
	struct respin_range part[1024] = {{0}};
	uint64_t left = watcher->answer.range_count;
	while (left) {
		size_t count = left < sizeof part / sizeof *part ? (size_t)left : sizeof part / sizeof *part;
		size_t have = 0;
		if (!receive(watcher, part, count * sizeof *part, &have, until_ms))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!add_new(watcher, map, part[i], any)) {
				bury(watcher, "talks nonsense");
				return false;
			}
		left -= count;
	}
	return true;
}

static bool blank(struct respin_map **map)
{
	return respin_map_create((struct respin_range){0, INT64_MAX}, map, NULL) == 0;
}

/* Asks what is lacking in this stage that was not named before. NULL: nobody knows. */
static struct respin_map *ask_lacking(struct watcher *watcher, bool *any)
{
	struct respin_map *map = NULL;
	uint64_t until_ms = clock_ms() + (WATCHER_LIMIT_S + 1) * UINT64_C(1000);
	*any = false;
	if (watcher->dead || (!watcher->named && !blank(&watcher->named)) || !blank(&map))
		return NULL;
	if (finish_count(watcher, until_ms) && ask(watcher, watcher->stage) &&
	    receive_answer(watcher, until_ms) && receive_ranges(watcher, map, any, until_ms))
		return map;
	if (!stop_wanted())
		bury(watcher, "takes too long");
	respin_map_destroy(map);
	return NULL;
}

static void tell_begun(struct watcher *watcher)
{
	const struct watcher_counts *counts = &watcher->counts;
	char pattern[ESCAPE_ROOM(128)] = "";
	if (watcher->job.order == ORDER_PATTERN)
		(void)escape_text(pattern, sizeof pattern, watcher->job.pattern);
	if (watcher->no_file_system)
		tell(watcher, "no file system that is known here can be read%s",
		     watcher->job.order == ORDER_PATTERN ? "" : "; the rescue goes on with the whole disc");
	else if (watcher->job.order == ORDER_PATTERN && !counts->wanted)
		tell(watcher, "no file matches %s", pattern);
	else
		tell(watcher, "%s%s%s%s of %s, %" PRIu64 " of them whole already",
		     quantity_count(counts->wanted, "file").text,
		     *pattern ? (counts->wanted == 1 ? " matches " : " match ") : " to read", pattern,
		     *pattern ? "," : "", quantity_bytes(counts->wanted_bytes).text, counts->wanted_whole);
}

static void tell_done(const struct watcher *watcher)
{
	const struct watcher_counts *counts = &watcher->counts;
	const char *after = watcher->enough ? "" : "; now the rest of the disc";
	if (counts->wanted == 1 && counts->wanted_whole == 1)
		tell(watcher, "the one file that was asked for is whole%s", after);
	else if (counts->wanted && counts->wanted_whole == counts->wanted)
		tell(watcher, "all %s that were asked for are whole%s",
		     quantity_count(counts->wanted, "file").text, after);
	else if (counts->wanted == 1)
		tell(watcher, "the one file that was asked for lacks %s%s",
		     quantity_bytes(counts->wanted_missing_bytes).text, after);
	else if (counts->wanted)
		tell(watcher, "%" PRIu64 " of %s are whole, the others lack %s%s", counts->wanted_whole,
		     quantity_count(counts->wanted, "file").text,
		     quantity_bytes(counts->wanted_missing_bytes).text, after);
}

/* Nothing more can be done for what was wished. */
static enum respin_focus conclude(struct watcher *watcher)
{
	bool guess = watcher->no_file_system && watcher->job.order == ORDER_USED_ONLY;
	watcher->enough = watcher->job.order != ORDER_FILES_FIRST && !guess;
	if (!watcher->no_file_system)
		tell_done(watcher);
	return watcher->enough ? RESPIN_FOCUS_ENOUGH : RESPIN_FOCUS_REST;
}

static void to_files(struct watcher *watcher)
{
	watcher->stage = WATCHER_FILES;
	respin_map_destroy(watcher->named);
	watcher->named = NULL;
}

static enum respin_focus focus(struct watcher *watcher, struct respin_map **result)
{
	for (;;) {
		bool any;
		struct respin_map *map = ask_lacking(watcher, &any);
		if (!map)
			return RESPIN_FOCUS_REST;
		watcher->no_file_system = watcher->answer.code == RESPIN_E_UNSUPPORTED;
		if (watcher->stage == WATCHER_FILES)
			take_counts(watcher);
		if (watcher->stage == WATCHER_FILES && !watcher->has_begun)
			tell_begun(watcher);
		watcher->has_begun = watcher->stage == WATCHER_FILES;
		bool deep = watcher->stage == WATCHER_STRUCTURE && ++watcher->rounds > STRUCTURE_ROUNDS_MAX;
		if (any && !deep) {
			*result = map;
			return RESPIN_FOCUS_ON;
		}
		respin_map_destroy(map);
		if (watcher->stage == WATCHER_FILES)
			return conclude(watcher);
		to_files(watcher);
	}
}

enum respin_focus watcher_focus(struct watcher *watcher, unsigned stage, struct respin_map **map)
{
	(void)stage;
	*map = NULL;
	(void)pthread_mutex_lock(&watcher->lock);
	enum respin_focus answer = focus(watcher, map);
	(void)pthread_mutex_unlock(&watcher->lock);
	return answer;
}

bool watcher_said_enough(struct watcher *watcher)
{
	return watcher && watcher->enough;
}

bool watcher_satisfied(struct watcher *watcher, struct watcher_counts *counts)
{
	*counts = watcher->counts;
	return counts->known && counts->wanted == counts->wanted_whole && !counts->incomplete_directories &&
	       !counts->doubts && (counts->wanted || watcher->job.order != ORDER_PATTERN);
}
