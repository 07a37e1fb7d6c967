/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of sectors: parse, sort, find. Knows nothing of discs. */
#include "sim/ranges.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <respin/error.h>

static bool number_parse(const char **text, uint64_t *value)
{
	if (**text < '0' || **text > '9')
		return false;
	char *end;
	errno = 0;
	unsigned long long n = strtoull(*text, &end, 10);
	if (errno || n > INT64_MAX)
		return false;
	*value = n;
	*text = end;
	return true;
}

static int item_compare(const void *a, const void *b)
{
	const struct ranges_item *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

/* Sorted and apart, so that a search can halve. */
void ranges_settle(struct ranges *ranges)
{
	if (!ranges->count)
		return;
	qsort(ranges->items, ranges->count, sizeof *ranges->items, item_compare);
	size_t kept = 0;
	for (size_t i = 1; i < ranges->count; i++) {
		struct ranges_item *last = &ranges->items[kept], *next = &ranges->items[i];
		if (next->first > last->last + 1)
			ranges->items[++kept] = *next;
		else if (next->last > last->last)
			last->last = next->last;
	}
	ranges->count = kept + 1;
	ranges->sectors = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		ranges->items[i].before = ranges->sectors;
		ranges->sectors += ranges->items[i].last - ranges->items[i].first + 1;
	}
}

int ranges_read(struct ranges *ranges, const char *text)
{
	for (;;) {
		struct ranges_item item = {0};
		if (!number_parse(&text, &item.first))
			return RESPIN_E_INVALID;
		item.last = item.first;
		if (*text == '-' && (text++, !number_parse(&text, &item.last)))
			return RESPIN_E_INVALID;
		if (item.last < item.first || (*text && *text != ','))
			return RESPIN_E_INVALID;
		struct ranges_item *items = reallocarray(ranges->items, ranges->count + 1, sizeof *items);
		if (!items)
			return RESPIN_E_NOMEM;
		ranges->items = items;
		items[ranges->count++] = item;
		if (!*text)
			break;
		text++;
	}
	ranges_settle(ranges);
	return 0;
}

bool ranges_parse(struct ranges *ranges, const char *text)
{
	return ranges_read(ranges, text) == 0;
}

void ranges_finish(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){0};
}

/* The first item that ends at or behind `sector`; ranges->count: none. */
static size_t ranges_search(const struct ranges *ranges, uint64_t sector)
{
	size_t low = 0, high = ranges->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges->items[middle].last < sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ranges_find(const struct ranges *ranges, uint64_t first, uint64_t last, uint64_t *found)
{
	size_t i = ranges_search(ranges, first);
	if (i == ranges->count || ranges->items[i].first > last)
		return false;
	*found = ranges->items[i].first > first ? ranges->items[i].first : first;
	return true;
}

uint64_t ranges_index(const struct ranges *ranges, uint64_t sector)
{
	size_t i = ranges_search(ranges, sector);
	assert(i < ranges->count && ranges->items[i].first <= sector);
	return ranges->items[i].before + (sector - ranges->items[i].first);
}
