/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page that was made in memory, put into a file. Overwrites nothing unasked, and some files never. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * PATH "-": standard output. `spared` are the paths of files that are not
 * overwritten in any case, ended by NULL. Returns the exit status, after a message.
 */
int page_write(const char *path, const char *text, bool force, const char *const *spared);

/* What is said of a file that is there already and is not to be overwritten. Returns the exit status. */
int page_there(const char *path);

/* The same for a page that is too long for memory: written as it is made. */
struct page {
	const char *path;
	FILE *out;
	bool regular;
};

/* Returns the exit status, after a message. If it is STATUS_WHOLE, page_end must follow, which returns it for the rest. */
int page_begin(struct page *page, const char *path, bool force, const char *const *spared);
int page_end(struct page *page);

#endif
