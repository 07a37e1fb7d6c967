/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reply to a read, from host status to spans: sense data of any shape are
 * decoded, classified and judged, and whatever they say the spans tile the
 * request, nothing is kept without proof, and a map can take them.
 */
#include "fuzz.h"

#include "core/classify.h"
#include "core/map.h"
#include "core/sense.h"
#include "core/verdict.h"

#define UNITS 512u
#define UNIT_BYTES 2048u

static void draw_request(struct fuzz_in *in, struct respin_request *request)
{
	static const uint32_t blocks[] = {0, 1, 16, 32, 5, UINT32_MAX, 512, 3};
	static const uint8_t failed[] = {RESPIN_NON_TRIMMED, RESPIN_NON_SCRAPED};
	uint8_t how = fuzz_u8(in);
	request->range.count = 1 + fuzz_u8(in) % 64;
	request->range.start = fuzz_u16(in) % (UNITS - request->range.count);
	request->ecc_block = blocks[how & 7];
	request->failed = failed[how >> 3 & 1];
	request->status = (uint8_t)(how >> 4 & 3) % RESPIN_BAD;
	request->flags = fuzz_u8(in);
	request->phase = (how >> 6 & 1) ? RESPIN_PHASE_SCRAPING : RESPIN_PHASE_COPYING;
}

static void draw_answer(struct fuzz_in *in, struct respin_command_reply *answer)
{
	uint8_t how = fuzz_u8(in);
	static const uint8_t statuses[] = {SCSI_GOOD, SCSI_CHECK_CONDITION, SCSI_BUSY, SCSI_TASK_ABORTED};
	answer->host = how & 0x80 ? (how >> 4 & 7) : (uint8_t)RESPIN_HOST_OK;
	answer->scsi_status = how & 8 ? fuzz_u8(in) : statuses[how & 3];
	answer->sense_len = fuzz_u8(in);
	answer->residual = how & 4 ? fuzz_u32(in) : 0;
	(void)fuzz_bytes(in, answer->sense, sizeof answer->sense);
}

static void check_sense(const struct respin_command_reply *answer, const struct respin_sense *sense)
{
	/* The same with nothing behind the data, so that a look beyond them is seen. */
	size_t len = answer->sense_len < RESPIN_SENSE_MAX ? answer->sense_len : RESPIN_SENSE_MAX;
	struct respin_sense again;
	uint8_t copy[RESPIN_SENSE_MAX];
	uint8_t *alone = copy + sizeof copy - len;
	memcpy(alone, answer->sense, len);
	bool found = sense_decode(alone, len, &again);
	MUST(again.key == sense->key && again.asc == sense->asc && again.ascq == sense->ascq);
	MUST(again.deferred == sense->deferred && again.has_info == sense->has_info &&
	     again.info_lba == sense->info_lba);
	MUST(found || !(again.key | again.asc | again.ascq | again.has_info | again.deferred));
	MUST(again.key < 16 && again.deferred < 2 && again.has_info < 2 && again.info_lba >= 0);
	MUST(*respin_reason_name(classify_sense(&again)));
}

static bool has_bytes(const struct respin_span *span)
{
	return span->kind == RESPIN_SPAN_RECOVERED || span->kind == RESPIN_SPAN_PROVISIONAL;
}

static void check_span(const struct respin_outcome *outcome, const struct respin_span *span, uint64_t arrived)
{
	const struct respin_request *request = &outcome->request;
	const struct respin_reply *reply = &outcome->reply;
	uint64_t end = span->range.start + span->range.count - request->range.start;
	MUST(span->range.count > 0);
	MUST(span->kind <= RESPIN_SPAN_RETRY);
	if (has_bytes(span)) {
		MUST(reply->scsi_status == SCSI_GOOD || reply->reason == RESPIN_REASON_RECOVERED);
		MUST(end <= arrived);
		MUST(end * UNIT_BYTES <= reply->asked_bytes - reply->residual_bytes);
		MUST(!reply->poison_trusted || end * UNIT_BYTES <= reply->filled_bytes);
	}
	if (span->kind == RESPIN_SPAN_RECOVERED)
		MUST(span->status == RESPIN_FINISHED &&
		     (reply->agrees || (reply->reason != RESPIN_REASON_RECOVERED &&
					(reply->resid_trusted || reply->poison_trusted))));
	else
		MUST(span->status == request->failed || span->status == request->status);
}

static void check_outcome(const struct respin_outcome *outcome)
{
	const struct respin_request *request = &outcome->request;
	uint64_t arrived = verdict_arrived(request, &outcome->reply, UNIT_BYTES);
	uint64_t next = request->range.start;
	MUST(outcome->span_count >= 1 && outcome->span_count <= RESPIN_SPANS_MAX);
	MUST(arrived <= request->range.count);
	struct respin_map *map = map_create(UNITS, (enum respin_status)request->status);
	MUST(map);
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		MUST(outcome->spans[i].range.start == next);
		next += outcome->spans[i].range.count;
		check_span(outcome, &outcome->spans[i], arrived);
		MUST(map_apply(map, &outcome->spans[i]) == 0);
	}
	MUST(next == request->range.start + request->range.count);
	if (verdict_unanswered(request, &outcome->reply))
		MUST(map_count(map, (enum respin_status)request->status) == UNITS);
	map_destroy(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = fuzz_in(data, size);
	struct respin_outcome outcome = {0};
	struct respin_command_reply answer = {0};
	struct respin_reply *reply = &outcome.reply;
	draw_request(&in, &outcome.request);
	uint8_t traits = fuzz_u8(&in);
	uint16_t filled = fuzz_u16(&in);
	draw_answer(&in, &answer);
	*reply = (struct respin_reply){
		.resid_trusted = traits & 1,
		.poison_trusted = traits >> 1 & 1,
		.agrees = traits >> 2 & 1,
		.scsi_status = answer.scsi_status,
		.host_status = answer.host,
		.asked_bytes = outcome.request.range.count * UNIT_BYTES,
		.residual_bytes = answer.residual,
	};
	reply->reason = (uint8_t)classify_reply(&answer, &reply->sense);
	if (traits & 8) /* what sources other than a drive may say */
		reply->reason = traits >> 4 & 1 ? RESPIN_REASON_SHORT : RESPIN_REASON_LOCKED;
	reply->filled_bytes = traits & 0x20 ? reply->asked_bytes : (uint64_t)filled * 8;
	if (reply->filled_bytes > reply->asked_bytes)
		reply->filled_bytes = reply->asked_bytes;
	MUST(reply->reason <= RESPIN_REASON_CANCELLED);
	check_sense(&answer, &reply->sense);
	const struct verdict_unit unit = {UNIT_BYTES, traits & 0x40 ? 150 : 0};
	verdict(&outcome, &unit);
	check_outcome(&outcome);
	MUST(classify_linux_host(answer.raw_host | answer.host, traits, traits & 1) <= RESPIN_HOST_CANCELLED);
	return 0;
}
