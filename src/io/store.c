/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing: bytes into the image, spans into the open group, write-back begun
 * early so that the sync has little left to do. Durability is store_commit.c's.
 */
#include "io/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/block.h"
#include "base/cleanup.h"
#include "base/error.h"

/* Begin write-back in steps of this: smooths the sync, and is far above any request. */
#define WRITEBACK_BYTES (8u << 20)

void store_init(struct store *store, const struct respin_io *io, const struct layout *layout)
{
	*store = (struct store){.io = *io, .layout = *layout, .image = -1, .reserve = -1};
}

void group_clear(struct group *group)
{
	for (size_t i = 0; i < group->block_count; i++)
		respin_block_free(group->blocks[i]);
	group->span_count = group->write_count = group->block_count = 0;
	group->memory_bytes = 0;
}

void store_finish(struct store *store)
{
	group_clear(&store->group);
	free(store->group.spans);
	free(store->group.writes);
	free(store->group.blocks);
	store->group = (struct group){0};
	holes_finish(&store->holes);
	witness_finish(&store->witness);
	past_finish(&store->past);
	store_free_reserve(store);
	buf_finish(&store->text);
	buf_finish(&store->keep_text);
}

static bool has_bytes(const struct respin_span *span)
{
	return span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL;
}

/* Room for `more` elements in *array; false: no memory, everything as it was. */
static bool grow(void **array, size_t *cap, size_t count, size_t more, size_t each)
{
	if (*cap - count >= more)
		return true;
	size_t wanted = *cap ? 2 * *cap : 64;
	while (wanted - count < more)
		wanted *= 2;
	void *larger = reallocarray(*array, wanted, each);
	if (!larger)
		return false;
	*array = larger;
	*cap = wanted;
	return true;
}

/* Before anything is written, so that what was written can always be recorded. */
static bool group_make_room(struct group *group, size_t spans)
{
	return grow((void **)&group->spans, &group->span_cap, group->span_count, spans,
		    sizeof *group->spans) &&
	       grow((void **)&group->writes, &group->write_cap, group->write_count, spans,
		    sizeof *group->writes) &&
	       grow((void **)&group->blocks, &group->block_cap, group->block_count, 1, sizeof *group->blocks);
}

static void start_writeback(struct store *store, uint64_t pos, size_t len)
{
	struct respin_range *ahead = &store->ahead;
	if (ahead->start + ahead->count != pos)
		*ahead = (struct respin_range){pos, 0};
	ahead->count += len;
	if (ahead->count < WRITEBACK_BYTES)
		return;
	store->io.ops->start_writeback(store->io.self, store->image, ahead->start, ahead->count);
	*ahead = (struct respin_range){pos + len, 0};
}

static int write_stretch(struct store *store, struct respin_range range, const unsigned char *data)
{
	uint64_t pos = layout_pos(&store->layout, range.start);
	size_t len = (size_t)(layout_pos(&store->layout, range.start + range.count) - pos);
	if (store->image_kind == RESPIN_IO_OTHER)
		return files_stream(&store->io, store->image, data, len);
	int rc = holes_write(&store->holes, &store->io, store->image, data, len, pos);
	if (!rc)
		witness_note(&store->witness, range, data);
	if (!rc && pos + len > store->written_end)
		store->written_end = pos + len;
	if (!rc && store->retain)
		start_writeback(store, pos, len);
	return rc;
}

/* Neighbouring spans with bytes are one write. */
static int write_spans(struct store *store, const struct respin_outcome *outcome, const unsigned char *bytes)
{
	struct group *group = &store->group;
	uint64_t first = outcome->request.range.start;
	for (uint32_t i = 0; i < outcome->span_count;) {
		struct respin_range range = outcome->spans[i].range;
		if (!has_bytes(&outcome->spans[i++]))
			continue;
		while (i < outcome->span_count && has_bytes(&outcome->spans[i]))
			range.count += outcome->spans[i++].range.count;

		assert(bytes && range.start >= first);
		const unsigned char *data = bytes + (range.start - first) * store->layout.unit_bytes;
		int rc = write_stretch(store, range, data);
		if (rc)
			return rc;
		group->writes[group->write_count++] =
			(struct store_write){range, store->retain ? data : NULL};
	}
	return 0;
}

static void check_outcome(const struct store *store, const struct respin_outcome *outcome)
{
	uint64_t next = outcome->request.range.start;
	assert(outcome->span_count <= RESPIN_SPANS_MAX);
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		assert(outcome->spans[i].range.start == next);
		next += outcome->spans[i].range.count;
	}
	assert(next <= store->layout.units);
}

/* Cut by somebody else, the file would grow over the gap with the next write, and nothing would tell. */
static int check_not_cut(struct store *store, struct respin_error *error)
{
	struct respin_io_stat stat;
	if (store->image_kind != RESPIN_IO_REGULAR || !store->written_end)
		return 0;
	int rc = store_stat_image(store, &stat);
	if (rc)
		return store_error(error, rc, store->image_at->path, "cannot be asked");
	if (stat.size_bytes >= store->written_end)
		return 0;
	return error_set(
		error, RESPIN_E_OTHER_FILE, 0,
		"%s: was made shorter by another program: stopped; the map claims what was cut off: start "
		"over with --force",
		store->image_at->path);
}

/* Nothing of it is in the group where it fails. */
static int write_outcome(struct store *store, const struct respin_outcome *outcome)
{
	struct group *group = &store->group;
	size_t written = group->write_count;
	int rc = write_spans(store, outcome, outcome->bytes);
	if (rc)
		group->write_count = written;
	if (rc == -ESTALE && !store_reopen(store)) {
		rc = write_spans(store, outcome, outcome->bytes);
		if (rc)
			group->write_count = written;
	}
	return rc;
}

int store_put(struct store *store, struct respin_outcome *outcome, struct respin_error *error)
{
	struct group *group = &store->group;
	check_outcome(store, outcome);
	int rc = check_not_cut(store, error);
	if (rc)
		return rc;
	store->touched = true;
	if (!group_make_room(group, outcome->span_count))
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory");

	size_t written = group->write_count;
	rc = write_outcome(store, outcome);
	if (rc)
		return store_error(error, rc, store->image_at->path, "cannot write");
	unsigned char *bytes = take(outcome->bytes);
	for (uint32_t i = 0; i < outcome->span_count; i++)
		group->spans[group->span_count++] = outcome->spans[i];
	group->memory_bytes += outcome->span_count * sizeof *group->spans;
	if (bytes && store->retain && group->write_count > written) {
		group->memory_bytes += block_memory(bytes);
		group->blocks[group->block_count++] = bytes;
		return 0;
	}
	respin_block_free(bytes);
	return 0;
}

bool store_is_dirty(const struct store *store)
{
	return store->group.span_count > 0 || store->unsaved;
}
