/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps from maps, see map_algebra.h. */
#include "map_algebra.h"

int map_change(struct respin_map *map, const struct map_domain *domain, const uint8_t change[RESPIN_STATUSES])
{
	struct respin_extent part;
	int code = 0;
	for (uint64_t pos = 0; code == 0 && map_domain_part(domain, map, pos, MAP_TYPES_ALL, &part);
	     pos = range_end(part.range))
		if (change[part.status] != part.status)
			code = respin_map_set(map, part.range, (enum respin_status)change[part.status]);
	return code;
}

/* What is finished in neither stays as it is; what is no longer finished was read and is not there: bad. */
static enum respin_status combined(char operation, enum respin_status own, enum respin_status other)
{
	bool a = own == RESPIN_FINISHED, b = other == RESPIN_FINISHED;
	bool finished = operation == 'x' ? a != b : operation == 'y' ? a && b : a || b;
	return finished ? RESPIN_FINISHED : a ? RESPIN_BAD : own;
}

int map_combine(struct respin_map *map, const struct map_domain *domain, const struct respin_map *other,
		char operation)
{
	struct respin_extent part, with;
	int code = 0;
	for (uint64_t pos = 0; code == 0 && map_domain_part(domain, map, pos, MAP_TYPES_ALL, &part);
	     pos = range_end(part.range)) {
		if (!respin_map_next(other, part.range.start, MAP_TYPES_ALL, &with))
			break;
		struct respin_range both = range_common(part.range, with.range);
		if (!both.count)
			continue;
		part.range = both;
		enum respin_status status =
			combined(operation, (enum respin_status)part.status, (enum respin_status)with.status);
		if (status != part.status)
			code = respin_map_set(map, both, status);
	}
	return code;
}

static int copy_moved(const struct respin_map *map, struct respin_range range, int64_t by,
		      struct respin_map *to)
{
	struct respin_extent part;
	int code = 0;
	for (uint64_t pos = range.start; code == 0 && respin_map_next(map, pos, MAP_TYPES_ALL, &part);
	     pos = range_end(part.range)) {
		part.range = range_common(part.range, range);
		if (!part.range.count)
			break;
		struct respin_range moved = {part.range.start + (uint64_t)by, part.range.count};
		code = respin_map_set(to, moved, (enum respin_status)part.status);
	}
	return code;
}

int map_shift(const struct respin_map *map, uint64_t from_bytes, uint64_t to_bytes, uint64_t end_bytes,
	      struct respin_map **shifted, struct respin_error *error)
{
	int64_t by = (int64_t)to_bytes - (int64_t)from_bytes;
	/* What would come to lie before the beginning, or beyond the end of what a mapfile counts, is cut off. */
	struct respin_range kept = {by < 0 ? (uint64_t)-by : 0, 0};
	uint64_t end = by > 0 ? (uint64_t)(INT64_MAX - by) : INT64_MAX;
	if (end_bytes && end_bytes < end)
		end = end_bytes;
	kept.count = end > kept.start ? end - kept.start : 0;
	kept = range_common(kept, respin_map_span(map));
	if (!kept.count)
		return respin_map_create((struct respin_range){0, 1}, shifted, error);
	struct respin_range span = {kept.start + (uint64_t)by, kept.count};
	if (by > 0)
		span = (struct respin_range){0, range_end(span)};
	int code = respin_map_create(span, shifted, error);
	return code < 0 ? code : copy_moved(map, kept, by, *shifted);
}

int map_complete(const struct respin_map *map, enum respin_status status, struct respin_map **whole,
		 struct respin_error *error)
{
	struct respin_range span = respin_map_span(map);
	int code = respin_map_create((struct respin_range){0, range_end(span)}, whole, error);
	if (code < 0)
		return code;
	code = respin_map_set(*whole, (struct respin_range){0, span.start}, status);
	return code < 0 ? code : copy_moved(map, span, 0, *whole);
}

/* The first part at or after `pos`, and whether there is one at all. */
struct place_at {
	struct respin_extent part;
	bool found;
};

static struct place_at look(const struct respin_map *map, const struct map_domain *domain, uint64_t pos,
			    unsigned types)
{
	struct place_at at;
	at.found = map_domain_part(domain, map, pos, types, &at.part);
	return at;
}

bool map_equal(const struct respin_map *a, const struct respin_map *b, const struct map_domain *domain,
	       char operation)
{
	unsigned types = operation == 'P' ? 1u << RESPIN_FINISHED : MAP_TYPES_ALL;
	for (uint64_t pos = 0;;) {
		struct place_at x = look(a, domain, pos, types), y = look(b, domain, pos, types);
		if (!x.found || !y.found)
			return x.found == y.found;
		if (x.part.range.start != y.part.range.start || x.part.status != y.part.status)
			return false;
		/* Runs of one status may end in different places only where the domain does. */
		pos = range_end(range_common(x.part.range, y.part.range));
	}
}
