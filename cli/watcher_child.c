/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watcher's process: opens image and map anew for every question, looks,
 * answers. It holds nothing that belongs to the rescue and can write nothing;
 * when the rescue ends, in whatever way, it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <respin/files.h>
#include <respin/map.h>

#include "watcher_wire.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* The walkers' own limit is 64 MiB a tree; a map of a gigabyte of text, parsed, is the most besides. */
#define MEMORY_MAX_BYTES (UINT64_C(3) << 30)
#endif
/* The image, its map, the sockets, and what the C library holds for a moment. */
#define FILES_MAX 32u

bool watcher_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');
	return !fnmatch(pattern, path, 0) || !fnmatch(pattern, slash ? slash + 1 : path, 0);
}

/* ---- giving up ---- */

/* The terminal's keys are the rescue's business. SIGIO and SIGALRM end this process as they end any. */
static void set_signals(void)
{
	static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP, SIGTTIN,
				   SIGTTOU, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
	static const int plain[] = {SIGCHLD, SIGCONT, SIGALRM, SIGIO};
	struct sigaction action = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
		(void)sigaction(deaf[i], &action, NULL);
	action.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		(void)sigaction(plain[i], &action, NULL);
	sigset_t none;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void limit(int what, uint64_t most)
{
	const struct rlimit rlimit = {(rlim_t)most, (rlim_t)most};
	(void)setrlimit((__rlimit_resource_t)what, &rlimit);
}

/* Nothing of what was open stays so, the terminal least of all. */
static void close_others(int socket, int lifeline)
{
	int low = socket < lifeline ? socket : lifeline, high = socket < lifeline ? lifeline : socket;
	if (low > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
	if (high > low + 1)
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)high + 1, ~0u, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (null > STDERR_FILENO)
		(void)close(null);
}

static void give_up(int socket, int lifeline)
{
	set_signals();
	close_others(socket, lifeline);
	/* The other end is closed, by whatever: SIGIO, also in the middle of a walk. */
	(void)fcntl(lifeline, F_SETOWN, getpid());
	(void)fcntl(lifeline, F_SETFL, O_ASYNC | O_NONBLOCK);
	(void)setpriority(PRIO_PROCESS, 0, 10); /* the rescue comes first */
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
#ifdef MEMORY_MAX_BYTES
	limit(RLIMIT_AS, MEMORY_MAX_BYTES);
#endif
	respin_files_confine();
}

/* ---- looking ---- */

struct look {
	const struct watcher_job *job;
	struct watcher_counts *counts;
};

static int wanted(void *arg, const struct respin_file *file)
{
	const struct watcher_job *job = arg;
	return job->order != ORDER_PATTERN || watcher_matches(job->pattern, file->path);
}

/* Did anything in it fail, or is it only that nobody has been there yet? */
static bool is_hit(struct respin_files *files, uint64_t index, const struct respin_file *file)
{
	struct respin_extent stretch;
	if (file->lost_bytes)
		return true;
	for (uint64_t pos = 0; respin_files_missing(files, index, pos, &stretch);
	     pos = stretch.range.start + stretch.range.count)
		if (stretch.status != RESPIN_NON_TRIED)
			return true;
	return false;
}

static int count_files(const struct watcher_job *job, struct respin_files *files,
		       struct watcher_counts *counts)
{
	struct respin_file file = {.size = sizeof file};
	struct respin_files_info info = {.size = sizeof info};
	int more = 0;
	respin_files_info(files, &info);
	counts->known = true;
	counts->incomplete_directories = info.incomplete_directories;
	counts->doubts = info.doubt || info.cut;
	if (info.volume_bytes && info.image_bytes > info.volume_bytes)
		counts->beyond_bytes = info.image_bytes - info.volume_bytes;
	for (uint64_t i = 0; (more = respin_files_at(files, i, &file)) > 0; i++) {
		if (file.kind != RESPIN_FILE_REGULAR)
			continue;
		bool whole = file.state == RESPIN_FILE_WHOLE, unknown = file.state == RESPIN_FILE_UNKNOWN;
		*(whole                     ? &counts->whole
		  : unknown                 ? &counts->unknown
		  : is_hit(files, i, &file) ? &counts->hit
					    : &counts->untouched) += 1;
		if (!wanted((void *)job, &file))
			continue;
		counts->wanted++;
		counts->wanted_whole += whole;
		counts->wanted_bytes += file.size_bytes;
		counts->wanted_missing_bytes += file.hoped_bytes + file.lost_bytes;
	}
	return more < 0 ? more : 0;
}

static int look(const struct watcher_job *job, enum watcher_verb verb, struct watcher_counts *counts,
		struct respin_map **lacking)
{
	struct respin_files *files = NULL;
	if (verb == WATCHER_STRUCTURE)
		return respin_files_structure(job->image, job->map, NULL, lacking, NULL);
	int code = respin_files_open(job->image, job->map, NULL, &files, NULL);
	if (code == 0)
		code = count_files(job, files, counts);
	if (code == 0 && verb == WATCHER_FILES)
		code = respin_files_lacking(files, wanted, (void *)job, lacking, NULL);
	respin_files_destroy(files);
	return code;
}

/* ---- answering ---- */

static bool write_all(int file, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(file, (const char *)data + done, len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool next_wanted(const struct respin_map *map, uint64_t from, struct respin_range *range)
{
	struct respin_extent extent;
	if (!map || !respin_map_next(map, from, 1u << RESPIN_FINISHED, &extent))
		return false;
	*range = extent.range;
	return true;
}

static bool send_ranges(int socket, const struct respin_map *map, uint64_t count)
{
	struct respin_range part[1024], range;
	size_t used = 0;
	for (uint64_t pos = 0; count && next_wanted(map, pos, &range); count--) {
		part[used++] = range;
		pos = range.start + range.count;
		if (used == sizeof part / sizeof *part || count == 1) {
			if (!write_all(socket, part, used * sizeof *part))
				return false;
			used = 0;
		}
	}
	return true;
}

static uint64_t clock_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool serve_one(const struct watcher_job *job, int socket, const struct watcher_question *question)
{
	struct watcher_answer answer = {.serial = question->serial};
	struct respin_map *lacking = NULL;
	struct respin_range range;
	uint64_t from_ms = clock_ms();
	(void)alarm(WATCHER_LIMIT_S);
	answer.code = look(job, (enum watcher_verb)question->verb, &answer.counts, &lacking);
	for (uint64_t pos = 0; answer.range_count < WATCHER_RANGES_MAX && next_wanted(lacking, pos, &range);
	     pos = range.start + range.count)
		answer.range_count++;
	(void)alarm(0);
	answer.took_ms = clock_ms() - from_ms;
	bool sent =
		write_all(socket, &answer, sizeof answer) && send_ranges(socket, lacking, answer.range_count);
	respin_map_destroy(lacking);
	return sent;
}

void watcher_serve(const struct watcher_job *job, int socket, int lifeline)
{
	struct watcher_question question;
	give_up(socket, lifeline);
	for (;;) {
		ssize_t n = recv(socket, &question, sizeof question, MSG_WAITALL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof question || !serve_one(job, socket, &question))
			_exit(0);
	}
}
