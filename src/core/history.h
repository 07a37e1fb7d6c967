/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The history of a rescue as one number: every request and outcome in their
 * one sequence, times only as the source's clock gave them. Same seed, same
 * number. Times of day, commits and snapshots are no part of it.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <respin/types.h>

#include "base/rng.h"

static inline void history_add(uint64_t *history, uint64_t value)
{
	*history = rng_mix(*history ^ value) + 0x9e3779b97f4a7c15u;
}

static inline void history_outcome(uint64_t *history, const struct respin_outcome *outcome)
{
	const struct respin_request *request = &outcome->request;
	const struct respin_reply *reply = &outcome->reply;
	history_add(history, request->seq);
	history_add(history, request->range.start);
	history_add(history, request->range.count);
	history_add(history, (uint64_t)request->lane << 32 | (uint64_t)request->phase << 16 |
				     (uint64_t)request->flags << 8 | request->status);
	history_add(history, (uint64_t)reply->reason << 32 | (uint64_t)reply->sense.key << 16 |
				     (uint64_t)reply->sense.asc << 8 | reply->sense.ascq);
	history_add(history, reply->elapsed_ns);
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		const struct respin_span *span = &outcome->spans[i];
		history_add(history, span->range.count);
		history_add(history, (uint64_t)span->kind << 16 | (uint64_t)span->status << 8 | span->reason);
	}
}

#endif
