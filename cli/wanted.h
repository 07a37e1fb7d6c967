/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last words of a rescue that was to read some files and no more. */
#ifndef CLI_WANTED_H
#define CLI_WANTED_H

#include "view.h"
#include "watcher.h"

void wanted_words(const struct view *view, const struct respin_snapshot *snapshot,
		  const struct watcher_counts *counts, bool whole);

#endif
