/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking files out of an image, see extract.h. Every step goes through a descriptor of its directory. */
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "escape.h"
#include "say.h"

#define CHUNK_BYTES (1u << 20)
#define NAME_BYTES_MAX 255u

int extract_open(struct extract *extract, const char *dir, bool partial)
{
	*extract = (struct extract){.dir = -1, .name = dir, .partial = partial};
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		say("%s: %s", dir, strerror(errno));
		return STATUS_OUTPUT;
	}
	extract->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (extract->dir >= 0)
		return STATUS_WHOLE;
	say("%s: %s", dir, strerror(errno));
	return STATUS_OUTPUT;
}

void extract_close(struct extract *extract)
{
	if (extract->dir >= 0)
		(void)close(extract->dir);
	extract->dir = -1;
}

void extract_safe_name(const char *name, size_t len, char out[256])
{
	size_t used = 0;
	if (len > NAME_BYTES_MAX)
		len = NAME_BYTES_MAX;
	/* Not in the middle of a character. */
	while (len < strlen(name) && len > 0 && len == NAME_BYTES_MAX &&
	       ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		out[used++] = (char)(c < ' ' || c == 0x7f || c == '/' ? '_' : c);
	}
	out[used] = '\0';
	if (!used || !strcmp(out, ".") || !strcmp(out, "..")) {
		memset(out, '_', used ? used : 1);
		out[used ? used : 1] = '\0';
	}
}

/* The directory that the path's last name goes into, made on the way; -1 with errno. *last: that name, made safe. */
static int enter(int top, const char *path, char last[256])
{
	int dir = fcntl(top, F_DUPFD_CLOEXEC, 0);
	for (const char *slash; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char name[256];
		extract_safe_name(path, (size_t)(slash - path), name);
		if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST) {
			(void)close(dir);
			return -1;
		}
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(dir);
		dir = next;
	}
	extract_safe_name(path, strlen(path), last);
	return dir;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool copy(struct respin_files *files, uint64_t index, const struct respin_file *file, int fd)
{
	char *chunk = malloc(CHUNK_BYTES);
	uint64_t pos = 0;
	int64_t n = -1;
	while (chunk && (n = respin_files_read(files, index, chunk, CHUNK_BYTES, pos)) > 0) {
		if (!write_all(fd, chunk, (size_t)n))
			break;
		pos += (uint64_t)n;
	}
	free(chunk);
	if (n < 0)
		errno = EIO;
	struct timespec times[2] = {{.tv_sec = file->modified_s}, {.tv_sec = file->modified_s}};
	if (n == 0 && file->modified_s != INT64_MIN)
		(void)futimens(fd, times);
	return n == 0;
}

/* "NAME.missing": what is zeros only for want of the bytes, a line each: place, length, status. */
static bool list_missing(const struct respin_files *files, uint64_t index, int dir, const char *name)
{
	char beside[512];
	struct respin_extent stretch;
	(void)snprintf(beside, sizeof beside, "%.240s.missing", name);
	int fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "w");
	if (!list)
		return false;
	(void)fprintf(list,
		      "# Bytes of %s that are zeros because they could not be read: place, length, status.\n",
		      name);
	for (uint64_t pos = 0; respin_files_missing(files, index, pos, &stretch);
	     pos = stretch.range.start + stretch.range.count)
		(void)fprintf(list, "%" PRIu64 " %" PRIu64 " %c\n", stretch.range.start, stretch.range.count,
			      respin_status_char((enum respin_status)stretch.status));
	bool whole = !ferror(list);
	return fclose(list) == 0 && whole;
}

static bool wanted(const struct extract *extract, const struct respin_file *file)
{
	if (file->kind != RESPIN_FILE_REGULAR)
		return false; /* a link may point anywhere, and a directory comes with its files */
	return file->state == RESPIN_FILE_WHOLE || (extract->partial && file->state == RESPIN_FILE_HIT);
}

void extract_file(struct extract *extract, struct respin_files *files, uint64_t index,
		  const struct respin_file *file)
{
	char last[256];
	if (!wanted(extract, file)) {
		extract->skipped += file->kind != RESPIN_FILE_DIRECTORY;
		return;
	}
	int dir = enter(extract->dir, file->path, last), why = errno;
	int fd = dir < 0 ? -1 : openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (dir >= 0 && fd < 0)
		why = errno;
	bool good = fd >= 0 && copy(files, index, file, fd);
	if (fd >= 0 && !good)
		why = errno;
	if (fd >= 0 && close(fd) < 0 && good) {
		good = false;
		why = errno;
	}
	if (good && file->state == RESPIN_FILE_HIT && !list_missing(files, index, dir, last)) {
		good = false;
		why = errno;
	}
	if (fd >= 0 && !good)
		(void)unlinkat(dir, last, 0); /* half a file without a word would pass for a whole one */
	if (dir >= 0)
		(void)close(dir);
	extract->written += good;
	extract->failed += !good;
	if (!good)
		say("%s/%s: %s", extract->name, file->path, strerror(why));
}
