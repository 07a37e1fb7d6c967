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

int page_write(const char *path, const char *text, bool force, const char *const *spared)
{
	if (strcmp(path, "-") == 0)
		return fputs(text, stdout) < 0 ? STATUS_OUTPUT : STATUS_WHOLE;
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (force ? 0 : O_EXCL), 0666);
	if (file < 0 && errno == EEXIST)
		return refuse(path, "there is such a file already; name another, or --force overwrites it");
	if (file < 0) {
		say("%s: cannot be made: %s", path, strerror(errno));
		return STATUS_OUTPUT;
	}
	for (; *spared; spared++)
		if (is_file(file, *spared)) {
			(void)close(file);
			return refuse(path,
				      "belongs to the rescue; a page would destroy it; name another file");
		}
	return fill(file, path, text);
}
