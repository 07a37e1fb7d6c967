/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists and bitmaps of blocks, see map_blocks.h. */
#include "map_blocks.h"

#include <ctype.h>
#include <inttypes.h>

/* Where a byte of the input lies in the output. */
static uint64_t moved(const struct map_command *command, uint64_t pos)
{
	return pos - command->from_bytes + command->to_bytes;
}

/* A bitmap on its way out: bits come in order, each once. */
struct bits {
	const struct map_command *command;
	uint64_t block; /* the first one of `byte` */
	unsigned byte;
};

static void bits_put(struct bits *bits)
{
	(void)putchar((int)bits->byte);
	bits->byte = 0;
	bits->block += 8;
}

static void bits_set(struct bits *bits, uint64_t block)
{
	while (block >= bits->block + 8 && !ferror(stdout))
		bits_put(bits);
	unsigned bit = (unsigned)(block - bits->block);
	bits->byte |= 1u << (bits->command->format == FORMAT_BITMAP_BE ? 7 - bit : bit);
}

int map_blocks_print(const struct respin_map *map, const struct map_domain *domain,
		     const struct map_command *command)
{
	struct bits bits = {.command = command};
	struct respin_extent part;
	uint64_t next = 0; /* a block on a border is named once */
	for (uint64_t pos = 0; map_domain_part(domain, map, pos, command->types, &part);
	     pos = range_end(part.range)) {
		uint64_t block = moved(command, part.range.start) / command->block_bytes;
		uint64_t last = moved(command, range_end(part.range) - 1) / command->block_bytes;
		for (block = block < next ? next : block; block <= last && !ferror(stdout); block++)
			if (command->format == FORMAT_LIST)
				printf("%" PRIu64 "\n", block);
			else
				bits_set(&bits, block);
		next = last + 1;
	}
	/* A bitmap speaks of the whole map, and its last byte is whole. */
	uint64_t end = moved(command, range_end(respin_map_span(map)));
	end = end / command->block_bytes + (end % command->block_bytes != 0);
	while (command->format != FORMAT_LIST && bits.block < end && !ferror(stdout))
		bits_put(&bits);
	return MAP_OK;
}

/* A block that lies in the domain only in part was not asked for. */
static int set_block(struct respin_map *map, const struct map_domain *domain,
		     const struct map_command *command, uint64_t block)
{
	struct respin_range whole = {0, command->block_bytes}, part;
	if (__builtin_mul_overflow(block, command->block_bytes, &whole.start) ||
	    whole.start > INT64_MAX - command->block_bytes)
		return 0; /* beyond everything */
	if (!map_domain_next(domain, whole.start, &part) || part.start != whole.start ||
	    range_end(part) < range_end(whole))
		return 0;
	whole.start = moved(command, whole.start);
	if (range_common(whole, respin_map_span(map)).count < whole.count)
		return 0;
	return respin_map_set(map, whole, command->listed);
}

/* A decimal number, with blanks around it. False: the end, or no number. */
static bool read_number(FILE *file, uint64_t *number, unsigned long *line, bool *wrong)
{
	int c;
	while ((c = getc(file)) != EOF && isspace(c))
		*line += c == '\n';
	*wrong = c != EOF && !isdigit(c);
	*number = 0;
	if (c == EOF || *wrong)
		return false;
	for (; c != EOF && isdigit(c); c = getc(file))
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(c - '0'), number))
			*number = UINT64_MAX / 2;
	*wrong = c != EOF && !isspace(c);
	(void)ungetc(c, file);
	return !*wrong;
}

static int read_bitmap(FILE *file, struct respin_map *map, const struct map_domain *domain,
		       const struct map_command *command)
{
	uint64_t block = 0;
	for (int c; (c = getc(file)) != EOF; block += 8)
		for (unsigned bit = 0; bit < 8; bit++)
			if (c >> (command->format == FORMAT_BITMAP_BE ? 7 - bit : bit) & 1 &&
			    set_block(map, domain, command, block + bit) < 0)
				return MAP_TROUBLE;
	return MAP_OK;
}

int map_blocks_read(FILE *file, struct respin_map *map, const struct map_domain *domain,
		    const struct map_command *command, unsigned long *line)
{
	uint64_t block;
	bool wrong = false;
	*line = 1;
	if (command->format != FORMAT_LIST)
		return read_bitmap(file, map, domain, command);
	while (read_number(file, &block, line, &wrong))
		if (set_block(map, domain, command, block) < 0)
			return MAP_TROUBLE;
	return wrong ? MAP_DAMAGED : MAP_OK;
}
