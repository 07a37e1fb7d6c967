/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reasons in words, see why.h. The phases in general are words.c's; here stands what is known of this one place. */
#include "why.h"

#include <inttypes.h>
#include <stdio.h>

#include "quantity.h"
#include "words.h"

/* So many requests after a jump it is no longer what explains the place. */
#define JUMP_FRESH 64
/* Sectors and blocks share the slots: the top bit tells them apart, which no disc's sector reaches. */
#define SINGLE (UINT64_C(1) << 63)

static size_t slot_of(uint64_t place)
{
	/* Knuth's multiplicative hash: neighbours go to slots far apart. */
	return (size_t)((place * UINT64_C(0x9e3779b97f4a7c15)) >> 54);
}
_Static_assert(WHY_SLOTS == 1u << 10, "slot_of keeps the topmost ten bits");

static void remember(struct why *why, uint64_t place)
{
	struct why_slot *slot = &why->slots[slot_of(place)];
	if (slot->place != place + 1)
		*slot = (struct why_slot){.place = place + 1};
	slot->times++;
}

static uint32_t times_failed(const struct why *why, uint64_t place)
{
	const struct why_slot *slot = &why->slots[slot_of(place)];
	return slot->place == place + 1 ? slot->times : 0;
}

/* Sectors that fail together on this disc, whatever one request was judged by. */
static uint32_t block_of(const struct respin_source_info *info)
{
	return info->ecc_block ? info->ecc_block : 1;
}

/* Is it the disc that failed there? A lost link or a drive that wakes up says nothing of the place. */
static bool failed_there(const struct respin_span *span)
{
	switch (span->reason) {
	case RESPIN_REASON_MEDIUM:
	case RESPIN_REASON_HARDWARE:
	case RESPIN_REASON_NOT_RECORDED:
	case RESPIN_REASON_RECOVERED:
	case RESPIN_REASON_TIMEOUT:
	case RESPIN_REASON_ABORTED:
	case RESPIN_REASON_UNPROVED:
	case RESPIN_REASON_SHORT:
		return span->kind == RESPIN_SPAN_RETRY || span->kind == RESPIN_SPAN_PROVISIONAL;
	default:
		return false;
	}
}

static void note_span(struct why *why, const struct respin_request *request, const struct respin_span *span,
		      uint32_t block)
{
	uint64_t end = span->range.start + span->range.count;
	if (request->range.count == 1) {
		remember(why, request->range.start | SINGLE);
	} else {
		/* A failed span is a block or a few; more would only push out what is remembered. */
		for (uint64_t at = span->range.start / block, n = 0; at * block < end && n < 8; at++, n++)
			remember(why, at);
	}
	why->failed_at = span->range.start;
	why->failed_end = end;
}

static void note_outcome(struct why *why, const struct respin_outcome *outcome, uint32_t block)
{
	why->after_failure = false;
	for (uint32_t i = 0; i < outcome->span_count && i < RESPIN_SPANS_MAX; i++)
		if (failed_there(&outcome->spans[i])) {
			why->after_failure = true;
			note_span(why, &outcome->request, &outcome->spans[i], block);
		}
}

static void note_request(struct why *why, const struct respin_request *request)
{
	why->since_jump++;
	if (request->phase == RESPIN_PHASE_COPYING && why->after_failure &&
	    request->range.start > why->failed_end && request->range.start > why->read_end) {
		why->jump_from = why->failed_at;
		why->jump_to = request->range.start;
		why->since_jump = 0;
		why->jumped = true;
	}
	why->read_end = request->range.start + request->range.count;
}

void why_event(struct why *why, const struct respin_source_info *info, const struct respin_event *event)
{
	if (event->kind == RESPIN_EVENT_REQUEST && event->request)
		note_request(why, event->request);
	else if (event->kind == RESPIN_EVENT_OUTCOME && event->outcome)
		note_outcome(why, event->outcome, block_of(info));
}

/* "once", "twice", "3 times" */
static struct quantity times(uint32_t count)
{
	struct quantity words;
	if (count <= 2)
		(void)snprintf(words.text, sizeof words.text, "%s", count == 1 ? "once" : "twice");
	else
		(void)snprintf(words.text, sizeof words.text, "%" PRIu32 " times", count);
	return words;
}

/* " as a whole" is said of what has parts. */
static void block_words(const struct why *why, const struct respin_request *request, uint32_t block,
			const char *before, const char *after, char *text, size_t cap)
{
	uint32_t failed = times_failed(why, request->range.start / block);
	const char *whole = block > 1 ? " as a whole" : "", *name = block > 1 ? "block" : "sector";
	(void)snprintf(text, cap, "%sthis %s failed%s%s%s%s", before, name, whole, failed ? " " : " before",
		       failed ? times(failed).text : "", after);
}

static void copying_words(const struct why *why, const struct respin_request *request,
			  const struct respin_source_info *info, char *text, size_t cap)
{
	if (request->flags & RESPIN_READ_BACKWARDS)
		(void)snprintf(text, cap, "backwards, towards the damage from its far side");
	else if (why->jumped && why->since_jump < JUMP_FRESH && request->range.start >= why->jump_to)
		(void)snprintf(text, cap, "jumped over %s, as %s %" PRId64 " failed; they come later",
			       quantity_count(why->jump_to - why->jump_from, "sector").text,
			       info->plain ? "sector" : "LBA", info->first_lba + (int64_t)why->jump_from);
	else
		(void)snprintf(text, cap, "%s", words_doing(RESPIN_PHASE_COPYING));
}

static void retrying_words(const struct why *why, const struct respin_request *request, char *text,
			   size_t cap)
{
	uint32_t failed = times_failed(why, request->range.start | SINGLE);
	const char *way = request->flags & RESPIN_READ_BACKWARDS ? ", backwards" : "";
	if (request->range.count == 1 && failed)
		(void)snprintf(text, cap, "this sector failed %s; again%s, for luck changes",
			       times(failed).text, way);
	else
		(void)snprintf(text, cap, "what failed, again%s: luck changes from try to try", way);
}

void why_words(const struct why *why, const struct respin_request *request,
	       const struct respin_source_info *info, char *text, size_t cap)
{
	enum respin_phase phase = (enum respin_phase)request->phase;
	if (request->flags & RESPIN_READ_LAST)
		(void)snprintf(text, cap, "each try here took the drive away; this is the last one");
	else if (request->flags & RESPIN_READ_AGAIN)
		(void)snprintf(text, cap, "the drive broke the last try off; the same once more");
	else if (phase == RESPIN_PHASE_COPYING)
		copying_words(why, request, info, text, cap);
	else if (phase == RESPIN_PHASE_SWEEPING && request->flags & RESPIN_READ_BACKWARDS)
		(void)snprintf(text, cap, "what the first pass jumped over, from its far end backwards");
	else if (phase == RESPIN_PHASE_TRIMMING)
		block_words(why, request, block_of(info), "", "; once more", text, cap);
	else if (phase == RESPIN_PHASE_SCRAPING && block_of(info) > 1)
		block_words(why, request, block_of(info), "sector by sector: ", "", text, cap);
	else if (phase == RESPIN_PHASE_RETRYING)
		retrying_words(why, request, text, cap);
	else
		(void)snprintf(text, cap, "%s", words_doing(phase));
}
