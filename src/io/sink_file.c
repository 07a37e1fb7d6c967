/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When to commit, where the rescue stands, how it ends. Writes nothing by itself. */
#include "io/sink_file.h"

#include <assert.h>

#include "base/error.h"

/*
 * At most a second of work is lost in a power cut, unless the map is so large
 * that saving it would take more than 2 % of the time (50 x); never beyond 10 s.
 */
#define COMMIT_MIN_NS 1000000000u
#define COMMIT_MAX_NS 10000000000u
#define COMMIT_SAVES 50u
/* With the queue's 16 MiB this makes the 64 MiB that a rescue may hold. */
#define GROUP_BYTES (48u << 20)

void sink_file_init(struct sink_file *sink, struct store *store, const struct respin_map *domain)
{
	*sink = (struct sink_file){.store = store};
	tally_init(&sink->tally, store->map, domain);
	sink->last_commit_ns = store->io.ops->now_ns(store->io.self);
	sink->end_bytes = layout_pos(&store->layout, store->layout.units);
}

static bool is_due(const struct sink_file *sink)
{
	const struct store *store = sink->store;
	if (store->group.memory_bytes >= GROUP_BYTES)
		return true;
	uint64_t interval = COMMIT_SAVES * store->last_save_ns;
	if (interval < COMMIT_MIN_NS)
		interval = COMMIT_MIN_NS;
	if (interval > COMMIT_MAX_NS)
		interval = COMMIT_MAX_NS;
	return store->io.ops->now_ns(store->io.self) - sink->last_commit_ns >= interval;
}

static int commit(struct sink_file *sink, bool last, struct respin_error *error)
{
	int rc = store_commit(sink->store, last, error);
	sink->last_commit_ns = sink->store->io.ops->now_ns(sink->store->io.self);
	return rc;
}

/* ddrescue's current position: the beginning of what was tried, its end when going backwards. */
static void note_position(struct store *store, const struct respin_request *request)
{
	if (request->phase == RESPIN_PHASE_SAMPLE)
		return;
	store->head.phase = (enum respin_phase)request->phase;
	store->head.backwards = request->flags & RESPIN_READ_BACKWARDS;
	store->head.pos = request->range.start + (store->head.backwards ? request->range.count : 0);
	if (!store->head.pass)
		store->head.pass = 1;
}

static bool retracts(const struct respin_outcome *outcome)
{
	for (uint32_t i = 0; i < outcome->span_count; i++)
		if (outcome->spans[i].kind == RESPIN_SPAN_RETRACT)
			return true;
	return false;
}

static int sink_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct sink_file *sink = self;
	int rc = store_put(sink->store, outcome, error);
	if (rc) {
		/* No room for this one; what came before it can still be made to last. */
		if (rc == RESPIN_E_FULL)
			(void)commit(sink, false, NULL);
		return rc;
	}
	note_position(sink->store, &outcome->request);
	/* A retracted '+' must be gone from the map on disk before its bytes are overwritten. */
	if (retracts(outcome) || is_due(sink)) {
		rc = commit(sink, false, error);
		if (rc)
			return rc;
	}
	return RESPIN_PUT_CONTINUE;
}

static int sink_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	(void)why; /* all mean the same here: be durable now */
	return commit(self, false, error);
}

/* What was never read at the tail is holes, or zeros where there are none. */
static int set_length(const struct sink_file *sink, struct respin_error *error)
{
	const struct store *store = sink->store;
	struct respin_io_stat stat;
	if (store->image_kind != RESPIN_IO_REGULAR)
		return 0;
	if (sink->no_holes && store->head.phase != RESPIN_PHASE_FINISHED)
		return 0; /* gigabytes of zeros between a stop and its end: the next run goes on anyway */
	int rc = store->io.ops->stat(store->io.self, store->image, &stat);
	bool wrong = stat.size_bytes < sink->end_bytes || (sink->exact && stat.size_bytes > sink->end_bytes);
	if (!rc && wrong)
		rc = files_truncate(&store->io, store->image, sink->end_bytes);
	return rc ? files_error(error, rc, store->image_at->path, "cannot be made as long as the disc") : 0;
}

static int sink_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	struct sink_file *sink = self;
	struct store *store = sink->store;
	/* Where length has to be written it can fail: what was read is safe before that. */
	int rc = sink->no_holes ? commit(sink, false, error) : 0;
	/* A run that put nothing (another disc, say) leaves image and map as they are. */
	if (!rc && store->touched)
		rc = set_length(sink, error);
	if (rc) {
		(void)commit(sink, false, NULL);
		return rc;
	}
	rc = commit(sink, true, error);
	if (rc)
		return rc;
	tally_stats(&sink->tally, store->map, &summary->stats);
	summary->commits = store->commits;
	summary->committed_ns = store->committed_ns;
	summary->sync_ignored = store->sync_ignored;
	summary->repaired = store->repaired;
	return 0;
}

static void sink_destroy(void *self)
{
	(void)self;
}

static uint64_t sink_commits(void *self)
{
	const struct sink_file *sink = self;
	return sink->store->commits;
}

struct respin_sink sink_file_sink(struct sink_file *sink)
{
	static const struct respin_sink_ops ops = {
		.size = sizeof ops,
		.put = sink_put,
		.flush = sink_flush,
		.close = sink_close,
		.destroy = sink_destroy,
		.commits = sink_commits,
	};
	return (struct respin_sink){&ops, sink};
}
