/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page cache of a block device in Linux 6.1, as far as it decides what a
 * drive is asked: pages of 4 KiB, windows read ahead, and what becomes of both
 * where the disc is bad. It holds no bytes and drops no page, as if memory were
 * ample. Written from what the kernel does, seen in QEMU.
 */
#include <stdlib.h>

#include "sim/port_private.h"

#define PAGE_SECTORS 2u       /* 4096 bytes */
#define WINDOW_PAGES 32u      /* 128 KiB, the default of read_ahead_kb */
#define BATCH_PAGES 15u       /* taken from the cache at a time */
#define FAILURE_SHRINKS_BY 4u /* after each failing page the window has a quarter of what it had */

enum page { PAGE_ABSENT, PAGE_FAILED, PAGE_HELD };
#define PAGE_MARK 0x80u /* to touch the page, failed or held, reads the next window */
#define PAGE_HALVES 4u  /* and 8: halves of a failed page that came */

bool cache_init(struct port_block *block)
{
	struct port_cache *cache = &block->cache;
	cache->page_count = (block->info.sectors + PAGE_SECTORS - 1) / PAGE_SECTORS;
	cache->pages = calloc(cache->page_count + 1, 1);
	cache->window_max = WINDOW_PAGES;
	/* The block size of a device is a page where its capacity is whole pages, else what its sectors are. */
	cache->split_pages = block->info.sectors % PAGE_SECTORS != 0;
	return cache->pages != NULL;
}

static bool page_present(const struct port_cache *cache, uint64_t page)
{
	return cache->pages[page] != PAGE_ABSENT;
}

/* One bio of read-ahead: it comes as a whole or fails as a whole. */
static void ahead_bio(struct port_block *block, uint64_t first, uint64_t end, uint64_t mark,
		      struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t from = first * PAGE_SECTORS, to = end * PAGE_SECTORS;
	if (first == end)
		return;
	if (to > block->capacity)
		to = block->capacity;
	bool came = from < to && block_request(block, from, to - from, true, reply);
	for (uint64_t page = first; page < end; page++)
		cache->pages[page] =
			(uint8_t)((came ? PAGE_HELD : PAGE_FAILED) | (page == mark ? PAGE_MARK : 0));
}

/* Reads `size` pages from `start` on that are not there yet; the first of the last `lookahead` ones is marked. */
static void ahead_pages(struct port_block *block, uint64_t start, uint64_t size, uint64_t lookahead,
			struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t pages = (block->capacity + PAGE_SECTORS - 1) / PAGE_SECTORS;
	uint64_t mark = lookahead ? start + size - lookahead : UINT64_MAX;
	uint64_t end = start + size < pages ? start + size : pages, first = start;
	for (uint64_t page = start; page < end; page++) {
		if (!page_present(cache, page))
			continue;
		ahead_bio(block, first, page, mark, reply);
		first = page + 1;
	}
	if (first < end)
		ahead_bio(block, first, end, mark, reply);
}

static uint64_t window_first(uint64_t wanted, uint64_t most)
{
	uint64_t size = 1;
	while (size < wanted)
		size *= 2;
	return size <= most / 32 ? size * 4 : size <= most / 4 ? size * 2 : most;
}

static uint64_t window_next(uint64_t size, uint64_t most)
{
	return size < most / 16 ? size * 4 : size <= most / 2 ? size * 2 : most;
}

/* Pages held right before this one: the trace of somebody who reads in order. */
static uint64_t history_before(const struct port_cache *cache, uint64_t page, uint64_t most)
{
	uint64_t count = 0;
	while (count < most && count < page && page_present(cache, page - 1 - count))
		count++;
	return count;
}

/* A new window from `page` on, that `wanted` pages of are needed at once. */
static void window_begin(struct port_cache *cache, uint64_t page, uint64_t wanted, uint64_t most)
{
	cache->start = page;
	cache->size = window_first(wanted, most);
	cache->async_size = cache->size > wanted ? cache->size - wanted : cache->size;
}

/* A marked page was touched that does not belong to the window: the pages behind it were read by somebody else. */
static bool window_follow(struct port_cache *cache, uint64_t page, uint64_t wanted, uint64_t most)
{
	uint64_t next = page + 1;
	while (next < cache->page_count && page_present(cache, next) && next - page <= most)
		next++;
	if (next - page > most)
		return false;
	cache->start = next;
	cache->size = window_next(next - page + wanted, most);
	cache->async_size = cache->size;
	return true;
}

/* The window after the next is in sight already: both are read as one. */
static void window_merge(struct port_cache *cache, uint64_t page, uint64_t most)
{
	if (page != cache->start || cache->size != cache->async_size)
		return;
	uint64_t next = window_next(cache->size, most);
	if (cache->size + next <= most) {
		cache->async_size = next;
		cache->size += next;
	} else {
		cache->size = most;
		cache->async_size = most / 2;
	}
}

/* Decides what to read where `page` is missing, or was marked, and `wanted` pages are asked for. */
static void read_ahead(struct port_block *block, uint64_t page, uint64_t wanted, bool marked,
		       struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t most = cache->window_max, in_one = block->info.max_sectors / PAGE_SECTORS, history, next;
	if (most == 0) { /* too many failures: page by page */
		if (!marked)
			ahead_pages(block, page, 1, 0, reply);
		return;
	}
	if (wanted > most && in_one > most)
		most = wanted < in_one ? wanted : in_one;
	if (page == 0) {
		window_begin(cache, page, wanted, most);
	} else if (page == cache->start + cache->size - cache->async_size ||
		   page == cache->start + cache->size) {
		cache->start += cache->size;
		next = window_next(cache->size, most);
		if (next > cache->size) /* whoever reads on keeps the window that he has, failures or not */
			cache->size = next;
		cache->async_size = cache->size;
	} else if (marked) {
		if (!window_follow(cache, page, wanted, most))
			return;
	} else if (wanted > most || page - cache->previous / PAGE_SECTORS <= 1) {
		window_begin(cache, page, wanted, most);
	} else {
		history = history_before(cache, page, most);
		if (history <= wanted) { /* a random read: no more than asked for */
			ahead_pages(block, page, wanted, 0, reply);
			return;
		}
		if (history >= page)
			history *= 2;
		cache->start = page;
		cache->size = history + wanted < most ? history + wanted : most;
		cache->async_size = 1;
	}
	window_merge(cache, page, most);
	ahead_pages(block, cache->start, cache->size, cache->async_size, reply);
}

/*
 * One page alone, because somebody waits for it: with retries, and a command
 * for each block of the device that has not come before.
 */
static bool page_fetch(struct port_block *block, uint64_t page, struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t from = page * PAGE_SECTORS, step = cache->split_pages ? 1 : PAGE_SECTORS;
	unsigned half = PAGE_HALVES, came = cache->pages[page] & (3 * PAGE_HALVES), all = 0;
	for (uint64_t sector = from; sector < from + PAGE_SECTORS && sector < block->capacity;
	     sector += step) {
		if (!(came & half) && block_request(block, sector, step, false, reply))
			came |= half;
		all |= half;
		half *= 2;
	}
	cache->pages[page] = came == all ? PAGE_HELD : (uint8_t)(PAGE_FAILED | came);
	if (came != all)
		cache->window_max /= FAILURE_SHRINKS_BY;
	return came == all;
}

/* Pages from `page` on that are at hand; the batch ends with one that still must be fetched, or that is marked. */
static uint64_t batch_of(const struct port_cache *cache, uint64_t page, uint64_t last)
{
	uint64_t count = 0;
	while (count < BATCH_PAGES && page + count <= last && page_present(cache, page + count))
		if (cache->pages[page + count++] != PAGE_HELD)
			break;
	return count;
}

/*
 * Pages from `page` on that are held now; 0: it cannot be read. One that fails
 * behind others is fetched once for the batch and, when its turn comes, again.
 */
static uint64_t batch_want(struct port_block *block, uint64_t page, uint64_t last, struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t count = batch_of(cache, page, last);
	if (count == 0) {
		read_ahead(block, page, last - page + 1, false, reply);
		count = batch_of(cache, page, last);
	}
	if (count == 0)
		return page_fetch(block, page, reply);
	uint64_t end = page + count - 1;
	if (cache->pages[end] & PAGE_MARK) {
		cache->pages[end] &= (uint8_t)~PAGE_MARK;
		read_ahead(block, end, last - end + 1, true, reply);
	}
	return cache->pages[end] == PAGE_HELD || page_fetch(block, end, reply) ? count : count - 1;
}

void cache_read(struct port_block *block, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	struct port_cache *cache = &block->cache;
	uint64_t last = (lba + count - 1) / PAGE_SECTORS;
	for (uint64_t sector = lba; sector < lba + count;) {
		uint64_t page = sector / PAGE_SECTORS, pages = 0;
		if (sector < block->capacity)
			pages = batch_want(block, page, last, reply);
		reply->end = sector >= block->capacity; /* it may just have shrunk */
		if (pages == 0 || reply->end)
			return;
		uint64_t next = (page + pages) * PAGE_SECTORS;
		if (next > lba + count)
			next = lba + count;
		if (next > block->capacity)
			next = block->capacity;
		if (next <= sector) { /* it has just shrunk so far that this one lies behind its end */
			reply->end = true;
			return;
		}
		reply->prefix = (uint32_t)(next - lba);
		cache->previous = sector = next;
	}
	reply->ok = true;
}
