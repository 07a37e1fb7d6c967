/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A snapshot in bytes and as fragments of a picture, see amounts.h. */
#include "amounts.h"

/* Where the source's last sector belongs: NONE if it does not count. */
static enum kind last_kind(const struct respin_source_info *info, const struct respin_map *domain,
			   const struct respin_snapshot *snapshot)
{
	uint64_t last = info->units - 1;
	if (snapshot->range_count) {
		const struct respin_extent *final = &snapshot->ranges[snapshot->range_count - 1];
		if (final->range.start + final->range.count > last)
			return kind_of((enum respin_status) final->status);
	}
	struct respin_extent extent;
	uint64_t position = last * info->unit_bytes;
	if (domain && (!respin_map_next(domain, position, 1u << RESPIN_FINISHED, &extent) ||
		       extent.range.start != position))
		return KIND_NONE;
	return KIND_SAVED;
}

struct amounts amounts_of(const struct respin_source_info *info, const struct respin_map *domain,
			  const struct respin_snapshot *snapshot)
{
	const struct respin_stats *stats = &snapshot->stats;
	uint64_t unit = info->unit_bytes;
	struct amounts amounts = {
		.total_bytes = stats->total * unit,
		.bytes = {[KIND_SAVED] = stats->finished * unit,
			  [KIND_UNTRIED] = stats->non_tried * unit,
			  [KIND_HOPE] = stats->retryable * unit,
			  [KIND_LOST] = stats->bad * unit},
	};
	if (!info->tail_bytes || !info->units)
		return amounts;
	enum kind kind = last_kind(info, domain, snapshot);
	uint64_t less = unit - info->tail_bytes;
	if (kind != KIND_NONE && amounts.bytes[kind] >= less) {
		amounts.bytes[kind] -= less;
		amounts.total_bytes -= less;
	}
	return amounts;
}

void amounts_picture(struct picture *picture, const struct respin_source_info *info,
		     const struct respin_map *domain, const struct respin_snapshot *snapshot)
{
	uint64_t unit = info->unit_bytes ? info->unit_bytes : 1;
	if (!domain)
		picture_raise(picture, 0, picture->total, KIND_SAVED);
	struct respin_extent extent;
	for (uint64_t from = 0; domain && respin_map_next(domain, from, 1u << RESPIN_FINISHED, &extent);
	     from = extent.range.start + extent.range.count) {
		uint64_t start = extent.range.start / unit;
		uint64_t end = (extent.range.start + extent.range.count + unit - 1) / unit;
		picture_raise(picture, start, end - start, KIND_SAVED);
	}
	for (uint64_t i = 0; i < snapshot->range_count; i++)
		picture_raise(picture, snapshot->ranges[i].range.start, snapshot->ranges[i].range.count,
			      kind_of((enum respin_status)snapshot->ranges[i].status));
}
