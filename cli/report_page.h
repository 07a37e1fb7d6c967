/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of a rescue, made and written: what "respin report" and "respin show --html" share. */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include <stdbool.h>

#include <respin/report.h>

/* `options` lacks title, version and time, which are filled in here. Returns the exit status, after a message. */
int report_page_write(const char *path, struct respin_report_options *options, const char *named, bool force,
		      const char *const *spared);

/* The name of a file without its place and the end that says what it is: what a page is called. */
void report_page_title(const char *path, char *title, size_t cap);

/* IMAGE.domain and the like: `path` is filled. False, and "", if there is no such file. */
bool report_page_beside(const char *image, const char *end, char *path, size_t cap);

#endif
