/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapfiles by lot, see mapgen.h. */
#include "mapgen.h"

#include <inttypes.h>
#include <string.h>

#define BLOCKS_MAX 64

struct block {
	uint64_t pos, size;
	char status;
};

static bool chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

static const char *pick(struct rng *rng, const char *const *list, size_t count)
{
	return list[rng_below(rng, count)];
}
#define PICK(rng, ...)                                                                                       \
	pick(rng, (const char *const[]){__VA_ARGS__},                                                        \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void number(struct rng *rng, uint64_t value, struct buf *out)
{
	switch (rng_below(rng, 8)) {
	case 0:
		buf_addf(out, "%" PRIu64, value);
		break;
	case 1:
		buf_addf(out, "0%" PRIo64, value);
		break;
	case 2:
		buf_addf(out, "0X%" PRIx64, value);
		break;
	case 3:
		buf_addf(out, "+%" PRIu64, value);
		break;
	default:
		buf_addf(out, "0x%08" PRIX64, value);
		break;
	}
}

static void blanks(struct rng *rng, struct buf *out)
{
	buf_add_str(out, PICK(rng, "  ", "  ", " ", "\t", "     ", " \v", "\r ", "\f"));
}

static void status_line(struct rng *rng, struct buf *out)
{
	number(rng, chance(rng, 50) ? 0 : rng_below(rng, 1ull << rng_below(rng, 45)), out);
	blanks(rng, out);
	buf_add(out, &"?*/-FG+"[rng_below(rng, 7)], 1);
	blanks(rng, out);
	buf_add_str(out, PICK(rng, "1", "1", "2", "5", " 9", "", "x"));
	buf_add_str(out, PICK(rng, "\n", "\n", "\r\n"));
}

static void block_line(struct rng *rng, const struct block *block, struct buf *out)
{
	buf_add_str(out, PICK(rng, "", "", "", " ", "\t"));
	number(rng, block->pos, out);
	blanks(rng, out);
	number(rng, block->size, out);
	blanks(rng, out);
	buf_add(out, &block->status, 1);
	buf_add_str(out, PICK(rng, "", "", "", "", "", "", " # hi", "#x", " junk"));
	buf_add_str(out, PICK(rng, "\n", "\n", "\n", "\r\n"));
	if (chance(rng, 5))
		buf_add_str(out, PICK(rng, "\n", "   \n", "# comment\n", " # comment\n"));
}

static size_t row_of_blocks(struct rng *rng, uint64_t start, uint64_t unit, struct block *blocks)
{
	size_t count = rng_below(rng, 1 + rng_below(rng, BLOCKS_MAX));
	for (size_t i = 0; i < count; i++) {
		uint64_t longest = 1ull << rng_below(rng, 11);
		blocks[i] = (struct block){start, unit * (1 + rng_below(rng, longest)),
					   "?*/-+"[rng_below(rng, 5)]};
		start += blocks[i].size;
	}
	return count;
}

/* Shuffles the blocks, loses some, and lays one over another. */
static size_t loosen(struct rng *rng, struct block *blocks, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = rng_below(rng, i);
		struct block swap = blocks[j];
		blocks[j] = blocks[i - 1];
		blocks[i - 1] = swap;
	}
	if (count > 1 && chance(rng, 50))
		count = 1 + rng_below(rng, count);
	if (count > 0 && count < BLOCKS_MAX && chance(rng, 50)) {
		struct block over = blocks[rng_below(rng, count)];
		over.pos += rng_below(rng, over.size);
		over.size = 1 + rng_below(rng, 2 * over.size);
		blocks[count++] = over;
	}
	return count;
}

static void spoil(struct rng *rng, struct buf *out, size_t start)
{
	static const char letters[] = "0123456789xXaF?*/-+# \n\t,";
	size_t len = out->len - start, at = start + rng_below(rng, len), run;
	switch (rng_below(rng, 5)) {
	case 0:
		out->data[at] = chance(rng, 5) ? '\0' : letters[rng_below(rng, sizeof letters - 1)];
		break;
	case 1:
		out->len = at;
		break;
	case 2:
		run = 1 + rng_below(rng, 10);
		run = run < out->len - at ? run : out->len - at;
		memmove(out->data + at, out->data + at + run, out->len - at - run);
		out->len -= run;
		break;
	default:
		buf_add(out, " ", 1);
		memmove(out->data + at + 1, out->data + at, out->len - at - 1);
		out->data[at] = letters[rng_below(rng, sizeof letters - 1)];
		break;
	}
}

void mapgen(struct rng *rng, bool loose, struct buf *out)
{
	static const uint32_t units[] = {1, 3, 512, 2048, 65536, 1u << 30};
	struct block blocks[BLOCKS_MAX];
	size_t start = out->len;
	uint64_t unit = units[rng_below(rng, 6)];
	size_t count = row_of_blocks(rng, chance(rng, 70) ? 0 : unit * rng_below(rng, 5000), unit, blocks);

	if (loose)
		count = loosen(rng, blocks, count);
	if (count > 0 && chance(rng, 5)) /* to the end of all positions, or beyond */
		blocks[count - 1].size = INT64_MAX - (chance(rng, 50) ? blocks[count - 1].pos : 0);
	if (chance(rng, 50))
		buf_add_str(out, "# Mapfile. Created by GNU ddrescue version 1.27\n");
	status_line(rng, out);
	for (size_t i = 0; i < count; i++)
		block_line(rng, &blocks[i], out);
	if (chance(rng, 15))
		out->len--; /* no line end */
	for (size_t times = chance(rng, 40) ? 1 + rng_below(rng, 3) : 0; times && out->len > start; times--)
		spoil(rng, out, start);
}

void mapgen_valid(struct rng *rng, struct buf *out)
{
	struct block blocks[BLOCKS_MAX];
	size_t count = row_of_blocks(rng, 0, 512, blocks);
	status_line(rng, out);
	for (size_t i = 0; i < count; i++)
		block_line(rng, &blocks[i], out);
}
