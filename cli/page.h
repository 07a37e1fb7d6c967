/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page that was made in memory, put into a file. Overwrites nothing unasked, and some files never. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include <stdbool.h>

/*
 * PATH "-": standard output. `spared` are the paths of files that are not
 * overwritten in any case, ended by NULL. Returns the exit status, after a message.
 */
int page_write(const char *path, const char *text, bool force, const char *const *spared);

#endif
