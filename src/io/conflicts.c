/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading, growing and replacing the list of conflicts, see conflicts.h. Judges nothing. */
#include "io/conflicts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* A list longer than this would be of images that have nothing in common. */
#define LIST_MAX_BYTES (64u << 20)
#define FLUSH_BYTES (64u << 10)

static int no_memory(struct respin_error *error)
{
	return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a list of conflicts");
}

static const char open_word[] = "open", settled_word[] = "settled";

/* "WORD START COUNT ...": the range, if the line begins with that word and means something. */
static bool parse_line(const char *text, const char *word, uint64_t units, struct respin_range *range)
{
	size_t len = strlen(word);
	char *rest;
	if (strncmp(text, word, len) != 0 || text[len] != ' ')
		return false;
	range->start = strtoull(text + len, &rest, 10);
	range->count = strtoull(rest, NULL, 10);
	if (range->start >= units || !range->count)
		return false;
	if (range->count > units - range->start)
		range->count = units - range->start;
	return true;
}

/* Lines that are neither of the two kinds say nothing. False: no memory. */
static bool take_line(const char *line, size_t len, uint64_t units, struct respin_map **past)
{
	char text[80] = {0}; /* the rest is for people */
	struct respin_range range;
	memcpy(text, line, len < sizeof text - 1 ? len : sizeof text - 1);
	bool open = parse_line(text, open_word, units, &range);
	if (!open && !parse_line(text, settled_word, units, &range))
		return true;
	if (!*past)
		*past = map_create(units, RESPIN_NON_TRIED);
	return *past && map_set(*past, range, open ? RESPIN_FINISHED : RESPIN_NON_SCRAPED) == 0;
}

/* 1: it is there and was read, 0: there is none. */
static int load(const struct conflicts *conflicts, const char *name, uint64_t units, struct respin_map **past,
		struct respin_error *error)
{
	_cleanup_(buf_finish) struct buf text = {0};
	int rc = files_load(&conflicts->io, conflicts->at.dir, name, RESPIN_IO_NOFOLLOW, LIST_MAX_BYTES,
			    &text, NULL);
	if (rc == -ENOENT)
		return 0;
	if (rc == -EINVAL || rc == -EFBIG)
		return error_set(error, RESPIN_E_INVALID, -rc, "%s: is no list of conflicts: move it away",
				 conflicts->at.path);
	if (rc < 0)
		return files_error(error, rc, conflicts->at.path, "cannot be read");
	for (const char *line = text.data, *end; line && line < text.data + text.len; line = end + 1) {
		end = memchr(line, '\n', text.len - (size_t)(line - text.data));
		if (!end)
			break; /* cut off in mid-line: the map does not tell of it yet */
		if (!take_line(line, (size_t)(end - line), units, past))
			return no_memory(error);
	}
	return 1;
}

/* What a run that was cut off has listed must be in the list itself before that file is used anew. */
static int save_past(const struct conflicts *conflicts, const struct respin_map *past,
		     struct respin_error *error)
{
	_cleanup_(buf_finish) struct buf text = {0};
	struct respin_extent run;
	for (uint64_t at = 0;
	     past && map_find(past, at, MASK(RESPIN_FINISHED) | MASK(RESPIN_NON_SCRAPED), &run);
	     at = run.range.start + run.range.count)
		buf_addf(&text, "%s %" PRIu64 " %" PRIu64 "\n",
			 run.status == RESPIN_FINISHED ? open_word : settled_word, run.range.start,
			 run.range.count);
	if (text.failed)
		return no_memory(error);
	if (!text.len)
		return 0;
	int rc = files_replace(&conflicts->io, conflicts->at.dir, conflicts->at.name, &text, NULL, NULL);
	return rc < 0 ? files_error(error, rc, conflicts->at.path, "cannot be written") : 0;
}

int conflicts_open(struct conflicts *conflicts, const struct respin_io *io, const char *path, uint64_t units,
		   struct respin_map **past, struct respin_error *error)
{
	*conflicts = (struct conflicts){.io = *io, .at = {.dir = -1}, .file = -1};
	_cleanup_map_ struct respin_map *found = NULL;
	*past = NULL;
	int rc = place_open(io, path, &conflicts->at, error);
	if (rc < 0)
		return rc;
	conflicts->growing_name = files_name(conflicts->at.name, ".part");
	if (!conflicts->growing_name)
		return no_memory(error);
	rc = load(conflicts, conflicts->at.name, units, &found, error);
	if (rc >= 0)
		rc = load(conflicts, conflicts->growing_name, units, &found, error);
	if (rc > 0)
		rc = save_past(conflicts, found, error);
	if (rc < 0)
		return rc;
	*past = take(found);
	return 0;
}

void conflicts_head(struct conflicts *conflicts, const char *line)
{
	buf_add_str(&conflicts->head, "# ");
	for (; *line; line++) /* a line end in a name must not begin a line of the list */
		buf_add(&conflicts->head, *line == '\n' || *line == '\r' ? "?" : line, 1);
	buf_add_str(&conflicts->head, "\n");
}

static int begin(struct conflicts *conflicts, struct respin_error *error)
{
	if (conflicts->file >= 0)
		return 0;
	const struct respin_io *io = &conflicts->io;
	int file = files_open(io, conflicts->at.dir, conflicts->growing_name,
			      RESPIN_IO_READ | RESPIN_IO_WRITE | RESPIN_IO_CREATE | RESPIN_IO_NOFOLLOW, 0666);
	int rc = file < 0 ? file : files_truncate(io, file, 0);
	if (file >= 0)
		conflicts->file = file;
	if (rc < 0)
		return files_error(error, rc, conflicts->at.path, "cannot be made");
	buf_add(&conflicts->text, conflicts->head.data, conflicts->head.len);
	return 0;
}

static int flush(struct conflicts *conflicts, struct respin_error *error)
{
	struct buf *text = &conflicts->text;
	if (text->failed || conflicts->head.failed)
		return no_memory(error);
	if (!text->len)
		return 0;
	int rc = files_write(&conflicts->io, conflicts->file, text->data, text->len, conflicts->len_bytes);
	if (rc < 0)
		return files_error(error, rc, conflicts->at.path, "cannot be written");
	conflicts->len_bytes += text->len;
	buf_clear(text);
	return 0;
}

/* What is open must be on the list before the map can tell of it, also after a power cut: else a merge of fewer images
 * would find nothing in its way. Disputes are rare, so each may have its sync. */
static int make_last(struct conflicts *conflicts, struct respin_error *error)
{
	int rc = flush(conflicts, error);
	if (rc < 0)
		return rc;
	rc = files_sync(&conflicts->io, conflicts->file);
	if (rc == 0 && !conflicts->named)
		rc = files_sync_dir(&conflicts->io, conflicts->at.dir);
	conflicts->named = true;
	return rc < 0 ? files_error(error, rc, conflicts->at.path, "cannot be synced") : 0;
}

int conflicts_add(struct conflicts *conflicts, bool open, struct respin_range range, const char *sides,
		  struct respin_error *error)
{
	int rc = begin(conflicts, error);
	if (rc < 0)
		return rc;
	buf_addf(&conflicts->text, "%s %" PRIu64 " %" PRIu64 "%s\n", open ? open_word : settled_word,
		 range.start, range.count, sides);
	conflicts->lines++;
	/* What is settled may wait: nothing is lost with it. */
	if (open)
		return make_last(conflicts, error);
	return conflicts->text.len >= FLUSH_BYTES ? flush(conflicts, error) : 0;
}

static int drop(const struct conflicts *conflicts, const char *name, struct respin_error *error)
{
	int rc = conflicts->io.ops->unlink(conflicts->io.self, conflicts->at.dir, name);
	return rc < 0 && rc != -ENOENT ? files_error(error, rc, conflicts->at.path, "cannot be removed") : 0;
}

int conflicts_close(struct conflicts *conflicts, struct respin_error *error)
{
	const struct respin_io *io = &conflicts->io;
	if (conflicts->file < 0) {
		int rc = drop(conflicts, conflicts->growing_name, error);
		return rc < 0 ? rc : drop(conflicts, conflicts->at.name, error);
	}
	int rc = flush(conflicts, error);
	if (rc < 0)
		return rc;
	rc = files_sync(io, conflicts->file);
	if (rc == 0)
		rc = io->ops->rename(io->self, conflicts->at.dir, conflicts->growing_name,
				     conflicts->at.name);
	if (rc == 0)
		rc = files_sync_dir(io, conflicts->at.dir);
	return rc < 0 ? files_error(error, rc, conflicts->at.path, "cannot be replaced") : 0;
}

void conflicts_finish(struct conflicts *conflicts)
{
	if (conflicts->file >= 0)
		(void)conflicts->io.ops->close(conflicts->io.self, conflicts->file);
	place_close(&conflicts->io, &conflicts->at);
	free(conflicts->growing_name);
	buf_finish(&conflicts->head);
	buf_finish(&conflicts->text);
	*conflicts = (struct conflicts){.file = -1, .at = {.dir = -1}};
}
