/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image beside its disc, see reread.h. Reads both, changes neither, and calls nothing different that merely fails. */
#include "reread.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asker.h"
#include "commands.h"
#include "inventory.h"
#include "quantity.h"
#include "say.h"

#define SECOND_NS 1000000000ull
/* Finished ranges were read before: what takes longer than this now counts as not readable. */
#define READ_MOST_NS (60 * SECOND_NS)
/* Beyond any drive's read-ahead: what was read before is out of its cache, should it not heed FUA. */
#define AWAY_BYTES (UINT64_C(64) << 20)

struct work {
	struct reread *reread;
	const struct inventory *inventory;
	struct asker asker;
	uint64_t unit_bytes;
	struct respin_range part;    /* the finished stretch that was come to, in units */
	uint64_t passed;             /* finished units before it */
	unsigned char *have, *first; /* a block of the image, and of the disc as it was read first */
	size_t cap;                  /* of finds */
};

static uint64_t mix(uint64_t x) /* splitmix64's finaliser */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* ---- which blocks ---- */

/* The next finished stretch of whole sectors at or after unit `from`. */
static bool next_finished(const struct work *work, uint64_t from, struct respin_range *units)
{
	const struct inventory *inventory = work->inventory;
	uint64_t bytes = work->unit_bytes, all = inventory->image_bytes / bytes;
	struct respin_extent extent;
	all = all < work->asker.info.units ? all : work->asker.info.units;
	for (;;) {
		if (from >= all)
			return false;
		*units = (struct respin_range){from, all - from};
		if (!inventory->map)
			return true;
		if (!respin_map_next(inventory->map, from * bytes, 1u << RESPIN_FINISHED, &extent))
			return false;
		uint64_t start = (extent.range.start + bytes - 1) / bytes;
		uint64_t end = (extent.range.start + extent.range.count) / bytes;
		end = end < all ? end : all;
		if (start < end) {
			*units = (struct respin_range){start, end - start};
			return true;
		}
		from = (extent.range.start + extent.range.count + bytes - 1) / bytes;
	}
}

static uint64_t count_blocks(const struct work *work, uint64_t *units)
{
	struct respin_range part;
	*units = 0;
	for (uint64_t from = 0; next_finished(work, from, &part); from = part.start + part.count)
		*units += part.count;
	return *units / work->reread->block_sectors + (*units % work->reread->block_sectors != 0);
}

/*
 * The block around the unit that is `number`th of the finished ones: of the disc's own blocks, what is finished of it.
 * Numbers only grow from call to call: a map may have as many stretches as there are blocks.
 */
static bool find_block(struct work *work, uint64_t number, struct respin_range *block)
{
	while (number >= work->passed + work->part.count) {
		work->passed += work->part.count;
		if (!next_finished(work, work->part.start + work->part.count, &work->part))
			return false;
	}
	const struct respin_range *part = &work->part;
	uint64_t unit = part->start + (number - work->passed), size = work->reread->block_sectors;
	uint64_t start = unit - unit % size, end = start + size;
	start = start > part->start ? start : part->start;
	end = end < part->start + part->count ? end : part->start + part->count;
	*block = (struct respin_range){start, end - start};
	return true;
}

/* ---- one block ---- */

static bool read_image(const struct work *work, struct respin_range block)
{
	size_t len = (size_t)(block.count * work->unit_bytes), done = 0;
	while (done < len) {
		ssize_t n = pread(work->inventory->fd, work->have + done, len - done,
				  (off_t)(block.start * work->unit_bytes + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static enum asker_answer read_disc(struct work *work, struct respin_range block)
{
	return asker_read(&work->asker, block, RESPIN_READ_FUA | RESPIN_READ_SAMPLE, READ_MOST_NS);
}

static bool came(enum asker_answer answer)
{
	return answer == ASKER_GOOD || answer == ASKER_RECOVERED;
}

/* Somewhere else, so that the next answer comes from the disc. Whether that can be read does not matter. */
static void look_away(struct work *work, struct respin_range block)
{
	uint64_t far = AWAY_BYTES / work->unit_bytes, units = work->asker.info.units;
	uint64_t unit =
		units <= far ? (block.start < units / 2 ? units - 1 : 0) : (block.start + far) % units;
	(void)read_disc(work, (struct respin_range){unit, 1});
}

/* What the disc says the second time decides. */
static enum reread_what decide(struct work *work, struct respin_range block, size_t len)
{
	memcpy(work->first, work->asker.buffer, len);
	look_away(work, block);
	if (!came(read_disc(work, block)))
		return REREAD_UNREADABLE; /* what cannot be confirmed is not believed */
	if (!memcmp(work->asker.buffer, work->have, len))
		return REREAD_WAVERED;
	return memcmp(work->asker.buffer, work->first, len) ? REREAD_UNSTEADY : REREAD_DIFFERS;
}

static bool note(struct work *work, struct respin_range block, enum reread_what what)
{
	struct reread *reread = work->reread;
	if (reread->find_count == work->cap) {
		size_t cap = work->cap ? 2 * work->cap : 64;
		struct reread_find *more = reallocarray(reread->finds, cap, sizeof *more);
		if (!more)
			return false;
		reread->finds = more;
		work->cap = cap;
	}
	reread->finds[reread->find_count++] = (struct reread_find){
		work->asker.info.first_lba + (int64_t)block.start, (uint32_t)block.count, (uint8_t)what};
	reread->differing += what == REREAD_DIFFERS || what == REREAD_UNSTEADY;
	reread->wavered += what == REREAD_WAVERED;
	reread->unreadable += what == REREAD_UNREADABLE;
	return true;
}

/* STATUS_WHOLE: the next one. */
static int compare(struct work *work, struct respin_range block)
{
	size_t len = (size_t)(block.count * work->unit_bytes);
	if (!read_image(work, block)) {
		say("%s: cannot be read", work->inventory->image);
		return STATUS_USAGE;
	}
	enum asker_answer answer = read_disc(work, block);
	work->reread->asked++;
	if (answer == ASKER_LOST || answer == ASKER_OTHER_DISC || answer == ASKER_LATE) {
		say("%s: %s", work->reread->source,
		    answer == ASKER_OTHER_DISC ? "the disc was changed; put the right one in and begin again"
					       : "the drive went away");
		return STATUS_SOURCE;
	}
	if (came(answer) && !memcmp(work->asker.buffer, work->have, len)) {
		work->reread->same++;
		return STATUS_WHOLE;
	}
	enum reread_what what = came(answer) ? decide(work, block, len) : REREAD_UNREADABLE;
	return note(work, block, what) ? STATUS_WHOLE : say_failure(RESPIN_E_NOMEM, NULL);
}

/* ---- all of them ---- */

static int sample(struct work *work)
{
	struct reread *reread = work->reread;
	uint64_t units, blocks = count_blocks(work, &units);
	uint64_t count = reread->wanted < blocks ? reread->wanted : blocks;
	if (!count) {
		say("%s: nothing in it is finished, so there is nothing to compare", work->inventory->image);
		return STATUS_REFUSED;
	}
	int status = STATUS_WHOLE;
	bool all = count == blocks;
	for (uint64_t i = 0, done = 0; status == STATUS_WHOLE && (all ? done < units : i < count); i++) {
		uint64_t first = (uint64_t)((__uint128_t)units * i / count), pick = done;
		uint64_t end = (uint64_t)((__uint128_t)units * (i + 1) / count);
		struct respin_range block;
		if (!all)
			pick = first + mix(reread->seed + i * 0x9e3779b97f4a7c15ull) % (end - first);
		if (pick < done || !find_block(work, pick, &block))
			continue; /* two neighbours met in one block */
		done = work->passed + (block.start + block.count - work->part.start);
		status = compare(work, block);
	}
	return status;
}

static bool is_image(const struct reread *reread, const struct inventory *inventory)
{
	struct stat left, right;
	return fstat(inventory->fd, &left) == 0 && stat(reread->source, &right) == 0 &&
	       left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

int reread_run(struct reread *reread, const struct inventory *inventory, FILE *words)
{
	struct work work = {.reread = reread, .inventory = inventory};
	struct respin_error error = {0};
	if (is_image(reread, inventory)) {
		say("%s: this is the image itself; name the drive with the disc", reread->source);
		return STATUS_REFUSED;
	}
	int code = asker_open(&work.asker, reread->source, 0, &error);
	if (code < 0)
		return say_failure(code, &error);
	const struct respin_source_info *info = &work.asker.info;
	reread->block_sectors = info->ecc_block > 1 ? info->ecc_block : 16;
	if (reread->block_sectors > info->max_request_units)
		reread->block_sectors = info->max_request_units;
	work.unit_bytes = info->unit_bytes;
	work.have = malloc((size_t)reread->block_sectors * info->unit_bytes);
	work.first = malloc((size_t)reread->block_sectors * info->unit_bytes);
	int status = info->no_payload ? STATUS_REFUSED : STATUS_WHOLE;
	if (info->no_payload)
		say("%s: brings no bytes: there is nothing to compare", reread->source);
	else if (!work.have || !work.first)
		status = say_failure(RESPIN_E_NOMEM, NULL);
	if (status == STATUS_WHOLE)
		status = sample(&work);
	free(work.have);
	free(work.first);
	asker_close(&work.asker);
	if (status == STATUS_WHOLE && words)
		reread_print(reread, words);
	return status;
}

void reread_finish(struct reread *reread)
{
	free(reread->finds);
	reread->finds = NULL;
}

/* ---- what is said ---- */

static const char *const whats[] = {"differs", "unsteady", "wavered", "unreadable"};

void reread_print(const struct reread *reread, FILE *out)
{
	static const char *const words[] = {
		"differs from the disc, which said the same twice",
		"differs from the disc, which says something else each time",
		"was read once otherwise, and then as it is in the image",
		"cannot be read now: nothing is known",
	};
	for (uint64_t i = 0; i < reread->find_count; i++) {
		const struct reread_find *find = &reread->finds[i];
		(void)fprintf(out, "reread     LBA %" PRId64 " to %" PRId64 ": %s\n", find->lba,
			      find->lba + find->sectors - 1, words[find->what]);
	}
	(void)fprintf(out,
		      "reread     %s of %" PRIu32 " sectors, seed %" PRIu64 ": %" PRIu64 " the same, %" PRIu64
		      " differing, %" PRIu64 " wavering, %" PRIu64 " unreadable\n",
		      quantity_count(reread->asked, "block").text, reread->block_sectors, reread->seed,
		      reread->same, reread->differing, reread->wavered, reread->unreadable);
	if (reread->asked > 1 && reread->differing == reread->asked)
		(void)fprintf(out, "reread     nothing agrees: this is probably another disc\n");
}

void reread_json(FILE *out, const struct reread *reread)
{
	if (!reread->source) {
		(void)fputs(",\"reread\":null", out);
		return;
	}
	(void)fprintf(out,
		      ",\"reread\":{\"seed\":%" PRIu64 ",\"block_sectors\":%" PRIu32 ",\"blocks\":%" PRIu64
		      ",\"same\":%" PRIu64 ",\"differing\":%" PRIu64 ",\"wavering\":%" PRIu64
		      ",\"unreadable\":%" PRIu64 ",\"finds\":[",
		      reread->seed, reread->block_sectors, reread->asked, reread->same, reread->differing,
		      reread->wavered, reread->unreadable);
	for (uint64_t i = 0; i < reread->find_count; i++)
		(void)fprintf(out, "%s{\"lba\":%" PRId64 ",\"sectors\":%" PRIu32 ",\"what\":\"%s\"}",
			      i ? "," : "", reread->finds[i].lba, reread->finds[i].sectors,
			      whats[reread->finds[i].what]);
	(void)fputs("]}", out);
}
