/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reply in, spans out. Two rules weigh more than all others: after CHECK
 * CONDITION nothing of the transfer is kept (the residual is no proof behind
 * libata, and the buffer may hold the previous command's data), and GOOD is
 * believed only as far as residual and poison both allow.
 */
#include "core/verdict.h"

#include <assert.h>

#define SCSI_GOOD 0x00 /* SAM-5 5.3.1 */

static void add(struct respin_outcome *outcome, uint64_t count, enum respin_span_kind kind,
		enum respin_status status, enum respin_reason reason)
{
	if (count == 0)
		return;
	assert(outcome->span_count < RESPIN_SPANS_MAX);
	uint64_t start = outcome->request.range.start;
	if (outcome->span_count) {
		const struct respin_range *last = &outcome->spans[outcome->span_count - 1].range;
		start = last->start + last->count;
	}
	outcome->spans[outcome->span_count++] = (struct respin_span){
		.range = {start, count},
		.kind = (uint8_t)kind,
		.status = (uint8_t)status,
		.reason = (uint8_t)reason,
	};
}

static void add_failed(struct respin_outcome *outcome, uint64_t count, enum respin_reason reason)
{
	add(outcome, count, RESPIN_SPAN_RETRY, (enum respin_status)outcome->request.failed, reason);
}

static void add_as_was(struct respin_outcome *outcome, uint64_t count, enum respin_reason reason)
{
	add(outcome, count, RESPIN_SPAN_RETRY, (enum respin_status)outcome->request.status, reason);
}

bool verdict_unanswered(const struct respin_request *request, const struct respin_reply *reply)
{
	switch ((enum respin_reason)reply->reason) {
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_GONE:
	case RESPIN_REASON_CANCELLED:
		return true;
	case RESPIN_REASON_BECOMING_READY:
	case RESPIN_REASON_NEEDS_START:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_RESET:
	case RESPIN_REASON_LINK:
		return !(request->flags & RESPIN_READ_LAST);
	case RESPIN_REASON_ABORTED:
		return !(request->flags & RESPIN_READ_AGAIN);
	default:
		return reply->sense.deferred; /* it speaks of an earlier command */
	}
}

uint64_t verdict_arrived(const struct respin_request *request, const struct respin_reply *reply,
			 uint32_t unit_bytes)
{
	if (reply->scsi_status != SCSI_GOOD && reply->reason != RESPIN_REASON_RECOVERED)
		return 0;
	if (reply->residual_bytes > reply->asked_bytes)
		return 0; /* a residual that makes no sense is no evidence of anything */
	uint64_t bytes = reply->asked_bytes - reply->residual_bytes;
	if (reply->poison_trusted && reply->filled_bytes < bytes)
		bytes = reply->filled_bytes;
	if (bytes == reply->asked_bytes)
		return request->range.count; /* the last unit may be a short one */
	uint64_t units = bytes / unit_bytes;
	return units < request->range.count ? units : request->range.count;
}

/* Bytes came; how far, and is there anything that proves it? */
static void judge_bytes(struct respin_outcome *outcome, uint64_t arrived)
{
	const struct respin_reply *reply = &outcome->reply;
	enum respin_reason reason = (enum respin_reason)reply->reason;
	uint64_t count = outcome->request.range.count;
	bool proved = reply->resid_trusted || reply->poison_trusted;

	if (reason == RESPIN_REASON_SHORT || reason == RESPIN_REASON_LOCKED)
		reason = RESPIN_REASON_GOOD; /* of the part that did arrive */
	if (reason == RESPIN_REASON_GOOD && !proved)
		reason = RESPIN_REASON_UNPROVED;
	if (reason == RESPIN_REASON_GOOD || reply->agrees)
		add(outcome, arrived, RESPIN_SPAN_RECOVERED, RESPIN_FINISHED, reason);
	else
		add(outcome, arrived, RESPIN_SPAN_PROVISIONAL, (enum respin_status)outcome->request.failed,
		    reason);

	uint64_t rest = count - arrived;
	if (rest && reply->reason == RESPIN_REASON_LOCKED) {
		add_failed(outcome, 1, RESPIN_REASON_LOCKED);
		add_as_was(outcome, rest - 1, RESPIN_REASON_SKIPPED);
	} else if (arrived) {
		add_as_was(outcome, rest, RESPIN_REASON_SKIPPED);
	} else {
		add_failed(outcome, rest, RESPIN_REASON_SHORT);
	}
}

/* A source may know at once that less is lacking than was asked for: then it asked for no more. */
static uint64_t judged_units(const struct respin_outcome *outcome, const struct verdict_unit *unit)
{
	uint64_t count = outcome->request.range.count;
	uint64_t asked = (outcome->reply.asked_bytes + unit->unit_bytes - 1) / unit->unit_bytes;
	return asked && asked < count ? asked : count;
}

/*
 * The read failed. INFORMATION is believed only inside the request; the whole
 * ECC block around it has failed, what lies before and behind was not judged.
 */
static void judge_failure(struct respin_outcome *outcome, const struct verdict_unit *unit)
{
	const struct respin_request *request = &outcome->request;
	const struct respin_sense *sense = &outcome->reply.sense;
	enum respin_reason reason = (enum respin_reason)outcome->reply.reason;
	uint64_t count = request->range.count;
	int64_t first = unit->first_lba + (int64_t)request->range.start;

	bool inside = sense->has_info && sense->info_lba >= first && sense->info_lba < first + (int64_t)count;
	if (!inside) {
		uint64_t judged = judged_units(outcome, unit);
		add_failed(outcome, judged, reason);
		add_as_was(outcome, count - judged, RESPIN_REASON_SKIPPED);
		return;
	}
	uint64_t ecc = request->ecc_block ? request->ecc_block : 1;
	uint64_t at = request->range.start + (uint64_t)(sense->info_lba - first);
	uint64_t begin = at - at % ecc, end = begin + ecc;
	if (begin < request->range.start)
		begin = request->range.start;
	if (end > request->range.start + count)
		end = request->range.start + count;
	add_as_was(outcome, begin - request->range.start, RESPIN_REASON_SKIPPED);
	add_failed(outcome, end - begin, reason);
	add_as_was(outcome, request->range.start + count - end, RESPIN_REASON_SKIPPED);
}

void verdict(struct respin_outcome *outcome, const struct verdict_unit *unit)
{
	const struct respin_request *request = &outcome->request;
	const struct respin_reply *reply = &outcome->reply;
	outcome->span_count = 0;

	if (verdict_unanswered(request, reply)) {
		add_as_was(outcome, request->range.count, (enum respin_reason)reply->reason);
		return;
	}
	uint64_t arrived = verdict_arrived(request, reply, unit->unit_bytes);
	switch ((enum respin_reason)reply->reason) {
	case RESPIN_REASON_GOOD:
	case RESPIN_REASON_RECOVERED:
	case RESPIN_REASON_SHORT:
		judge_bytes(outcome, arrived);
		break;
	case RESPIN_REASON_LOCKED:
		if (reply->scsi_status == SCSI_GOOD)
			judge_bytes(outcome, arrived); /* a transform refused, after a good read */
		else
			judge_failure(outcome, unit);
		break;
	default:
		judge_failure(outcome, unit);
		break;
	}
}
