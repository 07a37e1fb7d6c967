/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines for --log and --events, see record.h. Refuses to add lines to what the
 * rescue itself reads or writes.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "escape.h"
#include "say.h"
#include "stop.h"
#include "words.h"

/* How soon a blocked line sees the wish to stop. */
#define STOP_LOOK_MS 50

static bool same_file(const struct stat *left, const char *path)
{
	struct stat right;
	return path && stat(path, &right) == 0 && left->st_dev == right.st_dev &&
	       left->st_ino == right.st_ino;
}

/* True: it may be written to. */
static bool harmless(int file, const char *path, const struct options *options)
{
	struct stat here;
	if (fstat(file, &here) != 0) {
		say("%s: %s", path, strerror(errno));
		return false;
	}
	char map[4096 + sizeof ".map"];
	(void)snprintf(map, sizeof map, "%s.map", options->image);
	const char *own = same_file(&here, options->source_file)                ? "the source"
			  : same_file(&here, options->image)                    ? "the image"
			  : same_file(&here, options->map ? options->map : map) ? "the map"
			  : same_file(&here, options->domain)                   ? "the domain"
			  : S_ISBLK(here.st_mode)                               ? "a block device"
										: NULL;
	if (own)
		say("%s: is %s; lines would destroy it; name another file", path, own);
	return !own;
}

int record_open(struct record *record, const char *path, const struct options *options)
{
	*record = (struct record){.path = path};
	if (!path)
		return 0;
	if (strcmp(path, "-") == 0) {
		record->file = stdout;
		return 0;
	}
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
	bool made = false;
	int file = open(path, flags);
	if (file < 0 && errno == ENOENT) {
		file = open(path, flags | O_CREAT | O_EXCL, 0666);
		made = file >= 0;
	}
	if (file < 0) {
		say("%s: cannot be opened for writing: %s", path, strerror(errno));
		return STATUS_OUTPUT;
	}
	if (!harmless(file, path, options)) {
		(void)close(file);
		if (made)
			(void)unlink(path);
		return STATUS_REFUSED;
	}
	record->file = fdopen(file, "a");
	if (!record->file) {
		(void)close(file);
		say("%s: %s", path, strerror(errno));
		return STATUS_OUTPUT;
	}
	return 0;
}

/* A reader that does not read holds a rescue up; but not one that is to stop. */
static bool wait_for_room(FILE *file)
{
	struct pollfd room = {.fd = fileno(file), .events = POLLOUT};
	while (poll(&room, 1, STOP_LOOK_MS) == 0)
		if (stop_wanted()) {
			errno = EAGAIN;
			return false;
		}
	return true; /* also where poll fails: the write says why */
}

bool record_line(struct record *record, const char *line)
{
	if (!record->file)
		return true;
	if (wait_for_room(record->file) && fprintf(record->file, "%s\n", line) >= 0 &&
	    fflush(record->file) == 0)
		return true;
	int failed = errno;
	if (record->file == stdout) {
		__fpurge(stdout); /* said once; the end of the program need not fail for it again */
		clearerr(stdout);
	} else {
		(void)fclose(record->file);
	}
	record->file = NULL;
	errno = failed;
	return false;
}

bool record_close(struct record *record)
{
	FILE *file = record->file;
	record->file = NULL;
	return !file || (file == stdout ? fflush(file) : fclose(file)) == 0;
}

static size_t add_quoted(char *line, size_t cap, size_t used, const char *key, const char *value)
{
	char clean[ESCAPE_ROOM(512)];
	(void)escape_text(clean, sizeof clean, value);
	int start = snprintf(line + used, cap - used, " %s=\"", key);
	used += start > 0 ? (size_t)start : 0;
	for (const char *p = clean; *p && used + 4 < cap; p++) {
		if (*p == '"')
			line[used++] = '\\';
		line[used++] = *p;
	}
	if (used + 2 < cap) {
		line[used++] = '"';
		line[used] = '\0';
	}
	return used;
}

void record_format_log(const struct respin_log *log, char *line, size_t cap)
{
	static const char *const levels[] = {"error", "warning", "notice", "debug"};
	struct timespec now;
	struct tm utc;
	char day[32] = "";
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		(void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
	int start =
		snprintf(line, cap, "time=%s.%03ldZ level=%s phase=%s", day, now.tv_nsec / 1000000,
			 levels[log->level > 3 ? 3 : log->level], words_phase((enum respin_phase)log->phase));
	size_t used = start > 0 ? (size_t)start : 0;
	if (log->lba >= 0 && used < cap)
		used += (size_t)snprintf(line + used, cap - used, " lba=%lld", (long long)log->lba);
	if (log->sys_errno && used < cap) {
		const char *name = strerrorname_np(log->sys_errno);
		used += (size_t)snprintf(line + used, cap - used, " errno=%s", name ? name : "unknown");
	}
	if (used < cap)
		used = add_quoted(line, cap, used, "what", log->what);
	if (log->detail && used < cap)
		(void)add_quoted(line, cap, used, "detail", log->detail);
}
