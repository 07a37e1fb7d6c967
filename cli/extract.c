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
	free(extract->made);
	*extract = (struct extract){.dir = -1};
}

/* Where the inode is in the table, or the free place where it would be. The table is never full. */
static uint64_t *place_of(uint64_t *table, size_t cap, uint64_t inode)
{
	size_t at = (size_t)(inode * 0x9e3779b97f4a7c15u >> 32);
	while (table[at & (cap - 1)] && table[at & (cap - 1)] != inode)
		at++;
	return &table[at & (cap - 1)];
}

/* Remembers a file of ours; without memory for it, the next one of that name fails, and that is said. */
static void remember(struct extract *extract, int fd)
{
	struct stat status;
	if (2 * extract->made_count >= extract->made_cap) {
		size_t cap = extract->made_cap ? 2 * extract->made_cap : 256;
		uint64_t *larger = calloc(cap, sizeof *larger);
		if (!larger)
			return;
		for (size_t i = 0; i < extract->made_cap; i++)
			if (extract->made[i])
				*place_of(larger, cap, extract->made[i]) = extract->made[i];
		free(extract->made);
		extract->made = larger;
		extract->made_cap = cap;
	}
	if (fstat(fd, &status) == 0) {
		*place_of(extract->made, extract->made_cap, (uint64_t)status.st_ino) =
			(uint64_t)status.st_ino;
		extract->made_count++;
	}
}

/* Did this run make what has the name? */
static bool is_ours(const struct extract *extract, int dir, const char *name)
{
	struct stat status;
	return extract->made_cap && fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode) &&
	       *place_of(extract->made, extract->made_cap, (uint64_t)status.st_ino) != 0;
}

#define SAME_NAMES_MAX 1000u

/* The name itself, and then, for others that are called the same, "NAME (2)", "NAME (3)", ... */
static void nth_name(const char *name, unsigned n, char out[256])
{
	char tail[16] = "";
	if (n > 1)
		(void)snprintf(tail, sizeof tail, " (%u)", n);
	size_t len = strlen(name), room = NAME_BYTES_MAX - strlen(tail);
	while (len > room || (len == room && ((unsigned char)name[len] & 0xc0) == 0x80))
		len--;
	(void)snprintf(out, 256, "%.*s%s", (int)len, name, tail);
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

/* Into a directory, made if it is not there; a file of ours with its name does not stand in the way. */
static int enter_one(const struct extract *extract, int dir, const char *wanted)
{
	int next = -1;
	for (unsigned n = 1; next < 0 && n <= SAME_NAMES_MAX; n++) {
		char name[256] = "";
		nth_name(wanted, n, name);
		if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST)
			return -1;
		next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int why = errno;
		if (next < 0 && !is_ours(extract, dir, name)) {
			errno = why;
			return -1;
		}
	}
	return next;
}

/* The directory that the path's last name goes into, made on the way; -1 with errno. *last: that name, made safe. */
static int enter(const struct extract *extract, const char *path, char last[256])
{
	int dir = fcntl(extract->dir, F_DUPFD_CLOEXEC, 0);
	for (const char *slash; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char name[256] = "";
		extract_safe_name(path, (size_t)(slash - path), name);
		int next = enter_one(extract, dir, name), why = errno;
		(void)close(dir);
		dir = next;
		errno = why;
	}
	extract_safe_name(path, strlen(path), last);
	return dir;
}

static bool is_directory(int dir, const char *name)
{
	struct stat status;
	return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/* A new file; `name` becomes what it is called. Nothing that was there before is touched. */
static int make_file(struct extract *extract, int dir, char name[256])
{
	char wanted[256];
	memcpy(wanted, name, sizeof wanted);
	for (unsigned n = 1; n <= SAME_NAMES_MAX; n++) {
		nth_name(wanted, n, name);
		int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd >= 0) {
			remember(extract, fd);
			return fd;
		}
		int why = errno;
		bool taken = why == EEXIST && (is_directory(dir, name) || is_ours(extract, dir, name));
		errno = why;
		if (!taken)
			return -1;
	}
	return -1;
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

/* One piece, as it is on the disc; zeros for what is missing. */
static bool copy_run(struct respin_files *files, uint64_t index, const struct respin_file_run *run,
		     char *chunk, int fd)
{
	for (uint64_t done = 0; done < run->len_bytes;) {
		uint64_t left = run->len_bytes - done;
		int64_t n = respin_files_read(files, index, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES,
					      run->file_bytes + done);
		if (n <= 0)
			errno = EIO;
		if (n <= 0 || !write_all(fd, chunk, (size_t)n))
			return false;
		done += (uint64_t)n;
	}
	return true;
}

/* What was never recorded stays a hole: a disc may say of it that it is terabytes. */
static bool pass_over(const struct respin_file_run *hole, int fd)
{
	off_t end = (off_t)(hole->file_bytes + hole->len_bytes);
	return ftruncate(fd, end) == 0 && lseek(fd, end, SEEK_SET) == end;
}

static bool copy(struct respin_files *files, uint64_t index, int fd)
{
	struct respin_file_run run = {.size = sizeof run};
	char *chunk = malloc(CHUNK_BYTES);
	bool good = chunk;
	for (uint64_t pos = 0; good && respin_files_run(files, index, pos, &run); pos += run.len_bytes)
		good = run.hole ? pass_over(&run, fd) : copy_run(files, index, &run, chunk, fd);
	free(chunk);
	return good;
}

/* "NAME.missing": what is zeros only for want of the bytes, a line each: place, length, status. */
static bool list_missing(struct extract *extract, const struct respin_files *files, uint64_t index, int dir,
			 const char *name)
{
	char beside[256];
	struct respin_extent stretch;
	(void)snprintf(beside, sizeof beside, "%.246s.missing", name);
	int fd = make_file(extract, dir, beside);
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
	char last[256] = "";
	if (!wanted(extract, file)) {
		extract->skipped += file->kind != RESPIN_FILE_DIRECTORY;
		return;
	}
	int dir = enter(extract, file->path, last), why = errno;
	int fd = dir < 0 ? -1 : make_file(extract, dir, last);
	if (dir >= 0 && fd < 0)
		why = errno;
	bool good = fd >= 0 && copy(files, index, fd);
	/* As it was on the disc; where that cannot be, the bytes count. */
	const struct timespec times[] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = (time_t)file->modified_s}};
	if (good && file->modified_s != INT64_MIN)
		(void)futimens(fd, times);
	if (fd >= 0 && !good)
		why = errno;
	if (fd >= 0 && close(fd) < 0 && good) {
		good = false;
		why = errno;
	}
	if (good && file->state == RESPIN_FILE_HIT && !list_missing(extract, files, index, dir, last)) {
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
