/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is being tried, and why, in words: from the requests and outcomes of
 * this run alone. Remembers a bounded number of failures and forgets the rest;
 * then it says less, never something else. Reads no clock.
 */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include <stdbool.h>
#include <stddef.h>

#include <respin/session.h>

/* Failures are remembered by place, one a slot: a scratch or two, at 16 KiB. */
#define WHY_SLOTS 1024

struct why {
	struct why_slot {
		uint64_t place; /* a block or a sector, plus 1; 0: free */
		uint32_t times;
	} slots[WHY_SLOTS];
	uint64_t failed_at, failed_end; /* the range that failed last */
	uint64_t read_end;              /* end of the last request */
	uint64_t jump_from, jump_to;    /* over damage, the last time, and how many requests ago */
	unsigned since_jump;
	bool after_failure, jumped;
};

void why_event(struct why *why, const struct respin_source_info *info, const struct respin_event *event);

/* A clause for this request. */
void why_words(const struct why *why, const struct respin_request *request,
	       const struct respin_source_info *info, char *text, size_t cap);

#endif
