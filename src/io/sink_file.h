/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sink that writes an image and its map: decides when a group is committed
 * and what the mapfile's status line says. How is the store's business. Knows
 * no queue and no drive; one consumer thread makes all calls.
 */
#ifndef IO_SINK_FILE_H
#define IO_SINK_FILE_H

#include <respin/sink.h>

#include "core/stats.h"
#include "io/store.h"

struct sink_file {
	struct store *store;
	uint64_t end_bytes; /* the image is at least this long when it is closed */
	bool exact;         /* and no longer: it was started over in a file of another length */
	bool no_holes;      /* length costs writing: not before the rescue has come to its end */
	struct tally tally;
	uint64_t last_commit_ns;
	uint64_t wait_ns;       /* so long may somebody make room; 0: a full disk ends the run */
	uint64_t full_since_ns; /* the first failure for want of room; 0: there is room */
	bool stopping;          /* nothing is waited for any more */
	char told[512];         /* the notice handed out last */
};

/* Stores what it needs of the domain (NULL: the whole disc); the store must outlive it. */
void sink_file_init(struct sink_file *sink, struct store *store, const struct respin_map *domain);

/* Its destroy does nothing: store and sink_file belong to the output. */
struct respin_sink sink_file_sink(struct sink_file *sink);

#endif
