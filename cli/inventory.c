/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass over an image for all of its hashes, see inventory.h. A disc is
 * written from its beginning to its end, so nearly every file comes in its own
 * order; one that does not is read once more, by itself. What the disc claims
 * costs no more than a few times its own size, whatever it is.
 */
#include "inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (1u << 20)
/* Files open at once: a disc that was packet-written has dozens, one that was made to hurt a million. */
#define OPEN_MAX 512u
/* Hashed in all: hard links and shared extents are counted once, so honest discs stay below one. */
#define CLAIM_TIMES 8u
#define CLAIM_MORE (UINT64_C(256) << 20) /* and holes, of small images */

/* Bytes of a file that lie together. */
struct piece {
	uint64_t disc_bytes, len_bytes;
	uint32_t entry;
	uint8_t hole;
};

struct pass {
	struct inventory *inventory;
	struct piece *pieces; /* in the order of their files, and within each */
	size_t count, cap;
	size_t *order; /* of those that are no holes: by their place on the disc */
	size_t order_count;
	size_t *active; /* pieces that reach into the present chunk */
	size_t active_count;
	unsigned open;
	unsigned char *chunk;
};

static int failed(struct respin_error *error, int code, int why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static int failed(struct respin_error *error, int code, int why, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	error->code = code;
	error->sys_errno = why;
	(void)vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return code;
}

static int no_memory(struct respin_error *error)
{
	return failed(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the list of files");
}

/* ---- what is there ---- */

static int open_image(struct inventory *inventory, struct respin_error *error)
{
	inventory->fd = open(inventory->image, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	off_t end = inventory->fd < 0 ? -1 : lseek(inventory->fd, 0, SEEK_END);
	if (end < 0)
		return failed(error, RESPIN_E_INVALID, errno, "%.300s: cannot be read: %s", inventory->image,
			      strerror(errno));
	inventory->image_bytes = (uint64_t)end;
	return 0;
}

/* What of the map's `extent` (all of it, or only what is asked for) the image lacks. */
static void count_extent(struct inventory *inventory, const struct respin_extent *extent)
{
	uint64_t end = extent->range.start + extent->range.count;
	uint64_t from =
		extent->range.start > inventory->image_bytes ? extent->range.start : inventory->image_bytes;
	if (extent->status != RESPIN_FINISHED)
		inventory->lacking_bytes += extent->range.count;
	else if (end > from)
		inventory->beyond_bytes += end - from;
}

/* Within the domain alone: what nobody asked for is not missing. */
static void count_lacking(struct inventory *inventory, const struct respin_map *domain)
{
	struct respin_extent extent, wanted;
	for (uint64_t pos = 0;
	     inventory->map && respin_map_next(inventory->map, pos, (1u << RESPIN_STATUSES) - 1, &extent);
	     pos = extent.range.start + extent.range.count) {
		uint64_t end = extent.range.start + extent.range.count;
		if (domain) {
			if (!respin_map_next(domain, extent.range.start, 1u << RESPIN_FINISHED, &wanted))
				return;
			uint64_t wanted_end = wanted.range.start + wanted.range.count;
			if (wanted.range.start >= end) {
				extent.range = (struct respin_range){end, 0};
				continue;
			}
			extent.range.start = wanted.range.start;
			extent.range.count = (wanted_end < end ? wanted_end : end) - wanted.range.start;
		}
		count_extent(inventory, &extent);
	}
}

int inventory_open(struct inventory *inventory, const char *image, const char *map, const char *domain,
		   const struct respin_files_options *options, struct respin_error *error)
{
	struct respin_map *wanted = NULL;
	inventory->image = image;
	inventory->fd = -1;
	inventory->info.size = sizeof inventory->info;
	int code = open_image(inventory, error);
	if (code == 0 && map)
		code = respin_map_load(map, NULL, &inventory->map, error);
	if (code == 0 && map && domain)
		code = respin_map_load(domain, NULL, &wanted, error);
	if (code < 0)
		return code;
	count_lacking(inventory, wanted);
	respin_map_destroy(wanted);
	code = respin_files_open(image, map, options, &inventory->files, error);
	if (code == RESPIN_E_UNSUPPORTED)
		return 0; /* no file system that is known: the image can be hashed all the same */
	if (code < 0)
		return code;
	respin_files_info(inventory->files, &inventory->info);
	inventory->entries = calloc(inventory->info.count + 1, sizeof *inventory->entries);
	inventory->digests = calloc(inventory->info.count + 1, inventory->hashes.bytes);
	return inventory->entries && inventory->digests ? 0 : no_memory(error);
}

/* ---- the plan ---- */

static bool add_piece(struct pass *pass, const struct piece *piece, bool joins)
{
	struct piece *last = pass->count ? &pass->pieces[pass->count - 1] : NULL;
	if (joins && last && last->hole == piece->hole &&
	    (piece->hole || last->disc_bytes + last->len_bytes == piece->disc_bytes)) {
		last->len_bytes += piece->len_bytes;
		return true;
	}
	if (pass->count == pass->cap) {
		size_t cap = pass->cap ? 2 * pass->cap : 1024;
		struct piece *more = reallocarray(pass->pieces, cap, sizeof *more);
		if (!more)
			return false;
		pass->pieces = more;
		pass->cap = cap;
	}
	pass->pieces[pass->count++] = *piece;
	return true;
}

static bool plan_file(struct pass *pass, uint32_t index)
{
	struct inventory *inventory = pass->inventory;
	struct inventory_entry *entry = &inventory->entries[index];
	struct respin_file_run run = {.size = sizeof run};
	entry->first_piece = entry->next_piece = pass->count;
	for (uint64_t from = 0; respin_files_run(inventory->files, index, from, &run);
	     from += run.len_bytes) {
		struct piece piece = {run.disc_bytes, run.len_bytes, index, run.hole};
		if (!add_piece(pass, &piece, from > 0))
			return false;
	}
	entry->end_piece = pass->count;
	return true;
}

static int compare_bytes(const void *left, const void *right, void *arg)
{
	const struct pass *pass = arg;
	const struct inventory_entry *entries = pass->inventory->entries;
	uint32_t one = *(const uint32_t *)left, two = *(const uint32_t *)right;
	const struct inventory_entry *a = &entries[one], *b = &entries[two];
	size_t count = a->end_piece - a->first_piece;
	if (count != b->end_piece - b->first_piece)
		return count < b->end_piece - b->first_piece ? -1 : 1;
	for (size_t i = 0; i < count; i++) {
		const struct piece *p = &pass->pieces[a->first_piece + i],
				   *q = &pass->pieces[b->first_piece + i];
		if (p->disc_bytes != q->disc_bytes)
			return p->disc_bytes < q->disc_bytes ? -1 : 1;
		if (p->len_bytes != q->len_bytes)
			return p->len_bytes < q->len_bytes ? -1 : 1;
		if (p->hole != q->hole)
			return p->hole < q->hole ? -1 : 1;
	}
	return one < two ? -1 : one > two;
}

static bool same_bytes(const struct pass *pass, uint32_t one, uint32_t two)
{
	const struct inventory_entry *a = &pass->inventory->entries[one], *b = &pass->inventory->entries[two];
	size_t count = a->end_piece - a->first_piece;
	if (count != b->end_piece - b->first_piece)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct piece *p = &pass->pieces[a->first_piece + i],
				   *q = &pass->pieces[b->first_piece + i];
		if (p->disc_bytes != q->disc_bytes || p->len_bytes != q->len_bytes || p->hole != q->hole)
			return false;
	}
	return true;
}

/* Names of the very same bytes (hard links; mkisofs -duplicates-once) are hashed once. */
static bool find_same(struct pass *pass)
{
	struct inventory *inventory = pass->inventory;
	uint32_t *sorted = calloc(inventory->info.count + 1, sizeof *sorted);
	size_t count = 0;
	if (!sorted)
		return false;
	for (uint32_t i = 0; i < inventory->info.count; i++)
		if (inventory->entries[i].verdict == INVENTORY_HASHED)
			sorted[count++] = i;
	qsort_r(sorted, count, sizeof *sorted, compare_bytes, pass);
	for (size_t i = 1; i < count; i++)
		if (same_bytes(pass, sorted[i - 1], sorted[i]))
			inventory->entries[sorted[i]].same = inventory->entries[sorted[i - 1]].same;
	free(sorted);
	return true;
}

/* Files that would cost more than any honest disc get no hash, and that is said. */
static void bound(struct inventory *inventory)
{
	uint64_t left = inventory->image_bytes * CLAIM_TIMES + CLAIM_MORE;
	for (uint64_t i = 0; i < inventory->info.count; i++) {
		struct inventory_entry *entry = &inventory->entries[i];
		if (entry->verdict != INVENTORY_HASHED || entry->same != i)
			continue;
		if (entry->size_bytes > left)
			entry->verdict = INVENTORY_EXCESSIVE;
		else
			left -= entry->size_bytes;
	}
}

static int compare_places(const void *left, const void *right, void *arg)
{
	const struct piece *pieces = arg;
	size_t one = *(const size_t *)left, two = *(const size_t *)right;
	uint64_t a = pieces[one].disc_bytes, b = pieces[two].disc_bytes;
	if (a != b)
		return a < b ? -1 : 1;
	return one < two ? -1 : one > two;
}

static bool sort_pieces(struct pass *pass)
{
	const struct inventory_entry *entries = pass->inventory->entries;
	pass->order = calloc(pass->count + 1, sizeof *pass->order);
	pass->active = calloc(pass->count + 1, sizeof *pass->active);
	if (!pass->order || !pass->active)
		return false;
	for (size_t i = 0; i < pass->count; i++) {
		uint32_t own = pass->pieces[i].entry;
		if (!pass->pieces[i].hole && entries[own].verdict == INVENTORY_HASHED &&
		    entries[own].same == own)
			pass->order[pass->order_count++] = i;
	}
	qsort_r(pass->order, pass->order_count, sizeof *pass->order, compare_places, pass->pieces);
	return true;
}

static int plan(struct pass *pass, struct respin_error *error)
{
	struct inventory *inventory = pass->inventory;
	struct respin_file file = {.size = sizeof file};
	for (uint32_t i = 0; i < inventory->info.count; i++) {
		struct inventory_entry *entry = &inventory->entries[i];
		if (respin_files_at(inventory->files, i, &file) <= 0)
			return no_memory(error);
		*entry = (struct inventory_entry){
			.size_bytes = file.size_bytes, .state = file.state, .same = i};
		if (file.kind != RESPIN_FILE_REGULAR)
			continue;
		entry->verdict = file.state == RESPIN_FILE_WHOLE ? INVENTORY_HASHED : INVENTORY_NOT_WHOLE;
		if (entry->verdict == INVENTORY_HASHED && !plan_file(pass, i))
			return no_memory(error);
	}
	if (!find_same(pass))
		return no_memory(error);
	bound(inventory);
	return sort_pieces(pass) ? 0 : no_memory(error);
}

/* ---- the pass ---- */

static int read_image(const struct inventory *inventory, void *data, size_t len, uint64_t pos,
		      struct respin_error *error)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(inventory->fd, (char *)data + done, len - done, (off_t)(pos + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(error, RESPIN_E_INVALID, n < 0 ? errno : 0,
				      "%.300s: cannot be read at byte %llu: %s", inventory->image,
				      (unsigned long long)pos + done,
				      n < 0 ? strerror(errno) : "it became shorter meanwhile");
		done += (size_t)n;
	}
	return 0;
}

/* Takes what a file has hashed so far away: it will be read by itself. */
static void postpone(struct pass *pass, struct inventory_entry *entry)
{
	if (entry->hashing)
		pass->open--;
	hashing_destroy(entry->hashing);
	entry->hashing = NULL;
	entry->later = 1;
}

static bool feed_zeros(struct hashing *hashing, uint64_t len)
{
	static const unsigned char zeros[1u << 16];
	for (; len > sizeof zeros; len -= sizeof zeros)
		if (!hashing_feed(hashing, zeros, sizeof zeros))
			return false;
	return hashing_feed(hashing, zeros, (size_t)len);
}

/* Holes that are next in the file; and its end. */
static void settle(struct pass *pass, uint32_t index)
{
	struct inventory *inventory = pass->inventory;
	struct inventory_entry *entry = &inventory->entries[index];
	bool good = true;
	while (good && entry->next_piece < entry->end_piece && pass->pieces[entry->next_piece].hole)
		good = feed_zeros(entry->hashing, pass->pieces[entry->next_piece++].len_bytes);
	if (good && entry->next_piece < entry->end_piece)
		return;
	bool ended =
		good && hashing_end(entry->hashing, inventory->digests + index * inventory->hashes.bytes);
	if (good) {
		entry->hashing = NULL;
		pass->open--;
	}
	if (!ended)
		postpone(pass, entry);
}

/* A piece begins. False: its file is not hashed on the way. */
static bool enter(struct pass *pass, size_t piece)
{
	uint32_t index = pass->pieces[piece].entry;
	struct inventory_entry *entry = &pass->inventory->entries[index];
	if (entry->later)
		return false;
	if (!entry->hashing && pass->open < OPEN_MAX) {
		entry->hashing = hashing_begin(&pass->inventory->hashes);
		pass->open += entry->hashing != NULL;
		while (entry->hashing && entry->next_piece < entry->end_piece &&
		       pass->pieces[entry->next_piece].hole)
			(void)feed_zeros(entry->hashing, pass->pieces[entry->next_piece++].len_bytes);
	}
	if (entry->hashing && entry->next_piece == piece)
		return true;
	postpone(pass, entry);
	return false;
}

/* Gives the chunk at `pos` to every piece that it is part of. */
static void share_out(struct pass *pass, size_t *next, uint64_t pos, size_t len)
{
	uint64_t end = pos + len;
	size_t kept = 0;
	for (; *next < pass->order_count && pass->pieces[pass->order[*next]].disc_bytes < end; ++*next)
		pass->active[pass->active_count++] = pass->order[*next];
	for (size_t i = 0; i < pass->active_count; i++) {
		size_t number = pass->active[i];
		const struct piece *piece = &pass->pieces[number];
		struct inventory_entry *entry = &pass->inventory->entries[piece->entry];
		uint64_t from = piece->disc_bytes > pos ? piece->disc_bytes : pos;
		uint64_t until = piece->disc_bytes + piece->len_bytes;
		if (piece->disc_bytes >= pos && !enter(pass, number))
			continue;
		if (entry->later)
			continue;
		uint64_t stop = until < end ? until : end;
		if (!hashing_feed(entry->hashing, pass->chunk + (from - pos), (size_t)(stop - from))) {
			postpone(pass, entry);
		} else if (until <= end) {
			entry->next_piece++;
			settle(pass, piece->entry);
		} else {
			pass->active[kept++] = number;
		}
	}
	pass->active_count = kept;
}

static int stream(struct pass *pass, int (*tick)(void *arg, uint64_t done, uint64_t all), void *arg,
		  struct respin_error *error)
{
	struct inventory *inventory = pass->inventory;
	struct hashing *image = hashing_begin(&inventory->hashes);
	size_t next = 0;
	int code = image ? 0 : no_memory(error);
	for (uint64_t pos = 0; code == 0 && pos < inventory->image_bytes;) {
		uint64_t left = inventory->image_bytes - pos;
		size_t len = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
		code = read_image(inventory, pass->chunk, len, pos, error);
		if (code < 0)
			break;
		if (!hashing_feed(image, pass->chunk, len))
			code = failed(error, RESPIN_E_UNSUPPORTED, 0, "libcrypto failed");
		share_out(pass, &next, pos, len);
		pos += len;
		if (tick && tick(arg, pos, inventory->image_bytes))
			code = failed(error, RESPIN_E_CANCELLED, 0, "stopped");
	}
	if (code == 0 && hashing_end(image, inventory->image_digests))
		return 0;
	if (code < 0)
		hashing_destroy(image);
	return code < 0 ? code : failed(error, RESPIN_E_UNSUPPORTED, 0, "libcrypto failed");
}

/* ---- what the pass left ---- */

static int hash_alone(struct pass *pass, uint32_t index, struct respin_error *error)
{
	struct inventory *inventory = pass->inventory;
	struct hashing *hashing = hashing_begin(&inventory->hashes);
	uint64_t pos = 0;
	int64_t n = 0;
	if (!hashing)
		return no_memory(error);
	while ((n = respin_files_read(inventory->files, index, pass->chunk, CHUNK_BYTES, pos)) > 0 &&
	       hashing_feed(hashing, pass->chunk, (size_t)n))
		pos += (uint64_t)n;
	if (n == 0 && hashing_end(hashing, inventory->digests + index * inventory->hashes.bytes))
		return 0;
	if (n != 0)
		hashing_destroy(hashing);
	return failed(error, RESPIN_E_INVALID, 0, "%.300s: cannot be read", inventory->image);
}

static int finish_files(struct pass *pass, struct respin_error *error)
{
	struct inventory *inventory = pass->inventory;
	size_t bytes = inventory->hashes.bytes;
	for (uint32_t i = 0; i < inventory->info.count; i++) {
		struct inventory_entry *entry = &inventory->entries[i];
		if (entry->verdict == INVENTORY_NOT_WHOLE)
			inventory->not_whole++;
		if (entry->verdict != INVENTORY_HASHED || entry->same != i)
			continue;
		/* No piece of it is on the disc at all: empty files, and files of holes. */
		bool untouched = !entry->later && entry->next_piece == entry->first_piece;
		int code = entry->later || entry->hashing || untouched ? hash_alone(pass, i, error) : 0;
		if (code < 0)
			return code;
	}
	for (uint32_t i = 0; i < inventory->info.count; i++) {
		struct inventory_entry *entry = &inventory->entries[i];
		if (entry->verdict == INVENTORY_HASHED && entry->same != i) {
			entry->verdict = inventory->entries[entry->same].verdict;
			memcpy(inventory->digests + i * bytes, inventory->digests + entry->same * bytes,
			       bytes);
		}
		inventory->hashed += entry->verdict == INVENTORY_HASHED;
		inventory->excessive += entry->verdict == INVENTORY_EXCESSIVE;
	}
	return 0;
}

int inventory_hash(struct inventory *inventory, int (*tick)(void *arg, uint64_t done, uint64_t all),
		   void *arg, struct respin_error *error)
{
	struct pass pass = {.inventory = inventory, .chunk = malloc(CHUNK_BYTES)};
	int code = pass.chunk ? 0 : no_memory(error);
	if (code == 0 && inventory->files)
		code = plan(&pass, error);
	if (code == 0)
		code = stream(&pass, tick, arg, error);
	if (code == 0 && inventory->files)
		code = finish_files(&pass, error);
	free(pass.chunk);
	free(pass.pieces);
	free(pass.order);
	free(pass.active);
	return code;
}

void inventory_finish(struct inventory *inventory)
{
	for (uint64_t i = 0; inventory->entries && i < inventory->info.count; i++)
		hashing_destroy(inventory->entries[i].hashing);
	free(inventory->entries);
	free(inventory->digests);
	respin_files_destroy(inventory->files);
	respin_map_destroy(inventory->map);
	if (inventory->fd >= 0)
		(void)close(inventory->fd);
}

const unsigned char *inventory_digests(const struct inventory *inventory, uint64_t index)
{
	return inventory->entries[index].verdict == INVENTORY_HASHED
		       ? inventory->digests + index * inventory->hashes.bytes
		       : NULL;
}

uint64_t inventory_truncated(const struct inventory *inventory)
{
	return inventory->files && inventory->info.volume_bytes > inventory->image_bytes
		       ? inventory->info.volume_bytes - inventory->image_bytes
		       : 0;
}
