/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What readers see of a rescue. The consumer appends what it recorded to a
 * short log; a reader folds the log into a map of the view's own. So a reader
 * never holds the consumer up, and statistics and ranges always belong
 * together.
 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include <respin/session.h>

#include "core/map.h"

struct view;

/* Copies the map; the domain is borrowed. NULL: no memory. */
struct view *view_create(const struct respin_map *map, const struct respin_map *domain);
void view_destroy(struct view *view);

/* The consumer: an item begins; it was recorded. `now_ns` of the host's clock. */
void view_begin(struct view *view, uint64_t now_ns);
int view_record(struct view *view, const struct respin_outcome *outcome);

/* Any thread. 0 or RESPIN_E_NOMEM. with_ranges: also the list. */
int view_snapshot(struct view *view, uint64_t now_ns, bool with_ranges, struct respin_snapshot *snapshot);

/* From here on every snapshot is built anew: nothing more will come. */
void view_close(struct view *view);

#endif
