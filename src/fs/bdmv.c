/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BDMV's tables, of Blu-ray discs and of camcorders' (AVCHD): the items of a
 * playlist, and where in its clip each begins and ends, by the clip's points of
 * entry; without them evenly over the clip. Reads no stream.
 */
#include <string.h>

#include "base/be.h"
#include "fs/titles.h"

#define PACKET_BYTES 192u /* a source packet: four bytes and one of the transport stream */
#define TICKS_PER_MS 45u
#define POINTS_MAX 200000u

/* Points of entry of the first stream that has any. */
struct points {
	const uint8_t *coarse, *fine;
	uint32_t coarse_count, fine_count;
};

struct point {
	uint64_t ticks, bytes;
};

/* 18 and 14 bits: number of the first fine one, time; then 32 bits of packet number. */
static uint32_t coarse_first(const struct points *points, uint32_t i)
{
	return be32(points->coarse + 8 * (size_t)i) >> 14;
}

/* One bit and three, then 11 of time and 17 of the packet's number; the upper bits are those of the coarse one. */
static struct point point_at(const struct points *points, uint32_t coarse, uint32_t fine)
{
	const uint8_t *at = points->coarse + 8 * (size_t)coarse;
	uint32_t low = be32(points->fine + 4 * (size_t)fine), high = be32(at) & 0x3fffu;
	return (struct point){((uint64_t)(high & ~1u) << 18) + ((uint64_t)(low >> 17 & 0x7ffu) << 8),
			      ((uint64_t)(be32(at + 4) & ~0x1ffffu) + (low & 0x1ffffu)) * PACKET_BYTES};
}

/* CPI() of a clip: its map of entry points, as far as it holds together. */
static struct points find_points(const uint8_t *clip, size_t len)
{
	const struct points none = {0};
	if (len < 40 || memcmp(clip, "HDMV", 4) != 0)
		return none;
	size_t cpi = be32(clip + 16);
	if (cpi < 40 || cpi > len || len - cpi < 20)
		return none;
	size_t map = cpi + 6; /* behind a length and the type */
	if ((clip[cpi + 5] & 15u) != 1 || !clip[map + 1])
		return none;
	/* A stream: its number, 10 bits, 4 of kind, 16 and 18 of counts, and where its own map begins. */
	const uint8_t *entry = clip + map + 2;
	uint64_t packed = (uint64_t)be16(entry + 2) << 32 | be32(entry + 4);
	size_t begin = map + be32(entry + 8);
	struct points points = {.coarse_count = (uint32_t)(packed >> 18 & 0xffffu),
				.fine_count = (uint32_t)(packed & 0x3ffffu)};
	if (begin > len || len - begin < 4)
		return none;
	size_t fine = begin + be32(clip + begin);
	if (fine > len || points.fine_count > (len - fine) / 4 ||
	    points.coarse_count > (len - begin - 4) / 8 || points.fine_count > POINTS_MAX)
		return none;
	points.coarse = clip + begin + 4;
	points.fine = clip + fine;
	return points;
}

struct item {
	uint32_t clip;
	uint64_t in, out; /* ticks of the clip's own clock */
	uint64_t from_ms; /* of the title */
	uint64_t stream_bytes;
};

static uint64_t ms_of(const struct item *item, uint64_t ticks)
{
	uint64_t at = ticks < item->in ? item->in : ticks > item->out ? item->out : ticks;
	return item->from_ms + (at - item->in) / TICKS_PER_MS;
}

static void add_part(struct fs_titles *titles, const struct item *item, struct point from, struct point until)
{
	if (until.ticks <= item->in || from.ticks >= item->out)
		return;
	fs_titles_add(titles, (struct fs_segment){item->clip, from.bytes, until.bytes,
						  ms_of(item, from.ticks), ms_of(item, until.ticks)});
}

/* From point to point; the last one reaches to the end of the clip, or as far as the item plays. */
static void add_item(struct fs_titles *titles, const struct item *item, const struct points *points)
{
	struct point last = {0};
	bool any = false;
	for (uint32_t coarse = 0, fine = 0; coarse < points->coarse_count; coarse++) {
		uint32_t until = coarse + 1 < points->coarse_count ? coarse_first(points, coarse + 1)
								   : points->fine_count;
		for (; fine < until && fine < points->fine_count && fs_titles_step(titles, 1); fine++) {
			struct point next = point_at(points, coarse, fine);
			if (any && (next.ticks <= last.ticks || next.bytes <= last.bytes))
				continue;
			if (any)
				add_part(titles, item, last, next);
			last = next;
			any = true;
		}
	}
	struct point end = {item->out, item->stream_bytes};
	if (!any)
		last = (struct point){item->in, 0};
	if (end.ticks > last.ticks && end.bytes > last.bytes)
		add_part(titles, item, last, end);
}

/* Five digits. */
static bool number_of(const uint8_t *digits, uint32_t *number)
{
	*number = 0;
	for (unsigned i = 0; i < 5; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t)(digits[i] - '0');
	}
	return true;
}

bool bdmv_playlist_read(struct fs_titles *titles, uint32_t number, const uint8_t *bytes, size_t len,
			bdmv_clip_lookup *lookup, void *arg)
{
	if (len < 40 || memcmp(bytes, "MPLS", 4) != 0)
		return false;
	size_t list = be32(bytes + 8);
	if (list > len || len - list < 10)
		return false;
	unsigned count = be16(bytes + list + 6);
	uint64_t now_ms = 0;
	if (!fs_titles_begin(titles, 0, number))
		return true;
	for (size_t at = list + 10; count > 0 && at + 22 <= len && fs_titles_step(titles, 1); count--) {
		size_t item_len = be16(bytes + at);
		struct item item = {
			.in = be32(bytes + at + 14), .out = be32(bytes + at + 18), .from_ms = now_ms};
		if (item_len < 20 || !number_of(bytes + at + 2, &item.clip) || item.out < item.in)
			break;
		size_t clip_len = 0;
		const uint8_t *clip = lookup(arg, item.clip, &clip_len, &item.stream_bytes);
		const struct points points = clip ? find_points(clip, clip_len) : (struct points){0};
		add_item(titles, &item, &points);
		now_ms += (item.out - item.in) / TICKS_PER_MS;
		at += 2 + item_len;
	}
	if (titles->list[titles->count - 1].length_ms < now_ms)
		titles->list[titles->count - 1].length_ms = now_ms;
	return true;
}
