/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of rescues, see report_page.h. */
#include "report_page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "page.h"
#include "say.h"

void report_page_title(const char *path, char *title, size_t cap)
{
	static const char *const ends[] = {".map", ".iso", ".img"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	if (strcmp(path, "-") == 0)
		name = "standard input";
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (len > 4 && strncmp(name + len - 4, ends[i], 4) == 0)
			len -= 4;
	(void)snprintf(title, cap, "%.*s", (int)(len < cap ? len : cap - 1), name);
}

bool report_page_beside(const char *image, const char *end, char *path, size_t cap)
{
	int len = snprintf(path, cap, "%s%s", image, end);
	if (len > 0 && (size_t)len < cap && access(path, F_OK) == 0)
		return true;
	*path = '\0';
	return false;
}

int report_page_write(const char *path, struct respin_report_options *options, const char *named, bool force,
		      const char *const *spared)
{
	struct respin_error error = {0};
	char title[256], *html = NULL;
	report_page_title(named, title, sizeof title);
	options->title = title;
	options->version = RESPIN_VERSION;
	options->made_s = time(NULL);
	int code = respin_report_html(options, &html, &error);
	if (code)
		return say_failure(code, &error);
	int status = page_write(path, html, force, spared);
	free(html);
	return status;
}
