/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages into files, see page.h. A page that could not be written whole is taken away again. */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "say.h"

static bool is_file(int file, const char *path)
{
	struct stat left, right;
	return fstat(file, &left) == 0 && stat(path, &right) == 0 && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

/* 0 or an errno. */
static int write_all(int file, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t done = write(file, text, left);
		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			text += done;
			left -= (size_t)done;
		}
	}
	return 0;
}

static int refuse(const char *path, const char *why)
{
	say("%s: %s", path, why);
	return STATUS_REFUSED;
}

static int fill(int file, const char *path, const char *text)
{
	struct stat here;
	bool regular = fstat(file, &here) == 0 && S_ISREG(here.st_mode);
	int failed = regular && ftruncate(file, 0) != 0 ? errno : write_all(file, text);
	if (close(file) != 0 && !failed)
		failed = errno;
	if (!failed)
		return STATUS_WHOLE;
	if (regular)
		(void)unlink(path);
	say("%s: cannot be written: %s", path, strerror(failed));
	return STATUS_OUTPUT;
}

/* The open file, made if it must be; -1 after a message, and *status is the exit status. */
static int open_page(const char *path, bool force, const char *const *spared, int *status)
{
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (force ? 0 : O_EXCL), 0666);
	if (file < 0 && errno == EEXIST) {
		*status = page_there(path);
		return -1;
	}
	if (file < 0) {
		say("%s: cannot be made: %s", path, strerror(errno));
		*status = STATUS_OUTPUT;
		return -1;
	}
	for (; *spared; spared++)
		if (is_file(file, *spared)) {
			(void)close(file);
			*status = refuse(path,
					 "belongs to the rescue; a page would destroy it; name another file");
			return -1;
		}
	return file;
}

int page_there(const char *path)
{
	return refuse(path, "there is such a file already; name another, or --force overwrites it");
}

int page_write(const char *path, const char *text, bool force, const char *const *spared)
{
	int status = STATUS_WHOLE;
	if (strcmp(path, "-") == 0)
		return fputs(text, stdout) < 0 ? STATUS_OUTPUT : STATUS_WHOLE;
	int file = open_page(path, force, spared, &status);
	return file < 0 ? status : fill(file, path, text);
}

int page_begin(struct page *page, const char *path, bool force, const char *const *spared)
{
	struct stat here;
	int status = STATUS_WHOLE;
	*page = (struct page){.path = path, .out = stdout};
	if (strcmp(path, "-") == 0)
		return STATUS_WHOLE;
	int file = open_page(path, force, spared, &status);
	if (file < 0)
		return status;
	page->regular = fstat(file, &here) == 0 && S_ISREG(here.st_mode);
	page->out = page->regular && ftruncate(file, 0) != 0 ? NULL : fdopen(file, "w");
	if (page->out)
		return STATUS_WHOLE;
	say("%s: cannot be written: %s", path, strerror(errno));
	(void)close(file);
	return STATUS_OUTPUT;
}

int page_end(struct page *page)
{
	int failed = 0;
	if (page->out == stdout)
		return ferror(stdout) ? STATUS_OUTPUT : STATUS_WHOLE;
	if (fflush(page->out) != 0 || ferror(page->out))
		failed = errno ? errno : EIO;
	if (fclose(page->out) != 0 && !failed)
		failed = errno;
	if (!failed)
		return STATUS_WHOLE;
	if (page->regular)
		(void)unlink(page->path);
	say("%s: cannot be written: %s", page->path, strerror(failed));
	return STATUS_OUTPUT;
}
