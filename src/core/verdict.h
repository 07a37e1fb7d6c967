/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where it is decided what a reply is worth. Pure: request and
 * reply in, spans out. It does not apply them and does not plan what follows.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include <stdbool.h>

#include <respin/types.h>

/* What the verdict must know of the source. */
struct verdict_unit {
	uint32_t unit_bytes;
	int64_t first_lba;
};

/* Fills outcome->spans from outcome->request and outcome->reply; they tile the range. */
void verdict(struct respin_outcome *outcome, const struct verdict_unit *unit);

/*
 * Units, from the first, whose bytes are shown to have arrived. After CHECK
 * CONDITION there are none, but for recovered errors (sense key 1).
 */
uint64_t verdict_arrived(const struct respin_request *request, const struct respin_reply *reply,
			 uint32_t unit_bytes);

/* The reply says nothing of the disc at this place: ask again, mark nothing. */
bool verdict_unanswered(const struct respin_request *request, const struct respin_reply *reply);

#endif
