/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When to commit, where the rescue stands, how it ends. Writes nothing by itself. */
#include "io/sink_file.h"

#include <errno.h>
#include <string.h>

#include "base/block.h"
#include "base/cleanup.h"
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

/* Whether a failure may pass by itself; takes note of when the waiting began. */
static bool may_wait(struct sink_file *sink, const struct respin_error *why)
{
	const struct store *store = sink->store;
	if (!sink->wait_ns || sink->stopping || !store_lacks_room(-why->sys_errno) ||
	    store->image_kind == RESPIN_IO_OTHER) /* part of it may be gone, and cannot be written twice */
		return false;
	uint64_t now_ns = store->io.ops->now_ns(store->io.self);
	if (!sink->full_since_ns)
		sink->full_since_ns = now_ns ? now_ns : 1;
	return now_ns < sink->full_since_ns + sink->wait_ns;
}

/* 0, RESPIN_PUT_WAIT (everything is kept) or a negative code. */
static int commit(struct sink_file *sink, bool last, struct respin_error *why)
{
	struct store *store = sink->store;
	int rc = store_commit(store, last, why);
	if (rc == RESPIN_E_FULL && store_is_dirty(store)) {
		if (may_wait(sink, why))
			rc = RESPIN_PUT_WAIT;
		else
			store_give_up(store, why);
	}
	sink->last_commit_ns = store->io.ops->now_ns(store->io.self);
	return rc;
}

/* What there was no room for comes before anything new; then the room for the last map. */
static int settle(struct sink_file *sink, struct respin_error *why)
{
	struct store *store = sink->store;
	if (!sink->full_since_ns)
		return 0;
	int rc = store_is_dirty(store) ? commit(sink, false, why) : 0;
	if (!rc && store->wants_reserve && !store_hold_reserve(store))
		rc = store_error(why, -ENOSPC, store->map_at->path, "no room for the last map");
	return rc;
}

static int answer(int rc, const struct respin_error *why, struct respin_error *error)
{
	if (rc && error)
		*error = *why;
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

/* No room for this one, or worse. What came before it can still be made to last. */
static int refuse(struct sink_file *sink, struct respin_outcome *outcome, int rc,
		  const struct respin_error *why)
{
	struct respin_error unused;
	bool wait = rc == RESPIN_PUT_WAIT || (rc == RESPIN_E_FULL && may_wait(sink, why));
	if (rc == RESPIN_E_FULL && store_is_dirty(sink->store))
		(void)commit(sink, false, &unused);
	if (wait)
		return RESPIN_PUT_WAIT;
	respin_block_free(take(outcome->bytes));
	return rc;
}

static int sink_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct sink_file *sink = self;
	struct respin_error why = {0};
	int rc = settle(sink, &why);
	if (!rc)
		rc = store_put(sink->store, outcome, &why);
	if (rc)
		return answer(refuse(sink, outcome, rc, &why), &why, error);
	sink->full_since_ns = 0;
	note_position(sink->store, &outcome->request);
	/* A retracted '+' must be gone from the map on disk before its bytes are overwritten. */
	if (retracts(outcome) || is_due(sink)) {
		rc = commit(sink, false, &why);
		if (rc < 0)
			return answer(rc, &why, error);
	}
	return RESPIN_PUT_CONTINUE; /* also where the commit has to wait: it comes before the next put */
}

static int sink_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	struct sink_file *sink = self;
	struct respin_error reason = {0};
	sink->stopping = sink->stopping || why == RESPIN_FLUSH_STOPPING;
	return answer(commit(sink, false, &reason), &reason, error);
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
	if (!rc && (stat.size_bytes < sink->end_bytes || (sink->exact && stat.size_bytes > sink->end_bytes)))
		rc = files_truncate(&store->io, store->image, sink->end_bytes);
	return rc ? store_error(error, rc, store->image_at->path, "cannot be made as long as the disc") : 0;
}

/* Everything but the summary. */
static int finish(struct sink_file *sink, struct respin_error *why)
{
	/* Where length has to be written it can fail: what was read is safe before that. */
	int rc = sink->no_holes ? commit(sink, false, why) : 0;
	if (rc)
		return rc;
	/* A run that put nothing (another disc, say) leaves image and map as they are. */
	rc = sink->store->touched ? set_length(sink, why) : 0;
	if (!rc)
		return commit(sink, true, why);
	struct respin_error unused;
	bool wait = rc == RESPIN_E_FULL && may_wait(sink, why);
	(void)commit(sink, false, &unused);
	return wait ? RESPIN_PUT_WAIT : rc;
}

static int sink_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	struct sink_file *sink = self;
	struct store *store = sink->store;
	struct respin_error why = {0};
	int rc = finish(sink, &why);
	if (rc)
		return answer(rc, &why, error);
	store_drop_twin(store);
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

static const char *sink_notice(void *self)
{
	struct sink_file *sink = self;
	if (!*sink->store->notice)
		return NULL;
	memcpy(sink->told, sink->store->notice, sizeof sink->told);
	*sink->store->notice = '\0';
	return sink->told;
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
		.notice = sink_notice,
	};
	return (struct respin_sink){&ops, sink};
}
